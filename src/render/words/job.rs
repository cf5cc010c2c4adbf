//! What happens to a job, in words.

use super::Line;
use crate::job::{CheckpointId, RunId};
use crate::render::names::Names;
use crate::trace::{JobEvent, SnapshotSource};

pub(super) fn line(run: RunId, event: &JobEvent, names: &Names) -> Line {
    let is_of_coordinator =
        matches!(event, JobEvent::TriggerRefused { .. } | JobEvent::FileDeleted { .. });
    let who = if is_of_coordinator { "coordinator" } else { "job" };
    Line { run: Some(run), who: who.to_owned(), what: what(event, names) }
}

fn what(event: &JobEvent, names: &Names) -> String {
    match event {
        JobEvent::Submitted { from: None } => "submitted".to_owned(),
        JobEvent::Submitted { from: Some(SnapshotSource::Run(run, id)) } => {
            format!("submitted, from savepoint {id} of {}", names.run(*run))
        }
        JobEvent::Submitted { from: Some(SnapshotSource::Files(id)) } => {
            format!("submitted, from snapshot {id} of an earlier process")
        }
        JobEvent::Refused { why } => format!("refused: {why}"),
        JobEvent::StatusChanged { status } => status.to_string(),
        JobEvent::AttemptStarted { attempt, restored } => {
            format!("attempt {attempt} {}", start(*restored))
        }
        JobEvent::RegionRestarted { attempt, restored, tasks } => {
            let tasks: Vec<String> = tasks.iter().map(|task| names.task(*task)).collect();
            format!("attempt {attempt} of {} {}", tasks.join(", "), start(*restored))
        }
        JobEvent::TakenOver { checkpoints } if checkpoints.is_empty() => {
            "taken over by a new job manager, which finds no snapshot".to_owned()
        }
        JobEvent::TakenOver { checkpoints } => {
            let ids: Vec<_> = checkpoints.iter().map(|id| id.number().to_string()).collect();
            format!("taken over by a new job manager with snapshot {}", ids.join(", "))
        }
        JobEvent::TriggerRefused { kind, reason } => {
            format!("no {kind} triggered: {reason}")
        }
        JobEvent::FileDeleted { file } => format!("shared/{file} deleted"),
    }
}

fn start(restored: Option<CheckpointId>) -> String {
    restored.map_or_else(|| "starts empty".to_owned(), |id| format!("starts from snapshot {id}"))
}
