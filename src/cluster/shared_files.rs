//! The shared files of incremental checkpoints: which are there, who writes them, who finds one missing.
//!
//! Knows of each file only a hash of what is in it. Does not decide when one is deleted (the coordinator does).

use super::world::World;
use crate::effect::RestoredTask;
use crate::job::{Attempt, CheckpointId, FileId, RunId, SharedFile, StateBackend, TaskId};
use crate::state::OperatorSnapshot;
use crate::store::largest_state;
use crate::trace::{JobEvent, TaskEvent};
use std::collections::btree_map::Entry;
use std::sync::Arc;

impl World {
    /// The upload of a snapshot is over: its new files are there. What has the name of an old one is that old one.
    pub(super) fn create_files(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        snapshots: &[Arc<OperatorSnapshot>],
    ) {
        for SharedFile { id: file, content, .. } in
            snapshots.iter().flat_map(|snapshot| &snapshot.shared).copied()
        {
            if let Entry::Vacant(place) = self.shared_files.entry(file) {
                place.insert(content);
                let event = TaskEvent::FileCreated { checkpoint, file, content }.of(task, attempt);
                self.tell(event);
            }
        }
    }

    /// A job manager deletes a file. One that was never written, or is gone, is no hindrance.
    pub(super) fn delete_file(&mut self, run: RunId, file: FileId) {
        if self.shared_files.remove(&file).is_some() {
            self.tell(JobEvent::FileDeleted { file }.of(run));
        }
    }

    /// The first file that a task needs to restore its state, and that is not there.
    pub(super) fn missing_file(&self, restored: Option<&RestoredTask>) -> Option<FileId> {
        let mut reads = restored?.reads.iter();
        reads.find(|file| !self.shared_files.contains_key(&file.id)).map(|file| file.id)
    }

    /// Whether a state of a snapshot is larger than a job manager takes that keeps all in memory.
    pub(super) fn is_too_large(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        snapshots: &[Arc<OperatorSnapshot>],
    ) -> bool {
        let place = &self.places[task.index()];
        let (run, attempt) = (&self.runs[place.run.index()], place.attempt);
        let config = &self.scenario.jobs[run.layout.job].checkpoint;
        let StateBackend::JobManager { max_state_size } = config.backend else { return false };
        let largest = snapshots.iter().map(|snapshot| largest_state(snapshot)).max();
        let (bytes, most) = (largest.unwrap_or_default(), u64::from(max_state_size));
        if bytes > most {
            self.tell(TaskEvent::StateTooLarge { checkpoint, bytes, most }.of(task, attempt));
        }
        bytes > most
    }
}
