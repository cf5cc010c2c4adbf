//! How each row of the recording is played: the table of `tests/golden/restore_outcomes.toml`.

use super::jobs::Job;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Table;

/// How job A is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Exit {
    #[default]
    Stop,
    Drain,
    CancelWithSavepoint,
    /// A checkpoint asked for by hand, which outlives the job.
    Retained,
    /// The same while barriers may overtake what `counter` holds back.
    Unaligned,
}

/// What becomes of the path between the jobs.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Path {
    #[default]
    Folder,
    Metadata,
    TrailingSlash,
    Moved,
    Text(String),
    Damaged(Damage),
}

/// What is done to the metadata.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Damage {
    Missing,
    Magic,
    Version,
    /// Where Flink has the id of the checkpoint.
    FlippedId,
    FlippedQuarter,
    FlippedLast,
    Truncated,
    Longer,
    Garbage,
}

/// What a row tells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compared {
    /// How job B comes back.
    #[default]
    Restore,
    /// How the end of job A is called.
    Status,
    /// Which files job A leaves.
    Files,
    /// What a request is answered.
    Request(Request),
}

/// Steps of which the last asks for something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Request {
    pub(crate) steps: Vec<Table>,
    /// What a refusal says.
    pub(crate) says: String,
    pub(crate) savepoint_dir: Option<String>,
    /// Another job.
    pub(crate) beside: Option<String>,
}

/// A row, ready to be played.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Plot {
    pub(crate) a: Job,
    pub(crate) b: Job,
    pub(crate) exit: Exit,
    pub(crate) native: bool,
    pub(crate) path: Path,
    /// Whether Sandbar refuses where Flink does not, or later: its files tell that they were changed.
    pub(crate) stricter: bool,
    pub(crate) compared: Compared,
}

/// All of them, by the names of their rows.
pub(crate) fn all() -> BTreeMap<String, Plot> {
    #[derive(Deserialize)]
    struct Plots {
        row: BTreeMap<String, Plot>,
    }
    let plots: Plots = toml::from_str(include_str!("../golden/restore_outcomes.toml"))
        .unwrap_or_else(|error| panic!("{error}"));
    plots.row
}
