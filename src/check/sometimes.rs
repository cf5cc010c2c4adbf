//! What happened at least once, by name: a scenario that means to show something says so, and fails if it did not.

use super::history::{History, RunStory};
use crate::job::WatermarkStatus;
use crate::trace::{
    AbortReason, CheckpointEvent, EndOfTask, Entry, Fault, JobEvent, MessageFate, Sometimes,
    StorageFault, TaskEvent, TraceEvent, TransactionEvent, WorldEvent,
};
use std::collections::BTreeSet;

/// Takes in what happened. `history` knows it already.
pub(super) fn observe(entry: &Entry, history: &History, seen: &mut BTreeSet<Sometimes>) {
    let names = match &entry.event {
        TraceEvent::Job(_, event) => of_job(event),
        TraceEvent::Checkpoint(.., event) => of_checkpoint(event),
        TraceEvent::Task(.., event) => [of_task(event), None],
        TraceEvent::Transaction { event, .. } => [of_transaction(event, history), None],
        TraceEvent::World(event) => [of_world(event), None],
    };
    seen.extend(names.into_iter().flatten());
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other events have no name")]
fn of_job(event: &JobEvent) -> [Option<Sometimes>; 2] {
    match event {
        JobEvent::AttemptStarted { restored, .. } => [restored.map(|_| Sometimes::Restored), None],
        JobEvent::RegionRestarted { restored, .. } => {
            [Some(Sometimes::RegionRestarted), restored.map(|_| Sometimes::Restored)]
        }
        JobEvent::TakenOver { .. } => [Some(Sometimes::JobTakenOver), None],
        JobEvent::FileDeleted { .. } => [Some(Sometimes::SharedFileDeleted), None],
        _ => [None; 2],
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other events have no name")]
fn of_checkpoint(event: &CheckpointEvent) -> [Option<Sometimes>; 2] {
    let name = match event {
        CheckpointEvent::Aborted { reason, .. } => {
            return [Some(Sometimes::CheckpointAborted), of_abort(*reason)];
        }
        CheckpointEvent::WriteDisturbed { fault: StorageFault::Refused, .. } => {
            Sometimes::WriteRefused
        }
        CheckpointEvent::WriteDisturbed { fault: StorageFault::Torn, .. } => Sometimes::WriteTorn,
        CheckpointEvent::WriteDisturbed { fault: StorageFault::Lost, .. } => Sometimes::WriteLost,
        CheckpointEvent::WriteDisturbed { fault: StorageFault::ReplyLost, .. } => {
            Sometimes::WriteReplyLost
        }
        CheckpointEvent::Subsumed => Sometimes::CheckpointSubsumed,
        CheckpointEvent::Stopping { drain: true } => Sometimes::JobDrained,
        CheckpointEvent::Stopping { drain: false } => Sometimes::JobStopped,
        CheckpointEvent::SavepointStored { .. } => Sometimes::SavepointStored,
        _ => return [None; 2],
    };
    [Some(name), None]
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other events have no name")]
const fn of_task(event: &TaskEvent) -> Option<Sometimes> {
    Some(match event {
        TaskEvent::BarrierArrived { blocked: true, .. } => Sometimes::ChannelBlocked,
        TaskEvent::AlignmentCompleted { held: 1.., .. } => Sometimes::HeldInFlight,
        TaskEvent::AlignmentSwitched { .. } => Sometimes::AlignmentTimedOut,
        TaskEvent::CancellationArrived { .. } => Sometimes::CancellationArrived,
        TaskEvent::InFlightPersisted { .. } => Sometimes::BarrierOvertookRecords,
        TaskEvent::InFlightRestored { .. } => Sometimes::InFlightRestored,
        TaskEvent::DeclineSent { .. } => Sometimes::CheckpointDeclined,
        TaskEvent::OperatorFailed { .. } => Sometimes::OperatorFailed,
        TaskEvent::SnapshotOrphaned { .. } => Sometimes::SnapshotOrphaned,
        TaskEvent::FileMissing { .. } => Sometimes::SharedFileMissing,
        TaskEvent::StateTooLarge { .. } => Sometimes::StateTooLarge,
        TaskEvent::MessageDisturbed { fate: MessageFate::Lost, .. } => Sometimes::MessageLost,
        TaskEvent::MessageDisturbed { fate: MessageFate::Delayed, .. } => Sometimes::MessageDelayed,
        TaskEvent::MessageDisturbed { fate: MessageFate::Repeated, .. } => {
            Sometimes::MessageRepeated
        }
        TaskEvent::Ended { how: EndOfTask::Finished } => Sometimes::TasksFinished,
        TaskEvent::TimersFired { .. } => Sometimes::TimersFired,
        TaskEvent::LateDropped { .. } => Sometimes::LateRecord,
        TaskEvent::WatermarkStatusChanged { status: WatermarkStatus::Idle } => {
            Sometimes::SourceIdle
        }
        _ => return None,
    })
}

fn of_transaction(event: &TransactionEvent, history: &History) -> Option<Sometimes> {
    match event {
        TransactionEvent::Aborted => Some(Sometimes::TransactionAborted),
        TransactionEvent::Committed { checkpoint, .. } => {
            // A notification of the restored checkpoint went to an attempt that is no more.
            let restores = |run: &RunStory| run.restored == Some(*checkpoint);
            let is_recovered = history.runs.iter().flatten().any(restores);
            is_recovered.then_some(Sometimes::TransactionRecovered)
        }
        TransactionEvent::Begun | TransactionEvent::Prepared { .. } => None,
    }
}

const fn of_world(event: &WorldEvent) -> Option<Sometimes> {
    match event {
        WorldEvent::TaskManagerLost { .. } => Some(Sometimes::TaskManagerLost),
        WorldEvent::JobManagerLost { .. } => Some(Sometimes::JobManagerLost),
        WorldEvent::FaultInjected { fault } => match fault {
            Fault::TaskKilled(_) => Some(Sometimes::TaskKilled),
            Fault::TaskManagerKilled(_) => Some(Sometimes::TaskManagerKilled),
            Fault::JobManagerKilled => Some(Sometimes::JobManagerKilled),
            Fault::TaskManagerCutOff(_) => Some(Sometimes::TaskManagerCutOff),
            Fault::TaskBlocked(_) => Some(Sometimes::TaskBlocked),
            Fault::TaskManagerBack(_) | Fault::TaskUnblocked(_) => None,
        },
        WorldEvent::StepTaken { .. } | WorldEvent::StepRefused { .. } => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other reasons have no name")]
const fn of_abort(reason: AbortReason) -> Option<Sometimes> {
    match reason {
        AbortReason::Expired => Some(Sometimes::CheckpointExpired),
        AbortReason::Declined | AbortReason::SyncFailed => Some(Sometimes::CheckpointDeclined),
        AbortReason::AsyncFailed => Some(Sometimes::SnapshotFailed),
        AbortReason::Subsumed => Some(Sometimes::CheckpointSubsumed),
        AbortReason::AlignmentLimit => Some(Sometimes::AlignmentLimitExceeded),
        _ => None,
    }
}
