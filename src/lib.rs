//! Sandbar.

pub mod check;
pub mod coordinator;
pub mod effect;
pub mod job;
pub mod kernel;
pub mod operator;
pub mod rules;
pub mod scenario;
pub mod state;
pub mod task;
pub mod trace;
