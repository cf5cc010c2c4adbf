//! Markers that a checkpoint is off, from one subtask to the next on the channels themselves.
//!
//! Whoever gives a checkpoint up after others may have begun to wait for its barrier says so behind the records it has
//! sent (`CancelCheckpointMarker`): without it they would wait until a newer barrier or the job manager's
//! own notice, which may be lost.

use super::{Phase, Task, decline};
use crate::effect::TaskEffects;
use crate::job::{CheckpointId, Element};
use crate::rules::HeldBack;
use crate::trace::{AbortReason, TaskEvent};

impl Task {
    /// Tells all receivers that no barrier of this checkpoint will come from here.
    pub(super) fn send_cancellation(&self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        assert!(self.phase != Phase::Ended, "{:?} calls {checkpoint} off, and is gone", self.id());
        if self.chain.identity.rules.cancellation_markers {
            self.chain.outputs.broadcast(&Element::Cancellation(checkpoint), effects);
        }
    }

    /// A barrier came of a checkpoint that the job manager has called off here before: the first such one is passed on
    /// as a marker (`SubtaskCheckpointCoordinatorImpl#checkpointState`).
    pub(super) fn cancel_aborted(&mut self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        if checkpoint > self.seen.last && self.seen.canceled < checkpoint {
            let is_off = self.seen.aborted.contains(&checkpoint);
            assert!(is_off, "{:?} passes on that {checkpoint} is off, and it is not", self.id());
            self.seen.canceled = checkpoint;
            self.send_cancellation(checkpoint, effects);
        }
    }

    /// How many records it may read into its own buffers from channels that a barrier holds back; `None`: it reads none.
    #[inline]
    pub fn alignment_limit(&self) -> Option<u32> {
        match (self.chain.identity.checkpoint.alignment_limit, self.chain.identity.rules.held_back)
        {
            (None, HeldBack::InBuffers) => Some(u32::MAX),
            (limit, HeldBack::InBuffers | HeldBack::InChannels) => limit,
        }
    }

    /// It has buffered more than that: it gives up what it aligns (`BarrierBuffer#checkSizeLimit` of 1.2 to 1.10).
    pub fn on_alignment_limit(&mut self, effects: &mut TaskEffects) {
        let Some(checkpoint) = self.aligner.collecting() else { return };
        self.aligner.give_up();
        effects.released = true;
        self.seen.last = self.seen.last.max(checkpoint);
        self.seen.canceled = self.seen.canceled.max(checkpoint);
        assert!(self.aligner.collecting().is_none(), "a given-up checkpoint holds channels back");
        decline(checkpoint, AbortReason::AlignmentLimit, effects);
        self.send_cancellation(checkpoint, effects);
    }

    /// A sender gave a checkpoint up. This subtask does, too, unless it is done with it: whatever it was waiting for up to
    /// that checkpoint will not come (`SingleCheckpointBarrierHandler#processCancellationBarrier`).
    pub(super) fn on_cancellation(
        &mut self,
        input_channel: usize,
        checkpoint: CheckpointId,
        effects: &mut TaskEffects,
    ) {
        let is_taken = self.aligner.overtaken() == Some(checkpoint);
        // What trails behind the barrier of a newer one changes nothing.
        let is_obsolete = self.aligner.collecting().is_some_and(|newer| newer > checkpoint);
        let is_done = checkpoint <= self.seen.last && !is_taken;
        if self.phase == Phase::Ended || is_done || is_obsolete {
            return;
        }
        effects.events.push(TaskEvent::CancellationArrived {
            channel: self.channels[input_channel],
            checkpoint,
        });
        if self.stops_with == Some(checkpoint) {
            effects.failure = Some("stop with savepoint failed".into());
            return;
        }
        self.aligner.discard_overtaken(effects);
        effects.released |= self.aligner.give_up();
        if let Some(tracker) = &mut self.tracker {
            tracker.forget_up_to(checkpoint);
        }
        self.seen.last = self.seen.last.max(checkpoint);
        self.seen.aborted = self.seen.aborted.split_off(&checkpoint);
        self.assert_sound();
        decline(checkpoint, AbortReason::Canceled, effects);
        if self.seen.canceled < checkpoint {
            self.seen.canceled = checkpoint;
            self.send_cancellation(checkpoint, effects);
        }
    }
}

/// An operator threw when its state was drawn. Where that does not fail the task, it declines the checkpoint and goes on: its barrier is
/// sent by then, and its receivers ack in vain (`StreamTask.CheckpointingOperation.executeCheckpointing`).
pub(super) fn decline_failed_snapshot(
    task: &Task,
    checkpoint: CheckpointId,
    effects: &mut TaskEffects,
) {
    assert!(effects.failure.is_some(), "{:?}: a snapshot failed without a reason", task.id());
    let ends_the_play = effects.of_user.as_ref().is_some_and(|failure| failure.ends_the_play);
    if task.chain.identity.rules.sync_failure_fails_task || ends_the_play {
        return;
    }
    (effects.failure, effects.of_user) = (None, None);
    decline(checkpoint, AbortReason::SyncFailed, effects);
}
