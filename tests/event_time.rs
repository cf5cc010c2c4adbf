//! Event time through stops, crashes and restores: what fires when, and what stays open.

mod story;

use sandbar::events::{TaskEvent, TraceEvent};
use sandbar::operators::Value;
use sandbar::{Catalogue, CheckName, Compared, Played, Scenario, Setup, play_out};
use std::sync::Arc;
use story::played;

/// The rows that were committed to `out`, sorted.
fn rows(played: &Played) -> Vec<Value> {
    let out = played.outcome.externals.iter().find(|external| external.name == "out");
    let committed = out.expect("the job has a sink").committed.iter();
    let mut rows: Vec<Value> = committed.map(|row| row.value.clone()).collect();
    rows.sort();
    rows
}

/// Counts by key and half minute; steps may follow.
fn counts(steps: &str) -> String {
    format!(
        r#"seed = 4

[input.rows]
generate = {{ records = 200, keys = 3, step = "1s" }}
partitions = 2
every = "10ms"
shuffle-within = {{ column = 2, within = "10s" }}

[job.counts]
checkpoint = {{ interval = "150ms" }}
operators = [
  {{ name = "rows", source = "rows", event-time = {{ column = 2, out-of-orderness = "10s", interval = "20ms" }}, parallelism = 2, uid = "rows-id" }},
  {{ name = "counts", window = {{ size = "30s", aggregate = ["count"] }}, key-by = 0, parallelism = 2, uid = "counts-id" }},
  {{ name = "out", sink = "two-phase", uid = "out-id" }},
]

[job.counts-on]
extends = "counts"
set = {{ counts = {{ parallelism = 3 }} }}
{steps}"#
    )
}

const WHOLE: i64 = 200;

fn total(rows: &[Value]) -> i64 {
    let count = |row: &Value| row.as_row().and_then(|row| row[1].as_int()).expect("a count");
    rows.iter().map(count).sum()
}

#[test]
fn a_suspended_job_leaves_its_windows_open_and_the_next_one_closes_them() {
    let undisturbed = rows(&played(&counts("")));
    assert_eq!((undisturbed.len(), total(&undisturbed)), (21, WHOLE));
    let stopped = r#"
[[step]]
at = "600ms"
do = { stop = { job = "counts", as = "left" } }
"#;
    let fired = rows(&played(&counts(stopped)));
    assert!(!fired.is_empty() && fired.len() < undisturbed.len(), "{} windows", fired.len());
    let complete = fired.iter().all(|row| undisturbed.contains(row));
    assert!(complete, "a window fired before it was complete: {fired:?}");
    let resumed = r#"
[[step]]
when = { finished = "counts" }
do = { run = { job = "counts-on", from = "left" } }
"#;
    assert_eq!(rows(&played(&counts(&format!("{stopped}{resumed}")))), undisturbed);
}

#[test]
fn a_drained_job_fires_every_window_it_has() {
    let drained = r#"
[[step]]
at = "600ms"
do = { stop = { job = "counts", drain = true, as = "drained" } }
"#;
    let undisturbed = rows(&played(&counts("")));
    let fired = rows(&played(&counts(drained)));
    let incomplete = fired.iter().filter(|row| !undisturbed.contains(row)).count();
    assert!(incomplete > 0, "no window was open when the job was drained");
    assert!((1..WHOLE).contains(&total(&fired)));
}

#[test]
fn timers_of_virtual_time_that_are_overdue_after_a_restore_fire_at_once() {
    let story = r#"seed = 2

[input.rows]
generate = { records = 40, keys = 3 }
every = "10ms"

[job.rates]
checkpoint = { interval = "100ms" }
restart = { fixed-delay = { attempts = 3, delay = "1s" } }
operators = [
  { name = "rows", source = "rows", then = "idle", uid = "rows-id" },
  { name = "rates", window = { size = "500ms", time = "processing", aggregate = ["count"] }, key-by = 0, chain = "head", uid = "rates-id" },
  { name = "out", sink = "two-phase", uid = "out-id" },
]

[[step]]
at = "450ms"
do = { kill = "rates/0" }
"#;
    let played = played(story);
    let times = |wanted: fn(&TraceEvent) -> bool| {
        let entries = played.trace.entries.iter().filter(move |entry| wanted(&entry.event));
        entries.map(|entry| entry.at.nanos() / 1_000_000).collect::<Vec<_>>()
    };
    let restarted = times(
        |event| matches!(event, TraceEvent::Task(_, attempt, TaskEvent::Running) if attempt.number() == 1),
    );
    let fired = times(|event| {
        matches!(event, TraceEvent::Task(.., TaskEvent::TimersFired { watermark: None, .. }))
    });
    let (first, running) = (fired[0], restarted[0]);
    assert!(running > 500, "restarted before the windows were over, at {running} ms");
    assert!((running..running + 20).contains(&first), "due at 500, running {running}, {first}");
    assert_eq!(total(&rows(&played)), 40);
}

#[test]
fn a_source_that_never_speaks_holds_time_up_until_it_is_idle() {
    let story = |idle: &str| {
        format!(
            r#"seed = 3
until = "4s"

[input.rows]
generate = {{ records = 100, keys = 2, step = "1s" }}
every = "10ms"

[input.none]
generate = {{ records = 0, keys = 1, step = "1s" }}

[job.counts]
checkpoint = {{ interval = "200ms" }}
operators = [
  {{ name = "rows", source = "rows", then = "idle", event-time = {{ column = 2 }}, uid = "rows-id" }},
  {{ name = "none", source = "none", then = "idle", event-time = {{ column = 2{idle} }}, uid = "none-id" }},
  {{ name = "counts", window = {{ size = "10s", aggregate = ["count"] }}, from = ["rows", "none"], key-by = 0, uid = "counts-id" }},
  {{ name = "out", sink = "two-phase", uid = "out-id" }},
]
"#
        )
    };
    assert_eq!(rows(&played(&story(""))), []);
    let rows = rows(&played(&story(", idle-after = \"500ms\"")));
    // All but the last window, whose last millisecond no watermark has reached.
    assert_eq!(total(&rows), 90);
}

/// Records held back by this clock, and what happens meanwhile.
fn held_back(delay: &str, steps: &str) -> String {
    format!(
        r#"seed = 4
until = "6s"

[input.rows]
generate = {{ records = 100, keys = 3, step = "1s" }}
partitions = 2
every = "10ms"
shuffle-within = {{ column = 2, within = "20s" }}

[job.later]
checkpoint = {{ interval = "100ms" }}
restart = {{ fixed-delay = {{ attempts = 3, delay = "100ms" }} }}
operators = [
  {{ name = "rows", source = "rows", event-time = {{ column = 2, interval = "20ms" }}, parallelism = 2, uid = "rows-id" }},
  {{ name = "later", delay = {delay}, key-by = 0, parallelism = 2, uid = "later-id" }},
  {{ name = "out", sink = "two-phase", uid = "out-id" }},
]
{steps}"#
    )
}

const CRASH: &str = "[[step]]\nat = \"450ms\"\ndo = { kill = \"later/0\" }\n";

#[test]
fn what_is_held_back_goes_on_once_through_a_crash() {
    let played = played(&held_back(r#"{ by = "30s" }"#, CRASH));
    assert_eq!(rows(&played).len(), 100);
    assert_eq!(played.verdict.sinks, [("out".to_owned(), Compared::ByValue)]);
}

#[test]
fn what_waits_for_the_clock_at_the_end_of_the_input_does_not_go_on() {
    let went_on = rows(&played(&held_back(r#"{ by = "300ms", time = "processing" }"#, ""))).len();
    // 50 entries of a partition, 10 ms apart: those that go on by then had come in the first 190 ms.
    assert!((15..45).contains(&went_on), "{went_on}");
}

#[test]
fn a_snapshot_without_timers_loses_what_is_held_back() {
    let story = held_back(r#"{ by = "30s" }"#, CRASH);
    let text = format!("mutations = [\"snapshot-omits-timers\"]\n{story}");
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(&text, "story.toml", &catalogue).expect("well formed");
    let setup = Setup::of(Arc::new(scenario), catalogue).expect("it generates its input");
    let played = play_out(setup);
    let is_noticed = played.verdict.is_broken(CheckName::OutputEquivalence);
    assert!(is_noticed, "{} rows: {:#?}", rows(&played).len(), played.verdict);
}
