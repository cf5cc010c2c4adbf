//! The live state of one subtask of one operator.

use super::live_timers::LiveTimers;
use super::registered::{check_keyed, check_list};
use crate::job::{
    KeyBy, KeyType, OperatorId, Registration, StateType, Value, java_hash_code, key_group,
};
use crate::kernel::SimTime;
use crate::state::{
    FixedMap, Incompatible, KeyedEntry, KeyedSnapshot, ListMode, ListSnapshot, OperatorSnapshot,
    TimerService,
};
use crate::trace::{Declared, StateKind, StateUnit};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A keyed state that an operator declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyedId(pub(crate) usize);

/// A list state that an operator declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListId(pub(crate) usize);

/// A broadcast state that an operator declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BroadcastId(pub(crate) usize);

#[derive(Clone, Debug)]
struct Table {
    name: Arc<str>,
    registered: Registration,
    entries: FixedMap<Value, Option<Value>>,
}

#[derive(Clone, Debug)]
struct List {
    name: Arc<str>,
    mode: ListMode,
    items_type: StateType,
    items: Vec<Value>,
    ordinal: u16,
}

#[derive(Clone, Debug)]
struct Broadcast {
    name: Arc<str>,
    entries: BTreeMap<Value, Value>,
    ordinal: u16,
}

impl Broadcast {
    /// Its entries, a row each.
    fn rows(&self) -> Vec<Value> {
        let row = |(key, value): (&Value, &Value)| Value::row([key.clone(), value.clone()]);
        self.entries.iter().map(row).collect()
    }
}

/// What one subtask of one operator remembers.
#[derive(Clone, Debug, Default)]
pub struct LiveState {
    keyed: Vec<Table>,
    lists: Vec<List>,
    broadcast: Vec<Broadcast>,
    /// None until the first is registered.
    timers: Option<Box<LiveTimers>>,
    /// Restored state that no declaration has claimed; a declaration of its name and kind takes it.
    restored: OperatorSnapshot,
    /// Why a declaration could not have what was restored under its name.
    refused: Option<Incompatible>,
    /// Of what type the restored keys are, as long as no key has come that can be held against them.
    restored_keys: Option<KeyType>,
    /// How many lists were ever registered, by this subtask or those that it was restored from.
    ordinals: u16,
    /// Which states were declared of which nothing was restored.
    fresh: Vec<(Arc<str>, StateKind)>,
}

impl LiveState {
    /// Starts from what a restore assigned, or from nothing.
    pub fn restored(snapshot: OperatorSnapshot) -> Self {
        let last = snapshot.lists.values().map(|list| list.ordinal).max();
        let ordinals = last.map_or(0, |last| last.saturating_add(1));
        let is_shared = snapshot.lists.values().any(ListSnapshot::is_shared);
        let refused = is_shared.then_some(Incompatible::SharedEntry);
        Self { restored: snapshot, ordinals, refused, ..Self::default() }
    }

    /// Of an operator that was restored and has declared all of its states, what it was given and did not declare, and what
    /// it declared and was given nothing of; none if neither is.
    pub fn declared(&self, operator: OperatorId) -> Declared {
        let unit = |name: &Arc<str>, kind| StateUnit { operator, name: Arc::clone(name), kind };
        let unread = self.restored.sums(operator).into_iter().map(|sum| sum.unit);
        let mut declared = Declared::default();
        declared.unread.extend(unread);
        declared.fresh.extend(self.fresh.iter().map(|(name, kind)| unit(name, *kind)));
        declared
    }

    /// Begins with the keyed state of an operator whose keys are of this type: all that was restored must be, be it declared
    /// or not; restored timers of its service are there again.
    pub fn open_keyed(&mut self, keys: KeyType, service: TimerService) {
        assert!(self.timers.is_none(), "timers are declared before any is registered");
        let restored = self.restored.keyed.values();
        let mut was = restored.map(|state| match (state.registered.keys, state.entries.first()) {
            (KeyType::Auto, Some(entry)) => KeyType::of(&entry.key),
            (named, _) => named,
        });
        if let Some(was) = was.clone().find(|was| !keys.reads(*was)) {
            self.refused = Some(Incompatible::Keys { was, now: keys });
        }
        self.restored_keys = was.find(|was| *was != KeyType::Auto && keys == KeyType::Auto);
        self.timers = LiveTimers::take_from(&mut self.restored, service).map(Box::new);
    }

    /// The timers of this subtask, if any was ever registered.
    #[inline]
    pub fn timers(&self) -> Option<&LiveTimers> {
        self.timers.as_deref()
    }

    /// The timers of this subtask.
    pub fn timers_mut(&mut self) -> &mut LiveTimers {
        self.timers.get_or_insert_default()
    }

    /// Declares a keyed state of this kind and type; entries restored under its name are in it. Where only one of snapshot and
    /// program has values that expire, and that may be, the values are taken to have changed just now.
    pub fn register_keyed(
        &mut self,
        name: &str,
        registered: Registration,
        now: SimTime,
        ttl_may_change: bool,
    ) -> KeyedId {
        assert!(
            self.keyed.iter().all(|table| &*table.name != name),
            "keyed state `{name}` is declared twice"
        );
        let mut entries = FixedMap::default();
        if !self.restored.keyed.contains_key(name) {
            self.fresh.push((Arc::from(name), StateKind::Keyed));
        }
        if let Some(restored) = self.restored.keyed.remove(name) {
            let was = restored.registered;
            let checked = check_keyed(was, registered, ttl_may_change);
            self.refused = self.refused.or(checked.err());
            let migrated = |value| match (was.has_ttl, registered.has_ttl) {
                (false, true) => stamped(value, now),
                (true, false) => unstamped(&value).map_or(value, |(value, _)| value),
                (true, true) | (false, false) => value,
            };
            let restored = restored.entries.into_iter();
            entries = restored.map(|entry| (entry.key, Some(migrated(entry.value)))).collect();
        }
        self.keyed.push(Table { name: Arc::from(name), registered, entries });
        KeyedId(self.keyed.len() - 1)
    }

    /// Holds the first key that comes against those that were restored, where the operator does not say of which type its
    /// keys are.
    ///
    /// # Errors
    ///
    /// It is of another type.
    #[inline]
    pub fn check_key(&mut self, key: &Value) -> Result<(), Incompatible> {
        let Some(was) = self.restored_keys else { return Ok(()) };
        assert!(was != KeyType::Auto, "a key is held against keys of no type");
        self.restored_keys = None;
        let now = KeyType::of(key);
        if now == was { Ok(()) } else { Err(Incompatible::Keys { was, now }) }
    }

    /// Why a declaration could not have what was restored under its name, if one could not.
    pub const fn refused(&self) -> Option<Incompatible> {
        self.refused
    }

    /// The list and broadcast states that were declared, with their items.
    pub fn lists(&self) -> impl Iterator<Item = (&Arc<str>, Vec<Value>)> {
        let lists = self.lists.iter().map(|list| (&list.name, list.items.clone()));
        lists.chain(self.broadcast.iter().map(|map| (&map.name, map.rows())))
    }

    /// Declares a split or union list state of items of this type; those restored under its name are in it. A broadcast state
    /// of its name is another state.
    pub fn register_list(&mut self, name: &str, mode: ListMode, items_type: StateType) -> ListId {
        assert!(
            self.lists.iter().all(|list| &*list.name != name),
            "list state `{name}` is declared twice"
        );
        let restored = self.restored_list(name, |was| was != ListMode::Broadcast);
        if let Some(was) = &restored {
            let checked = check_list((was.mode, was.items_type), (mode, items_type));
            self.refused = self.refused.or(checked.err());
        }
        if restored.is_none() {
            self.fresh.push((Arc::from(name), mode.into()));
        }
        let ordinal = self.ordinal_of(restored.as_ref());
        let items = restored.map_or_else(Vec::new, |list| list.items);
        self.lists.push(List { name: Arc::from(name), mode, items_type, items, ordinal });
        ListId(self.lists.len() - 1)
    }

    /// Declares a broadcast state; entries restored under its name are in it.
    pub fn declare_broadcast(&mut self, name: &str) -> BroadcastId {
        assert!(
            self.broadcast.iter().all(|map| &*map.name != name),
            "broadcast state `{name}` is declared twice"
        );
        let restored = self.restored_list(name, |was| was == ListMode::Broadcast);
        if restored.is_none() {
            self.fresh.push((Arc::from(name), StateKind::Broadcast));
        }
        let ordinal = self.ordinal_of(restored.as_ref());
        let items = restored.map_or_else(Vec::new, |list| list.items);
        let entries = items.iter().filter_map(|item| match item.as_row() {
            Some([key, value]) => Some((key.clone(), value.clone())),
            Some(_) | None => None,
        });
        let entries = entries.collect();
        self.broadcast.push(Broadcast { name: Arc::from(name), entries, ordinal });
        BroadcastId(self.broadcast.len() - 1)
    }

    /// The place of a list in the order of registrations: that which it had, or the next one.
    fn ordinal_of(&mut self, restored: Option<&ListSnapshot>) -> u16 {
        restored.map_or_else(
            || {
                self.ordinals = self.ordinals.saturating_add(1);
                self.ordinals - 1
            },
            |restored| restored.ordinal,
        )
    }

    /// What was restored under a name, if it is of a mode that is looked for.
    fn restored_list(
        &mut self,
        name: &str,
        is_wanted: impl FnOnce(ListMode) -> bool,
    ) -> Option<ListSnapshot> {
        let is_there = self.restored.lists.get(name).is_some_and(|list| is_wanted(list.mode));
        is_there.then(|| self.restored.lists.remove(name))?
    }

    /// What is remembered under a key; `None` means nothing, and leaving it so stores nothing.
    #[inline]
    pub fn keyed(&mut self, id: KeyedId, key: &Value) -> &mut Option<Value> {
        let table = self.keyed.get_mut(id.0).unwrap_or_else(|| unknown("keyed"));
        table.entries.entry_ref(key).or_insert(None)
    }

    /// The items of a list state.
    pub fn list(&mut self, id: ListId) -> &mut Vec<Value> {
        &mut self.lists.get_mut(id.0).unwrap_or_else(|| unknown("list")).items
    }

    /// The entries of a broadcast state.
    pub fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value> {
        &mut self.broadcast.get_mut(id.0).unwrap_or_else(|| unknown("broadcast")).entries
    }

    /// Draws the state as it is now, with each key's group under the operator's own max parallelism; its timers are those of
    /// its service.
    pub fn snapshot(
        &self,
        key_by: Option<KeyBy>,
        max_parallelism: u32,
        service: TimerService,
    ) -> OperatorSnapshot {
        let has_groups = self.keyed.is_empty() || max_parallelism > 0;
        assert!(has_groups, "keyed state is drawn of an operator without key groups");
        let mut snapshot = self.restored.clone();
        if key_by.is_none() {
            // Without a backend for it, what was keyed is not written again (`StreamOperatorStateHandler`).
            snapshot.keyed.clear();
        }
        for table in &self.keyed {
            let key_type = key_by.expect("a keyed state belongs to a keyed operator").key_type;
            let mut entries = Vec::with_capacity(table.entries.len());
            entries.extend(table.entries.iter().filter_map(|(key, value)| {
                let group = group_of(key, key_type, max_parallelism);
                Some(KeyedEntry { group, key: key.clone(), value: value.clone()? })
            }));
            let state = KeyedSnapshot { entries, registered: table.registered };
            let twin = snapshot.keyed.insert(Arc::clone(&table.name), state);
            assert!(twin.is_none(), "keyed state `{}` was restored and never claimed", table.name);
        }
        if let Some(timers) = &self.timers {
            let key_type = key_by.expect("timers belong to a keyed operator").key_type;
            timers.put_into(&mut snapshot, service, |key| group_of(key, key_type, max_parallelism));
        }
        for state in snapshot.keyed.values_mut() {
            state.registered.keys = key_by.map_or_else(KeyType::default, |by| by.key_type);
        }
        for list in &self.lists {
            let List { mode, items_type, ordinal, .. } = *list;
            let state = ListSnapshot { mode, items: list.items.clone(), items_type, ordinal };
            snapshot.put_list(&list.name, state);
        }
        for map in &self.broadcast {
            let items = map.rows();
            let mode = ListMode::Broadcast;
            let ordinal = map.ordinal;
            let state = ListSnapshot { mode, items, ordinal, ..ListSnapshot::default() };
            snapshot.put_list(&map.name, state);
        }
        snapshot
    }
}

/// A value with the time of its last change, as a state keeps it whose values expire.
pub fn stamped(value: Value, now: SimTime) -> Value {
    Value::row([value, Value::Int(i64::try_from(now.nanos()).unwrap_or(i64::MAX))])
}

/// Such a value, and when it last changed.
pub fn unstamped(stamped: &Value) -> Option<(Value, SimTime)> {
    let [value, at] = stamped.as_row()? else { return None };
    Some((value.clone(), SimTime::from_nanos(u64::try_from(at.as_int()?).ok()?)))
}

/// A handle was used that is of another operator, or of another attempt.
#[cold]
fn unknown(kind: &str) -> ! {
    panic!(
        "the handle of a {kind} state is not one that this operator was given: each attempt declares its states in `initialize`"
    );
}

fn group_of(key: &Value, key_type: KeyType, max_parallelism: u32) -> u16 {
    let hash = java_hash_code(key, key_type).expect("the key was hashed when it was dealt");
    key_group(hash, max_parallelism)
}
