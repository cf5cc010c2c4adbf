//! Snapshots in their owners' hands: where savepoints go, what keeps them, and what a user does with their files.

use super::Mistake;
use super::language::one_key;
use super::text::layout::{Table, quoted};
use super::text::spelling::{
    Count, Flag, Jobs, Label, NewLabel, Path, Spelling, Story, Usual, Yes, key, table,
};
use crate::documented::documented;
use serde::{Deserialize, Serialize};
use toml::Spanned;

documented! {
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
}

documented! {
    /// Which machines reach what lies where snapshots go.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Reach {
        /// All of them: it is a shared file system.
        #[default]
        All,
        /// Each only what it has written: the path is on a disk of each machine's own. The job manager has the metadata.
        Own,
    }
}

documented! {
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
}

documented! {
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

/// What the owner of a snapshot does with its files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileAction {
    /// Moves, and perhaps renames, its folder, or its metadata file where that is all there is. The label goes with it.
    Move(MoveFiles),
    /// Copies it; the copy has a label of its own.
    Copy(CopyFiles),
    /// Deletes files by hand.
    Delete(DeleteFiles),
    /// Changes bytes of its metadata file.
    Damage(DamageMetadata),
    /// Has the system dispose of it (`flink savepoint -d`).
    Dispose(Dispose),
    /// Changes the paths in its metadata to where its data lie now.
    RewritePaths(RewritePaths),
}

/// `move = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MoveFiles {
    /// The label of the snapshot.
    pub savepoint: String,
    /// Its new path.
    pub to: String,
    /// Whether only the job manager has access to what lies there.
    pub job_manager_only: bool,
}
table!("`move`":
    /// Moves, and perhaps renames, a snapshot: its folder, or its metadata file where that is all there is.
    /// e.g. `{ savepoint = "first", to = "archive/first" }`
    MoveText => MoveFiles {
        /// The label of the snapshot.
        /// e.g. `"first"`
        savepoint: Label,
        /// Its new path.
        /// e.g. `"archive/first"`
        to: Path,
        /// Whether only the job manager has access to what lies there.
        /// Usual: `false`
        /// e.g. `true`
        job_manager_only: Flag,
    }
);

/// `copy = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyFiles {
    /// The label of the snapshot.
    pub savepoint: String,
    /// The label of the copy.
    pub label: String,
    /// The path of the copy.
    pub to: String,
    /// Whether only the job manager has access to what lies there.
    pub job_manager_only: bool,
}
table!("`copy`":
    /// Copies a snapshot.
    /// e.g. `{ savepoint = "first", as = "copy", to = "archive/copy" }`
    CopyText => CopyFiles {
        /// The label of the snapshot.
        /// e.g. `"first"`
        savepoint: Label,
        /// The label of the copy.
        /// e.g. `"copy"`
        label as "as": NewLabel,
        /// The path of the copy.
        /// e.g. `"archive/copy"`
        to: Path,
        /// Whether only the job manager has access to what lies there.
        /// Usual: `false`
        /// e.g. `true`
        job_manager_only: Flag,
    }
);

/// `delete = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeleteFiles {
    /// The label of the snapshot.
    pub savepoint: String,
    /// Which of its files.
    pub what: Piece,
}
table!("`delete`":
    /// Deletes files of a snapshot by hand.
    /// e.g. `{ savepoint = "first", what = "data" }`
    DeleteText => DeleteFiles {
        /// The label of the snapshot.
        /// e.g. `"first"`
        savepoint: Label,
        /// Which of its files.
        /// Usual: `"all"`
        /// e.g. `"data"`
        what: Usual<Piece>,
    }
);

/// `damage = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DamageMetadata {
    /// The label of the snapshot.
    pub savepoint: String,
    /// What becomes of the file.
    pub how: Damage,
}
table!("`damage`":
    /// Changes bytes of the metadata file of a snapshot. Whoever is pointed to it reads what is there then.
    /// e.g. `{ savepoint = "first", how = { truncate = 1 } }`
    DamageText => DamageMetadata {
        /// The label of the snapshot.
        /// e.g. `"first"`
        savepoint: Label,
        /// What becomes of the file.
        /// e.g. `{ flip = 100 }`
        how: Damage,
    }
);

/// What becomes of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Damage {
    /// So many bytes are missing at its end.
    Truncate(u32),
    /// So many bytes of 0 follow it.
    Append(u32),
    /// All bits of this byte are turned, counted from 0, or from the end with -1 for the last.
    Flip(i32),
    /// Its magic number is another: it does not begin as such files do.
    Magic,
    /// It says that its format is of this version.
    Version(u32),
    /// It holds this text instead.
    Overwrite(String),
}

one_key!("`how` of `damage`":
    /// What becomes of the file: exactly one of these.
    /// e.g. `{ truncate = 1 }`
    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum DamageHow {
        /// So many bytes are missing at its end.
        /// e.g. `1`
        Truncate(Count<{ u32::MAX }>),
        /// So many bytes of 0 follow it.
        /// e.g. `1`
        Append(Count<{ 1 << 20 }>),
        /// All bits of this byte are turned: counted from 0, or from the end, where -1 is the last.
        /// e.g. `100`
        Flip(i32),
        /// It begins as no such file does.
        /// e.g. `true`
        Magic(Spanned<bool>),
        /// It says that its format is of this version.
        /// e.g. `99`
        Version(u32),
        /// It holds this text instead.
        /// e.g. `"a text"`
        Overwrite(String),
    }
);

impl Spelling for Damage {
    type Value = Self;
    type Text = DamageHow;

    fn read(text: DamageHow, story: &Story<'_>) -> Result<Self, Mistake> {
        Ok(match text {
            DamageHow::Truncate(bytes) => Self::Truncate(bytes.0),
            DamageHow::Append(bytes) => Self::Append(bytes.0),
            DamageHow::Flip(at) => Self::Flip(at),
            DamageHow::Magic(yes) => Yes::read(yes, story).map(|()| Self::Magic)?,
            DamageHow::Version(version) => Self::Version(version),
            DamageHow::Overwrite(text) => Self::Overwrite(text),
        })
    }

    fn write(how: &Self, _jobs: &Jobs<'_>) -> Option<String> {
        Some(match how {
            Self::Truncate(bytes) => Table::one("truncate", bytes),
            Self::Append(bytes) => Table::one("append", bytes),
            Self::Flip(at) => Table::one("flip", at),
            Self::Magic => Table::one("magic", true),
            Self::Version(version) => Table::one("version", version),
            Self::Overwrite(text) => Table::one("overwrite", quoted(text)),
        })
    }
}

/// `dispose = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dispose {
    /// The label of the snapshot.
    pub savepoint: String,
    /// Whether the classes of the job are given along (`-j`).
    pub with_jar: bool,
}
table!("`dispose`":
    /// Has the system dispose of a snapshot.
    /// Flink: `savepoint -d`
    /// e.g. `{ savepoint = "first" }`
    DisposeText => Dispose {
        /// The label of the snapshot.
        /// e.g. `"first"`
        savepoint: Label,
        /// Whether the classes of the job are given along.
        /// Flink: `-j`, `--jarfile`
        /// Usual: `false`
        /// e.g. `true`
        with_jar: Flag,
    }
);

/// `rewrite-paths = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RewritePaths {
    /// The label of the snapshot.
    pub savepoint: String,
}
table!("`rewrite-paths`":
    /// Changes the paths in the metadata of a snapshot to where its data lie now.
    /// e.g. `{ savepoint = "first" }`
    RewriteText => RewritePaths {
        /// The label of the snapshot.
        /// e.g. `"first"`
        savepoint: Label,
    }
);

impl FileAction {
    /// The label of the snapshot whose files are meant.
    pub fn savepoint(&self) -> &str {
        match self {
            Self::Move(MoveFiles { savepoint, .. })
            | Self::Copy(CopyFiles { savepoint, .. })
            | Self::Delete(DeleteFiles { savepoint, .. })
            | Self::Damage(DamageMetadata { savepoint, .. })
            | Self::Dispose(Dispose { savepoint, .. })
            | Self::RewritePaths(RewritePaths { savepoint }) => savepoint,
        }
    }
}
