//! What an operator sees and can do, whoever calls it: the engine, the reference evaluation, or a test of its own.

use super::{Context, InputLog, Reading};
use crate::effect::{ExternalRequest, PositionsOfAll};
use crate::job::{Attempt, CheckpointId, EventTime, Registration, StateType, Value};
use crate::kernel::SimTime;
use crate::rules::{CommitWhen, Rules};
use crate::state::{
    BroadcastId, CommitPermit, KeyedId, ListId, ListMode, LiveState, Timer, TimerKind,
};
use std::collections::BTreeMap;

/// Which subtask of an operator it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subtask {
    /// Its index, from 0.
    pub(crate) index: u32,
    /// How many of them there are.
    pub(crate) parallelism: u32,
    /// Which life of it this is.
    pub(crate) attempt: Attempt,
    /// The first eight bytes of the run's job id.
    pub(crate) job: u64,
    /// How many partitions its input has, where no input is given.
    pub(crate) partitions: u16,
    /// Whether its job takes periodic checkpoints.
    pub(crate) is_checkpointed: bool,
}

/// What becomes of what an operator emits and asks for.
pub(crate) trait Outside {
    fn emit(&mut self, value: Value, is_side: bool, timestamp: EventTime);
    fn emit_late(&mut self, value: Value, timestamp: EventTime, _watermark: EventTime) {
        self.emit(value, true, timestamp);
    }
    fn fail(&mut self, why: &str);
    fn external(&mut self, request: ExternalRequest);
    /// A timer of virtual time was registered.
    fn wake_at(&mut self, _time: i64) {}
    fn ask_for_split(&mut self) {}
}

/// What remembers for an operator: the state of a subtask, or the reference's own.
pub(crate) trait Remembers {
    fn register_keyed(
        &mut self,
        name: &str,
        registered: Registration,
        now: SimTime,
        ttl_may_change: bool,
    ) -> KeyedId;
    fn register_list(&mut self, name: &str, mode: ListMode, items: StateType) -> ListId;
    fn declare_broadcast(&mut self, name: &str) -> BroadcastId;
    fn keyed(&mut self, id: KeyedId, key: &Value) -> &mut Option<Value>;
    fn list(&mut self, id: ListId) -> &mut Vec<Value>;
    fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value>;
    /// Registers a timer, where its time has come so far.
    fn register_timer(&mut self, kind: TimerKind, timer: Timer, reached: i64);
    fn delete_timer(&mut self, kind: TimerKind, timer: &Timer);
}

impl Remembers for LiveState {
    fn register_keyed(
        &mut self,
        name: &str,
        registered: Registration,
        now: SimTime,
        ttl_may_change: bool,
    ) -> KeyedId {
        self.register_keyed(name, registered, now, ttl_may_change)
    }
    fn register_list(&mut self, name: &str, mode: ListMode, items: StateType) -> ListId {
        self.register_list(name, mode, items)
    }
    fn declare_broadcast(&mut self, name: &str) -> BroadcastId {
        self.declare_broadcast(name)
    }
    #[inline]
    fn keyed(&mut self, id: KeyedId, key: &Value) -> &mut Option<Value> {
        self.keyed(id, key)
    }
    fn list(&mut self, id: ListId) -> &mut Vec<Value> {
        self.list(id)
    }
    fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value> {
        self.broadcast(id)
    }
    fn register_timer(&mut self, kind: TimerKind, timer: Timer, reached: i64) {
        self.timers_mut().of_mut(kind).register_at(timer, reached);
    }
    fn delete_timer(&mut self, kind: TimerKind, timer: &Timer) {
        self.timers_mut().of_mut(kind).delete(timer);
    }
}

/// Lent to an operator for one call.
pub(crate) struct Surroundings<'a, O, S = LiveState> {
    pub(crate) outside: O,
    pub(crate) state: &'a mut S,
    pub(crate) subtask: &'a Subtask,
    /// What it reads, if it is a source.
    pub(crate) input: Option<Reading<'a>>,
    /// What all of its subtasks together had read.
    pub(crate) positions_of_all: Option<&'a PositionsOfAll>,
    pub(crate) rules: &'a Rules,
    pub(crate) restored: Option<CheckpointId>,
    pub(crate) is_own_entry_restored: bool,
    pub(crate) is_keyed: bool,
    pub(crate) key: Option<&'a Value>,
    /// Of the record or timer at hand, and of what is emitted.
    pub(crate) timestamp: &'a mut EventTime,
    pub(crate) watermark: EventTime,
    pub(crate) now: SimTime,
}

impl<O, S> Surroundings<'_, O, S> {
    fn timer(&self, time: i64, namespace: i64) -> Timer {
        let key = self.key.unwrap_or_else(|| no_key("a timer")).clone();
        Timer { time, key, namespace }
    }
}

impl<O: Outside, S: Remembers> Context for Surroundings<'_, O, S> {
    fn keyed_state(&mut self, name: &str) -> KeyedId {
        self.register_keyed(name, Registration::default())
    }
    fn list_state(&mut self, name: &str, mode: ListMode) -> ListId {
        self.register_list(name, mode, StateType::Any)
    }
    fn register_keyed(&mut self, name: &str, registered: Registration) -> KeyedId {
        assert!(
            self.is_keyed,
            "keyed state `{name}` needs an operator that is keyed: give it `key-by`, or say `keyed` in its catalogue entry"
        );
        self.state.register_keyed(name, registered, self.now, self.rules.ttl_may_change)
    }
    fn register_list(&mut self, name: &str, mode: ListMode, items: StateType) -> ListId {
        self.state.register_list(name, mode, items)
    }
    fn broadcast_state(&mut self, name: &str) -> BroadcastId {
        self.state.declare_broadcast(name)
    }
    fn restored_from(&self) -> Option<CheckpointId> {
        self.restored
    }
    fn is_own_entry_restored(&self) -> bool {
        self.is_own_entry_restored
    }
    fn partitions(&self) -> u16 {
        let input = self.input.as_ref();
        input.map_or(self.subtask.partitions, |input| input.partitions_at(self.now))
    }
    fn input(&self) -> Option<&dyn InputLog> {
        self.input.as_ref().map(|input| -> &dyn InputLog { input })
    }
    fn positions_of_all(&self) -> Option<&PositionsOfAll> {
        self.positions_of_all
    }
    fn unsubscribed_positions_dropped(&self) -> bool {
        self.rules.unsubscribed_positions_dropped
    }
    fn new_partitions_found(&self) -> bool {
        self.rules.new_partitions_found
    }
    fn subtask(&self) -> u32 {
        self.subtask.index
    }
    fn parallelism(&self) -> u32 {
        self.subtask.parallelism
    }
    fn attempt(&self) -> u32 {
        self.subtask.attempt.number()
    }
    fn job(&self) -> u64 {
        self.subtask.job
    }
    fn now(&self) -> SimTime {
        self.now
    }
    fn final_committables_sent(&self) -> bool {
        self.rules.final_committables_sent
    }
    fn restored_transactions_committed(&self) -> bool {
        self.rules.restored_transactions_committed
    }
    fn restored_committables_committed(&self) -> bool {
        self.rules.restored_committables_committed
    }
    fn permit_at_end(&self) -> Option<CommitPermit> {
        let commits = self.rules.committers_commit_at_end && !self.subtask.is_checkpointed;
        commits.then(CommitPermit::at_end_of_input)
    }
    fn ended_committers_commit_all(&self) -> bool {
        self.rules.ended_committers_commit_all
    }
    fn markers_are_stable(&self) -> bool {
        self.rules.markers_are_stable
    }
    fn union_entries_owned(&self) -> bool {
        self.rules.union_entries_owned
    }
    fn commit_when(&self) -> CommitWhen {
        self.rules.commit_when
    }
    #[inline]
    fn key(&self) -> &Value {
        self.key.unwrap_or_else(|| no_key("the key"))
    }
    #[inline]
    fn keyed(&mut self, id: KeyedId) -> &mut Option<Value> {
        let key = self.key.unwrap_or_else(|| no_key("keyed state"));
        self.state.keyed(id, key)
    }
    fn list(&mut self, id: ListId) -> &mut Vec<Value> {
        self.state.list(id)
    }
    fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value> {
        self.state.broadcast(id)
    }
    #[cold]
    fn fail(&mut self, why: &str) {
        self.outside.fail(why);
    }
    #[inline]
    fn emit(&mut self, value: Value) {
        self.outside.emit(value, false, *self.timestamp);
    }
    #[inline]
    fn emit_side(&mut self, value: Value) {
        self.outside.emit(value, true, *self.timestamp);
    }
    fn timestamp(&self) -> EventTime {
        *self.timestamp
    }
    fn set_timestamp(&mut self, timestamp: EventTime) {
        *self.timestamp = timestamp;
    }
    fn current_watermark(&self) -> EventTime {
        self.watermark
    }
    fn register_timer(&mut self, kind: TimerKind, time: i64, namespace: i64) {
        let timer = self.timer(time, namespace);
        let reached = match kind {
            TimerKind::Event => self.watermark.millis(),
            TimerKind::Processing => i64::try_from(self.now.nanos()).unwrap_or(i64::MAX),
        };
        self.state.register_timer(kind, timer, reached);
        if kind == TimerKind::Processing {
            self.outside.wake_at(time);
        }
    }
    fn delete_timer(&mut self, kind: TimerKind, time: i64, namespace: i64) {
        let timer = self.timer(time, namespace);
        self.state.delete_timer(kind, &timer);
    }
    fn emit_late(&mut self, value: Value) {
        self.outside.emit_late(value, *self.timestamp, self.watermark);
    }
    fn ask_for_split(&mut self) {
        self.outside.ask_for_split();
    }
    fn external(&mut self, request: ExternalRequest) {
        self.outside.external(request);
    }
}

/// What an operator asked for needs a key, and there is none.
#[cold]
fn no_key(what: &str) -> ! {
    panic!("{what} is there in `process` and `on_timer` of a keyed operator only");
}
