//! Ordered maps and sets as sorted vectors: what `BTreeMap` and `BTreeSet` do, for few entries.
//!
//! A `BTreeMap` costs a compiler a hundred functions for each pair of types, and this crate has two hundred such pairs:
//! they were a third of all code that was generated. These cost a tenth of that. They find in logarithmic time; putting
//! an entry anywhere but at the end, or taking one from there, moves those behind it. So they are for tables of
//! hundreds (runs, tasks, checkpoints), while what grows with the records of a job (keys, rows, origins) stays in a
//! `BTreeMap`.

use std::borrow::Borrow;
use std::fmt;
use std::iter::Map;
use std::ops::{Bound, Index, RangeBounds};
use std::slice::{Iter, IterMut};

type Entries<'a, K, V> = Map<Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;
type EntriesMut<'a, K, V> = Map<IterMut<'a, (K, V)>, fn(&'a mut (K, V)) -> (&'a K, &'a mut V)>;
type Part<'a, K, V, P> = Map<Iter<'a, (K, V)>, fn(&'a (K, V)) -> &'a P>;

/// A map in the order of its keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderedMap<K, V>(Vec<(K, V)>);

/// A set in order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderedSet<K>(Vec<K>);

/// The place of a key in a map, taken or free.
pub struct Entry<'a, K, V> {
    entries: &'a mut Vec<(K, V)>,
    place: Result<usize, usize>,
    key: K,
}

impl<K: Ord, V> OrderedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(k, _)| k.borrow().cmp(key))
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|i| &self.0[i].1)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|i| &mut self.0[i].1)
    }

    /// Whether a key is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Puts a value; returns that which was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(i) => Some(std::mem::replace(&mut self.0[i].1, value)),
            Err(i) => {
                self.0.insert(i, (key, value));
                None
            }
        }
    }

    /// Takes a key out; returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|i| self.0.remove(i).1)
    }

    /// The place of a key.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.find(&key);
        Entry { entries: &mut self.0, place, key }
    }

    /// All entries.
    pub fn iter(&self) -> Entries<'_, K, V> {
        self.into_iter()
    }

    /// All entries, to be changed.
    pub fn iter_mut(&mut self) -> EntriesMut<'_, K, V> {
        self.into_iter()
    }

    /// All keys.
    pub fn keys(&self) -> Part<'_, K, V, K> {
        self.0.iter().map(|(k, _)| k)
    }

    /// All values.
    pub fn values(&self) -> Part<'_, K, V, V> {
        self.0.iter().map(|(_, v)| v)
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, v)| v)
    }

    /// All values, taken out.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.0.into_iter().map(|(_, v)| v)
    }

    /// All keys, taken out.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.0.into_iter().map(|(k, _)| k)
    }

    /// The entries whose keys are in a range.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Entries<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let from = match range.start_bound() {
            Bound::Included(key) => self.find(key).unwrap_or_else(|i| i),
            Bound::Excluded(key) => self.find(key).map_or_else(|i| i, |i| i + 1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(key) => self.find(key).map_or_else(|i| i, |i| i + 1),
            Bound::Excluded(key) => self.find(key).unwrap_or_else(|i| i),
            Bound::Unbounded => self.0.len(),
        };
        self.0[from..to.max(from)].iter().map(|(k, v)| (k, v))
    }

    /// The first entry.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.0.first().map(|(k, v)| (k, v))
    }

    /// The last entry.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.0.last().map(|(k, v)| (k, v))
    }

    /// Takes the first entry out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes the last entry out.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.0.pop()
    }

    /// Takes the entries before a key out.
    pub fn drop_before<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let before = self.find(key).unwrap_or_else(|i| i);
        self.0.drain(..before);
    }

    /// Keeps those entries of which it is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(k, v)| keep(k, v));
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<'a, K: Ord, V> Entry<'a, K, V> {
    /// The value there, or that which a function makes.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let i = match self.place {
            Ok(i) => i,
            Err(i) => {
                self.entries.insert(i, (self.key, make()));
                i
            }
        };
        &mut self.entries[i].1
    }

    /// The value there, or this one.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value there, or the usual one.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value, if there is one.
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Self {
        if let Ok(i) = self.place {
            change(&mut self.entries[i].1);
        }
        self
    }
}

impl<K: Ord> OrderedSet<K> {
    /// An empty set.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|k| k.borrow().cmp(key))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is there.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Puts it there; whether it was not.
    pub fn insert(&mut self, key: K) -> bool {
        match self.find(&key) {
            Ok(_) => false,
            Err(i) => {
                self.0.insert(i, key);
                true
            }
        }
    }

    /// Takes it out; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).map(|i| self.0.remove(i)).is_ok()
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, K> {
        self.0.iter()
    }

    /// The first.
    pub fn first(&self) -> Option<&K> {
        self.0.first()
    }

    /// The last.
    pub fn last(&self) -> Option<&K> {
        self.0.last()
    }

    /// Takes the first out.
    pub fn pop_first(&mut self) -> Option<K> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes those before this one out.
    pub fn drop_before<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let before = self.find(key).unwrap_or_else(|i| i);
        self.0.drain(..before);
    }

    /// Keeps those of which it is true.
    pub fn retain(&mut self, keep: impl FnMut(&K) -> bool) {
        self.0.retain(keep);
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that are not in the other.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl DoubleEndedIterator<Item = &'a K> {
        self.0.iter().filter(|k| !other.contains(*k))
    }

    /// Those that are in the other, too.
    pub fn intersection<'a>(&'a self, other: &'a Self) -> impl DoubleEndedIterator<Item = &'a K> {
        self.0.iter().filter(|k| other.contains(*k))
    }

    /// Whether the other has none of these.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.intersection(other).next().is_none()
    }

    /// Whether the other has all of these.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|k| other.contains(k))
    }
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K> Default for OrderedSet<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for OrderedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(k, v)| (k, v))).finish()
    }
}

impl<K: fmt::Debug> fmt::Debug for OrderedSet<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.0).finish()
    }
}

impl<K: Ord, V> Extend<(K, V)> for OrderedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for OrderedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord> Extend<K> for OrderedSet<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for OrderedSet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Self::new();
        set.extend(keys);
        set
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for OrderedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord, const N: usize> From<[K; N]> for OrderedSet<K> {
    fn from(keys: [K; N]) -> Self {
        keys.into_iter().collect()
    }
}

impl<K, V> IntoIterator for OrderedMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a OrderedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Entries<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(k, v)| (k, v))
    }
}

impl<'a, K, V> IntoIterator for &'a mut OrderedMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = EntriesMut<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut().map(|(k, v)| (&*k, v))
    }
}

impl<K> IntoIterator for OrderedSet<K> {
    type Item = K;
    type IntoIter = std::vec::IntoIter<K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K> IntoIterator for &'a OrderedSet<K> {
    type Item = &'a K;
    type IntoIter = std::slice::Iter<'a, K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K: Ord + Borrow<Q>, Q: Ord + ?Sized, V> Index<&Q> for OrderedMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(Clone, Debug)]
    enum Change {
        Insert(u8, u32),
        Add(u8, u32),
        Remove(u8),
        DropBefore(u8),
        PopFirst,
        PopLast,
        KeepOdd,
    }

    fn change() -> impl Strategy<Value = Change> {
        let key = 0..12_u8;
        prop_oneof![
            4 => (key.clone(), any::<u32>()).prop_map(|(k, v)| Change::Insert(k, v)),
            2 => (key.clone(), 0..9_u32).prop_map(|(k, v)| Change::Add(k, v)),
            2 => key.clone().prop_map(Change::Remove),
            1 => key.prop_map(Change::DropBefore),
            1 => Just(Change::PopFirst),
            1 => Just(Change::PopLast),
            1 => Just(Change::KeepOdd),
        ]
    }

    proptest! {
        #[test]
        fn a_map_is_as_a_tree(changes in prop::collection::vec(change(), 0..40), from in 0..12_u8, to in 0..12_u8) {
            let (mut map, mut tree) = (OrderedMap::new(), BTreeMap::new());
            let (mut set, mut keys) = (OrderedSet::new(), BTreeSet::new());
            for change in changes {
                match change {
                    Change::Insert(key, value) => {
                        prop_assert_eq!(map.insert(key, value), tree.insert(key, value));
                        prop_assert_eq!(set.insert(key), keys.insert(key));
                    }
                    Change::Add(key, value) => {
                        map.entry(key).and_modify(|v| *v ^= value).or_insert(value);
                        tree.entry(key).and_modify(|v| *v ^= value).or_insert(value);
                    }
                    Change::Remove(key) => {
                        prop_assert_eq!(map.remove(&key), tree.remove(&key));
                        prop_assert_eq!(set.remove(&key), keys.remove(&key));
                    }
                    Change::DropBefore(key) => {
                        map.drop_before(&key);
                        tree = tree.split_off(&key);
                        set.drop_before(&key);
                        keys = keys.split_off(&key);
                    }
                    Change::PopFirst => {
                        prop_assert_eq!(map.pop_first(), tree.pop_first());
                        prop_assert_eq!(set.pop_first(), keys.pop_first());
                    }
                    Change::PopLast => prop_assert_eq!(map.pop_last(), tree.pop_last()),
                    Change::KeepOdd => {
                        map.retain(|key, _| key % 2 == 1);
                        tree.retain(|key, _| key % 2 == 1);
                        set.retain(|key| key % 2 == 1);
                        keys.retain(|key| key % 2 == 1);
                    }
                }
                prop_assert!(map.iter().eq(&tree));
                prop_assert!(set.iter().eq(&keys));
            }
            prop_assert_eq!(map.first_key_value(), tree.first_key_value());
            prop_assert_eq!(map.last_key_value(), tree.last_key_value());
            let (low, high) = (from.min(to), from.max(to));
            prop_assert!(map.range(low..high).eq(tree.range(low..high)));
            prop_assert!(map.range(low..=high).eq(tree.range(low..=high)));
            prop_assert!(map.range(..high).eq(tree.range(..high)));
            let above = (Bound::Excluded(low), Bound::Unbounded);
            prop_assert!(map.range::<u8>(above).eq(tree.range::<u8, _>(above)));
            let (other, others): (OrderedSet<_>, BTreeSet<_>) = (map.keys().copied().collect(), tree.keys().copied().collect());
            prop_assert!(set.difference(&other).eq(keys.difference(&others)));
            prop_assert!(set.intersection(&other).eq(keys.intersection(&others)));
            prop_assert_eq!(set.is_disjoint(&other), keys.is_disjoint(&others));
            prop_assert_eq!(set.is_subset(&other), keys.is_subset(&others));
        }
    }
}
