//! How long work takes on this machine. No play depends on it.
#![expect(clippy::disallowed_types, reason = "people and build systems are told what takes long")]

use std::time::Instant;

/// Runs from when it was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// Begins now.
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since then.
    pub(super) fn millis(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
