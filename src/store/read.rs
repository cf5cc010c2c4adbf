//! Reads savepoints and retained checkpoints from wherever they are, all of it or not at all.

use super::codec::{Metadata, StateReference, decode, decode_state};
use super::error::StoreError;
use super::folder::{
    CHECKPOINTS, DataDir, METADATA, SAVEPOINTS, TEMPORARY, entries, exists, is_absent,
};
use super::savepoint::{Savepoint, SavepointSummary};
use crate::state::OperatorSnapshot;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// One savepoint or retained checkpoint among others.
#[derive(Debug)]
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
    read(path.as_ref()).map(|(_, savepoint)| savepoint)
}

/// What is to be told of a savepoint or retained checkpoint. Reads all of it, as [`read_savepoint`] does.
///
/// # Errors
/// Those of [`read_savepoint`].
pub fn describe(path: impl AsRef<Path>) -> Result<SavepointSummary, StoreError> {
    read(path.as_ref()).map(|(metadata, savepoint)| metadata.summarize(&savepoint))
}

/// The savepoints and then the retained checkpoints of a data folder, or those in any other folder, or the one
/// that `path` is. Sorted by name; what was never finished is not listed.
///
/// # Errors
/// Nothing is at `path`, or a folder cannot be listed.
pub fn list(path: impl AsRef<Path>) -> Result<Vec<Listed>, StoreError> {
    let path = path.as_ref();
    if !exists(path)? {
        return Err(StoreError::NotFound { path: path.to_owned() });
    }
    let mut folders = Vec::new();
    if path.is_file() || exists(&path.join(METADATA))? {
        folders.push(path.to_owned());
    } else if DataDir::open(path)?.is_some() {
        collect(&path.join(SAVEPOINTS), &mut folders)?;
        let data = data_of(&folders);
        let jobs = path.join(CHECKPOINTS);
        for job in subfolders(&jobs)? {
            let mut found = Vec::new();
            collect(&job, &mut found)?;
            found.retain(|folder| !data.iter().any(|data| is_same(data, folder)));
            folders.append(&mut found);
        }
    } else {
        collect(path, &mut folders)?;
    }
    Ok(folders.into_iter().map(|path| Listed { summary: describe(&path), path }).collect())
}

/// The data folder that a savepoint or retained checkpoint lies in, `None` if it was moved out of it.
pub fn find_data_dir(savepoint: impl AsRef<Path>) -> Option<DataDir> {
    let given = fs::canonicalize(savepoint).ok()?;
    let is_alone = given.is_file() && given.file_name().is_some_and(|name| name != METADATA);
    let folder = if given.is_file() { given.parent()? } else { &given };
    let parent = if is_alone { folder } else { folder.parent()? };
    let is_called = |path: &Path, name: &str| path.file_name().is_some_and(|found| found == name);
    let root = if is_called(parent, SAVEPOINTS) {
        parent.parent()?
    } else {
        let checkpoints = parent.parent()?;
        is_called(checkpoints, CHECKPOINTS).then(|| checkpoints.parent())??
    };
    DataDir::open(root).ok()?
}

/// Whether a path lies where only snapshots and sinks do: in the folder of a snapshot, or in those of a data folder that are
/// not its user's. Nothing of a user's own should be written there.
pub fn is_kept_for_snapshots(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    let is_own = |root: &Path| {
        let mut inside = path.strip_prefix(root).into_iter().flat_map(Path::components);
        let first = inside.next().map(|name| name.as_os_str().to_string_lossy().into_owned());
        first.is_some_and(|first| super::folder::OWN.contains(&&*first))
    };
    let is_data_dir = |root: &Path| root.join(super::folder::MARKER).is_file();
    path.parent().is_some_and(|folder| folder.join(METADATA).exists())
        || path.ancestors().skip(1).any(|root| is_data_dir(root) && is_own(root))
}

/// The folders of a folder, sorted by name; none if it does not exist.
fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !exists(folder)? {
        return Ok(Vec::new());
    }
    let paths = entries(folder)?.into_iter().map(|name| folder.join(name));
    Ok(paths.filter(|path| path.is_dir() && !is_unfinished(path)).collect())
}

/// Adds the folders that are, or by their name should be, a savepoint or checkpoint: `chk-2` before `chk-10`.
fn collect(parent: &Path, folders: &mut Vec<PathBuf>) -> Result<(), StoreError> {
    let mut found = subfolders(parent)?;
    found.retain(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        name.starts_with("savepoint-") || name.starts_with("chk-") || path.join(METADATA).exists()
    });
    found.extend(metadata_files(parent)?);
    found.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    folders.append(&mut found);
    Ok(())
}

/// The metadata files of a folder that have no folders of their own.
fn metadata_files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !exists(folder)? {
        return Ok(Vec::new());
    }
    let names = entries(folder)?.into_iter().filter(|name| name.starts_with("savepoint-"));
    Ok(names.map(|name| folder.join(name)).filter(|path| path.is_file()).collect())
}

/// Where the data of metadata files lie.
fn data_of(snapshots: &[PathBuf]) -> Vec<PathBuf> {
    let files = snapshots.iter().filter(|path| path.is_file());
    let metadata = files.filter_map(|file| decode(&fs::read(file).ok()?).ok());
    let folders = |metadata: Metadata| {
        let folders = metadata.references().filter_map(|reference| reference.folder());
        folders.map(PathBuf::from).collect::<Vec<_>>()
    };
    metadata.flat_map(folders).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn is_unfinished(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY))
}

fn read(path: &Path) -> Result<(Metadata, Savepoint), StoreError> {
    read_file(metadata_file(path)?)
}

/// Reads the snapshot in a folder that may not be finished.
pub(super) fn read_folder(folder: &Path) -> Result<Savepoint, StoreError> {
    read_file(folder.join(METADATA)).map(|(_, savepoint)| savepoint)
}

fn read_file(file: PathBuf) -> Result<(Metadata, Savepoint), StoreError> {
    let bytes = fs::read(&file).map_err(StoreError::io("read", &file))?;
    let metadata = decode(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let savepoint = metadata.resolve(|reference| read_state(folder, reference))?;
    Ok((metadata, savepoint))
}

/// The metadata file that a path to a savepoint means.
pub(super) fn metadata_file(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(StoreError::EmptyPointer);
    }
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if is_absent(&error) => {
            return Err(StoreError::NotFound { path: path.to_owned() });
        }
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    let folder = if found.is_dir() { path } else { path.parent().unwrap_or(path) };
    if is_unfinished(folder) {
        return Err(StoreError::Unfinished { path: folder.to_owned() });
    }
    if !found.is_dir() {
        return Ok(path.to_owned());
    }
    let file = path.join(METADATA);
    if !exists(&file)? {
        return Err(StoreError::NoMetadata { path: path.to_owned() });
    }
    Ok(file)
}

/// A state file that is not where the metadata says; perhaps it was moved along with that.
fn missing(folder: &Path, reference: &StateReference, path: PathBuf) -> StoreError {
    let beside = folder.join(reference.name());
    match reference.folder() {
        Some(_) if beside.exists() => StoreError::MovedAway { file: path, beside },
        Some(_) | None => StoreError::StateFileMissing { file: path },
    }
}

/// Reads the state file that is meant, and no more of it than one byte too much.
fn read_state(folder: &Path, reference: &StateReference) -> Result<OperatorSnapshot, StoreError> {
    let path = folder.join(reference.path());
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Err(missing(folder, reference, path)),
        Err(error) => return Err(StoreError::io("open", &path)(error)),
    };
    let expected = reference.length();
    let found = file.metadata().map_err(StoreError::io("read", &path))?.len();
    if found != expected {
        return Err(StoreError::StateFileLength { file: path, expected, found });
    }
    let mut bytes = Vec::new();
    file.take(expected.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(StoreError::io("read", &path))?;
    // Where the file itself tells what is wrong with it, it tells the place, too.
    let state = decode_state(&bytes).map_err(|error| StoreError::undecodable(&path, error))?;
    reference
        .check(&bytes)
        .map_err(|error| StoreError::StateFileChecksum { file: path.clone(), error })?;
    Ok(state)
}
