//! Tables in the scenario language, and changes to them.

use toml::{Table, Value};

pub(crate) fn table(text: &str) -> Table {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Puts the keys of a table into another, and into the tables in it.
pub(crate) fn merge(into: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (into.get_mut(key), change) {
            (Some(Value::Table(into)), Value::Table(changes)) => merge(into, changes),
            _ => _ = into.insert(key.clone(), change.clone()),
        }
    }
}
