//! The data folder: writes all of a savepoint or checkpoint, or none of it.
//!
//! Each is written under a temporary name, synced and renamed into place, and the folder around it is synced.
//! What an interrupted writer leaves begins with `.unfinished-`, and no reader takes it for anything.

use super::block::length_of;
use super::codec::{SavepointFiles, decode_state};
use super::disk::{Disk, DiskFile, Kind, Links, RealDisk};
use super::error::StoreError;
use super::neighbours::Neighbours;
use super::remove::{LeftFile, OnDisk, Verdict, Why, judge, unlink};
use super::unfinished::{UnfinishedFolder, is_removed_name, write_file};
use super::wire::{SHARED, Seal};
use crate::job::{CheckpointId, FileId, JobId, METADATA};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where savepoints are.
pub(super) const SAVEPOINTS: &str = "savepoints";
/// Where retained checkpoints are.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// Where Flink keeps what tasks own; nothing here does.
const TASK_OWNED: &str = "taskowned";
/// The file that marks a data folder.
pub(super) const MARKER: &str = "sandbar-data";
const MARKER_TEXT: &str = "sandbar data folder, version 2\n";
/// The marker of folders without segments. Whoever knows no other would miss what segments hold, and so is told.
const OLDER_MARKER_TEXT: &str = "sandbar data folder, version 1\n";

/// What a data folder keeps under names of its own; all other names in it are free for its user.
pub(super) const OWN: [&str; 6] =
    [SAVEPOINTS, CHECKPOINTS, super::sinks::SINKS, MARKER, super::lock::LOCK, super::lock::HOLDER];

/// How often a name for a savepoint is drawn before it is given up: as often as Flink does.
pub(super) const NAME_ATTEMPTS: u32 = 10;

/// The longest file that may give way to another is so long, in bytes: longer than any that is written.
const FILE_BYTES_MAX: u64 = 1 << 32;
/// The longest `_metadata` that is read, in bytes: far more than states below the threshold and copies of sinks make.
pub const METADATA_BYTES_MAX: u64 = 1 << 30;

/// A retained checkpoint that was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeptCheckpoint {
    /// Its folder.
    pub path: PathBuf,
    /// What was left of the folder of an older one that was replaced, since it does not belong to that.
    pub left: Vec<LeftFile>,
}

/// A folder that keeps what survives a process.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
    disk: Arc<dyn Disk>,
}

impl PartialEq for DataDir {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl Eq for DataDir {}

impl DataDir {
    /// Opens a data folder, or makes one of a folder that is new, or has other things in it.
    ///
    /// # Errors
    /// The folder cannot be created or written to, or a newer program made it.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_or_create_on(RealDisk::shared(), path)
    }

    /// The same on this disk.
    ///
    /// # Errors
    /// Those of [`DataDir::open_or_create`].
    pub fn open_or_create_on(
        disk: Arc<dyn Disk>,
        path: impl AsRef<Path>,
    ) -> Result<Self, StoreError> {
        let root = path.as_ref();
        create_folder(&*disk, root)?;
        if let Some(opened) = Self::open_on(Arc::clone(&disk), root)?
            && !is_file_with(&*disk, &root.join(MARKER), OLDER_MARKER_TEXT.as_bytes())
        {
            return Ok(opened);
        }
        let is_older = |found: &[u8]| found == OLDER_MARKER_TEXT.as_bytes();
        let marked = write_over(&*disk, &root.join(MARKER), MARKER_TEXT.as_bytes(), is_older);
        match marked {
            Ok(()) => Ok(Self { root: root.to_owned(), disk }),
            // Another process may have marked it meanwhile.
            Err(error) => Self::open_on(disk, root)?.ok_or(error),
        }
    }

    /// Opens a folder if it is a data folder.
    ///
    /// # Errors
    /// Its marker cannot be read, or a newer program made it.
    pub fn open(path: impl AsRef<Path>) -> Result<Option<Self>, StoreError> {
        Self::open_on(RealDisk::shared(), path)
    }

    /// The same on this disk.
    ///
    /// # Errors
    /// Those of [`DataDir::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        path: impl AsRef<Path>,
    ) -> Result<Option<Self>, StoreError> {
        let file = path.as_ref().join(MARKER);
        let longest = length_of(MARKER_TEXT.as_bytes()) + 1;
        let content = if_there(disk.read(&file, Links::Followed, longest));
        match content.map_err(StoreError::io("read", &file))? {
            None => Ok(None),
            Some(content) if is_known_marker(&content.bytes) => {
                Ok(Some(Self { root: path.as_ref().to_owned(), disk }))
            }
            Some(_) => Err(StoreError::UnknownDataDir { file }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The disk it lies on.
    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Writes a retained checkpoint and says where it is. Another one with the same job and id is replaced; what does not
    /// belong to that one is left where it is.
    ///
    /// # Errors
    /// The operating system refuses, or something else is in the place of one of the files.
    pub(crate) fn write_checkpoint(
        &self,
        files: &SavepointFiles,
    ) -> Result<KeptCheckpoint, StoreError> {
        let disk = &*self.disk;
        let parent = self.job_folder(files.job);
        for sibling in [SHARED, TASK_OWNED] {
            create_folder(disk, &parent.join(sibling))?;
        }
        for (name, bytes) in &files.shared {
            write_shared(disk, &parent.join(SHARED), name, bytes)?;
        }
        let target = parent.join(files.checkpoint_folder_name());
        let mut left = Vec::new();
        if is_taken(disk, &target)? {
            if holds(disk, &target, files) {
                return Ok(KeptCheckpoint { path: target, left });
            }
            if exists(disk, &target.join(METADATA))? {
                left = match OnDisk::find(disk, &target) {
                    Ok(older) if older.is_of(files.job, files.id) => older.remove(disk)?.left,
                    Err(error @ StoreError::Io { .. }) => return Err(error),
                    Ok(_) | Err(_) => {
                        return Err(StoreError::InTheWay { path: target.join(METADATA) });
                    }
                };
            }
        }
        let folder = assemble(disk, &parent, files)?;
        if is_taken(disk, &target)? {
            move_files_into(disk, &folder, files, &target)?;
        } else {
            move_into_place(disk, folder, &target)?;
        }
        Ok(KeptCheckpoint { path: target, left })
    }

    /// Removes a retained checkpoint, its metadata first, so that none is found in half if the rest fails. Tells what was left
    /// since it does not belong to it.
    ///
    /// # Errors
    /// There is none, or the operating system refuses.
    pub(crate) fn remove_checkpoint(
        &self,
        job: JobId,
        id: CheckpointId,
    ) -> Result<Vec<LeftFile>, StoreError> {
        let path = self.job_folder(job).join(format!("chk-{id}"));
        self.remove_snapshot_at(&path, job, id)
    }

    /// Removes the snapshot at a path, if it is the one that the job took under this id. Tells what was left.
    ///
    /// # Errors
    /// There is none, or the operating system refuses.
    pub(crate) fn remove_snapshot_at(
        &self,
        path: &Path,
        job: JobId,
        id: CheckpointId,
    ) -> Result<Vec<LeftFile>, StoreError> {
        let found = OnDisk::find(&*self.disk, path)?;
        if found.is_of(job, id) {
            return found.remove(&*self.disk).map(|disposed| disposed.left);
        }
        Ok(vec![LeftFile { path: found.file, why: Why::Differs }])
    }

    /// Removes the rest of the snapshots whose removal was interrupted.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(crate) fn finish_removals(&self) -> Result<(), StoreError> {
        let disk = &*self.disk;
        let savepoints = self.root.join(SAVEPOINTS);
        let alone = entries_if_there(disk, &savepoints)?;
        let is_removed = |name: &&OsString| name.to_str().is_some_and(is_removed_name);
        for name in alone.iter().filter(is_removed) {
            unless_gone(OnDisk::finish(disk, &savepoints.join(name), true))?;
        }
        let mut folders: Vec<PathBuf> = alone.iter().map(|name| savepoints.join(name)).collect();
        let jobs = self.root.join(CHECKPOINTS);
        for job in entries_if_there(disk, &jobs)? {
            let job = jobs.join(job);
            folders.extend(entries_if_there(disk, &job)?.iter().map(|name| job.join(name)));
        }
        for folder in folders {
            for name in entries_if_there(disk, &folder)?.iter().filter(is_removed) {
                unless_gone(OnDisk::finish(disk, &folder.join(name), false))?;
            }
        }
        Ok(())
    }

    /// Removes a file that checkpoints of a job shared, if it is the one that was `written` and no
    /// checkpoint of the job names it. One that was never written is no hindrance: a checkpoint that does not complete
    /// leaves nothing on disk. Tells what was left.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(crate) fn remove_shared(
        &self,
        job: JobId,
        file: FileId,
        written: Seal,
    ) -> Result<Option<LeftFile>, StoreError> {
        let disk = &*self.disk;
        let folder = self.job_folder(job);
        let path = folder.join(SHARED).join(file.to_string());
        let why = match judge(disk, &path, written)? {
            Verdict::Absent => return Ok(None),
            Verdict::Stays(why) => Some(why),
            Verdict::Goes(_) => {
                let named = disk.real_path(&path).map_err(StoreError::io("find", &path))?;
                Neighbours::of_job(disk, &folder)?.claim_on(&named)
            }
        };
        if let Some(why) = why {
            return Ok(Some(LeftFile { path, why }));
        }
        unlink(disk, &path).map(|()| None)
    }

    pub(super) fn job_folder(&self, job: JobId) -> PathBuf {
        self.root.join(CHECKPOINTS).join(job.to_string())
    }
}

/// What is gone was finished by another process, which works here without the lock.
fn unless_gone(finished: Result<(), StoreError>) -> Result<(), StoreError> {
    match finished {
        Err(StoreError::Io { source, .. }) if is_absent(&source) => Ok(()),
        finished => finished,
    }
}

/// What is in a folder, sorted.
pub(super) fn paths_in(disk: &dyn Disk, folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(entries(disk, folder)?.into_iter().map(|name| folder.join(name)).collect())
}

/// The names in a folder, sorted; none if it is gone: another process may have removed it a moment ago. A name need not be
/// text.
pub(super) fn entries(disk: &dyn Disk, folder: &Path) -> Result<Vec<OsString>, StoreError> {
    let names = if_there(disk.list(folder)).map_err(StoreError::io("list", folder))?;
    let mut names = names.unwrap_or_default();
    names.sort_unstable();
    Ok(names)
}

/// The names in a folder; none of what is no folder.
fn entries_if_there(disk: &dyn Disk, folder: &Path) -> Result<Vec<OsString>, StoreError> {
    if is_a(disk, folder, Kind::Folder) { entries(disk, folder) } else { Ok(Vec::new()) }
}

pub(super) fn exists(disk: &dyn Disk, path: &Path) -> Result<bool, StoreError> {
    is_there(disk, path, Links::Followed)
}

/// Whether a path has anything at it, be it a link to nothing.
pub(super) fn is_taken(disk: &dyn Disk, path: &Path) -> Result<bool, StoreError> {
    is_there(disk, path, Links::Told)
}

fn is_there(disk: &dyn Disk, path: &Path, links: Links) -> Result<bool, StoreError> {
    match disk.look(path, links) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("look for", path)(error)),
    }
}

/// Whether a folder is marked as one of data.
pub(super) fn is_marked(disk: &dyn Disk, root: &Path) -> bool {
    let longest = length_of(MARKER_TEXT.as_bytes()) + 1;
    let content = disk.read(&root.join(MARKER), Links::Followed, longest);
    content.is_ok_and(|content| is_known_marker(&content.bytes))
}

/// Whether this program knows what a data folder with this marker holds.
fn is_known_marker(text: &[u8]) -> bool {
    [MARKER_TEXT, OLDER_MARKER_TEXT].iter().any(|known| text == known.as_bytes())
}

/// Whether nothing can be there, as opposed to something that cannot be read.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What was found; none if nothing can be there.
pub(super) fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if is_absent(&error) => Ok(None),
        found => found.map(Some),
    }
}

/// Whether a path leads to something of this kind.
pub(super) fn is_a(disk: &dyn Disk, path: &Path, kind: Kind) -> bool {
    disk.look(path, Links::Followed).is_ok_and(|found| found.kind == kind)
}

/// Whether two paths lead to the same.
pub(super) fn is_same(disk: &dyn Disk, one: &Path, other: &Path) -> bool {
    matches!((disk.real_path(one), disk.real_path(other)), (Ok(one), Ok(other)) if one == other)
}

/// Whether a path leads to a file with exactly this content.
pub(super) fn is_file_with(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> bool {
    let content = disk.read(path, Links::Followed, length_of(bytes).saturating_add(1));
    content.is_ok_and(|content| content.found.kind == Kind::File && content.bytes == bytes)
}

/// Reads all of a file, which must be a regular one and no longer than `at_most` bytes. `what` it is, is told if it is not.
pub(super) fn read_regular(
    disk: &dyn Disk,
    file: &Path,
    what: &'static str,
    at_most: u64,
) -> Result<Vec<u8>, StoreError> {
    let content = disk.read(file, Links::Followed, at_most.saturating_add(1));
    let content = content.map_err(StoreError::io("read", file))?;
    let (path, kind) = (file.to_owned(), content.found.kind);
    if kind != Kind::File {
        return Err(StoreError::Irregular { what, path, kind });
    }
    if length_of(&content.bytes) > at_most {
        return Err(StoreError::TooLong { what, path, at_most });
    }
    Ok(content.bytes)
}

/// The folder that a path lies in.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Makes a folder, and those it lies in, unless they are there.
pub(super) fn create_folder(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    if is_a(disk, path, Kind::Folder) {
        return Ok(());
    }
    let made = match disk.create_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && parent_of(path) != path => {
            create_folder(disk, parent_of(path))?;
            disk.create_folder(path)
        }
        made => made,
    };
    match made {
        // Another process may have made it meanwhile.
        Err(error) if !is_a(disk, path, Kind::Folder) => {
            Err(StoreError::io("create folder", path)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether a folder already holds exactly these files.
pub(super) fn holds(disk: &dyn Disk, folder: &Path, files: &SavepointFiles) -> bool {
    let is = |name: &str, bytes: &[u8]| is_file_with(disk, &folder.join(name), bytes);
    is(METADATA, &files.metadata) && files.states.iter().all(|(name, bytes)| is(name, bytes))
}

/// Writes the files into an unfinished folder; the metadata last, as it refers to the others.
pub(super) fn assemble<'d>(
    disk: &'d dyn Disk,
    parent: &Path,
    files: &SavepointFiles,
) -> Result<UnfinishedFolder<'d>, StoreError> {
    let mut folder = UnfinishedFolder::make(disk, parent)?;
    for (name, bytes) in &files.states {
        folder.write(name, bytes)?;
    }
    assert!(!files.states.contains_key(METADATA), "a state file takes the place of the metadata");
    folder.write(METADATA, &files.metadata)?;
    sync_folder(disk, folder.path())?;
    Ok(folder)
}

pub(super) fn move_into_place(
    disk: &dyn Disk,
    folder: UnfinishedFolder<'_>,
    target: &Path,
) -> Result<(), StoreError> {
    let is_beside = parent_of(folder.path()) == parent_of(target);
    assert!(is_beside, "{} was written elsewhere, and may not be renamed", target.display());
    disk.rename(folder.path(), target).map_err(StoreError::io("rename a folder to", target))?;
    // What was unfinished is now elsewhere; nothing is left to clean up.
    folder.keep();
    sync_folder(disk, parent_of(target))
}

/// Moves the files out of an unfinished folder into one that is there already, with things of others in it. The metadata
/// last, so that no half of a snapshot is found.
fn move_files_into(
    disk: &dyn Disk,
    unfinished: &UnfinishedFolder<'_>,
    files: &SavepointFiles,
    target: &Path,
) -> Result<(), StoreError> {
    if disk.look(target, Links::Told).is_ok_and(|found| found.kind != Kind::Folder) {
        return Err(StoreError::InTheWay { path: target.to_owned() });
    }
    let is_beside = parent_of(unfinished.path()) == parent_of(target);
    assert!(is_beside, "{} was written elsewhere, and may not be renamed", target.display());
    for (name, bytes) in &files.states {
        let path = target.join(name);
        if is_taken(disk, &path)? {
            if !is_file_with(disk, &path, bytes) {
                return Err(StoreError::InTheWay { path });
            }
            continue;
        }
        let renamed = disk.rename(&unfinished.path().join(name), &path);
        renamed.map_err(StoreError::io("rename a file to", &path))?;
    }
    sync_folder(disk, target)?;
    let path = target.join(METADATA);
    if is_taken(disk, &path)? {
        return Err(StoreError::InTheWay { path });
    }
    let renamed = disk.rename(&unfinished.path().join(METADATA), &path);
    renamed.map_err(StoreError::io("rename a file to", &path))?;
    sync_folder(disk, target)
}

/// Writes a shared file. One of its name may be there with other content, since old releases give a name twice; but only a
/// state file gives way.
fn write_shared(
    disk: &dyn Disk,
    folder: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let path = folder.join(name);
    if is_file_with(disk, &path, bytes) {
        return Ok(());
    }
    write_over(disk, &path, bytes, |found| decode_state(found).is_ok())
}

/// Writes a file, durably, where nothing is, or a regular file whose content `gives_way`.
pub(super) fn write_over(
    disk: &dyn Disk,
    path: &Path,
    bytes: &[u8],
    gives_way: impl Fn(&[u8]) -> bool,
) -> Result<(), StoreError> {
    if is_taken(disk, path)? {
        let content = disk.read(path, Links::Told, FILE_BYTES_MAX);
        let content = content.map_err(StoreError::io("read", path))?;
        if content.found.kind != Kind::File || !gives_way(&content.bytes) {
            return Err(StoreError::InTheWay { path: path.to_owned() });
        }
    }
    write_file(disk, path, bytes)
}

/// Writes all of `bytes` to a file, durably.
pub(super) fn write_all(file: &mut dyn DiskFile, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync()
}

/// Makes the names in a folder durable, where the system lets a folder be opened.
pub(super) fn sync_folder(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    disk.sync_folder(path).map_err(StoreError::io("sync folder", path))
}

#[cfg(test)]
mod tests;
