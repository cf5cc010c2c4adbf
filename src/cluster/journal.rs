//! The journal: what has been told, and what is on the agenda because of it.
//!
//! Everything told has the entry that caused it, and so has every control that is to come.

use crate::cluster::control::{Control, Controls, Kind, pack};
use crate::job::{Attempt, RunLayout, TaskId};
use crate::kernel::{Agenda, Digest, SimTime, Ticket};
use crate::trace::{Entry, EntryNumber, Fault, TaskEvent, TraceEvent, TraceSink, WorldEvent};
use std::sync::Arc;

/// What is told and what is to come, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    pub(crate) now: SimTime,
    /// The entry that caused what is told next: the last one of this event, or what its message was sent for.
    pub(crate) cause: Option<u64>,
    pub(crate) wants_records: bool,
    /// Entries told and not yet handed to sinks.
    pub(crate) told: Vec<Entry>,
    /// Whether anything in `told` is more than a record's passing.
    pub(crate) has_news: bool,
    pub(crate) new_layouts: Vec<Arc<RunLayout>>,
    /// How many entries there have been that are not of records, and how many of records since.
    pub(crate) entries: u64,
    pub(crate) records: u32,
    pub(crate) agenda: Agenda,
    pub(crate) controls: Controls,
}

impl Journal {
    /// Puts an event on the agenda, now at the earliest.
    #[inline(always)] // as `Agenda::push`
    pub(crate) fn push(&mut self, at: SimTime, kind: Kind, index: usize) -> Ticket {
        self.agenda.push(at.max(self.now), pack(kind, index))
    }

    /// Puts a control on the agenda.
    pub(crate) fn schedule(&mut self, at: SimTime, control: Control) {
        let place = self.controls.put(control, self.cause);
        self.push(at, Kind::Control, place);
    }

    /// Takes a control that falls due off the table. What is told next is for the reason that it was put there.
    pub(crate) fn take_control(&mut self, place: usize) -> Control {
        let (control, cause) = self.controls.take(place);
        self.cause = cause;
        control
    }

    /// Tells what happened. What is told next is caused by it.
    pub(crate) fn tell(&mut self, event: TraceEvent) {
        assert!(!event.is_of_record(), "{event:?} is told to whom wants records");
        self.has_news = true;
        self.write(event);
    }

    /// Tells what went wrong because a step wanted it.
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.tell(TraceEvent::World(WorldEvent::FaultInjected { fault }));
    }

    /// Tells what happened to an attempt of a task. What is of a record, to listeners only: neither milestones nor the digest
    /// depend on who listens.
    #[inline(never)]
    pub(crate) fn tell_of(&mut self, (task, attempt): (TaskId, Attempt), event: TaskEvent) {
        self.has_news |= !event.is_of_record();
        self.write(event.of(task, attempt));
    }

    #[inline]
    fn write(&mut self, event: TraceEvent) {
        let is_of_record = event.is_of_record();
        (self.entries, self.records) =
            if is_of_record { (self.entries, self.records + 1) } else { (self.entries + 1, 0) };
        // The first entry of a world is that a job was submitted.
        debug_assert!(self.entries > 0, "a world begins with {event:?}");
        debug_assert!(self.told.last().is_none_or(|last| last.at <= self.now), "time went back");
        let number = EntryNumber { entry: self.entries - 1, record: self.records };
        let cause = self.cause.map(EntryNumber::of);
        self.told.push(Entry { at: self.now, number, cause, event });
        if !is_of_record {
            self.cause = Some(number.entry);
        }
    }

    /// Folds what was told in this event.
    pub(crate) fn fold_into(&mut self, digest: &mut Digest) {
        for entry in self.told.iter().filter(|entry| !entry.event.is_of_record()) {
            digest.fold(entry.at.nanos(), 0);
            digest.fold_facts(&entry.event);
        }
        self.has_news = false;
    }

    /// Whether a sink has anything to take.
    #[inline]
    pub(crate) fn has_something_to_hand_over(&self) -> bool {
        !self.told.is_empty() || !self.new_layouts.is_empty()
    }

    /// Hands what was told to a sink.
    #[inline(never)]
    pub(crate) fn flush(&mut self, sink: &mut dyn TraceSink) {
        for layout in self.new_layouts.drain(..) {
            sink.on_run(&layout);
        }
        for entry in self.told.drain(..) {
            sink.on_entry(&entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_has_what_was_told_before_it_for_its_cause_and_so_have_controls() {
        let mut journal = Journal::default();
        journal.tell(TraceEvent::World(WorldEvent::StepTaken { step: 0 }));
        journal.tell(TraceEvent::World(WorldEvent::StepTaken { step: 1 }));
        let causes: Vec<_> =
            journal.told.iter().map(|entry| (entry.number.entry, entry.cause)).collect();
        assert_eq!(
            causes,
            [(0, None), (1, Some(EntryNumber::of(0)))],
            "nothing caused the first one"
        );
        journal.schedule(SimTime::from_secs(1), Control::Until);
        journal.cause = None;
        assert!(matches!(journal.take_control(0), Control::Until));
        assert_eq!(journal.cause, Some(1));
    }

    #[test]
    fn nothing_is_put_on_the_agenda_before_now() {
        let now = SimTime::from_secs(2);
        let mut journal = Journal { now, ..Journal::default() };
        journal.push(SimTime::ZERO, Kind::Turn, 0);
        assert_eq!(journal.agenda.pop().map(|event| event.at), Some(now));
    }
}
