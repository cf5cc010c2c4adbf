//! What tasks and their job manager say to one another: nobody says two things that cannot both be so, and nothing that was
//! said later is heard earlier.

use crate::check::past::Past;
use crate::job::{Attempt, CheckpointId, CheckpointKind, RunId, TaskId};
use crate::kernel::SimTime;
use crate::trace::{
    AbortReason, CheckpointEvent, DurableWrite, Entry, Fault, JobEvent, JobStatus, Message,
    MessageFate, StorageFault, TaskEvent, TraceEvent, WorldEvent,
};
use std::collections::{BTreeMap, BTreeSet};

/// An attempt of a task.
type Who = (TaskId, Attempt);

/// What was said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// The attempts that were deployed and have not said that they run, nor that they ended.
    silent: BTreeSet<Who>,
    /// What an attempt declined.
    declined: BTreeSet<(Who, CheckpointId)>,
    /// Snapshots that storage did not take, by the attempt that its task had then.
    not_stored: BTreeSet<(Who, CheckpointId)>,
    /// The acks of an attempt that nobody has heard, in order.
    acks: BTreeMap<Who, Vec<CheckpointId>>,
    /// The checkpoints of a run that completed, in order.
    completed: BTreeMap<RunId, Vec<(CheckpointId, CheckpointKind)>>,
    /// Of the checkpoints of its run, the place of the last that an attempt was notified of.
    notified: BTreeMap<Who, usize>,
    /// Tasks of which a message was late, or came twice.
    disturbed: BTreeSet<TaskId>,
    /// Since when checkpoints are off.
    aborted: BTreeMap<(RunId, CheckpointId), SimTime>,
    /// Tasks that may not have heard of that, as a message was lost or they were kept busy; all, if a machine failed.
    unheard: BTreeSet<TaskId>,
    any_unheard: bool,
}

impl Said {
    /// Takes in what happened. What is wrong with it, in words.
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) -> Option<String> {
        match &entry.event {
            TraceEvent::Task(task, attempt, TaskEvent::SnapshotTaken { checkpoint, .. }) => {
                self.on_snapshot((*task, *attempt), *checkpoint, entry.at, past)
            }
            TraceEvent::Task(task, attempt, event) => self.on_task((*task, *attempt), event, past),
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Aborted { kind, reason }) => {
                self.aborted.insert((*run, *checkpoint), entry.at);
                let last = self.completed.get(run).and_then(|all| all.last())?;
                // The savepoint that a job stops with subsumes both.
                let is_wrong = *reason == AbortReason::Subsumed
                    && (*kind, last.1) == (CheckpointKind::Savepoint, CheckpointKind::Checkpoint);
                is_wrong.then(|| {
                    format!("savepoint {checkpoint} was subsumed by checkpoint {}", last.0)
                })
            }
            TraceEvent::World(WorldEvent::FaultInjected { fault }) => {
                match fault {
                    Fault::TaskBlocked(task) => drop(self.unheard.insert(*task)),
                    Fault::TaskUnblocked(_) | Fault::TaskKilled(_) => {}
                    Fault::TaskManagerKilled(_)
                    | Fault::JobManagerKilled
                    | Fault::TaskManagerCutOff(_)
                    | Fault::TaskManagerBack(_) => self.any_unheard = true,
                }
                None
            }
            TraceEvent::Job(run, JobEvent::StatusChanged { status: JobStatus::Running }) => {
                self.on_running(*run, past)
            }
            TraceEvent::Checkpoint(run, checkpoint, event) => {
                self.on_checkpoint(*run, *checkpoint, event, past)
            }
            TraceEvent::Job(..) | TraceEvent::Transaction { .. } | TraceEvent::World(_) => None,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events contradict nothing")]
    fn on_task(&mut self, who: Who, event: &TaskEvent, past: Past<'_>) -> Option<String> {
        match event {
            TaskEvent::Deployed { .. } => {
                self.silent.insert(who);
            }
            TaskEvent::Running | TaskEvent::Ended { .. } => {
                self.silent.remove(&who);
            }
            TaskEvent::MessageDisturbed {
                fate: MessageFate::Delayed | MessageFate::Repeated,
                ..
            } => {
                self.disturbed.insert(who.0);
            }
            TaskEvent::MessageDisturbed { message: Message::NotifyAborted, .. } => {
                self.unheard.insert(who.0);
            }
            TaskEvent::MessageDisturbed {
                message: Message::Ack, checkpoint: Some(lost), ..
            } => {
                self.acks.entry(who).or_default().retain(|sent| sent != lost);
            }
            TaskEvent::DeclineSent { checkpoint } => {
                self.declined.insert((who, *checkpoint));
            }
            TaskEvent::SnapshotDurable { checkpoint }
                if self.not_stored.contains(&(who, *checkpoint)) =>
            {
                return Some(format!(
                    "a snapshot of checkpoint {checkpoint} is durable, and storage did not take it"
                ));
            }
            TaskEvent::AckSent { checkpoint } => {
                self.acks.entry(who).or_default().push(*checkpoint);
                // Where an end of data calls a checkpoint off, the task that declines for it may have all it needs by that.
                let rules = past.history.rules.rules_of(past.history.run_of(who.0));
                let is_declined = self.declined.contains(&(who, *checkpoint));
                if is_declined && rules.checkpoints_after_tasks_finish {
                    return Some(format!("checkpoint {checkpoint} was declined and acked"));
                }
            }
            TaskEvent::AckHandled { checkpoint, .. } => return self.on_ack(who, *checkpoint),
            TaskEvent::NotifyHandled { checkpoint } => {
                return self.on_notified(who, *checkpoint, past);
            }
            _ => {}
        }
        None
    }

    /// Nobody draws its state for a checkpoint of which it must have heard that it is off.
    fn on_snapshot(
        &self,
        (task, attempt): Who,
        checkpoint: CheckpointId,
        now: SimTime,
        past: Past<'_>,
    ) -> Option<String> {
        let run = past.history.run_of(task);
        let since = *self.aborted.get(&(run, checkpoint))?;
        let story = past.run(run).filter(|story| story.is_current(task, attempt))?;
        let by_then = since.plus(past.setup.scenario.network.message_latency.1);
        let is_told = past.history.rules.rules_of(run).abort_notifications;
        let may_not_know = self.any_unheard
            || self.unheard.contains(&task)
            || self.disturbed.contains(&task)
            || !is_told;
        (now > by_then && !may_not_know).then(|| {
            let name = story.layout.task_name(task);
            format!("{name} takes part in checkpoint {checkpoint}, which is off since {since}")
        })
    }

    /// Acks are heard in the order in which they were sent, unless one was late.
    fn on_ack(&mut self, who: Who, checkpoint: CheckpointId) -> Option<String> {
        let sent = self.acks.get_mut(&who)?;
        let place = sent.iter().position(|sent| *sent == checkpoint)?;
        let overtaken = sent.first().copied().filter(|first| *first != checkpoint);
        sent.remove(place);
        let is_late = self.any_unheard || self.disturbed.contains(&who.0);
        let overtaken = overtaken.filter(|_| !is_late)?;
        Some(format!("an ack of checkpoint {checkpoint} overtook that of {overtaken}"))
    }

    /// Checkpoints are told in the order in which they completed, unless a notification was late.
    fn on_notified(
        &mut self,
        who: Who,
        checkpoint: CheckpointId,
        past: Past<'_>,
    ) -> Option<String> {
        let completed = self.completed.get(&past.history.run_of(who.0))?;
        let place = completed.iter().rposition(|(other, _)| *other == checkpoint)?;
        let before = self.notified.insert(who, place);
        let is_late = self.any_unheard || self.disturbed.contains(&who.0);
        let newer = before.filter(|before| *before > place && !is_late)?;
        let (newer, _) = completed[newer];
        Some(format!(
            "a task was told of checkpoint {checkpoint} after {newer}, which completed later"
        ))
    }

    /// A job runs when each of its tasks has said that it does.
    fn on_running(&self, run: RunId, past: Past<'_>) -> Option<String> {
        let story = past.run(run)?;
        let tasks = story.layout.tasks().zip(&story.attempts);
        let silent = tasks.filter(|(task, attempt)| self.silent.contains(&(*task, **attempt)));
        let silent = silent.count();
        (silent > 0).then(|| {
            format!("{} runs, and {silent} of its tasks have not said so", story.layout.label)
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events contradict nothing")]
    fn on_checkpoint(
        &mut self,
        run: RunId,
        checkpoint: CheckpointId,
        event: &CheckpointEvent,
        past: Past<'_>,
    ) -> Option<String> {
        match event {
            CheckpointEvent::WriteDisturbed {
                task: Some(task),
                write: DurableWrite::State,
                fault: StorageFault::Refused | StorageFault::Torn | StorageFault::Lost,
            } => {
                let story = past.run(run)?;
                let attempt = story.attempts[story.local(*task)];
                self.not_stored.insert(((*task, attempt), checkpoint));
            }
            CheckpointEvent::Completed { kind, .. } => {
                self.completed.entry(run).or_default().push((checkpoint, *kind));
            }
            _ => {}
        }
        None
    }
}
