//! Barrier alignment of one subtask with several input channels.
//!
//! Decides when a channel is blocked and when the cut is complete (`SingleCheckpointBarrierHandler`). Does not hold the blocked records
//! (the channels do) nor take the snapshot (the subtask does).

use crate::job::{Barrier, CheckpointId};

/// What the subtask must do once a barrier has been taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Alignment {
    /// Go on; other channels have yet to deliver.
    Waiting,
    /// A newer barrier overtook this checkpoint on another channel: decline it, go on waiting for the newer one.
    Superseding(CheckpointId),
    /// Every open channel delivered the barrier: snapshot, forward, release.
    Complete(Barrier),
}

/// The alignment of one subtask.
#[derive(Clone, Debug)]
pub struct Aligner {
    collecting: Option<Barrier>,
    delivered: Vec<bool>,
    blocked: Vec<bool>,
    closed: Vec<bool>,
    /// Whether the snapshot is taken, and what is before the barriers that are awaited belongs to it.
    is_overtaken: bool,
}

/// What the subtask must do once a barrier came that overtakes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Overtaking {
    /// Whether the snapshot is to be taken: no barrier of this checkpoint had overtaken any before.
    pub begins: bool,
    /// An older checkpoint that is off.
    pub superseded: Option<CheckpointId>,
}

impl Aligner {
    /// With so many channels, all open.
    pub fn new(channels: usize) -> Self {
        let none = vec![false; channels];
        Self {
            collecting: None,
            delivered: none.clone(),
            blocked: none.clone(),
            closed: none,
            is_overtaken: false,
        }
    }

    /// Whether the channel is held back.
    #[inline]
    pub fn is_blocked(&self, input_channel: usize) -> bool {
        self.blocked[input_channel]
    }

    /// Whether a channel is held back that has not delivered the barrier which is awaited.
    pub fn holds_undelivered(&self) -> bool {
        let mut channels = self.blocked.iter().zip(&self.delivered);
        channels.any(|(blocked, delivered)| *blocked && !*delivered)
    }

    /// Whether every channel is closed; so is a source, which has none.
    pub fn all_closed(&self) -> bool {
        self.closed.iter().all(|closed| *closed)
    }

    /// By channel, whether it has ended.
    pub fn closed(&self) -> &[bool] {
        &self.closed
    }

    /// Takes in a barrier that is newer than any this subtask is done with. `holds` tells whether a barrier holds its
    /// channel back.
    pub fn on_barrier(&mut self, input_channel: usize, barrier: Barrier, holds: bool) -> Alignment {
        assert!(!self.blocked[input_channel], "a blocked channel delivered {barrier:?}");
        assert!(!self.closed[input_channel], "a channel that has ended delivered {barrier:?}");
        let mut superseded = None;
        match self.collecting {
            Some(current) if current.checkpoint > barrier.checkpoint => return Alignment::Waiting,
            Some(current) if current.checkpoint < barrier.checkpoint => {
                superseded = Some(current.checkpoint);
                self.release();
            }
            Some(_) | None => {}
        }
        assert!(!self.delivered[input_channel], "one channel delivered {barrier:?} twice");
        self.collecting = Some(barrier);
        self.delivered[input_channel] = true;
        self.blocked[input_channel] = holds;
        match (self.complete_if_delivered(), superseded) {
            (Alignment::Waiting, Some(old)) => Alignment::Superseding(old),
            (alignment, _) => alignment,
        }
    }

    /// Which checkpoint's barriers are awaited.
    pub fn collecting(&self) -> Option<CheckpointId> {
        self.collecting.map(|barrier| barrier.checkpoint)
    }

    /// Which checkpoint's snapshot is taken while barriers of it are awaited.
    pub fn overtaken(&self) -> Option<CheckpointId> {
        self.collecting.filter(|_| self.is_overtaken).map(|barrier| barrier.checkpoint)
    }

    /// Where the barrier that is awaited has not come through, nor the end of the channel.
    pub fn open(&self) -> Vec<usize> {
        let input_channels = 0..self.delivered.len();
        input_channels
            .filter(|input_channel| !self.delivered[*input_channel] && !self.closed[*input_channel])
            .collect()
    }

    /// The barriers of a checkpoint that is not done overtake what is before them. Nothing is held back any more.
    pub fn overtake(&mut self, barrier: Barrier) -> Overtaking {
        let mut superseded = None;
        if let Some(current) = self.collecting
            && current.checkpoint != barrier.checkpoint
        {
            superseded = Some(current.checkpoint);
            self.release();
        }
        let is_newer = superseded.is_none_or(|old| old < barrier.checkpoint);
        assert!(is_newer, "{barrier:?} overtakes a newer one, {superseded:?}");
        let begins = !self.is_overtaken;
        self.collecting = Some(barrier);
        self.is_overtaken = true;
        self.blocked.fill(false);
        Overtaking { begins, superseded }
    }

    /// A barrier that overtakes came through. No more are awaited once every channel has delivered or ended.
    pub fn deliver(&mut self, input_channel: usize) {
        assert!(self.is_overtaken, "a barrier overtook records, and no snapshot was taken");
        assert!(!self.closed[input_channel], "a barrier came out of a channel that has ended");
        self.delivered[input_channel] = true;
        self.settle();
    }

    /// No more barriers are awaited if every channel has delivered or ended.
    pub fn settle(&mut self) {
        if self.open().is_empty() {
            self.release();
        }
    }

    /// The senders have all finished: the snapshot is taken when the last of the channels ends.
    pub fn await_ends(&mut self, barrier: Barrier) {
        assert!(!self.all_closed(), "{barrier:?} waits for channels that have ended");
        self.release();
        self.collecting = Some(barrier);
    }

    /// Takes in the end of a channel, which counts as aligned from now on.
    pub fn close(&mut self, input_channel: usize) -> Alignment {
        assert!(!self.closed[input_channel], "a channel ended twice");
        self.closed[input_channel] = true;
        self.complete_if_delivered()
    }

    /// Gives a checkpoint up. Whether it was being aligned.
    pub fn abort(&mut self, checkpoint: CheckpointId) -> bool {
        let was_collecting =
            self.collecting.is_some_and(|barrier| barrier.checkpoint == checkpoint);
        if was_collecting {
            self.release();
        }
        was_collecting
    }

    /// Gives up whatever is being aligned. Whether anything was.
    pub fn give_up(&mut self) -> bool {
        let was_collecting = self.collecting.is_some();
        self.release();
        was_collecting
    }

    fn complete_if_delivered(&mut self) -> Alignment {
        let Some(barrier) = self.collecting else { return Alignment::Waiting };
        if self.is_overtaken {
            self.settle();
            return Alignment::Waiting;
        }
        let mut channels = self.delivered.iter().zip(&self.closed);
        if !channels.all(|(delivered, closed)| *delivered || *closed) {
            return Alignment::Waiting;
        }
        self.release();
        Alignment::Complete(barrier)
    }

    fn release(&mut self) {
        self.collecting = None;
        self.is_overtaken = false;
        self.delivered.fill(false);
        self.blocked.fill(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{BarrierAlignment, CheckpointKind, Stop};
    use crate::kernel::SimTime;
    use proptest::prelude::*;

    fn barrier(checkpoint: u64) -> Barrier {
        let checkpoint = CheckpointId::new(checkpoint);
        Barrier {
            checkpoint,
            kind: CheckpointKind::Checkpoint,
            triggered: SimTime::ZERO,
            stop: Stop::No,
            alignment: BarrierAlignment::Aligned,
        }
    }

    #[test]
    fn the_last_channel_completes_the_cut_and_releases_the_others() {
        let mut aligner = Aligner::new(2);
        assert_eq!(aligner.on_barrier(0, barrier(1), true), Alignment::Waiting);
        assert!(aligner.is_blocked(0) && !aligner.is_blocked(1));
        assert_eq!(aligner.on_barrier(1, barrier(1), true), Alignment::Complete(barrier(1)));
        assert!(!aligner.is_blocked(0));
    }

    #[test]
    fn a_newer_barrier_gives_the_older_checkpoint_up() {
        let mut aligner = Aligner::new(3);
        assert_eq!(aligner.on_barrier(0, barrier(1), true), Alignment::Waiting);
        let superseding = Alignment::Superseding(CheckpointId::new(1));
        assert_eq!(aligner.on_barrier(1, barrier(2), true), superseding);
        assert!(!aligner.is_blocked(0) && aligner.is_blocked(1));
        assert!(!aligner.holds_undelivered());
        // As if the older barrier were still held back, behind which the newer one is.
        aligner.blocked[0] = true;
        assert!(aligner.holds_undelivered());
    }

    #[test]
    fn a_closed_channel_counts_as_aligned() {
        let mut aligner = Aligner::new(2);
        assert_eq!(aligner.on_barrier(0, barrier(1), true), Alignment::Waiting);
        assert_eq!(aligner.close(1), Alignment::Complete(barrier(1)));
        assert_eq!(aligner.on_barrier(0, barrier(2), true), Alignment::Complete(barrier(2)));
    }

    #[test]
    fn an_aborted_checkpoint_holds_nothing_back() {
        let mut aligner = Aligner::new(2);
        assert_eq!(aligner.on_barrier(0, barrier(1), true), Alignment::Waiting);
        assert!(aligner.abort(CheckpointId::new(1)));
        assert!(!aligner.is_blocked(0) && !aligner.abort(CheckpointId::new(1)));
    }

    /// What a channel delivers: a record, or the barrier of a checkpoint.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Delivery {
        Record,
        Barrier(u64),
    }

    /// What some channels deliver: barriers of rising checkpoints, some of which a channel leaves out, between records.
    fn channels() -> impl Strategy<Value = Vec<Vec<Delivery>>> {
        let section = (0..4_usize, prop::bool::weighted(0.85));
        let channel = prop::collection::vec(section, 0..5).prop_map(|sections| {
            let section = |(checkpoint, (records, has_barrier)): (u64, (usize, bool))| {
                let barrier = has_barrier.then_some(Delivery::Barrier(checkpoint));
                std::iter::repeat_n(Delivery::Record, records).chain(barrier)
            };
            (1..).zip(sections).flat_map(section).collect()
        });
        prop::collection::vec(channel, 1..5)
    }

    /// How many records a channel delivers before a barrier, if it delivers that.
    fn records_before(channel: &[Delivery], checkpoint: u64) -> Option<usize> {
        let place = channel.iter().position(|one| *one == Delivery::Barrier(checkpoint))?;
        Some(channel[..place].iter().filter(|one| **one == Delivery::Record).count())
    }

    proptest! {
        #[test]
        fn no_record_behind_a_barrier_passes_before_its_snapshot(
            channels in channels(),
            turns in prop::collection::vec(any::<prop::sample::Index>(), 200),
            aborts in prop::collection::vec(0..40_u64, 0..4),
        ) {
            let mut aligner = Aligner::new(channels.len());
            let mut places = vec![0; channels.len()];
            let mut records = vec![0; channels.len()];
            let (mut over, mut completed) = (0, Vec::new());
            for (turn, number) in turns.iter().zip(0..) {
                let is_open = |input_channel: &usize| !aligner.closed()[*input_channel] && !aligner.is_blocked(*input_channel);
                let open: Vec<usize> = (0..channels.len()).filter(is_open).collect();
                prop_assert!(aligner.all_closed() || !open.is_empty(), "all channels are held back");
                if open.is_empty() {
                    break;
                }
                if aborts.contains(&number) && let Some(off) = aligner.collecting() {
                    prop_assert!(aligner.abort(off));
                    over = off.number();
                    continue;
                }
                let input_channel = open[turn.index(open.len())];
                let delivery = channels[input_channel].get(places[input_channel]).copied();
                places[input_channel] += 1;
                let alignment = match delivery {
                    Some(Delivery::Record) => {
                        records[input_channel] += 1;
                        continue;
                    }
                    // The task is done with this one.
                    Some(Delivery::Barrier(checkpoint)) if checkpoint <= over => continue,
                    Some(Delivery::Barrier(checkpoint)) => {
                        aligner.on_barrier(input_channel, barrier(checkpoint), true)
                    }
                    None => aligner.close(input_channel),
                };
                match alignment {
                    Alignment::Waiting => {}
                    Alignment::Superseding(old) => over = old.number(),
                    Alignment::Complete(barrier) => {
                        over = barrier.checkpoint.number();
                        completed.push(over);
                        for (input_channel, channel) in channels.iter().enumerate() {
                            prop_assert!(!aligner.is_blocked(input_channel), "complete, and still held back");
                            if let Some(before) = records_before(channel, over) {
                                prop_assert_eq!(records[input_channel], before, "in channel {}", input_channel);
                            } else {
                                prop_assert!(aligner.closed()[input_channel], "channel {} was not asked", input_channel);
                            }
                        }
                        prop_assert_eq!(aligner.collecting(), None);
                    }
                }
            }
            prop_assert!(aligner.all_closed(), "something was never delivered");
            prop_assert!(completed.is_sorted_by(|one, next| one < next), "{:?}", completed);
            let is_everywhere = |id: &u64| channels.iter().all(|c| records_before(c, *id).is_some());
            if aborts.is_empty() && channels.iter().all(|c| !c.is_empty()) {
                let whole: Vec<u64> = (1..5).filter(is_everywhere).collect();
                let missed = whole.iter().find(|id| !completed.contains(id));
                prop_assert_eq!(missed, None, "every channel delivered it");
            }
        }
    }
}
