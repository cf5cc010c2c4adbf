//! A channel between two subtasks: FIFO, bounded, with credit.
//!
//! Holds the elements; only its head is on the agenda. Does not decide when one is taken.

use crate::cluster::ids::PlaceId;
use crate::job::{Barrier, ChannelId, Element, Origin, Record};
use crate::kernel::{SimTime, Stream, Ticket};
use std::collections::VecDeque;

/// Where the head of a channel is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Head {
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
pub(crate) struct Queued {
    pub(crate) at: SimTime,
    pub(crate) element: Element,
}

/// A count of records and a running hash of their origins: ghost bookkeeping for the cut.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) hash: u64,
}

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, origin: Origin) {
        self.records += 1;
        self.hash = origin.hash_after(self.hash);
    }
}

/// A physical channel: what each element touches.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) from: PlaceId,
    pub(crate) to: PlaceId,
    /// Its place among the receiver's input channels.
    pub(crate) input_channel: usize,
    pub(crate) queue: VecDeque<Queued>,
    pub(crate) head: Head,
    /// How many elements at its front the receiver has read into its own buffers while a barrier held it back. They
    /// have no credit any more.
    pub(crate) buffered: usize,
    /// Whether what travels is not its front, but the first element behind those.
    pub(crate) is_read_on: bool,
    /// The event of the travelling head.
    pub(crate) ticket: Ticket,
    /// When the last element arrives: none overtakes it.
    pub(crate) last_arrival: SimTime,
    pub(crate) latency: Stream,
    /// What the sender has sent in this attempt.
    pub(crate) sent: Tally,
    /// What the receiver has taken in this attempt.
    pub(crate) taken: Tally,
    /// Whether what its receiver takes is recorded in its notes.
    pub(crate) is_recorded: bool,
}

/// What is kept of a channel beside its elements.
#[derive(Clone, Debug)]
pub(crate) struct ChannelNotes {
    /// Under which the trace knows it.
    pub(crate) id: ChannelId,
    /// The trace entries that caused the barriers in the queue, in order.
    pub(crate) barrier_causes: VecDeque<Option<u64>>,
    /// What the receiver took since its snapshot, while that waits for the barrier of this channel.
    pub(crate) recording: Vec<Record>,
}

impl ChannelNotes {
    pub(crate) const fn new(id: ChannelId) -> Self {
        Self { id, barrier_causes: VecDeque::new(), recording: Vec::new() }
    }

    /// Forgets what was noted, for a new attempt.
    pub(crate) fn reset(&mut self) {
        self.barrier_causes.clear();
        self.recording.clear();
    }
}

impl Channel {
    pub(crate) fn new(from: PlaceId, to: PlaceId, input_channel: usize, latency: Stream) -> Self {
        Self {
            from,
            to,
            input_channel,
            queue: VecDeque::new(),
            head: Head::Nothing,
            buffered: 0,
            is_read_on: false,
            ticket: Ticket::default(),
            last_arrival: SimTime::ZERO,
            latency,
            sent: Tally::default(),
            taken: Tally::default(),
            is_recorded: false,
        }
    }

    /// Empties it for a new attempt.
    pub(crate) fn reset(&mut self, latency: Stream) {
        let mut queue = std::mem::take(&mut self.queue);
        queue.clear();
        *self = Self { queue, ..Self::new(self.from, self.to, self.input_channel, latency) };
    }

    /// How many records its receiver has buffered.
    pub(crate) fn records_buffered(&self) -> usize {
        let buffered = self.queue.iter().take(self.buffered);
        buffered.filter(|queued| record_of(&queued.element).is_some()).count()
    }

    /// Whether an element that is put into it now is the next to travel.
    #[inline]
    pub(crate) fn awaits_next(&self) -> bool {
        self.head == Head::Nothing || (self.is_read_on && self.head == Head::Blocked)
    }

    /// Whether an element may go in: records need a free place, barriers and ends do not.
    #[inline]
    pub(crate) fn has_credit(&self, element: &Element, capacity: u32) -> bool {
        debug_assert!(self.buffered <= self.queue.len(), "more is buffered than there is");
        let held = self.queue.len() - self.buffered;
        !matches!(element, Element::Record(_))
            || u32::try_from(held).is_ok_and(|held| held < capacity)
    }

    /// How many records wait in it.
    pub(crate) fn records_held(&self) -> u32 {
        let records = self.queue.iter().filter(|q| record_of(&q.element).is_some()).count();
        u32::try_from(records).expect("capacity fits in 32 bits")
    }

    /// Which draw of the latency stream an element is: its origin or checkpoint tells, never a count, so that an
    /// element that is missing leaves the others as they were. `salts` stand for the inputs' names, by `InputId`.
    #[inline]
    pub(crate) fn draw_index(element: &Element, salts: &[u64]) -> u64 {
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

pub(crate) const fn record_of(element: &Element) -> Option<&Record> {
    if let Element::Record(record) = element { Some(record) } else { None }
}

pub(crate) const fn barrier_of(element: &Element) -> Option<&Barrier> {
    if let Element::Barrier(barrier) = element { Some(barrier) } else { None }
}
