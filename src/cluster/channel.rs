//! A channel between two subtasks: FIFO, bounded, with credit.
//!
//! Holds the elements; only its head is on the agenda. Does not decide when one is taken.

use crate::job::{Element, Origin, Record, TaskId};
use crate::kernel::{SimTime, Stream, Ticket};
use std::collections::VecDeque;

/// Where the head of a channel is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Head {
    /// Nothing is queued.
    Nothing,
    /// It is on its way: its event is on the agenda.
    Travelling,
    /// It has arrived and waits for its receiver's attention.
    Waiting,
    /// It has arrived behind a barrier that holds the channel back.
    Blocked,
}

/// One element on its way.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) at: SimTime,
    pub(super) element: Element,
}

/// A count of records and a running hash of their origins: ghost bookkeeping for the cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) records: u64,
    pub(super) hash: u64,
}

impl Tally {
    #[inline]
    pub(super) fn add(&mut self, origin: Origin) {
        self.records += 1;
        self.hash = origin.hash_after(self.hash);
    }
}

/// A physical channel.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) from: TaskId,
    pub(super) to: TaskId,
    /// Its place in the receiver's gate.
    pub(super) gate: usize,
    pub(super) queue: VecDeque<Queued>,
    pub(super) head: Head,
    /// How many elements at its front the receiver has read into its own buffers while a barrier held it back. They
    /// have no credit any more.
    pub(super) buffered: usize,
    /// Whether what travels is not its front, but the first element behind those.
    pub(super) is_read_on: bool,
    /// The event of the travelling head.
    pub(super) ticket: Ticket,
    /// When the last element arrives: none overtakes it.
    pub(super) last_arrival: SimTime,
    pub(super) latency: Stream,
    /// What the sender has sent in this attempt.
    pub(super) sent: Tally,
    /// What the receiver has taken in this attempt.
    pub(super) taken: Tally,
    /// The trace entries that caused the barriers in the queue, in order.
    pub(super) barrier_causes: VecDeque<u64>,
    /// What the receiver took since its snapshot, while that waits for the barrier of this channel.
    pub(super) recording: Option<Vec<Record>>,
}

impl Channel {
    pub(super) fn new(from: TaskId, to: TaskId, gate: usize, latency: Stream) -> Self {
        Self {
            from,
            to,
            gate,
            queue: VecDeque::new(),
            head: Head::Nothing,
            buffered: 0,
            is_read_on: false,
            ticket: Ticket::default(),
            last_arrival: SimTime::ZERO,
            latency,
            sent: Tally::default(),
            taken: Tally::default(),
            barrier_causes: VecDeque::new(),
            recording: None,
        }
    }

    /// Empties it for a new attempt.
    pub(super) fn reset(&mut self, latency: Stream) {
        let mut queue = std::mem::take(&mut self.queue);
        let mut barrier_causes = std::mem::take(&mut self.barrier_causes);
        queue.clear();
        barrier_causes.clear();
        let fresh = Self::new(self.from, self.to, self.gate, latency);
        *self = Self { queue, barrier_causes, ..fresh };
    }

    /// How many records its receiver has buffered.
    pub(super) fn records_buffered(&self) -> usize {
        let buffered = self.queue.iter().take(self.buffered);
        buffered.filter(|queued| matches!(queued.element, Element::Record(_))).count()
    }

    /// Whether an element that is put into it now is the next to travel.
    #[inline]
    pub(super) fn awaits_next(&self) -> bool {
        self.head == Head::Nothing || (self.is_read_on && self.head == Head::Blocked)
    }

    /// Whether an element may go in: records need a free place, barriers and ends do not.
    #[inline]
    pub(super) fn has_credit(&self, element: &Element, capacity: u32) -> bool {
        let held = self.queue.len() - self.buffered;
        !matches!(element, Element::Record(_))
            || u32::try_from(held).is_ok_and(|held| held < capacity)
    }

    /// How many records wait in it.
    pub(super) fn records_held(&self) -> u32 {
        let records = self.queue.iter().filter(|q| matches!(q.element, Element::Record(_))).count();
        u32::try_from(records).expect("capacity fits in 32 bits")
    }

    /// Which draw of the latency stream an element is: its origin or checkpoint tells, never a count, so that an
    /// element that is missing leaves the others as they were. `salts` stand for the inputs' names, by `InputId`.
    #[inline]
    pub(super) fn draw_index(element: &Element, salts: &[u64]) -> u64 {
        match element {
            Element::Record(record) => {
                let Origin { input, partition, offset, child } = record.origin;
                let place = u64::from(offset) << 32 | u64::from(partition);
                place
                    ^ u64::from(child).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                    ^ salts[usize::from(input)]
            }
            Element::Barrier(barrier) => u64::MAX - barrier.checkpoint.number(),
            Element::Cancellation(checkpoint) => (u64::MAX >> 2) - checkpoint.number(),
            Element::Watermark(time) => u64::from_le_bytes(time.millis().to_le_bytes()),
            Element::Status(_) => (u64::MAX >> 1) - 2,
            Element::EndOfData => u64::MAX >> 1,
            Element::EndOfPartition => (u64::MAX >> 1) - 1,
        }
    }
}
