//! What a world comes to: jobs, savepoints, external systems, digest.

use super::control::{Control, News};
use super::stall::Stall;
use super::world::{Cluster, World};
use crate::effect::ExternalSystem;
use crate::job::{CheckpointId, JobId, RunId};
use crate::kernel::{Agenda, SimTime};
use crate::state::CompletedCheckpoint;
use crate::trace::{CheckpointEvent, JobStatus};
use std::fmt;
use std::sync::Arc;

/// How a world ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

/// A panic in a call of an operator.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UserPanic {
    /// In which run: `count#0`.
    pub run: String,
    /// The operator's name.
    pub operator: String,
    /// Which subtask of it.
    pub subtask: u32,
    /// The method that was called: `process`.
    pub call: &'static str,
    /// The record at hand, if there was one: `clicks[0]#99`.
    pub record: Option<String>,
    /// When, in virtual time.
    pub at: SimTime,
    /// The message of the panic.
    pub message: String,
}

impl UserPanic {
    fn with(&self) -> String {
        self.record.as_ref().map_or_else(String::new, |record| format!(" with {record}"))
    }

    /// `m/0 panicked in process with clicks[0]#99: message`.
    pub(super) fn words(&self, did: &str) -> String {
        let Self { operator, subtask, call, message, .. } = self;
        format!("{operator}/{subtask} {did} in `{call}`{}: {message}", self.with())
    }
}

/// `m/0 of count#0, in process with clicks[0]#99, at t=1500ms: message`.
impl fmt::Display for UserPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, operator, subtask, call, at, message, .. } = self;
        write!(f, "{operator}/{subtask} of {run}, in `{call}`{}, at t={at}: {message}", self.with())
    }
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

/// When a request of the scenario is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum At {
    /// At the start: the submission of the first job.
    Start,
    /// In a step, by position in the scenario.
    Step(u32),
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
    /// Steps whose moment never came.
    pub never: Vec<u32>,
    /// Whether a sender ever waited for credit.
    pub had_backpressure: bool,
}

impl Cluster {
    /// What external systems hold now.
    pub fn externals(&self) -> Vec<ExternalSystem> {
        self.simulation.world.externals.iter().map(super::external::External::contents).collect()
    }

    /// What the world came to.
    pub fn outcome(&self) -> Outcome {
        let world = &self.simulation.world;
        let mut digest = self.simulation.digest;
        for external in &world.externals {
            external.digest(&mut digest);
        }
        let jobs = world.runs.iter().map(|run| JobEnd {
            run: run.layout.run,
            label: run.layout.label.clone(),
            name: run.layout.plan.graph.name.clone(),
            job: run.master.as_ref().map(crate::coordinator::JobMaster::job),
            status: run.master.as_ref().map(crate::coordinator::JobMaster::status),
            retained: run.retained.clone(),
        });
        let savepoints = world.savepoints.iter().map(|(label, savepoint)| SavepointEnd {
            label: Arc::clone(label),
            checkpoint: savepoint.checkpoint.properties().id,
            path: Arc::clone(savepoint.lies.path()),
            snapshot: Arc::clone(&savepoint.checkpoint),
        });
        let steps = world.steps_done.iter().enumerate();
        let refused = |step| world.refusals.iter().any(|(other, _)| *other == At::Step(step));
        let never = steps.filter(|(_, done)| !**done);
        let never = never.map(|(step, _)| u32::try_from(step).expect("few steps"));
        Outcome {
            end: world.end(),
            panicked: world.panicked.clone(),
            stall: (world.end() == End::Stalled)
                .then(|| world.stall.clone().unwrap_or(Stall::NothingDue)),
            ended: self.now(),
            events: self.events(),
            digest: digest.value(),
            jobs: jobs.collect(),
            savepoints: savepoints.collect(),
            files: world.files_in_the_end(),
            externals: self.externals(),
            job_keys: world.runs.iter().map(|run| run.job_key).collect(),
            refusals: world.refusals.clone(),
            never: never.filter(|step| !refused(*step)).collect(),
            had_backpressure: world.had_backpressure,
        }
    }
}

impl Outcome {
    /// Why the request of this moment was refused, if it was.
    pub fn refusal(&self, at: At) -> Option<&str> {
        self.refusals.iter().find(|(other, _)| *other == at).map(|(_, why)| &**why)
    }
}

impl World {
    fn end(&self) -> End {
        if self.panicked.is_some() {
            End::UserPanicked
        } else if self.until_reached {
            End::Until
        } else if !matches!(self.stall, None | Some(Stall::EndOfTime { .. } | Stall::NothingDue)) {
            End::Stalled
        } else if self.is_over || !self.any_alive() || self.is_quiet() {
            End::Over
        } else {
            End::Stalled
        }
    }

    /// A control falls due.
    pub(super) fn on_control(&mut self, control: Control, agenda: &mut Agenda) {
        match control {
            Control::ToTask { task, attempt, message } => {
                self.on_message_to_task(task, attempt, message, agenda);
            }
            Control::ToJob { task, attempt, message } => {
                self.on_message_to_job(task, attempt, message, agenda);
            }
            Control::Started { task, attempt, deployment } => {
                self.on_started(task, attempt, deployment, agenda);
            }
            Control::Durable { task, attempt, checkpoint, snapshots } => {
                self.on_durable(task, attempt, checkpoint, snapshots, agenda);
            }
            Control::SendAck { task, attempt, checkpoint, snapshots } => {
                self.on_send_ack(task, attempt, checkpoint, snapshots, agenda);
            }
            Control::BarrierArrives { channel, attempt, checkpoint } => {
                self.on_barrier_arrives(channel, attempt, checkpoint, agenda);
            }
            Control::Wake { task, attempt, at } => self.on_wake(task, attempt, at, agenda),
            Control::AlignmentTimer { task, attempt, checkpoint } => {
                self.on_alignment_timer(task, attempt, checkpoint, agenda);
            }
            Control::ToLeader { run, leader, news } => {
                if self.leads(run, leader) {
                    self.on_news(run, news, agenda);
                }
            }
            Control::Pointer { run, leader, checkpoint, is_heard } => {
                self.on_pointer(run, leader, checkpoint, is_heard, agenda);
            }
            Control::TakeOver(run) => self.take_over(run, agenda),
            Control::Disowned { task, attempt } => self.on_disowned(task, attempt, agenda),
            Control::Recover(run) => self.recover(run, agenda),
            Control::Step(step) => self.take_step(step, agenda),
            Control::Unblock { task, attempt } => self.unblock(task, attempt, agenda),
            Control::UploadFailed { task, attempt, checkpoint } => {
                self.on_upload_failed(task, attempt, checkpoint, agenda);
            }
            Control::TaskManagerSilent { manager, since } => {
                if self.is_cut_off_since(manager, since) {
                    self.give_up(manager, agenda);
                }
            }
            Control::JobManagerSilent { manager, since } => {
                if self.is_cut_off_since(manager, since) {
                    self.end_all_on(manager, agenda);
                }
            }
            Control::NetworkWhole { manager, since } => {
                if self.is_cut_off_since(manager, since) {
                    self.on_network_whole(manager, agenda);
                }
            }
            Control::Replaced(manager) => self.on_replaced(manager, agenda),
            Control::Until => {
                self.until_reached = self.any_alive();
                self.is_over = true;
            }
            Control::Quiet(activity) => {
                self.is_over |= activity == self.activity && self.is_quiet();
            }
        }
    }

    /// Something reaches the job manager that leads.
    fn on_news(&mut self, run: RunId, news: News, agenda: &mut Agenda) {
        match news {
            News::Timer(timer) => {
                self.with_master(run, agenda, |m, now, fx| m.on_timer(timer, now, fx))
            }
            News::Metadata(checkpoint) => self.on_metadata(run, checkpoint, agenda),
            News::MetadataStored(checkpoint) => {
                self.with_master(run, agenda, |m, now, fx| m.on_metadata(checkpoint, now, fx));
            }
            News::MetadataUnheard(checkpoint) => {
                self.tell(CheckpointEvent::MetadataWritten.of(run, checkpoint));
            }
            News::MetadataFailed(checkpoint) => {
                self.with_master(run, agenda, |m, now, fx| {
                    m.on_metadata_failed(checkpoint, now, fx)
                });
            }
            News::PointerStored(checkpoint) => {
                self.with_master(run, agenda, |m, now, fx| m.on_pointer(checkpoint, now, fx));
            }
            News::PointerFailed(checkpoint) => {
                self.with_master(run, agenda, |m, now, fx| {
                    m.on_pointer_failed(checkpoint, now, fx)
                });
            }
        }
    }
}
