//! What the owner of a savepoint does with it: verify it, move it, dispose of it.
//!
//! A snapshot is the files that its metadata names, and nothing else in its folder is touched. Whatever is interrupted
//! leaves either the whole snapshot or no metadata, so that no half of one can be restored.

use super::block::{block_count, length_of};
use super::codec::{Metadata, StateReference, decode};
use super::disk::{Disk, Kind, RealDisk};
use super::error::StoreError;
use super::folder::{
    METADATA, entries, exists, is_a, is_absent, parent_of, replace_file, sync_folder,
};
use super::read::{describe_on, metadata_file, read_metadata, read_referred};
use super::savepoint::SavepointSummary;
use super::unfinished::{UnfinishedFile, UnfinishedFolder};
use std::io;
use std::path::{Path, PathBuf};

/// A snapshot of which every byte of every file was read and found as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// What is in it.
    pub summary: SavepointSummary,
    /// Its files with their blocks, `_metadata` first. Each block has a checksum of its own.
    pub files: Vec<VerifiedFile>,
    /// What else lies in its folder, and belongs to somebody else.
    pub foreign: Vec<String>,
}

/// One file of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedFile {
    /// Its name in the folder of the snapshot.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many blocks it has.
    pub blocks: u64,
}

/// What became of the folder of a snapshot that was disposed of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disposed {
    /// The files that were removed, `_metadata` first.
    pub removed: Vec<String>,
    /// What was left, since it does not belong to the snapshot; the folder is left with it.
    pub left: Vec<String>,
}

/// Reads all of a savepoint or retained checkpoint, and says what there is.
///
/// # Errors
/// Those of [`super::read_savepoint`]: the first byte that is damaged, missing or extra, with its file.
pub fn verify(path: impl AsRef<Path>) -> Result<Verified, StoreError> {
    verify_on(&RealDisk, path)
}

/// The same on this disk.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_on(disk: &dyn Disk, path: impl AsRef<Path>) -> Result<Verified, StoreError> {
    let summary = describe_on(disk, &path)?;
    let Snapshot { file, folder, metadata } = snapshot_of(disk, path.as_ref())?;
    let mut files = Vec::new();
    let mut add = |name: String, file: &Path, bytes: &[u8]| {
        let blocks = block_count(bytes).map_err(|error| StoreError::undecodable(file, error))?;
        files.push(VerifiedFile { name, bytes: length_of(bytes), blocks });
        Ok(())
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    add(name, &file, &read_metadata(disk, &file)?)?;
    for reference in own_references(&metadata).into_iter().chain(metadata.shared_references()) {
        let path = reference.path();
        let bytes = read_referred(disk, &folder, &reference)?;
        add(path, &folder.join(reference.path()), &bytes)?;
    }
    let foreign = foreign_in(disk, &file, &folder, &metadata)?;
    Ok(Verified { summary, files, foreign })
}

/// Removes the files of a savepoint or retained checkpoint: its metadata first, so that it can no longer be found if
/// the rest fails, then what that referred to, then the folder if nothing is left in it. State files that are already
/// gone are no hindrance (`Checkpoints.disposeSavepoint`). Files that other checkpoints of its job may share are left.
///
/// # Errors
/// There is no snapshot whose metadata can be read, or the operating system refuses.
pub fn dispose(path: impl AsRef<Path>) -> Result<Disposed, StoreError> {
    dispose_on(&RealDisk, path)
}

/// The same on this disk.
///
/// # Errors
/// Those of [`dispose`].
pub fn dispose_on(disk: &dyn Disk, path: impl AsRef<Path>) -> Result<Disposed, StoreError> {
    let Snapshot { file, folder, metadata } = snapshot_of(disk, path.as_ref())?;
    let mut removed = Vec::new();
    for name in names_of(&file, &metadata) {
        let file = folder.join(&name);
        match disk.remove_file(&file) {
            Ok(()) => removed.push(name),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(StoreError::io("remove", &file)(error)),
        }
        if removed.len() == 1 {
            sync_folder(disk, &folder)?;
        }
    }
    if !is_in_its_folder(&file) {
        let mut elsewhere: Vec<_> =
            metadata.references().filter_map(|file| file.folder()).collect();
        elsewhere.dedup();
        // What others have there stays.
        elsewhere.iter().for_each(|folder| drop(disk.remove_folder(Path::new(folder))));
        return Ok(Disposed { removed, left: Vec::new() });
    }
    let left = entries(disk, &folder)?;
    if left.is_empty() {
        disk.remove_folder(&folder).map_err(StoreError::io("remove", &folder))?;
    }
    Ok(Disposed { removed, left })
}

/// Moves a savepoint or retained checkpoint, and says where it is: at `to`, or under its own name inside `to` if that
/// is a folder. All of it was read before, so that no damage is carried on. To another file system it is copied, synced
/// and read again before the original is disposed of.
///
/// # Errors
/// Those of [`super::read_savepoint`]; it shares files with other checkpoints; something is at the target; the operating system refuses. The original is whole then.
pub fn move_to(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<PathBuf, StoreError> {
    move_to_on(&RealDisk, from, to)
}

/// The same on this disk.
///
/// # Errors
/// Those of [`move_to`].
pub fn move_to_on(
    disk: &dyn Disk,
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> Result<PathBuf, StoreError> {
    describe_on(disk, &from)?;
    let Snapshot { file, folder, metadata } = snapshot_of(disk, from.as_ref())?;
    if metadata.shared_references().next().is_some() {
        return Err(StoreError::SharesFiles { path: folder });
    }
    if !is_in_its_folder(&file) {
        return move_file(disk, &file, to.as_ref());
    }
    if metadata.has_paths() {
        return Err(StoreError::AbsolutePaths { path: folder });
    }
    let target = target_of(disk, &folder, to.as_ref())?;
    let parent = parent_of(&target);
    match disk.rename(&folder, &target) {
        Ok(()) => sync_folder(disk, parent)?,
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy(disk, &folder, &metadata, parent, &target)?;
            dispose_on(disk, &folder)?;
        }
        Err(error) => return Err(StoreError::io("move a folder to", &target)(error)),
    }
    Ok(target)
}

/// Where a folder goes that is moved to `to`: nothing may be there.
fn target_of(disk: &dyn Disk, folder: &Path, to: &Path) -> Result<PathBuf, StoreError> {
    let is_inside = is_a(disk, to, Kind::Folder) && !exists(disk, &to.join(METADATA))?;
    let target = match folder.file_name() {
        Some(name) if is_inside => to.join(name),
        Some(_) | None => to.to_owned(),
    };
    if exists(disk, &target)? {
        return Err(StoreError::Occupied { path: target });
    }
    Ok(target)
}

fn copy(
    disk: &dyn Disk,
    folder: &Path,
    metadata: &Metadata,
    parent: &Path,
    target: &Path,
) -> Result<(), StoreError> {
    let mut unfinished = UnfinishedFolder::make(disk, parent)?;
    for reference in own_references(metadata) {
        unfinished.write(reference.name(), &read_referred(disk, folder, &reference)?)?;
    }
    // The metadata last, as it refers to the others.
    unfinished.write(METADATA, &read_metadata(disk, &folder.join(METADATA))?)?;
    sync_folder(disk, unfinished.path())?;
    super::read::read_folder(disk, unfinished.path())?;
    super::folder::move_into_place(disk, unfinished, target)
}

/// Moves a metadata file whose data lie elsewhere: it knows where, so that nothing else moves.
fn move_file(disk: &dyn Disk, file: &Path, to: &Path) -> Result<PathBuf, StoreError> {
    let target = target_of(disk, file, to)?;
    match disk.rename(file, &target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let bytes = read_metadata(disk, file)?;
            UnfinishedFile::write(disk, &target, &bytes)?.put_at(&target)?;
            disk.remove_file(file).map_err(StoreError::io("remove", file))?;
        }
        Err(error) => return Err(StoreError::io("move a file to", &target)(error)),
    }
    sync_folder(disk, parent_of(&target))?;
    Ok(target)
}

/// Moves a savepoint whose metadata name its files by absolute paths, and has them name the new place. Its files may have
/// been moved by hand before: then they are looked for beside the metadata, and it may stay where it is.
///
/// 1. Its files are copied into an unfinished folder, metadata with the new paths last. 2. That takes its place at once, and
///    is read. 3. The original is removed, its metadata first. Whatever is interrupted leaves one of them whole.
///
/// # Errors
/// Those of [`move_to`].
pub fn move_with_paths(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> Result<PathBuf, StoreError> {
    move_with_paths_on(&RealDisk, from, to)
}

/// The same on this disk.
///
/// # Errors
/// Those of [`move_to`].
pub fn move_with_paths_on(
    disk: &dyn Disk,
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> Result<PathBuf, StoreError> {
    let Snapshot { file, folder, mut metadata } = snapshot_of(disk, from.as_ref())?;
    if !metadata.has_paths() || !is_in_its_folder(&file) {
        return move_to_on(disk, from, to);
    }
    if metadata.shared_references().next().is_some() {
        return Err(StoreError::SharesFiles { path: folder });
    }
    if disk.real_path(to.as_ref()).is_ok_and(|to| to == folder) {
        return rewrite_in_place(disk, folder, metadata);
    }
    let target = target_of(disk, &folder, to.as_ref())?;
    let parent = parent_of(&target);
    let name = target.file_name().unwrap_or_default();
    let parent = disk.real_path(parent).map_err(StoreError::io("find", parent))?;
    let target = parent.join(name);
    let mut unfinished = UnfinishedFolder::make(disk, &parent)?;
    let mut originals = vec![file];
    for reference in own_references(&metadata) {
        let named = folder.join(reference.path());
        let found = if exists(disk, &named)? { reference } else { reference.beside() };
        unfinished.write(found.name(), &read_referred(disk, &folder, &found)?)?;
        originals.push(folder.join(found.path()));
    }
    let place = spoken(&target)?;
    metadata.change_folders(|_| Some(place.clone()));
    unfinished.write(METADATA, &metadata.encode())?;
    sync_folder(disk, unfinished.path())?;
    super::folder::move_into_place(disk, unfinished, &target)?;
    describe_on(disk, &target)?;
    for original in originals {
        disk.remove_file(&original).map_err(StoreError::io("remove", &original))?;
    }
    if entries(disk, &folder)?.is_empty() {
        disk.remove_folder(&folder).map_err(StoreError::io("remove", &folder))?;
    }
    Ok(target)
}

/// Has the metadata of a savepoint that was moved by hand name the files beside it. They take the place of the old ones at
/// once.
fn rewrite_in_place(
    disk: &dyn Disk,
    folder: PathBuf,
    mut metadata: Metadata,
) -> Result<PathBuf, StoreError> {
    let place = spoken(&folder)?;
    metadata.change_folders(|reference| {
        match is_a(disk, &folder.join(reference.name()), Kind::File) {
            true => Some(place.clone()),
            false => reference.folder().map(str::to_owned),
        }
    });
    replace_file(disk, &folder, METADATA, &metadata.encode())?;
    describe_on(disk, &folder)?;
    Ok(folder)
}

/// A path as metadata spell it.
pub(super) fn spoken(path: &Path) -> Result<String, StoreError> {
    let text =
        path.to_str().ok_or_else(|| StoreError::UnspeakablePath { path: path.to_owned() })?;
    Ok(if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() })
}

/// A snapshot as it lies.
struct Snapshot {
    /// Its metadata.
    file: PathBuf,
    /// The folder of that.
    folder: PathBuf,
    metadata: Metadata,
}

/// The files of the snapshot at a path, and what its metadata says.
fn snapshot_of(disk: &dyn Disk, path: &Path) -> Result<Snapshot, StoreError> {
    let file = metadata_file(disk, path)?;
    let bytes = read_metadata(disk, &file)?;
    let metadata = decode(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    let folder = disk.real_path(parent_of(&file)).map_err(StoreError::io("find", &file))?;
    let file = folder.join(file.file_name().unwrap_or_default());
    Ok(Snapshot { file, folder, metadata })
}

/// Whether a metadata file has a folder of its own.
fn is_in_its_folder(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == METADATA)
}

/// The files of a snapshot, the metadata first.
fn names_of(file: &Path, metadata: &Metadata) -> Vec<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let states = own_references(metadata).into_iter().map(|reference| reference.path());
    [name].into_iter().chain(states).collect()
}

/// The state files of a snapshot, each once, in order of their paths.
fn own_references(metadata: &Metadata) -> Vec<StateReference> {
    let mut references: Vec<_> = metadata.references().cloned().collect();
    references.sort_by_key(StateReference::path);
    references.dedup_by_key(|reference| reference.path());
    references
}

/// What else is in the folder of a snapshot, if that is its own.
fn foreign_in(
    disk: &dyn Disk,
    file: &Path,
    folder: &Path,
    metadata: &Metadata,
) -> Result<Vec<String>, StoreError> {
    if !is_in_its_folder(file) {
        return Ok(Vec::new());
    }
    let is_own = |name: &String| {
        name == METADATA || metadata.references().any(|reference| reference.name() == *name)
    };
    Ok(entries(disk, folder)?.into_iter().filter(|name| !is_own(name)).collect())
}

#[cfg(test)]
mod tests;
