//! How a subtask handles barriers that overtake records: unaligned checkpoints, and aligned ones that took too long.
//!
//! Decides when the snapshot is taken and of which channels the records in flight belong to it (FLIP-76). Does not
//! hold those records: the channels do, and the cluster collects them.

use super::{Aligner, Identity, Overtaking, Phase, Task, decline};
use crate::effect::{InFlightOrder, TaskEffects};
use crate::job::{Barrier, BarrierAlignment, CheckpointId};
use crate::kernel::SimTime;
use crate::trace::{AbortReason, TaskEvent};

impl Identity {
    /// When a barrier that is timed may overtake.
    fn deadline(&self, barrier: Barrier) -> SimTime {
        barrier.triggered.plus(self.checkpoint.aligned_timeout)
    }
}

impl Task {
    /// Whether a barrier that is there overtakes what is before it, now. One that is older than the checkpoint whose barriers
    /// are awaited does not: it comes to nothing (`SingleCheckpointBarrierHandler.processBarrier`).
    pub(super) fn overtakes(&self, barrier: Barrier, now: SimTime) -> bool {
        let is_taken_in_order = self.tracker.is_some() || self.stopping.holds;
        if !self.chain.identity.takes_unaligned || is_taken_in_order {
            return false;
        }
        if self.aligner.overtaken() == Some(barrier.checkpoint) {
            return true;
        }
        let awaited = self.aligner.collecting();
        self.seen.is_news(barrier.checkpoint)
            && awaited.is_none_or(|awaited| awaited <= barrier.checkpoint)
            && match barrier.alignment {
                BarrierAlignment::Unaligned => true,
                BarrierAlignment::Timed => now >= self.chain.identity.deadline(barrier),
                BarrierAlignment::Aligned | BarrierAlignment::ForcedAligned => false,
            }
    }

    /// A barrier has arrived; records may be before it. Whether it overtakes them now. Until 1.15 one that is timed is not
    /// seen before it is the next: it waits in the outputs of its sender.
    pub fn on_barrier_arrived(&mut self, barrier: Barrier, effects: &mut TaskEffects) -> bool {
        if matches!(self.phase, Phase::Starting | Phase::Ended) {
            return false;
        }
        let is_timed = barrier.alignment == BarrierAlignment::Timed;
        if is_timed && !self.chain.identity.rules.timed_barriers_overtake_outputs {
            return false;
        }
        announce(self, barrier, effects);
        self.overtakes(barrier, effects.now)
    }

    /// The barrier of one channel overtakes what is before it.
    pub(super) fn overtake(
        &mut self,
        input_channel: usize,
        barrier: Barrier,
        effects: &mut TaskEffects,
    ) {
        assert!(self.tracker.is_none(), "{:?} counts barriers, and one overtakes", self.id());
        effects.events.push(TaskEvent::BarrierArrived {
            channel: self.channels[input_channel],
            checkpoint: barrier.checkpoint,
            blocked: false,
        });
        self.begin_overtaking(barrier, effects);
        effects.in_flight.push(InFlightOrder::Delivered(barrier.checkpoint, input_channel));
        self.aligner.deliver(input_channel);
    }

    /// Takes the snapshot, if this is the first barrier of its checkpoint that overtakes.
    fn begin_overtaking(&mut self, barrier: Barrier, effects: &mut TaskEffects) {
        assert!(self.chain.identity.takes_unaligned, "{:?}: {barrier:?} overtakes", self.id());
        if self.aligner.overtaken() != Some(barrier.checkpoint) {
            self.aligner.discard_overtaken(effects);
        }
        let Overtaking { begins, superseded } = self.aligner.overtake(barrier);
        if let Some(old) = superseded {
            if old > self.seen.last {
                self.seen.last = old;
            }
            decline(old, AbortReason::Declined, effects);
            self.send_cancellation(old, effects);
        }
        if begins {
            effects.released = true;
            let alignment = BarrierAlignment::Unaligned;
            self.take_snapshot(Barrier { alignment, ..barrier }, effects);
        }
    }

    /// The aligned time of a checkpoint is over. If barriers of it are missing, they need not come first any more.
    pub fn on_alignment_timeout(&mut self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        let announced = self.announced.filter(|barrier| barrier.checkpoint == checkpoint);
        let Some(barrier) = announced else { return };
        if !self.overtakes(barrier, effects.now) {
            return;
        }
        effects.events.push(TaskEvent::AlignmentSwitched { checkpoint });
        self.begin_overtaking(barrier, effects);
        let overtaken = self.aligner.overtaken();
        assert_eq!(overtaken, Some(checkpoint), "the time of {checkpoint} is over in vain");
        self.aligner.settle();
    }

    /// The job manager asks a task for a barrier whose senders have all finished, but whose channels have not ended: what
    /// is left in them belongs to the checkpoint, since nobody would send it again.
    pub(super) fn trigger_before_ends(&mut self, barrier: Barrier, effects: &mut TaskEffects) {
        assert!(!self.channels.is_empty(), "{:?} waits for the end of no channel", self.id());
        let channels = self.channels.len();
        if let Some(tracker) = &mut self.tracker {
            tracker.await_ends(barrier, channels);
        } else if self.chain.identity.takes_unaligned
            && barrier.alignment == BarrierAlignment::Unaligned
        {
            self.begin_overtaking(barrier, effects);
        } else {
            self.aligner.await_ends(barrier);
        }
    }
}

/// A barrier is there. If it overtakes only after a while, a timer is asked for, once for each checkpoint.
pub(super) fn announce(task: &mut Task, barrier: Barrier, effects: &mut TaskEffects) {
    let is_first = task.announced.is_none_or(|old| old.checkpoint < barrier.checkpoint);
    let is_timed = barrier.alignment == BarrierAlignment::Timed;
    if is_timed && is_first && task.tracker.is_none() && task.seen.is_news(barrier.checkpoint) {
        task.announced = Some(barrier);
        effects.alignment_timer = Some((task.chain.identity.deadline(barrier), barrier.checkpoint));
    }
}

impl Aligner {
    /// A channel ends: nothing more of it is in flight.
    pub(super) fn end_in_flight(&self, input_channel: usize, effects: &mut TaskEffects) {
        if let Some(checkpoint) = self.overtaken() {
            effects.in_flight.push(InFlightOrder::Delivered(checkpoint, input_channel));
        }
    }

    /// What was collected of a checkpoint that is off is dropped.
    pub(super) fn discard_overtaken(&self, effects: &mut TaskEffects) {
        if let Some(checkpoint) = self.overtaken() {
            effects.in_flight.push(InFlightOrder::Discard(checkpoint));
        }
    }
}
