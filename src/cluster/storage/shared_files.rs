//! The shared files of incremental checkpoints: which are there, who writes them, who finds one missing.
//!
//! Knows of each file only a hash of what is in it. Does not decide when one is deleted (the coordinator does).

use crate::cluster::journal::Journal;
use crate::cluster::storage::{SnapshotOf, Storage};
use crate::effect::RestoredTask;
use crate::job::{FileId, SharedFile, StateBackend};
use crate::state::OperatorSnapshot;
use crate::store::largest_state;
use crate::trace::TaskEvent;
use std::collections::btree_map::Entry;
use std::sync::Arc;

impl Storage {
    /// The upload of a snapshot is over: its new files are there. What has the name of an old one is that old one.
    pub(crate) fn create_files(
        &mut self,
        (task, attempt, checkpoint): SnapshotOf,
        snapshots: &[Arc<OperatorSnapshot>],
        journal: &mut Journal,
    ) {
        for SharedFile { id: file, content, .. } in
            snapshots.iter().flat_map(|snapshot| &snapshot.shared).copied()
        {
            if let Entry::Vacant(place) = self.shared_files.entry(file) {
                place.insert(content);
                let event = TaskEvent::FileCreated { checkpoint, file, content }.of(task, attempt);
                journal.tell(event);
            }
        }
    }

    /// These are there when the world begins.
    pub(crate) fn hold_files<'f>(&mut self, files: impl Iterator<Item = &'f SharedFile>) {
        self.shared_files.extend(files.map(|file| (file.id, file.content)));
    }

    /// Whether a user deleted a shared file.
    pub(crate) fn was_deleted_by_hand(&self, file: FileId) -> bool {
        self.deleted.contains(&file)
    }

    /// The first file that a task needs to restore its state, and that is not there.
    pub(crate) fn missing_file(&self, restored: Option<&RestoredTask>) -> Option<FileId> {
        let mut reads = restored?.reads.iter();
        reads.find(|file| !self.shared_files.contains_key(&file.id)).map(|file| file.id)
    }

    /// Whether a state of a snapshot is larger than a job manager takes that keeps all in memory.
    pub(crate) fn is_too_large(
        &self,
        (task, attempt, checkpoint): SnapshotOf,
        backend: StateBackend,
        snapshots: &[Arc<OperatorSnapshot>],
        journal: &mut Journal,
    ) -> bool {
        let StateBackend::JobManager { max_state_size } = backend else { return false };
        let largest = snapshots.iter().map(|snapshot| largest_state(snapshot)).max();
        let (bytes, most) = (largest.unwrap_or_default(), u64::from(max_state_size));
        if bytes > most {
            journal.tell(TaskEvent::StateTooLarge { checkpoint, bytes, most }.of(task, attempt));
        }
        bytes > most
    }
}
