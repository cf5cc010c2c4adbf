//! The steps of a scenario: when they fire, what they do to the world, how they are answered.

use super::control::Control;
use super::faults::{Disturbance, Interference};
use super::snapshots::SavepointStore;
use super::world::{Savepoint, World};
use crate::coordinator::Purpose;
use crate::effect::FileChange;
use crate::job::{self, CheckpointKind, RunId, TaskId, TaskManagerId};
use crate::kernel::{Agenda, SimTime, to_index};
use crate::scenario::{
    Action, Block, Cancel, Run, SavepointDir, Stop, TakeCheckpoint, TakeSavepoint, TaskName,
    Trigger,
};
use crate::trace::{CheckpointEvent, SnapshotSource, TraceEvent, WorldEvent};
use std::sync::Arc;

/// How long a world whose sources all wait for ever goes on, in virtual time: enough for any milestone that the idle
/// job can still reach.
pub(super) const QUIET: SimTime = SimTime::from_secs(60);

impl World {
    /// Puts every timed step on the agenda.
    pub(super) fn schedule_steps(&mut self, agenda: &mut Agenda) {
        for step in 0..self.scenario.steps.len() {
            if let Trigger::At(at) = self.scenario.steps[step].trigger {
                self.schedule_step(step, at.max(self.now), agenda);
            }
        }
    }

    pub(super) fn schedule_step(&mut self, step: usize, at: SimTime, agenda: &mut Agenda) {
        self.steps_due += 1;
        self.schedule(at, Control::Step(step), agenda);
    }

    /// Carries a step out. What it asks for may be answered later.
    pub(super) fn take_step(&mut self, step: usize, agenda: &mut Agenda) {
        self.steps_due -= 1;
        self.retries.on_step(step);
        self.activity += 1;
        let number = u32::try_from(step).expect("a scenario has fewer than 2^32 steps");
        self.tell(TraceEvent::World(WorldEvent::StepTaken { step: number }));
        let action = self.scenario.steps[step].action.clone();
        if let Err(why) = self.act(number, action, agenda) {
            self.answer(number, Err(why), agenda);
        } else {
            self.steps_done[step] = true;
        }
        self.watch_for_quiet(agenda);
    }

    #[expect(clippy::too_many_lines, reason = "one short arm for each kind of step")]
    fn act(&mut self, step: u32, action: Action, agenda: &mut Agenda) -> Result<(), Arc<str>> {
        match action {
            Action::Run(Run { job, from, allow_non_restored, claim }) => {
                let found = from.map(|pointer| self.find_start(&pointer, &job)).transpose()?;
                let id = |found: &Savepoint| found.checkpoint.properties().id;
                let start = found.as_ref().map(|found| (id(found), found.lies.clone()));
                let from = found.map(|found| (found.checkpoint, found.source));
                let job = self.job_named(&job);
                let run = self.submit(job, from, (allow_non_restored, claim), agenda)?;
                self.runs[run.index()].start = start;
                Ok(())
            }
            Action::Savepoint(TakeSavepoint { job, label, native, .. }) => {
                let (label, stop) = (label.into(), job::Stop::No);
                let purpose = Purpose::User { step, label, then_cancel: false, stop, native };
                self.request_savepoint(&job, purpose, agenda)
            }
            Action::Cancel(Cancel { job, with_savepoint: Some(label), native, .. }) => {
                let (label, stop) = (label.into(), job::Stop::No);
                let purpose = Purpose::User { step, label, then_cancel: true, stop, native };
                self.request_savepoint(&job, purpose, agenda)
            }
            Action::Cancel(Cancel { job, with_savepoint: None, .. }) => {
                let run = self.led_run(&job)?;
                self.with_master(run, agenda, |master, _, effects| master.cancel(effects));
                Ok(())
            }
            Action::Stop(Stop { job, drain, label, native, .. }) => {
                let (label, stop) =
                    (label.into(), if drain { job::Stop::Drain } else { job::Stop::Suspend });
                let purpose = Purpose::User { step, label, then_cancel: false, stop, native };
                self.request_savepoint(&job, purpose, agenda)
            }
            Action::Checkpoint(TakeCheckpoint { job, label }) => {
                let purpose = Purpose::Manual { step, label: label.into() };
                self.request_savepoint(&job, purpose, agenda)
            }
            Action::Fail(failing) => self.fail_later(&failing),
            Action::Block(Block { task, span }) => {
                let task = self.live_task(&task)?;
                self.block(task, span, agenda);
                Ok(())
            }
            Action::Unblock(task) => {
                let task = self.live_task(&task)?;
                self.unblock(task, self.places[task.index()].attempt, agenda);
                Ok(())
            }
            Action::Kill(name) => {
                let task = self.live_task(&name)?;
                self.kill_task(task, agenda);
                Ok(())
            }
            Action::KillTaskManager(number) => {
                let manager = TaskManagerId::new(number.into());
                if !self.managers.exists(number) || !self.managers.is_alive(manager) {
                    return Err(format!("task manager {number} is not alive").into());
                }
                self.kill_manager(manager, agenda);
                Ok(())
            }
            Action::Partition(cut) => self.partition(cut.task_manager, cut.span, agenda),
            Action::KillJobManager => {
                self.kill_job_manager(agenda);
                Ok(())
            }
            Action::Upgrade(release) => {
                self.upgrade(release, agenda);
                Ok(())
            }
            Action::Files(action) => self.work_on_files(&action),
            Action::List => Ok(()),
            Action::Storage(failing) => self.disturb_write(&failing),
            Action::Lose(aim) => {
                self.disturbances.push(Disturbance { aim, does: Interference::Loses });
                Ok(())
            }
            Action::Delay(aim, by) => {
                self.disturbances.push(Disturbance { aim, does: Interference::Delays(by) });
                Ok(())
            }
            Action::Repeat(aim, by) => {
                self.disturbances.push(Disturbance { aim, does: Interference::Repeats(by) });
                Ok(())
            }
        }
    }

    fn request_savepoint(
        &mut self,
        job: &str,
        purpose: Purpose,
        agenda: &mut Agenda,
    ) -> Result<(), Arc<str>> {
        let run = self.led_run(job)?;
        let kind = purpose.kind();
        if kind == CheckpointKind::Savepoint {
            self.check_savepoint_dir(&purpose)?;
        }
        let mut answer = Ok(());
        self.with_master(run, agenda, |master, now, effects| {
            answer = master.request_savepoint(purpose, now, effects);
        });
        let what = match kind {
            CheckpointKind::Checkpoint => "checkpoint",
            CheckpointKind::Savepoint => "savepoint",
        };
        answer.map_err(|reason| format!("failed to trigger a {what} of `{job}`: {reason}").into())
    }

    /// Whether there is a place for savepoints. Nothing is asked of the job if there is none.
    fn check_savepoint_dir(&self, purpose: &Purpose) -> Result<(), Arc<str>> {
        let step = purpose.step().and_then(|step| usize::try_from(step).ok());
        let says_where =
            step.is_some_and(|step| self.scenario.steps[step].action.target().is_some());
        if self.savepoint_store()? != SavepointStore::Files || says_where {
            return Ok(());
        }
        match self.scenario.cluster.savepoint_dir {
            SavepointDir::There => Ok(()),
            SavepointDir::None | SavepointDir::WrongKey => Err(
                "no savepoint directory configured; set `savepoint-dir` of the cluster, or say `to` in the request".into(),
            ),
            SavepointDir::Unwritable => Err(
                "an IO-problem occurred while triggering the savepoint: failed to create savepoint directory"
                    .into(),
            ),
        }
    }

    /// Adds where the savepoint of a stop lies that was stored, although the job did not stop well.
    pub(super) fn with_savepoint_path(&self, step: u32, why: Arc<str>) -> Arc<str> {
        let index = to_index(step);
        let Action::Stop(stop) = &self.scenario.steps[index].action else { return why };
        let stored = self.savepoints.get(stop.label.as_str());
        stored.map_or(Arc::clone(&why), |stored| format!("{why}: {}", stored.lies.path()).into())
    }

    pub(super) fn job_named(&self, name: &str) -> usize {
        let job = self.scenario.jobs.iter().position(|job| job.graph.name == name);
        job.expect("the scenario was checked: every step names a job")
    }

    /// The newest run of a job, if it is not over.
    pub(super) fn live_run(&self, job: &str) -> Result<RunId, Arc<str>> {
        let wanted = self.job_named(job);
        let run = self.runs.iter().rev().find(|run| run.layout.job == wanted);
        let run = run.ok_or_else(|| format!("job `{job}` has not been submitted"))?;
        match run.master.as_ref().map(crate::coordinator::JobMaster::status) {
            Some(status) if !status.is_terminal() => Ok(run.layout.run),
            Some(status) => Err(format!("job `{job}` is {status}").into()),
            None => Err(format!("job `{job}` was refused").into()),
        }
    }

    /// The newest run of a job, if there is a job manager to ask.
    fn led_run(&self, job: &str) -> Result<RunId, Arc<str>> {
        let run = self.live_run(job)?;
        let master = self.runs[run.index()].master.as_ref();
        match master.is_some_and(|master| !master.is_dead()) {
            true => Ok(run),
            false => Err(format!("job `{job}` has no job manager now").into()),
        }
    }

    fn live_task(&self, name: &TaskName) -> Result<TaskId, Arc<str>> {
        let run = self.live_run(&name.job)?;
        let task = self.task_named(run, name);
        let task = task.filter(|task| self.is_at_work(*task));
        task.ok_or_else(|| {
            format!("task `{}/{}` of `{}` is not running", name.operator, name.subtask, name.job)
                .into()
        })
    }

    /// The task of a run that runs a subtask of an operator.
    pub(super) fn task_named(&self, run: RunId, name: &TaskName) -> Option<TaskId> {
        let layout = &self.runs[run.index()].layout;
        let vertex = layout.plan.vertex_of(layout.plan.operator_named(&name.operator)?);
        if name.subtask >= layout.plan.vertices[vertex.index()].parallelism {
            return None;
        }
        Some(layout.task(layout.plan.subtask(vertex, name.subtask)))
    }

    /// Whether a scenario's name means this task.
    pub(super) fn is_named(&self, task: TaskId, name: &TaskName) -> bool {
        let run = self.places[task.index()].run;
        self.runs[run.index()].layout.plan.graph.name == name.job
            && self.task_named(run, name) == Some(task)
    }

    /// Answers whoever asked in a step.
    pub(super) fn answer(&mut self, step: u32, answer: Result<(), Arc<str>>, agenda: &mut Agenda) {
        if let Err(why) = answer {
            self.tell(TraceEvent::World(WorldEvent::StepRefused { step, why: Arc::clone(&why) }));
            self.refuse(step, why, agenda);
        }
    }

    /// Durable files changed.
    pub(super) fn keep(&mut self, run: RunId, change: FileChange) {
        if let FileChange::Checkpoint(checkpoint) = &change {
            self.runs[run.index()].retained.push(checkpoint.properties().id);
        }
        if let FileChange::RemoveCheckpoint(checkpoint) = &change {
            let removed = checkpoint.properties().id;
            self.runs[run.index()].retained.retain(|id| *id != removed);
            self.remove_labelled(run, removed);
        }
        if let FileChange::RemoveClaimed(checkpoint) = &change {
            let properties = checkpoint.properties();
            let removed = (properties.job, properties.id);
            for run in &mut self.runs {
                let is_its = run.master.as_ref().is_some_and(|master| master.job() == removed.0);
                run.retained.retain(|id| !is_its || *id != removed.1);
            }
            self.remove_claimed(run, checkpoint);
        }
        if let FileChange::Savepoint(checkpoint, label) = &change {
            let id = checkpoint.properties().id;
            let source = SnapshotSource::Run(run, id);
            let lies = self.lay_savepoint(run, checkpoint, label);
            let path = Arc::clone(lies.path());
            let checkpoint = Arc::clone(checkpoint);
            let label = Arc::clone(label);
            let stored = Savepoint { checkpoint, source, lies };
            self.savepoints.insert(Arc::clone(&label), stored);
            self.tell(CheckpointEvent::SavepointStored { label, path }.of(run, id));
        }
        if let FileChange::RemoveShared(_, file) = &change {
            self.delete_file(run, *file);
        }
        self.files.push(change);
    }

    /// If every source of every live run waits for ever and no step is due, the world ends soon.
    pub(super) fn watch_for_quiet(&mut self, agenda: &mut Agenda) {
        if self.is_quiet() {
            self.schedule(self.now.plus(QUIET), Control::Quiet(self.activity), agenda);
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.steps_due == 0 && self.rests()
    }

    /// Whether no job has anything left to read.
    pub(super) fn rests(&self) -> bool {
        let has_rest = |run: &super::world::Run| {
            run.master.as_ref().is_none_or(|master| {
                master.status().is_terminal()
                    || (master.status() == crate::trace::JobStatus::Running
                        && self.reads_nothing(run))
            })
        };
        self.runs.iter().all(has_rest)
    }

    fn reads_nothing(&self, run: &super::world::Run) -> bool {
        let layout = &run.layout;
        layout.tasks().all(|task| {
            let place = &self.places[task.index()];
            let is_source = layout.plan.is_source(layout.plan_task(task).vertex);
            let awaits_time = place.task.as_ref().is_some_and(|task| task.awaits_time());
            !awaits_time && (!is_source || place.is_idle || !self.is_at_work(task))
        })
    }
}
