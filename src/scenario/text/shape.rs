//! The shapes of a scenario file, as TOML spells them. Says what can be written, not whether it makes sense.

use super::operator::OperatorText;
use super::rules::RuleWord;
use super::time::ShuffleText;
use super::told::AboutText;
use super::word::{
    ColumnText, Count, EventCount, Millis, OneOrMany, Ordered, Printed, Seed, Time, TimeRange,
};
use crate::scenario::Budget;
use crate::scenario::action::ActionText;
use serde::Deserialize;
use toml::Spanned;

/// A whole file.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FileText {
    #[serde(default)]
    pub about: String,
    #[serde(default)]
    pub seed: Seed,
    pub flink: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    pub rules: Ordered<Spanned<RuleWord>>,
    #[serde(default)]
    pub mutations: Vec<crate::rules::Mutation>,
    pub until: Option<Time>,
    pub budget: Option<BudgetText>,
    #[serde(default)]
    pub cluster: ClusterText,
    #[serde(default)]
    pub network: NetworkText,
    #[serde(default)]
    pub input: Ordered<Spanned<InputText>>,
    #[serde(default)]
    pub job: Ordered<JobText>,
    #[serde(default)]
    pub step: Vec<Spanned<StepText>>,
    #[serde(default)]
    pub expect: ExpectText,
    #[serde(default)]
    pub expect_in: Ordered<ExpectText>,
}

/// `budget = { … }`.
#[derive(Deserialize, Clone, Copy, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BudgetText {
    pub events: Option<EventCount>,
    pub megabytes: Option<Count<{ u32::MAX }>>,
    pub restarts: Option<Count<{ u32::MAX }>>,
}

impl BudgetText {
    pub(super) fn budget(self) -> Budget {
        Budget {
            events: self.events.map(|events| events.0),
            megabytes: self.megabytes.map(|megabytes| megabytes.0),
            restarts: self.restarts.map(|restarts| restarts.0),
        }
    }
}

/// `cluster = { … }`.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ClusterText {
    pub name: Option<Spanned<String>>,
    pub task_managers: Option<Spanned<Count<65535>>>,
    pub slots: Option<Spanned<Count<65535>>>,
    pub replaced_after: Option<Time>,
    #[serde(default)]
    pub high_availability: bool,
    #[serde(default)]
    pub savepoint_dir: crate::scenario::SavepointDir,
    pub savepoint_backend: Option<crate::scenario::SavepointBackend>,
    pub takeover_after: Option<Spanned<Time>>,
    pub heartbeat_timeout: Option<Time>,
    pub heartbeat_interval: Option<Spanned<Time>>,
}

/// `[network]`.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct NetworkText {
    pub channel_latency: Option<TimeRange>,
    pub message_latency: Option<TimeRange>,
    pub channel_capacity: Option<Count<{ u32::MAX }>>,
    pub snapshot_sync: Option<TimeRange>,
    pub snapshot_async: Option<TimeRange>,
    pub metadata_write: Option<TimeRange>,
    pub task_start: Option<TimeRange>,
}

/// `[input.NAME]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct InputText {
    pub text: Option<String>,
    pub csv: Option<String>,
    pub header: Option<bool>,
    pub columns: Option<Vec<ColumnText>>,
    pub generate: Option<GenerateText>,
    pub partitions: Option<Count<65535>>,
    pub every: Option<Time>,
    pub shuffle_within: Option<Spanned<ShuffleText>>,
}

/// `generate = { … }`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct GenerateText {
    pub records: Spanned<u32>,
    pub keys: Count<{ u32::MAX }>,
    pub step: Option<Millis>,
}

/// `[job.NAME]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct JobText {
    pub checkpoint: Option<CheckpointText>,
    pub restart: Option<RestartText>,
    pub failover: Option<crate::rules::Failover>,
    pub chaining: Option<bool>,
    pub auto_uids: Option<bool>,
    pub max_parallelism: Option<Count<32768>>,
    #[serde(default)]
    pub operators: Vec<Spanned<OperatorText>>,
    pub extends: Option<Spanned<String>>,
    #[serde(default)]
    pub set: Ordered<OperatorText>,
    #[serde(default)]
    pub add: Vec<Spanned<OperatorText>>,
    #[serde(default)]
    pub remove: Vec<Spanned<String>>,
    #[serde(default)]
    pub reorder: Vec<Spanned<String>>,
}

/// `checkpoint = { … }`.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CheckpointText {
    pub interval: Option<Spanned<Time>>,
    pub timeout: Option<Spanned<Time>>,
    pub min_pause: Option<Time>,
    pub max_concurrent: Option<Count<{ u32::MAX }>>,
    pub retained: Option<Count<{ u32::MAX }>>,
    pub tolerable_failures: Option<u32>,
    #[serde(default)]
    pub retention: crate::job::Retention,
    #[serde(default)]
    pub prefer_checkpoint: bool,
    pub mode: Option<crate::job::CheckpointMode>,
    pub unaligned: Option<Spanned<bool>>,
    pub aligned_timeout: Option<Spanned<Time>>,
    pub alignment_limit: Option<Spanned<Count<{ u32::MAX }>>>,
    #[serde(default)]
    pub custom_handles: bool,
    #[serde(default)]
    pub state_backend: BackendText,
    pub max_state_size: Option<Spanned<u32>>,
    pub inline_below: Option<Spanned<u32>>,
}

/// `state-backend = "incremental"`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BackendText {
    JobManager,
    #[default]
    FileSystem,
    Incremental,
    Rocksdb,
}

/// `restart = "none"` or `restart = { fixed-delay = { … } }`.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RestartText {
    None,
    #[serde(rename_all = "kebab-case")]
    FixedDelay {
        attempts: u32,
        delay: Time,
    },
    #[serde(rename_all = "kebab-case")]
    FailureRate {
        failures: u32,
        per: Time,
        delay: Option<Time>,
    },
    #[serde(rename_all = "kebab-case")]
    ExponentialDelay {
        initial: Option<Time>,
        multiplier: Option<Count<1_000_000>>,
        most: Option<Time>,
        reset_after: Option<Time>,
        jitter: Option<Percent>,
    },
}

/// `10` for 10 percent.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(try_from = "u32")]
pub(super) struct Percent(pub(super) u32);

impl TryFrom<u32> for Percent {
    type Error = String;
    fn try_from(percent: u32) -> Result<Self, String> {
        if percent > 100 {
            return Err(format!("{percent} is more than 100 percent"));
        }
        Ok(Self(percent))
    }
}

/// `[[step]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct StepText {
    pub at: Option<Time>,
    pub when: Option<MilestoneText>,
    pub after: Option<Time>,
    #[serde(rename = "do")]
    pub action: Spanned<ActionText>,
    pub refused: Option<String>,
    pub retry: Option<Spanned<Time>>,
}

/// `when = { … }`.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MilestoneText {
    Triggered(CheckpointOf),
    Snapshot(CheckpointBy),
    Durable(CheckpointBy),
    AckSent(CheckpointBy),
    Acked(CheckpointBy),
    MetadataWritten(CheckpointOf),
    PointerStored(CheckpointOf),
    Completed(CheckpointOf),
    Notified(CheckpointBy),
    Restored(Spanned<String>),
    DataEnded(Spanned<String>),
    Savepoint(Spanned<String>),
    Created(Spanned<String>),
    Running(Spanned<String>),
    Restarting(Spanned<String>),
    Canceling(Spanned<String>),
    Canceled(Spanned<String>),
    Finished(Spanned<String>),
    Failed(Spanned<String>),
    Lost(Spanned<String>),
    Suspended(Spanned<String>),
}

/// `{ checkpoint = 3, by = "counts/1" }`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointBy {
    pub checkpoint: Count<{ u32::MAX }>,
    pub by: Spanned<String>,
}

/// `{ checkpoint = 3, job = "count" }`, or `3` alone.
#[derive(Debug)]
pub(super) struct CheckpointOf {
    pub checkpoint: Count<{ u32::MAX }>,
    pub job: Option<Spanned<String>>,
}

/// `[expect]`.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExpectText {
    #[serde(default)]
    pub refused: Ordered<String>,
    #[serde(default)]
    pub fails: Ordered<String>,
    #[serde(default)]
    pub ids: Ordered<Ordered<String>>,
    #[serde(default)]
    pub restored: Ordered<Vec<String>>,
    #[serde(default)]
    pub empty: Ordered<Vec<String>>,
    #[serde(default)]
    pub dropped: Ordered<Vec<String>>,
    #[serde(default)]
    pub lists: Ordered<Ordered<Vec<String>>>,
    #[serde(default)]
    pub jobs: Ordered<crate::trace::JobStatus>,
    #[serde(default)]
    pub may_refuse: bool,
    pub holds: Option<Spanned<OneOrMany>>,
    pub breaks: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    pub sometimes: Vec<Spanned<String>>,
    #[serde(default)]
    pub committed_rows: Ordered<u64>,
    #[serde(default)]
    pub committed: Ordered<Ordered<Printed>>,
    #[serde(default)]
    pub restored_from: Ordered<u64>,
    #[serde(default)]
    pub completed: Ordered<Vec<u64>>,
    #[serde(default)]
    pub retained: Ordered<Vec<u64>>,
    #[serde(default)]
    pub files: Ordered<Vec<Spanned<String>>>,
    #[serde(default)]
    pub callbacks: Ordered<Vec<String>>,
    #[serde(default)]
    pub attempts: Ordered<u64>,
    #[serde(default)]
    pub commits: Ordered<Vec<u64>>,
    #[serde(default)]
    pub aborted: Ordered<Vec<AboutText<crate::trace::AbortReason>>>,
    #[serde(default)]
    pub acks: Ordered<Vec<AboutText<crate::trace::AckVerdict>>>,
    #[serde(default)]
    pub orphaned: Ordered<u64>,
    #[serde(default)]
    pub unanswered: Vec<String>,
}
