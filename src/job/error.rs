//! Why a job graph cannot be run. Says what is wrong in Flink's terms; the scenario says where.

use thiserror::Error;

/// A job graph that no plan can be built for.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum GraphError {
    /// Nothing to run.
    #[error("the job has no operators")]
    NoOperators,
    /// Two operators of one name, which could not be told apart.
    #[error("two operators are named `{name}`")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// Two operators of one uid, whose state would be stored under one id (`StreamGraphHasherV2`).
    #[error(
        "hash collision on user-specified id: operators `{first}` and `{second}` both have the uid `{uid}`"
    )]
    DuplicateUid {
        /// The uid.
        uid: String,
        /// The operator created first.
        first: String,
        /// The operator created later.
        second: String,
    },
    /// A uid whose hash is the id of an operator without that uid.
    #[error(
        "hash collision on user-specified id: the uid `{uid}` of operator `{operator}` is the id of `{other}`"
    )]
    UidCollision {
        /// The uid, with control characters escaped.
        uid: String,
        /// Its operator.
        operator: String,
        /// The operator whose generated id is the same.
        other: String,
    },
    /// A uid that would name no chain, where state is stored by chain (1.0 to 1.2).
    #[error(
        "cannot assign user-specified hash to intermediate node in chain: operator `{operator}` has the uid `{uid}` and is chained to its input"
    )]
    UidInChain {
        /// The operator.
        operator: String,
        /// Its uid.
        uid: String,
    },
    /// An operator without an id in a job that generates none.
    #[error(
        "auto generated uids have been disabled, but no uid or hash has been assigned to operator `{operator}`"
    )]
    UidMissing {
        /// The operator.
        operator: String,
    },
    /// Operators that feed themselves.
    #[error("operators form a cycle: {}", operators.join(" -> "))]
    Cycle {
        /// The operators in the direction of flow; the first is repeated at the end.
        operators: Vec<String>,
    },
    /// An edge from an operator that is not there.
    #[error("operator `{operator}` reads operator number {from}, but the job has {operators}")]
    UnknownInput {
        /// The reader.
        operator: String,
        /// The number it reads, from 0.
        from: usize,
        /// How many operators there are.
        operators: usize,
    },
    /// A source that reads another operator.
    #[error("source `{operator}` has inputs")]
    SourceWithInputs {
        /// The source.
        operator: String,
    },
    /// An operator that would never see a record.
    #[error("operator `{operator}` has no inputs and is not a source")]
    NoInputs {
        /// The operator.
        operator: String,
    },
    /// An operator that reads a sink.
    #[error("operator `{operator}` reads `{sink}`, which is a sink")]
    SinkAsInput {
        /// The reader.
        operator: String,
        /// The sink.
        sink: String,
    },
    /// A second input without a first.
    #[error("operator `{operator}` has a second input and no first")]
    NoFirstInput {
        /// The operator.
        operator: String,
    },
    /// A third input, or a second one of a sink.
    #[error("operator `{operator}` has an input {input}, but {most} is its last")]
    TooManyInputs {
        /// The operator.
        operator: String,
        /// The input, from 0.
        input: u8,
        /// The last input that it can have, from 0.
        most: u8,
    },
    /// A parallelism of 0.
    #[error("operator `{operator}` has parallelism 0")]
    NoSubtasks {
        /// The operator.
        operator: String,
    },
    /// More subtasks than key groups.
    #[error(
        "operator `{operator}`'s parallelism ({parallelism}) is higher than the max parallelism ({max_parallelism})"
    )]
    ParallelismAboveMax {
        /// The operator.
        operator: String,
        /// How many subtasks.
        parallelism: u32,
        /// How many key groups.
        max_parallelism: u32,
    },
    /// A max parallelism outside 1 to 32768.
    #[error("max parallelism {max_parallelism} of {} is not within 1 to 32768",
        operator.as_ref().map_or_else(|| "the job".to_owned(), |name| format!("operator `{name}`")))]
    MaxParallelismOutOfRange {
        /// The operator, or none for the job's own.
        operator: Option<String>,
        /// What was set.
        max_parallelism: u32,
    },
    /// Forward between operators of different parallelism.
    #[error(
        "forward partitioning does not allow change of parallelism: `{from}` has parallelism {from_parallelism}, `{to}` has {to_parallelism}"
    )]
    ForwardChangesParallelism {
        /// The sender.
        from: String,
        /// Its parallelism.
        from_parallelism: u32,
        /// The receiver.
        to: String,
        /// Its parallelism.
        to_parallelism: u32,
    },
    /// Dealt by key group, but by which key?
    #[error("operator `{operator}` is dealt to by hash but has no key")]
    HashWithoutKey {
        /// The receiver.
        operator: String,
    },
    /// More subtasks and channels than a world can hold.
    #[error("the job has {parts} operators, subtasks and channels, more than {most}")]
    TooLarge {
        /// How many.
        parts: u64,
        /// How many there may be.
        most: u64,
    },
}

impl GraphError {
    /// What to do about it, as one imperative sentence.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoOperators => "add a source and a sink",
            Self::DuplicateName { .. } => "give each operator a name of its own",
            Self::DuplicateUid { .. } | Self::UidCollision { .. } => {
                "check that all uids are unique"
            }
            Self::UidInChain { .. } => "start a new chain there with `chain = \"head\"`",
            Self::UidMissing { .. } => "give the operator a `uid`, or leave `auto-uids` out",
            Self::Cycle { .. } => "take one of these inputs away",
            Self::UnknownInput { .. } => "name an operator of this job as input",
            Self::SourceWithInputs { .. } => {
                "remove the inputs or make it another kind of operator"
            }
            Self::NoInputs { .. } => "name the operator it reads, or make it a source",
            Self::SinkAsInput { .. } => "read the operator in front of the sink",
            Self::NoFirstInput { .. } => "name the first input as well",
            Self::TooManyInputs { .. } => "union the streams into one input",
            Self::NoSubtasks { .. } => "set a parallelism of at least 1",
            Self::ParallelismAboveMax { .. } => {
                "lower the parallelism or increase the max parallelism"
            }
            Self::MaxParallelismOutOfRange { .. } => "set a max parallelism from 1 to 32768",
            Self::ForwardChangesParallelism { .. } => {
                "use rebalance or rescale, or make both parallelisms equal"
            }
            Self::HashWithoutKey { .. } => {
                "say what the operator is keyed by, or choose another partitioner"
            }
            Self::TooLarge { .. } => "lower the parallelism",
        }
    }
}
