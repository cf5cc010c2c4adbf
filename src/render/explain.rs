//! Why a run went as it did: the chain of causes behind an entry, the story of a checkpoint, the biography of a record, what
//! stood where at a moment, and where the rows of a sink came from.
//!
//! Reads a trace, and what the external systems hold in the end. What is broken is told to it: it judges nothing itself.

mod chain;
mod checkpoint;
mod difference;
mod key;
mod moment;
mod record;
mod rows;

use chain::chain_of;
pub use chain::{marked_timeline, violation};
pub use checkpoint::checkpoint;
pub use difference::{TraceLine, difference, lines_of, lines_of_file};
pub use key::key;
pub use moment::{Moment, moment};
pub use record::record;
pub use rows::rows;

use super::names::Names;
use super::timeline::line;
use crate::effect::ExternalSystem;
use crate::trace::{Entry, Trace};

/// What explanations are made of.
#[derive(Clone, Copy)]
pub struct Told<'t> {
    /// What happened, with an entry for every record.
    pub trace: &'t Trace,
    /// What things are called.
    pub names: &'t Names,
    /// What the external systems hold in the end.
    pub externals: &'t [ExternalSystem],
}

impl Told<'_> {
    /// An entry as one line, with its number in front: `!` marks what is wrong, `*` what led to it.
    fn line(&self, entry: &Entry, mark: char) -> String {
        let widths = self.names.widths();
        format!("{mark}{:>8} {}\n", entry.number, line(entry, self.names, widths))
    }

    /// Entries as lines.
    fn lines<'e>(&self, entries: impl IntoIterator<Item = &'e Entry>) -> String {
        entries.into_iter().map(|entry| self.line(entry, ' ')).collect()
    }
}
