//! When a task goes on: its turns, its reads, and the moments at which something is due for it.
//!
//! A task that is busy is woken when it is free; one whose outputs wait for credit, or that is kept busy for long, once
//! it can go on.

use crate::cluster::control::{ForTask, Kind};
use crate::cluster::ids::PlaceId;
use crate::cluster::journal::Journal;
use crate::cluster::network::Network;
use crate::cluster::network::mailbox::Mailbox;
use crate::kernel::{SimTime, Ticket};

impl Mailbox {
    /// Puts a turn on the agenda if something waits and nothing else will wake the task.
    #[inline(never)] // rare where tasks take no time, and large
    pub(crate) fn ask_for_turn(&mut self, place: PlaceId, journal: &mut Journal) {
        let is_held_up = self.is_starting || self.is_blocked;
        let waits = !self.ready.is_empty() && self.stalled.is_empty() && !is_held_up;
        if waits && self.turn == Ticket::default() {
            self.turn = journal.push(self.busy_until, Kind::Turn, place.index());
        }
    }

    pub(crate) fn schedule_read(&mut self, place: PlaceId, at: SimTime, journal: &mut Journal) {
        self.read = journal.push(at.max(self.busy_until), Kind::Read, place.index());
    }
}

impl Network {
    /// A task runs: what waited for it gets its turn, and a source begins to read.
    pub(crate) fn begin_work(&mut self, place: PlaceId, is_source: bool, journal: &mut Journal) {
        let mailbox = &mut self.mailboxes[place];
        assert!(!mailbox.is_starting, "{:?} begins to work and restores its state", mailbox.task);
        mailbox.busy_until = journal.now;
        if is_source {
            mailbox.schedule_read(place, journal.now, journal);
        }
        mailbox.ask_for_turn(place, journal);
    }

    /// A task takes up again what it left: reading, and what waits in its channels.
    pub(crate) fn go_on(&mut self, place: PlaceId, journal: &mut Journal) {
        let mailbox = &mut self.mailboxes[place];
        if mailbox.stalled.is_empty() && mailbox.wants_to_read {
            mailbox.wants_to_read = false;
            mailbox.schedule_read(place, journal.now, journal);
        }
        self.wake_if_overslept(place, journal);
        self.mailboxes[place].ask_for_turn(place, journal);
    }

    /// A task can go on: what it could not heed is due now.
    pub(crate) fn wake_if_overslept(&mut self, place: PlaceId, journal: &mut Journal) {
        let mailbox = &mut self.mailboxes[place];
        if mailbox.has_overslept && mailbox.stalled.is_empty() && !mailbox.is_blocked {
            mailbox.is_asked = true;
            self.schedule_wake(place, journal.now, journal);
        }
    }

    /// Wakes a task at a time, unless it will be woken before.
    pub(crate) fn schedule_wake(&mut self, place: PlaceId, at: SimTime, journal: &mut Journal) {
        let at = at.max(journal.now);
        let mailbox = &mut self.mailboxes[place];
        if mailbox.wake.is_some_and(|wake| wake <= at) {
            return;
        }
        mailbox.wake = Some(at);
        let (task, attempt) = (mailbox.task, mailbox.attempt);
        journal.schedule(at, ForTask::Wake(at).of(task, attempt));
    }

    /// The time has come that a task asked for. Whether it is to be woken now.
    pub(crate) fn wakes_at(&mut self, place: PlaceId, at: SimTime, journal: &mut Journal) -> bool {
        let mailbox = &mut self.mailboxes[place];
        if mailbox.wake != Some(at) {
            return false;
        }
        mailbox.wake = None;
        if !mailbox.stalled.is_empty() || mailbox.busy_until == SimTime::MAX {
            mailbox.has_overslept = true;
        } else if mailbox.busy_until > journal.now {
            let free = mailbox.busy_until;
            mailbox.is_asked = true;
            self.schedule_wake(place, free, journal);
        } else {
            return true;
        }
        false
    }
}
