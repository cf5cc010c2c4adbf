//! Writing an operator: what it does, what it reads, and what is not as usual about it.

use super::layout::{Table, list, quoted, time, word};
use super::offsets::offsets_text;
use super::settings::EventTimeText;
use super::time::{delay_text, window_text};
use crate::job::{
    AtEnd, ChainStrategy, InputEdge, JobGraph, KeySelector, KeyType, OperatorIndex, OperatorKind,
    OperatorNode, Partitioner, Reader, SourceTime,
};

/// The operator at a place of a graph.
pub(super) fn operator(graph: &JobGraph, place: usize) -> Table {
    let node = &graph.operators[place];
    let mut table = Table::default();
    table.put("name", quoted(&node.name));
    put_kind(&mut table, node);
    let first: Vec<&InputEdge> = node.inputs.iter().filter(|edge| edge.input == 0).collect();
    let second: Vec<&InputEdge> = node.inputs.iter().filter(|edge| edge.input != 0).collect();
    if !reads_by_default(node, place, &first) {
        put_edges(&mut table, graph, ["from", "partitioner"], &first);
    } else if let Some(partitioner) = shared_partitioner(&first) {
        table.put("partitioner", word(&partitioner));
    }
    if !second.is_empty() {
        put_edges(&mut table, graph, ["second-from", "second-partitioner"], &second);
    }
    put_key(&mut table, node);
    let reader = node.options.reader;
    table.put_some("column", node.options.column).put_if(
        reader != Reader::default(),
        "reader",
        word(&reader),
    );
    table.put_some("starting-offsets", offsets_text(node.options.starting_offsets));
    let usual = SourceTime::default();
    let told = node.options.time.map(|time| EventTimeText::unusual(&time, &usual).inline());
    table.put_some("event-time", told);
    super::registered::put_states(&mut table, &node.options);
    table
        .put_if(node.parallelism != 1, "parallelism", node.parallelism)
        .put_some("max-parallelism", node.max_parallelism)
        .put_some("uid", node.uid.as_ref().map(quoted))
        .put_some("class", node.options.class.as_ref().map(quoted))
        .put_some("uid-hash", node.options.uid_hash.map(|hash| quoted(hash.to_string())))
        .put_if(node.chain != ChainStrategy::default(), "chain", word(&node.chain))
        .put_some("slot-group", node.slot_sharing_group.as_ref().map(quoted))
        .put_if(node.takes != OperatorNode::TAKES, "takes", time(node.takes));
    table
}

fn put_kind(table: &mut Table, node: &OperatorNode) {
    match &node.kind {
        OperatorKind::Source { input, then } => {
            table.put("source", quoted(input)).put_if(*then != AtEnd::default(), "then", word(then))
        }
        // `key-by = …`, which every such operator has, says it.
        OperatorKind::Transform { kind, .. } if kind == "key-by" => table,
        OperatorKind::Transform { kind, function } => {
            let options = (kind.as_str(), node.options.window, node.options.delay);
            match options {
                ("window", Some(window), _) => table.put(kind, window_text(window)),
                ("delay", _, Some(delay)) => table.put(kind, delay_text(delay)),
                _ => table.put(kind, quoted(function)),
            }
        }
        OperatorKind::Sink { kind } => table.put("sink", quoted(kind)),
    };
}

fn put_key(table: &mut Table, node: &OperatorNode) {
    let Some(key_by) = node.key_by else { return };
    table.put("key-by", selector(key_by.selector));
    table.put_some("second-key-by", key_by.second.map(selector));
    table.put_if(key_by.key_type != KeyType::default(), "key-type", word(&key_by.key_type));
}

fn selector(selector: KeySelector) -> String {
    match selector {
        KeySelector::Value => quoted("value"),
        KeySelector::Column(column) => column.to_string(),
        KeySelector::Columns(columns) => list(columns.as_slice().iter().map(u16::to_string)),
    }
}

/// Whether its edges are those of an operator that names none: from the operator before it, or none for a source.
fn reads_by_default(node: &OperatorNode, place: usize, edges: &[&InputEdge]) -> bool {
    match edges {
        [] => place == 0 || matches!(node.kind, OperatorKind::Source { .. }),
        [edge] => {
            let is_source = matches!(node.kind, OperatorKind::Source { .. });
            !is_source && !edge.side && place > 0 && edge.from == OperatorIndex::new(place - 1)
        }
        _ => false,
    }
}

/// The partitioner of all edges, if it is one and the same.
fn shared_partitioner(edges: &[&InputEdge]) -> Option<Partitioner> {
    let first = edges.first()?.partitioner;
    first.filter(|_| edges.iter().all(|edge| edge.partitioner == first))
}

/// The edges of one input: by name alone where one partitioner, or none, serves all.
fn put_edges(table: &mut Table, graph: &JobGraph, keys: [&str; 2], edges: &[&InputEdge]) {
    let [from, partition] = keys;
    let name = |edge: &InputEdge| graph.operators[edge.from.index()].name.as_str();
    let shared = shared_partitioner(edges);
    let is_plain = |edge: &InputEdge| edge.partitioner == shared;
    let edges = edges.iter().map(|edge| match (is_plain(edge), edge.side) {
        (true, false) => quoted(name(edge)),
        (true, true) => quoted(format!("{}.side", name(edge))),
        (false, side) => {
            let mut long = Table::default();
            long.put("operator", quoted(name(edge)))
                .put_if(side, "side", true)
                .put_some("partitioner", edge.partitioner.map(|partitioner| word(&partitioner)));
            long.inline()
        }
    });
    table.put(from, list(edges)).put_some(partition, shared.map(|shared| word(&shared)));
}
