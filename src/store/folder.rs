//! The data folder: writes all of a savepoint, checkpoint or sink, or none of it.
//!
//! Each is written under a temporary name, synced and renamed into place, and the folder around it is synced.
//! What an interrupted writer leaves begins with [`TEMPORARY`], and no reader takes it for anything.

use super::codec::{SavepointFiles, decode_sink, encode_sink, fingerprint};
use super::error::StoreError;
use super::wire::SHARED;
use crate::effect::ExternalSystem;
use crate::job::{CheckpointId, CheckpointKind, FileId, JobId};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The metadata file of a savepoint or checkpoint, as in Flink.
pub(super) const METADATA: &str = "_metadata";
/// How the names of unfinished files and folders begin.
pub(super) const TEMPORARY: &str = ".unfinished-";
/// Where savepoints are.
pub(super) const SAVEPOINTS: &str = "savepoints";
/// Where retained checkpoints are.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// Where Flink keeps what tasks own; nothing here does.
const TASK_OWNED: &str = "taskowned";
const SINKS: &str = "sinks";
const SINK_SUFFIX: &str = ".sink";
/// The file that marks a data folder.
pub(super) const MARKER: &str = "sandbar-data";
const MARKER_TEXT: &str = "sandbar data folder, version 1\n";

/// What a data folder keeps under names of its own; all other names in it are free for its user.
pub(super) const OWN: [&str; 4] = [SAVEPOINTS, CHECKPOINTS, SINKS, MARKER];

/// How often a name for a savepoint is drawn before it is given up: as often as Flink does.
pub(super) const NAME_ATTEMPTS: u32 = 10;

/// A folder that keeps what survives a process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// Opens a data folder, or makes one of a folder that is new, or has other things in it.
    ///
    /// # Errors
    /// The folder cannot be created or written to, or a newer program made it.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let root = path.as_ref();
        create_folder(root)?;
        if let Some(opened) = Self::open(root)? {
            return Ok(opened);
        }
        replace_file(root, MARKER, MARKER_TEXT.as_bytes())?;
        Ok(Self { root: root.to_owned() })
    }

    /// Opens a folder if it is a data folder.
    ///
    /// # Errors
    /// Its marker cannot be read, or a newer program made it.
    pub fn open(path: impl AsRef<Path>) -> Result<Option<Self>, StoreError> {
        let file = path.as_ref().join(MARKER);
        match fs::read(&file) {
            Ok(text) if text == MARKER_TEXT.as_bytes() => {
                Ok(Some(Self { root: path.as_ref().to_owned() }))
            }
            Ok(_) => Err(StoreError::UnknownDataDir { file }),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(StoreError::io("read", &file)(error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Writes a savepoint and says where it is. One that is already there with the same content is left alone.
    ///
    /// # Errors
    /// The operating system refuses, or every name is taken by another savepoint.
    pub fn write_savepoint(&self, files: &SavepointFiles) -> Result<PathBuf, StoreError> {
        let parent = self.root.join(SAVEPOINTS);
        create_folder(&parent)?;
        for attempt in 0..NAME_ATTEMPTS {
            let target = parent.join(files.folder_name(attempt));
            if !exists(&target)? {
                let folder = assemble(&parent, files)?;
                move_into_place(folder, &target)?;
                return Ok(target);
            }
            if holds(&target, files) {
                return Ok(target);
            }
        }
        let tried = files.folder_name(NAME_ATTEMPTS - 1);
        Err(StoreError::NoFreeName { path: parent, tried })
    }

    /// Writes a retained checkpoint and says where it is. Another one with the same job and id is replaced.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn write_checkpoint(&self, files: &SavepointFiles) -> Result<PathBuf, StoreError> {
        let parent = self.job_folder(files.job);
        for sibling in [SHARED, TASK_OWNED] {
            create_folder(&parent.join(sibling))?;
        }
        for (name, bytes) in &files.shared {
            let is_there = |path: &Path| fs::read(path).is_ok_and(|found| found == *bytes);
            if !is_there(&parent.join(SHARED).join(name)) {
                replace_file(&parent.join(SHARED), name, bytes)?;
            }
        }
        let target = parent.join(files.checkpoint_folder_name());
        if exists(&target)? {
            if holds(&target, files) {
                return Ok(target);
            }
            remove_snapshot(&target)?;
        }
        let folder = assemble(&parent, files)?;
        move_into_place(folder, &target)?;
        Ok(target)
    }

    /// Removes a retained checkpoint: at once, so that none is found in half if the rest fails.
    ///
    /// # Errors
    /// There is none, or the operating system refuses.
    pub fn remove_checkpoint(&self, job: JobId, id: CheckpointId) -> Result<(), StoreError> {
        let path = self.job_folder(job).join(format!("chk-{id}"));
        if !exists(&path)? {
            return Err(StoreError::NotFound { path });
        }
        remove_snapshot(&path)
    }

    /// Removes a snapshot that another job of this folder took, if it is still where that job put it.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn remove_snapshot(
        &self,
        kind: CheckpointKind,
        job: JobId,
        id: CheckpointId,
    ) -> Result<(), StoreError> {
        let path = match kind {
            CheckpointKind::Checkpoint => self.job_folder(job).join(format!("chk-{id}")),
            CheckpointKind::Savepoint => {
                self.root.join(SAVEPOINTS).join(super::codec::savepoint_folder_name(job, id, 0))
            }
        };
        if exists(&path)? { remove_snapshot(&path) } else { Ok(()) }
    }

    /// Removes a file that checkpoints of a job shared. One that was never written is no hindrance: a checkpoint that does
    /// not complete leaves nothing on disk.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn remove_shared(&self, job: JobId, file: FileId) -> Result<(), StoreError> {
        let path = self.job_folder(job).join(SHARED).join(file.to_string());
        match fs::remove_file(&path) {
            Err(error) if !is_absent(&error) => Err(StoreError::io("remove", &path)(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes what each of these external systems holds, one file each; the files of others are left alone.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn write_sinks(&self, sinks: &[ExternalSystem]) -> Result<(), StoreError> {
        let folder = self.root.join(SINKS);
        create_folder(&folder)?;
        for sink in sinks {
            replace_file(&folder, &sink_file_name(&sink.name), &encode_sink(sink))?;
        }
        Ok(())
    }

    /// What every external system of this folder holds, in order of their files' names.
    ///
    /// # Errors
    /// A file is damaged or has another sink's name, or the operating system refuses.
    pub fn read_sinks(&self) -> Result<Vec<ExternalSystem>, StoreError> {
        let folder = self.root.join(SINKS);
        if !exists(&folder)? {
            return Ok(Vec::new());
        }
        let names = entries(&folder)?.into_iter();
        let is_sink = |name: &String| name.ends_with(SINK_SUFFIX) && !name.starts_with(TEMPORARY);
        names.filter(is_sink).map(|name| read_sink(&folder, &name)).collect()
    }

    pub(super) fn job_folder(&self, job: JobId) -> PathBuf {
        self.root.join(CHECKPOINTS).join(job.to_string())
    }
}

fn read_sink(folder: &Path, name: &str) -> Result<ExternalSystem, StoreError> {
    let file = folder.join(name);
    let bytes = fs::read(&file).map_err(StoreError::io("read", &file))?;
    let sink = decode_sink(&bytes).map_err(|error| StoreError::undecodable(&file, error))?;
    let expected = sink_file_name(&sink.name);
    if name != expected {
        return Err(StoreError::MisnamedSink { file, sink: sink.name, expected });
    }
    Ok(sink)
}

/// A name that every file system takes: what is plain in the sink's name, and a hash that tells it from others.
fn sink_file_name(sink: &str) -> String {
    let plain =
        sink.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    let plain: String = plain.take(40).collect();
    let print = format!("{:032x}", fingerprint(sink.as_bytes(), 0));
    format!("{plain}-{}{SINK_SUFFIX}", &print[..16])
}

/// The names in a folder that are text, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<String>, StoreError> {
    let list = fs::read_dir(folder).and_then(|found| {
        found.map(|entry| Ok(entry?.file_name().into_string().ok())).collect::<io::Result<Vec<_>>>()
    });
    let mut names: Vec<String> =
        list.map_err(StoreError::io("list", folder))?.into_iter().flatten().collect();
    names.sort_unstable();
    Ok(names)
}

pub(super) fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(StoreError::io("look for", path))
}

/// Whether nothing can be there, as opposed to something that cannot be read.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

pub(super) fn create_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::io("create folder", path))
}

/// Whether a folder already holds exactly these files.
pub(super) fn holds(folder: &Path, files: &SavepointFiles) -> bool {
    let is =
        |name: &str, bytes: &[u8]| fs::read(folder.join(name)).is_ok_and(|found| found == bytes);
    is(METADATA, &files.metadata) && files.states.iter().all(|(name, bytes)| is(name, bytes))
}

/// Writes the files into a temporary folder; the metadata last, as it refers to the others.
pub(super) fn assemble(parent: &Path, files: &SavepointFiles) -> Result<TempDir, StoreError> {
    let folder = temporary(0o777)
        .tempdir_in(parent)
        .map_err(StoreError::io("create a folder in", parent))?;
    for (name, bytes) in &files.states {
        write_synced(&folder.path().join(name), bytes)?;
    }
    write_synced(&folder.path().join(METADATA), &files.metadata)?;
    sync_folder(folder.path())?;
    Ok(folder)
}

pub(super) fn move_into_place(folder: TempDir, target: &Path) -> Result<(), StoreError> {
    fs::rename(folder.path(), target).map_err(StoreError::io("rename a folder to", target))?;
    // What was temporary is now elsewhere; nothing is left to clean up.
    let _ = folder.keep();
    sync_folder(target.parent().expect("the target lies in the data folder"))
}

/// Removes a snapshot of the system's own: it vanishes at once, under a name that no reader takes for anything.
pub fn remove_snapshot(folder: &Path) -> Result<(), StoreError> {
    let parent = folder.parent().expect("the folder lies in the data folder");
    let doomed = temporary(0o777)
        .tempdir_in(parent)
        .map_err(StoreError::io("create a folder in", parent))?;
    let inside = doomed.path().join("removed");
    fs::rename(folder, &inside).map_err(StoreError::io("remove", folder))?;
    sync_folder(parent)?;
    doomed.close().map_err(StoreError::io("remove", folder))
}

/// Writes a file under a temporary name and renames it over the one that may be there.
pub(super) fn replace_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let target = folder.join(name);
    let mut file =
        temporary(0o666).tempfile_in(folder).map_err(StoreError::io("create a file in", folder))?;
    let write = |file: &mut tempfile::NamedTempFile| {
        file.write_all(bytes)?;
        file.as_file().sync_all()
    };
    write(&mut file).map_err(StoreError::io("write", &target))?;
    file.persist(&target)
        .map_err(|error| StoreError::io("rename a file to", &target)(error.error))?;
    sync_folder(folder)
}

pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = fs::File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(StoreError::io("write", path))
}

/// A maker of unfinished files and folders. What is finished is as open to others as any file that is created
/// here: `mode` less the umask, not the owner's alone as is usual for temporary files.
pub(super) fn temporary(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Makes the names in a folder durable, where the system lets a folder be opened.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        let sync = || fs::File::open(path)?.sync_all();
        sync().map_err(StoreError::io("sync folder", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
