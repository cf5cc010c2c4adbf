//! Writing a scenario as text: what it says, less what would hold anyway.

use super::layout::{Table, key, list, quoted, time, word};
use super::settings::{BudgetText, CheckpointText, ClusterText, NetworkText, inline};
use super::spelling::Jobs;
use super::time::shuffle_text;
use super::{expect, rules, step};
use crate::job::StateBackend;
use crate::kernel::SimTime;
use crate::operator::Growth;
use crate::scenario::{
    Budget, CheckpointConfig, ClusterConfig, Input, InputKind, JobConfig, Network, RestartStrategy,
    Scenario,
};

impl Scenario {
    /// The scenario as a file that [`Scenario::parse`] reads back as this scenario. Jobs stand for themselves: what one
    /// extended is written out. The edges of an operator's first input come before those of its second.
    pub fn to_text(&self) -> String {
        let mut text = self.head().lines();
        let mut section = |header: String, body: String| {
            text.push_str(&format!("\n{header}\n{body}"));
        };
        let network = NetworkText::unusual(&self.network, &Network::default());
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
        let expect = expect::table(&self.expect, &self.jobs[0].graph.name);
        if !expect.is_empty() {
            section("[expect]".to_owned(), expect.lines());
        }
        for (release, expect) in &self.expect_in {
            let expect = expect::table(expect, &self.jobs[0].graph.name);
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
            .put_some("budget", inline(&BudgetText::unusual(&self.budget, &Budget::default())))
            .put_some("cluster", inline(&cluster(&self.cluster, self.cluster_name.as_ref())));
        table
    }
}

fn cluster(cluster: &ClusterConfig, name: Option<&String>) -> Table {
    let heartbeat_interval = cluster.usual_heartbeat();
    let usual = ClusterConfig { heartbeat_interval, ..ClusterConfig::default() };
    let mut table = ClusterText::unusual(cluster, &usual);
    table.put_some("name", name.map(quoted));
    if let Some(after) = cluster.takeover_after {
        let is_usual = after == ClusterConfig::TAKEOVER_AFTER;
        table.put("high-availability", true).put_if(!is_usual, "takeover-after", time(after));
    }
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
    let growth = |growth: &Growth| {
        let mut table = Table::default();
        table.put("at", time(growth.at)).put("partitions", growth.partitions);
        table.inline()
    };
    table.put_if(!input.grows.is_empty(), "grows", list(input.grows.iter().map(growth)));
    table.put_some("shuffle-within", input.shuffle.map(shuffle_text));
    table
}

/// The body of a job's table.
fn job(job: &JobConfig) -> String {
    let mut table = Table::default();
    table
        .put_some("checkpoint", inline(&checkpoint(job)))
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
    let this = job.checkpoint;
    let mut table = CheckpointText::unusual(&this, &CheckpointConfig::default());
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
    let mut table = Table::default();
    match restart {
        RestartStrategy::None => quoted("none"),
        RestartStrategy::FixedDelay { attempts, delay } => {
            table.put("attempts", attempts).put("delay", time(delay));
            Table::one("fixed-delay", table.inline())
        }
        RestartStrategy::FailureRate { failures, per, delay } => {
            table.put("failures", failures).put("per", time(per)).put("delay", time(delay));
            Table::one("failure-rate", table.inline())
        }
        RestartStrategy::ExponentialDelay { initial, multiplier, most, reset_after, jitter } => {
            table
                .put("initial", time(initial))
                .put("multiplier", multiplier)
                .put("most", time(most))
                .put("reset-after", time(reset_after))
                .put("jitter", jitter);
            Table::one("exponential-delay", table.inline())
        }
    }
}
