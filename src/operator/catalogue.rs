//! The catalogue: which operators a scenario can name, and how each is made.

use super::{Context, Operator};
use crate::job::{OperatorKind, OperatorNode, Reader, Value};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// How strictly the output of a job can be compared with the reference; a path is as strict as its weakest operator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
pub enum Emits {
    /// As many rows as it likes, for any reason.
    #[default]
    Freely,
    /// One row for each record, or none for any record of an input, whatever is in them.
    OneForOne,
    /// The same, and a row says what its record says, under the same key: the last row of a key stays the last.
    AsItIs,
}

/// What a panic in one of the calls of an operator comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
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
    /// Whether it can be told a `column` to work on.
    pub takes_column: bool,
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
            takes_column: false,
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

    /// The operator that a node names: kind `source` is `log`, or `splits` if its reader is; a sink is its kind.
    pub fn of(&self, node: &OperatorNode) -> Option<&Entry> {
        match &node.kind {
            OperatorKind::Source { .. } if node.options.reader == Reader::Splits => {
                self.entry("source", "splits")
            }
            OperatorKind::Source { .. } => self.entry("source", "log"),
            OperatorKind::Transform { kind, function } => self.entry(kind, function),
            OperatorKind::Sink { kind } => self.entry("sink", kind),
        }
    }

    /// Kinds and functions, sorted.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().flat_map(|(kind, functions)| {
            functions.keys().map(|function| (kind.as_str(), function.as_str()))
        })
    }
}
