//! The world: owns all parts, carries their effects, injects faults, writes the trace.
//!
//! The only room that knows every part. What a part decides is in its own room; what a message costs, where a task
//! lies, and what a scenario does to it all is here.

mod buffering;
mod by_id;
mod carry;
mod channel;
mod control;
mod deploy;
mod external;
mod faults;
mod flow;
mod in_flight;
mod managers;
mod milestone;
mod outcome;
mod partition;
mod place;
mod retry;
mod shared_files;
mod snapshots;
mod stall;
mod steps;
mod storage;
mod submit;
mod takeover;
mod time;
mod user_code;
mod user_files;
mod world;

pub use outcome::{At, End, JobEnd, Outcome, SavepointEnd, UserPanic};
pub use stall::Stall;
pub use world::{Cluster, Given};
