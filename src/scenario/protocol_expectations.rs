//! What a story says of the messages of its protocol: commits, acks, and checkpoints that were given up.

use super::job_config::TaskName;
use crate::trace::{AbortReason, AckVerdict};
use std::collections::BTreeMap;

/// What the protocol must have done, in order. What is not asked for is not compared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProtocolExpectations {
    /// By sink: of each transaction that was committed, the checkpoint whose completion, or restore, allowed it.
    pub commits: BTreeMap<String, Vec<u64>>,
    /// By job: the checkpoints and savepoints that its runs gave up, each with why.
    pub aborted: BTreeMap<String, Vec<(u64, AbortReason)>>,
    /// By subtask of an operator: the checkpoints that it acked, each with what the coordinator made of it.
    pub acks: BTreeMap<TaskName, Vec<(u64, AckVerdict)>>,
    /// By job: how many snapshots of tasks nobody will ever remove.
    pub orphaned: BTreeMap<String, u64>,
    /// Labels of savepoints whose askers must never hear what became of them.
    pub unanswered: Vec<String>,
}
