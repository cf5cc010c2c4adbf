//! The messages between a job manager and its tasks, and what a task is deployed with.

use crate::job::{Barrier, CheckpointId, LocalChannelId, Record, SharedFile, Value};
use crate::state::{CommitPermit, OperatorSnapshot};
use crate::trace::{AbortReason, EndOfTask, Message, SourcePosition};
use std::sync::Arc;

/// From a job manager to a task.
#[derive(Clone, Debug)]
pub enum ToTask {
    /// Start, with this state.
    Deploy(Box<Deployment>),
    /// Stop; nothing you did since the last checkpoint counts.
    Cancel,
    /// Put this barrier in (sources, and tasks whose senders have all finished).
    Trigger(Barrier),
    /// The checkpoint is complete.
    NotifyComplete(CommitPermit),
    /// The checkpoint is off.
    NotifyAborted(CheckpointId),
    /// A split for a reader, or none are left; acknowledge it by its number.
    Split(u64, Option<SourcePosition>),
}

/// What a reader tells its split enumerator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReaderEvent {
    /// I have nothing to read.
    Asks,
    /// I have the assignment of this number.
    Received(u64),
    /// The barrier of this checkpoint is behind me.
    Passed(CheckpointId),
}

/// What a task starts from.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The checkpoint it is restored from, if any.
    pub restored: Option<RestoredTask>,
    /// Whether it waits for a final checkpoint after the end of its data (FLIP-147); needs periodic checkpoints.
    pub awaits_final_checkpoint: bool,
    /// Records that were in flight to it, by channel of the plan: they come before anything new.
    pub in_flight: Vec<(LocalChannelId, Vec<Record>)>,
}

/// A task's share of a completed checkpoint.
#[derive(Clone, Debug)]
pub struct RestoredTask {
    /// The right to commit what the checkpoint covers.
    pub permit: CommitPermit,
    /// What each operator of its chain is given, in chain order; none where the checkpoint has no entry of it.
    pub operators: Vec<Option<OperatorSnapshot>>,
    /// Of a source: what all its subtasks know together.
    pub positions_of_all: Option<PositionsOfAll>,
    /// Whether its operators are told that they are restored (`isRestored`).
    pub is_told: bool,
    /// Whether all subtasks of the chain had finished: it has nothing left to do.
    pub finished: bool,
    /// The shared files that it reads to restore its keyed state.
    pub reads: Vec<SharedFile>,
    /// Why its state backend cannot read it, if it cannot: the task fails when it starts.
    pub unreadable: Option<Arc<str>>,
}

/// The positions of all subtasks of a source, by the list states in which they remember them.
#[derive(Clone, Debug)]
pub struct PositionsOfAll {
    /// A row for each.
    pub rows: Arc<[Value]>,
    /// Whether some subtasks had finished: nobody knows what they had read, but that they had read it to its end.
    pub some_are_gone: bool,
}

/// From a task to its job manager.
#[derive(Clone, Debug)]
pub enum ToJob {
    /// I run, state restored.
    Running,
    /// My data has ended, and I await a final checkpoint.
    DataEnded,
    /// I am gone.
    Ended(EndOfTask),
    /// My snapshot is durable: one per operator of my chain, in chain order; and whether they had finished by then.
    Ack(CheckpointId, Vec<Arc<OperatorSnapshot>>, bool),
    /// I cannot take part, or no longer, and why.
    Decline(CheckpointId, AbortReason),
    /// A reader to its split enumerator.
    Reader(ReaderEvent),
}

impl ToTask {
    /// What kind of message it is, as faults aim at it, and about which checkpoint.
    pub fn kind(&self) -> (Message, Option<CheckpointId>) {
        match self {
            Self::Deploy(_) => (Message::Deploy, None),
            Self::Cancel => (Message::Cancel, None),
            Self::Trigger(barrier) => (Message::Trigger, Some(barrier.checkpoint)),
            Self::NotifyComplete(permit) => (Message::NotifyComplete, Some(permit.checkpoint())),
            Self::NotifyAborted(checkpoint) => (Message::NotifyAborted, Some(*checkpoint)),
            Self::Split(..) => (Message::Split, None),
        }
    }
}

impl ToJob {
    /// What kind of message it is, as faults aim at it, and about which checkpoint.
    pub const fn kind(&self) -> (Message, Option<CheckpointId>) {
        match self {
            Self::Running | Self::DataEnded | Self::Ended(_) => (Message::Status, None),
            Self::Ack(checkpoint, ..) => (Message::Ack, Some(*checkpoint)),
            Self::Decline(checkpoint, _) => (Message::Decline, Some(*checkpoint)),
            Self::Reader(_) => (Message::ReaderEvent, None),
        }
    }
}
