//! The simulation kernel: virtual time, pending events, keyed random choices, a digest.
//!
//! Knows nothing of streams; another simulation could be built on it.

mod time;

pub use time::SimTime;
