//! The leaders: the job managers of the runs, what they left behind, and what of theirs waits for slots.

pub(crate) mod restarts;

pub(crate) mod leader_recovery;
pub(crate) mod submit;

#[cfg(test)]
mod tests;

use crate::cluster::ids::PlaceId;
use crate::cluster::storage::Owner;
use crate::cluster::storage::snapshots::SnapshotLocation;
use crate::coordinator::{JobMaster, Submission};
use crate::effect::{Deployment, JobTimer, Timer};
use crate::job::{Attempt, CheckpointId, LocalTaskId, RunId, RunLayout};
use crate::kernel::{Choices, SimTime, Stream};
use crate::scenario::{Scenario, TaskName};
use crate::store::HighAvailabilityStore;
use crate::trace::{JobEvent, JobStatus, TraceEvent};
use restarts::Restarts;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

/// The runs of a world, each with its job manager.
#[derive(Clone, Default)]
pub(crate) struct Leaders {
    pub(crate) runs: Vec<Run>,
}

/// One submission of a job.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) layout: Arc<RunLayout>,
    pub(crate) master: Option<JobMaster>,
    /// The first eight bytes of its job id.
    pub(crate) job_key: u64,
    /// Deployments that wait for slots.
    pub(crate) waiting: Vec<(LocalTaskId, Deployment)>,
    /// Draws how long its metadata takes to write.
    pub(crate) metadata: Stream,
    /// Whether its current attempt was restored from a checkpoint.
    pub(crate) restored: bool,
    /// How many job managers it has had before this one: what an older one wanted means nothing any more.
    pub(crate) leader: u32,
    /// What a new job manager would find of it; none without high availability, or once it is over.
    pub(crate) left: Option<HighAvailabilityStore>,
    /// How it was submitted, for a new job manager.
    pub(crate) submission: Option<Arc<Submission>>,
    /// The snapshot of this world that it was started from, and where that lay.
    pub(crate) start: Option<(CheckpointId, SnapshotLocation)>,
    /// Whether its restarts lead anywhere.
    pub(crate) restarts: Restarts,
}

impl Run {
    /// Its job's name.
    pub(crate) fn name(&self) -> &str {
        self.layout.job_name()
    }

    /// Its job manager, if that is alive.
    pub(crate) fn leader(&self) -> Option<&JobMaster> {
        self.master.as_ref().filter(|master| !master.is_dead())
    }

    /// Whether it was accepted and is not over.
    pub(crate) fn is_alive(&self) -> bool {
        self.master.as_ref().is_some_and(|master| !master.status().is_terminal())
    }

    /// It is over: nobody takes it over, its waiting deployments are void.
    pub(crate) fn end(&mut self) {
        self.left = None;
        self.waiting.clear();
    }

    /// Deployments wait for slots.
    pub(crate) fn wait(&mut self, deployments: Vec<(LocalTaskId, Deployment)>) {
        for (task, deployment) in deployments {
            let waits = self.waiting.iter().any(|(other, _)| *other == task);
            assert!(!waits, "{}: {task:?} waits for slots twice", self.layout.label);
            self.waiting.push((task, deployment));
        }
    }

    /// Takes back a deployment that waits for a slot. Whether there was one.
    pub(crate) fn withdraw(&mut self, task: LocalTaskId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(other, _)| *other != task);
        self.waiting.len() < before
    }

    /// The tasks of a job that restarts are canceled. Who takes the job for canceled, too, cleans up behind it.
    pub(crate) fn mistake_for_over(&mut self) {
        let status = self.master.as_ref().map(JobMaster::status);
        if status == Some(JobStatus::Restarting) {
            self.left.iter_mut().for_each(HighAvailabilityStore::clear);
        }
    }

    /// After how long a timer fires, with what is drawn of it.
    pub(crate) fn delay_of(&self, timer: Timer, choices: &Choices) -> SimTime {
        let Timer { after, spread, kind } = timer;
        if spread == SimTime::ZERO {
            return after;
        }
        let label = &self.layout.label;
        match kind {
            // Earlier or later, as the strategy says.
            JobTimer::Restart(number) => {
                let shortest = SimTime::from_nanos(after.nanos().saturating_sub(spread.nanos()));
                let draws = choices.stream("restart-jitter", label);
                draws.span(number.into(), shortest, after.plus(spread))
            }
            // Later, where the release draws the first trigger.
            JobTimer::Periodic(schedule) => {
                let draws = choices.stream("first-trigger", label);
                let draw = u64::from(self.leader) << 32 | schedule;
                draws.span(draw, after, after.plus(spread))
            }
            JobTimer::Expire(_) | JobTimer::Enumerators(_) | JobTimer::Assignment(_) => after,
        }
    }

    /// How long the store that survives job managers takes with a pointer.
    pub(crate) fn pointer_span(
        &self,
        checkpoint: CheckpointId,
        what: &str,
        (low, high): (SimTime, SimTime),
        choices: &Choices,
    ) -> SimTime {
        let draws = choices.stream("pointer", format_args!("{}/{what}", self.layout.label));
        draws.span(checkpoint.number(), low, high)
    }

    /// As storage knows it.
    pub(crate) fn owner<'a>(&'a self, scenario: &Scenario) -> Owner<'a> {
        Owner {
            run: self.layout.run,
            job: self.master.as_ref().map(JobMaster::job),
            backend: scenario.jobs[self.layout.job].checkpoint.backend,
            start: self.start.as_ref(),
        }
    }

    /// Where the task lives that runs a subtask of an operator.
    pub(crate) fn place_named(&self, name: &TaskName) -> Option<PlaceId> {
        let plan = &self.layout.plan;
        let vertex = plan.vertex_of(plan.operator_named(&name.operator)?);
        let is_there = name.subtask < plan.vertices[vertex.index()].parallelism;
        is_there.then(|| PlaceId::of(self.layout.task(plan.subtask(vertex, name.subtask))))
    }
}

impl Leaders {
    /// Whether any run is not over.
    pub(crate) fn any_alive(&self) -> bool {
        self.runs.iter().any(Run::is_alive)
    }

    /// Whether a job manager is the one that leads now.
    pub(crate) fn leads(&self, run: RunId, leader: u32) -> bool {
        self[run].leader == leader && self[run].leader().is_some()
    }

    /// The place of a task.
    pub(crate) fn place_of(&self, run: RunId, task: LocalTaskId) -> PlaceId {
        PlaceId::of(self[run].layout.task(task))
    }

    /// The attempt of a task that its job manager knows.
    pub(crate) fn attempt_of(&self, run: RunId, task: LocalTaskId) -> Attempt {
        let master = self[run].master.as_ref();
        master.map_or_else(Attempt::default, |master| master.attempt_of(task))
    }

    /// The newest run of a job, if it is not over.
    pub(crate) fn live_run(&self, job: &str) -> Result<RunId, Arc<str>> {
        let run = self.runs.iter().rev().find(|run| run.name() == job);
        let run = run.ok_or_else(|| format!("job `{job}` has not been submitted"))?;
        match run.master.as_ref().map(JobMaster::status) {
            Some(status) if !status.is_terminal() => Ok(run.layout.run),
            Some(status) => Err(format!("job `{job}` is {status}").into()),
            None => Err(format!("job `{job}` was refused").into()),
        }
    }

    /// The newest run of a job, if there is a job manager to ask.
    pub(crate) fn led_run(&self, job: &str) -> Result<RunId, Arc<str>> {
        let run = self.live_run(job)?;
        let leader = self[run].leader();
        leader.map(|_| run).ok_or_else(|| format!("job `{job}` has no job manager now").into())
    }

    /// Where a task of a job that is not over lives, or will.
    pub(crate) fn live_place(&self, name: &TaskName) -> Result<(RunId, PlaceId), Arc<str>> {
        let run = self.live_run(&name.job)?;
        let place = self[run].place_named(name).map(|place| (run, place));
        place.ok_or_else(|| format!("`{}` has no subtask {}", name.operator, name.subtask).into())
    }

    /// Whether a scenario's name means the task of a place. None means a zombie that has given its place up.
    pub(crate) fn is_named(&self, place: PlaceId, name: &TaskName) -> bool {
        let of_job = self.runs.iter().filter(|run| run.name() == name.job);
        of_job.filter_map(|run| run.place_named(name)).any(|named| named == place)
    }

    /// Notes whether an attempt that starts was restored.
    pub(crate) fn note_restore(&mut self, event: &TraceEvent) {
        if let TraceEvent::Job(run, JobEvent::AttemptStarted { restored, .. })
        | TraceEvent::Job(run, JobEvent::RegionRestarted { restored, .. }) = event
        {
            self[*run].restored = restored.is_some();
        }
    }
}

impl Index<RunId> for Leaders {
    type Output = Run;
    fn index(&self, run: RunId) -> &Run {
        &self.runs[run.index()]
    }
}

impl IndexMut<RunId> for Leaders {
    fn index_mut(&mut self, run: RunId) -> &mut Run {
        &mut self.runs[run.index()]
    }
}
