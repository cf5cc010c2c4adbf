//! How the user's code registers state: names, types, kinds and redistribution modes.
//!
//! Says what is registered, not whether a snapshot agrees with it; the state room compares.

use super::graph::KeyType;
use super::shown::shown;
use crate::documented::documented;
use crate::kernel::SimTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

documented! {
    /// How the items of a list state are dealt out when parallelism changes (`OperatorStateHandle.Mode`).
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    pub enum ListMode {
        /// Each item to one subtask.
        #[default]
        Split,
        /// All items to every subtask.
        Union,
        /// A copy of one subtask's items to every subtask.
        Broadcast,
        /// Not at all: the items are one object, that of a subtask, which only the same subtask can restore (`Checkpointed`,
        /// until 1.3).
        Whole,
    }
}

shown! {
    ListMode:
    Split = "SPLIT_DISTRIBUTE",
    Union = "UNION",
    Broadcast = "BROADCAST",
    Whole = "non-partitioned",
}

documented! {
    /// The serializer of a state's values.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    pub enum StateType {
        /// One that reads whatever was written: nobody said.
        #[default]
        Any,
        /// `LongSerializer`.
        Long,
        /// `IntSerializer`.
        Int,
        /// `StringSerializer`.
        Text,
    }
}

impl StateType {
    /// Whether it reads what `stored` wrote (`TypeSerializerSchemaCompatibility`).
    pub fn reads(self, stored: Self) -> bool {
        self == stored || self == Self::Any || stored == Self::Any
    }
}

shown! {
    StateType:
    Any = "any serializer",
    Long = "LongSerializer",
    Int = "IntSerializer",
    Text = "StringSerializer",
}

documented! {
    /// What kind of keyed state it is (`StateDescriptor.Type`).
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    pub enum KeyedKind {
        /// One value.
        #[default]
        Value,
        /// A list of values.
        List,
        /// A value that others are reduced into.
        Reducing,
        /// A value that others are aggregated into.
        Aggregating,
        /// Values by a key of the user's.
        Map,
    }
}

shown! {
    KeyedKind:
    Value = "VALUE",
    List = "LIST",
    Reducing = "REDUCING",
    Aggregating = "AGGREGATING",
    Map = "MAP",
}

/// How a keyed state is registered (`RegisteredKeyValueStateBackendMetaInfo`).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Registration {
    /// What kind of state it is.
    pub kind: KeyedKind,
    /// The type of its values.
    pub values: StateType,
    /// Whether each value carries the time of its last change, so that it can expire.
    pub has_ttl: bool,
    /// The type of the keys that it is kept under: that of its operator.
    pub keys: KeyType,
}

/// What an operator is told of the keyed state that it keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyedOptions {
    /// The state's name; by default what the operator calls it.
    pub name: Option<Arc<str>>,
    /// What kind of state it is.
    pub kind: KeyedKind,
    /// The type of its values.
    pub values: StateType,
    /// For how long after its last change a value is there; by default for ever.
    pub ttl: Option<SimTime>,
}

impl KeyedOptions {
    /// How the state is registered.
    pub const fn registration(&self) -> Registration {
        let keys = KeyType::Auto;
        Registration { kind: self.kind, values: self.values, has_ttl: self.ttl.is_some(), keys }
    }
}

/// What an operator is told of the list states that it keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListOptions {
    /// Their names, each once; one or more.
    pub names: Vec<Arc<str>>,
    /// How they are dealt out.
    pub mode: ListMode,
    /// The same, one by one, where they are not all alike; as many as there are names, or none.
    pub modes: Vec<ListMode>,
    /// The type of their items: text, or integers.
    pub items: StateType,
    /// A fresh subtask i starts with i items more than this in each of them.
    pub starts_with: u32,
}

impl ListOptions {
    /// The name of a list state where none is given.
    pub const NAME: &'static str = "items";

    /// Whether any of them is dealt out in this way.
    pub fn has_mode(&self, mode: ListMode) -> bool {
        (0..self.names.len()).any(|place| self.mode_of(place) == mode)
    }

    /// How the list state at this place among the names is dealt out.
    pub fn mode_of(&self, place: usize) -> ListMode {
        self.modes.get(place).copied().unwrap_or(self.mode)
    }
}

impl Default for ListOptions {
    fn default() -> Self {
        Self {
            names: vec![Arc::from(Self::NAME)],
            mode: ListMode::Split,
            modes: Vec::new(),
            items: StateType::Text,
            starts_with: 1,
        }
    }
}
