//! What must hold in every world, and what the world must have written.
//!
//! Reads entries of a trace as they happen and the external systems at the end. Knows nothing of the parts that made them:
//! no task, no coordinator, no store, no cluster.
//!
//! | where | what |
//! |---|---|
//! | `driver` | hands each entry to all that look at it, and gathers the verdict |
//! | `list` | every check, one a file |
//! | `history`, `past` | what the trace has told so far: nobody judges there |
//! | `output` | what sinks were to write; `reference` and `segments` evaluate the jobs without faults |
//! | `deadlines` | how long things may take by the story |
//! | `exercised`, `sometimes`, `promises` | what a world put to the test, showed, and is excused for |
//! | `noticed` | what no check is broken by, and should be said all the same |
//! | `verdict` | what is said in the end |

mod changes;
mod class;
mod counters;
mod coverage;
mod deadlines;
mod driver;
mod exercised;
mod features;
mod graph;
mod history;
mod lateness;
mod list;
mod noticed;
mod observer;
mod operations;
mod output;
mod past;
mod promises;
mod reference;
mod rules_of_runs;
mod segments;
mod setup;
mod sometimes;
mod sources;
mod verdict;
mod written;

pub use changes::ChangeFeatures;
pub use coverage::Coverage;
pub use driver::Checks;
pub use features::OperatorFeatures;
pub use operations::Operations;
pub use promises::{BROKEN_PROMISES, BrokenPromise};
pub use setup::{CheckSetup, EndOfWorld, FileStart, Restored};
pub use verdict::{Compared, Evidence, Finding, NotCompared, Skipped, Verdict, Violation};

#[cfg(test)]
mod tests;
