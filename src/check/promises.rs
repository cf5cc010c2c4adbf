//! What releases break by their own rules: a world in which that happened is known, and no failure of the engine.
//!
//! Each entry says which check, under what circumstances, in which releases, and where that is laid down; the story named
//! beside it shows it. Circumstances are read off the trace; a check broken without them is broken.

use super::past::Past;
use crate::job::{
    CheckpointId, CheckpointKind, ExternalId, RunId, StateBackend, TaskId, TransactionId,
};
use crate::operator::Writes;
use crate::trace::{
    CheckName, CheckpointEvent, EndOfTask, Entry, JobEvent, JobStatus, TaskEvent, TraceEvent,
    TransactionEvent,
};
use std::collections::{BTreeMap, BTreeSet};

/// A promise that some releases do not keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BrokenPromise {
    /// What it is called.
    pub name: &'static str,
    /// The checks that may be broken then.
    pub checks: &'static [CheckName],
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
    checks: &[CheckName::OutputEquivalence, CheckName::TransactionHygiene, CheckName::TimeFidelity],
    when: "a savepoint completed, its transactions were committed, and the job went back to an older checkpoint",
    releases: "1.3, 1.4, and 1.0, 1.1; before 1.4 with a sink of one's own that commits at notifications; 1.11, 1.13 where checkpoints are preferred for recovery",
    source: "FLINK-10354",
    witness: "sim/rules/f13_savepoint_then_crash.toml",
};

/// A job manager that takes over a job knows nothing of the savepoint that it was started from.
const START_FORGOTTEN: BrokenPromise = BrokenPromise {
    name: "start-forgotten",
    checks: &[CheckName::OutputEquivalence, CheckName::TimeFidelity],
    when: "another job manager took a job over before its first checkpoint, and started it from nothing, not from its savepoint",
    releases: "1.0, 1.1",
    source: "`SavepointCoordinator` of 1.1.4: what a job starts from is known to its own job manager alone",
    witness: "sim/rules/e9_start_across_job_managers.toml",
};

/// An operator that is told a hash does not find its own state: until 1.13 after a restart of its own job, in all releases where a
/// snapshot holds what is under the hash as well.
const HASH_DECIDES: BrokenPromise = BrokenPromise {
    name: "hash-decides",
    checks: &[
        CheckName::OutputEquivalence,
        CheckName::TransactionHygiene,
        CheckName::MappingTotality,
        CheckName::TimeFidelity,
        CheckName::CutConsistency,
    ],
    when: "an operator with a user-defined hash was restored from a snapshot that holds its state under its own id",
    releases: "all",
    source: "`StateAssignmentOperation`: both ids of an operator count as known, and one of them is asked for (recorded: 1.11.4 to 2.3.0)",
    witness: "sim/rules/uid_hash_decides.toml",
};

/// State finds another operator than the one that left it, since neither has a uid.
const BOUND_TO_ANOTHER: BrokenPromise = BrokenPromise {
    name: "bound-to-another",
    checks: &[
        CheckName::OutputEquivalence,
        CheckName::TransactionHygiene,
        CheckName::MappingTotality,
        CheckName::OwnershipPartition,
        CheckName::TimeFidelity,
        CheckName::CutConsistency,
    ],
    when: "a job was changed whose operators have no uids, and a generated id, or a place in a chain, came to name an operator that does something else",
    releases: "all",
    source: "documentation of savepoints, `Assigning Operator IDs`; `StreamTask.restoreState` of 1.1.4 for chains",
    witness: "sim/rules/bound_to_another.toml",
};

/// A savepoint that completes late is the newest snapshot, and the job goes back behind what it has committed since.
const LATE_SAVEPOINT: BrokenPromise = BrokenPromise {
    name: "late-savepoint",
    checks: &[CheckName::OutputEquivalence, CheckName::TransactionHygiene, CheckName::TimeFidelity],
    when: "a savepoint completed after a checkpoint that was triggered behind it, and the job went back to the savepoint",
    releases: "1.2, 1.7, 1.11, 1.13",
    source: "`StandaloneCompletedCheckpointStore`: the newest is the one that was added last, savepoints among them",
    witness: "sim/rules/late_savepoint.toml",
};

/// A savepoint takes the place of the checkpoint on whose files the next one builds.
const EVICTED_BY_SAVEPOINT: BrokenPromise = BrokenPromise {
    name: "evicted-by-savepoint",
    checks: &[CheckName::ReferenceSafety],
    when: "a savepoint completed and no checkpoint before it was kept, while one was pending that shares files with those",
    releases: "1.7, 1.11",
    source: "FLINK-21351",
    witness: "sim/rules/evicted_by_savepoint.toml",
};

/// A committer leaves with committables that nobody will ever commit.
const FINAL_COMMITTABLES_LEFT: BrokenPromise = BrokenPromise {
    name: "final-committables-left",
    checks: &[CheckName::OutputEquivalence],
    when: "barriers held nothing back, and a committer finished before it heard of a checkpoint that covers a committable of the end of its input",
    releases: "1.13, and since FLINK-37605",
    source: "`CommitterOperator.notifyCheckpointComplete` commits up to the checkpoint that completed, also after `endInput`",
    witness: "sim/rules/final_committables_left.toml",
};

/// A committer commits what its job writes again.
const FINAL_COMMITTABLES_EARLY: BrokenPromise = BrokenPromise {
    name: "final-committables-early",
    checks: &[CheckName::OutputEquivalence, CheckName::TransactionHygiene, CheckName::TimeFidelity],
    when: "a committer whose input had ended heard of a checkpoint from before, committed all it had, and the job went back to that checkpoint",
    releases: "1.15 to 1.18",
    source: "`CommitterOperator.notifyCheckpointComplete` takes any checkpoint after `endInput` for the final one, until FLINK-37605",
    witness: "sim/rules/final_committables_early.toml",
};

/// Every promise that a release that can be played breaks.
pub const BROKEN_PROMISES: &[BrokenPromise] = &[
    COMMITTED_AND_FORGOTTEN,
    START_FORGOTTEN,
    HASH_DECIDES,
    BOUND_TO_ANOTHER,
    LATE_SAVEPOINT,
    EVICTED_BY_SAVEPOINT,
    FINAL_COMMITTABLES_LEFT,
    FINAL_COMMITTABLES_EARLY,
];

/// What happened in a world that excuses a broken check.
#[derive(Clone, Debug, Default)]
pub(super) struct Excuses {
    /// By run, the newest savepoint that its tasks were told of and that is no recovery point.
    committed: BTreeMap<RunId, CheckpointId>,
    /// By run, the checkpoint with the highest id that has completed.
    highest: BTreeMap<RunId, CheckpointId>,
    /// The savepoints that completed after a checkpoint with a higher id, and were recovery points.
    late: BTreeSet<(RunId, CheckpointId)>,
    /// By run, the newest checkpoint triggered.
    triggered: BTreeMap<RunId, CheckpointId>,
    /// By task, the newest checkpoint that it heard of as completed.
    notified: BTreeMap<TaskId, CheckpointId>,
    /// By run, the newest checkpoint that one of its writers has prepared anything for.
    prepared: BTreeMap<RunId, CheckpointId>,
    /// What was prepared and not committed yet, where committers commit all in the end.
    uncommitted: BTreeMap<(ExternalId, TransactionId), CheckpointId>,
    /// The runs whose committers committed what no checkpoint covers that has completed.
    early: BTreeSet<RunId>,
    seen: BTreeSet<&'static str>,
}

impl Excuses {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events excuse nothing")]
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) {
        let history = past.history;
        match &entry.event {
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Triggered { .. }) => {
                self.triggered.insert(*run, *checkpoint);
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { kind, .. }) => {
                let rules = history.rules.rules_of(*run);
                let highest = self.highest.entry(*run).or_insert(*checkpoint);
                *highest = (*highest).max(*checkpoint);
                if *kind != CheckpointKind::Savepoint {
                    return;
                }
                let evicts = rules.savepoint_in_completed_store && !rules.newest_checkpoint_spared;
                let is_newer_pending = self.triggered.get(run).is_some_and(|id| id > checkpoint);
                if evicts && is_newer_pending && shares_files(*run, past) {
                    self.seen.insert(EVICTED_BY_SAVEPOINT.name);
                }
                if *highest > *checkpoint && rules.savepoint_in_completed_store {
                    self.late.insert((*run, *checkpoint));
                }
                let is_passed_over =
                    !rules.savepoint_in_completed_store || past.prefers_checkpoints(*run);
                if rules.savepoint_notifies_commit && is_passed_over {
                    self.committed.insert(*run, *checkpoint);
                }
            }
            TraceEvent::Job(run, JobEvent::AttemptStarted { restored, .. })
            | TraceEvent::Job(run, JobEvent::RegionRestarted { restored, .. }) => {
                if self.early.contains(run) {
                    self.seen.insert(FINAL_COMMITTABLES_EARLY.name);
                }
                let is_late = |id: CheckpointId| self.late.contains(&(*run, id));
                if restored.is_some_and(is_late) {
                    self.seen.insert(LATE_SAVEPOINT.name);
                } else if self.committed.get(run).is_some_and(|id| Some(*id) > *restored) {
                    self.seen.insert(COMMITTED_AND_FORGOTTEN.name);
                }
            }
            TraceEvent::Transaction { external, transaction, task, event, .. } => {
                let run = history.run_of(*task);
                self.on_transaction((*external, *transaction), event, run, past);
            }
            TraceEvent::Task(task, _, event) => self.on_task(*task, event, past),
            TraceEvent::Job(run, JobEvent::TakenOver { checkpoints }) => {
                let is_forgotten = !history.rules.rules_of(*run).start_in_store;
                if is_forgotten && checkpoints.is_empty() && history.start_of(*run).is_some() {
                    self.seen.insert(START_FORGOTTEN.name);
                }
            }
            TraceEvent::Checkpoint(
                run,
                checkpoint,
                CheckpointEvent::RestoreMapped { report, .. },
            ) => {
                if history.is_overlooked(*run, report)
                    || history.hash_hides_in_flight(*run, *checkpoint)
                {
                    self.seen.insert(HASH_DECIDES.name);
                }
                if history.bound_to_another(*run, report).is_some() {
                    self.seen.insert(BOUND_TO_ANOTHER.name);
                }
            }
            _ => {}
        }
    }

    fn on_transaction(
        &mut self,
        transaction: (ExternalId, TransactionId),
        event: &TransactionEvent,
        run: RunId,
        past: Past<'_>,
    ) {
        match event {
            TransactionEvent::Prepared { checkpoint, .. } => {
                let newest = self.prepared.entry(run).or_insert(*checkpoint);
                *newest = (*newest).max(*checkpoint);
                if past.history.rules.rules_of(run).ended_committers_commit_all {
                    self.uncommitted.insert(transaction, *checkpoint);
                }
            }
            TransactionEvent::Committed { checkpoint, .. } => {
                if self.uncommitted.remove(&transaction) > Some(*checkpoint) {
                    self.early.insert(run);
                }
            }
            TransactionEvent::Begun | TransactionEvent::Aborted => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events excuse nothing")]
    fn on_task(&mut self, task: TaskId, event: &TaskEvent, past: Past<'_>) {
        match event {
            TaskEvent::NotifyHandled { checkpoint } => {
                self.notified.insert(task, *checkpoint);
            }
            TaskEvent::Ended { how: EndOfTask::Finished } => {
                let run = past.history.run_of(task);
                let all = past.history.rules.rules_of(run).ended_committers_commit_all;
                let is_left = self.prepared.get(&run) > self.notified.get(&task);
                if is_left && !all && !past.is_exact(run) && is_committer(task, past) {
                    self.seen.insert(FINAL_COMMITTABLES_LEFT.name);
                }
            }
            _ => {}
        }
    }

    /// The promises that the world was seen to break. What was committed too early is there too early in the end, if the job
    /// has not come to its own.
    pub(super) fn broken(mut self, past: Past<'_>) -> Vec<&'static BrokenPromise> {
        let is_over =
            |run: &RunId| past.run(*run).is_some_and(|story| story.status == JobStatus::Finished);
        if !self.early.iter().all(is_over) {
            self.seen.insert(FINAL_COMMITTABLES_EARLY.name);
        }
        BROKEN_PROMISES.iter().filter(|promise| self.seen.contains(promise.name)).collect()
    }
}

/// Whether a task commits what others have prepared.
fn is_committer(task: TaskId, past: Past<'_>) -> bool {
    let Some(story) = past.run(past.history.run_of(task)) else { return false };
    let mut operators = story.layout.vertex(task).operators.iter();
    operators.any(|place| story.writes[place.index()] == Writes::Committer)
}

/// Whether the checkpoints of a run share files.
fn shares_files(run: RunId, past: Past<'_>) -> bool {
    past.job_of(run).is_some_and(|job| job.checkpoint.backend == StateBackend::Incremental)
}
