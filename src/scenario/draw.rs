//! The generator: one seed, one story. Invents inputs, jobs, changes of jobs, operations and faults.
//!
//! Every decision is a draw of its own name, so a decision added here leaves every other one of an old seed as it was.
//! In the swarm way each seed first switches features and kinds of fault on or off and draws its own scale of time; a
//! world in which everything happens a little would hold few of the rare combinations.
//!
//! Decides nothing about how a world behaves; whatever is drawn could stand in a file.

mod around;
mod change;
mod fault;
mod files;
mod identity;
mod operations;
mod partition;
mod sketch;
mod storage;
mod story;
#[cfg(test)]
mod tests;
mod time;
mod trouble;
mod upgrade;

use super::{
    Budget, ClusterConfig, Expect, Input, InputKind, JobConfig, Network, SavepointDir, Scenario,
};
use crate::job::StateBackend;
use crate::kernel::{Choices, SimTime, Stream};
use crate::operator::{Catalogue, Entry, Writes};
use crate::rules::{Override, Release, Rescaling, Rules, StateAddress};
use fault::Faults;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;

/// Declares the switches of a [`Profile`]: all of them are on unless somebody says otherwise.
macro_rules! profile {
    ($($(#[$doc:meta])* $switch:ident,)+) => {
        /// Which kinds of things the generator may use. A thing switched off leaves the draws of all others as they are.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct Profile {
            /// Under which release, unless others are drawn.
            pub flink: Release,
            $($(#[$doc])* pub $switch: bool,)+
        }

        impl Default for Profile {
            /// Everything.
            fn default() -> Self {
                Self { flink: Release::default(), $($switch: true,)+ }
            }
        }
    };
}

profile! {
    /// Whether stories may be of any release.
    releases,
    /// Whether subtasks, task managers and job managers may be killed.
    kills,
    /// Whether messages may be lost or delayed.
    messages,
    /// Whether savepoints are taken that nobody starts from.
    savepoints,
    /// Whether a job may be canceled and followed by another one that starts from its savepoint.
    successors,
    /// Whether a successor may differ from the job before it.
    changes,
    /// Whether a successor may be known by something else: other uids, names and states, and generated ids.
    identities,
    /// Whether operators may be told how their states are registered.
    states,
    /// Whether the cluster may be upgraded between two jobs, where it is not the newest release.
    upgrades,
    /// Whether a job may be left by stopping it with its savepoint.
    stops,
    /// Whether the user's code may throw or take long, and the user asks for checkpoints.
    user_code,
    /// Whether jobs may promise at-least-once only.
    at_least_once,
    /// Whether barriers may overtake records.
    unaligned,
    /// Whether snapshots may go elsewhere than into files of each checkpoint.
    backends,
    /// Whether another job manager may take jobs over.
    high_availability,
    /// Whether task managers may be cut off from the job manager.
    partitions,
    /// Whether storage may refuse, tear or lose a write, or its reply.
    storage,
    /// Whether users may move, copy and delete the files of savepoints, and keep them in the job manager's memory.
    files,
    /// Whether sources may tell time, and windows take the place of running aggregates.
    event_time,
    /// Whether a job may prefer checkpoints for recovery, savepoints go to directories of their own, jobs be listed and
    /// forked.
    operations,
}

impl Profile {
    /// What of it a release has.
    fn under(&self, draw: &Draw<'_>) -> Self {
        Self {
            stops: self.stops && draw.rules.stop_with_savepoint,
            unaligned: self.unaligned && draw.rules.unaligned_checkpoints,
            changes: self.changes && (self.identities || !is_tied_to_subtasks(&draw.rules)),
            ..*self
        }
    }
}

/// Percent of worlds of the profile's own release; the others are of any.
const OWN_RELEASE: u64 = 75;

/// Percent of worlds of 1.0 to 1.3 whose users have written two-phase sinks.
const OWN_SINKS: u64 = 60;

/// The release of a story: less often one in which no job can change.
fn flink(choices: &Choices, catalogue: &Catalogue, profile: &Profile) -> Release {
    let draw = Draw { choices, catalogue, rules: profile.flink.rules() };
    if !profile.releases || draw.chance("release-own", OWN_RELEASE) {
        return profile.flink;
    }
    let can_change = |release: Release| !is_tied_to_subtasks(&release.rules());
    let weight = |release: Release| (release, if can_change(release) { 2 } else { 1 });
    draw.weighted("release", &Release::ALL.map(weight))
}

/// Records of all inputs together. Fewer leave nothing on one side of a cut; more make no new interleaving, only events:
/// a record is about five of them, and worlds of 1,000 to 4,000 are wanted.
const RECORDS: (u64, u64) = (60, 600);
/// Different keys: few, so that each is met on both sides of a cut, yet more than subtasks.
const KEYS: (u64, u64) = (3, 40);
/// Partitions of an input: sources of one to four subtasks have one each.
const PARTITIONS: (u64, u64) = (1, 4);
/// Percent of inputs whose readers are given splits.
const READS_SPLITS: u64 = 15;
/// Partitions of such an input: more than readers, so that some are given out late.
const SPLITS: (u64, u64) = (4, 14);
/// How long the inputs flow. A checkpoint takes about a tenth of a second, and several must fit in.
const FLOW: (SimTime, SimTime) = (SimTime::from_millis(1_500), SimTime::from_secs(8));
/// Percent of worlds with two inputs.
const TWO_INPUTS: u64 = 35;
/// Percent of worlds whose channels differ much in latency: only there do records wait behind blocked channels.
const RAGGED_CHANNELS: u64 = 60;
/// The longest latency of a ragged channel, in gaps between two records of the world: a few records must fit in.
const RAGGED_GAPS: (u64, u64) = (3, 15);
/// Percent of worlds whose records tell time.
const TELLS_TIME: u64 = 30;
/// Percent of worlds with tiny channels, which fill up while an alignment lasts.
const TINY_CHANNELS: u64 = 40;
/// Percent of worlds in which another job manager takes over where one dies.
const HIGH_AVAILABILITY: u64 = 30;
/// Percent of worlds whose task managers have no slot more than the jobs need.
const TIGHT_SLOTS: u64 = 6;
/// Percent of worlds with slow storage: snapshots overlap with what comes after them (windows W1 and W2).
const SLOW_STORAGE: u64 = 30;
/// The events of a world whose jobs may take their records in again and again.
const PATIENT: u64 = 5_000_000;

impl Scenario {
    /// The story of a seed. Ends, unless a fault prevents it, with a finished job, so that its output can be compared.
    pub fn draw(choices: &Choices, profile: &Profile) -> Self {
        let catalogue = &Catalogue::built_in();
        let flink = flink(choices, catalogue, profile);
        let mut draw = Draw { choices, catalogue, rules: flink.rules() };
        let upgrade = upgrade::draw(&draw, profile, flink);
        if let Some(to) = upgrade {
            draw.rules = upgrade::in_common(draw.rules, to.rules());
        }
        let overrides = draw.sinks_of_ones_own();
        let profile = &profile.under(&draw);
        let scale = Scale::draw(&draw, profile);
        let plot = story::Plot::draw(&draw, profile, &scale, upgrade);
        let inputs = scale.inputs(&draw);
        let network = scale.network(&draw);
        let mut jobs = plot.jobs(&draw, profile, &scale, &network);
        let mut cluster = cluster(&draw, profile);
        let mut steps = plot.steps(&draw, profile);
        let faults = Faults { draw: &draw, plot: &plot, jobs: &jobs, cluster: &cluster };
        if profile.user_code {
            steps.extend(trouble::steps(&faults));
        }
        steps.extend(fault::steps(&faults, profile));
        if profile.partitions {
            steps.extend(partition::steps(&faults));
        }
        if profile.storage {
            steps.extend(storage::steps(&faults));
        }
        if profile.files {
            files::add(&draw, &mut steps);
        }
        let more = operations::steps(&draw, &plot, profile, &steps, &mut jobs);
        steps.extend(more);
        if draw.chance("tight-slots", TIGHT_SLOTS) {
            cluster.slots = fewest_slots(&jobs, plot.acts.len(), cluster.task_managers);
        }
        Self {
            about: plot.about(choices.seed()),
            seed: choices.seed(),
            flink,
            also: Vec::new(),
            overrides,
            mutations: Vec::new(),
            until: Some(plot.until()),
            budget: budget(&jobs),
            cluster_name: None,
            cluster,
            network,
            inputs,
            jobs,
            steps,
            // Faults may hit a job that is over, and savepoints one that restarts.
            expect: Expect { may_refuse: true, ..Expect::default() },
            expect_in: BTreeMap::new(),
        }
    }
}

/// A job whose state is too large for any checkpoint goes back to its first one again and again, until the story ends.
fn budget(jobs: &[JobConfig]) -> Budget {
    let is_limited = |job: &JobConfig| match job.checkpoint.backend {
        StateBackend::JobManager { max_state_size } => {
            max_state_size < StateBackend::MAX_STATE_SIZE
        }
        StateBackend::FileSystem { .. } | StateBackend::RocksDb | StateBackend::Incremental => {
            false
        }
    };
    Budget { events: jobs.iter().any(is_limited).then_some(PATIENT), ..Budget::default() }
}

/// Whether state belongs to subtasks, and cannot be dealt anew (until 1.1).
fn is_tied_to_subtasks(rules: &Rules) -> bool {
    rules.rescaling != Rescaling::ByKeyGroup
}

/// Whether state belongs to whole chains, so that only their heads can have uids (until 1.2).
fn is_tied_to_chains(rules: &Rules) -> bool {
    rules.state_stored_by == StateAddress::Chain
}

/// Draws by name.
struct Draw<'c> {
    choices: &'c Choices,
    /// What operators there are.
    catalogue: &'c Catalogue,
    /// What the release of the story has.
    rules: Rules,
}

impl Draw<'_> {
    /// Before there was a base class for them, some had written two-phase sinks of their own, which heard of completed
    /// checkpoints like any operator.
    fn sinks_of_ones_own(&mut self) -> Vec<Override> {
        if self.rules.two_phase_sinks || !self.chance("sinks-of-ones-own", OWN_SINKS) {
            return Vec::new();
        }
        let own = Rules::overriding("two-phase-sinks", "true").expect("there is such a rule");
        self.rules.set(&own);
        vec![own]
    }

    /// The operator of a kind and function.
    fn entry(&self, kind: &str, function: &str) -> Entry {
        let entry = self.catalogue.entry(kind, function);
        entry.unwrap_or_else(|| panic!("no {kind} `{function}` can be drawn")).clone()
    }

    /// The kind and function of what writes so.
    fn that_writes(&self, writes: Writes) -> (&str, &str) {
        self.catalogue.that_writes(writes).expect("a built-in operator writes so")
    }

    fn stream(&self, what: impl Display) -> Stream {
        self.choices.stream("draw", what)
    }

    /// A number of a range, both ends included.
    fn within(&self, what: impl Display, (low, high): (u64, u64)) -> u64 {
        self.stream(what).within(0, low, high)
    }

    /// A number of a range that fits 32 bits.
    fn count(&self, what: impl Display, range: (u64, u64)) -> u32 {
        u32::try_from(self.within(what, range)).expect("the ranges of counts are small")
    }

    /// True in so many of a hundred seeds.
    fn chance(&self, what: impl Display, percent: u64) -> bool {
        self.stream(what).chance(0, percent, 100)
    }

    /// The numbers of things, from 0: in so many of a hundred seeds as many as `how_many` says, else none.
    fn times(&self, what: &str, percent: u64, how_many: &str, range: (u64, u64)) -> Range<u64> {
        0..if self.chance(what, percent) { self.within(how_many, range) } else { 0 }
    }

    /// A span of a range, both ends included.
    fn span(&self, what: impl Display, (low, high): (SimTime, SimTime)) -> SimTime {
        round(self.stream(what).span(0, low, high)).max(low)
    }

    /// One of the choices, each as likely as its weight.
    fn weighted<T: Clone>(&self, what: impl Display, choices: &[(T, u64)]) -> T {
        let total = choices.iter().map(|(_, weight)| weight).sum();
        let mut rest = self.stream(what).below(0, total);
        for (choice, weight) in choices {
            match rest.checked_sub(*weight) {
                Some(less) => rest = less,
                None => return choice.clone(),
            }
        }
        unreachable!("a draw below the sum of all weights falls on one of them")
    }

    /// A place in a list.
    fn place(&self, what: impl Display, length: usize) -> usize {
        let length = u64::try_from(length).expect("lists of a scenario are short");
        usize::try_from(self.stream(what).below(0, length)).expect("below a list's length")
    }
}

/// A span as many times shorter.
fn part(span: SimTime, of: u64) -> SimTime {
    round(SimTime::from_nanos(span.nanos() / of.max(1)))
}

/// A span with as few digits as people like to read: the world hardly notices the rest.
fn round(span: SimTime) -> SimTime {
    let unit = match span.nanos() {
        20_000_000.. => 1_000_000,
        20_000.. => 1_000,
        0..20_000 => 1,
    };
    SimTime::from_nanos(span.nanos() / unit * unit)
}

/// So many hundredths of a span.
fn percent(span: SimTime, percent: u64) -> SimTime {
    part(span.times(percent), 100)
}

/// How much flows, and for how long.
struct Scale {
    /// Records of each input.
    records: Vec<u32>,
    /// From the first record to the last.
    flow: SimTime,
    /// Between two records of the world.
    gap: SimTime,
    /// How its records tell time, if they do.
    time: Option<time::Clockwork>,
}

impl Scale {
    fn draw(draw: &Draw<'_>, profile: &Profile) -> Self {
        let total = draw.count("records", RECORDS);
        let records = if draw.chance("two-inputs", TWO_INPUTS) {
            let first = total * draw.count("records-of-first", (30, 70)) / 100;
            vec![first, total - first]
        } else {
            vec![total]
        };
        let flow = draw.span("flow", FLOW);
        let most = records.iter().copied().max().unwrap_or(total);
        let tells_time = profile.event_time && draw.chance("event-time", TELLS_TIME);
        let time = tells_time.then(|| time::Clockwork::draw(draw, most, flow));
        Self { records, flow, gap: part(flow, u64::from(total)), time }
    }

    fn inputs(&self, draw: &Draw<'_>) -> Vec<Input> {
        let input = |(place, records): (usize, &u32)| {
            let partitions = self.partitions(draw, place);
            // Of splits that are read one after the other, each is there in its share of the time.
            let at_once = if self.reads_splits(draw, place) { 1 } else { partitions };
            Input {
                name: ["rows", "more"][place].to_owned(),
                kind: InputKind::Generate {
                    records: *records,
                    keys: draw.count(format_args!("keys-{place}"), KEYS),
                    step: self.time.map(|time| time.step),
                },
                partitions,
                grows: Vec::new(),
                every: part(self.flow.times(u64::from(at_once)), u64::from(*records)),
                shuffle: self.time.and_then(|time| time.shuffle(draw, place)),
            }
        };
        self.records.iter().enumerate().map(input).collect()
    }

    /// Whether the readers of an input are given its partitions one by one.
    fn reads_splits(&self, draw: &Draw<'_>, place: usize) -> bool {
        draw.rules.split_readers && draw.chance(format_args!("reads-splits-{place}"), READS_SPLITS)
    }

    /// Partitions of an input.
    fn partitions(&self, draw: &Draw<'_>, place: usize) -> u16 {
        let partitions = if self.reads_splits(draw, place) {
            draw.within(format_args!("splits-{place}"), SPLITS)
        } else {
            draw.within(format_args!("partitions-{place}"), PARTITIONS)
        };
        u16::try_from(partitions).expect("a handful of partitions")
    }

    fn network(&self, draw: &Draw<'_>) -> Network {
        let mut network = Network::default();
        if draw.chance("ragged-channels", RAGGED_CHANNELS) {
            let longest = self.gap.times(draw.within("ragged-gaps", RAGGED_GAPS));
            network.channel_latency.1 = longest.max(network.channel_latency.1);
        }
        network.channel_capacity = if draw.chance("tiny-channels", TINY_CHANNELS) {
            draw.count("tiny-capacity", (1, 4))
        } else {
            draw.count("capacity", (5, 64))
        };
        slow_down_storage(draw, &mut network, self.flow);
        network.message_latency.1 =
            draw.span("message-latency", (SimTime::from_millis(1), SimTime::from_millis(20)));
        network
    }
}

/// In some worlds storage is slow, so that snapshots overlap with what comes after them.
fn slow_down_storage(draw: &Draw<'_>, network: &mut Network, flow: SimTime) {
    if draw.chance("slow-storage", SLOW_STORAGE) {
        let fast = SimTime::from_millis(60);
        let slow = draw.span("slow-storage-span", (fast, part(flow, 8).max(fast)));
        network.snapshot_async.1 = slow;
        network.metadata_write.1 = part(slow, 2);
    }
}

/// After how long another job manager takes over, in worlds in which one does.
fn takeover(draw: &Draw<'_>, profile: &Profile) -> Option<SimTime> {
    let after = draw.span("takeover-after", (SimTime::from_millis(20), SimTime::from_secs(1)));
    let is_available = draw.chance("high-availability", HIGH_AVAILABILITY);
    (profile.high_availability && is_available).then_some(after)
}

/// How many slots each task manager must have: the jobs of the acts follow one another, and others run beside them.
fn fewest_slots(jobs: &[JobConfig], acts: usize, managers: u16) -> u16 {
    let parallelism = |job: &JobConfig| {
        job.graph.operators.iter().map(|node| node.parallelism).max().unwrap_or(1)
    };
    let (of_acts, beside) = jobs.split_at(acts);
    let needed = of_acts.iter().map(parallelism).max().unwrap_or(1)
        + beside.iter().map(parallelism).sum::<u32>();
    u16::try_from(needed.div_ceil(managers.into())).expect("a few slots")
}

/// Task managers: two to four, with slots for every subtask of a world, so that one can be lost.
fn cluster(draw: &Draw<'_>, profile: &Profile) -> ClusterConfig {
    let heartbeat_timeout =
        draw.span("heartbeat-timeout", (SimTime::from_millis(200), SimTime::from_millis(1500)));
    ClusterConfig {
        task_managers: u16::try_from(draw.within("task-managers", (2, 4))).expect("a few"),
        slots: 16,
        replaced_after: draw
            .span("replaced-after", (SimTime::from_millis(100), SimTime::from_secs(2))),
        heartbeat_timeout,
        heartbeat_interval: percent(
            heartbeat_timeout,
            draw.within("heartbeat-interval", (50, 100)),
        ),
        takeover_after: takeover(draw, profile),
        savepoint_dir: SavepointDir::default(),
        savepoint_backend: files::backend(draw, profile.files),
        ..ClusterConfig::default()
    }
}
