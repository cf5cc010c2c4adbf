//! The completed store beyond one job manager: what is being written to it, and what a new job manager takes from it.
//!
//! A checkpoint whose metadata is durable completes when the store points to it. One pointer is written at a time; what
//! was written meanwhile waits its turn.

use super::{Checkpoints, Completion, Stored};
use crate::effect::JobEffects;
use crate::job::{Attempt, CheckpointId};
use crate::kernel::SimTime;
use crate::state::CompletedCheckpoint;
use std::sync::Arc;

impl Checkpoints {
    /// Its completed store outlives the job manager.
    pub const fn be_highly_available(&mut self) {
        self.is_highly_available = true;
    }

    /// A new job manager finds these in the store, oldest first, and ids go on.
    pub fn inherit(&mut self, completed: Vec<Arc<CompletedCheckpoint>>, next: CheckpointId) {
        assert!(self.pending.is_empty(), "a job manager takes over before anything else");
        self.next = next;
        self.completed.clear();
        for checkpoint in completed {
            let is_foreign = checkpoint.properties().job != self.job;
            if !is_foreign {
                self.registry.inherit(&checkpoint);
            }
            self.completed.push_back(Stored { checkpoint, is_foreign });
        }
    }

    /// The id that the next checkpoint gets.
    pub const fn next_id(&self) -> CheckpointId {
        self.next
    }

    /// The steps whose askers wait for a checkpoint or savepoint; nothing is pending any more.
    pub fn steps_to_answer(&mut self) -> Vec<u32> {
        let pending = std::mem::take(&mut self.pending);
        let mut steps: Vec<_> = pending.values().filter_map(|p| p.purpose.step()).collect();
        while let Some(purpose) = self.requests.take_first() {
            steps.extend(purpose.step());
        }
        steps
    }

    /// The snapshot that the run was started from is no recovery point any more: what `initial-restore-not-sticky` breaks.
    pub fn forget_start(&mut self) {
        self.completed.retain(|stored| !stored.is_foreign);
    }

    /// The store that outlives the job manager replied: the checkpoint completes.
    pub fn on_pointer(
        &mut self,
        checkpoint: CheckpointId,
        attempt: Attempt,
        now: SimTime,
        effects: &mut JobEffects,
    ) -> Completion {
        let stored = self.storing.take().expect("it replies to what it was asked");
        assert!(stored.properties().id == checkpoint, "one pointer is stored at a time");
        if !self.pending.contains_key(&checkpoint) {
            return Completion::Void;
        }
        self.complete(stored, attempt, now, effects)
    }

    /// The next checkpoint whose metadata was written while the store was told of another one.
    pub fn next_written(&mut self) -> Option<CheckpointId> {
        if self.storing.is_some() {
            return None;
        }
        self.written.pop_front()
    }

    /// The metadata of a checkpoint, or the pointer to it, could not be written: it can fail like any other now.
    pub fn give_up_writing(&mut self, checkpoint: CheckpointId) {
        if self.is_being_stored(checkpoint) {
            self.storing = None;
        }
        if let Some(pending) = self.pending.get_mut(&checkpoint) {
            pending.is_writing = false;
        }
    }

    /// Whether the store is being told of a checkpoint.
    pub const fn is_storing(&self) -> bool {
        self.storing.is_some()
    }

    pub(super) fn is_being_stored(&self, checkpoint: CheckpointId) -> bool {
        self.storing.as_ref().is_some_and(|stored| stored.properties().id == checkpoint)
    }
}
