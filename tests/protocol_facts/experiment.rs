//! How each experiment of the recording is played: the table of `tests/golden/protocol_facts.toml`.

use super::stage::{Finished, LeftBy, Stage};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is played, and what of it is compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Experiment {
    /// How a job ends, its last request and the calls of its operators.
    Calls(Stage),
    /// The id of each request.
    Ids(Stage),
    /// The id of the last checkpoint.
    NextId(Stage),
    /// Which checkpoints are kept.
    Retained(Stage),
    /// How requests are answered of which none can be done at once.
    Concurrent { requests: Vec<String> },
    /// Whether each record counts once.
    Sum(LeftBy),
    /// Whether and how a job starts from another that has finished in part.
    Finished(Finished),
}

/// All of them, by the names of their rows.
pub(crate) fn all() -> BTreeMap<String, Experiment> {
    #[derive(Deserialize)]
    struct Experiments {
        row: BTreeMap<String, Experiment>,
    }
    let experiments: Experiments = toml::from_str(include_str!("../golden/protocol_facts.toml"))
        .unwrap_or_else(|error| panic!("{error}"));
    experiments.row
}
