//! The chain of operators of one subtask: how it lives and is drawn.
//!
//! An operator's emissions are collected while it is called and handed on when it returns (`passage.rs`), in order: to the
//! next operators of the chain, or to the outputs.

use super::callbacks::method_of;
use super::context::{Engine, EngineContext};
use super::generator::Generator;
use super::passage::{Arrival, Rest};
use super::{Identity, Outputs};
use crate::effect::{PositionsOfAll, RestoredTask, TaskEffects};
use crate::job::{
    CheckpointId, EventTime, ExternalId, InputId, KeyBy, KeyError, OperatorId, Origin, Record,
    SourceTime, Value,
};
use crate::kernel::SimTime;
use crate::operator::{InputLog, OnPanic, Operator, Poll};
use crate::state::{CommitPermit, LiveState, OperatorSnapshot, TimerKind, TimerService};
use crate::trace::{Call, Declared, ListHeld, SourcePosition, StateSum};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One operator of a chain and where its output goes.
pub struct Link {
    /// What it does.
    pub operator: Box<dyn Operator>,
    /// The id its state is stored under.
    pub id: OperatorId,
    /// The key of its input, if it is keyed.
    pub key_by: Option<KeyBy>,
    /// How many key groups it has.
    pub max_parallelism: u32,
    /// Of which service its timers are.
    pub timers: TimerService,
    /// Where a sink writes to.
    pub external: Option<ExternalId>,
    /// What a panic in it comes to.
    pub on_panic: OnPanic,
    /// Where its main output goes.
    pub main: Vec<Target>,
    /// Where its side output goes.
    pub side: Vec<Target>,
}

/// Where an output goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// To an operator of the same chain.
    Chained(usize),
    /// To an edge.
    Edge(usize),
}

/// A link at work: its state, and what it emitted in the current call.
pub(super) struct Worker {
    pub(super) link: Link,
    pub(super) state: LiveState,
    is_restored: bool,
    pub(super) emitted: Vec<(bool, Value)>,
    /// When what it emits happened.
    pub(super) timestamp: EventTime,
    /// In no snapshot: `MIN` after each restore.
    pub(super) watermark: EventTime,
}

impl Worker {
    fn new(link: Link) -> Self {
        Self {
            link,
            state: LiveState::default(),
            is_restored: false,
            emitted: Vec::new(),
            timestamp: EventTime::MIN,
            watermark: EventTime::MIN,
        }
    }
}

/// What a value stems from: where its record came from, and when it happened.
#[derive(Clone, Copy)]
pub(super) struct Stem {
    pub(super) origin: Origin,
    pub(super) timestamp: EventTime,
}

impl Stem {
    /// What stems from no record.
    pub(super) const NONE: Self = Self {
        origin: Origin { input: 0, partition: 0, offset: 0, child: 0 },
        timestamp: EventTime::MIN,
    };

    /// A value of this stem on its way.
    #[inline]
    pub(super) fn record(self, value: Value) -> Record {
        Record { value, origin: self.origin, timestamp: self.timestamp }
    }
}

/// The operators of one subtask.
#[derive(Clone)]
pub struct Chain {
    pub(super) identity: Identity,
    pub(super) outputs: Outputs,
    pub(super) workers: Vec<Worker>,
    /// What is yet to be handed on, the next last; nothing between two calls into the chain.
    pub(super) rests: Vec<Rest>,
    takes: SimTime,
    input: Option<SourceInput>,
    restored: Option<CheckpointId>,
    /// Of a source that was restored: the positions of all its subtasks.
    positions_of_all: Option<PositionsOfAll>,
    /// Of a source that tells watermarks: where they come from.
    pub(super) watermarks: Option<Box<Generator>>,
}

/// What the source at the head of a chain reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceInput {
    /// Which input.
    pub id: InputId,
    /// Whether it is given splits of them.
    pub reads_splits: bool,
}

/// Which call it is, and the checkpoint that it is about.
type Reason = (Call, Option<CheckpointId>);

impl Clone for Worker {
    fn clone(&self) -> Self {
        let link = Link {
            operator: self.link.operator.fork(),
            main: self.link.main.clone(),
            side: self.link.side.clone(),
            ..self.link
        };
        let (state, is_restored) = (self.state.clone(), self.is_restored);
        let (timestamp, watermark) = (self.timestamp, self.watermark);
        Self { link, state, is_restored, emitted: Vec::new(), timestamp, watermark }
    }
}

impl Chain {
    /// A chain, head first, of the subtask that it is; `takes` is the virtual time of one element, `input` what its head reads
    /// if it is a source.
    pub fn new(
        identity: Identity,
        links: Vec<Link>,
        outputs: Outputs,
        takes: SimTime,
        input: Option<SourceInput>,
    ) -> Self {
        assert!(!links.is_empty(), "a chain has a head");
        for (at, link) in links.iter().enumerate() {
            let is_later = |target: &Target| match target {
                Target::Chained(next) => at < *next && *next < links.len(),
                Target::Edge(_) => true,
            };
            let is_forward = link.main.iter().chain(&link.side).all(is_later);
            assert!(is_forward, "operator {at} of a chain feeds one before it, or none");
        }
        let workers = links.into_iter().map(Worker::new).collect();
        Self {
            identity,
            outputs,
            workers,
            rests: Vec::new(),
            takes,
            input,
            restored: None,
            positions_of_all: None,
            watermarks: None,
        }
    }

    /// The same, of a source that tells time.
    #[must_use]
    pub fn telling_time(mut self, time: SourceTime, is_bounded: bool) -> Self {
        assert!(self.input.is_some(), "only a source tells what time it is");
        assert!(self.watermarks.is_none(), "a source tells time in two ways");
        self.watermarks = Some(Box::new(Generator::new(time, is_bounded)));
        self
    }

    pub(super) fn operator_id(&self, at: usize) -> OperatorId {
        self.workers[at].link.id
    }

    pub(super) const fn takes(&self) -> SimTime {
        self.takes
    }

    /// Which input its head reads, if it is a source.
    pub(super) const fn input(&self) -> Option<InputId> {
        match self.input {
            Some(input) => Some(input.id),
            None => None,
        }
    }

    /// Calls one operator, by the name of its method, for a record of this origin and key. `None` if it failed or panicked:
    /// its task fails then, and nothing that it emitted goes on.
    #[inline]
    pub(super) fn call<R>(
        &mut self,
        (at, method): (usize, &'static str),
        stem: Stem,
        key: Option<&Value>,
        effects: &mut TaskEffects,
        body: impl FnOnce(&mut dyn Operator, &mut EngineContext<'_>) -> R,
    ) -> Option<R> {
        let Self { workers, identity, input, .. } = self;
        let Worker { link, state, is_restored, emitted, timestamp, watermark } = &mut workers[at];
        let input = input.filter(|_| at == 0);
        *timestamp = stem.timestamp;
        let mut context = EngineContext {
            state,
            subtask: &identity.subtask,
            input: input.map(|input| identity.inputs.seen_from(input.id)),
            positions_of_all: self.positions_of_all.as_ref(),
            rules: &identity.rules,
            restored: self.restored,
            is_own_entry_restored: *is_restored,
            is_keyed: link.key_by.is_some(),
            key,
            timestamp,
            watermark: *watermark,
            now: effects.now,
            outside: Engine {
                operator: link.id,
                origin: stem.origin,
                external: link.external,
                emitted,
                effects,
            },
        };
        let operator = link.operator.as_mut();
        let called = catch_unwind(AssertUnwindSafe(|| body(operator, &mut context)));
        if effects.failure.is_none()
            && let Ok(returned) = called
        {
            return Some(returned);
        }
        self.workers[at].emitted.clear();
        self.blame((at, method), stem, called.err(), effects);
        None
    }

    /// Calls every operator in an order; what they emit is handed on after each. Whether none threw: after one that did,
    /// no other is called.
    fn call_each(
        &mut self,
        order: impl Iterator<Item = usize>,
        reason: Reason,
        effects: &mut TaskEffects,
        mut body: impl FnMut(&mut dyn Operator, &mut EngineContext<'_>),
    ) -> bool {
        for at in order {
            if !self.call_one(at, reason, effects, &mut body) {
                return false;
            }
        }
        true
    }

    /// Calls one operator apart from records. Whether it did not throw.
    fn call_one(
        &mut self,
        at: usize,
        reason: Reason,
        effects: &mut TaskEffects,
        body: impl FnOnce(&mut dyn Operator, &mut EngineContext<'_>),
    ) -> bool {
        self.note(at, reason, effects);
        if self.throws(at, reason, effects) {
            return false;
        }
        if self.call((at, method_of(reason.0)), Stem::NONE, None, effects, body).is_none() {
            return false;
        }
        if reason.0 == Call::Close {
            // Whoever would take it is closed already.
            self.workers[at].emitted.clear();
        }
        let passed = self.pass_on(at, Origin::default(), effects);
        fail_on_error(passed, effects);
        true
    }

    pub(super) fn head_first(&self) -> std::ops::Range<usize> {
        0..self.workers.len()
    }

    /// Initializes from the tail to the head, as Flink does (`StreamOperatorWrapper` order), and opens each.
    /// Returns what was restored, as the operators hold it.
    pub(super) fn start(
        &mut self,
        restored: Option<RestoredTask>,
        effects: &mut TaskEffects,
    ) -> Vec<StateSum> {
        assert!(self.restored.is_none(), "a chain was started twice");
        let given = restored.as_ref().map(|restored| restored.operators.len());
        let is_whole = given.is_none_or(|given| given == self.workers.len());
        assert!(is_whole, "a chain of {} was restored as one of {given:?}", self.workers.len());
        let permit = restored.as_ref().map(|restored| restored.permit);
        let is_told = restored.as_ref().is_some_and(|restored| restored.is_told);
        self.restored = permit.filter(|_| is_told).map(CommitPermit::checkpoint);
        self.positions_of_all =
            restored.as_ref().and_then(|restored| restored.positions_of_all.clone());
        let mut held = Vec::new();
        let snapshots = restored.into_iter().flat_map(|restored| restored.operators);
        for (worker, snapshot) in self.workers.iter_mut().zip(snapshots) {
            let Some(snapshot) = snapshot else { continue };
            held.extend(snapshot.sums(worker.link.id));
            worker.state = LiveState::restored(snapshot);
            if let Some(key_by) = worker.link.key_by {
                worker.state.open_keyed(key_by.key_type, worker.link.timers);
            }
            worker.is_restored = true;
        }
        let initialize = (Call::InitializeState, self.restored);
        for at in self.head_first().rev() {
            let is_open = self.call_one(at, initialize, effects, |operator, context| {
                operator.initialize(context);
            }) && self.tell_restored(at, permit, effects)
                && self.takes_what_was_restored(at, effects)
                && self.call_one(at, (Call::Open, None), effects, |operator, context| {
                    operator.open(context);
                });
            if !is_open {
                break;
            }
        }
        held
    }

    /// What the restored operators made of what they were given; none if they took all of it, and that was all.
    pub(super) fn declared(&self) -> Option<Declared> {
        let mut declared = Declared::default();
        for worker in self.workers.iter().filter(|worker| worker.is_restored) {
            let Declared { unread, fresh, .. } = worker.state.declared(worker.link.id);
            declared.unread.extend(unread);
            declared.fresh.extend(fresh);
        }
        let is_plain = declared.unread.is_empty() && declared.fresh.is_empty();
        (!is_plain).then_some(declared)
    }

    /// The lists that its restored operators hold, but of sources and sinks.
    pub(super) fn lists_restored(&self) -> Arc<[ListHeld]> {
        let first = usize::from(self.input.is_some());
        let workers = self.workers.iter().skip(first).filter(|worker| worker.is_restored);
        let between = workers.filter(|worker| worker.link.external.is_none());
        let lists = between.flat_map(|worker| {
            worker.state.lists().map(|(name, items)| ListHeld {
                operator: worker.link.id,
                name: Arc::clone(name),
                items: items.into(),
            })
        });
        lists.collect()
    }

    /// Runs a record through the chain.
    #[inline]
    pub(super) fn process(&mut self, input: u8, record: Record, effects: &mut TaskEffects) {
        let Record { value, origin, timestamp } = record;
        debug_assert!(self.rests.is_empty(), "values of the record before are not handed on");
        let arrival = Arrival { at: 0, input, value, stem: Stem { origin, timestamp } };
        let passed = self.run(Some(arrival), effects);
        fail_on_error(passed, effects);
    }

    /// Lets the source at the head read on. A record has been handed on when this returns; only its origin is told.
    #[inline]
    pub(super) fn poll(&mut self, log: &dyn InputLog, effects: &mut TaskEffects) -> Poll {
        debug_assert!(self.input.is_some(), "only a source reads on by itself");
        let poll = self.call((0, "poll"), Stem::NONE, None, effects, |operator, context| {
            operator.poll(log, context)
        });
        let Some(poll) = poll else { return Poll::Later(effects.now) };
        match poll {
            Poll::Record(value, origin) => {
                let timestamp = match &mut self.watermarks {
                    Some(watermarks) => watermarks.on_record(&value, origin, effects.now),
                    None => EventTime::MIN,
                };
                let stem = Stem { origin, timestamp };
                let first = self.deliver(0, false, value, stem, effects);
                let passed = first.and_then(|first| self.run(first, effects));
                fail_on_error(passed, effects);
                Poll::Record(Value::Bool(true), origin)
            }
            Poll::Later(_) | Poll::Ended => poll,
        }
    }

    /// When the next record of the source at the head is there, if it knows.
    #[inline]
    pub(super) fn due(&self, log: &dyn InputLog, effects: &mut TaskEffects) -> Option<SimTime> {
        debug_assert!(self.input.is_some(), "only a source knows when its next record comes");
        let operator = &*self.workers[0].link.operator;
        match catch_unwind(AssertUnwindSafe(|| operator.due(log))) {
            Ok(due) => due,
            Err(payload) => {
                self.blame((0, "due"), Stem::NONE, Some(payload), effects);
                None
            }
        }
    }

    pub(super) fn positions(&mut self, effects: &mut TaskEffects) -> Vec<SourcePosition> {
        assert!(self.input.is_some(), "only a source has read up to anywhere");
        let positions =
            self.call((0, "positions"), Stem::NONE, None, effects, |operator, context| {
                operator.positions(context)
            });
        positions.unwrap_or_default()
    }

    /// Whether its head is given splits by an enumerator.
    pub(super) const fn reads_splits(&self) -> bool {
        matches!(self.input, Some(SourceInput { reads_splits: true, .. }))
    }

    pub(super) fn take_split(&mut self, split: Option<SourcePosition>, effects: &mut TaskEffects) {
        assert!(self.reads_splits(), "{split:?} was given to one that reads no splits");
        self.call((0, "take_split"), Stem::NONE, None, effects, |operator, context| {
            operator.take_split(split, context);
        });
    }

    pub(super) fn end_input(&mut self, input: u8, effects: &mut TaskEffects) {
        assert!(self.input.is_none(), "a source has no input that could end");
        let reason = (Call::EndInput, None);
        self.call_one(0, reason, effects, |operator, context| operator.end_input(input, context));
    }

    /// Finishes head first: what an operator emits last, the next still processes. A chained operator's input ends
    /// when its sender has finished, and hears of it if the input of the chain has ended.
    pub(super) fn finish(&mut self, ends_input: bool, effects: &mut TaskEffects) {
        for at in self.head_first() {
            let is_chained = at > 0 && ends_input;
            let goes_on = !is_chained
                || self.call_one(at, (Call::EndInput, None), effects, |operator, context| {
                    operator.end_input(0, context);
                });
            if !goes_on
                || !self.call_one(at, (Call::Finish, None), effects, |operator, context| {
                    operator.finish(context);
                })
            {
                break;
            }
        }
    }

    pub(super) fn prepare_snapshot(&mut self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        let reason = (Call::PrepareSnapshotPreBarrier, Some(checkpoint));
        self.call_each(self.head_first(), reason, effects, |operator, context| {
            operator.prepare_snapshot(checkpoint, context);
        });
    }

    /// Draws the state of every operator, tail first as Flink does; returned in chain order. `None` if one threw.
    pub(super) fn snapshot(
        &mut self,
        checkpoint: CheckpointId,
        effects: &mut TaskEffects,
    ) -> Option<Vec<Arc<OperatorSnapshot>>> {
        let reason = (Call::SnapshotState, Some(checkpoint));
        assert!(self.restored < Some(checkpoint), "{checkpoint} is older than what was restored");
        let is_drawn =
            self.call_each(self.head_first().rev(), reason, effects, |operator, context| {
                operator.snapshot(checkpoint, context);
            });
        if !is_drawn {
            return None;
        }
        let has_emitted = |worker: &Worker| !worker.emitted.is_empty();
        assert!(!self.workers.iter().any(has_emitted), "something emitted is in no snapshot");
        let draw = |worker: &Worker| {
            let Worker { link, state, .. } = worker;
            let mut snapshot = state.snapshot(link.key_by, link.max_parallelism, link.timers);
            if !self.identity.rules.timers_in_snapshot {
                snapshot.keyed.retain(|name, _| TimerKind::of_state(name).is_none());
            }
            Arc::new(snapshot)
        };
        Some(self.workers.iter().map(draw).collect())
    }

    pub(super) fn checkpoint_complete(&mut self, permit: CommitPermit, effects: &mut TaskEffects) {
        let reason = (Call::NotifyCheckpointComplete, Some(permit.checkpoint()));
        self.call_each(self.head_first().rev(), reason, effects, |operator, context| {
            operator.checkpoint_complete(permit, context);
        });
    }

    pub(super) fn checkpoint_aborted(
        &mut self,
        checkpoint: CheckpointId,
        effects: &mut TaskEffects,
    ) {
        let reason = (Call::NotifyCheckpointAborted, Some(checkpoint));
        self.call_each(self.head_first().rev(), reason, effects, |operator, context| {
            operator.checkpoint_aborted(checkpoint, context);
        });
    }

    pub(super) fn close(&mut self, effects: &mut TaskEffects) {
        self.call_each(
            self.head_first().rev(),
            (Call::Close, None),
            effects,
            |operator, context| {
                operator.close(context);
            },
        );
    }
}

/// A record without the key its receiver needs is an exception in Flink: it fails the task.
#[inline]
pub(super) fn fail_on_error(result: Result<(), KeyError>, effects: &mut TaskEffects) {
    if let Err(error) = result {
        fail(&error, effects);
    }
}

#[cold]
fn fail(error: &KeyError, effects: &mut TaskEffects) {
    effects.failure = Some(error.to_string().into());
}
