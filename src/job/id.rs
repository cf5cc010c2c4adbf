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

macro_rules! count_id {
    ($(#[$doc:meta])* $name:ident($repr:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        pub struct $name($repr);

        impl $name {
            /// The one with this number.
            pub const fn new(number: $repr) -> Self {
                Self(number)
            }
            /// The bare number.
            pub const fn number(self) -> $repr {
                self.0
            }
            /// The one that follows.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

count_id! {
    /// A checkpoint or savepoint id; one counter serves both and starts at 1.
    CheckpointId(u64)
}

impl CheckpointId {
    /// Behind every checkpoint that there will ever be (`Long.MAX_VALUE`).
    pub const AFTER_ALL: Self = Self(u64::MAX >> 1);
}

count_id! {
    /// An execution attempt of a run: 0 for the first deployment, one more at each restart.
    Attempt(u32)
}

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

hash_id! {
    /// The 16-byte id that state is stored under. Of a `uid`: murmur3 x64 128 of its UTF-8 bytes (StreamGraphHasherV2).
    OperatorId
}
hash_id! {
    /// The 16-byte id of one submission of a job, as it names folders.
    JobId
}

impl OperatorId {
    /// The id that 32 hex digits spell; none of anything else (`StreamTransformation#setUidHash`).
    pub fn from_hex(text: &str) -> Option<Self> {
        let is_fit = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_fit)?;
        Some(Self(number.to_be_bytes()))
    }
}
