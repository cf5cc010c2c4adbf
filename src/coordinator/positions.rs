//! What all subtasks of a source know together.

use crate::job::{OperatorIndex, Plan, Value};
use crate::operator::source_positions;
use crate::state::{OperatorState, SubtaskState};
use std::sync::Arc;

/// The positions of all subtasks of a source, by the state of the operator; none if some were gone, and for other operators.
pub(super) fn positions_of_all(
    plan: &Plan,
    operator: OperatorIndex,
    state: Option<&OperatorState>,
) -> Option<Arc<[Value]>> {
    let node = &plan.graph.operators[operator.index()];
    let state = state.filter(|_| node.is_source())?;
    let is_gone = |subtask: &SubtaskState| matches!(subtask, SubtaskState::Finished);
    if state.subtasks.iter().any(is_gone) {
        return None;
    }
    let name = source_positions(node.options.reader);
    let lists = state.snapshots().filter_map(|snapshot| snapshot.lists.get(name));
    Some(lists.flat_map(|list| list.items.iter().cloned()).collect())
}
