//! Markers that a checkpoint is off, from one subtask to the next on the channels themselves.
//!
//! Whoever gives a checkpoint up after others may have begun to wait for its barrier says so behind the records it has
//! sent (`CancelCheckpointMarker`, SEMANTICS §5.3): without it they would wait until a newer barrier or the job manager's
//! own notice, which may be lost.

use super::{Phase, Task};
use crate::effect::{TaskEffects, ToJob};
use crate::job::{CheckpointId, Element};
use crate::trace::{AbortReason, TraceEvent};

impl Task {
    /// Tells all receivers that no barrier of this checkpoint will come from here.
    pub(super) fn send_cancellation(&self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        if self.identity.rules.cancellation_markers {
            self.outputs.broadcast(&Element::Cancellation(checkpoint), effects);
        }
    }

    /// A barrier came of a checkpoint that the job manager has called off here before: the first such one is passed on
    /// as a marker (`SubtaskCheckpointCoordinatorImpl#checkpointState`).
    pub(super) fn cancel_aborted(&mut self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        if checkpoint > self.last_checkpoint && self.cancelled < checkpoint {
            self.cancelled = checkpoint;
            self.send_cancellation(checkpoint, effects);
        }
    }

    /// A sender gave a checkpoint up. This subtask does, too, unless it is done with it: whatever it was waiting for up to
    /// that checkpoint will not come (`SingleCheckpointBarrierHandler#processCancellationBarrier`).
    pub(super) fn on_cancellation(
        &mut self,
        gate: usize,
        checkpoint: CheckpointId,
        effects: &mut TaskEffects,
    ) {
        let is_taken = self.aligner.overtaken() == Some(checkpoint);
        if self.phase == Phase::Ended || (checkpoint <= self.last_checkpoint && !is_taken) {
            return;
        }
        effects.events.push(TraceEvent::CancellationArrived {
            task: self.id(),
            channel: self.channels[gate],
            checkpoint,
        });
        if self.stops_with == Some(checkpoint) {
            effects.failure = Some("stop with savepoint failed".into());
            return;
        }
        self.discard_overtaken(effects);
        effects.released |= self.aligner.give_up();
        if let Some(tracker) = &mut self.tracker {
            tracker.forget_up_to(checkpoint);
        }
        self.last_checkpoint = self.last_checkpoint.max(checkpoint);
        self.aborted = self.aborted.split_off(&checkpoint);
        effects.events.push(TraceEvent::DeclineSent {
            task: self.id(),
            attempt: self.attempt(),
            checkpoint,
        });
        effects.messages.push(ToJob::Decline(checkpoint, AbortReason::Canceled));
        if self.cancelled < checkpoint {
            self.cancelled = checkpoint;
            self.send_cancellation(checkpoint, effects);
        }
    }
}
