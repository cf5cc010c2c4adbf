//! How fast sources read and tell the time, where nothing holds them up.
//!
//! A source takes what is there, one record after the other, each for as long as its chain does. Between two of its snapshots it
//! must have come so far. No entry tells when its outputs waited for credit, so that its pace is judged in worlds only in which
//! nobody had to wait; its watermarks in others as well, since who reads has not waited since.

use super::Past;
use crate::check::history::RunStory;
use crate::check::setup::CheckSetup;
use crate::job::{Attempt, CheckpointId, EventTime, OperatorIndex, Reader, RunId, TaskId};
use crate::kernel::SimTime;
use crate::operator::{InputLog, Log};
use crate::trace::{SourcePosition, TaskEvent};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a source stood at a snapshot.
#[derive(Clone, Debug)]
struct Stand {
    at: SimTime,
    positions: Arc<[SourcePosition]>,
}

/// What a source has told in an attempt.
#[derive(Clone, Debug, Default)]
struct Told {
    /// From its first snapshot on.
    first: Option<Stand>,
    /// The last two of them.
    stands: Vec<Stand>,
    watermark: Option<EventTime>,
    /// Whether it was kept busy with one thing, or told to stop.
    is_disturbed: bool,
}

/// Follows all sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    told: BTreeMap<(TaskId, Attempt), Told>,
    blocked: Vec<TaskId>,
}

/// A source, and what it reads.
struct Source<'a> {
    story: &'a RunStory,
    task: TaskId,
    place: OperatorIndex,
    log: &'a Log,
    setup: &'a CheckSetup,
    /// For one record.
    takes: SimTime,
    /// For one snapshot.
    draws: SimTime,
}

/// What is late.
pub(super) enum Slow {
    /// At any rate.
    Certain(String),
    /// Unless somebody waited for credit.
    Unless(String),
}

impl Pace {
    /// A task is kept busy with one thing.
    pub(super) fn on_blocked(&mut self, task: TaskId) {
        self.blocked.push(task);
    }

    /// Takes in what a task told. What is wrong with it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are of no source")]
    pub(super) fn observe(
        &mut self,
        who @ (task, _): (TaskId, Attempt),
        event: &TaskEvent,
        (run, now): (RunId, SimTime),
        past: Past<'_>,
    ) -> Vec<Slow> {
        match event {
            TaskEvent::WatermarkEmitted { watermark } => {
                self.told.entry(who).or_default().watermark = Some(*watermark);
                Vec::new()
            }
            TaskEvent::SourcePositions { checkpoint: Some(checkpoint), positions } => {
                let Some(source) = Source::of(task, run, past) else { return Vec::new() };
                let told = self.told.entry(who).or_default();
                told.is_disturbed |= self.blocked.contains(&task) || source.stops(*checkpoint);
                let stand = Stand { at: now, positions: Arc::clone(positions) };
                let wrong = if told.is_disturbed { Vec::new() } else { source.wrong(told, &stand) };
                told.first.get_or_insert_with(|| stand.clone());
                if told.stands.len() == 2 {
                    told.stands.remove(0);
                }
                told.stands.push(stand);
                wrong
            }
            _ => Vec::new(),
        }
    }
}

impl<'a> Source<'a> {
    /// A task that reads partitions of its own.
    fn of(task: TaskId, run: RunId, past: Past<'a>) -> Option<Self> {
        let story = past.run(run)?;
        let plan = &story.layout.plan;
        let vertex = story.layout.plan_task(task).vertex;
        let place = plan.head(vertex);
        let node = &plan.graph.operators[place.index()];
        if !node.is_source() || node.options.reader != Reader::Fixed {
            return None;
        }
        Some(Self {
            story,
            task,
            place,
            log: past.setup.log(plan, place),
            setup: past.setup,
            takes: plan.takes(vertex),
            draws: past.setup.scenario.network.snapshot_sync.1,
        })
    }

    fn stops(&self, checkpoint: CheckpointId) -> bool {
        let drains = self.story.story(checkpoint).is_some_and(|story| story.is_drain);
        drains || self.story.stops_with.is_some()
    }

    fn wrong(&self, told: &Told, now: &Stand) -> Vec<Slow> {
        let behind = told.stands.last().and_then(|before| self.behind(before, now));
        let slow = match &told.stands[..] {
            [first, second] => self.tells_late(told, [first, second, now]),
            _ => None,
        };
        behind.map(Slow::Unless).into_iter().chain(slow.map(Slow::Certain)).collect()
    }

    /// What a position is of. Until 1.7 a source reads on in a log that it was moved away from.
    fn log_of(&self, at: &SourcePosition) -> &'a Log {
        if self.setup.are_one_log(at.input, self.log.id()) {
            return self.log;
        }
        &self.setup.inputs[at.input.index()]
    }

    /// Whether it has read less than there was time for.
    fn behind(&self, before: &Stand, now: &Stand) -> Option<String> {
        let positions = before.positions.iter();
        let mut next: Vec<(&Log, u16, u32)> =
            positions.map(|at| (self.log_of(at), at.partition, at.next)).collect();
        let read = |stand: &Stand| stand.positions.iter().map(|at| u64::from(at.next)).sum::<u64>();
        let has_read = read(now).saturating_sub(read(before));
        // It may have been in the midst of a record and drew its state then, and is in the midst of one now.
        let (mut free, end) = (before.at.plus(self.draws).plus(self.takes), now.at);
        let mut due = 0;
        loop {
            let heads = next
                .iter()
                .enumerate()
                .filter(|(_, (log, partition, next))| *next < log.length(*partition));
            let first = heads
                .map(|(place, (log, partition, next))| (log.available(*partition, *next), place));
            let Some((there, place)) = first.min() else { break };
            free = free.max(there).plus(self.takes);
            if free.plus(self.takes) > end {
                break;
            }
            next[place].2 += 1;
            due += 1;
        }
        (has_read < due).then(|| {
            let name = self.story.layout.task_name(self.task);
            format!(
                "{name} has read {has_read} records in {}, and there was time for {due}",
                now.at.since(before.at).in_millis()
            )
        })
    }

    /// Whether it has not told how far event time had come at its snapshot before the last but one. It tells that after an interval,
    /// and if it could not then for want of credit, once it reads on.
    fn tells_late(&self, told: &Told, [first, second, now]: [&Stand; 3]) -> Option<String> {
        let time = self.story.layout.plan.graph.operators[self.place.index()].options.time?;
        let column = usize::from(time.column.filter(|_| time.idle_after.is_none())?);
        let soon = time.interval.plus(self.takes).plus(self.draws);
        if second.at.since(first.at) <= soon || now.positions == second.positions {
            return None;
        }
        // What was read before the first snapshot of this attempt it may have heard of or not.
        let began = told.first.as_ref()?;
        let come_to = |at: &SourcePosition| {
            let is_it =
                |from: &&SourcePosition| (from.input, from.partition) == (at.input, at.partition);
            let from = began.positions.iter().find(is_it)?.next;
            let log = self.log_of(at);
            let entries = (from..at.next).filter_map(|next| log.entry(at.partition, next));
            let times = entries.filter_map(|entry| entry.as_row()?.get(column)?.as_int());
            Some(time.watermark(EventTime::from_millis(times.max()?)))
        };
        let come: Option<Vec<EventTime>> = first.positions.iter().map(come_to).collect();
        let due = come?.into_iter().min()?;
        let tells = told.watermark.unwrap_or(EventTime::MIN);
        (tells < due).then(|| {
            let name = self.story.layout.task_name(self.task);
            format!(
                "{name} tells watermark {tells}, and had come to {due} {} ago",
                now.at.since(first.at).in_millis()
            )
        })
    }
}
