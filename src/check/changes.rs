//! How jobs that started from a snapshot differed from those before them.

use super::counters::counters;
use super::graph::is_stateful;
use super::past::Past;
use crate::job::{JobGraph, OperatorId, OperatorIndex, OperatorNode, Plan, RunId};
use crate::operator::Catalogue;
use crate::trace::{CheckpointEvent, Entry, JobEvent, RestoreReport, TraceEvent};
use std::collections::BTreeSet;

counters! {
    /// Counts of worlds with a job that was restored after such a change, or to which that happened; of one world each is 0
    /// or 1.
    ChangeFeatures {
        /// Operators more than before, by name.
        added = "with operators added",
        /// Operators fewer than before, by name.
        removed = "with operators removed",
        /// The same operators in another order.
        reordered = "with operators in another order",
        /// The same id under another name.
        renamed = "with operators renamed",
        /// Other chains.
        rechained = "with other chains",
        /// Another parallelism of the same operator.
        rescaled = "at another parallelism",
        /// Another max parallelism.
        max_parallelism = "with another max parallelism",
        /// The same name under another id.
        ids = "with other ids",
        /// An id of the user's choice under which state is found.
        uid_hash = "by hashes of the user's",
        /// Generated ids of operators with state.
        generated = "by generated ids of operators with state",
        /// Keyed state registered otherwise, or list states by name.
        registered = "with states registered by name or type",
        /// Values that expire.
        ttl = "with values that expire",
        /// Three or more of these at once.
        several = "with three or more changes at once",
        /// A restore in another release than that of the snapshot.
        upgraded = "in another release",
        /// State that nobody took.
        dropped = "with state dropped",
        /// An operator with state that started empty.
        empty = "with operators with state that started empty",
        /// A restore that was refused.
        refused = "refused",
    }
}

impl ChangeFeatures {
    /// Takes in what happened. The history knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of a restore")]
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) {
        match &entry.event {
            TraceEvent::Job(.., JobEvent::Refused { .. }) => self.refused = 1,
            TraceEvent::Checkpoint(run, _, CheckpointEvent::RestoreMapped { report, .. }) => {
                self.observe_restore(*run, report, past);
            }
            _ => {}
        }
    }

    fn observe_restore(&mut self, run: RunId, report: &RestoreReport, past: Past<'_>) {
        let Some(now) = past.run(run) else { return };
        let catalogue = &past.setup.catalogue;
        self.dropped |= u64::from(!report.dropped.is_empty());
        let plan = &now.layout.plan;
        let is_stateful =
            |id| plan.node_with_id(id).is_some_and(|node| is_stateful(node, catalogue));
        let empty = report.starts_empty.iter().any(|(id, _)| is_stateful(*id));
        self.empty |= u64::from(empty);
        let Some((before, _)) = past.parent_of(now) else { return };
        let rules = |run| past.history.rules.rules_of(run);
        self.upgraded |= u64::from(rules(before.layout.run) != rules(run));
        self.observe_change(&before.layout.plan, plan);
        self.observe_job(&plan.graph, catalogue);
    }

    /// Takes in how the job of a run differs from the one that it goes on from.
    fn observe_change(&mut self, before: &Plan, now: &Plan) {
        let sum = self.sum();
        self.observe_operators(&before.graph, &now.graph);
        let twins = || {
            let of = |node: &OperatorNode| before.operator_named(&node.name).map(|at| at.index());
            let places = now.graph.operators.iter().enumerate();
            places.filter_map(move |(place, node)| Some((of(node)?, place)))
        };
        let is_other_id =
            |(old, new): (usize, usize)| before.operator_ids[old] != now.operator_ids[new];
        self.ids |= u64::from(twins().any(is_other_id));
        let mut nodes = now.graph.operators.iter().zip(&now.operator_ids);
        let is_renamed = |(node, id): (&OperatorNode, &OperatorId)| {
            before.node_with_id(*id).is_some_and(|old| old.name != node.name)
        };
        self.renamed |= u64::from(nodes.any(is_renamed));
        let chain_of = |plan: &Plan, place: usize| {
            let place = OperatorIndex::new(place);
            let chain = &plan.vertices[plan.vertex_of(place).index()].operators;
            let names = chain.iter().map(|at| plan.graph.operators[at.index()].name.clone());
            names.collect::<Vec<_>>()
        };
        let is_rechained = |(old, new)| chain_of(before, old) != chain_of(now, new);
        self.rechained |= u64::from(twins().any(is_rechained));
        let is_other_max = before.graph.max_parallelism != now.graph.max_parallelism;
        self.max_parallelism |= u64::from(is_other_max);
        self.several |= u64::from(self.sum() - sum >= 3);
    }

    fn observe_operators(&mut self, before: &JobGraph, now: &JobGraph) {
        let names = |graph: &JobGraph| -> Vec<String> {
            graph.operators.iter().map(|node| node.name.clone()).collect()
        };
        let (old, new) = (names(before), names(now));
        let old_set: BTreeSet<&String> = old.iter().collect();
        let new_set: BTreeSet<&String> = new.iter().collect();
        self.added |= u64::from(!new_set.is_subset(&old_set));
        self.removed |= u64::from(!old_set.is_subset(&new_set));
        let common = |names: &[String]| -> Vec<String> {
            let is_common = |name: &&String| old_set.contains(name) && new_set.contains(name);
            names.iter().filter(is_common).cloned().collect()
        };
        self.reordered |= u64::from(common(&old) != common(&new));
        for node in &now.operators {
            let twin = before.operators.iter().find(|other| other.name == node.name);
            let Some(twin) = twin else { continue };
            self.rescaled |= u64::from(twin.parallelism != node.parallelism);
            let keyed = |node: &OperatorNode| node.options.keyed_state.clone();
            self.registered |= u64::from(keyed(twin) != keyed(node));
        }
    }

    /// Takes in what the operators of a restored job are known by, and what they keep.
    fn observe_job(&mut self, now: &JobGraph, catalogue: &Catalogue) {
        for node in &now.operators {
            let options = &node.options;
            self.uid_hash |= u64::from(options.uid_hash.is_some());
            self.registered |= u64::from(options.list_state.is_some());
            let has_ttl = options.keyed_state.as_ref().is_some_and(|state| state.ttl.is_some());
            self.ttl |= u64::from(has_ttl);
            let has_state = is_stateful(node, catalogue);
            self.generated |= u64::from(node.uid.is_none() && has_state);
        }
    }

    const fn sum(&self) -> u64 {
        self.added
            + self.removed
            + self.reordered
            + self.renamed
            + self.rechained
            + self.rescaled
            + self.max_parallelism
            + self.ids
            + self.registered
    }
}
