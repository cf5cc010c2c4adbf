//! What a scenario says of commits, acks and checkpoints that were given up, held against what happened.

use super::spelled::{Spelled, list};
use super::story::Story;
use crate::cluster::{At, Outcome};
use crate::scenario::{ProtocolExpectations, Scenario, TaskName};
use std::collections::BTreeMap;

/// Every such expectation that was not met, as a sentence.
pub(super) fn unmet(
    scenario: &Scenario,
    outcome: &Outcome,
    story: &Story,
    unmet: &mut Vec<String>,
) {
    let ProtocolExpectations { commits, aborted, acks, orphaned, unanswered } =
        &scenario.expect.protocol;
    for label in unanswered.iter().filter(|label| is_answered(scenario, outcome, label)) {
        unmet.push(format!("nobody should hear what became of savepoint `{label}`"));
    }
    let named = outcome.externals.iter().enumerate();
    let found = named.filter_map(|(place, system)| {
        Some((system.name.clone(), story.commits.get(&place)?.clone()))
    });
    let found: BTreeMap<String, Vec<u64>> = found.collect();
    compare("transactions committed by sink", commits, &found, String::clone, unmet);
    compare("checkpoints given up by job", aborted, &story.told.aborted, String::clone, unmet);
    let spelled = |task: &TaskName| format!("{}/{}", task.operator, task.subtask);
    compare("acks of", acks, &story.told.acks, spelled, unmet);
    for (job, wanted) in orphaned {
        let found = story.told.orphaned.get(job).copied().unwrap_or(0);
        if found != *wanted {
            unmet.push(format!(
                "job `{job}` should leave {wanted} snapshots behind that nobody removes, and leaves {found}"
            ));
        }
    }
}

/// Whether a savepoint was never asked for, stored, or refused.
fn is_answered(scenario: &Scenario, outcome: &Outcome, label: &str) -> bool {
    let steps = (0..).zip(&scenario.steps);
    let mut asked = steps.filter(|(_, step)| step.action.label() == Some(label));
    let is_stored = outcome.savepoints.iter().any(|stored| &*stored.label == label);
    asked.next().is_none_or(|(number, _)| {
        is_stored
            || outcome.refusal(At::Step(number)).is_some()
            || outcome.never.contains_key(&number)
    })
}

/// Compares what was asked for, in order.
fn compare<K: Ord, T: PartialEq + Spelled>(
    what: &str,
    wanted: &BTreeMap<K, Vec<T>>,
    found: &BTreeMap<K, Vec<T>>,
    spelled: impl Fn(&K) -> String,
    unmet: &mut Vec<String>,
) {
    for (whose, wanted) in wanted {
        let found = found.get(whose).map_or(&[][..], Vec::as_slice);
        if found != wanted {
            let whose = spelled(whose);
            let (wanted, found) = (list(wanted), list(found));
            unmet.push(format!("{what} `{whose}` should be {wanted} and are {found}"));
        }
    }
}
