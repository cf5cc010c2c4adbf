//! A scenario's text: reading it, with every mistake found and placed, and writing it.

mod availability;
mod columns;
mod expect;
mod found;
mod input;
mod job;
pub(super) mod layout;
mod nesting;
mod node;
mod offsets;
mod operations;
mod operator;
mod operator_options;
mod record_shapes;
mod registered;
pub(super) mod release;
mod rules;
pub(super) mod settings;
mod shape;
mod sink_to;
pub(super) mod spelling;
mod step;
mod time;
mod word;
mod write;
mod write_operator;

use super::language::{self, Described, Form, Outdated, Source, Table};
use super::{
    Action, Budget, ClusterConfig, JobConfig, Mistake, Network, Scenario, ScenarioError, bounds,
};
use crate::job::PlanRules;
use crate::operator::Catalogue;
use found::Found;
use serde::Deserialize;
use settings::Setting;
use shape::FileText;
use std::ops::Range;
use std::sync::LazyLock;
use toml::de::{DeTable, DeValue, Deserializer};

/// The language of scenario files.
static LANGUAGE: LazyLock<Table> = LazyLock::new(|| {
    let Form::Table(table) = FileText::form() else { unreachable!("a file is a table") };
    table
});

/// The format of the language: 2 since operators have a `partitioner` and no `partition`.
const FORMAT: u32 = 2;

/// A file as the newest format of the language spells it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Upgraded {
    /// Its text.
    pub text: String,
    /// The words that were replaced, in order of the file: the line, the word, and what it is now.
    pub changes: Vec<(u32, String, String)>,
}

impl Scenario {
    /// A scenario file in the newest format: its older words are replaced, and nothing else is touched.
    ///
    /// # Errors
    ///
    /// As for [`Scenario::parse`]: what cannot be read cannot be rewritten.
    pub fn upgrade(
        text: &str,
        file: &str,
        catalogue: &Catalogue,
    ) -> Result<Upgraded, ScenarioError> {
        Self::parse(text, file, catalogue)?;
        let ends = language::line_ends(text);
        let source = Source { text, file, ends: &ends };
        let mut document = DeTable::parse(text).expect("it has been read before");
        let format = document
            .get_ref()
            .get("format")
            .map(|format| (format.span(), format.get_ref().clone()));
        let mut outdated = language::check(source, &mut document, &LANGUAGE, catalogue).outdated;
        if let Some((at, DeValue::Integer(number))) = format
            && number.as_str() != FORMAT.to_string()
        {
            outdated.push(Outdated { at, was: number.to_string(), now: FORMAT.to_string() });
        }
        outdated.sort_by_key(|outdated| outdated.at.start);
        let mut upgraded = text.to_owned();
        for Outdated { at, now, .. } in outdated.iter().rev() {
            upgraded.replace_range(at.clone(), now);
        }
        let change = |old: Outdated| (source.line(old.at.start), old.was, old.now);
        Ok(Upgraded { text: upgraded, changes: outdated.into_iter().map(change).collect() })
    }

    /// Reads a scenario file. `file` is what errors call it; paths inside stay as they are, relative to it.
    ///
    /// # Errors
    ///
    /// All that is wrong with the file: not TOML, unknown keys or names, values out of range, jobs that cannot be built.
    pub fn parse(text: &str, file: &str, catalogue: &Catalogue) -> Result<Self, ScenarioError> {
        let ends = language::line_ends(text);
        let source = Source { text, file, ends: &ends };
        let alone =
            |mistake: Mistake| ScenarioError { file: file.to_owned(), mistakes: vec![mistake] };
        if bounds::SCENARIO_BYTES.is_exceeded_by(text.len()) {
            return Err(alone(source.beyond(&(text.len()..text.len()), &bounds::SCENARIO_BYTES)));
        }
        nesting::check(source).map_err(alone)?;
        let mut document = DeTable::parse(text).map_err(|error| alone(source.refused(&error)))?;
        let checked = language::check(source, &mut document, &LANGUAGE, catalogue);
        let mut found = Found::new(source, checked.mistakes, checked.dropped);
        let shape = FileText::deserialize(Deserializer::from(document));
        let scenario = match shape {
            Ok(shape) => resolve(source, shape, catalogue, &mut found),
            Err(error) => {
                if found.is_clean() {
                    found.add(source.refused(&error));
                }
                None
            }
        };
        match (found.into_error(), scenario) {
            (Some(error), _) => Err(error),
            (None, Some(scenario)) => Ok(scenario),
            (None, None) => unreachable!("a file is refused for a reason"),
        }
    }

    /// Whether a text is TOML that has keys, and not one of them is a key of a scenario file: it is something else, such as the
    /// manifest of a program.
    #[cfg(feature = "cli")]
    pub(crate) fn is_something_else(text: &str) -> bool {
        let ends = language::line_ends(text);
        if nesting::check(Source { text, file: "", ends: &ends }).is_err() {
            return false;
        }
        let Ok(document) = DeTable::parse(text) else { return false };
        let is_known = |key: &str| {
            let mut known = LANGUAGE.keys.iter();
            known.any(|known| known.name == key || known.note.was.iter().any(|was| was == key))
        };
        let keys = document.get_ref().keys();
        !document.get_ref().is_empty() && !keys.into_iter().any(|key| is_known(key.get_ref()))
    }

    /// The reference page of the language: every key and word, for the operators of a catalogue.
    pub fn reference(catalogue: &Catalogue) -> String {
        language::page(&LANGUAGE, catalogue, availability::exists)
    }

    /// The language as a JSON schema, for editors.
    pub fn schema(catalogue: &Catalogue) -> serde_json::Value {
        language::schema(&LANGUAGE, catalogue)
    }

    /// A list out of the language, each name with what it means, by one of the names of [`Scenario::lists`].
    pub fn list(what: &str, catalogue: &Catalogue) -> Option<Vec<(String, String)>> {
        language::list(what, &LANGUAGE, catalogue)
    }

    /// The names of the lists that there are.
    pub fn lists() -> impl Iterator<Item = &'static str> {
        language::lists()
    }
}

/// Resolves every name of a file.
fn resolve(
    source: Source<'_>,
    file: FileText,
    catalogue: &Catalogue,
    found: &mut Found<'_>,
) -> Option<Scenario> {
    if let Some(format) = file.format.filter(|format| format.get_ref().0 > FORMAT) {
        let message = format!(
            "the file has format {}, and this program reads 1 to {FORMAT}",
            format.get_ref().0
        );
        found.add(source.error_with(
            &format.span(),
            message,
            "play it with a newer version of this program",
        ));
    }
    let overrides = rules::overrides(source, &file.rules, found);
    let cluster = found.keep(input::cluster(source, &file.cluster)).unwrap_or_default();
    let cluster_name = found.keep(operations::cluster_name(source, file.cluster.name)).flatten();
    found.keep(input::check_size(source, &file.input))?;
    let inputs = input::inputs(source, file.input, found);
    found
        .keep(source.check_count(file.job.0.iter().map(|(name, _)| name.span()), &bounds::JOBS))?;
    found.keep(source.check_count(file.step.iter().map(toml::Spanned::span), &bounds::STEPS))?;
    let names: Vec<_> = file.job.0.iter().map(|(name, _)| name.span()).collect();
    let refused: Vec<&str> =
        file.expect.refused.0.iter().map(|(job, _)| job.get_ref().as_str()).collect();
    let has_jobs = !file.job.0.is_empty();
    let jobs = job::jobs(source, catalogue, &inputs, file.job, &refused, found);
    if !has_jobs {
        if found.is_clean() {
            let help = "add a table `[job.NAME]` with `operators`";
            found.add(source.error_with(&(0..0), "the scenario has no job", help));
        }
        return None;
    }
    let places: Vec<_> = file.step.iter().map(toml::Spanned::span).collect();
    let steps = step::steps(source, &jobs, &cluster, file.step, found);
    let hopes = expect::Hopes { source, jobs: &jobs, steps: &steps };
    let (flink, also) = release::releases(source, file.flink, found);
    let expect = hopes.expect(file.expect, found);
    let expect_in = hopes.by_release(file.expect_in, flink, &also, found);
    let scenario = Scenario {
        about: file.about,
        seed: file.seed.0,
        flink,
        also,
        overrides,
        mutations: file.mutations.iter().map(Setting::value).collect(),
        until: file.until.map(|until| until.0),
        budget: file.budget.unwrap_or_default().over(Budget::default()),
        cluster_name,
        cluster,
        network: file.network.over(Network::default()),
        inputs,
        jobs,
        steps,
        expect,
        expect_in,
    };
    if found.is_clean() {
        rules::check(source, &file.rules, &scenario, found);
        check_whole(source, &scenario, &names, &places, catalogue, found);
    }
    Some(scenario)
}

/// What a file asks for as a whole: slots, things that its releases have, runs.
fn check_whole(
    source: Source<'_>,
    scenario: &Scenario,
    names: &[Range<usize>],
    places: &[Range<usize>],
    catalogue: &Catalogue,
    found: &mut Found<'_>,
) {
    let mut parts = Vec::new();
    for (job, name) in scenario.jobs.iter().zip(names) {
        parts.extend(found.keep(check_plan(source, job, name, &scenario.cluster)));
    }
    availability::check(source, scenario, catalogue, found);
    if found.is_clean() {
        found.keep(check_runs(source, scenario, &parts, places));
    }
}

/// How many subtasks and channels a job has. One that the whole cluster cannot hold would wait for ever.
fn check_plan(
    source: Source<'_>,
    job: &JobConfig,
    name: &Range<usize>,
    cluster: &ClusterConfig,
) -> Result<usize, Mistake> {
    // One that cannot run is to be refused when it is submitted: the scenario says so.
    let Ok(plan) = job.plan(PlanRules::default()) else { return Ok(0) };
    let parts = plan.tasks.len() + plan.channels.len();
    let needed = plan.slots();
    let there = u32::from(cluster.task_managers) * u32::from(cluster.slots);
    if needed <= there {
        return Ok(parts);
    }
    let message =
        format!("job `{}` needs {needed} slots, and the cluster has {there}", job.graph.name);
    let help = "raise `task-managers` or `slots` of the cluster, or lower the parallelism";
    Err(source.error_with(name, message, help))
}

/// Every run of a job has subtasks and channels of its own, and whatever is cut off by a partition goes on beside those that
/// take its place.
fn check_runs(
    source: Source<'_>,
    scenario: &Scenario,
    parts: &[usize],
    places: &[Range<usize>],
) -> Result<(), Mistake> {
    let mut current = if scenario.first_job_runs_at_once() { parts[0] } else { 0 };
    let mut all = current;
    for (step, place) in scenario.steps.iter().zip(places) {
        if let Action::Run(run) = &step.action {
            let found = scenario.jobs.iter().position(|other| other.graph.name == run.job);
            let of_job = found.map_or(0, |found| parts[found]);
            current = current.saturating_add(of_job);
            all = all.saturating_add(of_job);
        } else if let Action::Partition(_) = &step.action {
            all = all.saturating_add(current);
        }
        if bounds::ALL_PARTS.is_exceeded_by(all) {
            return Err(source.beyond(place, &bounds::ALL_PARTS));
        }
    }
    Ok(())
}

#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod tests;
