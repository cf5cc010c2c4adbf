//! How a subtask stops with a savepoint (FLIP-34).
//!
//! Since 1.15 its sources end first: 1. They emit nothing more, or end their data if the job drains. 2. The barrier goes
//! through. 3. Who has taken the savepoint waits until it is notified, and leaves.
//!
//! Until 1.14 they end last: 1. The barrier goes through, behind the end of time if the job drains. 2. Sources read on; who has
//! none of its own handles nothing until it is notified. 3. Sources that are notified end; what they have emitted meanwhile is
//! handled by all. 4. Who has lost all its senders leaves. Until 1.13 operators are finished in that last step, drained or not.

use super::{Phase, Task};
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

impl Task {
    /// Whether the sources of the job end after the savepoint that it stops with.
    fn ends_after(&self, stop: Stop) -> bool {
        let rules = &self.chain.identity.rules;
        let drains_first = stop == Stop::Drain && rules.drain_finishes_first;
        rules.stop_ends_sources == StopEndsSources::AfterSavepoint && !drains_first
    }

    /// Whether it goes on behind the savepoint that it stops with.
    pub(super) const fn reads_on(&self) -> bool {
        self.stopping.reads_on
    }

    /// Whether nothing happens in it until it is notified of the savepoint that it stops with.
    pub(super) const fn awaits_stop(&self) -> bool {
        self.stopping.holds || (self.stops_with.is_some() && !self.stopping.reads_on)
    }

    /// The job stops. A source emits nothing more, and if it drains, its data ends here; or it goes on, and if it drains, its
    /// time ends.
    pub(super) fn stop_source(&mut self, stop: Stop, effects: &mut TaskEffects) {
        if !stop.is_stop() || self.phase != Phase::Running || !self.channels.is_empty() {
            return;
        }
        // One that read on may not have heard that its savepoint is off.
        let is_first = self.stops_with.is_none() || self.stopping.reads_on;
        assert!(is_first, "{:?} is stopped twice", self.id());
        if stop == Stop::Suspend && !self.chain.identity.rules.suspended_windows_stay_open {
            self.advance_to(EventTime::MAX, effects);
        }
        if self.ends_after(stop) {
            if stop == Stop::Drain {
                self.end_time_before_data(effects);
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

    /// Every window fires and every timer of event time. Of what it reads from then on all is late.
    fn end_time_before_data(&mut self, effects: &mut TaskEffects) {
        if std::mem::replace(&mut self.stopping.has_ended_time, true) {
            return;
        }
        if let Some(generator) = &mut self.chain.watermarks {
            generator.told.watermark = EventTime::MAX;
        }
        self.advance_to(EventTime::MAX, effects);
    }

    /// A snapshot is being taken: it may be of the savepoint that the job stops with.
    pub(super) fn note_stop(&mut self, barrier: Barrier) {
        if !barrier.stop.is_stop() {
            self.stopping.ends_input |= self.stops_with.is_some();
            return;
        }
        self.stops_with = Some(barrier.checkpoint);
        let rules = &self.chain.identity.rules;
        let ends_last = rules.stop_ends_sources == StopEndsSources::AfterSavepoint;
        self.stopping = Stopping {
            reads_on: self.ends_after(barrier.stop),
            holds: ends_last && !self.channels.is_empty(),
            ends_input: barrier.stop == Stop::Drain,
            has_ended_time: self.stopping.has_ended_time,
        };
    }

    /// The savepoint has completed behind which it was to end. A source does, and others once their senders have.
    pub(super) fn end_behind_savepoint(&mut self, effects: &mut TaskEffects) {
        assert!(self.stopping.reads_on, "{:?} has ended before its savepoint", self.id());
        self.is_settled = true;
        effects.released |= std::mem::take(&mut self.stopping.holds);
        if self.channels.is_empty() {
            self.chain.cancel_source(effects);
            self.is_stopped = true;
        } else if self.phase == Phase::Running {
            self.ask_to_wake(effects);
        }
        if self.aligner.all_closed() {
            self.finish_after_stop(effects);
        }
        if self.phase == Phase::Draining && effects.failure.is_none() {
            self.leave_if_alone(effects);
        }
    }

    /// Nothing more comes to a task that went on behind the savepoint it stopped with: its operators are finished where they
    /// were not before.
    pub(super) fn finish_after_stop(&mut self, effects: &mut TaskEffects) {
        let is_over = self.stopping.reads_on && self.is_settled;
        if !is_over || self.phase != Phase::Running || effects.failure.is_some() {
            return;
        }
        let is_source = self.channels.is_empty();
        if !self.chain.identity.rules.drain_finishes_first {
            if self.stopping.ends_input {
                let last = self.inputs.iter().max().copied().filter(|_| !is_source);
                for input in last.map(|last| 0..=last).into_iter().flatten() {
                    self.chain.end_input(input, effects);
                }
            }
            if effects.failure.is_none() {
                self.chain.finish(self.stopping.ends_input, effects);
            }
        }
        if effects.failure.is_none() {
            self.phase = Phase::Draining;
        }
    }
}
