//! Why checkpoints come to nothing.

use serde::Serialize;
use std::fmt;

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
    /// The job is failing, stopping or cancelled.
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
}

impl fmt::Display for AbortReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Expired => "expired before completing",
            Self::Declined => "declined by a task",
            Self::Subsumed => "subsumed by a newer checkpoint",
            Self::CoordinatorSuspended => "checkpoint coordinator is suspending",
            Self::NotAllTasksRunning => "not all required tasks are running",
            Self::TooManyConcurrent => "maximum concurrent checkpoints reached",
            Self::MinimumPause => "minimum pause not over",
            Self::JobNotRunning => "job is not running",
            Self::FinalizeFailed => "metadata could not be written",
            Self::AsyncFailed => "asynchronous task checkpoint failed",
            Self::TooManyRequests => "too many requests wait",
            Self::Canceled => "declined on a cancellation barrier",
            Self::AlignmentLimit => "alignment limit exceeded",
            Self::CheckpointingDisabled => {
                "checkpointing disabled; enable it with an `interval` to take savepoints"
            }
            Self::TasksFinished => {
                "some tasks have already finished, so not all required tasks are running"
            }
        })
    }
}
