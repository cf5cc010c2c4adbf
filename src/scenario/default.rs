//! What holds where a scenario file says nothing.

use super::{CheckpointConfig, ClusterConfig, Input, Network, RestartStrategy, SavepointDir};
use crate::kernel::SimTime;
use crate::rules::{Rules, UsualRestart};

impl Default for ClusterConfig {
    /// Two task managers, so that one can be lost, with slots for every job of a usual scenario.
    fn default() -> Self {
        Self {
            task_managers: 2,
            slots: 16,
            replaced_after: SimTime::from_secs(10),
            takeover_after: None,
            savepoint_dir: SavepointDir::default(),
            savepoint_backend: None,
            heartbeat_timeout: SimTime::from_secs(50),
            heartbeat_interval: SimTime::from_secs(10),
        }
    }
}

impl ClusterConfig {
    /// How long a highly available cluster that says nothing is without a job manager.
    pub const TAKEOVER_AFTER: SimTime = SimTime::from_secs(1);
}

impl Default for Network {
    /// A quiet local network, and storage that is slower than it.
    fn default() -> Self {
        let micros = SimTime::from_micros;
        let millis = SimTime::from_millis;
        Self {
            channel_latency: (micros(100), millis(1)),
            message_latency: (micros(200), millis(2)),
            channel_capacity: 32,
            snapshot_sync: (millis(1), millis(5)),
            snapshot_async: (millis(5), millis(50)),
            metadata_write: (millis(1), millis(10)),
            task_start: (millis(10), millis(100)),
        }
    }
}

impl Input {
    /// Partitions of an input that sets none.
    pub const PARTITIONS: u16 = 1;
    /// Time between the entries of a partition of an input that sets none.
    pub const EVERY: SimTime = SimTime::from_millis(1);
}

impl CheckpointConfig {
    /// Shorter intervals and timeouts are refused, as by Flink (`CheckpointConfig`).
    pub const SHORTEST: SimTime = SimTime::from_millis(10);
}

impl RestartStrategy {
    /// Flink's delays of a strategy that sets none (`RestartStrategyOptions`).
    pub const DELAY: SimTime = SimTime::from_secs(1);
    /// Flink's exponential delay: a second, half as long again each time, a minute at most, the first again after an
    /// hour, a tenth more or less.
    pub const EXPONENTIAL: Self = Self::ExponentialDelay {
        initial: SimTime::from_secs(1),
        multiplier: 1_500,
        most: SimTime::from_secs(60),
        reset_after: SimTime::from_secs(3_600),
        jitter: 10,
    };

    /// What Flink does where nothing is configured (`RestartStrategyOptions`): restart for ever with periodic checkpoints, else
    /// never.
    pub fn unconfigured(checkpoint: &CheckpointConfig, rules: &Rules) -> Self {
        let after =
            |seconds| Self::FixedDelay { attempts: u32::MAX, delay: SimTime::from_secs(seconds) };
        match (checkpoint.interval, rules.usual_restart) {
            (None, _) => Self::None,
            (Some(_), UsualRestart::ExponentialDelay) => Self::EXPONENTIAL,
            (Some(_), UsualRestart::AfterOneSecond) => after(1),
            (Some(_), UsualRestart::AtOnce) => after(0),
            (Some(_), UsualRestart::AfterTenSeconds) => after(10),
        }
    }
}
