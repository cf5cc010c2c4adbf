//! What a check found to be wrong, as far as explanations and pictures tell it.

use crate::job::{ChannelId, CheckpointId, Origin, TaskId, TransactionId};

/// What a check found to be wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Broken {
    /// The check.
    pub check: String,
    /// What always holds, in the check's words; empty if nobody says.
    pub promise: String,
    /// What is wrong.
    pub text: String,
    /// The entry at which it was noticed.
    pub entry: u64,
    /// The checkpoint that it is about.
    pub checkpoint: Option<CheckpointId>,
    /// The channel that it is about.
    pub channel: Option<ChannelId>,
    /// The transaction that it is about.
    pub transaction: Option<TransactionId>,
    /// The tasks that it is about.
    pub tasks: Vec<TaskId>,
    /// The records that it is about.
    pub origins: Vec<Origin>,
}

impl Broken {
    /// A violation of which only this is known.
    pub const fn new(check: String, text: String, entry: u64) -> Self {
        Self {
            check,
            promise: String::new(),
            text,
            entry,
            checkpoint: None,
            channel: None,
            transaction: None,
            tasks: Vec::new(),
            origins: Vec::new(),
        }
    }
}
