//! How a subtask stands, for whoever looks at it from outside: what it aligns, how far time has come, which timers wait.

use super::{Phase, Task};
use crate::effect::TaskEffects;
use crate::job::{ChannelId, CheckpointId, EventTime};
use crate::kernel::SimTime;
use crate::state::{LiveTimers, TimerKind};

/// How a subtask stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The checkpoint whose barriers it is collecting.
    pub aligns: Option<CheckpointId>,
    /// How far event time has come, if any channel told of it.
    pub watermark: Option<EventTime>,
    /// The channels that hold it there.
    pub held_by: Vec<ChannelId>,
    /// Timers of event time that are due and have not fired, though time has gone on since.
    pub overdue: usize,
    /// Timers of event time that wait for it to go on.
    pub armed: usize,
    /// When the first of its timers of virtual time is due.
    pub wakes: Option<SimTime>,
}

impl Standing {
    /// Of a subtask.
    pub fn of(task: &Task) -> Self {
        let mut standing = Self { aligns: task.aligner.collecting(), ..Self::default() };
        if let Some(valve) = &task.valve {
            let held_by = valve.held_by().map(|input_channel| task.channels[input_channel]);
            (standing.watermark, standing.held_by) = (Some(valve.watermark()), held_by.collect());
        }
        for worker in &task.chain.workers {
            let Some(timers) = worker.state.timers() else { continue };
            let timers = timers.of(TimerKind::Event);
            let overdue = timers.overdue(worker.watermark.millis());
            standing.overdue += overdue;
            standing.armed += timers.len() - overdue;
        }
        let timers = task.chain.workers.iter().filter_map(|worker| worker.state.timers());
        let first =
            |timers: &LiveTimers| Some(timers.of(TimerKind::Processing).iter().next()?.time);
        let first = timers.filter_map(first).min();
        standing.wakes = first.map(|at| SimTime::from_nanos(u64::try_from(at).unwrap_or(0)));
        standing
    }
}

/// Whether a subtask is at work and holds channels back for this checkpoint, for none at all, or for another one than it awaits.
pub fn holds_back_for(task: &Task, checkpoint: CheckpointId) -> bool {
    let is_at_work = matches!(task.phase, Phase::Running | Phase::Draining);
    let aligns = task.aligner.collecting();
    let is_blocked = (0..task.channels.len()).any(|channel| task.aligner.is_blocked(channel));
    let is_for_it = is_blocked && aligns.is_none_or(|aligns| aligns == checkpoint);
    is_at_work && (is_for_it || task.aligner.holds_undelivered())
}

/// Whether a subtask had finished its operators when it took part in a checkpoint.
pub fn had_finished_at(task: &Task, checkpoint: CheckpointId) -> bool {
    task.final_checkpoint.is_some_and(|first| first <= checkpoint)
}

/// Whether a subtask is a source that has no partition. It is asked, and so had better be a copy.
pub fn reads_nothing_at_all(mut task: Task) -> bool {
    let mut effects = TaskEffects::default();
    let is_at_work = task.phase == Phase::Running && task.input().is_some();
    is_at_work && task.chain.positions(&mut effects).is_empty() && effects.failure.is_none()
}
