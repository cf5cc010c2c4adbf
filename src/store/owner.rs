//! What the owner of a savepoint does with it: verify it, move it, dispose of it.
//!
//! A snapshot is the files that its metadata names, and nothing else in its folder is touched. Whatever is interrupted
//! leaves either the whole snapshot or no metadata, so that no half of one can be restored.

use super::block::{block_count, length_of};
use super::codec::{Metadata, StateReference};
use super::disk::{Disk, Kind, Links, RealDisk};
use super::error::StoreError;
use super::folder::{entries, exists, is_a, is_taken, parent_of, sync_folder};
use super::read::{describe_on, read_metadata, read_referred};
use super::remove::{Disposed, LeftFile, OnDisk, is_in_its_folder};
use super::savepoint::SavepointSummary;
use super::unfinished::{UnfinishedFolder, write_file};
use crate::job::METADATA;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// A snapshot of which every byte of every file was read and found as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Verified {
    /// What is in it.
    pub summary: SavepointSummary,
    /// Its files with their blocks, `_metadata` first. Each block has a checksum of its own.
    pub files: Vec<VerifiedFile>,
    /// What else lies in its folder, and belongs to somebody else.
    pub foreign: Vec<OsString>,
}

/// One file of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct VerifiedFile {
    /// Its name in the folder of the snapshot.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many blocks it has.
    pub blocks: u64,
}

/// Reads all of a savepoint or retained checkpoint, and says what there is.
///
/// # Errors
/// Those of [`super::read_savepoint`]: the first byte that is damaged, missing or extra, with its file.
pub fn verify(path: impl AsRef<Path>) -> Result<Verified, StoreError> {
    let disk = &RealDisk;
    let summary = describe_on(disk, &path)?;
    let OnDisk { file, folder, metadata, .. } = OnDisk::find(disk, path.as_ref())?;
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
/// gone are no hindrance (`Checkpoints.disposeSavepoint`). Files that other checkpoints of its job may share are left, and so
/// is whatever is not known to be its own.
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
    OnDisk::find(disk, path.as_ref())?.remove(disk)
}

/// What [`dispose`] would do now: the files that it would remove, and what it would leave.
///
/// # Errors
/// Those of [`dispose`].
pub fn would_dispose(path: impl AsRef<Path>) -> Result<Disposed, StoreError> {
    OnDisk::find(&RealDisk, path.as_ref())?.would_remove(&RealDisk)
}

/// Where a snapshot was moved to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Moved {
    /// Its folder now, or its metadata file.
    pub path: PathBuf,
    /// What stayed where it was, since it does not belong to it.
    pub left: Vec<LeftFile>,
}

/// Moves a savepoint or retained checkpoint, and says where it is: at `to`, or under its own name inside `to` if that
/// is a folder. All of it was read before, so that no damage is carried on. If things of others lie in its folder, or the target
/// lies in another file system, its files are copied, synced and read again before the original is disposed of.
///
/// # Errors
/// Those of [`super::read_savepoint`]; it shares files with other checkpoints; something is at the target; the operating system refuses. The original is whole then.
pub fn move_to(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Moved, StoreError> {
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
) -> Result<Moved, StoreError> {
    describe_on(disk, &from)?;
    let snapshot = OnDisk::find(disk, from.as_ref())?;
    if snapshot.metadata.shared_references().next().is_some() {
        return Err(StoreError::SharesFiles { path: snapshot.folder });
    }
    if !is_in_its_folder(&snapshot.file) {
        return move_file(disk, &snapshot, to.as_ref());
    }
    if snapshot.metadata.has_paths() {
        return Err(StoreError::AbsolutePaths { path: snapshot.folder });
    }
    let folder = &snapshot.folder;
    let target = target_of(disk, folder, to.as_ref())?;
    let parent = parent_of(&target);
    let mut left = snapshot.would_remove(disk)?.left;
    let is_alone = left.is_empty();
    let renamed = if is_alone { disk.rename(folder, &target) } else { Ok(()) };
    match renamed {
        Ok(()) if is_alone => {
            sync_folder(disk, parent)?;
            left.extend(snapshot.dangling(disk));
        }
        Err(error) if error.kind() != io::ErrorKind::CrossesDevices => {
            return Err(StoreError::io("move a folder to", &target)(error));
        }
        Ok(()) | Err(_) => {
            copy(disk, folder, &snapshot.metadata, parent, &target)?;
            left = snapshot.remove(disk)?.left;
        }
    }
    Ok(Moved { path: target, left })
}

/// Where a folder or file goes that is moved to `to`: nothing may be there. The path does not lead through what is moved.
fn target_of(disk: &dyn Disk, moved: &Path, to: &Path) -> Result<PathBuf, StoreError> {
    let is_inside = is_a(disk, to, Kind::Folder) && !exists(disk, &to.join(METADATA))?;
    let target = match moved.file_name() {
        Some(name) if is_inside => to.join(name),
        Some(_) | None => to.to_owned(),
    };
    if is_taken(disk, &target)? {
        return Err(StoreError::Occupied { path: target });
    }
    let parent = parent_of(&target);
    let parent = disk.real_path(parent).map_err(StoreError::io("find", parent))?;
    Ok(parent.join(target.file_name().unwrap_or_default()))
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
fn move_file(disk: &dyn Disk, snapshot: &OnDisk, to: &Path) -> Result<Moved, StoreError> {
    let file = &snapshot.file;
    let target = target_of(disk, file, to)?;
    match disk.rename(file, &target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let bytes = read_metadata(disk, file)?;
            write_file(disk, &target, &bytes)?;
            disk.remove_file(file).map_err(StoreError::io("remove", file))?;
        }
        Err(error) => return Err(StoreError::io("move a file to", &target)(error)),
    }
    sync_folder(disk, parent_of(&target))?;
    Ok(Moved { path: target, left: snapshot.dangling(disk).into_iter().collect() })
}

/// Moves a savepoint whose metadata name its files by absolute paths, and has them name the new place. Its files may have
/// been moved by hand before: then they are looked for beside the metadata, and it may stay where it is.
///
/// 1. Its files are copied into an unfinished folder, metadata with the new paths last. 2. That takes its place at once, and
///    is read. 3. The original is removed, its metadata first. Whatever is interrupted leaves one of them whole.
///
/// # Errors
/// Those of [`move_to`].
pub fn move_with_paths(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Moved, StoreError> {
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
) -> Result<Moved, StoreError> {
    let snapshot = OnDisk::find(disk, from.as_ref())?;
    let OnDisk { file, folder, .. } = &snapshot;
    if !snapshot.metadata.has_paths() || !is_in_its_folder(file) {
        return move_to_on(disk, from, to);
    }
    if snapshot.metadata.shared_references().next().is_some() {
        return Err(StoreError::SharesFiles { path: folder.clone() });
    }
    if disk.real_path(to.as_ref()).is_ok_and(|to| to == *folder) {
        let path = rewrite_in_place(disk, &snapshot)?;
        return Ok(Moved { path, left: Vec::new() });
    }
    let mut metadata = snapshot.metadata.clone();
    let target = target_of(disk, folder, to.as_ref())?;
    let mut unfinished = UnfinishedFolder::make(disk, parent_of(&target))?;
    for reference in own_references(&metadata) {
        let named = folder.join(reference.path());
        let found = if exists(disk, &named)? { reference } else { reference.beside() };
        unfinished.write(found.name(), &read_whole(disk, folder, &found)?)?;
    }
    let place = spoken(&target)?;
    metadata.change_folders(|_| Some(place.clone()));
    unfinished.write(METADATA, &metadata.encode())?;
    sync_folder(disk, unfinished.path())?;
    super::folder::move_into_place(disk, unfinished, &target)?;
    describe_on(disk, &target)?;
    let left = snapshot.remove(disk)?.left;
    Ok(Moved { path: target, left })
}

/// Has the metadata of a savepoint that was moved by hand name the files beside it. They take the place of the old ones at
/// once, and only if all that they name is whole.
fn rewrite_in_place(disk: &dyn Disk, snapshot: &OnDisk) -> Result<PathBuf, StoreError> {
    let OnDisk { file, folder, metadata, .. } = snapshot;
    let place = spoken(folder)?;
    let mut beside = BTreeSet::new();
    for reference in own_references(metadata) {
        if is_a(disk, &folder.join(reference.name()), Kind::File) {
            read_whole(disk, folder, &reference.beside())?;
            beside.insert(reference.name().to_owned());
        } else {
            read_whole(disk, folder, &reference)?;
        }
    }
    let mut metadata = metadata.clone();
    metadata.change_folders(|reference| match beside.contains(reference.name()) {
        true => Some(place.clone()),
        false => reference.folder().map(str::to_owned),
    });
    if let Kind::Link = disk.look(file, Links::Told).map_err(StoreError::io("read", file))?.kind {
        let (what, path) = ("the metadata file", file.clone());
        return Err(StoreError::Irregular { what, path, kind: Kind::Link });
    }
    write_file(disk, &folder.join(METADATA), &metadata.encode())?;
    describe_on(disk, folder)?;
    Ok(folder.clone())
}

/// The bytes of a state file, which are those that were written.
fn read_whole(
    disk: &dyn Disk,
    folder: &Path,
    reference: &StateReference,
) -> Result<Vec<u8>, StoreError> {
    let bytes = read_referred(disk, folder, reference)?;
    let file = folder.join(reference.path());
    reference.check(&bytes).map_err(|error| StoreError::StateFileChecksum { file, error })?;
    Ok(bytes)
}

/// A path as metadata spell it.
pub(super) fn spoken(path: &Path) -> Result<String, StoreError> {
    let text =
        path.to_str().ok_or_else(|| StoreError::UnspeakablePath { path: path.to_owned() })?;
    Ok(if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() })
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
) -> Result<Vec<OsString>, StoreError> {
    if !is_in_its_folder(file) {
        return Ok(Vec::new());
    }
    let is_own = |name: &OsString| {
        name == METADATA || metadata.references().any(|reference| reference.name() == *name)
    };
    Ok(entries(disk, folder)?.into_iter().filter(|name| !is_own(name)).collect())
}

#[cfg(test)]
mod tests;
