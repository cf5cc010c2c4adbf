//! How a job is checkpointed and restarted.

use crate::kernel::SimTime;
use serde::{Deserialize, Serialize};

/// Checkpoint settings (SEMANTICS §4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckpointConfig {
    /// Between periodic triggers; none: no periodic checkpoints. 10 ms or more.
    pub interval: Option<SimTime>,
    /// A pending checkpoint is aborted after this long. 10 ms or more.
    pub timeout: SimTime,
    /// From a completion to the next periodic trigger.
    pub min_pause: SimTime,
    /// How many checkpoints may be pending, 1 or more.
    pub max_concurrent: u32,
    /// How many completed checkpoints are kept, 1 or more.
    pub retained: u32,
    /// How many checkpoints in a row may fail before the job does (`CheckpointFailureManager`).
    pub tolerable_failures: u32,
    /// Whether checkpoints outlive their job.
    pub retention: Retention,
}

/// Whether the completed checkpoints of a job outlive it (SEMANTICS §4.10). A job that finishes leaves none behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retention {
    /// They never do (`NO_EXTERNALIZED_CHECKPOINTS`).
    #[default]
    None,
    /// If it fails for good.
    DeleteOnCancellation,
    /// If it fails for good or is cancelled.
    RetainOnCancellation,
}

impl Default for CheckpointConfig {
    /// Flink's defaults: no periodic checkpoints, 10 minutes, no pause, one at a time, one kept, no failure tolerated.
    fn default() -> Self {
        Self {
            interval: None,
            timeout: SimTime::from_secs(600),
            min_pause: SimTime::ZERO,
            max_concurrent: 1,
            retained: 1,
            tolerable_failures: 0,
            retention: Retention::None,
        }
    }
}

/// What happens when a task fails (SEMANTICS §6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RestartStrategy {
    /// The job fails.
    None,
    /// It restarts, at most so often, after a delay.
    FixedDelay {
        /// How many restarts.
        attempts: u32,
        /// The delay.
        delay: SimTime,
    },
}
