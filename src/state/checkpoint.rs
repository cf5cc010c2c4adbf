//! A completed checkpoint, and the ledger of acks that alone can make one.

use crate::job::{
    CheckpointId, CheckpointKind, JobId, LocalTaskId, OperatorId, SharedFile, SnapshotFormat,
};
use crate::kernel::SimTime;
use crate::rules::{MetadataVersion, StateHandles};
use crate::state::OperatorSnapshot;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a completed checkpoint holds of one subtask of one operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubtaskState {
    /// The subtask had finished before the barrier; nothing is left to restore.
    Finished,
    /// No operator of its task had any state: the task acked without a word of it, so that the entry does not list it.
    Unlisted,
    /// Its snapshot.
    Snapshot(Arc<OperatorSnapshot>),
}

/// Where in its chain an operator was whose state is stored by chain (1.0 to 1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChainPlace {
    /// The id of the chain: that of its head.
    pub head: OperatorId,
    /// Its place, each operator after all that are chained to it, the head last.
    pub place: u16,
    /// How many operators the chain had.
    pub length: u16,
}

/// What a completed checkpoint holds of one operator. In the store, `S` says where the state of a subtask is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorState<S = SubtaskState> {
    /// The id it is stored under.
    pub id: OperatorId,
    /// The operator's name, for people.
    pub name: String,
    /// Its uid, for people.
    pub uid: Option<String>,
    /// Its place in its chain, if it is that by which its state is found, and not its id.
    pub chain: Option<ChainPlace>,
    /// How many key groups it had.
    pub max_parallelism: u32,
    /// Its subtasks, in order; as many as its parallelism.
    pub subtasks: Vec<S>,
    /// The state of its coordinator in the job manager, if it has one (`OperatorCoordinator`): of a source, the splits that
    /// nobody had.
    pub coordinator: Option<Arc<OperatorSnapshot>>,
}

impl<S> OperatorState<S> {
    /// The same operator with these subtasks.
    pub fn with_subtasks<T>(&self, subtasks: Vec<T>) -> OperatorState<T> {
        assert_eq!(subtasks.len(), self.subtasks.len(), "`{}` lost or won a subtask", self.name);
        OperatorState {
            id: self.id,
            name: self.name.clone(),
            uid: self.uid.clone(),
            chain: self.chain,
            max_parallelism: self.max_parallelism,
            subtasks,
            coordinator: self.coordinator.clone(),
        }
    }
}

impl OperatorState {
    /// Whether every subtask had finished.
    pub fn is_finished(&self) -> bool {
        self.subtasks.iter().all(|subtask| matches!(subtask, SubtaskState::Finished))
    }

    /// Whether it lists any subtask, be there state in it or not: an operator without state lists those whose tasks have
    /// some in another operator (`OperatorState.getNumberCollectedStates`).
    pub fn lists_subtasks(&self) -> bool {
        self.subtasks.iter().any(|subtask| !matches!(subtask, SubtaskState::Unlisted))
    }

    /// Whether any subtask holds any state.
    pub fn is_stateful(&self) -> bool {
        self.snapshots().any(|snapshot| !snapshot.is_empty())
    }

    /// The snapshots of the subtasks that had not finished, in order.
    pub fn snapshots(&self) -> impl Iterator<Item = &OperatorSnapshot> {
        self.subtasks.iter().filter_map(SubtaskState::snapshot)
    }
}

impl SubtaskState {
    /// What the subtask held, if anything is told of it.
    pub fn snapshot(&self) -> Option<&OperatorSnapshot> {
        match self {
            Self::Finished | Self::Unlisted => None,
            Self::Snapshot(snapshot) => Some(snapshot),
        }
    }
}

/// What is known of a checkpoint beside its state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Properties {
    /// Its id.
    pub id: CheckpointId,
    /// Checkpoint or savepoint.
    pub kind: CheckpointKind,
    /// The run that took it.
    pub job: JobId,
    /// The job's name.
    pub job_name: String,
    /// When it was triggered.
    pub triggered: SimTime,
    /// In which format its keyed state is.
    #[serde(default)]
    pub format: SnapshotFormat,
    /// The version of its metadata.
    pub metadata: MetadataVersion,
    /// Which kinds of handles they name.
    pub handles: StateHandles,
}

/// A checkpoint of which every participant acked: only an [`AckLedger`] or the reader of its files makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompletedCheckpoint {
    properties: Properties,
    operators: Vec<OperatorState>,
}

impl CompletedCheckpoint {
    /// What is known of it beside its state.
    pub const fn properties(&self) -> &Properties {
        &self.properties
    }
    /// Its operators, in order of the job graph it was taken of.
    pub fn operators(&self) -> &[OperatorState] {
        &self.operators
    }
    /// The shared files that it refers to, in order of operators and subtasks.
    pub fn files(&self) -> impl Iterator<Item = &SharedFile> {
        self.operators.iter().flat_map(OperatorState::snapshots).flat_map(|state| &state.shared)
    }
    /// The right to commit what this checkpoint covers.
    pub const fn permit(&self) -> CommitPermit {
        CommitPermit { checkpoint: self.properties.id }
    }
    /// As it was read back from durable files, which exist of completed checkpoints only.
    pub const fn from_durable(properties: Properties, operators: Vec<OperatorState>) -> Self {
        Self { properties, operators }
    }
}

/// The right to commit the transactions of a checkpoint and of those before it. Issued by a completed checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitPermit {
    checkpoint: CheckpointId,
}

impl CommitPermit {
    /// Up to which checkpoint transactions may be committed.
    pub const fn checkpoint(self) -> CheckpointId {
        self.checkpoint
    }
    /// At the end of an input that no checkpoint will ever follow, so that everything may be committed
    /// (`CommitterOperator.endInput`, without checkpointing).
    pub(crate) const fn at_end_of_input() -> Self {
        Self { checkpoint: CheckpointId::AFTER_ALL }
    }
    /// A permit that nobody issued: the one place where a broken protocol gets one (`commit-on-snapshot`, G1).
    pub const fn forged(checkpoint: CheckpointId) -> Self {
        Self { checkpoint }
    }
}

/// Who must ack a pending checkpoint, and what the acks brought.
#[derive(Clone, Debug)]
pub struct AckLedger {
    awaited: BTreeSet<LocalTaskId>,
    acked: BTreeMap<LocalTaskId, Vec<Arc<OperatorSnapshot>>>,
}

impl AckLedger {
    /// A ledger that awaits these tasks, each once.
    pub fn new(awaited: impl IntoIterator<Item = LocalTaskId>) -> Self {
        let mut ledger = Self { awaited: BTreeSet::new(), acked: BTreeMap::new() };
        for task in awaited {
            assert!(ledger.awaited.insert(task), "{task:?} is to ack one checkpoint twice");
        }
        ledger
    }
    /// Whether the task's ack is still awaited.
    pub fn awaits(&self, task: LocalTaskId) -> bool {
        self.awaited.contains(&task)
    }
    /// Whether the task has acked.
    pub fn has_acked(&self, task: LocalTaskId) -> bool {
        self.acked.contains_key(&task)
    }
    /// Enters the ack of an awaited task: one snapshot per operator of its chain.
    pub fn enter(&mut self, task: LocalTaskId, snapshots: Vec<Arc<OperatorSnapshot>>) {
        assert!(self.awaited.remove(&task), "an ack was entered that nobody awaited");
        assert!(!snapshots.is_empty(), "{task:?} acked without a snapshot of any operator");
        let older = self.acked.insert(task, snapshots);
        assert!(older.is_none(), "{task:?} acked one checkpoint twice");
    }
    /// Whether every ack is in.
    pub fn is_full(&self) -> bool {
        self.awaited.is_empty()
    }
    /// Every task that was asked for an ack.
    pub fn participants(&self) -> impl Iterator<Item = LocalTaskId> {
        self.awaited.iter().chain(self.acked.keys()).copied()
    }
    /// What a task's ack brought.
    pub fn snapshots(&self, task: LocalTaskId) -> Option<&[Arc<OperatorSnapshot>]> {
        self.acked.get(&task).map(Vec::as_slice)
    }
    /// Makes the completed checkpoint. Panics if an ack is missing.
    pub fn seal(
        &self,
        properties: Properties,
        operators: Vec<OperatorState>,
    ) -> CompletedCheckpoint {
        assert!(self.is_full(), "checkpoint {} was sealed before every ack was in", properties.id);
        let has_subtasks = |operator: &OperatorState| !operator.subtasks.is_empty();
        assert!(operators.iter().all(has_subtasks), "an operator was stored without its subtasks");
        let ids: BTreeSet<OperatorId> = operators.iter().map(|operator| operator.id).collect();
        assert_eq!(ids.len(), operators.len(), "two operators are stored under one id");
        CompletedCheckpoint { properties, operators }
    }
}
