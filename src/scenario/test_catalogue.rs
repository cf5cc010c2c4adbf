//! A catalogue for the tests of this room: names without behaviour.

use crate::operator::{Catalogue, Entry, Equality};

/// Kinds and functions, with whether they are keyed and how many inputs they take.
const NAMES: [(&str, &str, bool, u8); 18] = [
    ("source", "log", false, 0),
    ("map", "identity", false, 1),
    ("map", "increment", false, 1),
    ("filter", "keep-all", false, 1),
    ("filter", "even", false, 1),
    ("flat-map", "split-words", false, 1),
    ("flat-map", "repeat", false, 1),
    ("key-by", "identity", true, 1),
    ("aggregate", "count", true, 1),
    ("aggregate", "sum", true, 1),
    ("reduce", "max", true, 1),
    ("reduce", "xor", true, 1),
    ("state", "buffer", false, 1),
    ("state", "union-counter", false, 1),
    ("state", "broadcast-rules", false, 2),
    ("sink", "plain", false, 1),
    ("sink", "idempotent", false, 1),
    ("sink", "two-phase", false, 1),
];

/// The names of the built-in catalogue that these tests use.
pub(super) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    for (kind, function, keyed, inputs) in NAMES {
        let entry = Entry {
            about: "a name without behaviour",
            equality: Equality::Multiset,
            keyed,
            stateful: keyed || kind == "state",
            inputs,
            make: |node| panic!("{} is a name only", node.name),
        };
        catalogue.add(kind, function, entry);
    }
    catalogue
}
