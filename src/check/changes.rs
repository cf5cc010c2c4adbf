//! How jobs that started from a snapshot differed from those before them, and what became of that.

use super::Check;
use super::counters::counters;
use super::history::History;
use super::promises::is_overlooked;
use super::violation::Violation;
use crate::job::{JobGraph, OperatorKind, OperatorNode, Plan, RunId};
use crate::operator::Catalogue;
use crate::scenario::{Action, Scenario};
use crate::trace::{
    CheckName, CheckpointEvent, Entry, JobEvent, RestoreReport, SnapshotSource, TraceEvent,
    WorldEvent,
};
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
    /// Takes in how the job of a run differs from the one that it goes on from.
    fn observe(&mut self, before: &Plan, now: &Plan) {
        let sum = self.sum();
        self.observe_operators(&before.graph, &now.graph);
        let twins = || {
            let of = |node: &OperatorNode| before.operator_named(&node.name).map(|at| at.index());
            let places = now.graph.operators.iter().enumerate();
            places.filter_map(move |(place, node)| Some((of(node)?, place)))
        };
        let is_other_id =
            |(old, new): (usize, usize)| before.operator_ids[old] != now.operator_ids[new];
        if twins().any(is_other_id) {
            self.ids = 1;
        }
        let name = |plan: &Plan, id| {
            plan.operator_with_id(id).map(|at| plan.graph.operators[at.index()].name.clone())
        };
        let ids = now.operator_ids.iter().copied();
        if ids.clone().any(|id| name(before, id).is_some_and(|old| Some(old) != name(now, id))) {
            self.renamed = 1;
        }
        let chain_of = |plan: &Plan, place: usize| {
            let place = crate::job::OperatorIndex::new(place);
            let chain = &plan.vertices[plan.vertex_of(place).index()].operators;
            let names = chain.iter().map(|at| plan.graph.operators[at.index()].name.clone());
            names.collect::<Vec<_>>()
        };
        if twins().any(|(old, new)| chain_of(before, old) != chain_of(now, new)) {
            self.rechained = 1;
        }
        if before.graph.max_parallelism != now.graph.max_parallelism {
            self.max_parallelism = 1;
        }
        if self.sum() - sum >= 3 {
            self.several = 1;
        }
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
            let is_stateful = super::mapping::is_stateful(node, catalogue);
            self.generated |= u64::from(node.uid.is_none() && is_stateful);
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

/// Follows the jobs of a world from snapshot to snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct ChangeCheck {
    pub(super) seen: ChangeFeatures,
    /// Whether the submission that is being dealt with may leave state behind; unknown of one that no step made.
    may_drop: Option<bool>,
    /// The runs that may not.
    must_map: BTreeSet<RunId>,
}

impl ChangeCheck {
    /// Takes in an entry, and judges whether state was dropped that nobody had allowed to be.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of a restore")]
    pub(super) fn observe(
        &mut self,
        entry: &Entry,
        history: &History,
        (scenario, catalogue): (&Scenario, &Catalogue),
        found: &mut Check,
    ) {
        match &entry.event {
            TraceEvent::World(WorldEvent::StepTaken { step }) => {
                let step = usize::try_from(*step).expect("usize has 32 bits or more");
                self.may_drop = scenario.steps.get(step).and_then(|step| match &step.action {
                    Action::Run(run) => Some(run.allow_non_restored),
                    _ => None,
                });
            }
            TraceEvent::Job(run, JobEvent::Submitted { from: Some(_) })
                if self.may_drop == Some(false) =>
            {
                self.must_map.insert(*run);
            }
            TraceEvent::Job(.., JobEvent::Refused { .. }) => self.seen.refused = 1,
            TraceEvent::Checkpoint(run, _, CheckpointEvent::RestoreMapped { report, .. }) => {
                let is_known = is_overlooked(*run, report, history);
                if !report.dropped.is_empty() && !is_known && self.must_map.contains(run) {
                    let text = format!("{} states were dropped unasked", report.dropped.len());
                    found.add(Violation::at_entry(CheckName::MappingTotality, entry, text));
                }
                if let Some((state, left, takes)) = bound_to_another(*run, report, history) {
                    let text = format!("state `{state}` that `{left}` left was given to `{takes}`");
                    found.add(Violation::at_entry(CheckName::MappingTotality, entry, text));
                }
                self.observe_restore(*run, report, history, catalogue);
            }
            _ => {}
        }
    }

    fn observe_restore(
        &mut self,
        run: RunId,
        report: &RestoreReport,
        history: &History,
        catalogue: &Catalogue,
    ) {
        let Some(now) = history.run(run) else { return };
        self.seen.dropped |= u64::from(!report.dropped.is_empty());
        let plan = &now.layout.plan;
        let is_stateful = |id| {
            let place = plan.operator_with_id(id);
            place.is_some_and(|at| {
                super::mapping::is_stateful(&plan.graph.operators[at.index()], catalogue)
            })
        };
        let empty = report.starts_empty.iter().any(|(id, _)| is_stateful(*id));
        self.seen.empty |= u64::from(empty);
        let Some(SnapshotSource::Run(parent, _)) = history.start_of(run) else { return };
        let Some(before) = history.run(parent) else { return };
        let eras = &history.eras;
        self.seen.upgraded |= u64::from(eras.rules_of(parent) != eras.rules_of(run));
        self.seen.observe(&before.layout.plan, plan);
        self.seen.observe_job(&plan.graph, catalogue);
    }
}

/// State that was mapped to an operator that does something else than the one that left it, not both having a uid: which
/// state, who left it, and who was given it.
pub(super) fn bound_to_another(
    run: RunId,
    report: &RestoreReport,
    history: &History,
) -> Option<(String, String, String)> {
    let story = history.run(run)?;
    let Some(SnapshotSource::Run(parent, _)) = history.start_of(run) else { return None };
    let before = history.run(parent)?;
    let (old, new) = (&before.layout.plan, &story.layout.plan);
    report.mapped.iter().find_map(|unit| {
        let stored = report.renamed.0.iter().find(|(_, taken)| *taken == unit.operator);
        let stored = stored.map_or(unit.operator, |(stored, _)| *stored);
        let left = old.operator_with_id(stored)?;
        let takes = new.operator_with_id(unit.operator)?;
        let (left, takes) =
            (&old.graph.operators[left.index()], &new.graph.operators[takes.index()]);
        let is_known = left.uid.is_some() && takes.uid.is_some();
        let is_another = !is_known && !do_the_same(left, takes);
        is_another.then(|| (unit.name.to_string(), left.name.clone(), takes.name.clone()))
    })
}

/// Whether two operators keep the same state for the same records.
fn do_the_same(one: &OperatorNode, other: &OperatorNode) -> bool {
    match (&one.kind, &other.kind) {
        (OperatorKind::Source { input, .. }, OperatorKind::Source { input: another, .. }) => {
            input == another
        }
        (OperatorKind::Sink { .. }, OperatorKind::Sink { .. }) => {
            one.name == other.name && one.kind == other.kind
        }
        (one, other) => one == other,
    }
}
