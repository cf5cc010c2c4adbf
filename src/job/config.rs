//! How a job is checkpointed and restarted.

use super::{BarrierAlignment, CheckpointKind};
use crate::documented::documented;
use crate::kernel::SimTime;
use serde::{Deserialize, Serialize};

/// Checkpoint settings (`CheckpointConfig`).
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
    /// What is promised of a record's effect on state.
    pub mode: CheckpointMode,
    /// Whether barriers may overtake records, which then become part of the snapshot (FLIP-76). Needs exactly-once, one
    /// checkpoint at a time and an interval.
    pub unaligned: bool,
    /// For how long after its trigger a checkpoint is aligned before its barriers overtake; zero: they do so at once.
    pub aligned_timeout: SimTime,
    /// How many records a subtask may hold in its own buffers while it aligns; with more it gives the checkpoint up
    /// (`task.checkpoint.alignment.max-size` of 1.2 to 1.10, which counts bytes). Where it is set, a channel that a barrier
    /// holds back is read on into those buffers; where it is not, it backs up to its sender, as since 1.11.
    pub alignment_limit: Option<u32>,
    /// Whether its state backend is the user's own, whose state handles only the classes of the job can read
    /// (`savepoint -d` needs them).
    pub custom_handles: bool,
    /// Where snapshots go.
    pub backend: StateBackend,
    /// Whether a job that fails goes back to the newest checkpoint that is no savepoint, if one is kept
    /// (`CheckpointConfig.setPreferCheckpointForRecovery`).
    pub prefer_checkpoint: bool,
}

/// Where the snapshots of a job go, as state backend and checkpoint storage of Flink decide together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum StateBackend {
    /// With the acks into the job manager, and so into the metadata (`JobManagerCheckpointStorage`). A task declines a
    /// checkpoint if its keyed or its other state of one operator takes more bytes than this.
    JobManager {
        /// 5 MiB by default (`DEFAULT_MAX_STATE_SIZE`).
        max_state_size: u32,
    },
    /// Into files of each checkpoint (`FileSystemCheckpointStorage`); less than so many bytes into its metadata.
    FileSystem {
        /// 20 KiB by default (`execution.checkpointing.data-inline-threshold`).
        inline_below: u32,
    },
    /// Keyed state in RocksDB, and all of it into files of each checkpoint (`EmbeddedRocksDBStateBackend`).
    RocksDb,
    /// Keyed state into files that checkpoints share: one writes only what has changed since the last one that
    /// completed (`EmbeddedRocksDBStateBackend` with `execution.checkpointing.incremental`). Savepoints share nothing.
    Incremental,
}

impl StateBackend {
    /// What a job manager takes of one state by default, in bytes.
    pub const MAX_STATE_SIZE: u32 = 5 * 1024 * 1024;
    /// From how many bytes on a state is a file by default.
    pub const INLINE_BELOW: u32 = 20 * 1024;

    /// From how many bytes on state that is not shared gets a file of its own.
    pub const fn inline_below(self) -> u32 {
        match self {
            Self::JobManager { .. } => u32::MAX,
            Self::FileSystem { inline_below } => inline_below,
            Self::Incremental | Self::RocksDb => Self::INLINE_BELOW,
        }
    }
}

impl Default for StateBackend {
    fn default() -> Self {
        Self::FileSystem { inline_below: Self::INLINE_BELOW }
    }
}

documented! {
    /// Whether the completed checkpoints of a job outlive it (`ExternalizedCheckpointCleanup`). A job that finishes leaves none behind.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Retention {
        /// They never do (`NO_EXTERNALIZED_CHECKPOINTS`).
        #[default]
        None,
        /// If it fails for good.
        DeleteOnCancellation,
        /// If it fails for good or is canceled.
        RetainOnCancellation,
    }
}

documented! {
    /// How often a record's effect may be in the state after a recovery (`CheckpointingMode`).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum CheckpointMode {
        /// Once: barriers are aligned, or what is in flight is part of the snapshot.
        #[default]
        ExactlyOnce,
        /// Once or more: no barrier holds a record back, so a snapshot may hold records from behind its barrier.
        AtLeastOnce,
    }
}

impl CheckpointConfig {
    /// How the barriers of a checkpoint begin (`CheckpointOptions.forConfig`). Savepoints are always aligned.
    pub const fn alignment(&self, kind: CheckpointKind) -> BarrierAlignment {
        match kind {
            CheckpointKind::Savepoint => BarrierAlignment::Aligned,
            CheckpointKind::Checkpoint if !self.unaligned => BarrierAlignment::Aligned,
            CheckpointKind::Checkpoint if self.aligned_timeout.nanos() > 0 => {
                BarrierAlignment::Timed
            }
            CheckpointKind::Checkpoint => BarrierAlignment::Unaligned,
        }
    }

    /// How tasks handle barriers: without periodic checkpoints in the at-least-once way, whatever is configured
    /// (`StreamConfig#getCheckpointMode`).
    pub const fn handling(&self) -> CheckpointMode {
        match self.interval {
            Some(_) => self.mode,
            None => CheckpointMode::AtLeastOnce,
        }
    }
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
            mode: CheckpointMode::ExactlyOnce,
            unaligned: false,
            aligned_timeout: SimTime::ZERO,
            alignment_limit: None,
            custom_handles: false,
            backend: StateBackend::default(),
            prefer_checkpoint: false,
        }
    }
}

/// What happens when a task fails (page "Task Failure Recovery").
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
    /// It restarts after a delay, unless it fails too often.
    FailureRate {
        /// How many failures are borne.
        failures: u32,
        /// Within how long.
        per: SimTime,
        /// The delay.
        delay: SimTime,
    },
    /// It restarts for ever, after a delay that grows with every failure.
    ExponentialDelay {
        /// The first delay.
        initial: SimTime,
        /// By how much each is longer than the last, in thousandths; 1000 or more.
        multiplier: u32,
        /// The longest.
        most: SimTime,
        /// After so long without a failure the delay is the first again.
        reset_after: SimTime,
        /// How much shorter or longer than that a delay is drawn, in percent of it, 0 to 100.
        jitter: u32,
    },
}
