//! Sandbar.

pub mod job;
pub mod kernel;
