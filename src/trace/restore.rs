//! What a restore did with the states of a snapshot.

use crate::job::{OperatorId, shown};
use crate::kernel::aside;
use serde::Serialize;
use std::sync::Arc;

/// A kind of operator state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[non_exhaustive]
pub enum StateKind {
    /// By key, inside key groups.
    Keyed,
    /// A list whose items are dealt out.
    Split,
    /// A list of which everybody gets everything.
    Union,
    /// A map that is the same on every subtask.
    Broadcast,
    /// An object of one subtask, which only the same subtask can restore.
    Whole,
}

shown! {
    StateKind:
    Keyed = "keyed state",
    Split = "list state",
    Union = "union list state",
    Broadcast = "broadcast state",
    Whole = "state of one subtask",
}

/// One state of one operator: what a restore maps or drops.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct StateUnit {
    /// The operator it is stored under.
    pub operator: OperatorId,
    /// The state's name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: StateKind,
}

/// What a subtask holds of one state: a sum that tells multisets apart.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct StateSum {
    /// Which state.
    pub unit: StateUnit,
    /// How many entries or items.
    pub entries: u64,
    /// Wrapping sum of the entries' hashes.
    pub sum: u64,
    /// For keyed state: the smallest and largest key group that has an entry.
    pub groups: Option<(u16, u16)>,
}

/// What the operators of a restored task made of what they were given.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Declared {
    /// What they were given and do not declare: it is carried on, and nobody reads it.
    pub unread: Vec<StateUnit>,
    /// What they declare and were given nothing of: it starts empty.
    pub fresh: Vec<StateUnit>,
}

/// Ids of operators, first that under which state was stored, then that of the operator it was given to. The units of a
/// report name the latter.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Renamed(pub Vec<(OperatorId, OperatorId)>);

impl Renamed {
    /// Whether all state was stored under the id of its operator.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Nothing is hashed of no ids: a report that has none is what it was before there were any.
impl std::hash::Hash for Renamed {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        if !self.is_empty() {
            self.0.hash(state);
        }
    }
}

/// What a restore did with each unit of the snapshot (O9, mapping totality).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct RestoreReport {
    /// Every unit of the snapshot: summed over its subtasks, as the files hold it.
    pub snapshot: Vec<StateSum>,
    /// Units given to the operator of the same id.
    pub mapped: Vec<StateUnit>,
    /// Units nobody took, allowed by `allow-non-restored-state`.
    pub dropped: Vec<StateUnit>,
    /// Names of stateful operators that start empty.
    pub starts_empty: Vec<(OperatorId, Arc<str>)>,
    /// Where state was stored under another id than that of the operator it was given to.
    #[serde(skip_serializing_if = "Renamed::is_empty")]
    pub renamed: Renamed,
    /// Every operator of the new graph with its key groups (0 if it is not keyed) and subtasks.
    pub operators: Vec<(OperatorId, u32, u32)>,
    /// How many records were in flight beside what nobody took, and are dropped with it.
    #[serde(serialize_with = "aside", skip_serializing_if = "is_none")]
    pub dropped_in_flight: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_none(records: &u64) -> bool {
    *records == 0
}
