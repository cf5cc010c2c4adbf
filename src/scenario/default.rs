//! What holds where a scenario file says nothing.

use super::Input;
use crate::job::{CheckpointConfig, RestartStrategy};
use crate::kernel::SimTime;
use crate::rules::{Rules, UsualRestart};

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
