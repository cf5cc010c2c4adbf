//! Lines through a whole job: what has been read, and what has come to its end.

use super::RunStory;
use crate::job::{InputId, OperatorId, OperatorIndex, Plan};
use crate::trace::SourcePosition;
use std::collections::BTreeMap;

/// Where a partition stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::check) enum Next {
    /// Before the entry of this number.
    Entry(u32),
    /// Nothing is left to read.
    End,
}

/// A partition of an input.
pub(in crate::check) type PartitionId = (InputId, u16);

/// Where the partitions of one source stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::check) struct Stand {
    /// Those that it tells of.
    pub(in crate::check) known: BTreeMap<PartitionId, Next>,
    /// All others: not read, or, if subtasks that had finished may have read them, to their end.
    pub(in crate::check) others: Next,
}

impl Stand {
    /// Everything was read.
    pub(in crate::check) const END: Self = Self { known: BTreeMap::new(), others: Next::End };

    /// Where a partition stands.
    pub(in crate::check) fn of(&self, partition: PartitionId) -> Next {
        self.known.get(&partition).copied().unwrap_or(self.others)
    }

    /// Takes in where partitions stand.
    pub(in crate::check) fn hear<'p>(
        &mut self,
        positions: impl IntoIterator<Item = &'p SourcePosition>,
    ) {
        let told = positions
            .into_iter()
            .map(|position| ((position.input, position.partition), Next::Entry(position.next)));
        self.known.extend(told);
    }

    /// Whether no partition is behind where it stands later.
    fn is_before(&self, later: &Self) -> bool {
        let mut known = self.known.keys().chain(later.known.keys());
        self.others <= later.others
            && known.all(|partition| self.of(*partition) <= later.of(*partition))
    }
}

/// A line through the whole job: what has been read, and which operators have seen the end of their data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::check) struct Cut {
    /// By source. A source that is not listed has read nothing.
    pub(in crate::check) sources: Vec<(OperatorId, Stand)>,
    /// Operators of which every subtask had seen the end of its data.
    pub(in crate::check) drained: Vec<OperatorId>,
    /// Operators of which every subtask was gone: nothing of them is left to restore.
    pub(in crate::check) finished: Vec<OperatorId>,
    /// Whether event time had come to its end, though the data had not.
    pub(in crate::check) ends_time: bool,
}

impl Cut {
    /// Where a source stands, if the cut knows it.
    pub(in crate::check) fn of_source(&self, source: OperatorId) -> Option<&Stand> {
        self.sources.iter().find(|(id, _)| *id == source).map(|(_, stand)| stand)
    }

    /// Behind everything that a run has read of.
    pub(in crate::check) fn at_the_end(run: &RunStory) -> Self {
        let plan = &*run.layout.plan;
        let stand = |source| {
            let vertex = plan.vertex_of(source);
            let read = run.beginning.read.iter().filter(|(by, _)| *by == vertex);
            let known = read.map(|(_, partition)| (*partition, Next::End)).collect();
            Stand { known, ..Stand::END }
        };
        let sources = sources_of(plan)
            .map(|source| (plan.operator_ids[source.index()], stand(source)))
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
            let Some((_, stand)) = source else { continue };
            stand.hear(&**positions);
        }
    }

    /// Whether nothing in `self` is behind `later`.
    pub(in crate::check) fn is_before(&self, later: &Self) -> bool {
        self.sources.iter().all(|(source, stand)| {
            later.of_source(*source).is_some_and(|later| stand.is_before(later))
        }) && self.drained.iter().all(|operator| later.drained.contains(operator))
    }
}

/// The sources of a plan, in order of the graph.
pub(in crate::check) fn sources_of(plan: &Plan) -> impl Iterator<Item = OperatorIndex> {
    let operators = plan.graph.operators.iter().enumerate();
    operators.filter(|(_, node)| node.is_source()).map(|(place, _)| OperatorIndex::new(place))
}
