//! Plans of small graphs, and graphs that have none.

use super::super::{
    AtEnd, ChainStrategy, InputEdge, KeyBy, KeySelector, OperatorId, OperatorKind, OperatorNode,
};
use super::*;
use crate::kernel::SimTime;
use crate::rules::Release;

fn node(name: &str, parallelism: u32, kind: OperatorKind, inputs: &[usize]) -> OperatorNode {
    let edge = |&from: &usize| InputEdge {
        from: OperatorIndex::new(from),
        input: 0,
        side: false,
        partitioner: None,
    };
    OperatorNode {
        name: name.to_owned(),
        uid: None,
        parallelism,
        max_parallelism: None,
        kind,
        inputs: inputs.iter().map(edge).collect(),
        chain: ChainStrategy::Always,
        slot_sharing_group: None,
        key_by: None,
        takes: SimTime::ZERO,
        options: Default::default(),
    }
}

fn source(name: &str, parallelism: u32) -> OperatorNode {
    node(name, parallelism, OperatorKind::Source { input: name.to_owned(), then: AtEnd::End }, &[])
}

fn map(name: &str, parallelism: u32, inputs: &[usize]) -> OperatorNode {
    let kind = OperatorKind::Transform { kind: "map".to_owned(), function: "identity".to_owned() };
    node(name, parallelism, kind, inputs)
}

fn sink(name: &str, parallelism: u32, inputs: &[usize]) -> OperatorNode {
    node(name, parallelism, OperatorKind::Sink { kind: "plain".to_owned() }, inputs)
}

fn graph(operators: Vec<OperatorNode>) -> JobGraph {
    JobGraph {
        name: "job".to_owned(),
        operators,
        max_parallelism: None,
        chaining: true,
        ..JobGraph::default()
    }
}

fn plan(operators: Vec<OperatorNode>) -> Plan {
    Plan::build(Arc::new(graph(operators))).expect("the graph is sound")
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.vertices.iter().map(|vertex| vertex.name.as_str()).collect()
}

#[track_caller]
fn check_error(operators: Vec<OperatorNode>, expected: &str) {
    let error = Plan::build(Arc::new(graph(operators))).expect_err("the graph is not sound");
    assert_eq!(error.to_string(), expected);
    assert!(!error.help().is_empty());
}

/// Edits one operator of a graph.
fn with(
    mut operators: Vec<OperatorNode>,
    place: usize,
    edit: impl FnOnce(&mut OperatorNode),
) -> Vec<OperatorNode> {
    edit(&mut operators[place]);
    operators
}

fn line() -> Vec<OperatorNode> {
    vec![source("source", 2), map("map", 2, &[0]), sink("sink", 2, &[1])]
}

fn keyed(node: &mut OperatorNode) {
    node.key_by = Some(KeyBy::new(KeySelector::Value));
}

#[test]
fn branches_of_a_chain_stand_in_parentheses() {
    let plan = plan(vec![
        source("source", 1),
        map("left", 1, &[0]),
        map("right", 1, &[0]),
        sink("a", 1, &[1]),
        sink("b", 1, &[2]),
    ]);
    assert_eq!(names(&plan), ["Source: source -> (left -> Sink: a, right -> Sink: b)"]);
    let places = |operators: &[OperatorIndex]| {
        operators.iter().map(|operator| operator.index()).collect::<Vec<_>>()
    };
    assert_eq!(places(&plan.vertices[0].operators), [0, 1, 3, 2, 4]);
    assert_eq!(places(&plan.operators_tail_first(VertexIndex::new(0))), [3, 1, 4, 2, 0]);
}

#[test]
fn an_edge_is_chained_only_if_nothing_speaks_against_it() {
    let whole = ["Source: source -> map -> Sink: sink"];
    let cut = ["Source: source", "map -> Sink: sink"];
    assert_eq!(names(&plan(line())), whole);
    assert_eq!(names(&plan(with(line(), 1, |node| node.chain = ChainStrategy::Head))), cut);
    assert_eq!(
        names(&plan(with(line(), 1, |node| node.slot_sharing_group = Some("g".to_owned())))),
        cut
    );
    assert_eq!(names(&plan(with(line(), 1, keyed))), cut);
    let rebalanced =
        |node: &mut OperatorNode| node.inputs[0].partitioner = Some(Partitioner::Rebalance);
    assert_eq!(names(&plan(with(line(), 1, rebalanced))), cut);
    let apart = ["Source: source", "map", "Sink: sink"];
    assert_eq!(names(&plan(with(line(), 1, |node| node.chain = ChainStrategy::Never))), apart);
    assert_eq!(names(&plan(with(line(), 1, |node| node.parallelism = 1))), apart);
    let mut unchained = graph(line());
    unchained.chaining = false;
    assert_eq!(names(&Plan::build(Arc::new(unchained)).expect("sound")), apart);
}

#[test]
fn a_chain_has_the_max_parallelism_of_its_head() {
    let plan = plan(with(line(), 1, |node| node.max_parallelism = Some(16)));
    assert_eq!(names(&plan).len(), 1);
    assert_eq!(
        (plan.vertices[0].max_parallelism, plan.vertices[0].max_parallelism_is_explicit),
        (128, false)
    );
}

#[test]
fn a_slot_sharing_group_is_inherited_only_if_the_inputs_agree() {
    let mut operators =
        vec![source("a", 1), source("b", 1), map("union", 1, &[0, 1]), sink("sink", 1, &[2])];
    operators[0].slot_sharing_group = Some("g".to_owned());
    let groups = |plan: &Plan| {
        plan.vertices.iter().map(|v| v.slot_sharing_group.clone()).collect::<Vec<_>>()
    };
    assert_eq!(groups(&plan(operators.clone())), ["g", "default", "default"]);
    operators[1].slot_sharing_group = Some("g".to_owned());
    assert_eq!(groups(&plan(operators)), ["g", "g", "g"]);
}

#[test]
fn channels_lie_edge_by_edge_and_know_their_gates() {
    let mut operators =
        vec![source("a", 2), source("b", 3), map("co", 3, &[1, 0]), sink("sink", 1, &[2])];
    keyed(&mut operators[2]);
    operators[2].inputs[0].input = 1;
    let plan = plan(operators);
    assert_eq!(plan.edges.len(), 3);
    assert_eq!((plan.edges[0].input, plan.edges[1].input), (0, 1));
    assert_eq!([0, 1, 2].map(|edge| plan.edge_channels(edge)), [0..6, 6..15, 15..18]);
    let co = plan.subtask(plan.vertex_of(OperatorIndex::new(2)), 1);
    let reads: Vec<usize> = plan.task(co).inputs.iter().map(|channel| channel.index()).collect();
    assert_eq!(reads, [1, 4, 7, 10, 13], "the first input's channels come first");
    for (input_channel, channel) in plan.task(co).inputs.iter().enumerate() {
        let channel = plan.channel(*channel);
        assert_eq!((channel.to, channel.input_channel), (co, input_channel));
    }
    for (place, task) in plan.tasks.iter().enumerate() {
        for channel in task.outputs.iter().flatten() {
            assert_eq!(plan.channel(*channel).from.index(), place);
        }
    }
}

#[test]
fn rescale_joins_neighbours() {
    let sent = |senders, receivers| -> Vec<Range<u32>> {
        (0..senders)
            .map(|subtask| targets(Partitioner::Rescale, senders, receivers, subtask))
            .collect()
    };
    assert_eq!(sent(2, 4), [0..2, 2..4]);
    assert_eq!(sent(2, 3), [0..2, 2..3]);
    assert_eq!(sent(3, 2), [0..1, 1..2, 1..2]);
    assert_eq!(sent(4, 2), [0..1, 0..1, 1..2, 1..2]);
    for (senders, receivers) in [(7, 3), (5, 4), (9, 9), (10, 1)] {
        for target in 0..receivers {
            let read: Vec<u32> = (0..senders)
                .filter(|&s| targets(Partitioner::Rescale, senders, receivers, s).contains(&target))
                .collect();
            let expected: Vec<u32> =
                (target * senders / receivers..(target + 1) * senders / receivers).collect();
            assert_eq!(read, expected, "{senders} -> {receivers}");
        }
    }
}

#[test]
fn a_uid_below_changes_no_id_above_and_the_ids_below_it() {
    let plain = plan(line());
    let named = plan(with(line(), 1, |node| node.uid = Some("mapper-id".to_owned())));
    assert_eq!(plain.operator_ids[0], named.operator_ids[0]);
    assert_eq!(named.operator_ids[1].to_string(), "c9cecfed5cae9d489451c50e442666e3");
    assert_ne!(plain.operator_ids[2], named.operator_ids[2]);
}

#[test]
fn graphs_that_cannot_run_say_why() {
    let uid = |node: &mut OperatorNode| node.uid = Some("x".to_owned());
    check_error(vec![], "the job has no operators");
    check_error(
        with(with(line(), 0, uid), 2, uid),
        "hash collision on user-specified id: operators `source` and `sink` both have the uid `x`",
    );
    // The first source's generated id is the hash of four zero bytes, if nothing is chained to it.
    let mut operators = with(line(), 1, |node| node.chain = ChainStrategy::Head);
    operators[2].uid = Some("\0\0\0\0".to_owned());
    check_error(
        operators,
        "hash collision on user-specified id: the uid `\\0\\0\\0\\0` of operator `sink` is the id of `source`",
    );
    check_error(
        with(line(), 2, |node| node.name = "map".to_owned()),
        "two operators are named `map`",
    );
    let mut operators =
        vec![source("source", 1), map("a", 1, &[0, 2]), map("b", 1, &[1]), sink("sink", 1, &[2])];
    check_error(operators.clone(), "operators form a cycle: a -> b -> a");
    operators[1].inputs.remove(0);
    check_error(operators, "operators form a cycle: a -> b -> a");
    check_error(
        with(line(), 1, |node| node.inputs[0].from = OperatorIndex::new(9)),
        "operator `map` reads operator number 9, but the job has 3",
    );
}

#[test]
fn parallelism_and_partitioners_that_cannot_be_say_why() {
    check_error(with(line(), 1, |node| node.parallelism = 0), "operator `map` has parallelism 0");
    check_error(
        with(line(), 1, |node| (node.parallelism, node.max_parallelism) = (10, Some(8))),
        "operator `map`'s parallelism (10) is higher than the max parallelism (8)",
    );
    check_error(
        with(line(), 0, |node| node.parallelism = 32_769),
        "operator `source`'s parallelism (32769) is higher than the max parallelism (32768)",
    );
    check_error(
        with(line(), 1, |node| node.max_parallelism = Some(32_769)),
        "max parallelism 32769 of operator `map` is not within 1 to 32768",
    );
    let forward = |node: &mut OperatorNode| {
        node.inputs[0].partitioner = Some(Partitioner::Forward);
        node.parallelism = 3;
    };
    check_error(
        with(line(), 1, forward),
        "forward partitioning does not allow change of parallelism: `source` has parallelism 2, `map` has 3",
    );
    check_error(
        with(line(), 1, |node| node.inputs[0].partitioner = Some(Partitioner::Hash)),
        "operator `map` is dealt to by hash but has no key",
    );
}

#[test]
fn inputs_that_cannot_be_say_why() {
    check_error(
        with(line(), 1, |node| node.inputs.clear()),
        "operator `map` has no inputs and is not a source",
    );
    check_error(
        vec![source("a", 1), sink("sink", 1, &[0]), map("m", 1, &[1])],
        "operator `m` reads `sink`, which is a sink",
    );
    check_error(
        with(line(), 1, |node| node.inputs[0].input = 1),
        "operator `map` has a second input and no first",
    );
    check_error(
        with(line(), 1, |node| node.inputs[0].input = 2),
        "operator `map` has an input 2, but 1 is its last",
    );
    check_error(
        with(line(), 2, |node| node.inputs[0].input = 1),
        "operator `sink` has an input 1, but 0 is its last",
    );
    let mut operators = line();
    operators[0].inputs = operators[1].inputs.clone();
    check_error(operators, "source `source` has inputs");
}

#[test]
fn a_plan_that_no_world_could_hold_is_refused() {
    let mut operators = vec![source("source", 8000), map("map", 8000, &[0]), sink("sink", 1, &[1])];
    keyed(&mut operators[1]);
    check_error(
        operators,
        "the job has 64024001 operators, subtasks and channels, more than 1048576",
    );
}

#[test]
fn pipelines_that_only_forward_are_a_region_each() {
    let regions = |operators| {
        let plan = plan(operators);
        let regions = (0..plan.tasks.len()).map(|task| plan.region_of(LocalTaskId::new(task)));
        regions.map(|region| region.len()).collect::<Vec<_>>()
    };
    let mut apart = vec![source("a", 2), sink("b", 2, &[0]), source("c", 1), sink("d", 1, &[2])];
    apart.iter_mut().for_each(|node| node.chain = ChainStrategy::Never);
    assert_eq!(regions(apart.clone()), [2, 2, 2, 2, 2, 2], "each with what it forwards to");
    keyed(&mut apart[1]);
    assert_eq!(regions(apart), [4, 4, 2, 4, 4, 2], "an exchange of all with all makes one of two");
}

/// A source and a map at parallelism 2, chained, and a sink at 1; ids as in 1.0.
fn ids_of_1_0(edit: impl FnOnce(&mut OperatorNode)) -> Vec<String> {
    let mut operators = vec![source("source", 2), map("map", 2, &[0]), sink("sink", 1, &[1])];
    edit(&mut operators[1]);
    let rules = PlanRules::from(&Release::V1_0.rules());
    let plan = Plan::build_under(Arc::new(graph(operators)), rules).expect("sound");
    plan.operator_ids.iter().map(OperatorId::to_string).collect()
}

#[test]
fn older_ids_hang_on_parallelism_and_class_name() {
    // By another program, from the description of the scheme alone.
    let usual = [
        "d748746078fa32fc5ef805f9122c59c3",
        "c8a28c4e19626e8ac40353d059bcb083",
        "dad214e26db9e97ad8f79793f80858bb",
    ];
    assert_eq!(ids_of_1_0(|_| {}), usual);
    let renamed = ids_of_1_0(|map| map.options.class = Some("com.example.Clean".into()));
    let expected = [
        "a47210556bb97db1a2769e17a4f2dadd",
        "ae5182ccd4b3af2d9dc641ae3684bb5c",
        "bc211a60a06828dd813285ed97305364",
    ];
    assert_eq!(renamed, expected, "the source's, too, which the map is chained to");
    let other_name = ids_of_1_0(|map| map.name = "other".to_owned());
    assert_eq!(other_name, usual, "a name for people is not hashed");
    let wider = ids_of_1_0(|map| map.parallelism = 3);
    assert!(wider.iter().zip(&usual).all(|(id, usual)| id != usual), "{wider:?}");
}

#[test]
fn newer_ids_do_not_hang_on_parallelism_or_class_name() {
    let ids = |parallelism, class: Option<&str>| {
        let apart = |node: &mut OperatorNode| node.chain = ChainStrategy::Never;
        let edit = |node: &mut OperatorNode| {
            node.parallelism = parallelism;
            node.options.class = class.map(Arc::from);
        };
        plan(with(with(line(), 1, apart), 1, edit)).operator_ids
    };
    assert_eq!(ids(2, None), ids(5, Some("com.example.Clean")));
}

#[test]
fn a_uid_inside_a_chain_is_refused_until_1_2() {
    let operators = with(line(), 1, |node| node.uid = Some("x".to_owned()));
    for release in Release::ALL {
        let rules = PlanRules::from(&release.rules());
        let built = Plan::build_under(Arc::new(graph(operators.clone())), rules);
        assert_eq!(built.is_ok(), release >= Release::V1_3, "{release}");
        let apart = with(operators.clone(), 1, |node| node.chain = ChainStrategy::Head);
        Plan::build_under(Arc::new(graph(apart)), rules).expect("the head of a chain has its uid");
        let head = with(line(), 0, |node| node.uid = Some("x".to_owned()));
        let plan = Plan::build_under(Arc::new(graph(head)), rules).expect("a head has a uid");
        assert_eq!(plan.legacy_ids.len(), if release == Release::V1_2 { 3 } else { 0 });
    }
}
