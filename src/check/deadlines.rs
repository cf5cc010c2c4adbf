//! How long things may take in a world in which nothing goes wrong: computed from the story, never measured.
//!
//! What there is to wait for is summed up along the longest path through a job. Two figures come of it: one for worlds in
//! which every record found room in its channel, and one for those in which senders had to wait for credit.

use super::history::{RunStory, sources_of};
use super::past::Past;
use super::setup::CheckSetup;
use super::sources::inputs_left_to;
use crate::job::{AtEnd, CheckpointConfig, OperatorKind, Plan, Reader, VertexIndex};
use crate::kernel::SimTime;
use crate::operator::{InputLog, Log};
use crate::scenario::{Action, JobConfig, Network};

/// From the moment at which a snapshot is durable to the ack.
const ACK_DELAY: SimTime = SimTime::from_micros(1);
/// How long the job manager writes the state of a split enumerator.
const ENUMERATOR: SimTime = SimTime::from_millis(10);
/// Records that an operator makes of one, as often as not.
const SPREAD: u64 = 4;

/// A span of virtual time that something may take at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct AtMost {
    /// Where no sender ever waits for credit.
    flowing: SimTime,
    /// Where senders wait for it.
    backed_up: SimTime,
}

impl AtMost {
    /// Nothing at all; or for ever, where senders wait for credit.
    pub(super) const UNLESS_BACKED_UP: Self =
        Self { flowing: SimTime::ZERO, backed_up: SimTime::MAX };

    const fn always(span: SimTime) -> Self {
        Self { flowing: span, backed_up: span }
    }

    pub(super) const fn plus(self, more: Self) -> Self {
        Self {
            flowing: self.flowing.plus(more.flowing),
            backed_up: self.backed_up.plus(more.backed_up),
        }
    }

    const fn times(self, times: u64) -> Self {
        Self { flowing: self.flowing.times(times), backed_up: self.backed_up.times(times) }
    }

    fn percent(self, percent: u64) -> Self {
        let of = |span: SimTime| SimTime::from_nanos(span.nanos() / 100 * percent);
        Self { flowing: of(self.flowing), backed_up: of(self.backed_up) }
    }

    /// The span, in a world of which it is known whether a sender waited for credit.
    pub(super) const fn span(self, had_backpressure: bool) -> SimTime {
        if had_backpressure { self.backed_up } else { self.flowing }
    }
}

/// What may take how long in one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// From the trigger of a checkpoint to its completion.
    pub(super) checkpoint: AtMost,
    /// From a completion, or from the moment at which all tasks run, to the next periodic trigger.
    pub(super) next_trigger: Option<SimTime>,
    /// After so long a pending checkpoint is given up.
    pub(super) timeout: SimTime,
    /// From the moment at which the last entry of its inputs is there to the end of data of its last task; none if its
    /// sources idle.
    pub(super) drain: Option<AtMost>,
    /// From there to the end of the job.
    pub(super) leave: AtMost,
    /// When the last entry of its inputs is there.
    pub(super) last_entry: SimTime,
    /// What keeps its place among the records goes from one task to the next.
    pub(super) hop: AtMost,
}

impl Deadlines {
    /// Of a run.
    pub(super) fn of(past: Past<'_>, run: &RunStory) -> Self {
        let CheckSetup { scenario, bounds_percent, .. } = past.setup;
        let job = &scenario.jobs[run.layout.job];
        let (records, last_entry) = input_of(past, run);
        let path = Path::of(&run.layout.plan, job, &scenario.network, records);
        let asks = |action: &Action| action.asked() == Some(&job.graph.name);
        let is_asked = scenario.steps.iter().any(|step| asks(&step.action));
        // One more for what users ask for.
        let at_once = u64::from(job.checkpoint.max_concurrent) + u64::from(is_asked);
        let is_available = scenario.cluster.takeover_after.is_some();
        let checkpoint = path.checkpoint(at_once, is_available);
        let next_trigger =
            job.checkpoint.interval.map(|interval| interval.max(job.checkpoint.min_pause));
        let is_bounded = run
            .layout
            .plan
            .graph
            .operators
            .iter()
            .all(|node| !matches!(node.kind, OperatorKind::Source { then: AtEnd::Idle, .. }));
        let drain = is_bounded.then(|| path.drain().plus(checkpoint));
        let leave = leave(next_trigger, checkpoint, job.checkpoint.max_concurrent, &path);
        let scaled = |bound: AtMost| bound.percent(*bounds_percent);
        Self {
            checkpoint: scaled(checkpoint),
            next_trigger,
            timeout: job.checkpoint.timeout,
            drain: drain.map(scaled),
            leave: scaled(leave),
            last_entry,
            hop: scaled(path.hop()),
        }
    }
}

/// All tasks have seen the end of their data: the next checkpoint lets those leave that took part in it, and the one after
/// that the others; as many may be on their way without them as there may be at once.
fn leave(
    next_trigger: Option<SimTime>,
    checkpoint: AtMost,
    at_once: u32,
    path: &Path<'_>,
) -> AtMost {
    let last = path.passes().plus(AtMost::always(path.network.message_latency.1.times(2)));
    match next_trigger {
        Some(next) => {
            let rounds = 1 + u64::from(at_once.max(1));
            AtMost::always(next).plus(checkpoint).times(rounds).plus(last)
        }
        None => last,
    }
}

/// How many records there are to read for a run, and when the last of them is there. One that is restored may have the rest of
/// other inputs to read.
fn input_of(past: Past<'_>, run: &RunStory) -> (u64, SimTime) {
    let (setup, plan) = (past.setup, &run.layout.plan);
    let is_restored = past.history.start_of(run.layout.run).is_some();
    let mut logs: Vec<&Log> = Vec::new();
    for source in sources_of(plan) {
        logs.push(setup.log(plan, source));
        let left = inputs_left_to(&plan.graph.operators[source.index()], setup);
        let left = left.iter().filter(|_| is_restored);
        logs.extend(left.map(|input| &*setup.inputs[input.index()]));
    }
    let mut input = (0, SimTime::ZERO);
    for log in logs {
        for partition in 0..log.partitions() {
            let length = log.length(partition);
            if let Some(last) = length.checked_sub(1) {
                input.0 += u64::from(length);
                input.1 = input.1.max(log.available(partition, last));
            }
        }
    }
    input
}

/// The way through a job.
struct Path<'w> {
    plan: &'w Plan,
    config: &'w CheckpointConfig,
    network: &'w Network,
    /// Chains one after the other, at most.
    depth: u64,
    /// The most channels that a task reads.
    inputs: u64,
    /// The longest that a chain takes for an element.
    takes: SimTime,
    /// Splits that readers are given.
    splits: u64,
    /// Records of all inputs: as many may be emitted at once, by windows.
    records: u64,
}

impl<'w> Path<'w> {
    fn of(plan: &'w Plan, job: &'w JobConfig, network: &'w Network, records: u64) -> Self {
        let takes = (0..plan.vertices.len()).map(|place| plan.takes(VertexIndex::new(place)));
        let mut depths = vec![1_u64; plan.vertices.len()];
        for _ in &plan.vertices {
            for edge in &plan.edges {
                let (from, to) = (edge.from_vertex.index(), edge.to_vertex.index());
                depths[to] = depths[to].max(depths[from] + 1);
            }
        }
        let inputs = plan.tasks.iter().map(|task| task.inputs.len()).max().unwrap_or(0);
        let has_splits =
            plan.graph.operators.iter().any(|node| node.options.reader == Reader::Splits);
        Self {
            plan,
            config: &job.checkpoint,
            network,
            depth: depths.into_iter().max().unwrap_or(1),
            inputs: u64::try_from(inputs).expect("usize fits in 64 bits"),
            takes: takes.max().unwrap_or_default(),
            splits: u64::from(has_splits),
            records,
        }
    }

    /// Records that a channel holds, and those that its sender cannot put into it.
    fn queued(&self) -> u64 {
        u64::from(self.network.channel_capacity) + SPREAD
    }

    /// Something that keeps its place among the records goes from the first task to the last.
    fn passes(&self) -> AtMost {
        let AtMost { flowing, backed_up } = self.hop();
        let flowing = flowing.times(self.depth);
        AtMost { flowing, backed_up: flowing.plus(backed_up) }
    }

    /// It goes from one task to the next; behind all others, where they wait for credit.
    fn hop(&self) -> AtMost {
        let latency = self.network.channel_latency.1;
        let all = u64::try_from(self.plan.channels.len()).expect("usize fits in 64 bits");
        // Every record before it is taken by a task that has others to take, too.
        let queue = self.takes.times(self.queued().saturating_mul(self.inputs));
        let flowing = latency.plus(queue);
        // And where they wait for credit, one takes the latency of a channel to make room for the next.
        let room = latency.nanos() / u64::from(self.network.channel_capacity.max(1));
        let room = SimTime::from_nanos(room).plus(self.takes);
        let queued = self.queued().saturating_mul(all).saturating_add(self.records);
        let waits = room.times(queued.saturating_mul(SPREAD));
        AtMost { flowing, backed_up: waits }
    }

    /// From the trigger of a checkpoint to its completion, with so many on their way at once.
    fn checkpoint(&self, at_once: u64, is_available: bool) -> AtMost {
        let network = self.network;
        let message = network.message_latency.1;
        let trigger = message.plus(self.takes).plus(ENUMERATOR.times(self.splits));
        let sync = network.snapshot_sync.1.times(at_once.saturating_mul(self.depth + 1));
        let durable = network.snapshot_async.1.plus(ACK_DELAY).plus(message);
        let pointer = if is_available { message.times(2) } else { SimTime::ZERO };
        let stored = network.metadata_write.1.plus(message).plus(pointer).times(at_once);
        let aligned = self.config.aligned_timeout;
        let rest = trigger.plus(sync).plus(durable).plus(stored).plus(aligned);
        self.passes().plus(AtMost::always(rest))
    }

    /// All records are read, and go through.
    fn drain(&self) -> AtMost {
        let records = self.records;
        let latency = self.network.channel_latency.1;
        let work = self.takes.times(records.saturating_mul(SPREAD));
        let room = latency.nanos() / u64::from(self.network.channel_capacity.max(1));
        let waits = SimTime::from_nanos(room).times(records.saturating_mul(SPREAD));
        let asked = self.network.message_latency.1.times(4).plus(ENUMERATOR);
        let asked = asked.times(self.splits.saturating_mul(records));
        let drained = AtMost { flowing: work, backed_up: work.plus(waits) };
        drained.plus(self.passes()).plus(AtMost::always(asked))
    }
}
