//! Barriers that overtake records: what their senders hold back for want of credit, and on their arrival what waits in the
//! channel.

use crate::cluster::control::Control;
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::journal::Journal;
use crate::cluster::network::Network;
use crate::cluster::network::channel::{Head, barrier_of, record_of};
use crate::job::{Barrier, BarrierAlignment, CheckpointId, Element, Record};
use crate::kernel::{SimTime, Ticket};

impl Network {
    /// A barrier is on its way that may overtake what will be before it when it arrives.
    #[cold]
    pub(crate) fn announce(
        &mut self,
        wire: WireId,
        barrier: Barrier,
        at: SimTime,
        journal: &mut Journal,
    ) {
        match barrier.alignment {
            BarrierAlignment::Aligned | BarrierAlignment::ForcedAligned => {}
            BarrierAlignment::Timed | BarrierAlignment::Unaligned => {
                let attempt = self.mailboxes[self.channels[wire].to].attempt;
                let checkpoint = barrier.checkpoint;
                journal.schedule(at, Control::BarrierArrives { wire, attempt, checkpoint });
            }
        }
    }

    /// A barrier overtakes the outputs that wait for credit.
    #[cold]
    pub(crate) fn overtake_stalled(
        &mut self,
        from: PlaceId,
        wire: WireId,
        barrier: Element,
        departs: SimTime,
        journal: &mut Journal,
    ) {
        let stalled = &self.mailboxes[from].stalled;
        assert!(!stalled.is_empty(), "{from:?}: a barrier overtakes outputs that do not wait");
        let overtaken = stalled.iter().filter(|(to, _)| *to == wire);
        let records = overtaken.filter_map(|(_, element)| record_of(element));
        let records: Vec<Record> = records.cloned().collect();
        if !records.is_empty() {
            self.connections[from].overtaken.push((wire, records));
        }
        self.enqueue(wire, barrier, departs, journal);
    }

    /// Where in a channel the barrier of a checkpoint is.
    pub(crate) fn barrier_at(&self, wire: WireId, checkpoint: CheckpointId) -> Option<usize> {
        let queue = self.channels[wire].queue.iter();
        let mut barriers = queue.map(|queued| barrier_of(&queued.element));
        barriers.position(|barrier| barrier.is_some_and(|found| found.checkpoint == checkpoint))
    }

    /// The channels at whose end the barrier of a checkpoint has arrived, in order of a task's gate.
    pub(crate) fn has_arrived(&self, wire: WireId, checkpoint: CheckpointId, now: SimTime) -> bool {
        let place = self.barrier_at(wire, checkpoint);
        place.is_some_and(|place| self.channels[wire].queue[place].at <= now)
    }

    /// Takes the barrier at this place out of a channel, before everything that came before it. What is told next is caused
    /// by it.
    pub(crate) fn take_barrier(
        &mut self,
        wire: WireId,
        place: usize,
        journal: &mut Journal,
    ) -> Element {
        let taken = self.channels[wire].queue.get(place);
        let is_barrier = taken.is_some_and(|queued| barrier_of(&queued.element).is_some());
        assert!(is_barrier, "{wire:?}: no barrier is behind {place} elements: {taken:?}");
        let before = self.channels[wire].queue.iter().take(place);
        let barriers = before.filter(|queued| barrier_of(&queued.element).is_some()).count();
        journal.cause = self.notes[wire].barrier_causes.remove(barriers).flatten();
        if place == 0 {
            return self.take_head(wire, journal);
        }
        let found = self.channels[wire].queue.remove(place);
        found.expect("the barrier was found there").element
    }

    /// Takes the head off a channel out of its turn.
    fn take_head(&mut self, wire: WireId, journal: &mut Journal) -> Element {
        let channel = &self.channels[wire];
        if channel.head == Head::Waiting {
            self.mailboxes[channel.to].ready.retain(|waiting| *waiting != wire);
        }
        let element = self.pop(wire, journal);
        let channel = &mut self.channels[wire];
        if channel.head == Head::Nothing {
            // Its arrival may still be on the agenda.
            channel.ticket = Ticket::default();
        }
        element
    }
}
