//! One writer a data folder: an advisory lock, and who holds it.
//!
//! The operating system keeps the lock and ends it with its process, however that ends, so that nobody has to clean up
//! after one that was killed. The file that is locked is never removed: whoever removed it could take it away from
//! another that has just opened it, and then both would hold a lock. Who holds it stands in a second file, since some
//! systems let nobody read what is locked. Readers need no lock. A [`super::disk::Disk`] has no locks: they hold between
//! processes, and so are always those of the operating system.

use super::disk::{Disk, Found, Kind, Links, RealDisk};
use super::error::StoreError;
use super::folder::{DataDir, MARKER, create_folder, is_absent};
use super::unfinished::write_file;
use fs4::TryLockError;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The file that is locked. Nothing stands in it.
pub(super) const LOCK: &str = "sandbar-lock";
/// The file that says who holds the lock.
pub(super) const HOLDER: &str = "sandbar-holder";
/// How what it says begins: a file that begins otherwise is somebody else's.
const HOLDER_BEGINS: &str = "held by ";

/// How much of it is read, in bytes.
const SAID_MAX: u64 = 1000;

/// The right to write into a data folder, until it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    /// Open as long as the lock is held.
    _file: File,
}

impl FolderLock {
    /// Locks all of these folders, or none. Those that do not exist are made. `holder` is what others are told, such as
    /// "process 7 since noon".
    ///
    /// # Errors
    /// Somebody else holds one of them, its file system has no locks, or the operating system refuses.
    pub fn take_all(folders: &[PathBuf], holder: &str) -> Result<Vec<Self>, StoreError> {
        let mut found = Vec::with_capacity(folders.len());
        for folder in folders {
            create_folder(&RealDisk, folder)?;
            found.push(fs::canonicalize(folder).map_err(StoreError::io("find", folder))?);
        }
        // A folder that is given twice is locked once: a second lock of ours would be refused as anybody's.
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|folder| Self::take(folder, holder)).collect()
    }

    fn take(folder: PathBuf, holder: &str) -> Result<Self, StoreError> {
        let path = folder.join(LOCK);
        let is_file = |found: &Found| found.kind == Kind::File;
        if RealDisk.look(&path, Links::Told).is_ok_and(|found| !is_file(&found)) {
            return Err(StoreError::InTheWay { path });
        }
        let mut options = File::options();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(StoreError::io("open", &path))?;
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => {
                tell_holder(&folder, holder);
                Ok(Self { folder, _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let holder = holder_of(&folder);
                Err(StoreError::InUse { folder, holder })
            }
            Err(TryLockError::Error(source)) => Err(StoreError::NoLocks { folder, source }),
        }
    }

    /// Removes what processes that were killed left unfinished in the folder, if it is a data folder by now.
    ///
    /// # Errors
    /// Its marker cannot be read, or a newer program made it.
    pub fn clean_up(&self) -> Result<u64, StoreError> {
        let data = DataDir::open(&self.folder)?;
        Ok(data.map_or(0, |data| data.remove_leftovers()))
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Nobody is told of a holder that is gone.
        tell_holder(&self.folder, "");
    }
}

/// The data folder that something lies in or would be made in.
///
/// # Errors
/// The marker of a folder around it cannot be read, or a newer program made that. A folder that is called as a marker is marks
/// nothing.
pub fn data_dir_around(path: &Path) -> Result<Option<DataDir>, StoreError> {
    let whole = std::path::absolute(path).map_err(StoreError::io("find", path))?;
    let Some(real) = whole.ancestors().find_map(|place| fs::canonicalize(place).ok()) else {
        return Ok(None);
    };
    for place in real.ancestors().filter(|place| !place.join(MARKER).is_dir()) {
        if let Some(found) = DataDir::open(place)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Says who holds the lock. It is only a help to others, so that nothing fails if it cannot be said.
fn tell_holder(folder: &Path, holder: &str) {
    let is_ours = match said_in(folder) {
        Ok(said) => said.is_some_and(|said| said.is_empty() || said.starts_with(HOLDER_BEGINS)),
        Err(error) => is_absent(&error),
    };
    let text = match holder {
        "" => String::new(),
        holder => format!("{HOLDER_BEGINS}{holder}\n"),
    };
    if is_ours {
        // It takes the place of the file that is there, so that another name of that one keeps what it says.
        drop(write_file(&RealDisk, &folder.join(HOLDER), text.as_bytes()));
    }
}

/// What the file says that tells of the holder; nothing if it is no file, but a link, a fifo or a device.
fn said_in(folder: &Path) -> std::io::Result<Option<String>> {
    let content = RealDisk.read(&folder.join(HOLDER), Links::Told, SAID_MAX)?;
    let is_file = content.found.kind == Kind::File;
    Ok(is_file.then(|| String::from_utf8_lossy(&content.bytes).into_owned()))
}

/// Who holds the lock, if it has said so by now.
fn holder_of(folder: &Path) -> Option<String> {
    let text = said_in(folder).ok()??;
    Some(text.strip_prefix(HOLDER_BEGINS)?.strip_suffix('\n')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_who_is_known_to_others() {
        let outside = tempfile::tempdir().unwrap();
        let folders = [outside.path().join("a"), outside.path().join("b")];
        let twice = [folders[0].clone(), outside.path().join("b/../a")];
        DataDir::open_or_create(&folders[1]).unwrap();
        let held = FolderLock::take_all(&twice, "process 7 since noon").unwrap();
        assert_eq!(held.len(), 1, "one folder under two names");
        let error = FolderLock::take_all(&folders, "process 8 since one").unwrap_err();
        assert!(error.to_string().contains("in use by process 7 since noon"), "{error}");
        let other = FolderLock::take_all(&folders[1..], "nobody kept it").unwrap();
        drop((held, other));
        assert_eq!(FolderLock::take_all(&folders, "process 8 since one").unwrap().len(), 2);
    }

    #[test]
    fn a_file_of_somebody_else_is_not_written_over() {
        let outside = tempfile::tempdir().unwrap();
        let file = outside.path().join(HOLDER);
        fs::write(&file, "my notes").unwrap();
        let folders = [outside.path().to_owned()];
        let held = FolderLock::take_all(&folders, "process 7 since noon").unwrap();
        let error = FolderLock::take_all(&folders, "process 8 since one").unwrap_err();
        assert!(error.to_string().contains("in use by another process"), "{error}");
        drop(held);
        assert_eq!(fs::read_to_string(&file).unwrap(), "my notes");
    }

    #[test]
    fn the_data_folder_around_is_found_of_what_is_not_there_yet() {
        let outside = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(outside.path().join("data")).unwrap();
        let root = fs::canonicalize(data.path()).unwrap();
        for inside in ["", "savepoints/new", "a/b/c"] {
            let found = data_dir_around(&data.path().join(inside)).unwrap().unwrap();
            assert_eq!(found.path(), root, "{inside}");
        }
        assert_eq!(data_dir_around(&outside.path().join("elsewhere")).unwrap(), None);
    }
}
