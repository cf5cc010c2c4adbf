//! The records that a barrier overtook, on their way into a snapshot (`ChannelStateWriter`).
//!
//! What a barrier passed is collected here until the barriers of all channels have come through; only then is the snapshot
//! durable.

use crate::cluster::ids::PlaceId;
use crate::cluster::journal::Journal;
use crate::cluster::network::Network;
use crate::cluster::network::channel::record_of;
use crate::cluster::network::mailbox::{Connections, Mailbox};
use crate::effect::InFlightOrder;
use crate::job::{ChannelId, CheckpointId, Record, RunLayout};
use crate::rules::InFlightKept;
use crate::state::{ChannelState, OperatorSnapshot};
use crate::trace::{ChannelEnd, TaskEvent};
use std::sync::Arc;

/// What an unaligned snapshot of a task still awaits, and what has been collected for it.
#[derive(Clone, Debug)]
pub(crate) struct ChannelStateWriter {
    checkpoint: CheckpointId,
    /// Input channels whose barrier has not come through.
    open: Vec<usize>,
    inputs: Vec<ChannelState>,
    /// By the place of their sender in the chain.
    outputs: Vec<(usize, ChannelState)>,
    /// The state of the operators, once it is uploaded.
    uploaded: Option<Vec<Arc<OperatorSnapshot>>>,
    /// Whether the checkpoint is off: it is never acked.
    is_void: bool,
}

/// A snapshot, with all of its parts.
pub(crate) type Snapshots = Vec<Arc<OperatorSnapshot>>;

/// Whose records are persisted, and which of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Persisting<'a> {
    pub(crate) place: PlaceId,
    pub(crate) layout: &'a RunLayout,
    pub(crate) kept: InFlightKept,
}

impl Network {
    /// Collects what a task wants persisted of its channels. `ahead` elements of the channel whose barrier was delivered are
    /// still in it: the barrier has just overtaken them. Returns the snapshot of this checkpoint if it is complete by that.
    pub(crate) fn persist_in_flight(
        &mut self,
        order: InFlightOrder,
        ahead: usize,
        whose: Persisting<'_>,
        journal: &mut Journal,
    ) -> Option<(CheckpointId, Snapshots)> {
        match order {
            InFlightOrder::Begin { checkpoint, open, overtaken: _ } => {
                self.begin_writing(checkpoint, open, whose, journal);
                None
            }
            InFlightOrder::Delivered(checkpoint, input_channel) => {
                let uploaded =
                    self.end_recording((checkpoint, input_channel), ahead, whose, journal)?;
                let snapshots = self.complete_snapshot(whose.place, checkpoint, uploaded)?;
                Some((checkpoint, snapshots))
            }
            InFlightOrder::Discard(checkpoint) => {
                self.discard(checkpoint, whose.place);
                None
            }
        }
    }

    fn begin_writing(
        &mut self,
        checkpoint: CheckpointId,
        open: Vec<usize>,
        whose: Persisting<'_>,
        journal: &mut Journal,
    ) {
        for input_channel in &open {
            let wire = self.connections[whose.place].inputs[*input_channel];
            self.channels[wire].is_recorded = true;
            self.notes[wire].recording.clear();
        }
        let mut outputs = Vec::new();
        for (wire, records) in std::mem::take(&mut self.connections[whose.place].overtaken) {
            let channel = self.notes[wire].id;
            let what = (checkpoint, channel, ChannelEnd::Sender);
            let kept = self.persist(what, records, whose, journal);
            outputs.extend(kept.map(|kept| (sender_of(whose.layout, channel), kept)));
        }
        let (inputs, uploaded) = (Vec::new(), None);
        let writer =
            ChannelStateWriter { checkpoint, open, inputs, outputs, uploaded, is_void: false };
        let writers = &mut self.connections[whose.place].writers;
        let is_known = writers.iter().any(|other| other.checkpoint == checkpoint);
        assert!(!is_known, "{:?} persists checkpoint {checkpoint} twice", whose.place);
        writers.push(writer);
    }

    /// The barrier came through: what the task took since its snapshot, and what the barrier has just overtaken. Returns what
    /// was uploaded if nothing else is awaited.
    fn end_recording(
        &mut self,
        (checkpoint, input_channel): (CheckpointId, usize),
        ahead: usize,
        whose: Persisting<'_>,
        journal: &mut Journal,
    ) -> Option<Snapshots> {
        let connections = &mut self.connections[whose.place];
        let wire = connections.inputs[input_channel];
        let number = connections.writers.iter().position(|w| w.checkpoint == checkpoint)?;
        let open = &mut connections.writers[number].open;
        open.remove(open.iter().position(|open| *open == input_channel)?);
        let (channel, notes) = (&mut self.channels[wire], &mut self.notes[wire]);
        assert!(channel.is_recorded, "an open channel is recorded");
        channel.is_recorded = false;
        let mut records = std::mem::take(&mut notes.recording);
        let overtaken = channel.queue.iter().take(ahead);
        records.extend(overtaken.filter_map(|queued| record_of(&queued.element)).cloned());
        let what = (checkpoint, notes.id, ChannelEnd::Receiver);
        let kept = self.persist(what, records, whose, journal);
        let writer = &mut self.connections[whose.place].writers[number];
        writer.inputs.extend(kept);
        writer.open.is_empty().then(|| writer.uploaded.take()).flatten()
    }

    fn discard(&mut self, checkpoint: CheckpointId, place: PlaceId) {
        let Connections { inputs, writers, .. } = &mut self.connections[place];
        let Some(found) = writers.iter_mut().find(|w| w.checkpoint == checkpoint) else { return };
        found.is_void = true;
        for input_channel in std::mem::take(&mut found.open) {
            self.channels[inputs[input_channel]].is_recorded = false;
            self.notes[inputs[input_channel]].recording.clear();
        }
    }

    /// Makes records of a channel part of a snapshot.
    fn persist(
        &self,
        (checkpoint, channel, end): (CheckpointId, ChannelId, ChannelEnd),
        mut records: Vec<Record>,
        whose: Persisting<'_>,
        journal: &mut Journal,
    ) -> Option<ChannelState> {
        match (whose.kept, end) {
            (InFlightKept::InputsOnly, ChannelEnd::Sender) => return None,
            (InFlightKept::OutOfOrder, _) => records.reverse(),
            (InFlightKept::All, _) | (InFlightKept::InputsOnly, ChannelEnd::Receiver) => {}
        }
        if records.is_empty() {
            return None;
        }
        let Mailbox { task, attempt, .. } = self.mailboxes[whose.place];
        let origins = records.iter().map(|record| record.origin).collect();
        journal.tell(
            TaskEvent::InFlightPersisted { checkpoint, channel, end, origins }.of(task, attempt),
        );
        let (edge, peer) = edge_and_peer(whose.layout, channel, end);
        Some(ChannelState { edge, peer, records })
    }

    /// An upload is done. The snapshots with what was in flight, once all of that is there; none for a checkpoint that is
    /// off.
    pub(crate) fn complete_snapshot(
        &mut self,
        place: PlaceId,
        checkpoint: CheckpointId,
        mut snapshots: Snapshots,
    ) -> Option<Snapshots> {
        let writers = &mut self.connections[place].writers;
        let Some(number) = writers.iter().position(|w| w.checkpoint == checkpoint) else {
            return Some(snapshots);
        };
        if !writers[number].open.is_empty() {
            writers[number].uploaded = Some(snapshots);
            return None;
        }
        let ChannelStateWriter { inputs, outputs, is_void, .. } = writers.remove(number);
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
}

/// The place in its chain of the operator that sends on a channel.
fn sender_of(layout: &RunLayout, channel: ChannelId) -> usize {
    let edge = &layout.plan.edges[layout.plan_channel(channel).edge];
    let chain = &layout.plan.vertices[edge.from_vertex.index()].operators;
    let place = chain.iter().position(|operator| *operator == edge.from);
    place.expect("the sender of an edge is in its chain")
}

/// Which edge a channel belongs to, seen from one end, and the subtask at the other.
fn edge_and_peer(layout: &RunLayout, channel: ChannelId, end: ChannelEnd) -> (u32, u32) {
    let (plan, planned) = (&layout.plan, layout.plan_channel(channel));
    let (number, peer) = match end {
        ChannelEnd::Sender => (Some(plan.number_of_edge(planned.edge)), planned.to),
        ChannelEnd::Receiver => {
            let edges = &plan.vertices[plan.edges[planned.edge].to_vertex.index()].inputs;
            (edges.iter().position(|other| *other == planned.edge), planned.from)
        }
    };
    let number = number.expect("a channel belongs to an edge of its ends");
    (u32::try_from(number).expect("edges fit in 32 bits"), plan.task(peer).subtask)
}
