//! The story of a checkpoint: what each task did for it, and who was last.

use super::{Told, chain_of};
use crate::job::{CheckpointId, RunId, TaskId};
use crate::kernel::SimTime;
use crate::trace::{AckVerdict, CheckpointEvent, Entry, TaskEvent, TraceEvent};
use std::collections::BTreeMap;

/// When a task did what for a checkpoint.
#[derive(Clone, Copy, Default)]
struct Part {
    first_barrier: Option<SimTime>,
    last_barrier: Option<SimTime>,
    taken: Option<SimTime>,
    durable: Option<SimTime>,
    acked: Option<SimTime>,
    notified: Option<SimTime>,
}

/// The checkpoints of this number, run by run: a row for each task, the chain of causes behind the end of it, and all entries of
/// it. None if no run took one.
pub fn checkpoint(told: &Told<'_>, id: CheckpointId) -> Option<String> {
    let mut text = String::new();
    for layout in told.trace.layouts.iter() {
        let entries: Vec<&Entry> = of_checkpoint(told, layout.run, id);
        let ours = |entry: &&&Entry| {
            matches!(entry.event, TraceEvent::Checkpoint(_, _, CheckpointEvent::Triggered { .. }))
        };
        let Some(triggered) = entries.iter().find(ours).copied() else { continue };
        let end = entries.iter().rev().copied().find(|entry| is_end(entry));
        text.push_str(&headline(told, layout.run, id, triggered, end));
        text.push_str(&table(told, &entries, triggered.at));
        if let Some(end) = end {
            text.push_str(
                "\nthe critical path: each entry could not happen before the one above it\n",
            );
            let path = chain_of(told.trace, end.number);
            let from = path.iter().rposition(|entry| entry.number == triggered.number);
            text.push_str(&told.lines(path.into_iter().skip(from.unwrap_or(0))));
        }
        text.push_str("\nall that happened for it\n");
        text.push_str(&told.lines(entries));
    }
    (!text.is_empty()).then_some(text)
}

const fn is_end(entry: &Entry) -> bool {
    matches!(
        entry.event,
        TraceEvent::Checkpoint(
            _,
            _,
            CheckpointEvent::Completed { .. } | CheckpointEvent::Aborted { .. }
        )
    )
}

fn headline(
    told: &Told<'_>,
    run: RunId,
    id: CheckpointId,
    triggered: &Entry,
    end: Option<&Entry>,
) -> String {
    let run = told.names.run(run);
    let from = triggered.at.in_millis();
    let how = match end.map(|entry| (&entry.event, entry.at.since(triggered.at).in_millis())) {
        Some((TraceEvent::Checkpoint(_, _, CheckpointEvent::Completed { .. }), took)) => {
            format!("completed after {took}")
        }
        Some((TraceEvent::Checkpoint(_, _, CheckpointEvent::Aborted { reason, .. }), took)) => {
            format!("aborted after {took}: {reason}")
        }
        Some(_) | None => "never came to its end".to_owned(),
    };
    format!("checkpoint {id} of {run}, triggered at {from}, {how}\n")
}

/// A row for each task: from the trigger to its first barrier, how long it aligned, how long its snapshot took to be durable,
/// when its ack was counted, when it was notified. The one whose ack came last is marked.
fn table(told: &Told<'_>, entries: &[&Entry], triggered: SimTime) -> String {
    let mut parts: BTreeMap<TaskId, Part> = BTreeMap::new();
    for entry in entries {
        if let TraceEvent::Task(task, _, event) = &entry.event {
            note(parts.entry(*task).or_default(), event, entry.at);
        }
    }
    let last = parts.values().filter_map(|part| part.acked).max();
    let name_of = |task: &TaskId| told.names.task(*task);
    let width = parts.keys().map(|task| name_of(task).chars().count()).max().unwrap_or(4);
    let span = |from: Option<SimTime>, to: Option<SimTime>| match (from, to) {
        (Some(from), Some(to)) => to.since(from).in_millis(),
        _ => "-".to_owned(),
    };
    let since = |at: Option<SimTime>| span(Some(triggered), at);
    let mut text = format!(
        "  {:width$} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n",
        "task", "barrier", "aligned", "snapshot", "written", "acked", "notified"
    );
    for (task, part) in &parts {
        let mark = if part.acked.is_some() && part.acked == last { '*' } else { ' ' };
        text.push_str(&format!(
            "{mark} {:width$} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n",
            name_of(task),
            since(part.first_barrier),
            span(part.first_barrier, part.last_barrier),
            since(part.taken),
            span(part.taken, part.durable),
            since(part.acked),
            since(part.notified),
        ));
    }
    text.push_str(
        "  since the trigger; `aligned` and `written` are how long that took; `*` acked last\n",
    );
    text
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other events are no part of the table")]
fn note(part: &mut Part, event: &TaskEvent, at: SimTime) {
    match event {
        TaskEvent::BarrierArrived { .. } => {
            part.first_barrier = part.first_barrier.or(Some(at));
            part.last_barrier = Some(at);
        }
        TaskEvent::SnapshotTaken { .. } => part.taken = Some(at),
        TaskEvent::SnapshotDurable { .. } => part.durable = Some(at),
        TaskEvent::AckHandled { verdict: AckVerdict::Accepted, .. } => part.acked = Some(at),
        TaskEvent::NotifyHandled { .. } => part.notified = Some(at),
        _ => {}
    }
}

/// What happened for a checkpoint of a run, with the transactions that were prepared or committed for it.
fn of_checkpoint<'t>(told: &Told<'t>, run: RunId, id: CheckpointId) -> Vec<&'t Entry> {
    let is_here =
        |task: TaskId| told.trace.layouts.of_task(task).is_some_and(|layout| layout.run == run);
    let is_of = |entry: &&Entry| match &entry.event {
        TraceEvent::Checkpoint(of, checkpoint, event) => {
            (*of, *checkpoint) == (run, id)
                && !matches!(event, CheckpointEvent::RestoreMapped { .. })
        }
        TraceEvent::Task(task, _, event) => event.checkpoint() == Some(id) && is_here(*task),
        TraceEvent::Transaction { task, event, .. } => {
            event.checkpoint() == Some(id) && is_here(*task)
        }
        TraceEvent::Job(..) | TraceEvent::World(_) => false,
    };
    told.trace.entries.iter().filter(|entry| !entry.event.is_of_record()).filter(is_of).collect()
}
