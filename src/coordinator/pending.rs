//! A checkpoint that has been triggered and is not over.

use super::legacy_state;
use crate::job::{
    CheckpointId, CheckpointKind, JobId, LocalTaskId, OperatorIndex, Plan, SnapshotFormat,
    StateBackend, Stop,
};
use crate::kernel::SimTime;
use crate::rules::Rules;
use crate::state::{
    AckLedger, CompletedCheckpoint, OperatorSnapshot, OperatorState, Properties, SubtaskState,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a checkpoint was triggered for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// For recovery, by the schedule.
    Recovery,
    /// For the tasks that await a final checkpoint, all at the end of their data.
    Final,
    /// For the user, who asked in a step of the scenario.
    User {
        /// Which step is to be answered.
        step: u32,
        /// The label it is known by.
        label: Arc<str>,
        /// Whether the job is canceled when it completes.
        then_cancel: bool,
        /// Whether the job stops with it.
        stop: Stop,
        /// Whether it is in the format of the state backend.
        native: bool,
    },
    /// For recovery, but asked for by the user.
    Manual {
        /// Which step is to be answered.
        step: u32,
        /// The label it is known by.
        label: Arc<str>,
    },
}

impl Purpose {
    /// Checkpoint or savepoint.
    pub const fn kind(&self) -> CheckpointKind {
        match self {
            Self::Recovery | Self::Final | Self::Manual { .. } => CheckpointKind::Checkpoint,
            Self::User { .. } => CheckpointKind::Savepoint,
        }
    }

    /// Whether the job stops with it.
    pub const fn stop(&self) -> Stop {
        match self {
            Self::Recovery | Self::Final | Self::Manual { .. } => Stop::No,
            Self::User { stop, .. } => *stop,
        }
    }

    /// Whether the job is to end when it completes: nothing else may be pending meanwhile.
    pub const fn ends_job(&self) -> bool {
        match self {
            Self::Recovery | Self::Final | Self::Manual { .. } => false,
            Self::User { then_cancel, stop, .. } => *then_cancel || stop.is_stop(),
        }
    }

    /// In which format it keeps keyed state: checkpoints always in that of their state backend.
    pub const fn format(&self, backend: StateBackend, rules: &Rules) -> SnapshotFormat {
        match self {
            Self::User { native: false, .. } if rules.savepoints_name_no_backend => {
                SnapshotFormat::Canonical
            }
            Self::User { native: true, .. }
                if !rules.full_savepoints_name_backend
                    && matches!(backend, StateBackend::RocksDb) =>
            {
                SnapshotFormat::Canonical
            }
            Self::Recovery | Self::Final | Self::Manual { .. } | Self::User { .. } => {
                SnapshotFormat::of(backend)
            }
        }
    }

    /// The step that is to be answered.
    pub const fn step(&self) -> Option<u32> {
        match self {
            Self::Recovery | Self::Final => None,
            Self::Manual { step, .. } | Self::User { step, .. } => Some(*step),
        }
    }

    /// Where a request of this purpose stands in the queue: savepoints before other requests of the user before those of
    /// the schedule (`CheckpointRequestDecider`).
    pub const fn rank(&self) -> u8 {
        match self {
            Self::User { .. } => 0,
            Self::Manual { .. } | Self::Final => 1,
            Self::Recovery => 2,
        }
    }
}

/// A checkpoint on its way.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What for.
    pub purpose: Purpose,
    /// When it was triggered.
    pub triggered: SimTime,
    /// Whose acks are awaited, and what came.
    pub ledger: AckLedger,
    /// Tasks that had finished before; they take no part. In the plan's numbering.
    pub finished: BTreeSet<LocalTaskId>,
    /// Tasks that had finished their operators when they took part, and live on.
    pub at_end: BTreeSet<LocalTaskId>,
    /// The state of operators' coordinators.
    pub coordinators: BTreeMap<OperatorIndex, Arc<OperatorSnapshot>>,
    /// Whether all acks are in and its metadata is being written.
    pub is_writing: bool,
}

impl Pending {
    /// Makes the completed checkpoint of a full ledger: every operator of the graph, every subtask.
    pub fn seal(
        &self,
        id: CheckpointId,
        job: JobId,
        plan: &Plan,
        backend: StateBackend,
        rules: &Rules,
    ) -> CompletedCheckpoint {
        assert!(self.is_writing, "checkpoint {id} was sealed before its metadata were written");
        let nodes = plan.graph.operators.iter().enumerate();
        let operators = nodes.map(|(index, node)| {
            let operator = OperatorIndex::new(index);
            let vertex = plan.vertex_of(operator);
            let chain = &plan.vertices[vertex.index()];
            let place = chain.operators.iter().position(|other| *other == operator);
            let place = place.expect("an operator is in its own chain");
            OperatorState {
                id: plan.operator_ids[index],
                name: node.name.clone(),
                uid: node.uid.clone(),
                chain: legacy_state::place_in_chain(plan, operator, rules),
                max_parallelism: chain.max_parallelism,
                subtasks: plan.tasks_of(vertex).map(|task| self.subtask(task, place)).collect(),
                coordinator: self.coordinators.get(&operator).map(Arc::clone),
            }
        });
        let properties = Properties {
            id,
            kind: self.purpose.kind(),
            job,
            job_name: plan.graph.name.clone(),
            triggered: self.triggered,
            format: self.purpose.format(backend, rules),
            metadata: rules.metadata,
            handles: rules.state_handles,
        };
        let operators = legacy_state::recorded(plan, operators.collect(), rules);
        self.ledger.seal(properties, operators)
    }

    fn subtask(&self, task: LocalTaskId, place: usize) -> SubtaskState {
        if self.finished.contains(&task) {
            return SubtaskState::Finished;
        }
        // Who was not asked has nothing in it: that is what `complete-with-missing-participant` breaks.
        let Some(snapshots) = self.ledger.snapshots(task) else {
            return SubtaskState::Unlisted;
        };
        assert!(place < snapshots.len(), "{task:?} acked without a snapshot of each operator");
        if snapshots.iter().all(|snapshot| snapshot.is_empty()) {
            return SubtaskState::Unlisted;
        }
        SubtaskState::Snapshot(Arc::clone(&snapshots[place]))
    }
}
