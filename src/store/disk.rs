//! The calls that the store makes of the file system, as one trait.
//!
//! Every file of a snapshot or of a data folder is reached through a [`Disk`], which is handed down from the command to
//! the call: there is no other way to a file in this room, and nothing global. [`RealDisk`] is the operating system's,
//! [`MemoryDisk`] one that a play has for itself; tests put one in their place that fails where they say.

mod memory;
mod real;

pub use memory::MemoryDisk;
pub use real::RealDisk;

use std::ffi::OsString;
use std::fmt::{self, Debug, Display, Formatter};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file system, call by call. Each call does one thing, so that a fault can fall between any two.
pub trait Disk: Debug + Send + Sync {
    /// What is at a path.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be looked at.
    fn look(&self, path: &Path, links: Links) -> io::Result<Found>;

    /// A path from the root on, with no link in it.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be looked at.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;

    /// The names in a folder, in no order.
    ///
    /// # Errors
    /// It is no folder, or cannot be read.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;

    /// Opens what is at a path and, if it is a regular file, reads at most so many bytes of it. Never waits for what a fifo
    /// or a device may give.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be read.
    fn read(&self, path: &Path, links: Links, at_most: u64) -> io::Result<Content>;

    /// Makes a new, empty file, as open to others as the user's mask leaves it.
    ///
    /// # Errors
    /// Something is there, or none can be made.
    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Makes one folder in a folder that is there.
    ///
    /// # Errors
    /// Something is there, or none can be made.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Gives a file or a folder another name, at once. A file that has the name is replaced.
    ///
    /// # Errors
    /// It cannot be, for instance because the name lies in another file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file or a link, not what a link points to.
    ///
    /// # Errors
    /// It is not there, or cannot be removed.
    fn remove_file(&self, file: &Path) -> io::Result<()>;

    /// Removes a folder with nothing in it.
    ///
    /// # Errors
    /// Something is in it, or it cannot be removed.
    fn remove_folder(&self, folder: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable, where the system lets a folder be opened.
    ///
    /// # Errors
    /// It cannot.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// A file that is open for writing. A write may take less than it is given.
pub trait DiskFile: Write + Debug {
    /// Makes what was written durable.
    ///
    /// # Errors
    /// It cannot.
    fn sync(&mut self) -> io::Result<()>;
}

/// What becomes of a link at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    /// What it points to is meant.
    Followed,
    /// The link itself is meant.
    Told,
}

/// What is at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Of which kind it is.
    pub kind: Kind,
    /// Its length in bytes, if it is a regular file.
    pub length: u64,
    /// What tells it from every other file of this machine, where the system has such a thing.
    pub identity: Option<(u64, u64)>,
}

/// Of which kind something on a disk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe with a name: opening it may wait for ever.
    Fifo,
    /// A socket.
    Socket,
    /// A device, which may have no end.
    Device,
}

impl Display for Kind {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::File => "a regular file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Fifo => "a fifo",
            Self::Socket => "a socket",
            Self::Device => "a device",
        })
    }
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// What was opened.
    pub found: Found,
    /// Its first bytes, no more than were asked for; none of what is no regular file.
    pub bytes: Vec<u8>,
}
