//! A radix ladder of whole events, 32 bytes each: wheels of 2^`BITS` slots, sorted when due.

use crate::workload::PendingSet;

#[derive(Clone, Copy)]
struct Event {
    at: u64,
    sequence: u64,
    payload: [u64; 2],
}

impl Event {
    #[inline]
    fn key(&self) -> u128 {
        u128::from(self.at) << 64 | u128::from(self.sequence)
    }
}

/// Events of the earliest slot, sorted, and all others in slots by their highest digit that
/// differs from the cursor's.
pub(crate) struct Ladder<const BITS: u32> {
    front: Vec<Event>,
    limit: u64,
    cursor: u64,
    slots: Vec<Vec<Event>>,
    used: Vec<u64>,
    length: usize,
}

/// Slots of at most this many events are sorted, others dealt to lower levels.
const CROWDED: usize = 16;

impl<const BITS: u32> Ladder<BITS> {
    const SLOTS: usize = 1 << BITS;
    const LEVELS: usize = 64_usize.div_ceil(BITS as usize);
    const WORDS: usize = Self::SLOTS.div_ceil(64);

    #[inline]
    fn place(&mut self, event: Event) {
        let level = (63 - ((event.at ^ self.cursor) | 1).leading_zeros()) / BITS;
        let slot = (event.at >> (level * BITS)) as usize & (Self::SLOTS - 1);
        self.slots[level as usize * Self::SLOTS + slot].push(event);
        self.used[level as usize * Self::WORDS + slot / 64] |= 1 << (slot % 64);
    }

    fn earliest(&self) -> (usize, usize) {
        let word = self.used.iter().position(|&word| word != 0).unwrap_or(0);
        let bit = self.used[word].trailing_zeros() as usize;
        (word / Self::WORDS, word % Self::WORDS * 64 + bit)
    }

    #[inline(never)]
    fn refill(&mut self) {
        loop {
            let (level, slot) = self.earliest();
            self.used[level * Self::WORDS + slot / 64] &= !(1 << (slot % 64));
            let shift = level as u32 * BITS;
            let above = u64::MAX.checked_shl(shift + BITS).unwrap_or(0);
            let start = (self.cursor & above) | (slot as u64) << shift;
            let place = level * Self::SLOTS + slot;
            let mut events = std::mem::take(&mut self.slots[place]);
            if events.len() <= CROWDED || level == 0 {
                self.cursor = start | ((1 << shift) - 1);
                self.limit = self.cursor + 1;
                events.sort_unstable_by_key(|event| std::cmp::Reverse(event.key()));
                std::mem::swap(&mut self.front, &mut events);
                self.slots[place] = events;
                return;
            }
            self.cursor = start;
            events.iter().for_each(|&event| self.place(event));
            events.clear();
            self.slots[place] = events;
        }
    }
}

impl<const BITS: u32> PendingSet for Ladder<BITS> {
    fn new() -> Self {
        Self {
            front: Vec::new(),
            limit: 0,
            cursor: 0,
            slots: vec![Vec::new(); Self::SLOTS * Self::LEVELS],
            used: vec![0; Self::WORDS * Self::LEVELS],
            length: 0,
        }
    }

    #[inline]
    fn push(&mut self, at: u64, sequence: u64, payload: [u64; 2]) {
        self.length += 1;
        let event = Event { at, sequence, payload };
        if at < self.limit {
            let key = event.key();
            let place = self.front.partition_point(|other| other.key() > key);
            self.front.insert(place, event);
        } else {
            self.place(event);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<(u64, [u64; 2])> {
        if self.front.is_empty() {
            if self.length == 0 {
                return None;
            }
            self.refill();
        }
        let event = self.front.pop()?;
        self.length -= 1;
        Some((event.at, event.payload))
    }
}
