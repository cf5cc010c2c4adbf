//! The end of a job manager, and how the next one takes its job over (`CheckpointRecoveryFactory`).

use super::{JobMaster, Submission};
use crate::coordinator::restore::RestoreError;
use crate::effect::JobEffects;
use crate::job::{Attempt, CheckpointId};
use crate::state::CompletedCheckpoint;
use crate::trace::{JobEvent, JobStatus};
use std::sync::Arc;

/// What a new leader finds of a job.
#[derive(Clone, Debug)]
pub struct RecoveredJob {
    /// The checkpoints that the store points to, oldest first.
    pub completed: Vec<Arc<CompletedCheckpoint>>,
    /// The id that the next checkpoint gets.
    pub next: CheckpointId,
    /// The first attempt of its own. Flink draws ids that nobody had before; here they count on.
    pub attempt: Attempt,
}

impl JobMaster {
    /// The job manager died without high availability. Its files stay where they are; nobody will remove them.
    pub fn lose(&mut self, effects: &mut JobEffects) {
        if !self.status.is_terminal() {
            self.answer_all(effects);
            self.set_status(JobStatus::Lost, effects);
            effects.over = true;
        }
    }

    /// The job manager died, and another will take over. Whoever waits for an answer of this one gets none.
    pub fn die(&mut self, effects: &mut JobEffects) {
        assert!(!self.status.is_terminal(), "a {} job lost its job manager", self.status);
        self.answer_all(effects);
        self.set_status(JobStatus::Suspended, effects);
    }

    /// Whoever waits for an answer of it gets none.
    fn answer_all(&mut self, effects: &mut JobEffects) {
        let why: Arc<str> = "the job manager died".into();
        let mut steps = self.checkpoints.steps_to_answer();
        steps.extend(self.stops_with.take().map(|(step, _)| step));
        effects.answers.extend(steps.into_iter().map(|step| (step, Err(Arc::clone(&why)))));
    }

    /// Whether it died.
    pub fn is_dead(&self) -> bool {
        self.status == JobStatus::Suspended
    }

    /// The next attempt that no task has had.
    pub const fn next_attempt(&self) -> Attempt {
        self.attempt.next()
    }

    /// The id that the next checkpoint gets.
    pub const fn next_checkpoint(&self) -> CheckpointId {
        self.checkpoints.next_id()
    }

    /// Takes a job over: from the newest checkpoint that the store points to, or, if there is none, from the beginning.
    /// What the job was doing otherwise (canceling, stopping) nobody knows any more.
    ///
    /// # Errors
    ///
    /// If that checkpoint cannot be restored into the job.
    pub fn take_over(
        submission: Submission,
        left: RecoveredJob,
        effects: &mut JobEffects,
    ) -> Result<Self, RestoreError> {
        let run = submission.layout.run;
        let checkpoints = left.completed.iter().map(|pointer| pointer.properties().id).collect();
        effects.events.push(JobEvent::TakenOver { checkpoints }.of(run));
        let mut master = Self::new(submission)?;
        master.attempt = left.attempt;
        master.checkpoints.inherit(left.completed, left.next, effects);
        master.start(effects);
        Ok(master)
    }
}
