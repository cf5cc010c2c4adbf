//! Sandbar.

pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod coordinator;
pub mod effect;
pub mod job;
pub mod kernel;
pub mod operator;
pub mod render;
pub mod rules;
pub mod scenario;
pub mod search;
pub mod state;
pub mod store;
pub mod task;
pub mod trace;
