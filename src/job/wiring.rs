//! A job graph whose edges have their defaults filled in, listed from both ends, and in an order without surprises.
//!
//! Checks everything about a graph that can be wrong short of its ids. Does not decide chains or ids.

use super::{
    GraphError, InputEdge, JobGraph, OperatorIndex, OperatorNode, Partitioner,
    default_max_parallelism,
};
use std::collections::{BTreeMap, BTreeSet};

/// The largest max parallelism (`KeyGroupRangeAssignment.UPPER_BOUND_MAX_PARALLELISM`).
pub(super) const MAX_PARALLELISM_MAX: u32 = 1 << 15;

/// One edge of the graph, seen from above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    pub(super) from: OperatorIndex,
    pub(super) to: OperatorIndex,
    pub(super) input: u8,
    pub(super) side: bool,
    pub(super) partitioner: Partitioner,
    /// Whether its receiver runs in the sender's task.
    pub(super) is_chained: bool,
}

/// The edges of a checked graph.
#[derive(Debug)]
pub(super) struct Wiring<'g> {
    pub(super) graph: &'g JobGraph,
    /// By receiver in order of creation; of one receiver its first input before its second, else as listed.
    pub(super) wires: Vec<Wire>,
    /// The wires into each operator.
    pub(super) inputs: Vec<Vec<usize>>,
    /// The wires out of each operator, in order of creation of the receivers: Flink's order of out-edges.
    pub(super) outputs: Vec<Vec<usize>>,
    /// The slot-sharing group of each operator.
    pub(super) slot_sharing_groups: Vec<String>,
}

impl<'g> Wiring<'g> {
    /// Checks a graph and joins its operators.
    pub(super) fn of(graph: &'g JobGraph) -> Result<Self, GraphError> {
        match mistakes_of_parts(graph).into_iter().next() {
            Some(error) => Err(error),
            None => Self::joined(graph),
        }
    }

    /// Joins the operators of a graph whose parts are right.
    fn joined(graph: &'g JobGraph) -> Result<Self, GraphError> {
        let wires = wires_of(graph);
        let mut inputs = vec![Vec::new(); graph.operators.len()];
        let mut outputs = vec![Vec::new(); graph.operators.len()];
        for (place, wire) in wires.iter().enumerate() {
            inputs[wire.to.index()].push(place);
            outputs[wire.from.index()].push(place);
        }
        let mut wiring = Self { graph, wires, inputs, outputs, slot_sharing_groups: Vec::new() };
        let order = wiring.topological_order()?;
        wiring.slot_sharing_groups = wiring.inherit_slot_sharing_groups(&order);
        for place in 0..wiring.wires.len() {
            wiring.wires[place].is_chained = wiring.is_chainable(&wiring.wires[place]);
        }
        Ok(wiring)
    }

    /// The operators that feed `operator`, in order of its inputs; one that feeds it twice is there twice.
    pub(super) fn senders(&self, operator: OperatorIndex) -> impl Iterator<Item = OperatorIndex> {
        self.inputs[operator.index()].iter().map(|&wire| self.wires[wire].from)
    }

    /// The wires from an operator to those that it feeds within its chain.
    pub(super) fn chained(
        &self,
        operator: OperatorIndex,
    ) -> impl DoubleEndedIterator<Item = &Wire> {
        let outputs = self.outputs[operator.index()].iter().map(|&wire| &self.wires[wire]);
        outputs.filter(|wire| wire.is_chained)
    }

    /// Its own group, else that of its inputs if they agree, else `default`
    /// (`StreamGraphGenerator.determineSlotSharingGroup`).
    fn inherit_slot_sharing_groups(&self, order: &[OperatorIndex]) -> Vec<String> {
        let mut groups = vec![String::new(); self.graph.operators.len()];
        for &operator in order {
            let inherited = || {
                let of_inputs: BTreeSet<&str> =
                    self.senders(operator).map(|sender| groups[sender.index()].as_str()).collect();
                match (of_inputs.first(), of_inputs.len()) {
                    (Some(group), 1) => (*group).to_owned(),
                    _ => "default".to_owned(),
                }
            };
            groups[operator.index()] = self.graph.operators[operator.index()]
                .slot_sharing_group
                .clone()
                .unwrap_or_else(inherited);
        }
        groups
    }

    /// All operators, each after its inputs, else in order of creation.
    fn topological_order(&self) -> Result<Vec<OperatorIndex>, GraphError> {
        let mut missing: Vec<usize> = self.inputs.iter().map(Vec::len).collect();
        let mut ready: BTreeSet<OperatorIndex> = (0..missing.len())
            .filter(|&operator| missing[operator] == 0)
            .map(OperatorIndex::new)
            .collect();
        let mut order = Vec::with_capacity(missing.len());
        while let Some(operator) = ready.pop_first() {
            order.push(operator);
            for &wire in &self.outputs[operator.index()] {
                let receiver = self.wires[wire].to;
                missing[receiver.index()] -= 1;
                if missing[receiver.index()] == 0 {
                    ready.insert(receiver);
                }
            }
        }
        if order.len() == missing.len() { Ok(order) } else { Err(self.cycle(&missing)) }
    }

    /// Names the operators of one cycle among those whose inputs are `missing`.
    fn cycle(&self, missing: &[usize]) -> GraphError {
        let first = missing.iter().position(|&count| count > 0);
        let mut path: Vec<usize> = first.into_iter().collect();
        loop {
            let last = *path.last().expect("some operator waits for its inputs");
            let mut senders = self.senders(OperatorIndex::new(last)).map(OperatorIndex::index);
            let before = senders.find(|&sender| missing[sender] > 0);
            let before = before.expect("who waits, waits for one who waits");
            if let Some(start) = path.iter().position(|&seen| seen == before) {
                path.drain(..start);
                path.push(before);
                path.reverse();
                let name = |operator: usize| self.graph.operators[operator].name.clone();
                return GraphError::Cycle { operators: path.into_iter().map(name).collect() };
            }
            path.push(before);
        }
    }
}

/// How many key groups an operator has, before a snapshot has a say; the most there can be if it has more subtasks.
pub(super) fn max_parallelism_of(graph: &JobGraph, operator: OperatorIndex) -> u32 {
    let default = || default_max_parallelism(graph.operators[operator.index()].parallelism);
    graph.configured_max_parallelism(operator).or_else(default).unwrap_or(MAX_PARALLELISM_MAX)
}

impl JobGraph {
    /// All that is wrong with the graph, as far as that can be told before its operators have ids: of each operator, of each
    /// edge, and, if all of them are right, a circle.
    pub(crate) fn mistakes(&self) -> Vec<GraphError> {
        let mut mistakes = mistakes_of_parts(self);
        if mistakes.is_empty() {
            mistakes.extend(Wiring::joined(self).err());
        }
        mistakes
    }
}

/// What is wrong with each operator and each edge by itself.
fn mistakes_of_parts(graph: &JobGraph) -> Vec<GraphError> {
    if graph.operators.is_empty() {
        return vec![GraphError::NoOperators];
    }
    let most = u64::from(u16::MAX);
    let operators = u64::try_from(graph.operators.len()).unwrap_or(u64::MAX);
    if operators > most {
        return vec![GraphError::TooLarge { parts: operators, most }];
    }
    let mut mistakes = Vec::new();
    mistakes.extend(check_max_parallelism(None, graph.max_parallelism).err());
    let mut names = BTreeSet::new();
    let mut uids = BTreeMap::new();
    for (place, node) in graph.operators.iter().enumerate() {
        if !names.insert(&node.name) {
            mistakes.push(GraphError::DuplicateName { name: node.name.clone() });
        }
        if let Some(uid) = &node.uid
            && let Some(first) = uids.insert(uid, &node.name)
        {
            let (uid, first, second) = (uid.clone(), String::clone(first), node.name.clone());
            mistakes.push(GraphError::DuplicateUid { uid, first, second });
        }
        if graph.uids_required && node.uid.is_none() && node.options.uid_hash.is_none() {
            mistakes.push(GraphError::UidMissing { operator: node.name.clone() });
        }
        mistakes.extend(check_parallelism(graph, OperatorIndex::new(place), node).err());
        mistakes.extend(check_inputs(graph, node).err());
    }
    let is_unknown = |error: &GraphError| matches!(error, GraphError::UnknownInput { .. });
    // An edge from nowhere has no partitioner to ask for.
    if !mistakes.iter().any(is_unknown) {
        let wires = wires_of(graph);
        mistakes.extend(wires.iter().filter_map(|wire| check_wire(graph, wire).err()));
    }
    mistakes
}

fn check_max_parallelism(
    operator: Option<&str>,
    max_parallelism: Option<u32>,
) -> Result<(), GraphError> {
    match max_parallelism {
        Some(max_parallelism) if !(1..=MAX_PARALLELISM_MAX).contains(&max_parallelism) => {
            let operator = operator.map(str::to_owned);
            Err(GraphError::MaxParallelismOutOfRange { operator, max_parallelism })
        }
        Some(_) | None => Ok(()),
    }
}

fn check_parallelism(
    graph: &JobGraph,
    operator: OperatorIndex,
    node: &OperatorNode,
) -> Result<(), GraphError> {
    check_max_parallelism(Some(&node.name), node.max_parallelism)?;
    if node.parallelism == 0 {
        return Err(GraphError::NoSubtasks { operator: node.name.clone() });
    }
    let max_parallelism = max_parallelism_of(graph, operator);
    if node.parallelism > max_parallelism {
        let (operator, parallelism) = (node.name.clone(), node.parallelism);
        return Err(GraphError::ParallelismAboveMax { operator, parallelism, max_parallelism });
    }
    Ok(())
}

fn check_inputs(graph: &JobGraph, node: &OperatorNode) -> Result<(), GraphError> {
    let operator = node.name.clone();
    match (node.is_source(), node.inputs.is_empty()) {
        (true, true) => return Ok(()),
        (true, false) => return Err(GraphError::SourceWithInputs { operator }),
        (false, true) => return Err(GraphError::NoInputs { operator }),
        (false, false) => {}
    }
    let most = if node.is_sink() { 0 } else { 1 };
    for &InputEdge { from, input, .. } in &node.inputs {
        let (from, operators) = (from.index(), graph.operators.len());
        let Some(sender) = graph.operators.get(from) else {
            return Err(GraphError::UnknownInput { operator, from, operators });
        };
        if sender.is_sink() {
            return Err(GraphError::SinkAsInput { operator, sink: sender.name.clone() });
        }
        if input > most {
            return Err(GraphError::TooManyInputs { operator, input, most });
        }
    }
    if node.inputs.iter().all(|edge| edge.input != 0) {
        return Err(GraphError::NoFirstInput { operator });
    }
    Ok(())
}

/// All edges, with their partitioners filled in.
fn wires_of(graph: &JobGraph) -> Vec<Wire> {
    let mut wires = Vec::new();
    for (place, node) in graph.operators.iter().enumerate() {
        let mut edges: Vec<_> = node.inputs.iter().collect();
        edges.sort_by_key(|edge| edge.input);
        wires.extend(edges.into_iter().map(|edge| Wire {
            from: edge.from,
            to: OperatorIndex::new(place),
            input: edge.input,
            side: edge.side,
            partitioner: graph.partitioner(edge, node),
            is_chained: false,
        }));
    }
    wires
}

fn check_wire(graph: &JobGraph, wire: &Wire) -> Result<(), GraphError> {
    let (from, to) = (&graph.operators[wire.from.index()], &graph.operators[wire.to.index()]);
    if wire.partitioner == Partitioner::Forward && from.parallelism != to.parallelism {
        return Err(GraphError::ForwardChangesParallelism {
            from: from.name.clone(),
            from_parallelism: from.parallelism,
            to: to.name.clone(),
            to_parallelism: to.parallelism,
        });
    }
    if wire.partitioner == Partitioner::Hash && to.key_by.is_none() {
        return Err(GraphError::HashWithoutKey { operator: to.name.clone() });
    }
    Ok(())
}
