//! What the checks read off a job graph: whether an operator keeps state, and what that is called.

use crate::job::{JobGraph, OperatorKind, OperatorNode, Plan};
use crate::operator::Catalogue;
use crate::trace::StateUnit;
use std::collections::BTreeSet;

/// Whether an operator keeps state.
pub(super) fn is_stateful(node: &OperatorNode, catalogue: &Catalogue) -> bool {
    catalogue.of(node).is_some_and(|entry| entry.stateful)
}

/// What an operator keeps in a list, by its definition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keeps {
    /// The last three values.
    Recent,
    /// How many values each subtask was given.
    Counts,
    /// How often each rule came.
    Times,
    /// Of each key the largest of all that came.
    Largest,
}

/// What is in the one list of an operator, if it is known which values come there.
pub(super) fn kept_by(node: &OperatorNode) -> Option<Keeps> {
    let OperatorKind::Transform { kind, function } = &node.kind else { return None };
    match (kind.as_str(), function.as_str()) {
        ("state", "buffer") => Some(Keeps::Recent),
        ("state", "union-counter") => Some(Keeps::Counts),
        ("state", "broadcast-rules") => Some(Keeps::Times),
        ("connect", "rules") => Some(Keeps::Largest),
        _ => None,
    }
}

/// An operator and all that its records come from.
pub(super) fn upstream(graph: &JobGraph, operator: usize) -> BTreeSet<usize> {
    let mut before = vec![operator];
    let mut seen = BTreeSet::from([operator]);
    while let Some(place) = before.pop() {
        let inputs = graph.operators[place].inputs.iter().map(|edge| edge.from.index());
        before.extend(inputs.filter(|input| seen.insert(*input)));
    }
    seen
}

/// `state `count` of `counts``, or of an operator id that the new graph does not have.
pub(super) fn unit_name(plan: &Plan, unit: &StateUnit) -> String {
    let operator = match plan.node_with_id(unit.operator) {
        Some(node) => format!("`{}`", node.name),
        None => format!("operator {}", unit.operator),
    };
    format!("state `{}` of {operator}", unit.name)
}

/// Whether two operators do the same with a record.
pub(super) fn works_alike(before: &OperatorNode, now: &OperatorNode) -> bool {
    let is_same_kind = match (before.input(), now.input()) {
        (Some(input), Some(other)) => input == other,
        (Some(_) | None, _) => before.kind == now.kind,
    };
    is_same_kind && before.key_by == now.key_by && before.options == now.options
}
