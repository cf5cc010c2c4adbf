//! What a task does next, and what holds it up; and what connects it to others.
//!
//! A mailbox holds what every element touches, the connections what few do.

use crate::cluster::ids::WireId;
use crate::cluster::network::channel_state::ChannelStateWriter;
use crate::job::{Attempt, ChannelId, Element, Record, TaskId};
use crate::kernel::{SimTime, Stream, Ticket};
use std::collections::VecDeque;

/// What a task does next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox {
    /// Until when it processes an element or draws a snapshot.
    pub(crate) busy_until: SimTime,
    /// Its next turn, if one is on the agenda.
    pub(crate) turn: Ticket,
    /// Its next read, if it is a source and one is on the agenda.
    pub(crate) read: Ticket,
    /// Channels whose head waits for it, in order of arrival.
    pub(crate) ready: VecDeque<WireId>,
    /// Outputs without credit, in order; while there are any the task takes nothing in.
    pub(crate) stalled: VecDeque<(WireId, Element)>,
    /// When it is woken next for what is due in time.
    pub(crate) wake: Option<SimTime>,
    /// Whose it is, for what is put on the agenda.
    pub(crate) task: TaskId,
    pub(crate) attempt: Attempt,
    /// By how much its wires are numbered higher than its channels.
    pub(crate) moved_by: u32,
    /// Whether it restores its state and takes nothing in yet.
    pub(crate) is_starting: bool,
    /// Whether it is busy with one thing until further notice.
    pub(crate) is_blocked: bool,
    /// Whether it is a source that has read everything and waits for ever.
    pub(crate) is_idle: bool,
    /// Whether it wanted to read while its outputs were stalled.
    pub(crate) wants_to_read: bool,
    /// Whether it could not heed the moment at which it was to be woken.
    pub(crate) has_overslept: bool,
    /// Whether a barrier or a timer waits until it is free: that comes before the next element, as mails come before the default
    /// action (`MailboxProcessor`).
    pub(crate) is_asked: bool,
}

impl Mailbox {
    /// The wire of one of its task's channels.
    #[inline]
    pub(crate) fn wire_of(&self, channel: ChannelId) -> WireId {
        WireId::of(channel).moved(self.moved_by)
    }

    /// A new attempt is deployed, and about to restore its state.
    pub(crate) fn begin(&mut self, attempt: Attempt) {
        let last = self.attempt;
        assert!(attempt >= last, "{:?}: attempt {attempt} comes after {last}", self.task);
        self.attempt = attempt;
        self.busy_until = SimTime::MAX;
        self.ready.clear();
        self.stalled.clear();
        self.turn = Ticket::default();
        self.wake = None;
        (self.is_starting, self.is_idle) = (true, false);
        (self.has_overslept, self.is_asked) = (false, false);
    }

    /// Nothing that a dead task wanted is done any more. What waits for it waits until somebody drops it.
    pub(crate) fn clear(&mut self, now: SimTime) {
        self.busy_until = now;
        self.read = Ticket::default();
        self.stalled.clear();
        self.wake = None;
        (self.is_starting, self.is_blocked, self.is_idle) = (false, false, false);
        (self.wants_to_read, self.has_overslept, self.is_asked) = (false, false, false);
    }

    /// Whether it takes what arrives at once, before anything else.
    #[inline]
    pub(crate) fn is_free(&self, now: SimTime) -> bool {
        let may_take = self.busy_until <= now && self.stalled.is_empty() && !self.is_asked;
        may_take && self.ready.is_empty() && self.turn == Ticket::default()
    }

    /// Keeps the task busy with one thing until further notice.
    pub(crate) fn block(&mut self) {
        (self.is_blocked, self.busy_until) = (true, SimTime::MAX);
    }

    /// What its task was busy with is over.
    pub(crate) fn unblock(&mut self, now: SimTime) {
        assert!(self.is_blocked, "{:?} goes on that was not blocked", self.task);
        (self.is_blocked, self.busy_until) = (false, now);
    }

    /// Goes with its task to wires of another generation.
    pub(crate) fn move_by(&mut self, by: u32) {
        assert_eq!(self.moved_by, 0, "{:?} moves to another generation twice", self.task);
        self.moved_by = by;
        self.ready.iter_mut().for_each(|wire| *wire = wire.moved(by));
        self.stalled.iter_mut().for_each(|(wire, _)| *wire = wire.moved(by));
        self.turn = Ticket::default();
    }
}

/// What connects a task: its channels, what of them is persisted, and its line to the job manager.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    /// By input channel.
    pub(crate) inputs: Vec<WireId>,
    pub(crate) outputs: Vec<WireId>,
    /// What its barrier overtook in its stalled outputs, until its snapshot takes it over.
    pub(crate) overtaken: Vec<(WireId, Vec<Record>)>,
    /// What its unaligned snapshots still await, oldest first.
    pub(crate) writers: Vec<ChannelStateWriter>,
    /// Draws how long its messages take.
    pub(crate) messages: Stream,
    /// When the last message to it, and from it, arrives: messages keep their order.
    pub(crate) last_in: SimTime,
    pub(crate) last_out: SimTime,
}

impl Connections {
    pub(crate) const fn new(inputs: Vec<WireId>, outputs: Vec<WireId>, messages: Stream) -> Self {
        Self {
            inputs,
            outputs,
            overtaken: Vec::new(),
            writers: Vec::new(),
            messages,
            last_in: SimTime::ZERO,
            last_out: SimTime::ZERO,
        }
    }

    /// As new.
    pub(crate) fn blank(&self) -> Self {
        Self::new(self.inputs.clone(), self.outputs.clone(), self.messages.clone())
    }

    /// Goes with its task to wires of another generation.
    pub(crate) fn move_by(&mut self, by: u32) {
        let ends = self.inputs.iter_mut().chain(&mut self.outputs);
        ends.chain(self.overtaken.iter_mut().map(|(wire, _)| wire))
            .for_each(|wire| *wire = wire.moved(by));
    }
}
