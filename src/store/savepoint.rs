//! What one savepoint or retained checkpoint is, in memory, and what is told of it to people.

use crate::effect::ExternalSystem;
use crate::job::{CheckpointId, CheckpointKind, JobId, OperatorId};
use crate::kernel::SimTime;
use crate::state::CompletedCheckpoint;
use crate::trace::StateKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far one partition of an input had been read, and what had been read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct InputIdentity {
    /// The input's name.
    pub name: String,
    /// Which partition of it, from 0.
    pub partition: u32,
    /// The offset of the entry that is read next; so many entries had been read.
    pub next: u64,
    /// A hash of the entries before `next`: a later process that finds another prefix was given another input.
    pub hash: u64,
}

/// Everything that a later process needs to go on from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Savepoint {
    /// The state of the job.
    pub checkpoint: CompletedCheckpoint,
    /// How far each partition of each input had been read.
    pub inputs: Vec<InputIdentity>,
    /// The virtual time at which the next process starts its clock.
    pub clock: SimTime,
    /// A copy of the external systems at that moment. Used only when the savepoint was moved away from its data
    /// folder, whose own sink files are newer. Open transactions are not written: no process survives to end them.
    pub sinks: Vec<ExternalSystem>,
}

/// One state of one operator, over all its subtasks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct StateSummary {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StateKind,
    /// How many entries or items it has.
    pub entries: u64,
    /// How many bytes of it are stored inside `_metadata`.
    pub inline_bytes: u64,
    /// How many bytes of it are stored in state files.
    pub file_bytes: u64,
}

/// One operator of a savepoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct OperatorSummary {
    /// The id it is stored under, in 32 hex digits.
    #[serde(serialize_with = "as_text")]
    pub id: OperatorId,
    /// Its name.
    pub name: String,
    /// Its uid, if it has one.
    pub uid: Option<String>,
    /// How many subtasks it had.
    pub parallelism: u32,
    /// How many key groups it had.
    pub max_parallelism: u32,
    /// How many of its subtasks had finished before the barrier.
    pub finished: u32,
    /// Its states: keyed ones by name, then lists by name.
    pub states: Vec<StateSummary>,
}

/// What `savepoint show` and `savepoint list` tell of a savepoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct SavepointSummary {
    /// Its id.
    pub id: CheckpointId,
    /// Checkpoint or savepoint.
    pub kind: CheckpointKind,
    /// The run that took it, in 32 hex digits.
    #[serde(serialize_with = "as_text")]
    pub job: JobId,
    /// The job's name.
    pub job_name: String,
    /// When it was triggered.
    pub triggered: SimTime,
    /// Where the next process starts its clock.
    pub clock: SimTime,
    /// Its operators, in order of the job graph.
    pub operators: Vec<OperatorSummary>,
    /// How far each partition of each input had been read.
    pub inputs: Vec<InputIdentity>,
    /// The sinks of which it holds a copy.
    pub sinks: Vec<String>,
    /// Its files and their lengths in bytes, `_metadata` among them.
    pub files: BTreeMap<String, u64>,
    /// The length of all its files together, in bytes.
    pub bytes: u64,
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(
    id: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}
