//! What the owner of a savepoint does with it: verify it, move it, dispose of it.
//!
//! A snapshot is the files that its metadata names, and nothing else in its folder is touched. Whatever is interrupted
//! leaves either the whole snapshot or no metadata, so that no half of one can be restored.

use super::block::block_count;
use super::codec::{Metadata, decode};
use super::error::StoreError;
use super::folder::{METADATA, entries, exists, is_absent, sync_folder, temporary};
use super::read::{describe, metadata_file};
use super::savepoint::SavepointSummary;
use std::fs;
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
    let summary = describe(&path)?;
    let (folder, metadata) = snapshot_of(path.as_ref())?;
    let mut files = Vec::new();
    for name in names_of(&metadata) {
        let file = folder.join(&name);
        let bytes = fs::read(&file).map_err(StoreError::io("read", &file))?;
        let blocks = block_count(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
        let bytes = super::block::length_of(&bytes);
        files.push(VerifiedFile { name, bytes, blocks });
    }
    for reference in metadata.shared_references() {
        let file = folder.join(reference.path());
        let bytes = fs::read(&file).map_err(StoreError::io("read", &file))?;
        let blocks = block_count(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
        files.push(VerifiedFile { name: reference.path(), bytes: reference.length(), blocks });
    }
    let foreign = foreign_in(&folder, &metadata)?;
    Ok(Verified { summary, files, foreign })
}

/// Removes the files of a savepoint or retained checkpoint: its metadata first, so that it can no longer be found if
/// the rest fails, then what that referred to, then the folder if nothing is left in it. State files that are already
/// gone are no hindrance (SEMANTICS §7.6). Files that other checkpoints of its job may share are left.
///
/// # Errors
/// There is no snapshot whose metadata can be read, or the operating system refuses.
pub fn dispose(path: impl AsRef<Path>) -> Result<Disposed, StoreError> {
    let (folder, metadata) = snapshot_of(path.as_ref())?;
    let mut removed = Vec::new();
    for name in names_of(&metadata) {
        let file = folder.join(&name);
        match fs::remove_file(&file) {
            Ok(()) => removed.push(name),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(StoreError::io("remove", &file)(error)),
        }
        if removed.len() == 1 {
            sync_folder(&folder)?;
        }
    }
    let left = entries(&folder)?;
    if left.is_empty() {
        fs::remove_dir(&folder).map_err(StoreError::io("remove", &folder))?;
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
    describe(&from)?;
    let (folder, metadata) = snapshot_of(from.as_ref())?;
    if metadata.shared_references().next().is_some() {
        return Err(StoreError::SharesFiles { path: folder });
    }
    let target = target_of(&folder, to.as_ref())?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    match fs::rename(&folder, &target) {
        Ok(()) => sync_folder(parent)?,
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy(&folder, &metadata, parent, &target)?;
            dispose(&folder)?;
        }
        Err(error) => return Err(StoreError::io("move a folder to", &target)(error)),
    }
    Ok(target)
}

/// Where a folder goes that is moved to `to`: nothing may be there.
fn target_of(folder: &Path, to: &Path) -> Result<PathBuf, StoreError> {
    let is_inside = to.is_dir() && !exists(&to.join(METADATA))?;
    let target = match folder.file_name() {
        Some(name) if is_inside => to.join(name),
        Some(_) | None => to.to_owned(),
    };
    if exists(&target)? {
        return Err(StoreError::Occupied { path: target });
    }
    Ok(target)
}

fn copy(
    folder: &Path,
    metadata: &Metadata,
    parent: &Path,
    target: &Path,
) -> Result<(), StoreError> {
    let unfinished = temporary(0o777)
        .tempdir_in(parent)
        .map_err(StoreError::io("create a folder in", parent))?;
    let mut names = names_of(metadata);
    names.reverse(); // the metadata last, as it refers to the others
    for name in names {
        let (old, new) = (folder.join(&name), unfinished.path().join(&name));
        fs::copy(&old, &new).map_err(StoreError::io("copy", &old))?;
        let sync = || fs::File::open(&new)?.sync_all();
        sync().map_err(StoreError::io("sync", &new))?;
    }
    sync_folder(unfinished.path())?;
    super::read::read_folder(unfinished.path())?;
    super::folder::move_into_place(unfinished, target)
}

/// The folder of a snapshot, and what its metadata says.
fn snapshot_of(path: &Path) -> Result<(PathBuf, Metadata), StoreError> {
    let file = metadata_file(path)?;
    let bytes = fs::read(&file).map_err(StoreError::io("read", &file))?;
    let metadata = decode(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    Ok((fs::canonicalize(&folder).map_err(StoreError::io("find", &folder))?, metadata))
}

/// The files of a snapshot, `_metadata` first.
fn names_of(metadata: &Metadata) -> Vec<String> {
    let mut states: Vec<_> = metadata.references().map(|file| file.name().to_owned()).collect();
    states.sort_unstable();
    states.dedup();
    states.insert(0, METADATA.to_owned());
    states
}

fn foreign_in(folder: &Path, metadata: &Metadata) -> Result<Vec<String>, StoreError> {
    let own = names_of(metadata);
    Ok(entries(folder)?.into_iter().filter(|name| !own.contains(name)).collect())
}

#[cfg(test)]
mod tests;
