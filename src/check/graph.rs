//! What the checks read off a job graph: whether an operator keeps state, and what that is called.

use crate::job::{OperatorNode, Plan};
use crate::operator::Catalogue;
use crate::trace::StateUnit;

/// Whether an operator keeps state.
pub(super) fn is_stateful(node: &OperatorNode, catalogue: &Catalogue) -> bool {
    catalogue.of(node).is_some_and(|entry| entry.stateful)
}

/// `state `count` of `counts``, or of an operator id that the new graph does not have.
pub(super) fn unit_name(plan: &Plan, unit: &StateUnit) -> String {
    let operator = match plan.operator_with_id(unit.operator) {
        Some(place) => format!("`{}`", plan.graph.operators[place.index()].name),
        None => format!("operator {}", unit.operator),
    };
    format!("state `{}` of {operator}", unit.name)
}
