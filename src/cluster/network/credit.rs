//! How elements get into channels and out of them, with credit.

use crate::cluster::control::Kind;
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::journal::Journal;
use crate::cluster::network::Network;
use crate::cluster::network::channel::{Channel, Head, Queued, record_of};
use crate::job::{Barrier, BarrierAlignment, ChannelId, Element, Origin, Record};
use crate::kernel::{SimTime, Ticket};
use crate::trace::TaskEvent;
use std::sync::Arc;

impl Network {
    /// A task sends: into the channel, or behind its other outputs that wait for credit.
    #[inline(always)] // as `offer`
    pub(crate) fn send(
        &mut self,
        from: PlaceId,
        channel: ChannelId,
        element: Element,
        journal: &mut Journal,
    ) {
        let mailbox = &self.mailboxes[from];
        let (wire, departs) = (mailbox.wire_of(channel), mailbox.busy_until.max(journal.now));
        let channel = &mut self.channels[wire];
        if let Element::Record(record) = &element {
            channel.sent.add(record.origin);
            if journal.wants_records {
                let id = self.notes[wire].id;
                let sent = TaskEvent::RecordSent { channel: id, origin: record.origin };
                journal.tell_of((mailbox.task, mailbox.attempt), sent);
            }
        }
        let has_credit = channel.has_credit(&element, self.settings.channel_capacity);
        if has_credit && mailbox.stalled.is_empty() {
            self.enqueue(wire, element, departs, journal);
        } else if let Element::Barrier(Barrier { alignment: BarrierAlignment::Unaligned, .. }) =
            element
        {
            self.overtake_stalled(from, wire, element, departs, journal);
        } else {
            self.had_backpressure = true;
            self.mailboxes[from].stalled.push_back((wire, element));
        }
    }

    #[inline(always)] // as `offer`
    pub(crate) fn enqueue(
        &mut self,
        wire: WireId,
        element: Element,
        departs: SimTime,
        journal: &mut Journal,
    ) {
        let (low, high) = self.settings.channel_latency;
        let channel = &mut self.channels[wire];
        let latency = channel.latency.span(Channel::draw_index(&element, &self.salts), low, high);
        let at = channel.last_arrival.max(departs.plus(latency));
        channel.last_arrival = at;
        let mut announced = None;
        if let Element::Barrier(barrier) = &element {
            self.notes[wire].barrier_causes.push_back(journal.cause);
            announced = Some(*barrier);
        }
        let is_empty = channel.queue.is_empty();
        debug_assert_eq!(is_empty, channel.head == Head::Nothing, "{wire:?} lost its head");
        if channel.awaits_next() {
            channel.head = Head::Travelling;
            channel.ticket = journal.push(at, Kind::Head, wire.index());
        }
        channel.queue.push_back(Queued { at, element });
        if let Some(barrier) = announced {
            let mut queue = self.channels[wire].queue.iter().rev();
            let before = queue.nth(1).map(|before| before.at);
            assert!(before <= Some(at), "{wire:?}: {barrier:?} arrives at {at}, before {before:?}");
            self.announce(wire, barrier, at, journal);
        }
    }

    /// Takes the head off a channel; the next one travels.
    #[inline(always)] // as `offer`
    pub(crate) fn pop(&mut self, wire: WireId, journal: &mut Journal) -> Element {
        let channel = &mut self.channels[wire];
        debug_assert_ne!(channel.head, Head::Nothing, "{wire:?} has a queue and no head");
        let queued = channel.queue.pop_front().expect("a head that waits is in the queue");
        channel.buffered = channel.buffered.saturating_sub(1);
        match channel.queue.front() {
            Some(next) => {
                channel.head = Head::Travelling;
                channel.ticket = journal.push(next.at, Kind::Head, wire.index());
            }
            None => channel.head = Head::Nothing,
        }
        queued.element
    }

    /// A place in a channel became free: its sender goes on, if it waited for that.
    #[inline(always)] // as `offer`
    pub(crate) fn return_credit(&mut self, wire: WireId, journal: &mut Journal) {
        let from = self.channels[wire].from;
        if !self.mailboxes[from].stalled.is_empty() {
            self.drain(from, journal);
        }
    }

    /// Moves stalled outputs into their channels, in order, as far as there is credit.
    #[inline(never)] // large, and its callers are on the path of every event
    fn drain(&mut self, from: PlaceId, journal: &mut Journal) {
        while let Some((wire, element)) = self.mailboxes[from].stalled.front() {
            if !self.channels[*wire].has_credit(element, self.settings.channel_capacity) {
                return;
            }
            let front = self.mailboxes[from].stalled.pop_front();
            let (wire, element) = front.expect("the front is there");
            self.enqueue(wire, element, journal.now, journal);
        }
        let mailbox = &mut self.mailboxes[from];
        if mailbox.wants_to_read && !mailbox.is_blocked {
            mailbox.wants_to_read = false;
            mailbox.schedule_read(from, journal.now, journal);
        }
        self.wake_if_overslept(from, journal);
        self.mailboxes[from].ask_for_turn(from, journal);
    }

    /// The receiver is gone: the element is lost, its credit is not.
    #[cold]
    pub(crate) fn drop_head(&mut self, wire: WireId, journal: &mut Journal) {
        let dropped = self.pop(wire, journal);
        if matches!(dropped, Element::Barrier(_)) {
            self.notes[wire].barrier_causes.pop_front();
        }
        self.return_credit(wire, journal);
    }

    /// A task died: the heads that waited for it fall into the void.
    pub(crate) fn drop_waiting(&mut self, place: PlaceId, journal: &mut Journal) {
        for wire in std::mem::take(&mut self.mailboxes[place].ready) {
            self.drop_head(wire, journal);
        }
        self.release(place, journal);
    }

    /// No barrier holds the task's channels back any more: their heads wait for it again.
    pub(crate) fn release(&mut self, place: PlaceId, journal: &mut Journal) {
        for wire in &self.connections[place].inputs {
            let channel = &mut self.channels[*wire];
            let is_back = channel.head == Head::Blocked
                || (channel.is_read_on && channel.head == Head::Travelling);
            channel.is_read_on = false;
            if is_back {
                channel.ticket = Ticket::default();
                channel.head = Head::Waiting;
                self.mailboxes[place].ready.push_back(*wire);
            }
        }
        self.mailboxes[place].ask_for_turn(place, journal);
    }

    /// Puts records that were in flight back on a channel, before its receiver starts.
    pub(crate) fn put_back(
        &mut self,
        channel: ChannelId,
        records: Vec<Record>,
        journal: &mut Journal,
    ) -> Arc<[Origin]> {
        let wire = WireId::of(channel);
        let channel = &mut self.channels[wire];
        let is_starting = self.mailboxes[channel.to].is_starting;
        assert!(is_starting, "{wire:?}: what was in flight comes back to a task that runs");
        for record in records {
            channel.sent.add(record.origin);
            channel.queue.push_back(Queued { at: journal.now, element: Element::Record(record) });
        }
        if channel.head == Head::Nothing {
            channel.head = Head::Travelling;
            channel.ticket = journal.push(journal.now, Kind::Head, wire.index());
        }
        let queued = channel.queue.iter().filter_map(|queued| record_of(&queued.element));
        queued.map(|record| record.origin).collect()
    }
}
