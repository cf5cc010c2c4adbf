//! Which files the snapshots of a folder name: a file that one of them needs is not removed with another.

use super::block::{CodecError, DamageCause, MAGIC, length_of};
use super::codec::{Metadata, decode};
use super::disk::{Disk, Found, Kind, Links};
use super::error::StoreError;
use super::folder::{CHECKPOINTS, METADATA, SAVEPOINTS, is_a, is_absent, is_marked};
use super::read::read_metadata;
use super::remove::Why;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The files that the snapshots of a folder name.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    /// Who names a file, by its path without links.
    named: BTreeMap<PathBuf, PathBuf>,
    /// A snapshot whose metadata cannot be read, so that it might name any.
    unclear: Option<PathBuf>,
}

impl Neighbours {
    /// Of a data folder, but for the snapshot with this metadata file.
    pub(super) fn of_data(disk: &dyn Disk, root: &Path, but: &Path) -> Result<Self, StoreError> {
        let mut found = Self::default();
        let savepoints = root.join(SAVEPOINTS);
        for path in paths_in(disk, &savepoints)? {
            found.add(disk, &path, but);
        }
        for job in paths_in(disk, &root.join(CHECKPOINTS))? {
            for path in paths_in(disk, &job)? {
                found.add(disk, &path, but);
            }
        }
        Ok(found)
    }

    /// Of the checkpoints of a job.
    pub(super) fn of_job(disk: &dyn Disk, job: &Path) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for path in paths_in(disk, job)? {
            found.add(disk, &path, Path::new(""));
        }
        Ok(found)
    }

    /// Why a file must stay for others.
    pub(super) fn claim_on(&self, file: &Path) -> Option<Why> {
        let named = self.named.get(file).cloned().map(Why::NamedBy);
        named.or_else(|| self.unclear.clone().map(Why::Unclear))
    }

    /// Adds what the snapshot at a path names, if one is there.
    fn add(&mut self, disk: &dyn Disk, path: &Path, but: &Path) {
        let file =
            if is_a(disk, path, Kind::Folder) { path.join(METADATA) } else { path.to_owned() };
        if file == but || !is_metadata(disk, &file) {
            return;
        }
        let Ok(bytes) = read_metadata(disk, &file) else {
            self.unclear = Some(path.to_owned());
            return;
        };
        match decode(&bytes) {
            Ok(metadata) => self.add_names(disk, path, &file, &metadata),
            // A copy of a state file begins as metadata do.
            Err(CodecError { cause: DamageCause::MisplacedBlock { .. }, .. }) => {}
            Err(_) => self.unclear = Some(path.to_owned()),
        }
    }

    fn add_names(&mut self, disk: &dyn Disk, path: &Path, file: &Path, metadata: &Metadata) {
        let folder = file.parent().unwrap_or(path);
        let mut name = |named: PathBuf| {
            let named = disk.real_path(&named).unwrap_or(named);
            self.named.entry(named).or_insert_with(|| path.to_owned());
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

/// Whether a file is, or may be, the metadata of a snapshot: by its name, or by how it begins.
fn is_metadata(disk: &dyn Disk, file: &Path) -> bool {
    let is_called_so = file.file_name().is_some_and(|name| name == METADATA);
    match disk.read(file, Links::Followed, length_of(&MAGIC)) {
        Ok(content) if content.found.kind == Kind::File => is_called_so || content.bytes == MAGIC,
        Ok(_) => false,
        Err(error) if is_absent(&error) => false,
        // What cannot be read may be one, unless it is a link that leads to itself.
        Err(error) => {
            let is_link = |found: Found| found.kind == Kind::Link;
            error.kind() == io::ErrorKind::PermissionDenied
                || !disk.look(file, Links::Told).is_ok_and(is_link)
        }
    }
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
