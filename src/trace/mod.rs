//! What happened in a world: events with their time and cause, and who takes them.
//!
//! Everything that checks, draws or explains a run reads this and nothing else. Owns no behaviour.

mod abort;
mod call;
mod event;
mod renumber;
mod restore;
mod vocabulary;

pub use abort::AbortReason;
pub use call::Call;
pub use event::{
    AckVerdict, ChannelEnd, ChannelMark, DurableWrite, EndOfTask, Fault, JobStatus, Message,
    MessageFate, SnapshotSource, SourcePosition, StorageFault, TraceEvent,
};
pub use restore::{Renamed, RestoreReport, StateKind, StateSum, StateUnit};
pub use vocabulary::{CheckName, Sometimes, Word};

use crate::job::{Plan, RunId};
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

/// A run as the trace knows it: which job was submitted, and the plan that gives tasks and channels their names.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The run's number.
    pub run: RunId,
    /// `count#0`: the job's name and which submission of it this is.
    pub label: String,
    /// The job, by position in the scenario.
    pub job: usize,
    /// The run's first task in the world's numbering; its plan's tasks follow in order.
    pub first_task: usize,
    /// The run's first channel in the world's numbering; its plan's channels follow in order.
    pub first_channel: usize,
    /// Chains, ids and channels.
    pub plan: Arc<Plan>,
}

/// Takes the entries of a trace as they happen.
pub trait TraceSink {
    /// A run was submitted; its tasks and channels appear from now on.
    fn on_cast(&mut self, cast: &Arc<Cast>);
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
    pub cast: Vec<Arc<Cast>>,
    /// The entries, by number.
    pub entries: Vec<Entry>,
    /// Whether an entry for every record is wanted.
    pub records: bool,
}

impl TraceSink for Trace {
    fn on_cast(&mut self, cast: &Arc<Cast>) {
        self.cast.push(Arc::clone(cast));
    }
    fn on_entry(&mut self, entry: &Entry) {
        self.entries.push(entry.clone());
    }
    fn wants_records(&self) -> bool {
        self.records
    }
}

impl Cast {
    /// `counts/1`: the name of a task of this run, after the head of its chain.
    pub fn task_name(&self, task: crate::job::TaskId) -> String {
        let task = &self.plan.tasks[task.index() - self.first_task];
        let head = self.plan.vertices[task.vertex.index()].operators[0];
        format!("{}/{}", self.plan.graph.operators[head.index()].name, task.subtask)
    }
}
