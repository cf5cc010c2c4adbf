//! Plainer times and numbers: fewer digits, then less.

use super::Edit;
use crate::kernel::SimTime;
use crate::scenario::{Action, Milestone, Network, Scenario, Step, Trigger};

/// Shows every span of a story, in order.
fn spans(scenario: &mut Scenario, see: &mut dyn FnMut(&mut SimTime)) {
    let cluster = &mut scenario.cluster;
    scenario.until.iter_mut().for_each(&mut *see);
    see(&mut cluster.replaced_after);
    cluster.takeover_after.iter_mut().for_each(&mut *see);
    see(&mut cluster.heartbeat_timeout);
    see(&mut cluster.heartbeat_interval);
    for (low, high) in ranges(&mut scenario.network) {
        see(low);
        see(high);
    }
    scenario.inputs.iter_mut().for_each(|input| see(&mut input.every));
    for job in &mut scenario.jobs {
        job.checkpoint.interval.iter_mut().for_each(&mut *see);
        see(&mut job.checkpoint.timeout);
        see(&mut job.checkpoint.min_pause);
        see(&mut job.checkpoint.aligned_timeout);
        for node in &mut job.graph.operators {
            see(&mut node.takes);
            let time = node.options.time.iter_mut();
            time.for_each(|time| {
                time.idle_after.iter_mut().for_each(&mut *see);
                see(&mut time.interval);
            });
        }
    }
    scenario.steps.iter_mut().for_each(|step| of_step(step, see));
}

/// How long things take, from least to most.
fn ranges(network: &mut Network) -> [&mut (SimTime, SimTime); 6] {
    [
        &mut network.channel_latency,
        &mut network.message_latency,
        &mut network.snapshot_sync,
        &mut network.snapshot_async,
        &mut network.metadata_write,
        &mut network.task_start,
    ]
}

fn of_step(step: &mut Step, see: &mut dyn FnMut(&mut SimTime)) {
    match &mut step.trigger {
        Trigger::At(at) => see(at),
        Trigger::When(_, after) => see(after),
    }
    step.retry.iter_mut().for_each(&mut *see);
    match &mut step.action {
        Action::Block(block) => block.span.iter_mut().for_each(see),
        Action::Partition(partition) => see(&mut partition.span),
        Action::Delay(_, by) | Action::Repeat(_, by) => see(by),
        Action::Run(_)
        | Action::Savepoint(_)
        | Action::Cancel(_)
        | Action::Stop(_)
        | Action::Checkpoint(_)
        | Action::Fail(_)
        | Action::Unblock(_)
        | Action::Kill(_)
        | Action::KillTaskManager(_)
        | Action::KillJobManager
        | Action::List
        | Action::Storage(_)
        | Action::Upgrade(_)
        | Action::Files(_)
        | Action::Lose(_) => {}
    }
}

/// A plainer span, of one that is there.
type Plainer = fn(SimTime) -> SimTime;

/// The ways to plainer spans, one after the other.
pub(super) const PLAINER: [Plainer; 4] = [
    |span| digits(span, 1),
    |_| SimTime::ZERO,
    |span| digits(span, 2),
    |span| digits(SimTime::from_nanos(span.nanos() / 2), 1),
];

/// A span with so many digits that are not zero.
fn digits(span: SimTime, digits: u32) -> SimTime {
    let nanos = span.nanos();
    let more = nanos.checked_ilog10().unwrap_or(0).saturating_sub(digits - 1);
    let unit = 10_u64.pow(more);
    SimTime::from_nanos(nanos / unit * unit)
}

/// Each span, made plainer.
pub(super) fn plainer(scenario: &Scenario, way: Plainer) -> Vec<Edit> {
    let mut places = Vec::new();
    let mut place = 0_usize;
    spans(&mut scenario.clone(), &mut |span| {
        if way(*span) < *span {
            places.push(place);
        }
        place += 1;
    });
    let with = |wanted: usize| -> Edit {
        Box::new(move |scenario| {
            let mut place = 0_usize;
            spans(scenario, &mut |span| {
                if place == wanted {
                    *span = way(*span);
                }
                place += 1;
            });
        })
    };
    places.into_iter().map(with).collect()
}

/// Each checkpoint that a step waits for or aims at, an earlier one.
pub(super) fn earlier(scenario: &Scenario, way: fn(u64) -> u64) -> Vec<Edit> {
    let with = |place: usize| -> Edit {
        Box::new(move |scenario| {
            let checkpoint = scenario.steps.get_mut(place).and_then(checkpoint_of);
            checkpoint.into_iter().for_each(|checkpoint| *checkpoint = way(*checkpoint).max(1));
        })
    };
    (0..scenario.steps.len()).map(with).collect()
}

/// The ways to earlier checkpoints.
pub(super) const EARLIER: [fn(u64) -> u64; 3] = [|_| 1, |number| number / 2, |number| number - 1];

fn checkpoint_of(step: &mut Step) -> Option<&mut u64> {
    let Trigger::When(milestone, _) = &mut step.trigger else { return None };
    match milestone {
        Milestone::Triggered { checkpoint, .. }
        | Milestone::Snapshot { checkpoint, .. }
        | Milestone::Durable { checkpoint, .. }
        | Milestone::AckSent { checkpoint, .. }
        | Milestone::Acked { checkpoint, .. }
        | Milestone::MetadataWritten { checkpoint, .. }
        | Milestone::PointerStored { checkpoint, .. }
        | Milestone::Completed { checkpoint, .. }
        | Milestone::Notified { checkpoint, .. } => Some(checkpoint),
        Milestone::Restored { .. }
        | Milestone::DataEnded { .. }
        | Milestone::Savepoint { .. }
        | Milestone::Status { .. } => None,
    }
}

/// One of the ends of a range.
type Pin = fn((SimTime, SimTime)) -> SimTime;

/// The ways to have nothing drawn of how long things take.
pub(super) const PINS: [Pin; 2] = [|(low, _)| low, |(_, high)| high];

/// Has all that takes time take one and the same.
pub(super) fn pin(scenario: &mut Scenario, pin: Pin) {
    for range in ranges(&mut scenario.network) {
        *range = (pin(*range), pin(*range));
    }
}
