//! A scenario's text: reading it, with every mistake found and placed, and writing it.

mod expect;
mod input;
mod job;
mod layout;
mod node;
mod operator;
mod shape;
mod source;
mod step;
mod word;
mod write;
mod write_operator;
mod write_step;

use super::{Scenario, ScenarioError};
use crate::operator::Catalogue;
use shape::FileText;
use source::Source;

pub use expect::{CHECK_NAMES, SOMETIMES_NAMES};

impl Scenario {
    /// Reads a scenario file. `file` is what errors call it; paths inside stay as they are, relative to it.
    ///
    /// # Errors
    ///
    /// The first mistake in the file: not TOML, an unknown key or name, a value out of range, a job that cannot be
    /// built.
    pub fn parse(text: &str, file: &str, catalogue: &Catalogue) -> Result<Self, ScenarioError> {
        let source = Source { text, file };
        let shape: FileText = toml::from_str(text).map_err(|error| source.refused(&error))?;
        resolve(source, shape, catalogue)
    }
}

/// Resolves every name of a file.
fn resolve(
    source: Source<'_>,
    file: FileText,
    catalogue: &Catalogue,
) -> Result<Scenario, ScenarioError> {
    let cluster = input::cluster(&file.cluster);
    let inputs = input::inputs(source, file.input)?;
    let jobs = job::jobs(source, catalogue, &inputs, file.job)?;
    let steps = step::Story { source, jobs: &jobs, cluster: &cluster }.steps(file.step)?;
    let expect = expect::Hopes { source, jobs: &jobs }.expect(file.expect)?;
    Ok(Scenario {
        about: file.about,
        seed: file.seed,
        flink: file.flink,
        mutations: file.mutations,
        until: file.until.map(|until| until.0),
        cluster,
        network: input::network(&file.network),
        inputs,
        jobs,
        steps,
        expect,
    })
}

#[cfg(test)]
mod tests;
