//! Task managers that are cut off from the job manager: their tasks go on, and nothing that they do counts.

mod story;

use sandbar::events::{
    AckVerdict, Attempt, CheckpointEvent, Entry, JobEvent, JobStatus, TaskEvent, TaskId, TraceEvent,
};
use sandbar::{Played, SimTime};
use std::collections::BTreeMap;
use story::played;

/// A job on two task managers, one of which is cut off after a second. Data goes on flowing between them.
fn cut_off(span: &str, interval: &str) -> String {
    format!(
        r#"seed = 7
cluster = {{ task-managers = 2, slots = 2, heartbeat-timeout = "300ms", heartbeat-interval = "{interval}" }}

[input.orders]
generate = {{ records = 300, keys = 10 }}
partitions = 2
every = "15ms"

[job.sums]
checkpoint = {{ interval = "400ms", timeout = "20s" }}
restart = {{ fixed-delay = {{ attempts = 3, delay = "50ms" }} }}
operators = [
  {{ name = "orders", source = "orders", parallelism = 2, uid = "orders-id" }},
  {{ name = "sums", aggregate = "sum", key-by = 0, column = 1, parallelism = 2, uid = "sums-id" }},
  {{ name = "paid", sink = "two-phase", parallelism = 2, uid = "paid-id" }},
]

[[step]]
at = "1s"
do = {{ partition = {{ task-manager = 0, for = "{span}" }} }}

[expect]
jobs = {{ sums = "finished" }}
holds = "all"
committed-rows = {{ paid = 300 }}
"#
    )
}

/// When each attempt of a task was deployed and ended, in order.
fn lives(played: &Played, task: TaskId) -> Vec<(SimTime, SimTime)> {
    let ended = |attempt: Attempt| {
        let ends = |event: &TraceEvent| {
            matches!(event, TraceEvent::Task(of, ended, TaskEvent::Ended { .. })
                if (*of, *ended) == (task, attempt))
        };
        let entry = played.trace.entries.iter().find(|entry| ends(&entry.event));
        entry.expect("every attempt ends").at
    };
    let deployed = played.trace.entries.iter().filter_map(|entry| {
        let TraceEvent::Task(of, attempt, TaskEvent::Deployed { .. }) = &entry.event else {
            return None;
        };
        (*of == task).then(|| (entry.at, ended(*attempt)))
    });
    deployed.collect()
}

#[test]
fn a_short_partition_only_delays_what_is_sent() {
    let played = played(&cut_off("290ms", "1ms"));
    let restarts = |entry: &&Entry| {
        matches!(
            entry.event,
            TraceEvent::Job(.., JobEvent::StatusChanged { status: JobStatus::Restarting, .. })
        )
    };
    assert_eq!(played.trace.entries.iter().filter(restarts).count(), 0);
    let completed = played.trace.entries.iter().filter_map(|entry| {
        matches!(entry.event, TraceEvent::Checkpoint(.., CheckpointEvent::Completed { .. }))
            .then_some(entry.at)
    });
    let completed: Vec<SimTime> = completed.collect();
    let cut = SimTime::from_millis(1_000)..SimTime::from_millis(1_290);
    assert!(completed.iter().any(|at| *at > cut.end), "{completed:?}");
    assert!(!completed.iter().any(|at| cut.contains(at)), "acks came through: {completed:?}");
}

#[test]
fn a_zombie_lives_beside_its_successor_and_its_acks_are_foreign() {
    let played = played(include_str!("../sim/zombies.toml"));
    let outlives =
        |task: &TaskId| lives(&played, *task).windows(2).any(|pair| pair[0].1 > pair[1].0);
    let outlived = (0..2).map(TaskId::new).filter(outlives).count();
    assert_eq!(outlived, 2, "each task has a zombie beside its successor once");
    let mut newest: BTreeMap<TaskId, Attempt> = BTreeMap::new();
    for entry in &played.trace.entries {
        if let TraceEvent::Task(task, attempt, TaskEvent::Deployed { .. }) = &entry.event {
            newest.insert(*task, *attempt);
        }
        if let TraceEvent::Task(task, attempt, TaskEvent::AckHandled { verdict, .. }) = &entry.event
        {
            let is_old = *attempt < newest[task];
            assert!(!is_old || *verdict == AckVerdict::Foreign, "{entry:?}");
        }
    }
}

/// The channels of a zombie have numbers of their own, also when the aligned time of a checkpoint is over.
#[test]
fn a_zombie_switches_to_unaligned_on_channels_of_its_own() {
    played(
        r#"seed = 500131
cluster = { task-managers = 4, slots = 16, replaced-after = "1580ms", heartbeat-timeout = "1331ms", heartbeat-interval = "1157ms" }
[network]
channel-latency = "100us..119658us"
channel-capacity = 1
[input.rows]
generate = { records = 438, keys = 9 }
partitions = 9
[job.first]
checkpoint = { interval = "1191ms", timeout = "5169580us", retained = 3, tolerable-failures = 5, unaligned = true, aligned-timeout = "195ms", inline-below = 223 }
restart = { fixed-delay = { attempts = 100, delay = "75ms" } }
operators = [
  { name = "rows-source", source = "rows", reader = "splits", parallelism = 5, uid = "rows-source-id", takes = "38ms" },
  { name = "stage-1", filter = "keep-all", parallelism = 5, uid = "stage-1-id" },
  { name = "buffer", state = "buffer", partitioner = "rebalance", parallelism = 2, uid = "buffer-id" },
  { name = "totals", reduce = "xor", key-by = 0, parallelism = 3, uid = "totals-id" },
]
[[step]]
when = { durable = { checkpoint = 1, by = "stage-1/3" } }
after = "1079us"
do = { kill = "buffer/1" }

[[step]]
at = "1429ms"
do = { partition = { task-manager = 1, for = "1703ms" } }
"#,
    );
}
