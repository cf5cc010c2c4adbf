//! What happened at least once, by name: a scenario that means to show something says so, and fails if it did not.

use super::history::{History, RunStory};
use crate::job::WatermarkStatus;
use crate::trace::{AbortReason, EndOfTask, Entry, Fault, MessageFate, StorageFault, TraceEvent};
use std::collections::BTreeSet;

/// The names, sorted.
pub const SOMETIMES: &[&str] = &[
    "alignment-limit-exceeded",
    "alignment-timed-out",
    "backpressure",
    "barrier-overtook-records",
    "cancellation-arrived",
    "channel-blocked",
    "checkpoint-aborted",
    "checkpoint-declined",
    "checkpoint-expired",
    "checkpoint-subsumed",
    "held-in-flight",
    "in-flight-restored",
    "job-drained",
    "job-manager-killed",
    "job-manager-lost",
    "job-stopped",
    "job-taken-over",
    "late-record",
    "message-delayed",
    "message-lost",
    "message-repeated",
    "operator-failed",
    "records-past-the-barrier",
    "region-restarted",
    "rescaled-in-flight",
    "rescaled-keyed-state",
    "restored",
    "restored-at-another-parallelism",
    "savepoint-stored",
    "shared-file-deleted",
    "shared-file-missing",
    "snapshot-failed",
    "snapshot-orphaned",
    "source-idle",
    "state-too-large",
    "task-blocked",
    "task-killed",
    "task-manager-cut-off",
    "task-manager-killed",
    "task-manager-lost",
    "tasks-finished",
    "timers-fired",
    "transaction-aborted",
    "transaction-recovered",
    "write-lost",
    "write-refused",
    "write-reply-lost",
    "write-torn",
];

/// The names of what has happened so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Sometimes {
    pub(super) seen: BTreeSet<&'static str>,
}

impl Sometimes {
    /// Takes in what happened. `history` knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events have no name")]
    pub(super) fn observe(&mut self, entry: &Entry, history: &History) {
        let name = match &entry.event {
            TraceEvent::BarrierArrived { blocked: true, .. } => "channel-blocked",
            TraceEvent::AlignmentCompleted { held: 1.., .. } => "held-in-flight",
            TraceEvent::AlignmentSwitched { .. } => "alignment-timed-out",
            TraceEvent::CancellationArrived { .. } => "cancellation-arrived",
            TraceEvent::InFlightPersisted { .. } => "barrier-overtook-records",
            TraceEvent::InFlightRestored { .. } => "in-flight-restored",
            TraceEvent::AttemptStarted { restored: Some(_), .. } => "restored",
            TraceEvent::TaskManagerLost { .. } => "task-manager-lost",
            TraceEvent::JobManagerLost { .. } => "job-manager-lost",
            TraceEvent::JobTakenOver { .. } => "job-taken-over",
            TraceEvent::WriteDisturbed { fault, .. } => match fault {
                StorageFault::Refused => "write-refused",
                StorageFault::Torn => "write-torn",
                StorageFault::Lost => "write-lost",
                StorageFault::ReplyLost => "write-reply-lost",
            },
            TraceEvent::RegionRestarted { restored, .. } => {
                if restored.is_some() {
                    self.seen.insert("restored");
                }
                "region-restarted"
            }
            TraceEvent::FaultInjected { fault } => match fault {
                Fault::TaskKilled(_) => "task-killed",
                Fault::TaskManagerKilled(_) => "task-manager-killed",
                Fault::JobManagerKilled => "job-manager-killed",
                Fault::TaskManagerCutOff(_) => "task-manager-cut-off",
                Fault::TaskManagerBack(_) => return,
                Fault::TaskBlocked(_) => "task-blocked",
                Fault::TaskUnblocked(_) => return,
            },
            TraceEvent::CheckpointAborted { reason, .. } => {
                self.observe_abort(*reason);
                "checkpoint-aborted"
            }
            TraceEvent::CheckpointSubsumed { .. } => "checkpoint-subsumed",
            TraceEvent::DeclineSent { .. } => "checkpoint-declined",
            TraceEvent::JobStopping { drain: true, .. } => "job-drained",
            TraceEvent::JobStopping { drain: false, .. } => "job-stopped",
            TraceEvent::OperatorFailed { .. } => "operator-failed",
            TraceEvent::SavepointStored { .. } => "savepoint-stored",
            TraceEvent::FileDeleted { .. } => "shared-file-deleted",
            TraceEvent::SnapshotOrphaned { .. } => "snapshot-orphaned",
            TraceEvent::FileMissing { .. } => "shared-file-missing",
            TraceEvent::StateTooLarge { .. } => "state-too-large",
            TraceEvent::TransactionAborted { .. } => "transaction-aborted",
            TraceEvent::TransactionCommitted { checkpoint, .. } => {
                // A notification of the restored checkpoint went to an attempt that is no more.
                let restores = |run: &RunStory| run.restored == Some(*checkpoint);
                if !history.runs.iter().flatten().any(restores) {
                    return;
                }
                "transaction-recovered"
            }
            TraceEvent::MessageDisturbed { fate, .. } => match fate {
                MessageFate::Lost => "message-lost",
                MessageFate::Delayed => "message-delayed",
                MessageFate::Repeated => "message-repeated",
            },
            TraceEvent::TaskEnded { how: EndOfTask::Finished, .. } => "tasks-finished",
            TraceEvent::TimersFired { .. } => "timers-fired",
            TraceEvent::LateDropped { .. } => "late-record",
            TraceEvent::WatermarkStatusChanged { status: WatermarkStatus::Idle, .. } => {
                "source-idle"
            }
            _ => return,
        };
        self.seen.insert(name);
    }

    fn observe_abort(&mut self, reason: AbortReason) {
        let name = match reason {
            AbortReason::Expired => "checkpoint-expired",
            AbortReason::Declined => "checkpoint-declined",
            AbortReason::AsyncFailed => "snapshot-failed",
            AbortReason::Subsumed => "checkpoint-subsumed",
            AbortReason::AlignmentLimit => "alignment-limit-exceeded",
            AbortReason::CoordinatorSuspended
            | AbortReason::NotAllTasksRunning
            | AbortReason::TooManyConcurrent
            | AbortReason::MinimumPause
            | AbortReason::JobNotRunning
            | AbortReason::TooManyRequests
            | AbortReason::Canceled
            | AbortReason::CheckpointingDisabled
            | AbortReason::TasksFinished
            | AbortReason::FinalizeFailed => return,
        };
        self.seen.insert(name);
    }
}
