//! What a real Flink did, experiment by experiment: callbacks, checkpoint ids, failures, concurrent requests, retention,
//! finished tasks and barrier modes. Each row is played by a world of its own and compared.
//!
//! Not compared: the order of calls of different tasks, how many records were processed, and where a source stood.

#![expect(clippy::wildcard_enum_match_arm, reason = "a row speaks of few events")]

mod experiment;
mod stage;
mod story;
#[path = "../tables/mod.rs"]
mod tables;

use experiment::Experiment;
use serde_json::Value as Json;
use stage::{Finished, LeftBy, Stage};
use std::collections::BTreeMap;
use story::{Story, calls_of_row};
use tables::table;

fn rows() -> Vec<Json> {
    let mut json: Json = serde_json::from_str(include_str!("../golden/protocol_facts.json"))
        .expect("a golden file is JSON");
    serde_json::from_value(json["experiments"].take()).expect("it has experiments")
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}

/// What has been found to differ.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, recorded: T) {
        if found != recorded {
            self.0.push(format!("{what}\n    recorded {recorded:?}\n    found    {found:?}"));
        }
    }
}

#[test]
fn every_experiment_comes_out_as_recorded() {
    let mut experiments = experiment::all();
    let mut complaints = Vec::new();
    for row in rows() {
        let name = text(&row["experiment"]);
        let experiment = experiments.remove(name);
        let experiment = experiment.unwrap_or_else(|| panic!("how is {name} played?"));
        let mut differences = Differences::default();
        play_row(&experiment, &row, &mut differences);
        complaints.extend(differences.0.iter().map(|text| format!("{name}: {text}")));
    }
    assert!(complaints.is_empty(), "{} differences\n{}", complaints.len(), complaints.join("\n"));
    assert!(experiments.is_empty(), "nothing was recorded of {:?}", experiments.keys());
}

fn play_row(experiment: &Experiment, row: &Json, found: &mut Differences) {
    match experiment {
        Experiment::Calls(stage) => compare_calls_and_end(&stage.play(), row, found),
        Experiment::Ids(stage) => compare_ids(&stage.play(), row, found),
        Experiment::NextId(stage) => compare_next_id(&stage.play(), row, found),
        Experiment::Retained(stage) => compare_retained(&stage.play(), row, found),
        Experiment::Concurrent { requests } => concurrent(requests, row, found),
        Experiment::Sum(pair) => compare_sum(pair, row, found),
        Experiment::Finished(pair) => compare_finished(pair, row, found),
    }
}

/// The last reason of a failed request, in our words.
fn reason(result: &Json) -> Option<&'static str> {
    if result["ok"] == Json::Bool(true) {
        return None;
    }
    let chain = result["exception_chain"].as_array().expect("a failure has causes");
    let known = [
        ("Checkpoint Coordinator is suspending", "checkpoint coordinator is suspending"),
        ("Checkpoint expired before completing", "expired before completing"),
        (
            "A savepoint has been created at",
            "might have uncommitted transactions: savepoints/savepoint-",
        ),
        ("Asynchronous task checkpoint failed", "asynchronous task checkpoint failed"),
    ];
    let said = |words: &str| chain.iter().any(|cause| text(cause).contains(words));
    let found = known.iter().find(|(recorded, _)| said(recorded));
    Some(found.unwrap_or_else(|| panic!("no words of ours for {result}")).1)
}

/// Whether a request came out as recorded.
fn compare_request(story: &Story, step: usize, result: &Json, found: &mut Differences) {
    let refusal = story.refusal(step);
    let is_same = match (reason(result), &refusal) {
        (None, None) => true,
        (Some(wanted), Some(why)) => why.contains(wanted),
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !is_same {
        found.0.push(format!("request {step}\n    recorded {result}\n    found    {refusal:?}"));
    }
}

/// Compares a row of one job with one request at most: the last step of that kind.
fn compare_calls_and_end(story: &Story, row: &Json, found: &mut Differences) {
    if let Some(request) = story.requests.last()
        && row.get("result").is_some()
    {
        compare_request(story, *request, &row["result"], found);
    }
    let status = ["final_status", "status_400ms_later", "status_500ms_later"];
    for key in status.into_iter().filter(|key| row.get(key).is_some()) {
        let recorded = text(&row[key]).split(' ').next().expect("a status").to_lowercase();
        // The row was left before the world was.
        let at_the_end = key == "final_status" || !story.was_canceled_in_the_end();
        let status = if at_the_end { story.status() } else { story.status_before_cancel() };
        found.compare(key, status, recorded);
    }
    if let Some(restarts) = row["restarts"].as_u64() {
        found.compare("restarts", story.restarts(), restarts);
    }
    if let Some(events) = row["events"].as_array() {
        compare_calls(&story.calls(), events, found);
    }
}

/// Compares the calls of each operator or, where operators are chained, of the chain.
fn compare_calls(ours: &BTreeMap<String, Vec<String>>, events: &[Json], found: &mut Differences) {
    let chains: Vec<Vec<String>> = story::chains(ours);
    for chain in chains {
        let recorded = calls_of_row(events, &chain);
        let played = story::calls_of_chain(ours, &chain);
        let (recorded, played) = story::settle(recorded, played);
        found.compare(&format!("calls of {}", chain.join(" -> ")), played, recorded);
    }
}

fn compare_ids(story: &Story, row: &Json, found: &mut Differences) {
    let calls = row["calls"].as_array().expect("calls").iter().map(|call| {
        call.as_object().and_then(|call| call.values().next()).expect("a call has a result")
    });
    for (step, result) in calls.chain([&row["stop"]]).enumerate() {
        compare_request(story, step, result, found);
        if let Some(id) = result["value"].as_str().and_then(|value| value.parse::<u64>().ok()) {
            found.compare("id", story.completed.get(step + 1).copied(), Some(id));
        }
    }
    compare_calls(&story.calls(), row["events"].as_array().expect("events"), found);
}

fn compare_next_id(story: &Story, row: &Json, found: &mut Differences) {
    let next = row["next_checkpoint_id"]["value"].as_str().and_then(|id| id.parse::<u64>().ok());
    found.compare("next checkpoint id", story.completed.last().copied(), next);
    compare_calls(&story.calls(), row["events"].as_array().expect("events"), found);
}

/// Requests while barriers cannot pass; then they can.
fn concurrent(operations: &[String], row: &Json, found: &mut Differences) {
    let step = |at: u64, action: &str| table(&format!("at = \"{at}ms\"\ndo = {{ {action} }}"));
    let mut steps = vec![step(150, "block = { task = \"tapB/0\" }")];
    let times = (200..).step_by(60);
    for ((number, operation), at) in operations.iter().enumerate().zip(times.clone()) {
        let action = match operation.as_str() {
            "cp" => "checkpoint",
            "sp" => "savepoint",
            _ => operation,
        };
        steps.push(step(at, &format!("{action} = {{ as = \"r{number}\" }}")));
    }
    let unblocked = times.clone().nth(operations.len()).expect("time goes on");
    // Where a stop fails the job, there is nothing left to unblock.
    steps.push(step(unblocked, "unblock = \"tapB/0\""));
    let story = Stage { job: table("chaining = false"), steps, ..Stage::default() }.play();
    for (number, operation) in operations.iter().enumerate() {
        let result = &row["results"][format!("{}:{operation}", number + 1)];
        compare_request(&story, number + 1, result, found);
        if let Some(id) = result["value"].as_str().and_then(|value| value.parse::<u64>().ok()) {
            found.compare("id", story.id_of_label(&format!("r{number}")), Some(id));
        }
    }
    let recorded = |key: &str| -> Vec<String> {
        row[key].as_array().expect("a list").iter().map(|name| text(name).to_owned()).collect()
    };
    let (answered, early) = story.order_of_answers(operations, unblocked);
    found.compare("answered while blocked", early, recorded("completed_while_blocked"));
    // Savepoints that were pending together are written together, by several threads: any of them may be first.
    found.compare(
        "order of answers",
        story::with_savepoints_sorted(answered),
        story::with_savepoints_sorted(recorded("completion_order")),
    );
    found.compare("status", story.status(), text(&row["status_400ms_later"]).to_lowercase());
    let (before, after) = story.calls_around(200, unblocked);
    for (key, ours) in [("events_while_blocked", before), ("events_after_unblock", after)] {
        let events = row[key].as_array().expect("a list");
        for task in ["src", "tapA", "tapB"] {
            let chain = [task.to_owned()];
            let recorded = calls_of_row(events, &chain);
            let played = story::calls_of_chain(&ours, &chain);
            let (mut recorded, mut played) = story::settle(recorded, played);
            if key == "events_while_blocked" {
                // The recording begins a moment after the first request.
                let from = played.len().saturating_sub(recorded.len());
                played.drain(..from);
            } else if story.status() == "running" {
                let length = recorded.len().min(played.len());
                recorded.truncate(length);
                played.truncate(length);
            }
            found.compare(&format!("{key} of {task}"), played, recorded);
        }
    }
}

fn compare_sum(pair: &LeftBy, row: &Json, found: &mut Differences) {
    // How many records are counted twice is a matter of timing; whether any are is not.
    let expected = row["expected"].as_u64();
    let sum = Some(pair.play_for_sum());
    let recorded = row["sum_of_final_counts"].as_u64();
    let what = format!("exactly once, with a sum of {sum:?}");
    found.compare(&what, sum == expected, recorded == expected);
    found.compare("at least once", sum >= expected, true);
}

fn compare_retained(story: &Story, row: &Json, found: &mut Differences) {
    let recorded = text(&row["final_status"]).split(' ').next().expect("a status").to_lowercase();
    found.compare("status", story.status(), recorded);
    let left = row["checkpoint_dir_after"].as_array().expect("a list").iter();
    let kept: Vec<u64> =
        left.filter_map(|line| text(line).strip_prefix("d <job>/chk-")?.parse().ok()).collect();
    found.compare("kept checkpoints", story.retained(), kept);
}

fn compare_finished(pair: &Finished, row: &Json, found: &mut Differences) {
    let (first, second) = pair.play_both();
    found.compare("status of A", first.status(), text(&row["final_status_A"]).to_lowercase());
    let recorded = text(&row["final_status_B"]);
    let refusal = first.refusal(1).or_else(|| second.as_ref().and_then(|b| b.refusal(1)));
    if recorded.starts_with("FAILED") {
        let words = [
            ("partially finished vertices predeceased", "partially finished"),
            ("fully finished vertices predeceased", "fully finished"),
            ("mixed", "mixed finished state"),
        ];
        let words = words.iter().find(|(recorded_words, _)| recorded.contains(recorded_words));
        let wanted = words.unwrap_or_else(|| panic!("no words of ours for {recorded}")).1;
        let is_same = refusal.as_ref().is_some_and(|why| why.contains(wanted));
        found.compare(&format!("refused with {wanted}: {refusal:?}"), is_same, true);
        return;
    }
    found.compare("refusal", refusal, None);
    let Some(second) = second else { return found.0.push("B never ran".to_owned()) };
    found.compare("status of B", second.status(), recorded.to_lowercase());
    // Ids are not those of the recording: other checkpoints went before.
    let events = row["events_B"].as_array().expect("a list");
    let calls = second.calls();
    for task in ["src", "tapX", "tapY"] {
        let ours = if task == "src" { "srcY" } else { task };
        let recorded = story::without_ids(calls_of_row(events, &[task.to_owned()]));
        let played = story::without_ids(story::calls_of_chain(&calls, &[ours.to_owned()]));
        found.compare(&format!("calls of {task}"), played, recorded);
    }
}
