//! The agenda: what will happen, in the order in which it will.
//!
//! Owns the clock's order (by time, then by insertion), the sequence numbers, and the choice
//! between two structures: a heap for few pending events, a ladder for many. Does not own what
//! an event means: `what` is an opaque number of the owner's.
//!
//! # Canceling
//!
//! Nothing is ever removed from the agenda. Who schedules an event remembers its [`Ticket`];
//! who no longer wants it remembers another one, or `Ticket::default()`. When an event is popped
//! whose ticket is not the one remembered, it is stale, and its owner ignores it:
//!
//! ```
//! use sandbar::SimTime;
//! use sandbar::simulation::{Agenda, Ticket};
//!
//! let mut agenda = Agenda::new();
//! let first = agenda.push(SimTime::from_secs(5), 0);
//! let timeout = agenda.push(SimTime::from_secs(9), 0); // moved: the first one is void
//! assert_ne!(agenda.pop().unwrap().ticket, timeout);
//! assert_eq!(agenda.pop().unwrap().ticket, timeout);
//! assert_ne!(first, Ticket::default()); // the default is never issued
//! ```

mod heap;
mod ladder;
#[cfg(test)]
mod tests;

use super::SimTime;
use heap::Heap;
use ladder::Ladder;

/// Bits of a key that hold `what`.
const WHAT_BITS: u32 = 24;
/// Bits of a key that hold the sequence number: a world of 2^40 events runs for hours.
const SEQUENCE_BITS: u32 = 40;
/// Above this many pending events the ladder is faster than the heap.
const HEAP_LENGTH_MAX: usize = 512;
/// Below this many pending events the ladder hands back to the heap. Far below
/// `HEAP_LENGTH_MAX`, so that a world that swings around one size does not pay for a change
/// on every swing.
const LADDER_LENGTH_MIN: usize = 128;

/// The number of an event in order of insertion, unique within its agenda.
///
/// The default is a ticket that is never issued.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Ticket(u64);

impl Ticket {
    /// As a number: 1 for the first event of an agenda, 0 for a ticket never issued.
    #[inline]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// An event that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// When it happens.
    pub at: SimTime,
    /// What `push` returned for it.
    pub ticket: Ticket,
    /// What happens: the number that was pushed, below 2^24.
    pub what: u32,
}

impl Event {
    /// Ticket and `what` in one number, as a digest folds them.
    #[inline]
    pub fn rank(self) -> u64 {
        self.ticket.0 << WHAT_BITS | u64::from(self.what)
    }
}

/// Pending events, popped by time and, within one moment, in the order they were pushed.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    now: SimTime,
    /// How many tickets have been issued.
    issued: u64,
    pending: Pending,
}

/// Both structures hold keys (see `key`) and pop them in ascending order.
#[derive(Clone, Debug)]
enum Pending {
    Few(Heap),
    Many(Box<Ladder>),
}

impl Default for Pending {
    fn default() -> Self {
        Self::Few(Heap::default())
    }
}

impl Agenda {
    /// An agenda with nothing on it, at the beginning of time.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an event on the agenda and returns its ticket.
    ///
    /// # Panics
    ///
    /// If `at` is before `now()`, if `what` is 2^24 or more, or if the agenda has issued 2^40
    /// tickets: all three are bugs of the caller.
    #[inline(always)] // measured: a tenth of a short world
    pub fn push(&mut self, at: SimTime, what: u32) -> Ticket {
        assert!(
            at >= self.now,
            "an event was scheduled in the past: at {at}, but it is {}",
            self.now
        );
        assert!(what >> WHAT_BITS == 0, "{what} does not name an event: it must be below 2^24");
        self.issued += 1;
        assert!(
            self.issued >> SEQUENCE_BITS == 0,
            "the agenda has issued its last ticket, number 2^40 - 1"
        );
        let key = key(at, self.issued, what);
        match &mut self.pending {
            Pending::Few(heap) if heap.has_hole() => heap.fill(key),
            Pending::Few(heap) => {
                heap.append(key);
                if heap.len() > HEAP_LENGTH_MAX {
                    self.grow();
                }
            }
            Pending::Many(ladder) => ladder.push(key, self.now.nanos()),
        }
        Ticket(self.issued)
    }

    /// Takes the earliest event off the agenda; its time becomes `now()`.
    #[inline(always)] // measured: a tenth of a short world
    pub fn pop(&mut self) -> Option<Event> {
        let key = match &mut self.pending {
            Pending::Few(heap) => heap.pop()?,
            Pending::Many(ladder) => {
                let key = ladder.pop(self.now.nanos())?;
                if ladder.len() < LADDER_LENGTH_MIN {
                    self.shrink();
                }
                key
            }
        };
        let at = SimTime::from_nanos(time_of(key));
        debug_assert!(at >= self.now, "the agenda went back in time: {at} after {}", self.now);
        self.now = at;
        let (sequence, what) = split_rank(rank_of(key));
        Some(Event { at, ticket: Ticket(sequence), what })
    }

    /// The time of the event popped last; zero before the first.
    #[inline]
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// How many events are pending.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.pending {
            Pending::Few(heap) => heap.len(),
            Pending::Many(ladder) => ladder.len(),
        }
    }

    /// Whether nothing is pending.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves everything from the heap to a ladder.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        if let Pending::Few(heap) = &mut self.pending {
            self.pending =
                Pending::Many(Box::new(Ladder::new(heap.keys().to_vec(), self.now.nanos())));
        }
    }

    /// Moves everything from the ladder to a heap.
    #[cold]
    #[inline(never)]
    fn shrink(&mut self) {
        if let Pending::Many(ladder) = &mut self.pending {
            self.pending = Pending::Few(Heap::new(&ladder.take()));
        }
    }
}

/// What is compared: the time above the rank. Ascending keys are the order of the agenda, and
/// no two events have the same one.
#[inline]
fn key(at: SimTime, sequence: u64, what: u32) -> u128 {
    u128::from(at.nanos()) << 64 | u128::from(sequence << WHAT_BITS | u64::from(what))
}

/// The time in a key.
#[inline]
#[expect(clippy::as_conversions, reason = "the upper half of 128 bits is 64 bits")]
fn time_of(key: u128) -> u64 {
    (key >> 64) as u64
}

/// The lower half of a key: the sequence number above `what`.
#[inline]
#[expect(clippy::as_conversions, reason = "the lower half of 128 bits is wanted")]
fn rank_of(key: u128) -> u64 {
    key as u64
}

/// The sequence number and `what` of a rank.
#[inline]
#[expect(clippy::as_conversions, reason = "the lower 24 bits fit in 32")]
fn split_rank(rank: u64) -> (u64, u32) {
    (rank >> WHAT_BITS, (rank & ((1 << WHAT_BITS) - 1)) as u32)
}
