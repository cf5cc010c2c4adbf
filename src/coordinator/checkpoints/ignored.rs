//! What becomes of messages that come to nothing: ignored acks, and declines.

use super::{Checkpoints, Participants};
use crate::effect::JobEffects;
use crate::job::{CheckpointId, CheckpointKind};
use crate::kernel::SimTime;
use crate::rules::IgnoredSnapshots;
use crate::state::OperatorSnapshot;
use crate::trace::{AbortReason, AckVerdict};
use std::sync::Arc;

/// How many checkpoints that are over are remembered (`CheckpointCoordinator.NUM_GHOST_CHECKPOINT_IDS`).
const REMEMBERED: usize = 16;

impl Checkpoints {
    /// A checkpoint is over.
    pub(super) fn remember(&mut self, checkpoint: CheckpointId) {
        assert!(!self.is_pending(checkpoint), "checkpoint {checkpoint} is over and still pending");
        if self.rules.ignored_snapshots == IgnoredSnapshots::OfLastOnes {
            if self.remembered.len() == REMEMBERED {
                self.remembered.pop_front();
            }
            self.remembered.push_back(checkpoint);
            assert!(self.remembered.len() <= REMEMBERED, "more is remembered than Flink does");
        }
    }

    /// Whether what a task wrote for an ack stays behind for ever, the ack being ignored.
    pub fn is_orphaned(
        &self,
        checkpoint: CheckpointId,
        verdict: AckVerdict,
        snapshots: &[Arc<OperatorSnapshot>],
    ) -> bool {
        let is_ignored = match verdict {
            AckVerdict::Accepted | AckVerdict::Duplicate => false,
            AckVerdict::Late | AckVerdict::Foreign => true,
        };
        let has_state = snapshots.iter().any(|snapshot| !snapshot.is_empty());
        let is_removed = match self.rules.ignored_snapshots {
            IgnoredSnapshots::Stay => false,
            IgnoredSnapshots::OfLastOnes => {
                self.is_pending(checkpoint) || self.remembered.contains(&checkpoint)
            }
            IgnoredSnapshots::Removed => true,
        };
        is_ignored && has_state && !is_removed
    }

    /// A task declined a checkpoint, which is over now: where nothing else tells its receivers to wait no longer, another
    /// one follows at once, unless a newer one is pending.
    pub fn trigger_again(
        &mut self,
        declined: CheckpointId,
        now: SimTime,
        participants: &Participants,
        effects: &mut JobEffects,
    ) {
        let is_newer = |(id, kind): (&CheckpointId, CheckpointKind)| {
            *id > declined && kind == CheckpointKind::Checkpoint
        };
        let mut pending = self.pending.iter().map(|(id, p)| (id, p.purpose.kind()));
        if !pending.any(is_newer) && self.schedule.is_some() {
            let _the_timer_goes_on = self.try_periodic(now, participants, effects);
        }
    }

    /// Whether whoever asked for a snapshot hears why it was given up.
    pub(super) fn answers(&self, kind: CheckpointKind, reason: AbortReason) -> bool {
        let is_unanswered = kind == CheckpointKind::Savepoint && reason == AbortReason::Declined;
        !is_unanswered || self.rules.declined_savepoints_answered
    }
}
