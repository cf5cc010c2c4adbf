//! What a world leaves behind that no entry of its trace tells: requests, and what its tasks wait for.

use crate::job::{
    Attempt, ChannelId, CheckpointId, EventTime, ExternalId, FileId, RunId, RunLayout, TaskId,
    TransactionId,
};
use crate::kernel::SimTime;

/// What no entry tells of the end of a world.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Leftovers {
    /// The requests for snapshots that users made, in order of their steps.
    pub requests: Vec<Request>,
    /// The tasks, each as its newest attempt left it.
    pub tasks: Vec<TaskInTheEnd>,
    /// Tasks that had heard that a checkpoint was off, and went on holding channels back for it.
    pub held_for_nothing: Vec<(TaskId, Attempt, CheckpointId)>,
    /// The checkpoints that are kept of each run.
    pub retained: Vec<(RunId, Vec<CheckpointId>)>,
    /// The shared files that are there.
    pub files: Vec<FileId>,
    /// The transactions whose commit was asked for more than once, and how often.
    pub commits: Vec<(ExternalId, TransactionId, u32)>,
}

/// A user asked a job for a savepoint or a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// In which step.
    pub step: u32,
    /// When; of one that was tried again, the last time.
    pub asked: SimTime,
    /// When it was granted or refused.
    pub answered: Option<SimTime>,
    /// How often, since it was asked.
    pub answers: u32,
}

/// How a task stood in the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskInTheEnd {
    /// Which.
    pub task: TaskId,
    /// Which attempt of it.
    pub attempt: Attempt,
    /// Whether it had not ended.
    pub is_at_work: bool,
    /// The checkpoint whose barriers it was collecting.
    pub aligns: Option<CheckpointId>,
    /// The channels with something in them from which it took nothing, since a barrier held them back.
    pub blocked: Vec<ChannelId>,
    /// Records that lay in its input channels.
    pub records: usize,
    /// Elements that waited for room in its output channels.
    pub stalled: usize,
    /// How far event time had come in it; none if nobody told it.
    pub watermark: Option<EventTime>,
    /// The channels that held it there.
    pub held_by: Vec<ChannelId>,
    /// Timers of event time that were due at that watermark and had not fired, though they were registered before it.
    pub overdue: usize,
    /// When its first timer of virtual time was due.
    pub wakes: Option<SimTime>,
    /// Timers of event time that waited for another watermark.
    pub armed: usize,
}

impl TaskInTheEnd {
    /// What it waited for, in words; nothing if that is only more to read.
    pub fn words(&self, layout: &RunLayout) -> Option<String> {
        let name = layout.task_name(self.task);
        let senders = |channels: &[ChannelId]| {
            let names = channels.iter().map(|channel| layout.task_name(layout.ends(*channel).0));
            names.collect::<Vec<_>>().join(", ")
        };
        if let Some(checkpoint) = self.aligns {
            let behind = match self.blocked.is_empty() {
                true => String::new(),
                false => format!(", and holds back what comes from {}", senders(&self.blocked)),
            };
            return Some(format!("{name} waits for barriers of checkpoint {checkpoint}{behind}"));
        }
        if !self.blocked.is_empty() {
            let from = senders(&self.blocked);
            return Some(format!("{name} takes nothing from {from}, though no barrier is awaited"));
        }
        if self.stalled > 0 {
            return Some(format!("{name} has no room for {} elements", self.stalled));
        }
        if self.overdue > 0 {
            return Some(format!("{name} has {} timers overdue", self.overdue));
        }
        if self.records > 0 {
            return Some(format!("{name} leaves {} records in its channels", self.records));
        }
        None
    }
}
