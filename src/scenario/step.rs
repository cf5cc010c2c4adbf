//! The steps of a scenario: when something is done to the world. What is done is an [`Action`].

use super::action::Action;
use super::job_config::TaskName;
use crate::kernel::SimTime;
use crate::trace::JobStatus;

/// One step of the story. Fires once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// When.
    pub trigger: Trigger,
    /// What.
    pub action: Action,
    /// If set, the step must be refused with a message that contains this, whatever its case and punctuation.
    pub refused: Option<String>,
    /// If set, a refused step is tried again after this long, as a patient client would; it cannot be `refused` then.
    pub retry: Option<SimTime>,
    /// Whether its moment may never come. One whose does not come, or that is refused to the end, fails the story otherwise.
    pub may_miss: bool,
    /// The line in the file, from 1; 0 for a drawn scenario. Never compared.
    pub line: Line,
}

/// A line number that takes no part in comparisons.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line(pub u32);

impl PartialEq for Line {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}
impl Eq for Line {}

/// When a step fires.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// At a virtual time.
    At(SimTime),
    /// At the first moment something happens after the world began, plus a delay.
    When(Milestone, SimTime),
}

/// Something that happens in a run. `job` is the job it must happen to; by default the scenario's first job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Milestone {
    /// The checkpoint was triggered.
    Triggered {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The task drew its snapshot (window W1 opens).
    Snapshot {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The task's snapshot is durable (W2 opens).
    Durable {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The task sent its ack (W3 opens).
    AckSent {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The coordinator handled the task's ack.
    Acked {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The metadata is durable, nobody has been told (W5, W6 open).
    MetadataWritten {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The store that survives the job manager points to it, nobody has been told (W5, W6); only with high availability.
    PointerStored {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The checkpoint completed; notifications are on their way.
    Completed {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The task handled the notification (W7 closes).
    Notified {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The job's tasks were restored from a checkpoint and all run (W9 opens).
    Restored {
        /// Which job.
        job: String,
    },
    /// All inputs of the task have ended.
    DataEnded {
        /// Which task.
        by: TaskName,
    },
    /// A savepoint of this label was stored.
    Savepoint {
        /// Its label.
        label: String,
    },
    /// The job reached a state.
    Status {
        /// Which job.
        job: String,
        /// Which state.
        status: JobStatus,
    },
}
