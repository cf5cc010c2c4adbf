//! How a subtask stops with a savepoint (FLIP-34).
//!
//! Since 1.15 its sources end first: 1. They emit nothing more, or end their data if the job drains. 2. The barrier goes
//! through. 3. Who has taken the savepoint waits until it is notified, and leaves.
//!
//! Until 1.14 they end last: 1. The barrier goes through, behind the end of time if the job drains. 2. Sources read on; who has
//! none of its own handles nothing until it is notified. 3. Sources that are notified end; what they have emitted meanwhile is
//! handled by all. 4. Who has lost all its senders leaves. Until 1.13 operators are finished in that last step, drained or not.

use super::{Identity, Phase, Task};
use crate::effect::TaskEffects;
use crate::job::{Barrier, EventTime, Stop};
use crate::rules::StopEndsSources;

/// What a task does between the savepoint that its job stops with and its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopping {
    /// Whether it reads on behind the barrier.
    reads_on: bool,
    /// Whether it handles nothing until it is notified.
    pub(super) holds: bool,
    /// Whether its operators hear that their input ends: if the job drains, or a later checkpoint has come.
    ends_input: bool,
    /// Whether it has told, as a source, that event time is at its end.
    has_ended_time: bool,
}

impl Stopping {
    /// Whether it goes on behind the savepoint that it stops with.
    pub(super) const fn reads_on(self) -> bool {
        self.reads_on
    }
}

impl Identity {
    /// Whether the sources of the job end after the savepoint that it stops with.
    fn ends_after(&self, stop: Stop) -> bool {
        let drains_first = stop == Stop::Drain && self.rules.drain_finishes_first;
        self.rules.stop_ends_sources == StopEndsSources::AfterSavepoint && !drains_first
    }
}

/// Whether nothing happens in a task until it is notified of the savepoint that it stops with.
pub(super) const fn awaits_stop(task: &Task) -> bool {
    task.stopping.holds || (task.stops_with.is_some() && !task.stopping.reads_on)
}

impl Task {
    /// The job stops. A source emits nothing more, and if it drains, its data ends here; or it goes on, and if it drains, its
    /// time ends.
    pub(super) fn stop_source(&mut self, stop: Stop, effects: &mut TaskEffects) {
        if !stop.is_stop() || self.phase != Phase::Running || !self.channels.is_empty() {
            return;
        }
        // One that was stopped before may not have heard yet that its savepoint is off: it has nothing left to stop.
        if self.stops_with.is_some() && !self.stopping.reads_on {
            assert!(self.is_stopped, "{:?} holds a savepoint to stop with, and goes on", self.id());
            return;
        }
        if stop == Stop::Suspend && !self.chain.identity.rules.suspended_windows_stay_open {
            self.advance_to(EventTime::MAX, effects);
        }
        if self.chain.identity.ends_after(stop) {
            if stop == Stop::Drain {
                end_time_before_data(self, effects);
            }
            return;
        }
        self.chain.cancel_source(effects);
        self.is_stopped = true;
        if stop == Stop::Drain {
            self.tell_positions(None, effects);
            self.end_of_data(effects);
        }
    }
}

/// Every window fires and every timer of event time. Of what a source reads from then on all is late.
fn end_time_before_data(task: &mut Task, effects: &mut TaskEffects) {
    if std::mem::replace(&mut task.stopping.has_ended_time, true) {
        return;
    }
    if let Some(generator) = &mut task.chain.watermarks {
        generator.told.watermark = EventTime::MAX;
    }
    task.advance_to(EventTime::MAX, effects);
}

/// A task takes a snapshot: it may be of the savepoint that the job stops with.
pub(super) fn note_stop(task: &mut Task, barrier: Barrier) {
    if !barrier.stop.is_stop() {
        task.stopping.ends_input |= task.stops_with.is_some();
        return;
    }
    task.stops_with = Some(barrier.checkpoint);
    let identity = &task.chain.identity;
    let ends_last = identity.rules.stop_ends_sources == StopEndsSources::AfterSavepoint;
    task.stopping = Stopping {
        reads_on: identity.ends_after(barrier.stop),
        holds: ends_last && !task.channels.is_empty(),
        ends_input: barrier.stop == Stop::Drain,
        has_ended_time: task.stopping.has_ended_time,
    };
}

/// The savepoint has completed behind which a task was to end. A source does, and others once their senders have.
pub(super) fn end_behind_savepoint(task: &mut Task, effects: &mut TaskEffects) {
    assert!(task.stopping.reads_on, "{:?} has ended before its savepoint", task.id());
    task.is_settled = true;
    effects.released |= std::mem::take(&mut task.stopping.holds);
    if task.channels.is_empty() {
        task.chain.cancel_source(effects);
        task.is_stopped = true;
    } else if task.phase == Phase::Running {
        task.ask_to_wake(effects);
    }
    if task.aligner.all_closed() {
        finish_after_stop(task, effects);
    }
    if task.phase == Phase::Draining && effects.failure.is_none() {
        task.leave_if_alone(effects);
    }
}

/// Nothing more comes to a task that went on behind the savepoint it stopped with: its operators are finished where they
/// were not before.
pub(super) fn finish_after_stop(task: &mut Task, effects: &mut TaskEffects) {
    let is_over = task.stopping.reads_on && task.is_settled;
    if !is_over || task.phase != Phase::Running || effects.failure.is_some() {
        return;
    }
    assert!(task.aligner.all_closed(), "{:?} finishes before its senders", task.id());
    let is_source = task.channels.is_empty();
    if !task.chain.identity.rules.drain_finishes_first {
        if task.stopping.ends_input {
            let last = task.inputs.iter().max().copied().filter(|_| !is_source);
            for input in last.map(|last| 0..=last).into_iter().flatten() {
                task.chain.end_input(input, effects);
            }
        }
        if effects.failure.is_none() {
            task.chain.finish(task.stopping.ends_input, effects);
        }
    }
    if effects.failure.is_none() {
        task.phase = Phase::Draining;
    }
}
