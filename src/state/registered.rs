//! Whether a state that is registered agrees with what was restored under its name, in Flink's terms.

use crate::job::{KeyType, KeyedKind, ListMode, Registration, StateType};
use thiserror::Error;

/// Why the user's code cannot have the state that was restored: its task fails (`StateMigrationException`,
/// `IllegalStateException`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Incompatible {
    /// A list state in another redistribution mode (`DefaultOperatorStateBackend`).
    #[error("incompatible state assignment modes: was [{was}], registered with [{now}]")]
    Mode {
        /// The snapshot's.
        was: ListMode,
        /// The program's.
        now: ListMode,
    },
    /// A list state and a broadcast state of one name, which share an entry of the handle: a length is read where text should be, and
    /// that is null (`OperatorStateRestoreOperation`). Flink fails otherwise, or takes the length for an item, where the items are
    /// numbers; that is not played.
    #[error(
        "you cannot add null to a ListState: a list state and a broadcast state of one name share their entry of the handle"
    )]
    SharedEntry,
    /// A list state of other items.
    #[error(
        "the new state typeSerializer for operator state must not be incompatible: {now} does not read what {was} wrote"
    )]
    Items {
        /// The snapshot's.
        was: StateType,
        /// The program's.
        now: StateType,
    },
    /// Another kind of keyed state.
    #[error("incompatible key/value state types: was [{was}], registered with [{now}]")]
    Kind {
        /// The snapshot's.
        was: KeyedKind,
        /// The program's.
        now: KeyedKind,
    },
    /// A keyed state of other values.
    #[error(
        "the new state serializer ({now}) must not be incompatible with the old state serializer ({was})"
    )]
    Values {
        /// The snapshot's.
        was: StateType,
        /// The program's.
        now: StateType,
    },
    /// Keys of another type, whatever the states are (`HeapRestoreOperation`, `RocksDBHandle`).
    #[error(
        "the new key serializer ({now}) must be compatible with the previous key serializer ({was})"
    )]
    Keys {
        /// The snapshot's.
        was: KeyType,
        /// The program's.
        now: KeyType,
    },
    /// Values that were stored without the time of their last change, or with it.
    #[error(
        "the new state serializer ({}) must not be incompatible with the old state serializer ({})",
        ttl_serializer(*now, *values), ttl_serializer(!*now, *values)
    )]
    Ttl {
        /// Whether the program's values can expire; the snapshot's are the other way.
        now: bool,
        /// What the values are.
        values: StateType,
    },
}

/// The serializer of values with the time of their last change wraps that of those without (`TtlStateFactory.TtlSerializer`).
fn ttl_serializer(has_ttl: bool, values: StateType) -> String {
    if has_ttl { "TtlSerializer".to_owned() } else { values.to_string() }
}

/// Whether a keyed state can be registered like this, over what was restored.
pub(super) fn check_keyed(
    was: Registration,
    now: Registration,
    ttl_may_change: bool,
) -> Result<(), Incompatible> {
    if was.kind != now.kind {
        return Err(Incompatible::Kind { was: was.kind, now: now.kind });
    }
    if !now.values.reads(was.values) {
        return Err(Incompatible::Values { was: was.values, now: now.values });
    }
    if was.has_ttl != now.has_ttl && !ttl_may_change {
        let values = if now.values == StateType::Any { was.values } else { now.values };
        return Err(Incompatible::Ttl { now: now.has_ttl, values });
    }
    Ok(())
}

/// Whether a list state can be registered like this, over what was restored: first its mode counts, then its items.
pub(super) fn check_list(
    was: (ListMode, StateType),
    now: (ListMode, StateType),
) -> Result<(), Incompatible> {
    if was.0 != now.0 {
        return Err(Incompatible::Mode { was: was.0, now: now.0 });
    }
    if !now.1.reads(was.1) {
        return Err(Incompatible::Items { was: was.1, now: now.1 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_counts_before_the_type_and_a_type_that_nobody_named_agrees_with_all() {
        let long = Registration { values: StateType::Long, ..Registration::default() };
        let map = Registration {
            kind: KeyedKind::Map,
            values: StateType::Text,
            ..Registration::default()
        };
        let (was, now) = (KeyedKind::Value, KeyedKind::Map);
        assert_eq!(check_keyed(long, map, true), Err(Incompatible::Kind { was, now }));
        assert_eq!(check_keyed(long, Registration::default(), true), Ok(()));
        let text = Registration { values: StateType::Text, ..Registration::default() };
        let (was, now) = (StateType::Long, StateType::Text);
        assert_eq!(check_keyed(long, text, true), Err(Incompatible::Values { was, now }));
    }

    #[test]
    fn time_to_live_can_be_switched_on_where_the_rules_allow_it() {
        let mortal = Registration { has_ttl: true, ..Registration::default() };
        assert_eq!(check_keyed(Registration::default(), mortal, true), Ok(()));
        let longs = Registration { values: StateType::Long, ..Registration::default() };
        let refused = check_keyed(longs, mortal, false);
        assert_eq!(refused, Err(Incompatible::Ttl { now: true, values: StateType::Long }));
        assert_eq!(
            refused.expect_err("they do not agree").to_string(),
            "the new state serializer (TtlSerializer) must not be incompatible with the old state serializer (LongSerializer)"
        );
    }

    #[test]
    fn the_mode_of_a_list_counts_before_its_items() {
        let (split, union) = (ListMode::Split, ListMode::Union);
        let refused = check_list((split, StateType::Text), (union, StateType::Long));
        assert_eq!(refused, Err(Incompatible::Mode { was: split, now: union }));
        let refused = check_list((split, StateType::Text), (split, StateType::Long));
        let (was, now) = (StateType::Text, StateType::Long);
        assert_eq!(refused, Err(Incompatible::Items { was, now }));
    }
}
