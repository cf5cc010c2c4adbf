//! The plot: which jobs follow one another, when each is left and how, and how often they are checkpointed.

use super::sketch::Sketch;
use super::{Draw, Profile, Scale, identity, is_tied_to_chains, part, percent};
use crate::job::{AtEnd, CheckpointMode, ClaimMode, StateBackend};
use crate::kernel::SimTime;
use crate::rules::{FirstTrigger, Release};
use crate::scenario::{
    Action, Cancel, CheckpointConfig, Failover, JobConfig, Line, Milestone, Network, Planned,
    RestartStrategy, Retention, Run, Step, Stop, TakeCheckpoint, TakeSavepoint, Trigger,
};
use crate::trace::JobStatus;

/// Percent of acts whose successor starts from a checkpoint that they leave behind.
const CHECKPOINT_KEPT: u64 = 24;
/// Percent of worlds with states in the memory of a job manager that takes no larger ones than these,
const LIMITED: u64 = 35;
/// in bytes: about what the states of a subtask come to, so that some checkpoints fail.
const LIMIT: (u64, u64) = (60, 600);
/// So many may fail then.
const TOLERATED: u32 = 1_000;
/// Percent of savepoints in the format of their state backend.
const NATIVE: u64 = 25;
/// How many checkpoints such an act keeps: enough that the one asked for is still there in the end.
const RETAINED_FOR_OTHERS: u32 = 8;
/// Percent of jobs that go back to checkpoints rather than to savepoints, where they can be told to.
const PREFERS: u64 = 40;
/// The jobs by act.
pub(super) const NAMES: [&str; 3] = ["first", "second", "third"];
/// Percent of aligned jobs that read on into buffers of their own while they align.
const BUFFERS: u64 = 10;
/// Percent of worlds in which a job is canceled and another goes on from its savepoint.
const SUCCESSOR: u64 = 62;
/// Percent of those in which that happens twice.
const TWICE: u64 = 25;
/// Percent of acts that end with a plain cancel; the next one starts from a savepoint taken earlier.
const FALLBACK: u64 = 12;
/// Percent of the other acts that are stopped and not canceled.
const STOPPED: u64 = 50;
/// Percent of stopped acts that drain.
const DRAINED: u64 = 40;
/// Percent of successors that differ from the job before them.
const CHANGED: u64 = 88;
/// Percent of changed jobs that do not say any more how many key groups there are.
const LEFT_OUT: u64 = 30;
/// Percent of worlds with chains, where state has its place in them and jobs are known by something else, or stay as they are.
const CHAINED: u64 = 60;
/// Percent of worlds whose canceled jobs idle at the end of their input instead of ending, if they ever get there.
const IDLE: u64 = 20;
/// Percent of worlds with a savepoint that nobody starts from.
const SPARE_SAVEPOINT: u64 = 35;
/// Percent of first acts left when a checkpoint completes, not at a time.
const LEFT_AT_MILESTONE: u64 = 30;
/// When acts are left, in percent of the flow of records, so that records stay on both sides of the cut.
const LEFT_ONE: (u64, u64) = (30, 65);
/// As above, where two acts are left: the first one.
const LEFT_FIRST: (u64, u64) = (25, 40);
/// As above, where two acts are left: the second one.
const LEFT_SECOND: (u64, u64) = (55, 75);
/// Percent of worlds whose jobs promise at-least-once only.
const AT_LEAST_ONCE: u64 = 14;
/// Percent of the other worlds whose barriers may overtake records.
const UNALIGNED: u64 = 28;
/// As above, of worlds in which a job starts from a checkpoint of another one.
const UNALIGNED_FOR_OTHERS: u64 = 90;
/// Percent of those in which they are aligned at first.
const ALIGNED_FIRST: u64 = 45;
/// Checkpoints that fit into the shortest act.
const CHECKPOINTS: (u64, u64) = (3, 8);
/// How many more fit in where the first does not come at once.
const LATE_START: u64 = 4;
/// No shorter interval is drawn: a checkpoint takes this long, and the next ones would only be refused.
const SHORTEST_INTERVAL: SimTime = SimTime::from_millis(60);
/// Restarts that a job is allowed: more than faults can cause.
const RESTARTS: u32 = 100;
/// Percent of the worlds with one act whose job is allowed so few that it may fail for good.
const FEW_RESTARTS: u64 = 20;

/// One act: a job from its start to the moment it is left.
pub(super) struct Act {
    /// The job.
    pub name: String,
    /// About when it starts.
    pub start: SimTime,
    /// When it is left, or about when its input ends.
    pub end: SimTime,
    /// How it is left; the last act runs to its end.
    pub exit: Option<Exit>,
}

/// How an act is left.
#[derive(Clone, Copy)]
pub(super) enum Exit {
    /// Canceled with a savepoint.
    Savepoint,
    /// Stopped with a savepoint; whether it drains.
    Stop(bool),
    /// Canceled; its successor starts from a savepoint taken at this time.
    Fallback(SimTime),
    /// Canceled, leaving its checkpoints behind; its successor starts from one that the user asked for at this time.
    Checkpoint(SimTime),
}

/// What happens, less what goes wrong.
pub(super) struct Plot {
    pub acts: Vec<Act>,
    /// By act from the second on: whether its job differs from the one before.
    changed: Vec<bool>,
    /// By act from the second on: whether its job is known by something else than the one before.
    reidentified: Vec<bool>,
    /// The release that the cluster is upgraded to before the second act.
    upgrade: Option<Release>,
    /// Between checkpoints.
    pub interval: SimTime,
    flow: SimTime,
}

impl Plot {
    /// Around a job that is there: it flows for so long and is checkpointed so often. It is left for another one if there are two
    /// names.
    pub(super) fn around(
        draw: &Draw<'_>,
        profile: &Profile,
        names: &[String],
        (flow, interval): (SimTime, SimTime),
    ) -> Self {
        let mut acts = Vec::new();
        let mut start = SimTime::ZERO;
        if let [first, _] = names {
            let end = percent(flow, draw.within("around/left", LEFT_ONE));
            let stops = profile.stops && draw.chance("around/stop", STOPPED);
            let drains = draw.chance("around/drain", DRAINED);
            let exit = match stops {
                true => Exit::Stop(drains),
                false if draw.rules.cancel_with_savepoint => Exit::Savepoint,
                false => Exit::Fallback(percent(end, draw.within("around/taken", (40, 80)))),
            };
            acts.push(Act { name: first.clone(), start, end, exit: Some(exit) });
            start = end;
        }
        let name = names.last().expect("there is a job").clone();
        acts.push(Act { name, start, end: flow, exit: None });
        let others = acts.len() - 1;
        let (changed, reidentified) = (vec![true; others], vec![false; others]);
        Self { acts, changed, reidentified, upgrade: None, interval, flow }
    }

    pub(super) fn draw(
        draw: &Draw<'_>,
        profile: &Profile,
        scale: &Scale,
        upgrade: Option<Release>,
    ) -> Self {
        let lefts: Vec<(u64, u64)> = if profile.successors && draw.chance("successor", SUCCESSOR) {
            if draw.chance("twice", TWICE) { vec![LEFT_FIRST, LEFT_SECOND] } else { vec![LEFT_ONE] }
        } else {
            Vec::new()
        };
        let mut acts = Vec::new();
        let mut start = SimTime::ZERO;
        for (place, left) in lefts.iter().enumerate() {
            let name = NAMES[place];
            let end = percent(scale.flow, draw.within(format_args!("{name}/left"), *left));
            let taken = draw.within(format_args!("{name}/savepoint-at"), (40, 80));
            let taken = start.plus(percent(end.since(start), taken));
            let falls_back = draw.chance(format_args!("{name}/fallback"), FALLBACK);
            let stops = profile.stops && draw.chance(format_args!("{name}/stop"), STOPPED);
            let drains = draw.chance(format_args!("{name}/drain"), DRAINED);
            let keeps = draw.chance(format_args!("{name}/checkpoint-kept"), CHECKPOINT_KEPT);
            let exit = match (falls_back, stops) {
                _ if profile.backends && keeps && draw.rules.retained_number => {
                    Exit::Checkpoint(taken)
                }
                _ if !draw.rules.cancel_with_savepoint => Exit::Fallback(taken),
                (true, _) => Exit::Fallback(taken),
                (false, true) => Exit::Stop(drains),
                (false, false) => Exit::Savepoint,
            };
            acts.push(Act { name: name.to_owned(), start, end, exit: Some(exit) });
            start = end;
        }
        acts.push(Act { name: NAMES[lefts.len()].to_owned(), start, end: scale.flow, exit: None });
        let changed = acts.iter().skip(1).map(|act| {
            profile.changes && draw.chance(format_args!("{}/changed", act.name), CHANGED)
        });
        let changed: Vec<bool> = changed.collect();
        let reidentified = acts.iter().skip(1).zip(&changed).map(|(act, changed)| {
            profile.identities && *changed && identity::is_reidentified(draw, &act.name)
        });
        let reidentified = reidentified.collect();
        let shortest = acts.iter().map(|act| act.end.since(act.start)).min();
        let shortest = shortest.expect("a plot has an act");
        let checkpoints = draw.within("checkpoints", CHECKPOINTS);
        let checkpoints = match draw.rules.first_trigger {
            FirstTrigger::AtOnce => checkpoints,
            FirstTrigger::Drawn | FirstTrigger::AfterInterval => checkpoints + LATE_START,
        };
        let interval = part(shortest, checkpoints);
        let interval = interval.max(SHORTEST_INTERVAL);
        Self { acts, changed, reidentified, upgrade, interval, flow: scale.flow }
    }

    /// Whether a job is stopped with its savepoint.
    pub(super) fn stops(&self) -> bool {
        self.acts.iter().any(|act| matches!(act.exit, Some(Exit::Stop(_))))
    }

    /// Whether a job starts from a checkpoint that another one left behind.
    fn leaves_checkpoints(&self) -> bool {
        self.acts.iter().any(|act| matches!(act.exit, Some(Exit::Checkpoint(_))))
    }

    /// One sentence for people.
    pub(super) fn about(&self, seed: u64) -> String {
        match self.acts.len() {
            1 => format!("Drawn from seed {seed}: one job from start to end."),
            jobs => {
                format!("Drawn from seed {seed}: {jobs} jobs, each from a savepoint of the last.")
            }
        }
    }

    /// When even a story that went wrong is over: every record could be read three times by then.
    pub(super) fn until(&self) -> SimTime {
        self.flow.times(3).plus(SimTime::from_secs(10))
    }

    /// The jobs, act by act.
    pub(super) fn jobs(
        &self,
        draw: &Draw<'_>,
        profile: &Profile,
        scale: &Scale,
        network: &Network,
    ) -> Vec<JobConfig> {
        let checkpoint = self.checkpoint(draw, profile, network);
        let delay = draw.span("restart-delay", (SimTime::from_millis(1), self.interval));
        // A job that fails for good is followed by no other.
        let may_fail = self.acts.len() == 1 && draw.chance("few-restarts", FEW_RESTARTS);
        let restart = match may_fail {
            true => {
                let attempts = draw.count("few-restarts/attempts", (2, 4));
                RestartStrategy::FixedDelay { attempts, delay }
            }
            false => restart(draw, delay),
        };
        let failover = draw.weighted(
            "failover",
            &[(None, 6), (Some(Failover::Region), 1), (Some(Failover::Full), 3)],
        );
        let failover = failover.filter(|_| draw.rules.region_failover);
        let keeps_ids = !self.changed.contains(&true);
        // Where no savepoint can be taken once a task has finished, those that are to be left must not finish.
        let idles = draw.chance("idle", IDLE) || !draw.rules.checkpoints_after_tasks_finish;
        let forgets = self.reidentified.contains(&true) && identity::are_generated(draw);
        let mut sketch = Sketch::draw(draw, scale, keeps_ids || forgets);
        if profile.states {
            sketch = sketch.registered(draw);
        }
        // Chains keep state together, where it has places in them.
        if is_tied_to_chains(&draw.rules) && self.reidentified.contains(&true) {
            sketch.chaining = draw.chance("chaining-tied", CHAINED);
        }
        if is_tied_to_chains(&draw.rules) && keeps_ids {
            sketch.chaining = draw.chance("chaining-kept", CHAINED);
        }
        // What is in flight can be dealt anew, but only on the exchanges that it was on.
        let keeps_exchanges = checkpoint.unaligned && self.leaves_checkpoints();
        let mut jobs = Vec::new();
        for (place, act) in self.acts.iter().enumerate() {
            if place > 0 && self.changed[place - 1] {
                sketch = if keeps_exchanges && !draw.rules.in_flight_rescaled {
                    sketch
                } else if keeps_exchanges {
                    sketch.rescaled(draw, &act.name)
                } else {
                    sketch.successor(draw, &act.name)
                };
            }
            if place > 0 && self.reidentified[place - 1] && !keeps_exchanges {
                sketch = sketch.reidentified(draw, &act.name);
            }
            // It takes that of its state then.
            let is_changed = place > 0 && self.changed[place - 1];
            if is_changed && draw.chance(format_args!("{}/groups-left-out", act.name), LEFT_OUT) {
                sketch.max_parallelism = None;
            }
            if keeps_exchanges {
                sketch.name_partitioners();
            }
            let then = if idles && act.exit.is_some() { AtEnd::Idle } else { AtEnd::End };
            let graph = sketch.graph(&act.name, then);
            let mut job = JobConfig {
                graph,
                checkpoint,
                restart: Some(restart),
                failover,
                planned: Planned::default(),
            };
            identity::fit_uids(&mut job, &draw.rules);
            jobs.push(job);
        }
        jobs
    }

    fn checkpoint(
        &self,
        draw: &Draw<'_>,
        profile: &Profile,
        network: &Network,
    ) -> CheckpointConfig {
        // A barrier may wait behind every record of a few channels, and a snapshot for its storage.
        let slow = network.channel_latency.1.times(10).plus(network.snapshot_async.1.times(2));
        let patience = self.interval.times(draw.within("timeout-intervals", (2, 5)));
        let pauses = draw.chance("min-pause-set", 30);
        let at_least_once = profile.at_least_once && draw.chance("at-least-once", AT_LEAST_ONCE);
        let leaves = self.leaves_checkpoints();
        let often = if leaves { UNALIGNED_FOR_OTHERS } else { UNALIGNED };
        let unaligned = profile.unaligned && !at_least_once && draw.chance("unaligned", often);
        let can_wait = unaligned && !leaves && draw.rules.aligned_timeout;
        let waits = can_wait && draw.chance("aligned-timeout-set", ALIGNED_FIRST);
        let backend = if profile.backends { backend(draw) } else { StateBackend::default() };
        let limited = StateBackend::JobManager { max_state_size: StateBackend::MAX_STATE_SIZE };
        let has_limit = matches!(backend, StateBackend::JobManager { .. }) && backend != limited;
        let max_concurrent = draw.weighted("max-concurrent", &[(1, 5), (2, 2), (3, 2)]);
        CheckpointConfig {
            interval: Some(self.interval),
            timeout: patience.plus(slow).plus(SimTime::from_millis(300)),
            min_pause: if pauses {
                draw.span("min-pause", (part(self.interval, 4), self.interval))
            } else {
                SimTime::ZERO
            },
            max_concurrent: if unaligned { 1 } else { max_concurrent },
            retained: match (leaves, draw.rules.retained_number) {
                (true, _) => RETAINED_FOR_OTHERS,
                (false, true) => draw.count("retained", (1, 3)),
                (false, false) => 1,
            },
            retention: if !draw.rules.retained_checkpoints {
                Retention::None
            } else if leaves {
                Retention::RetainOnCancellation
            } else {
                draw.weighted(
                    "retention",
                    &[
                        (Retention::None, 2),
                        (Retention::DeleteOnCancellation, 1),
                        (Retention::RetainOnCancellation, 1),
                    ],
                )
            },
            tolerable_failures: match (draw.rules.tolerable_failures, has_limit) {
                (true, true) => TOLERATED,
                (true, false) => draw.weighted("tolerable-failures", &[(0, 3), (1, 2), (5, 5)]),
                (false, _) => 0,
            },
            mode: if at_least_once {
                CheckpointMode::AtLeastOnce
            } else {
                CheckpointMode::ExactlyOnce
            },
            unaligned,
            aligned_timeout: if waits {
                draw.span("aligned-timeout", (SimTime::from_micros(1), part(self.interval, 3)))
            } else {
                SimTime::ZERO
            },
            custom_handles: false,
            alignment_limit: (draw.rules.alignment_limit
                && !unaligned
                && !at_least_once
                && draw.chance("buffers", BUFFERS))
            .then(|| draw.count("alignment-limit", (1, 40))),
            backend,
            prefer_checkpoint: profile.operations
                && draw.rules.prefer_checkpoint
                && draw.chance("prefer-checkpoint", PREFERS),
        }
    }

    /// The steps that carry the story, and a savepoint for its own sake.
    pub(super) fn steps(&self, draw: &Draw<'_>, profile: &Profile) -> Vec<Step> {
        let mut steps = Vec::new();
        for (pair, place) in self.acts.windows(2).zip(0..) {
            if let [act, next] = pair {
                self.leave(draw, act, next, place, &mut steps);
            }
        }
        if profile.savepoints && draw.chance("spare", SPARE_SAVEPOINT) {
            let act = &self.acts[draw.place("spare-act", self.acts.len())];
            let at = draw.span("spare-at", (act.start, act.end));
            let native = draw.chance("spare-native", NATIVE);
            let spare = savepoint(act.name.to_owned(), "spare".to_owned(), native);
            steps.push(step(Trigger::At(at), spare));
        }
        steps
    }

    /// Leaves an act, by its place, for the next one.
    fn leave(&self, draw: &Draw<'_>, act: &Act, next: &Act, place: usize, steps: &mut Vec<Step>) {
        let job = act.name.to_owned();
        let label = format!("of-{}", act.name);
        let native = draw.chance(format_args!("{}/native", act.name), NATIVE);
        let mut trigger = Trigger::At(act.end);
        let with_savepoint = match act.exit {
            Some(Exit::Fallback(at)) => {
                steps.push(step(Trigger::At(at), savepoint(job.clone(), label.clone(), false)));
                None
            }
            Some(Exit::Checkpoint(at)) => {
                let checkpoint = TakeCheckpoint { job: job.clone(), label: label.clone() };
                let asked = step(Trigger::At(at), Action::Checkpoint(checkpoint));
                steps.push(Step { retry: Some(part(self.interval, 4)), ..asked });
                None
            }
            Some(Exit::Savepoint | Exit::Stop(_)) | None => {
                let is_first = act.start == SimTime::ZERO;
                if is_first && draw.chance("left-at-milestone", LEFT_AT_MILESTONE) {
                    let checkpoint = draw.within("left-at-checkpoint", (2, 3));
                    let milestone = Milestone::Completed { checkpoint, job: job.clone() };
                    let after = draw.span("left-after", (SimTime::ZERO, self.interval));
                    trigger = Trigger::When(milestone, after);
                }
                Some(label.clone())
            }
        };
        let (action, over) = match (act.exit, with_savepoint) {
            (Some(Exit::Stop(drain)), Some(label)) => {
                let stop = Stop { job: job.clone(), drain, label, to: None, native };
                (Action::Stop(stop), JobStatus::Finished)
            }
            (_, with_savepoint) => {
                let native = native && with_savepoint.is_some();
                let cancel = Cancel { job: job.clone(), with_savepoint, to: None, native };
                (Action::Cancel(cancel), JobStatus::Canceled)
            }
        };
        let cancel = step(trigger, action);
        // A fault may have the job restart just now: whoever cancels it tries again.
        steps.push(Step { retry: Some(self.interval), ..cancel });
        let canceled = Milestone::Status { job, status: over };
        let pause = draw
            .span(format_args!("{}/pause", next.name), (SimTime::ZERO, SimTime::from_millis(50)));
        if let Some(to) = self.upgrade.filter(|_| place == 0) {
            let trigger = Trigger::When(canceled.clone(), part(pause, 2));
            steps.push(step(trigger, Action::Upgrade(to)));
        }
        let may_lose = draw.chance(format_args!("{}/allow", next.name), 15)
            || (self.reidentified[place] && identity::may_lose(draw, &next.name));
        let run = Run {
            job: next.name.to_owned(),
            from: Some(label),
            path: None,
            allow_non_restored: draw.rules.allow_non_restored_state && may_lose,
            claim: ClaimMode::default(),
        };
        steps.push(step(Trigger::When(canceled, pause), Action::Run(run)));
    }
}

/// Where snapshots go. In files they are inline or not, as the sizes happen to be.
fn backend(draw: &Draw<'_>) -> StateBackend {
    // Where each checkpoint that fails were to restart the job, it would come nowhere.
    let max_state_size = match draw.rules.tolerable_failures && draw.chance("state-limit", LIMITED)
    {
        true => draw.count("state-limit-of", LIMIT),
        false => StateBackend::MAX_STATE_SIZE,
    };
    let in_memory = StateBackend::JobManager { max_state_size };
    let in_files = StateBackend::FileSystem { inline_below: draw.count("inline-below", (0, 500)) };
    let incremental = StateBackend::Incremental;
    let often = if draw.rules.incremental_checkpoints { 3 } else { 0 };
    draw.weighted(
        "state-backend",
        &[(StateBackend::default(), 5), (in_memory, 1), (in_files, 1), (incremental, often)],
    )
}

/// A savepoint for its own sake.
fn savepoint(job: String, label: String, native: bool) -> Action {
    Action::Savepoint(TakeSavepoint { job, label, to: None, native })
}

/// A step that need not be refused, nor come: what goes wrong before may end the story early.
pub(super) fn step(trigger: Trigger, action: Action) -> Step {
    let line = Line::default();
    Step { trigger, action, refused: None, retry: None, may_miss: true, line }
}

/// A strategy under which a drawn job starts again after every failure that is drawn.
fn restart(draw: &Draw<'_>, delay: SimTime) -> RestartStrategy {
    let fixed = RestartStrategy::FixedDelay { attempts: RESTARTS, delay };
    let rate =
        RestartStrategy::FailureRate { failures: RESTARTS, per: SimTime::from_secs(3_600), delay };
    let exponential = RestartStrategy::ExponentialDelay {
        initial: delay,
        multiplier: draw.count("restart-multiplier", (1_000, 2_000)),
        most: delay.times(4),
        reset_after: SimTime::from_secs(60),
        jitter: draw.count("restart-jitter", (0, 50)),
    };
    let often = if draw.rules.exponential_delay { 3 } else { 0 };
    draw.weighted("restart", &[(fixed, 5), (rate, 2), (exponential, often)])
}
