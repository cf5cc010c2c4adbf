//! Time passes: a task that has all that its senders had told before a barrier is as far as they were.

use super::{Past, calm};
use crate::check::history::{Progress, RunStory};
use crate::check::observer::End;
use crate::job::{
    Attempt, CheckpointId, CheckpointKind, CheckpointMode, EventTime, RunId, TaskId,
    WatermarkStatus,
};
use crate::trace::{JobStatus, TaskEvent};
use std::collections::BTreeMap;

/// How far event time has come in an attempt of a task, as its receivers were told.
#[derive(Clone, Copy, Debug)]
struct Told {
    watermark: EventTime,
    is_idle: bool,
    /// Whether it was idle, and has told no watermark since: who heard the last one while nobody told any did not go on to it.
    has_woken: bool,
    /// Whether it was ever idle.
    was_idle: bool,
}

impl Told {
    const NOTHING: Self =
        Self { watermark: EventTime::MIN, is_idle: false, has_woken: false, was_idle: false };
}

/// Follows the watermarks of all tasks, and where they stood at each barrier.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    told: BTreeMap<(TaskId, Attempt), Told>,
    /// None for a task whose data had ended by then.
    at_barrier: BTreeMap<(TaskId, Attempt, CheckpointId), Option<Told>>,
}

impl Times {
    /// Takes in what a task told. What is wrong with it, in words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of time")]
    pub(super) fn observe(
        &mut self,
        who: (TaskId, Attempt),
        event: &TaskEvent,
        run: RunId,
        past: Past<'_>,
    ) -> Option<String> {
        match event {
            TaskEvent::WatermarkEmitted { watermark } => {
                let told = self.told(who);
                (told.watermark, told.has_woken) = (*watermark, false);
            }
            TaskEvent::WatermarkStatusChanged { status } => {
                let told = self.told(who);
                told.is_idle = *status == WatermarkStatus::Idle;
                told.has_woken = !told.is_idle;
                told.was_idle |= told.is_idle;
            }
            TaskEvent::SnapshotTaken { checkpoint, .. } if !self.told.is_empty() => {
                let story = past.run(run).filter(|story| story.is_current(who.0, who.1))?;
                let is_live = story.progress[story.local(who.0)] == Progress::Live;
                let told = self.told.get(&who).copied().unwrap_or(Told::NOTHING);
                self.at_barrier.insert((who.0, who.1, *checkpoint), Some(told).filter(|_| is_live));
                return self.behind(who, *checkpoint, run, past);
            }
            _ => {}
        }
        None
    }

    fn told(&mut self, who: (TaskId, Attempt)) -> &mut Told {
        self.told.entry(who).or_insert(Told::NOTHING)
    }

    /// Whether a task is behind all of its senders that it has to wait for, at a barrier that stayed behind what they had
    /// told; in words.
    fn behind(
        &self,
        (task, attempt): (TaskId, Attempt),
        checkpoint: CheckpointId,
        run: RunId,
        past: Past<'_>,
    ) -> Option<String> {
        let story = past.run(run).filter(|story| story.is_current(task, attempt))?;
        let is_live = |task: TaskId| story.progress[story.local(task)] == Progress::Live;
        let kind = story.story(checkpoint).map(|story| story.kind)?;
        let unaligned = past.job_of(run)?.checkpoint.unaligned;
        if (unaligned && kind == CheckpointKind::Checkpoint) || !is_live(task) {
            return None;
        }
        let senders = story.layout.inputs(task).map(|channel| story.layout.ends(channel).0);
        let mut least: Option<EventTime> = None;
        // What is told behind a barrier is heard there before the barriers of others.
        let hears_more = past.mode_of(run) == CheckpointMode::AtLeastOnce;
        for sender in senders {
            let now = self.told.get(&(sender, attempt));
            if hears_more && now.is_some_and(|told| told.was_idle) {
                return None;
            }
            let told = match self.at_barrier.get(&(sender, attempt, checkpoint)).copied() {
                Some(Some(told)) => Some(told),
                // It took no part; or its barrier came before anybody told of time.
                None if is_live(sender) => return None,
                // Who is stopped without a drain ends without the last watermark, and is waited for at the one before.
                Some(None) | None if story.stops_with.is_some() => return None,
                Some(None) | None => None,
            };
            if told.is_some_and(|told| told.has_woken) {
                return None;
            }
            if let Some(Told { watermark, .. }) = told.filter(|told| !told.is_idle) {
                least = Some(least.map_or(watermark, |least| least.min(watermark)));
            }
        }
        let least = least?;
        let own = self.told.get(&(task, attempt)).map_or(EventTime::MIN, |told| told.watermark);
        (own < least).then(|| {
            let name = story.layout.task_name(task);
            format!("{name} has come to {own} at the barrier of checkpoint {checkpoint}, though none of those that it waits for is behind {least}")
        })
    }
}

/// Timers that were due and did not fire.
pub(super) fn overdue(end: &End<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    // What a task threw in the midst of, it did not come to.
    let is_well =
        |story: &&RunStory| matches!(story.status, JobStatus::Running | JobStatus::Finished);
    for story in end.past.history.runs.iter().flatten().filter(is_well) {
        let layout = &story.layout;
        for left in end.world.leftovers.tasks.iter().filter(|left| layout.has_task(left.task)) {
            if left.overdue > 0 {
                let name = layout.task_name(left.task);
                texts.push(format!(
                    "{} timers of {name} were due and never fired{}",
                    left.overdue,
                    calm::what_waits(story, end.world)
                ));
            }
        }
    }
    texts
}

/// Tasks that held channels back for a checkpoint of which they knew that it was off.
pub(super) fn held_for_nothing(end: &End<'_>) -> Vec<String> {
    let held = end.world.leftovers.held_for_nothing.iter();
    let in_words = |(task, _, checkpoint): &(TaskId, Attempt, CheckpointId)| {
        let story = end.past.run(end.past.history.run_of(*task))?;
        let name = story.layout.task_name(*task);
        Some(format!(
            "{name} holds channels back for checkpoint {checkpoint}, though it knows that it is off"
        ))
    };
    held.filter_map(in_words).collect()
}
