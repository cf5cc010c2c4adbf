//! A small job is crashed at every event of its life: whatever breaks, and whenever, nothing is lost and nothing is there
//! twice.

use sandbar::events::{JobEvent, TraceEvent};
use sandbar::internals::{Cluster, play};
use sandbar::story::{Action, Expect, Line, Step, TaskName, Trigger};
use sandbar::{Catalogue, Played, Scenario, Setup, SimTime, Sometimes};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

/// Two partitions, forty records, a two-phase sink; from two subtasks to three in the middle.
const STORY: &str = r#"
seed = 11
until = "60s"
cluster = { task-managers = 2, slots = 8, replaced-after = "150ms" }

[input.orders]
generate = { records = 40, keys = 7 }
partitions = 2
every = "20ms"

[job.sums]
checkpoint = { interval = "90ms", timeout = "400ms", tolerable-failures = 10 }
restart = { fixed-delay = { attempts = 20, delay = "30ms" } }
operators = [
  { name = "orders", source = "orders", then = "idle", parallelism = 2, uid = "orders" },
  { name = "sums", aggregate = "count", key-by = 0, parallelism = 2, uid = "sums" },
  { name = "out", sink = "two-phase", parallelism = 1, uid = "out" },
]

[job.wider]
extends = "sums"
set = { sums = { parallelism = 3 }, orders = { then = "end" } }

[[step]]
at = "210ms"
do = { cancel = { job = "sums", with-savepoint = true, as = "half" } }
retry = "20ms"
may-miss = true

[[step]]
when = { canceled = "sums" }
do = { run = { job = "wider", from = "half" } }
may-miss = true

[expect]
jobs = { sums = "canceled", wider = "finished" }
"#;

/// The same with operators that keep more than one part's state in step: a split enumerator and its readers, a writer and
/// its committer.
const HANDED_ON: &str = r#"
seed = 12
until = "60s"
cluster = { task-managers = 2, slots = 8, replaced-after = "150ms" }

[input.orders]
generate = { records = 40, keys = 7 }
partitions = 5
every = "20ms"

[job.sums]
checkpoint = { interval = "90ms", timeout = "400ms", tolerable-failures = 10 }
restart = { fixed-delay = { attempts = 20, delay = "30ms" } }
operators = [
  { name = "orders", source = "orders", reader = "splits", parallelism = 2, takes = "10ms", uid = "orders" },
  { name = "sums", aggregate = "count", key-by = 0, parallelism = 2, uid = "sums" },
  { name = "writer", writer = "transactions", parallelism = 2, uid = "writer" },
  { name = "out", sink = "committer", parallelism = 1, uid = "out" },
]

[job.wider]
extends = "sums"
set = { sums = { parallelism = 3 }, orders = { parallelism = 3 } }

[[step]]
at = "210ms"
do = { cancel = { job = "sums", with-savepoint = true, as = "half" } }
retry = "20ms"
may-miss = true

[[step]]
when = { canceled = "sums" }
do = { run = { job = "wider", from = "half" } }
may-miss = true

[expect]
jobs = { sums = "canceled", wider = "finished" }
committed-rows = { out = 40 }
"#;

fn story(text: &str) -> Scenario {
    Scenario::parse(text, "the story", &Catalogue::built_in())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Plays a story and tells the time after every event.
fn played(scenario: Scenario, keeps_trace: bool, mut tell: impl FnMut(SimTime)) -> Played {
    let catalogue = Arc::new(Catalogue::built_in());
    let setup = Setup::of(Arc::new(scenario), catalogue).expect("the story reads no files");
    let watch = |cluster: &mut Cluster| {
        tell(cluster.now());
        Ok::<(), Infallible>(())
    };
    let Ok(played) = play(Setup { keeps_trace, ..setup }, watch);
    played
}

/// The time of every event of the undisturbed story, and the first moment of the second job.
fn moments(text: &str) -> (BTreeSet<SimTime>, SimTime) {
    let mut times = BTreeSet::new();
    let calm = played(story(text), true, |now| {
        times.insert(now);
    });
    assert!(calm.unmet.is_empty(), "the undisturbed story goes wrong: {:?}", calm.unmet);
    let is_submission =
        |event: &TraceEvent| matches!(event, TraceEvent::Job(.., JobEvent::Submitted { .. }));
    let entries = &calm.trace.entries;
    let second = entries.iter().filter(|entry| is_submission(&entry.event)).nth(1);
    (times, second.expect("a second job is submitted").at)
}

/// The story with one more thing done to it, before whatever else happens at that time or after it.
fn disturbed(text: &str, at: SimTime, action: Action) -> Scenario {
    let mut scenario = story(text);
    let trigger = Trigger::At(at);
    scenario.steps.push(Step {
        trigger,
        action,
        refused: None,
        retry: None,
        may_miss: true,
        line: Line::default(),
    });
    // At many moments what is to be killed does not live.
    scenario.expect.may_refuse = true;
    scenario
}

/// Disturbs the story before every event, and so after the one before it, with what `action` says for the job that lives then. In a third of the
/// worlds or more `witness` must have happened, or nothing was put to the test.
fn disturb_everywhere(
    text: &str,
    witness: Sometimes,
    expect: impl Fn(Expect) -> Expect,
    action: impl Fn(&str) -> Action,
) {
    let (moments, second) = moments(text);
    assert!(moments.len() > 300, "only {} moments", moments.len());
    let mut complaints = Vec::new();
    let mut witnessed = 0;
    for at in &moments {
        let job = if *at < second { "sums" } else { "wider" };
        let mut scenario = disturbed(text, *at, action(job));
        scenario.expect = expect(scenario.expect);
        let played = played(scenario, false, |_| {});
        witnessed += usize::from(played.verdict.sometimes.contains(&witness));
        let unmet = played.unmet.iter().map(|unmet| format!("{:?} at {at}: {unmet}", action(job)));
        complaints.extend(unmet);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(
        witnessed * 3 > moments.len(),
        "{witness} in {witnessed} of {} worlds only",
        moments.len()
    );
}

fn kill(operator: &'static str, subtask: u32) -> impl Fn(&str) -> Action {
    move |job| {
        Action::Kill(TaskName { job: job.to_owned(), operator: operator.to_owned(), subtask })
    }
}

#[test]
fn a_source_may_die_at_any_event() {
    disturb_everywhere(STORY, Sometimes::TaskKilled, |expect| expect, kill("orders", 1));
}

#[test]
fn a_keyed_subtask_may_die_at_any_event() {
    disturb_everywhere(STORY, Sometimes::TaskKilled, |expect| expect, kill("sums", 0));
}

#[test]
fn a_sink_may_die_at_any_event() {
    disturb_everywhere(STORY, Sometimes::TaskKilled, |expect| expect, kill("out", 0));
}

#[test]
fn a_task_manager_may_die_at_any_event() {
    disturb_everywhere(
        STORY,
        Sometimes::TaskManagerKilled,
        |expect| expect,
        |_| Action::KillTaskManager(0),
    );
}

/// Without high availability its jobs are lost; what they committed must still be right.
#[test]
fn the_job_manager_may_die_at_any_event() {
    let only_checks = |expect: Expect| Expect { jobs: Default::default(), ..expect };
    disturb_everywhere(STORY, Sometimes::JobManagerKilled, only_checks, |_| Action::KillJobManager);
}

#[test]
fn a_reader_of_splits_may_die_at_any_event() {
    disturb_everywhere(HANDED_ON, Sometimes::TaskKilled, |expect| expect, kill("orders", 1));
}

#[test]
fn a_writer_may_die_at_any_event() {
    disturb_everywhere(HANDED_ON, Sometimes::TaskKilled, |expect| expect, kill("writer", 0));
}

#[test]
fn a_committer_may_die_at_any_event() {
    disturb_everywhere(HANDED_ON, Sometimes::TaskKilled, |expect| expect, kill("out", 0));
}
