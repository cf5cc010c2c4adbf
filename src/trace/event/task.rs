//! What happens to a subtask.

use super::TraceEvent;
use crate::documented::documented;
use crate::job::{
    Attempt, ChannelId, CheckpointId, EventTime, FileId, InputId, OperatorId, Origin, TaskId,
    TaskManagerId, Value, WatermarkStatus,
};
use crate::kernel::aside;
use crate::trace::{Call, Declared, StateSum};
use serde::Serialize;
use std::sync::Arc;

/// What happened to an attempt of a task.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "a field says no more than its type and the variant's sentence do")]
#[non_exhaustive]
pub enum TaskEvent {
    /// It was placed on a task manager.
    #[serde(rename = "task-deployed")]
    Deployed { manager: TaskManagerId },
    /// It initialized its state; `declared` tells what of it is not read and what is new, if anything, `lists` what its
    /// restored operators hold now.
    #[serde(rename = "task-initialized")]
    Initialized {
        restored: Option<CheckpointId>,
        state: Arc<[StateSum]>,
        #[serde(serialize_with = "aside", skip_serializing_if = "Option::is_none")]
        declared: Option<Arc<Declared>>,
        #[serde(skip)]
        lists: Arc<[ListHeld]>,
    },
    /// It runs.
    #[serde(rename = "task-running")]
    Running,
    /// It saw the end of its data and finished its operators; it waits for its final checkpoint.
    DataEnded,
    /// An operator could not go on with a record: the task fails.
    OperatorFailed { why: Arc<str> },
    /// It could not restore its state, since a shared file was not there.
    FileMissing { file: FileId },
    /// It ended.
    #[serde(rename = "task-ended")]
    Ended { how: EndOfTask },
    /// A split enumerator gave it a split, or told it that none are left.
    SplitAssigned { split: Option<SourcePosition> },
    /// The network interfered with a message from it or to it.
    MessageDisturbed { message: Message, checkpoint: Option<CheckpointId>, fate: MessageFate },
    /// It put a barrier into all its outputs.
    BarrierEmitted { checkpoint: CheckpointId },
    /// It took a barrier from a channel; `blocked` tells whether the channel is held back now.
    BarrierArrived { channel: ChannelId, checkpoint: CheckpointId, blocked: bool },
    /// The marker that a checkpoint is off came on a channel, and the task was not done with it.
    CancellationArrived { channel: ChannelId, checkpoint: CheckpointId },
    /// All barriers arrived; `held` records waited behind blocked channels.
    AlignmentCompleted { checkpoint: CheckpointId, held: u32 },
    /// The aligned time of a checkpoint is over: what is still in flight becomes part of the snapshot.
    AlignmentSwitched { checkpoint: CheckpointId },
    /// The positions of a source at its snapshot, or at the end of its data.
    SourcePositions { checkpoint: Option<CheckpointId>, positions: Arc<[SourcePosition]> },
    /// It drew its state: what it had received and sent by then, per channel, and the windows and lists in it.
    /// The keyed or the other states of some operator take so many bytes at least, if there is a limit to that.
    SnapshotTaken {
        checkpoint: CheckpointId,
        received: Arc<[ChannelMark]>,
        sent: Arc<[ChannelMark]>,
        #[serde(serialize_with = "aside")]
        windows: Arc<[WindowsHeld]>,
        #[serde(skip)]
        lists: Arc<[ListHeld]>,
        #[serde(skip)]
        bytes: u64,
    },
    /// Records of a channel, in order, became part of the snapshot of the task at its `end`.
    InFlightPersisted {
        checkpoint: CheckpointId,
        channel: ChannelId,
        end: ChannelEnd,
        origins: Arc<[Origin]>,
    },
    /// Records of a checkpoint were put back on a channel, before anything new; `origins` tells them as they lie there.
    InFlightRestored {
        checkpoint: CheckpointId,
        channel: ChannelId,
        records: u64,
        sum: u64,
        #[serde(serialize_with = "aside")]
        origins: Arc<[Origin]>,
    },
    /// A state was too large for a job manager that keeps states in memory: the snapshot fails. In bytes.
    StateTooLarge { checkpoint: CheckpointId, bytes: u64, most: u64 },
    /// A shared file is durable, written for a checkpoint; `content` is a hash of what is in it.
    FileCreated { checkpoint: CheckpointId, file: FileId, content: u64 },
    /// Its snapshot is durable.
    SnapshotDurable { checkpoint: CheckpointId },
    /// It sent its ack.
    AckSent { checkpoint: CheckpointId },
    /// The coordinator handled its ack.
    AckHandled { checkpoint: CheckpointId, verdict: AckVerdict },
    /// Its ack was ignored, and what it had written for it stays where it is: nobody will remove it.
    SnapshotOrphaned { checkpoint: CheckpointId },
    /// It declined a checkpoint.
    DeclineSent { checkpoint: CheckpointId },
    /// It handled the notification of a completed checkpoint.
    NotifyHandled { checkpoint: CheckpointId },
    /// It put a watermark into all its outputs, after its operators had fired what was due. The last one, which comes
    /// with the end of data, is not told.
    WatermarkEmitted { watermark: EventTime },
    /// It told its receivers whether to wait for its watermarks.
    WatermarkStatusChanged { status: WatermarkStatus },
    /// Timers of an operator fired, in event time up to a watermark or in virtual time; `last` is the time of the last one, in
    /// milliseconds or nanoseconds.
    TimersFired {
        operator: OperatorId,
        watermark: Option<EventTime>,
        timers: u32,
        #[serde(serialize_with = "aside")]
        last: i64,
    },
    /// An operator gave up a record of this timestamp, which came too late.
    LateDropped { operator: OperatorId, origin: Origin, timestamp: EventTime, watermark: EventTime },
    /// A source read a record. Record level.
    RecordRead { origin: Origin },
    /// It put a record into a channel, or behind others that wait for room there. Record level.
    RecordSent { channel: ChannelId, origin: Origin },
    /// It took a record from a channel. Record level.
    RecordTaken { channel: ChannelId, origin: Origin },
    /// An operator was called. Told only to whom asks for callbacks; `checkpoint` is the one it is called about, or, of
    /// `initialize-state`, the one it was restored from.
    Callback { operator: OperatorId, call: Call, checkpoint: Option<CheckpointId> },
    /// An operator has initialized a list state and holds these items, as text. Told only to whom asks for callbacks.
    ListInitialized { operator: OperatorId, name: Arc<str>, items: Arc<[Arc<str>]> },
}

impl TaskEvent {
    /// The event of this attempt of a task.
    pub const fn of(self, task: TaskId, attempt: Attempt) -> TraceEvent {
        TraceEvent::Task(task, attempt, self)
    }

    /// The checkpoint or savepoint that it was done for.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are done for none")]
    pub const fn checkpoint(&self) -> Option<CheckpointId> {
        match self {
            Self::MessageDisturbed { checkpoint, .. }
            | Self::SourcePositions { checkpoint, .. } => *checkpoint,
            Self::BarrierEmitted { checkpoint }
            | Self::BarrierArrived { checkpoint, .. }
            | Self::CancellationArrived { checkpoint, .. }
            | Self::AlignmentCompleted { checkpoint, .. }
            | Self::AlignmentSwitched { checkpoint }
            | Self::SnapshotTaken { checkpoint, .. }
            | Self::InFlightPersisted { checkpoint, .. }
            | Self::StateTooLarge { checkpoint, .. }
            | Self::FileCreated { checkpoint, .. }
            | Self::SnapshotDurable { checkpoint }
            | Self::AckSent { checkpoint }
            | Self::AckHandled { checkpoint, .. }
            | Self::SnapshotOrphaned { checkpoint }
            | Self::DeclineSent { checkpoint }
            | Self::NotifyHandled { checkpoint } => Some(*checkpoint),
            _ => None,
        }
    }

    /// Whether it tells of one record or one call: such events come only where a sink asks for them.
    #[inline]
    pub const fn is_of_record(&self) -> bool {
        matches!(
            self,
            Self::RecordRead { .. }
                | Self::RecordSent { .. }
                | Self::RecordTaken { .. }
                | Self::Callback { .. }
                | Self::ListInitialized { .. }
        )
    }
}

/// How the life of an attempt of a task ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[non_exhaustive]
pub enum EndOfTask {
    /// It did all its work.
    Finished,
    /// It was told to stop.
    Canceled,
    /// It failed.
    Failed,
}

documented! {
    /// What the coordinator made of an ack.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    #[non_exhaustive]
    pub enum AckVerdict {
        /// Counted.
        Accepted,
        /// Counted before.
        Duplicate,
        /// The checkpoint is over.
        Late,
        /// From an attempt or a task that is not asked.
        Foreign,
    }
}

/// A list or broadcast state of an operator that is neither source nor sink, for whoever checks what is in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListHeld {
    /// Which operator, in the graph of its job.
    pub operator: OperatorId,
    /// The state's name.
    pub name: Arc<str>,
    /// Its items, in order; of broadcast state a row of key and value for each entry.
    pub items: Arc<[Value]>,
}

/// The windows that an operator holds when its state is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct WindowsHeld {
    /// Which operator.
    pub operator: OperatorId,
    /// How many, of all keys; those of one key and start count once.
    pub windows: u64,
    /// For how many windows, of all keys, a timer is registered.
    pub awaited: u64,
    /// The last millisecond of the one that ends first.
    pub first: EventTime,
}

/// How many records passed a channel before a barrier, and the wrapping sum of their origins' hashes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub struct ChannelMark {
    /// Which channel.
    pub channel: ChannelId,
    /// Records so far in this attempt.
    pub records: u64,
    /// Running hash of them, order included.
    pub hash: u64,
}

impl ChannelMark {
    /// The mark once one more record has passed.
    #[must_use]
    pub fn after(self, origin: Origin) -> Self {
        Self { records: self.records + 1, hash: origin.hash_after(self.hash), ..self }
    }
}

/// One end of a channel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum ChannelEnd {
    /// Where records wait for credit.
    Sender,
    /// Where they arrive.
    Receiver,
}

/// How far a partition of an input has been read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct SourcePosition {
    /// Which input.
    pub input: InputId,
    /// Which partition of it.
    pub partition: u16,
    /// The next entry to read, from 0.
    pub next: u32,
}

documented! {
    /// A kind of message between job manager and task.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    #[non_exhaustive]
    pub enum Message {
        /// Job manager to task: start.
        Deploy,
        /// Job manager to task: stop.
        Cancel,
        /// Job manager to source: put a barrier in.
        Trigger,
        /// Task to job manager: my snapshot is durable.
        Ack,
        /// Task to job manager: I cannot take part.
        Decline,
        /// Job manager to task: this checkpoint is complete.
        NotifyComplete,
        /// Job manager to task: this checkpoint is off.
        NotifyAborted,
        /// Task to job manager: I run, my data has ended, I ended, I failed.
        Status,
        /// Job manager to reader: a split, or none are left.
        Split,
        /// Reader to job manager: I have nothing to read, I have what you sent, the barrier is behind me.
        ReaderEvent,
    }
}

/// What the network did to a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[non_exhaustive]
pub enum MessageFate {
    /// It never arrives.
    Lost,
    /// It arrives later.
    Delayed,
    /// It arrives, and again later.
    Repeated,
}
