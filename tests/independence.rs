//! Draws do not know of each other: what is added to a world, taken out of it or asked beside it leaves every other
//! choice of an old seed as it was.

use sandbar::events::{CheckpointEvent, Entry, RunId, TaskEvent, Trace, TraceEvent};
use sandbar::operators::{InputId, InputLog, Log, Origin, Value};
use sandbar::{Catalogue, Choices, Played, Profile, Scenario, Setup, SimTime, play_out};
use std::sync::Arc;

/// A pipeline with records on different channels at once. Its operators take no time, tasks start at once, and
/// no channel has records of two partitions, so that none waits for another: that would depend on the other, however its
/// draws are made.
const ORDERS: [&str; 4] = [
    r#"{ name = "orders", takes = "0ns", source = "orders", parallelism = 2 }"#,
    r#"{ name = "pairs", takes = "0ns", filter = "even", from = ["orders"], parallelism = 2, chain = "never" }"#,
    r#"{ name = "sums", takes = "0ns", aggregate = "sum", key-by = 0, from = ["pairs"], parallelism = 3 }"#,
    r#"{ name = "out", takes = "0ns", sink = "idempotent", from = ["sums"], parallelism = 3 }"#,
];
/// Another pipeline that has nothing to do with it.
const RETURNS: [&str; 3] = [
    r#"{ name = "returns", source = "returns", parallelism = 3 }"#,
    r#"{ name = "counts", aggregate = "count", key-by = 0, from = ["returns"], parallelism = 4 }"#,
    r#"{ name = "aside", sink = "plain", from = ["counts"], parallelism = 2 }"#,
];

const ORDERS_INPUT: &str =
    "[input.orders]\ngenerate = { records = 90, keys = 9 }\npartitions = 2\nevery = \"5ms\"\n";
const RETURNS_INPUT: &str =
    "[input.returns]\ngenerate = { records = 70, keys = 5 }\npartitions = 3\nevery = \"3ms\"\n";

/// A world with these inputs and one job of these operators.
fn world(inputs: &[&str], operators: &[&str]) -> Scenario {
    let text = format!(
        "seed = 21\ncluster = {{ task-managers = 2, slots = 16 }}\nnetwork = {{ task-start = \"1us\" }}\n{}\n[job.shop]\noperators = [\n  {},\n]\n",
        inputs.concat(),
        operators.join(",\n  ")
    );
    Scenario::parse(&text, "a world", &Catalogue::built_in())
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn setup_of(scenario: Scenario) -> Setup {
    let catalogue = Arc::new(Catalogue::built_in());
    let setup = Setup::of(Arc::new(scenario), catalogue).expect("the world reads no files");
    Setup { keeps_trace: true, keeps_records: true, ..setup }
}

fn played(setup: Setup) -> Played {
    let played = play_out(setup);
    assert!(played.unmet.is_empty(), "{:?}", played.unmet);
    played
}

/// One record at one task: when, where, on which channel, and which partition, entry and descendant it was.
type Sighting = (SimTime, String, Option<String>, (u16, u32, u32));

/// Every record at the tasks of the pipeline of orders, in names and not in ids.
#[expect(clippy::wildcard_enum_match_arm, reason = "only records are looked at")]
fn sightings(trace: &Trace) -> Vec<Sighting> {
    let layout = &trace.layouts[RunId::default()];
    let mut sightings = Vec::new();
    for entry in &trace.entries {
        let (task, channel, origin) = match &entry.event {
            TraceEvent::Task(task, _, TaskEvent::RecordRead { origin }) => (*task, None, *origin),
            TraceEvent::Task(task, _, TaskEvent::RecordTaken { channel, origin }) => {
                (*task, Some(layout.task_name(layout.ends(*channel).0)), *origin)
            }
            _ => continue,
        };
        let name = layout.task_name(task);
        if ORDERS.iter().any(|operator| operator.contains(&format!("\"{}\"", operator_of(&name)))) {
            let Origin { partition, offset, child, .. } = origin;
            sightings.push((entry.at, name, channel, (partition, offset, child)));
        }
    }
    // What happens at one time in two places has no order that matters.
    sightings.sort();
    sightings
}

fn operator_of(task: &str) -> &str {
    task.split('/').next().expect("a task has a name")
}

/// The orders alone: what every other world is held against.
fn orders_alone() -> Vec<Sighting> {
    let alone = sightings(&played(setup_of(world(&[ORDERS_INPUT], &ORDERS))).trace);
    assert!(alone.len() > 200, "only {} sightings", alone.len());
    alone
}

/// Fails at the first sighting that is another one.
fn compare(found: &[Sighting], expected: &[Sighting], what: &str) {
    let differs = found.iter().zip(expected).find(|(found, expected)| found != expected);
    assert!(differs.is_none(), "{what}: the first sighting that differs: {differs:?}");
    assert_eq!(found.len(), expected.len(), "{what}");
}

#[test]
fn another_pipeline_leaves_the_first_as_it_was() {
    let alone = orders_alone();
    // An edge names its sender, so the operators of the other pipeline may stand anywhere.
    for place in 0..=ORDERS.len() {
        let mut operators = ORDERS.to_vec();
        operators.splice(place..place, RETURNS);
        let beside = played(setup_of(world(&[ORDERS_INPUT, RETURNS_INPUT], &operators)));
        compare(&sightings(&beside.trace), &alone, &format!("returns at place {place}"));
    }
}

/// The entries of the orders, with one of them made odd, so that the filter drops it.
#[test]
fn another_input_before_the_first_leaves_it_as_it_was() {
    let operators: Vec<&str> = RETURNS.into_iter().chain(ORDERS).collect();
    let beside = played(setup_of(world(&[RETURNS_INPUT, ORDERS_INPUT], &operators)));
    compare(&sightings(&beside.trace), &orders_alone(), "the input of returns in front");
}

fn without_entry(setup: &Setup, place: usize) -> Setup {
    let log = &setup.inputs[0];
    let entry = |place: usize| {
        let partition = u16::try_from(place % 2).expect("two partitions");
        let offset = u32::try_from(place / 2).expect("few entries");
        log.entry(partition, offset).cloned()
    };
    let mut entries: Vec<Value> = (0..).map_while(entry).collect();
    entries[place] = Value::row([Value::Int(0), Value::Int(1)]);
    let changed = Log::new(InputId::new(0), 2, SimTime::from_millis(5), entries.into());
    Setup { inputs: [Arc::new(changed)].into(), ..setup.clone() }
}

#[test]
fn a_record_that_is_dropped_leaves_the_others_as_they_were() {
    let setup = setup_of(world(&[ORDERS_INPUT], &ORDERS));
    let alone = orders_alone();
    let mut dropped = 0;
    for place in 0..90 {
        let number = |place: usize| u32::try_from(place).expect("few entries");
        let origin = (number(place % 2), number(place / 2), 0);
        let found = sightings(&played(without_entry(&setup, place)).trace);
        dropped += usize::from(found.len() < alone.len());
        let others = |sightings: &[Sighting]| -> Vec<Sighting> {
            let is_other = |sighting: &&Sighting| {
                let (partition, offset, child) = sighting.3;
                (u32::from(partition), offset, child) != origin
            };
            sightings.iter().filter(is_other).cloned().collect()
        };
        compare(&others(&found), &others(&alone), &format!("without entry {place}"));
    }
    assert!(dropped > 30, "only {dropped} entries were dropped and had not been before");
}

#[test]
fn a_draw_that_nobody_else_asks_for_leaves_the_others_as_they_were() {
    let setup = setup_of(world(&[ORDERS_INPUT], &ORDERS));
    let before = played(setup.clone()).outcome.digest;
    let choices = Choices::new(setup.choices.seed());
    let asked: u64 =
        (0..1_000).map(|index| choices.stream("weather", "shop#0/orders").draw(index) >> 32).sum();
    assert!(asked > 0, "a thousand draws are not all zero");
    assert_eq!(played(Setup { choices, ..setup }).outcome.digest, before);
}

/// Every kind of trouble may be in a drawn world.
fn drawn(seed: u64) -> Setup {
    setup_of(Scenario::draw(&Choices::new(seed), &Profile::default()))
}

#[test]
fn entries_of_records_leave_the_numbers_and_causes_of_all_others_as_they_were() {
    for seed in [11, 20, 43] {
        let with = play_out(drawn(seed)).trace.entries;
        let without = play_out(Setup { keeps_records: false, ..drawn(seed) }).trace.entries;
        assert!(with.windows(2).all(|pair| pair[0].number < pair[1].number), "seed {seed}");
        let (records, others): (Vec<Entry>, Vec<Entry>) =
            with.into_iter().partition(|entry| entry.event.is_of_record());
        assert!(records.len() > 100, "seed {seed} has records");
        let same = others.iter().zip(&without).take_while(|(one, other)| one == other).count();
        assert_eq!((same, others.len()), (without.len(), without.len()), "seed {seed}");
    }
}

#[test]
fn a_barrier_arrives_since_it_was_emitted_and_a_task_is_notified_since_a_checkpoint_completed() {
    let trace = play_out(drawn(11)).trace;
    let causes = |wanted: fn(&TaskEvent) -> bool| {
        let is_wanted = move |entry: &&Entry| matches!(&entry.event, TraceEvent::Task(.., event) if wanted(event));
        let entries = trace.entries.iter().filter(is_wanted);
        let cause = |entry: &Entry| trace.get(entry.cause.expect("it has one"));
        entries.map(move |entry| &cause(entry).expect("it is there").event).collect::<Vec<_>>()
    };
    let arrived = causes(|event| matches!(event, TaskEvent::BarrierArrived { .. }));
    let emitted = |cause: &&&TraceEvent| {
        matches!(cause, TraceEvent::Task(.., TaskEvent::BarrierEmitted { .. }))
    };
    assert!(arrived.len() > 20, "barriers arrive");
    assert_eq!(arrived.iter().find(|cause| !emitted(cause)), None);
    let notified = causes(|event| matches!(event, TaskEvent::NotifyHandled { .. }));
    // A message that the network delays is caused by that.
    let completed = |cause: &&&TraceEvent| {
        matches!(
            cause,
            TraceEvent::Checkpoint(.., CheckpointEvent::Completed { .. })
                | TraceEvent::Task(.., TaskEvent::MessageDisturbed { .. })
        )
    };
    assert!(notified.len() > 20, "tasks are notified");
    assert_eq!(notified.iter().find(|cause| !completed(cause)), None);
}
