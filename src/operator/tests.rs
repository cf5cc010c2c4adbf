use super::*;
use crate::job::{
    AtEnd, ChainStrategy, KeyBy, KeySelector, OperatorKind, OperatorNode, TransactionId,
};
use crate::state::{ListSnapshot, OperatorSnapshot};
use std::sync::Arc;

fn node() -> OperatorNode {
    OperatorNode {
        name: "alone".to_owned(),
        uid: None,
        parallelism: 1,
        max_parallelism: None,
        kind: OperatorKind::Source { input: "book".to_owned(), then: AtEnd::End },
        inputs: Vec::new(),
        chain: ChainStrategy::Always,
        slot_sharing_group: None,
        key_by: None,
        takes: SimTime::ZERO,
        options: Default::default(),
    }
}

fn standalone(kind: &str, function: &str) -> Standalone {
    let catalogue = Catalogue::built_in();
    let entry = catalogue.entry(kind, function).expect("the operator is built in");
    let alone = Standalone::new((entry.make)(&node())).timers_of(entry.timers);
    let selector = KeySelector::Column(0);
    let key_by = KeyBy::new(selector);
    if entry.keyed { alone.keyed_by(key_by) } else { alone }
}

fn number(number: i64) -> Value {
    Value::Int(number)
}

fn pair(first: impl AsRef<str>, second: i64) -> Value {
    Value::row([Value::text(first), Value::Int(second)])
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<Value> {
    texts.map(Value::text).to_vec()
}

fn checkpoint(number: u64) -> CheckpointId {
    CheckpointId::new(number)
}

fn list(snapshot: &OperatorSnapshot, name: &str) -> Vec<Value> {
    snapshot.lists[name].items.clone()
}

/// Plays values through one operator and compares what it emits and what it sends aside.
fn check(kind: &str, function: &str, values: &[Value], emitted: &[Value], side: &[Value]) {
    let mut alone = standalone(kind, function).start();
    values.iter().for_each(|value| alone.process(0, value.clone()));
    assert_eq!(alone.take_emitted(), emitted, "{kind} {function}");
    assert_eq!(alone.take_side(), side, "{kind} {function}, aside");
}

#[test]
fn maps_change_what_they_can_and_leave_the_rest() {
    let bytes = Value::Bytes(Arc::from(&b"\xff"[..]));
    let strange = [bytes, Value::Bool(true), Value::row([])];
    let cases = [
        ("identity", Value::text("Sand"), Value::text("Sand")),
        ("upper", Value::text("Sand"), Value::text("SAND")),
        ("lower", Value::text("Sand"), Value::text("sand")),
        ("increment", number(i64::MAX), number(i64::MIN)),
        ("swap", pair("a", 1), Value::row([number(1), Value::text("a")])),
    ];
    for (function, value, expected) in cases {
        check("map", function, &[value], &[expected], &[]);
        check("map", function, &strange, &strange, &[]);
    }
    check("map", "to-pair", &texts(["a"]), &[pair("a", 1)], &[]);
}

#[test]
fn filters_send_what_they_reject_aside() {
    let values = [number(4), number(-3), pair("a", 2), Value::text("4")];
    check("filter", "even", &values, &[number(4), pair("a", 2)], &[number(-3), Value::text("4")]);
    let values = [Value::text(""), Value::text(" "), Value::Bool(false)];
    check("filter", "non-empty", &values, &values[1..], &values[..1]);
    check("filter", "keep-all", &values, &values, &[]);
}

#[test]
fn a_word_is_a_maximal_run_of_ascii_letters() {
    let line = b"Don't PANIC--it's\xff42nd";
    let values =
        [Value::text("Straße, 7 times\tover"), Value::Bytes(Arc::from(&line[..])), number(5)];
    let words = texts(["stra", "e", "times", "over", "don", "t", "panic", "it", "s", "nd"]);
    check("flat-map", "split-words", &values, &words, &[]);
    check("flat-map", "digits", &values, &[number(7), number(4), number(2)], &[]);
    check("flat-map", "repeat", &values[2..], &[number(5), number(5)], &[]);
}

#[test]
fn the_halves_of_a_number_add_up_to_it() {
    let cases = [(number(7), [number(3), number(4)]), (number(-3), [number(-2), number(-1)])];
    for (value, halves) in cases {
        check("flat-map", "halves", &[value], &halves, &[]);
    }
    check("flat-map", "halves", &[pair("a", 4)], &[pair("a", 2), pair("a", 2)], &[]);
    let others = [Value::text("7"), Value::row([])];
    check("flat-map", "halves", &others, &others, &[]);
}

#[test]
fn aggregates_emit_the_key_and_what_it_has_come_to() {
    let values = [pair("a", 5), pair("b", 3), pair("a", 9), pair("a", 1)];
    let cases = [
        ("aggregate", "count", [("a", 1), ("b", 1), ("a", 2), ("a", 3)]),
        ("aggregate", "sum", [("a", 5), ("b", 3), ("a", 14), ("a", 15)]),
        ("reduce", "max", [("a", 5), ("b", 3), ("a", 9), ("a", 9)]),
        ("reduce", "min", [("a", 5), ("b", 3), ("a", 5), ("a", 1)]),
        ("reduce", "xor", [("a", 5), ("b", 3), ("a", 12), ("a", 13)]),
        ("reduce", "last", [("a", 5), ("b", 3), ("a", 9), ("a", 1)]),
    ];
    for (kind, function, expected) in cases {
        let expected = expected.map(|(key, aggregate)| pair(key, aggregate));
        check(kind, function, &values, &expected, &[]);
    }
}

#[test]
fn sums_wrap_and_take_what_has_no_number_as_nothing() {
    let values = [pair("a", i64::MAX), pair("a", 1), Value::row([Value::text("a")])];
    let expected = [pair("a", i64::MAX), pair("a", i64::MIN), pair("a", i64::MIN)];
    check("aggregate", "sum", &values, &expected, &[]);
}

#[test]
fn a_restored_aggregate_goes_on_where_it_was() {
    let mut before = standalone("aggregate", "count").start();
    before.process(0, pair("a", 0));
    let mut after =
        standalone("aggregate", "count").restore(checkpoint(1), before.barrier(checkpoint(1)));
    after.process(0, pair("a", 0));
    assert_eq!(after.take_emitted(), [pair("a", 2)]);
}

#[test]
fn a_key_that_came_before_a_restore_is_not_emitted_again() {
    let mut before = standalone("aggregate", "distinct").start();
    for value in [pair("a", 1), pair("b", 1), pair("a", 2)] {
        before.process(0, value);
    }
    assert_eq!(before.take_emitted(), texts(["a", "b"]));
    let snapshot = before.barrier(checkpoint(1));
    let mut after = standalone("aggregate", "distinct").restore(checkpoint(1), snapshot);
    for value in [pair("b", 3), pair("c", 1)] {
        after.process(0, value);
    }
    assert_eq!(after.take_emitted(), texts(["c"]));
}

#[test]
fn a_fork_goes_its_own_way() {
    let mut original = standalone("aggregate", "count").start();
    original.process(0, pair("a", 0));
    let mut fork = original.clone();
    original.process(0, pair("a", 0));
    fork.process(0, pair("b", 0));
    assert_eq!(original.take_emitted(), [pair("a", 1), pair("a", 2)]);
    assert_eq!(fork.take_emitted(), [pair("a", 1), pair("b", 1)]);
}

fn log(partitions: u16, entries: i64) -> Arc<Log> {
    let entries = (0..entries).map(Value::Int).collect();
    Arc::new(Log::new(InputId::new(2), partitions, SimTime::from_millis(10), entries))
}

fn source(log: &Arc<Log>, subtask: u32, parallelism: u32) -> Standalone {
    standalone("source", "log").reading("rows", log).subtask_of(subtask, parallelism)
}

/// Where a source stands, as (partition, next entry).
fn places(source: &mut Standalone) -> Vec<(u16, u32)> {
    source.positions().into_iter().map(|at| (at.partition, at.next)).collect()
}

fn position(partition: i64, next: i64) -> Value {
    Value::row([Value::text("rows"), number(partition), number(next)])
}

/// Polls until nothing is there; the origins as (partition, offset), and what the last poll said.
fn drain(source: &mut Standalone, log: &Arc<Log>) -> (Vec<(u16, u32)>, Poll) {
    let mut read = Vec::new();
    loop {
        match source.poll(&**log) {
            Poll::Record(value, origin) => {
                assert_eq!(log.entry(origin.partition, origin.offset), Some(&value));
                assert_eq!((origin.input, origin.child), (2, 0));
                read.push((origin.partition, origin.offset));
            }
            last @ (Poll::Later(_) | Poll::Ended) => return (read, last),
        }
    }
}

#[test]
fn a_source_reads_what_is_there_first_and_then_by_partition() {
    let log = log(3, 7);
    let mut source = source(&log, 0, 1).start();
    assert_eq!(
        drain(&mut source, &log),
        (vec![(0, 0), (1, 0), (2, 0)], Poll::Later(SimTime::from_millis(10)))
    );
    source.advance_to(SimTime::from_millis(25));
    let (read, last) = drain(&mut source, &log);
    assert_eq!(read, [(0, 1), (1, 1), (2, 1), (0, 2)]);
    assert_eq!(last, Poll::Ended);
    assert_eq!(source.poll(&*log), Poll::Ended);
    assert_eq!(places(&mut source), [(0, 3), (1, 2), (2, 2)]);
}

#[test]
fn fresh_subtasks_share_the_partitions_and_some_have_none() {
    let shares = |parallelism: u32| {
        (0..parallelism)
            .map(|subtask| places(&mut source(&log(3, 0), subtask, parallelism).start()))
            .collect::<Vec<_>>()
    };
    assert_eq!(shares(2), [vec![(0, 0), (2, 0)], vec![(1, 0)]]);
    assert_eq!(shares(4), [vec![(0, 0)], vec![(1, 0)], vec![(2, 0)], vec![]]);
}

#[test]
fn a_snapshot_before_the_first_poll_holds_the_beginning() {
    let snapshot = source(&log(3, 0), 1, 2).start().barrier(checkpoint(1));
    assert_eq!(list(&snapshot, "positions"), [position(1, 0)]);
}

#[test]
fn a_restored_source_reads_the_partitions_it_was_dealt_and_no_others() {
    let log = log(3, 9);
    let mut before = source(&log, 0, 1).start();
    before.poll(&*log);
    before.poll(&*log);
    let mut snapshot = before.barrier(checkpoint(1));
    let positions = list(&snapshot, "positions");
    assert_eq!(positions, [position(0, 1), position(1, 1), position(2, 0)]);
    let dealt = ListSnapshot {
        mode: ListMode::Split,
        items: positions[1..].to_vec(),
        ..ListSnapshot::default()
    };
    snapshot.lists.insert(Arc::from("positions"), dealt);
    let mut after = source(&log, 0, 2).restore(checkpoint(1), snapshot);
    after.advance_to(SimTime::from_secs(1));
    assert_eq!(drain(&mut after, &log).0, [(2, 0), (1, 1), (2, 1), (1, 2), (2, 2)]);

    let mut empty_handed = source(&log, 1, 2).restore(checkpoint(1), OperatorSnapshot::default());
    assert_eq!(empty_handed.poll(&*log), Poll::Ended);
}

#[test]
fn a_buffer_keeps_the_last_three_values() {
    let mut buffer = standalone("state", "buffer").start();
    (0..5).for_each(|value| buffer.process(0, number(value)));
    assert_eq!(buffer.take_emitted(), [0, 1, 2, 3, 4].map(number));
    assert_eq!(list(&buffer.barrier(checkpoint(1)), "recent"), [2, 3, 4].map(number));
}

#[test]
fn the_sum_of_union_counts_survives_every_change_of_parallelism() {
    let rows = [[0, 5], [1, 7], [2, 11], [3, 13]]
        .map(|[subtask, count]| Value::row([number(subtask), number(count)]));
    for (parallelism, expected) in
        [(1, vec![36]), (2, vec![29, 7]), (4, vec![5, 7, 11, 13]), (5, vec![5, 7, 11, 13, 0])]
    {
        let restored = |subtask| {
            let union = ListSnapshot {
                mode: ListMode::Union,
                items: rows.to_vec(),
                ..ListSnapshot::default()
            };
            let mut state = OperatorSnapshot::default();
            state.lists.insert(Arc::from("counts"), union);
            let mut counter = standalone("state", "union-counter")
                .subtask_of(subtask, parallelism)
                .restore(checkpoint(1), state);
            list(&counter.barrier(checkpoint(2)), "counts")
        };
        let counts: Vec<Value> = (0..parallelism).flat_map(restored).collect();
        let expected: Vec<Value> = (0..)
            .zip(&expected)
            .map(|(subtask, count)| Value::row([number(subtask), number(*count)]))
            .collect();
        assert_eq!(counts, expected, "at parallelism {parallelism}");
    }
}

#[test]
fn rules_are_remembered_and_values_pass() {
    let mut rules = standalone("state", "broadcast-rules").start();
    rules.process(1, number(7));
    rules.process(0, number(1));
    rules.process(1, number(7));
    assert_eq!(rules.take_emitted(), [number(1)]);
    let snapshot = rules.barrier(checkpoint(1));
    assert_eq!(list(&snapshot, "rules"), [Value::row([number(7), number(2)])]);
}

#[test]
fn plain_and_idempotent_sinks_write_at_once() {
    let mut plain = standalone("sink", "plain").start();
    plain.process(0, number(1));
    assert_eq!(plain.take_requests(), [ExternalRequest::Append(number(1))]);
    let mut idempotent = standalone("sink", "idempotent").start();
    idempotent.process(0, pair("a", 1));
    idempotent.process(0, number(1));
    let expected = [
        ExternalRequest::Upsert(Value::text("a"), pair("a", 1)),
        ExternalRequest::Upsert(number(1), number(1)),
    ];
    assert_eq!(idempotent.take_requests(), expected);
}

/// A transaction of subtask 0 of the standalone job.
fn transaction(attempt: u32, number: u32) -> TransactionId {
    TransactionId { job: 1, subtask: 0, attempt, number }
}

#[test]
fn a_two_phase_sink_commits_what_the_completed_checkpoint_covers() {
    use ExternalRequest::{Begin, Commit, Prepare, Write};
    let mut sink = standalone("sink", "two-phase").start();
    sink.process(0, number(1));
    sink.barrier(checkpoint(1));
    sink.abort(checkpoint(1));
    sink.process(0, number(2));
    sink.barrier(checkpoint(2));
    sink.barrier(checkpoint(3));
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|number| transaction(0, number));
    let before = [
        Begin(first),
        Write(first, number(1)),
        Prepare(first, checkpoint(1)),
        Begin(second),
        Write(second, number(2)),
        Prepare(second, checkpoint(2)),
        Begin(third),
        Prepare(third, checkpoint(3)),
        Begin(fourth),
    ];
    assert_eq!(sink.take_requests(), before);
    sink.complete(checkpoint(2));
    assert_eq!(sink.take_requests(), [Commit(first, checkpoint(2)), Commit(second, checkpoint(2))]);
    sink.complete(checkpoint(3));
    assert_eq!(sink.take_requests(), [Commit(third, checkpoint(3))]);
    sink.close();
    assert_eq!(sink.take_requests(), [ExternalRequest::Abort(fourth)]);
}

#[test]
fn a_restored_two_phase_sink_commits_the_pending_and_aborts_the_current() {
    use ExternalRequest::{Abort, Begin, Commit};
    let mut before = standalone("sink", "two-phase").start();
    before.barrier(checkpoint(1));
    let snapshot = before.barrier(checkpoint(2));
    assert_eq!(list(&snapshot, "transactions").len(), 3);
    let mut after = standalone("sink", "two-phase").attempt(1).restore(checkpoint(2), snapshot);
    let expected = [
        Commit(transaction(0, 0), checkpoint(2)),
        Commit(transaction(0, 1), checkpoint(2)),
        Abort(transaction(0, 2)),
        Begin(transaction(1, 0)),
    ];
    assert_eq!(after.take_requests(), expected);
    let own = list(&after.barrier(checkpoint(3)), "transactions");
    assert_eq!(own.len(), 2, "what was restored is forgotten: {own:?}");
}

#[test]
fn a_sink_that_commits_on_snapshot_waits_for_nobody() {
    let mut sink = standalone("sink", "two-phase").commit_when(CommitWhen::Snapshot).start();
    sink.barrier(checkpoint(1));
    let commit = ExternalRequest::Commit(transaction(0, 0), checkpoint(1));
    assert!(sink.take_requests().contains(&commit));
}

#[test]
fn every_built_in_operator_starts_and_says_what_it_does() {
    let catalogue = Catalogue::built_in();
    for (kind, function) in catalogue.names() {
        let entry = catalogue.entry(kind, function).expect("it was listed");
        assert!(!entry.about.is_empty() && !entry.about.ends_with('.'), "{kind} {function}");
        let mut alone = standalone(kind, function).partitions(1).start();
        let is_empty = alone.barrier(checkpoint(1)).is_empty();
        assert_eq!(!is_empty, entry.stateful, "{kind} {function} declares what it remembers");
    }
}

mod delay;
mod two_input;
