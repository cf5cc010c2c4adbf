//! Removes a snapshot: the one place where files of one are deleted, whoever asks.
//!
//! A file goes only if it is known to be the snapshot's. It is opened without following links; it must be a regular file with
//! the length and the checksum that the metadata tell; and it must lie in the folder of the snapshot, or in a data folder where no
//! other snapshot names it. Everything else stays where it is and is told. A folder goes only if nothing is left in it.

use super::codec::{Metadata, decode};
use super::disk::{Disk, Found, Kind, Links};
use super::error::StoreError;
use super::folder::{if_there, is_taken, parent_of, paths_in, sync_folder};
use super::neighbours::{ENTRIES_MAX, Neighbours, data_root_of};
use super::read::metadata_file;
use super::unfinished::{is_unfinished_name, removed_name};
use super::wire::Seal;
use crate::job::METADATA;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};

/// A snapshot on a disk, as it was when its metadata were read.
#[derive(Clone, Debug)]
pub struct OnDisk {
    /// Its metadata file, by a path without links, except that the file itself may be one.
    pub(super) file: PathBuf,
    /// The folder of that.
    pub(super) folder: PathBuf,
    pub(super) metadata: Metadata,
    /// The bytes of the metadata.
    seal: Seal,
    /// The link by which it was reached, if there was one.
    through: Option<PathBuf>,
}

/// What became of the files of a snapshot that was removed, by absolute paths.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Disposed {
    /// The folder of the snapshot.
    pub folder: PathBuf,
    /// The files that were removed, `_metadata` first.
    pub removed: Vec<PathBuf>,
    /// What was left where it is, and why; a folder is left with it.
    pub left: Vec<LeftFile>,
    /// The files that other checkpoints of its job may share. They were left, too.
    pub shared: Vec<PathBuf>,
}

/// Something that was not removed with a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LeftFile {
    /// Where it is.
    pub path: PathBuf,
    /// Why it stays.
    pub why: Why,
}

/// Why something is not removed with a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Why {
    /// The metadata do not name it.
    Foreign,
    /// It has a name that the metadata know, and other content.
    Differs,
    /// It has the name of a file, and is something else.
    Irregular(Kind),
    /// It lies in another folder, which is no data folder's.
    Elsewhere,
    /// Another snapshot names it.
    NamedBy(PathBuf),
    /// Another snapshot, or a folder, cannot be read, and may name it.
    Unclear(PathBuf),
    /// It lies in a data folder that holds too much to know who names it.
    Unsearched(PathBuf),
    /// It lies beside the metadata of another snapshot.
    Beside,
    /// It is the link by which the snapshot was reached.
    Link,
}

impl Display for Why {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => write!(out, "does not belong to it"),
            Self::Differs => write!(out, "is not the file that was written"),
            Self::Irregular(kind) => write!(out, "is {kind}, not the file that was written"),
            Self::Elsewhere => write!(out, "lies in a folder that is not the snapshot's"),
            Self::NamedBy(other) => write!(out, "belongs to `{}`, too", other.display()),
            Self::Unclear(other) => {
                write!(out, "may belong to `{}`, which cannot be read", other.display())
            }
            Self::Unsearched(root) => {
                let root = root.display();
                write!(out, "lies in `{root}` among more than {ENTRIES_MAX} files, too many to ask")
            }
            Self::Beside => write!(out, "lies in the folder of another snapshot"),
            Self::Link => write!(out, "is a link, and leads to nothing now"),
        }
    }
}

impl OnDisk {
    /// Finds the snapshot at a path and reads its metadata.
    ///
    /// # Errors
    /// There is none, or its metadata cannot be read.
    pub fn find(disk: &dyn Disk, path: &Path) -> Result<Self, StoreError> {
        let given = metadata_file(disk, path)?;
        let bytes = super::read::read_metadata(disk, &given)?;
        let metadata = decode(&bytes).map_err(|error| StoreError::undecodable(&given, error))?;
        let real = |path: &Path| disk.real_path(path).map_err(StoreError::io("find", &given));
        // A link named `_metadata` stands for a file of its folder; any other link is a way to a metadata file.
        let file = if is_in_its_folder(&given) {
            real(parent_of(&given))?.join(METADATA)
        } else {
            real(&given)?
        };
        let folder = parent_of(&file).to_owned();
        let is_link = disk.look(path, Links::Told).is_ok_and(|found| found.kind == Kind::Link);
        let is_way = is_link && path.file_name().is_none_or(|name| name != METADATA);
        let through = is_way.then(|| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        Ok(Self { file, folder, metadata, seal: Seal::of(&bytes), through })
    }

    /// Whether it is the snapshot that a job took under an id.
    pub fn is_of(&self, job: crate::job::JobId, id: crate::job::CheckpointId) -> bool {
        let properties = self.metadata.properties();
        (properties.job, properties.id) == (job, id)
    }

    /// What [`OnDisk::remove`] would do now.
    ///
    /// # Errors
    /// A file cannot be looked at.
    pub fn would_remove(&self, disk: &dyn Disk) -> Result<Disposed, StoreError> {
        let plan = self.plan(disk)?;
        let removed = plan.metadata.iter().chain(&plan.files).map(|(path, _)| path.clone());
        let removed: Vec<PathBuf> = removed.collect();
        let mut told = self.told(plan.left);
        if !removed.is_empty() {
            told.left.extend(self.foreign(disk, &removed, &told.left)?);
        }
        told.removed = removed;
        Ok(told)
    }

    /// Removes its files: the metadata first, so that it can no longer be found if the rest fails, then those that they name,
    /// then the folder if nothing is left in it. Files that are already gone are no hindrance
    /// (`Checkpoints.disposeSavepoint`).
    ///
    /// First the metadata get a name by which no reader finds them; then what they name is removed; then they are. A run that
    /// finds metadata of such a name does the rest ([`DataDir::finish_removals`](super::DataDir::finish_removals)).
    ///
    /// # Errors
    /// A file cannot be looked at; then nothing was removed. Or the operating system refuses to remove one.
    pub fn remove(&self, disk: &dyn Disk) -> Result<Disposed, StoreError> {
        let plan = self.plan(disk)?;
        let mut told = self.told(plan.left);
        let Some((file, found)) = plan.metadata else { return Ok(told) };
        // Another process, without the lock, may have removed it a moment ago.
        let Some(now) = now_at(disk, &file)? else { return Ok(told) };
        if now != found {
            told.left.push(LeftFile { path: file, why: Why::Differs });
            return Ok(told);
        }
        assert!(told.removed.is_empty(), "files of a snapshot went before its metadata");
        let buried = self.folder.join(removed_name());
        let renamed = if_there(disk.rename(&file, &buried));
        if renamed.map_err(StoreError::io("remove", &file))?.is_none() {
            return Ok(told);
        }
        sync_folder(disk, &self.folder)?;
        told.removed.push(file);
        self.remove_rest(disk, plan.files, &buried, &mut told)?;
        Ok(told)
    }

    /// Removes the state files, the metadata under the name that they were given, and the folders.
    fn remove_rest(
        &self,
        disk: &dyn Disk,
        files: Vec<(PathBuf, Found)>,
        buried: &Path,
        told: &mut Disposed,
    ) -> Result<(), StoreError> {
        for (path, found) in files {
            // It may have been exchanged since it was read.
            assert!(path != self.file, "the metadata of a snapshot are not one of its state files");
            match now_at(disk, &path)? {
                Some(now) if now == found => {
                    unlink(disk, &path)?;
                    told.removed.push(path);
                }
                Some(_) => told.left.push(LeftFile { path, why: Why::Differs }),
                None => {}
            }
        }
        unlink(disk, buried)?;
        self.remove_folders(disk, told)?;
        let is_left = |path: &PathBuf| told.left.iter().any(|left| left.path == *path);
        assert!(!told.removed.iter().any(is_left), "a file was removed, and told of as left");
        told.left.extend(self.dangling(disk));
        Ok(())
    }

    /// Does the rest of a removal that was interrupted, of which the metadata are `buried`; or takes back what was written of
    /// a snapshot before its metadata were.
    pub(super) fn finish(disk: &dyn Disk, buried: &Path, is_alone: bool) -> Result<(), StoreError> {
        let bytes = super::read::read_metadata(disk, buried)?;
        // What is not ours has that name by a chance that is none.
        let Ok(metadata) = decode(&bytes) else { return Ok(()) };
        let folder = parent_of(buried);
        let folder = disk.real_path(folder).map_err(StoreError::io("find", folder))?;
        let file = if is_alone { buried.to_owned() } else { folder.join(METADATA) };
        let snapshot = Self { file, folder, metadata, seal: Seal::of(&bytes), through: None };
        if !is_alone && is_taken(disk, &snapshot.file)? {
            // Another snapshot has taken its place, and perhaps its files.
            return unlink(disk, buried);
        }
        let mut plan = Plan::default();
        snapshot.plan_files(disk, &mut plan)?;
        // Since then somebody may have come to need a file.
        if let Some(root) = data_root_of(disk, &snapshot.folder) {
            let others = Neighbours::of_data(disk, &root, buried)?;
            plan.files.retain(|(path, _)| others.claim_on(path).is_none());
        }
        if !is_alone {
            snapshot.remove_unfinished(disk)?;
        }
        let mut told = snapshot.told(plan.left);
        snapshot.remove_rest(disk, plan.files, buried, &mut told)
    }

    /// Removes what was being written into its folder.
    fn remove_unfinished(&self, disk: &dyn Disk) -> Result<(), StoreError> {
        for name in super::folder::entries(disk, &self.folder)? {
            let path = self.folder.join(&name);
            let is_file = disk.look(&path, Links::Told).is_ok_and(|at| at.kind == Kind::File);
            if name.to_str().is_some_and(is_unfinished_name) && is_file {
                unlink(disk, &path)?;
            }
        }
        Ok(())
    }

    /// The link by which it was reached, if that leads to nothing now.
    pub(super) fn dangling(&self, disk: &dyn Disk) -> Option<LeftFile> {
        let link =
            self.through.as_ref().filter(|link| disk.look(link, Links::Followed).is_err())?;
        Some(LeftFile { path: link.clone(), why: Why::Link })
    }

    fn told(&self, left: Vec<LeftFile>) -> Disposed {
        let shared = self.metadata.shared_references();
        let shared = shared.map(|reference| self.folder.join(reference.path())).collect();
        Disposed { folder: self.folder.clone(), removed: Vec::new(), left, shared }
    }

    /// Looks at every file that may be the snapshot's, and decides which go.
    fn plan(&self, disk: &dyn Disk) -> Result<Plan, StoreError> {
        let mut plan = Plan::default();
        match judge(disk, &self.file, self.seal)? {
            Verdict::Goes(found) => plan.metadata = Some((self.file.clone(), found)),
            Verdict::Absent => return Err(StoreError::NotFound { path: self.file.clone() }),
            Verdict::Stays(why) => {
                plan.left.push(LeftFile { path: self.file.clone(), why });
                return Ok(plan);
            }
        }
        assert!(plan.files.is_empty(), "a plan to remove a snapshot has files of another");
        self.plan_files(disk, &mut plan)?;
        Ok(plan)
    }

    /// Looks at every state file.
    fn plan_files(&self, disk: &dyn Disk, plan: &mut Plan) -> Result<(), StoreError> {
        let mut neighbours = BTreeMap::new();
        for (path, seal) in self.places(disk) {
            let verdict = judge(disk, &path, seal)?;
            let verdict = match verdict {
                Verdict::Goes(_) | Verdict::Stays(_) if parent_of(&path) != self.folder => {
                    self.judge_elsewhere(disk, &path, verdict, &mut neighbours)?
                }
                Verdict::Goes(_) | Verdict::Stays(_) | Verdict::Absent => verdict,
            };
            match verdict {
                Verdict::Goes(found) => plan.files.push((path, found)),
                Verdict::Stays(why) => plan.left.push(LeftFile { path, why }),
                Verdict::Absent => {}
            }
        }
        Ok(())
    }

    /// Where its state files may lie, each place once: beside the metadata, and where these say.
    fn places(&self, disk: &dyn Disk) -> BTreeMap<PathBuf, Seal> {
        let mut places = BTreeMap::new();
        for reference in self.metadata.references() {
            places.insert(self.folder.join(reference.name()), reference.seal);
            if let Some(folder) = reference.folder()
                && let Ok(folder) = disk.real_path(Path::new(folder))
            {
                places.insert(folder.join(reference.name()), reference.seal);
            }
        }
        places
    }

    /// A file in another folder goes only from a data folder in which no other snapshot names it, and from a folder that is
    /// no other snapshot's.
    fn judge_elsewhere(
        &self,
        disk: &dyn Disk,
        path: &Path,
        verdict: Verdict,
        known: &mut BTreeMap<PathBuf, Neighbours>,
    ) -> Result<Verdict, StoreError> {
        let Verdict::Goes(found) = verdict else { return Ok(verdict) };
        let Some(root) = data_root_of(disk, parent_of(path)) else {
            return Ok(Verdict::Stays(Why::Elsewhere));
        };
        if is_taken(disk, &parent_of(path).join(METADATA))? {
            return Ok(Verdict::Stays(Why::Beside));
        }
        if !known.contains_key(&root) {
            known.insert(root.clone(), Neighbours::of_data(disk, &root, &self.file)?);
        }
        Ok(match known[&root].claim_on(path) {
            Some(why) => Verdict::Stays(why),
            None => Verdict::Goes(found),
        })
    }

    /// What else is in its folder, if that is its own.
    fn foreign(
        &self,
        disk: &dyn Disk,
        own: &[PathBuf],
        left: &[LeftFile],
    ) -> Result<Vec<LeftFile>, StoreError> {
        if !is_in_its_folder(&self.file) {
            return Ok(Vec::new());
        }
        let known: BTreeSet<&Path> =
            own.iter().chain(left.iter().map(|left| &left.path)).map(PathBuf::as_path).collect();
        let mut paths = paths_in(disk, &self.folder)?;
        paths.retain(|path| !known.contains(path.as_path()));
        Ok(paths.into_iter().map(|path| LeftFile { path, why: Why::Foreign }).collect())
    }

    /// Removes the folders that its files lay in, where nothing is left. Tells what is.
    fn remove_folders(&self, disk: &dyn Disk, told: &mut Disposed) -> Result<(), StoreError> {
        let removed = told.removed.clone();
        let mut folders: BTreeSet<&Path> = removed.iter().map(|path| parent_of(path)).collect();
        match is_in_its_folder(&self.file) {
            true => folders.insert(self.folder.as_path()),
            false => folders.remove(self.folder.as_path()),
        };
        for folder in folders {
            match if_there(disk.remove_folder(folder)) {
                Ok(_) => continue,
                Err(error) if is_in_use(&error) => {}
                Err(error) => return Err(StoreError::io("remove", folder)(error)),
            }
            let mut paths = paths_in(disk, folder)?;
            paths.retain(|path| told.left.iter().all(|left| left.path != *path));
            told.left.extend(paths.into_iter().map(|path| LeftFile { path, why: Why::Foreign }));
        }
        Ok(())
    }
}

/// What is at a path now, be it a link.
fn now_at(disk: &dyn Disk, path: &Path) -> Result<Option<Found>, StoreError> {
    if_there(disk.look(path, Links::Told)).map_err(StoreError::io("look at", path))
}

/// Removes a file. One that is gone already is no hindrance.
pub(super) fn unlink(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    if_there(disk.remove_file(path)).map(drop).map_err(StoreError::io("remove", path))
}

/// Whether a folder stays since something is in it, or a file system is mounted on it.
fn is_in_use(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::ResourceBusy)
}

/// Which files of a snapshot go, and what stays.
#[derive(Default)]
struct Plan {
    metadata: Option<(PathBuf, Found)>,
    files: Vec<(PathBuf, Found)>,
    left: Vec<LeftFile>,
}

/// Whether a file is the one that was written.
pub(super) enum Verdict {
    /// It is.
    Goes(Found),
    /// Nothing is there.
    Absent,
    /// It is not.
    Stays(Why),
}

/// Opens what is at a path, follows no link, and compares.
pub(super) fn judge(disk: &dyn Disk, path: &Path, seal: Seal) -> Result<Verdict, StoreError> {
    let content = if_there(disk.read(path, Links::Told, seal.length.saturating_add(1)));
    let content = content.map_err(StoreError::io("read", path))?;
    let Some(content) = content else { return Ok(Verdict::Absent) };
    let kind = content.found.kind;
    Ok(if kind != Kind::File {
        Verdict::Stays(Why::Irregular(kind))
    } else if Seal::of(&content.bytes) == seal {
        Verdict::Goes(content.found)
    } else {
        Verdict::Stays(Why::Differs)
    })
}

/// Whether a metadata file has a folder of its own.
pub(super) fn is_in_its_folder(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == METADATA)
}
