//! The events of a trace.

use super::{AbortReason, Call, RestoreReport, StateSum};
use crate::job::{
    Attempt, ChannelId, CheckpointId, CheckpointKind, EventTime, ExternalId, FileId, InputId,
    OperatorId, OperatorIndex, Origin, RunId, SharedFile, TaskId, TaskManagerId, WatermarkStatus,
};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// The state of a job, as its job manager sees it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// Accepted; tasks wait for slots or are being deployed.
    Created,
    /// Its tasks have been deployed.
    Running,
    /// A failure is being recovered from.
    Restarting,
    /// Its tasks are being cancelled for good.
    Canceling,
    /// Cancelled.
    Canceled,
    /// All its tasks finished.
    Finished,
    /// Failed for good.
    Failed,
    /// Its job manager died without high availability: nobody knows it any more.
    Lost,
    /// Its job manager died; a new one will take it over.
    Suspended,
}

impl JobStatus {
    /// Whether nothing can follow.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Canceled | Self::Finished | Self::Failed | Self::Lost)
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Canceling => "canceling",
            Self::Canceled => "canceled",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Suspended => "suspended",
        })
    }
}

/// Where a snapshot that a job starts from was taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum SnapshotSource {
    /// By a run of this world.
    Run(RunId, CheckpointId),
    /// By an earlier process; read from files.
    Files(CheckpointId),
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
        let hash = (self.hash ^ origin.hash()).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        Self { channel: self.channel, records: self.records + 1, hash }
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

/// What the coordinator made of an ack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// How the life of an attempt of a task ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum EndOfTask {
    /// It did all its work.
    Finished,
    /// It was told to stop.
    Canceled,
    /// It failed.
    Failed,
}

/// A kind of message between job manager and task.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
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
    /// Task to job manager: I run, I ended, I failed.
    Status,
    /// Job manager to reader: a split, or none are left.
    Split,
    /// Reader to job manager: I have nothing to read, I have what you sent, the barrier is behind me.
    ReaderEvent,
}

/// What the network did to a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum MessageFate {
    /// It never arrives.
    Lost,
    /// It arrives later.
    Delayed,
    /// It arrives, and again later.
    Repeated,
}

/// Something that is written where it must survive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum DurableWrite {
    /// A task's snapshot.
    State,
    /// The metadata of a checkpoint.
    Metadata,
    /// A pointer to a checkpoint, in the store that survives the job manager.
    Pointer,
}

/// What storage does with a write instead.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum StorageFault {
    /// It refuses, and says so.
    Refused,
    /// It leaves a piece, which nobody takes for the whole, and never answers.
    Torn,
    /// It does nothing and never answers.
    Lost,
    /// It does what it was asked to and never answers.
    ReplyLost,
}

/// Something that a scenario did to the world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub enum Fault {
    /// A subtask was given something that takes long: it does nothing else until then.
    TaskBlocked(TaskId),
    /// What took long is over.
    TaskUnblocked(TaskId),
    /// A subtask crashed.
    TaskKilled(TaskId),
    /// A task manager died with all its subtasks.
    TaskManagerKilled(TaskManagerId),
    /// The job manager died.
    JobManagerKilled,
    /// Nothing passes between a task manager and the job manager.
    TaskManagerCutOff(TaskManagerId),
    /// Everything passes again.
    TaskManagerBack(TaskManagerId),
}

/// What happened.
///
/// Record-level events come only where a sink asks for them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "a field says no more than its type and the variant's sentence do")]
pub enum TraceEvent {
    /// A job was submitted.
    JobSubmitted { run: RunId, from: Option<SnapshotSource> },
    /// A submission was refused: the job cannot run, or cannot be restored.
    JobRefused { run: RunId, why: Arc<str> },
    /// A job changed its state.
    JobStatusChanged { run: RunId, status: JobStatus },
    /// A restore assigned a snapshot's state to a job.
    RestoreMapped {
        run: RunId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        report: Arc<RestoreReport>,
    },
    /// A new attempt of a job is about to be deployed, from a checkpoint or from nothing.
    AttemptStarted { run: RunId, attempt: Attempt, restored: Option<CheckpointId> },
    /// A task was placed on a task manager.
    TaskDeployed { task: TaskId, attempt: Attempt, manager: TaskManagerId },
    /// A task initialized its state.
    TaskInitialized {
        task: TaskId,
        attempt: Attempt,
        restored: Option<CheckpointId>,
        state: Arc<[StateSum]>,
    },
    /// A task runs.
    TaskRunning { task: TaskId, attempt: Attempt },
    /// A task saw the end of its data and finished its operators; it waits for its final checkpoint.
    DataEnded { task: TaskId, attempt: Attempt },
    /// An operator could not go on with a record: its task fails.
    OperatorFailed { task: TaskId, attempt: Attempt, why: Arc<str> },
    /// An attempt of a task ended.
    TaskEnded { task: TaskId, attempt: Attempt, how: EndOfTask },
    /// A checkpoint was triggered.
    CheckpointTriggered { run: RunId, checkpoint: CheckpointId, kind: CheckpointKind },
    /// A job stops with a savepoint, which has just been triggered; `drain` tells whether its data ends before.
    JobStopping { run: RunId, checkpoint: CheckpointId, drain: bool },
    /// A trigger was refused; no id was used.
    TriggerRefused { run: RunId, kind: CheckpointKind, reason: AbortReason },
    /// A task put a barrier into all its outputs.
    BarrierEmitted { task: TaskId, attempt: Attempt, checkpoint: CheckpointId },
    /// A task took a barrier from a channel; `blocked` tells whether the channel is held back now.
    BarrierArrived { task: TaskId, channel: ChannelId, checkpoint: CheckpointId, blocked: bool },
    /// All barriers arrived; `held` records waited behind blocked channels.
    AlignmentCompleted { task: TaskId, checkpoint: CheckpointId, held: u32 },
    /// A source's positions at its snapshot, or at the end of its data.
    SourcePositions {
        task: TaskId,
        checkpoint: Option<CheckpointId>,
        positions: Arc<[SourcePosition]>,
    },
    /// A task drew its state: what it had received and sent by then, per channel.
    SnapshotTaken {
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        received: Arc<[ChannelMark]>,
        sent: Arc<[ChannelMark]>,
    },
    /// The snapshot of a task is durable.
    SnapshotDurable { task: TaskId, attempt: Attempt, checkpoint: CheckpointId },
    /// A task sent its ack.
    AckSent { task: TaskId, attempt: Attempt, checkpoint: CheckpointId },
    /// The coordinator handled an ack.
    AckHandled { task: TaskId, attempt: Attempt, checkpoint: CheckpointId, verdict: AckVerdict },
    /// A task declined a checkpoint.
    DeclineSent { task: TaskId, attempt: Attempt, checkpoint: CheckpointId },
    /// All acks are in and the metadata is durable, but nobody has been told.
    MetadataWritten { run: RunId, checkpoint: CheckpointId },
    /// A checkpoint completed.
    CheckpointCompleted {
        run: RunId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        kind: CheckpointKind,
    },
    /// A checkpoint was aborted.
    CheckpointAborted {
        run: RunId,
        checkpoint: CheckpointId,
        kind: CheckpointKind,
        reason: AbortReason,
    },
    /// A completed checkpoint was dropped in favour of newer ones.
    CheckpointSubsumed { run: RunId, checkpoint: CheckpointId },
    /// A savepoint is where its owner can find it.
    SavepointStored { run: RunId, checkpoint: CheckpointId, label: Arc<str>, path: Arc<str> },
    /// A task handled the notification of a completed checkpoint.
    NotifyHandled { task: TaskId, attempt: Attempt, checkpoint: CheckpointId },
    /// A sink opened a transaction; `owner` is the first eight bytes of its job's id, here and below.
    TransactionBegun { external: ExternalId, owner: u64, transaction: u64, task: TaskId },
    /// A sink prepared a transaction: from now on it can be committed by whoever knows it.
    TransactionPrepared {
        external: ExternalId,
        owner: u64,
        transaction: u64,
        checkpoint: CheckpointId,
        rows: u64,
    },
    /// A transaction was committed; `checkpoint` is the one whose completion allowed it.
    TransactionCommitted {
        external: ExternalId,
        owner: u64,
        transaction: u64,
        checkpoint: CheckpointId,
        rows: u64,
    },
    /// A transaction was aborted.
    TransactionAborted { external: ExternalId, owner: u64, transaction: u64 },
    /// A step of the scenario was carried out.
    StepTaken { step: u32 },
    /// A step of the scenario was refused.
    StepRefused { step: u32, why: Arc<str> },
    /// Something broke.
    FaultInjected { fault: Fault },
    /// The network interfered with a message.
    MessageDisturbed {
        message: Message,
        task: TaskId,
        checkpoint: Option<CheckpointId>,
        fate: MessageFate,
    },
    /// A source read a record. Record level.
    RecordRead { task: TaskId, origin: Origin },
    /// A task took a record from a channel. Record level.
    RecordTaken { task: TaskId, channel: ChannelId, origin: Origin },
    /// An operator was called. Told only to whom asks for callbacks; `checkpoint` is the one it is called about, or, of
    /// `initialize-state`, the one it was restored from.
    Callback { task: TaskId, operator: OperatorId, call: Call, checkpoint: Option<CheckpointId> },
    /// An operator has initialized a list state and holds these items, as text. Told only to whom asks for callbacks.
    ListInitialized { task: TaskId, operator: OperatorId, name: Arc<str>, items: Arc<[Arc<str>]> },
    /// The aligned time of a checkpoint is over: what is still in flight becomes part of the snapshot.
    AlignmentSwitched { task: TaskId, checkpoint: CheckpointId },
    /// Records of a channel, in order, became part of the snapshot of the task at its `end`.
    InFlightPersisted {
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        channel: ChannelId,
        end: ChannelEnd,
        origins: Arc<[Origin]>,
    },
    /// Records of a checkpoint were put back on a channel, before anything new.
    InFlightRestored {
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        channel: ChannelId,
        records: u64,
        sum: u64,
    },
    /// The split enumerator of a source drew its state: the splits that nobody had, and where each begins.
    EnumeratorTaken {
        run: RunId,
        operator: OperatorIndex,
        checkpoint: CheckpointId,
        unassigned: Arc<[SourcePosition]>,
    },
    /// A split enumerator gave a reader a split, or told it that none are left.
    SplitAssigned { task: TaskId, attempt: Attempt, split: Option<SourcePosition> },
    /// The marker that a checkpoint is off came on a channel, to a task that was not done with it.
    CancellationArrived { task: TaskId, channel: ChannelId, checkpoint: CheckpointId },
    /// A new attempt of some tasks of a job, a region or several, is about to be deployed; the others go on.
    RegionRestarted {
        run: RunId,
        attempt: Attempt,
        restored: Option<CheckpointId>,
        tasks: Arc<[TaskId]>,
    },
    /// A task put a watermark into all its outputs, after its operators had fired what was due. The last one, which comes
    /// with the end of data, is not told.
    WatermarkEmitted { task: TaskId, attempt: Attempt, watermark: EventTime },
    /// A task told its receivers whether to wait for its watermarks.
    WatermarkStatusChanged { task: TaskId, attempt: Attempt, status: WatermarkStatus },
    /// Timers of an operator fired, in event time up to a watermark or in virtual time.
    TimersFired {
        task: TaskId,
        attempt: Attempt,
        operator: OperatorId,
        watermark: Option<EventTime>,
        timers: u32,
    },
    /// An operator gave up a record of this timestamp, which came too late.
    LateDropped {
        task: TaskId,
        attempt: Attempt,
        operator: OperatorId,
        origin: Origin,
        timestamp: EventTime,
        watermark: EventTime,
    },
    /// A state was too large for a job manager that keeps states in memory: the snapshot fails. In bytes.
    StateTooLarge {
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        bytes: u64,
        most: u64,
    },
    /// A shared file is durable, written by a task for a checkpoint; `content` is a hash of what is in it.
    FileCreated {
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        file: FileId,
        content: u64,
    },
    /// A checkpoint that has just completed, or that a new job manager has found, refers to these shared files.
    FilesReferred { run: RunId, checkpoint: CheckpointId, files: Arc<[SharedFile]> },
    /// A completed checkpoint of a job that shares files is kept no more.
    CheckpointDiscarded { run: RunId, checkpoint: CheckpointId },
    /// A job manager deleted a shared file.
    FileDeleted { run: RunId, file: FileId },
    /// A task could not restore its state, since a shared file was not there.
    FileMissing { task: TaskId, attempt: Attempt, file: FileId },
    /// The store that survives the job manager points to a checkpoint, but nobody has been told.
    PointerStored { run: RunId, checkpoint: CheckpointId },
    /// A new job manager took a job over, and these checkpoints with it, oldest first.
    JobTakenOver { run: RunId, checkpoints: Arc<[CheckpointId]> },
    /// Storage did something else with a write than it was asked to; of state, which task wrote it.
    WriteDisturbed {
        run: RunId,
        task: Option<TaskId>,
        checkpoint: CheckpointId,
        write: DurableWrite,
        fault: StorageFault,
    },
    /// The job manager has given a task manager up; its tasks may go on and not know it.
    TaskManagerLost { manager: TaskManagerId },
    /// A task manager has given the job manager up: all its tasks fail.
    JobManagerLost { manager: TaskManagerId },
    /// An ack was ignored, and what the task had written for it stays where it is: nobody will remove it.
    SnapshotOrphaned { task: TaskId, attempt: Attempt, checkpoint: CheckpointId },
}

impl TraceEvent {
    /// Whether it tells of one record or one call: such events come only where a sink asks for them.
    #[inline]
    pub const fn is_of_record(&self) -> bool {
        matches!(
            self,
            Self::RecordRead { .. }
                | Self::RecordTaken { .. }
                | Self::Callback { .. }
                | Self::ListInitialized { .. }
        )
    }
}
