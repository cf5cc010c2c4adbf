//! What lies in a folder, down to its leaves, so that it can be seen whether anything of it has changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One file, folder or link, with all that a user could miss.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leaf {
    mode: u32,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds of the last change; none of a folder, whose names may change.
    changed: Option<(i64, i64)>,
    content: Option<Vec<u8>>,
    target: Option<PathBuf>,
}

/// All that lies in a folder, by path.
pub(crate) fn tree(folder: &Path) -> BTreeMap<PathBuf, Leaf> {
    let mut found = BTreeMap::new();
    add(folder, &mut found);
    found
}

fn add(folder: &Path, found: &mut BTreeMap<PathBuf, Leaf>) {
    for entry in fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        let leaf = leaf_at(&path);
        if path.is_dir() && leaf.target.is_none() {
            add(&path, found);
        }
        found.insert(path, leaf);
    }
}

fn leaf_at(path: &Path) -> Leaf {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    let kind = metadata.file_type();
    // A file with a hole may be as long as a disk.
    let is_readable = kind.is_file() && metadata.len() < 1 << 24;
    Leaf {
        mode: metadata.mode(),
        inode: metadata.ino(),
        length: if kind.is_dir() { 0 } else { metadata.len() },
        changed: (!kind.is_dir()).then(|| (metadata.mtime(), metadata.mtime_nsec())),
        content: is_readable.then(|| fs::read(path).expect("it can be read")),
        target: kind.is_symlink().then(|| fs::read_link(path).expect("a link")),
    }
}

/// Nothing of what was there is gone or changed.
pub(crate) fn assert_untouched(before: &BTreeMap<PathBuf, Leaf>, story: &str) {
    for (path, leaf) in before {
        let metadata = fs::symlink_metadata(path);
        assert!(metadata.is_ok(), "{story}: `{}` is gone", path.display());
        assert_eq!(&leaf_at(path), leaf, "{story}: `{}` has changed", path.display());
    }
}

/// Copies a folder with all that is in it; only folders and regular files are there.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target)
        } else {
            assert!(fs::copy(&path, &target).is_ok(), "it cannot be copied");
        }
    }
}
