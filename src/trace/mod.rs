//! What happened in a world: events with their time and cause, and who takes them.
//!
//! Everything that checks, draws or explains a run reads this and nothing else. Owns no behaviour.

mod abort;
mod call;
mod event;
mod restore;
mod vocabulary;

pub use abort::AbortReason;
pub use call::Call;
pub use event::{
    AckVerdict, ChannelEnd, ChannelMark, CheckpointEvent, DurableWrite, EndOfTask, Fault, JobEvent,
    JobStatus, Message, MessageFate, SnapshotSource, SourcePosition, StorageFault, TaskEvent,
    TraceEvent, TransactionEvent, WorldEvent,
};
pub use restore::{Renamed, RestoreReport, StateKind, StateSum, StateUnit};
pub use vocabulary::{CheckName, Sometimes, Word};

use crate::job::{Layouts, RunLayout};
use crate::kernel::SimTime;
use serde::Serialize;
use std::sync::Arc;

/// One event of a trace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Entry {
    /// When it happened.
    pub at: SimTime,
    /// Its number in the trace, from 0.
    pub number: u64,
    /// The number of the entry that caused it; its own number where nothing in the trace did.
    pub cause: u64,
    /// What happened.
    pub event: TraceEvent,
}

/// Takes the entries of a trace as they happen.
pub trait TraceSink {
    /// A run was submitted; its tasks and channels appear from now on.
    fn on_run(&mut self, layout: &Arc<RunLayout>);
    /// Something happened.
    fn on_entry(&mut self, entry: &Entry);
    /// Whether this sink wants an entry for every record, too. Asked once, before the first event.
    fn wants_records(&self) -> bool {
        false
    }
    /// Whether this sink wants an entry for every call of an operator. Asked once, before the first event.
    fn wants_callbacks(&self) -> bool {
        false
    }
}

/// The whole trace, kept.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The runs, by `RunId`.
    pub layouts: Layouts,
    /// The entries, by number.
    pub entries: Vec<Entry>,
    /// Whether an entry for every record is wanted.
    pub records: bool,
}

impl TraceSink for Trace {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.layouts.push(layout);
    }
    fn on_entry(&mut self, entry: &Entry) {
        self.entries.push(entry.clone());
    }
    fn wants_records(&self) -> bool {
        self.records
    }
}
