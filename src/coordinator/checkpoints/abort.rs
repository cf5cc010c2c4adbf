//! How checkpoints are given up, and what of them counts as a failure.

use super::super::pending::Purpose;
use super::{Checkpoints, answer_failed};
use crate::effect::{JobEffects, ToTask};
use crate::job::{CheckpointId, CheckpointKind, LocalTaskId};
use crate::trace::{AbortReason, CheckpointEvent};

impl Checkpoints {
    pub(super) fn subsume_pending(
        &mut self,
        completed: CheckpointId,
        kind: CheckpointKind,
        effects: &mut JobEffects,
    ) {
        let older = self.pending.range(..completed);
        let older = older.filter(|(_, p)| p.purpose.kind() == kind);
        let older = older.map(|(id, _)| *id).filter(|id| !self.is_being_stored(*id));
        let older: Vec<_> = older.collect();
        for checkpoint in older {
            self.abort(checkpoint, AbortReason::Subsumed, effects);
        }
    }

    /// Gives a pending checkpoint up; its tasks and the user who asked for it are told. Returns what it was for, if it was pending.
    pub fn abort(
        &mut self,
        checkpoint: CheckpointId,
        reason: AbortReason,
        effects: &mut JobEffects,
    ) -> Option<Purpose> {
        let pending = self.pending.remove(&checkpoint)?;
        assert!(
            !self.is_being_stored(checkpoint),
            "the store is told of {checkpoint}, which is off"
        );
        self.remember(checkpoint);
        let kind = pending.purpose.kind();
        effects.events.push(CheckpointEvent::Aborted { kind, reason }.of(self.run, checkpoint));
        if self.answers(kind, reason) {
            answer_failed(pending.purpose.step(), reason, effects);
        }
        let unused = self.registry.abort(checkpoint, &self.rules);
        self.remove_shared(unused, effects);
        if self.rules.abort_notifications {
            let aborted = |task| (task, ToTask::NotifyAborted(checkpoint));
            effects.messages.extend(pending.ledger.participants().map(aborted));
        }
        Some(pending.purpose)
    }

    /// A savepoint was asked for whose directory cannot be made: it comes to nothing, but its id is used up, and its tasks are
    /// told.
    pub fn give_up_unplaced(&mut self, tasks: &[LocalTaskId], effects: &mut JobEffects) {
        let checkpoint = self.next;
        assert!(!self.is_pending(checkpoint), "{checkpoint} is pending and was not triggered");
        self.next = checkpoint.next();
        if self.rules.abort_notifications {
            let aborted = |task: &LocalTaskId| (*task, ToTask::NotifyAborted(checkpoint));
            effects.messages.extend(tasks.iter().map(aborted));
        }
    }

    /// Counts a failure of a checkpoint of its own accord; whether that is one too many.
    pub const fn count_failure(&mut self) -> bool {
        self.failures += 1;
        let is_too_many = self.failures > self.config.tolerable_failures;
        if is_too_many {
            self.failures = 0;
        }
        is_too_many
    }

    /// The job leaves `Running`, or is to end: the schedule stops, everything pending is given up, and nothing waits any
    /// more (`CheckpointCoordinator.stopCheckpointScheduler`). The tasks are told.
    pub fn suspend(&mut self, effects: &mut JobEffects) {
        self.stop_schedule();
        let pending: Vec<_> =
            self.pending.keys().copied().filter(|id| !self.is_being_stored(*id)).collect();
        for checkpoint in pending {
            self.abort(checkpoint, AbortReason::CoordinatorSuspended, effects);
        }
        let is_stored = |id: &CheckpointId| self.is_being_stored(*id);
        assert!(self.pending.keys().all(is_stored), "a checkpoint goes on without its job");
        while let Some(purpose) = self.requests.take_first() {
            answer_failed(purpose.step(), AbortReason::CoordinatorSuspended, effects);
        }
    }
}
