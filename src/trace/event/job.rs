//! What happens to a job as a whole.

use super::TraceEvent;
use crate::documented::documented;
use crate::job::shown;
use crate::job::{Attempt, CheckpointId, CheckpointKind, FileId, RunId, TaskId};
use crate::trace::AbortReason;
use serde::Serialize;
use std::sync::Arc;

/// What happened to a job.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "a field says no more than its type and the variant's sentence do")]
#[non_exhaustive]
pub enum JobEvent {
    /// It was submitted.
    #[serde(rename = "job-submitted")]
    Submitted { from: Option<SnapshotSource> },
    /// Its submission was refused: it cannot run, or cannot be restored.
    #[serde(rename = "job-refused")]
    Refused { why: Arc<str> },
    /// Its state changed.
    #[serde(rename = "job-status-changed")]
    StatusChanged { status: JobStatus },
    /// A new attempt of it is about to be deployed, from a checkpoint or from nothing.
    AttemptStarted { attempt: Attempt, restored: Option<CheckpointId> },
    /// A new attempt of some of its tasks, a region or several, is about to be deployed; the others go on.
    RegionRestarted { attempt: Attempt, restored: Option<CheckpointId>, tasks: Arc<[TaskId]> },
    /// A new job manager took it over, and these checkpoints with it, oldest first.
    #[serde(rename = "job-taken-over")]
    TakenOver { checkpoints: Arc<[CheckpointId]> },
    /// A trigger was refused; no id was used.
    TriggerRefused { kind: CheckpointKind, reason: AbortReason },
    /// Its job manager deleted a shared file.
    FileDeleted { file: FileId },
}

impl JobEvent {
    /// The event of this run.
    pub const fn of(self, run: RunId) -> TraceEvent {
        TraceEvent::Job(run, self)
    }
}

documented! {
    /// The state of a job, as its job manager sees it.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    #[non_exhaustive]
    pub enum JobStatus {
        /// Accepted; tasks wait for slots or are being deployed.
        Created,
        /// Its tasks have been deployed.
        Running,
        /// A failure is being recovered from.
        Restarting,
        /// Its tasks are being canceled for good.
        Canceling,
        /// Canceled.
        Canceled,
        /// All its tasks finished.
        Finished,
        /// Failed for good.
        Failed,
        /// Its job manager died without high availability: nobody knows it any more.
        Lost,
        /// Its job manager died; a new one will take it over.
        Suspended,
    }
}

impl JobStatus {
    /// Whether nothing can follow.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Canceled | Self::Finished | Self::Failed | Self::Lost)
    }
}

shown! {
    JobStatus:
    Created = "created",
    Running = "running",
    Restarting = "restarting",
    Canceling = "canceling",
    Canceled = "canceled",
    Finished = "finished",
    Failed = "failed",
    Lost = "lost",
    Suspended = "suspended",
}

/// Where a snapshot that a job starts from was taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum SnapshotSource {
    /// By a run of this world.
    Run(RunId, CheckpointId),
    /// By an earlier process; read from files.
    Files(CheckpointId),
}

impl SnapshotSource {
    /// Which checkpoint or savepoint.
    pub const fn checkpoint(self) -> CheckpointId {
        match self {
            Self::Run(_, checkpoint) | Self::Files(checkpoint) => checkpoint,
        }
    }
}
