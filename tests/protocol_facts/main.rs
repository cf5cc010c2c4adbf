//! What a real Flink did, experiment by experiment: callbacks, checkpoint ids, failures, concurrent requests, retention,
//! finished tasks and barrier modes. Each row is played by a world of its own and compared.
//!
//! Not compared: the order of calls of different tasks, how many records were processed, and where a source stood.

#![expect(clippy::wildcard_enum_match_arm, reason = "a row speaks of few events")]

mod stage;
mod story;

use serde_json::Value as Json;
use stage::{Pair, Stage};
use std::collections::BTreeMap;
use std::path::Path;
use story::{Story, calls_of_row};

/// The experiments.
fn rows() -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/protocol_facts.json");
    let text = std::fs::read_to_string(path).expect("a golden file is there");
    let json: Json = serde_json::from_str(&text).expect("a golden file is JSON");
    let lists = json.as_object().expect("an object").values().filter_map(Json::as_array);
    lists.flatten().cloned().collect()
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
    let mut complaints = Vec::new();
    for row in rows() {
        let name = text(&row["experiment"]);
        let mut differences = Differences::default();
        play_row(name, &row, &mut differences);
        complaints.extend(differences.0.iter().map(|text| format!("{name}: {text}")));
    }
    assert!(complaints.is_empty(), "{} differences\n{}", complaints.len(), complaints.join("\n"));
}

/// Plays one row: its name says which family it is of, and what varies in it.
fn play_row(name: &str, row: &Json, found: &mut Differences) {
    let words: Vec<&str> = name.split('_').collect();
    match words[..] {
        ["stop", "trace", "drain", drain, "chained", chained] => {
            let stage = Stage { interval: None, chained: chained == "true", ..Stage::default() };
            let label = format!("stop = {{ as = \"a\", drain = {drain} }}");
            compare_one(&stage.play(&[(100, &label)]), row, found);
        }
        ["finish", "trace", ..] => {
            let interval = if name.ends_with("off") { None } else { Some("1h") };
            let stage = Stage { interval, records: 50, then: "end", ..Stage::default() };
            compare_one(&stage.play(&[]), row, found);
        }
        ["checkpoint", "ids"] => checkpoint_ids(row, found),
        ["recover", "no", "checkpoint"] => {
            let stage = Stage { interval: None, ..Stage::default() };
            let steps = [(100, THROW), (600, "cancel = {}")];
            compare_one(&stage.play(&steps), row, found);
        }
        ["recover", ..] => recover(name, row, found),
        ["snapshot", "failure", "in", operation, "tolerable", tolerable] => {
            let stage =
                Stage { chained: false, tolerable: tolerable.parse().ok(), ..Stage::default() };
            let fail = r#"fail = { task = "tapB/0", in = "snapshot", checkpoint = 2 }"#;
            compare_one(&stage.play(&[(100, fail), (110, &request(operation, "a"))]), row, found);
        }
        ["notify", "failure", operation] => {
            let stage = Stage { chained: false, ..Stage::default() };
            let fail = r#"fail = { task = "tapB/0", in = "notify-complete", checkpoint = 2 }"#;
            compare_one(&stage.play(&[(100, fail), (110, &request(operation, "a"))]), row, found);
        }
        ["timeout", operation] => {
            let stage = Stage { chained: false, timeout: "300ms", ..Stage::default() };
            compare_one(&stage.play(&[(100, BLOCK), (110, &request(operation, "a"))]), row, found);
        }
        ["concurrent", .., "maxconcurrent", most] => {
            let operations: Vec<&str> = words[1..words.len() - 2].to_vec();
            concurrent(&operations, most.parse().expect("a number"), row, found);
        }
        ["mode", operation, ..] => mode(name, operation, row, found),
        ["task", "failure", "during", "pending", operation] => {
            let stage = Stage { chained: false, ..Stage::default() };
            let request = request(operation, "a");
            let steps =
                [(100, BLOCK), (110, &request), (200, THROW), (210, UNBLOCK), (900, CANCEL)];
            compare_one(&stage.play(&steps), row, found);
        }
        ["cancel", "during", "pending", operation] => {
            let stage = Stage { chained: false, ..Stage::default() };
            let request = request(operation, "a");
            compare_one(&stage.play(&[(100, BLOCK), (110, &request), (200, CANCEL)]), row, found);
        }
        ["no", "restart", ..] => {
            let stage = Stage { restarts: false, ..Stage::default() };
            compare_one(&stage.play(&[(100, THROW)]), row, found);
        }
        ["retention", ..] => retention(name, row, found),
        ["finished", "tasks", ..] => {
            let change = name.strip_prefix("finished_tasks_").expect("it begins so");
            finished_tasks(change, row, found);
        }
        _ => panic!("no way to play the experiment {name}"),
    }
}

const BLOCK: &str = r#"block = { task = "tapB/0" }"#;
const UNBLOCK: &str = r#"unblock = "tapB/0""#;
const THROW: &str = r#"fail = { task = "tapB/0", in = "process" }"#;
const CANCEL: &str = "cancel = {}";

/// The step that asks for something under a label.
fn request(operation: &str, label: &str) -> String {
    match operation {
        "checkpoint" | "cp" => format!("checkpoint = {{ as = \"{label}\" }}"),
        "savepoint" | "sp" => format!("savepoint = {{ as = \"{label}\" }}"),
        "stop" => format!("stop = {{ as = \"{label}\" }}"),
        "drain" => format!("stop = {{ as = \"{label}\", drain = true }}"),
        _ => panic!("no operation {operation}"),
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
fn compare_one(story: &Story, row: &Json, found: &mut Differences) {
    if let Some(request) = story.requests.last()
        && row.get("result").is_some()
    {
        compare_request(story, *request, &row["result"], found);
    }
    let status = ["final_status", "status_400ms_later", "status_500ms_later"];
    for key in status.into_iter().filter(|key| row.get(key).is_some()) {
        let recorded = text(&row[key]).split(' ').next().expect("a status").to_lowercase();
        // The row was left before the world was.
        let at_the_end = key == "final_status" || !story.was_cancelled_in_the_end();
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

fn checkpoint_ids(row: &Json, found: &mut Differences) {
    let operations = ["checkpoint", "savepoint", "checkpoint", "savepoint", "stop"];
    let labels = ["a", "b", "c", "d", "e"];
    let steps: Vec<String> = operations.iter().zip(labels).map(|(o, l)| request(o, l)).collect();
    let times = [100, 200, 300, 400, 500];
    let steps: Vec<(u64, &str)> = times.into_iter().zip(steps.iter().map(String::as_str)).collect();
    let story = Stage::default().play(&steps);
    let calls = row["calls"].as_array().expect("calls").iter().map(|call| {
        call.as_object().and_then(|call| call.values().next()).expect("a call has a result")
    });
    for (step, result) in calls.chain([&row["stop"]]).enumerate() {
        compare_request(&story, step, result, found);
        if let Some(id) = result["value"].as_str().and_then(|value| value.parse::<u64>().ok()) {
            found.compare("id", story.completed.get(step + 1).copied(), Some(id));
        }
    }
    compare_calls(&story.calls(), row["events"].as_array().expect("events"), found);
}

/// Operations one after the other, as the name tells them, the last of them a failure; then another checkpoint.
fn recover(name: &str, row: &Json, found: &mut Differences) {
    let told = name.strip_prefix("recover_").expect("it begins so").split("_then_");
    let mut steps: Vec<(u64, String)> = Vec::new();
    for (operation, at) in told.zip((100..).step_by(100)) {
        let step = match operation {
            "failure" => THROW.to_owned(),
            _ => request(operation, &format!("r{at}")),
        };
        steps.push((at, step));
    }
    // The job was cancelled before it heard of the last one: the one after the automatic one that follows the failure.
    let last = steps.len() + 2;
    let lose = format!("lose = {{ notify-complete = \"src/0\", checkpoint = {last} }}");
    steps.extend([(700, lose), (800, request("checkpoint", "last")), (900, CANCEL.to_owned())]);
    let steps: Vec<(u64, &str)> = steps.iter().map(|(at, step)| (*at, step.as_str())).collect();
    let story = Stage::default().play(&steps);
    let next = row["next_checkpoint_id"]["value"].as_str().and_then(|id| id.parse::<u64>().ok());
    found.compare("next checkpoint id", story.completed.last().copied(), next);
    compare_calls(&story.calls(), row["events"].as_array().expect("events"), found);
}

/// Requests while barriers cannot pass; then they can.
fn concurrent(operations: &[&str], most: u32, row: &Json, found: &mut Differences) {
    let stage = Stage { chained: false, max_concurrent: most, ..Stage::default() };
    let mut steps = vec![(150, BLOCK.to_owned())];
    for (number, operation) in operations.iter().enumerate() {
        let at = 200 + 60 * u64::try_from(number).expect("a few");
        steps.push((at, request(operation, &format!("r{number}"))));
    }
    let unblocked = 200 + 60 * u64::try_from(operations.len()).expect("a few");
    // Where a stop fails the job, there is nothing left to unblock.
    steps.push((unblocked, UNBLOCK.to_owned()));
    let steps: Vec<(u64, &str)> = steps.iter().map(|(at, step)| (*at, step.as_str())).collect();
    let story = stage.play(&steps);
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

/// A job that is left while one source holds its barrier back, and another that goes on from there.
fn mode(name: &str, operation: &str, row: &Json, found: &mut Differences) {
    let mut settings = String::new();
    if !name.ends_with("checkpointing_disabled") {
        settings.push_str("interval = \"3600s\", ");
    }
    if name.contains("AT_LEAST_ONCE") {
        settings.push_str("mode = \"at-least-once\", ");
    }
    if name.contains("unaligned") {
        settings.push_str("unaligned = true, ");
    }
    // How many records are counted twice is a matter of timing; whether any are is not.
    let expected = row["expected"].as_u64();
    let sum = Pair::of_mode(operation, &settings).play_for_sum();
    let recorded = row["sum_of_final_counts"].as_u64();
    let what = format!("exactly once, with a sum of {sum:?}");
    found.compare(&what, sum == expected, recorded == expected);
    found.compare("at least once", sum >= expected, true);
}

fn retention(name: &str, row: &Json, found: &mut Differences) {
    let rest = name.strip_prefix("retention_").expect("it begins so");
    let (mode, how) = rest.rsplit_once('_').expect("a mode and an end");
    let retention = match mode {
        "NO_EXTERNALIZED_CHECKPOINTS" => "none",
        "DELETE_ON_CANCELLATION" => "delete-on-cancellation",
        "RETAIN_ON_CANCELLATION" => "retain-on-cancellation",
        _ => panic!("no retention {mode}"),
    };
    let mut stage = Stage { retention, restarts: false, ..Stage::default() };
    let mut steps = vec![
        (100, "checkpoint = { as = \"a\" }"),
        (200, "checkpoint = { as = \"b\" }"),
        (300, "checkpoint = { as = \"c\" }"),
    ];
    match how {
        "cancel" => steps.push((400, CANCEL)),
        "stop" => steps.push((400, "stop = { as = \"s\" }")),
        "fail" => steps.push((400, THROW)),
        "finish" => {
            (stage.then, stage.records) = ("end", 500);
        }
        _ => panic!("no end {how}"),
    }
    let story = stage.play(&steps);
    let recorded = text(&row["final_status"]).split(' ').next().expect("a status").to_lowercase();
    found.compare("status", story.status(), recorded);
    let left = row["checkpoint_dir_after"].as_array().expect("a list").iter();
    let kept: Vec<u64> =
        left.filter_map(|line| text(line).strip_prefix("d <job>/chk-")?.parse().ok()).collect();
    found.compare("kept checkpoints", story.retained(), kept);
}

fn finished_tasks(change: &str, row: &Json, found: &mut Differences) {
    let (first, second) = Pair::of_finished_tasks(change).play_both();
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
