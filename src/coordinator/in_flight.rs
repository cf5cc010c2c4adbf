//! What an unaligned checkpoint holds of channels, dealt to the channels of a job that is restored from it.
//!
//! At the same parallelism every record goes back to its channel. At another one the partitioner of the edge decides
//! (`SubtaskStateMapper`): by key group to the owner, round robin to the old index modulo the new
//! parallelism, global to subtask 0. The order within each old channel is kept. Pointwise and broadcast exchanges, which
//! hold nothing themselves, cannot take what another exchange held.

use super::legacy_state::Misfit;
use super::restore::{Matched, RestoreError};
use crate::job::{
    LocalChannelId, OperatorIndex, Partitioner, Plan, PlanEdge, Record, VertexIndex, key_group,
    subtask_of_key_group,
};
use crate::kernel::to_index;
use crate::rules::{InFlightCheckedBy, Rules};
use crate::state::{ChannelState, InFlight};
use std::collections::BTreeMap;

/// Records in flight to one task, by channel of the plan.
pub(super) type ReceivedInFlight = Vec<(LocalChannelId, Vec<Record>)>;

/// By receiving task, what was in flight to it: what had arrived before what its senders held back.
pub(super) fn deal(
    plan: &Plan,
    matched: &Matched<'_>,
    rules: &Rules,
) -> Result<Vec<ReceivedInFlight>, RestoreError> {
    if !rules.in_flight_rescaled {
        check_unscaled(plan, matched)?;
    }
    if rules.in_flight_checked_by == InFlightCheckedBy::Task {
        check_whole_tasks(plan, matched)?;
    }
    let mut channels: BTreeMap<LocalChannelId, Vec<Record>> = BTreeMap::new();
    for (operator, subtask, in_flight) in around(matched) {
        for state in &in_flight.inputs {
            let exchange =
                Exchange::of(plan, entered_edge(plan, operator, state), operator, matched)?;
            exchange.deal(state.peer, subtask, state, &mut channels);
        }
    }
    for (operator, subtask, in_flight) in around(matched) {
        for state in &in_flight.outputs {
            let edge = plan.edge_of_number(operator, to_index(state.edge));
            let exchange = Exchange::of(plan, edge, operator, matched)?;
            exchange.deal(subtask, state.peer, state, &mut channels);
        }
    }
    let mut received = vec![ReceivedInFlight::new(); plan.tasks.len()];
    for (channel, records) in channels {
        received[plan.channel(channel).to.index()].push((channel, records));
    }
    let held = around(matched).map(|(_, _, held)| held.records().count()).sum::<usize>();
    let dealt = received.iter().flatten().map(|(_, records)| records.len()).sum::<usize>();
    assert_eq!(dealt, held, "a record in flight was lost, or dealt twice");
    Ok(received)
}

/// Until 1.13 what was in flight went back where it had been, or nowhere (statement D7).
fn check_unscaled(plan: &Plan, matched: &Matched<'_>) -> Result<(), RestoreError> {
    let mut each = around(matched);
    match each.find_map(|(operator, ..)| Misfit::of(plan, operator, matched[&operator])) {
        Some(misfit) => Err(RestoreError::InFlightNotRescaled(misfit)),
        None => Ok(()),
    }
}

/// Where one of the exchanges on a side of a task held records, all of that side are dealt anew, as soon as one of them is:
/// the pointwise ones cannot be.
fn check_whole_tasks(plan: &Plan, matched: &Matched<'_>) -> Result<(), RestoreError> {
    let is_rescaled = |vertex: VertexIndex| {
        let before = matched.get(&plan.head(vertex)).map(|state| state.subtasks.len());
        before.is_some_and(|before| before != to_index(plan.vertices[vertex.index()].parallelism))
    };
    for (operator, _, in_flight) in around(matched) {
        assert!(!in_flight.is_empty(), "nothing was in flight around {operator:?}");
        let vertex = plan.vertex_of(operator);
        let sends = |edge: &&PlanEdge| !in_flight.outputs.is_empty() && edge.from_vertex == vertex;
        let takes = |edge: &&PlanEdge| !in_flight.inputs.is_empty() && edge.to_vertex == vertex;
        let sides: [Vec<&PlanEdge>; 2] =
            [plan.edges.iter().filter(sends).collect(), plan.edges.iter().filter(takes).collect()];
        for edges in sides {
            let rescales =
                |edge: &&PlanEdge| is_rescaled(edge.from_vertex) || is_rescaled(edge.to_vertex);
            if !edges.iter().any(rescales) {
                continue;
            }
            let unfit = edges.iter().find(|edge| !can_be_rescaled(edge.partitioner));
            if let Some(edge) = unfit {
                return Err(cannot_rescale(plan, edge));
            }
        }
    }
    Ok(())
}

/// Whether what an exchange holds can be dealt to other parallelisms.
const fn can_be_rescaled(partitioner: Partitioner) -> bool {
    match partitioner {
        Partitioner::Hash | Partitioner::Rebalance | Partitioner::Shuffle | Partitioner::Global => {
            true
        }
        Partitioner::Forward | Partitioner::Rescale | Partitioner::Broadcast => false,
    }
}

fn cannot_rescale(plan: &Plan, edge: &PlanEdge) -> RestoreError {
    let name = plan.graph.operators[edge.to.index()].name.clone();
    RestoreError::ExchangePointwise { operator: plan.operator_ids[edge.to.index()], name }
}

/// Everything that was in flight, by the operator and the old subtask it was kept beside.
fn around<'c>(
    matched: &'c Matched<'_>,
) -> impl Iterator<Item = (OperatorIndex, u32, &'c InFlight)> {
    matched.iter().flat_map(|(operator, state)| {
        let subtasks = (0..).zip(&state.subtasks);
        let held = subtasks.filter_map(|(at, state)| Some((at, &state.snapshot()?.in_flight)));
        let held = held.filter(|(_, in_flight)| !in_flight.is_empty());
        held.map(|(subtask, in_flight)| (*operator, subtask, in_flight))
    })
}

/// The edge that records were in flight on to an operator; none if it is fed within its chain by now.
fn entered_edge(plan: &Plan, operator: OperatorIndex, state: &ChannelState) -> Option<usize> {
    let vertex = plan.vertex_of(operator);
    let is_head = plan.head(vertex) == operator;
    let edges = &plan.vertices[vertex.index()].inputs;
    edges.get(to_index(state.edge)).copied().filter(|_| is_head)
}

/// An edge of the new plan, and how parallel its ends were.
struct Exchange<'p> {
    plan: &'p Plan,
    number: usize,
    edge: &'p PlanEdge,
    matched: &'p Matched<'p>,
}

impl<'p> Exchange<'p> {
    /// The exchange that an operator's records in flight go back to, if there is one that can take them.
    fn of(
        plan: &'p Plan,
        edge: Option<usize>,
        operator: OperatorIndex,
        matched: &'p Matched<'p>,
    ) -> Result<Self, RestoreError> {
        let operator = matched[&operator].id;
        let number = edge.ok_or(RestoreError::ExchangeGone { operator })?;
        let edge = &plan.edges[number];
        if !can_be_rescaled(edge.partitioner) {
            return Err(cannot_rescale(plan, edge));
        }
        Ok(Self { plan, number, edge, matched })
    }

    /// Puts the records of an old channel on new ones.
    fn deal(
        &self,
        sender: u32,
        receiver: u32,
        state: &ChannelState,
        channels: &mut BTreeMap<LocalChannelId, Vec<Record>>,
    ) {
        let senders = self.plan.vertices[self.edge.from_vertex.index()].parallelism;
        for record in &state.records {
            let receiver = self.receiver(receiver, record);
            let channel = self.channel(sender % senders, receiver);
            channels.entry(channel).or_default().push(record.clone());
        }
    }

    /// Who gets a record that was on its way to an old subtask.
    fn receiver(&self, old: u32, record: &Record) -> u32 {
        let vertex = &self.plan.vertices[self.edge.to_vertex.index()];
        if self.parallelism_before(self.edge.to_vertex) == Some(vertex.parallelism) {
            return old;
        }
        let key_by = self.plan.graph.operators[self.edge.to.index()].key_by;
        let key_by = key_by.map(|key_by| key_by.of_input(self.edge.input));
        match (self.edge.partitioner, key_by.map(|key_by| key_by.hash_of(&record.value))) {
            (Partitioner::Hash, Some(Ok(hash))) => {
                let group = key_group(hash, vertex.max_parallelism);
                subtask_of_key_group(group, vertex.max_parallelism, vertex.parallelism)
            }
            (Partitioner::Global, _) => 0,
            (Partitioner::Hash | Partitioner::Rebalance | Partitioner::Shuffle, _) => {
                old % vertex.parallelism
            }
            (Partitioner::Forward | Partitioner::Rescale | Partitioner::Broadcast, _) => {
                unreachable!("such an exchange is given nothing")
            }
        }
    }

    /// How parallel a chain was in the checkpoint.
    fn parallelism_before(&self, vertex: VertexIndex) -> Option<u32> {
        let state = self.matched.get(&self.plan.head(vertex))?;
        u32::try_from(state.subtasks.len()).ok()
    }

    fn channel(&self, sender: u32, receiver: u32) -> LocalChannelId {
        let (from, to) = (self.edge.from_vertex, self.edge.to_vertex);
        let (from, to) = (self.plan.subtask(from, sender), self.plan.subtask(to, receiver));
        let mut places = self.plan.edge_channels(self.number);
        let place = places.find(|place| {
            let channel = &self.plan.channels[*place];
            (channel.from, channel.to) == (from, to)
        });
        LocalChannelId::new(place.expect("an exchange that holds records connects all with all"))
    }
}
