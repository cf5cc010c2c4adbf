//! What a run owes while nothing goes wrong.

use super::Past;
use crate::check::deadlines::{AtMost, Deadlines};
use crate::check::history::{Progress, RunStory};
use crate::check::observer::End;
use crate::check::setup::EndOfWorld;
use crate::job::{CheckpointId, RunId, TaskId};
use crate::kernel::SimTime;
use crate::rules::{Rules, StopEndsSources};
use crate::trace::{AbortReason, CheckpointEvent, EndOfTask, JobStatus, Message, TaskEvent};

/// Something that is late, or wrong at any time.
#[derive(Clone, Debug)]
pub(super) struct Debt {
    pub(super) took: SimTime,
    pub(super) most: AtMost,
    pub(super) is_wrong: bool,
    pub(super) text: String,
}

/// A stretch in which nothing goes wrong.
#[derive(Clone, Copy, Debug)]
struct Calm {
    /// From then on whatever is triggered completes.
    since: SimTime,
    /// By then what went wrong before must have been overcome.
    settled: SimTime,
    /// From here the next completion is counted.
    last: SimTime,
}

/// A checkpoint on its way.
#[derive(Clone, Copy, Debug)]
struct Pending {
    checkpoint: CheckpointId,
    triggered: SimTime,
    /// Whether nothing went wrong since its trigger.
    is_clean: bool,
}

/// Whether periodic checkpoints are triggered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Schedule {
    #[default]
    On,
    /// The user asked in this step for a savepoint with which the job is to end.
    Exiting(u32),
    /// That failed, and the release does not take them up again.
    Off,
}

/// What is known of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct RunWatch {
    pub(super) bounds: Option<Deadlines>,
    calm: Option<Calm>,
    /// Its tasks that do something that takes long.
    pub(super) blocked: Vec<TaskId>,
    pending: Vec<Pending>,
    /// When the last of what went wrong is over.
    over: SimTime,
    schedule: Schedule,
    /// Whether something was lost that nobody repeats, or is too large each time.
    is_excused: bool,
    /// When the last of its tasks saw the end of its data.
    drained: Option<SimTime>,
}

impl RunWatch {
    /// All tasks run.
    pub(super) fn begin(
        &mut self,
        now: SimTime,
        is_cut_off: bool,
        story: &RunStory,
        past: Past<'_>,
    ) {
        self.bounds = Some(Deadlines::of(past, story));
        (self.schedule, self.drained) = (Schedule::On, None);
        self.pending.clear();
        // What went wrong before may not be over yet.
        let since = now.max(self.over);
        let calm = Calm { since, settled: since, last: since };
        self.calm = Some(calm).filter(|_| !is_cut_off && self.blocked.is_empty());
    }

    /// They do not any more.
    pub(super) fn end(&mut self) {
        self.calm = None;
        self.pending.clear();
    }

    /// Something went wrong, which is over at `over`. What was on its way may come to nothing.
    pub(super) fn disturb(&mut self, over: SimTime, is_cut_off: bool, status: JobStatus) {
        self.pending.iter_mut().for_each(|pending| pending.is_clean = false);
        self.over = self.over.max(over);
        let over = self.over;
        if status != JobStatus::Running {
            return self.end();
        }
        let Some(bounds) = self.bounds else { return };
        let last = over.plus(bounds.timeout);
        let settled = last.plus(bounds.next_trigger.unwrap_or_default());
        let calm = Calm { since: over, settled, last };
        self.calm = Some(calm).filter(|_| !is_cut_off && self.blocked.is_empty());
    }

    /// A message of the story is lost. Some are never repeated.
    pub(super) fn on_lost(&mut self, message: Message, rules: &Rules) {
        self.is_excused |= match message {
            Message::Deploy | Message::Cancel | Message::Status => true,
            Message::Split | Message::ReaderEvent => !rules.split_events_acknowledged,
            Message::NotifyComplete => matches!(self.schedule, Schedule::Exiting(_)),
            Message::Trigger | Message::Ack | Message::Decline | Message::NotifyAborted => false,
        };
    }

    /// Nothing is owed any more.
    pub(super) const fn excuse(&mut self) {
        self.is_excused = true;
    }

    /// The user asks for a savepoint with which the job is to end: nothing is triggered until then.
    pub(super) const fn on_exit(&mut self, step: u32) {
        self.schedule = Schedule::Exiting(step);
    }

    /// There is none.
    pub(super) fn on_exit_refused(&mut self, step: u32, now: SimTime, rules: &Rules) {
        if self.schedule != Schedule::Exiting(step) {
            return;
        }
        // Tasks that took part in a stop wait for ever, if nobody tells them that it is off.
        let waits = rules.stop_ends_sources == StopEndsSources::AfterSavepoint;
        self.is_excused |= waits && !rules.abort_notifications;
        self.schedule = match rules.failed_exits_resume_schedule {
            true => Schedule::On,
            false => Schedule::Off,
        };
        if let Some(calm) = &mut self.calm {
            calm.last = calm.last.max(now);
        }
    }

    /// What becomes of a checkpoint.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events say nothing of its pace")]
    pub(super) fn on_checkpoint(
        &mut self,
        checkpoint: CheckpointId,
        event: &CheckpointEvent,
        now: SimTime,
        run: RunId,
        past: Past<'_>,
    ) -> Vec<Debt> {
        let Some(story) = past.run(run) else { return Vec::new() };
        match event {
            CheckpointEvent::Triggered { .. } => {
                let is_clean = self.calm.is_some_and(|calm| now >= calm.since);
                self.pending.push(Pending { checkpoint, triggered: now, is_clean });
                Vec::new()
            }
            CheckpointEvent::Completed { .. } => {
                let debts = self.debts(now, story, past);
                self.pending.retain(|pending| pending.checkpoint != checkpoint);
                if let Some(calm) = &mut self.calm {
                    calm.last = calm.last.max(now);
                }
                debts
            }
            CheckpointEvent::Aborted { reason, .. } => {
                let debt = self.aborted(checkpoint, *reason, now, story, past);
                // Another one is triggered an interval later.
                if let Some(calm) = &mut self.calm {
                    calm.last = calm.last.max(now);
                }
                self.pending.retain(|pending| pending.checkpoint != checkpoint);
                debt.into_iter().collect()
            }
            CheckpointEvent::WriteDisturbed { .. } => {
                let debts = self.debts(now, story, past);
                self.disturb(now.plus(super::PATIENCE), self.calm.is_none(), story.status);
                debts
            }
            _ => Vec::new(),
        }
    }

    /// What is wrong with it that a checkpoint was aborted, if anything is.
    fn aborted(
        &mut self,
        checkpoint: CheckpointId,
        reason: AbortReason,
        now: SimTime,
        story: &RunStory,
        past: Past<'_>,
    ) -> Option<Debt> {
        let pending = self.pending.iter().find(|pending| pending.checkpoint == checkpoint)?;
        let bounds = self.bounds.filter(|_| pending.is_clean && !self.is_excused)?;
        let took = now.since(pending.triggered);
        let is_wrong = match reason {
            AbortReason::Expired => took < bounds.timeout,
            AbortReason::Declined => {
                // A barrier of a newer one may overtake it.
                let has_newer = self.pending.iter().any(|other| other.checkpoint > checkpoint);
                !has_newer && !super::may_decline(story.layout.run, past)
            }
            AbortReason::SyncFailed
            | AbortReason::AsyncFailed
            | AbortReason::FinalizeFailed
            | AbortReason::FolderFailed => true,
            AbortReason::AlignmentLimit | AbortReason::Canceled => {
                self.disturb(now, self.calm.is_none(), story.status);
                return None;
            }
            AbortReason::Subsumed
            | AbortReason::CoordinatorSuspended
            | AbortReason::NotAllTasksRunning
            | AbortReason::TooManyConcurrent
            | AbortReason::MinimumPause
            | AbortReason::JobNotRunning
            | AbortReason::TooManyRequests
            | AbortReason::CheckpointingDisabled
            | AbortReason::TasksFinished
            | AbortReason::UnionPartlyFinished => return None,
        };
        if !is_wrong && reason != AbortReason::Expired {
            return None;
        }
        let label = &story.layout.label;
        let text = format!(
            "checkpoint {checkpoint} of {label} was aborted after {} though nothing went wrong: {reason}",
            took.in_millis()
        );
        Some(Debt { took, most: bounds.checkpoint, is_wrong, text })
    }

    /// A task came to its end.
    pub(super) fn on_task(
        &mut self,
        event: &TaskEvent,
        now: SimTime,
        story: &RunStory,
        past: Past<'_>,
    ) -> Vec<Debt> {
        let rules = past.history.rules.rules_of(story.layout.run);
        let ends = matches!(event, TaskEvent::Ended { how: EndOfTask::Finished });
        if ends && !rules.checkpoints_after_tasks_finish {
            // It does not wait until its snapshot is uploaded.
            self.pending.iter_mut().for_each(|pending| pending.is_clean = false);
        }
        if !matches!(event, TaskEvent::DataEnded) {
            return Vec::new();
        }
        if story.progress.iter().all(|progress| *progress >= Progress::Drained) {
            self.drained = Some(now);
        }
        self.debts(now, story, past)
    }

    /// What a run owes now, and has owed for longer than it may.
    pub(super) fn debts(&self, now: SimTime, story: &RunStory, past: Past<'_>) -> Vec<Debt> {
        let (Some(bounds), Some(calm)) = (self.bounds, self.calm) else { return Vec::new() };
        if self.is_excused {
            return Vec::new();
        }
        let label = &story.layout.label;
        let mut debts = Vec::new();
        let mut owe = |since: SimTime, most: AtMost, text: &dyn Fn(String) -> String| {
            let took = now.since(since);
            if took > most.span(false) {
                let text = text(took.in_millis());
                debts.push(Debt { took, most, is_wrong: false, text });
            }
        };
        for pending in self.pending.iter().filter(|pending| pending.is_clean) {
            let id = pending.checkpoint;
            owe(pending.triggered, bounds.checkpoint, &|took| {
                format!(
                    "checkpoint {id} of {label} is on its way for {took}, and nothing went wrong"
                )
            });
        }
        let lacks_finished =
            !past.history.rules.rules_of(story.layout.run).checkpoints_after_tasks_finish
                && story.progress.contains(&Progress::Finished);
        let is_due = self.schedule == Schedule::On && !lacks_finished;
        if let Some(next) = bounds.next_trigger.filter(|_| is_due) {
            owe(calm.last.plus(next), bounds.checkpoint, &|took| {
                format!(
                    "no checkpoint of {label} completed for {took} longer than its interval, and nothing went wrong"
                )
            });
        }
        if self.schedule != Schedule::On {
            return debts;
        }
        let is_drained = story.progress.iter().all(|progress| *progress >= Progress::Drained);
        match (bounds.drain, is_drained) {
            (Some(most), false) => owe(calm.settled.max(bounds.last_entry), most, &|took| {
                format!(
                    "the data of {label} has not ended {took} after its input, and nothing went wrong"
                )
            }),
            (Some(_), true) if story.status == JobStatus::Running && !lacks_finished => {
                let since = self.drained.unwrap_or(calm.settled).max(calm.settled);
                owe(since, bounds.leave, &|took| {
                    format!("{label} goes on for {took} after the end of its data")
                });
            }
            (Some(_) | None, _) => {}
        }
        debts
    }

    /// How long an answer is late that a run has owed since then, in words.
    pub(super) fn owes_answer(&self, asked: SimTime, end: &End<'_>) -> Option<String> {
        let (bounds, calm) = (self.bounds?, self.calm.filter(|_| !self.is_excused)?);
        let took = end.world.ended.since(asked.max(calm.settled));
        // It may wait for one that is on its way, and be followed by the end of the job.
        let most = bounds.checkpoint.plus(bounds.checkpoint).plus(bounds.leave);
        (took > most.span(end.world.had_backpressure)).then(|| took.in_millis())
    }
}

/// Whether a task of a run has finished, of which the job manager may not have heard at the trigger; or has seen the end of
/// its data, in a release that takes no checkpoint once one has finished; or waits for nothing but its uploads.
pub(super) fn has_ended(story: &RunStory, past: Past<'_>) -> bool {
    let rules = past.history.rules.rules_of(story.layout.run);
    let has_ended = story.progress.iter().any(|progress| *progress >= Progress::Drained);
    let has_finished = story.progress.contains(&Progress::Finished);
    let is_closing = || story.layout.tasks().any(|task| is_closing(story, task));
    has_finished || has_ended && (!rules.checkpoints_after_tasks_finish || is_closing())
}

/// Whether a task has seen the end of its data before a checkpoint of which it has heard that it completed.
fn is_closing(story: &RunStory, task: TaskId) -> bool {
    let settled = story.notified[story.local(task)].and_then(|last| story.completed(last));
    settled.is_some_and(|last| RunStory::progress_at(last, task) >= Progress::Drained)
}

/// What the tasks of a run wait for in the end, in words.
pub(super) fn what_waits(story: &RunStory, world: &EndOfWorld<'_>) -> String {
    let layout = &story.layout;
    let tasks = world.leftovers.tasks.iter();
    let tasks =
        tasks.filter(|end| layout.has_task(end.task) && story.is_current(end.task, end.attempt));
    let words: Vec<String> = tasks.filter_map(|end| end.words(layout)).take(3).collect();
    if words.is_empty() { String::new() } else { format!("; {}", words.join("; ")) }
}
