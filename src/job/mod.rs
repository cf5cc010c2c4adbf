//! The words everyone uses: ids, values and records, job graph, uid hashing, chaining, key groups, barriers.
//!
//! Owns no behaviour in time: nothing here is scheduled, sent or stored.

mod element;
mod graph;
mod id;
mod plan;
mod value;

pub use element::{Barrier, CheckpointKind, Element};
pub use graph::{
    AtEnd, ChainStrategy, InputEdge, JobGraph, KeyBy, KeySelector, KeyType, OperatorKind,
    OperatorNode, Partitioner,
};
pub use id::{
    Attempt, ChannelId, CheckpointId, ExternalId, InputId, JobId, OperatorId, OperatorIndex, RunId,
    TaskId, TaskManagerId, VertexIndex,
};
pub use plan::{Plan, PlanChannel, PlanEdge, PlanTask, Vertex};
pub use value::{Origin, Record, Value};
