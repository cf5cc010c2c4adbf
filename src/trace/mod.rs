//! What happened in a world: events with their time and cause, and who takes them.
//!
//! Everything that checks, draws or explains a run reads this and nothing else. Owns no behaviour.

mod abort;
mod call;
mod causes;
mod ending;
mod event;
mod restore;
mod vocabulary;

pub use abort::AbortReason;
pub use call::Call;
pub use ending::{Leftovers, Request, TaskInTheEnd};
pub use event::{
    AckVerdict, ChannelEnd, ChannelMark, CheckpointEvent, DurableWrite, EndOfTask, Fault, JobEvent,
    JobStatus, KIND, ListHeld, Message, MessageFate, SnapshotSource, SourcePosition, StorageFault,
    TaskEvent, TraceEvent, TransactionEvent, WindowsHeld, WorldEvent,
};
pub use restore::{Declared, Renamed, RestoreReport, StateKind, StateSum, StateUnit};
pub use vocabulary::{CheckName, Sometimes, Word};

use causes::Causes;

use crate::job::{Layouts, RunId, RunLayout};
use crate::kernel::SimTime;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// One event of a trace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Entry {
    /// When it happened.
    pub at: SimTime,
    /// Its number in the trace.
    pub number: EntryNumber,
    /// The number of the entry that made it happen, if one in the trace did. Only of entries of records one of a record is the
    /// cause. As the engine tells it; in a [`Trace`] that is kept it is looked up once more, where a channel or a mailbox lies
    /// between the two.
    pub cause: Option<EntryNumber>,
    /// What happened.
    pub event: TraceEvent,
}

/// The number of an entry, the same whether or not entries of records are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct EntryNumber {
    /// How many entries came before it, those of records left out; of an entry of a record, the entry before it.
    pub entry: u64,
    /// Of an entry of a record, how many there are since that entry, with it; else 0.
    pub record: u32,
}

impl EntryNumber {
    /// Of an entry that is not of a record.
    pub const fn of(entry: u64) -> Self {
        Self { entry, record: 0 }
    }
}

/// `110`, and for the third entry of a record after it `110.3`.
impl fmt::Display for EntryNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            0 => f.pad(&self.entry.to_string()),
            record => f.pad(&format!("{}.{record}", self.entry)),
        }
    }
}

/// A number, but text for an entry of a record.
impl Serialize for EntryNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.record {
            0 => serializer.serialize_u64(self.entry),
            _ => serializer.collect_str(self),
        }
    }
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
    causes: Causes,
}

impl Trace {
    /// An empty one that wants an entry for every record, or does not.
    pub fn with_records(records: bool) -> Self {
        Self { records, ..Self::default() }
    }

    /// The entry of this number.
    pub fn get(&self, number: EntryNumber) -> Option<&Entry> {
        let place = self.entries.binary_search_by_key(&number, |entry| entry.number);
        place.ok().map(|place| &self.entries[place])
    }

    /// The run that an event belongs to; none if it is of the world, or of a task that this trace does not know.
    pub fn run_of(&self, event: &TraceEvent) -> Option<RunId> {
        match event {
            TraceEvent::Job(run, _) | TraceEvent::Checkpoint(run, ..) => Some(*run),
            TraceEvent::Task(task, ..) | TraceEvent::Transaction { task, .. } => {
                self.layouts.of_task(*task).map(|layout| layout.run)
            }
            TraceEvent::World(_) => None,
        }
    }

    /// The entry of this number, which is not of a record.
    pub fn entry(&self, number: u64) -> Option<&Entry> {
        self.get(EntryNumber::of(number))
    }
}

impl TraceSink for Trace {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.layouts.push(layout);
    }
    fn on_entry(&mut self, entry: &Entry) {
        let mut causes = std::mem::take(&mut self.causes);
        let cause = causes.of(entry, self);
        self.causes = causes;
        self.entries.push(Entry { cause, ..entry.clone() });
    }
    fn wants_records(&self) -> bool {
        self.records
    }
}
