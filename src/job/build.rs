//! From a job graph to its plan, step by step: wiring, chains, ids, vertices, edges, subtasks, channels.

use super::plan_rules::PlanRules;
use super::uid::{check_uids_name_chains, generated_ids};
use super::wiring::{Wiring, max_parallelism_of};
use super::{
    GraphError, JobGraph, LocalChannelId, LocalTaskId, OperatorIndex, Partitioner, Plan,
    PlanChannel, PlanEdge, PlanTask, Vertex, VertexIndex,
};
use crate::kernel::to_index;
use crate::rules::IdScheme;
use std::ops::Range;
use std::sync::Arc;

/// How many subtasks and channels a plan may have: a world keeps a queue for each.
pub const PARTS_MAX: u64 = 1 << 20;

impl Plan {
    /// Makes a job graph physical under the newest rules.
    ///
    /// # Errors
    ///
    /// The first thing found that keeps the graph from running.
    pub fn build(graph: Arc<JobGraph>) -> Result<Self, GraphError> {
        Self::build_under(graph, PlanRules::default())
    }

    /// Makes a job graph physical.
    ///
    /// # Errors
    ///
    /// The first thing found that keeps the graph from running under these rules.
    pub fn build_under(graph: Arc<JobGraph>, rules: PlanRules) -> Result<Self, GraphError> {
        let wiring = Wiring::of(&graph)?;
        let operator_ids = generated_ids(&wiring, rules.generated_ids)?;
        if !rules.uid_in_chain {
            check_uids_name_chains(&wiring)?;
        }
        let legacy_ids = match rules.legacy_ids_tried {
            true => generated_ids(&wiring, IdScheme::WithClassNames)?,
            false => Vec::new(),
        };
        check_size(&wiring)?;
        let operators = (0..graph.operators.len()).map(OperatorIndex::new);
        let fed = |operator| wiring.chained(operator).map(|wire| (wire.to, wire.side)).collect();
        let mut plan = Self {
            rules,
            operator_ids,
            legacy_ids,
            vertices: vertices(&wiring, rules),
            edges: Vec::new(),
            tasks: Vec::new(),
            channels: Vec::new(),
            vertex_of_operator: vec![VertexIndex::default(); graph.operators.len()],
            chained_outputs: operators.map(fed).collect(),
            first_channel_of_edge: vec![0],
            graph: Arc::clone(&graph),
        };
        for (place, vertex) in plan.vertices.iter().enumerate() {
            for operator in &vertex.operators {
                plan.vertex_of_operator[operator.index()] = VertexIndex::new(place);
            }
        }
        plan.join_vertices(&wiring);
        plan.spread_tasks();
        plan.open_channels();
        plan.number_gates();
        Ok(plan)
    }

    /// Makes an edge of each wire between two chains.
    fn join_vertices(&mut self, wiring: &Wiring<'_>) {
        let mut edge_of_wire = vec![None; wiring.wires.len()];
        for place in 0..self.vertices.len() {
            for operator in self.vertices[place].operators.clone() {
                for &place_of_wire in &wiring.outputs[operator.index()] {
                    let wire = wiring.wires[place_of_wire];
                    if wire.is_chained {
                        continue;
                    }
                    edge_of_wire[place_of_wire] = Some(self.edges.len());
                    self.vertices[place].outputs.push(self.edges.len());
                    self.edges.push(PlanEdge {
                        from: wire.from,
                        to: wire.to,
                        from_vertex: VertexIndex::new(place),
                        to_vertex: self.vertex_of(wire.to),
                        input: wire.input,
                        side: wire.side,
                        partitioner: wire.partitioner,
                    });
                }
            }
        }
        for vertex in &mut self.vertices {
            let wires = wiring.inputs[vertex.operators[0].index()].iter();
            vertex.inputs = wires
                .map(|&wire| edge_of_wire[wire].expect("a head is chained to nobody"))
                .collect();
        }
    }

    /// Makes the subtasks, which have no channels yet.
    fn spread_tasks(&mut self) {
        for (place, vertex) in self.vertices.iter_mut().enumerate() {
            vertex.first_task = LocalTaskId::new(self.tasks.len());
            self.tasks.extend((0..vertex.parallelism).map(|subtask| PlanTask {
                vertex: VertexIndex::new(place),
                subtask,
                inputs: Vec::new(),
                outputs: vec![Vec::new(); vertex.outputs.len()],
            }));
        }
    }

    /// Makes the channels, edge by edge, and hands them to their senders.
    fn open_channels(&mut self) {
        for (place, edge) in self.edges.iter().enumerate() {
            let (sender, receiver) =
                (&self.vertices[edge.from_vertex.index()], &self.vertices[edge.to_vertex.index()]);
            let output = sender
                .outputs
                .iter()
                .position(|&output| output == place)
                .expect("the sender knows the edge");
            for subtask in 0..sender.parallelism {
                let from = LocalTaskId::new(sender.first_task.index() + to_index(subtask));
                for target in
                    targets(edge.partitioner, sender.parallelism, receiver.parallelism, subtask)
                {
                    let to = LocalTaskId::new(receiver.first_task.index() + to_index(target));
                    self.tasks[from.index()].outputs[output]
                        .push(LocalChannelId::new(self.channels.len()));
                    self.channels.push(PlanChannel { edge: place, from, to, input_channel: 0 });
                }
            }
            self.first_channel_of_edge.push(self.channels.len());
        }
    }

    /// Hands the channels to their receivers, in order of the receivers' inputs.
    fn number_gates(&mut self) {
        for place in 0..self.vertices.len() {
            for input in 0..self.vertices[place].inputs.len() {
                for channel in self.edge_channels(self.vertices[place].inputs[input]) {
                    let inputs = &mut self.tasks[self.channels[channel].to.index()].inputs;
                    self.channels[channel].input_channel = inputs.len();
                    inputs.push(LocalChannelId::new(channel));
                }
            }
        }
        let received: usize = self.tasks.iter().map(|task| task.inputs.len()).sum();
        assert_eq!(received, self.channels.len(), "a channel has no receiver");
    }
}

/// The subtasks of a receiver that a subtask of the sender has a channel to.
fn targets(partitioner: Partitioner, senders: u32, receivers: u32, subtask: u32) -> Range<u32> {
    match partitioner {
        Partitioner::Rebalance
        | Partitioner::Shuffle
        | Partitioner::Hash
        | Partitioner::Broadcast
        | Partitioner::Global => 0..receivers,
        Partitioner::Forward | Partitioner::Rescale => {
            pointwise_targets(senders, receivers, subtask)
        }
    }
}

/// Pointwise wiring (`VertexInputInfoComputationUtils`): receiver t of fewer reads the senders from `t*S/T` up to the
/// next receiver's first; sender s of fewer feeds the receivers from `ceil(s*T/S)` up to the next sender's first.
fn pointwise_targets(senders: u32, receivers: u32, subtask: u32) -> Range<u32> {
    if senders >= receivers {
        // The last receiver whose first sender is not beyond this one.
        let target = ((subtask + 1) * receivers - 1) / senders;
        target..target + 1
    } else {
        (subtask * receivers).div_ceil(senders)..((subtask + 1) * receivers).div_ceil(senders)
    }
}

fn check_size(wiring: &Wiring<'_>) -> Result<(), GraphError> {
    let operators = &wiring.graph.operators;
    let subtasks: u64 = operators.iter().map(|node| u64::from(node.parallelism)).sum();
    let edges = wiring.wires.iter().filter(|wire| !wire.is_chained);
    let channels: u64 = edges
        .map(|wire| {
            let senders = u64::from(operators[wire.from.index()].parallelism);
            let receivers = u64::from(operators[wire.to.index()].parallelism);
            match wire.partitioner {
                Partitioner::Rebalance
                | Partitioner::Shuffle
                | Partitioner::Hash
                | Partitioner::Broadcast
                | Partitioner::Global => senders * receivers,
                Partitioner::Forward | Partitioner::Rescale => senders.max(receivers),
            }
        })
        .sum();
    let parts = subtasks + channels;
    if parts > PARTS_MAX { Err(GraphError::TooLarge { parts, most: PARTS_MAX }) } else { Ok(()) }
}

/// The chains, without subtasks and edges.
fn vertices(wiring: &Wiring<'_>, rules: PlanRules) -> Vec<Vertex> {
    let graph = wiring.graph;
    let is_head = |operator: &usize| {
        !wiring.inputs[*operator].iter().any(|&wire| wiring.wires[wire].is_chained)
    };
    let mut heads: Vec<usize> = (0..graph.operators.len()).filter(is_head).collect();
    heads.sort_by_key(|&head| !graph.operators[head].is_source());
    let vertex = |head: usize| {
        let node = &graph.operators[head];
        let head = OperatorIndex::new(head);
        Vertex {
            operators: chain_from(head, wiring),
            name: chain_name(head, wiring),
            parallelism: node.parallelism,
            max_parallelism: match rules.key_groups {
                true => max_parallelism_of(graph, head),
                false => node.parallelism,
            },
            max_parallelism_is_explicit: rules.key_groups
                && graph.configured_max_parallelism(head).is_some(),
            slot_sharing_group: wiring.slot_sharing_groups[head.index()].clone(),
            first_task: LocalTaskId::default(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        }
    };
    heads.into_iter().map(vertex).collect()
}

/// The operators chained to a head, each branch to its end before the next.
fn chain_from(head: OperatorIndex, wiring: &Wiring<'_>) -> Vec<OperatorIndex> {
    let mut chain = Vec::new();
    let mut open = vec![head];
    while let Some(operator) = open.pop() {
        chain.push(operator);
        open.extend(wiring.chained(operator).rev().map(|wire| wire.to));
    }
    chain
}

/// What a chain is called: `head -> next -> (a, b -> c)`.
fn chain_name(head: OperatorIndex, wiring: &Wiring<'_>) -> String {
    enum Part {
        Operator(OperatorIndex),
        Text(&'static str),
    }
    let mut name = String::new();
    let mut open = vec![Part::Operator(head)];
    while let Some(part) = open.pop() {
        let operator = match part {
            Part::Text(text) => {
                name.push_str(text);
                continue;
            }
            Part::Operator(operator) => operator,
        };
        name.push_str(&wiring.graph.operators[operator.index()].shown_name());
        let outputs: Vec<_> = wiring.chained(operator).map(|wire| wire.to).collect();
        match outputs[..] {
            [] => {}
            [output] => open.extend([Part::Operator(output), Part::Text(" -> ")]),
            [..] => {
                open.push(Part::Text(")"));
                for (place, output) in outputs.iter().enumerate().rev() {
                    let before = if place == 0 { " -> (" } else { ", " };
                    open.extend([Part::Operator(*output), Part::Text(before)]);
                }
            }
        }
    }
    name
}

#[cfg(test)]
mod tests;
