//! Lines through a whole job: what has been read, and what has come to its end.

use super::RunStory;
use crate::job::{OperatorId, OperatorIndex, Plan};
use crate::trace::SourcePosition;

/// Where a partition stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::check) enum Next {
    /// Before the entry of this number.
    Entry(u32),
    /// Nothing is left to read.
    End,
}

/// A line through the whole job: what has been read, and which operators have seen the end of their data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::check) struct Cut {
    /// By source: the next entry of each partition. A source that is not listed has read nothing.
    pub(in crate::check) sources: Vec<(OperatorId, Vec<Next>)>,
    /// Operators of which every subtask had seen the end of its data.
    pub(in crate::check) drained: Vec<OperatorId>,
    /// Operators of which every subtask was gone: nothing of them is left to restore.
    pub(in crate::check) finished: Vec<OperatorId>,
    /// Whether event time had come to its end, though the data had not.
    pub(in crate::check) ends_time: bool,
}

impl Cut {
    /// Where a source stands, if the cut knows it.
    pub(in crate::check) fn of_source(&self, source: OperatorId) -> Option<&[Next]> {
        self.sources.iter().find(|(id, _)| *id == source).map(|(_, next)| next.as_slice())
    }

    /// Behind everything.
    pub(in crate::check) fn at_the_end(
        plan: &Plan,
        partitions: impl Fn(OperatorIndex) -> usize,
    ) -> Self {
        let sources = sources_of(plan)
            .map(|source| (plan.operator_ids[source.index()], vec![Next::End; partitions(source)]))
            .collect();
        let everything = || plan.operator_ids.clone();
        Self { sources, drained: everything(), finished: everything(), ends_time: false }
    }

    /// What sources were drained before is not read by a run that ends.
    pub(in crate::check) fn end_where_drained(&mut self, run: &RunStory) {
        let plan = &*run.layout.plan;
        for (task, positions) in run.drained.iter().flatten() {
            let vertex = &plan.vertices[run.layout.plan_task(*task).vertex.index()];
            let id = vertex.operators.first().map(|head| plan.operator_ids[head.index()]);
            let source = self.sources.iter_mut().find(|(source, _)| Some(*source) == id);
            let Some((_, next)) = source else { continue };
            for position in &**positions {
                if let Some(next) = next.get_mut(usize::from(position.partition)) {
                    *next = Next::Entry(position.next);
                }
            }
        }
    }

    /// Whether nothing in `self` is behind `later`.
    pub(in crate::check) fn is_before(&self, later: &Self) -> bool {
        self.sources.iter().all(|(source, next)| {
            later.of_source(*source).is_some_and(|later| {
                next.iter().zip(later).all(|(earlier, later)| earlier <= later)
            })
        }) && self.drained.iter().all(|operator| later.drained.contains(operator))
    }
}

/// The sources of a plan, in order of the graph.
pub(in crate::check) fn sources_of(plan: &Plan) -> impl Iterator<Item = OperatorIndex> {
    let operators = plan.graph.operators.iter().enumerate();
    operators.filter(|(_, node)| node.is_source()).map(|(place, _)| OperatorIndex::new(place))
}

/// Where so many partitions stand: those that nobody tells of were read to their end.
pub(in crate::check) fn told_of<'p>(
    partitions: usize,
    positions: impl Iterator<Item = &'p SourcePosition>,
) -> Vec<Next> {
    let mut next = vec![Next::End; partitions];
    for position in positions {
        if let Some(next) = next.get_mut(usize::from(position.partition)) {
            *next = Next::Entry(position.next);
        }
    }
    next
}
