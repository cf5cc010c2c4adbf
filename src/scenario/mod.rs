//! A scenario: the jobs, inputs, steps and expectations of one simulated story, and its text.
//!
//! Does no I/O: paths in it are relative to the scenario file and opened by `search`.

pub mod bounds;
mod budget;
mod column;
mod default;
mod draw;
mod error;
mod files;
mod model;
mod planned;
#[cfg(feature = "proptest")]
mod strategy;
mod text;
mod told;
mod trouble;

pub use budget::Budget;
pub use column::{Column, TimeFormat};
pub use draw::Profile;
pub use error::ScenarioError;
pub use files::{FileAction, FileWork, Piece, SavepointBackend, SavepointDir};
pub use model::{
    Action, CheckpointConfig, ClusterConfig, Expect, Failover, Holds, Input, InputKind, JobConfig,
    Line, Milestone, Network, RestartStrategy, Retention, Scenario, Shuffle, Step, TaskName,
    Trigger,
};
pub use planned::Planned;
#[cfg(feature = "proptest")]
pub use strategy::drawn;
pub use told::Told;
pub use trouble::{Aim, DisturbedWrite, Failing, FailingCall, StorageFailing};
