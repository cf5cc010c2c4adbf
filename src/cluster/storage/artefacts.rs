//! The snapshots that somebody may start from in the end: what is kept, where it can be read, and what of it is missing.

use crate::cluster::storage::Storage;
use crate::cluster::storage::snapshots::{Holder, Home, Savepoint, checkpoint_path};
use crate::job::{CheckpointId, FileId, RunId};
use crate::state::CompletedCheckpoint;
use crate::trace::SnapshotSource;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A snapshot that is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Artefact {
    /// The run that took it.
    pub run: RunId,
    /// Its job, by position in the scenario.
    pub job: usize,
    /// How it is called in messages.
    pub name: String,
    /// The snapshot.
    pub snapshot: Arc<CompletedCheckpoint>,
    /// A shared file that it needs, and that is not there although nobody deleted it.
    pub missing: Option<FileId>,
}

/// What the system keeps of checkpoints, for whoever starts from them.
pub(crate) type Kept = BTreeMap<(RunId, CheckpointId), Arc<CompletedCheckpoint>>;

impl Storage {
    /// The snapshots of runs that users can read, less those of which a user has deleted something.
    pub(crate) fn readable(&self) -> Vec<(RunId, String, Arc<CompletedCheckpoint>)> {
        let mut found = Vec::new();
        for (label, Savepoint { checkpoint, source, location }) in &self.savepoints {
            let SnapshotSource::Run(run, _) = source else { continue };
            let is_remembered = match location.holder {
                Holder::Memory(manager) => self.is_alive(manager),
                Holder::Factory | Holder::File | Holder::Folder { .. } => true,
            };
            let data = location.data.as_ref();
            let is_whole = data.is_none_or(|data| self.is_in_reach(data));
            let has_metadata = location.has_metadata && location.damaged.is_none();
            if has_metadata && is_remembered && is_whole {
                found.push((*run, format!("savepoint `{label}`"), Arc::clone(checkpoint)));
            }
        }
        for (run, job, id) in
            self.retained.iter().filter(|(run, _, id)| !self.is_damaged(*run, *id))
        {
            let checkpoint = self.kept.get(&(*run, *id)).expect("what is retained was stored");
            if self.is_in_reach(&Home::Files(checkpoint_path(*job, *id))) {
                found.push((*run, format!("checkpoint {id}"), Arc::clone(checkpoint)));
            }
        }
        let is_touched = |checkpoint: &CompletedCheckpoint| {
            checkpoint.files().any(|file| self.was_deleted_by_hand(file.id))
        };
        found.retain(|(.., checkpoint)| !is_touched(checkpoint));
        found
    }

    /// Whether somebody changed the metadata file of a checkpoint where its job put it.
    fn is_damaged(&self, run: RunId, id: CheckpointId) -> bool {
        self.checkpoints.values().any(|(owner, Savepoint { checkpoint, location, .. })| {
            let is_it = (*owner, checkpoint.properties().id) == (run, id);
            is_it && location.is_in_place && location.damaged.is_some()
        })
    }

    /// A shared file of a snapshot that is not there.
    pub(crate) fn missing_of(&self, snapshot: &CompletedCheckpoint) -> Option<FileId> {
        let mut files = snapshot.files().map(|file| file.id);
        files.find(|file| !self.shared_files.contains_key(file))
    }

    /// A shared file of the newest checkpoint that a run leaves behind is lost, and nobody is told: what
    /// `retained-file-lost` breaks.
    pub(crate) fn lose_file_of(&mut self, run: RunId) {
        let newest = self.retained_by(run).into_iter().next_back();
        let newest = newest.and_then(|id| self.kept.get(&(run, id)));
        if let Some(file) = newest.and_then(|newest| newest.files().next()) {
            self.shared_files.remove(&file.id);
        }
    }
}
