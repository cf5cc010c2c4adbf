//! The jobs of the recording, as scenarios: a pipeline `src -> tapA -> tapB -> sink`, and pairs of jobs of which the
//! second starts from what the first left.

use super::story::Story;
use sandbar::events::{CheckpointEvent, Entry, RunId, TraceEvent};
use sandbar::internals::{Cluster, Given, Layouts, RunLayout, TraceSink, generated};
use sandbar::story::Action;
use sandbar::{Catalogue, Choices, Scenario, SimTime};
use std::fmt::Write as _;
use std::sync::Arc;

/// Times without chance, so that only the order of things decides.
const HEAD: &str = r#"
seed = 1
until = "3s"
cluster = { task-managers = 1, slots = 32 }
[network]
channel-latency = "10us"
message-latency = "1ms"
snapshot-sync = "10us"
snapshot-async = "1ms"
metadata-write = "1ms"
task-start = "1ms"
channel-capacity = 10000
"#;

/// One pipeline and its settings.
pub(crate) struct Stage {
    pub(crate) interval: Option<&'static str>,
    pub(crate) timeout: &'static str,
    pub(crate) max_concurrent: u32,
    pub(crate) tolerable: Option<u32>,
    pub(crate) retention: &'static str,
    pub(crate) restarts: bool,
    pub(crate) chained: bool,
    pub(crate) records: u32,
    pub(crate) then: &'static str,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            interval: Some("1h"),
            timeout: "10m",
            max_concurrent: 1,
            tolerable: None,
            retention: "none",
            restarts: true,
            chained: true,
            records: 3_000,
            then: "idle",
        }
    }
}

impl Stage {
    fn text(&self) -> String {
        let Self { timeout, max_concurrent, retention, chained, records, then, .. } = self;
        let mut settings = format!("timeout = \"{}\"", timeout.replace("10m", "600s"));
        if let Some(interval) = self.interval {
            let interval = interval.replace("1h", "3600s");
            write!(settings, ", interval = \"{interval}\"").expect("text");
        }
        if let Some(tolerable) = self.tolerable {
            write!(settings, ", tolerable-failures = {tolerable}").expect("text");
        }
        let restart = if self.restarts {
            "{ fixed-delay = { attempts = 10, delay = \"10ms\" } }"
        } else {
            "\"none\""
        };
        // The final checkpoint of a job that finishes is the schedule's next one.
        let head = if *then == "end" { HEAD.replace("3s", "10000s") } else { HEAD.to_owned() };
        format!(
            r#"{head}
[input.rows]
generate = {{ records = {records}, keys = 10 }}
partitions = 1
every = "1ms"
[job.job]
checkpoint = {{ {settings}, max-concurrent = {max_concurrent}, retention = "{retention}" }}
restart = {restart}
chaining = {chained}
operators = [
  {{ name = "src", source = "rows", then = "{then}", uid = "src" }},
  {{ name = "tapA", map = "identity", uid = "tapA" }},
  {{ name = "tapB", map = "identity", uid = "tapB" }},
  {{ name = "sink", sink = "plain", uid = "sink" }},
]
"#
        )
    }

    /// Plays it with these steps, each at its millisecond.
    pub(crate) fn play(&self, steps: &[(u64, &str)]) -> Story {
        let mut text = self.text();
        for (at, step) in steps {
            writeln!(text, "[[step]]\nat = \"{at}ms\"\ndo = {{ {step} }}").expect("text");
        }
        let (mut stories, _) = play(&text);
        stories.remove(0)
    }
}

#[derive(Default)]
struct Listener {
    layouts: Layouts,
    entries: Vec<Entry>,
}

impl TraceSink for Listener {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.layouts.push(layout);
    }
    fn on_entry(&mut self, entry: &Entry) {
        self.entries.push(entry.clone());
    }
    fn wants_callbacks(&self) -> bool {
        true
    }
}

/// Plays a scenario: the story of each of its runs, and the sum of all last counts in its sinks.
fn play(text: &str) -> (Vec<Story>, u64) {
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(text, "row.toml", &catalogue);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let choices = Choices::new(scenario.seed);
    let inputs = generated(&scenario, &choices).expect("all inputs are generated");
    let given = Given {
        catalogue,
        inputs,
        choices,
        clock: SimTime::ZERO,
        externals: Vec::new(),
        from: None,
    };
    let labels: Vec<Option<String>> =
        scenario.steps.iter().map(|step| label(&step.action)).collect();
    let asks = labels.iter().enumerate().filter(|(_, label)| label.is_some());
    let requests: Vec<usize> = asks.map(|(step, _)| step).collect();
    let mut listener = Listener::default();
    let mut cluster = Cluster::new(Arc::new(scenario), given);
    cluster.run(&mut listener);
    let outcome = cluster.outcome();
    let sum = outcome.externals.iter().flat_map(|external| external.last_values().into_values());
    let sum = sum.filter_map(|value| u64::try_from(value.as_int()?).ok()).sum();
    let runs = (0..outcome.jobs.len()).map(RunId::new);
    let story = |run: RunId| Story {
        layouts: listener.layouts.clone(),
        entries: listener.entries.clone(),
        outcome: outcome.clone(),
        run,
        requests: requests.clone(),
        labels: labels.clone(),
        completed: completed(&listener.entries, run),
    };
    (runs.map(story).collect(), sum)
}

fn label(action: &Action) -> Option<String> {
    match action {
        Action::Savepoint(_) | Action::Checkpoint(_) | Action::Stop(_) => {
            action.label().map(str::to_owned)
        }
        _ => None,
    }
}

fn completed(entries: &[Entry], wanted: RunId) -> Vec<u64> {
    let completed = entries.iter().filter_map(|entry| match entry.event {
        TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { .. })
            if run == wanted =>
        {
            Some(checkpoint.number())
        }
        _ => None,
    });
    completed.collect()
}

/// Two jobs, the second from what the first left.
pub(crate) struct Pair {
    text: String,
}

impl Pair {
    /// Counts by key; source subtask 1 holds its barrier back for a while, while subtask 0 goes on.
    pub(crate) fn of_mode(operation: &str, settings: &str) -> Self {
        let ask = super::request(operation, "left");
        let leave = if operation == "stop" {
            String::new()
        } else {
            "[[step]]\nat = \"900ms\"\ndo = { cancel = { job = \"a\" } }\n".to_owned()
        };
        let ask = ask.replace("{ as", "{ job = \"a\", as");
        let over = if operation == "stop" { "finished" } else { "canceled" };
        let head = HEAD.replace("3s", "10000s").replace("10000\n", "50\n");
        let text = format!(
            r#"{head}
[input.rows]
generate = {{ records = 6000, keys = 10 }}
partitions = 2
every = "300us"
[job.a]
checkpoint = {{ {settings}retention = "retain-on-cancellation" }}
restart = "none"
operators = [
  {{ name = "src", source = "rows", parallelism = 2, uid = "src" }},
  {{ name = "counter", aggregate = "count", key-by = 0, parallelism = 2, uid = "counter" }},
  {{ name = "sink", sink = "idempotent", parallelism = 1, uid = "sink" }},
]
[job.b]
extends = "a"
[[step]]
at = "300ms"
do = {{ block = {{ task = "src/1", for = "250ms" }} }}
[[step]]
at = "310ms"
do = {{ {ask} }}
{leave}[[step]]
when = {{ {over} = "a" }}
do = {{ run = {{ job = "b", from = "left" }} }}
"#
        );
        Self { text }
    }

    /// A pipeline that has finished beside one that goes on; what the second job changes in the first pipeline.
    pub(crate) fn of_finished_tasks(change: &str) -> Self {
        let (extra, tap_from) = match change {
            "add_upstream" => {
                (r#"{ name = "new", source = "y", uid = "new" },"#, r#", from = ["srcX", "new"]"#)
            }
            _ => ("", r#", from = ["srcX"]"#),
        };
        let is_partial = change == "rescale_partial";
        let wide = if is_partial { 2 } else { 1 };
        let wider = match change {
            "rescale_tap" => 2,
            "rescale_partial" => 3,
            _ => wide,
        };
        // With more subtasks than partitions one of them finishes at once; the other goes on.
        let (records, partitions) = if is_partial { (5_000, 1) } else { (20, 1) };
        let head = HEAD.replace("3s", "10000s");
        let text = format!(
            r#"{head}
[input.x]
generate = {{ records = {records}, keys = 10 }}
partitions = {partitions}
every = "1ms"
[input.y]
generate = {{ records = 1000, keys = 10 }}
partitions = 1
every = "1ms"
[job.a]
checkpoint = {{ interval = "3600s" }}
restart = "none"
chaining = false
operators = [
  {{ name = "srcX", source = "x", parallelism = {wide}, uid = "srcX" }},
  {{ name = "tapX", map = "identity", parallelism = {wide}, from = ["srcX"], uid = "tapX" }},
  {{ name = "sinkX", sink = "plain", from = ["tapX"], uid = "sinkX" }},
  {{ name = "srcY", source = "y", then = "idle", uid = "srcY" }},
  {{ name = "tapY", map = "identity", from = ["srcY"], uid = "tapY" }},
  {{ name = "sinkY", sink = "plain", from = ["tapY"], uid = "sinkY" }},
]
[job.b]
checkpoint = {{ interval = "3600s" }}
restart = "none"
chaining = false
operators = [
  {{ name = "srcX", source = "x", parallelism = {wide}, uid = "srcX" }},
  {extra}
  {{ name = "tapX", map = "identity", parallelism = {wider}{tap_from}, uid = "tapX" }},
  {{ name = "sinkX", sink = "plain", from = ["tapX"], uid = "sinkX" }},
  {{ name = "srcY", source = "y", uid = "srcY" }},
  {{ name = "tapY", map = "identity", from = ["srcY"], uid = "tapY" }},
  {{ name = "sinkY", sink = "plain", from = ["tapY"], uid = "sinkY" }},
]
[[step]]
at = "200ms"
do = {{ checkpoint = {{ job = "a", as = "final" }} }}
[[step]]
when = {{ finished = "a" }}
do = {{ run = {{ job = "b", from = "left" }} }}
[[step]]
at = "1500ms"
do = {{ stop = {{ job = "a", as = "left" }} }}
"#
        );
        Self { text }
    }

    /// The sum of all last counts in the end.
    pub(crate) fn play_for_sum(&self) -> Option<u64> {
        let (stories, sum) = play(&self.text);
        let refused: Vec<_> = stories.iter().flat_map(|story| &story.outcome.refusals).collect();
        assert!(refused.is_empty(), "{refused:?}");
        Some(sum)
    }

    /// The stories of both jobs; the second may never have run.
    pub(crate) fn play_both(&self) -> (Story, Option<Story>) {
        let (stories, _) = play(&self.text);
        let mut stories = stories.into_iter();
        (stories.next().expect("the first job runs"), stories.next())
    }
}
