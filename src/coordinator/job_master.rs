//! The job manager's view of one run: its status, its tasks, and what their messages mean.

mod end_of_data;
mod failover;
mod leader_recovery;
mod stop;

use self::failover::FailOver;
pub use self::leader_recovery::RecoveredJob;
use super::backoff::Backoff;
use super::checkpoints::{Checkpoints, Completion, Participants};
use super::decide::counts_as_failure;
use super::pending::Purpose;
use super::restore::{RestoreError, assign};
use super::splits::{SplitSource, Splits};
use crate::effect::{JobEffects, JobTimer, ToJob, ToTask};
use crate::job::{
    Attempt, CheckpointConfig, CheckpointId, CheckpointKind, ClaimMode, JobId, LocalTaskId, Plan,
    RestartStrategy, RunLayout,
};
use crate::kernel::SimTime;
use crate::operator::Inputs;
use crate::rules::{Failover, IgnoredSnapshots, Rules};
use crate::state::{CommitPermit, CompletedCheckpoint};
use crate::trace::{AbortReason, AckVerdict, EndOfTask, JobEvent, JobStatus, TaskEvent};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a job is submitted with.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Which run it becomes, with its plan and the names that the trace has for its tasks.
    pub layout: Arc<RunLayout>,
    /// Its id.
    pub job: JobId,
    /// Its checkpoint settings.
    pub checkpoint: CheckpointConfig,
    /// Its restart strategy.
    pub restart: RestartStrategy,
    /// What restarts with a failed task.
    pub failover: Failover,
    /// The policies in force.
    pub rules: Arc<Rules>,
    /// The snapshot it starts from.
    pub from: Option<Arc<CompletedCheckpoint>>,
    /// Its sources that have a split enumerator.
    pub split_sources: Vec<SplitSource>,
    /// What there is to read.
    pub inputs: Inputs,
    /// Whether state of that snapshot that no operator takes may be dropped.
    pub allow_non_restored: bool,
    /// Who owns that snapshot from now on.
    pub claim: ClaimMode,
    /// Whether another job manager takes it over when this one dies.
    pub is_highly_available: bool,
}

/// Where a task is, as far as the job manager knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// Not deployed in this attempt, or on its way.
    Deploying,
    Running,
    Ended(EndOfTask),
}

/// The job manager of one run. It knows tasks by their place in the plan; the cluster translates.
#[derive(Clone, Debug)]
pub struct JobMaster {
    submission: Submission,
    plan: Arc<Plan>,
    status: JobStatus,
    /// The newest attempt. Each is of the whole job or of a region; no two have the same number.
    attempt: Attempt,
    /// By task: the attempt that lives, or lived last.
    attempts: Vec<Attempt>,
    tasks: Vec<Known>,
    /// Tasks that had finished before the checkpoint of their attempt: they take part in nothing.
    finished_on_restore: BTreeSet<LocalTaskId>,
    /// Tasks that have told in their attempt that their data has ended.
    ended_data: BTreeSet<LocalTaskId>,
    checkpoints: Checkpoints,
    splits: Splits,
    restarts: u32,
    backoff: Backoff,
    /// Restarts under way; no task is in two of them.
    failovers: Vec<FailOver>,
    /// What the job becomes when all its tasks are gone.
    ending: Option<JobStatus>,
    /// The step and label of the savepoint that the job stops with, once that has completed.
    stops_with: Option<(u32, Arc<str>)>,
}

impl JobMaster {
    /// Takes a job on: assigns the state it starts from, and deploys it.
    ///
    /// # Errors
    ///
    /// If the snapshot cannot be restored into the job. Then nothing was deployed.
    pub fn submit(submission: Submission, effects: &mut JobEffects) -> Result<Self, RestoreError> {
        let mut master = Self::new(submission)?;
        master.start(effects);
        if !master.submission.rules.start_is_recovery_point {
            master.checkpoints.forget_start();
        }
        Ok(master)
    }

    fn new(submission: Submission) -> Result<Self, RestoreError> {
        let Submission { job, checkpoint, .. } = submission;
        let layout = &submission.layout;
        let rules = Arc::clone(&submission.rules);
        let mut checkpoints = Checkpoints::new(layout.run, job, checkpoint, rules);
        if let Some(from) = &submission.from {
            assign(&layout.plan, from, submission.allow_non_restored, false, &submission.rules)?;
            checkpoints.adopt(Arc::clone(from), submission.claim);
        }
        if submission.is_highly_available {
            checkpoints.be_highly_available();
        }
        Ok(Self {
            plan: Arc::clone(&layout.plan),
            status: JobStatus::Created,
            attempt: Attempt::default(),
            attempts: vec![Attempt::default(); layout.plan.tasks.len()],
            tasks: vec![Known::Deploying; layout.plan.tasks.len()],
            finished_on_restore: BTreeSet::new(),
            ended_data: BTreeSet::new(),
            checkpoints,
            splits: Splits::new(
                Arc::clone(layout),
                &submission.split_sources,
                submission.inputs.clone(),
                Arc::clone(&submission.rules),
            ),
            restarts: 0,
            backoff: Backoff::new(submission.restart),
            failovers: Vec::new(),
            ending: None,
            stops_with: None,
            submission,
        })
    }

    /// Deploys everything.
    fn start(&mut self, effects: &mut JobEffects) {
        self.set_status(JobStatus::Created, effects);
        let tasks = self.plan.all_tasks();
        self.deploy(&tasks, effects);
    }

    /// The job's status.
    pub const fn status(&self) -> JobStatus {
        self.status
    }

    /// The attempt of a task that lives, or lived last.
    pub fn attempt_of(&self, task: LocalTaskId) -> Attempt {
        self.attempts[task.index()]
    }

    /// The plan, with max parallelism as adopted from a restore.
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The run's id.
    pub const fn job(&self) -> JobId {
        self.submission.job
    }

    fn set_status(&mut self, status: JobStatus, effects: &mut JobEffects) {
        assert!(!self.status.is_terminal(), "a {} job became {status}", self.status);
        let is_first = self.status == JobStatus::Created;
        assert!(is_first || status != JobStatus::Created, "a {} job was created", self.status);
        self.status = status;
        let run = self.submission.layout.run;
        effects.events.push(JobEvent::StatusChanged { status }.of(run));
    }

    /// Takes in a message of a task. One of an older attempt changes nothing.
    pub fn on_message(
        &mut self,
        task: LocalTaskId,
        attempt: Attempt,
        message: ToJob,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        let is_current = attempt == self.attempt_of(task) || !self.submission.rules.attempts_fenced;
        assert!(attempt <= self.attempt, "{task:?} sent a message before its attempt began");
        match message {
            ToJob::Ack(checkpoint, snapshots, had_finished) => {
                let mut verdict = AckVerdict::Foreign;
                let written = match self.submission.rules.ignored_snapshots {
                    IgnoredSnapshots::Removed => Vec::new(),
                    IgnoredSnapshots::Stay | IgnoredSnapshots::OfLastOnes => snapshots.clone(),
                };
                if !self.status.is_terminal() {
                    self.checkpoints.register(checkpoint, &snapshots);
                }
                if is_current && !self.status.is_terminal() {
                    let ack = (snapshots, had_finished);
                    verdict = self.checkpoints.on_ack(checkpoint, task, ack, &self.plan, effects);
                }
                let is_counted = verdict == AckVerdict::Accepted;
                assert!(is_current || !is_counted, "an ack of an attempt that is over was counted");
                let task = self.submission.layout.task(task);
                let event = TaskEvent::AckHandled { checkpoint, verdict }.of(task, attempt);
                effects.events.push(event);
                if self.checkpoints.is_orphaned(checkpoint, verdict, &written) {
                    let event = TaskEvent::SnapshotOrphaned { checkpoint }.of(task, attempt);
                    effects.events.push(event);
                }
                if is_counted {
                    self.give_up_split_union(checkpoint, now, effects);
                }
            }
            _ if !is_current || self.status.is_terminal() => {}
            ToJob::Reader(_) if self.is_failing(task) => {}
            ToJob::Reader(event) => self.splits.on_event(&self.plan, task, event),
            ToJob::Running => self.on_task_running(task, effects),
            ToJob::DataEnded => self.on_data_ended(task, now, effects),
            ToJob::Ended(how) => self.on_task_ended(task, how, now, effects),
            ToJob::Decline(checkpoint, reason) => {
                let was_pending = self.checkpoints.is_pending(checkpoint);
                self.on_checkpoint_failed(checkpoint, reason, now, effects);
                if was_pending && self.submission.rules.declines_trigger_again {
                    let participants = self.participants();
                    self.checkpoints.trigger_again(checkpoint, now, &participants, effects);
                }
            }
        }
    }

    fn on_task_running(&mut self, task: LocalTaskId, effects: &mut JobEffects) {
        if self.tasks[task.index()] == Known::Deploying {
            self.tasks[task.index()] = Known::Running;
        }
        let is_starting = matches!(self.status, JobStatus::Created | JobStatus::Restarting);
        let all_started = !self.tasks.contains(&Known::Deploying);
        if is_starting && self.ending.is_none() && all_started && self.failovers.is_empty() {
            self.set_status(JobStatus::Running, effects);
            self.checkpoints.start_schedule(effects);
        }
    }

    fn on_task_ended(
        &mut self,
        task: LocalTaskId,
        how: EndOfTask,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        let first_failure = how == EndOfTask::Failed && !self.is_failing(task);
        self.tasks[task.index()] = Known::Ended(how);
        if first_failure && self.ending.is_none() {
            self.fail_over_with(task, now, effects);
        }
        if self.all_ended() {
            self.on_all_ended(effects);
        } else if how == EndOfTask::Finished && self.ending.is_none() {
            self.resume_queued(now, effects);
        }
        self.restart_what_is_due(effects);
    }

    /// The task manager of a task has not been heard of for too long: the task has failed, as far as anybody knows.
    pub fn on_task_lost(&mut self, task: LocalTaskId, now: SimTime, effects: &mut JobEffects) {
        if !self.has_ended(task) && !self.status.is_terminal() {
            self.on_task_ended(task, EndOfTask::Failed, now, effects);
        }
    }

    fn on_all_ended(&mut self, effects: &mut JobEffects) {
        assert!(self.all_ended(), "a job ended before all of its tasks");
        if self.checkpoints.is_storing() {
            return;
        }
        if let Some(status) = self.ending {
            self.end(status, effects);
        } else if self.all_finished() {
            self.end(JobStatus::Finished, effects);
        }
    }

    fn end(&mut self, status: JobStatus, effects: &mut JobEffects) {
        assert!(status.is_terminal(), "a job ended as {status}");
        self.checkpoints.shut_down(status, effects);
        if let Some((step, label)) = self.stops_with.take() {
            let answer = if status == JobStatus::Finished {
                Ok(())
            } else {
                Err(format!(
                    "a savepoint has been created (`{label}`), but the corresponding job is {status}, as it failed during stopping; \
                     the savepoint is consistent, but might have uncommitted transactions"
                )
                .into())
            };
            effects.answers.push((step, answer));
        }
        self.set_status(status, effects);
        effects.over = true;
    }

    /// A timer fired.
    pub fn on_timer(&mut self, timer: JobTimer, now: SimTime, effects: &mut JobEffects) {
        if self.status.is_terminal() {
            return;
        }
        match timer {
            JobTimer::Periodic(schedule) => {
                let participants = self.participants();
                self.checkpoints.on_periodic(schedule, now, &participants, effects);
            }
            JobTimer::Expire(checkpoint) => {
                self.on_checkpoint_failed(checkpoint, AbortReason::Expired, now, effects);
            }
            JobTimer::Enumerators(checkpoint) => self.splits.on_written(checkpoint),
            JobTimer::Assignment(number) => self.on_assignment_timeout(number, now, effects),
            JobTimer::Restart(restart) => self.on_restart_due(restart, effects),
        }
    }

    /// Nobody knows whether a reader has the split it was sent (FLINK-18071): it fails.
    fn on_assignment_timeout(&mut self, number: u64, now: SimTime, effects: &mut JobEffects) {
        let Some(task) = self.splits.on_timeout(number) else { return };
        if self.is_failing(task) || self.ending.is_some() {
            return;
        }
        let attempt = self.attempt_of(task);
        let id = self.submission.layout.task(task);
        let why = Arc::from("the assignment of a split was not acknowledged");
        effects.events.push(TaskEvent::OperatorFailed { why }.of(id, attempt));
        self.fail_over_with(task, now, effects);
    }

    /// Lets the split enumerators act on what has just happened. To be called after everything else.
    pub fn settle(&mut self, effects: &mut JobEffects) {
        let is_at_work = || !self.all_fail() && self.ending.is_none() && !self.is_dead();
        if !self.splits.is_empty() && is_at_work() && !self.status.is_terminal() {
            self.splits.settle(&self.plan, &self.attempts, &mut self.checkpoints, effects);
        }
    }

    /// A checkpoint failed by itself. What counts against the tolerable failures is a policy; that a task could not take
    /// part in the savepoint that the job stops with fails the job at once (`CheckpointFailureManager`).
    fn on_checkpoint_failed(
        &mut self,
        checkpoint: CheckpointId,
        reason: AbortReason,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        if self.checkpoints.is_writing(checkpoint) {
            return;
        }
        let Some(purpose) = self.checkpoints.abort(checkpoint, reason, effects) else { return };
        self.on_savepoint_failed(&purpose, effects);
        let counts = counts_as_failure(reason, purpose.kind(), &self.submission.rules);
        let is_too_many = counts && self.checkpoints.count_failure();
        // Tasks that are not told that it is off would wait for ever (`handleSynchronousSavepointFailure`, FLINK-12858).
        let is_told = self.submission.rules.abort_notifications;
        let stops_in_vain =
            (reason == AbortReason::AsyncFailed || !is_told) && purpose.stop().is_stop();
        let is_running = self.status == JobStatus::Running && !self.all_finished();
        if (is_too_many || stops_in_vain) && is_running {
            self.fail_over(self.plan.all_tasks(), now, effects);
            return;
        }
        self.resume_queued(now, effects);
    }

    /// A stop or cancel whose savepoint failed leaves the job running, its schedule going on.
    fn on_savepoint_failed(&mut self, purpose: &Purpose, effects: &mut JobEffects) {
        let goes_on = self.submission.rules.failed_exits_resume_schedule;
        if purpose.ends_job() && self.status == JobStatus::Running && goes_on {
            self.checkpoints.start_schedule(effects);
        }
    }

    fn resume_queued(&mut self, now: SimTime, effects: &mut JobEffects) {
        if self.checkpoints.has_requests() && !self.all_finished() {
            let participants = self.participants();
            self.checkpoints.resume_queued(now, &participants, effects);
        }
    }

    /// The metadata of a checkpoint is durable.
    pub fn on_metadata(
        &mut self,
        checkpoint: CheckpointId,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        if self.status.is_terminal() {
            return;
        }
        let Self { checkpoints, plan, attempt, .. } = self;
        if let Some(completion) = checkpoints.on_metadata(checkpoint, *attempt, plan, now, effects)
        {
            self.on_completion(completion, now, effects);
        }
        self.go_on_after_storing(effects);
    }

    /// The store that survives the job manager points to a checkpoint.
    pub fn on_pointer(&mut self, checkpoint: CheckpointId, now: SimTime, effects: &mut JobEffects) {
        if self.status.is_terminal() {
            return;
        }
        let completion = self.checkpoints.on_pointer(checkpoint, self.attempt, now, effects);
        if let Some(completion) = completion {
            self.on_completion(completion, now, effects);
        }
        self.go_on_after_storing(effects);
    }

    /// The metadata of a checkpoint could not be written; or the store that survives the job manager refused the pointer to it, or
    /// never answered: whether it points to the checkpoint then nobody knows, so its files stay
    /// (`PossibleInconsistentStateException`, FLINK-22494).
    pub fn on_metadata_failed(
        &mut self,
        checkpoint: CheckpointId,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        if !self.status.is_terminal() {
            self.checkpoints.give_up_writing(checkpoint);
            self.on_checkpoint_failed(checkpoint, AbortReason::FinalizeFailed, now, effects);
            self.go_on_after_storing(effects);
        }
    }

    /// No folder could be made for a checkpoint that was just triggered: no task has heard of it.
    pub fn on_folder_failed(
        &mut self,
        checkpoint: CheckpointId,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        assert!(!self.status.is_terminal(), "a {} job triggered a checkpoint", self.status);
        self.on_checkpoint_failed(checkpoint, AbortReason::FolderFailed, now, effects);
    }

    /// Storage has answered, for good or ill: what waited for the lock of the coordinator goes on.
    fn go_on_after_storing(&mut self, effects: &mut JobEffects) {
        if self.status.is_terminal() {
            return;
        }
        self.checkpoints.store_next(effects);
        if self.all_ended() {
            self.on_all_ended(effects);
        }
        self.restart_what_is_due(effects);
    }

    fn on_completion(&mut self, completion: Completion, now: SimTime, effects: &mut JobEffects) {
        assert!(!self.status.is_terminal(), "a checkpoint of a {} job completed", self.status);
        let Completion { checkpoint, notifies, purpose } = completion;
        if self.stop_while_failing(&purpose, now, effects) {
            return;
        }
        let then_cancel = matches!(purpose, Purpose::User { then_cancel: true, .. });
        if notifies {
            self.notify(checkpoint.permit(), effects);
        }
        if then_cancel {
            self.cancel(effects);
        } else {
            self.resume_queued(now, effects);
        }
    }

    fn notify(&self, permit: CommitPermit, effects: &mut JobEffects) {
        for (task, known) in self.tasks.iter().enumerate() {
            if *known == Known::Running {
                effects.messages.push((LocalTaskId::new(task), ToTask::NotifyComplete(permit)));
            }
        }
    }

    /// The user asks for a savepoint or a checkpoint.
    ///
    /// # Errors
    ///
    /// If it cannot be triggered now. That it was triggered is not yet the answer: that comes as an effect.
    pub fn request_savepoint(
        &mut self,
        purpose: Purpose,
        now: SimTime,
        effects: &mut JobEffects,
    ) -> Result<(), AbortReason> {
        if self.status.is_terminal() || self.ending.is_some() {
            return Err(AbortReason::JobNotRunning);
        }
        if self.checkpoints.lacks_coordinator() {
            return Err(AbortReason::CheckpointingDisabled);
        }
        let participants = self.participants();
        if purpose.ends_job() && participants.all_running {
            self.checkpoints.suspend(effects);
        }
        self.checkpoints.request(now, &participants, purpose, effects)
    }

    /// The user asks for a savepoint whose directory cannot be made. Nothing comes of it, but the schedule of a job that was to
    /// end with it starts anew.
    pub fn refuse_unplaced(&mut self, purpose: &Purpose, effects: &mut JobEffects) {
        let is_savepoint = purpose.kind() == CheckpointKind::Savepoint;
        assert!(is_savepoint, "{purpose:?} needs no directory of its own");
        let participants = self.participants();
        let is_off = self.status != JobStatus::Running || !participants.all_running;
        if is_off || !self.submission.rules.unplaced_savepoints_take_ids {
            return;
        }
        if purpose.ends_job() {
            self.checkpoints.suspend(effects);
        }
        self.checkpoints.give_up_unplaced(&participants.to_ack, effects);
        self.on_savepoint_failed(purpose, effects);
    }

    /// The user cancels the job. Canceling a job that is over changes nothing.
    pub fn cancel(&mut self, effects: &mut JobEffects) {
        if self.status.is_terminal() || self.ending.is_some() || self.all_finished() {
            return;
        }
        self.set_status(JobStatus::Canceling, effects);
        self.ending = Some(JobStatus::Canceled);
        self.checkpoints.suspend(effects);
        self.cancel_tasks(&self.plan.all_tasks(), effects);
        if self.all_ended() {
            self.on_all_ended(effects);
        }
    }

    /// Tasks that wait for slots were taken back before they were deployed.
    pub fn on_withdrawn(&mut self, tasks: &[LocalTaskId], effects: &mut JobEffects) {
        for task in tasks {
            assert!(self.tasks[task.index()] != Known::Running, "{task:?} ran without a slot");
            self.tasks[task.index()] = Known::Ended(EndOfTask::Canceled);
        }
        if self.all_ended() {
            self.on_all_ended(effects);
        }
        self.restart_what_is_due(effects);
    }
    fn has_ended(&self, task: LocalTaskId) -> bool {
        matches!(self.tasks[task.index()], Known::Ended(_))
    }

    fn all_ended(&self) -> bool {
        self.tasks.iter().all(|known| matches!(known, Known::Ended(_)))
    }

    /// Whether the job is over but for the lock of its coordinator.
    fn all_finished(&self) -> bool {
        let finished = |known: &Known| *known == Known::Ended(EndOfTask::Finished);
        self.tasks.iter().all(finished)
    }

    /// Who takes part in a checkpoint triggered now (`CheckpointPlanCalculator`, FLIP-147): every task that has not finished
    /// acks; the trigger goes to those none of whose senders lives.
    fn participants(&self) -> Participants {
        assert_eq!(self.plan.tasks.len(), self.tasks.len(), "a task of the plan is not known");
        let is_finished = |task: LocalTaskId| {
            self.tasks[task.index()] == Known::Ended(EndOfTask::Finished)
                || self.finished_on_restore.contains(&task)
        };
        // Of a job that restarts some tasks are on their way out, even if they have not said so yet.
        let all_running = self.status == JobStatus::Running;
        let mut participants = Participants { all_running, ..Participants::default() };
        for (index, (task, known)) in self.plan.tasks.iter().zip(&self.tasks).enumerate() {
            let id = LocalTaskId::new(index);
            if is_finished(id) {
                participants.finished.push(id);
                continue;
            }
            participants.all_running &= *known == Known::Running;
            participants.to_ack.push(id);
            let mut senders = task.inputs.iter().map(|channel| self.plan.channel(*channel).from);
            if senders.all(is_finished) {
                participants.to_trigger.push(id);
            }
        }
        participants
    }
}
