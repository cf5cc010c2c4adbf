//! Who owns a snapshot that a job starts from, and in which format a snapshot is.

use super::StateBackend;
use super::shown::shown;
use crate::documented::documented;
use serde::{Deserialize, Serialize};

documented! {
    /// Who owns the snapshot that a job starts from (FLIP-193).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ClaimMode {
        /// The user; the job builds nothing on it, and never deletes it.
        #[default]
        NoClaim,
        /// The job: it is deleted like one of its own checkpoints.
        Claim,
        /// Nobody clearly, as before 1.15: the job may build on it, and never deletes it.
        Legacy,
    }
}

/// In which format a snapshot keeps keyed state (FLIP-203).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotFormat {
    /// The one that every state backend reads.
    #[default]
    Canonical,
    /// That of tables in memory (`HashMapStateBackend`).
    Heap,
    /// That of RocksDB (`EmbeddedRocksDBStateBackend`).
    RocksDb,
}

impl SnapshotFormat {
    /// The own format of a state backend.
    pub const fn of(backend: StateBackend) -> Self {
        match backend {
            StateBackend::JobManager { .. } | StateBackend::FileSystem { .. } => Self::Heap,
            StateBackend::Incremental | StateBackend::RocksDb => Self::RocksDb,
        }
    }

    /// Whether a state backend reads it.
    pub fn is_read_by(self, backend: StateBackend) -> bool {
        self == Self::Canonical || self == Self::of(backend)
    }
}

shown! {
    SnapshotFormat:
    Canonical = "canonical",
    Heap = "native (hashmap)",
    RocksDb = "native (rocksdb)",
}
