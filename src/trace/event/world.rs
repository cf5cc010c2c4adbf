//! What happens to the world in which jobs run.

use super::TraceEvent;
use crate::job::{TaskId, TaskManagerId};
use serde::Serialize;
use std::sync::Arc;

/// What was done to the world, or became of its machines.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "a field says no more than its type and the variant's sentence do")]
#[non_exhaustive]
pub enum WorldEvent {
    /// A step of the scenario was carried out.
    StepTaken { step: u32 },
    /// A step of the scenario was refused.
    StepRefused { step: u32, why: Arc<str> },
    /// Something broke.
    FaultInjected { fault: Fault },
    /// The job manager has given a task manager up; its tasks may go on and not know it.
    TaskManagerLost { manager: TaskManagerId },
    /// A task manager has given the job manager up: all its tasks fail.
    JobManagerLost { manager: TaskManagerId },
}

impl From<WorldEvent> for TraceEvent {
    fn from(event: WorldEvent) -> Self {
        Self::World(event)
    }
}

/// Something that a scenario did to the world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[non_exhaustive]
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
