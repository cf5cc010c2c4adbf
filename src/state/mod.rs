//! What an operator remembers: keyed, list, union and broadcast state, and its snapshots.
//!
//! Owns the live tables of one subtask of one operator and the snapshot of them. Does not decide when a
//! snapshot is taken (the task does) nor which snapshot a subtask is given (the coordinator does).

mod checkpoint;
mod fixed;
pub mod hash_order;
mod in_flight;
mod live;
mod live_timers;
mod registered;
pub mod rescale;
mod slices;
mod snapshot;
mod timers;

pub use crate::job::ListMode;
pub use checkpoint::{
    AckLedger, ChainPlace, CommitPermit, CompletedCheckpoint, OperatorState, Properties,
    SubtaskState,
};
pub use fixed::{FixedHasher, FixedMap};
pub use in_flight::{ChannelState, InFlight};
pub use live::{BroadcastId, KeyedId, ListId, LiveState, stamped, unstamped};
pub use live_timers::LiveTimers;
pub use registered::Incompatible;
pub use snapshot::{KeyedEntry, KeyedSnapshot, ListSnapshot, OperatorSnapshot};
pub use timers::{Timer, TimerKind, TimerService, Timers};
