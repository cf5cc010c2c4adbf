//! What releases break by their own rules: a world in which that happened is known, and no failure of the engine.
//!
//! Each entry says which check, under what circumstances, in which releases, and where that is laid down; the story named
//! beside it shows it. Circumstances are read off the trace; a check broken without them is broken.

use super::history::History;
use super::recovery::prefers;
use super::{OUTPUT_EQUIVALENCE, TRANSACTION_HYGIENE};
use crate::job::{CheckpointId, CheckpointKind, RunId};
use crate::scenario::Scenario;
use crate::trace::{Entry, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};

/// A promise that some releases do not keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokenPromise {
    /// What it is called.
    pub name: &'static str,
    /// The checks that may be broken then.
    pub checks: &'static [&'static str],
    /// Under what circumstances.
    pub when: &'static str,
    /// In which of the releases that can be played.
    pub releases: &'static str,
    /// Where that is laid down.
    pub source: &'static str,
    /// The story that shows it.
    pub witness: &'static str,
}

/// Rows that a savepoint committed come again, from the older checkpoint that the job goes back to.
const COMMITTED_AND_FORGOTTEN: BrokenPromise = BrokenPromise {
    name: "committed-and-forgotten",
    checks: &[OUTPUT_EQUIVALENCE, TRANSACTION_HYGIENE],
    when: "a savepoint completed, its transactions were committed, and the job went back to an older checkpoint",
    releases: "1.3, 1.4, and 1.0, 1.1; before 1.4 with a sink of one's own that commits at notifications; 1.11, 1.13 where checkpoints are preferred for recovery",
    source: "FLINK-10354",
    witness: "sim/rules/f13_savepoint_then_crash.toml",
};

/// A job manager that takes over a job knows nothing of the savepoint that it was started from.
const START_FORGOTTEN: BrokenPromise = BrokenPromise {
    name: "start-forgotten",
    checks: &[OUTPUT_EQUIVALENCE],
    when: "another job manager took a job over before its first checkpoint, and started it from nothing, not from its savepoint",
    releases: "1.0, 1.1",
    source: "`SavepointCoordinator` of 1.1.4: what a job starts from is known to its own job manager alone",
    witness: "sim/rules/e9_start_across_job_managers.toml",
};

/// Every promise that a release that can be played breaks.
pub const BROKEN_PROMISES: &[BrokenPromise] = &[COMMITTED_AND_FORGOTTEN, START_FORGOTTEN];

/// What happened in a world that excuses a broken check.
#[derive(Clone, Debug, Default)]
pub(super) struct Excuses {
    /// By run, the newest savepoint that its tasks were told of and that is no recovery point.
    committed: BTreeMap<RunId, CheckpointId>,
    seen: BTreeSet<&'static str>,
}

impl Excuses {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events excuse nothing")]
    pub(super) fn observe(&mut self, entry: &Entry, history: &History, scenario: &Scenario) {
        match &entry.event {
            TraceEvent::CheckpointCompleted {
                run,
                checkpoint,
                kind: CheckpointKind::Savepoint,
                ..
            } => {
                let rules = history.eras.rules_of(*run);
                let is_passed_over =
                    !rules.savepoint_in_completed_store || prefers(scenario, history, *run);
                if rules.savepoint_notifies_commit && is_passed_over {
                    self.committed.insert(*run, *checkpoint);
                }
            }
            TraceEvent::AttemptStarted { run, restored, .. }
            | TraceEvent::RegionRestarted { run, restored, .. }
                if self
                    .committed
                    .get(run)
                    .is_some_and(|committed| Some(*committed) > *restored) =>
            {
                self.seen.insert(COMMITTED_AND_FORGOTTEN.name);
            }
            TraceEvent::JobTakenOver { run, checkpoints } => {
                let is_forgotten = !history.eras.rules_of(*run).start_in_store;
                if is_forgotten && checkpoints.is_empty() && history.start_of(*run).is_some() {
                    self.seen.insert(START_FORGOTTEN.name);
                }
            }
            _ => {}
        }
    }

    /// The promises that the world was seen to break.
    pub(super) fn broken(self) -> Vec<&'static BrokenPromise> {
        BROKEN_PROMISES.iter().filter(|promise| self.seen.contains(promise.name)).collect()
    }
}
