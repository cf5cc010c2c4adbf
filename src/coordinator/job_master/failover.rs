//! Failover: what is canceled when a task fails, and how it is deployed again from the recovery point.
//!
//! 1. The restart strategy is asked; if it says no, the job fails. 2. The failed task's region, or the whole job, is
//!    canceled, and everything pending is given up. 3. When the delay is over and each of these tasks has ended, they are
//!    deployed in a new attempt, from the newest completed checkpoint; the others go on (FLIP-1).

use super::super::restore::assign;
use super::{JobMaster, Known, Submission};
use crate::effect::{Deployment, JobEffects, JobTimer, RestoredTask, Timer, ToTask};
use crate::job::{ClaimMode, LocalTaskId, Plan, SnapshotFormat, StateBackend};
use crate::kernel::SimTime;
use crate::rules::Failover;
use crate::state::CompletedCheckpoint;
use crate::trace::{CheckpointEvent, JobEvent, JobStatus};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A restart under way.
#[derive(Clone, Debug)]
pub(super) struct FailOver {
    /// Its number, as its timer tells.
    number: u32,
    /// What restarts.
    tasks: BTreeSet<LocalTaskId>,
    /// Whether the delay is over.
    is_due: bool,
}

impl JobMaster {
    /// Whether a task is being canceled for a restart.
    pub(super) fn is_failing(&self, task: LocalTaskId) -> bool {
        self.failovers.iter().any(|failover| failover.tasks.contains(&task))
    }

    /// Whether the whole job is.
    pub(super) fn all_fail(&self) -> bool {
        self.failovers.iter().any(|failover| failover.tasks.len() == self.tasks.len())
    }

    /// A task failed: its region fails with it, or the whole job, as is configured.
    pub(super) fn fail_over_with(
        &mut self,
        task: LocalTaskId,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        let tasks = match self.submission.failover {
            Failover::Region => self.plan.region_of(task),
            Failover::Full => self.plan.all_tasks(),
        };
        self.fail_over(tasks, now, effects);
    }

    /// Fails these tasks over: the restart strategy is asked, everything pending is given up, they are canceled. A
    /// failure of the whole job takes the place of those of its regions.
    pub(super) fn fail_over(
        &mut self,
        tasks: BTreeSet<LocalTaskId>,
        now: SimTime,
        effects: &mut JobEffects,
    ) {
        assert!(!tasks.is_empty(), "a failure of no task restarts nothing");
        let mut canceled = self.recover_from_stop(tasks, effects);
        match self.backoff.on_failure(now) {
            // The savepoint stands: a restart would go on behind it (`StopWithSavepointStoppingException`).
            Some(delay) if self.stops_with.is_none() => {
                self.restarts += 1;
                let number = self.restarts;
                self.failovers.retain(|other| other.tasks.is_disjoint(&canceled));
                self.failovers.push(FailOver { number, tasks: canceled.clone(), is_due: false });
                let restarting: usize = self.failovers.iter().map(|other| other.tasks.len()).sum();
                assert!(restarting <= self.tasks.len(), "a task is in two restarts");
                self.set_status(JobStatus::Restarting, effects);
                let (after, spread) = (delay.span, delay.jitter);
                effects.timers.push(Timer { after, spread, kind: JobTimer::Restart(number) });
            }
            Some(_) | None => {
                self.ending = Some(JobStatus::Failed);
                self.failovers.clear();
                canceled = self.plan.all_tasks();
            }
        }
        if self.submission.rules.restarts_abort_pending || self.ending.is_some() {
            self.checkpoints.suspend(effects);
        } else {
            self.checkpoints.stop_schedule();
        }
        self.cancel_tasks(&canceled, effects);
    }

    pub(super) fn cancel_tasks(&self, tasks: &BTreeSet<LocalTaskId>, effects: &mut JobEffects) {
        for task in tasks {
            if !self.has_ended(*task) {
                effects.messages.push((*task, ToTask::Cancel));
            }
        }
    }

    /// The delay before a restart is over.
    pub(super) fn on_restart_due(&mut self, number: u32, effects: &mut JobEffects) {
        let failover = self.failovers.iter_mut().find(|failover| failover.number == number);
        if let Some(failover) = failover {
            failover.is_due = true;
            self.restart_what_is_due(effects);
        }
    }

    /// Deploys what waits for nothing any more.
    pub(super) fn restart_what_is_due(&mut self, effects: &mut JobEffects) {
        let is_over = self.ending.is_some() || self.status.is_terminal();
        if is_over || self.checkpoints.is_storing() {
            return;
        }
        while let Some(place) = self.failovers.iter().position(|other| self.is_ready(other)) {
            let failover = self.failovers.remove(place);
            self.restart(&failover.tasks, effects);
        }
    }

    fn is_ready(&self, failover: &FailOver) -> bool {
        failover.is_due && failover.tasks.iter().all(|task| self.has_ended(*task))
    }

    fn restart(&mut self, tasks: &BTreeSet<LocalTaskId>, effects: &mut JobEffects) {
        assert!(self.status == JobStatus::Restarting, "a {} job restarted", self.status);
        let has_ended = |task: &LocalTaskId| self.has_ended(*task);
        assert!(tasks.iter().all(has_ended), "a task was deployed while an attempt of it lives");
        self.attempt = self.attempt.next();
        self.deploy(tasks, effects);
    }

    /// Deploys tasks in the newest attempt: restored from the recovery point, or from nothing.
    pub(super) fn deploy(&mut self, tasks: &BTreeSet<LocalTaskId>, effects: &mut JobEffects) {
        let latest = self.checkpoints.latest().map(Arc::clone);
        let restored = latest.as_ref().map(|latest| latest.properties().id);
        let (run, attempt) = (self.submission.layout.run, self.attempt);
        let is_newest = |task: &LocalTaskId| self.attempts[task.index()] <= attempt;
        assert!(tasks.iter().all(is_newest), "{attempt:?} was deployed after a newer one");
        if tasks.len() == self.tasks.len() {
            effects.events.push(JobEvent::AttemptStarted { attempt, restored }.of(run));
            self.splits.reset(&self.plan, latest.as_deref(), effects.now);
        } else {
            let world = |task: &LocalTaskId| self.submission.layout.task(*task);
            let told = tasks.iter().map(world).collect();
            let event = JobEvent::RegionRestarted { attempt, restored, tasks: told }.of(run);
            effects.events.push(event);
            if self.submission.rules.split_enumerators_told_of_regions {
                tasks.iter().for_each(|task| self.splits.give_back(*task, restored));
            }
        }
        let mut shares = vec![None; self.plan.tasks.len()];
        let mut in_flight = vec![Vec::new(); self.plan.tasks.len()];
        if let Some(checkpoint) = latest {
            let Submission { allow_non_restored, rules, .. } = &self.submission;
            let is_own = checkpoint.properties().job == self.submission.job;
            let assigned = assign(&self.plan, &checkpoint, *allow_non_restored, is_own, rules);
            let assigned = assigned.expect("what could be restored at submission still can");
            self.plan = assigned.plan;
            shares = assigned.tasks;
            if checkpoint.properties().job != self.submission.job
                && !rules.unclaimed_files_built_upon
                && self.submission.claim == ClaimMode::NoClaim
            {
                forget_files(&mut shares);
            }
            refuse_other_format(
                &self.plan,
                &checkpoint,
                self.submission.checkpoint.backend,
                &mut shares,
            );
            in_flight = assigned.in_flight;
            let report = Arc::new(assigned.report);
            let checkpoint = checkpoint.properties().id;
            effects
                .events
                .push(CheckpointEvent::RestoreMapped { attempt, report }.of(run, checkpoint));
        }
        assert_eq!(shares.len(), self.tasks.len(), "a restore forgot a task");
        assert_eq!(in_flight.len(), self.tasks.len(), "a restore forgot what was in flight");
        let awaits_final_checkpoint =
            self.checkpoints.is_periodic() && self.submission.rules.checkpoints_after_tasks_finish;
        for (index, (restored, in_flight)) in shares.into_iter().zip(in_flight).enumerate() {
            let task = LocalTaskId::new(index);
            if !tasks.contains(&task) {
                continue;
            }
            let finished = restored.as_ref().is_some_and(|share: &RestoredTask| share.finished);
            match finished {
                true => self.finished_on_restore.insert(task),
                false => self.finished_on_restore.remove(&task),
            };
            self.ended_data.remove(&task);
            self.tasks[index] = Known::Deploying;
            self.attempts[index] = attempt;
            let deployment = Deployment { restored, awaits_final_checkpoint, in_flight };
            effects.deployments.push((task, deployment));
        }
    }
}

/// A task with keyed state in the own format of another state backend cannot start.
fn refuse_other_format(
    plan: &Plan,
    checkpoint: &CompletedCheckpoint,
    backend: StateBackend,
    shares: &mut [Option<RestoredTask>],
) {
    let format = checkpoint.properties().format;
    if format.is_read_by(backend) {
        return;
    }
    let backend = SnapshotFormat::of(backend);
    for (task, share) in plan.tasks.iter().zip(shares) {
        let Some(share) = share else { continue };
        let chain = plan.vertices[task.vertex.index()].operators.iter().zip(&share.operators);
        let mut keyed =
            chain.filter(|(_, given)| given.as_ref().is_some_and(|given| !given.keyed.is_empty()));
        let Some((operator, _)) = keyed.next() else { continue };
        let id = plan.operator_ids[operator.index()];
        let why = format!(
            "could not restore keyed state backend for operator {id}: the snapshot is {format}, and this backend reads {backend}; take a canonical savepoint to change the backend"
        );
        share.unreadable = Some(why.into());
    }
}

/// What belongs to another job is not built upon: it may be deleted at any time (the claim mode `NO_CLAIM`).
fn forget_files(shares: &mut [Option<RestoredTask>]) {
    let operators = shares.iter_mut().flatten().flat_map(|share| &mut share.operators);
    for state in operators.flatten() {
        state.shared.clear();
    }
}
