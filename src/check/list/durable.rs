//! Durable before visible: nobody hears of a snapshot, a checkpoint or a completion before it is safe (O2).

use super::{Findings, Observer, Past, Subjects, Violation};
use crate::job::{Attempt, CheckpointId, CheckpointKind, RunId, TaskId};
use crate::trace::{CheckName, CheckpointEvent, Entry, JobEvent, TaskEvent, TraceEvent};
use std::collections::BTreeSet;

/// What is durable, and what has completed.
#[derive(Clone, Debug, Default)]
pub(super) struct DurableBeforeVisible {
    snapshots: BTreeSet<(TaskId, Attempt, CheckpointId)>,
    metadata: BTreeSet<(RunId, CheckpointId)>,
    completed: BTreeSet<(RunId, CheckpointId)>,
    /// What the store that survives the job manager points to, if there is one.
    pointers: BTreeSet<(RunId, CheckpointId)>,
}

impl Observer for DurableBeforeVisible {
    const LOOKS_AT: Subjects = Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS);

    /// 1. An ack follows a durable snapshot. 2. A completion follows durable metadata, and a pointer to it where there is
    ///    high availability. 3. A task hears only of checkpoints that completed, or that its run was started from.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events make nothing visible")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let mut broken =
            |text| found.add(Violation::at_entry(CheckName::DurableBeforeVisible, entry, text));
        match &entry.event {
            TraceEvent::Task(task, attempt, TaskEvent::SnapshotDurable { checkpoint }) => {
                self.snapshots.insert((*task, *attempt, *checkpoint));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::MetadataWritten) => {
                self.metadata.insert((*run, *checkpoint));
            }
            TraceEvent::Task(task, attempt, TaskEvent::AckSent { checkpoint })
                if !self.snapshots.remove(&(*task, *attempt, *checkpoint)) =>
            {
                broken(format!(
                    "a task acked checkpoint {checkpoint} before its snapshot was durable"
                ));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::PointerStored) => {
                self.pointers.insert((*run, *checkpoint));
            }
            TraceEvent::Job(run, JobEvent::TakenOver { checkpoints }) => {
                self.completed.extend(checkpoints.iter().map(|checkpoint| (*run, *checkpoint)));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { kind, .. }) => {
                self.completed.insert((*run, *checkpoint));
                let awaits_pointer = past.setup.scenario.cluster.takeover_after.is_some()
                    && *kind == CheckpointKind::Checkpoint;
                if !self.metadata.contains(&(*run, *checkpoint)) {
                    broken(format!(
                        "checkpoint {checkpoint} completed before its metadata was durable"
                    ));
                } else if awaits_pointer && !self.pointers.contains(&(*run, *checkpoint)) {
                    broken(format!(
                        "checkpoint {checkpoint} completed before a new job manager would find it"
                    ));
                }
            }
            TraceEvent::Task(task, _, TaskEvent::NotifyHandled { checkpoint, .. }) => {
                let run = past.history.run_of(*task);
                let start = past.history.start_of(run);
                let is_start = start.is_some_and(|start| start.checkpoint() == *checkpoint);
                if !is_start && !self.completed.contains(&(run, *checkpoint)) {
                    broken(format!(
                        "a task was told of checkpoint {checkpoint}, which has not completed"
                    ));
                }
            }
            _ => {}
        }
    }
}
