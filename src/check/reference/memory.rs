//! What the reference remembers for an operator: state and timers of its own, none of the engine's.
//!
//! Nothing here is dealt out, sliced or written: one logical subtask holds all of it.

use crate::job::{OperatorNode, Registration, StateType, Value};
use crate::kernel::SimTime;
use crate::operator::{Operator, Remembers};
use crate::state::{
    BroadcastId, FixedMap, KeyedId, ListId, ListMode, OperatorSnapshot, Timer, TimerKind,
    TimerService,
};
use std::collections::{BTreeMap, BTreeSet};

/// What one operator remembers.
#[derive(Clone, Default)]
pub(in crate::check) struct Memory {
    states: Vec<State>,
    /// By service, then by kind.
    timers: BTreeMap<(TimerService, TimerKind), BTreeSet<Timer>>,
    /// Whose of them fire.
    service: TimerService,
}

/// One state, by name and kind.
#[derive(Clone)]
struct State {
    name: String,
    held: Held,
    /// Whether the operator has asked for it; what nobody asks for is carried on.
    is_declared: bool,
}

#[derive(Clone)]
enum Held {
    Keyed { expires: bool, entries: FixedMap<Value, Option<Value>> },
    List(Vec<Value>),
    Broadcast(BTreeMap<Value, Value>),
}

impl Memory {
    /// What all subtasks of an operator had stored together.
    pub(in crate::check) fn of_snapshot(stored: &OperatorSnapshot) -> Self {
        let mut memory = Self::default();
        for (name, state) in &stored.keyed {
            if let Some((kind, service)) = TimerKind::of_state(name) {
                let timers = state.entries.iter().filter_map(|entry| {
                    let [time, _, namespace] = entry.value.as_row()? else { return None };
                    let (time, namespace) = (time.as_int()?, namespace.as_int()?);
                    Some(Timer { time, key: entry.key.clone(), namespace })
                });
                memory.timers.entry((service, kind)).or_default().extend(timers);
                continue;
            }
            let entries = state.entries.iter();
            let entries = entries.map(|entry| (entry.key.clone(), Some(entry.value.clone())));
            let entries = entries.collect();
            memory.store(name, Held::Keyed { expires: state.registered.has_ttl, entries });
        }
        for (name, list) in &stored.lists {
            let held = if list.mode == ListMode::Broadcast {
                let entries = list.items.iter().filter_map(|item| match item.as_row() {
                    Some([key, value]) => Some((key.clone(), value.clone())),
                    Some(_) | None => None,
                });
                Held::Broadcast(entries.collect())
            } else {
                Held::List(list.items.clone())
            };
            memory.store(name, held);
        }
        memory
    }

    /// The same for whoever comes next, whose timers are of this service: each state is there again once it is declared.
    pub(super) fn reopened(mut self, service: TimerService) -> Self {
        self.service = service;
        self.states.iter_mut().for_each(|state| state.is_declared = false);
        self
    }

    /// Takes out the timer that is due first.
    pub(super) fn first_timer(&mut self, kind: TimerKind) -> Option<Timer> {
        self.timers.get_mut(&(self.service, kind))?.pop_first()
    }

    fn store(&mut self, name: &str, held: Held) {
        self.states.push(State { name: name.to_owned(), held, is_declared: false });
    }

    /// Where the state of this name and kind lies, if that is there.
    fn find(&self, name: &str, is_kind: fn(&Held) -> bool) -> Option<usize> {
        self.states.iter().position(|state| state.name == name && is_kind(&state.held))
    }

    /// Declares a state: what is stored of it, else what is empty.
    fn declare(&mut self, name: &str, is_kind: fn(&Held) -> bool, empty: Held) -> usize {
        let place = self.find(name, is_kind).unwrap_or_else(|| {
            self.store(name, empty);
            self.states.len() - 1
        });
        let state = &mut self.states[place];
        assert!(!state.is_declared, "state `{name}` is declared twice");
        state.is_declared = true;
        place
    }

    fn held(&mut self, place: usize) -> &mut Held {
        let state = self.states.get_mut(place);
        &mut state.expect("the handle of a state is one that `initialize` was given").held
    }
}

impl Remembers for Memory {
    fn register_keyed(
        &mut self,
        name: &str,
        registered: Registration,
        now: SimTime,
        _ttl_may_change: bool,
    ) -> KeyedId {
        let is_keyed = |held: &Held| matches!(held, Held::Keyed { .. });
        let empty = Held::Keyed { expires: registered.has_ttl, entries: FixedMap::default() };
        let place = self.declare(name, is_keyed, empty);
        if let Held::Keyed { expires, entries } = self.held(place)
            && *expires != registered.has_ttl
        {
            *expires = registered.has_ttl;
            let values = entries.values_mut().flatten();
            values.for_each(|value| *value = stamped_or_not(value, registered.has_ttl, now));
        }
        KeyedId(place)
    }

    fn register_list(&mut self, name: &str, _mode: ListMode, _items: StateType) -> ListId {
        let is_list = |held: &Held| matches!(held, Held::List(_));
        ListId(self.declare(name, is_list, Held::List(Vec::new())))
    }

    fn declare_broadcast(&mut self, name: &str) -> BroadcastId {
        let is_broadcast = |held: &Held| matches!(held, Held::Broadcast(_));
        BroadcastId(self.declare(name, is_broadcast, Held::Broadcast(BTreeMap::new())))
    }

    #[inline]
    fn keyed(&mut self, id: KeyedId, key: &Value) -> &mut Option<Value> {
        let Held::Keyed { entries, .. } = self.held(id.0) else { other_kind() };
        entries.entry_ref(key).or_insert(None)
    }

    fn list(&mut self, id: ListId) -> &mut Vec<Value> {
        let Held::List(items) = self.held(id.0) else { other_kind() };
        items
    }

    fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value> {
        let Held::Broadcast(entries) = self.held(id.0) else { other_kind() };
        entries
    }

    fn register_timer(&mut self, kind: TimerKind, timer: Timer, _reached: i64) {
        self.timers.entry((self.service, kind)).or_default().insert(timer);
    }

    fn delete_timer(&mut self, kind: TimerKind, timer: &Timer) {
        self.timers.entry((self.service, kind)).or_default().remove(timer);
    }
}

/// What is carried of an operator from one segment into the next.
pub(in crate::check) struct Remembered {
    /// What it has declared.
    pub(super) declared: Memory,
    /// The operator as it was, as if nothing had happened; none once it has seen the end of its data.
    pub(super) instance: Option<Instance>,
}

/// An operator with all that it knows, declared or not.
pub(super) struct Instance {
    pub(super) node: OperatorNode,
    pub(super) operator: Box<dyn Operator>,
    pub(super) memory: Memory,
}

impl Remembered {
    /// State that was stored, of an operator that is no more.
    pub(in crate::check) fn stored(stored: &OperatorSnapshot) -> Self {
        Self { declared: Memory::of_snapshot(stored), instance: None }
    }
}

impl Clone for Remembered {
    fn clone(&self) -> Self {
        let instance = self.instance.as_ref().map(|of| Instance {
            node: of.node.clone(),
            operator: of.operator.fork(),
            memory: of.memory.clone(),
        });
        Self { declared: self.declared.clone(), instance }
    }
}

/// A value as a state keeps it whose values expire, a row with the time of its last change; or the value of such a row.
fn stamped_or_not(value: &Value, expires: bool, now: SimTime) -> Value {
    match value.as_row() {
        _ if expires => {
            Value::row([value.clone(), Value::Int(i64::try_from(now.nanos()).unwrap_or(i64::MAX))])
        }
        Some([value, _]) => value.clone(),
        Some(_) | None => value.clone(),
    }
}

#[cold]
fn other_kind() -> ! {
    panic!("the handle of a state is not one that this operator was given")
}
