//! What happened at least once, by name: a scenario that means to show something says so, and fails if it did not.

use super::history::{History, RunStory};
use crate::job::WatermarkStatus;
use crate::trace::{
    AbortReason, EndOfTask, Entry, Fault, MessageFate, Sometimes, StorageFault, TraceEvent,
};
use std::collections::BTreeSet;

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) seen: BTreeSet<Sometimes>,
}

impl Seen {
    /// Takes in what happened. `history` knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events have no name")]
    pub(super) fn observe(&mut self, entry: &Entry, history: &History) {
        let name = match &entry.event {
            TraceEvent::BarrierArrived { blocked: true, .. } => Sometimes::ChannelBlocked,
            TraceEvent::AlignmentCompleted { held: 1.., .. } => Sometimes::HeldInFlight,
            TraceEvent::AlignmentSwitched { .. } => Sometimes::AlignmentTimedOut,
            TraceEvent::CancellationArrived { .. } => Sometimes::CancellationArrived,
            TraceEvent::InFlightPersisted { .. } => Sometimes::BarrierOvertookRecords,
            TraceEvent::InFlightRestored { .. } => Sometimes::InFlightRestored,
            TraceEvent::AttemptStarted { restored: Some(_), .. } => Sometimes::Restored,
            TraceEvent::TaskManagerLost { .. } => Sometimes::TaskManagerLost,
            TraceEvent::JobManagerLost { .. } => Sometimes::JobManagerLost,
            TraceEvent::JobTakenOver { .. } => Sometimes::JobTakenOver,
            TraceEvent::WriteDisturbed { fault, .. } => match fault {
                StorageFault::Refused => Sometimes::WriteRefused,
                StorageFault::Torn => Sometimes::WriteTorn,
                StorageFault::Lost => Sometimes::WriteLost,
                StorageFault::ReplyLost => Sometimes::WriteReplyLost,
            },
            TraceEvent::RegionRestarted { restored, .. } => {
                if restored.is_some() {
                    self.seen.insert(Sometimes::Restored);
                }
                Sometimes::RegionRestarted
            }
            TraceEvent::FaultInjected { fault } => match fault {
                Fault::TaskKilled(_) => Sometimes::TaskKilled,
                Fault::TaskManagerKilled(_) => Sometimes::TaskManagerKilled,
                Fault::JobManagerKilled => Sometimes::JobManagerKilled,
                Fault::TaskManagerCutOff(_) => Sometimes::TaskManagerCutOff,
                Fault::TaskManagerBack(_) => return,
                Fault::TaskBlocked(_) => Sometimes::TaskBlocked,
                Fault::TaskUnblocked(_) => return,
            },
            TraceEvent::CheckpointAborted { reason, .. } => {
                self.observe_abort(*reason);
                Sometimes::CheckpointAborted
            }
            TraceEvent::CheckpointSubsumed { .. } => Sometimes::CheckpointSubsumed,
            TraceEvent::DeclineSent { .. } => Sometimes::CheckpointDeclined,
            TraceEvent::JobStopping { drain: true, .. } => Sometimes::JobDrained,
            TraceEvent::JobStopping { drain: false, .. } => Sometimes::JobStopped,
            TraceEvent::OperatorFailed { .. } => Sometimes::OperatorFailed,
            TraceEvent::SavepointStored { .. } => Sometimes::SavepointStored,
            TraceEvent::FileDeleted { .. } => Sometimes::SharedFileDeleted,
            TraceEvent::SnapshotOrphaned { .. } => Sometimes::SnapshotOrphaned,
            TraceEvent::FileMissing { .. } => Sometimes::SharedFileMissing,
            TraceEvent::StateTooLarge { .. } => Sometimes::StateTooLarge,
            TraceEvent::TransactionAborted { .. } => Sometimes::TransactionAborted,
            TraceEvent::TransactionCommitted { checkpoint, .. } => {
                // A notification of the restored checkpoint went to an attempt that is no more.
                let restores = |run: &RunStory| run.restored == Some(*checkpoint);
                if !history.runs.iter().flatten().any(restores) {
                    return;
                }
                Sometimes::TransactionRecovered
            }
            TraceEvent::MessageDisturbed { fate, .. } => match fate {
                MessageFate::Lost => Sometimes::MessageLost,
                MessageFate::Delayed => Sometimes::MessageDelayed,
                MessageFate::Repeated => Sometimes::MessageRepeated,
            },
            TraceEvent::TaskEnded { how: EndOfTask::Finished, .. } => Sometimes::TasksFinished,
            TraceEvent::TimersFired { .. } => Sometimes::TimersFired,
            TraceEvent::LateDropped { .. } => Sometimes::LateRecord,
            TraceEvent::WatermarkStatusChanged { status: WatermarkStatus::Idle, .. } => {
                Sometimes::SourceIdle
            }
            _ => return,
        };
        self.seen.insert(name);
    }

    fn observe_abort(&mut self, reason: AbortReason) {
        let name = match reason {
            AbortReason::Expired => Sometimes::CheckpointExpired,
            AbortReason::Declined => Sometimes::CheckpointDeclined,
            AbortReason::AsyncFailed => Sometimes::SnapshotFailed,
            AbortReason::Subsumed => Sometimes::CheckpointSubsumed,
            AbortReason::AlignmentLimit => Sometimes::AlignmentLimitExceeded,
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
