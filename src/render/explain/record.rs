//! The biography of a record: every subtask that read or took it, what became durable with it, and which rows stem from it.

use super::Told;
use crate::effect::Row;
use crate::job::{Attempt, CheckpointId, Layouts, Origin, RunId, TaskId};
use crate::trace::{CheckpointEvent, Entry, EntryNumber, JobEvent, TaskEvent, Trace, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};

/// What became of an entry of an input, attempt by attempt; then where its rows are, and whether they are there as often as it
/// was read for good.
pub fn record(told: &Told<'_>, origin: Origin) -> String {
    let life = Life::of(told.trace, origin);
    let mut text = format!("{}\n", told.names.place(origin));
    if life.entries.is_empty() {
        text.push_str("no source has read it\n");
        return text;
    }
    for entry in &life.entries {
        let mark = if life.replays.contains(&entry.number) { '*' } else { ' ' };
        text.push_str(&told.line(entry, mark));
    }
    text.push_str(&life.snapshots(told));
    text.push('\n');
    text.push_str(&visible(told, origin));
    let reads = life.reads();
    if reads > 1 {
        text.push_str(&format!(
            "it was read {reads} times: `*` marks what began to read it again, and from which snapshot\n"
        ));
    }
    text
}

/// What happened to a record and its descendants.
struct Life<'t> {
    entries: Vec<&'t Entry>,
    /// The restarts and restores because of which it was read again.
    replays: BTreeSet<EntryNumber>,
    /// By run and attempt of the source that read it: the checkpoints that completed behind it, oldest first.
    behind: BTreeMap<(RunId, Attempt), Vec<CheckpointId>>,
}

impl<'t> Life<'t> {
    fn of(trace: &'t Trace, origin: Origin) -> Self {
        let mut life =
            Self { entries: Vec::new(), replays: BTreeSet::new(), behind: BTreeMap::new() };
        let mut beginnings: BTreeMap<RunId, &Entry> = BTreeMap::new();
        let mut positions: BTreeMap<(RunId, CheckpointId), bool> = BTreeMap::new();
        let mut attempt = BTreeMap::new();
        for entry in &trace.entries {
            match &entry.event {
                TraceEvent::Job(
                    run,
                    JobEvent::AttemptStarted { attempt: of, .. }
                    | JobEvent::RegionRestarted { attempt: of, .. },
                ) => {
                    beginnings.insert(*run, entry);
                    attempt.insert(*run, *of);
                }
                TraceEvent::Task(task, _, event) => {
                    life.on_task(*task, event, entry, origin, &mut beginnings, &trace.layouts);
                    note_position(*task, event, origin, &mut positions, &trace.layouts);
                }
                TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { .. }) => {
                    let covers = positions.get(&(*run, *checkpoint)).copied().unwrap_or(false);
                    let now = attempt.get(run).copied().unwrap_or(Attempt::new(0));
                    if covers {
                        life.behind.entry((*run, now)).or_default().push(*checkpoint);
                    }
                }
                TraceEvent::Job(..)
                | TraceEvent::Checkpoint(..)
                | TraceEvent::Transaction { .. }
                | TraceEvent::World(_) => {}
            }
        }
        life
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is of one record")]
    fn on_task(
        &mut self,
        task: TaskId,
        event: &TaskEvent,
        entry: &'t Entry,
        origin: Origin,
        beginnings: &mut BTreeMap<RunId, &'t Entry>,
        layouts: &Layouts,
    ) {
        let is_it = |other: &Origin| Origin { child: 0, ..*other } == origin;
        let is_told = match event {
            TaskEvent::RecordRead { origin } => {
                let run = layouts.of_task(task).map(|layout| layout.run).filter(|_| is_it(origin));
                // What began this attempt belongs to its life.
                if let Some(began) = run.and_then(|run| beginnings.remove(&run)) {
                    let is_again = self.reads() > 0;
                    self.entries.push(began);
                    self.replays.extend(is_again.then_some(began.number));
                }
                is_it(origin)
            }
            TaskEvent::RecordSent { origin, .. }
            | TaskEvent::RecordTaken { origin, .. }
            | TaskEvent::LateDropped { origin, .. } => is_it(origin),
            TaskEvent::InFlightPersisted { origins, .. }
            | TaskEvent::InFlightRestored { origins, .. } => origins.iter().any(is_it),
            _ => false,
        };
        if is_told {
            self.entries.push(entry);
        }
    }

    /// How often a source read it.
    fn reads(&self) -> usize {
        let is_read = |entry: &&&Entry| {
            matches!(entry.event, TraceEvent::Task(.., TaskEvent::RecordRead { .. }))
        };
        self.entries.iter().filter(is_read).count()
    }

    /// The first snapshot of each attempt in which it is behind the source.
    fn snapshots(&self, told: &Told<'_>) -> String {
        let first = self.behind.iter().filter_map(|(of, all)| Some((of, all.first()?)));
        let line = |((run, attempt), checkpoint): (&(RunId, Attempt), _)| {
            let run = told.names.run(*run);
            format!("behind {run} from checkpoint {checkpoint} on, in attempt {attempt}\n")
        };
        first.map(line).collect()
    }
}

/// Notes whether the sources of a run had read it at a checkpoint.
fn note_position(
    task: TaskId,
    event: &TaskEvent,
    origin: Origin,
    positions: &mut BTreeMap<(RunId, CheckpointId), bool>,
    layouts: &Layouts,
) {
    let TaskEvent::SourcePositions { checkpoint: Some(checkpoint), positions: told } = event else {
        return;
    };
    let Some(run) = layouts.of_task(task).map(|layout| layout.run) else { return };
    let here = told.iter().find(|position| {
        position.input.index() == usize::from(origin.input)
            && position.partition == origin.partition
    });
    if let Some(position) = here {
        let known = positions.entry((run, *checkpoint)).or_default();
        *known |= position.next > origin.offset;
    }
}

/// The rows that stem from it, sink by sink, with the transactions that brought them.
fn visible(told: &Told<'_>, origin: Origin) -> String {
    let is_it = |other: &Origin| Origin { child: 0, ..*other } == origin;
    let mut text = String::new();
    for external in told.externals {
        let committed: Vec<_> =
            (0..).zip(external.committed.iter()).filter(|(_, row)| is_it(&row.origin)).collect();
        let upserts = external.table.values().filter(|row| is_it(&row.origin)).count();
        let waiting = external
            .open
            .values()
            .map(|rows| rows.iter())
            .chain(external.prepared.values().map(|(_, rows)| rows.iter()))
            .flatten()
            .filter(|row| is_it(&row.origin))
            .count();
        if committed.len() + upserts + waiting == 0 {
            text.push_str(&format!("{}: no row stems from it\n", external.name));
            continue;
        }
        for (place, row) in &committed {
            let by = super::rows::transaction_of(external, *place)
                .map_or_else(String::new, |id| format!(", by transaction {id}"));
            text.push_str(&format!("{}: row {place} is {}{by}\n", external.name, row.value));
        }
        if upserts > 0 {
            text.push_str(&format!(
                "{}: {upserts} rows of the table stem from it\n",
                external.name
            ));
        }
        if waiting > 0 {
            text.push_str(&format!("{}: {waiting} rows are not committed\n", external.name));
        }
        if has_twice(&committed) {
            text.push_str(&format!(
                "{}: it is there more than once, by different transactions\n",
                external.name
            ));
        }
    }
    text
}

/// Whether two rows stem from the same descendant of a record.
fn has_twice(rows: &[(usize, &Row)]) -> bool {
    let origins: BTreeSet<Origin> = rows.iter().map(|(_, row)| row.origin).collect();
    origins.len() < rows.len()
}
