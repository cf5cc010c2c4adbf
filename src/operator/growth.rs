//! How many partitions a log has at what time, and which of its entries goes where.

use crate::kernel::{SimTime, to_index};

/// From some time on a log has more partitions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Growth {
    /// When.
    pub at: SimTime,
    /// How many it has from then on.
    pub partitions: u16,
}

/// A time in which the number of partitions stays what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stage {
    since: SimTime,
    partitions: u16,
    /// How many entries each partition that was there from the start has by then.
    turns: u64,
    /// How many entries there are in all by then.
    entries: u64,
}

/// The stages of a log, of which the first begins with it. Entries are dealt in turns, one to each partition that is there,
/// so that none ever changes its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stages(Vec<Stage>);

impl Stages {
    /// A log that stays as it is.
    pub(super) fn of(partitions: u16) -> Self {
        Self(vec![Stage { since: SimTime::ZERO, partitions, turns: 0, entries: 0 }])
    }

    /// The same, until it grows. A turn comes `every` so much.
    pub(super) fn grow(&mut self, growth: Growth, every: SimTime) {
        let last = *self.0.last().expect("a log begins");
        assert!(growth.at >= last.since, "a log grows at {} and then at {}", last.since, growth.at);
        assert!(growth.partitions >= last.partitions, "a log has fewer partitions than it had");
        let turns = match every.nanos() {
            0 if growth.at > SimTime::ZERO => u64::MAX,
            0 => 0,
            every => growth.at.nanos().div_ceil(every),
        };
        let in_stage = (turns - last.turns).saturating_mul(last.partitions.into());
        let entries = last.entries.saturating_add(in_stage);
        self.0.push(Stage { since: growth.at, partitions: growth.partitions, turns, entries });
    }

    /// How many partitions there will ever be.
    pub(super) fn partitions(&self) -> u16 {
        self.0.last().expect("a log begins").partitions
    }

    /// How many there are at a time.
    pub(super) fn partitions_at(&self, now: SimTime) -> u16 {
        let begun = self.0.iter().rev().find(|stage| stage.since <= now);
        begun.expect("the first stage begins with the world").partitions
    }

    /// In which turn an entry of a partition that will be there comes.
    #[inline]
    pub(super) fn turn(&self, partition: u16, offset: u32) -> u64 {
        if self.0.len() == 1 {
            return offset.into();
        }
        let born = self.0.iter().find(|stage| partition < stage.partitions);
        born.map_or(u64::MAX, |born| born.turns.saturating_add(offset.into()))
    }

    /// Which of all entries an entry of a partition is.
    #[inline]
    pub(super) fn place(&self, partition: u16, offset: u32) -> Option<usize> {
        let turn = self.turn(partition, offset);
        let mut stages = self.0.iter().rev();
        let stage = stages.find(|stage| stage.turns <= turn && partition < stage.partitions)?;
        let in_stage = (turn - stage.turns).checked_mul(stage.partitions.into())?;
        let place = stage.entries.checked_add(in_stage)?.checked_add(partition.into())?;
        usize::try_from(place).ok()
    }

    /// How many of so many entries a partition has.
    pub(super) fn length(&self, partition: u16, entries: usize) -> u32 {
        let is_there = |offset: u32| self.place(partition, offset).is_some_and(|at| at < entries);
        let (mut there, mut beyond) = (0, u32::try_from(entries).unwrap_or(u32::MAX));
        while there < beyond {
            let middle = there + (beyond - there) / 2;
            match is_there(middle) {
                true => there = middle + 1,
                false => beyond = middle,
            }
        }
        debug_assert!(to_index(there) <= entries, "a partition has more entries than its log");
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_grows_deals_no_entry_anew() {
        let every = SimTime::from_millis(10);
        let mut stages = Stages::of(2);
        stages.grow(Growth { at: SimTime::from_millis(15), partitions: 3 }, every);
        // Two turns of two, and then turns of three.
        let places = |partition| (0..3).map(move |offset| (partition, offset));
        let place = |(partition, offset)| stages.place(partition, offset);
        assert_eq!(places(0).map(place).collect::<Vec<_>>(), [Some(0), Some(2), Some(4)]);
        assert_eq!(places(1).map(place).collect::<Vec<_>>(), [Some(1), Some(3), Some(5)]);
        assert_eq!(places(2).map(place).collect::<Vec<_>>(), [Some(6), Some(9), Some(12)]);
        assert_eq!((stages.turn(2, 0), stages.turn(0, 2), stages.place(3, 0)), (2, 2, None));
        assert_eq!([0, 1, 2, 3].map(|partition| stages.length(partition, 8)), [4, 3, 1, 0]);
        let ms = SimTime::from_millis;
        assert_eq!((stages.partitions_at(ms(14)), stages.partitions_at(ms(15))), (2, 3));
    }
}
