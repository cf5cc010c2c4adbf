//! Which operators are fused into one task.

use super::wiring::{Wire, Wiring};
use super::{ChainStrategy, Partitioner};

impl Wiring<'_> {
    /// Whether a wire's receiver can run in the sender's task (`StreamingJobGraphGenerator.isChainable`).
    ///
    /// Operators of different max parallelism are fused too, as they always were before the option
    /// `pipeline.operator-chaining.chain-operators-with-different-max-parallelism` came, and are since by its default;
    /// the chain then has the max parallelism of its head.
    pub(super) fn is_chainable(&self, wire: &Wire) -> bool {
        let (sender, receiver) = (wire.from.index(), wire.to.index());
        let (from, to) = (&self.graph.operators[sender], &self.graph.operators[receiver]);
        self.graph.chaining
            && self.inputs[receiver].len() == 1
            && self.slot_sharing_groups[sender] == self.slot_sharing_groups[receiver]
            && from.parallelism == to.parallelism
            && wire.partitioner == Partitioner::Forward
            && from.chain != ChainStrategy::Never
            && to.chain == ChainStrategy::Always
    }
}
