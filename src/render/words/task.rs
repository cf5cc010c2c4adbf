//! What happens to a task, in words.

use super::{Line, message_name, splits_text};
use crate::job::{Attempt, ChannelId, CheckpointId, EventTime, Origin, TaskId, WatermarkStatus};
use crate::render::names::Names;
use crate::trace::{
    AckVerdict, ChannelEnd, ChannelMark, EndOfTask, Message, MessageFate, SourcePosition, StateSum,
    TaskEvent as E,
};
use std::sync::Arc;

pub(super) fn line((task, attempt): (TaskId, Attempt), event: &E, names: &Names) -> Line {
    let is_of_coordinator = matches!(event, E::AckHandled { .. } | E::SnapshotOrphaned { .. });
    let who = if is_of_coordinator { "coordinator".to_owned() } else { names.task(task) };
    Line { run: names.run_of(task), who, what: what((task, attempt), event, names) }
}

fn what((task, attempt): (TaskId, Attempt), event: &E, names: &Names) -> String {
    let from = |channel: &ChannelId| names.sender(*channel);
    let place = |origin: &Origin| names.place(*origin);
    match event {
        E::Deployed { manager } => {
            format!("deployed on task manager {}, attempt {attempt}", manager.number())
        }
        E::Initialized { restored, state, .. } => start_text(*restored, state),
        E::Running => "runs".to_owned(),
        E::DataEnded => "saw the end of its data and awaits its final checkpoint".to_owned(),
        E::OperatorFailed { why } => format!("failed: {why}"),
        E::FileMissing { file } => format!("misses shared/{file}"),
        E::Ended { how } => end_text(*how),
        E::SplitAssigned { split } => split_text(*split, names),
        E::MessageDisturbed { message, checkpoint, fate } => fate_of(*message, *checkpoint, *fate),
        E::BarrierEmitted { checkpoint } => format!("barrier {checkpoint} out"),
        E::BarrierArrived { channel, checkpoint, blocked } => {
            let then = if *blocked { ", channel blocked" } else { "" };
            format!("barrier {checkpoint} in from {}{then}", from(channel))
        }
        E::CancellationArrived { channel, checkpoint } => {
            format!("hears from {} that {checkpoint} is off", from(channel))
        }
        E::AlignmentCompleted { checkpoint, held } => {
            format!("aligned for {checkpoint}, {held} records held back")
        }
        E::AlignmentSwitched { checkpoint } => {
            format!("waits for the barriers of {checkpoint} no longer")
        }
        E::SourcePositions { checkpoint, positions } => read_text(*checkpoint, positions, names),
        E::SnapshotTaken { checkpoint, received, sent, .. } => {
            format!("snapshot {checkpoint} after {} records in, {} out", sum(received), sum(sent))
        }
        E::InFlightPersisted { checkpoint, channel, end, origins } => {
            overtaken_text(*checkpoint, origins.len(), *end, &from(channel))
        }
        E::InFlightRestored { checkpoint, channel, records, .. } => {
            format!("{records} records in flight at {checkpoint} are back, from {}", from(channel))
        }
        E::StateTooLarge { checkpoint, bytes, most } => {
            format!("snapshot {checkpoint} failed: a state has {bytes} bytes, more than {most}")
        }
        E::FileCreated { checkpoint, file, .. } => {
            format!("shared/{file} written for {checkpoint}")
        }
        E::SnapshotDurable { checkpoint } => format!("snapshot {checkpoint} durable"),
        E::AckSent { checkpoint } => format!("ack {checkpoint} sent"),
        E::AckHandled { checkpoint, verdict } => {
            format!("ack of {} for {checkpoint}{}", names.task(task), verdict_text(*verdict))
        }
        E::SnapshotOrphaned { checkpoint } => {
            format!("the snapshot of {} for {checkpoint} stays behind", names.task(task))
        }
        E::DeclineSent { checkpoint } => format!("decline {checkpoint} sent"),
        E::NotifyHandled { checkpoint } => format!("notified that {checkpoint} completed"),
        E::WatermarkEmitted { watermark } => format!("watermark {watermark}"),
        E::WatermarkStatusChanged { status } => status_text(*status),
        E::TimersFired { operator, watermark, timers, .. } => {
            timers_text(*timers, &names.operator_of(task, *operator), *watermark)
        }
        E::LateDropped { operator, timestamp, watermark, origin } => {
            let name = names.operator_of(task, *operator);
            late_text(&name, &place(origin), *timestamp, *watermark)
        }
        E::RecordRead { origin } => format!("read {}", place(origin)),
        E::RecordSent { channel, origin } => sent_text(*origin, *channel, names),
        E::RecordTaken { channel, origin } => taken_text(*origin, *channel, names),
        E::Callback { call, checkpoint, .. } => call.about(*checkpoint),
        E::ListInitialized { name, items, .. } => list_text(name, items),
    }
}

fn late_text(name: &str, place: &str, timestamp: EventTime, watermark: EventTime) -> String {
    format!("{name} gives up {place} of {timestamp}: too late at watermark {watermark}")
}

fn sent_text(origin: Origin, channel: ChannelId, names: &Names) -> String {
    format!("sent {}.{} to {}", names.place(origin), origin.child, names.receiver(channel))
}

fn taken_text(origin: Origin, channel: ChannelId, names: &Names) -> String {
    format!("took {}.{} from {}", names.place(origin), origin.child, names.sender(channel))
}

fn start_text(restored: Option<CheckpointId>, state: &[StateSum]) -> String {
    let entries: u64 = state.iter().map(|sum| sum.entries).sum();
    match restored {
        None => "initialized, empty".to_owned(),
        Some(id) => format!("initialized from snapshot {id}, {entries} entries"),
    }
}

fn split_text(split: Option<SourcePosition>, names: &Names) -> String {
    match split {
        Some(split) => format!("is given {}", splits_text(&[split], names)),
        None => "is told that no splits are left".to_owned(),
    }
}

fn sum(marks: &[ChannelMark]) -> u64 {
    marks.iter().map(|mark| mark.records).sum()
}

fn timers_text(timers: u32, operator: &str, watermark: Option<EventTime>) -> String {
    let why = watermark.map_or_else(String::new, |time| format!(" at watermark {time}"));
    let plural = if timers == 1 { "" } else { "s" };
    format!("{timers} timer{plural} of {operator} fired{why}")
}

fn list_text(name: &str, items: &[Arc<str>]) -> String {
    format!("begins with `{name}` = [{}]", items.join(", "))
}

fn end_text(how: EndOfTask) -> String {
    match how {
        EndOfTask::Finished => "finished".to_owned(),
        EndOfTask::Canceled => "was canceled".to_owned(),
        EndOfTask::Failed => "failed".to_owned(),
    }
}

fn fate_of(message: Message, checkpoint: Option<CheckpointId>, fate: MessageFate) -> String {
    let about = checkpoint.map_or_else(String::new, |id| format!(" for {id}"));
    let fate = match fate {
        MessageFate::Lost => "lost",
        MessageFate::Delayed => "delayed",
        MessageFate::Repeated => "will arrive twice",
    };
    format!("{}{about} {fate}", message_name(message))
}

const fn verdict_text(verdict: AckVerdict) -> &'static str {
    match verdict {
        AckVerdict::Accepted => "",
        AckVerdict::Duplicate => ", counted before",
        AckVerdict::Late => ", too late",
        AckVerdict::Foreign => ", from nobody who was asked",
    }
}

fn status_text(status: WatermarkStatus) -> String {
    match status {
        WatermarkStatus::Idle => "is idle: nobody waits for its watermarks".to_owned(),
        WatermarkStatus::Active => "tells watermarks again".to_owned(),
    }
}

fn overtaken_text(id: CheckpointId, count: usize, end: ChannelEnd, sender: &str) -> String {
    match end {
        ChannelEnd::Receiver => {
            format!("barrier {id} overtook {count} records from {sender}: persisted")
        }
        ChannelEnd::Sender => {
            format!("barrier {id} overtook {count} records that it had sent: persisted")
        }
    }
}

/// Where a record was read: `lines[0]#17`.
fn read_text(
    checkpoint: Option<CheckpointId>,
    positions: &[SourcePosition],
    names: &Names,
) -> String {
    let at = checkpoint.map_or_else(|| "in the end".to_owned(), |id| format!("at {id}"));
    let position = |position: &SourcePosition| {
        let input = names.input(position.input.index());
        format!("{input}[{}] to {}", position.partition, position.next)
    };
    let positions: Vec<_> = positions.iter().map(position).collect();
    let read = if positions.is_empty() { "no partition".to_owned() } else { positions.join(", ") };
    format!("read {at}: {read}")
}
