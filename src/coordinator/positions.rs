//! What all subtasks of a source know together.

use crate::effect::PositionsOfAll;
use crate::job::{OperatorIndex, Plan};
use crate::operator::source_positions;
use crate::state::{OperatorState, SubtaskState};

/// The positions of all subtasks of a source, by the state of the operator; none for other operators.
pub(super) fn positions_of_all(
    plan: &Plan,
    operator: OperatorIndex,
    state: Option<&OperatorState>,
) -> Option<PositionsOfAll> {
    let node = &plan.graph.operators[operator.index()];
    let state = state.filter(|_| node.is_source())?;
    let is_gone = |subtask: &SubtaskState| matches!(subtask, SubtaskState::Finished);
    let some_are_gone = state.subtasks.iter().any(is_gone);
    let name = source_positions(node.options.reader);
    let lists = state.snapshots().filter_map(|snapshot| snapshot.lists.get(name));
    let rows = lists.flat_map(|list| list.items.iter().cloned()).collect();
    Some(PositionsOfAll { rows, some_are_gone })
}
