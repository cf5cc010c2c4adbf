//! Which items of lists came to whom: not only how many, as sums tell, but these, and in their order.

use super::Past;
use crate::check::graph::kept_by;
use crate::check::history::RunStory;
use crate::job::{CheckpointId, OperatorId, RunId, TaskId, Value};
use crate::trace::{ListHeld, StateKind};
use std::sync::Arc;

/// What is wrong with the lists of a task that has just been restored, in words.
pub(super) fn wrong_lists(
    (task, run): (TaskId, RunId),
    checkpoint: CheckpointId,
    lists: &[ListHeld],
    past: Past<'_>,
) -> Vec<String> {
    let Some(story) = past.run(run) else { return Vec::new() };
    let wrong = lists.iter().filter_map(|list| {
        let due = dealt_to((story, task), checkpoint, list, past)?;
        let is_right = due.iter().copied().eq(list.items.iter());
        (!is_right).then(|| {
            let (name, held, due) = (story.layout.task_name(task), list.items.len(), due.len());
            let what = if held == due {
                format!("{held} items, but others or in another order")
            } else {
                format!("{held} items and not {due}")
            };
            format!(
                "{name} begins with {what} in `{}`, restored from checkpoint {checkpoint}",
                list.name
            )
        })
    });
    wrong.collect()
}

/// What a subtask is to begin with; none if that is not known.
///
/// 1. Where an operator is as parallel as before each subtask has its own again. 2. A list is joined in order of the
///    subtasks and cut into runs, the first of them longer by one item (`RoundRobinOperatorStateRepartitioner`). Of an operator
///    with several lists the next run goes on where the last one ended, and nobody is told in which order they are dealt.
/// 3. Of broadcast state each subtask takes the copy of its own number, beginning anew where there were fewer.
fn dealt_to<'p>(
    (story, task): (&RunStory, TaskId),
    checkpoint: CheckpointId,
    list: &ListHeld,
    past: Past<'p>,
) -> Option<Vec<&'p Value>> {
    let plan = &story.layout.plan;
    let node = plan.node_with_id(list.operator)?;
    kept_by(node)?;
    let report = &story.restore.as_ref().filter(|restore| restore.checkpoint == checkpoint)?.report;
    let units = || report.snapshot.iter().filter(|sum| sum.unit.operator == list.operator);
    let own = units().filter(|sum| sum.unit.name == list.name);
    let [own] = own.collect::<Vec<_>>()[..] else { return None };
    let is_mapped = report.mapped.contains(&own.unit) && !report.dropped.contains(&own.unit);
    let kind = own.unit.kind;
    let (taker, taken) =
        past.history.restored_story(story.layout.run, checkpoint).filter(|_| is_mapped)?;
    let stored = story.stored_as(taker, list.operator)?;
    let before = taker.layout.plan.operator_with_id(stored)?;
    let subtasks = taker.layout.plan.tasks_of(taker.layout.plan.vertex_of(before));
    let copies: Vec<Option<&'p Arc<[Value]>>> = subtasks
        .map(|task| told_by(taker.layout.task(task), &taken.marks, (stored, &list.name)))
        .collect::<Option<Vec<_>>>()?;
    let subtask = usize::try_from(story.layout.plan_task(task).subtask).ok()?;
    let receivers = plan.tasks_of(plan.vertex_of(plan.operator_with_id(list.operator)?)).count();
    let items = |copy: Option<&'p Arc<[Value]>>| copy.into_iter().flat_map(|copy| copy.iter());
    match kind {
        StateKind::Split if copies.len() == receivers => Some(items(copies[subtask]).collect()),
        StateKind::Split => {
            if units().filter(|sum| sum.unit.kind == StateKind::Split).count() != 1 {
                return None;
            }
            let all: Vec<&Value> = copies.into_iter().flat_map(items).collect();
            let (share, rest) = (all.len() / receivers, all.len() % receivers);
            let first = subtask * share + subtask.min(rest);
            Some(all[first..first + share + usize::from(subtask < rest)].to_vec())
        }
        StateKind::Broadcast if copies.iter().all(Option::is_some) => {
            Some(items(copies[subtask % copies.len()]).collect())
        }
        StateKind::Broadcast | StateKind::Union | StateKind::Whole | StateKind::Keyed => None,
    }
}

/// The list that a task told at a checkpoint, if it told one; none if it is not known which of its attempts is meant.
#[expect(clippy::option_option, reason = "a task may be known to have told nothing")]
fn told_by<'p>(
    task: TaskId,
    marks: &'p [crate::check::history::TaskMarks],
    (operator, name): (OperatorId, &str),
) -> Option<Option<&'p Arc<[Value]>>> {
    let mut own = marks.iter().filter(|marks| marks.task == task);
    let Some(marks) = own.next() else { return Some(None) };
    if own.next().is_some() {
        return None;
    }
    let list = marks.lists.iter().find(|list| list.operator == operator && *list.name == *name);
    Some(list.map(|list| &list.items))
}
