//! Barriers of one subtask in at-least-once mode: counted, never waited for.
//!
//! Decides when the last channel has delivered a barrier (`CheckpointBarrierTracker`). Holds no channel
//! back, so what follows a barrier on a faster channel may be in the snapshot.

use super::Alignment;
use crate::job::{Barrier, CheckpointId};
use std::collections::VecDeque;

/// How many checkpoints are counted at a time; the oldest makes room for one more (`MAX_CHECKPOINTS_TO_TRACK`).
const TRACKED_MAX: usize = 50;

/// The barriers of one checkpoint so far.
#[derive(Clone, Debug)]
struct Count {
    barrier: Barrier,
    /// By input channel.
    delivered: Vec<bool>,
}

impl Count {
    /// Whether every channel has delivered the barrier or ended.
    fn is_full(&self, closed: &[bool]) -> bool {
        debug_assert_eq!(self.delivered.len(), closed.len(), "a task has other channels now");
        let mut channels = self.delivered.iter().zip(closed);
        channels.all(|(delivered, closed)| *delivered || *closed)
    }
}

/// The barriers that a subtask has counted.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    /// In order of their checkpoints.
    pending: VecDeque<Count>,
}

impl Tracker {
    /// Takes in a barrier of a checkpoint that is not done. `closed` tells which channels have ended.
    pub fn on_barrier(
        &mut self,
        input_channel: usize,
        barrier: Barrier,
        closed: &[bool],
    ) -> Alignment {
        let id = barrier.checkpoint;
        let place = self.pending.partition_point(|count| count.barrier.checkpoint < id);
        let is_known = self.pending.get(place).is_some_and(|count| count.barrier.checkpoint == id);
        if !is_known {
            let delivered = vec![false; closed.len()];
            self.pending.insert(place, Count { barrier, delivered });
        }
        let count = &self.pending[place];
        assert_eq!(count.delivered.len(), closed.len(), "the channels of a task became others");
        assert!(!count.delivered[input_channel], "one channel delivered {barrier:?} twice");
        self.pending[place].delivered[input_channel] = true;
        let alignment = self.complete(place, closed);
        if self.pending.len() > TRACKED_MAX {
            self.pending.pop_front();
        }
        let is_in_order = self.pending.iter().is_sorted_by_key(|count| count.barrier.checkpoint);
        assert!(is_in_order, "checkpoints are counted out of order");
        alignment
    }

    /// A channel ended, which counts as delivered from now on: the newest checkpoint that waited for no other is
    /// complete.
    pub fn on_closed(&mut self, closed: &[bool]) -> Alignment {
        match self.pending.iter().rposition(|count| count.is_full(closed)) {
            Some(place) => self.complete(place, closed),
            None => Alignment::Waiting,
        }
    }

    /// The snapshot of a checkpoint whose barriers are all there; what is older will never be.
    fn complete(&mut self, place: usize, closed: &[bool]) -> Alignment {
        if !self.pending[place].is_full(closed) {
            return Alignment::Waiting;
        }
        let barrier = self.pending[place].barrier;
        self.pending.drain(..=place);
        let mut left = self.pending.iter().map(|count| count.barrier.checkpoint);
        assert!(
            left.all(|newer| newer > barrier.checkpoint),
            "an older checkpoint is still counted"
        );
        Alignment::Complete(barrier)
    }

    /// The senders have all finished: the snapshot is taken when the last of the channels ends.
    pub fn await_ends(&mut self, barrier: Barrier, channels: usize) {
        assert!(channels > 0, "{barrier:?} waits for the end of no channel");
        self.forget_up_to(barrier.checkpoint);
        self.pending.push_front(Count { barrier, delivered: vec![false; channels] });
    }

    /// The checkpoint is off.
    pub fn forget(&mut self, checkpoint: CheckpointId) {
        self.pending.retain(|count| count.barrier.checkpoint != checkpoint);
    }

    /// The checkpoint was taken without its barriers, and none before it will be.
    pub fn forget_up_to(&mut self, checkpoint: CheckpointId) {
        self.pending.retain(|count| count.barrier.checkpoint > checkpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{BarrierAlignment, CheckpointKind};
    use crate::kernel::SimTime;

    const OPEN: [bool; 2] = [false, false];

    fn barrier(checkpoint: u64) -> Barrier {
        let checkpoint = CheckpointId::new(checkpoint);
        Barrier {
            checkpoint,
            kind: CheckpointKind::Checkpoint,
            triggered: SimTime::ZERO,
            stop: crate::job::Stop::No,
            alignment: BarrierAlignment::Aligned,
        }
    }

    #[test]
    fn the_last_channel_completes_a_checkpoint_and_older_ones_are_dropped() {
        let mut tracker = Tracker::default();
        assert_eq!(tracker.on_barrier(0, barrier(1), &OPEN), Alignment::Waiting);
        assert_eq!(tracker.on_barrier(0, barrier(2), &OPEN), Alignment::Waiting);
        assert_eq!(tracker.on_barrier(1, barrier(2), &OPEN), Alignment::Complete(barrier(2)));
        assert!(tracker.pending.is_empty(), "checkpoint 1 would wait for ever");
    }

    #[test]
    fn a_channel_that_ends_completes_the_newest_checkpoint_that_waited_for_it() {
        let mut tracker = Tracker::default();
        for checkpoint in 1..=3 {
            assert_eq!(tracker.on_barrier(0, barrier(checkpoint), &OPEN), Alignment::Waiting);
        }
        tracker.forget(CheckpointId::new(3));
        assert_eq!(tracker.on_closed(&[false, true]), Alignment::Complete(barrier(2)));
    }

    #[test]
    fn no_more_than_fifty_checkpoints_are_counted() {
        let mut tracker = Tracker::default();
        for checkpoint in 1..=51 {
            assert_eq!(tracker.on_barrier(0, barrier(checkpoint), &OPEN), Alignment::Waiting);
        }
        let oldest = tracker.pending.front().expect("fifty are counted").barrier;
        assert_eq!((tracker.pending.len(), oldest), (50, barrier(2)));
    }
}
