//! The reference evaluation, and how strictly paths can be compared.

use super::*;
use crate::check::class::{Determined, determined};
use crate::check::history::{Cut, Next, Stand};
use crate::check::reference::{Carried, Evaluation};
use crate::check::written::ReferenceRow;
use crate::job::Partitioner;

fn cut(plan: &Plan, next: [u32; 2]) -> Cut {
    let partitions = (0..).map(|partition| (InputId::new(0), partition));
    let known = partitions.zip(next.map(Next::Entry)).collect();
    let stand = Stand { known, others: Next::Entry(0) };
    Cut { sources: vec![(plan.operator_ids[0], stand)], ..Cut::default() }
}

/// Behind everything.
fn the_end(plan: &Plan) -> Cut {
    let everything = || plan.operator_ids.clone();
    let sources = cut(plan, [u32::MAX, u32::MAX]).sources;
    Cut { sources, drained: everything(), finished: everything(), ends_time: false }
}

/// Rows with the offset and child they stem from.
fn rows_of(evaluation: &Evaluation<'_>, sink: usize) -> Vec<String> {
    let told =
        |row: &ReferenceRow| format!("{} {}.{}", row.value, row.origin.offset, row.origin.child);
    evaluation.rows(sink, evaluation.reached(sink)).iter().map(told).collect()
}

#[test]
fn the_reference_counts_words_from_cut_to_cut_and_carries_its_state() {
    let setup = setup(vec![word_count("two-phase", ("aggregate", "count"), 2)]);
    let plan = Plan::build(Arc::new(setup.scenario.jobs[0].graph.clone())).expect("it can run");
    let start = |from: &Cut, state| Evaluation::start(&plan, &setup, from, state, false);
    let middle = cut(&plan, [1, 1]);
    let mut first = start(&Cut::default(), Carried::new());
    first.advance(&middle);
    assert_eq!(rows_of(&first, 3), ["(a, 1) 0.0", "(b, 1) 0.1", "(a, 2) 0.0"]);
    let mut second = start(&middle, first.carry(&middle));
    second.advance(&the_end(&plan));
    assert_eq!(rows_of(&second, 3), ["(b, 2) 1.0", "(a, 3) 1.0"]);
}

#[test]
fn a_broadcast_edge_gives_each_record_to_every_subtask() {
    let mut graph = word_count("plain", ("aggregate", "count"), 2);
    graph.operators[1].inputs[0].partitioner = Some(Partitioner::Broadcast);
    let setup = setup(vec![graph]);
    let plan = Plan::build(Arc::new(setup.scenario.jobs[0].graph.clone())).expect("it can run");
    let (nothing, state) = (Cut::default(), Carried::new());
    let mut evaluation = Evaluation::start(&plan, &setup, &nothing, state, false);
    evaluation.advance(&cut(&plan, [0, 1]));
    assert_eq!(rows_of(&evaluation, 3), ["(a, 1) 0.0", "(a, 2) 0.0"]);
}

/// What is determined of the rows that the sink of a changed word count is given.
fn class_of(change: impl FnOnce(&mut JobGraph)) -> Determined {
    let mut graph = word_count("plain", ("aggregate", "sum"), 2);
    change(&mut graph);
    determined(&graph, &setup(Vec::new()))[3]
}

/// What a case changes in the word count.
type Change = fn(&mut JobGraph);

/// Puts an operator between `counts` and `out`.
fn insert(graph: &mut JobGraph, kind: OperatorKind, parallelism: u32) {
    graph.operators.push(node("between", kind, parallelism, Some(2)));
    graph.operators[3].inputs[0].from = OperatorIndex::new(4);
}

#[test]
fn the_class_is_the_weakest_on_the_path() {
    use Equality::{Accounted, LastPerKey, Multiset};
    let cases: [(Equality, Change); 7] = [
        (LastPerKey, |_| {}),
        (Multiset, |graph| graph.operators[2].kind = transform("aggregate", "count")),
        (Accounted, |graph| graph.operators[2].kind = transform("reduce", "last")),
        (Accounted, |graph| graph.operators[3].parallelism = 4),
        (LastPerKey, |graph| insert(graph, transform("map", "identity"), 2)),
        (Accounted, |graph| insert(graph, transform("map", "identity"), 4)),
        (Accounted, |graph| insert(graph, transform("map", "swap"), 2)),
    ];
    for (number, (expected, change)) in cases.into_iter().enumerate() {
        let determined = class_of(change);
        let class = match (determined.values, determined.last) {
            (true, _) => Multiset,
            (false, true) => LastPerKey,
            (false, false) => Accounted,
        };
        assert_eq!(class, expected, "case {number}");
        assert!(determined.origins, "case {number}: each record gives one row");
    }
}

#[test]
fn a_filter_of_sums_leaves_nothing_to_compare() {
    let determined = class_of(|graph| insert(graph, transform("filter", "even"), 2));
    let Determined { values, last, origins, .. } = determined;
    assert_eq!((values, last, origins), (false, false, false));
}
