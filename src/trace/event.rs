//! The events of a trace: whom they happened to, and what it was.

mod checkpoint;
mod job;
mod task;
mod transaction;
mod world;

pub use checkpoint::{CheckpointEvent, DurableWrite, StorageFault};
pub use job::{JobEvent, JobStatus, SnapshotSource};
pub use task::{
    AckVerdict, ChannelEnd, ChannelMark, EndOfTask, ListHeld, Message, MessageFate, SourcePosition,
    TaskEvent, WindowsHeld,
};
pub use transaction::TransactionEvent;
pub use world::{Fault, WorldEvent};

use crate::job::{Attempt, CheckpointId, ExternalId, RunId, TaskId, TransactionId};
use crate::kernel::aside;
use serde::{Serialize, Serializer};

/// What happened, and to whom.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TraceEvent {
    /// To a job.
    Job(RunId, JobEvent),
    /// To a checkpoint or savepoint, and the run that took it or restores it.
    Checkpoint(RunId, CheckpointId, CheckpointEvent),
    /// To an attempt of a task.
    Task(TaskId, Attempt, TaskEvent),
    /// To a transaction.
    Transaction {
        /// The external system that holds it.
        external: ExternalId,
        /// Which.
        transaction: TransactionId,
        /// The task whose sink asked for it.
        task: TaskId,
        /// Which attempt of that task.
        attempt: Attempt,
        /// What.
        event: TransactionEvent,
    },
    /// To the world around them.
    World(WorldEvent),
}

/// The field of an entry's line that tells its kind.
pub const KIND: &str = "event";

impl TraceEvent {
    /// Whether it tells of one record or one call: such events come only where a sink asks for them.
    #[inline]
    pub const fn is_of_record(&self) -> bool {
        matches!(self, Self::Task(.., event) if event.is_of_record())
    }
}

/// One object: the ids of whom it happened to beside the fields of the event.
impl Serialize for TraceEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Job(run, event) => OfJob { run, event }.serialize(serializer),
            Self::Checkpoint(run, checkpoint, event) => {
                OfCheckpoint { run, checkpoint, event }.serialize(serializer)
            }
            Self::Task(task, attempt, event) => {
                OfTask { task, attempt, event }.serialize(serializer)
            }
            Self::Transaction { external, transaction, task, attempt, event } => {
                OfTransaction { external, transaction, task, attempt, event }.serialize(serializer)
            }
            Self::World(event) => event.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct OfJob<'e> {
    run: &'e RunId,
    #[serde(flatten)]
    event: &'e JobEvent,
}

#[derive(Serialize)]
struct OfCheckpoint<'e> {
    run: &'e RunId,
    checkpoint: &'e CheckpointId,
    #[serde(flatten)]
    event: &'e CheckpointEvent,
}

#[derive(Serialize)]
struct OfTask<'e> {
    task: &'e TaskId,
    attempt: &'e Attempt,
    #[serde(flatten)]
    event: &'e TaskEvent,
}

#[derive(Serialize)]
struct OfTransaction<'e> {
    external: &'e ExternalId,
    #[serde(flatten, serialize_with = "transaction::spell")]
    transaction: &'e TransactionId,
    #[serde(serialize_with = "aside")]
    task: &'e TaskId,
    #[serde(serialize_with = "aside")]
    attempt: &'e Attempt,
    #[serde(flatten)]
    event: &'e TransactionEvent,
}
