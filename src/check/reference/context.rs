//! What an operator of the reference sees and can do.

use super::super::written::{ReferenceRow, Written};
use super::{Emission, SOME_CHECKPOINT};
use crate::effect::ExternalRequest;
use crate::job::{CheckpointId, EventTime, Origin, Registration, Value};
use crate::kernel::SimTime;
use crate::operator::Context;
use crate::rules::CommitWhen;
use crate::state::{BroadcastId, KeyedId, ListId, ListMode, LiveState, Timer, TimerKind};
use std::collections::BTreeMap;

/// Where an operator of the reference lives.
pub(super) struct Here<'a> {
    pub(super) state: &'a mut LiveState,
    pub(super) written: &'a mut Written,
    pub(super) emitted: &'a mut Vec<Emission>,
    pub(super) is_keyed: bool,
    pub(super) key: Option<Value>,
    pub(super) origin: Origin,
    pub(super) timestamp: EventTime,
    pub(super) nth: u32,
    pub(super) now: SimTime,
    pub(super) is_restored: bool,
    pub(super) failure: &'a mut Option<String>,
}

impl Here<'_> {
    fn push(&mut self, value: Value, side: bool) {
        let origin = self.origin.descend(self.nth);
        self.nth += 1;
        let timestamp = self.timestamp;
        self.emitted.push(Emission { value, origin, timestamp, side });
    }
}

impl Context for Here<'_> {
    fn keyed_state(&mut self, name: &str) -> KeyedId {
        assert!(self.is_keyed, "keyed state `{name}` needs an operator that is keyed");
        self.state.declare_keyed(name)
    }
    fn list_state(&mut self, name: &str, mode: ListMode) -> ListId {
        self.state.declare_list(name, mode)
    }
    fn register_keyed(&mut self, name: &str, registered: Registration) -> KeyedId {
        self.state.register_keyed(name, registered, self.now, true)
    }
    fn broadcast_state(&mut self, name: &str) -> BroadcastId {
        self.state.declare_broadcast(name)
    }
    fn restored_from(&self) -> Option<CheckpointId> {
        self.is_restored.then_some(SOME_CHECKPOINT)
    }
    fn subtask(&self) -> u32 {
        0
    }
    fn parallelism(&self) -> u32 {
        1
    }
    fn attempt(&self) -> u32 {
        0
    }
    fn job(&self) -> u64 {
        0
    }
    fn commit_when(&self) -> CommitWhen {
        CommitWhen::Completed
    }
    fn now(&self) -> SimTime {
        self.now
    }
    fn partitions(&self) -> u16 {
        0
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
    fn fail(&mut self, why: &str) {
        self.failure.get_or_insert_with(|| why.to_owned());
    }
    fn emit(&mut self, value: Value) {
        self.push(value, false);
    }
    fn emit_side(&mut self, value: Value) {
        self.push(value, true);
    }
    fn timestamp(&self) -> EventTime {
        self.timestamp
    }
    fn set_timestamp(&mut self, timestamp: EventTime) {
        self.timestamp = timestamp;
    }
    /// Time stands still until the end: nothing is ever late.
    fn current_watermark(&self) -> EventTime {
        EventTime::MIN
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
        self.push(value, true);
    }
    fn external(&mut self, request: ExternalRequest) {
        let (key, value) = match request {
            ExternalRequest::Append(value) | ExternalRequest::Write(_, value) => (None, value),
            ExternalRequest::Upsert(key, value) | ExternalRequest::InsertOnce(key, value) => {
                (Some(key), value)
            }
            ExternalRequest::Begin(_)
            | ExternalRequest::Prepare(..)
            | ExternalRequest::Commit(..)
            | ExternalRequest::Abort(_) => return,
        };
        self.written.push(ReferenceRow { key, value, origin: self.origin });
    }
}
