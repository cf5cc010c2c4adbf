//! Keyed state cut into slices of key groups: what an incremental checkpoint keeps in a shared file each.
//!
//! Knows neither which slices were kept before nor what their files are called.

use super::snapshot::wrapping_sum;
use super::{KeyedSnapshot, OperatorSnapshot};
use crate::job::FileId;
use std::collections::BTreeMap;

/// How many slices all key groups of an operator are cut into, at most: enough that a checkpoint finds some unchanged.
const SLICES: u32 = 16;

/// One slice that has an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// The first and the last key group that have an entry in it.
    pub groups: (u16, u16),
    /// A hash of its entries and of the names of their states.
    pub content: u64,
}

impl OperatorSnapshot {
    /// The slices of the keyed state that are not empty, in order. Where they are cut depends on max parallelism alone.
    pub fn slices(&self, max_parallelism: u32) -> Vec<Slice> {
        let width = max_parallelism.div_ceil(SLICES).max(1);
        let mut slices: BTreeMap<u32, Slice> = BTreeMap::new();
        for (name, state) in &self.keyed {
            for entry in &state.entries {
                let sum = wrapping_sum([(name, entry)].into_iter());
                let own = Slice { groups: (entry.group, entry.group), content: 0 };
                let slice = slices.entry(u32::from(entry.group) / width).or_insert(own);
                let (low, high) = slice.groups;
                slice.groups = (low.min(entry.group), high.max(entry.group));
                slice.content = slice.content.wrapping_add(sum);
            }
        }
        let slices: Vec<Slice> = slices.into_values().collect();
        let is_after = |one: &Slice, next: &Slice| one.groups.1 < next.groups.0;
        assert!(slices.is_sorted_by(is_after), "a key group lies in two slices");
        slices
    }

    /// What of the keyed state lies in a range of key groups.
    pub fn slice(&self, (low, high): (u16, u16)) -> Self {
        assert!(low <= high, "a slice of key groups from {low} down to {high} holds none");
        let mut slice = Self::default();
        for (name, state) in &self.keyed {
            let entries = state.entries.iter().filter(|entry| (low..=high).contains(&entry.group));
            let entries: Vec<_> = entries.cloned().collect();
            if !entries.is_empty() {
                slice
                    .keyed
                    .insert(name.clone(), KeyedSnapshot { entries, registered: state.registered });
            }
        }
        slice
    }

    /// A hash of the keyed state of these key groups, in whatever order it is held.
    pub fn content_of(&self, (low, high): (u16, u16)) -> u64 {
        let states = self.keyed.iter();
        let entries = states.flat_map(|(name, state)| state.entries.iter().map(move |e| (name, e)));
        wrapping_sum(entries.filter(|(_, entry)| (low..=high).contains(&entry.group)))
    }

    /// The shared files that it refers to.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.shared.iter().map(|file| file.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Value;
    use crate::state::KeyedEntry;

    fn snapshot(entries: &[(u16, i64)]) -> OperatorSnapshot {
        let entry = |(group, value): &(u16, i64)| KeyedEntry {
            group: *group,
            key: Value::Int((*group).into()),
            value: Value::Int(*value),
        };
        let entries = entries.iter().map(entry).collect();
        let keyed = [("counts".into(), KeyedSnapshot { entries, ..KeyedSnapshot::default() })];
        OperatorSnapshot { keyed: keyed.into(), ..OperatorSnapshot::default() }
    }

    #[test]
    fn an_entry_changes_its_own_slice_only() {
        let before = snapshot(&[(0, 1), (7, 1), (8, 1), (127, 1)]).slices(128);
        let after = snapshot(&[(127, 1), (0, 1), (7, 2), (8, 1)]).slices(128);
        assert_eq!(
            before.iter().map(|slice| slice.groups).collect::<Vec<_>>(),
            [(0, 7), (8, 8), (127, 127)]
        );
        assert_ne!(before[0].content, after[0].content);
        assert_eq!(before[1..], after[1..]);
    }

    #[test]
    fn slices_put_together_are_the_whole() {
        let whole = snapshot(&[(0, 1), (3, 2), (5, 3), (6, 4)]);
        let slices = whole.slices(8);
        assert_eq!(slices.len(), 4, "max parallelism below the number of slices: a slice a group");
        let parts = slices.iter().map(|slice| whole.slice(slice.groups));
        let entries: Vec<_> = parts
            .flat_map(|part| part.keyed.into_values())
            .flat_map(|state| state.entries)
            .collect();
        assert_eq!(entries, whole.keyed["counts"].entries);
    }
}
