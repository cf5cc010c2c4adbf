//! The engine's side of what an operator can see and do.

use super::Identity;
use crate::effect::{ExternalRequest, ReaderEvent, TaskEffects, ToJob};
use crate::job::{
    CheckpointId, EventTime, ExternalId, OperatorId, Origin, Registration, StateType, Value,
};
use crate::kernel::SimTime;
use crate::operator::Context;
use crate::rules::CommitWhen;
use crate::state::{BroadcastId, KeyedId, ListId, ListMode, LiveState, Timer, TimerKind};
use crate::trace::TaskEvent;
use std::collections::BTreeMap;

/// Lent to an operator for one call.
pub(super) struct EngineContext<'a> {
    pub(super) state: &'a mut LiveState,
    pub(super) key: Option<&'a Value>,
    pub(super) is_keyed: bool,
    pub(super) origin: Origin,
    /// Of the record or timer at hand, and of what is emitted.
    pub(super) timestamp: &'a mut EventTime,
    pub(super) watermark: EventTime,
    pub(super) operator: OperatorId,
    pub(super) now: SimTime,
    pub(super) identity: &'a Identity,
    pub(super) restored: Option<CheckpointId>,
    pub(super) is_own_entry_restored: bool,
    pub(super) partitions: u16,
    pub(super) external: Option<ExternalId>,
    pub(super) emitted: &'a mut Vec<(bool, Value)>,
    pub(super) effects: &'a mut TaskEffects,
}

impl EngineContext<'_> {
    fn timer(&self, time: i64, namespace: i64) -> Timer {
        let key = self.key.unwrap_or_else(|| no_key("a timer")).clone();
        Timer { time, key, namespace }
    }

    fn assert_keyed(&self, name: &str) {
        assert!(
            self.is_keyed,
            "keyed state `{name}` needs an operator that is keyed: give it `key-by`, or say `keyed` in its catalogue entry"
        );
    }
}

impl Context for EngineContext<'_> {
    fn keyed_state(&mut self, name: &str) -> KeyedId {
        self.assert_keyed(name);
        self.state.declare_keyed(name)
    }
    fn list_state(&mut self, name: &str, mode: ListMode) -> ListId {
        self.state.declare_list(name, mode)
    }
    fn register_keyed(&mut self, name: &str, registered: Registration) -> KeyedId {
        self.assert_keyed(name);
        let may_change = self.identity.rules.ttl_may_change;
        self.state.register_keyed(name, registered, self.now, may_change)
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
        self.partitions
    }
    fn subtask(&self) -> u32 {
        self.identity.subtask
    }
    fn parallelism(&self) -> u32 {
        self.identity.parallelism
    }
    fn attempt(&self) -> u32 {
        self.identity.attempt.number()
    }
    fn job(&self) -> u64 {
        self.identity.job
    }
    fn now(&self) -> SimTime {
        self.now
    }
    fn final_committables_sent(&self) -> bool {
        self.identity.rules.final_committables_sent
    }
    fn restored_transactions_committed(&self) -> bool {
        self.identity.rules.restored_transactions_committed
    }
    fn restored_committables_committed(&self) -> bool {
        self.identity.rules.restored_committables_committed
    }
    fn markers_are_stable(&self) -> bool {
        self.identity.rules.markers_are_stable
    }
    fn commit_when(&self) -> CommitWhen {
        self.identity.rules.commit_when
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
        self.effects.failure.get_or_insert_with(|| why.into());
    }
    #[inline]
    fn emit(&mut self, value: Value) {
        self.emitted.push((false, value));
    }
    #[inline]
    fn emit_side(&mut self, value: Value) {
        self.emitted.push((true, value));
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
        self.state.timers_mut().of_mut(kind).register(timer);
        if kind == TimerKind::Processing {
            let at = SimTime::from_nanos(u64::try_from(time).unwrap_or(0));
            self.effects.wake = Some(self.effects.wake.map_or(at, |wake| wake.min(at)));
        }
    }
    fn delete_timer(&mut self, kind: TimerKind, time: i64, namespace: i64) {
        let timer = self.timer(time, namespace);
        self.state.timers_mut().of_mut(kind).delete(&timer);
    }
    fn emit_late(&mut self, value: Value) {
        let (operator, origin) = (self.operator, self.origin);
        let (timestamp, watermark) = (*self.timestamp, self.watermark);
        self.effects.events.push(TaskEvent::LateDropped { operator, origin, timestamp, watermark });
        self.emitted.push((true, value));
    }
    fn ask_for_split(&mut self) {
        self.effects.messages.push(ToJob::Reader(ReaderEvent::Asks));
    }
    fn external(&mut self, request: ExternalRequest) {
        let external = self.external.expect("only a sink writes to an external system");
        self.effects.external.push((external, request, self.origin));
    }
}

/// What an operator asked for needs a key, and there is none.
#[cold]
fn no_key(what: &str) -> ! {
    panic!("{what} is there in `process` and `on_timer` of a keyed operator only");
}
