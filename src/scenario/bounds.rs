//! How much of each thing there may be: the one table that refusals and `docs/bounds.md` come from.
//!
//! Everything within the bounds is read and played; what is beyond is refused where it is read, with the bound.

use crate::job::{Nesting, PARALLELISM_MAX, PARTS_MAX};
use crate::kernel::SEED_MAX;
use std::fmt::{self, Write};

/// How much there may be of something.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Of what, in the plural.
    pub name: &'static str,
    /// How much, that included.
    pub most: u64,
    /// Why there is a bound, and why this.
    pub why: &'static str,
    /// What to do for who needs more: one imperative sentence.
    pub help: &'static str,
}

impl Bound {
    /// Whether so many are too many.
    pub fn is_exceeded_by(&self, count: usize) -> bool {
        u64::try_from(count).map_or(true, |count| count > self.most)
    }
}

/// `more than 10000 operators of a job`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} {}", self.most, self.name)
    }
}

macro_rules! bounds {
    ($($id:ident: $most:expr, $name:literal, $why:literal, $help:literal;)*) => {
        $(
            #[doc = concat!("The most ", $name, ".")]
            pub const $id: Bound = Bound { name: $name, most: $most, why: $why, help: $help };
        )*
        /// All of them, in the order of the documentation.
        pub const BOUNDS: &[Bound] = &[$($id),*];
    };
}

bounds! {
    SCENARIO_BYTES: 8 << 20, "bytes of a scenario file",
        "what is read of it takes up to sixty times as much memory while it is read; a line may be as long as the file",
        "split the scenario";
    NESTING: 128, "levels of tables, lists and dotted keys in one another",
        "the reader of TOML calls itself for each; no key of a scenario needs more than six",
        "take out a level";
    SEED: SEED_MAX, "as a seed",
        "seeds fit in a signed integer, as TOML and JSON want them",
        "choose a smaller seed";
    NAME_BYTES: 10_000, "bytes of the name of a job or an operator",
        "tables of the report are as wide as the longest name in them",
        "choose a shorter name";
    INPUTS: 4096, "inputs",
        "each is opened before anything is played, and has an id of 16 bits",
        "leave some out, or give one more partitions";
    PARTITIONS: 65_535, "partitions of an input",
        "they are numbered with 16 bits in origins of records",
        "give it fewer partitions";
    RECORDS: 10_000_000, "records of an input, and of all inputs together",
        "a run that reads them all holds about 220 bytes for each",
        "give the inputs fewer records";
    INPUT_BYTES: 512 << 20, "bytes of a text or CSV file",
        "it is read as a whole before anything is played",
        "split the file";
    JOBS: 1000, "jobs",
        "each is planned when the scenario is read",
        "split the scenario";
    OPERATORS: 10_000, "operators of a job",
        "a chain may have as many; they have ids of 16 bits",
        "split the job";
    ALL_OPERATORS: 40_000, "operators of all jobs",
        "a job that extends another has its own copy of each",
        "split the scenario";
    EDGES: 1_000_000, "inputs of all operators of a job",
        "each is a channel at least, if its operators are not chained",
        "name fewer operators in `from`";
    PARALLELISM: PARALLELISM_MAX, "subtasks of an operator, and key groups",
        "as in Flink (`KeyGroupRangeAssignment.UPPER_BOUND_MAX_PARALLELISM`)",
        "lower the parallelism";
    PARTS: PARTS_MAX, "operators, subtasks and channels of a job",
        "a world holds a queue for each; every subtask of one operator may have a channel to every subtask of another",
        "lower the parallelism";
    ALL_PARTS: 1 << 21, "subtasks and channels of all runs, those that go on beside others while they are cut off counted",
        "an event of a world names one of them with 22 bits",
        "start fewer jobs, or lower their parallelism";
    STEPS: 10_000, "steps",
        "each is looked at whenever something happens that a step may wait for",
        "split the scenario";
    STATES: 1000, "list states of an operator",
        "each is registered, restored and told by name in every subtask",
        "give it fewer `names`";
    FIRST_ITEMS: 1_000_000, "items that the list states of an operator begin with, in all subtasks",
        "subtask i begins with i more than `starts-with` in each state",
        "lower `starts-with`, the number of states or the parallelism";
    SLOTS: 1 << 20, "slots of a cluster",
        "each is looked at when subtasks are placed",
        "lower `task-managers` or `slots`";
    VALUE_NESTING: widened(Nesting::DEPTH_MOST), "rows in one another in a value",
        "comparing, printing and writing a value call themselves for its columns; what an operator builds beyond is its failure",
        "build a flatter value";
    VALUE_COLUMNS: widened(Nesting::COLUMNS_MOST), "columns of a row and of all rows in it",
        "a value of shared parts would have no end when it is spelled out",
        "emit several values";
}

/// A widening that constants can do.
#[expect(clippy::as_conversions, reason = "a widening conversion in a constant")]
const fn widened(number: u32) -> u64 {
    number as u64
}

/// The table of `docs/bounds.md`.
pub fn table() -> String {
    let mut table = "| what | at most | why |\n|---|---|---|\n".to_owned();
    for Bound { name, most, why, .. } in BOUNDS {
        writeln!(table, "| {name} | {most} | {why} |").expect("a string takes everything");
    }
    table
}
