//! Sandbar.

pub mod job;
pub mod kernel;
pub mod state;
