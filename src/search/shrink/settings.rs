//! Putting settings back to what holds where nobody says anything, and words to the plainest.

use super::Edit;
use crate::job::{
    AtEnd, ChainStrategy, ClaimMode, OperatorKind, OperatorNode, Reader, SourceTime,
    StartingOffsets, WindowAggregates,
};
use crate::rules::Release;
use crate::scenario::{
    Action, Budget, CheckpointConfig, ClusterConfig, Expect, Input, InputKind, JobConfig, Network,
    Scenario, Step,
};

fn on_story(change: impl Fn(&mut Scenario) + 'static) -> Edit {
    Box::new(change)
}

fn on_input(place: usize, change: impl Fn(&mut Input) + 'static) -> Edit {
    Box::new(move |scenario| scenario.inputs.get_mut(place).into_iter().for_each(&change))
}

fn on_step(place: usize, change: impl Fn(&mut Step) + 'static) -> Edit {
    Box::new(move |scenario| scenario.steps.get_mut(place).into_iter().for_each(&change))
}

/// Edits of one setting of all jobs at once: a job and the one that follows it mostly have the same.
fn on_jobs(change: impl Fn(&mut JobConfig) + 'static) -> Edit {
    Box::new(move |scenario| scenario.jobs.iter_mut().for_each(&change))
}

/// The operators of a name in all jobs.
fn on_operators(name: &str, change: impl Fn(&mut OperatorNode) + 'static) -> Edit {
    let name = name.to_owned();
    Box::new(move |scenario| {
        let graphs = scenario.jobs.iter_mut().map(|job| &mut job.graph);
        let operators = graphs.flat_map(|graph| &mut graph.operators);
        operators.filter(|node| node.name == name).for_each(&change);
    })
}

/// Each setting of the story as a whole.
pub(super) fn of_story(_: &Scenario) -> Vec<Edit> {
    let (cluster, network) = (ClusterConfig::default(), Network::default());
    vec![
        on_story(|story| story.flink = Release::default()),
        on_story(|story| story.also = Vec::new()),
        on_story(|story| story.overrides = Vec::new()),
        on_story(|story| story.budget = Budget::default()),
        on_story(|story| story.cluster_name = None),
        on_story(move |story| story.cluster.task_managers = cluster.task_managers),
        on_story(|story| story.cluster.task_managers = 1),
        on_story(move |story| story.cluster.slots = cluster.slots),
        on_story(move |story| story.cluster.replaced_after = cluster.replaced_after),
        on_story(move |story| story.cluster.takeover_after = cluster.takeover_after),
        on_story(|story| {
            let usual = ClusterConfig::TAKEOVER_AFTER;
            story.cluster.takeover_after = story.cluster.takeover_after.map(|_| usual);
        }),
        on_story(move |story| {
            story.cluster.heartbeat_timeout = cluster.heartbeat_timeout;
            story.cluster.heartbeat_interval = cluster.heartbeat_interval;
        }),
        on_story(move |story| story.cluster.savepoint_dir = cluster.savepoint_dir),
        on_story(move |story| story.cluster.savepoint_backend = cluster.savepoint_backend),
        on_story(move |story| story.cluster.reach = cluster.reach),
        on_story(move |story| story.cluster.files_expire_after = cluster.files_expire_after),
        on_story(move |story| story.network.channel_latency = network.channel_latency),
        on_story(move |story| story.network.message_latency = network.message_latency),
        on_story(move |story| story.network.channel_capacity = network.channel_capacity),
        on_story(move |story| story.network.snapshot_sync = network.snapshot_sync),
        on_story(move |story| story.network.snapshot_async = network.snapshot_async),
        on_story(move |story| story.network.metadata_write = network.metadata_write),
        on_story(move |story| story.network.task_start = network.task_start),
    ]
}

/// Whether the story ends by a clock.
pub(super) fn of_its_end(_: &Scenario) -> Vec<Edit> {
    vec![on_story(|story| story.until = None)]
}

/// Its seed.
pub(super) fn of_its_seed(_: &Scenario) -> Vec<Edit> {
    vec![on_story(|story| story.seed = 0)]
}

/// What is expected.
pub(super) fn of_expectations(_: &Scenario) -> Vec<Edit> {
    fn on(change: impl Fn(&mut Expect) + 'static) -> Edit {
        on_story(move |story| change(&mut story.expect))
    }
    vec![
        on_story(|story| story.expect_in.clear()),
        on(|expect| expect.refused.clear()),
        on(|expect| expect.fails.clear()),
        on(|expect| expect.ids.clear()),
        on(|expect| expect.restored.clear()),
        on(|expect| expect.empty.clear()),
        on(|expect| expect.dropped.clear()),
        on(|expect| expect.lists.clear()),
        on(|expect| expect.jobs.clear()),
        on(|expect| expect.may_refuse = false),
        on(|expect| expect.stalls = None),
        on(|expect| expect.holds = Default::default()),
        on(|expect| expect.breaks.clear()),
        on(|expect| expect.sometimes.clear()),
        on(|expect| expect.committed_rows.clear()),
        on(|expect| expect.committed.clear()),
        on(|expect| expect.restored_from.clear()),
        on(|expect| expect.completed.clear()),
        on(|expect| expect.retained.clear()),
        on(|expect| expect.files.clear()),
        on(|expect| expect.callbacks.clear()),
        on(|expect| expect.attempts.clear()),
        on(|expect| expect.protocol = Default::default()),
    ]
}

/// Each setting of inputs that is not about how many records there are.
pub(super) fn of_inputs(scenario: &Scenario) -> Vec<Edit> {
    let of_input = |place: usize| {
        vec![
            on_input(place, |input| input.partitions = 1),
            on_input(place, |input| input.grows.clear()),
            on_input(place, |input| input.shuffle = None),
            on_input(place, |input| {
                if let InputKind::Generate { keys, .. } = &mut input.kind {
                    *keys = 1;
                }
            }),
            on_input(place, |input| {
                if let InputKind::Generate { step, .. } = &mut input.kind {
                    *step = None;
                }
            }),
            on_input(place, |input| input.every = Input::EVERY),
        ]
    };
    (0..scenario.inputs.len()).flat_map(of_input).collect()
}

/// Each setting of jobs.
pub(super) fn of_jobs(_: &Scenario) -> Vec<Edit> {
    let usual = CheckpointConfig::default();
    vec![
        on_jobs(|job| job.restart = None),
        on_jobs(|job| job.failover = None),
        on_jobs(|job| job.graph.chaining = true),
        on_jobs(|job| job.graph.uids_required = false),
        on_jobs(|job| job.graph.max_parallelism = None),
        on_jobs(move |job| job.checkpoint.interval = usual.interval),
        on_jobs(move |job| job.checkpoint.timeout = usual.timeout),
        on_jobs(move |job| job.checkpoint.min_pause = usual.min_pause),
        on_jobs(move |job| job.checkpoint.max_concurrent = usual.max_concurrent),
        on_jobs(move |job| job.checkpoint.retained = usual.retained),
        on_jobs(move |job| job.checkpoint.tolerable_failures = usual.tolerable_failures),
        on_jobs(move |job| job.checkpoint.retention = usual.retention),
        on_jobs(move |job| job.checkpoint.mode = usual.mode),
        on_jobs(move |job| {
            job.checkpoint.unaligned = usual.unaligned;
            job.checkpoint.aligned_timeout = usual.aligned_timeout;
        }),
        on_jobs(move |job| job.checkpoint.aligned_timeout = usual.aligned_timeout),
        on_jobs(move |job| job.checkpoint.alignment_limit = usual.alignment_limit),
        on_jobs(move |job| job.checkpoint.custom_handles = usual.custom_handles),
        on_jobs(move |job| job.checkpoint.backend = usual.backend),
        on_jobs(move |job| job.checkpoint.prefer_checkpoint = usual.prefer_checkpoint),
    ]
}

/// Each setting of operators.
pub(super) fn of_operators(scenario: &Scenario) -> Vec<Edit> {
    let mut edits = Vec::new();
    for name in super::parts::operator_names(scenario) {
        let mut on = |change: fn(&mut OperatorNode)| edits.push(on_operators(&name, change));
        on(|node| node.uid = None);
        on(|node| node.max_parallelism = None);
        on(|node| node.chain = ChainStrategy::default());
        on(|node| node.slot_sharing_group = None);
        on(|node| node.takes = OperatorNode::TAKES);
        on(|node| node.options.class = None);
        on(|node| node.options.column = None);
        on(|node| node.options.reader = Reader::default());
        on(|node| node.options.starting_offsets = StartingOffsets::default());
        on(|node| node.options.time = None);
        on(|node| node.options.uid_hash = None);
        on(|node| node.options.keyed_state = None);
        on(|node| node.options.list_state = None);
        on(|node| node.inputs.iter_mut().for_each(|edge| edge.partitioner = None));
        on(|node| {
            if let Some(time) = &mut node.options.time {
                (time.out_of_orderness, time.idle_after) = (0, None);
            }
        });
        on(|node| {
            if let Some(time) = &mut node.options.time {
                time.interval = SourceTime::INTERVAL;
            }
        });
        on(|node| {
            if let OperatorKind::Source { then, .. } = &mut node.kind {
                *then = AtEnd::default();
            }
        });
        on(|node| {
            if let Some(window) = &mut node.options.window {
                window.aggregates = plain(window.aggregates);
            }
        });
    }
    edits
}

/// The first of the aggregates of a window.
fn plain(aggregates: WindowAggregates) -> WindowAggregates {
    WindowAggregates::new(&aggregates.as_slice()[..1]).unwrap_or(aggregates)
}

/// Each word of steps that need not be there.
pub(super) fn of_steps(scenario: &Scenario) -> Vec<Edit> {
    let of_step = |place: usize| {
        vec![
            on_step(place, |step| step.may_miss = false),
            on_step(place, |step| step.retry = None),
            on_step(place, |step| step.refused = None),
            on_step(place, plain_action),
            on_step(place, |step| {
                if let Action::Cancel(cancel) = &mut step.action {
                    cancel.with_savepoint = None;
                }
            }),
            on_step(place, |step| {
                if let Action::Stop(stop) = &mut step.action {
                    stop.drain = false;
                }
            }),
        ]
    };
    (0..scenario.steps.len()).flat_map(of_step).collect()
}

/// An action with nothing said that can be left out.
fn plain_action(step: &mut Step) {
    match &mut step.action {
        Action::Run(run) => (run.allow_non_restored, run.claim) = (false, ClaimMode::default()),
        Action::Savepoint(taken) => (taken.to, taken.native) = (None, false),
        Action::Cancel(cancel) => (cancel.to, cancel.native) = (None, false),
        Action::Stop(stop) => (stop.to, stop.native) = (None, false),
        Action::Fail(failing) => (failing.checkpoint, failing.times) = (None, 1),
        Action::Storage(failing) => (failing.checkpoint, failing.times) = (None, 1),
        Action::Block(block) => block.span = None,
        Action::Lose(aim) | Action::Delay(aim, _) | Action::Repeat(aim, _) => aim.checkpoint = None,
        Action::Checkpoint(_)
        | Action::Unblock(_)
        | Action::Kill(_)
        | Action::KillTaskManager(_)
        | Action::Partition(_)
        | Action::KillJobManager
        | Action::List
        | Action::Upgrade(_)
        | Action::Files(_) => {}
    }
}
