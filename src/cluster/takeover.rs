//! The death of the job manager, and what its successor makes of it (page "High Availability").
//!
//! 1. Without high availability its jobs are lost, and their tasks die with them. 2. With it their tasks go on, and nobody
//!    hears them. 3. After a while another job manager takes over; the task managers hear of it and end what the old one
//!    had deployed. 4. When all of that is gone, the new one deploys the job from the newest checkpoint that the store
//!    points to. What was under way for the old one reaches nobody.

use super::control::{Control, News};
use super::world::{Run, World};
use crate::coordinator::{Inheritance, JobMaster};
use crate::effect::{FileChange, JobEffects, PointerChange};
use crate::job::{Attempt, CheckpointKind, RunId, TaskId};
use crate::kernel::{Agenda, SimTime};
use crate::rules::Release;
use crate::state::CompletedCheckpoint;
use crate::store::HighAvailabilityStore;
use crate::trace::{CheckpointEvent, Fault, JobStatus, TraceEvent, WorldEvent};
use std::sync::Arc;

impl World {
    /// Kills the job manager.
    pub(super) fn kill_job_manager(&mut self, agenda: &mut Agenda) {
        self.tell(TraceEvent::World(WorldEvent::FaultInjected { fault: Fault::JobManagerKilled }));
        self.storage.lose_memory();
        for run in (0..self.runs.len()).map(RunId::new) {
            let is_alive = |master: &JobMaster| !master.status().is_terminal() && !master.is_dead();
            if !self.runs[run.index()].master.as_ref().is_some_and(is_alive) {
                continue;
            }
            match self.scenario.cluster.takeover_after {
                None => self.lose(run, agenda),
                Some(after) => {
                    self.runs[run.index()].waiting.clear();
                    self.mistake_for_over(run);
                    self.with_master(run, agenda, |master, _, effects| master.die(effects));
                    self.schedule(self.now.plus(after), Control::TakeOver(run), agenda);
                }
            }
        }
    }

    /// The cluster is shut down and starts again under another release. Jobs that are not over are lost, nobody takes
    /// them over; savepoints and checkpoints that are kept stay where they are.
    pub(super) fn upgrade(&mut self, release: Release, agenda: &mut Agenda) {
        for run in (0..self.runs.len()).map(RunId::new) {
            let is_over = |master: &JobMaster| master.status().is_terminal();
            if self.runs[run.index()].master.as_ref().is_none_or(is_over) {
                continue;
            }
            self.lose(run, agenda);
            self.runs[run.index()].left = None;
        }
        self.discard_memory();
        self.rules = Arc::new(self.scenario.rules_under(release));
    }

    /// The tasks of a job that restarts are cancelled. Who takes the job for cancelled, too, cleans up behind it.
    fn mistake_for_over(&mut self, run: RunId) {
        let run = &mut self.runs[run.index()];
        let status = run.master.as_ref().map(JobMaster::status);
        if status == Some(JobStatus::Restarting) && !self.rules.pointers_outlive_restarts {
            run.left.iter_mut().for_each(HighAvailabilityStore::clear);
        }
    }

    /// Nobody will take a job over.
    fn lose(&mut self, run: RunId, agenda: &mut Agenda) {
        for task in self.tasks_at_work(run) {
            self.crash(task, agenda);
        }
        let mut effects = JobEffects::default();
        if let Some(master) = self.runs[run.index()].master.as_mut() {
            master.lose(&mut effects);
        }
        self.carry_job(run, &mut effects, agenda);
    }

    fn tasks_at_work(&self, run: RunId) -> Vec<TaskId> {
        let tasks = (0..self.places.len()).map(TaskId::new);
        let is_of = |task: &TaskId| self.places[task.index()].run == run && self.is_at_work(*task);
        tasks.filter(is_of).collect()
    }

    /// Whether a job manager is the one that leads now.
    pub(super) fn leads(&self, run: RunId, leader: u32) -> bool {
        let run = &self.runs[run.index()];
        run.leader == leader && run.master.as_ref().is_some_and(|master| !master.is_dead())
    }

    /// Another job manager takes a job over: the task managers hear of it.
    pub(super) fn take_over(&mut self, run: RunId, agenda: &mut Agenda) {
        self.runs[run.index()].leader += 1;
        let mut registered = self.now;
        for task in self.tasks_at_work(run) {
            // One that is cut off hears of it later, and is not waited for.
            let is_cut_off = self.waits_until(task);
            let at = self.disown(task, is_cut_off.unwrap_or(self.now), agenda);
            registered = registered.max(if is_cut_off.is_some() { self.now } else { at });
        }
        self.schedule(registered, Control::Recover(run), agenda);
    }

    /// A task of a job manager that is no more ends.
    pub(super) fn on_disowned(&mut self, task: TaskId, attempt: Attempt, agenda: &mut Agenda) {
        if self.lives(task, attempt) {
            self.crash(task, agenda);
            self.drop_waiting(task, agenda);
        }
    }

    /// The new job manager deploys the job again.
    pub(super) fn recover(&mut self, run: RunId, agenda: &mut Agenda) {
        // Those that are back just now have not heard of it yet.
        let is_back = |task: &TaskId| {
            self.waits_until(*task).is_none() && !self.places[task.index()].is_zombie
        };
        if self.tasks_at_work(run).iter().any(is_back) {
            let at = self.now.plus(self.network.message_latency.1);
            return self.schedule(at, Control::Recover(run), agenda);
        }
        // Those that are cut off do not register.
        let cut_off: Vec<_> = self.cut_off.keys().copied().collect();
        for manager in cut_off {
            self.give_up(manager, agenda);
        }
        let Some(left) = &self.runs[run.index()].left else { return };
        let submission = self.runs[run.index()].submission.as_ref();
        let submission = submission.expect("what is highly available is kept as it was submitted");
        let dead = self.runs[run.index()].master.as_ref().expect("a run that was led");
        let inheritance = Inheritance {
            completed: left.pointers().to_vec(),
            next: left.next(),
            attempt: dead.next_attempt(),
        };
        let mut effects = JobEffects::default();
        let master = JobMaster::take_over((**submission).clone(), inheritance, &mut effects);
        let master = master.expect("what could be restored at submission still can");
        self.managers.free(run);
        self.runs[run.index()].master = Some(master);
        self.carry_job(run, &mut effects, agenda);
    }

    /// Carries out what a job manager asks of the store that survives it, and keeps count of its checkpoint ids.
    pub(super) fn carry_pointers(
        &mut self,
        run: RunId,
        effects: &mut JobEffects,
        agenda: &mut Agenda,
    ) {
        let Run { left, master, .. } = &mut self.runs[run.index()];
        let Some(left) = left else { return };
        if let Some(master) = master {
            left.count(master.next_checkpoint());
        }
        let mut stored = Vec::new();
        for change in effects.pointers.drain(..) {
            match change {
                PointerChange::Store(checkpoint) => stored.push(checkpoint),
                PointerChange::Forget(checkpoint) => left.remove(checkpoint),
            }
        }
        for checkpoint in stored {
            let took = self.pointer_span(run, &checkpoint, "write");
            self.write_pointer(run, checkpoint, took, agenda);
        }
    }

    fn pointer_span(&self, run: RunId, checkpoint: &CompletedCheckpoint, what: &str) -> SimTime {
        let label = &self.runs[run.index()].layout.label;
        let (low, high) = self.network.message_latency;
        let draws = self.given.choices.stream("pointer", format_args!("{label}/{what}"));
        draws.span(checkpoint.properties().id.number(), low, high)
    }

    /// The store points to a checkpoint, even if its job manager died meanwhile, unless another leads by now.
    pub(super) fn on_pointer(
        &mut self,
        run: RunId,
        leader: u32,
        checkpoint: Arc<CompletedCheckpoint>,
        is_heard: bool,
        agenda: &mut Agenda,
    ) {
        let Run { left, leader: newest, .. } = &mut self.runs[run.index()];
        let Some(left) = left.as_mut().filter(|_| *newest == leader) else { return };
        left.add(Arc::clone(&checkpoint));
        let id = checkpoint.properties().id;
        self.tell(CheckpointEvent::PointerStored.of(run, id));
        if checkpoint.properties().kind == CheckpointKind::Checkpoint {
            self.keep(run, FileChange::Checkpoint(Arc::clone(&checkpoint)));
        }
        if is_heard {
            let at = self.now.plus(self.pointer_span(run, &checkpoint, "reply"));
            let news = News::PointerStored(id);
            self.schedule(at, Control::ToLeader { run, leader, news }, agenda);
        }
    }
}
