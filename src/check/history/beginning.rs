//! When the tasks of a run began, and what its sources have read of since.

use super::{History, PartitionId};
use crate::job::{Attempt, VertexIndex};
use crate::kernel::SimTime;
use crate::trace::{Entry, JobEvent, TaskEvent, TraceEvent};
use std::collections::BTreeSet;

/// How a run began to read, and what.
#[derive(Clone, Debug)]
pub(in crate::check) struct Beginning {
    /// When its first attempt began.
    pub(in crate::check) at: SimTime,
    /// By task of the plan: when it was first initialized, and whether from a snapshot.
    pub(in crate::check) initialized: Vec<Option<(SimTime, bool)>>,
    /// Whether an attempt began once more with nothing of its own.
    pub(in crate::check) was_repeated: bool,
    /// Partitions that tasks of a vertex told of.
    pub(in crate::check) read: BTreeSet<(VertexIndex, PartitionId)>,
}

impl Beginning {
    /// Of a run of so many tasks.
    pub(super) fn of(tasks: usize) -> Self {
        Self {
            at: SimTime::ZERO,
            initialized: vec![None; tasks],
            was_repeated: false,
            read: BTreeSet::new(),
        }
    }
}

impl History {
    /// Takes in when a run and its tasks begin.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other event begins anything")]
    pub(super) fn observe_beginning(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::Job(run, JobEvent::AttemptStarted { attempt, .. }) => {
                if let Some(story) = self.run_mut(*run).filter(|_| *attempt == Attempt::new(0)) {
                    story.beginning.at = entry.at;
                }
            }
            TraceEvent::Task(task, _, TaskEvent::Initialized { restored, .. }) => {
                let story = self.run_of_mut(*task);
                let place = story.local(*task);
                story.beginning.initialized[place].get_or_insert((entry.at, restored.is_some()));
            }
            _ => {}
        }
    }
}
