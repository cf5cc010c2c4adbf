//! Durable files come and go as job managers want it.

use crate::cluster::journal::Journal;
use crate::cluster::storage::snapshots::{Home, Savepoint, checkpoint_path};
use crate::cluster::storage::{Owner, Storage};
use crate::effect::FileChange;
use crate::job::{CheckpointId, RunId};
use crate::rules::Rules;
use crate::state::CompletedCheckpoint;
use crate::trace::{CheckpointEvent, JobEvent, SnapshotSource};
use std::sync::Arc;

impl Storage {
    /// Durable files of a run change.
    pub(crate) fn keep(
        &mut self,
        owner: Owner<'_>,
        change: FileChange,
        rules: &Rules,
        journal: &mut Journal,
    ) {
        let run = owner.run;
        self.note_stored(owner, &change, rules, journal.now);
        match &change {
            FileChange::Checkpoint(checkpoint) => {
                let properties = checkpoint.properties();
                let kept = (run, properties.job, properties.id);
                assert!(!self.retained.contains(&kept), "checkpoint {} is kept twice", kept.2);
                self.retained.push(kept);
                self.kept.insert((run, properties.id), Arc::clone(checkpoint));
            }
            FileChange::RemoveCheckpoint(checkpoint) => {
                let removed = checkpoint.properties().id;
                self.retained.retain(|(other, _, id)| *other != run || *id != removed);
                self.kept.remove(&(run, removed));
                self.remove_labelled(run, removed);
            }
            FileChange::RemoveClaimed(checkpoint) => self.remove_claimed(owner, checkpoint),
            FileChange::Savepoint(checkpoint, label) => {
                let id = checkpoint.properties().id;
                let location = self.store_savepoint(owner, checkpoint, label, rules);
                let path = Arc::clone(&location.path);
                let (checkpoint, label) = (Arc::clone(checkpoint), Arc::clone(label));
                let source = SnapshotSource::Run(run, id);
                let stored = Savepoint { checkpoint, source, location };
                self.savepoints.insert(Arc::clone(&label), stored);
                journal.tell(CheckpointEvent::SavepointStored { label, path }.of(run, id));
            }
            FileChange::RemoveShared(_, file) => {
                // One that was never written, or is gone, is no hindrance.
                if self.shared_files.remove(file).is_some() {
                    journal.tell(JobEvent::FileDeleted { file: *file }.of(run));
                }
            }
        }
        self.files.push(change);
    }

    /// A run removes the snapshot that it was started from and claimed.
    fn remove_claimed(&mut self, owner: Owner<'_>, claimed: &CompletedCheckpoint) {
        let properties = claimed.properties();
        let removed = (properties.job, properties.id);
        self.retained.retain(|(_, job, id)| (*job, *id) != removed);
        let start = owner.start.map(|(_, location)| location);
        if let Some(data) = start.and_then(|start| start.data.as_ref()) {
            self.remove(data);
        }
        let is_kept = |savepoint: &Savepoint| {
            let properties = savepoint.checkpoint.properties();
            let is_elsewhere = start.is_some_and(|start| start.path != savepoint.location.path);
            (properties.job, properties.id) != removed || is_elsewhere
        };
        self.savepoints.retain(|_, savepoint| is_kept(savepoint));
        self.checkpoints
            .retain(|_, (_, checkpoint)| checkpoint.location.is_in_place || is_kept(checkpoint));
    }

    /// A run removes a checkpoint of its own from where it put it. Whoever had it by a label may have another copy that
    /// refers to it.
    fn remove_labelled(&mut self, run: RunId, removed: CheckpointId) {
        let is_it = |(taker, checkpoint): &&(RunId, Savepoint)| {
            *taker == run && checkpoint.checkpoint.properties().id == removed
        };
        let Some((_, labelled)) = self.checkpoints.values().find(is_it) else { return };
        if labelled.location.data.is_some() {
            let job = labelled.checkpoint.properties().job;
            let path = checkpoint_path(job, removed);
            self.remove(&Home::Files(path));
        }
    }
    /// Whether a checkpoint that is known by a label is there: what the system has removed is not, unless a user has brought
    /// it elsewhere.
    pub(super) fn is_kept(&self, run: RunId, checkpoint: &Savepoint) -> bool {
        let id = checkpoint.checkpoint.properties().id;
        let is_retained = |(owner, _, kept): &(RunId, _, _)| (*owner, *kept) == (run, id);
        !checkpoint.location.is_in_place || self.retained.iter().any(is_retained)
    }
}
