//! The ids everyone uses. Newtypes with a private number: no arithmetic, no conversion into one another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! index_id {
    ($(#[$doc:meta])* $name:ident($repr:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        pub struct $name($repr);

        impl $name {
            /// The id at position `index` of its table. Panics above the id's range, which a world never reaches.
            pub fn new(index: usize) -> Self {
                Self(<$repr>::try_from(index).expect(concat!(stringify!($name), " out of range")))
            }

            /// The position in its table.
            #[inline]
            #[expect(clippy::as_conversions, reason = "a widening conversion that must inline")]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The bare number, for digests and files.
            #[inline]
            pub fn number(self) -> u64 {
                u64::from(self.0)
            }
        }
    };
}

index_id! {
    /// One submission of a job in a world: the n-th `run` step makes run n.
    RunId(u16)
}
index_id! {
    /// One subtask of a world. It keeps its id over restarts; the attempt tells the lives apart.
    TaskId(u32)
}
index_id! {
    /// One physical channel between two subtasks of a world.
    ChannelId(u32)
}
index_id! {
    /// One subtask of a run, by its place in the plan. `RunLayout` knows which of the world it is.
    LocalTaskId(u32)
}
index_id! {
    /// One physical channel of a run, by its place in the plan. `RunLayout` knows which of the world it is.
    LocalChannelId(u32)
}
index_id! {
    /// An operator's place in its job graph, in order of creation.
    OperatorIndex(u16)
}
index_id! {
    /// A chain of operators (a job vertex) of an execution plan.
    VertexIndex(u16)
}
index_id! {
    /// A task manager of a world.
    TaskManagerId(u16)
}
index_id! {
    /// An external system that sinks write to, one per sink name.
    ExternalId(u16)
}
index_id! {
    /// An external log that sources read, one per `[input.NAME]`.
    InputId(u16)
}

/// A checkpoint or savepoint id; one counter serves both and starts at 1.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct CheckpointId(u64);

impl CheckpointId {
    /// The id with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
    /// The bare number.
    pub const fn number(self) -> u64 {
        self.0
    }
    /// The id that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An execution attempt of a run: 0 for the first deployment, one more at each restart.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Attempt(u32);

impl Attempt {
    /// The attempt with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
    /// The bare number.
    pub const fn number(self) -> u32 {
        self.0
    }
    /// The attempt that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The 16-byte id that state is stored under. Of a `uid`: murmur3 x64 128 of its UTF-8 bytes (StreamGraphHasherV2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct OperatorId(pub [u8; 16]);

impl fmt::Display for OperatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl OperatorId {
    /// The id that 32 hex digits spell; none of anything else (`StreamTransformation#setUidHash`).
    pub fn from_hex(text: &str) -> Option<Self> {
        let is_fit = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_fit)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Debug for OperatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorId({self})")
    }
}

/// The 16-byte id of one submission of a job, as it names folders.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct JobId(pub [u8; 16]);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}
