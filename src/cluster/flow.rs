//! How records move: heads of channels, turns of tasks, reads of sources, credit.
//!
//! A task takes one element at a time. It takes nothing while it is busy, nor while any of its outputs waits for
//! credit. Of a channel that a barrier holds back nothing is taken until it is released.

use super::channel::{Channel, Head, Queued};
use super::control::{Kind, pack};
use super::world::World;
use crate::effect::TaskEffects;
use crate::job::{
    AtEnd, Barrier, BarrierAlignment, ChannelId, Element, OperatorKind, Record, TaskId,
};
use crate::kernel::{Agenda, SimTime, Ticket};
use crate::operator::Poll;
use crate::task::{Phase, Task};
use crate::trace::TaskEvent;

impl World {
    /// The head of a channel has arrived.
    #[inline]
    pub(super) fn on_head(&mut self, index: usize, ticket: Ticket, agenda: &mut Agenda) {
        let channel = &mut self.channels[index];
        if channel.ticket != ticket {
            return;
        }
        channel.head = Head::Waiting;
        let to = channel.to.index();
        let place = &mut self.places[to];
        let is_free = place.busy_until <= self.now && place.stalled.is_empty();
        if is_free && place.ready.is_empty() && place.turn == Ticket::default() {
            self.offer(ChannelId::new(index), agenda);
        } else {
            place.ready.push_back(ChannelId::new(index));
        }
        if !self.places[to].ready.is_empty() {
            self.ask_for_turn(to, agenda);
        }
    }

    /// A task is free for the next element that waits.
    #[inline(never)]
    pub(super) fn on_turn(&mut self, task: usize, ticket: Ticket, agenda: &mut Agenda) {
        if self.places[task].turn != ticket {
            return;
        }
        self.places[task].turn = Ticket::default();
        while self.places[task].stalled.is_empty() && self.places[task].busy_until <= self.now {
            let Some(channel) = self.places[task].ready.pop_front() else { break };
            self.offer(channel, agenda);
        }
        self.ask_for_turn(task, agenda);
    }

    /// Puts a turn on the agenda if something waits and nothing else will wake the task.
    #[inline(never)] // rare where tasks take no time, and large
    fn ask_for_turn(&mut self, task: usize, agenda: &mut Agenda) {
        let place = &mut self.places[task];
        let is_starting = place.task.as_ref().is_some_and(|task| task.phase() == Phase::Starting);
        let is_held_up = is_starting || place.is_blocked;
        let waits = !place.ready.is_empty() && place.stalled.is_empty() && !is_held_up;
        if waits && place.turn == Ticket::default() {
            place.turn = agenda.push(place.busy_until.max(self.now), pack(Kind::Turn, task));
        }
    }

    /// Offers a waiting head to its receiver: it is taken, or held back, or falls into the void.
    #[inline(always)] // measured: calls and moves between these few functions were a fifth of an event
    fn offer(&mut self, id: ChannelId, agenda: &mut Agenda) {
        let channel = &mut self.channels[id.index()];
        let place = &mut self.places[channel.to.index()];
        match &place.task {
            Some(task) if task.phase() == Phase::Starting => place.ready.push_back(id),
            Some(task) if task.phase() != Phase::Ended => {
                if task.is_blocked(channel.gate) {
                    channel.head = Head::Blocked;
                    if task.alignment_limit().is_some() {
                        self.read_on(id, agenda);
                    }
                } else {
                    self.take(id, agenda);
                }
            }
            Some(_) | None => self.drop_head(id, agenda),
        }
    }

    /// The receiver is gone: the element is lost, its credit is not.
    #[cold]
    fn drop_head(&mut self, id: ChannelId, agenda: &mut Agenda) {
        let dropped = self.pop(id, agenda);
        if matches!(dropped, Element::Barrier(_)) {
            self.channels[id.index()].barrier_causes.pop_front();
        }
        self.return_credit(id, agenda);
    }

    /// Takes the head off a channel; the next one travels.
    #[inline(always)] // as `offer`
    pub(super) fn pop(&mut self, id: ChannelId, agenda: &mut Agenda) -> Element {
        let channel = &mut self.channels[id.index()];
        let queued = channel.queue.pop_front().expect("a head that waits is in the queue");
        channel.buffered = channel.buffered.saturating_sub(1);
        match channel.queue.front() {
            Some(next) => {
                channel.head = Head::Travelling;
                channel.ticket = agenda.push(next.at.max(self.now), pack(Kind::Head, id.index()));
            }
            None => channel.head = Head::Nothing,
        }
        queued.element
    }

    /// Gives the head of a channel to its receiver.
    #[inline(always)] // as `offer`
    fn take(&mut self, id: ChannelId, agenda: &mut Agenda) {
        if !self.failing.is_empty() && self.throws_with_head(id, agenda) {
            return self.drop_head(id, agenda);
        }
        let element = self.pop(id, agenda);
        let channel = &self.channels[id.index()];
        let (to, gate) = (channel.to, channel.gate);
        if self.wants_records
            && let Element::Record(Record { origin, .. }) = element
        {
            self.tell_of(to, TaskEvent::RecordTaken { channel: id, origin });
        }
        let mut effects = self.lend_effects();
        let channel = &mut self.channels[id.index()];
        let place = &mut self.places[to.index()];
        let task = place.task.as_mut().expect("offered to a live task");
        match &element {
            Element::Record(record) => {
                channel.taken.add(record.origin);
                if let Some(recording) = &mut channel.recording {
                    recording.push(record.clone());
                }
                place.busy_until = self.now.plus(task.takes());
            }
            Element::Barrier(_) => {
                self.cause = channel.barrier_causes.pop_front().unwrap_or(super::world::NO_CAUSE);
            }
            Element::Cancellation(_)
            | Element::Watermark(_)
            | Element::Status(_)
            | Element::EndOfData
            | Element::EndOfPartition => {}
        }
        task.on_element(gate, element, self.now, &mut effects);
        self.carry_task(to, &mut effects, agenda);
        self.task_effects = Some(effects);
        self.return_credit(id, agenda);
    }

    /// A place in a channel became free: its sender goes on, if it waited for that.
    #[inline(always)] // as `offer`
    pub(super) fn return_credit(&mut self, id: ChannelId, agenda: &mut Agenda) {
        let from = self.channels[id.index()].from.index();
        if !self.places[from].stalled.is_empty() {
            self.drain(from, agenda);
        }
    }

    /// A task died: the heads that waited for it fall into the void.
    pub(super) fn drop_waiting(&mut self, task: TaskId, agenda: &mut Agenda) {
        let waiting = std::mem::take(&mut self.places[task.index()].ready);
        for channel in waiting {
            self.drop_head(channel, agenda);
        }
        self.release(task, agenda);
    }

    /// Moves stalled outputs into their channels, in order, as far as there is credit.
    #[inline(never)] // large, and its callers are on the path of every event
    fn drain(&mut self, from: usize, agenda: &mut Agenda) {
        while let Some((channel, element)) = self.places[from].stalled.front() {
            let capacity = self.network.channel_capacity;
            if !self.channels[channel.index()].has_credit(element, capacity) {
                return;
            }
            let (channel, element) =
                self.places[from].stalled.pop_front().expect("the front is there");
            self.enqueue(channel, element, self.now, agenda);
        }
        let place = &mut self.places[from];
        if place.wants_to_read && !place.is_blocked {
            place.wants_to_read = false;
            self.schedule_read(from, self.now, agenda);
        }
        self.wake_if_overslept(from, agenda);
        self.ask_for_turn(from, agenda);
    }

    /// A task sends: into the channel, or behind its other outputs that wait for credit.
    #[inline(always)] // as `offer`
    pub(super) fn send(
        &mut self,
        from: TaskId,
        id: ChannelId,
        element: Element,
        departs: SimTime,
        agenda: &mut Agenda,
    ) {
        let channel = &mut self.channels[id.index()];
        if let Element::Record(record) = &element {
            channel.sent.add(record.origin);
        }
        let has_credit = channel.has_credit(&element, self.network.channel_capacity);
        if has_credit && self.places[from.index()].stalled.is_empty() {
            self.enqueue(id, element, departs, agenda);
        } else if let Element::Barrier(Barrier { alignment: BarrierAlignment::Unaligned, .. }) =
            element
        {
            self.overtake_stalled(from, id, element, departs, agenda);
        } else {
            self.had_backpressure = true;
            self.places[from.index()].stalled.push_back((id, element));
        }
    }

    #[inline(always)] // as `offer`
    pub(super) fn enqueue(
        &mut self,
        id: ChannelId,
        element: Element,
        departs: SimTime,
        agenda: &mut Agenda,
    ) {
        let cause = self.cause;
        let (low, high) = self.network.channel_latency;
        let channel = &mut self.channels[id.index()];
        let latency = channel.latency.span(Channel::draw_index(&element, &self.salts), low, high);
        let at = channel.last_arrival.max(departs.plus(latency));
        channel.last_arrival = at;
        let mut announced = None;
        if let Element::Barrier(barrier) = &element {
            channel.barrier_causes.push_back(cause);
            announced = Some(*barrier);
        }
        if channel.awaits_next() {
            channel.head = Head::Travelling;
            channel.ticket = agenda.push(at, pack(Kind::Head, id.index()));
        }
        channel.queue.push_back(Queued { at, element });
        if let Some(barrier) = announced {
            self.announce(id, barrier, at, agenda);
        }
    }

    /// No barrier holds the task's channels back any more: their heads wait for it again.
    pub(super) fn release(&mut self, task: TaskId, agenda: &mut Agenda) {
        for gate in 0..self.gates(task) {
            let id = self.input(task, gate);
            let channel = &mut self.channels[id.index()];
            let is_back = channel.head == Head::Blocked
                || (channel.is_read_on && channel.head == Head::Travelling);
            channel.is_read_on = false;
            if is_back {
                channel.ticket = Ticket::default();
                channel.head = Head::Waiting;
                self.places[task.index()].ready.push_back(id);
            }
        }
        self.ask_for_turn(task.index(), agenda);
    }

    /// A task runs: what waited for it gets its turn, and a source begins to read.
    pub(super) fn begin_work(&mut self, task: TaskId, agenda: &mut Agenda) {
        self.places[task.index()].busy_until = self.now;
        let layout = &self.places[task.index()].layout;
        if layout.plan.is_source(layout.plan_task(task).vertex) {
            self.schedule_read(task.index(), self.now, agenda);
        }
        self.ask_for_turn(task.index(), agenda);
    }

    /// A reader that had nothing to read looks again.
    pub(super) fn wake_reader(&mut self, task: TaskId, agenda: &mut Agenda) {
        let place = &mut self.places[task.index()];
        let is_running = place.task.as_ref().is_some_and(|task| task.phase() == Phase::Running);
        if is_running && !place.is_idle {
            self.schedule_read(task.index(), self.now, agenda);
        }
    }

    fn schedule_read(&mut self, task: usize, at: SimTime, agenda: &mut Agenda) {
        let at = at.max(self.now).max(self.places[task].busy_until);
        self.places[task].read = agenda.push(at, pack(Kind::Read, task));
    }

    /// A source may read on.
    pub(super) fn on_read(&mut self, task: usize, ticket: Ticket, agenda: &mut Agenda) {
        let place = &mut self.places[task];
        if place.read != ticket {
            return;
        }
        let reads = |task: &Task| task.phase() == Phase::Running && !task.is_stopped();
        let is_running = place.task.as_ref().is_some_and(reads);
        if !is_running {
            return;
        }
        if !place.stalled.is_empty() || place.is_blocked {
            place.wants_to_read = true;
            return;
        }
        if place.busy_until > self.now {
            self.schedule_read(task, self.now, agenda);
            return;
        }
        self.read(task, agenda);
    }

    /// A task takes up again what it left: reading, and what waits in its channels.
    pub(super) fn wake(&mut self, task: usize, agenda: &mut Agenda) {
        let place = &mut self.places[task];
        if place.stalled.is_empty() && place.wants_to_read {
            place.wants_to_read = false;
            self.schedule_read(task, self.now, agenda);
        }
        self.wake_if_overslept(task, agenda);
        self.ask_for_turn(task, agenda);
    }

    fn read(&mut self, index: usize, agenda: &mut Agenda) {
        let id = TaskId::new(index);
        if !self.failing.is_empty() && self.throws_with_record(id, agenda) {
            return;
        }
        let mut effects = self.lend_effects();
        let place = &mut self.places[index];
        let task = place.task.as_mut().expect("a source that reads is alive");
        let input = task.input().expect("only sources read");
        let log = &*self.given.inputs[input.index()];
        let poll = task.poll(log, self.now, &mut effects);
        let takes = task.takes();
        match poll {
            Poll::Record(_, origin) => {
                self.activity += 1;
                place.reads += 1;
                place.busy_until = self.now.plus(takes);
                let next = task.due(log, &mut effects).unwrap_or(self.now);
                if self.wants_records {
                    self.tell_of(id, TaskEvent::RecordRead { origin });
                }
                self.schedule_read(index, next, agenda);
            }
            Poll::Later(at) => self.schedule_read(index, at, agenda),
            Poll::Ended => self.read_all(id, &mut effects, agenda),
        }
        self.carry_task(id, &mut effects, agenda);
        self.task_effects = Some(effects);
    }

    /// A source has read its log to the end.
    #[cold]
    fn read_all(&mut self, id: TaskId, effects: &mut TaskEffects, agenda: &mut Agenda) {
        match self.at_end(id) {
            AtEnd::Idle => {
                self.places[id.index()].is_idle = true;
                self.watch_for_quiet(agenda);
            }
            AtEnd::End => {
                let task = self.places[id.index()].task.as_mut().expect("it read a moment ago");
                task.on_source_ended(self.now, effects);
            }
        }
    }

    fn at_end(&self, task: TaskId) -> AtEnd {
        let layout = &self.places[task.index()].layout;
        let vertex = layout.plan_task(task).vertex;
        match &layout.plan.graph.operators[layout.plan.head(vertex).index()].kind {
            OperatorKind::Source { then, .. } => *then,
            OperatorKind::Transform { .. } | OperatorKind::Sink { .. } => AtEnd::End,
        }
    }
}
