//! Writing a scenario as text: what it says, less what would hold anyway.

use super::layout::{Table, key, list, quoted, range, time, word};
use super::spelling::Jobs;
use super::time::shuffle_text;
use super::{rules, step};
use crate::job::StateBackend;
use crate::kernel::SimTime;
use crate::scenario::{
    Budget, ClusterConfig, Expect, Holds, Input, InputKind, JobConfig, Network, RestartStrategy,
    Scenario, TaskName,
};
use crate::trace::Word;
use std::collections::BTreeMap;
use std::fmt::Display;

impl Scenario {
    /// The scenario as a file that [`Scenario::parse`] reads back as this scenario. Jobs stand for themselves: what one
    /// extended is written out. The edges of an operator's first input come before those of its second.
    pub fn to_text(&self) -> String {
        let mut text = self.head().lines();
        let mut section = |header: String, body: String| {
            text.push_str(&format!("\n{header}\n{body}"));
        };
        let network = network(&self.network);
        if !network.is_empty() {
            section("[network]".to_owned(), network.lines());
        }
        for input in &self.inputs {
            section(format!("[input.{}]", key(&input.name)), self::input(input).lines());
        }
        for job in &self.jobs {
            section(format!("[job.{}]", key(&job.graph.name)), self::job(job));
        }
        for step in &self.steps {
            section("[[step]]".to_owned(), step::table(step, &Jobs(&self.jobs)).lines());
        }
        let expect = expect(&self.expect, &self.jobs[0].graph.name);
        if !expect.is_empty() {
            section("[expect]".to_owned(), expect.lines());
        }
        for (release, expect) in &self.expect_in {
            let expect = self::expect(expect, &self.jobs[0].graph.name);
            section(format!("[expect-in.{}]", key(&release.to_string())), expect.lines());
        }
        text
    }

    /// The keys before the first table.
    fn head(&self) -> Table {
        let mut table = Table::default();
        table
            .put_if(!self.about.is_empty(), "about", quoted(&self.about))
            .put("seed", self.seed)
            .put_some("flink", self.flink_text())
            .put_if(!self.overrides.is_empty(), "rules", rules::table(&self.overrides).inline())
            .put_if(!self.mutations.is_empty(), "mutations", list(self.mutations.iter().map(word)))
            .put_some("until", self.until.map(time))
            .put_if(self.budget != Budget::default(), "budget", budget(&self.budget).inline())
            .put_if(
                self.cluster != ClusterConfig::default(),
                "cluster",
                cluster(&self.cluster, self.cluster_name.as_ref()).inline(),
            );
        table
    }
}

fn budget(budget: &Budget) -> Table {
    let mut table = Table::default();
    table
        .put_some("events", budget.events)
        .put_some("megabytes", budget.megabytes)
        .put_some("restarts", budget.restarts);
    table
}

fn cluster(cluster: &ClusterConfig, name: Option<&String>) -> Table {
    let default = ClusterConfig::default();
    let mut table = Table::default();
    table.put_some("name", name.map(quoted));
    table.put("task-managers", cluster.task_managers).put("slots", cluster.slots).put_if(
        cluster.replaced_after != default.replaced_after,
        "replaced-after",
        time(cluster.replaced_after),
    );
    table.put_if(
        cluster.heartbeat_timeout != default.heartbeat_timeout,
        "heartbeat-timeout",
        time(cluster.heartbeat_timeout),
    );
    table.put_if(
        cluster.heartbeat_interval != default.heartbeat_interval.min(cluster.heartbeat_timeout),
        "heartbeat-interval",
        time(cluster.heartbeat_interval),
    );
    table.put_if(
        cluster.savepoint_dir != default.savepoint_dir,
        "savepoint-dir",
        word(&cluster.savepoint_dir),
    );
    table.put_some("savepoint-backend", cluster.savepoint_backend.as_ref().map(word));
    if let Some(after) = cluster.takeover_after {
        let is_usual = after == ClusterConfig::TAKEOVER_AFTER;
        table.put("high-availability", true).put_if(!is_usual, "takeover-after", time(after));
    }
    table
}

fn network(network: &Network) -> Table {
    let default = Network::default();
    let capacity = network.channel_capacity;
    let mut table = Table::default();
    let mut put = |name: &str, this, other| {
        table.put_if(this != other, name, range(this));
    };
    put("channel-latency", network.channel_latency, default.channel_latency);
    put("message-latency", network.message_latency, default.message_latency);
    put("snapshot-sync", network.snapshot_sync, default.snapshot_sync);
    put("snapshot-async", network.snapshot_async, default.snapshot_async);
    put("metadata-write", network.metadata_write, default.metadata_write);
    put("task-start", network.task_start, default.task_start);
    table.put_if(capacity != default.channel_capacity, "channel-capacity", capacity);
    table
}

fn input(input: &Input) -> Table {
    let mut table = Table::default();
    match &input.kind {
        InputKind::Text(path) => table.put("text", quoted(path)),
        InputKind::Csv { path, header, columns } => table
            .put("csv", quoted(path))
            .put_if(!header, "header", header)
            .put("columns", list(columns.iter().map(|column| quoted(column.to_string())))),
        InputKind::Generate { records, keys, step } => {
            let mut rows = Table::default();
            rows.put("records", records).put("keys", keys);
            let step = step.and_then(|step| u64::try_from(step).ok());
            rows.put_some("step", step.map(|step| time(SimTime::from_millis(step))));
            table.put("generate", rows.inline())
        }
    };
    table.put_if(input.partitions != Input::PARTITIONS, "partitions", input.partitions).put_if(
        input.every != Input::EVERY,
        "every",
        time(input.every),
    );
    table.put_some("shuffle-within", input.shuffle.map(shuffle_text));
    table
}

/// The body of a job's table.
fn job(job: &JobConfig) -> String {
    let mut table = Table::default();
    let checkpoint = checkpoint(job);
    table
        .put_if(!checkpoint.is_empty(), "checkpoint", checkpoint.inline())
        .put_some("restart", job.restart.map(restart))
        .put_some("failover", job.failover.map(|failover| word(&failover)))
        .put_if(!job.graph.chaining, "chaining", false)
        .put_if(job.graph.uids_required, "auto-uids", false)
        .put_some("max-parallelism", job.graph.max_parallelism);
    let mut text = table.lines();
    text.push_str("operators = [\n");
    for place in 0..job.graph.operators.len() {
        let operator = super::write_operator::operator(&job.graph, place);
        text.push_str(&format!("  {},\n", operator.inline()));
    }
    text.push_str("]\n");
    text
}

fn checkpoint(job: &JobConfig) -> Table {
    let (this, default) = (job.checkpoint, crate::scenario::CheckpointConfig::default());
    let mut table = Table::default();
    table
        .put_some("interval", this.interval.map(time))
        .put_if(this.timeout != default.timeout, "timeout", time(this.timeout))
        .put_if(this.min_pause != default.min_pause, "min-pause", time(this.min_pause))
        .put_if(
            this.max_concurrent != default.max_concurrent,
            "max-concurrent",
            this.max_concurrent,
        )
        .put_if(this.retained != default.retained, "retained", this.retained)
        .put_if(
            this.tolerable_failures != default.tolerable_failures,
            "tolerable-failures",
            this.tolerable_failures,
        )
        .put_if(this.retention != default.retention, "retention", word(&this.retention))
        .put_if(this.prefer_checkpoint, "prefer-checkpoint", true)
        .put_if(this.mode != default.mode, "mode", quoted("at-least-once"))
        .put_if(this.unaligned, "unaligned", true)
        .put_if(
            this.aligned_timeout > SimTime::ZERO,
            "aligned-timeout",
            time(this.aligned_timeout),
        );
    table.put_if(this.custom_handles, "custom-handles", true);
    if let Some(limit) = this.alignment_limit {
        table.put("alignment-limit", limit);
    }
    match this.backend {
        StateBackend::JobManager { max_state_size } => {
            table.put("state-backend", quoted("job-manager")).put_if(
                max_state_size != StateBackend::MAX_STATE_SIZE,
                "max-state-size",
                max_state_size,
            )
        }
        StateBackend::FileSystem { inline_below } => {
            table.put_if(inline_below != StateBackend::INLINE_BELOW, "inline-below", inline_below)
        }
        StateBackend::RocksDb => table.put("state-backend", quoted("rocksdb")),
        StateBackend::Incremental => table.put("state-backend", quoted("incremental")),
    };
    table
}

fn restart(restart: RestartStrategy) -> String {
    match restart {
        RestartStrategy::None => quoted("none"),
        RestartStrategy::FixedDelay { attempts, delay } => {
            let mut fixed = Table::default();
            fixed.put("attempts", attempts).put("delay", time(delay));
            let mut table = Table::default();
            table.put("fixed-delay", fixed.inline());
            table.inline()
        }
        RestartStrategy::FailureRate { failures, per, delay } => {
            let mut rate = Table::default();
            rate.put("failures", failures).put("per", time(per)).put("delay", time(delay));
            let mut table = Table::default();
            table.put("failure-rate", rate.inline());
            table.inline()
        }
        RestartStrategy::ExponentialDelay { initial, multiplier, most, reset_after, jitter } => {
            let mut delay = Table::default();
            delay
                .put("initial", time(initial))
                .put("multiplier", multiplier)
                .put("most", time(most))
                .put("reset-after", time(reset_after))
                .put("jitter", jitter);
            let mut table = Table::default();
            table.put("exponential-delay", delay.inline());
            table.inline()
        }
    }
}

fn expect(expect: &Expect, first: &str) -> Table {
    let mut table = Table::default();
    put_map(&mut table, "refused", &expect.refused, |words: &String| quoted(words));
    put_map(&mut table, "fails", &expect.fails, |words: &String| quoted(words));
    put_map(&mut table, "ids", &expect.ids, |ids| {
        let mut table = Table::default();
        for (operator, id) in ids {
            table.put(operator, quoted(id));
        }
        table.inline()
    });
    let named = |names: &Vec<String>| list(names.iter().map(quoted));
    put_map(&mut table, "restored", &expect.restored, named);
    put_map(&mut table, "empty", &expect.empty, named);
    put_map(&mut table, "dropped", &expect.dropped, named);
    let of_task = |(task, states): (&TaskName, &BTreeMap<String, Vec<String>>)| {
        let mut table = Table::default();
        for (state, items) in states {
            table.put(state, list(items.iter().map(quoted)));
        }
        (task.text(first), table.inline())
    };
    let lists: BTreeMap<String, String> = expect.lists.iter().map(of_task).collect();
    put_map(&mut table, "lists", &lists, String::clone);
    put_map(&mut table, "jobs", &expect.jobs, |status| quoted(status.to_string()));
    table.put_if(expect.may_refuse, "may-refuse", "true");
    match &expect.holds {
        Holds::All => {}
        Holds::Only(checks) => {
            table.put("holds", list(checks.iter().map(|check| quoted(check.name()))));
        }
    }
    table
        .put_if(
            !expect.breaks.is_empty(),
            "breaks",
            list(expect.breaks.iter().map(|check| quoted(check.name()))),
        )
        .put_if(
            !expect.sometimes.is_empty(),
            "sometimes",
            list(expect.sometimes.iter().map(|what| quoted(what.name()))),
        );
    put_map(&mut table, "committed-rows", &expect.committed_rows, u64::to_string);
    put_map(&mut table, "committed", &expect.committed, |rows| {
        let mut table = Table::default();
        for (key, value) in rows {
            table.put(key, quoted(value));
        }
        table.inline()
    });
    put_map(&mut table, "restored-from", &expect.restored_from, u64::to_string);
    put_map(&mut table, "completed", &expect.completed, |ids| list(ids));
    put_map(&mut table, "retained", &expect.retained, |ids| list(ids));
    put_map(&mut table, "files", &expect.files, named);
    let named = |(task, calls): (&TaskName, &Vec<String>)| (task.text(first), calls.clone());
    let callbacks: BTreeMap<String, Vec<String>> = expect.callbacks.iter().map(named).collect();
    put_map(&mut table, "callbacks", &callbacks, |calls| list(calls.iter().map(quoted)));
    let named = |(task, count): (&TaskName, &u64)| (task.text(first), *count);
    let attempts: BTreeMap<String, u64> = expect.attempts.iter().map(named).collect();
    put_map(&mut table, "attempts", &attempts, u64::to_string);
    super::told::put_told(&mut table, &expect.told, first);
    table
}

/// Adds a table, unless it is empty.
pub(super) fn put_map<T, V: Display>(
    table: &mut Table,
    name: &str,
    map: &BTreeMap<String, T>,
    value: impl Fn(&T) -> V,
) {
    if map.is_empty() {
        return;
    }
    let mut inner = Table::default();
    for (key, entry) in map {
        inner.put(key, value(entry));
    }
    table.put(name, inner.inline());
}
