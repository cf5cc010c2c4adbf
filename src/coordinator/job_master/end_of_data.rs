//! The end of the data of a job: who has reached it, and the checkpoint that lets its tasks go (FLIP-147).

use super::{JobMaster, Known};
use crate::coordinator::pending::Purpose;
use crate::effect::JobEffects;
use crate::job::LocalTaskId;
use crate::kernel::SimTime;
use crate::trace::EndOfTask;

impl JobMaster {
    /// The data of a task has ended. When that of all has, a checkpoint is triggered that none of them has to wait for any
    /// longer: not a periodic one, so that no pause holds it back, but the limit does (`SchedulerBase.notifyEndOfData`).
    pub(super) fn on_data_ended(
        &mut self,
        task: LocalTaskId,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        assert!(self.checkpoints.is_periodic(), "{task:?} awaits a checkpoint that nobody triggers");
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
}
