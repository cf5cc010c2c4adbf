//! Zombies: tasks that go on although their job manager has given them up. When their successors are deployed they move to
//! places and wires of another generation, so that no element passes from one to the other. The trace knows them as before.

use crate::cluster::control::Kind;
use crate::cluster::hosts::Hosts;
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::journal::Journal;
use crate::cluster::network::Network;
use crate::cluster::network::channel::{Channel, ChannelNotes, Head, barrier_of};
use crate::cluster::network::mailbox::Mailbox;
use crate::job::{LocalChannelId, LocalTaskId, RunLayout};
use crate::kernel::{SimTime, Ticket};

impl Hosts {
    /// Adds a generation of places for a run, and moves to it what still lives of these tasks. Returns where that was.
    pub(crate) fn leave_zombies(
        &mut self,
        layout: &RunLayout,
        tasks: &[LocalTaskId],
    ) -> Vec<PlaceId> {
        let places = tasks.iter().map(|task| PlaceId::of(layout.task(*task)));
        let zombies: Vec<_> = places.filter(|place| self.places[*place].is_at_work()).collect();
        if zombies.is_empty() {
            return zombies;
        }
        for place in layout.tasks().map(PlaceId::of) {
            let moved_to = PlaceId::new(self.places.len());
            let old = &mut self.places[place];
            let mut new = old.blank();
            if zombies.contains(&place) {
                std::mem::swap(old, &mut new);
                new.is_zombie = true;
                let task = new.task.as_mut().expect("a zombie lives");
                task.supersede();
                let before = self.zombies.insert((new.id, task.attempt()), moved_to);
                assert!(before.is_none(), "{:?} left its place twice", new.id);
            }
            self.places.push(new);
        }
        zombies
    }
}

impl Network {
    /// Adds a generation of mailboxes and wires for a run, and moves to it what belongs to the tasks at these places.
    pub(crate) fn leave_zombies(
        &mut self,
        layout: &RunLayout,
        zombies: &[PlaceId],
        journal: &mut Journal,
    ) {
        let distance = |to: usize, from: usize| u32::try_from(to - from).expect("few places");
        let up = distance(self.mailboxes.len(), layout.task(LocalTaskId::new(0)).index());
        let first = layout.channel(LocalChannelId::new(0));
        let aside = distance(self.channels.len(), first.index());
        for place in layout.tasks().map(PlaceId::of) {
            self.move_mailbox(place, zombies.contains(&place), aside);
        }
        for wire in layout.plan.channel_ids().map(|id| WireId::of(layout.channel(id))) {
            self.move_channel(wire, zombies, up, journal);
        }
        assert_eq!(self.channels.len(), self.notes.len(), "each channel has its notes");
        assert_eq!(self.mailboxes.len(), self.connections.len(), "each mailbox is connected");
        for zombie in zombies {
            self.resume(zombie.moved(up), journal);
        }
    }

    fn move_mailbox(&mut self, place: PlaceId, is_zombie: bool, aside: u32) {
        let mut mailbox = Mailbox { task: self.mailboxes[place].task, ..Mailbox::default() };
        let mut connections = self.connections[place].blank();
        if is_zombie {
            std::mem::swap(&mut self.mailboxes[place], &mut mailbox);
            std::mem::swap(&mut self.connections[place], &mut connections);
        }
        mailbox.move_by(aside);
        connections.move_by(aside);
        self.mailboxes.push(mailbox);
        self.connections.push(connections);
    }

    /// A channel goes with its zombie; the other end is a zombie, too, or nobody. Barriers that may overtake are announced
    /// where they are now.
    fn move_channel(&mut self, wire: WireId, zombies: &[PlaceId], up: u32, journal: &mut Journal) {
        let old = &mut self.channels[wire];
        let mut new = Channel::new(old.from, old.to, old.input_channel, old.latency.clone());
        let mut notes = ChannelNotes::new(self.notes[wire].id);
        if zombies.contains(&old.from) || zombies.contains(&old.to) {
            std::mem::swap(old, &mut new);
            std::mem::swap(&mut self.notes[wire], &mut notes);
        }
        (new.from, new.to) = (new.from.moved(up), new.to.moved(up));
        if new.head == Head::Travelling {
            let at = new.queue.front().map_or(journal.now, |queued| queued.at);
            new.ticket = journal.push(at, Kind::Head, self.channels.len());
        }
        let barriers: Vec<_> = new
            .queue
            .iter()
            .filter_map(|queued| Some((queued.at, *barrier_of(&queued.element)?)))
            .collect();
        let (moved_to, busy_until) =
            (WireId::new(self.channels.len()), self.mailboxes[new.to].busy_until);
        self.channels.push(new);
        self.notes.push(notes);
        // What has arrived was seen, unless the receiver was busy.
        for (at, barrier) in barriers {
            if at.max(busy_until) >= journal.now {
                self.announce(moved_to, barrier, at.max(journal.now), journal);
            }
        }
    }

    /// A zombie takes up at its new place what it was about to do.
    fn resume(&mut self, place: PlaceId, journal: &mut Journal) {
        let mailbox = &mut self.mailboxes[place];
        let at = mailbox.busy_until.max(journal.now);
        if mailbox.read != Ticket::default() && at < SimTime::MAX {
            mailbox.read = journal.push(at, Kind::Read, place.index());
        }
        if let Some(at) = mailbox.wake.take() {
            self.schedule_wake(place, at, journal);
        }
        self.go_on(place, journal);
    }
}
