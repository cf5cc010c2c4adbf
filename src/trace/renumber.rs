//! Events of tasks under other numbers: a world may keep what is left of an old attempt elsewhere than the trace knows it.

use super::{ChannelMark, Fault, TraceEvent};
use crate::job::{ChannelId, TaskId};
use std::sync::Arc;

impl TraceEvent {
    /// The event as it is told: with other ids of its task and of its channels.
    #[expect(clippy::too_many_lines, reason = "each event says whether it has such ids")]
    pub fn renumber(
        &mut self,
        number: impl Fn(TaskId) -> TaskId,
        channel_number: impl Fn(ChannelId) -> ChannelId,
    ) {
        match self {
            Self::BarrierArrived { task, channel, .. }
            | Self::InFlightPersisted { task, channel, .. }
            | Self::InFlightRestored { task, channel, .. }
            | Self::CancellationArrived { task, channel, .. }
            | Self::RecordTaken { task, channel, .. } => {
                *task = number(*task);
                *channel = channel_number(*channel);
            }
            Self::SnapshotTaken { task, received, sent, .. } => {
                *task = number(*task);
                for marks in [received, sent] {
                    let renumbered = |mark: &ChannelMark| ChannelMark {
                        channel: channel_number(mark.channel),
                        ..*mark
                    };
                    *marks = marks.iter().map(renumbered).collect::<Arc<[ChannelMark]>>();
                }
            }
            Self::FaultInjected {
                fault:
                    Fault::TaskBlocked(task) | Fault::TaskUnblocked(task) | Fault::TaskKilled(task),
            }
            | Self::WriteDisturbed { task: Some(task), .. }
            | Self::TaskDeployed { task, .. }
            | Self::TaskInitialized { task, .. }
            | Self::TaskRunning { task, .. }
            | Self::DataEnded { task, .. }
            | Self::OperatorFailed { task, .. }
            | Self::TaskEnded { task, .. }
            | Self::BarrierEmitted { task, .. }
            | Self::AlignmentCompleted { task, .. }
            | Self::AlignmentSwitched { task, .. }
            | Self::SourcePositions { task, .. }
            | Self::SnapshotDurable { task, .. }
            | Self::AckSent { task, .. }
            | Self::AckHandled { task, .. }
            | Self::DeclineSent { task, .. }
            | Self::NotifyHandled { task, .. }
            | Self::TransactionBegun { task, .. }
            | Self::MessageDisturbed { task, .. }
            | Self::RecordRead { task, .. }
            | Self::Callback { task, .. }
            | Self::ListInitialized { task, .. }
            | Self::SplitAssigned { task, .. }
            | Self::WatermarkEmitted { task, .. }
            | Self::WatermarkStatusChanged { task, .. }
            | Self::TimersFired { task, .. }
            | Self::LateDropped { task, .. }
            | Self::SnapshotOrphaned { task, .. }
            | Self::StateTooLarge { task, .. }
            | Self::FileCreated { task, .. }
            | Self::FileMissing { task, .. } => *task = number(*task),
            Self::FaultInjected {
                fault:
                    Fault::TaskManagerKilled(_)
                    | Fault::JobManagerKilled
                    | Fault::TaskManagerCutOff(_)
                    | Fault::TaskManagerBack(_),
            }
            | Self::WriteDisturbed { task: None, .. }
            | Self::TaskManagerLost { .. }
            | Self::JobManagerLost { .. }
            | Self::JobSubmitted { .. }
            | Self::JobRefused { .. }
            | Self::JobStatusChanged { .. }
            | Self::JobStopping { .. }
            | Self::JobTakenOver { .. }
            | Self::RestoreMapped { .. }
            | Self::AttemptStarted { .. }
            | Self::RegionRestarted { .. }
            | Self::CheckpointTriggered { .. }
            | Self::TriggerRefused { .. }
            | Self::MetadataWritten { .. }
            | Self::PointerStored { .. }
            | Self::CheckpointCompleted { .. }
            | Self::CheckpointAborted { .. }
            | Self::CheckpointSubsumed { .. }
            | Self::CheckpointDiscarded { .. }
            | Self::SavepointStored { .. }
            | Self::EnumeratorTaken { .. }
            | Self::FilesReferred { .. }
            | Self::FileDeleted { .. }
            | Self::TransactionPrepared { .. }
            | Self::TransactionCommitted { .. }
            | Self::TransactionAborted { .. }
            | Self::StepTaken { .. }
            | Self::StepRefused { .. } => {}
        }
    }
}
