//! What a part may ask for: send, schedule, store, answer, tell. The cluster carries it out; nothing happens here.
//!
//! The buffers are lent to a part for one call and reused, so that a hot path allocates nothing.

mod external;
mod message;

pub use external::{ExternalRequest, ExternalSystem, Row};
pub use message::{Deployment, PositionsOfAll, ReaderEvent, RestoredTask, ToJob, ToTask};

use crate::job::{
    ChannelId, CheckpointId, Element, ExternalId, FileId, JobId, LocalTaskId, OperatorId, Origin,
    TaskId,
};
use crate::kernel::SimTime;
use crate::state::{CompletedCheckpoint, OperatorSnapshot};
use crate::trace::{Call, TaskEvent, TraceEvent};
use std::sync::Arc;

/// What a task asks for while it handles one element or message.
#[derive(Clone, Debug, Default)]
pub struct TaskEffects {
    /// Put these on channels, in order.
    pub sends: Vec<(ChannelId, Element)>,
    /// Ask these of external systems, in order, each for the record it stems from.
    pub external: Vec<(ExternalId, ExternalRequest, Origin)>,
    /// Tell these of the task.
    pub events: Vec<TaskEvent>,
    /// Make this snapshot durable, then ack it.
    pub snapshot: Option<(CheckpointId, Vec<Arc<OperatorSnapshot>>)>,
    /// Hold no input channel back any more.
    pub released: bool,
    /// Persist what is in flight, in this order.
    pub in_flight: Vec<InFlightOrder>,
    /// Wake the task up when the aligned time of this checkpoint is over.
    pub alignment_timer: Option<(SimTime, CheckpointId)>,
    /// Wake the task up at this time, or at once if it is over: timers are due, or a watermark.
    pub wake: Option<SimTime>,
    /// Send these to the job manager.
    pub messages: Vec<ToJob>,
    /// The task fails: the operator's words.
    pub failure: Option<Arc<str>>,
    /// Where in the user's own code that was, if it was there.
    pub of_user: Option<Box<UserFailure>>,
    /// What time it is. Set by whoever lends the buffer.
    pub now: SimTime,
    /// Whether every call of an operator is to be told. Set by whoever lends the buffer.
    pub wants_callbacks: bool,
    /// Calls in which the user's code throws. Set by whoever lends the buffer; one that was met is taken out.
    pub throws: Vec<Throw>,
}

/// Where the user's own code failed its task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserFailure {
    /// Which operator of the chain.
    pub operator: OperatorId,
    /// The name of the call: `process`.
    pub call: &'static str,
    /// The record at hand, if there was one.
    pub origin: Option<Origin>,
    /// Whether it panicked, and did not say that it failed.
    pub is_panic: bool,
    /// Whether that ends the play.
    pub ends_the_play: bool,
}

/// A call of an operator in which the user's code throws.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Throw {
    /// Which task.
    pub task: TaskId,
    /// Which operator of its chain.
    pub operator: OperatorId,
    /// In which call.
    pub call: Call,
    /// About which checkpoint; any by default.
    pub checkpoint: Option<CheckpointId>,
    /// How many times more.
    pub times: u32,
}

impl TaskEffects {
    /// Whether this is what most records come to: one send at most and requests to external systems, no more.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.sends.len() <= 1
            && self.events.is_empty()
            && self.snapshot.is_none()
            && !self.released
            && self.in_flight.is_empty()
            && self.alignment_timer.is_none()
            && self.wake.is_none()
            && self.messages.is_empty()
            && self.failure.is_none()
    }
}

/// What a task wants persisted of its channels while an unaligned checkpoint is taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InFlightOrder {
    /// Its snapshot is drawn: from now on what it takes from these input channels belongs to the checkpoint, and so
    /// does what its barrier overtook in its outputs. No ack before all of it is there.
    Begin {
        /// Which checkpoint.
        checkpoint: CheckpointId,
        /// Where the barrier has not come through.
        open: Vec<usize>,
        /// Whether barriers overtook records on the way to it.
        overtaken: bool,
    },
    /// The barrier, or the end of the channel, came through this input channel.
    Delivered(CheckpointId, usize),
    /// The checkpoint is off.
    Discard(CheckpointId),
}

/// What a job manager asks for while it handles one message, timer or request.
#[derive(Clone, Debug, Default)]
pub struct JobEffects {
    /// When it happens: before the call.
    pub now: SimTime,
    /// Send these.
    pub messages: Vec<(LocalTaskId, ToTask)>,
    /// Place and deploy these tasks, all or none, when slots are there.
    pub deployments: Vec<(LocalTaskId, Deployment)>,
    /// Wake me for these.
    pub timers: Vec<Timer>,
    /// Write the metadata of this pending checkpoint.
    pub metadata: Vec<CheckpointId>,
    /// Have the store that survives the job manager point to these, or forget them.
    pub pointers: Vec<PointerChange>,
    /// Keep or drop files.
    pub files: Vec<FileChange>,
    /// Let these checkpoints be known by their labels.
    pub labelled: Vec<(Arc<str>, Arc<CompletedCheckpoint>)>,
    /// Answer whoever asked in this step of the scenario.
    pub answers: Vec<(u32, Result<(), Arc<str>>)>,
    /// Tell these.
    pub events: Vec<TraceEvent>,
    /// The job is over: free its slots.
    pub over: bool,
}

/// When a job manager wakes up, and for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timer {
    /// After this long.
    pub after: SimTime,
    /// Drawn so much earlier or later at most for a restart, so much later at most for a periodic checkpoint.
    pub spread: SimTime,
    /// For what.
    pub kind: JobTimer,
}

impl Timer {
    /// One of which nothing is drawn.
    pub const fn new(after: SimTime, kind: JobTimer) -> Self {
        Self { after, spread: SimTime::ZERO, kind }
    }
}

/// What a job manager wakes up for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobTimer {
    /// A periodic checkpoint is due, unless the schedule was changed since: its number tells.
    Periodic(u64),
    /// A pending checkpoint has used up its time.
    Expire(CheckpointId),
    /// The state of the split enumerators at a checkpoint is written.
    Enumerators(CheckpointId),
    /// An assignment of a split must have been acknowledged by now; which.
    Assignment(u64),
    /// The delay before a restart is over; which restart.
    Restart(u32),
}

/// What happens to the store that survives a job manager.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PointerChange {
    /// It is to point to a checkpoint whose metadata is durable; the job manager waits for its reply.
    Store(Arc<CompletedCheckpoint>),
    /// It is to forget a checkpoint.
    Forget(CheckpointId),
}

/// What happens to durable files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileChange {
    /// A checkpoint is kept for recovery.
    Checkpoint(Arc<CompletedCheckpoint>),
    /// A checkpoint's files are removed.
    RemoveCheckpoint(Arc<CompletedCheckpoint>),
    /// The files of a snapshot are removed that another job took and this one claimed.
    RemoveClaimed(Arc<CompletedCheckpoint>),
    /// A savepoint is handed to its owner under a label.
    Savepoint(Arc<CompletedCheckpoint>, Arc<str>),
    /// A shared file of the job's checkpoints is removed.
    RemoveShared(JobId, FileId),
}
