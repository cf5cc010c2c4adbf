//! What an operator is told that holds records back: for how long, and by which clock.

use super::WindowTime;

/// How long each record is held back (`KeyedProcessFunction` with a timer for each).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DelayOptions {
    /// For how long, in milliseconds; more than 0.
    pub by: i64,
    /// By which clock: from when it happened, or from when it is processed.
    pub time: WindowTime,
}

/// A minute of event time.
impl Default for DelayOptions {
    fn default() -> Self {
        Self { by: 60_000, time: WindowTime::Event }
    }
}
