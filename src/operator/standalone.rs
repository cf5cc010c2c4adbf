//! One subtask of one operator outside an engine, for testing operators.

use super::{Context, InputLog, Inputs, Log, Operator, Outside, Poll, Subtask, Surroundings};
use crate::effect::ExternalRequest;
use crate::job::{Attempt, CheckpointId, CheckpointKind, EventTime, InputId, JobId, KeyBy, Value};
use crate::kernel::SimTime;
use crate::rules::{CommitWhen, MetadataVersion, Release, Rules, StateHandles};
use crate::state::{
    AckLedger, CommitPermit, LiveState, OperatorSnapshot, Properties, TimerKind, TimerService,
};
use crate::trace::SourcePosition;
use std::sync::Arc;

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
    state: LiveState,
    key_by: Option<KeyBy>,
    timers: TimerService,
    subtask: Subtask,
    input: Option<(Inputs, InputId)>,
    rules: Rules,
    restored: Option<CheckpointId>,
    watermark: EventTime,
    now: SimTime,
    last_barrier: Option<CheckpointId>,
    asked: Asked,
}

/// What it emitted and asked for.
#[derive(Clone, Default)]
struct Asked {
    emitted: Vec<Value>,
    side: Vec<Value>,
    requests: Vec<ExternalRequest>,
    failure: Option<String>,
}

impl Outside for &mut Asked {
    fn emit(&mut self, value: Value, is_side: bool, _timestamp: EventTime) {
        if is_side { self.side.push(value) } else { self.emitted.push(value) }
    }
    fn fail(&mut self, why: &str) {
        self.failure.get_or_insert_with(|| why.to_owned());
    }
    fn external(&mut self, request: ExternalRequest) {
        self.requests.push(request);
    }
}

impl Standalone {
    /// An operator that is not keyed, as the only subtask, in its first attempt, at time 0. Not started yet.
    pub fn new(operator: Box<dyn Operator>) -> Self {
        let attempt = Attempt::default();
        Self {
            operator,
            state: LiveState::default(),
            key_by: None,
            timers: TimerService::User,
            subtask: Subtask {
                index: 0,
                parallelism: 1,
                attempt,
                job: 1,
                partitions: 0,
                is_checkpointed: true,
            },
            input: None,
            rules: Release::default().rules(),
            restored: None,
            watermark: EventTime::MIN,
            now: SimTime::ZERO,
            last_barrier: None,
            asked: Asked::default(),
        }
    }

    /// Keys its values.
    #[must_use]
    pub fn keyed_by(mut self, key_by: KeyBy) -> Self {
        self.key_by = Some(key_by);
        self
    }

    /// Makes its timers those of another service than `user-timers`.
    #[must_use]
    pub fn timers_of(mut self, service: TimerService) -> Self {
        self.timers = service;
        self
    }

    /// Makes it subtask `subtask` of `parallelism`. Panics if there is no such subtask.
    #[must_use]
    pub fn subtask_of(mut self, subtask: u32, parallelism: u32) -> Self {
        assert!(subtask < parallelism, "there is no subtask {subtask} of {parallelism}");
        (self.subtask.index, self.subtask.parallelism) = (subtask, parallelism);
        self
    }

    /// Makes it another execution attempt.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.subtask.attempt = Attempt::new(attempt);
        self
    }

    /// Gives a source's input so many partitions.
    #[must_use]
    pub fn partitions(mut self, partitions: u16) -> Self {
        self.subtask.partitions = partitions;
        self
    }

    /// Gives a source an input of this name to read, which it is polled with.
    #[must_use]
    pub fn reading(mut self, name: &str, log: &Arc<Log>) -> Self {
        self.subtask.partitions = log.partitions();
        let place = log.id().index();
        let names = (0..=place).map(|at| if at == place { name } else { "" });
        let empty = |at| Arc::new(Log::new(InputId::new(at), 1, SimTime::ZERO, Vec::new().into()));
        let logs = (0..place).map(empty).chain([Arc::clone(log)]).collect();
        self.input = Some((Inputs::new(names, logs), log.id()));
        self
    }

    /// Lets a two-phase sink commit at another moment.
    #[must_use]
    pub fn commit_when(mut self, commit_when: CommitWhen) -> Self {
        self.rules.commit_when = commit_when;
        self
    }

    /// Initializes and opens it, with no state.
    #[must_use]
    pub fn start(mut self) -> Self {
        self.call(|operator, context| {
            operator.initialize(context);
            operator.open(context);
        });
        self
    }

    /// Initializes, restores and opens it, with the state that it was dealt of a completed checkpoint.
    #[must_use]
    pub fn restore(mut self, checkpoint: CheckpointId, state: OperatorSnapshot) -> Self {
        self.state = LiveState::restored(state);
        if let Some(key_by) = self.key_by {
            self.state.open_keyed(key_by.key_type, self.timers);
        }
        self.restored = Some(checkpoint);
        self.call(|operator, context| {
            operator.initialize(context);
            operator.restored(permit_of(checkpoint), context);
            operator.open(context);
        });
        self
    }

    /// Gives it a value. Panics if it is keyed and the value has no such column.
    pub fn process(&mut self, input: u8, value: Value) {
        self.process_at(input, value, EventTime::MIN);
    }

    /// Gives it a value that happened at a time.
    pub fn process_at(&mut self, input: u8, value: Value, timestamp: EventTime) {
        let key = self.key_by.map(|key_by| {
            key_by.key_in(input, &value).expect("the value has the column of the key")
        });
        self.call_for(key.as_ref(), timestamp, |operator, context| {
            operator.process(input, value, context);
        });
    }

    /// Lets event time come this far: the timers that are due by then fire.
    pub fn advance_watermark(&mut self, watermark: EventTime) {
        self.watermark = self.watermark.max(watermark);
        self.fire(TimerKind::Event, watermark.millis());
    }

    fn fire(&mut self, kind: TimerKind, now: i64) {
        if self.state.timers().is_none() {
            return;
        }
        while let Some(timer) = self.state.timers_mut().of_mut(kind).pop_due(now) {
            let timestamp = match kind {
                TimerKind::Event => EventTime::from_millis(timer.time),
                TimerKind::Processing => EventTime::MIN,
            };
            self.call_for(Some(&timer.key), timestamp, |operator, context| {
                operator.on_timer(kind, &timer, context);
            });
        }
    }

    fn call<R>(&mut self, act: impl FnOnce(&mut dyn Operator, &mut dyn Context) -> R) -> R {
        self.call_for(None, EventTime::MIN, act)
    }

    fn call_for<R>(
        &mut self,
        key: Option<&Value>,
        mut timestamp: EventTime,
        act: impl FnOnce(&mut dyn Operator, &mut dyn Context) -> R,
    ) -> R {
        let mut surroundings = Surroundings {
            outside: &mut self.asked,
            state: &mut self.state,
            subtask: &self.subtask,
            input: self.input.as_ref().map(|(inputs, own)| inputs.seen_from(*own)),
            positions_of_all: None,
            rules: &self.rules,
            restored: self.restored,
            is_own_entry_restored: self.restored.is_some(),
            is_keyed: self.key_by.is_some(),
            key,
            timestamp: &mut timestamp,
            watermark: self.watermark,
            now: self.now,
        };
        act(self.operator.as_mut(), &mut surroundings)
    }

    /// Lets a source read on.
    pub fn poll(&mut self, log: &dyn InputLog) -> Poll {
        self.call(|operator, context| operator.poll(log, context))
    }

    /// Where a source stands.
    pub fn positions(&mut self) -> Vec<SourcePosition> {
        self.call(|operator, context| operator.positions(context))
    }

    /// Sets the clock; the processing-time timers that are due by then fire. Panics if it would run backwards.
    pub fn advance_to(&mut self, now: SimTime) {
        assert!(now >= self.now, "the clock does not run backwards");
        self.now = now;
        self.fire(TimerKind::Processing, i64::try_from(now.nanos()).unwrap_or(i64::MAX));
    }

    /// Brings it a barrier and draws its snapshot.
    pub fn barrier(&mut self, checkpoint: CheckpointId) -> OperatorSnapshot {
        self.last_barrier = Some(checkpoint);
        self.call(|operator, context| {
            operator.prepare_snapshot(checkpoint, context);
            operator.snapshot(checkpoint, context);
        });
        self.state.snapshot(self.key_by, KEY_GROUPS, self.timers)
    }

    /// Tells it that a checkpoint completed. Panics if it has not had its barrier.
    pub fn complete(&mut self, checkpoint: CheckpointId) {
        assert!(
            self.last_barrier >= Some(checkpoint),
            "checkpoint {checkpoint} completed without the ack of its only subtask"
        );
        self.call(|operator, context| {
            operator.checkpoint_complete(permit_of(checkpoint), context);
        });
    }

    /// Tells it that a checkpoint was aborted.
    pub fn abort(&mut self, checkpoint: CheckpointId) {
        self.call(|operator, context| operator.checkpoint_aborted(checkpoint, context));
    }

    /// Ends one input.
    pub fn end_input(&mut self, input: u8) {
        self.call(|operator, context| operator.end_input(input, context));
    }

    /// Lets it finish, once all inputs have ended.
    pub fn finish(&mut self) {
        self.call(|operator, context| operator.finish(context));
    }

    /// Closes it.
    pub fn close(&mut self) {
        self.call(|operator, context| operator.close(context));
    }

    /// Why it failed its task, if it did. In a job it would not have been called since.
    pub fn failure(&self) -> Option<&str> {
        self.asked.failure.as_deref()
    }

    /// What it emitted since this was last asked.
    pub fn take_emitted(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.asked.emitted)
    }

    /// What it sent to the side output since this was last asked.
    pub fn take_side(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.asked.side)
    }

    /// What it asked of its external system since this was last asked.
    pub fn take_requests(&mut self) -> Vec<ExternalRequest> {
        std::mem::take(&mut self.asked.requests)
    }
}

/// As a fork of the world copies it.
impl Clone for Standalone {
    fn clone(&self) -> Self {
        Self {
            operator: self.operator.fork(),
            state: self.state.clone(),
            asked: self.asked.clone(),
            rules: self.rules.clone(),
            input: self.input.clone(),
            ..*self
        }
    }
}

/// The permit of a checkpoint of a job that has nobody else to await.
fn permit_of(checkpoint: CheckpointId) -> CommitPermit {
    let properties = Properties {
        id: checkpoint,
        kind: CheckpointKind::Checkpoint,
        job: JobId::default(),
        job_name: "standalone".to_owned(),
        triggered: SimTime::ZERO,
        format: crate::job::SnapshotFormat::Canonical,
        metadata: MetadataVersion::V6,
        handles: StateHandles::Of1_15,
    };
    AckLedger::new([]).seal(properties, Vec::new()).permit()
}
