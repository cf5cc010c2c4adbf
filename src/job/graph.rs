//! The job graph as a user builds it: operators, their inputs, and how records are dealt among subtasks.
//!
//! Does not decide chains, ids or channels; `Plan` does.

use super::shown::shown;
use super::{
    DelayOptions, KeyedOptions, ListOptions, OperatorId, OperatorIndex, SourceTime, Value,
    WindowOptions,
};
use crate::documented::documented;
use crate::kernel::SimTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A job: operators in order of creation, joined by edges.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JobGraph {
    /// The job's name.
    pub name: String,
    /// The operators; an edge names its sender by position here.
    pub operators: Vec<OperatorNode>,
    /// Max parallelism of operators that set none themselves, 1 to 32768.
    pub max_parallelism: Option<u32>,
    /// Whether operators may be fused into chains at all.
    pub chaining: bool,
    /// Whether every operator must say its id (`pipeline.auto-generate-uids` is false).
    pub uids_required: bool,
}

impl JobGraph {
    /// How the records of an edge are dealt, also where the user does not say.
    pub fn partitioner(&self, edge: &InputEdge, receiver: &OperatorNode) -> Partitioner {
        let sender = &self.operators[edge.from.index()];
        edge.partitioner.unwrap_or(if receiver.key_by.is_some() {
            Partitioner::Hash
        } else if sender.parallelism == receiver.parallelism {
            Partitioner::Forward
        } else {
            Partitioner::Rebalance
        })
    }

    /// The max parallelism that the user set for an operator: its own, else the job's, else none.
    pub fn configured_max_parallelism(&self, operator: OperatorIndex) -> Option<u32> {
        self.operators[operator.index()].max_parallelism.or(self.max_parallelism)
    }
}

/// One operator of a job graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorNode {
    /// The operator's name, unique in its job.
    pub name: String,
    /// The user's stable id, if given.
    pub uid: Option<String>,
    /// How many subtasks.
    pub parallelism: u32,
    /// How many key groups, if set explicitly.
    pub max_parallelism: Option<u32>,
    /// What it does.
    pub kind: OperatorKind,
    /// Where its records come from, in order.
    pub inputs: Vec<InputEdge>,
    /// Whether it may be chained.
    pub chain: ChainStrategy,
    /// Its slot-sharing group; by default that of its inputs, or `default`.
    pub slot_sharing_group: Option<String>,
    /// The key its input is dealt by; the operator sees keyed state under it.
    pub key_by: Option<KeyBy>,
    /// Virtual time one element takes.
    pub takes: SimTime,
    /// What only some kinds of operators can be told.
    pub options: OperatorOptions,
}

/// What only some kinds of operators can be told; the default is what the others are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OperatorOptions {
    /// The name of its class, of which 1.0 and 1.1 generate its id; by default one that follows from what it does.
    pub class: Option<Arc<str>>,
    /// The column of its rows that it works on, from 0; by default as its entry in the catalogue says.
    pub column: Option<u16>,
    /// Of a source: how its subtasks come by their partitions.
    pub reader: Reader,
    /// Of a source: where it begins to read a partition that it has no position of.
    pub starting_offsets: StartingOffsets,
    /// Of a source: how it tells time; by default not at all.
    pub time: Option<SourceTime>,
    /// Of a window: which, and what is made of its records.
    pub window: Option<WindowOptions>,
    /// Of one that holds records back: for how long.
    pub delay: Option<DelayOptions>,
    /// An id under which a snapshot may hold its state, too (`setUidHash`); its own id stays what it is.
    pub uid_hash: Option<OperatorId>,
    /// How its keyed state is registered.
    pub keyed_state: Option<Arc<KeyedOptions>>,
    /// Which list states it keeps.
    pub list_state: Option<Arc<ListOptions>>,
}

documented! {
    /// How the subtasks of a source come by the partitions they read.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Reader {
        /// Each has its share from the beginning.
        #[default]
        Fixed,
        /// A split enumerator in the job manager gives them out one by one (FLIP-27).
        Splits,
    }
}

/// Where a source begins to read a partition of which it has no position (`KafkaSource.setStartingOffsets`,
/// `FlinkKafkaConsumerBase.setStartFromLatest`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StartingOffsets {
    /// At its first entry (`OffsetsInitializer.earliest()`).
    #[default]
    Earliest,
    /// Behind the last entry that is there when the source starts.
    Latest,
    /// At the first entry that came then or later; behind the last one if there is none.
    Timestamp(SimTime),
}

impl OperatorNode {
    /// The name of the external log that it reads, if it is a source.
    pub fn input(&self) -> Option<&str> {
        match &self.kind {
            OperatorKind::Source { input, .. } => Some(input),
            OperatorKind::Transform { .. } | OperatorKind::Sink { .. } => None,
        }
    }

    /// Virtual time that an operator takes for an element where nobody says it.
    pub const TAKES: SimTime = SimTime::from_micros(1);

    /// One subtask of this kind that reads nothing yet. Say what is otherwise: `OperatorNode { inputs, ..OperatorNode::new(…) }`.
    pub fn new(name: impl Into<String>, kind: OperatorKind) -> Self {
        Self {
            name: name.into(),
            uid: None,
            parallelism: 1,
            max_parallelism: None,
            kind,
            inputs: Vec::new(),
            chain: ChainStrategy::default(),
            slot_sharing_group: None,
            key_by: None,
            takes: Self::TAKES,
            options: OperatorOptions::default(),
        }
    }

    /// Whether it reads an external log.
    pub fn is_source(&self) -> bool {
        self.input().is_some()
    }

    /// Whether it writes to an external system.
    pub fn is_sink(&self) -> bool {
        matches!(self.kind, OperatorKind::Sink { .. })
    }

    /// The name of its class: the one it was given, else `sandbar.` and what it does in one word. A `map` of `identity` is a
    /// `sandbar.IdentityMap`, a source a `sandbar.LogSource`, a sink of kind `two-phase` a `sandbar.TwoPhaseSink`.
    pub fn class_name(&self) -> String {
        if let Some(class) = &self.options.class {
            return class.to_string();
        }
        let (function, kind) = match &self.kind {
            OperatorKind::Source { .. } => ("log", "source"),
            OperatorKind::Transform { kind, function } => (function.as_str(), kind.as_str()),
            OperatorKind::Sink { kind } => (kind.as_str(), "sink"),
        };
        let mut name = "sandbar.".to_owned();
        for word in function.split('-').chain(kind.split('-')) {
            let mut letters = word.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name.extend(letters);
        }
        name
    }

    /// Its name as job vertices show it: sources and sinks say what they are.
    pub fn shown_name(&self) -> String {
        match self.kind {
            OperatorKind::Source { .. } => format!("Source: {}", self.name),
            OperatorKind::Sink { .. } => format!("Sink: {}", self.name),
            OperatorKind::Transform { .. } => self.name.clone(),
        }
    }
}

/// What an operator does, by the names under which a catalogue knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OperatorKind {
    /// Reads an external log.
    Source {
        /// The input's name.
        input: String,
        /// What happens at the end of the log.
        then: AtEnd,
    },
    /// Works on records.
    Transform {
        /// `map`, `filter`, `flat-map`, `aggregate`, `state`, …
        kind: String,
        /// Which function of that kind.
        function: String,
    },
    /// Writes to an external system named after the operator.
    Sink {
        /// `plain`, `idempotent`, `dedup`, `two-phase` or `committer`.
        kind: String,
    },
}

documented! {
    /// What a source does at the end of its log.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum AtEnd {
        /// The input is bounded: the source ends, and the job with it.
        #[default]
        End,
        /// The source waits for more, for ever.
        Idle,
    }
}

documented! {
    /// Whether an operator may be fused with its neighbours.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum ChainStrategy {
        /// With its input and its outputs.
        #[default]
        Always,
        /// With its outputs only: it starts a new chain.
        Head,
        /// With nobody.
        Never,
    }
}

/// One edge of the job graph, seen from its receiver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputEdge {
    /// The sender.
    pub from: OperatorIndex,
    /// Which of the receiver's inputs it feeds: 0, or 1 for the second input of a two-input operator.
    /// Several edges with the same input are a union.
    pub input: u8,
    /// Whether this edge carries the sender's side output and not its main one.
    pub side: bool,
    /// How records are dealt; by default hash under `key_by`, else forward at equal parallelism, else rebalance.
    pub partitioner: Option<Partitioner>,
}

documented! {
    /// How records of a sender are dealt among the receiver's subtasks.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Partitioner {
        /// To the subtask of the same index; needs equal parallelism.
        Forward,
        /// Round robin over all.
        Rebalance,
        /// By key group.
        Hash,
        /// To all.
        Broadcast,
        /// Round robin over a local subset.
        Rescale,
        /// To subtask 0.
        Global,
        /// To any, as is drawn for each record.
        Shuffle,
    }
}

/// What a record is keyed by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyBy {
    /// Where the key is in the value.
    pub selector: KeySelector,
    /// Where it is in the values of the second input, if not in the same place.
    pub second: Option<KeySelector>,
    /// The Java type whose hash code decides the key group.
    pub key_type: KeyType,
}

impl KeyBy {
    /// The same selector for every input, and the Java type as the key's value says.
    pub const fn new(selector: KeySelector) -> Self {
        Self { selector, second: None, key_type: KeyType::Auto }
    }

    /// As the values of one input, 0 or 1, are keyed.
    #[inline]
    #[must_use]
    pub const fn of_input(self, input: u8) -> Self {
        match self.second {
            Some(selector) if input == 1 => Self { selector, ..self },
            Some(_) | None => self,
        }
    }
}

/// Where the key is in a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum KeySelector {
    /// The whole value.
    Value,
    /// A column of a row, from 0.
    Column(u16),
    /// Several columns of a row: the key is the row of them, and hashes as a tuple does.
    Columns(KeyColumns),
}

/// The columns of a key of several, in order: 1 to [`KeyColumns::MOST`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyColumns {
    columns: [u16; Self::MOST],
    length: u8,
}

impl KeyColumns {
    /// How many columns a key can have.
    pub const MOST: usize = 4;

    /// These columns; none if there are none or too many.
    pub fn new(columns: &[u16]) -> Option<Self> {
        let length = u8::try_from(columns.len()).ok().filter(|length| *length > 0)?;
        let mut all = [0; Self::MOST];
        all.get_mut(..columns.len())?.copy_from_slice(columns);
        Some(Self { columns: all, length })
    }

    /// The columns.
    pub fn as_slice(&self) -> &[u16] {
        &self.columns[..usize::from(self.length)]
    }
}

documented! {
    /// The Java type that a key hashes as.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    pub enum KeyType {
        /// As its value says: integer as `Long`, truth as `Boolean`, text as `String`, a row as a tuple.
        #[default]
        Auto,
        /// An integer as `Integer`.
        Int,
        /// An integer as `Long`.
        Long,
        /// An integer as `Short`.
        Short,
        /// Text of one UTF-16 unit as `Character`.
        Char,
        /// Text that spells a floating-point number, as `Double`. Another spelling is another key: `1.5` and `1.50` are two.
        Double,
        /// Text as `String`.
        Text,
        /// Truth as `Boolean`.
        Bool,
        /// An integer as `Byte`.
        Byte,
        /// Text that spells a floating-point number, as `Float`. Another spelling is another key.
        Float,
    }
}

shown! {
    KeyType:
    Auto = "that of the key itself",
    Int = "IntSerializer",
    Long = "LongSerializer",
    Short = "ShortSerializer",
    Byte = "ByteSerializer",
    Char = "CharSerializer",
    Double = "DoubleSerializer",
    Float = "FloatSerializer",
    Text = "StringSerializer",
    Bool = "BooleanSerializer",
}

impl KeyType {
    /// That of a key where nobody names one; of a row it stays open.
    pub const fn of(key: &Value) -> Self {
        match key {
            Value::Int(_) => Self::Long,
            Value::Text(_) => Self::Text,
            Value::Bool(_) => Self::Bool,
            Value::Bytes(_) | Value::Row(..) => Self::Auto,
        }
    }

    /// Whether its serializer reads what that of `stored` wrote: no other does, and a key of no type that was named is a
    /// `Long`, a `String`, a `Boolean` or a tuple.
    pub fn reads(self, stored: Self) -> bool {
        let is_plain = |one| matches!(one, Self::Auto | Self::Long | Self::Text | Self::Bool);
        let is_unnamed = self == Self::Auto || stored == Self::Auto;
        self == stored || is_unnamed && is_plain(self) && is_plain(stored)
    }
}
