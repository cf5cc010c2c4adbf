//! What travels on a channel, and the words of the checkpoint protocol.

use super::shown::shown;
use super::{CheckpointId, EventTime, Record};
use crate::kernel::SimTime;
use serde::{Deserialize, Serialize};

/// Why a snapshot of the whole job is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum CheckpointKind {
    /// Taken by the coordinator for recovery; owned by the system.
    Checkpoint,
    /// Taken because somebody asked; owned by the user.
    Savepoint,
}

shown! {
    CheckpointKind:
    Checkpoint = "checkpoint",
    Savepoint = "savepoint",
}

/// The marker that separates the records before a checkpoint from those after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Barrier {
    /// Which checkpoint.
    pub checkpoint: CheckpointId,
    /// Checkpoint or savepoint.
    pub kind: CheckpointKind,
    /// When the coordinator triggered it.
    pub triggered: SimTime,
    /// Whether the job stops with it.
    pub stop: Stop,
    /// Whether it may overtake records.
    pub alignment: BarrierAlignment,
}

/// Whether a job stops with a savepoint (FLIP-34). Such a savepoint is synchronous: a task that has taken it does nothing
/// more until it hears that it completed, and finishes then.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Stop {
    /// The job goes on.
    #[default]
    No,
    /// Sources stop before the barrier; what is in windows and buffers stays in the savepoint.
    Suspend,
    /// As above, and the end of data goes before the barrier: operators emit what they hold back.
    Drain,
}

impl Stop {
    /// Whether the job stops.
    pub const fn is_stop(self) -> bool {
        !matches!(self, Self::No)
    }
}

/// How a barrier stands to the records before it (`CheckpointOptions.AlignmentType`).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum BarrierAlignment {
    /// It stays behind them.
    #[default]
    Aligned,
    /// It stays behind them until the job's aligned timeout is over.
    Timed,
    /// It overtakes them.
    Unaligned,
    /// It would overtake them, but stays behind them on this edge, whose records could not be dealt anew.
    ForcedAligned,
}

/// Whether somebody's watermarks are waited for (`WatermarkStatus`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatermarkStatus {
    /// They are.
    Active,
    /// They are not: nothing has come for a while.
    Idle,
}

/// One thing on a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Element {
    /// Data.
    Record(Record),
    /// A checkpoint's marker.
    Barrier(Barrier),
    /// The sender gave a checkpoint up: nobody need wait for its barrier (`CancelCheckpointMarker`).
    Cancellation(CheckpointId),
    /// Nothing earlier than this follows on this channel, but for what is late. Needs no credit, as barriers.
    Watermark(EventTime),
    /// Whether the channel is waited for.
    Status(WatermarkStatus),
    /// The sender has no more data, but lives on until its final checkpoint (FLIP-147). The last watermark, `MAX`, comes
    /// with it.
    EndOfData,
    /// The sender is gone; nothing follows on this channel.
    EndOfPartition,
}
