//! The steps of a scenario: what they do to the world, how they are answered, and when nothing is left for it to do.

use crate::cluster::control::Control;
use crate::cluster::hosts::partition::partition;
use crate::cluster::ids::PlaceId;
use crate::cluster::leaders::leader_recovery::{kill_job_manager, upgrade};
use crate::cluster::leaders::submit::{Start, submit};
use crate::cluster::script::QUIET;
use crate::cluster::script::faults::{kill_manager, kill_task};
use crate::cluster::script::user_code::{block, fail_later, unblock};
use crate::cluster::storage::snapshots::{Savepoint, SavepointStore};
use crate::cluster::storage::start_point::Runs;
use crate::cluster::world::World;
use crate::coordinator::{JobMaster, Purpose};
use crate::job::{self, CheckpointKind, PlanRules, TaskManagerId};
use crate::kernel::SimTime;
use crate::scenario::{
    Action, Block, Cancel, DisturbedWrite, Run, SavepointDir, Stop, StorageFailing, TakeCheckpoint,
    TakeSavepoint, TaskName,
};
use crate::trace::{JobStatus, MessageFate, TraceEvent, WorldEvent};
use std::sync::Arc;

/// Carries a step out. What it asks for may be answered later.
pub(crate) fn take_step(world: &mut World, step: usize) {
    world.script.on_step(step);
    world.storage.expire(world.journal.now);
    world.ending.activity += 1;
    let number = u32::try_from(step).expect("a scenario has fewer than 2^32 steps");
    world.journal.tell(TraceEvent::World(WorldEvent::StepTaken { step: number }));
    let action = world.scenario.steps[step].action.clone();
    if let Err(why) = act(world, number, action) {
        world.answer(number, Err(why));
    } else {
        world.script.done[step] = true;
    }
    world.watch_for_quiet();
}

fn act(world: &mut World, step: u32, action: Action) -> Result<(), Arc<str>> {
    let user = |label: String, then_cancel, stop, native| Purpose::User {
        step,
        label: label.into(),
        then_cancel,
        stop,
        native,
    };
    match action {
        Action::Run(Run { job, from, path, allow_non_restored, claim }) => {
            let start = match (from, path) {
                (Some(pointer), _) => Some(start_point(world, &pointer, &job)?),
                (None, Some(path)) => Some(start_at(world, &path)?),
                (None, None) => None,
            };
            let job = job_named(world, &job);
            submit(world, job, start, (allow_non_restored, claim))?;
        }
        Action::Savepoint(TakeSavepoint { job, label, native, .. }) => {
            request_savepoint(world, &job, user(label, false, job::Stop::No, native))?;
        }
        Action::Cancel(Cancel { job, with_savepoint: Some(label), native, .. }) => {
            request_savepoint(world, &job, user(label, true, job::Stop::No, native))?;
        }
        Action::Cancel(Cancel { job, with_savepoint: None, .. }) => {
            let run = world.leaders.led_run(&job)?;
            world.with_master(run, |master, _, effects| master.cancel(effects));
        }
        Action::Stop(Stop { job, drain, label, native, .. }) => {
            let stop = if drain { job::Stop::Drain } else { job::Stop::Suspend };
            request_savepoint(world, &job, user(label, false, stop, native))?;
        }
        Action::Checkpoint(TakeCheckpoint { job, label }) => {
            let purpose = Purpose::Manual { step, label: label.into() };
            request_savepoint(world, &job, purpose)?;
        }
        Action::Fail(failing) => fail_later(world, &failing)?,
        Action::Block(Block { task, span }) => {
            let task = live_task(world, &task)?;
            block(world, task, span);
        }
        Action::Unblock(task) => {
            let task = live_task(world, &task)?;
            unblock(world, task);
        }
        Action::Kill(name) => {
            let task = live_task(world, &name)?;
            kill_task(world, task);
        }
        Action::KillTaskManager(number) => {
            if !world.hosts.has_manager(number) {
                return Err(format!("task manager {number} is not alive").into());
            }
            kill_manager(world, TaskManagerId::new(number.into()));
        }
        Action::Partition(cut) => partition(world, cut.task_manager, cut.span)?,
        Action::KillJobManager => kill_job_manager(world),
        Action::Upgrade(release) => upgrade(world, release),
        Action::Files(action) => world.storage.work_on_files(&action, &world.rules)?,
        Action::List => {}
        Action::Storage(failing) => disturb_write(world, failing)?,
        Action::Lose(aim) => world.network.disturb(aim, (MessageFate::Lost, SimTime::ZERO)),
        Action::Delay(aim, by) => world.network.disturb(aim, (MessageFate::Delayed, by)),
        Action::Repeat(aim, by) => world.network.disturb(aim, (MessageFate::Repeated, by)),
    }
    Ok(())
}

fn request_savepoint(world: &mut World, job: &str, purpose: Purpose) -> Result<(), Arc<str>> {
    if let Some(step) = purpose.step() {
        world.script.requests.ask(step, world.journal.now);
    }
    let run = world.leaders.led_run(job)?;
    let kind = purpose.kind();
    if kind == CheckpointKind::Savepoint {
        check_savepoint_dir(world, &purpose).inspect_err(|_| {
            // That there is none is known before; that it cannot be made only when it is to be.
            if world.scenario.cluster.savepoint_dir == SavepointDir::Unwritable {
                world.with_master(run, |master, _, effects| {
                    master.refuse_unplaced(&purpose, effects)
                });
            }
        })?;
    }
    let mut answer = Ok(());
    world.with_master(run, |master, now, effects| {
        answer = master.request_savepoint(purpose, now, effects);
    });
    answer.map_err(|reason| {
        format!("failed to trigger a {kind} of `{job}`: {}", reason.answer()).into()
    })
}

/// Whether there is a place for savepoints. Nothing is asked of the job if there is none.
fn check_savepoint_dir(world: &World, purpose: &Purpose) -> Result<(), Arc<str>> {
    let step = purpose.step().and_then(|step| usize::try_from(step).ok());
    let says_where = step.is_some_and(|step| world.scenario.steps[step].action.target().is_some());
    if SavepointStore::of(&world.scenario.cluster, &world.rules)? != SavepointStore::Files
        || says_where
    {
        return Ok(());
    }
    match world.scenario.cluster.savepoint_dir {
        SavepointDir::There => Ok(()),
        SavepointDir::None | SavepointDir::WrongKey => Err(
            "no savepoint directory configured; set `savepoint-dir` of the cluster, or say `to` in the request".into(),
        ),
        SavepointDir::Unwritable => Err(
            "an Exception occurred while triggering the checkpoint: IO-problem detected: failed to create savepoint directory"
                .into(),
        ),
    }
}

fn job_named(world: &World, name: &str) -> usize {
    let job = world.scenario.jobs.iter().position(|job| job.graph.name == name);
    job.expect("the scenario was checked: every step names a job")
}

/// What a job is started from that a step points to.
fn start_point(world: &World, pointer: &str, job: &str) -> Result<Start, Arc<str>> {
    let plan = || {
        let config = &world.scenario.jobs[job_named(world, job)];
        let plan = config.plan(PlanRules::from(&*world.rules));
        plan.map_err(|error| format!("{error}; {}", error.help()).into())
    };
    let runs = Runs {
        plan_of: |run| &*world.leaders[run].layout.plan,
        owner_of: |run| world.leaders[run].owner(&world.scenario),
    };
    let found = world.storage.find_start(pointer, &world.rules, job, plan, &runs)?;
    let Savepoint { checkpoint: snapshot, source, location } = found;
    Ok(Start { snapshot, source, location: Some(location) })
}

/// What lies at a path.
fn start_at(world: &World, path: &str) -> Result<Start, Arc<str>> {
    let owner_of = |run| world.leaders[run].owner(&world.scenario);
    let found = world.storage.find_path(path, &world.rules, owner_of)?;
    let Savepoint { checkpoint: snapshot, source, location } = found;
    Ok(Start { snapshot, source, location: Some(location) })
}

/// Where a task that a step names is at work.
fn live_task(world: &World, name: &TaskName) -> Result<PlaceId, Arc<str>> {
    let run = world.leaders.live_run(&name.job)?;
    let place = world.leaders[run].place_named(name);
    let place = place.filter(|place| world.hosts.places[*place].is_at_work());
    place.ok_or_else(|| {
        format!("task `{}/{}` of `{}` is not running", name.operator, name.subtask, name.job).into()
    })
}

/// Lets a write to come go wrong.
fn disturb_write(world: &mut World, failing: StorageFailing) -> Result<(), Arc<str>> {
    if let DisturbedWrite::State(name) = &failing.write {
        world.leaders.live_place(name)?;
    }
    world.storage.disturb_write(failing);
    Ok(())
}

impl World {
    /// Answers whoever asked in a step.
    pub(crate) fn answer(&mut self, step: u32, answer: Result<(), Arc<str>>) {
        self.script.requests.answer(step, self.journal.now);
        if let Err(why) = answer {
            self.journal
                .tell(TraceEvent::World(WorldEvent::StepRefused { step, why: Arc::clone(&why) }));
            self.refuse(step, why);
        }
    }

    /// If every source of every live run waits for ever and no step is due, the world ends soon.
    pub(crate) fn watch_for_quiet(&mut self) {
        if self.is_quiet() {
            let control = Control::Quiet(self.ending.activity);
            self.journal.schedule(self.journal.now.plus(QUIET), control);
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.script.due == 0 && self.rests()
    }

    /// Whether no job has anything left to read.
    pub(crate) fn rests(&self) -> bool {
        let is_over = |master: &JobMaster| master.status().is_terminal();
        let runs = |master: &JobMaster| master.status() == JobStatus::Running;
        self.leaders.runs.iter().all(|run| {
            let places = || run.layout.tasks().map(PlaceId::of);
            run.master.as_ref().is_none_or(|master| {
                is_over(master)
                    || (runs(master) && places().all(|place| reads_nothing(self, place)))
            })
        })
    }
}

fn reads_nothing(world: &World, id: PlaceId) -> bool {
    let place = &world.hosts.places[id];
    let awaits_time = place.task.as_ref().is_some_and(|task| task.awaits_time());
    let is_idle = world.network.mailboxes[id].is_idle;
    !awaits_time && (!place.head().is_source() || is_idle || !place.is_at_work())
}
