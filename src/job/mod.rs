//! The words everyone uses: ids, values and records, job graph, uid hashing, chaining, key groups, barriers.
//!
//! Owns no behaviour in time: nothing here is scheduled, sent or stored.

mod build;
mod chain;
mod config;
mod delay;
mod element;
mod error;
mod event_time;
mod graph;
mod id;
mod key_group;
mod layout;
mod nesting;
mod ownership;
mod plan;
mod plan_rules;
mod pointer;
mod region;
mod registered;
mod shared_file;
mod shown;
mod source_time;
mod transaction;
mod uid;
mod value;
mod value_serde;
mod window;
mod wiring;

pub use build::PARTS_MAX;
pub use config::{CheckpointConfig, CheckpointMode, RestartStrategy, Retention, StateBackend};
pub use delay::DelayOptions;
pub use element::{Barrier, BarrierAlignment, CheckpointKind, Element, Stop, WatermarkStatus};
pub use error::GraphError;
pub use event_time::{EventTime, TumblingWindows};
pub use graph::{
    AtEnd, ChainStrategy, InputEdge, JobGraph, KeyBy, KeyColumns, KeySelector, KeyType,
    OperatorKind, OperatorNode, OperatorOptions, Partitioner, Reader, StartingOffsets,
};
pub use id::{
    Attempt, ChannelId, CheckpointId, ExternalId, InputId, JobId, LocalChannelId, LocalTaskId,
    OperatorId, OperatorIndex, RunId, TaskId, TaskManagerId, VertexIndex,
};
pub use key_group::{
    KeyError, default_max_parallelism, java_hash_code, java_string_hash, key_group,
    key_group_range, murmur_hash, subtask_of_key_group,
};
pub use layout::{Layouts, RunLayout};
pub use nesting::{Nesting, NestingError};
pub use ownership::{ClaimMode, SnapshotFormat};
pub use plan::{Plan, PlanChannel, PlanEdge, PlanTask, Vertex};
pub use plan_rules::PlanRules;
pub use pointer::{IN_JOB_MANAGER, METADATA, folder_of_pointer, names_metadata};
pub use registered::{KeyedKind, KeyedOptions, ListMode, ListOptions, Registration, StateType};
pub use shared_file::{FileId, SharedFile};
pub(crate) use shown::shown;
pub use source_time::SourceTime;
pub use transaction::TransactionId;
pub use uid::operator_id_of_uid;
pub use value::{Origin, Record, Value};
pub use window::{WindowAggregate, WindowAggregates, WindowFunction, WindowOptions, WindowTime};

/// The largest parallelism and max parallelism.
pub const PARALLELISM_MAX: u64 = 1 << 15;
