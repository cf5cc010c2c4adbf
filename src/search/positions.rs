//! How far a snapshot had read its inputs.

use crate::job::{InputId, OperatorKind, OperatorNode};
use crate::operator::{InputLog, Log, position_from_row, source_positions};
use crate::scenario::Scenario;
use crate::state::{CompletedCheckpoint, OperatorState};
use crate::trace::SourcePosition;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far a snapshot had read each partition of each input of these operators: what its sources remember; a partition that no
/// source remembers belonged to a subtask that had finished, and so to its end.
pub(super) fn positions(
    snapshot: &CompletedCheckpoint,
    nodes: &[OperatorNode],
    scenario: &Scenario,
    inputs: &[Arc<Log>],
) -> Vec<SourcePosition> {
    let mut positions = Vec::new();
    for node in nodes {
        let OperatorKind::Source { input: name, .. } = &node.kind else { continue };
        let place = scenario.inputs.iter().position(|other| other.name == *name);
        let place = place.expect("a source names an input");
        let log = &inputs[place];
        let state = snapshot.operators().iter().find(|state| state.name == node.name);
        let snapshots = state.into_iter().flat_map(OperatorState::snapshots);
        let read = snapshots
            .filter_map(|snapshot| snapshot.lists.get(source_positions(node.options.reader)));
        let coordinator = state.and_then(|state| state.coordinator.as_ref());
        let unassigned = coordinator.into_iter().flat_map(|state| state.lists.values());
        let rows = read.chain(unassigned).flat_map(|list| &list.items);
        let known: BTreeMap<u16, u32> = rows.filter_map(position_from_row).collect();
        for partition in 0..log.partitions() {
            let end = || log.length(partition);
            let next = known.get(&partition).copied().unwrap_or_else(end);
            positions.push(SourcePosition { input: InputId::new(place), partition, next });
        }
    }
    positions
}
