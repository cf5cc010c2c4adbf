//! Submissions: a job becomes a run, with places for its tasks and channels between them.

use crate::cluster::hosts::place::Place;
use crate::cluster::leaders::Run;
use crate::cluster::leaders::restarts::Restarts;
use crate::cluster::storage::snapshots::{SavepointStore, SnapshotLocation};
use crate::cluster::world::World;
use crate::coordinator::{JobMaster, SplitSource, Submission};
use crate::effect::JobEffects;
use crate::job::{
    Attempt, ChannelId, ClaimMode, InputId, JobId, LocalTaskId, OperatorIndex, OperatorNode, Plan,
    PlanRules, Reader, RunId, RunLayout, TaskId,
};
use crate::kernel::{Choices, Family, Piece, Stream};
use crate::scenario::Scenario;
use crate::state::CompletedCheckpoint;
use crate::store::HighAvailabilityStore;
use crate::trace::{JobEvent, SnapshotSource};
use std::sync::Arc;

/// What a job is started from.
pub(crate) struct Start {
    pub(crate) snapshot: Arc<CompletedCheckpoint>,
    pub(crate) source: SnapshotSource,
    /// Where it lies, if it is of this world.
    pub(crate) location: Option<SnapshotLocation>,
}

/// Submits a job of the scenario, from a snapshot or from nothing. `allowed` says whether state of it may be dropped, and
/// who owns it from then on.
///
/// # Errors
///
/// If the snapshot cannot be restored into it; the message states the facts and the way out.
pub(crate) fn submit(
    world: &mut World,
    job: usize,
    from: Option<Start>,
    allowed: (bool, ClaimMode),
) -> Result<(), Arc<str>> {
    SavepointStore::of(&world.scenario.cluster, &world.rules)?;
    let run = RunId::new(world.leaders.runs.len());
    let plan = world.scenario.jobs[job].plan(PlanRules::from(&*world.rules));
    let plan = plan.map_err(|error| format!("{error}; {}", error.help()))?;
    let layout = lay_out(world, run, job, plan);
    let job_id = job_id(world, &layout.label);
    let snapshot = from.as_ref().map(|start| Arc::clone(&start.snapshot));
    let submission = submission(world, &layout, job_id, snapshot, allowed);
    let source = from.as_ref().map(|start| start.source);
    add_run(world, layout, &submission, from);
    world.journal.tell(JobEvent::Submitted { from: source }.of(run));
    let mut effects = JobEffects { now: world.journal.now, ..JobEffects::default() };
    match JobMaster::submit(submission, &mut effects) {
        Ok(master) => {
            world.leaders[run].master = Some(master);
            world.apply_job(run, &mut effects);
            Ok(())
        }
        Err(error) => {
            let why: Arc<str> = format!("{error}; {}", error.help()).into();
            world.journal.tell(JobEvent::Refused { why: Arc::clone(&why) }.of(run));
            Err(why)
        }
    }
}

fn submission(
    world: &World,
    layout: &Arc<RunLayout>,
    job: JobId,
    from: Option<Arc<CompletedCheckpoint>>,
    (allow_non_restored, claim): (bool, ClaimMode),
) -> Submission {
    let config = &world.scenario.jobs[layout.job];
    Submission {
        layout: Arc::clone(layout),
        job,
        checkpoint: config.checkpoint,
        restart: config.restart_under(&world.rules),
        failover: config.failover.unwrap_or(world.rules.failover),
        rules: Arc::clone(&world.rules),
        from,
        split_sources: split_sources(&world.scenario, layout.job),
        inputs: world.inputs.clone(),
        allow_non_restored,
        claim,
        is_highly_available: world.scenario.cluster.takeover_after.is_some(),
    }
}

fn lay_out(world: &World, run: RunId, job: usize, plan: Arc<Plan>) -> Arc<RunLayout> {
    let others = world.leaders.runs.iter();
    let ordinal = others.filter(|other| other.layout.job == job).count();
    let label = format!("{}#{ordinal}", plan.graph.name);
    let task = TaskId::new(world.hosts.places.len());
    let channel = ChannelId::new(world.network.channels.len());
    Arc::new(RunLayout::new(run, label, job, plan).beginning_at(task, channel))
}

/// A run's id: of seed, clock, label and what external systems held when the world began, so that a later process
/// over the same data never gives the same.
fn job_id(world: &World, label: &str) -> JobId {
    let mut digest = world.externals.past;
    digest.fold(world.given.choices.seed(), world.given.clock.nanos());
    digest.fold_bytes(label.as_bytes());
    JobId(digest.value().to_be_bytes())
}

fn add_run(
    world: &mut World,
    layout: Arc<RunLayout>,
    submission: &Submission,
    from: Option<Start>,
) {
    let choices = &world.given.choices;
    for task in layout.tasks() {
        let name = layout.task_name(task);
        let messages = choices.stream("message", format_args!("{}/{name}", layout.label));
        let snapshots = choices.stream("snapshot", format_args!("{}/{name}", layout.label));
        world.hosts.places.push(Place::new(task, &layout, snapshots));
        world.network.add_task(&layout, task, messages);
    }
    let (places, mailboxes) = (world.hosts.places.len(), world.network.mailboxes.len());
    assert_eq!(places, mailboxes, "{}: each place has a mailbox", layout.label);
    let latencies = latencies(&layout, Attempt::default(), choices);
    world.network.add_channels(&layout, latencies);
    world.externals.add_sinks(&layout.plan);
    let survives = submission.is_highly_available;
    let start = submission.from.as_ref().filter(|_| world.rules.start_in_store);
    let id = |start: &Start| start.snapshot.properties().id;
    let key = submission.job.0[..8].try_into().expect("a job id has 16 bytes");
    assert_eq!(layout.run.index(), world.leaders.runs.len(), "{}: runs are counted", layout.label);
    world.leaders.runs.push(Run {
        master: None,
        job_key: u64::from_be_bytes(key),
        waiting: Vec::new(),
        metadata: world.given.choices.stream("metadata", &layout.label),
        restored: false,
        leader: 0,
        left: survives.then(|| HighAvailabilityStore::new(start)),
        submission: survives.then(|| Arc::new(submission.clone())),
        start: from.and_then(|start| Some((id(&start), start.location?))),
        restarts: Restarts::default(),
        layout: Arc::clone(&layout),
    });
    world.journal.new_layouts.push(layout);
}

/// The draws of each channel's latency, named after run, operators, subtasks and attempt.
pub(crate) fn latencies(layout: &RunLayout, attempt: Attempt, choices: &Choices) -> Vec<Stream> {
    let plan = &layout.plan;
    let family = |edge: &crate::job::PlanEdge| {
        let (from, to) = (layout.operator_name(edge.from), layout.operator_name(edge.to));
        let whom = format_args!("{}/{from}->{to}.{}/", layout.label, edge.input);
        choices.family("channel-latency", whom)
    };
    let families: Vec<Family> = plan.edges.iter().map(family).collect();
    let subtask = |task: LocalTaskId| Piece::Number(plan.task(task).subtask.into());
    let attempt = Piece::Number(attempt.number().into());
    let stream = |channel: &crate::job::PlanChannel| {
        let (from, to) = (subtask(channel.from), subtask(channel.to));
        families[channel.edge].stream(&[from, Piece::Text("->"), to, Piece::Text("/a"), attempt])
    };
    plan.channels.iter().map(stream).collect()
}

/// The sources of a job whose readers are given splits.
fn split_sources(scenario: &Scenario, job: usize) -> Vec<SplitSource> {
    let nodes = scenario.jobs[job].graph.operators.iter().enumerate();
    let source = |(place, node): (usize, &OperatorNode)| {
        let input = node.input()?;
        let number = scenario.inputs.iter().position(|other| other.name == input)?;
        let (operator, input) = (OperatorIndex::new(place), InputId::new(number));
        let starting = node.options.starting_offsets;
        let reads_splits = node.options.reader == Reader::Splits;
        reads_splits.then_some(SplitSource { operator, input, starting })
    };
    nodes.filter_map(source).collect()
}
