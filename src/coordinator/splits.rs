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
use crate::effect::{JobEffects, JobTimer, ReaderEvent, Timer, ToTask};
use crate::job::{
    Attempt, Barrier, CheckpointId, InputId, LocalTaskId, OperatorIndex, Plan, RunLayout,
    StartingOffsets, Value,
};
use crate::kernel::SimTime;
use crate::operator::{InputLog, Inputs, Position, first_offset};
use crate::rules::Rules;
use crate::state::{CompletedCheckpoint, ListMode, ListSnapshot, OperatorSnapshot};
use crate::trace::{CheckpointEvent, SourcePosition, TaskEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long writing the state of the enumerators takes; no barrier is sent before.
const WRITING: SimTime = SimTime::from_millis(10);
/// How long an assignment may stay unacknowledged.
const ACK_TIMEOUT: SimTime = SimTime::from_secs(1);
/// In the state of an enumerator: a row `(log, partition, next entry)` per split that nobody has.
pub(super) const UNASSIGNED: &str = "unassigned";
/// And the same for each that it has given away, with the entry that it began at (`KafkaSourceEnumState`).
const ASSIGNED: &str = "assigned";

/// A source whose readers are given splits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SplitSource {
    /// Which operator of the job.
    pub operator: OperatorIndex,
    /// What it reads.
    pub input: InputId,
    /// Where it is told to start.
    pub starting: StartingOffsets,
}

/// A partition of an input.
type SplitId = (InputId, u16);

/// What one enumerator knows.
#[derive(Clone, Debug)]
struct Enumerator {
    source: SplitSource,
    /// Splits that nobody has: where to begin.
    unassigned: BTreeMap<SplitId, u32>,
    /// Splits that somebody has, or had: where they began.
    assigned: BTreeMap<SplitId, u32>,
    /// What it was restored with of logs that are not in this world: nobody can read those.
    unreachable: [Vec<Value>; 2],
    /// Readers that wait for one, in order of their requests.
    asking: Vec<LocalTaskId>,
    /// Assignments that the latest checkpoint does not cover (`SplitAssignmentTracker`).
    given: Vec<Given>,
}

/// An assignment: to whom, and the first checkpoint that covers it, if one was triggered since.
#[derive(Clone, Copy, Debug)]
struct Given {
    to: LocalTaskId,
    split: SourcePosition,
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
    inputs: Inputs,
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
    pub fn new(
        layout: Arc<RunLayout>,
        sources: &[SplitSource],
        inputs: Inputs,
        rules: Arc<Rules>,
    ) -> Self {
        let enumerator = |source: &SplitSource| Enumerator {
            source: *source,
            unassigned: BTreeMap::new(),
            assigned: BTreeMap::new(),
            unreachable: [Vec::new(), Vec::new()],
            asking: Vec::new(),
            given: Vec::new(),
        };
        Self {
            layout,
            inputs,
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
    /// An enumerator of which the checkpoint holds no state has all its splits to give, even if it knows the source. One that
    /// is restored looks again which partitions its log has: those that it did not know are new.
    pub fn reset(&mut self, plan: &Plan, from: Option<&CompletedCheckpoint>, now: SimTime) {
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
            let stored = stored.and_then(|state| state.coordinator.as_deref());
            let starting = match stored {
                Some(_) if self.rules.new_splits_begin_earliest => StartingOffsets::Earliest,
                Some(_) | None => enumerator.source.starting,
            };
            enumerator.restore(stored, &self.inputs);
            enumerator.discover(&self.inputs, starting, now);
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
                let id = (split.input, split.partition);
                enumerator.assigned.remove(&id);
                let twin = enumerator.unassigned.insert(id, split.next);
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
        for enumerator in &mut self.enumerators {
            enumerator.given.iter_mut().for_each(|given| {
                given.covered_by.get_or_insert(checkpoint);
            });
            let operator = enumerator.source.operator;
            let state = enumerator.snapshot(&self.inputs);
            checkpoints.enter_coordinator(checkpoint, operator, state);
            let run = self.layout.run;
            let unassigned = enumerator.unassigned.iter().map(position).collect();
            effects.events.push(
                CheckpointEvent::EnumeratorTaken { operator, unassigned }.of(run, checkpoint),
            );
        }
    }

    /// Gives a split, or the news that there are no more, to every reader that asks and may be sent to.
    fn serve(&mut self, attempts: &[Attempt], effects: &mut JobEffects) {
        let is_closed = |task: &LocalTaskId| self.closed.get(task).is_some_and(|by| !by.is_empty());
        for Enumerator { unassigned, assigned, asking, given, .. } in &mut self.enumerators {
            asking.retain(|task| {
                // One that asks again although its answer is under way is not given two.
                if self.open.values().any(|other| other == task) {
                    return false;
                }
                if self.rules.split_events_gated && is_closed(task) {
                    return true;
                }
                let split = unassigned.pop_first();
                if let Some((id, next)) = split {
                    let twin = assigned.insert(id, next);
                    assert!(twin.is_none(), "{id:?} was given to two readers");
                }
                let split = split.map(|(id, next)| position((&id, &next)));
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
                let attempt = attempts[task.index()];
                let task = self.layout.task(*task);
                effects.events.push(TaskEvent::SplitAssigned { split }.of(task, attempt));
                false
            });
        }
    }
}

impl Enumerator {
    /// Takes over what a checkpoint holds of it.
    fn restore(&mut self, state: Option<&OperatorSnapshot>, inputs: &Inputs) {
        self.unreachable = [Vec::new(), Vec::new()];
        let own = inputs.seen_from(self.source.input);
        let mut known = [UNASSIGNED, ASSIGNED].map(|_| BTreeMap::new());
        for (place, name) in [UNASSIGNED, ASSIGNED].into_iter().enumerate() {
            let list = state.and_then(|state| state.lists.get(name));
            for row in list.into_iter().flat_map(|list| &list.items) {
                let Some(Position { log, partition, next }) = Position::of_row(row) else {
                    continue;
                };
                match own.named(&log) {
                    Some(input) => {
                        known[place].insert((input, partition), next);
                    }
                    None => self.unreachable[place].push(row.clone()),
                }
            }
        }
        [self.unassigned, self.assigned] = known;
    }

    /// Finds the partitions of its log that it does not know.
    fn discover(&mut self, inputs: &Inputs, starting: StartingOffsets, now: SimTime) {
        let own = inputs.seen_from(self.source.input);
        for partition in 0..own.partitions_at(now) {
            let id = (self.source.input, partition);
            if !self.assigned.contains_key(&id) && !self.unassigned.contains_key(&id) {
                self.unassigned.insert(id, first_offset(starting, &own, partition, now));
            }
        }
    }

    /// What a checkpoint holds of it.
    fn snapshot(&self, inputs: &Inputs) -> OperatorSnapshot {
        let own = inputs.seen_from(self.source.input);
        let row = |((input, partition), next): (&SplitId, &u32)| {
            let log = own.name_of(*input).expect("a split is of a log of this world").into();
            Position { log, partition: *partition, next: *next }.row()
        };
        let mut state = OperatorSnapshot::default();
        let lists = [(UNASSIGNED, &self.unassigned), (ASSIGNED, &self.assigned)];
        for ((name, splits), unreachable) in lists.into_iter().zip(&self.unreachable) {
            let items = splits.iter().map(row).chain(unreachable.iter().cloned()).collect();
            let list = ListSnapshot { mode: ListMode::Split, items, ..ListSnapshot::default() };
            state.lists.insert(name.into(), list);
        }
        state
    }
}

fn position(((input, partition), next): (&SplitId, &u32)) -> SourcePosition {
    SourcePosition { input: *input, partition: *partition, next: *next }
}

#[cfg(test)]
mod tests;
