//! The end of the data of a job: who has reached it, and the checkpoint that lets its tasks go (FLIP-147).

use super::{JobMaster, Known};
use crate::coordinator::checkpoints::Checkpoints;
use crate::coordinator::pending::{Pending, Purpose};
use crate::effect::JobEffects;
use crate::job::{CheckpointId, LocalTaskId, Plan, VertexIndex};
use crate::kernel::SimTime;
use crate::state::ListMode;
use crate::trace::{AbortReason, EndOfTask};

impl JobMaster {
    /// The data of a task has ended. When that of all has, a checkpoint is triggered that none of them has to wait for any
    /// longer: not a periodic one, so that no pause holds it back, but the limit does (`SchedulerBase.notifyEndOfData`).
    pub(super) fn on_data_ended(
        &mut self,
        task: LocalTaskId,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        assert!(
            self.checkpoints.is_periodic(),
            "{task:?} awaits a checkpoint that nobody triggers"
        );
        self.ended_data.insert(task);
        let has_ended = |(index, known): (usize, &Known)| {
            let task = LocalTaskId::new(index);
            *known == Known::Ended(EndOfTask::Finished)
                || self.finished_on_restore.contains(&task)
                || self.ended_data.contains(&task)
        };
        if self.ending.is_some() || !self.tasks.iter().enumerate().all(has_ended) {
            return;
        }
        let participants = self.participants();
        // If it cannot be triggered now, the schedule will.
        let _refused = self.checkpoints.request(now, &participants, Purpose::Final, effects);
    }

    /// A checkpoint in which an operator with union list state is partly at its end fails, once every ack is in.
    pub(super) fn give_up_split_union(
        &mut self,
        checkpoint: CheckpointId,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        assert!(!self.status.is_terminal(), "an ack of a job that is over was counted");
        if self.checkpoints.splits_union(checkpoint, &self.plan) {
            let why = AbortReason::UnionPartlyFinished;
            self.on_checkpoint_failed(checkpoint, why, now, effects);
        }
    }
}

impl Checkpoints {
    /// Whether every ack of a checkpoint is in, and it cannot complete for an operator that is partly at its end.
    fn splits_union(&self, checkpoint: CheckpointId, plan: &Plan) -> bool {
        let pending = self.pending(checkpoint);
        pending.is_some_and(|pending| pending.ledger.is_full() && pending.splits_union(plan))
    }
}

impl Pending {
    /// Whether some subtasks of a vertex have finished, others have not, and an operator of it has union list state: what
    /// the finished ones held would be missing (`PartialFinishingNotSupportedByStateException`). A job that stops has all of
    /// them finish.
    pub(in crate::coordinator) fn splits_union(&self, plan: &Plan) -> bool {
        assert!(self.ledger.is_full(), "an ack is awaited that may say that its task has finished");
        if self.purpose.stop().is_stop() || (self.at_end.is_empty() && self.finished.is_empty()) {
            return false;
        }
        let is_at_end =
            |task: &LocalTaskId| self.at_end.contains(task) || self.finished.contains(task);
        let has_union = |task: LocalTaskId| {
            let snapshots = self.ledger.snapshots(task).unwrap_or_default().iter();
            let mut lists = snapshots.flat_map(|snapshot| snapshot.lists.values());
            lists.any(|list| list.mode == ListMode::Union)
        };
        (0..plan.vertices.len()).map(VertexIndex::new).any(|vertex| {
            let tasks = || plan.tasks_of(vertex);
            let ended = tasks().filter(is_at_end).count();
            ended > 0 && ended < tasks().count() && tasks().any(has_union)
        })
    }
}
