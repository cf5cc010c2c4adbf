//! A scenario: the jobs, inputs, steps and expectations of one simulated story, and its text.
//!
//! Does no I/O: paths in it are relative to the scenario file and opened by `search`.

mod action;
pub mod bounds;
mod budget;
mod cluster;
mod column;
mod default;
mod draw;
mod error;
mod files;
mod job_config;
mod language;
mod model;
mod protocol_expectations;
mod step;
#[cfg(feature = "proptest")]
mod strategy;
mod text;
mod trouble;

pub use action::{Action, Block, Cancel, Partition, Run, Stop, TakeCheckpoint, TakeSavepoint};
pub use budget::Budget;
pub use cluster::{ClusterConfig, Network};
pub use column::{Column, TimeFormat};
pub use draw::Profile;
pub use error::{Mistake, ScenarioError};
pub use files::{
    CopyFiles, Damage, DamageMetadata, DeleteFiles, Dispose, FileAction, MoveFiles, Piece, Reach,
    RewritePaths, SavepointBackend, SavepointDir,
};
pub use job_config::{JobConfig, Planned, TaskName};
pub use model::{Expect, Holds, Input, InputKind, Scenario, Shuffle};
pub use protocol_expectations::ProtocolExpectations;
pub use step::{Line, Milestone, Step, Trigger};
#[cfg(feature = "proptest")]
pub use strategy::drawn;
pub use text::Upgraded;
pub use trouble::{Aim, DisturbedWrite, Failing, FailingCall, StorageFailing};

pub use crate::job::{CheckpointConfig, RestartStrategy, Retention};
pub use crate::rules::Failover;
