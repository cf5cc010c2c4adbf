//! What is being written, under a name that no reader takes for anything, and how such a name is told from a user's.
//!
//! A process that is killed leaves what it was writing. The next one may remove it, because the name says that it is ours: it
//! ends with a checksum of what stands before it. A name that only begins like one belongs to somebody else.

use super::disk::Disk;
use super::error::StoreError;
use super::folder::{parent_of, sync_folder, write_all};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// How the names of unfinished files and folders begin.
pub(super) const TEMPORARY: &str = ".unfinished-";

/// How many hexadecimal digits are drawn for a name, and how many of checksum follow.
const DRAWN: usize = 16;
const CHECKSUM: usize = 8;

/// How often a name is drawn before it is given up: each is taken with a chance of one in 2^64.
const ATTEMPTS: u32 = 8;

/// How the names of metadata begin whose snapshot is being removed.
const REMOVED: &str = ".removed-";

/// A new name for something unfinished: `.unfinished-`, 16 random hexadecimal digits, 8 of their CRC-32.
pub fn unfinished_name() -> String {
    name_after(TEMPORARY)
}

/// A number that no other process draws.
pub(super) fn drawn() -> u64 {
    // The only random numbers in the standard library: no result of a run depends on them.
    RandomState::new().build_hasher().finish()
}

/// Whether a name is one that [`unfinished_name`] gives.
pub fn is_unfinished_name(name: &str) -> bool {
    is_name_after(TEMPORARY, name)
}

/// A new name for the metadata of a snapshot that is being removed: no reader finds it by that, and the next run knows by it
/// what is still to be removed.
pub(super) fn removed_name() -> String {
    name_after(REMOVED)
}

/// Whether a name is one that [`removed_name`] gives.
pub(super) fn is_removed_name(name: &str) -> bool {
    is_name_after(REMOVED, name)
}

fn name_after(prefix: &str) -> String {
    let drawn = format!("{:016x}", drawn());
    let checksum = checksum_of(prefix, &drawn);
    let name = format!("{prefix}{drawn}{checksum}");
    assert!(is_name_after(prefix, &name), "{name} would never be found and cleaned up");
    name
}

fn is_name_after(prefix: &str, name: &str) -> bool {
    let Some(digits) = name.strip_prefix(prefix) else { return false };
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits.len() == DRAWN + CHECKSUM
        && digits.bytes().all(is_digit)
        && checksum_of(prefix, &digits[..DRAWN]) == digits[DRAWN..]
}

fn checksum_of(prefix: &str, drawn: &str) -> String {
    format!("{:08x}", crc32fast::hash(format!("{prefix}{drawn}").as_bytes()))
}

/// Makes something under a name that is free.
fn under_a_new_name<T>(
    parent: &Path,
    mut make: impl FnMut(&Path) -> io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    let mut attempt = 1;
    loop {
        let path = parent.join(unfinished_name());
        match make(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {
                attempt += 1;
            }
            made => return made.map(|made| (path, made)),
        }
    }
}

/// A folder that is being filled. Unless it is kept, it goes with all that was written into it here.
#[derive(Debug)]
pub(super) struct UnfinishedFolder<'d> {
    disk: &'d dyn Disk,
    path: PathBuf,
    names: Vec<String>,
    is_kept: bool,
}

impl<'d> UnfinishedFolder<'d> {
    pub(super) fn make(disk: &'d dyn Disk, parent: &Path) -> Result<Self, StoreError> {
        let made = under_a_new_name(parent, |path| disk.create_folder(path));
        let (path, ()) = made.map_err(StoreError::io("create a folder in", parent))?;
        Ok(Self { disk, path, names: Vec::new(), is_kept: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one file into it, durably.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let is_new = !self.names.iter().any(|other| other == name);
        assert!(is_new, "{name} is written twice into one folder");
        let path = self.path.join(name);
        let file = self.disk.create(&path);
        let mut file = file.map_err(StoreError::io("write", &path))?;
        self.names.push(name.to_owned());
        write_all(&mut *file, bytes).map_err(StoreError::io("write", &path))
    }

    /// Leaves it on the disk: it has its name by now.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for UnfinishedFolder<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be cleaned up now is found by its name later.
            for name in &self.names {
                drop(self.disk.remove_file(&self.path.join(name)));
            }
            drop(self.disk.remove_folder(&self.path));
        }
    }
}

/// Writes all of a file, durably, under its name or not at all. A file that has the name is replaced.
pub(super) fn write_file(disk: &dyn Disk, target: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let parent = parent_of(target);
    let made = under_a_new_name(parent, |path| disk.create(path));
    let (path, mut file) = made.map_err(StoreError::io("create a file in", parent))?;
    assert_eq!(parent_of(&path), parent, "a file was written where it cannot be renamed from");
    let written = write_all(&mut *file, bytes).map_err(StoreError::io("write", target));
    drop(file);
    let named = written.and_then(|()| {
        disk.rename(&path, target).map_err(StoreError::io("rename a file to", target))
    });
    if named.is_err() {
        // What cannot be cleaned up now is found by its name later.
        drop(disk.remove_file(&path));
    }
    named.and_then(|()| sync_folder(disk, parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_is_known_and_no_other() {
        for _ in 0..1000 {
            let name = unfinished_name();
            assert!(is_unfinished_name(&name), "{name}");
            assert!(!is_unfinished_name(&name[..name.len() - 1]), "{name}");
            assert!(!is_unfinished_name(&format!("{name}0")), "{name}");
            let last = if name.ends_with('0') { "1" } else { "0" };
            let other = format!("{}{last}", &name[..name.len() - 1]);
            assert!(!is_unfinished_name(&other), "{other}");
        }
        let drawn = "0123456789abcdef";
        for other in ["thesis", "aB3xYz", drawn, "", "ééééééééééé\u{e9}"] {
            assert!(!is_unfinished_name(&format!("{TEMPORARY}{other}")), "{other}");
        }
        assert!(!is_unfinished_name("_metadata"));
        assert_ne!(unfinished_name(), unfinished_name());
    }
}
