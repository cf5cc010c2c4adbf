//! What becomes of checkpoints, as the trace tells it.

use super::{CheckpointStory, History, Persisted, Stage, TaskMarks};
use crate::job::{Attempt, CheckpointId, RunId, TaskId};
use crate::trace::{CheckpointEvent, Entry, TaskEvent, TraceEvent};
use std::sync::Arc;

impl History {
    /// Takes in what becomes of checkpoints.
    pub(super) fn observe_checkpoint(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::Checkpoint(run, checkpoint, event) => {
                self.on_checkpoint(*run, *checkpoint, event);
            }
            TraceEvent::Task(task, attempt, event) => self.on_snapshot(*task, *attempt, event),
            TraceEvent::Job(..) | TraceEvent::Transaction { .. } | TraceEvent::World(_) => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most events leave a checkpoint as it is")]
    fn on_checkpoint(&mut self, run: RunId, checkpoint: CheckpointId, event: &CheckpointEvent) {
        let Some(story) = self.run_mut(run) else { return };
        match event {
            CheckpointEvent::MetadataWritten => self.reach(run, checkpoint, Stage::Durable),
            CheckpointEvent::Completed { .. } => self.reach(run, checkpoint, Stage::Completed),
            CheckpointEvent::Triggered { kind } => {
                let drained = story.drained.clone();
                let new = CheckpointStory { drained, ..CheckpointStory::new(checkpoint, *kind) };
                story.checkpoints.push(new);
            }
            CheckpointEvent::EnumeratorTaken { operator, unassigned } => {
                if let Some(story) = story.story_mut(checkpoint) {
                    story.unassigned.push((*operator, Arc::clone(unassigned)));
                }
            }
            CheckpointEvent::Aborted { .. } => story
                .checkpoints
                .retain(|story| story.checkpoint != checkpoint || story.stage > Stage::Pending),
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of a snapshot")]
    fn on_snapshot(&mut self, task: TaskId, attempt: Attempt, event: &TaskEvent) {
        let run = self.run_of_mut(task);
        let place = run.local(task);
        if let TaskEvent::SourcePositions { positions, .. } = event {
            let vertex = run.layout.plan_task(task).vertex;
            let read = positions.iter().map(|at| (vertex, (at.input, at.partition)));
            run.beginning.read.extend(read);
        }
        match event {
            TaskEvent::SourcePositions { checkpoint: Some(checkpoint), positions } => {
                if let Some(story) = run.story_mut(*checkpoint) {
                    story.positions.push((task, Arc::clone(positions)));
                }
            }
            TaskEvent::SourcePositions { checkpoint: None, positions } => {
                if let Some(drained) = run.drained.as_mut() {
                    drained.push((task, Arc::clone(positions)));
                }
            }
            TaskEvent::AlignmentCompleted { checkpoint, held } => {
                if let Some(story) = run.story_mut(*checkpoint) {
                    story.held |= *held > 0;
                }
            }
            TaskEvent::InFlightRestored { records, sum, .. } => {
                let restore = run.restore.as_mut();
                if let Some(restore) = restore.filter(|restore| restore.attempt == attempt) {
                    restore.is_in_flight.0 += records;
                    restore.is_in_flight.1 = restore.is_in_flight.1.wrapping_add(*sum);
                }
            }
            TaskEvent::InFlightPersisted { checkpoint, channel, end, origins } => {
                if let Some(story) = run.story_mut(*checkpoint) {
                    let (channel, end, origins) = (*channel, *end, Arc::clone(origins));
                    story.in_flight.push(Persisted { attempt, channel, end, origins });
                }
            }
            TaskEvent::SnapshotTaken { checkpoint, received, sent, lists, .. } => {
                let progress = run.progress[place];
                if let Some(story) = run.story_mut(*checkpoint) {
                    let (received, sent) = (Arc::clone(received), Arc::clone(sent));
                    let lists = Arc::clone(lists);
                    story.marks.push(TaskMarks { task, attempt, received, sent, progress, lists });
                }
            }
            TaskEvent::NotifyHandled { checkpoint } => {
                run.notified[place] = run.notified[place].max(Some(*checkpoint));
            }
            _ => {}
        }
    }

    pub(super) fn reach(&mut self, run: RunId, checkpoint: CheckpointId, stage: Stage) {
        if let Some(story) = self.run_mut(run).and_then(|run| run.story_mut(checkpoint)) {
            story.stage = stage;
        }
    }
}
