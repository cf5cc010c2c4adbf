//! A radix ladder for many pending events: a wheel of wheels whose slots are sorted when due.
//!
//! Keys lie unsorted in slots. A slot of level `n` spans 2^(BITS·n) nanoseconds; a key lies on
//! the level of the highest digit in which its time differs from the cursor. So the lowest level
//! with a key in it holds the earliest keys, and within it the first slot does. That slot is
//! sorted into the *front*, from which keys are popped; or, where it is crowded and can be split,
//! dealt to the levels below.
//!
//! Keys due now go into a first-in first-out *lane*: they have the greatest sequence numbers of
//! their moment, so they need no sorting, and many of them cost nothing.

use super::time_of;
use std::collections::VecDeque;

/// Bits of time in a digit. Four were measured to be faster than six with a hundred thousand keys
/// and as fast with fewer; the slots a push may touch stay in the cache.
const BITS: u32 = 4;
/// Slots of a level: at most 64, so that a word says which of them are in use.
const SLOTS: usize = 1 << BITS;
/// Levels that cover 64 bits of time.
const LEVELS: usize = 16;
const _: () = assert!(64_u32.div_ceil(BITS) == 16, "LEVELS follows from BITS");
/// A slot of at most this many keys is sorted as it is; sorting this few costs less than
/// dealing them out again.
const CROWDED: usize = 16;
/// A front that pushes have swollen beyond this many keys is dealt back into slots, so that
/// inserting into it stays cheap.
const FRONT_LENGTH_MAX: usize = 64;

/// Keys, the least first.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    /// Sorted, the least last.
    front: Vec<u128>,
    /// Every key in `front` is at this time or before it, every key in a slot after it. It also
    /// says on which level a key lies.
    cursor: u64,
    /// `SLOTS` slots for each level.
    slots: Vec<Vec<u128>>,
    /// For each level which slots have keys, one bit each.
    used: [u64; LEVELS],
    /// Keys due now, pushed since it is now.
    lane: VecDeque<u128>,
    /// Keys in all of these.
    length: usize,
}

impl Ladder {
    /// A ladder of keys none of which is before `now`. Those due now must be in the lane's
    /// order, so they are sorted first.
    pub(super) fn new(mut keys: Vec<u128>, now: u64) -> Self {
        keys.sort_unstable();
        let mut ladder = Self {
            front: Vec::new(),
            cursor: now,
            slots: vec![Vec::new(); SLOTS * LEVELS],
            used: [0; LEVELS],
            lane: VecDeque::new(),
            length: 0,
        };
        for key in keys {
            ladder.push(key, now);
        }
        ladder
    }

    /// How many keys are in it.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Puts in a key, later than all of its moment so far.
    #[inline]
    pub(super) fn push(&mut self, key: u128, now: u64) {
        let time = time_of(key);
        self.length += 1;
        if time == now {
            self.lane.push_back(key);
        } else if time <= self.cursor {
            self.insert(key, now);
        } else {
            self.place(key);
        }
    }

    /// Takes the least key out.
    #[inline]
    pub(super) fn pop(&mut self, now: u64) -> Option<u128> {
        self.advance();
        // Keys of this moment that are in front were pushed before those in the lane.
        let key = match self.front.last() {
            Some(&key) if self.lane.is_empty() || time_of(key) == now => self.front.pop(),
            Some(_) | None => self.lane.pop_front(),
        }?;
        self.length -= 1;
        Some(key)
    }

    /// Takes all keys out, sorted.
    pub(super) fn take(&mut self) -> Vec<u128> {
        let mut keys: Vec<u128> = self.slots.iter_mut().flat_map(std::mem::take).collect();
        keys.append(&mut self.front);
        keys.extend(self.lane.drain(..));
        keys.sort_unstable();
        assert_eq!(keys.len(), self.length, "the ladder lost count of its keys");
        self.length = 0;
        keys
    }

    /// Fills the front, unless it or the lane has the least key already.
    #[inline]
    fn advance(&mut self) {
        if self.front.is_empty() && self.lane.is_empty() && self.length > 0 {
            self.refill();
        }
    }

    /// Puts a key into the slot it belongs to.
    #[inline]
    fn place(&mut self, key: u128) {
        let time = time_of(key);
        let level = (63 - ((time ^ self.cursor) | 1).leading_zeros()) / BITS;
        let digit = digit(time, level);
        self.used[index(level)] |= 1 << digit;
        self.slots[index(level) * SLOTS + index(digit)].push(key);
    }

    /// Puts a key into the sorted front.
    #[inline]
    fn insert(&mut self, key: u128, now: u64) {
        let place = self.front.partition_point(|&other| other > key);
        self.front.insert(place, key);
        if self.front.len() > FRONT_LENGTH_MAX {
            self.deal_back(now);
        }
    }

    /// Moves the earliest slot to the front.
    #[inline(never)]
    fn refill(&mut self) {
        loop {
            let level = self
                .used
                .iter()
                .position(|&used| used != 0)
                .expect("a ladder with keys has a used slot");
            let digit = self.used[level].trailing_zeros();
            self.used[level] &= !(1 << digit);
            let shift = u32::try_from(level).expect("levels are few") * BITS;
            let above = u64::MAX.checked_shl(shift + BITS).unwrap_or(0);
            let start = (self.cursor & above) | (u64::from(digit) << shift);
            let slot = level * SLOTS + index(digit);
            assert!(
                start >= self.cursor & (u64::MAX << shift),
                "the ladder's cursor passed a used slot"
            );
            let mut keys = std::mem::take(&mut self.slots[slot]);
            if keys.len() <= CROWDED || level == 0 {
                self.cursor = start | ((1 << shift) - 1);
                keys.sort_unstable_by(|a, b| b.cmp(a));
                std::mem::swap(&mut self.front, &mut keys);
                self.slots[slot] = keys;
                return;
            }
            self.cursor = start;
            for &key in &keys {
                self.place(key);
            }
            keys.clear();
            self.slots[slot] = keys;
        }
    }

    /// Moves the front, except what is due now, back into slots.
    ///
    /// The slots of all levels below that of the slot it came from are empty, and its span has
    /// `now` in it; so the cursor may go back to `now`.
    #[cold]
    #[inline(never)]
    fn deal_back(&mut self, now: u64) {
        let later = self.front.partition_point(|&key| time_of(key) > now);
        if later == 0 {
            return;
        }
        self.cursor = now;
        let due = self.front.split_off(later);
        let later = std::mem::replace(&mut self.front, due);
        for key in later.into_iter().rev() {
            self.place(key);
        }
    }
}

/// The digit of `time` on `level`.
#[inline]
fn digit(time: u64, level: u32) -> u32 {
    let slots = u64::try_from(SLOTS).expect("slots are few");
    u32::try_from((time >> (level * BITS)) & (slots - 1))
        .expect("a digit is less than the number of slots")
}

/// A small number as an index.
#[inline]
fn index(number: u32) -> usize {
    usize::try_from(number).expect("usize has at least 32 bits")
}
