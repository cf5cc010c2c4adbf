//! Words for snapshots in their owners' hands: where savepoints go, what keeps them, and which of their files are meant.

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

impl Piece {
    /// As a sentence calls them.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::All => "files",
            Self::Metadata => "metadata",
            Self::Data => "data",
        }
    }
}
