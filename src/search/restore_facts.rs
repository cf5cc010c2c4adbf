//! What a scenario says of submissions, ids and restores, held against what happened.

use super::names::{task_name, unit_name};
use crate::cluster::{At, Outcome};
use crate::job::{Layouts, RunLayout};
use crate::scenario::{Expect, Scenario, TaskName};
use crate::trace::{CheckpointEvent, Entry, RestoreReport, StateUnit, TaskEvent, TraceEvent};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The facts of a trace that such expectations speak of.
#[derive(Clone, Debug, Default)]
pub(super) struct RestoreFacts {
    layouts: Layouts,
    /// By job: what its newest restore did.
    reports: BTreeMap<String, Arc<RestoreReport>>,
    /// By job: why tasks of it failed.
    failures: BTreeMap<String, Vec<Arc<str>>>,
    /// The list states that are asked for, by subtask.
    lists: BTreeMap<TaskName, BTreeMap<String, Vec<String>>>,
}

impl RestoreFacts {
    /// Listens for what is expected.
    pub(super) fn of(expect: &Expect) -> Self {
        let lists = expect.lists.keys().map(|task| (task.clone(), BTreeMap::new()));
        Self { lists: lists.collect(), ..Self::default() }
    }

    /// Whether the items of list states are asked for.
    pub(super) fn wants_lists(&self) -> bool {
        !self.lists.is_empty()
    }

    pub(super) fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.layouts.push(layout);
    }

    pub(super) fn on_entry(&mut self, entry: &Entry) {
        if let TraceEvent::Checkpoint(run, _, CheckpointEvent::RestoreMapped { report, .. }) =
            &entry.event
        {
            let name = self.layouts[*run].job_name().to_owned();
            self.reports.insert(name, Arc::clone(report));
        } else if let TraceEvent::Task(task, _, TaskEvent::OperatorFailed { why, .. }) =
            &entry.event
        {
            let name = self.layouts[*task].job_name().to_owned();
            self.failures.entry(name).or_default().push(Arc::clone(why));
        } else if let TraceEvent::Task(
            task,
            _,
            TaskEvent::ListInitialized { operator, name, items },
        ) = &entry.event
        {
            let task = task_name(&self.layouts, *task, *operator);
            if let Some(states) = self.lists.get_mut(&task) {
                let items = items.iter().map(|item| item.to_string()).collect();
                states.insert(name.to_string(), items);
            }
        }
    }

    /// Every such expectation that was not met, as a sentence.
    pub(super) fn unmet(&self, scenario: &Scenario, outcome: &Outcome, unmet: &mut Vec<String>) {
        let expect = &scenario.expect;
        for (job, words) in &expect.refused {
            let refusals = refusals_of(scenario, outcome, job);
            if !refusals.iter().any(|why| why.contains(words.as_str())) {
                unmet.push(format!(
                    "job `{job}` should be refused with `{words}` and was refused with {refusals:?}"
                ));
            }
        }
        for (job, words) in &expect.fails {
            let failures = self.failures.get(job).map_or(&[][..], Vec::as_slice);
            if !failures.iter().any(|why| why.contains(words.as_str())) {
                unmet.push(format!(
                    "a task of job `{job}` should fail with `{words}`; they failed with {failures:?}"
                ));
            }
        }
        self.ids(expect, unmet);
        self.reports(expect, unmet);
        for (task, states) in &expect.lists {
            for (state, items) in states {
                let found = self.lists.get(task).and_then(|states| states.get(state));
                if found != Some(items) {
                    let TaskName { operator, subtask, .. } = task;
                    unmet.push(format!(
                        "`{state}` of `{operator}/{subtask}` should begin with {items:?} and begins with {found:?}"
                    ));
                }
            }
        }
    }

    fn ids(&self, expect: &Expect, unmet: &mut Vec<String>) {
        for (job, ids) in &expect.ids {
            let layout = self.layouts.newest(job);
            for (operator, wanted) in ids {
                let found = layout.and_then(|layout| {
                    let place = layout.plan.operator_named(operator)?;
                    Some(layout.plan.operator_ids[place.index()].to_string())
                });
                if found.as_ref() != Some(wanted) {
                    let found = found.unwrap_or_else(|| "unknown".to_owned());
                    unmet.push(format!(
                        "the id of `{job}:{operator}` should be {wanted} and is {found}"
                    ));
                }
            }
        }
    }

    fn reports(&self, expect: &Expect, unmet: &mut Vec<String>) {
        let units = |units: &[StateUnit]| {
            units.iter().map(|unit| unit_name(&self.layouts, unit, None)).collect()
        };
        let mapped = |report: &RestoreReport| units(&report.mapped);
        let dropped = |report: &RestoreReport| units(&report.dropped);
        let empty = |report: &RestoreReport| {
            report.starts_empty.iter().map(|(_, name)| name.to_string()).collect()
        };
        self.compare("restored", &expect.restored, mapped, unmet);
        self.compare("dropped", &expect.dropped, dropped, unmet);
        self.compare("empty", &expect.empty, empty, unmet);
    }

    /// Compares one list of a report, whatever its order.
    fn compare(
        &self,
        what: &str,
        expected: &BTreeMap<String, Vec<String>>,
        of: impl Fn(&RestoreReport) -> Vec<String>,
        unmet: &mut Vec<String>,
    ) {
        for (job, wanted) in expected {
            let mut found = self.reports.get(job).map_or_else(Vec::new, |report| of(report));
            let mut wanted = wanted.clone();
            found.sort();
            wanted.sort();
            if found != wanted {
                unmet.push(format!("job `{job}`: {what} should be {wanted:?} and is {found:?}"));
            }
        }
    }
}

/// Why submissions of a job were refused.
fn refusals_of<'o>(scenario: &Scenario, outcome: &'o Outcome, job: &str) -> Vec<&'o str> {
    let is_its = |at: At| match at {
        At::Start => scenario.jobs[0].graph.name == job,
        At::Step(number) => {
            (0..).zip(&scenario.steps).any(|(place, step)| place == number && step.action.runs(job))
        }
    };
    let its = outcome.refusals.iter().filter(|(at, _)| is_its(*at));
    its.map(|(_, why)| &**why).collect()
}
