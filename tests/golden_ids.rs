//! What a real Flink answered about ids, key groups and list state, row by row.

use sandbar::SimTime;
use sandbar::internals::{
    ListState, Plan, default_max_parallelism, java_hash_code, key_group, key_group_range,
    murmur_hash, operator_id_of_uid, redistribute, subtask_of_key_group,
};
use sandbar::operators::{KeyBy, KeySelector, KeyType, ListMode, OperatorNode, Value};
use sandbar::story::{
    AtEnd, ChainStrategy, InputEdge, JobGraph, OperatorIndex, OperatorKind, Partitioner,
};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The rows of a golden file.
fn rows(file: &str, list: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let text = std::fs::read_to_string(path).expect("a golden file is there");
    let mut json: Json = serde_json::from_str(&text).expect("a golden file is JSON");
    serde_json::from_value(json[list].take())
        .unwrap_or_else(|error| panic!("{file} has no list {list}: {error}"))
}

fn number(json: &Json) -> u32 {
    json.as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or_else(|| panic!("{json} is no u32"))
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap_or_else(|| panic!("{json} is no list"))
}

fn entries(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().unwrap_or_else(|| panic!("{json} is no object")).iter()
}

#[test]
fn operator_ids_of_uids_agree() {
    for row in rows("operator_ids.json", "rows") {
        assert_eq!(operator_id_of_uid(text(&row["uid"])).to_string(), row["operator_id"], "{row}");
    }
}

#[test]
fn key_groups_agree() {
    for row in rows("key_groups.json", "rows") {
        let (key, key_type) = typed_key(&row);
        let hash_code = java_hash_code(&key, key_type).expect("a golden key has its type");
        assert_eq!(Json::from(hash_code), row["java_hash_code"], "{row}");
        assert_eq!(Json::from(murmur_hash(hash_code)), row["murmur"], "{row}");
        for (max_parallelism, group) in entries(&row["key_group"]) {
            let found = key_group(hash_code, max_parallelism.parse().expect("a number"));
            assert_eq!(Json::from(found), *group, "{row} of {max_parallelism}");
        }
        for (max_parallelism, subtasks) in entries(&row["operator_index"]) {
            let max_parallelism = max_parallelism.parse().expect("a number");
            let group = key_group(hash_code, max_parallelism);
            for (parallelism, subtask) in entries(subtasks) {
                let found = subtask_of_key_group(
                    group,
                    max_parallelism,
                    parallelism.parse().expect("a number"),
                );
                assert_eq!(
                    Json::from(found),
                    *subtask,
                    "{row} of {max_parallelism} at {parallelism}"
                );
            }
        }
    }
}

/// The key of a row and the type it hashes as.
fn typed_key(row: &Json) -> (Value, KeyType) {
    let key = &row["key"];
    let integer = |key: &Json| {
        let digits = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        Value::Int(digits.parse().unwrap_or_else(|error| panic!("{key}: {error}")))
    };
    match text(&row["type"]) {
        "i32" => (integer(key), KeyType::Int),
        "i64" => (integer(key), KeyType::Long),
        "Short" => (integer(key), KeyType::Short),
        "String" => (Value::text(text(key)), KeyType::Text),
        "Double" => (Value::text(text(key)), KeyType::Double),
        "Character" => (Value::text(text(key)), KeyType::Char),
        "Boolean" => (Value::Bool(key.as_bool().expect("a truth value")), KeyType::Bool),
        "Tuple2<String,i32>" => {
            (Value::row([Value::text(text(&key[0])), integer(&key[1])]), KeyType::Int)
        }
        other => panic!("no key type is known for {other}"),
    }
}

#[test]
fn key_group_ranges_agree() {
    for row in rows("key_group_ranges.json", "rows") {
        let (max_parallelism, parallelism) =
            (number(&row["max_parallelism"]), number(&row["parallelism"]));
        let ranges: Vec<Json> = (0..parallelism)
            .map(|subtask| key_group_range(max_parallelism, parallelism, subtask))
            .map(|range| Json::from(vec![*range.start(), *range.end()]))
            .collect();
        assert_eq!(Json::from(ranges), row["ranges"], "{max_parallelism} / {parallelism}");
    }
}

#[test]
fn default_max_parallelisms_agree() {
    for row in rows("default_max_parallelism.json", "rows") {
        let found = default_max_parallelism(number(&row["parallelism"]));
        assert_eq!(Json::from(found), row["default_max_parallelism"], "{row}");
    }
}

#[test]
fn generated_ids_and_job_vertices_agree() {
    let mut unsaid = all_unsaid();
    for row in rows("auto_ids.json", "graphs") {
        let title = text(&row["graph"]);
        let number = title.split(':').next().expect("a title begins with a number");
        let unsaid = unsaid.remove(number).unwrap_or_default();
        let plan = Plan::build(Arc::new(graph_of(title, &row, &unsaid)))
            .unwrap_or_else(|error| panic!("{title}: {error}"));
        for (place, node) in list(&row["nodes"]).iter().enumerate() {
            assert_eq!(
                plan.operator_ids[place].to_string(),
                node["operator_id"],
                "{title}: {node}"
            );
        }
        let vertices: Vec<Json> =
            (0..plan.vertices.len()).map(|place| vertex_row(&plan, place)).collect();
        assert_eq!(Json::from(vertices), row["job_vertices"], "{title}");
    }
    assert!(unsaid.is_empty(), "no such graphs: {:?}", unsaid.keys());
}

/// What the nodes of a graph do not say.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Unsaid {
    chaining: Option<bool>,
    chain_heads: Vec<String>,
    connected: Vec<String>,
    slot_sharing_group: BTreeMap<String, String>,
}

/// The same by the number of a graph, with which its title begins: `L2: same as L1`.
fn all_unsaid() -> BTreeMap<String, Unsaid> {
    toml::from_str(include_str!("golden/auto_ids.toml")).unwrap_or_else(|error| panic!("{error}"))
}

fn graph_of(title: &str, row: &Json, unsaid: &Unsaid) -> JobGraph {
    let nodes = list(&row["nodes"]);
    let bare = |node: &Json| {
        text(&node["name"]).trim_start_matches("Source: ").trim_start_matches("Sink: ").to_owned()
    };
    let names: Vec<String> = nodes.iter().map(bare).collect();
    let operators = nodes
        .iter()
        .zip(&names)
        .map(|(node, name)| operator_of(unsaid, node, name, &names))
        .collect();
    JobGraph {
        name: title.to_owned(),
        operators,
        max_parallelism: None,
        chaining: unsaid.chaining.unwrap_or(true),
        ..JobGraph::default()
    }
}

fn operator_of(unsaid: &Unsaid, node: &Json, name: &String, names: &[String]) -> OperatorNode {
    let shown = text(&node["name"]);
    let kind = if shown.starts_with("Source: ") {
        OperatorKind::Source { input: "in".to_owned(), then: AtEnd::End }
    } else if shown.starts_with("Sink: ") {
        OperatorKind::Sink { kind: "plain".to_owned() }
    } else {
        OperatorKind::Transform { kind: "map".to_owned(), function: "identity".to_owned() }
    };
    let is_head = unsaid.chain_heads.contains(name);
    let chain = if is_head { ChainStrategy::Head } else { ChainStrategy::Always };
    let hashed = list(&node["in"]).iter().any(|input| text(input).ends_with("[HASH]"));
    OperatorNode {
        name: name.to_owned(),
        uid: node["uid"].as_str().map(str::to_owned),
        parallelism: number(&node["p"]),
        max_parallelism: None,
        kind,
        inputs: inputs_of(unsaid.connected.contains(name), list(&node["in"]), names),
        chain,
        slot_sharing_group: unsaid.slot_sharing_group.get(name).cloned(),
        key_by: hashed.then_some(KeyBy::new(KeySelector::Value)),
        takes: SimTime::ZERO,
        options: Default::default(),
    }
}

/// The edges into an operator. Those that Flink chooses by itself are left to be chosen.
fn inputs_of(connected: bool, inputs: &[Json], names: &[String]) -> Vec<InputEdge> {
    let edge = |(place, input): (usize, &Json)| {
        let (sender, partitioner) =
            text(input).split_once(" [").expect("an input names its partitioner");
        let from = names.iter().position(|name| name == sender).expect("an input is a node");
        let partitioner = match partitioner {
            "FORWARD]" | "HASH]" | "REBALANCE]" => None,
            "BROADCAST]" => Some(Partitioner::Broadcast),
            "RESCALE]" => Some(Partitioner::Rescale),
            "GLOBAL]" => Some(Partitioner::Global),
            other => panic!("no partitioner is known for [{other}"),
        };
        let input = if connected { u8::try_from(place).expect("two inputs at most") } else { 0 };
        InputEdge { from: OperatorIndex::new(from), input, side: false, partitioner }
    };
    inputs.iter().enumerate().map(edge).collect()
}

/// A chain as the golden rows write it.
fn vertex_row(plan: &Plan, place: usize) -> Json {
    let vertex = &plan.vertices[place];
    let place = plan.vertex_of(vertex.operators[0]);
    let ids: Vec<String> = plan
        .operators_tail_first(place)
        .into_iter()
        .map(|operator| plan.operator_ids[operator.index()].to_string())
        .collect();
    serde_json::json!({
        "vertex_id": plan.vertex_id(place).to_string(),
        "name": vertex.name,
        "p": vertex.parallelism,
        "operator_ids_tail_first": ids,
    })
}

#[test]
fn list_states_are_dealt_as_flink_deals_them() {
    for row in rows("list_state_redistribution.json", "rows") {
        let states: BTreeMap<String, ListState<Item>> = entries(&row["states"])
            .map(|(name, state)| (name.clone(), list_state(state)))
            .collect();
        let dealt =
            redistribute(&states, number(&row["old_parallelism"]), number(&row["new_parallelism"]));
        for (name, result) in entries(&row["result"]) {
            // Both sides are in order of old subtasks, and of items within one.
            let lists = serde_json::to_value(&dealt[name]).expect("lists of numbers are JSON");
            assert_eq!(
                lists, result["new_lists"],
                "{} of `{name}`: {}",
                row["case"], row["states"]
            );
        }
        assert_eq!(dealt.len(), entries(&row["result"]).count(), "{}", row["case"]);
    }
}

/// An item: its old subtask and its index there.
type Item = (usize, i64);

fn list_state(state: &Json) -> ListState<Item> {
    let mode = match text(&state["mode"]) {
        "SPLIT_DISTRIBUTE" => ListMode::Split,
        "UNION" => ListMode::Union,
        "BROADCAST" => ListMode::Broadcast,
        other => panic!("no mode is known for {other}"),
    };
    let items = |(subtask, size): (usize, &Json)| {
        let size = size.as_i64().expect("a size is a number");
        (size >= 0).then(|| (0..size).map(|index| (subtask, index)).collect())
    };
    ListState { mode, lists: list(&state["old_sizes"]).iter().enumerate().map(items).collect() }
}
