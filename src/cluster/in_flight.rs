//! Barriers that overtake records, and the records that they overtake.
//!
//! A barrier passes what its sender holds back for want of credit, and on its arrival what waits in the channel. What it
//! passed is collected here until the barriers of all channels have come through; only then is the snapshot durable.

use super::channel::{Channel, Head, Queued};
use super::control::{Control, Kind, pack};
use super::world::{NO_CAUSE, World};
use crate::effect::{Deployment, InFlightOrder};
use crate::job::{
    Attempt, Barrier, BarrierAlignment, ChannelId, CheckpointId, Element, LocalTaskId, Record,
    RunLayout, TaskId,
};
use crate::kernel::{Agenda, SimTime, Ticket};
use crate::rules::InFlightKept;
use crate::state::{ChannelState, OperatorSnapshot};
use crate::trace::{ChannelEnd, TaskEvent};
use std::sync::Arc;

/// What an unaligned snapshot of a task still awaits, and what has been collected for it.
#[derive(Clone, Debug)]
pub(super) struct Gathering {
    checkpoint: CheckpointId,
    /// Places of the gate whose barrier has not come through.
    open: Vec<usize>,
    inputs: Vec<ChannelState>,
    /// By the place of their sender in the chain.
    outputs: Vec<(usize, ChannelState)>,
    /// The state of the operators, once it is uploaded.
    uploaded: Option<Vec<Arc<OperatorSnapshot>>>,
    /// Whether the checkpoint is off: it is never acked.
    is_void: bool,
}

impl World {
    /// A barrier is on its way that may overtake what will be before it when it arrives.
    #[cold]
    pub(super) fn announce(
        &mut self,
        channel: ChannelId,
        barrier: Barrier,
        at: SimTime,
        agenda: &mut Agenda,
    ) {
        match barrier.alignment {
            BarrierAlignment::Aligned | BarrierAlignment::ForcedAligned => {}
            BarrierAlignment::Timed | BarrierAlignment::Unaligned => {
                let to = self.channels[channel.index()].to;
                let attempt = self.places[to.index()].attempt;
                let checkpoint = barrier.checkpoint;
                let control = Control::BarrierArrives { channel, attempt, checkpoint };
                self.schedule(at, control, agenda);
            }
        }
    }

    /// A barrier overtakes the outputs that wait for credit.
    #[cold]
    pub(super) fn overtake_stalled(
        &mut self,
        from: TaskId,
        channel: ChannelId,
        barrier: Element,
        departs: SimTime,
        agenda: &mut Agenda,
    ) {
        let place = &mut self.places[from.index()];
        let overtaken = place.stalled.iter().filter(|(to, _)| *to == channel);
        let records = overtaken.filter_map(|(_, element)| record_of(element));
        let records: Vec<Record> = records.cloned().collect();
        if !records.is_empty() {
            place.overtaken.push((channel, records));
        }
        self.enqueue(channel, barrier, departs, agenda);
    }

    /// A barrier arrives that may overtake what is before it. Between two elements its task looks up.
    pub(super) fn on_barrier_arrives(
        &mut self,
        channel: ChannelId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        agenda: &mut Agenda,
    ) {
        let to = self.channels[channel.index()].to;
        let queue = self.channels[channel.index()].queue.iter();
        let mut queue = queue.map(|queued| barrier_of(&queued.element));
        let is_it = |barrier: &Barrier| barrier.checkpoint == checkpoint;
        let Some(place) = queue.position(|barrier| barrier.is_some_and(is_it)) else { return };
        if !self.lives(to, attempt) {
            return;
        }
        let busy_until = self.places[to.index()].busy_until;
        if busy_until > self.now {
            if busy_until < SimTime::MAX {
                let control = Control::BarrierArrives { channel, attempt, checkpoint };
                self.schedule(busy_until, control, agenda);
            }
            return;
        }
        let found = &self.channels[channel.index()].queue[place].element;
        let barrier = *barrier_of(found).expect("it was found there");
        let mut effects = self.lend_effects();
        let task = self.places[to.index()].task.as_mut().expect("it lives");
        let overtakes = task.on_barrier_arrived(barrier, self.now, &mut effects);
        if let Some((at, checkpoint)) = effects.alignment_timer.take() {
            let control = Control::AlignmentTimer { task: to, attempt, checkpoint };
            self.schedule(at.max(self.now), control, agenda);
        }
        self.task_effects = Some(effects);
        if overtakes {
            self.overtake(channel, place, agenda);
        }
    }

    /// Gives the barrier at this place of a channel to its receiver, before everything that came before it.
    fn overtake(&mut self, id: ChannelId, place: usize, agenda: &mut Agenda) {
        let channel = &mut self.channels[id.index()];
        let (to, gate) = (channel.to, channel.gate);
        let before = channel.queue.iter().take(place);
        let barriers = before.filter(|queued| barrier_of(&queued.element).is_some()).count();
        self.cause = channel.barrier_causes.remove(barriers).unwrap_or(NO_CAUSE);
        let element = if place == 0 {
            self.take_head(id, agenda)
        } else {
            channel.queue.remove(place).expect("the barrier was found there").element
        };
        self.ahead = place;
        self.with_task(to, agenda, |task, now, effects| {
            task.on_element(gate, element, now, effects);
        });
        self.ahead = 0;
        self.return_credit(id, agenda);
    }

    /// Takes the head off a channel out of its turn.
    fn take_head(&mut self, id: ChannelId, agenda: &mut Agenda) -> Element {
        let channel = &mut self.channels[id.index()];
        if channel.head == Head::Waiting {
            self.places[channel.to.index()].ready.retain(|waiting| *waiting != id);
        }
        let element = self.pop(id, agenda);
        let channel = &mut self.channels[id.index()];
        if channel.head == Head::Nothing {
            // Its arrival may still be on the agenda.
            channel.ticket = Ticket::default();
        }
        element
    }

    /// The aligned time of a checkpoint is over: barriers that have arrived come first now.
    pub(super) fn on_alignment_timer(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        agenda: &mut Agenda,
    ) {
        if !self.lives(task, attempt) {
            return;
        }
        let busy_until = self.places[task.index()].busy_until;
        if busy_until > self.now {
            let control = Control::AlignmentTimer { task, attempt, checkpoint };
            self.schedule(busy_until, control, agenda);
            return;
        }
        self.with_task(task, agenda, |task, now, effects| {
            task.on_alignment_timeout(checkpoint, now, effects);
        });
        for gate in 0..self.gates(task) {
            let channel = self.input(task, gate);
            let has_arrived = |queued: &Queued| {
                let barrier = barrier_of(&queued.element);
                barrier.is_some_and(|barrier| barrier.checkpoint == checkpoint)
                    && queued.at <= self.now
            };
            if self.channels[channel.index()].queue.iter().any(has_arrived) {
                self.on_barrier_arrives(channel, attempt, checkpoint, agenda);
            }
        }
    }

    pub(super) fn gates(&self, task: TaskId) -> usize {
        self.places[task.index()].layout.inputs(task).len()
    }

    /// The channel at a place of a task's gate.
    pub(super) fn input(&self, task: TaskId, gate: usize) -> ChannelId {
        let layout = &self.places[task.index()].layout;
        layout.channel(layout.plan_task(task).inputs[gate])
    }

    /// Collects what a task wants persisted of its channels.
    pub(super) fn carry_in_flight(
        &mut self,
        task: TaskId,
        order: InFlightOrder,
        agenda: &mut Agenda,
    ) {
        match order {
            InFlightOrder::Begin { checkpoint, open, overtaken: _ } => {
                self.begin_gathering(task, checkpoint, open);
            }
            InFlightOrder::Delivered(checkpoint, gate) => {
                self.end_recording(task, checkpoint, gate, agenda);
            }
            InFlightOrder::Discard(checkpoint) => self.discard_gathering(task, checkpoint),
        }
    }

    fn begin_gathering(&mut self, task: TaskId, checkpoint: CheckpointId, open: Vec<usize>) {
        for gate in &open {
            let channel = self.input(task, *gate);
            self.channels[channel.index()].recording = Some(Vec::new());
        }
        let overtaken = std::mem::take(&mut self.places[task.index()].overtaken);
        let mut outputs = Vec::new();
        for (channel, records) in overtaken {
            let sender = self.sender_of(channel);
            let kept = self.persist(task, checkpoint, channel, ChannelEnd::Sender, records);
            outputs.extend(kept.map(|kept| (sender, kept)));
        }
        let (inputs, uploaded) = (Vec::new(), None);
        let gathering = Gathering { checkpoint, open, inputs, outputs, uploaded, is_void: false };
        self.places[task.index()].gatherings.push(gathering);
    }

    /// The barrier came through: what the task took since its snapshot, and what the barrier has just overtaken.
    fn end_recording(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        gate: usize,
        agenda: &mut Agenda,
    ) {
        let gatherings = &mut self.places[task.index()].gatherings;
        let Some(place) = gatherings.iter().position(|g| g.checkpoint == checkpoint) else {
            return;
        };
        let open = &mut gatherings[place].open;
        let Some(found) = open.iter().position(|open| *open == gate) else { return };
        open.remove(found);
        let id = self.input(task, gate);
        let channel = &mut self.channels[id.index()];
        let mut records = channel.recording.take().expect("an open channel is recorded");
        let overtaken = channel.queue.iter().take(self.ahead);
        records.extend(overtaken.filter_map(|queued| record_of(&queued.element)).cloned());
        let kept = self.persist(task, checkpoint, id, ChannelEnd::Receiver, records);
        let gathering = &mut self.places[task.index()].gatherings[place];
        gathering.inputs.extend(kept);
        if gathering.open.is_empty()
            && let Some(snapshots) = gathering.uploaded.take()
        {
            let attempt = self.places[task.index()].attempt;
            self.on_durable(task, attempt, checkpoint, snapshots, agenda);
        }
    }

    fn discard_gathering(&mut self, task: TaskId, checkpoint: CheckpointId) {
        let gatherings = &mut self.places[task.index()].gatherings;
        let Some(found) = gatherings.iter_mut().find(|g| g.checkpoint == checkpoint) else {
            return;
        };
        found.is_void = true;
        for gate in std::mem::take(&mut found.open) {
            let channel = self.input(task, gate);
            self.channels[channel.index()].recording = None;
        }
    }

    /// Makes records of a channel part of a snapshot.
    fn persist(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        channel: ChannelId,
        end: ChannelEnd,
        mut records: Vec<Record>,
    ) -> Option<ChannelState> {
        match (self.rules.in_flight, end) {
            (InFlightKept::InputsOnly, ChannelEnd::Sender) => return None,
            (InFlightKept::OutOfOrder, _) => records.reverse(),
            (InFlightKept::All, _) | (InFlightKept::InputsOnly, ChannelEnd::Receiver) => {}
        }
        if records.is_empty() {
            return None;
        }
        let attempt = self.places[task.index()].attempt;
        let origins = records.iter().map(|record| record.origin).collect();
        let event =
            TaskEvent::InFlightPersisted { checkpoint, channel, end, origins }.of(task, attempt);
        self.tell(event);
        let (edge, peer) = self.place_of(channel, end);
        Some(ChannelState { edge, peer, records })
    }

    /// The place in its chain of the operator that sends on a channel.
    fn sender_of(&self, channel: ChannelId) -> usize {
        // The place knows under which numbers its channels are: those of a zombie are not its run's.
        let layout = &self.places[self.channels[channel.index()].from.index()].layout;
        let edge = &layout.plan.edges[layout.plan_channel(channel).edge];
        let chain = &layout.plan.vertices[edge.from_vertex.index()].operators;
        let place = chain.iter().position(|operator| *operator == edge.from);
        place.expect("the sender of an edge is in its chain")
    }

    /// Which edge a channel belongs to, seen from one end, and the subtask at the other.
    fn place_of(&self, channel: ChannelId, end: ChannelEnd) -> (u32, u32) {
        let layout = &self.places[self.channels[channel.index()].from.index()].layout;
        let plan = &layout.plan;
        let planned = layout.plan_channel(channel);
        let edge = planned.edge;
        let (number, peer) = match end {
            ChannelEnd::Sender => (Some(plan.number_of_edge(edge)), planned.to),
            ChannelEnd::Receiver => {
                let edges = &plan.vertices[plan.edges[edge].to_vertex.index()].inputs;
                (edges.iter().position(|other| *other == edge), planned.from)
            }
        };
        let number = number.expect("a channel belongs to an edge of its ends");
        let place = u32::try_from(number).expect("edges fit in 32 bits");
        (place, plan.task(peer).subtask)
    }

    /// An upload is done. The snapshots with what was in flight, once all of that is there; none for a checkpoint that is
    /// off.
    pub(super) fn add_in_flight(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        mut snapshots: Vec<Arc<OperatorSnapshot>>,
    ) -> Option<Vec<Arc<OperatorSnapshot>>> {
        let gatherings = &mut self.places[task.index()].gatherings;
        let Some(place) = gatherings.iter().position(|g| g.checkpoint == checkpoint) else {
            return Some(snapshots);
        };
        if !gatherings[place].open.is_empty() {
            gatherings[place].uploaded = Some(snapshots);
            return None;
        }
        let Gathering { inputs, outputs, is_void, .. } = gatherings.remove(place);
        if is_void {
            return None;
        }
        for (sender, state) in outputs {
            Arc::make_mut(&mut snapshots[sender]).in_flight.outputs.push(state);
        }
        if !inputs.is_empty() {
            Arc::make_mut(&mut snapshots[0]).in_flight.inputs = inputs;
        }
        Some(snapshots)
    }

    /// Puts what was in flight back on the channels of a new attempt, before any of its tasks starts.
    pub(super) fn refill(
        &mut self,
        layout: &RunLayout,
        deployments: &mut [(LocalTaskId, Deployment)],
        agenda: &mut Agenda,
    ) {
        let mut permits = deployments.iter().filter_map(|(_, deployment)| {
            deployment.restored.as_ref().map(|restored| restored.permit.checkpoint())
        });
        let Some(checkpoint) = permits.next() else { return };
        for (task, deployment) in deployments {
            let attempt = self.attempt_of(layout.run, *task);
            let task = layout.task(*task);
            for (channel, records) in std::mem::take(&mut deployment.in_flight) {
                let channel = layout.channel(channel);
                let origins = records.iter().map(|record| record.origin.hash());
                let sum = origins.fold(0, u64::wrapping_add);
                let count = u64::try_from(records.len()).expect("usize fits in 64 bits");
                self.put_back(channel, records, agenda);
                let records = count;
                self.tell(
                    TaskEvent::InFlightRestored { checkpoint, channel, records, sum }
                        .of(task, attempt),
                );
            }
        }
    }

    fn put_back(&mut self, id: ChannelId, records: Vec<Record>, agenda: &mut Agenda) {
        let at = self.now;
        let channel: &mut Channel = &mut self.channels[id.index()];
        for record in records {
            channel.sent.add(record.origin);
            channel.queue.push_back(Queued { at, element: Element::Record(record) });
        }
        if channel.head == Head::Nothing {
            channel.head = Head::Travelling;
            channel.ticket = agenda.push(at, pack(Kind::Head, id.index()));
        }
    }
}

const fn record_of(element: &Element) -> Option<&Record> {
    match element {
        Element::Record(record) => Some(record),
        Element::Barrier(_)
        | Element::Cancellation(_)
        | Element::Watermark(_)
        | Element::Status(_)
        | Element::EndOfData
        | Element::EndOfPartition => None,
    }
}

pub(super) const fn barrier_of(element: &Element) -> Option<&Barrier> {
    match element {
        Element::Barrier(barrier) => Some(barrier),
        Element::Record(_)
        | Element::Cancellation(_)
        | Element::Watermark(_)
        | Element::Status(_)
        | Element::EndOfData
        | Element::EndOfPartition => None,
    }
}
