//! Temporary files beside the files that a run writes for its user, and those of runs that were killed.
//!
//! A file that is being written is locked by its process, and its name says that it is ours. So whoever can lock one of such
//! a name knows that nobody writes it any more, and removes it. What only begins like one is somebody else's.

use super::system::open_to_others;
use crate::store::{is_unfinished_name, unfinished_name};
use std::fs::File;
use std::io;
use std::path::Path;
use tempfile::NamedTempFile;

/// How the names begin.
const PREFIX: &str = ".sandbar-";
/// How the names of unfinished things in a data folder begin, whose checksummed digits these have.
const UNFINISHED: &str = ".unfinished-";
/// How often a name is drawn: one is lost only if another process takes the file for an abandoned one before it is locked.
const ATTEMPTS: u32 = 8;

fn name() -> String {
    unfinished_name().replacen(UNFINISHED, PREFIX, 1)
}

fn is_ours(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX);
    digits.is_some_and(|digits| is_unfinished_name(&format!("{UNFINISHED}{digits}")))
}

/// A new file in a folder, locked as long as it is written, as open to others as any new file. Those that were abandoned in
/// the folder are removed before.
pub(super) fn file_in(folder: &Path) -> io::Result<NamedTempFile> {
    remove_abandoned(folder);
    let mut attempt = 1;
    loop {
        let file = builder(&name()).tempfile_in(folder)?;
        // Where there are no locks, nobody can lock it either, and so nobody removes it.
        let is_lost =
            matches!(fs4::FileExt::try_lock(file.as_file()), Err(fs4::TryLockError::WouldBlock))
                || !file.path().exists();
        if !is_lost || attempt == ATTEMPTS {
            return Ok(file);
        }
        attempt += 1;
    }
}

/// Removes what runs that were killed left in a folder. What cannot be removed hinders nobody.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !entry.file_name().to_str().is_some_and(is_ours) {
            continue;
        }
        if let Ok(file) = File::open(entry.path())
            && fs4::FileExt::try_lock(&file).is_ok()
        {
            // Removed while it is locked, so that whoever has just made it does not take it for its own.
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

fn builder(name: &str) -> tempfile::Builder<'_, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(name).rand_bytes(0);
    open_to_others(&mut builder);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abandoned_file_goes_and_one_that_is_written_or_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let written = file_in(folder.path()).unwrap();
        let abandoned = folder.path().join(name());
        let mine = [".sandbar-notes", ".sandbar-", "x"].map(|name| folder.path().join(name));
        for file in mine.iter().chain([&abandoned]) {
            std::fs::write(file, "text").unwrap();
        }
        let a_folder = folder.path().join(name());
        std::fs::create_dir(&a_folder).unwrap();
        let second = file_in(folder.path()).unwrap();
        assert!(!abandoned.exists());
        assert!(mine.iter().all(|file| file.exists()) && a_folder.exists());
        assert!(written.path().exists() && second.path().exists());
        let target = folder.path().join("target");
        written.persist(&target).unwrap();
        drop(second);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3 + 1 + 1);
    }
}
