//! The execution plan of a job graph: chains, operator ids, subtasks and physical channels.
//!
//! `Plan::build` (in `build.rs`) is where a job that cannot run is refused.

use super::{
    JobGraph, LocalChannelId, LocalTaskId, OperatorId, OperatorIndex, OperatorNode, Partitioner,
    PlanRules, VertexIndex,
};
use crate::kernel::{SimTime, to_index};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A job graph made physical. All ids in it are local to the plan and start at 0.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was built from.
    pub graph: Arc<JobGraph>,
    /// The rules it was built under.
    pub rules: PlanRules,
    /// Each operator's id, by `OperatorIndex`.
    pub operator_ids: Vec<OperatorId>,
    /// Each operator's id of the older scheme, under which an older snapshot may hold its state; none where those are not
    /// tried.
    pub legacy_ids: Vec<OperatorId>,
    /// The chains, sources first, in order of the graph.
    pub vertices: Vec<Vertex>,
    /// The edges between chains.
    pub edges: Vec<PlanEdge>,
    /// The subtasks of all vertices, vertex by vertex.
    pub tasks: Vec<PlanTask>,
    /// The channels of all edges, edge by edge, sender by sender, receiver by receiver.
    pub channels: Vec<PlanChannel>,
    /// Each operator's chain, by `OperatorIndex`.
    pub(super) vertex_of_operator: Vec<VertexIndex>,
    /// What each operator feeds within its chain, by `OperatorIndex`.
    pub(super) chained_outputs: Vec<Vec<(OperatorIndex, bool)>>,
    /// Where each edge's channels begin, and at the end how many channels there are.
    pub(super) first_channel_of_edge: Vec<usize>,
}

/// One chain of operators, run together by each of its subtasks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vertex {
    /// The chain's operators, head first, each after its chained input, in order of the name.
    pub operators: Vec<OperatorIndex>,
    /// `head -> next -> (a, b)`, as Flink names it.
    pub name: String,
    /// How many subtasks.
    pub parallelism: u32,
    /// How many key groups.
    pub max_parallelism: u32,
    /// Whether the user set max parallelism; a derived one gives way to a snapshot's.
    pub max_parallelism_is_explicit: bool,
    /// Which slots its subtasks share with others.
    pub slot_sharing_group: String,
    /// The subtasks: `tasks[first_task .. first_task + parallelism]`.
    pub first_task: LocalTaskId,
    /// The edges that enter it, in order of the head's inputs.
    pub inputs: Vec<usize>,
    /// The edges that leave it, by sending operator in chain order, then in order of creation of the receivers.
    pub outputs: Vec<usize>,
}

/// One edge between two chains.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanEdge {
    /// The sending operator.
    pub from: OperatorIndex,
    /// The receiving operator, head of its chain.
    pub to: OperatorIndex,
    /// The chain of `from`.
    pub from_vertex: VertexIndex,
    /// The chain of `to`.
    pub to_vertex: VertexIndex,
    /// Which of the receiver's inputs, from 0.
    pub input: u8,
    /// Whether it carries the side output.
    pub side: bool,
    /// How records are dealt.
    pub partitioner: Partitioner,
}

/// One subtask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanTask {
    /// Its chain.
    pub vertex: VertexIndex,
    /// Its index among the chain's subtasks.
    pub subtask: u32,
    /// The channels it reads, edge by edge.
    pub inputs: Vec<LocalChannelId>,
    /// For each edge of `Vertex::outputs`, the channels to the receivers, in order of the receivers' indices.
    pub outputs: Vec<Vec<LocalChannelId>>,
}

/// One channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanChannel {
    /// Its edge, by position in `Plan::edges`.
    pub edge: usize,
    /// The sending subtask.
    pub from: LocalTaskId,
    /// The receiving subtask.
    pub to: LocalTaskId,
    /// Its place among the receiver's `inputs`.
    pub input_channel: usize,
}

impl Plan {
    /// A subtask.
    #[inline]
    pub fn task(&self, task: LocalTaskId) -> &PlanTask {
        &self.tasks[task.index()]
    }

    /// A channel.
    #[inline]
    pub fn channel(&self, channel: LocalChannelId) -> &PlanChannel {
        &self.channels[channel.index()]
    }

    /// The ids of the subtasks, in order.
    pub fn task_ids(&self) -> impl ExactSizeIterator<Item = LocalTaskId> + use<> {
        (0..self.tasks.len()).map(LocalTaskId::new)
    }

    /// The ids of the channels, in order.
    pub fn channel_ids(&self) -> impl ExactSizeIterator<Item = LocalChannelId> + use<> {
        (0..self.channels.len()).map(LocalChannelId::new)
    }

    /// The chain that runs an operator.
    #[inline]
    pub fn vertex_of(&self, operator: OperatorIndex) -> VertexIndex {
        self.vertex_of_operator[operator.index()]
    }

    /// The id of a chain: that of its head (`JobVertexID`).
    pub fn vertex_id(&self, vertex: VertexIndex) -> OperatorId {
        self.operator_ids[self.head(vertex).index()]
    }

    /// The first operator of a chain, the one that reads its channels.
    #[inline]
    pub fn head(&self, vertex: VertexIndex) -> OperatorIndex {
        self.vertices[vertex.index()].operators[0]
    }

    /// Whether a chain begins with a source.
    pub fn is_source(&self, vertex: VertexIndex) -> bool {
        self.graph.operators[self.head(vertex).index()].is_source()
    }

    /// A subtask of a chain. Panics if the chain has fewer.
    #[inline]
    pub fn subtask(&self, vertex: VertexIndex, subtask: u32) -> LocalTaskId {
        let vertex = &self.vertices[vertex.index()];
        assert!(subtask < vertex.parallelism, "`{}` has no subtask {subtask}", vertex.name);
        LocalTaskId::new(vertex.first_task.index() + to_index(subtask))
    }

    /// The subtasks of a chain, in order.
    pub fn tasks_of(&self, vertex: VertexIndex) -> impl Iterator<Item = LocalTaskId> + use<> {
        let vertex = &self.vertices[vertex.index()];
        let first = vertex.first_task.index();
        (first..first + to_index(vertex.parallelism)).map(LocalTaskId::new)
    }

    /// How long a chain takes for an element.
    pub fn takes(&self, vertex: VertexIndex) -> SimTime {
        let chain = &self.vertices[vertex.index()].operators;
        let takes = chain.iter().map(|place| self.graph.operators[place.index()].takes);
        takes.fold(SimTime::ZERO, SimTime::plus)
    }

    /// Whether barriers may overtake records on the edges into a chain. Records of pointwise and broadcast edges could not
    /// be dealt anew, and one such edge aligns the whole chain (`StreamGraphGenerator`, FLINK-19801).
    pub fn takes_unaligned(&self, vertex: VertexIndex) -> bool {
        let mut inputs = self.vertices[vertex.index()].inputs.iter();
        inputs.all(|edge| match self.edges[*edge].partitioner {
            Partitioner::Rebalance
            | Partitioner::Shuffle
            | Partitioner::Hash
            | Partitioner::Global => true,
            Partitioner::Forward | Partitioner::Rescale | Partitioner::Broadcast => false,
        })
    }

    /// The places of an edge's channels in `channels`.
    #[inline]
    pub fn edge_channels(&self, edge: usize) -> Range<usize> {
        self.first_channel_of_edge[edge]..self.first_channel_of_edge[edge + 1]
    }

    /// The number of an edge among all that its sender feeds, those within its chain included: it stays the same when
    /// chains change.
    pub fn number_of_edge(&self, edge: usize) -> usize {
        let PlanEdge { from, to, input, side, .. } = self.edges[edge];
        let number = self.fed_by(from).position(|fed| fed == (to, input, side));
        number.expect("an edge between chains is one of the graph")
    }

    /// The edge between chains with this number among all that an operator feeds; none if there is no such edge, or it
    /// is within a chain.
    pub fn edge_of_number(&self, from: OperatorIndex, number: usize) -> Option<usize> {
        let (to, input, side) = self.fed_by(from).nth(number)?;
        let is_it = |edge: &PlanEdge| {
            (edge.from, edge.to, edge.input, edge.side) == (from, to, input, side)
        };
        self.edges.iter().position(is_it)
    }

    /// What an operator feeds, by which of its inputs and from which output, in order of creation of the receivers.
    fn fed_by(&self, from: OperatorIndex) -> impl Iterator<Item = (OperatorIndex, u8, bool)> {
        let receivers = self.graph.operators.iter().enumerate();
        receivers.flat_map(move |(to, node)| {
            let edges = node.inputs.iter().filter(move |edge| edge.from == from);
            edges.map(move |edge| (OperatorIndex::new(to), edge.input, edge.side))
        })
    }

    /// The operators that an operator hands its records to within its chain, in order of creation, and whether
    /// each takes the side output.
    pub fn chained_outputs(&self, operator: OperatorIndex) -> &[(OperatorIndex, bool)] {
        &self.chained_outputs[operator.index()]
    }

    /// A chain's operators as Flink lists them: each after all that are chained to it, the head last.
    pub fn operators_tail_first(&self, vertex: VertexIndex) -> Vec<OperatorIndex> {
        // Visiting the later output first gives the list backwards.
        let mut backwards = Vec::new();
        let mut open = vec![self.head(vertex)];
        while let Some(operator) = open.pop() {
            backwards.push(operator);
            open.extend(self.chained_outputs(operator).iter().map(|(receiver, _)| *receiver));
        }
        backwards.reverse();
        backwards
    }

    /// How many slots it takes: subtask i of all chains of a slot-sharing group shares one.
    pub fn slots(&self) -> u32 {
        let mut groups: BTreeMap<&str, u32> = BTreeMap::new();
        for vertex in &self.vertices {
            let most = groups.entry(&vertex.slot_sharing_group).or_default();
            *most = vertex.parallelism.max(*most);
        }
        groups.into_values().sum()
    }

    /// The operator of a name.
    pub fn operator_named(&self, name: &str) -> Option<OperatorIndex> {
        self.graph.operators.iter().position(|node| node.name == name).map(OperatorIndex::new)
    }

    /// What the graph says of the operator of an id.
    pub fn node_with_id(&self, id: OperatorId) -> Option<&OperatorNode> {
        self.operator_with_id(id).map(|place| &self.graph.operators[place.index()])
    }

    /// The operator of an id.
    pub fn operator_with_id(&self, id: OperatorId) -> Option<OperatorIndex> {
        self.operator_ids.iter().position(|given| *given == id).map(OperatorIndex::new)
    }
}
