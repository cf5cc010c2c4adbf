//! Why checkpoints come to nothing.

use crate::documented::documented;
use crate::job::shown;
use serde::Serialize;

documented! {
    /// Why a checkpoint was aborted, or a trigger refused.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    #[non_exhaustive]
    pub enum AbortReason {
        /// It took longer than the timeout.
        Expired,
        /// A task declined it.
        Declined,
        /// A newer checkpoint completed first.
        Subsumed,
        /// The job is failing, stopping or canceled.
        CoordinatorSuspended,
        /// A task that must take part is not running.
        NotAllTasksRunning,
        /// As many are pending as are allowed.
        TooManyConcurrent,
        /// The last one completed too recently.
        MinimumPause,
        /// There is no such job, or it is over.
        JobNotRunning,
        /// Writing the metadata failed.
        FinalizeFailed,
        /// The synchronous part of a task's snapshot failed, and its task goes on.
        SyncFailed,
        /// The asynchronous part of a task's snapshot failed.
        AsyncFailed,
        /// Too many requests wait already.
        TooManyRequests,
        /// A task heard from a sender that it is off.
        Canceled,
        /// A task held too many records back for it.
        AlignmentLimit,
        /// The job has no periodic checkpoints, and the release takes savepoints only of jobs that have.
        CheckpointingDisabled,
        /// Tasks have finished, and the release takes checkpoints only while all run.
        TasksFinished,
        /// Some subtasks of an operator with union list state have finished, and others have not.
        UnionPartlyFinished,
        /// No folder could be made for it.
        FolderFailed,
    }
}

shown! {
    AbortReason:
    Expired = "expired before completing",
    Declined = "declined by a task",
    Subsumed = "subsumed by a newer checkpoint",
    CoordinatorSuspended = "checkpoint coordinator is suspending",
    NotAllTasksRunning = "not all required tasks are running",
    TooManyConcurrent = "maximum concurrent checkpoints reached",
    MinimumPause = "minimum pause not over",
    JobNotRunning = "job is not running",
    FinalizeFailed = "metadata could not be written",
    SyncFailed = "synchronous part of a task's snapshot failed",
    AsyncFailed = "asynchronous task checkpoint failed",
    TooManyRequests = "too many requests wait",
    Canceled = "declined on a cancellation barrier",
    AlignmentLimit = "alignment limit exceeded",
    CheckpointingDisabled = "checkpointing disabled; enable it with an `interval` to take savepoints",
    TasksFinished = "some tasks have already finished, so not all required tasks are running",
    UnionPartlyFinished = "an operator with union list state has subtasks that have finished, and others that have not",
    FolderFailed = "no folder could be made for it",
}

impl AbortReason {
    /// What whoever asked is told: these words, and Flink's own, where those are others (`CheckpointFailureReason`).
    pub fn answer(self) -> String {
        match self.of_flink() {
            Some(message) => format!("{self} ({message})"),
            None => self.to_string(),
        }
    }

    const fn of_flink(self) -> Option<&'static str> {
        match self {
            Self::Expired => Some("Checkpoint expired before completing"),
            Self::Declined | Self::SyncFailed => Some("Checkpoint was declined"),
            Self::Subsumed => Some("Checkpoint has been subsumed"),
            Self::NotAllTasksRunning | Self::TasksFinished => {
                Some("Not all required tasks are currently running")
            }
            Self::TooManyConcurrent => {
                Some("The maximum number of concurrent checkpoints is exceeded")
            }
            Self::MinimumPause => Some("The minimum time between checkpoints is still pending"),
            Self::FinalizeFailed => Some("Failure to finalize checkpoint"),
            Self::TooManyRequests => {
                Some("The maximum number of queued checkpoint requests exceeded")
            }
            Self::Canceled => Some("Task received cancellation from one of its inputs"),
            Self::AlignmentLimit => Some(
                "The checkpoint alignment phase needed to buffer more than the configured maximum bytes",
            ),
            Self::CheckpointingDisabled => Some(
                "Checkpointing disabled. You can enable it via the execution environment of your job",
            ),
            Self::FolderFailed => {
                Some("An Exception occurred while triggering the checkpoint. IO-problem detected")
            }
            // In these words, or in none.
            Self::CoordinatorSuspended
            | Self::AsyncFailed
            | Self::JobNotRunning
            | Self::UnionPartlyFinished => None,
        }
    }
}
