//! Why files could not be written or read: what the user did wrong, or what the machine refused.

use super::block::{CodecError, DamageCause};
use super::disk::Kind;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a savepoint or a data folder could not be written or read. The terms are Flink's where Flink refuses, too.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The path to a savepoint is empty.
    #[error("empty checkpoint pointer: there is no path")]
    EmptyPointer,
    /// Nothing is at the path.
    #[error("cannot find checkpoint or savepoint file/directory `{}`", path.display())]
    NotFound {
        /// As it was given.
        path: PathBuf,
    },
    /// A directory, but no savepoint in it.
    #[error("cannot find meta data file `_metadata` in directory `{}`", path.display())]
    NoMetadata {
        /// The directory.
        path: PathBuf,
    },
    /// A savepoint whose writer was interrupted.
    #[error("`{}` is a savepoint that was never finished", path.display())]
    Unfinished {
        /// The temporary folder.
        path: PathBuf,
    },
    /// Another program's file.
    #[error("`{}` is not a savepoint: {error}", file.display())]
    NotASavepoint {
        /// The file.
        file: PathBuf,
        /// Where and why.
        error: CodecError,
    },
    /// A file of a newer program.
    #[error("`{}` cannot be read: {error}", file.display())]
    FutureVersion {
        /// The file.
        file: PathBuf,
        /// Where and why.
        error: CodecError,
    },
    /// A file that ends too early.
    #[error("`{}` is incomplete: {error}", file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Where and why.
        error: CodecError,
    },
    /// A file whose bytes are not those that were written.
    #[error("`{}` is damaged: {error}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where and why.
        error: CodecError,
    },
    /// The metadata refers to a state file that is not there.
    #[error("cannot find state file `{}`, to which `_metadata` refers", file.display())]
    StateFileMissing {
        /// The file.
        file: PathBuf,
    },
    /// The metadata names a state file by an absolute path, from which it was moved.
    #[error(
        "cannot find state file `{}`, to which `_metadata` refers by its absolute path; there is one at `{}`",
        file.display(), beside.display()
    )]
    MovedAway {
        /// Where it should be.
        file: PathBuf,
        /// Where a file of its name is.
        beside: PathBuf,
    },
    /// A savepoint whose metadata names its files by absolute paths.
    #[error("cannot move `{}` as it is: its `_metadata` names its files by absolute paths, as it was usual until 1.10", path.display())]
    AbsolutePaths {
        /// The savepoint.
        path: PathBuf,
    },
    /// A path that cannot be written into metadata.
    #[error("cannot name files in `{}`: its path is not plain text", path.display())]
    UnspeakablePath {
        /// The folder.
        path: PathBuf,
    },
    /// The metadata knows a state file of another length.
    #[error(
        "state file `{}` has {found} bytes at byte {offset}, where `_metadata` expects {expected}",
        file.display(), offset = found.min(expected)
    )]
    StateFileLength {
        /// The file.
        file: PathBuf,
        /// The length that the metadata knows.
        expected: u64,
        /// The length of the file.
        found: u64,
    },
    /// The metadata knows a state file of other content.
    #[error("state file `{}` is not the one to which `_metadata` refers: {error}", file.display())]
    StateFileChecksum {
        /// The file.
        file: PathBuf,
        /// Where and why.
        error: CodecError,
    },
    /// Something in the place of a file that cannot be read as one, and might have no end.
    #[error("{what} `{}` is {kind}, not a regular file", path.display())]
    Irregular {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is there.
        kind: Kind,
    },
    /// A file that is longer than any that is read.
    #[error("{what} `{}` is longer than the {at_most} bytes that are read at most", path.display())]
    TooLong {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// How many bytes are read at most.
        at_most: u64,
    },
    /// A sink's file under the name of another sink.
    #[error("`{}` holds the sink `{sink}`, whose file is called `{expected}`", file.display())]
    MisnamedSink {
        /// The file.
        file: PathBuf,
        /// The sink inside.
        sink: String,
        /// The name that its file has.
        expected: String,
    },
    /// A segment of the sinks under the name of another one.
    #[error("`{}` holds the rows that belong in `{expected}`", file.display())]
    MisnamedSegment {
        /// The file.
        file: PathBuf,
        /// The name that it has by its content.
        expected: String,
    },
    /// A segment of the sinks is not there, although a later one came after it.
    #[error("cannot find `{}`, the rows that came before those in `{}`", file.display(), by.display())]
    SegmentMissing {
        /// The file.
        file: PathBuf,
        /// The one that names it.
        by: PathBuf,
    },
    /// A data folder of another version.
    #[error("`{}` does not mark a data folder that this program knows", file.display())]
    UnknownDataDir {
        /// The marker file.
        file: PathBuf,
    },
    /// Another process writes into a data folder.
    #[error("data folder `{}` is in use by {}", folder.display(), holder.as_deref().unwrap_or("another process"))]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Which process, and since when, if it has said so.
        holder: Option<String>,
    },
    /// The file system of a data folder has no locks.
    #[error("cannot lock data folder `{}`: {source}", folder.display())]
    NoLocks {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something is where a savepoint is to be moved to.
    #[error("cannot move a savepoint to `{}`: something is there", path.display())]
    Occupied {
        /// The target.
        path: PathBuf,
    },
    /// Something that is not ours is where a file is to be written.
    #[error("cannot write `{}`: something else is there", path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
    },
    /// A checkpoint that cannot be moved alone.
    #[error("cannot move `{}`: it shares files with other checkpoints of its job", path.display())]
    SharesFiles {
        /// The checkpoint.
        path: PathBuf,
    },
    /// Other savepoints hold every name that this one could have.
    #[error("no free name for a savepoint in `{}`; the last tried was `{tried}`", path.display())]
    NoFreeName {
        /// The folder of savepoints.
        path: PathBuf,
        /// The name that was tried last.
        tried: String,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    /// The error of a system call on a path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// The error of a file whose bytes cannot be decoded.
    pub(super) fn undecodable(file: &Path, error: CodecError) -> Self {
        let file = file.to_owned();
        match error.cause {
            DamageCause::Magic { .. } => Self::NotASavepoint { file, error },
            DamageCause::FutureVersion { .. } => Self::FutureVersion { file, error },
            DamageCause::Truncated { .. } => Self::Truncated { file, error },
            DamageCause::UnknownVersion { .. }
            | DamageCause::Checksum { .. }
            | DamageCause::UnknownBlock { .. }
            | DamageCause::MisplacedBlock { .. }
            | DamageCause::Malformed { .. }
            | DamageCause::Extra { .. } => Self::Damaged { file, error },
        }
    }

    /// What the user can do, in one sentence.
    pub fn help(&self) -> &'static str {
        match self {
            Self::EmptyPointer => "give the folder of a savepoint or its `_metadata` file",
            Self::NotFound { .. } => {
                "check the path, or list what there is with `sandbar savepoint list DIR`"
            }
            Self::NoMetadata { .. } => {
                "point at the folder that holds `_metadata`, or at the metadata file itself"
            }
            Self::Unfinished { .. } => "delete it and restore from a savepoint that completed",
            Self::NotASavepoint { .. } => "give a savepoint that `sandbar run --data-dir` left",
            Self::FutureVersion { .. } | Self::UnknownDataDir { .. } => {
                "use the version of Sandbar that wrote it, or a newer one"
            }
            Self::Truncated { .. }
            | Self::Damaged { .. }
            | Self::StateFileMissing { .. }
            | Self::StateFileLength { .. }
            | Self::StateFileChecksum { .. } => {
                "copy the whole folder again from an intact copy, or restore from another savepoint"
            }
            Self::MovedAway { .. } => {
                "move it back, or rewrite its paths with `sandbar savepoint move --rewrite-paths`"
            }
            Self::AbsolutePaths { .. } => "add --rewrite-paths, so that they name the new place",
            Self::UnspeakablePath { .. } => "choose a folder whose path is UTF-8",
            Self::Irregular { .. } => "put the file itself in its place",
            Self::TooLong { .. } => "check that it is the file that is meant",
            Self::SegmentMissing { .. } => "copy the whole folder again from an intact copy",
            Self::MisnamedSink { .. } | Self::MisnamedSegment { .. } => {
                "give the file its name back, or delete it if it is a copy"
            }
            Self::InUse { .. } => {
                "wait for it with --wait SECONDS, or choose another folder; readers need not wait"
            }
            Self::NoLocks { .. } => {
                "see that nothing else uses the folder, and add --no-lock, or choose another disk"
            }
            Self::Occupied { .. } => "give a path at which there is nothing, or an existing folder",
            Self::InTheWay { .. } => "move it away, or give another --data-dir",
            Self::SharesFiles { .. } => {
                "move the folder of the whole job, or start from it and take a savepoint"
            }
            Self::NoFreeName { .. } => "remove savepoints that are no longer needed",
            Self::Io { source, .. } => io_help(source),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of io errors are open-ended")]
fn io_help(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to, or change its permissions"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or choose a folder on another disk"
        }
        io::ErrorKind::NotADirectory => "choose a folder; a file is in its place",
        _ => "check the path and try again",
    }
}
