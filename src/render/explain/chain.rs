//! What led to an entry.

use super::Told;
use crate::job::{CheckpointId, RunId, TaskId};
use crate::render::broken::Broken;
use crate::trace::{CheckpointEvent, Entry, EntryNumber, TaskEvent, Trace, TraceEvent};
use std::collections::BTreeSet;

/// How many entries are told of a chain, its end first.
const CHAIN_MAX: usize = 60;

/// The entry, and each that made the one behind it happen, from the first on.
pub fn chain_of(trace: &Trace, last: EntryNumber) -> Vec<&Entry> {
    let mut chain: Vec<&Entry> = Vec::new();
    let mut next = trace.get(last);
    while let Some(entry) = next {
        chain.push(entry);
        next = entry.cause.and_then(|cause| trace.get(cause));
    }
    chain.reverse();
    chain
}

/// What is wrong, what it is about, and what led to it, in order: the chain of causes behind the entry at which it was noticed,
/// and behind those that the check speaks of.
pub fn violation(told: &Told<'_>, broken: &Broken) -> String {
    let mut text =
        format!("{} is broken at event {}: {}\n", broken.check, broken.entry, broken.text);
    text.push_str(&format!("what always holds: {}\n", broken.promise));
    let about = about(told, broken);
    if !about.is_empty() {
        text.push_str(&format!("it is about {}\n", about.join(", ")));
    }
    let noticed = EntryNumber::of(broken.entry);
    let (led, spoken_of) = (led_to(told, broken), spoken_of(told.trace, broken));
    text.push_str("\nwhat led to it; `!` is where it was noticed, `*` what the check speaks of\n");
    let left_out = led.len().saturating_sub(CHAIN_MAX);
    if left_out > 0 {
        text.push_str(&format!("  … {left_out} entries before these\n"));
    }
    for number in led.iter().skip(left_out) {
        let Some(entry) = told.trace.get(*number) else { continue };
        let mark = match () {
            () if *number == noticed => '!',
            () if spoken_of.contains(number) => '*',
            () => ' ',
        };
        text.push_str(&told.line(entry, mark));
    }
    text
}

/// All entries, those of records left out: `!` marks where it was noticed, `*` what led to it, and `<-` names the cause of each.
pub fn marked_timeline(told: &Told<'_>, broken: Option<&Broken>) -> String {
    let noticed = broken.map(|broken| EntryNumber::of(broken.entry));
    let led = broken.map(|broken| led_to(told, broken)).unwrap_or_default();
    let mut text = String::new();
    for entry in told.trace.entries.iter().filter(|entry| !entry.event.is_of_record()) {
        let mark = match () {
            () if Some(entry.number) == noticed => '!',
            () if led.contains(&entry.number) => '*',
            () => ' ',
        };
        let line = told.line(entry, mark);
        let cause = entry.cause.map_or_else(String::new, |cause| format!("  <- {cause}"));
        text.push_str(&format!("{}{cause}\n", line.trim_end()));
    }
    text
}

/// What led to a violation, as far as the trace tells.
fn led_to(told: &Told<'_>, broken: &Broken) -> BTreeSet<EntryNumber> {
    let ends = spoken_of(told.trace, broken).into_iter().chain([EntryNumber::of(broken.entry)]);
    ends.flat_map(|end| chain_of(told.trace, end)).map(|entry| entry.number).collect()
}

/// What a violation is about, in words.
fn about(told: &Told<'_>, broken: &Broken) -> Vec<String> {
    let mut about = Vec::new();
    about.extend(broken.checkpoint.map(|checkpoint| format!("checkpoint {checkpoint}")));
    about.extend(broken.channel.map(|channel| {
        format!(
            "the channel from {} to {}",
            told.names.sender(channel),
            told.names.receiver(channel)
        )
    }));
    about.extend(broken.transaction.map(|transaction| format!("transaction {transaction}")));
    about.extend(broken.tasks.iter().map(|task| told.names.task(*task)));
    about.extend(broken.origins.iter().take(3).map(|origin| told.names.place(*origin)));
    about
}

/// The entries that a check speaks of: what became of its checkpoint, of its transaction, on its channel, at its tasks, and the
/// restarts that read its records again.
fn spoken_of(trace: &Trace, broken: &Broken) -> BTreeSet<EntryNumber> {
    let run = trace.entry(broken.entry).and_then(|entry| trace.run_of(&entry.event));
    let before = |entry: &&Entry| entry.number.entry <= broken.entry;
    let entries = trace.entries.iter().filter(before);
    let spoken_of = entries.clone().filter(|entry| speaks_of(trace, broken, run, entry));
    // And the last restore before it.
    let is_restore = |entry: &&Entry| {
        let TraceEvent::Checkpoint(of, _, CheckpointEvent::RestoreMapped { .. }) = entry.event
        else {
            return false;
        };
        run.is_none() || Some(of) == run
    };
    let restored = entries.rev().find(is_restore);
    spoken_of.chain(restored).map(|entry| entry.number).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no check speaks of the other entries")]
fn speaks_of(trace: &Trace, broken: &Broken, run: Option<RunId>, entry: &Entry) -> bool {
    let is_here = |task: TaskId| {
        let own = trace.layouts.of_task(task).map(|layout| layout.run);
        run.is_none() || own == run || broken.tasks.contains(&task)
    };
    let is_it = |checkpoint: &CheckpointId| Some(*checkpoint) == broken.checkpoint;
    match &entry.event {
        TraceEvent::Checkpoint(of, checkpoint, event) => {
            let is_told = matches!(
                event,
                CheckpointEvent::Triggered { .. }
                    | CheckpointEvent::Completed { .. }
                    | CheckpointEvent::Aborted { .. }
                    | CheckpointEvent::Subsumed
                    | CheckpointEvent::RestoreMapped { .. }
            );
            is_told && is_it(checkpoint) && (run.is_none() || Some(*of) == run)
        }
        TraceEvent::Transaction { transaction, .. } => Some(*transaction) == broken.transaction,
        TraceEvent::Task(task, _, event) if is_here(*task) => match event {
            TaskEvent::BarrierArrived { channel, checkpoint, .. } => {
                is_it(checkpoint)
                    && (Some(*channel) == broken.channel || broken.tasks.contains(task))
            }
            TaskEvent::SnapshotTaken { checkpoint, .. }
            | TaskEvent::SnapshotDurable { checkpoint }
            | TaskEvent::AckSent { checkpoint }
            | TaskEvent::AckHandled { checkpoint, .. } => {
                is_it(checkpoint) && (broken.tasks.is_empty() || broken.tasks.contains(task))
            }
            TaskEvent::InFlightPersisted { channel, checkpoint, .. }
            | TaskEvent::InFlightRestored { channel, checkpoint, .. } => {
                is_it(checkpoint) && broken.channel.is_none_or(|of| of == *channel)
            }
            TaskEvent::Initialized { restored, .. } => {
                let is_named = broken.tasks.is_empty() || broken.tasks.contains(task);
                restored.is_some() && *restored == broken.checkpoint && is_named
            }
            TaskEvent::RecordRead { origin } => broken.origins.first() == Some(origin),
            _ => false,
        },
        TraceEvent::Task(..) | TraceEvent::Job(..) | TraceEvent::World(_) => false,
    }
}
