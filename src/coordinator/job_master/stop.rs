//! What becomes of a job that is failing when the savepoint completes that it stops with, or fails after it.

use super::JobMaster;
use crate::coordinator::pending::Purpose;
use crate::effect::JobEffects;
use crate::job::LocalTaskId;
use crate::kernel::SimTime;
use crate::trace::JobStatus;
use std::collections::BTreeSet;
use std::sync::Arc;

impl JobMaster {
    /// The savepoint of a stop completed. If the job is failing: it stands, so the job must not restart behind it; until 1.14 all
    /// of it restarts from there. Whether that is so, and nobody is to be notified.
    pub(super) fn stop_while_failing(
        &mut self,
        purpose: &Purpose,
        now: SimTime,
        effects: &mut JobEffects,
    ) -> bool {
        let Purpose::User { step, label, stop, .. } = purpose else { return false };
        if !stop.is_stop() {
            return false;
        }
        let is_failing = !self.failovers.is_empty();
        if is_failing && self.submission.rules.stop_failure_fails_job {
            self.failovers.clear();
            self.ending = Some(JobStatus::Failed);
            self.cancel_tasks(&self.plan.all_tasks(), effects);
        }
        self.stops_with = Some((*step, Arc::clone(label)));
        let restarts = is_failing && !self.submission.rules.stop_failure_fails_job;
        if restarts {
            self.fail_over(self.plan.all_tasks(), now, effects);
        }
        restarts
    }

    /// A task failed while the job stops, its savepoint complete. Until 1.14 the request fails and all of the job restarts, not
    /// only these tasks (`StopWithSavepointTerminationHandlerImpl`).
    pub(super) fn recover_from_stop(
        &mut self,
        tasks: BTreeSet<LocalTaskId>,
        effects: &mut JobEffects,
    ) -> BTreeSet<LocalTaskId> {
        assert!(!tasks.is_empty(), "a failure of no task keeps a job from stopping");
        if self.submission.rules.stop_failure_fails_job {
            return tasks;
        }
        let Some((step, label)) = self.stops_with.take() else { return tasks };
        let why = format!(
            "inconsistent execution state after stopping with savepoint `{label}`; a global failover is triggered to recover \
             the job"
        );
        effects.answers.push((step, Err(why.into())));
        self.plan.all_tasks()
    }
}
