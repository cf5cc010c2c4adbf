//! What a scenario says of submissions, ids and restores, held against what happened.

use super::folded;
use super::names::unit_name;
use super::spelled::list;
use super::story::Story;
use crate::cluster::{At, Outcome};
use crate::job::{Layouts, RunId};
use crate::scenario::{Expect, Scenario, TaskName};
use crate::trace::{RestoreReport, StateUnit};
use std::collections::BTreeMap;

/// Every such expectation that was not met, as a sentence.
pub(super) fn unmet(
    scenario: &Scenario,
    outcome: &Outcome,
    story: &Story,
    unmet: &mut Vec<String>,
) {
    let expect = &scenario.expect;
    for (job, words) in &expect.refused {
        let refusals = refusals_of(scenario, outcome, job);
        if !refusals.iter().any(|why| folded::says(why, words)) {
            let found = match refusals.is_empty() {
                true => "was not refused".to_owned(),
                false => format!("was refused with {}", list(&refusals)),
            };
            unmet.push(format!("job `{job}` should be refused with `{words}` and {found}"));
        }
    }
    for (job, words) in &expect.fails {
        let failures = story.failures.get(job).map_or(&[][..], Vec::as_slice);
        if !failures.iter().any(|why| folded::says(why, words)) {
            let found = match failures.is_empty() {
                true => "none failed".to_owned(),
                false => format!("they failed with {}", list(failures)),
            };
            unmet.push(format!("a task of job `{job}` should fail with `{words}`; {found}"));
        }
    }
    ids(expect, &story.layouts, unmet);
    reports(expect, story, unmet);
    for (task, states) in &expect.lists {
        for (state, items) in states {
            let found = story.lists.get(task).and_then(|states| states.get(state));
            if found != Some(items) {
                let TaskName { operator, subtask, .. } = task;
                let items = list(items);
                let found = match found {
                    Some(found) => format!("begins with {}", list(found)),
                    None => "does not begin".to_owned(),
                };
                unmet.push(format!(
                    "`{state}` of `{operator}/{subtask}` should begin with {items} and {found}"
                ));
            }
        }
    }
}

fn ids(expect: &Expect, layouts: &Layouts, unmet: &mut Vec<String>) {
    for (job, ids) in &expect.ids {
        let layout = layouts.newest(job);
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

fn reports(expect: &Expect, story: &Story, unmet: &mut Vec<String>) {
    let name = |run, unit: &StateUnit| unit_name(&story.layouts, unit, Some(run));
    // What no task took was not restored.
    let taken = |job: &str, run, report: &RestoreReport| {
        let layout = &story.layouts[run];
        let is_taken = |unit: &&StateUnit| {
            let declared = story.declared.get(job);
            declared.is_some_and(|of| of.has_begun(layout, unit) && of.reads(unit))
        };
        report.mapped.iter().filter(is_taken).map(|unit| name(run, unit)).collect()
    };
    let dropped = |_: &str, run, report: &RestoreReport| {
        report.dropped.iter().map(|unit| name(run, unit)).collect()
    };
    let empty = |_: &str, _, report: &RestoreReport| {
        report.starts_empty.iter().map(|(_, name)| name.to_string()).collect()
    };
    compare("restored", &expect.restored, story, taken, unmet);
    compare("dropped", &expect.dropped, story, dropped, unmet);
    compare("empty", &expect.empty, story, empty, unmet);
}

/// Compares one list of a report, whatever its order.
fn compare(
    what: &str,
    expected: &BTreeMap<String, Vec<String>>,
    story: &Story,
    of: impl Fn(&str, RunId, &RestoreReport) -> Vec<String>,
    unmet: &mut Vec<String>,
) {
    for (job, wanted) in expected {
        let report = story.reports.get(job);
        let mut found = report.map_or_else(Vec::new, |(run, report)| of(job, *run, report));
        let mut wanted = wanted.clone();
        found.sort();
        wanted.sort();
        if found != wanted {
            let (wanted, found) = (list(&wanted), list(&found));
            unmet.push(format!("job `{job}`: {what} should be {wanted} and is {found}"));
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
