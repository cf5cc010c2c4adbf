//! The file system of the operating system.

use super::{Content, Disk, DiskFile, Found, Kind, Links};
use std::ffi::OsString;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file system of the operating system, through the standard library.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl RealDisk {
    /// The file system, to be handed down.
    pub fn shared() -> Arc<dyn Disk> {
        Arc::new(Self)
    }
}

impl Disk for RealDisk {
    fn look(&self, path: &Path, links: Links) -> io::Result<Found> {
        let metadata = match links {
            Links::Followed => fs::metadata(path),
            Links::Told => fs::symlink_metadata(path),
        };
        metadata.map(|metadata| found(&metadata))
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    fn read(&self, path: &Path, links: Links, at_most: u64) -> io::Result<Content> {
        // Opening a device may already do something, so that only what looks like a file is opened at all.
        let looked = self.look(path, links)?;
        if looked.kind != Kind::File {
            return Ok(Content { found: looked, bytes: Vec::new() });
        }
        let mut options = File::options();
        options.read(true);
        here::open_only(&mut options, links);
        let file = options.open(path)?;
        // Another may be there since: what was opened is what counts.
        let found = found(&file.metadata()?);
        let mut bytes = Vec::new();
        if found.kind == Kind::File {
            file.take(at_most).read_to_end(&mut bytes)?;
        }
        Ok(Content { found, bytes })
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::create_new(file)?))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        here::sync_folder(folder)
    }
}

impl DiskFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

fn found(metadata: &Metadata) -> Found {
    let kind = kind_of(metadata.file_type());
    let length = if kind == Kind::File { metadata.len() } else { 0 };
    Found { kind, length, identity: here::identity_of(metadata) }
}

fn kind_of(found: FileType) -> Kind {
    match found {
        found if found.is_file() => Kind::File,
        found if found.is_dir() => Kind::Folder,
        found if found.is_symlink() => Kind::Link,
        found => here::special_kind(found),
    }
}

#[cfg(unix)]
mod here {
    use super::{Kind, Links};
    use rustix::fs::OFlags;
    use std::fs::{File, FileType, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    /// Opens without waiting for the other end of a fifo and, if links are told, nothing through a link.
    pub(super) fn open_only(options: &mut OpenOptions, links: Links) {
        let flags = match links {
            Links::Followed => OFlags::NONBLOCK,
            Links::Told => OFlags::NONBLOCK | OFlags::NOFOLLOW,
        };
        options.custom_flags(flags.bits().cast_signed());
    }

    /// What is neither a file, a folder nor a link.
    pub(super) fn special_kind(found: FileType) -> Kind {
        match found {
            found if found.is_fifo() => Kind::Fifo,
            found if found.is_socket() => Kind::Socket,
            _ => Kind::Device,
        }
    }

    /// What tells a file from every other one of this machine.
    pub(super) fn identity_of(metadata: &Metadata) -> Option<(u64, u64)> {
        Some((metadata.dev(), metadata.ino()))
    }

    /// Makes the names in a folder durable.
    pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

/// Windows: no fifo lies in a folder there, no file has a number that Rust's library tells, and no folder can be opened to be
/// made durable. A link is opened through; who asks for links to be told has looked at the path before.
#[cfg(not(unix))]
mod here {
    use super::{Kind, Links};
    use std::fs::{FileType, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(super) fn open_only(_: &mut OpenOptions, _: Links) {}

    pub(super) fn special_kind(_: FileType) -> Kind {
        Kind::Device
    }

    pub(super) fn identity_of(_: &Metadata) -> Option<(u64, u64)> {
        None
    }

    pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }
}
