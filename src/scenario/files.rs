//! Words for snapshots in their owners' hands: what keeps savepoints, and what a user does with their files.

use super::model::Action;
use serde::{Deserialize, Serialize};

/// Where savepoints go (`execution.checkpointing.savepoint-dir`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SavepointDir {
    /// Into a folder that is there.
    #[default]
    There,
    /// Nobody said: whoever asks for one is refused.
    None,
    /// Into one that cannot be made: whoever asks for one is refused.
    Unwritable,
    /// Somebody said it under a key that nobody reads (`savepoints.state.backend.fs.checkpointdir`): as if nobody had.
    WrongKey,
}

/// What keeps savepoints in 1.0 and 1.1 (`savepoints.state.backend`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SavepointBackend {
    /// The memory of the job manager: they are lost with it.
    #[serde(rename = "jobmanager")]
    JobManager,
    /// A file each, in the savepoint directory.
    #[serde(rename = "filesystem")]
    FileSystem,
    /// What the factory of a named class makes, somewhere durable that nobody else has access to.
    Factory,
    /// A word that means nothing.
    Unknown,
}

impl Action {
    /// The label that a step gives to a snapshot, if it makes one.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Savepoint { label, .. }
            | Self::Stop { label, .. }
            | Self::Checkpoint { label, .. }
            | Self::Cancel { with_savepoint: Some(label), .. }
            | Self::Files(FileAction { work: FileWork::Copy { label, .. }, .. }) => Some(label),
            Self::Run { .. }
            | Self::Cancel { with_savepoint: None, .. }
            | Self::Files(_)
            | Self::Fail(_)
            | Self::Block { .. }
            | Self::Unblock(_)
            | Self::Kill(_)
            | Self::KillTaskManager(_)
            | Self::Partition(..)
            | Self::KillJobManager
            | Self::List
            | Self::Storage(_)
            | Self::Upgrade(_)
            | Self::Lose(_)
            | Self::Delay(..)
            | Self::Repeat(..) => None,
        }
    }
}

/// Something that the owner of a snapshot does with its files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileAction {
    /// The label of the savepoint or checkpoint.
    pub label: String,
    /// What.
    pub work: FileWork,
}

/// What the owner of a snapshot does with its files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileWork {
    /// Moves, and perhaps renames, its folder, or its metadata file where that is all there is. The label goes with it.
    Move {
        /// Its new path.
        to: String,
        /// Whether only the job manager has access to what lies there.
        job_manager_only: bool,
    },
    /// Copies it; the copy has a label of its own.
    Copy {
        /// The path of the copy.
        to: String,
        /// The label of the copy.
        label: String,
        /// Whether only the job manager has access to what lies there.
        job_manager_only: bool,
    },
    /// Deletes files by hand.
    Delete(Piece),
    /// Has the system dispose of it (`flink savepoint -d`).
    Dispose {
        /// Whether the classes of the job are given along (`-j`).
        with_jar: bool,
    },
    /// Changes the paths in its metadata to where its data lie now.
    RewritePaths,
}

/// Which files of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// Its metadata and its data.
    #[default]
    All,
    /// Its metadata.
    Metadata,
    /// Its data, shared files included.
    Data,
}
