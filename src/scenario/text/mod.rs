//! A scenario's text: reading it, with every mistake found and placed, and writing it.

mod availability;
mod expect;
mod input;
mod job;
pub(super) mod layout;
mod nesting;
mod node;
mod operations;
mod operator;
mod operator_options;
mod registered;
pub(super) mod release;
mod rules;
mod settings;
mod shape;
mod source;
pub(super) mod spelling;
mod step;
mod time;
mod word;
mod write;
mod write_operator;

use super::{Action, Budget, ClusterConfig, JobConfig, Network, Scenario, ScenarioError, bounds};
use crate::job::PlanRules;
use crate::operator::Catalogue;
use shape::FileText;
use source::Source;
use std::ops::Range;

impl Scenario {
    /// Reads a scenario file. `file` is what errors call it; paths inside stay as they are, relative to it.
    ///
    /// # Errors
    ///
    /// The first mistake in the file: not TOML, an unknown key or name, a value out of range, a job that cannot be
    /// built.
    pub fn parse(text: &str, file: &str, catalogue: &Catalogue) -> Result<Self, ScenarioError> {
        let ends = source::line_ends(text);
        let source = Source { text, file, ends: &ends };
        if bounds::SCENARIO_BYTES.is_exceeded_by(text.len()) {
            return Err(source.beyond(&(text.len()..text.len()), &bounds::SCENARIO_BYTES));
        }
        nesting::check(source)?;
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
    source.check_count(file.job.0.iter().map(|(name, _)| name.span()), &bounds::JOBS)?;
    source.check_count(file.step.iter().map(toml::Spanned::span), &bounds::STEPS)?;
    let names: Vec<_> = file.job.0.iter().map(|(name, _)| name.span()).collect();
    let refused: Vec<&str> =
        file.expect.refused.0.iter().map(|(job, _)| job.get_ref().as_str()).collect();
    let jobs = job::jobs(source, catalogue, &inputs, file.job, &refused)?;
    let mut parts = Vec::new();
    for (job, name) in jobs.iter().zip(&names) {
        parts.push(check_plan(source, job, name, &cluster)?);
    }
    let places: Vec<_> = file.step.iter().map(toml::Spanned::span).collect();
    let steps = step::steps(source, &jobs, &cluster, file.step)?;
    let hopes = expect::Hopes { source, jobs: &jobs, steps: &steps };
    let (flink, also) = release::releases(source, file.flink)?;
    let expect = hopes.expect(file.expect)?;
    let expect_in = hopes.by_release(file.expect_in, flink, &also)?;
    let scenario = Scenario {
        about: file.about,
        seed: file.seed.0,
        flink,
        also,
        overrides,
        mutations: file.mutations,
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
    availability::check(source, &scenario, &names, catalogue)?;
    check_runs(source, &scenario, &parts, &places)?;
    Ok(scenario)
}

/// How many subtasks and channels a job has. One that the whole cluster cannot hold would wait for ever.
fn check_plan(
    source: Source<'_>,
    job: &JobConfig,
    name: &Range<usize>,
    cluster: &ClusterConfig,
) -> Result<usize, ScenarioError> {
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
) -> Result<(), ScenarioError> {
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
mod tests;
