//! The jobs of the recording, in the scenario language: a pipeline `src -> tapA -> tapB -> sink`, and pairs of jobs of which the
//! second starts from what the first left.

use super::story::Story;
use crate::tables::{merge, table};
use sandbar::events::{CheckpointEvent, Entry, RunId, TraceEvent};
use sandbar::internals::{Cluster, Given, Layouts, RunLayout, TraceSink, generated};
use sandbar::story::Action;
use sandbar::{Catalogue, Choices, Scenario, SimTime};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Table;

/// Times without chance, so that only the order of things decides.
const WORLD: &str = r#"
seed = 1
until = "10000s"
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

const PIPELINE: &str = r#"
[input.rows]
generate = { keys = 10 }
partitions = 1
every = "1ms"
[job.job]
checkpoint = { interval = "1h", retention = "none" }
restart = { fixed-delay = { attempts = 10, delay = "10ms" } }
operators = [
  { name = "src", source = "rows", uid = "src" },
  { name = "tapA", map = "identity", uid = "tapA" },
  { name = "tapB", map = "identity", uid = "tapB" },
  { name = "sink", sink = "plain", uid = "sink" },
]
"#;

/// Counts by key; source subtask 1 holds its barrier back for a while, while subtask 0 goes on.
const COUNTS: &str = r#"
[network]
channel-capacity = 50
[input.rows]
generate = { records = 6000, keys = 10 }
partitions = 2
every = "300us"
[job.a]
checkpoint = { retention = "retain-on-cancellation" }
restart = "none"
operators = [
  { name = "src", source = "rows", parallelism = 2, uid = "src" },
  { name = "counter", aggregate = "count", key-by = 0, parallelism = 2, uid = "counter" },
  { name = "sink", sink = "idempotent", parallelism = 1, uid = "sink" },
]
[job.b]
extends = "a"
[[step]]
at = "300ms"
do = { block = { task = "src/1", for = "250ms" } }
"#;

/// A pipeline that finishes beside one that goes on.
const SIDE_BY_SIDE: &str = r#"
[input.x]
generate = { records = 20, keys = 10 }
partitions = 1
every = "1ms"
[input.y]
generate = { records = 1000, keys = 10 }
partitions = 1
every = "1ms"
[job.a]
checkpoint = { interval = "1h" }
restart = "none"
chaining = false
operators = [
  { name = "srcX", source = "x", uid = "srcX" },
  { name = "tapX", state = "list", from = ["srcX"], uid = "tapX" },
  { name = "sinkX", sink = "plain", from = ["tapX"], uid = "sinkX" },
  { name = "srcY", source = "y", uid = "srcY" },
  { name = "tapY", state = "list", from = ["srcY"], uid = "tapY" },
  { name = "sinkY", sink = "plain", from = ["tapY"], uid = "sinkY" },
]
[[step]]
at = "200ms"
do = { checkpoint = { job = "a", as = "final" } }
[[step]]
when = { finished = "a" }
do = { run = { job = "b", from = "left" } }
[[step]]
at = "1500ms"
do = { stop = { job = "a", as = "left" } }
"#;

/// The world of these inputs, jobs and steps.
fn world(text: &str) -> Table {
    let mut world = table(WORLD);
    merge(&mut world, &table(text));
    world
}

/// One pipeline, its settings and its steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Stage {
    /// What is otherwise in the job.
    pub(crate) job: Table,
    pub(crate) checkpointing: bool,
    pub(crate) records: u32,
    pub(crate) then: String,
    pub(crate) steps: Vec<Table>,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            job: Table::new(),
            checkpointing: true,
            records: 3_000,
            then: "idle".to_owned(),
            steps: Vec::new(),
        }
    }
}

impl Stage {
    pub(crate) fn play(&self) -> Story {
        let mut world = world(PIPELINE);
        // The final checkpoint of a job that finishes is the schedule's next one.
        if self.then != "end" {
            world["until"] = "3s".into();
        }
        let source = table(&format!("then = \"{}\"", self.then));
        set(&mut world, "job", &BTreeMap::from([("src".to_owned(), source)]));
        let records = format!("input.rows.generate.records = {}", self.records);
        merge(&mut world, &table(&records));
        let job = world["job"]["job"].as_table_mut().expect("the job is a table");
        if !self.checkpointing {
            let checkpoint = job["checkpoint"].as_table_mut().expect("it has settings");
            checkpoint.remove("interval");
        }
        merge(job, &self.job);
        world.insert("step".to_owned(), self.steps.clone().into());
        play(&world).0.remove(0)
    }
}

/// Changes operators of a job; one that it lacks comes behind the first.
fn set(world: &mut Table, job: &str, changes: &BTreeMap<String, Table>) {
    let operators = world["job"][job]["operators"].as_array_mut().expect("a list");
    for (name, changes) in changes {
        let mut known = operators.iter_mut().filter_map(|operator| operator.as_table_mut());
        if let Some(operator) = known.find(|op| op["name"].as_str() == Some(name)) {
            merge(operator, changes);
            continue;
        }
        let mut operator = Table::from_iter([("name".to_owned(), name.as_str().into())]);
        merge(&mut operator, changes);
        operators.insert(1, operator.into());
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
fn play(world: &Table) -> (Vec<Story>, u64) {
    let catalogue = Arc::new(Catalogue::built_in());
    let text = world.to_string();
    let scenario = Scenario::parse(&text, "row.toml", &catalogue);
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

/// A job that is left by a request, and one that goes on from there to the end.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LeftBy {
    left_by: String,
    #[serde(default)]
    checkpoint: Table,
}

impl LeftBy {
    /// The sum of all last counts in the end.
    pub(crate) fn play_for_sum(&self) -> u64 {
        let Self { left_by, checkpoint } = self;
        let mut steps = format!(
            "[[step]]\nat = \"310ms\"\ndo = {{ {left_by} = {{ job = \"a\", as = \"left\" }} }}\n"
        );
        let over = if left_by == "stop" {
            "finished"
        } else {
            steps.push_str("[[step]]\nat = \"900ms\"\ndo = { cancel = { job = \"a\" } }\n");
            "canceled"
        };
        steps.push_str(&format!(
            "[[step]]\nwhen = {{ {over} = \"a\" }}\ndo = {{ run = {{ job = \"b\", from = \"left\" }} }}\n"
        ));
        let mut world = world(&format!("{COUNTS}{steps}"));
        let settings = world["job"]["a"]["checkpoint"].as_table_mut().expect("it has settings");
        merge(settings, checkpoint);
        let (stories, sum) = play(&world);
        let refused: Vec<_> = stories.iter().flat_map(|story| &story.outcome.refusals).collect();
        assert!(refused.is_empty(), "{refused:?}");
        sum
    }
}

/// A job of which a part has finished, and a changed one that starts from its savepoint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Finished {
    /// How many records X has.
    records: Option<u32>,
    a: BTreeMap<String, Table>,
    b: BTreeMap<String, Table>,
}

impl Finished {
    /// The stories of both jobs; the second may never have run.
    pub(crate) fn play_both(&self) -> (Story, Option<Story>) {
        let mut world = world(SIDE_BY_SIDE);
        if let Some(records) = self.records {
            merge(&mut world, &table(&format!("input.x.generate.records = {records}")));
        }
        let jobs = world["job"].as_table_mut().expect("jobs are a table");
        jobs.insert("b".to_owned(), jobs["a"].clone());
        let endless = BTreeMap::from([("srcY".to_owned(), table("then = \"idle\""))]);
        for (job, changes) in [("a", &endless), ("a", &self.a), ("b", &self.b)] {
            set(&mut world, job, changes);
        }
        let mut stories = play(&world).0.into_iter();
        (stories.next().expect("the first job runs"), stories.next())
    }
}
