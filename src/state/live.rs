//! The live state of one subtask of one operator.

use super::live_timers::LiveTimers;
use crate::job::{KeyBy, KeyType, Value, java_hash_code, key_group};
use crate::state::{FixedMap, KeyedEntry, KeyedSnapshot, ListMode, ListSnapshot, OperatorSnapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A keyed state that an operator declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyedId(usize);

/// A list state that an operator declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListId(usize);

/// A broadcast state that an operator declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BroadcastId(usize);

#[derive(Clone, Debug)]
struct Table {
    name: Arc<str>,
    entries: FixedMap<Value, Option<Value>>,
}

#[derive(Clone, Debug)]
struct List {
    name: Arc<str>,
    mode: ListMode,
    items: Vec<Value>,
}

#[derive(Clone, Debug)]
struct Broadcast {
    name: Arc<str>,
    entries: BTreeMap<Value, Value>,
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
}

impl LiveState {
    /// Starts from what a restore assigned, or from nothing.
    pub fn restored(snapshot: OperatorSnapshot) -> Self {
        Self { restored: snapshot, ..Self::default() }
    }

    /// Declares the timers of a keyed operator; restored ones are there again.
    pub fn declare_timers(&mut self) {
        assert!(self.timers.is_none(), "timers are declared before any is registered");
        self.timers = LiveTimers::take_from(&mut self.restored).map(Box::new);
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

    /// Declares a keyed state; entries restored under its name are in it.
    pub fn declare_keyed(&mut self, name: &str) -> KeyedId {
        assert!(
            self.keyed.iter().all(|table| &*table.name != name),
            "keyed state `{name}` is declared twice"
        );
        let restored = self.restored.keyed.remove(name).unwrap_or_default();
        let entries =
            restored.entries.into_iter().map(|entry| (entry.key, Some(entry.value))).collect();
        self.keyed.push(Table { name: Arc::from(name), entries });
        KeyedId(self.keyed.len() - 1)
    }

    /// Declares a split or union list state; items restored under its name are in it.
    pub fn declare_list(&mut self, name: &str, mode: ListMode) -> ListId {
        assert!(
            self.lists.iter().all(|list| &*list.name != name),
            "list state `{name}` is declared twice"
        );
        let items = self.restored.lists.remove(name).map_or_else(Vec::new, |list| list.items);
        self.lists.push(List { name: Arc::from(name), mode, items });
        ListId(self.lists.len() - 1)
    }

    /// Declares a broadcast state; entries restored under its name are in it.
    pub fn declare_broadcast(&mut self, name: &str) -> BroadcastId {
        assert!(
            self.broadcast.iter().all(|map| &*map.name != name),
            "broadcast state `{name}` is declared twice"
        );
        let items = self.restored.lists.remove(name).map_or_else(Vec::new, |list| list.items);
        let entries = items.iter().filter_map(|item| match item.as_row() {
            Some([key, value]) => Some((key.clone(), value.clone())),
            Some(_) | None => None,
        });
        self.broadcast.push(Broadcast { name: Arc::from(name), entries: entries.collect() });
        BroadcastId(self.broadcast.len() - 1)
    }

    /// What is remembered under a key; `None` means nothing, and leaving it so stores nothing.
    #[inline]
    pub fn keyed(&mut self, id: KeyedId, key: &Value) -> &mut Option<Value> {
        self.keyed[id.0].entries.entry_ref(key).or_insert(None)
    }

    /// The items of a list state.
    pub fn list(&mut self, id: ListId) -> &mut Vec<Value> {
        &mut self.lists[id.0].items
    }

    /// The entries of a broadcast state.
    pub fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value> {
        &mut self.broadcast[id.0].entries
    }

    /// Draws the state as it is now, with each key's group under the operator's own max parallelism.
    pub fn snapshot(&self, key_by: Option<KeyBy>, max_parallelism: u32) -> OperatorSnapshot {
        let mut snapshot = self.restored.clone();
        for table in &self.keyed {
            let key_type = key_by.expect("a keyed state belongs to a keyed operator").key_type;
            let mut entries = Vec::with_capacity(table.entries.len());
            entries.extend(table.entries.iter().filter_map(|(key, value)| {
                let group = group_of(key, key_type, max_parallelism);
                Some(KeyedEntry { group, key: key.clone(), value: value.clone()? })
            }));
            snapshot.keyed.insert(Arc::clone(&table.name), KeyedSnapshot { entries });
        }
        if let Some(timers) = &self.timers {
            let key_type = key_by.expect("timers belong to a keyed operator").key_type;
            timers.put_into(&mut snapshot, |key| group_of(key, key_type, max_parallelism));
        }
        for list in &self.lists {
            let state = ListSnapshot { mode: list.mode, items: list.items.clone() };
            snapshot.lists.insert(Arc::clone(&list.name), state);
        }
        for map in &self.broadcast {
            let items = map
                .entries
                .iter()
                .map(|(key, value)| Value::row([key.clone(), value.clone()]))
                .collect();
            snapshot
                .lists
                .insert(Arc::clone(&map.name), ListSnapshot { mode: ListMode::Broadcast, items });
        }
        snapshot
    }
}

fn group_of(key: &Value, key_type: KeyType, max_parallelism: u32) -> u16 {
    let hash = java_hash_code(key, key_type).expect("the key was hashed when it was dealt");
    key_group(hash, max_parallelism)
}
