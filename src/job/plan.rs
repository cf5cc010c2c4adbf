//! The execution plan of a job graph: chains, operator ids, subtasks and physical channels.
//!
//! `Plan::build` is where a job that cannot run is refused.

use super::{ChannelId, JobGraph, OperatorId, OperatorIndex, Partitioner, TaskId, VertexIndex};
use std::sync::Arc;

/// A job graph made physical. All ids in it are local to the plan and start at 0.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was built from.
    pub graph: Arc<JobGraph>,
    /// Each operator's id, by `OperatorIndex`.
    pub operator_ids: Vec<OperatorId>,
    /// The chains, sources first, in order of the graph.
    pub vertices: Vec<Vertex>,
    /// The edges between chains.
    pub edges: Vec<PlanEdge>,
    /// The subtasks of all vertices, vertex by vertex.
    pub tasks: Vec<PlanTask>,
    /// The channels of all edges, edge by edge, sender by sender, receiver by receiver.
    pub channels: Vec<PlanChannel>,
}

/// One chain of operators, run together by each of its subtasks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vertex {
    /// The chain's operators, head first, each after its chained input.
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
    pub first_task: TaskId,
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
    pub inputs: Vec<ChannelId>,
    /// For each edge of `Vertex::outputs`, the channels to the receivers, in order of the receivers' indices.
    pub outputs: Vec<Vec<ChannelId>>,
}

/// One channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlanChannel {
    /// Its edge, by position in `Plan::edges`.
    pub edge: u32,
    /// The sending subtask.
    pub from: TaskId,
    /// The receiving subtask.
    pub to: TaskId,
    /// Its place among the receiver's `inputs`.
    pub gate: u32,
}
