//! One subtask of one operator outside an engine, for testing operators.

use super::{Context, InputLog, Operator, Poll};
use crate::effect::ExternalRequest;
use crate::job::{CheckpointId, CheckpointKind, EventTime, JobId, KeyBy, Value};
use crate::kernel::SimTime;
use crate::rules::CommitWhen;
use crate::rules::MetadataVersion;
use crate::state::{
    AckLedger, BroadcastId, CommitPermit, CompletedCheckpoint, KeyedId, ListId, ListMode,
    LiveState, OperatorSnapshot, Properties, Timer, TimerKind,
};
use std::collections::BTreeMap;

/// How many key groups a standalone operator has.
const KEY_GROUPS: u32 = 128;

/// One subtask of one operator with its own state, and a record of what it emitted and asked for.
///
/// Whoever writes an operator can test it here without a job around it:
///
/// ```
/// use sandbar::{Context, Operator, Standalone};
/// use sandbar::operators::{CheckpointId, KeyBy, KeySelector, KeyedId, Value};
///
/// /// Emits each key once, when it first comes.
/// #[derive(Clone, Default)]
/// struct Distinct {
///     seen: Option<KeyedId>,
/// }
///
/// impl Operator for Distinct {
///     fn initialize(&mut self, context: &mut dyn Context) {
///         self.seen = Some(context.keyed_state("seen"));
///     }
///     fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
///         let seen = self.seen.expect("declared in `initialize`");
///         if context.keyed(seen).replace(Value::Bool(true)).is_none() {
///             context.emit(value);
///         }
///     }
///     fn fork(&self) -> Box<dyn Operator> {
///         Box::new(self.clone())
///     }
/// }
///
/// let by_value = KeyBy::new(KeySelector::Value);
/// let distinct = || Standalone::new(Box::new(Distinct::default())).keyed_by(by_value);
///
/// let mut before = distinct().start();
/// before.process(0, Value::text("sand"));
/// before.process(0, Value::text("sand"));
/// assert_eq!(before.take_emitted(), [Value::text("sand")]);
///
/// let first = CheckpointId::new(1);
/// let mut after = distinct().restore(first, before.barrier(first));
/// after.process(0, Value::text("sand"));
/// after.process(0, Value::text("bar"));
/// assert_eq!(after.take_emitted(), [Value::text("bar")]);
/// ```
pub struct Standalone {
    operator: Box<dyn Operator>,
    surroundings: Surroundings,
}

/// What stands in for the engine.
#[derive(Clone)]
struct Surroundings {
    state: LiveState,
    key_by: Option<KeyBy>,
    key: Option<Value>,
    restored_from: Option<CheckpointId>,
    subtask: u32,
    parallelism: u32,
    attempt: u32,
    partitions: u16,
    commit_when: CommitWhen,
    now: SimTime,
    timestamp: EventTime,
    watermark: EventTime,
    last_barrier: Option<CheckpointId>,
    emitted: Vec<Value>,
    side: Vec<Value>,
    requests: Vec<ExternalRequest>,
    failure: Option<String>,
}

impl Standalone {
    /// An operator that is not keyed, as the only subtask, in its first attempt, at time 0. Not started yet.
    pub fn new(operator: Box<dyn Operator>) -> Self {
        let surroundings = Surroundings {
            state: LiveState::default(),
            key_by: None,
            key: None,
            restored_from: None,
            subtask: 0,
            parallelism: 1,
            attempt: 0,
            partitions: 0,
            commit_when: CommitWhen::Completed,
            now: SimTime::ZERO,
            timestamp: EventTime::MIN,
            watermark: EventTime::MIN,
            last_barrier: None,
            emitted: Vec::new(),
            side: Vec::new(),
            requests: Vec::new(),
            failure: None,
        };
        Self { operator, surroundings }
    }

    /// Keys its values.
    #[must_use]
    pub fn keyed_by(mut self, key_by: KeyBy) -> Self {
        self.surroundings.key_by = Some(key_by);
        self
    }

    /// Makes it subtask `subtask` of `parallelism`. Panics if there is no such subtask.
    #[must_use]
    pub fn subtask_of(mut self, subtask: u32, parallelism: u32) -> Self {
        assert!(subtask < parallelism, "there is no subtask {subtask} of {parallelism}");
        (self.surroundings.subtask, self.surroundings.parallelism) = (subtask, parallelism);
        self
    }

    /// Makes it another execution attempt.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.surroundings.attempt = attempt;
        self
    }

    /// Gives a source's input so many partitions.
    #[must_use]
    pub fn partitions(mut self, partitions: u16) -> Self {
        self.surroundings.partitions = partitions;
        self
    }

    /// Lets a two-phase sink commit at another moment.
    #[must_use]
    pub fn commit_when(mut self, commit_when: CommitWhen) -> Self {
        self.surroundings.commit_when = commit_when;
        self
    }

    /// Initializes and opens it, with no state.
    #[must_use]
    pub fn start(mut self) -> Self {
        self.operator.initialize(&mut self.surroundings);
        self.operator.open(&mut self.surroundings);
        self
    }

    /// Initializes, restores and opens it, with the state that it was dealt of a completed checkpoint.
    #[must_use]
    pub fn restore(mut self, checkpoint: CheckpointId, state: OperatorSnapshot) -> Self {
        self.surroundings.state = LiveState::restored(state);
        if self.surroundings.key_by.is_some() {
            self.surroundings.state.declare_timers();
        }
        self.surroundings.restored_from = Some(checkpoint);
        self.operator.initialize(&mut self.surroundings);
        self.operator.restored(permit_of(checkpoint), &mut self.surroundings);
        self.operator.open(&mut self.surroundings);
        self
    }

    /// Gives it a value that happened at a time.
    pub fn process_at(&mut self, input: u8, value: Value, timestamp: EventTime) {
        self.surroundings.timestamp = timestamp;
        self.process(input, value);
        self.surroundings.timestamp = EventTime::MIN;
    }

    /// Lets event time come this far: the timers that are due by then fire.
    pub fn advance_watermark(&mut self, watermark: EventTime) {
        self.surroundings.watermark = self.surroundings.watermark.max(watermark);
        self.fire(TimerKind::Event, watermark.millis());
    }

    fn fire(&mut self, kind: TimerKind, now: i64) {
        if self.surroundings.state.timers().is_none() {
            return;
        }
        while let Some(timer) = self.surroundings.state.timers_mut().of_mut(kind).pop_due(now) {
            self.surroundings.key = Some(timer.key.clone());
            self.surroundings.timestamp = match kind {
                TimerKind::Event => EventTime::from_millis(timer.time),
                TimerKind::Processing => EventTime::MIN,
            };
            self.operator.on_timer(kind, &timer, &mut self.surroundings);
        }
        self.surroundings.key = None;
        self.surroundings.timestamp = EventTime::MIN;
    }

    /// Gives it a value. Panics if it is keyed and the value has no such column.
    pub fn process(&mut self, input: u8, value: Value) {
        self.surroundings.key = self.surroundings.key_by.map(|key_by| {
            key_by.of_input(input).key_of(&value).expect("the value has the column of the key")
        });
        self.operator.process(input, value, &mut self.surroundings);
        self.surroundings.key = None;
    }

    /// Lets a source read on.
    pub fn poll(&mut self, log: &dyn InputLog) -> Poll {
        self.operator.poll(log, &mut self.surroundings)
    }

    /// Where a source stands.
    pub fn positions(&mut self) -> Vec<(u16, u32)> {
        self.operator.positions(&mut self.surroundings)
    }

    /// Sets the clock; the processing-time timers that are due by then fire. Panics if it would run backwards.
    pub fn advance_to(&mut self, now: SimTime) {
        assert!(now >= self.surroundings.now, "the clock does not run backwards");
        self.surroundings.now = now;
        self.fire(TimerKind::Processing, i64::try_from(now.nanos()).unwrap_or(i64::MAX));
    }

    /// Brings it a barrier and draws its snapshot.
    pub fn barrier(&mut self, checkpoint: CheckpointId) -> OperatorSnapshot {
        self.surroundings.last_barrier = Some(checkpoint);
        self.operator.prepare_snapshot(checkpoint, &mut self.surroundings);
        self.operator.snapshot(checkpoint, &mut self.surroundings);
        self.surroundings.state.snapshot(self.surroundings.key_by, KEY_GROUPS)
    }

    /// Tells it that a checkpoint completed. Panics if it has not had its barrier.
    pub fn complete(&mut self, checkpoint: CheckpointId) {
        assert!(
            self.surroundings.last_barrier >= Some(checkpoint),
            "checkpoint {checkpoint} completed without the ack of its only subtask"
        );
        self.operator.checkpoint_complete(permit_of(checkpoint), &mut self.surroundings);
    }

    /// Tells it that a checkpoint was aborted.
    pub fn abort(&mut self, checkpoint: CheckpointId) {
        self.operator.checkpoint_aborted(checkpoint, &mut self.surroundings);
    }

    /// Ends one input.
    pub fn end_input(&mut self, input: u8) {
        self.operator.end_input(input, &mut self.surroundings);
    }

    /// Lets it finish, once all inputs have ended.
    pub fn finish(&mut self) {
        self.operator.finish(&mut self.surroundings);
    }

    /// Closes it.
    pub fn close(&mut self) {
        self.operator.close(&mut self.surroundings);
    }

    /// Why it failed its task, if it did. In a job it would not have been called since.
    pub fn failure(&self) -> Option<&str> {
        self.surroundings.failure.as_deref()
    }

    /// What it emitted since this was last asked.
    pub fn take_emitted(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.surroundings.emitted)
    }

    /// What it sent to the side output since this was last asked.
    pub fn take_side(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.surroundings.side)
    }

    /// What it asked of its external system since this was last asked.
    pub fn take_requests(&mut self) -> Vec<ExternalRequest> {
        std::mem::take(&mut self.surroundings.requests)
    }
}

/// As a fork of the world copies it.
impl Clone for Standalone {
    fn clone(&self) -> Self {
        Self { operator: self.operator.fork(), surroundings: self.surroundings.clone() }
    }
}

impl Context for Surroundings {
    fn keyed_state(&mut self, name: &str) -> KeyedId {
        assert!(self.key_by.is_some(), "keyed state `{name}` needs an operator that is keyed");
        self.state.declare_keyed(name)
    }
    fn list_state(&mut self, name: &str, mode: ListMode) -> ListId {
        self.state.declare_list(name, mode)
    }
    fn broadcast_state(&mut self, name: &str) -> BroadcastId {
        self.state.declare_broadcast(name)
    }
    fn restored_from(&self) -> Option<CheckpointId> {
        self.restored_from
    }
    fn subtask(&self) -> u32 {
        self.subtask
    }
    fn parallelism(&self) -> u32 {
        self.parallelism
    }
    fn attempt(&self) -> u32 {
        self.attempt
    }
    fn job(&self) -> u64 {
        1
    }
    fn now(&self) -> SimTime {
        self.now
    }
    fn partitions(&self) -> u16 {
        self.partitions
    }
    fn commit_when(&self) -> CommitWhen {
        self.commit_when
    }
    fn key(&self) -> &Value {
        self.key.as_ref().expect("there is a key in `process` of a keyed operator only")
    }
    fn keyed(&mut self, id: KeyedId) -> &mut Option<Value> {
        let key = self.key.as_ref().expect("there is a key in `process` of a keyed operator only");
        self.state.keyed(id, key)
    }
    fn list(&mut self, id: ListId) -> &mut Vec<Value> {
        self.state.list(id)
    }
    fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value> {
        self.state.broadcast(id)
    }
    fn timestamp(&self) -> EventTime {
        self.timestamp
    }
    fn set_timestamp(&mut self, timestamp: EventTime) {
        self.timestamp = timestamp;
    }
    fn current_watermark(&self) -> EventTime {
        self.watermark
    }
    fn register_timer(&mut self, kind: TimerKind, time: i64, namespace: i64) {
        let timer = Timer { time, key: self.key().clone(), namespace };
        self.state.timers_mut().of_mut(kind).register(timer);
    }
    fn delete_timer(&mut self, kind: TimerKind, time: i64, namespace: i64) {
        let timer = Timer { time, key: self.key().clone(), namespace };
        self.state.timers_mut().of_mut(kind).delete(&timer);
    }
    fn emit_late(&mut self, value: Value) {
        self.side.push(value);
    }
    fn fail(&mut self, why: &str) {
        self.failure.get_or_insert_with(|| why.to_owned());
    }
    fn emit(&mut self, value: Value) {
        self.emitted.push(value);
    }
    fn emit_side(&mut self, value: Value) {
        self.side.push(value);
    }
    fn external(&mut self, request: ExternalRequest) {
        self.requests.push(request);
    }
}

/// The permit of a checkpoint of a job that has nobody else to await.
fn permit_of(checkpoint: CheckpointId) -> CommitPermit {
    completed(checkpoint).permit()
}

fn completed(checkpoint: CheckpointId) -> CompletedCheckpoint {
    let properties = Properties {
        id: checkpoint,
        kind: CheckpointKind::Checkpoint,
        job: JobId::default(),
        job_name: "standalone".to_owned(),
        triggered: SimTime::ZERO,
        format: crate::job::SnapshotFormat::Canonical,
        metadata: MetadataVersion::V6,
    };
    AckLedger::new([]).seal(properties, Vec::new())
}
