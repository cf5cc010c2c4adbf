//! How strictly the output of each sink can be compared with the reference.
//!
//! Declared by each operator, and weakened by what a path does to it: order lost between subtasks, or an operator that
//! decides by values which depend on order.

use super::graph::upstream;
use super::setup::CheckSetup;
use super::sources::inputs_left_to;
use crate::job::{InputEdge, JobGraph, KeySelector, OperatorKind, OperatorNode, Partitioner};
use crate::operator::{Catalogue, Definition, Emits, Equality, Fold};

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
    /// That a record which counts twice makes the number in the second column of its key larger, and never smaller.
    pub(super) grows: bool,
    /// That the rows are the same only because their records came in the same order.
    pub(super) by_order: bool,
    /// What each row adds to the one before it of its key, where that is the same whatever the order.
    pub(super) steps: Option<Steps>,
    /// In which order they come.
    order: Order,
}

/// What a running aggregate does with what its records add.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Steps {
    /// Adds one number.
    Sum,
    /// Flips the bits of one number.
    Xor,
    /// Counts them, adds them up, and keeps the least and the greatest.
    Statistics,
}

impl Steps {
    /// Of what an operator makes, if each of its rows tells what its record added.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others a row does not tell that")]
    fn of(definition: Definition) -> Option<Self> {
        match definition {
            Definition::Folds(Fold::Sum) => Some(Self::Sum),
            Definition::Folds(Fold::Xor) => Some(Self::Xor),
            Definition::Statistics => Some(Self::Statistics),
            _ => None,
        }
    }

    /// What was added between two rows, by column.
    pub(super) fn added(self, before: &[i64], now: &[i64]) -> Vec<i64> {
        let pairs = before.iter().zip(now).take(self.columns());
        pairs.map(|(before, now)| self.apart(*now, *before)).collect()
    }

    /// What a row was before something was added.
    pub(super) fn without(self, now: &[i64], added: &[i64]) -> Vec<i64> {
        now.iter().zip(added).map(|(now, added)| self.apart(*now, *added)).collect()
    }

    /// Whether the least and the greatest are what a record makes of them that adds so much.
    pub(super) fn keeps_extremes(self, before: &[i64], now: &[i64], added: &[i64]) -> bool {
        let (Self::Statistics, [.., sum]) = (self, added) else { return true };
        let ([_, _, low, high], [_, _, least, greatest]) = (before, now) else { return true };
        let is_new = (*least, *greatest) == (*low.min(sum), *high.max(sum));
        // What is no number adds nothing, and is neither.
        is_new || (*sum == 0 && (least, greatest) == (low, high))
    }

    const fn columns(self) -> usize {
        match self {
            Self::Sum | Self::Xor => 1,
            Self::Statistics => 2,
        }
    }

    const fn apart(self, one: i64, other: i64) -> i64 {
        match self {
            Self::Xor => one ^ other,
            Self::Sum | Self::Statistics => one.wrapping_sub(other),
        }
    }
}

/// What is the same in every run of the order in which records come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Order {
    Unknown,
    /// That of the records of each key.
    OfKeys,
    /// That of all of them: they pass through one subtask.
    Whole,
}

impl Determined {
    /// Whether it is known which row stems from which record.
    pub(super) const fn tells_records(self) -> bool {
        self.values && self.origins && self.pinned
    }

    /// What is left of it where records may count twice: where they came from.
    pub(super) const fn of_replays(self) -> Self {
        let (order, grows) = (Order::Unknown, self.grows);
        let (origins, by_order) = (self.origins, false);
        let (steps, pinned) = (None, false);
        Self { values: false, last: false, origins, pinned, grows, by_order, steps, order }
    }
}

/// What is determined of the output of each operator; of a sink, of what it is given.
pub(super) fn determined(graph: &JobGraph, setup: &CheckSetup) -> Vec<Determined> {
    let order = Order::Unknown;
    let nothing = Determined {
        values: false,
        last: false,
        origins: false,
        pinned: false,
        grows: false,
        by_order: false,
        steps: None,
        order,
    };
    let mut outputs = vec![nothing; graph.operators.len()];
    for place in in_topological_order(graph) {
        let node = &graph.operators[place];
        let input = node.inputs.iter().map(|edge| through(graph, edge, node, &outputs)).reduce(
            |one, other| Determined {
                values: one.values && other.values,
                last: false,
                origins: one.origins && other.origins,
                pinned: one.pinned && other.pinned,
                grows: false,
                by_order: one.by_order || other.by_order,
                steps: None,
                order,
            },
        );
        outputs[place] = match &node.kind {
            OperatorKind::Source { .. } => {
                let mut inputs = setup.scenario.inputs.iter();
                let input = inputs.find(|input| node.input() == Some(&input.name));
                let is_one = input
                    .is_some_and(|input| input.partitions == 1 && input.grows.is_empty())
                    && inputs_left_to(node, setup).is_empty();
                let order = if is_one { Order::Whole } else { order };
                Determined { values: true, origins: true, pinned: true, order, ..nothing }
            }
            OperatorKind::Sink { .. } => input.unwrap_or(nothing),
            OperatorKind::Transform { .. } => {
                input.map_or(nothing, |input| transformed(input, node, &setup.catalogue))
            }
        };
    }
    outputs
}

/// The operator on the way to a sink after which nothing is determined any more: one that decides by what is not the same in
/// every run.
pub(super) fn blurred_by(graph: &JobGraph, setup: &CheckSetup, sink: usize) -> String {
    let known = determined(graph, setup);
    let is_blurred = |place: &usize| {
        let is_delay = graph.operators[*place].options.delay.is_some();
        is_delay || (!known[*place].values && !known[*place].origins)
    };
    let on_the_way = upstream(graph, sink);
    let order = in_topological_order(graph).into_iter();
    let mut on_the_way = order.filter(|place| on_the_way.contains(place));
    graph.operators[on_the_way.find(is_blurred).unwrap_or(sink)].name.clone()
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
    let definition = entry.map_or(Definition::ItsCode, |entry| entry.definition);
    let in_order = matches!(definition, Definition::Folds(_) | Definition::Statistics)
        && input.order >= Order::OfKeys
        && !expires;
    let is_same = equality == Equality::Multiset || in_order;
    let keeps_order = !matches!(
        definition,
        Definition::ItsCode
            | Definition::Windows(_)
            | Definition::Delay(_)
            | Definition::Join
            | Definition::Rules
    );
    let is_delay = matches!(definition, Definition::Delay(_));
    let folds_by_key =
        !is_delay && node.key_by.is_some() && is_stateful && equality >= Equality::LastPerKey;
    Determined {
        values: input.values && is_same,
        last: if is_stateful && !is_passing {
            folds_by_key && input.values
        } else {
            input.last && is_passing
        },
        origins: input.origins && (emits >= Emits::OneForOne || (input.pinned && !is_stateful)),
        pinned: input.pinned && (!is_stateful || is_passing),
        by_order: input.by_order || (input.values && in_order && equality != Equality::Multiset),
        grows: if definition == Definition::Folds(Fold::Count) {
            input.pinned && !expires
        } else {
            input.grows && emits == Emits::AsItIs
        },
        steps: if is_stateful && !is_passing {
            let is_sound = folds_by_key && !expires && input.values && input.pinned;
            Steps::of(definition).filter(|_| is_sound && input.origins)
        } else {
            input.steps.filter(|_| emits == Emits::AsItIs)
        },
        order: match input.order {
            Order::Whole if keeps_order => Order::Whole,
            Order::Whole | Order::OfKeys | Order::Unknown => Order::Unknown,
        },
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
        Partitioner::Rebalance
        | Partitioner::Shuffle
        | Partitioner::Broadcast
        | Partitioner::Rescale => receiver.parallelism == 1,
    };
    let output = outputs[edge.from.index()];
    let is_one = receiver.parallelism == 1;
    let order = match (output.order, graph.partitioner(edge, receiver)) {
        (Order::Whole, Partitioner::Forward | Partitioner::Global) => Order::Whole,
        (Order::Whole, _) if is_one => Order::Whole,
        (Order::Whole, Partitioner::Hash) => Order::OfKeys,
        (Order::Whole | Order::OfKeys | Order::Unknown, _) => Order::Unknown,
    };
    Determined { last: output.last && keeps_order, order, ..output }
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
