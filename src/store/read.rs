//! Reads savepoints and retained checkpoints from wherever they are, all of it or not at all.

use super::block::length_of;
use super::codec::{Metadata, StateReference, decode, decode_state};
use super::disk::{Disk, Found, Kind, Links, RealDisk};
use super::error::StoreError;
use super::folder::{
    CHECKPOINTS, DataDir, METADATA_BYTES_MAX, SAVEPOINTS, entries, exists, if_there, is_a, is_same,
    paths_in, read_regular,
};
use super::savepoint::{Savepoint, SavepointSummary};
use super::unfinished::{TEMPORARY, is_removed_name};
use super::wire::is_state_name;
use crate::job::METADATA;
use crate::state::OperatorSnapshot;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One savepoint or retained checkpoint among others.
#[derive(Debug)]
#[non_exhaustive]
pub struct Listed {
    /// Its folder.
    pub path: PathBuf,
    /// What is in it, or why it cannot be read: a damaged one hides none of the others.
    pub summary: Result<SavepointSummary, StoreError>,
}

/// Reads a savepoint or retained checkpoint: `path` is its folder or the `_metadata` in it.
///
/// # Errors
/// Nothing is there, it is no savepoint, a newer program wrote it, or any byte of any of its files is damaged,
/// missing or extra.
pub fn read_savepoint(path: impl AsRef<Path>) -> Result<Savepoint, StoreError> {
    read_savepoint_on(&RealDisk, path)
}

/// The same on this disk.
///
/// # Errors
/// Those of [`read_savepoint`].
pub fn read_savepoint_on(disk: &dyn Disk, path: impl AsRef<Path>) -> Result<Savepoint, StoreError> {
    read(disk, path.as_ref()).map(|(_, savepoint)| savepoint)
}

/// What is to be told of a savepoint or retained checkpoint. Reads all of it, as [`read_savepoint`] does.
///
/// # Errors
/// Those of [`read_savepoint`].
pub fn describe(path: impl AsRef<Path>) -> Result<SavepointSummary, StoreError> {
    describe_on(&RealDisk, path)
}

/// The same on this disk.
///
/// # Errors
/// Those of [`read_savepoint`].
pub fn describe_on(
    disk: &dyn Disk,
    path: impl AsRef<Path>,
) -> Result<SavepointSummary, StoreError> {
    read(disk, path.as_ref()).map(|(metadata, savepoint)| metadata.summarize(&savepoint))
}

/// The savepoints and then the retained checkpoints of a data folder, or those in any other folder, or the one
/// that `path` is. Sorted by name; what was never finished is not listed.
///
/// # Errors
/// Nothing is at `path`, or a folder cannot be listed.
pub fn list(path: impl AsRef<Path>) -> Result<Vec<Listed>, StoreError> {
    let (path, disk) = (path.as_ref(), &RealDisk);
    if !exists(disk, path)? {
        return Err(StoreError::NotFound { path: path.to_owned() });
    }
    let mut folders = Vec::new();
    if is_a(disk, path, Kind::File) || exists(disk, &path.join(METADATA))? {
        folders.push(path.to_owned());
    } else if DataDir::open(path)?.is_some() {
        collect(disk, &path.join(SAVEPOINTS), &mut folders)?;
        let savepoints = path.join(SAVEPOINTS);
        let removed = entries(disk, &savepoints).unwrap_or_default().into_iter();
        let removed = removed.filter(|name| name.to_str().is_some_and(is_removed_name));
        let removed = removed.map(|name| savepoints.join(name));
        let data = data_of(disk, &folders.iter().cloned().chain(removed).collect::<Vec<_>>());
        let jobs = path.join(CHECKPOINTS);
        for job in subfolders(disk, &jobs)? {
            let mut found = Vec::new();
            collect(disk, &job, &mut found)?;
            found.retain(|folder| !data.iter().any(|data| is_same(disk, data, folder)));
            folders.append(&mut found);
        }
    } else {
        collect(disk, path, &mut folders)?;
    }
    let listed = |path| Listed { summary: describe_on(disk, &path), path };
    Ok(folders.into_iter().map(listed).collect())
}

/// The data folder that a savepoint or retained checkpoint lies in, `None` if it was moved out of it.
pub fn find_data_dir_on(disk: &Arc<dyn Disk>, savepoint: impl AsRef<Path>) -> Option<DataDir> {
    let given = disk.real_path(savepoint.as_ref()).ok()?;
    let is_file = is_a(&**disk, &given, Kind::File);
    let is_alone = is_file && given.file_name().is_some_and(|name| name != METADATA);
    let folder = if is_file { given.parent()? } else { &given };
    let parent = if is_alone { folder } else { folder.parent()? };
    let is_called = |path: &Path, name: &str| path.file_name().is_some_and(|found| found == name);
    let root = if is_called(parent, SAVEPOINTS) {
        parent.parent()?
    } else {
        let checkpoints = parent.parent()?;
        is_called(checkpoints, CHECKPOINTS).then(|| checkpoints.parent())??
    };
    DataDir::open_on(Arc::clone(disk), root).ok()?
}

/// Whether a path lies where only snapshots and sinks do: in the folder of a snapshot, or in those of a data folder that are
/// not its user's. Nothing of a user's own should be written there.
pub fn is_kept_for_snapshots(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    let is_own = |root: &Path| is_kept_in(root, path);
    let is_data_dir = |root: &Path| root.join(super::folder::MARKER).is_file();
    path.parent().is_some_and(|folder| folder.join(METADATA).exists())
        || path.ancestors().skip(1).any(|root| is_data_dir(root) && is_own(root))
}

/// Whether a path is, or lies in, what a data folder at `root` keeps under names of its own, be it there yet or not.
pub fn is_kept_in(root: &Path, path: &Path) -> bool {
    let mut inside = path.strip_prefix(root).into_iter().flat_map(Path::components);
    let first = inside.next().map(|name| name.as_os_str().to_string_lossy().into_owned());
    first.is_some_and(|first| super::folder::OWN.contains(&&*first))
}

/// The folders of a folder, sorted by name; none if it does not exist.
fn subfolders(disk: &dyn Disk, folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let paths = paths_in(disk, folder)?.into_iter();
    Ok(paths.filter(|path| is_a(disk, path, Kind::Folder) && !is_unfinished(path)).collect())
}

/// Adds the folders that are a savepoint or checkpoint, or by their name should be a savepoint: `chk-2` before `chk-10`. The
/// folder of a checkpoint without metadata holds the data of an old savepoint, or what is left of a checkpoint.
fn collect(disk: &dyn Disk, parent: &Path, folders: &mut Vec<PathBuf>) -> Result<(), StoreError> {
    let mut found = subfolders(disk, parent)?;
    found.retain(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        exists(disk, &path.join(METADATA)).is_ok_and(|is| is)
            || name.starts_with("savepoint-") && has_state_files(disk, path)
    });
    found.extend(metadata_files(disk, parent)?);
    found.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    folders.append(&mut found);
    Ok(())
}

/// Whether a folder holds what a state file is called: it was a snapshot's, then. What others left in one is none, nor is
/// one that is being removed.
fn has_state_files(disk: &dyn Disk, folder: &Path) -> bool {
    entries(disk, folder).is_ok_and(|names| {
        let is_any = |is: fn(&str) -> bool| names.iter().any(|name| name.to_str().is_some_and(is));
        is_any(is_state_name) && !is_any(is_removed_name)
    })
}

/// The metadata files of a folder that have no folders of their own.
fn metadata_files(disk: &dyn Disk, folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let is_savepoint = |name: &OsString| name.as_encoded_bytes().starts_with(b"savepoint-");
    let names = entries(disk, folder)?.into_iter().filter(is_savepoint);
    Ok(names.map(|name| folder.join(name)).filter(|path| is_a(disk, path, Kind::File)).collect())
}

/// Where the data of metadata files lie.
fn data_of(disk: &dyn Disk, snapshots: &[PathBuf]) -> Vec<PathBuf> {
    let files = snapshots.iter().filter(|path| is_a(disk, path, Kind::File));
    let metadata = files.filter_map(|file| decode(&read_metadata(disk, file).ok()?).ok());
    let folders = |metadata: Metadata| {
        let folders = metadata.references().filter_map(|reference| reference.folder());
        folders.map(PathBuf::from).collect::<Vec<_>>()
    };
    metadata.flat_map(folders).collect()
}

fn is_unfinished(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY))
}

fn read(disk: &dyn Disk, path: &Path) -> Result<(Metadata, Savepoint), StoreError> {
    read_file(disk, metadata_file(disk, path)?)
}

/// Reads the snapshot in a folder that may not be finished.
pub(super) fn read_folder(disk: &dyn Disk, folder: &Path) -> Result<Savepoint, StoreError> {
    read_file(disk, folder.join(METADATA)).map(|(_, savepoint)| savepoint)
}

/// The bytes of a metadata file.
pub(super) fn read_metadata(disk: &dyn Disk, file: &Path) -> Result<Vec<u8>, StoreError> {
    read_regular(disk, file, "the metadata file", METADATA_BYTES_MAX)
}

fn read_file(disk: &dyn Disk, file: PathBuf) -> Result<(Metadata, Savepoint), StoreError> {
    let bytes = read_metadata(disk, &file)?;
    let metadata = decode(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let savepoint = metadata.resolve(|reference| read_state(disk, folder, reference))?;
    Ok((metadata, savepoint))
}

/// The metadata file that a path to a savepoint means.
pub(super) fn metadata_file(disk: &dyn Disk, path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(StoreError::EmptyPointer);
    }
    let found = if_there(disk.look(path, Links::Followed)).map_err(StoreError::io("read", path))?;
    let found = found.ok_or_else(|| StoreError::NotFound { path: path.to_owned() })?;
    let folder = if found.kind == Kind::Folder { path } else { path.parent().unwrap_or(path) };
    if is_unfinished(folder) {
        return Err(StoreError::Unfinished { path: folder.to_owned() });
    }
    if found.kind != Kind::Folder {
        return Ok(path.to_owned());
    }
    let file = path.join(METADATA);
    if !exists(disk, &file)? {
        return Err(StoreError::NoMetadata { path: path.to_owned() });
    }
    Ok(file)
}

/// A state file that is not where the metadata says; perhaps it was moved along with that.
fn missing(
    disk: &dyn Disk,
    folder: &Path,
    reference: &StateReference,
    path: PathBuf,
) -> StoreError {
    let beside = folder.join(reference.name());
    match reference.folder() {
        Some(_) if exists(disk, &beside).is_ok_and(|is| is) => {
            StoreError::MovedAway { file: path, beside }
        }
        Some(_) | None => StoreError::StateFileMissing { file: path },
    }
}

/// Reads the state file that is meant, and no more of it than one byte too much.
pub(super) fn read_state(
    disk: &dyn Disk,
    folder: &Path,
    reference: &StateReference,
) -> Result<OperatorSnapshot, StoreError> {
    let path = folder.join(reference.path());
    let bytes = read_referred(disk, folder, reference)?;
    // Where the file itself tells what is wrong with it, it tells the place, too.
    let state = decode_state(&bytes).map_err(|error| StoreError::undecodable(&path, error))?;
    reference
        .check(&bytes)
        .map_err(|error| StoreError::StateFileChecksum { file: path.clone(), error })?;
    Ok(state)
}

/// The bytes of a state file, which has the length that the metadata tells.
pub(super) fn read_referred(
    disk: &dyn Disk,
    folder: &Path,
    reference: &StateReference,
) -> Result<Vec<u8>, StoreError> {
    let path = folder.join(reference.path());
    let expected = reference.seal.length;
    let content = if_there(disk.read(&path, Links::Followed, expected.saturating_add(1)));
    let content = content.map_err(StoreError::io("open", &path))?;
    let Some(content) = content else { return Err(missing(disk, folder, reference, path)) };
    let Found { kind, length, .. } = content.found;
    if kind != Kind::File {
        return Err(StoreError::Irregular { what: "state file", path, kind });
    }
    let found = length.max(length_of(&content.bytes));
    if found != expected {
        return Err(StoreError::StateFileLength { file: path, expected, found });
    }
    Ok(content.bytes)
}
