//! The catalogue: which operators a scenario can name, and how each is made.

use super::{Context, Operator};
use crate::job::{JobGraph, OperatorIndex, OperatorKind, OperatorNode, Reader, Value, WindowTime};
use crate::rules::Rules;
use crate::state::TimerService;
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// How strictly the output of a job can be compared with the reference; a path is as strict as its weakest operator.
///
/// To choose, ask what an operator emits if its inputs are interleaved otherwise, and each of its keys comes in another order:
/// the same rows (`Multiset`: a running count, a filter), rows of which the last of each key is the same (`LastPerKey`: a
/// running sum), or others (`Accounted`: the value that a key came with first, whatever asks the clock). An operator that
/// declares more than it keeps breaks output equivalence in worlds without any fault: where that is so, a broken play says it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Equality {
    /// Each input record has its effect exactly once, but what it is depends on order or on the clock.
    Accounted,
    /// The last value of each key is the same.
    LastPerKey,
    /// The output is the same multiset.
    Multiset,
}

/// What an operator emits for a record: how much of its input's order and origin its output still tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Emits {
    /// As many rows as it likes, for any reason.
    #[default]
    Freely,
    /// One row for each record, or none for any record of an input, whatever is in them.
    OneForOne,
    /// The same, and a row says what its record says, under the same key: the last row of a key stays the last.
    UnderItsKey,
    /// Each record itself.
    AsItIs,
}

/// What is known of the columns of the rows that an operator emits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Rows {
    /// Nothing, unless it emits each record itself.
    #[default]
    Unknown,
    /// They are those of its input.
    AsTheyAre,
    /// They are two: the key, and what became of it.
    Pair,
}

/// How an operator writes to an external system, which is what its rows there are judged by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Writes {
    /// Not at all, or in a way of which nothing is promised: what such a sink wrote is not judged.
    #[default]
    Undeclared,
    /// Each record at once, so what is replayed is there again.
    Plain,
    /// Each record at once under its key, the first column or else the value itself, so a repeat overwrites.
    Idempotent,
    /// Each record at once, into a table that ignores what it has seen.
    Dedup,
    /// Each record in a transaction that commits when the checkpoint that covers it completes, once.
    TwoPhase,
    /// Each record in a transaction of the external system of the committer that reads it.
    Writer,
    /// What its writer prepared, when the checkpoint that covers it completes.
    Committer,
}

impl Writes {
    /// Whether rows are seen when they are committed, and not at once.
    pub const fn is_transactional(self) -> bool {
        matches!(self, Self::TwoPhase | Self::Committer)
    }

    /// Whether rows are added, and do not take the place of those of a table.
    pub const fn appends(self) -> bool {
        matches!(self, Self::Plain) || self.is_transactional()
    }
}

/// What an operator computes, where that can be said without its code: a check computes it a second time from this, and what
/// the operator does otherwise is noticed. Rows, columns and numbers are meant as the operator of the catalogue that is
/// defined so says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Definition {
    /// Nothing but its code says it: what is expected of it is what its code does without faults.
    #[default]
    ItsCode,
    /// Each record itself.
    AsItIs,
    /// Each record of input 0 itself, and nothing of input 1.
    FirstInput,
    /// Text in upper case.
    Upper,
    /// Text in lower case.
    Lower,
    /// Integers plus one.
    Increment,
    /// Rows of two, their columns exchanged.
    Swap,
    /// The row `(value, 1)`.
    Pair,
    /// What has an even number; the rest is the side output.
    Even,
    /// What is not empty; the rest is the side output.
    NonEmpty,
    /// The words of text.
    Words,
    /// Each record twice.
    Twice,
    /// A number as two that add up to it, the smaller first.
    Halves,
    /// The digits of text.
    Digits,
    /// Each record with the number of its input.
    Tag,
    /// Each record of input 0 with the largest number that input 1 had for its key by then.
    Rules,
    /// All values of a key so far, made one.
    Folds(Fold),
    /// Number, sum, least and greatest of a key so far.
    Statistics,
    /// Each key once.
    Distinct,
    /// Each pair of a left and a right value of one key.
    Join,
    /// The aggregates of tumbling windows.
    Windows(WindowTime),
    /// Each record itself, later.
    Delay(WindowTime),
}

/// How the values of a key are made one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fold {
    /// How many there were.
    Count,
    /// Their sum.
    Sum,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their exclusive or.
    Xor,
    /// The last.
    Last,
}

/// What not every release has.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// As a message calls it.
    pub what: &'static str,
    /// The word of a scenario that asks for it.
    pub word: &'static str,
    /// Whether there is such a thing under these rules.
    pub has: fn(&Rules) -> bool,
}

/// What a panic in one of the calls of an operator comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum OnPanic {
    /// The play ends there and is judged `UserPanicked`: a mistake to be mended.
    #[default]
    EndsThePlay,
    /// The task fails as it does with an exception in Flink, and the job restarts as its strategy says. What the operator
    /// was is thrown away; the next attempt makes another one.
    FailsTheTask,
}

/// One operator of the catalogue.
#[derive(Clone)]
pub struct Entry {
    /// One sentence for people.
    pub about: &'static str,
    /// How strictly its output can be compared.
    pub equality: Equality,
    /// Whether it needs `key-by`.
    pub keyed: bool,
    /// Whether it has state, keyed or not.
    pub stateful: bool,
    /// How many inputs it takes, 0 to 2.
    pub inputs: u8,
    /// What it emits for each record. A sink emits nothing, and may say anything.
    pub emits: Emits,
    /// What is known of the columns of its rows.
    pub rows: Rows,
    /// How it writes to an external system, if it does.
    pub writes: Writes,
    /// What it computes, if that can be said without its code.
    pub definition: Definition,
    /// Whether it can be told a `column` to work on.
    pub takes_column: bool,
    /// Whether it has one keyed state, of which it can be told how to register it (`keyed-state`).
    pub takes_keyed_state: bool,
    /// Whether it can be told which list states to keep (`list-state`).
    pub takes_list_state: bool,
    /// Of which service its timers are (`getInternalTimerService`).
    pub timers: TimerService,
    /// Which releases have it, if not all do.
    pub since: Option<Since>,
    /// What a panic in it comes to.
    pub on_panic: OnPanic,
    /// Makes one subtask of it.
    pub make: fn(&OperatorNode) -> Box<dyn Operator>,
}

impl Entry {
    /// An operator of one input without key or state, whose output can be compared row by row. Say what is otherwise:
    /// `Entry { keyed: true, ..Entry::new("…", |_| …) }`.
    pub const fn new(about: &'static str, make: fn(&OperatorNode) -> Box<dyn Operator>) -> Self {
        Self {
            about,
            equality: Equality::Multiset,
            keyed: false,
            stateful: false,
            inputs: 1,
            emits: Emits::Freely,
            rows: Rows::Unknown,
            writes: Writes::Undeclared,
            definition: Definition::ItsCode,
            takes_column: false,
            takes_keyed_state: false,
            takes_list_state: false,
            timers: TimerService::User,
            since: None,
            on_panic: OnPanic::EndsThePlay,
            make,
        }
    }

    /// Makes one subtask. If that panics, the first call of what is returned does.
    pub fn build(&self, node: &OperatorNode) -> Box<dyn Operator> {
        let made = catch_unwind(AssertUnwindSafe(|| (self.make)(node)));
        made.unwrap_or_else(|payload| {
            let message = panic_message(&*payload);
            Box::new(Unmade { why: format!("it could not be made: {message}").into() })
        })
    }
}

/// What stands for an operator that could not be made.
struct Unmade {
    why: Arc<str>,
}

impl Operator for Unmade {
    fn initialize(&mut self, _context: &mut dyn Context) {
        resume_unwind(Box::new(self.why.to_string()));
    }
    fn process(&mut self, _input: u8, _value: Value, _context: &mut dyn Context) {}
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(Self { why: Arc::clone(&self.why) })
    }
}

/// The message of a panic.
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

/// The operators that scenarios can name: by kind (`map`, `aggregate`, `sink`, …) and function.
#[derive(Clone, Default)]
pub struct Catalogue {
    /// By kind, then by function.
    entries: BTreeMap<String, BTreeMap<String, Entry>>,
}

impl Catalogue {
    /// Adds an operator, or replaces the one of that kind and function.
    pub fn add(&mut self, kind: &str, function: &str, entry: Entry) {
        self.entries.entry(kind.to_owned()).or_default().insert(function.to_owned(), entry);
    }

    /// The operator of a node: kind `source` and function `log` for sources, kind `sink` and the sink's kind for sinks.
    pub fn entry(&self, kind: &str, function: &str) -> Option<&Entry> {
        self.entries.get(kind)?.get(function)
    }

    /// The kind and function of an operator: those of a source follow from how it reads.
    pub fn name_of(kind: &OperatorKind, reader: Reader) -> (&str, &str) {
        match kind {
            OperatorKind::Source { .. } => match reader {
                Reader::Fixed => ("source", "log"),
                Reader::Splits => ("source", "splits"),
            },
            OperatorKind::Transform { kind, function } => (kind, function),
            OperatorKind::Sink { kind } => ("sink", kind),
        }
    }

    /// The operator that a node names.
    pub fn of(&self, node: &OperatorNode) -> Option<&Entry> {
        let (kind, function) = Self::name_of(&node.kind, node.options.reader);
        self.entry(kind, function)
    }

    /// How the operator that a node names writes.
    pub fn writes(&self, node: &OperatorNode) -> Writes {
        self.of(node).map_or(Writes::Undeclared, |entry| entry.writes)
    }

    /// The sink whose external system an operator writes to: a sink to its own, a writer to that of the committer that reads
    /// it, others to none.
    pub fn writes_to(&self, graph: &JobGraph, operator: OperatorIndex) -> Option<OperatorIndex> {
        let node = graph.operators.get(operator.index())?;
        if node.is_sink() {
            return Some(operator);
        }
        let is_its_committer = |sink: &OperatorNode| {
            self.writes(sink) == Writes::Committer
                && sink.inputs.iter().any(|edge| edge.from == operator)
        };
        let committer = || graph.operators.iter().position(is_its_committer);
        (self.writes(node) == Writes::Writer).then(committer)?.map(OperatorIndex::new)
    }

    /// The first operator that writes so, by kind and function.
    pub fn that_writes(&self, writes: Writes) -> Option<(&str, &str)> {
        self.names().find(|(kind, function)| {
            self.entry(kind, function).is_some_and(|entry| entry.writes == writes)
        })
    }

    /// Kinds and functions, sorted.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().flat_map(|(kind, functions)| {
            functions.keys().map(|function| (kind.as_str(), function.as_str()))
        })
    }
}
