//! Snapshots in the shape of their release: a folder with relative or absolute paths, or a metadata file with its data
//! elsewhere.

use super::codec::SavepointFiles;
use super::disk::Disk;
use super::error::StoreError;
use super::folder::{
    DataDir, KeptCheckpoint, NAME_ATTEMPTS, SAVEPOINTS, assemble, create_folder, holds,
    is_file_with, is_taken, move_into_place, parent_of, sync_folder, write_over,
};
use super::owner::spoken;
use super::remove::OnDisk;
use super::unfinished::removed_name;
use crate::rules::SavepointLayout;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

impl DataDir {
    /// Writes a savepoint as a release lays it out, and says where its metadata are: its folder, or a file.
    ///
    /// # Errors
    /// The operating system refuses, or every name is taken by another savepoint.
    pub fn write_savepoint(
        &self,
        files: &SavepointFiles,
        layout: SavepointLayout,
    ) -> Result<PathBuf, StoreError> {
        match layout {
            SavepointLayout::RelativeFolder => self.write_folder(files, false),
            SavepointLayout::AbsoluteFolder => self.write_folder(files, true),
            SavepointLayout::Pointer | SavepointLayout::MetadataFile => self.write_apart(files),
        }
    }

    /// Writes a retained checkpoint as a release lays it out.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(crate) fn write_checkpoint_as(
        &self,
        files: &SavepointFiles,
        layout: SavepointLayout,
    ) -> Result<KeptCheckpoint, StoreError> {
        if layout == SavepointLayout::RelativeFolder {
            return self.write_checkpoint(files);
        }
        let folder = whole(&**self.disk(), self.path())?.join(self.job_folder_name(files));
        self.write_checkpoint(&files.with_files_in(&spoken(&folder)?))
    }

    /// The folder of a checkpoint, from that of the data.
    fn job_folder_name(&self, files: &SavepointFiles) -> PathBuf {
        let folder = self.job_folder(files.job).join(files.checkpoint_folder_name());
        folder.strip_prefix(self.path()).expect("it lies in the data folder").to_owned()
    }

    /// A folder of its own. `has_paths`: its metadata name its files by absolute paths.
    fn write_folder(&self, files: &SavepointFiles, has_paths: bool) -> Result<PathBuf, StoreError> {
        let disk = &**self.disk();
        let parent = self.path().join(SAVEPOINTS);
        create_folder(disk, &parent)?;
        self.under_a_free_name(files, |target| {
            let mut placed = Cow::Borrowed(files);
            if has_paths {
                let place = whole(disk, &parent)?.join(target.file_name().unwrap_or_default());
                placed = Cow::Owned(files.with_files_in(&spoken(&place)?));
            }
            if is_taken(disk, target)? {
                return Ok(holds(disk, target, &placed));
            }
            move_into_place(disk, assemble(disk, &parent, &placed)?, target).map(|()| true)
        })
    }

    /// A metadata file among others, and data in the folder that a checkpoint of the same id would have.
    ///
    /// First the metadata are written into the folder of the data, under the name of a snapshot that is being removed: if all
    /// ends here, the next run takes back what there is. Then the data are written. Then the metadata take their place.
    fn write_apart(&self, files: &SavepointFiles) -> Result<PathBuf, StoreError> {
        let disk = &**self.disk();
        let parent = self.path().join(SAVEPOINTS);
        create_folder(disk, &parent)?;
        if files.states.is_empty() {
            return self.under_a_free_name(files, |target| {
                if is_taken(disk, target)? {
                    return Ok(is_file_with(disk, target, &files.metadata));
                }
                write_over(disk, target, &files.metadata, |_| false).map(|()| true)
            });
        }
        let data = self.job_folder(files.job).join(files.checkpoint_folder_name());
        create_folder(disk, &data)?;
        let metadata = files.with_files_in(&spoken(&whole(disk, &data)?)?).metadata;
        let buried = data.join(removed_name());
        write_over(disk, &buried, &metadata, |_| false)?;
        let written = self.write_data(files, &data).and_then(|()| {
            self.under_a_free_name(files, |target| {
                if is_taken(disk, target)? {
                    return Ok(is_file_with(disk, target, &metadata));
                }
                let renamed = disk.rename(&buried, target);
                renamed.map_err(StoreError::io("rename a file to", target))?;
                sync_folder(disk, &parent)?;
                Ok(true)
            })
        });
        // They are gone, or nobody needs them: it was there before, or did not come to be.
        if is_taken(disk, &buried).unwrap_or(true) {
            let finished = OnDisk::finish(disk, &buried, false);
            return written.and_then(|path| finished.map(|()| path));
        }
        written
    }

    /// The state files of a savepoint whose metadata lie elsewhere.
    fn write_data(&self, files: &SavepointFiles, data: &Path) -> Result<(), StoreError> {
        let disk = &**self.disk();
        for (name, bytes) in &files.states {
            // One that is there has other content, and is not ours.
            if !is_file_with(disk, &data.join(name), bytes) {
                write_over(disk, &data.join(name), bytes, |_| false)?;
            }
        }
        sync_folder(disk, data)
    }

    /// Writes under the first name that is free, or holds the same.
    fn under_a_free_name(
        &self,
        files: &SavepointFiles,
        mut write: impl FnMut(&Path) -> Result<bool, StoreError>,
    ) -> Result<PathBuf, StoreError> {
        let parent = self.path().join(SAVEPOINTS);
        for attempt in 0..NAME_ATTEMPTS {
            let target = parent.join(files.folder_name(attempt));
            assert_eq!(parent_of(&target), parent, "a savepoint's name leads out of its folder");
            if write(&target)? {
                return Ok(target);
            }
        }
        let tried = files.folder_name(NAME_ATTEMPTS - 1);
        Err(StoreError::NoFreeName { path: parent, tried })
    }
}

/// A path from the root on.
fn whole(disk: &dyn Disk, path: &Path) -> Result<PathBuf, StoreError> {
    disk.real_path(path).map_err(StoreError::io("find", path))
}

#[cfg(test)]
mod tests {
    use super::super::codec::encode_inline_below;
    use super::super::codec::tests::sample;
    use super::super::owner::{dispose, move_to, move_with_paths};
    use super::super::read::{list, read_savepoint};
    use super::*;
    use std::fs;

    fn written(layout: SavepointLayout) -> (tempfile::TempDir, DataDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(folder.path().join("data")).unwrap();
        let path = data.write_savepoint(&encode_inline_below(&sample(3), 0), layout).unwrap();
        (folder, data, path)
    }

    #[test]
    fn every_layout_reads_back_and_is_found_again() {
        for layout in [
            SavepointLayout::Pointer,
            SavepointLayout::MetadataFile,
            SavepointLayout::AbsoluteFolder,
            SavepointLayout::RelativeFolder,
        ] {
            let (_folder, data, path) = written(layout);
            assert_eq!(read_savepoint(&path).unwrap(), sample(3), "{layout:?}");
            let again = data.write_savepoint(&encode_inline_below(&sample(3), 0), layout);
            assert_eq!(again.unwrap(), path, "{layout:?}");
            let listed = list(data.path()).unwrap();
            assert_eq!(listed.len(), 1, "{layout:?}");
            assert!(listed[0].summary.is_ok(), "{layout:?}");
        }
    }

    #[test]
    fn a_metadata_file_is_moved_alone_and_disposed_of_with_its_data() {
        let (folder, data, path) = written(SavepointLayout::MetadataFile);
        let moved = move_to(&path, folder.path().join("renamed")).unwrap().path;
        assert!(moved.is_file());
        assert_eq!(read_savepoint(&moved).unwrap(), sample(3));
        let disposed = dispose(&moved).unwrap();
        assert!(disposed.removed.len() > 1);
        assert!(list(data.path()).unwrap().is_empty());
        assert!(!moved.exists());
    }

    #[test]
    fn absolute_paths_move_only_if_they_are_rewritten() {
        let (folder, _data, path) = written(SavepointLayout::AbsoluteFolder);
        let to = folder.path().join("moved");
        assert!(matches!(move_to(&path, &to), Err(StoreError::AbsolutePaths { .. })));
        let moved = move_with_paths(&path, &to).unwrap().path;
        assert!(!path.exists());
        assert_eq!(read_savepoint(&moved).unwrap(), sample(3));
    }

    #[test]
    fn what_was_moved_by_hand_is_told_and_mended() {
        let (folder, _data, path) = written(SavepointLayout::AbsoluteFolder);
        let by_hand = folder.path().join("by-hand");
        fs::rename(&path, &by_hand).unwrap();
        assert!(matches!(read_savepoint(&by_hand), Err(StoreError::MovedAway { .. })));
        assert_eq!(
            move_with_paths(&by_hand, &by_hand).unwrap().path,
            fs::canonicalize(&by_hand).unwrap()
        );
        assert_eq!(read_savepoint(&by_hand).unwrap(), sample(3));
        let mended = move_with_paths(&by_hand, folder.path().join("mended")).unwrap().path;
        assert_eq!(read_savepoint(&mended).unwrap(), sample(3));
        assert!(!by_hand.exists());
    }
}
