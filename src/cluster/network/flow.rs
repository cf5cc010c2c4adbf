//! How records move: heads of channels, turns of tasks, reads of sources.
//!
//! A task takes one element at a time. It takes nothing while it is busy, nor while any of its outputs waits for
//! credit. Of a channel that a barrier holds back nothing is taken until it is released.

use crate::cluster::control::{Control, ForTask};
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::network::channel::{Head, barrier_of};
use crate::cluster::world::World;
use crate::effect::TaskEffects;
use crate::job::{AtEnd, Attempt, CheckpointId, Element, OperatorKind, Record};
use crate::kernel::{SimTime, Ticket};
use crate::operator::{InputLog, Poll};
use crate::task::{Phase, Task};
use crate::trace::TaskEvent;

impl World {
    /// The head of a channel has arrived.
    #[inline]
    pub(crate) fn on_head(&mut self, wire: WireId, ticket: Ticket) {
        let channel = &mut self.network.channels[wire];
        if channel.ticket != ticket {
            return;
        }
        channel.head = Head::Waiting;
        let to = channel.to;
        let mailbox = &mut self.network.mailboxes[to];
        if mailbox.is_free(self.journal.now) {
            self.offer(wire);
        } else {
            mailbox.ready.push_back(wire);
        }
        let mailbox = &mut self.network.mailboxes[to];
        if !mailbox.ready.is_empty() {
            mailbox.ask_for_turn(to, &mut self.journal);
        }
    }

    /// A task is free for the next element that waits.
    #[inline(never)]
    pub(crate) fn on_turn(&mut self, place: PlaceId, ticket: Ticket) {
        if self.network.mailboxes[place].turn != ticket {
            return;
        }
        let now = self.journal.now;
        let mailbox = &mut self.network.mailboxes[place];
        mailbox.turn = Ticket::default();
        if mailbox.busy_until <= now && std::mem::take(&mut mailbox.is_asked) {
            // What waits for it is due now, and comes first.
            return mailbox.ask_for_turn(place, &mut self.journal);
        }
        loop {
            let mailbox = &mut self.network.mailboxes[place];
            if !mailbox.stalled.is_empty() || mailbox.busy_until > now {
                break;
            }
            let Some(wire) = mailbox.ready.pop_front() else { break };
            self.offer(wire);
        }
        self.network.mailboxes[place].ask_for_turn(place, &mut self.journal);
    }

    /// Offers a waiting head to its receiver: it is taken, or held back, or falls into the void.
    #[inline(always)] // measured: calls and moves between these few functions were a fifth of an event
    fn offer(&mut self, wire: WireId) {
        let channel = &mut self.network.channels[wire];
        let to = channel.to;
        match &self.hosts.places[to].task {
            Some(task) if task.phase() == Phase::Starting => {
                self.network.mailboxes[to].ready.push_back(wire);
            }
            Some(task) if task.phase() != Phase::Ended => {
                if task.is_blocked(channel.input_channel) {
                    channel.head = Head::Blocked;
                    if let Some(limit) = task.alignment_limit() {
                        self.buffer(wire, to, limit);
                    }
                } else {
                    self.take(wire, to);
                }
            }
            Some(_) | None => self.network.drop_head(wire, &mut self.journal),
        }
    }

    /// Buffers a head that is held back. A receiver whose buffers are full gives the checkpoint up.
    #[cold]
    fn buffer(&mut self, wire: WireId, to: PlaceId, limit: u32) {
        self.network.read_on(wire, &mut self.journal);
        let buffered = self.network.records_buffered(to);
        if u32::try_from(buffered).is_ok_and(|buffered| buffered <= limit) {
            return;
        }
        self.with_task(to, |task, effects| task.on_alignment_limit(effects));
    }

    /// Gives the head of a channel to its receiver.
    #[inline(always)] // as `offer`
    fn take(&mut self, wire: WireId, to: PlaceId) {
        if !self.script.failing.is_empty() && self.throws_with_head(wire, to) {
            return self.network.drop_head(wire, &mut self.journal);
        }
        let now = self.journal.now;
        let element = self.network.pop(wire, &mut self.journal);
        if self.journal.wants_records
            && let Element::Record(Record { origin, .. }) = element
        {
            let channel = self.network.notes[wire].id;
            let who = self.network.occupant(to);
            self.journal.tell_of(who, TaskEvent::RecordTaken { channel, origin });
        }
        self.with_effects(|world, effects| {
            let task = world.hosts.places[to].task.as_mut().expect("offered to a live task");
            let network = &mut world.network;
            let channel = &mut network.channels[wire];
            if let Element::Record(record) = &element {
                channel.taken.add(record.origin);
                if channel.is_recorded {
                    network.notes[wire].recording.push(record.clone());
                }
                network.mailboxes[to].busy_until = now.plus(task.takes());
            } else if let Element::Barrier(_) = &element {
                let cause = network.notes[wire].barrier_causes.pop_front();
                world.journal.cause = cause.flatten();
            }
            task.on_element(channel.input_channel, element, effects);
            world.apply_task(to, effects);
        });
        self.network.return_credit(wire, &mut self.journal);
    }

    /// A source may read on.
    pub(crate) fn on_read(&mut self, place: PlaceId, ticket: Ticket) {
        let mailbox = &mut self.network.mailboxes[place];
        if mailbox.read != ticket {
            return;
        }
        let reads = |task: &Task| task.phase() == Phase::Running && !task.is_stopped();
        if !self.hosts.places[place].task.as_ref().is_some_and(reads) {
            return;
        }
        if !mailbox.stalled.is_empty() || mailbox.is_blocked {
            mailbox.wants_to_read = true;
            return;
        }
        let now = self.journal.now;
        if mailbox.busy_until > now || std::mem::take(&mut mailbox.is_asked) {
            mailbox.schedule_read(place, now, &mut self.journal);
            return;
        }
        self.read(place);
    }

    fn read(&mut self, id: PlaceId) {
        if !self.script.failing.is_empty() && self.throws_with_record(id) {
            return;
        }
        let now = self.journal.now;
        self.with_effects(|world, effects| {
            let place = &mut world.hosts.places[id];
            let mailbox = &mut world.network.mailboxes[id];
            let task = place.task.as_mut().expect("a source that reads is alive");
            let input = task.input().expect("only sources read");
            let log = world.inputs.seen_from(input);
            let poll = task.poll(&log, effects);
            let takes = task.takes();
            match poll {
                Poll::Record(_, origin) => {
                    world.ending.activity += 1;
                    place.reads += 1;
                    mailbox.busy_until = now.plus(takes);
                    let next = task.due(&log, effects).unwrap_or(now);
                    if world.journal.wants_records {
                        let who = (mailbox.task, mailbox.attempt);
                        world.journal.tell_of(who, TaskEvent::RecordRead { origin });
                    }
                    mailbox.schedule_read(id, next, &mut world.journal);
                }
                Poll::Later(at) => mailbox.schedule_read(id, at, &mut world.journal),
                Poll::Ended => world.read_all(id, effects),
            }
            world.apply_task(id, effects);
        });
    }

    /// A source has read its log to the end.
    #[cold]
    fn read_all(&mut self, id: PlaceId, effects: &mut TaskEffects) {
        let place = &mut self.hosts.places[id];
        let at_end = match &place.head().kind {
            OperatorKind::Source { then, .. } => *then,
            OperatorKind::Transform { .. } | OperatorKind::Sink { .. } => AtEnd::End,
        };
        match at_end {
            AtEnd::Idle => {
                self.network.mailboxes[id].is_idle = true;
                self.watch_for_quiet();
            }
            AtEnd::End => {
                let task = place.task.as_mut().expect("it read a moment ago");
                task.on_source_ended(effects);
            }
        }
    }

    /// A barrier arrives that may overtake what is before it. Between two elements its task looks up.
    pub(crate) fn on_barrier_arrives(
        &mut self,
        wire: WireId,
        attempt: Attempt,
        checkpoint: CheckpointId,
    ) {
        let to = self.network.channels[wire].to;
        let Some(ahead) = self.network.barrier_at(wire, checkpoint) else { return };
        if !self.hosts.places[to].lives(attempt) {
            return;
        }
        let (busy_until, now) = (self.network.mailboxes[to].busy_until, self.journal.now);
        if busy_until > now {
            if busy_until < SimTime::MAX {
                self.network.mailboxes[to].is_asked = true;
                let control = Control::BarrierArrives { wire, attempt, checkpoint };
                self.journal.schedule(busy_until, control);
            }
            return;
        }
        let found = &self.network.channels[wire].queue[ahead].element;
        let barrier = *barrier_of(found).expect("it was found there");
        let overtakes = self.with_effects(|world, effects| {
            let place = &mut world.hosts.places[to];
            let task = place.task.as_mut().expect("it lives");
            let overtakes = task.on_barrier_arrived(barrier, effects);
            if let Some((at, checkpoint)) = effects.alignment_timer.take() {
                let control = ForTask::AlignmentTimer(checkpoint).of(place.id, attempt);
                world.journal.schedule(at.max(now), control);
            }
            overtakes
        });
        if overtakes {
            self.overtake(wire, ahead);
        }
    }

    /// Gives the barrier behind so many elements of a channel to its receiver, before those.
    fn overtake(&mut self, wire: WireId, ahead: usize) {
        let (to, input_channel) =
            (self.network.channels[wire].to, self.network.channels[wire].input_channel);
        let element = self.network.take_barrier(wire, ahead, &mut self.journal);
        self.with_effects(|world, effects| {
            let task = world.hosts.places[to].task.as_mut().expect("it lives");
            task.on_element(input_channel, element, effects);
            world.apply_all(to, effects, ahead);
        });
        self.network.return_credit(wire, &mut self.journal);
    }

    /// The aligned time of a checkpoint is over: barriers that have arrived come first now.
    pub(crate) fn on_alignment_timer(
        &mut self,
        place: PlaceId,
        attempt: Attempt,
        checkpoint: CheckpointId,
    ) {
        let (busy_until, now) = (self.network.mailboxes[place].busy_until, self.journal.now);
        if busy_until > now {
            let task = self.hosts.places[place].id;
            let control = ForTask::AlignmentTimer(checkpoint).of(task, attempt);
            self.network.mailboxes[place].is_asked = true;
            self.journal.schedule(busy_until, control);
            return;
        }
        self.with_task(place, |task, effects| {
            task.on_alignment_timeout(checkpoint, effects);
        });
        for wire in self.network.connections[place].inputs.clone() {
            if self.network.has_arrived(wire, checkpoint, now) {
                self.on_barrier_arrives(wire, attempt, checkpoint);
            }
        }
    }

    /// The time has come that a task asked for.
    pub(crate) fn on_wake(&mut self, id: PlaceId, at: SimTime) {
        if !self.network.wakes_at(id, at, &mut self.journal) {
            return;
        }
        let overslept = std::mem::take(&mut self.network.mailboxes[id].has_overslept);
        let is_eventful = self.with_effects(|world, effects| {
            let task = world.hosts.places[id].task.as_mut().expect("only a live task is woken");
            let log = task.input().map(|input| world.inputs.seen_from(input));
            let log = log.as_ref().map(|log| -> &dyn InputLog { log });
            task.on_wake(log, overslept, effects);
            let is_eventful = !effects.events.is_empty();
            world.apply_all(id, effects, 0);
            is_eventful
        });
        if is_eventful {
            self.ending.activity += 1;
            self.watch_for_quiet();
        }
    }
}
