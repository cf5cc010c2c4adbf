//! What becomes of checkpoints, as the trace tells it.

use super::{CheckpointStory, History, Persisted, Stage, TaskMarks};
use crate::job::{CheckpointId, RunId};
use crate::trace::{Entry, TraceEvent};
use std::sync::Arc;

impl History {
    /// Takes in what becomes of checkpoints.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of a checkpoint")]
    pub(super) fn observe_checkpoint(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::CheckpointTriggered { run, checkpoint, kind } => {
                if let Some(story) = self.run_mut(*run) {
                    story.checkpoints.push(CheckpointStory::new(*checkpoint, *kind));
                }
            }
            TraceEvent::SourcePositions { task, checkpoint: Some(checkpoint), positions } => {
                if let Some(story) = self.run_of_mut(*task).story_mut(*checkpoint) {
                    story.positions.push((*task, Arc::clone(positions)));
                }
            }
            TraceEvent::EnumeratorTaken { run, operator, checkpoint, unassigned } => {
                if let Some(story) = self.run_mut(*run).and_then(|run| run.story_mut(*checkpoint)) {
                    story.unassigned.push((*operator, Arc::clone(unassigned)));
                }
            }
            TraceEvent::AlignmentCompleted { task, checkpoint, held } => {
                if let Some(story) = self.run_of_mut(*task).story_mut(*checkpoint) {
                    story.held |= *held > 0;
                }
            }
            TraceEvent::InFlightRestored { task, attempt, records, sum, .. } => {
                let restore = self.run_of_mut(*task).restore.as_mut();
                if let Some(restore) = restore.filter(|restore| restore.attempt == *attempt) {
                    restore.is_in_flight.0 += records;
                    restore.is_in_flight.1 = restore.is_in_flight.1.wrapping_add(*sum);
                }
            }
            TraceEvent::InFlightPersisted { task, attempt, checkpoint, channel, end, origins } => {
                if let Some(story) = self.run_of_mut(*task).story_mut(*checkpoint) {
                    let (attempt, channel, end) = (*attempt, *channel, *end);
                    let origins = Arc::clone(origins);
                    story.in_flight.push(Persisted { attempt, channel, end, origins });
                }
            }
            TraceEvent::SnapshotTaken { task, attempt, checkpoint, received, sent } => {
                let run = self.run_of_mut(*task);
                let progress = run.progress[run.local(*task)];
                if let Some(story) = run.story_mut(*checkpoint) {
                    let (received, sent) = (Arc::clone(received), Arc::clone(sent));
                    let attempt = *attempt;
                    story.marks.push(TaskMarks { task: *task, attempt, received, sent, progress });
                }
            }
            TraceEvent::NotifyHandled { task, checkpoint, .. } => {
                let run = self.run_of_mut(*task);
                let place = run.local(*task);
                run.notified[place] = run.notified[place].max(Some(*checkpoint));
            }
            TraceEvent::MetadataWritten { run, checkpoint } => {
                self.reach(*run, *checkpoint, Stage::Durable);
            }
            TraceEvent::CheckpointCompleted { run, checkpoint, .. } => {
                self.reach(*run, *checkpoint, Stage::Completed);
            }
            TraceEvent::CheckpointAborted { run, checkpoint, .. } => {
                if let Some(run) = self.run_mut(*run) {
                    run.checkpoints.retain(|story| {
                        story.checkpoint != *checkpoint || story.stage > Stage::Pending
                    });
                }
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
