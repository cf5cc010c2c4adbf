//! The lives of tasks: deployed, running, over, and gone on with though they are over.

use super::build::Builder;
use super::{Point, PointKind, Span, SpanKind};
use crate::job::{Attempt, CheckpointId, TaskId};
use crate::trace::{EndOfTask, Entry, EntryNumber, TaskEvent};
use std::collections::BTreeMap;

/// A moment and the entry that tells of it.
type Moment = (u64, EntryNumber);

/// What is remembered of tasks on the way.
#[derive(Default)]
pub(super) struct Tasks {
    lives: BTreeMap<(TaskId, Attempt), Life>,
    newest: BTreeMap<TaskId, Attempt>,
}

/// An attempt of a task that is not over.
#[derive(Clone, Copy)]
struct Life {
    deployed: Moment,
    running: Option<Moment>,
    /// When a newer attempt took its place.
    replaced: Option<Moment>,
}

impl Builder<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a task is not drawn")]
    pub(super) fn on_task(
        &mut self,
        entry: &Entry,
        (task, attempt): (TaskId, Attempt),
        event: &TaskEvent,
    ) {
        let now = (entry.at.nanos(), entry.number);
        match event {
            TaskEvent::Deployed { .. } => self.deployed((task, attempt), now),
            TaskEvent::Running => {
                if let Some(life) = self.tasks.lives.get_mut(&(task, attempt)) {
                    life.running = Some(now);
                }
            }
            TaskEvent::Initialized { restored: Some(id), .. } => self.restored(task, *id, now),
            TaskEvent::Ended { how } => {
                self.end_shares(task, attempt, now);
                self.ended((task, attempt), now, Some(*how));
            }
            TaskEvent::BarrierEmitted { checkpoint }
            | TaskEvent::BarrierArrived { checkpoint, .. }
            | TaskEvent::CancellationArrived { checkpoint, .. }
            | TaskEvent::AlignmentCompleted { checkpoint, .. }
            | TaskEvent::AlignmentSwitched { checkpoint }
            | TaskEvent::SnapshotDurable { checkpoint }
            | TaskEvent::AckSent { checkpoint }
            | TaskEvent::AckHandled { checkpoint, .. }
            | TaskEvent::NotifyHandled { checkpoint } => {
                self.on_share(entry, (task, attempt, *checkpoint), event);
            }
            TaskEvent::SnapshotTaken { checkpoint, received, sent, .. } => {
                self.on_share(entry, (task, attempt, *checkpoint), event);
                self.marks(attempt, *checkpoint, received, sent);
            }
            TaskEvent::InFlightPersisted { checkpoint, channel, end, origins } => {
                self.saved(entry, (task, *checkpoint), (*channel, *end), origins);
            }
            TaskEvent::InFlightRestored { checkpoint, channel, records, .. } => {
                self.put_back(entry, (task, *checkpoint), *channel, *records);
            }
            TaskEvent::RecordRead { .. } => self.record_read(entry, task),
            TaskEvent::RecordTaken { channel, .. } => {
                self.record_taken(entry, (task, attempt), *channel);
            }
            _ => {}
        }
    }

    fn deployed(&mut self, (task, attempt): (TaskId, Attempt), now: Moment) {
        if let Some(older) = self.tasks.newest.insert(task, attempt)
            && let Some(life) = self.tasks.lives.get_mut(&(task, older))
        {
            life.replaced = Some(now);
        }
        let life = Life { deployed: now, running: None, replaced: None };
        self.tasks.lives.insert((task, attempt), life);
    }

    fn restored(&mut self, task: TaskId, id: CheckpointId, now: Moment) {
        let (Some(lane), Some(run)) = (self.cast.task(task), self.names.run_of(task)) else {
            return;
        };
        self.picture.points.push(Point {
            lane,
            at: now.0,
            kind: PointKind::Restored,
            checkpoint: Some(self.origin(run, id)),
            count: 0,
            text: format!("{} has its state of {id}", self.names.task(task)),
            entries: vec![now.1],
        });
    }

    /// Tells a life that is over; `how` is none where the trace ends before it does.
    fn ended(&mut self, key: (TaskId, Attempt), now: Moment, how: Option<EndOfTask>) {
        let Some(life) = self.tasks.lives.remove(&key) else { return };
        let Some(lane) = self.cast.task(key.0) else { return };
        let name = self.names.task(key.0);
        let attempt = key.1;
        let is_zombie = life.replaced.is_some();
        let end = how.map(|_| now.1);
        let until = life.replaced.map_or(now.0, |(at, _)| at);
        let running = life.running.map(|(at, entry)| (at.min(until), entry));
        let deploying_until = running.map_or(until, |(at, _)| at);
        let mut span = |from, to, kind, text, entries: Vec<EntryNumber>| {
            let checkpoint = None;
            self.picture.spans.push(Span { lane, from, to, kind, checkpoint, text, entries });
        };
        let text = format!("{name} is being deployed, attempt {attempt}");
        let entries: Vec<EntryNumber> =
            std::iter::once(life.deployed.1).chain(running.map(|(_, entry)| entry)).collect();
        span(life.deployed.0, deploying_until, SpanKind::Deploying, text, entries);
        if let Some((from, entry)) = running {
            let text = format!("{name} runs, attempt {attempt}");
            span(from, until, SpanKind::Life, text, std::iter::once(entry).chain(end).collect());
        }
        if let Some((from, entry)) = life.replaced {
            let ends = match how {
                Some(how) => format!(", {}", how_in_words(how)),
                None => String::new(),
            };
            let text = format!("attempt {attempt}, a zombie{ends}");
            span(from, now.0, SpanKind::Zombie, text, std::iter::once(entry).chain(end).collect());
        }
        let Some(how) = how.filter(|_| !is_zombie) else { return };
        self.picture.points.push(Point {
            lane,
            at: now.0,
            kind: match how {
                EndOfTask::Finished => PointKind::Finished,
                EndOfTask::Canceled => PointKind::Canceled,
                EndOfTask::Failed => PointKind::Failed,
            },
            checkpoint: None,
            count: 0,
            text: format!("{name} {}", how_in_words(how)),
            entries: vec![now.1],
        });
    }

    /// Whoever is there when the trace ends lives until then.
    pub(super) fn end_tasks(&mut self, last: u64) {
        let keys: Vec<(TaskId, Attempt)> = self.tasks.lives.keys().copied().collect();
        for key in keys {
            self.ended(key, (last, EntryNumber::default()), None);
        }
    }
}

const fn how_in_words(how: EndOfTask) -> &'static str {
    match how {
        EndOfTask::Finished => "finished",
        EndOfTask::Canceled => "was canceled",
        EndOfTask::Failed => "failed",
    }
}
