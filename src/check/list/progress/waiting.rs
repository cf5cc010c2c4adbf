//! Whoever waits for a barrier that will not come hears of it: its sender has given the checkpoint up, or has left without it.
//!
//! Since 1.11 the job manager tells that, too, and no entry tells when a task heard it: from then on nobody is known to wait.

use super::Past;
use crate::check::history::RunStory;
use crate::job::{Attempt, ChannelId, CheckpointId, RunId, TaskId};
use crate::kernel::SimTime;
use crate::trace::{EndOfTask, TaskEvent};
use std::collections::{BTreeMap, BTreeSet};

/// What an attempt of a task has to do with a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// It has sent its barrier.
    Sent,
    /// It will not.
    GaveUp,
}

/// A task that waits for barriers of a checkpoint.
#[derive(Clone, Debug)]
struct Waiting {
    checkpoint: CheckpointId,
    /// Which have come.
    arrived: BTreeSet<ChannelId>,
    /// Since when it waits in vain.
    in_vain: Option<SimTime>,
}

/// Follows who waits for whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    waiting: BTreeMap<(TaskId, Attempt), Waiting>,
    parts: BTreeMap<(TaskId, Attempt, CheckpointId), Part>,
    /// Checkpoints of which all tasks are told that they are off.
    off: BTreeSet<(RunId, CheckpointId)>,
}

/// A wait that took so long.
pub(super) struct InVain {
    pub(super) took: SimTime,
    pub(super) text: String,
}

impl Waits {
    /// Takes in what a task told. Which wait is over that was in vain.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nobody waits because of the other events")]
    pub(super) fn observe(
        &mut self,
        who @ (task, attempt): (TaskId, Attempt),
        event: &TaskEvent,
        (run, now): (RunId, SimTime),
        past: Past<'_>,
    ) -> Option<InVain> {
        let rules = past.history.rules.rules_of(run);
        if !rules.cancellation_markers {
            return None;
        }
        // Else who has left is waited for no more, and the others are.
        let end_gives_up = !rules.checkpoints_after_tasks_finish;
        let story = past.run(run)?;
        match event {
            TaskEvent::BarrierArrived { checkpoint, blocked: true, .. }
                if self.off.contains(&(run, *checkpoint)) =>
            {
                self.over(who, now, story)
            }
            TaskEvent::BarrierArrived { channel, checkpoint, blocked: true } => {
                let over = match self.waiting.get(&who) {
                    Some(waiting) if waiting.checkpoint == *checkpoint => None,
                    _ => self.over(who, now, story),
                };
                let waiting = self.waiting.entry(who).or_insert_with(|| Waiting {
                    checkpoint: *checkpoint,
                    arrived: BTreeSet::new(),
                    in_vain: None,
                });
                waiting.arrived.insert(*channel);
                self.look(who, None, now, story);
                over
            }
            TaskEvent::BarrierEmitted { checkpoint } => {
                self.parts.insert((task, attempt, *checkpoint), Part::Sent);
                self.over(who, now, story)
            }
            TaskEvent::CancellationArrived { checkpoint, .. } => {
                self.parts.entry((task, attempt, *checkpoint)).or_insert(Part::GaveUp);
                let over = self.over(who, now, story);
                self.look_behind(who, None, now, story);
                over
            }
            // Who declines what it was waiting for tells its receivers; who is asked too early or too late does not.
            TaskEvent::DeclineSent { checkpoint }
                if self.waiting.get(&who).is_some_and(|of| of.checkpoint == *checkpoint) =>
            {
                self.parts.entry((task, attempt, *checkpoint)).or_insert(Part::GaveUp);
                let over = self.over(who, now, story);
                self.look_behind(who, None, now, story);
                over
            }
            TaskEvent::Ended { how } => {
                let over = self.over(who, now, story);
                if *how == EndOfTask::Finished && end_gives_up {
                    self.look_behind(who, Some(task), now, story);
                    return over;
                }
                None
            }
            _ => None,
        }
    }

    /// A checkpoint of a run is off. Which waits for it are over that were in vain: all tasks are told, if the release has that,
    /// and the first hears of it when the fastest message would come.
    pub(super) fn on_aborted(
        &mut self,
        checkpoint: CheckpointId,
        (run, now): (RunId, SimTime),
        past: Past<'_>,
    ) -> Vec<InVain> {
        let rules = past.history.rules.rules_of(run);
        let Some(story) = past.run(run).filter(|_| rules.abort_notifications) else {
            return Vec::new();
        };
        self.off.insert((run, checkpoint));
        let heard = now.plus(past.setup.scenario.network.message_latency.0);
        let (for_it, others) = std::mem::take(&mut self.waiting).into_iter().partition(
            |((task, _), waiting): &((TaskId, Attempt), Waiting)| {
                story.layout.has_task(*task) && waiting.checkpoint == checkpoint
            },
        );
        self.waiting = others;
        let for_it: BTreeMap<(TaskId, Attempt), Waiting> = for_it;
        let current = for_it.into_iter().filter(|((task, of), _)| story.is_current(*task, *of));
        current.filter_map(|((task, _), waiting)| waiting.took(task, heard, story)).collect()
    }

    /// An attempt waits no more.
    fn over(&mut self, who: (TaskId, Attempt), now: SimTime, story: &RunStory) -> Option<InVain> {
        self.waiting.remove(&who)?.took(who.0, now, story)
    }

    fn look_behind(
        &mut self,
        (task, attempt): (TaskId, Attempt),
        ended: Option<TaskId>,
        now: SimTime,
        story: &RunStory,
    ) {
        let receivers: BTreeSet<TaskId> =
            story.layout.outputs(task).map(|channel| story.layout.ends(channel).1).collect();
        for receiver in receivers {
            self.look((receiver, attempt), ended, now, story);
        }
    }

    /// Whether somebody waits for a barrier that will not come; `ended` is a sender that has just left.
    fn look(
        &mut self,
        who: (TaskId, Attempt),
        ended: Option<TaskId>,
        now: SimTime,
        story: &RunStory,
    ) {
        let Self { waiting, parts, .. } = self;
        let Some(waiting) = waiting.get_mut(&who) else { return };
        let is_gone = |channel: &ChannelId| {
            let sender = story.layout.ends(*channel).0;
            match parts.get(&(sender, who.1, waiting.checkpoint)) {
                Some(part) => *part == Part::GaveUp,
                None => ended == Some(sender),
            }
        };
        let mut awaited = story.layout.inputs(who.0);
        if awaited.any(|channel| !waiting.arrived.contains(&channel) && is_gone(&channel)) {
            waiting.in_vain.get_or_insert(now);
        }
    }

    /// Something took long, or somebody died: what waited meanwhile is not judged.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// The waits of a run that are not over yet.
    pub(super) fn left_over(&self, story: &RunStory, now: SimTime) -> Vec<InVain> {
        let own = self.waiting.iter().filter(|((task, attempt), _)| {
            story.layout.has_task(*task) && story.is_current(*task, *attempt)
        });
        own.filter_map(|((task, _), waiting)| waiting.took(*task, now, story)).collect()
    }
}

impl Waiting {
    fn took(&self, task: TaskId, now: SimTime, story: &RunStory) -> Option<InVain> {
        let took = now.since(self.in_vain?);
        let name = story.layout.task_name(task);
        let text = format!(
            "{name} waits for {} for a barrier of checkpoint {} that will not come",
            took.in_millis(),
            self.checkpoint
        );
        Some(InVain { took, text })
    }
}
