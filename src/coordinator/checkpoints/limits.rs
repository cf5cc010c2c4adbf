//! What counts against the limits of checkpoints, and whether there are any to keep.

use super::{Checkpoints, Pending};
use crate::job::{CheckpointId, CheckpointKind};

impl Checkpoints {
    /// Whether nothing coordinates savepoints, since there are no periodic checkpoints either.
    pub fn lacks_coordinator(&self) -> bool {
        !self.is_periodic() && !self.rules.savepoints_without_checkpointing
    }

    /// A checkpoint that was triggered and is not over.
    pub fn pending(&self, checkpoint: CheckpointId) -> Option<&Pending> {
        self.pending.get(&checkpoint)
    }

    /// How many are pending that count where their number is limited.
    pub(super) fn pending_that_count(&self) -> usize {
        let counts = |pending: &&Pending| {
            self.rules.savepoints_hold_checkpoints_back
                || pending.purpose.kind() == CheckpointKind::Checkpoint
        };
        self.pending.values().filter(counts).count()
    }
}
