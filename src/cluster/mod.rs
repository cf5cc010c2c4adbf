//! The world: owns all parts, carries their effects, injects faults, writes the trace.
//!
//! The only room that knows every part. What a part decides is in its own room; what a message costs, where a task
//! lies, and what a scenario does to it all is here.

mod apply_effects;
mod apply_job_effects;
mod budget;
mod control;
mod dispatch;
mod due;
mod ending;
mod external;
mod hosts;
mod ids;
mod journal;
mod leaders;
mod leftovers;
mod network;
mod outcome;
mod script;
mod stall;
mod storage;
mod user_panic;
mod world;

#[cfg(test)]
mod tests;

pub use outcome::{End, JobEnd, Outcome, SavepointEnd};
pub use script::{At, NeverTaken};
pub use stall::Stall;
pub use storage::Artefact;
pub use user_panic::UserPanic;
pub use world::{Cluster, Given};
