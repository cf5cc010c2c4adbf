//! How far a snapshot had read its inputs.

use crate::job::{InputId, OperatorKind, OperatorNode};
use crate::operator::{InputLog, Log, Position, source_positions};
use crate::scenario::Scenario;
use crate::state::{CompletedCheckpoint, OperatorState, SubtaskState};
use crate::trace::SourcePosition;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far a snapshot had read each partition of each input of which the sources among these operators have a position; one
/// of their own inputs that no source remembers belonged to a subtask that had finished, if any had, and so to its end.
pub(super) fn positions(
    snapshot: &CompletedCheckpoint,
    nodes: &[OperatorNode],
    scenario: &Scenario,
    inputs: &[Arc<Log>],
) -> Vec<SourcePosition> {
    let place_of = |name: &str| scenario.inputs.iter().position(|other| *other.name == *name);
    let mut positions = Vec::new();
    for node in nodes {
        let OperatorKind::Source { input: name, .. } = &node.kind else { continue };
        let own = place_of(name).expect("a source names an input");
        let state = snapshot.operators().iter().find(|state| state.name == node.name);
        let snapshots = state.into_iter().flat_map(OperatorState::snapshots);
        let read = snapshots
            .filter_map(|snapshot| snapshot.lists.get(source_positions(node.options.reader)));
        let coordinator = state.and_then(|state| state.coordinator.as_ref());
        let unassigned = coordinator.and_then(|state| state.lists.get("unassigned"));
        let rows = read.chain(unassigned).flat_map(|list| &list.items);
        let known = rows.filter_map(Position::of_row);
        let known = known.filter_map(|at| Some(((place_of(&at.log)?, at.partition), at.next)));
        let mut known: BTreeMap<(usize, u16), u32> = known.collect();
        let is_gone = |subtask: &SubtaskState| matches!(subtask, SubtaskState::Finished);
        if state.is_none_or(|state| state.subtasks.iter().any(is_gone)) {
            for partition in 0..inputs[own].partitions() {
                known.entry((own, partition)).or_insert_with(|| inputs[own].length(partition));
            }
        }
        positions.extend(known.into_iter().map(|((place, partition), next)| SourcePosition {
            input: InputId::new(place),
            partition,
            next,
        }));
    }
    positions
}
