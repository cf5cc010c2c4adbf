//! What a play removes from the disk: retained checkpoints, shared files, snapshots that it claimed. Keeps in mind where
//! they are and what was in them, and what was not removed.

use super::files::PlayError;
use super::play::{Earlier, LeftOnDisk};
use crate::job::{CheckpointId, ClaimMode, FileId, JobId};
use crate::state::{CompletedCheckpoint, Properties};
use crate::store::{DataDir, LeftFile, OnDisk, SavepointFiles, Seal, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The snapshots that a play may remove.
#[derive(Debug)]
pub(super) struct Removals {
    folder: DataDir,
    /// The snapshot that it was started from, if it claims that, as it was then.
    claimed: Option<OnDisk>,
    /// Where the snapshots of this play lie.
    places: BTreeMap<(JobId, CheckpointId), PathBuf>,
    /// The shared files that were written last.
    shared: BTreeMap<(JobId, String), Seal>,
    left: Vec<LeftFile>,
}

impl Removals {
    /// Of a play that perhaps starts from a snapshot.
    pub(super) fn new(folder: &DataDir, start: Option<&Earlier>) -> Result<Self, PlayError> {
        let claims = |start: &&Earlier| start.claim == ClaimMode::Claim;
        let claimed =
            start.filter(claims).map(|start| OnDisk::find(&**folder.disk(), &start.folder));
        let (places, shared, left) = Default::default();
        Ok(Self { folder: folder.clone(), claimed: claimed.transpose()?, places, shared, left })
    }

    /// A savepoint was written.
    pub(super) fn on_savepoint(&mut self, files: &SavepointFiles, path: &Path) {
        self.places.insert((files.job, files.id), path.to_owned());
    }

    /// A checkpoint was written, and nothing of these was removed with the one that it replaced.
    pub(super) fn on_checkpoint(
        &mut self,
        files: &SavepointFiles,
        path: &Path,
        left: Vec<LeftFile>,
    ) {
        self.places.insert((files.job, files.id), path.to_owned());
        for (name, bytes) in &files.shared {
            self.shared.insert((files.job, name.clone()), Seal::of(bytes));
        }
        self.left.extend(left);
    }

    /// Removes a checkpoint of this play.
    pub(super) fn remove(&mut self, checkpoint: &CompletedCheckpoint) -> Result<(), PlayError> {
        let Properties { job, id, .. } = *checkpoint.properties();
        self.left.extend(self.folder.remove_checkpoint(job, id)?);
        Ok(())
    }

    /// Removes a snapshot that was claimed: the one that the play was started from, or one of another of its jobs.
    pub(super) fn remove_claimed(
        &mut self,
        checkpoint: &CompletedCheckpoint,
    ) -> Result<(), PlayError> {
        let Properties { job, id, .. } = *checkpoint.properties();
        let removed = match (&self.claimed, self.places.get(&(job, id))) {
            (Some(claimed), _) if claimed.is_of(job, id) => {
                claimed.remove(&**self.folder.disk()).map(|disposed| disposed.left)
            }
            (_, Some(path)) => self.folder.remove_snapshot_at(path, job, id),
            // It was only ever in the memory of a job manager.
            (_, None) => Ok(Vec::new()),
        };
        match removed {
            Ok(left) => self.left.extend(left),
            // Whoever removed it was faster.
            Err(StoreError::NotFound { .. } | StoreError::NoMetadata { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Removes a file that checkpoints of a job shared.
    pub(super) fn remove_shared(&mut self, job: JobId, file: FileId) -> Result<(), PlayError> {
        // What this play never wrote belongs to nobody that it knows.
        if let Some(seal) = self.shared.remove(&(job, file.to_string())) {
            self.left.extend(self.folder.remove_shared(job, file, seal)?);
        }
        Ok(())
    }

    /// Where a snapshot of this play lies, or lay.
    pub(super) fn place_of(&self, job: JobId, id: CheckpointId) -> Option<&Path> {
        self.places.get(&(job, id)).map(PathBuf::as_path)
    }

    /// What was not removed, in order of time.
    pub(super) fn left(self) -> Vec<LeftOnDisk> {
        let told = |left: LeftFile| LeftOnDisk { path: left.path, why: left.why.to_string() };
        self.left.into_iter().map(told).collect()
    }
}
