//! The job graph as a user builds it: operators, their inputs, and how records are dealt among subtasks.
//!
//! Does not decide chains, ids or channels; `Plan` does.

use super::OperatorIndex;
use crate::kernel::SimTime;
use serde::{Deserialize, Serialize};

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
}

impl JobGraph {
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
}

impl OperatorNode {
    /// Whether it reads an external log.
    pub fn is_source(&self) -> bool {
        matches!(self.kind, OperatorKind::Source { .. })
    }

    /// Whether it writes to an external system.
    pub fn is_sink(&self) -> bool {
        matches!(self.kind, OperatorKind::Sink { .. })
    }

    /// Whether it reads two streams apart from each other.
    pub fn is_two_input(&self) -> bool {
        self.inputs.iter().any(|edge| edge.input == 1)
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
        /// `plain`, `idempotent` or `two-phase`.
        kind: String,
    },
}

impl OperatorKind {
    /// The kind and function under which a catalogue knows it: `source` and `log`, `sink` and the sink's kind.
    pub fn catalogue_name(&self) -> (&str, &str) {
        match self {
            Self::Source { .. } => ("source", "log"),
            Self::Transform { kind, function } => (kind, function),
            Self::Sink { kind } => ("sink", kind),
        }
    }
}

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
}

/// What a record is keyed by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyBy {
    /// Where the key is in the value.
    pub selector: KeySelector,
    /// The Java type whose hash code decides the key group.
    pub key_type: KeyType,
}

/// Where the key is in a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum KeySelector {
    /// The whole value.
    Value,
    /// A column of a row, from 0.
    Column(u16),
}

/// The Java type that a key hashes as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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
    /// Text that spells a floating-point number, as `Double`.
    Double,
    /// Text as `String`.
    Text,
    /// Truth as `Boolean`.
    Bool,
}
