//! Two inputs, columns, tables that know rows again, writers and committers.

use super::*;
use crate::job::KeyColumns;

#[test]
fn a_join_emits_every_pair_once_whichever_side_comes_first() {
    let order = [(0, 1), (1, 10), (0, 2), (1, 20)];
    let mut expected = [[1, 10], [2, 10], [1, 20], [2, 20]].map(|[left, right]| {
        Value::row([
            Value::text("k"),
            Value::text("k"),
            number(left),
            Value::text("k"),
            number(right),
        ])
    });
    expected.sort();
    for rotation in 0..order.len() {
        let mut join = standalone("join", "inner").start();
        for place in 0..order.len() {
            let (input, value) = order[(place + rotation) % order.len()];
            join.process(input, pair("k", value));
            join.process(1 - input, pair(format!("other-{input}"), value));
        }
        let mut emitted = join.take_emitted();
        emitted.sort();
        assert_eq!(emitted, expected, "after {rotation} of them");
    }
}

#[test]
fn a_join_remembers_both_sides_over_a_restore() {
    let mut before = standalone("join", "inner").start();
    before.process(0, pair("k", 1));
    let mut after =
        standalone("join", "inner").restore(checkpoint(1), before.barrier(checkpoint(1)));
    after.process(1, pair("k", 2));
    assert_eq!(after.take_emitted().len(), 1);
}

#[test]
fn each_side_of_a_join_can_have_its_key_in_another_column() {
    let columns = |columns: &[u16]| KeySelector::Columns(KeyColumns::new(columns).expect("few"));
    let key_by = KeyBy { second: Some(columns(&[1, 0])), ..KeyBy::new(columns(&[0, 1])) };
    let catalogue = Catalogue::built_in();
    let entry = catalogue.entry("join", "inner").expect("the operator is built in");
    let mut join = Standalone::new((entry.make)(&node())).keyed_by(key_by).start();
    join.process(0, pair("k", 1));
    join.process(1, Value::row([number(1), Value::text("k")]));
    join.process(1, pair("k", 1));
    let key = Value::row([Value::text("k"), number(1)]);
    let [Value::Row(joined, _)] = &join.take_emitted()[..] else { panic!("one pair") };
    assert_eq!(
        joined[..],
        [
            &[key.as_row().expect("a row")[0].clone(), number(1)][..],
            &[Value::text("k"), number(1)],
            &[number(1), Value::text("k")]
        ]
        .concat()[..]
    );
    assert_eq!(key_by.hash_of(&pair("a", 2)), Ok(3009), "as the tuple of the columns");
}

#[test]
fn connected_streams_are_told_apart_by_their_tag() {
    let mut connect = standalone("connect", "tag").start();
    connect.process(0, number(7));
    connect.process(1, pair("k", 8));
    let expected =
        [Value::row([number(7), number(0)]), Value::row([Value::text("k"), number(8), number(1)])];
    assert_eq!(connect.take_emitted(), expected);
}

#[test]
fn what_a_rule_says_depends_on_the_rules_and_not_on_their_order() {
    let mut snapshots = Vec::new();
    for rules in [[3, 5], [5, 3]] {
        let mut connect = standalone("connect", "rules").start();
        rules.into_iter().for_each(|rule| connect.process(1, pair("k", rule)));
        connect.process(0, pair("k", 1));
        connect.process(0, pair("other", 1));
        let said = |key, said| Value::row([Value::text(key), number(1), number(said)]);
        assert_eq!(connect.take_emitted(), [said("k", 5), said("other", 0)]);
        snapshots.push(connect.barrier(checkpoint(1)));
    }
    assert_eq!(snapshots[0], snapshots[1]);
}

/// An operator that was told to work on a column.
fn of_column(kind: &str, function: &str, column: u16) -> Standalone {
    let catalogue = Catalogue::built_in();
    let entry = catalogue.entry(kind, function).expect("the operator is built in");
    assert!(entry.takes_column, "{kind} {function}");
    let mut node = node();
    node.options.column = Some(column);
    let alone = Standalone::new((entry.make)(&node));
    if entry.keyed {
        alone.keyed_by(KeyBy::new(KeySelector::Column(0))).start()
    } else {
        alone.start()
    }
}

#[test]
fn aggregates_of_a_column_leave_the_others_alone() {
    let row = |middle, last| Value::row([Value::text("k"), number(middle), number(last)]);
    for (function, expected) in [("sum", 7), ("max", 4), ("min", 3), ("xor", 7)] {
        let mut reduce = of_column("reduce", function, 1);
        reduce.process(0, row(3, 100));
        reduce.process(0, row(4, 200));
        assert_eq!(reduce.take_emitted().last(), Some(&pair("k", expected)), "{function}");
    }
    let mut statistics = of_column("aggregate", "statistics", 1);
    [4, -3, 5].into_iter().for_each(|middle| statistics.process(0, row(middle, 100)));
    let expected = Value::row([Value::text("k"), number(3), number(6), number(-3), number(5)]);
    assert_eq!(statistics.take_emitted().last(), Some(&expected));
}

#[test]
fn a_dedup_sink_marks_a_row_with_itself_or_with_a_column() {
    let mut whole = standalone("sink", "dedup").start();
    whole.process(0, pair("a", 1));
    assert_eq!(whole.take_requests(), [ExternalRequest::InsertOnce(pair("a", 1), pair("a", 1))]);
    let mut column = of_column("sink", "dedup", 1);
    column.process(0, pair("a", 1));
    assert_eq!(column.take_requests(), [ExternalRequest::InsertOnce(number(1), pair("a", 1))]);
}

/// What a writer of the standalone job emits for a transaction.
fn committable(checkpoint: i64, number: u32) -> Value {
    Value::row([Value::Int(checkpoint), transaction(0, number).to_value()])
}

#[test]
fn a_writer_hands_over_what_it_wrote_at_each_barrier_and_at_its_end() {
    use ExternalRequest::{Abort, Begin, Prepare, Write};
    let mut writer = standalone("writer", "transactions").start();
    writer.process(0, number(1));
    writer.barrier(checkpoint(1));
    writer.barrier(checkpoint(2));
    writer.process(0, number(2));
    writer.end_input(0);
    assert_eq!(writer.take_emitted(), [committable(1, 0), committable(3, 1)]);
    writer.process(0, number(3));
    writer.close();
    let [first, second, third] = [0, 1, 2].map(|number| transaction(0, number));
    let expected = [
        Begin(first),
        Write(first, number(1)),
        Prepare(first, checkpoint(1)),
        Begin(second),
        Write(second, number(2)),
        Prepare(second, checkpoint(3)),
        Begin(third),
        Write(third, number(3)),
        Abort(third),
    ];
    assert_eq!(writer.take_requests(), expected);
}

#[test]
fn a_committer_commits_what_is_covered_and_what_it_was_restored_with() {
    use ExternalRequest::Commit;
    let mut committer = standalone("sink", "committer").start();
    committer.process(0, committable(1, 0));
    committer.process(0, committable(2, 1));
    let snapshot = committer.barrier(checkpoint(2));
    committer.process(0, committable(3, 2));
    committer.complete(checkpoint(2));
    let [first, second, third] = [0, 1, 2].map(|number| transaction(0, number));
    let covered = [Commit(first, checkpoint(2)), Commit(second, checkpoint(2))];
    assert_eq!(committer.take_requests(), covered);
    assert_eq!(list(&committer.barrier(checkpoint(3)), "committables").len(), 1);
    committer.complete(checkpoint(3));
    assert_eq!(committer.take_requests(), [Commit(third, checkpoint(3))]);

    let mut restored = standalone("sink", "committer").restore(checkpoint(2), snapshot);
    assert_eq!(restored.take_requests(), covered, "again, whether it had been committed or not");
    assert_eq!(list(&restored.barrier(checkpoint(3)), "committables").len(), 0);
}
