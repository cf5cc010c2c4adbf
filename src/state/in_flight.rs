//! Records that were on their way at a cut: what an unaligned checkpoint holds of channels.
//!
//! Kept beside the state of operators (`OperatorSubtaskState`): what waited before a task beside its first operator, what
//! it had sent in vain beside the operator that sent it, wherever that stands in its chain by the time it is restored.

use crate::job::Record;

/// Records of one channel, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelState {
    /// Which edge, from 0: of those that enter the operator, or of all that it feeds, whether they leave its chain or not.
    pub edge: u32,
    /// The subtask at the other end.
    pub peer: u32,
    /// What a barrier overtook there.
    pub records: Vec<Record>,
}

/// What was in flight around one subtask.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InFlight {
    /// Arrived, or on the way to it: ahead of the barrier and not yet processed.
    pub inputs: Vec<ChannelState>,
    /// Sent by it, and overtaken by its own barrier while it waited for credit.
    pub outputs: Vec<ChannelState>,
}

impl InFlight {
    /// Whether nothing was.
    pub const fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty()
    }

    /// All records that were.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.inputs.iter().chain(&self.outputs).flat_map(|channel| &channel.records)
    }
}
