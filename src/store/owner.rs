//! What the owner of a savepoint does with it: verify it, move it, dispose of it.
//!
//! A snapshot is the files that its metadata names, and nothing else in its folder is touched. Whatever is interrupted
//! leaves either the whole snapshot or no metadata, so that no half of one can be restored.

use super::block::block_count;
use super::codec::{Metadata, decode};
use super::error::StoreError;
use super::folder::{
    METADATA, entries, exists, is_absent, replace_file, sync_folder, temporary, write_synced,
};
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
    let Snapshot { file, folder, metadata } = snapshot_of(path.as_ref())?;
    let mut files = Vec::new();
    for name in names_of(&file, &metadata) {
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
    let foreign = foreign_in(&file, &folder, &metadata)?;
    Ok(Verified { summary, files, foreign })
}

/// Removes the files of a savepoint or retained checkpoint: its metadata first, so that it can no longer be found if
/// the rest fails, then what that referred to, then the folder if nothing is left in it. State files that are already
/// gone are no hindrance (`Checkpoints.disposeSavepoint`). Files that other checkpoints of its job may share are left.
///
/// # Errors
/// There is no snapshot whose metadata can be read, or the operating system refuses.
pub fn dispose(path: impl AsRef<Path>) -> Result<Disposed, StoreError> {
    let Snapshot { file, folder, metadata } = snapshot_of(path.as_ref())?;
    let mut removed = Vec::new();
    for name in names_of(&file, &metadata) {
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
    if !is_in_its_folder(&file) {
        let mut elsewhere: Vec<_> =
            metadata.references().filter_map(|file| file.folder()).collect();
        elsewhere.dedup();
        // What others have there stays.
        elsewhere.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        return Ok(Disposed { removed, left: Vec::new() });
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
    let Snapshot { file, folder, metadata } = snapshot_of(from.as_ref())?;
    if metadata.shared_references().next().is_some() {
        return Err(StoreError::SharesFiles { path: folder });
    }
    if !is_in_its_folder(&file) {
        return move_file(&file, to.as_ref());
    }
    if metadata.has_paths() {
        return Err(StoreError::AbsolutePaths { path: folder });
    }
    let target = target_of(&folder, to.as_ref())?;
    let parent = parent_of(&target);
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
    let mut names = names_of(&folder.join(METADATA), metadata);
    names.reverse(); // the metadata last, as it refers to the others
    for name in names {
        copy_file(&folder.join(&name), &unfinished.path().join(&name))?;
    }
    sync_folder(unfinished.path())?;
    super::read::read_folder(unfinished.path())?;
    super::folder::move_into_place(unfinished, target)
}

fn copy_file(old: &Path, new: &Path) -> Result<(), StoreError> {
    fs::copy(old, new).map_err(StoreError::io("copy", old))?;
    let sync = || fs::File::open(new)?.sync_all();
    sync().map_err(StoreError::io("sync", new))
}

/// The folder that a path lies in.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Moves a metadata file whose data lie elsewhere: it knows where, so that nothing else moves.
fn move_file(file: &Path, to: &Path) -> Result<PathBuf, StoreError> {
    let target = target_of(file, to)?;
    match fs::rename(file, &target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let parent = parent_of(&target);
            let unfinished = temporary(0o666)
                .tempfile_in(parent)
                .map_err(StoreError::io("create a file in", parent))?;
            copy_file(file, unfinished.path())?;
            unfinished
                .persist(&target)
                .map_err(|error| StoreError::io("rename a file to", &target)(error.error))?;
            fs::remove_file(file).map_err(StoreError::io("remove", file))?;
        }
        Err(error) => return Err(StoreError::io("move a file to", &target)(error)),
    }
    sync_folder(parent_of(&target))?;
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
    let Snapshot { file, folder, mut metadata } = snapshot_of(from.as_ref())?;
    if !metadata.has_paths() || !is_in_its_folder(&file) {
        return move_to(from, to);
    }
    if metadata.shared_references().next().is_some() {
        return Err(StoreError::SharesFiles { path: folder });
    }
    if fs::canonicalize(to.as_ref()).is_ok_and(|to| to == folder) {
        return rewrite_in_place(folder, metadata);
    }
    let target = target_of(&folder, to.as_ref())?;
    let parent = parent_of(&target);
    let name = target.file_name().unwrap_or_default();
    let parent = fs::canonicalize(parent).map_err(StoreError::io("find", parent))?;
    let target = parent.join(name);
    let unfinished = temporary(0o777)
        .tempdir_in(&parent)
        .map_err(StoreError::io("create a folder in", &parent))?;
    let mut originals = vec![file];
    for reference in metadata.references() {
        let (named, beside) = (folder.join(reference.path()), folder.join(reference.name()));
        let original = if exists(&named)? { named } else { beside };
        copy_file(&original, &unfinished.path().join(reference.name()))?;
        originals.push(original);
    }
    let place = spoken(&target)?;
    metadata.change_folders(|_| Some(place.clone()));
    write_synced(&unfinished.path().join(METADATA), &metadata.encode())?;
    sync_folder(unfinished.path())?;
    super::folder::move_into_place(unfinished, &target)?;
    describe(&target)?;
    for original in originals {
        fs::remove_file(&original).map_err(StoreError::io("remove", &original))?;
    }
    if entries(&folder)?.is_empty() {
        fs::remove_dir(&folder).map_err(StoreError::io("remove", &folder))?;
    }
    Ok(target)
}

/// Has the metadata of a savepoint that was moved by hand name the files beside it. They take the place of the old ones at
/// once.
fn rewrite_in_place(folder: PathBuf, mut metadata: Metadata) -> Result<PathBuf, StoreError> {
    let place = spoken(&folder)?;
    metadata.change_folders(|reference| match folder.join(reference.name()).is_file() {
        true => Some(place.clone()),
        false => reference.folder().map(str::to_owned),
    });
    replace_file(&folder, METADATA, &metadata.encode())?;
    describe(&folder)?;
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
fn snapshot_of(path: &Path) -> Result<Snapshot, StoreError> {
    let file = metadata_file(path)?;
    let bytes = fs::read(&file).map_err(StoreError::io("read", &file))?;
    let metadata = decode(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    let folder = fs::canonicalize(parent_of(&file)).map_err(StoreError::io("find", &file))?;
    let file = folder.join(file.file_name().unwrap_or_default());
    Ok(Snapshot { file, folder, metadata })
}

/// Whether a metadata file has a folder of its own.
fn is_in_its_folder(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == METADATA)
}

/// The files of a snapshot, the metadata first.
fn names_of(file: &Path, metadata: &Metadata) -> Vec<String> {
    let mut states: Vec<_> =
        metadata.references().map(super::codec::StateReference::path).collect();
    states.sort_unstable();
    states.dedup();
    let name = file.file_name().unwrap_or_default();
    states.insert(0, name.to_string_lossy().into_owned());
    states
}

/// What else is in the folder of a snapshot, if that is its own.
fn foreign_in(file: &Path, folder: &Path, metadata: &Metadata) -> Result<Vec<String>, StoreError> {
    if !is_in_its_folder(file) {
        return Ok(Vec::new());
    }
    let is_own = |name: &String| {
        name == METADATA || metadata.references().any(|reference| reference.name() == *name)
    };
    Ok(entries(folder)?.into_iter().filter(|name| !is_own(name)).collect())
}

#[cfg(test)]
mod tests;
