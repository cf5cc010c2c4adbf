//! What a world comes to: jobs, savepoints, external systems, digest.

use crate::cluster::leftovers::{leftovers, time_stands_still, waits};
use crate::cluster::script::{At, NeverTaken};
use crate::cluster::stall::Stall;
use crate::cluster::storage::Artefact;
use crate::cluster::user_panic::UserPanic;
use crate::cluster::world::{Cluster, World};
use crate::coordinator::JobMaster;
use crate::effect::ExternalSystem;
use crate::job::{CheckpointId, JobId, RunId};
use crate::kernel::SimTime;
use crate::state::CompletedCheckpoint;
use crate::trace::{JobStatus, Leftovers};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a world ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum End {
    /// No job runs and no step is left, or every source waits for ever.
    Over,
    /// The scenario's `until` came first.
    Until,
    /// A job was not over and would never have been: nothing was left to happen, or it went on and on.
    Stalled,
    /// An operator, source or sink of the user's own panicked.
    UserPanicked,
    /// Whoever watched the play ended it.
    Interrupted,
}

/// A run in the end.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct JobEnd {
    /// Which run.
    pub run: RunId,
    /// `count#0`.
    pub label: String,
    /// The job's name.
    pub name: String,
    /// Its id.
    pub job: Option<JobId>,
    /// Its status; none if it was refused.
    pub status: Option<JobStatus>,
    /// Its checkpoints that are kept, in order.
    pub retained: Vec<CheckpointId>,
}

/// A savepoint in the end.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SavepointEnd {
    /// The scenario's label.
    pub label: Arc<str>,
    /// Its checkpoint id.
    pub checkpoint: CheckpointId,
    /// Where it lies under the data folder.
    pub path: Arc<str>,
    /// What it holds.
    pub snapshot: Arc<CompletedCheckpoint>,
}

/// What a world came to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// The panic of the user's own code that ended it, if one did.
    pub panicked: Option<UserPanic>,
    /// If it stalled: why.
    pub stall: Option<Stall>,
    /// When.
    pub ended: SimTime,
    /// How many events were played.
    pub events: u64,
    /// Of every event, everything told, and what external systems hold.
    pub digest: u128,
    /// The runs, in order.
    pub jobs: Vec<JobEnd>,
    /// The savepoints, by label.
    pub savepoints: Vec<SavepointEnd>,
    /// What is there of savepoints and checkpoints that the scenario knows, by label: `metadata`, `data`.
    pub files: Vec<(Arc<str>, Vec<&'static str>)>,
    /// The external systems, by `ExternalId`.
    pub externals: Vec<ExternalSystem>,
    /// By run: what its rows in external systems are marked with.
    pub job_keys: Vec<u64>,
    /// What was refused, and why.
    pub refusals: Vec<(At, Arc<str>)>,
    /// Steps that were never taken, by position in the scenario, and why.
    pub never: BTreeMap<u32, NeverTaken>,
    /// Whether a sender ever waited for credit.
    pub had_backpressure: bool,
    /// What else no entry of the trace tells.
    pub leftovers: Leftovers,
}

impl Cluster {
    /// What external systems hold now.
    pub fn externals(&self) -> Vec<ExternalSystem> {
        self.simulation.world.externals.contents()
    }

    /// The snapshots that somebody may start from now.
    pub fn artefacts(&self) -> Vec<Artefact> {
        let World { storage, leaders, .. } = &self.simulation.world;
        let artefact = |(run, name, snapshot): (RunId, String, Arc<CompletedCheckpoint>)| {
            let missing = storage.missing_of(&snapshot);
            Artefact { run, job: leaders[run].layout.job, name, snapshot, missing }
        };
        storage.readable().into_iter().map(artefact).collect()
    }

    /// The label of a run: `count#0`.
    pub fn label_of(&self, run: RunId) -> &str {
        let runs = &self.simulation.world.leaders;
        assert!(run.index() < runs.runs.len(), "{run:?} was never submitted");
        &runs[run].layout.label
    }

    /// What the world came to.
    pub fn outcome(&self) -> Outcome {
        let world = &self.simulation.world;
        let mut digest = self.simulation.digest;
        world.externals.fold_into(&mut digest);
        let mut storage = world.storage.clone();
        storage.expire(self.now());
        let jobs = world.leaders.runs.iter().map(|run| JobEnd {
            run: run.layout.run,
            label: run.layout.label.clone(),
            name: run.name().to_owned(),
            job: run.master.as_ref().map(JobMaster::job),
            status: run.master.as_ref().map(JobMaster::status),
            retained: storage.retained_by(run.layout.run),
        });
        let savepoints = world.storage.savepoints.iter().map(|(label, savepoint)| SavepointEnd {
            label: Arc::clone(label),
            checkpoint: savepoint.checkpoint.properties().id,
            path: Arc::clone(&savepoint.location.path),
            snapshot: Arc::clone(&savepoint.checkpoint),
        });
        let leftovers = leftovers(world);
        let (mut end, mut stall) = (world.end(), None);
        if end == End::Stalled {
            let nothing_due = || Stall::NothingDue { waits: waits(world, &leftovers) };
            stall = Some(world.ending.stall.clone().unwrap_or_else(nothing_due));
        } else if matches!(end, End::Over | End::Until)
            && let Some(stands_still) = time_stands_still(world, &leftovers)
        {
            (end, stall) = (End::Stalled, Some(stands_still));
        }
        Outcome {
            end,
            panicked: world.ending.panicked.clone(),
            stall,
            ended: self.now(),
            events: self.events(),
            digest: digest.value(),
            jobs: jobs.collect(),
            savepoints: savepoints.collect(),
            files: storage.files_in_the_end(),
            externals: self.externals(),
            job_keys: world.leaders.runs.iter().map(|run| run.job_key).collect(),
            refusals: world.script.refusals.clone(),
            never: world.script.never(),
            had_backpressure: world.network.had_backpressure,
            leftovers,
        }
    }
}

impl Outcome {
    /// Why the request of this moment was refused, if it was.
    pub fn refusal(&self, at: At) -> Option<&str> {
        self.refusals.iter().find(|(other, _)| *other == at).map(|(_, why)| &**why)
    }
}
