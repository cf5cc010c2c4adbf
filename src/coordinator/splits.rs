//! The split enumerators of a run (FLIP-27): who is given which partition, and how that fits between barriers.
//!
//! Flink's `OperatorCoordinatorHolder` and `SubtaskGatewayImpl`, as this job manager plays them:
//!
//! 1. When a checkpoint is triggered, each enumerator's state is taken first, and the gate to each of its readers closes:
//!    what would be sent now would be in the reader's snapshot and not in the enumerator's (FLINK-16986). 2. Only when
//!    that state is written, and every assignment sent before has been acknowledged, are the barriers sent (FLINK-21996).
//! 3. A gate opens when the reader has passed the barrier (FLINK-28606), or the checkpoint is over. 4. An assignment that is
//!    not acknowledged in time fails the job over: the reader may have it or not. 5. A restart resets an enumerator to what
//!    the checkpoint has of it.

use super::checkpoints::Checkpoints;
use crate::effect::{JobEffects, JobTimer, ReaderEvent, Split, Timer, ToTask};
use crate::job::{
    Attempt, Barrier, CheckpointId, InputId, LocalTaskId, OperatorIndex, Plan, RunLayout, Value,
};
use crate::kernel::SimTime;
use crate::rules::Rules;
use crate::state::{CompletedCheckpoint, ListMode, ListSnapshot, OperatorSnapshot};
use crate::trace::{CheckpointEvent, SourcePosition, TaskEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long writing the state of the enumerators takes; no barrier is sent before.
const WRITING: SimTime = SimTime::from_millis(10);
/// How long an assignment may stay unacknowledged.
const ACK_TIMEOUT: SimTime = SimTime::from_secs(1);
/// The state of an enumerator: a row `(partition, next entry)` per split that nobody has.
const UNASSIGNED: &str = "unassigned";

/// A source whose readers are given splits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SplitSource {
    /// Which operator of the job.
    pub operator: OperatorIndex,
    /// What it reads.
    pub input: InputId,
    /// How many partitions that has; each is a split.
    pub partitions: u16,
}

/// What one enumerator knows.
#[derive(Clone, Debug)]
struct Enumerator {
    source: SplitSource,
    /// Splits that nobody has: where to begin, by partition.
    unassigned: BTreeMap<u16, u32>,
    /// Readers that wait for one, in order of their requests.
    asking: Vec<LocalTaskId>,
    /// Assignments that the latest checkpoint does not cover (`SplitAssignmentTracker`).
    given: Vec<Given>,
}

/// An assignment: to whom, and the first checkpoint that covers it, if one was triggered since.
#[derive(Clone, Copy, Debug)]
struct Given {
    to: LocalTaskId,
    split: Split,
    covered_by: Option<CheckpointId>,
}

/// A checkpoint whose barriers have not been sent.
#[derive(Clone, Debug, Default)]
struct Held {
    triggers: Vec<(LocalTaskId, Barrier)>,
    /// Assignments that were under way when the enumerators' state was taken.
    awaited: BTreeSet<u64>,
    is_written: bool,
}

/// All enumerators of one run.
#[derive(Clone, Debug)]
pub struct Splits {
    layout: Arc<RunLayout>,
    rules: Arc<Rules>,
    enumerators: Vec<Enumerator>,
    /// How many assignments were ever sent; each has its number.
    sent: u64,
    /// Those that are not acknowledged.
    open: BTreeMap<u64, LocalTaskId>,
    /// By reader, the checkpoints that keep its gate closed.
    closed: BTreeMap<LocalTaskId, BTreeSet<CheckpointId>>,
    held: BTreeMap<CheckpointId, Held>,
}

impl Splits {
    /// Of a run with these sources.
    pub fn new(layout: Arc<RunLayout>, sources: &[SplitSource], rules: Arc<Rules>) -> Self {
        let enumerator = |source: &SplitSource| Enumerator {
            source: *source,
            unassigned: BTreeMap::new(),
            asking: Vec::new(),
            given: Vec::new(),
        };
        Self {
            layout,
            rules,
            enumerators: sources.iter().map(enumerator).collect(),
            sent: 0,
            open: BTreeMap::new(),
            closed: BTreeMap::new(),
            held: BTreeMap::new(),
        }
    }

    /// Whether there is no enumerator.
    pub const fn is_empty(&self) -> bool {
        self.enumerators.is_empty()
    }

    /// A new attempt starts, from a checkpoint or from nothing: nothing is under way any more.
    ///
    /// An enumerator of which the checkpoint holds no state has all its splits to give, even if it knows the source.
    pub fn reset(&mut self, plan: &Plan, from: Option<&CompletedCheckpoint>) {
        self.open.clear();
        self.closed.clear();
        self.held.clear();
        for enumerator in &mut self.enumerators {
            let place = enumerator.source.operator.index();
            let (id, hash) =
                (plan.operator_ids[place], plan.graph.operators[place].options.uid_hash);
            let under = |wanted| {
                let mut stored = from.into_iter().flat_map(CompletedCheckpoint::operators);
                stored.find(|state| state.id == wanted)
            };
            let own =
                || if hash.is_some() && self.rules.uid_hash_decides { None } else { under(id) };
            let stored = hash.and_then(under).or_else(own);
            enumerator.asking.clear();
            enumerator.given.clear();
            enumerator.unassigned = match stored.and_then(|state| state.coordinator.as_deref()) {
                None => (0..enumerator.source.partitions).map(|split| (split, 0)).collect(),
                Some(coordinator) => unassigned_in(coordinator),
            };
        }
    }

    /// One reader starts again from a checkpoint, or from nothing, while the enumerator goes on: what it was given since is
    /// given back (`addSplitsBack`). What that checkpoint covers the reader has itself (FLINK-20290).
    pub fn give_back(&mut self, reader: LocalTaskId, restored: Option<CheckpointId>) {
        self.open.retain(|_, task| *task != reader);
        self.closed.remove(&reader);
        for enumerator in &mut self.enumerators {
            enumerator.asking.retain(|task| *task != reader);
            let is_lost = |given: &mut Given| {
                given.to == reader
                    && given.covered_by.is_none_or(|covered_by| restored < Some(covered_by))
            };
            for Given { split, .. } in enumerator.given.extract_if(.., is_lost) {
                let twin = enumerator.unassigned.insert(split.partition, split.next);
                assert!(twin.is_none(), "split {} came back, but nobody had it", split.partition);
            }
        }
    }

    /// A reader says something.
    pub fn on_event(&mut self, plan: &Plan, task: LocalTaskId, event: ReaderEvent) {
        match event {
            ReaderEvent::Asks => {
                let vertex = plan.task(task).vertex;
                let reads = |enumerator: &&mut Enumerator| {
                    plan.vertex_of(enumerator.source.operator) == vertex
                };
                let enumerator = self.enumerators.iter_mut().find(reads);
                let asking = &mut enumerator.expect("only readers ask for splits").asking;
                if !asking.contains(&task) {
                    asking.push(task);
                }
            }
            ReaderEvent::Received(number) => self.on_received(number),
            ReaderEvent::Passed(checkpoint) => {
                if let Some(closed) = self.closed.get_mut(&task) {
                    closed.remove(&checkpoint);
                }
            }
        }
    }

    fn on_received(&mut self, number: u64) {
        self.open.remove(&number);
        for held in self.held.values_mut() {
            held.awaited.remove(&number);
        }
    }

    /// The state of the enumerators at a checkpoint is written.
    pub fn on_written(&mut self, checkpoint: CheckpointId) {
        if let Some(held) = self.held.get_mut(&checkpoint) {
            held.is_written = true;
        }
    }

    /// The time of an assignment is over: the reader that has not acknowledged it, if any.
    pub fn on_timeout(&mut self, number: u64) -> Option<LocalTaskId> {
        self.open.remove(&number)
    }

    /// After something happened to the run: takes the state of the enumerators for checkpoints that were just triggered,
    /// sends barriers that may go out, and serves readers whose gates are open. `attempts` are those that live, by task.
    pub fn settle(
        &mut self,
        plan: &Plan,
        attempts: &[Attempt],
        checkpoints: &mut Checkpoints,
        effects: &mut JobEffects,
    ) {
        self.held.retain(|checkpoint, _| checkpoints.is_pending(*checkpoint));
        for closed in self.closed.values_mut() {
            closed.retain(|checkpoint| checkpoints.is_pending(*checkpoint));
        }
        let latest = checkpoints.latest().map(|latest| latest.properties().id);
        for enumerator in &mut self.enumerators {
            enumerator.given.retain(|given| given.covered_by.is_none_or(|by| latest < Some(by)));
        }
        self.hold_back(plan, checkpoints, effects);
        for held in self.held.values_mut() {
            if held.is_written && held.awaited.is_empty() {
                let triggers = held.triggers.drain(..);
                let message = |(task, barrier)| (task, ToTask::Trigger(barrier));
                effects.messages.extend(triggers.map(message));
            }
        }
        self.serve(attempts, effects);
    }

    /// Keeps barriers that are about to be sent, once the enumerators' state is taken.
    fn hold_back(&mut self, plan: &Plan, checkpoints: &mut Checkpoints, effects: &mut JobEffects) {
        let messages = std::mem::take(&mut effects.messages);
        let mut triggered = BTreeSet::new();
        for (task, message) in messages {
            let ToTask::Trigger(barrier) = message else {
                effects.messages.push((task, message));
                continue;
            };
            triggered.insert(barrier.checkpoint);
            self.held.entry(barrier.checkpoint).or_default().triggers.push((task, barrier));
            let vertex = plan.task(task).vertex;
            let mut sources = self.enumerators.iter().map(|enumerator| enumerator.source.operator);
            if sources.any(|operator| plan.vertex_of(operator) == vertex) {
                let is_new = self.closed.entry(task).or_default().insert(barrier.checkpoint);
                assert!(is_new, "{task:?} was triggered twice for {}", barrier.checkpoint);
            }
        }
        for checkpoint in triggered {
            self.take_state(checkpoint, checkpoints, effects);
            assert!(checkpoints.is_pending(checkpoint), "{checkpoint} holds barriers and is over");
            let awaited = self.open.keys().copied().collect();
            self.held.get_mut(&checkpoint).expect("its barriers are held").awaited = awaited;
            effects.timers.push(Timer::new(WRITING, JobTimer::Enumerators(checkpoint)));
        }
    }

    fn take_state(
        &mut self,
        checkpoint: CheckpointId,
        checkpoints: &mut Checkpoints,
        effects: &mut JobEffects,
    ) {
        for Enumerator { source, unassigned, given, .. } in &mut self.enumerators {
            given.iter_mut().for_each(|given| {
                given.covered_by.get_or_insert(checkpoint);
            });
            let row = |(split, next): (&u16, &u32)| {
                Value::row([Value::Int((*split).into()), Value::Int((*next).into())])
            };
            let items = unassigned.iter().map(row).collect();
            let list = ListSnapshot { mode: ListMode::Split, items, ..ListSnapshot::default() };
            let mut state = OperatorSnapshot::default();
            state.lists.insert(UNASSIGNED.into(), list);
            checkpoints.enter_coordinator(checkpoint, source.operator, state);
            let (run, operator) = (self.layout.run, source.operator);
            let unassigned = unassigned.iter().map(|(split, next)| position(source, *split, *next));
            let unassigned = unassigned.collect();
            effects.events.push(
                CheckpointEvent::EnumeratorTaken { operator, unassigned }.of(run, checkpoint),
            );
        }
    }

    /// Gives a split, or the news that there are no more, to every reader that asks and may be sent to.
    fn serve(&mut self, attempts: &[Attempt], effects: &mut JobEffects) {
        let is_closed = |task: &LocalTaskId| self.closed.get(task).is_some_and(|by| !by.is_empty());
        for Enumerator { source, unassigned, asking, given } in &mut self.enumerators {
            asking.retain(|task| {
                // One that asks again although its answer is under way is not given two.
                if self.open.values().any(|other| other == task) {
                    return false;
                }
                if self.rules.split_events_gated && is_closed(task) {
                    return true;
                }
                let split = unassigned.pop_first();
                let split = split.map(|(partition, next)| Split { partition, next });
                let is_given = |split: Split| {
                    given.iter().any(|other: &Given| other.split.partition == split.partition)
                };
                assert!(!split.is_some_and(is_given), "{split:?} was given to two readers");
                let assignment = |split| Given { to: *task, split, covered_by: None };
                given.extend(split.map(assignment));
                let number = self.sent;
                self.sent += 1;
                effects.messages.push((*task, ToTask::Split(number, split)));
                if self.rules.split_events_acknowledged {
                    let twin = self.open.insert(number, *task);
                    assert!(twin.is_none(), "two assignments have number {number}");
                    effects.timers.push(Timer::new(ACK_TIMEOUT, JobTimer::Assignment(number)));
                }
                let split = split.map(|split| position(source, split.partition, split.next));
                let attempt = attempts[task.index()];
                let task = self.layout.task(*task);
                effects.events.push(TaskEvent::SplitAssigned { split }.of(task, attempt));
                false
            });
        }
    }
}

fn position(source: &SplitSource, partition: u16, next: u32) -> SourcePosition {
    SourcePosition { input: source.input, partition, next }
}

/// Back from a checkpoint.
fn unassigned_in(state: &OperatorSnapshot) -> BTreeMap<u16, u32> {
    let rows = state.lists.get(UNASSIGNED).into_iter().flat_map(|list| &list.items);
    let split = |row: &Value| {
        let [partition, next] = row.as_row()? else { return None };
        Some((u16::try_from(partition.as_int()?).ok()?, u32::try_from(next.as_int()?).ok()?))
    };
    rows.filter_map(split).collect()
}

#[cfg(test)]
mod tests;
