//! A disk in memory: what is written there is read back by the same process and gone with it.
//!
//! Knows regular files and folders. There are no links, and no path is relative to anything but the root.

use super::{Content, Disk, DiskFile, Found, Kind, Links};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bytes of a file, shared by those that have it open.
type Bytes = Arc<Mutex<Vec<u8>>>;

/// A disk in memory, empty but for its root.
#[derive(Debug, Default)]
pub struct MemoryDisk {
    /// Files with their bytes, and folders with none, by path.
    things: Mutex<BTreeMap<PathBuf, Option<Bytes>>>,
}

impl MemoryDisk {
    fn things(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Option<Bytes>>> {
        locked(&self.things)
    }

    /// Puts something where nothing is, into a folder that is there.
    fn put(&self, path: &Path, thing: Option<Bytes>) -> io::Result<()> {
        let path = &*straight(path);
        let mut things = self.things();
        if things.contains_key(path) || path.parent().is_none() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        match path.parent().map(|parent| (is_root(parent), things.get(parent))) {
            Some((true, _) | (false, Some(None))) => {}
            Some((false, Some(Some(_)))) => return Err(ErrorKind::NotADirectory.into()),
            Some((false, None)) | None => return Err(ErrorKind::NotFound.into()),
        }
        things.insert(path.to_owned(), thing);
        Ok(())
    }
}

/// The same path without steps back.
fn straight(path: &Path) -> Cow<'_, Path> {
    if !path.components().any(|part| part == Component::ParentDir) {
        return Cow::Borrowed(path);
    }
    let mut straight = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(straight.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => straight.push(part),
        }
    }
    Cow::Owned(straight)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_root(path: &Path) -> bool {
    path.parent().is_none()
}

/// What lies in a folder, at any depth.
fn below(things: &BTreeMap<PathBuf, Option<Bytes>>, folder: &Path) -> Vec<PathBuf> {
    let from = things.range(folder.to_owned()..).map(|(path, _)| path);
    let inside = from.take_while(|path| path.starts_with(folder));
    inside.filter(|path| *path != folder).cloned().collect()
}

impl Disk for MemoryDisk {
    fn look(&self, path: &Path, _links: Links) -> io::Result<Found> {
        let path = &*straight(path);
        let folder = Found { kind: Kind::Folder, length: 0, identity: None };
        match self.things().get(path) {
            Some(Some(bytes)) => {
                let length = u64::try_from(locked(bytes).len()).expect("usize fits in 64 bits");
                Ok(Found { kind: Kind::File, length, ..folder })
            }
            Some(None) => Ok(folder),
            None if is_root(path) => Ok(folder),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.look(path, Links::Followed).map(|_| straight(path).into_owned())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let folder = &*straight(folder);
        if self.look(folder, Links::Followed)?.kind != Kind::Folder {
            return Err(ErrorKind::NotADirectory.into());
        }
        let inside = below(&self.things(), folder);
        let inside = inside.iter().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| path.file_name()).map(OsString::from).collect())
    }

    fn read(&self, path: &Path, links: Links, at_most: u64) -> io::Result<Content> {
        let path = &*straight(path);
        let found = self.look(path, links)?;
        let mut bytes = match self.things().get(path) {
            Some(Some(bytes)) => locked(bytes).clone(),
            Some(None) | None => Vec::new(),
        };
        bytes.truncate(usize::try_from(at_most).unwrap_or(usize::MAX));
        Ok(Content { found, bytes })
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        let bytes = Bytes::default();
        self.put(file, Some(Arc::clone(&bytes)))?;
        Ok(Box::new(MemoryFile { bytes }))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.put(path, None)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (&*straight(from), &*straight(to));
        let mut things = self.things();
        let is_folder = match things.get(from) {
            Some(thing) => thing.is_none(),
            None => return Err(ErrorKind::NotFound.into()),
        };
        match things.get(to) {
            Some(None) if !is_folder => return Err(ErrorKind::IsADirectory.into()),
            Some(Some(_)) if is_folder => return Err(ErrorKind::NotADirectory.into()),
            Some(None) if !below(&things, to).is_empty() => {
                return Err(ErrorKind::DirectoryNotEmpty.into());
            }
            Some(_) | None => {}
        }
        let mut moved = below(&things, from);
        moved.push(from.to_owned());
        for path in moved {
            let rest = path.strip_prefix(from).expect("it lies below");
            let target = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
            let thing = things.remove(&path).expect("it was found");
            things.insert(target, thing);
        }
        Ok(())
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        if self.look(file, Links::Told)?.kind == Kind::Folder {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.things().remove(&*straight(file));
        Ok(())
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        let folder = &*straight(folder);
        if self.look(folder, Links::Told)?.kind != Kind::Folder {
            return Err(ErrorKind::NotADirectory.into());
        }
        let mut things = self.things();
        if !below(&things, folder).is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        things.remove(folder);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.look(folder, Links::Followed).map(drop)
    }
}

/// A file that is open for writing.
#[derive(Debug)]
struct MemoryFile {
    bytes: Bytes,
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        locked(&self.bytes).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_under_the_name_that_it_has_by_then() {
        let disk = MemoryDisk::default();
        let [folder, other] = [Path::new("/folder"), Path::new("/other")];
        let missing = disk.create(&folder.join("file")).map(drop).map_err(|error| error.kind());
        assert_eq!(missing, Err(ErrorKind::NotFound));
        disk.create_folder(folder).expect("nothing is there");
        let mut file = disk.create(&folder.join("file")).expect("nothing is there");
        file.write_all(b"bytes").expect("memory takes them");
        disk.rename(folder, other).expect("nothing is there");
        let read = disk.read(&other.join("file"), Links::Told, 4).expect("it is there");
        assert_eq!((read.found.length, &read.bytes[..]), (5, &b"byte"[..]));
        assert_eq!(disk.list(other).expect("it is a folder"), ["file"]);
        let full = disk.remove_folder(other).map_err(|error| error.kind());
        assert_eq!(full, Err(ErrorKind::DirectoryNotEmpty));
        disk.remove_file(&other.join("file")).expect("it is there");
        disk.remove_folder(other).expect("nothing is in it");
        assert!(disk.look(other, Links::Told).is_err());
    }
}
