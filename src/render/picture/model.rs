//! What a picture shows, as plain values: lanes, and what lies on them, in nanoseconds and entries of the trace.
//!
//! Knows no paper: where a mark stands and what it looks like is decided by the layouts.

mod build;
mod cast;
mod checkpoints;
mod records;
mod tasks;
mod transactions;

use crate::job::{CheckpointId, RunId};
use crate::trace::EntryNumber;

/// A run, as it is drawn: built in one pass from a trace, and all that any back end reads.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Picture {
    /// What stands above it.
    pub title: String,
    /// What the story is about, in its own words.
    pub about: String,
    /// The checks, each with whether it held; those that had nothing to say are not among them.
    pub verdict: Vec<(String, bool)>,
    /// The moment of the first entry and that of the last.
    pub span: (u64, u64),
    /// The lanes from top to bottom: coordinator, subtasks run by run, external systems.
    pub lanes: Vec<Lane>,
    /// What lasts.
    pub spans: Vec<Span>,
    /// What goes from a lane to another.
    pub arrows: Vec<Arrow>,
    /// What happens at a moment.
    pub points: Vec<Point>,
    /// The checkpoints and savepoints that were triggered, in order.
    pub checkpoints: Vec<Checkpoint>,
    /// Work that a restart threw away.
    pub undone: Vec<Undone>,
    /// The chain of causes of the first violation, lettered.
    pub steps: Vec<Step>,
    /// The entries at which checks are broken.
    pub broken: Vec<EntryNumber>,
    /// Whether the trace tells records.
    pub has_records: bool,
    /// What attempts were restored from, in order, and when.
    pub restores: Vec<(CheckpointOf, u64)>,
    /// The checkpoint that the first violation is about, by its place among the checkpoints.
    pub suspect: Option<usize>,
}

/// Who acts on a lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum LaneKind {
    /// The checkpoint coordinators of all runs.
    Coordinator,
    /// A subtask.
    Task,
    /// An external system that sinks write to.
    External,
}

/// A lane: one who acts, from left to right.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Lane {
    /// Who acts on it.
    pub kind: LaneKind,
    /// `counts/1`.
    pub label: String,
    /// Of a subtask, the operator at the head of its chain.
    pub operator: String,
    /// Of a subtask, the job.
    pub job: String,
    /// Of a subtask, its run.
    pub run: Option<RunId>,
    /// Of a subtask, how many its operator has.
    pub parallelism: u32,
}

/// A checkpoint or savepoint of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct CheckpointOf {
    /// The run that took it.
    pub run: RunId,
    /// Its number.
    pub id: CheckpointId,
}

/// Something that lasts on a lane.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Span {
    /// The lane, by its place.
    pub lane: usize,
    /// When it begins.
    pub from: u64,
    /// When it ends.
    pub to: u64,
    /// What it is.
    pub kind: SpanKind,
    /// The checkpoint that it belongs to.
    pub checkpoint: Option<CheckpointOf>,
    /// What it is, in words.
    pub text: String,
    /// The entries that tell of it.
    pub entries: Vec<EntryNumber>,
}

/// What lasts on a lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum SpanKind {
    /// A task runs.
    Life,
    /// A task was deployed and does not run yet.
    Deploying,
    /// An attempt runs though a newer one has taken its place.
    Zombie,
    /// A channel is held back until its task is aligned.
    Blocked,
    /// A snapshot is written.
    Upload,
    /// A transaction is open.
    Open,
    /// A transaction is prepared and not committed.
    Prepared,
}

/// Something that goes from a lane to another.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Arrow {
    /// The lane that it leaves, by its place, and when.
    pub from: (usize, u64),
    /// The lane that it reaches, and when.
    pub to: (usize, u64),
    /// What it is.
    pub kind: ArrowKind,
    /// The checkpoint that it belongs to.
    pub checkpoint: Option<CheckpointOf>,
    /// What it is, in words.
    pub text: String,
    /// The entries that tell of it.
    pub entries: Vec<EntryNumber>,
}

/// What goes from a lane to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum ArrowKind {
    /// The coordinator has a source begin.
    Trigger,
    /// A barrier goes through a channel.
    Barrier,
    /// The barrier that its receiver waited for: the last one.
    LastBarrier,
    /// A record goes through a channel.
    Record,
    /// A record that was sent before the cut and is received behind it.
    Crossing,
    /// A record that was received before the cut and sent behind it, which no protocol that holds lets happen.
    WrongSide,
    /// An ack that was counted.
    Ack,
    /// An ack that was not counted.
    StrayAck,
    /// The coordinator notifies a task that commits then.
    Notify,
    /// Records in flight, from where they were saved to where they were put back.
    PutBack,
}

/// Something that happens at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Point {
    /// The lane, by its place.
    pub lane: usize,
    /// When.
    pub at: u64,
    /// What it is.
    pub kind: PointKind,
    /// The checkpoint that it belongs to.
    pub checkpoint: Option<CheckpointOf>,
    /// How many rows or records.
    pub count: u64,
    /// What it is, in words.
    pub text: String,
    /// The entries that tell of it.
    pub entries: Vec<EntryNumber>,
}

/// What happens at a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum PointKind {
    /// A task draws its state.
    Snapshot,
    /// A task has initialized its state from a checkpoint.
    Restored,
    /// A task has ended and done its work.
    Finished,
    /// A task was canceled.
    Canceled,
    /// A task has failed.
    Failed,
    /// Something broke.
    Fault,
    /// Somebody was given up, or what was broken works again.
    Noted,
    /// Records in flight are saved with a snapshot.
    Saved,
    /// Records in flight are put back.
    PutBack,
    /// A new attempt of a job, or of a part of it.
    Attempt,
    /// A task is notified that a checkpoint completed.
    Notified,
    /// A step of the story is carried out.
    Story,
    /// A transaction is committed.
    Committed,
    /// A transaction is aborted.
    TransactionAborted,
    /// A record is read from an input, or taken from a channel whose sender is not known to have handled it.
    Record,
    /// A check is broken here.
    Violation,
}

/// A checkpoint or savepoint from its trigger on.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Which.
    pub of: CheckpointOf,
    /// Whether it is a savepoint.
    pub is_savepoint: bool,
    /// When it was triggered.
    pub from: u64,
    /// When it completed or was aborted; of one that is still pending, when its job manager or the trace ends.
    pub to: u64,
    /// What became of it.
    pub end: CheckpointEnd,
    /// The acks that were counted: whose, when, and the entry.
    pub acks: Vec<(usize, u64, EntryNumber)>,
    /// When its metadata was written.
    pub metadata: Option<(u64, EntryNumber)>,
    /// The cut: when each task drew its state.
    pub cut: Vec<(usize, u64, EntryNumber)>,
    /// How many records in flight were saved with it.
    pub saved: u64,
    /// The entries that tell of it as a whole.
    pub entries: Vec<EntryNumber>,
}

impl Checkpoint {
    /// Which of the three colours it has.
    pub const fn colour(&self) -> u64 {
        self.of.colour()
    }

    /// `savepoint 3`.
    pub fn name(&self) -> String {
        let kind = if self.is_savepoint { "savepoint" } else { "checkpoint" };
        format!("{kind} {}", self.of.id)
    }

    /// When the last of its snapshots was drawn.
    pub fn last_snapshot(&self) -> Option<u64> {
        self.cut.iter().map(|(_, at, _)| *at).max()
    }
}

impl CheckpointOf {
    /// Which of the three colours it has.
    pub const fn colour(self) -> u64 {
        self.id.number().saturating_sub(1) % 3
    }
}

/// What became of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CheckpointEnd {
    /// It completed.
    Completed,
    /// It was aborted, and why.
    Aborted(String),
    /// The trace ends before it does, or its job manager did.
    Pending,
}

/// Work that a restart throws away: what the run, or a part of it, did between a cut and its failure.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Undone {
    /// The checkpoint that it goes back to, by its place among the checkpoints.
    pub checkpoint: usize,
    /// The lanes whose work it is.
    pub lanes: Vec<usize>,
    /// When the work ends.
    pub until: u64,
    /// The entry of the restart.
    pub entries: Vec<EntryNumber>,
}

/// One of the causes of a violation.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Step {
    /// `a` for the first.
    pub letter: char,
    /// The lane, by its place.
    pub lane: usize,
    /// When.
    pub at: u64,
    /// What happened.
    pub text: String,
    /// Whether it is what must not happen.
    pub is_broken: bool,
    /// The entry.
    pub entries: Vec<EntryNumber>,
}

impl Picture {
    /// The checkpoint of this name, if it was triggered.
    pub fn checkpoint(&self, of: CheckpointOf) -> Option<&Checkpoint> {
        self.checkpoints.iter().find(|checkpoint| checkpoint.of == of)
    }

    /// Whether a check is broken at what a point tells.
    pub fn is_broken(&self, point: &Point) -> bool {
        point.entries.first().is_some_and(|entry| self.broken.contains(entry))
    }

    /// Whether a violation is about a commit, which tells of it by its own colour.
    pub(super) fn is_of_commit(&self, violation: &Point) -> bool {
        let is_it = |other: &Point| {
            other.kind == PointKind::Committed && other.entries == violation.entries
        };
        self.points.iter().any(is_it)
    }

    /// Every entry that a mark names, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = EntryNumber> {
        let spans = self.spans.iter().flat_map(|span| &span.entries);
        let arrows = self.arrows.iter().flat_map(|arrow| &arrow.entries);
        let points = self.points.iter().flat_map(|point| &point.entries);
        let checkpoints = self.checkpoints.iter().flat_map(|checkpoint| &checkpoint.entries);
        spans.chain(arrows).chain(points).chain(checkpoints).copied()
    }
}
