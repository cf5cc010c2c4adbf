//! What users do with the files of snapshots, and what they find when they point to one.
//!
//! A label stands for what a user has noted of a snapshot: it goes along when the snapshot is moved, and still names its
//! path when nothing is there any more.

use crate::cluster::storage::Storage;
use crate::cluster::storage::damage;
use crate::cluster::storage::snapshots::{Holder, Home, Savepoint, SnapshotLocation};
use crate::job::{FileId, folder_of_pointer, names_metadata};
use crate::rules::{Rules, SavepointLayout};
use crate::scenario::{FileAction, Piece};
use std::sync::Arc;

/// Why a user does not get what was asked for.
type Refused = Arc<str>;

impl Storage {
    /// What a job manager finds that is pointed to a snapshot, or to the metadata file in its folder.
    pub(crate) fn find_savepoint(
        &self,
        pointer: &str,
        rules: &Rules,
    ) -> Result<Savepoint, Refused> {
        let label = folder_of_pointer(pointer);
        if let Some((run, checkpoint)) = self.checkpoints.get(label)
            && !self.is_kept(*run, checkpoint)
        {
            return nothing_is_at(&checkpoint.location.path);
        }
        let found = self.known(label)?;
        let SnapshotLocation { path, holder, has_metadata, .. } = &found.location;
        match *holder {
            Holder::Memory(manager) if !self.is_alive(manager) => self.invalid_path(path),
            Holder::Memory(_) | Holder::Factory => Ok(found.clone()),
            Holder::File | Holder::Folder { .. } if *has_metadata => {
                damage::read(found).map(|()| found.clone())
            }
            Holder::File if rules.savepoint_layout == SavepointLayout::Pointer => {
                self.invalid_path(path)
            }
            Holder::Folder { .. }
                if !names_metadata(pointer) && self.has_own_data(&found.location) =>
            {
                Err(format!(
                    "cannot find meta data file '_metadata' in directory '{path}'; please try to load the checkpoint/savepoint directly from the metadata file instead of the directory"
                )
                .into())
            }
            Holder::File | Holder::Folder { .. } => nothing_is_at(path),
        }
    }

    fn invalid_path<T>(&self, path: &str) -> Result<T, Refused> {
        Err(format!("invalid path '{path}': no such savepoint is stored").into())
    }

    /// What is known by a label, wherever it is now. What the system has removed is known no more.
    fn known(&self, label: &str) -> Result<&Savepoint, Refused> {
        if let Some((run, checkpoint)) = self.checkpoints.get(label) {
            let is_kept = self.is_kept(*run, checkpoint).then_some(checkpoint);
            return is_kept
                .ok_or_else(|| format!("checkpoint `{label}` is not kept any more").into());
        }
        let found = self.savepoints.get(label);
        found.ok_or_else(|| format!("no savepoint `{label}` has been stored").into())
    }

    fn location_of(&mut self, label: &str) -> &mut SnapshotLocation {
        let checkpoint = self.checkpoints.get_mut(label).map(|(_, checkpoint)| checkpoint);
        let found = checkpoint.or_else(|| self.savepoints.get_mut(label));
        &mut found.expect("it was found a moment ago").location
    }

    fn has_own_data(&self, location: &SnapshotLocation) -> bool {
        location.own_data().is_some_and(|data| self.is_there(&data))
    }

    /// Does what a user asks for.
    pub(crate) fn work_on_files(
        &mut self,
        action: &FileAction,
        rules: &Rules,
    ) -> Result<(), Refused> {
        let label = action.savepoint();
        if let FileAction::Delete(files) = action
            && files.what != Piece::Metadata
            && self.delete_rest(label)
        {
            return Ok(());
        }
        let found = self.known(label)?.clone();
        match action {
            FileAction::Move(files) => {
                self.move_files(label, &found.location, &files.to, files.job_manager_only)
            }
            FileAction::Copy(copy) => {
                let location = self.bring(&found.location, &copy.to, copy.job_manager_only)?;
                let copied = Savepoint { location, ..found };
                let before = self.savepoints.insert(copy.label.as_str().into(), copied);
                assert!(before.is_none(), "two snapshots are known as `{}`", copy.label);
                Ok(())
            }
            FileAction::Delete(files) => self.delete_by_hand(label, &found, files.what),
            FileAction::Damage(damage) => {
                self.require_files(&found.location)?;
                if !found.location.has_metadata {
                    let path = &found.location.path;
                    return Err(format!("no such file or directory: `{path}/_metadata`").into());
                }
                let bytes = damage::damaged(&found, &damage.how, &self.scenario)?;
                self.location_of(label).damaged = Some(bytes);
                Ok(())
            }
            FileAction::Dispose(dispose) => self.dispose(label, dispose.with_jar, rules),
            FileAction::RewritePaths(_) => self.rewrite_paths(label, &found.location),
        }
    }

    fn move_files(
        &mut self,
        label: &str,
        from: &SnapshotLocation,
        to: &str,
        job_manager_only: bool,
    ) -> Result<(), Refused> {
        let moved = self.bring(from, to, job_manager_only)?;
        if let (Holder::Folder { .. }, Some(data)) = (from.holder, from.own_data()) {
            self.remove(&data);
        }
        *self.location_of(label) = moved;
        Ok(())
    }

    /// Puts the files of a snapshot at another path, too: all that is in its folder, or the one file with its metadata.
    fn bring(
        &mut self,
        from: &SnapshotLocation,
        to: &str,
        job_manager_only: bool,
    ) -> Result<SnapshotLocation, Refused> {
        self.require_files(from)?;
        let all = self.checkpoints.values().map(|(_, checkpoint)| checkpoint);
        let mut all = all.chain(self.savepoints.values());
        if all.any(|other| *other.location.path == *to && self.is_anything_left(&other.location)) {
            return Err(format!("something is at `{to}` already").into());
        }
        let to: Arc<str> = to.into();
        let mut data = from.data.clone();
        if let Holder::Folder { is_absolute } = from.holder
            && data.is_some()
        {
            if self.has_own_data(from) {
                self.bring_data(&to, job_manager_only);
            } else {
                self.remove(&Home::Files(Arc::clone(&to)));
            }
            if !is_absolute {
                data = Some(Home::Files(Arc::clone(&to)));
            }
        }
        Ok(SnapshotLocation { path: to, data, is_in_place: false, ..from.clone() })
    }

    fn is_anything_left(&self, location: &SnapshotLocation) -> bool {
        let has_data_here = match location.holder {
            Holder::Folder { .. } => self.has_own_data(location),
            Holder::Memory(_) | Holder::Factory | Holder::File => false,
        };
        location.has_metadata || has_data_here
    }

    /// Only files can be touched.
    fn require_files(&self, location: &SnapshotLocation) -> Result<(), Refused> {
        let path = &location.path;
        match location.holder {
            Holder::Memory(_) => Err(format!(
                "`{path}` is no file: it is in the memory of the job manager; configure `filesystem` as the savepoint backend"
            )
            .into()),
            Holder::Factory => Err(format!("`{path}` is no file: only its factory reaches it").into()),
            Holder::File | Holder::Folder { .. } if !self.is_anything_left(location) => {
                Err(format!("no such file or directory: `{path}`").into())
            }
            Holder::File | Holder::Folder { .. } => Ok(()),
        }
    }

    fn delete_by_hand(
        &mut self,
        label: &str,
        found: &Savepoint,
        piece: Piece,
    ) -> Result<(), Refused> {
        let location = &found.location;
        let data = location.own_data().filter(|data| self.is_there(data));
        let shared: Vec<FileId> = found.checkpoint.files().map(|file| file.id).collect();
        let takes_data = piece != Piece::Metadata;
        if takes_data && matches!(data, Some(Home::Files(_))) {
            // Data in the checkpoint directory can be deleted even if the record that points to them is no file.
        } else {
            self.require_files(location)?;
        }
        if piece == Piece::Data && data.is_none() && shared.is_empty() {
            let path = &location.path;
            return Err(
                format!("`{path}` has no data in files: all its state is in its metadata").into()
            );
        }
        if takes_data {
            data.iter().for_each(|data| self.remove(data));
            self.delete_shared(&shared);
        }
        if piece != Piece::Data {
            self.location_of(label).has_metadata = false;
        }
        Ok(())
    }

    /// Deletes what is left of a checkpoint that the system has removed: the shared files that others still use. Whether there
    /// was anything.
    fn delete_rest(&mut self, label: &str) -> bool {
        let Some((run, removed)) = self.checkpoints.get(label) else { return false };
        if self.is_kept(*run, removed) {
            return false;
        }
        let mut left: Vec<FileId> = removed.checkpoint.files().map(|file| file.id).collect();
        left.retain(|file| self.shared_files.contains_key(file));
        self.delete_shared(&left);
        !left.is_empty()
    }

    /// Shared files go at the wish of a user, whoever else needs them.
    fn delete_shared(&mut self, files: &[FileId]) {
        self.shared_files.retain(|file, _| !files.contains(file));
        self.deleted.extend(files);
    }

    /// The system removes a snapshot at its owner's request: its metadata, so that nobody finds it, and then the data that
    /// it refers to, wherever its metadata say that those are (`Checkpoints.disposeSavepoint`). Shared files of which no
    /// registry has heard go with it (`IncrementalRemoteKeyedStateHandle.discardState`).
    fn dispose(&mut self, label: &str, with_jar: bool, rules: &Rules) -> Result<(), Refused> {
        let Savepoint { checkpoint, location, .. } = self.find_savepoint(label, rules)?;
        let name = &checkpoint.properties().job_name;
        let mut jobs = self.scenario.jobs.iter();
        let job = jobs.find(|job| job.graph.name == *name);
        if job.is_some_and(|job| job.checkpoint.custom_handles) && !with_jar {
            let path = &location.path;
            return Err(format!(
                "disposing of savepoint '{path}' failed: class not found: its state handles are the job's own; pass the program's jar with -j, where the release takes it"
            )
            .into());
        }
        let shared: Vec<FileId> = checkpoint.files().map(|file| file.id).collect();
        self.delete_shared(&shared);
        if let Some(data) = &location.data {
            self.remove(data);
        }
        self.location_of(label).has_metadata = false;
        if matches!(location.holder, Holder::Memory(_) | Holder::Factory) {
            let removed = self.savepoints.remove(label);
            assert!(removed.is_some(), "`{label}` was disposed of and is no savepoint");
        }
        Ok(())
    }

    /// The user changes the paths in the metadata to those in its folder.
    fn rewrite_paths(&mut self, label: &str, location: &SnapshotLocation) -> Result<(), Refused> {
        self.require_files(location)?;
        let path = Arc::clone(&location.path);
        if location.damaged.is_some() {
            return Err(format!("`{path}` has metadata that nobody can read").into());
        }
        match location.holder {
            Holder::Folder { is_absolute: false } => {
                Err(format!("`{path}` has no paths to rewrite: they are relative to it").into())
            }
            Holder::Folder { is_absolute: true } => {
                if location.data.is_some() {
                    self.location_of(label).data = Some(Home::Files(path));
                }
                Ok(())
            }
            Holder::Memory(_) | Holder::Factory | Holder::File => Err(format!(
                "`{path}` needs no other paths: its data lie in the checkpoint directory, and were not moved"
            )
            .into()),
        }
    }

    /// The cluster is shut down in order: savepoints in its memory, and the data that they point to, are discarded.
    pub(crate) fn discard_memory(&mut self) {
        let remembered = self.savepoints.values().filter(|savepoint| {
            matches!(savepoint.location.holder, Holder::Memory(manager) if self.is_alive(manager))
        });
        let data: Vec<Home> =
            remembered.filter_map(|savepoint| savepoint.location.data.clone()).collect();
        data.iter().for_each(|data| self.remove(data));
        self.lose_memory();
    }
}

/// Nothing is to be found where a user points to.
pub(super) fn nothing_is_at<T>(path: &str) -> Result<T, Refused> {
    Err(format!("file not found: cannot find checkpoint or savepoint file/directory '{path}'")
        .into())
}
