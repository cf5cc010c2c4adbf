//! A source that reads partitions of its own tells of each of them at every barrier, and at its end.

use super::Past;
use crate::job::{Attempt, OperatorKind, Reader, RunId, TaskId};
use crate::trace::{SourcePosition, TaskEvent};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Follows the positions of all sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Partitions {
    told: BTreeMap<(TaskId, Attempt), Arc<[SourcePosition]>>,
}

impl Partitions {
    /// Takes in what a task told. What is wrong with it, in words. Readers of splits are done with one that ends.
    pub(super) fn observe(
        &mut self,
        who: (TaskId, Attempt),
        event: &TaskEvent,
        run: RunId,
        past: Past<'_>,
    ) -> Option<String> {
        let TaskEvent::SourcePositions { positions, .. } = event else { return None };
        let before = self.told.insert(who, Arc::clone(positions))?;
        let story = past.run(run).filter(|story| story.is_current(who.0, who.1))?;
        let plan = &story.layout.plan;
        let node = &plan.graph.operators[plan.head(story.layout.plan_task(who.0).vertex).index()];
        let is_log = matches!(node.kind, OperatorKind::Source { .. });
        if !is_log || node.options.reader != Reader::Fixed {
            return None;
        }
        let now = |before: &SourcePosition| {
            let mut now = positions.iter();
            now.find(|now| (now.input, now.partition) == (before.input, before.partition))
        };
        let name = || story.layout.task_name(who.0);
        before.iter().find_map(|before| match now(before) {
            Some(now) if now.next >= before.next => None,
            Some(now) => Some(format!(
                "{} has read partition {} up to {}, and had up to {}",
                name(),
                before.partition,
                now.next,
                before.next
            )),
            None => Some(format!(
                "{} tells nothing of partition {}, which it had read up to {}",
                name(),
                before.partition,
                before.next
            )),
        })
    }
}
