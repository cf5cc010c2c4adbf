//! Which files the snapshots of a folder name: a file that one of them needs is not removed with another.

use super::block::{BEGINNING, CodecError, DamageCause, MAGIC, begins_as_state};
use super::codec::{Metadata, decode};
use super::disk::{Disk, Found, Kind, Links};
use super::error::StoreError;
use super::folder::{CHECKPOINTS, SAVEPOINTS, is_a, is_absent, is_marked, is_same, parent_of};
use super::read::read_metadata;
use super::remove::Why;
use super::wire::is_state_name;
use crate::job::METADATA;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// How many things in a data folder are looked at before it is given up to know who names what.
pub(super) const ENTRIES_MAX: usize = 100_000;

/// How many levels are looked at where a link leads out of the data folder: `checkpoints` may be one, with jobs and their
/// checkpoints in it.
const LINKED_LEVELS: u32 = 3;

/// The files that the snapshots of a folder name.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    /// Who names a file, by its path without links.
    named: BTreeMap<PathBuf, PathBuf>,
    /// A snapshot whose metadata cannot be read, or a folder, so that it might name any.
    unclear: Option<PathBuf>,
    /// A folder with so much in it that it was not searched to the end.
    unsearched: Option<PathBuf>,
}

impl Neighbours {
    /// Of a data folder, but for the snapshot with this metadata file. Its user may have put metadata anywhere in it, and it
    /// may lie in another data folder.
    pub(super) fn of_data(disk: &dyn Disk, root: &Path, but: &Path) -> Result<Self, StoreError> {
        let outermost = root.ancestors().filter(|folder| is_marked(disk, folder)).last();
        Self::below(disk, outermost.unwrap_or(root), but, ENTRIES_MAX)
    }

    /// Of a folder and all those in it, in which no more than so many things are looked at.
    fn below(
        disk: &dyn Disk,
        root: &Path,
        but: &Path,
        entries_max: usize,
    ) -> Result<Self, StoreError> {
        let mut found = Self::default();
        let mut looked_at = 0;
        let mut folders = vec![(root.to_owned(), u32::MAX)];
        while let Some((folder, depth)) = folders.pop() {
            let paths = match paths_in(disk, &folder) {
                Err(StoreError::Io { source, .. }) if is_refused(&source) => {
                    found.unclear = Some(folder);
                    continue;
                }
                paths => paths?,
            };
            for path in paths {
                looked_at += 1;
                if looked_at > entries_max {
                    found.unsearched = Some(root.to_owned());
                    return Ok(found);
                }
                match depth_below(disk, root, &path, depth) {
                    None => found.add(disk, &path, but),
                    Some(0) => {}
                    Some(depth) => folders.push((path, depth)),
                }
            }
        }
        Ok(found)
    }

    /// Of the checkpoints of a job.
    pub(super) fn of_job(disk: &dyn Disk, job: &Path) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for path in paths_in(disk, job)? {
            let is_folder = is_a(disk, &path, Kind::Folder);
            let file = if is_folder { path.join(METADATA) } else { path };
            found.add(disk, &file, Path::new(""));
        }
        Ok(found)
    }

    /// Why a file must stay for others.
    pub(super) fn claim_on(&self, file: &Path) -> Option<Why> {
        let named = self.named.get(file).cloned().map(Why::NamedBy);
        let unclear = || self.unclear.clone().map(Why::Unclear);
        named.or_else(unclear).or_else(|| self.unsearched.clone().map(Why::Unsearched))
    }

    /// Adds what a file names, if it is the metadata of a snapshot.
    fn add(&mut self, disk: &dyn Disk, file: &Path, but: &Path) {
        if file == but || !is_metadata(disk, file) || is_same(disk, file, but) {
            return;
        }
        let is_in_folder = file.file_name().is_some_and(|name| name == METADATA);
        let snapshot = if is_in_folder { parent_of(file) } else { file };
        let Ok(bytes) = read_metadata(disk, file) else {
            self.unclear = Some(snapshot.to_owned());
            return;
        };
        match decode(&bytes) {
            Ok(metadata) => self.add_names(disk, snapshot, file, &metadata),
            // A copy of a state file begins as metadata do.
            Err(CodecError { cause: DamageCause::MisplacedBlock { .. }, .. }) => {}
            Err(_) => self.unclear = Some(snapshot.to_owned()),
        }
    }

    fn add_names(&mut self, disk: &dyn Disk, snapshot: &Path, file: &Path, metadata: &Metadata) {
        let folder = parent_of(file);
        let mut name = |named: PathBuf| {
            let named = disk.real_path(&named).unwrap_or(named);
            self.named.entry(named).or_insert_with(|| snapshot.to_owned());
        };
        for reference in metadata.references() {
            name(folder.join(reference.path()));
            name(folder.join(reference.name()));
        }
        for reference in metadata.shared_references() {
            name(folder.join(reference.path()));
        }
    }
}

/// How many levels are still to be looked at from a folder on, as `depth` were in the one it lies in; `None` of what is none.
/// What a link leads to is found without it, if it lies below the root.
fn depth_below(disk: &dyn Disk, root: &Path, path: &Path, depth: u32) -> Option<u32> {
    match disk.look(path, Links::Told).ok()?.kind {
        Kind::Folder => Some(depth - 1),
        Kind::Link if is_a(disk, path, Kind::Folder) => {
            let is_below = disk.real_path(path).is_ok_and(|real| real.starts_with(root));
            Some(if is_below { 0 } else { LINKED_LEVELS.min(depth - 1) })
        }
        Kind::Link | Kind::File | Kind::Fifo | Kind::Socket | Kind::Device => None,
    }
}

/// Whether a file is, or may be, the metadata of a snapshot: by its name, or by how it begins.
fn is_metadata(disk: &dyn Disk, file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    let is_called_so = name == METADATA;
    let is_called_state = name.to_str().is_some_and(is_state_name);
    match disk.read(file, Links::Followed, BEGINNING) {
        Ok(content) if content.found.kind == Kind::File => {
            let begins = content.bytes.starts_with(&MAGIC);
            // A state file by its name and by its first block need not be read to its end.
            is_called_so || begins && !(is_called_state && begins_as_state(&content.bytes))
        }
        Ok(_) => false,
        Err(error) if is_absent(&error) => false,
        // What cannot be read may be one, unless it is a link that leads to itself.
        Err(error) => {
            let is_link = |found: Found| found.kind == Kind::Link;
            is_refused(&error) || !disk.look(file, Links::Told).is_ok_and(is_link)
        }
    }
}

fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// What is in a folder; nothing is in what is none.
fn paths_in(disk: &dyn Disk, folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    match disk.look(folder, Links::Followed) {
        Ok(found) if found.kind == Kind::Folder => {}
        Ok(_) => return Ok(Vec::new()),
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        // A link that leads to itself leads to no folder.
        Err(_) if disk.look(folder, Links::Told).is_ok_and(|found| found.kind == Kind::Link) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(StoreError::io("look for", folder)(error)),
    }
    super::folder::paths_in(disk, folder)
}

/// The data folder whose snapshots a folder without links belongs to.
pub(super) fn data_root_of(disk: &dyn Disk, folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find_map(|inside| {
        let is_called = |name: &str| inside.file_name().is_some_and(|found| found == name);
        let root = inside.parent()?;
        let is_place = is_called(SAVEPOINTS) || is_called(CHECKPOINTS);
        (is_place && is_marked(disk, root)).then(|| root.to_owned())
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::codec::encode_inline_below;
    use super::super::codec::tests::sample;
    use super::super::disk::RealDisk;
    use super::super::folder::DataDir;
    use super::*;
    use crate::rules::SavepointLayout;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// Has a folder be a data folder with a savepoint that was moved to `place`, and says which file that names.
    fn savepoint_at(root: &Path, place: &Path) -> PathBuf {
        let data = DataDir::open_or_create(root).unwrap();
        let files = encode_inline_below(&sample(3), 0);
        let folder = data.write_savepoint(&files, SavepointLayout::RelativeFolder).unwrap();
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::rename(folder, place).unwrap();
        fs::canonicalize(place).unwrap().join(files.states.keys().next().unwrap())
    }

    #[test]
    fn who_names_a_file_is_found_at_any_depth() {
        let outside = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(outside.path()).unwrap().join("data");
        let other = root.join("of others").join("data");
        DataDir::open_or_create(&other).unwrap();
        let place = root.join("a/b/c/d/e");
        let file = savepoint_at(&root, &place);
        symlink(&root, root.join("a/loop")).unwrap();
        symlink("itself", root.join("itself")).unwrap();
        for root in [&root, &other] {
            let found = Neighbours::of_data(&RealDisk, root, Path::new("")).unwrap();
            assert_eq!(found.claim_on(&file), Some(Why::NamedBy(place.clone())));
            assert_eq!(found.claim_on(Path::new("any")), None);
        }
        // The snapshot itself is no other, by whatever link it is met again.
        symlink(place.join(METADATA), root.join("link")).unwrap();
        let found = Neighbours::of_data(&RealDisk, &root, &place.join(METADATA)).unwrap();
        assert_eq!(found.claim_on(&file), None);
    }

    #[test]
    fn a_link_out_of_the_data_folder_is_followed_a_few_levels() {
        let outside = tempfile::tempdir().unwrap();
        let outside = fs::canonicalize(outside.path()).unwrap();
        for (number, place, is_found) in [(1, "a", true), (2, "a/b", true), (3, "a/b/c/d", false)] {
            let (root, pool) =
                (outside.join(format!("{number}")), outside.join(format!("p{number}")));
            let file = savepoint_at(&root, &pool.join(place));
            symlink(&pool, root.join(CHECKPOINTS)).unwrap();
            let found = Neighbours::of_data(&RealDisk, &root, Path::new("")).unwrap();
            assert_eq!(found.claim_on(&file).is_some(), is_found, "{place}");
        }
    }

    #[test]
    fn what_is_not_searched_to_the_end_may_name_any_file() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("data");
        savepoint_at(&root, &root.join("savepoints/mine/sp"));
        let below = |count| Neighbours::below(&RealDisk, &root, Path::new(""), count).unwrap();
        let count = (1..100).find(|count| below(*count).claim_on(Path::new("any")).is_none());
        let count = count.expect("all is looked at in the end");
        assert!(count > 5, "folders, the mark and the files of the savepoint");
        let why = below(count - 1).claim_on(Path::new("any"));
        assert_eq!(why, Some(Why::Unsearched(root.clone())));
    }
}
