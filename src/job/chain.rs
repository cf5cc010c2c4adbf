//! Which operators are fused into one task.

use super::wiring::Wiring;
use super::{ChainStrategy, JobGraph, Partitioner};

/// For each wire, whether its receiver runs in the sender's task (`StreamingJobGraphGenerator.isChainable`).
///
/// Operators of different max parallelism are fused too, as they always were before the option
/// `pipeline.operator-chaining.chain-operators-with-different-max-parallelism` came, and are since by its default;
/// the chain then has the max parallelism of its head.
pub(super) fn chainable_wires(graph: &JobGraph, wiring: &Wiring) -> Vec<bool> {
    (0..wiring.wires.len()).map(|wire| is_chainable(graph, wiring, wire)).collect()
}

fn is_chainable(graph: &JobGraph, wiring: &Wiring, wire: usize) -> bool {
    let wire = &wiring.wires[wire];
    let (sender, receiver) = (wire.from.index(), wire.to.index());
    let (from, to) = (&graph.operators[sender], &graph.operators[receiver]);
    graph.chaining
        && wiring.inputs[receiver].len() == 1
        && wiring.slot_sharing_groups[sender] == wiring.slot_sharing_groups[receiver]
        && from.parallelism == to.parallelism
        && wire.partitioner == Partitioner::Forward
        && from.chain != ChainStrategy::Never
        && to.chain == ChainStrategy::Always
}
