//! The shapes of a scenario file, as TOML spells them. Says what can be written, not whether it makes sense.

use super::expect::ExpectText;
use super::operator::OperatorText;
use super::rules::RuleWord;
use super::settings::{BudgetText, CheckpointText, ClusterText, NetworkText};
use super::time::ShuffleText;
use super::word::{ColumnText, Count, Millis, OneOrMany, Ordered, Seed, Time};
use crate::scenario::action::ActionText;
use serde::Deserialize;
use toml::Spanned;

/// A whole file.
#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FileText {
    pub about: String,
    pub seed: Seed,
    pub flink: Option<Spanned<OneOrMany>>,
    pub rules: Ordered<Spanned<RuleWord>>,
    pub mutations: Vec<crate::rules::Mutation>,
    pub until: Option<Time>,
    pub budget: Option<BudgetText>,
    pub cluster: ClusterText,
    pub network: NetworkText,
    pub input: Ordered<Spanned<InputText>>,
    pub job: Ordered<JobText>,
    pub step: Vec<Spanned<StepText>>,
    pub expect: ExpectText,
    pub expect_in: Ordered<ExpectText>,
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
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct JobText {
    pub checkpoint: Option<CheckpointText>,
    pub restart: Option<RestartText>,
    pub failover: Option<crate::rules::Failover>,
    pub chaining: Option<bool>,
    pub auto_uids: Option<bool>,
    pub max_parallelism: Option<Count<32768>>,
    pub operators: Vec<Spanned<OperatorText>>,
    pub extends: Option<Spanned<String>>,
    pub set: Ordered<OperatorText>,
    pub add: Vec<Spanned<OperatorText>>,
    pub remove: Vec<Spanned<String>>,
    pub reorder: Vec<Spanned<String>>,
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
