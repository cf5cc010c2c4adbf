//! What happens to a checkpoint or savepoint as a whole.

use super::{SourcePosition, TraceEvent};
use crate::documented::documented;
use crate::job::{Attempt, CheckpointId, CheckpointKind, OperatorIndex, RunId, SharedFile, TaskId};
use crate::kernel::aside;
use crate::trace::{AbortReason, RestoreReport};
use serde::Serialize;
use std::sync::Arc;

/// What happened to a checkpoint or savepoint.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "a field says no more than its type and the variant's sentence do")]
#[non_exhaustive]
pub enum CheckpointEvent {
    /// It was triggered.
    #[serde(rename = "checkpoint-triggered")]
    Triggered { kind: CheckpointKind },
    /// It is the savepoint that its job stops with, just triggered; `drain` tells whether the data ends before.
    #[serde(rename = "job-stopping")]
    Stopping { drain: bool },
    /// The split enumerator of a source drew its state: the splits that nobody had, and where each begins.
    EnumeratorTaken { operator: OperatorIndex, unassigned: Arc<[SourcePosition]> },
    /// All acks are in and the metadata is durable, but nobody has been told.
    MetadataWritten,
    /// The store that survives the job manager points to it, but nobody has been told.
    PointerStored,
    /// Storage did something else with a write than it was asked to; of state, which task wrote it.
    WriteDisturbed { task: Option<TaskId>, write: DurableWrite, fault: StorageFault },
    /// It completed.
    #[serde(rename = "checkpoint-completed")]
    Completed { attempt: Attempt, kind: CheckpointKind },
    /// It was aborted.
    #[serde(rename = "checkpoint-aborted")]
    Aborted { kind: CheckpointKind, reason: AbortReason },
    /// It was complete, and was dropped in favour of newer ones.
    #[serde(rename = "checkpoint-subsumed")]
    Subsumed,
    /// It was complete, of a job that shares files, and is kept no more.
    #[serde(rename = "checkpoint-discarded")]
    Discarded,
    /// It is a savepoint, and where its owner can find it.
    SavepointStored { label: Arc<str>, path: Arc<str> },
    /// It has just completed, or a new job manager has found it, and it refers to these shared files; `held` is for each a hash
    /// of the state that it stands for.
    FilesReferred {
        files: Arc<[SharedFile]>,
        #[serde(serialize_with = "aside")]
        held: Arc<[u64]>,
    },
    /// A restore assigned its state to the job.
    RestoreMapped { attempt: Attempt, report: Arc<RestoreReport> },
}

impl CheckpointEvent {
    /// The event of this checkpoint: one that the run took, or that it restores.
    pub const fn of(self, run: RunId, checkpoint: CheckpointId) -> TraceEvent {
        TraceEvent::Checkpoint(run, checkpoint, self)
    }
}

/// Something that is written where it must survive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[non_exhaustive]
pub enum DurableWrite {
    /// A task's snapshot.
    State,
    /// The metadata of a checkpoint.
    Metadata,
    /// A pointer to a checkpoint, in the store that survives the job manager.
    Pointer,
    /// The folder of a checkpoint.
    Folder,
}

documented! {
    /// What storage does with a write instead.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    #[non_exhaustive]
    pub enum StorageFault {
        /// It refuses, and says so.
        Refused,
        /// It leaves a piece, which nobody takes for the whole, and never answers.
        Torn,
        /// It does nothing and never answers.
        Lost,
        /// It does what it was asked to and never answers.
        ReplyLost,
    }
}
