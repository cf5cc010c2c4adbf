//! What a scenario says of commits, acks and checkpoints that were given up, held against what happened.

use super::names::task_names;
use crate::cluster::{At, Outcome};
use crate::job::{Layouts, RunLayout};
use crate::scenario::{Expect, Scenario, TaskName, Told};
use crate::trace::{CheckpointEvent, Entry, TaskEvent, TraceEvent, TransactionEvent};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

/// The facts of a trace that such expectations speak of.
#[derive(Clone, Debug, Default)]
pub(super) struct ProtocolFacts {
    layouts: Layouts,
    /// By sink, as external systems are numbered.
    commits: BTreeMap<usize, Vec<u64>>,
    told: Told,
    is_asked: bool,
}

impl ProtocolFacts {
    /// Listens for what is expected.
    pub(super) fn of(expect: &Expect) -> Self {
        Self { is_asked: expect.told != Told::default(), ..Self::default() }
    }

    pub(super) fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.layouts.push(layout);
    }

    pub(super) fn on_entry(&mut self, entry: &Entry) {
        if !self.is_asked {
            return;
        }
        if let TraceEvent::Transaction {
            external,
            event: TransactionEvent::Committed { checkpoint, .. },
            ..
        } = &entry.event
        {
            self.commits.entry(external.index()).or_default().push(checkpoint.number());
        } else if let TraceEvent::Checkpoint(
            run,
            checkpoint,
            CheckpointEvent::Aborted { reason, .. },
        ) = &entry.event
        {
            let job = self.layouts[*run].job_name().to_owned();
            self.told.aborted.entry(job).or_default().push((checkpoint.number(), *reason));
        } else if let TraceEvent::Task(task, _, TaskEvent::SnapshotOrphaned { .. }) = &entry.event {
            let job = self.layouts[*task].job_name().to_owned();
            *self.told.orphaned.entry(job).or_default() += 1;
        } else if let TraceEvent::Task(task, _, TaskEvent::AckHandled { checkpoint, verdict, .. }) =
            &entry.event
        {
            for name in task_names(&self.layouts, *task) {
                self.told.acks.entry(name).or_default().push((checkpoint.number(), *verdict));
            }
        }
    }

    /// Every such expectation that was not met, as a sentence.
    pub(super) fn unmet(&self, scenario: &Scenario, outcome: &Outcome, unmet: &mut Vec<String>) {
        let Told { commits, aborted, acks, orphaned, unanswered } = &scenario.expect.told;
        for label in unanswered.iter().filter(|label| is_answered(scenario, outcome, label)) {
            unmet.push(format!("nobody should hear what became of savepoint `{label}`"));
        }
        let named = outcome.externals.iter().enumerate();
        let found = named.filter_map(|(place, system)| {
            Some((system.name.clone(), self.commits.get(&place)?.clone()))
        });
        let found: BTreeMap<String, Vec<u64>> = found.collect();
        compare("transactions committed by sink", commits, &found, String::clone, unmet);
        compare("checkpoints given up by job", aborted, &self.told.aborted, String::clone, unmet);
        let spelled = |task: &TaskName| format!("{}/{}", task.operator, task.subtask);
        compare("acks of", acks, &self.told.acks, spelled, unmet);
        for (job, wanted) in orphaned {
            let found = self.told.orphaned.get(job).copied().unwrap_or(0);
            if found != *wanted {
                unmet.push(format!(
                    "job `{job}` should leave {wanted} snapshots behind that nobody removes, and leaves {found}"
                ));
            }
        }
    }
}

/// Whether a savepoint was never asked for, stored, or refused.
fn is_answered(scenario: &Scenario, outcome: &Outcome, label: &str) -> bool {
    let steps = (0..).zip(&scenario.steps);
    let mut asked = steps.filter(|(_, step)| step.action.label() == Some(label));
    let is_stored = outcome.savepoints.iter().any(|stored| &*stored.label == label);
    asked.next().is_none_or(|(number, _)| {
        is_stored || outcome.refusal(At::Step(number)).is_some() || outcome.never.contains(&number)
    })
}

/// Compares what was asked for, in order.
fn compare<K: Ord, T: PartialEq + Debug>(
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
            unmet.push(format!("{what} `{whose}` should be {wanted:?} and are {found:?}"));
        }
    }
}
