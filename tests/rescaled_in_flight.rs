//! What was in flight at an unaligned checkpoint, restored at another parallelism: by each kind of exchange.

mod story;

use sandbar::Played;
use sandbar::events::{TaskEvent, TraceEvent};
use story::played;

/// A job is left behind with records in flight before `slow`, which works as the first text says; the next one, in which it
/// works as the second says, starts from there. `step` belongs to the start.
fn scenario(before: &str, after: &str, sink: &str, step: &str) -> String {
    format!(
        r#"seed = 9

[network]
channel-capacity = 4

[input.rows]
generate = {{ records = 400, keys = 24 }}
partitions = 2
every = "2ms"

[job.first]
checkpoint = {{ interval = "10s", timeout = "10s", unaligned = true, retention = "retain-on-cancellation" }}
operators = [
  {{ name = "rows", source = "rows", parallelism = 2, uid = "rows-id" }},
  {{ name = "slow", uid = "slow-id", takes = "8ms", {before} }},
  {{ name = "out", sink = "{sink}", partitioner = "rebalance", uid = "out-id" }},
]

[job.next]
checkpoint = {{ interval = "100ms", unaligned = true }}
operators = [
  {{ name = "rows", source = "rows", parallelism = 2, uid = "rows-id" }},
  {{ name = "slow", uid = "slow-id", takes = "1ms", {after} }},
  {{ name = "out", sink = "{sink}", partitioner = "rebalance", uid = "out-id" }},
]

[[step]]
at = "250ms"
do = {{ checkpoint = {{ job = "first", as = "mid" }} }}

[[step]]
at = "500ms"
do = {{ cancel = {{ job = "first" }} }}

[[step]]
when = {{ canceled = "first" }}
do = {{ run = {{ job = "next", from = "mid" }} }}
{step}"#
    )
}

/// How many records were put back on their way to `slow`.
fn restored(played: &Played) -> u64 {
    let next = played.trace.layouts.iter().last().expect("the second job was submitted");
    let records = played.trace.entries.iter().filter_map(|entry| {
        let TraceEvent::Task(task, _, TaskEvent::InFlightRestored { records, .. }) = entry.event
        else {
            return None;
        };
        next.task_name(task).starts_with("slow/").then_some(records)
    });
    records.sum()
}

#[test]
fn records_in_flight_are_dealt_to_more_and_to_fewer_subtasks() {
    let mut all = 0;
    for how in [
        "aggregate = \"count\", key-by = 0",
        "map = \"identity\", partition = \"rebalance\"",
        "map = \"identity\", partition = \"global\"",
    ] {
        for (before, after) in [(3, 5), (3, 2), (3, 1), (1, 4)] {
            let [first, next] =
                [before, after].map(|parallelism| format!("{how}, parallelism = {parallelism}"));
            for sink in ["two-phase", "dedup"] {
                let facts = if sink == "dedup" { "" } else { "committed-rows = { out = 400 }" };
                let expect = format!(
                    "[expect]\njobs = {{ next = \"finished\" }}\nsometimes = [\"rescaled-in-flight\"]\n{facts}\n"
                );
                let played = played(&scenario(&first, &next, sink, &expect));
                assert!(restored(&played) > 0, "{how}: nothing was in flight");
                all += restored(&played);
            }
        }
    }
    assert!(all > 50, "only {all} records were in flight in all cases");
}

#[test]
fn pointwise_exchanges_hold_nothing_in_flight_and_can_always_be_rescaled() {
    for partition in ["forward", "rescale"] {
        let how = format!("map = \"identity\", chain = \"never\", partition = \"{partition}\"");
        let first = format!("{how}, parallelism = 2");
        let next = "map = \"identity\", partition = \"rescale\", parallelism = 4";
        let expect = "[expect]\njobs = { next = \"finished\" }\ncommitted-rows = { out = 400 }\n";
        let text = scenario(&first, next, "two-phase", expect);
        let played = played(&text);
        assert_eq!(restored(&played), 0, "{partition}");
    }
}

#[test]
fn an_exchange_that_is_no_more_or_has_become_pointwise_takes_nothing_back() {
    let first = "map = \"identity\", partition = \"rebalance\", parallelism = 2";
    for (next, why) in [
        (
            "partition = \"forward\", chain = \"never\"",
            "cannot rescale the given pointwise partitioner",
        ),
        ("partition = \"rescale\"", "cannot rescale the given pointwise partitioner"),
        ("partition = \"broadcast\"", "cannot rescale the given pointwise partitioner"),
        ("partition = \"forward\"", "exchanges with persisted data are now chained"),
    ] {
        let next = format!("map = \"identity\", parallelism = 2, {next}");
        let refused = format!("refused = \"{why}\"\n");
        let played = played(&scenario(first, &next, "two-phase", &refused));
        assert_eq!(restored(&played), 0);
    }
}

#[test]
fn what_was_in_flight_to_a_second_input_goes_by_the_key_of_that_input() {
    let join = |parallelism: u32| {
        format!(
            "join = \"inner\", from = [\"rows\"], second-from = [\"turned\"], key-by = 0, second-key-by = 1, parallelism = {parallelism}"
        )
    };
    let expect = "[expect]\njobs = { next = \"finished\" }\nsometimes = [\"rescaled-in-flight\"]\n";
    for (before, after) in [(3, 5), (4, 2)] {
        let text = scenario(&join(before), &join(after), "two-phase", expect);
        let turned = "{ name = \"turned\", map = \"swap\", uid = \"turned-id\", partition = \"rebalance\" },\n  { name = \"slow\"";
        let played = played(&text.replace("{ name = \"slow\"", turned));
        assert!(restored(&played) > 0, "nothing was in flight");
    }
}
