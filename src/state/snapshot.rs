//! The snapshot of one subtask of one operator.

use crate::job::{ListMode, OperatorId, Registration, SharedFile, StateType, Value};
use crate::state::{FixedHasher, InFlight};
use crate::trace::{StateKind, StateSum, StateUnit};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// One entry of keyed state.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyedEntry {
    /// The key's group.
    pub group: u16,
    /// The key.
    pub key: Value,
    /// What is remembered under it.
    pub value: Value,
}

/// A keyed state's entries; in memory in any order, sorted in files.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyedSnapshot {
    /// The entries.
    pub entries: Vec<KeyedEntry>,
    /// How the state was registered.
    pub registered: Registration,
}

/// A list state's items.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListSnapshot {
    /// How they are dealt.
    pub mode: ListMode,
    /// The items, in order. Broadcast state is a list of `(key, value)` rows.
    pub items: Vec<Value>,
    /// The type of the items, as it was registered. Of broadcast state: that of the items of a list state of its name, with which
    /// it shares its entry of the handle; if there is none, any.
    pub items_type: StateType,
    /// Its place among the lists of its operator in the order in which they were first registered, from 0: lists whose names fall
    /// into one bin of a Java `HashMap` are dealt in that order.
    pub ordinal: u16,
}

impl ListSnapshot {
    fn is_broadcast(&self) -> bool {
        self.mode == ListMode::Broadcast
    }

    /// Whether it is the entry of a broadcast state that was also meant for a list state. Whoever restores it finds both registered,
    /// and takes the entry for items of the list (`OperatorStateRestoreOperation`).
    pub fn is_shared(&self) -> bool {
        self.is_broadcast() && self.items_type != StateType::Any
    }
}

/// What one subtask of one operator held at a barrier.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OperatorSnapshot {
    /// Keyed states by name.
    pub keyed: BTreeMap<Arc<str>, KeyedSnapshot>,
    /// List, union and broadcast states by name.
    pub lists: BTreeMap<Arc<str>, ListSnapshot>,
    /// What was in flight around the subtask, of the first and last operator of a chain.
    pub in_flight: InFlight,
    /// The files that hold the keyed states, if checkpoints share them; nothing of these is kept elsewhere then.
    pub shared: Vec<SharedFile>,
}

impl OperatorSnapshot {
    /// Whether it has state that only the same subtask can restore.
    pub fn has_whole(&self) -> bool {
        self.lists.values().any(|list| list.mode == ListMode::Whole)
    }

    /// Puts a list or broadcast state into its entry of the handle, which has one by name. If a list state and a broadcast state have
    /// one name, be it one that nobody declared any more, then what the list held is lost: all broadcast states are written after
    /// all list states (`DefaultOperatorStateBackendSnapshotStrategy`).
    pub(super) fn put_list(&mut self, name: &Arc<str>, state: ListSnapshot) {
        let other = self.lists.remove(name);
        let is_twin = |other: &ListSnapshot| other.is_broadcast() == state.is_broadcast();
        assert!(!other.as_ref().is_some_and(is_twin), "`{name}` was restored and never claimed");
        let state = match other {
            None => state,
            Some(other) => {
                let (map, list) =
                    if state.is_broadcast() { (state, other) } else { (other, state) };
                // Where nobody said of which type the items are, they are text.
                let items_type = Some(list.items_type).filter(|items| *items != StateType::Any);
                ListSnapshot { items_type: items_type.unwrap_or(StateType::Text), ..map }
            }
        };
        self.lists.insert(Arc::clone(name), state);
    }

    /// Whether nothing at all is in it.
    pub fn is_empty(&self) -> bool {
        self.keyed.is_empty() && self.lists.is_empty() && self.in_flight.is_empty()
    }

    /// How many bytes its keyed states take at the least, or its others, whichever is more: no format spells a text shorter.
    pub fn bytes_least(&self) -> u64 {
        let keyed = self.keyed.values().flat_map(|state| &state.entries);
        let keyed: u64 =
            keyed.map(|entry| entry.key.bytes_least() + entry.value.bytes_least()).sum();
        let items = self.lists.values().flat_map(|state| &state.items);
        let least = keyed.max(items.map(Value::bytes_least).sum());
        assert!(least == 0 || !self.is_empty(), "a snapshot of nothing takes {least} bytes");
        least
    }

    /// A sum per state, under the id of the operator that stores it.
    pub fn sums(&self, operator: OperatorId) -> Vec<StateSum> {
        let unit = |name: &Arc<str>, kind| StateUnit { operator, name: Arc::clone(name), kind };
        let keyed = self.keyed.iter().map(|(name, state)| {
            let groups = state.entries.iter().map(|entry| entry.group);
            StateSum {
                unit: unit(name, StateKind::Keyed),
                entries: count(state.entries.len()),
                sum: wrapping_sum(state.entries.iter()),
                groups: groups.clone().min().zip(groups.max()),
            }
        });
        let lists = self.lists.iter().map(|(name, state)| StateSum {
            unit: unit(name, state.mode.into()),
            entries: count(state.items.len()),
            sum: wrapping_sum(state.items.iter()),
            groups: None,
        });
        keyed.chain(lists).collect()
    }
}

impl From<ListMode> for StateKind {
    fn from(mode: ListMode) -> Self {
        match mode {
            ListMode::Split => Self::Split,
            ListMode::Union => Self::Union,
            ListMode::Broadcast => Self::Broadcast,
            ListMode::Whole => Self::Whole,
        }
    }
}

fn count(entries: usize) -> u64 {
    u64::try_from(entries).expect("usize fits in 64 bits")
}

/// A sum of hashes: equal for equal multisets, and different where an entry is there twice instead of never.
pub(super) fn wrapping_sum<T: Hash>(entries: impl Iterator<Item = T>) -> u64 {
    entries.fold(0, |sum: u64, entry| {
        let mut hasher = FixedHasher::default();
        entry.hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    })
}
