//! The order in which a Java `HashMap` of strings lists its keys.
//!
//! Flink deals several named states in that order, so a simulation that is to agree must know it. Bins are lists
//! here for ever; Java turns a bin of eight into a tree, which eight names of one bin would need.

use crate::job::java_string_hash;

/// How many bins a `HashMap` starts with.
const BINS_AT_FIRST: usize = 16;

/// The keys of a Java `HashMap`, without the values.
#[derive(Clone, Debug)]
pub struct JavaHashMapKeys<'a> {
    bins: Vec<Vec<(u32, &'a str)>>,
    size: usize,
}

impl Default for JavaHashMapKeys<'_> {
    fn default() -> Self {
        Self { bins: vec![Vec::new(); BINS_AT_FIRST], size: 0 }
    }
}

impl<'a> JavaHashMapKeys<'a> {
    /// `put`: a new key goes to the end of its bin, and the table doubles as soon as it is over three quarters full.
    pub fn put(&mut self, key: &'a str) {
        let hash = spread_hash(key);
        let bin = self.bin_of(hash);
        if !self.holds(bin, key) {
            self.bins[bin].push((hash, key));
            self.size += 1;
            self.grow_if_full();
            assert!(!self.is_over_full(), "a table of {} keys is too full", self.size);
        }
    }

    /// `computeIfAbsent`: the table doubles before the search and only then, and a new key goes to the *front* of its
    /// bin.
    pub fn compute_if_absent(&mut self, key: &'a str) {
        self.grow_if_full();
        let hash = spread_hash(key);
        assert!(!self.is_over_full(), "a table of {} keys is too full", self.size);
        let bin = self.bin_of(hash);
        if !self.holds(bin, key) {
            self.bins[bin].insert(0, (hash, key));
            self.size += 1;
        }
    }

    /// The keys, bin by bin.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.bins.iter().flatten().map(|(_, key)| *key)
    }

    #[expect(clippy::as_conversions, reason = "only the low bits of the hash count")]
    fn bin_of(&self, hash: u32) -> usize {
        debug_assert!(self.bins.len().is_power_of_two(), "a table of {} bins", self.bins.len());
        hash as usize & (self.bins.len() - 1)
    }

    fn holds(&self, bin: usize, key: &str) -> bool {
        self.bins[bin].iter().any(|(_, held)| *held == key)
    }

    /// Whether it is over three quarters full.
    const fn is_over_full(&self) -> bool {
        self.size > self.bins.len() / 4 * 3
    }

    /// Doubles the table; keys that stay together keep their order.
    fn grow_if_full(&mut self) {
        if !self.is_over_full() {
            return;
        }
        let old = std::mem::take(&mut self.bins);
        self.bins = vec![Vec::new(); old.len() * 2];
        for (hash, key) in old.into_iter().flatten() {
            let bin = self.bin_of(hash);
            self.bins[bin].push((hash, key));
        }
        assert_eq!(self.iter().count(), self.size, "a key was lost when the table grew");
    }
}

/// `HashMap.hash`: the upper half of the hash code is folded into the lower.
fn spread_hash(key: &str) -> u32 {
    let hash = java_string_hash(key).cast_unsigned();
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order in which a `HashMap` lists `names` that were put into it one after another.
    fn java_hash_map_order<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut keys = JavaHashMapKeys::default();
        names.into_iter().for_each(|name| keys.put(name));
        keys.iter().collect()
    }

    #[test]
    fn short_names_are_listed_by_their_character() {
        assert_eq!(java_hash_map_order(["z", "a", "p", "o"]), ["p", "a", "z", "o"]);
    }

    #[test]
    fn names_of_one_bin_are_listed_as_put_but_backwards_as_computed() {
        assert_eq!(java_hash_map_order(["a", "q"]), ["a", "q"]);
        let mut keys = JavaHashMapKeys::default();
        keys.compute_if_absent("a");
        keys.compute_if_absent("q");
        assert_eq!(keys.iter().collect::<Vec<_>>(), ["q", "a"]);
    }

    #[test]
    fn the_thirteenth_name_doubles_the_table_at_once_or_at_the_next_computation() {
        let names: Vec<String> =
            (0..13_u8).map(|place| char::from(b'a' + place).to_string()).collect();
        let first_put = java_hash_map_order(names.iter().map(String::as_str));
        assert_eq!(first_put[0], "a", "32 bins: the 97th bin comes round as bin 1");
        let mut keys = JavaHashMapKeys::default();
        names.iter().for_each(|name| keys.compute_if_absent(name));
        assert_eq!(keys.bins.len(), 16);
        keys.compute_if_absent("a");
        assert_eq!(keys.bins.len(), 32);
        assert_eq!(keys.size, 13);
    }
}
