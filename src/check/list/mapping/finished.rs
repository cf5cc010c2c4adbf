//! What had finished stays finished, so that a restored job in which something that still runs would send to it is refused
//! (`VertexFinishedStateChecker`).

use super::Past;
use crate::check::history::{CheckpointStory, RunStory};
use crate::job::{CheckpointId, Partitioner, RunId, VertexIndex};

/// How many subtasks of a chain had finished.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Finished {
    None,
    Some,
    All,
}

/// Which chain of a run that restores a checkpoint had finished and reads from one that had not, in words.
pub(super) fn behind_unfinished(
    run: RunId,
    checkpoint: CheckpointId,
    past: Past<'_>,
) -> Option<String> {
    let story = past.run(run)?;
    let (taker, taken) = past.history.restored_story(run, checkpoint)?;
    // Of its own checkpoints it is not asked: nothing has changed.
    if taker.layout.run == run {
        return None;
    }
    let plan = &story.layout.plan;
    let name = |vertex: VertexIndex| story.layout.operator_name(plan.head(vertex));
    plan.edges.iter().find_map(|edge| {
        let of = |vertex| finished((story, vertex), (taker, taken));
        let (before, after) = (of(edge.from_vertex), of(edge.to_vertex));
        let is_pointwise = matches!(edge.partitioner, Partitioner::Forward | Partitioner::Rescale);
        let is_wrong = match after {
            Finished::None => false,
            Finished::Some if is_pointwise => before == Finished::None,
            Finished::Some | Finished::All => before != Finished::All,
        };
        is_wrong.then(|| {
            let (to, from) = (name(edge.to_vertex), name(edge.from_vertex));
            format!("{to} had finished at checkpoint {checkpoint}, in whole or in part, and reads from {from}, which goes on")
        })
    })
}

/// How much of a chain had finished, by the operator at its head.
fn finished(
    (story, vertex): (&RunStory, VertexIndex),
    (taker, taken): (&RunStory, &CheckpointStory),
) -> Finished {
    let plan = &story.layout.plan;
    let head = plan.operator_ids[plan.head(vertex).index()];
    let stored = story.stored_as(taker, head);
    let before = stored.and_then(|id| taker.layout.plan.operator_with_id(id));
    let Some(before) = before else { return Finished::None };
    let tasks = taker.layout.plan.tasks_of(taker.layout.plan.vertex_of(before));
    let has_left: Vec<bool> = tasks
        .map(|task| !taken.marks.iter().any(|marks| marks.task == taker.layout.task(task)))
        .collect();
    match (has_left.contains(&true), has_left.contains(&false)) {
        (false, _) => Finished::None,
        (true, true) => Finished::Some,
        (true, false) => Finished::All,
    }
}
