//! The completed store of a run: what is kept for recovery, what leaves it, and which files go with that.

use super::{Checkpoints, Stored};
use crate::coordinator::decide::outlives;
use crate::effect::{FileChange, JobEffects, PointerChange};
use crate::job::{CheckpointId, CheckpointKind, FileId, StateBackend};
use crate::kernel::to_index;
use crate::state::{CompletedCheckpoint, OperatorSnapshot, OperatorState};
use crate::trace::{CheckpointEvent, JobStatus};
use std::sync::Arc;

impl Checkpoints {
    /// The recovery point: the newest entry, or the newest checkpoint that is no savepoint, where such are preferred. What
    /// the run was started from counts as a savepoint.
    pub fn latest(&self) -> Option<&Arc<CompletedCheckpoint>> {
        let is_checkpoint = |stored: &&Stored| {
            let kind = stored.checkpoint.properties().kind;
            !stored.is_foreign && kind == CheckpointKind::Checkpoint
        };
        let mut newest_first = self.completed.iter().rev();
        let preferred = match self.config.prefer_checkpoint {
            true => newest_first.find(is_checkpoint),
            false => None,
        };
        let skipped = match self.rules.newest_checkpoint_skipped {
            true => self.completed.iter().rev().nth(1),
            false => None,
        };
        preferred.or(skipped).or(self.completed.back()).map(|stored| &stored.checkpoint)
    }

    /// An ack of a task came, whatever becomes of it: the shared files that it tells of are in use.
    pub fn register(&mut self, checkpoint: CheckpointId, snapshots: &[Arc<OperatorSnapshot>]) {
        if self.rules.late_acks_registered || self.is_pending(checkpoint) {
            self.registry.register(checkpoint, snapshots);
        }
    }

    /// A checkpoint enters the store, perhaps the savepoint that the job stops with, and older ones leave it.
    pub(super) fn store(
        &mut self,
        checkpoint: Arc<CompletedCheckpoint>,
        stops: bool,
        effects: &mut JobEffects,
    ) {
        let is_checkpoint = checkpoint.properties().kind == CheckpointKind::Checkpoint;
        // What the store points to is kept from then on.
        if is_checkpoint && !self.is_highly_available {
            effects.files.push(FileChange::Checkpoint(Arc::clone(&checkpoint)));
        }
        self.completed.push_back(Stored { checkpoint, is_foreign: false, is_claimed: false });
        let retained = to_index(self.config.retained);
        while let Some(oldest) = self.next_to_leave(retained, stops) {
            let oldest = self.completed.remove(oldest).expect("it is there");
            self.subsume(oldest, effects);
        }
        assert!(!self.completed.is_empty(), "the newest recovery point left the store");
        let lowest = self.completed.iter().map(|stored| stored.checkpoint.properties().id).min();
        let unused = self.registry.release(lowest, &self.rules);
        self.remove_shared(unused, effects);
    }

    /// A new job manager keeps the newest of the checkpoints that it found, and removes the others.
    pub(super) fn keep_newest(&mut self, effects: &mut JobEffects) {
        while self.completed.len() > 1 {
            let oldest = self.completed.pop_front().expect("there are several");
            self.subsume(oldest, effects);
        }
    }

    fn subsume(&self, oldest: Stored, effects: &mut JobEffects) {
        let checkpoint = oldest.checkpoint.properties().id;
        effects.events.push(CheckpointEvent::Subsumed.of(self.run, checkpoint));
        if self.is_highly_available {
            effects.pointers.push(PointerChange::Forget(checkpoint));
        }
        self.discard(oldest, effects);
    }

    /// Which entry leaves a store of more than so many: the oldest, or the oldest that is not the newest checkpoint, where
    /// that one is spared: not for a savepoint that the job stops with. The newest entry of all never leaves.
    fn next_to_leave(&self, retained: usize, stops: bool) -> Option<usize> {
        if self.completed.len() <= retained {
            return None;
        }
        let is_checkpoint =
            |stored: &Stored| stored.checkpoint.properties().kind == CheckpointKind::Checkpoint;
        let newest = self.completed.iter().rposition(is_checkpoint);
        let spared = newest.filter(|_| self.rules.newest_checkpoint_spared && !stops);
        (0..self.completed.len() - 1).find(|place| Some(*place) != spared)
    }

    /// Removes the files of a checkpoint that the system owns. Whether it did.
    fn discard(&self, stored: Stored, effects: &mut JobEffects) -> bool {
        let properties = stored.checkpoint.properties();
        if stored.is_claimed {
            assert!(stored.is_foreign, "a run claimed checkpoint {}, its own", properties.id);
            effects.files.push(FileChange::RemoveClaimed(stored.checkpoint));
            return true;
        }
        let is_owned = !stored.is_foreign && properties.kind == CheckpointKind::Checkpoint;
        if is_owned {
            if self.config.backend == StateBackend::Incremental {
                let (run, checkpoint) = (self.run, properties.id);
                effects.events.push(CheckpointEvent::Discarded.of(run, checkpoint));
            }
            effects.files.push(FileChange::RemoveCheckpoint(stored.checkpoint));
        }
        is_owned
    }

    /// Tells which shared files a completed checkpoint refers to.
    pub(super) fn tell_files(&self, completed: &CompletedCheckpoint, effects: &mut JobEffects) {
        if completed.files().next().is_some() {
            let (run, checkpoint) = (self.run, completed.properties().id);
            let files = completed.files().copied().collect();
            let snapshots = completed.operators().iter().flat_map(OperatorState::snapshots);
            let held = snapshots.flat_map(|snapshot| {
                snapshot.shared.iter().map(|file| snapshot.content_of(file.groups))
            });
            let held = held.collect();
            effects.events.push(CheckpointEvent::FilesReferred { files, held }.of(run, checkpoint));
        }
    }

    pub(super) fn remove_shared(&self, files: Vec<FileId>, effects: &mut JobEffects) {
        let remove = |file| FileChange::RemoveShared(self.job, file);
        effects.files.extend(files.into_iter().map(remove));
    }

    /// The job is over for good: its own checkpoints are removed, unless they outlive it. Nobody is left to be told.
    pub fn shut_down(&mut self, end: JobStatus, effects: &mut JobEffects) {
        let told = effects.messages.len();
        assert!(end.is_terminal(), "the checkpoints of a {end} job were shut down");
        assert!(!self.is_storing(), "a job became {end} while its coordinator held the lock");
        self.suspend(effects);
        effects.messages.truncate(told);
        assert!(self.pending.is_empty(), "a {end} job still takes checkpoints");
        let stored = std::mem::take(&mut self.completed);
        let mut lowest_kept = None;
        for stored in stored {
            let id = stored.checkpoint.properties().id;
            if outlives(self.config.retention, end) || !self.discard(stored, effects) {
                lowest_kept = lowest_kept.or(Some(id));
            }
        }
        let unused = self.registry.release(lowest_kept, &self.rules);
        self.remove_shared(unused, effects);
    }
}
