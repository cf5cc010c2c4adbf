//! Words for what goes wrong: calls that throw, writes that storage does otherwise, and messages that a fault aims at.

use super::job_config::TaskName;
use crate::kernel::documented;
use crate::trace::{Message, StorageFault};

/// A call of an operator in which the user's code throws.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failing {
    /// Of which operator and subtask.
    pub task: TaskName,
    /// In which call.
    pub call: FailingCall,
    /// About which checkpoint; any by default.
    pub checkpoint: Option<u64>,
    /// How many times, 1 or more.
    pub times: u32,
}

documented! {
    /// A call that can throw.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    pub enum FailingCall {
        /// With the next record, of whichever operator of the task.
        Process,
        /// When its state is drawn: the task fails.
        Snapshot,
        /// After its state was drawn, before it is durable: the checkpoint is declined and the task goes on.
        AsyncSnapshot,
        /// When it hears that a checkpoint completed.
        NotifyComplete,
        /// When it hears that a checkpoint is off.
        NotifyAborted,
        /// When its state is restored.
        Initialize,
        /// When it starts.
        Open,
        /// Before a barrier is sent on.
        PrepareSnapshot,
        /// When its inputs have ended.
        Finish,
        /// When its task ends.
        Close,
    }
}

impl FailingCall {
    /// Whether the call is about a checkpoint.
    pub const fn is_about_checkpoint(self) -> bool {
        match self {
            Self::Snapshot
            | Self::AsyncSnapshot
            | Self::NotifyComplete
            | Self::NotifyAborted
            | Self::PrepareSnapshot => true,
            Self::Process | Self::Initialize | Self::Open | Self::Finish | Self::Close => false,
        }
    }
}

/// Writes to durable storage that go wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StorageFailing {
    /// Of what.
    pub write: DisturbedWrite,
    /// What storage does instead.
    pub fault: StorageFault,
    /// Of which checkpoint; any by default.
    pub checkpoint: Option<u64>,
    /// How many times, 1 or more.
    pub times: u32,
}

/// Which write a fault of storage aims at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DisturbedWrite {
    /// A subtask's snapshot.
    State(TaskName),
    /// The metadata of a job's checkpoint.
    Metadata(String),
    /// The pointer to it in the store that survives the job manager.
    Pointer(String),
}

/// Which message a fault aims at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aim {
    /// What kind of message: trigger, ack, decline, notify-complete, notify-aborted.
    pub message: Message,
    /// To or from which task.
    pub task: TaskName,
    /// About which checkpoint; any by default.
    pub checkpoint: Option<u64>,
}
