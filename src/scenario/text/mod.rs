//! A scenario's text: reading it, with every mistake found and placed, and writing it.

mod expect;
mod files;
mod fit;
mod input;
mod job;
mod layout;
mod node;
mod operations;
mod operator;
mod registered;
mod release;
mod rules;
mod shape;
mod since;
mod source;
mod step;
mod storage;
mod time;
mod told;
mod word;
mod write;
mod write_operator;
mod write_step;

use super::{ClusterConfig, JobConfig, Scenario, ScenarioError};
use crate::job::Plan;
use crate::operator::Catalogue;
use shape::FileText;
use source::Source;
use std::ops::Range;
use std::sync::Arc;

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
    let overrides = rules::overrides(source, &file.rules)?;
    let cluster = input::cluster(source, &file.cluster)?;
    let cluster_name = operations::cluster_name(source, file.cluster.name)?;
    let inputs = input::inputs(source, file.input)?;
    let names: Vec<_> = file.job.0.iter().map(|(name, _)| name.span()).collect();
    let refused: Vec<&str> =
        file.expect.refused.0.iter().map(|(job, _)| job.get_ref().as_str()).collect();
    let jobs = job::jobs(source, catalogue, &inputs, file.job, &refused)?;
    for (job, name) in jobs.iter().zip(&names) {
        check_slots(source, job, name, &cluster)?;
    }
    let steps = step::Story { source, jobs: &jobs, cluster: &cluster }.steps(file.step)?;
    let hopes = expect::Hopes { source, jobs: &jobs, steps: &steps };
    let (flink, also) = release::releases(source, file.flink)?;
    let expect = hopes.expect(file.expect)?;
    let expect_in = hopes.by_release(file.expect_in, flink, &also)?;
    let scenario = Scenario {
        about: file.about,
        seed: file.seed,
        flink,
        also,
        overrides,
        mutations: file.mutations,
        until: file.until.map(|until| until.0),
        budget: file.budget.unwrap_or_default().budget(),
        cluster_name,
        cluster,
        network: input::network(&file.network),
        inputs,
        jobs,
        steps,
        expect,
        expect_in,
    };
    since::check(source, &scenario, &names)?;
    Ok(scenario)
}

/// A job that the whole cluster cannot hold would wait for ever.
fn check_slots(
    source: Source<'_>,
    job: &JobConfig,
    name: &Range<usize>,
    cluster: &ClusterConfig,
) -> Result<(), ScenarioError> {
    // One that cannot run is to be refused when it is submitted: the scenario says so.
    let Ok(plan) = Plan::build(Arc::new(job.graph.clone())) else { return Ok(()) };
    let needed = plan.slots();
    let there = u32::from(cluster.task_managers) * u32::from(cluster.slots);
    if needed <= there {
        return Ok(());
    }
    let message =
        format!("job `{}` needs {needed} slots, and the cluster has {there}", job.graph.name);
    let help = "raise `task-managers` or `slots` of the cluster, or lower the parallelism";
    Err(source.error_with(name, message, help))
}

#[cfg(test)]
mod tests;
