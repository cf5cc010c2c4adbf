//! How strictly the output of each sink can be compared with the reference.
//!
//! Declared by each operator, and weakened by what a path does to it: order lost between subtasks, or an operator that
//! decides by values which depend on order.

use crate::job::{InputEdge, JobGraph, KeySelector, OperatorKind, OperatorNode, Partitioner};
use crate::operator::{Catalogue, Emits, Equality};

/// What is the same in every run that reads the same records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Determined {
    /// The rows, as a multiset.
    pub(super) values: bool,
    /// The last row of each key, the key being the first column.
    pub(super) last: bool,
    /// How many rows stem from each origin.
    pub(super) origins: bool,
    /// The value of the rows that stem from an origin.
    pub(super) pinned: bool,
}

impl Determined {
    /// The class, of rows that are kept in order or not.
    pub(super) const fn class(self) -> Equality {
        if self.values {
            Equality::Multiset
        } else if self.last {
            Equality::LastPerKey
        } else {
            Equality::Accounted
        }
    }

    /// What is left of it where records may count twice: where they came from.
    pub(super) const fn of_replays(self) -> Self {
        Self { values: false, last: false, origins: self.origins, pinned: false }
    }

    /// The class of a table that only keeps the last row of each key.
    pub(super) const fn class_of_table(self) -> Equality {
        if self.last { Equality::LastPerKey } else { Equality::Accounted }
    }
}

/// What is determined of the output of each operator; of a sink, of what it is given.
pub(super) fn determined(graph: &JobGraph, catalogue: &Catalogue) -> Vec<Determined> {
    let nothing = Determined { values: false, last: false, origins: false, pinned: false };
    let mut outputs = vec![nothing; graph.operators.len()];
    for place in in_topological_order(graph) {
        let node = &graph.operators[place];
        let input = node.inputs.iter().map(|edge| through(graph, edge, node, &outputs)).reduce(
            |one, other| Determined {
                values: one.values && other.values,
                last: false,
                origins: one.origins && other.origins,
                pinned: one.pinned && other.pinned,
            },
        );
        outputs[place] = match &node.kind {
            OperatorKind::Source { .. } => {
                Determined { values: true, last: false, origins: true, pinned: true }
            }
            OperatorKind::Sink { .. } => input.unwrap_or(nothing),
            OperatorKind::Transform { .. } => {
                input.map_or(nothing, |input| transformed(input, node, catalogue))
            }
        };
    }
    outputs
}

/// What an operator leaves determined.
fn transformed(input: Determined, node: &OperatorNode, catalogue: &Catalogue) -> Determined {
    let entry = catalogue.of(node);
    let emits = entry.map_or(Emits::Freely, |entry| entry.emits);
    let is_passing = emits >= Emits::UnderItsKey;
    let equality = entry.map_or(Equality::Accounted, |entry| entry.equality);
    // What has expired depends on the clock.
    let expires = node.options.keyed_state.as_ref().is_some_and(|state| state.ttl.is_some());
    let equality = if expires { Equality::Accounted } else { equality };
    let is_stateful = entry.is_none_or(|entry| entry.stateful);
    let folds_by_key = node.key_by.is_some() && is_stateful && equality >= Equality::LastPerKey;
    Determined {
        values: input.values && equality == Equality::Multiset,
        last: if is_stateful && !is_passing {
            folds_by_key && input.values
        } else {
            input.last && is_passing
        },
        origins: input.origins && (emits >= Emits::OneForOne || (input.pinned && !is_stateful)),
        pinned: input.pinned && (!is_stateful || is_passing),
    }
}

/// What an edge leaves determined: order within a key only if all rows of a key go the same way.
fn through(
    graph: &JobGraph,
    edge: &InputEdge,
    receiver: &OperatorNode,
    outputs: &[Determined],
) -> Determined {
    let keeps_order = match graph.partitioner(edge, receiver) {
        Partitioner::Forward | Partitioner::Global => true,
        Partitioner::Hash => {
            let by_first_column =
                |key_by: crate::job::KeyBy| key_by.selector == KeySelector::Column(0);
            receiver.parallelism == 1 || receiver.key_by.is_some_and(by_first_column)
        }
        Partitioner::Rebalance | Partitioner::Broadcast | Partitioner::Rescale => {
            receiver.parallelism == 1
        }
    };
    let output = outputs[edge.from.index()];
    Determined { last: output.last && keeps_order, ..output }
}

/// The operators, each after all that feed it.
pub(super) fn in_topological_order(graph: &JobGraph) -> Vec<usize> {
    let operators = graph.operators.len();
    let mut readers = vec![Vec::new(); operators];
    let mut missing = vec![0_usize; operators];
    for (place, node) in graph.operators.iter().enumerate() {
        missing[place] = node.inputs.len();
        node.inputs.iter().for_each(|edge| readers[edge.from.index()].push(place));
    }
    // The walk through all operators, from the first to the last, in which each is placed.
    let mut walks = vec![0_usize; operators];
    let mut ready: Vec<usize> = (0..operators).filter(|place| missing[*place] == 0).collect();
    let mut order = Vec::with_capacity(operators);
    while let Some(place) = ready.pop() {
        order.push(place);
        for &reader in &readers[place] {
            let walk = walks[place] + usize::from(reader < place);
            walks[reader] = walks[reader].max(walk);
            missing[reader] -= 1;
            if missing[reader] == 0 {
                ready.push(reader);
            }
        }
    }
    assert!(order.len() == operators, "a plan was built of a graph that goes in circles");
    order.sort_unstable_by_key(|place| (walks[*place], *place));
    order
}
