//! The shapes of a scenario file, as TOML spells them, and what each key means. Says what can be written, not whether it
//! makes sense.

use super::expect::ExpectText;
use super::operator::OperatorText;
use super::rules::RuleWord;
use super::settings::{BudgetText, CheckpointText, ClusterText, Named, NetworkText};
use super::time::ShuffleText;
use super::word::{ColumnText, Count, Millis, OneOrMany, Ordered, Seed, Time};
use crate::scenario::action::ActionText;
use crate::scenario::language::{Described, Form, one_key, text_table, words_of};
use serde::Deserialize;
use toml::Spanned;

text_table!("a scenario file", defaulted:
    /// The keys and tables at the top of a file. Only one `[job.NAME]` must be there.
    #[derive(Deserialize, Debug, Default)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct FileText {
        /// The format of the language that the file was written for. One that says nothing is read as one of the newest, in
        /// which older words are understood, too (`sandbar upgrade` rewrites them).
        /// e.g. `2`
        pub format: Option<Spanned<Count<{ u32::MAX }>>>,
        /// What the story is about, in a sentence or two.
        /// e.g. `"A subtask is killed, and nothing is lost."`
        pub about: String,
        /// The seed of every random choice. The same seed plays the same world; `--seed` on the command line goes first.
        /// e.g. `7`
        /// Usual: `0`
        pub seed: Seed,
        /// The release of Flink whose rules hold, or a list of releases: the story is played under each.
        /// e.g. `["1.14", "2.x"]`
        /// Usual: `"2.x"`
        pub flink: Option<Spanned<OneOrMany>>,
        /// Rules that are other than the release's (`sandbar list rules`).
        /// e.g. `{ region-failover = false }`
        pub rules: Ordered<Spanned<RuleWord>>,
        /// Protocols that are broken on purpose, so that a check can be seen to notice.
        /// e.g. `["commit-on-snapshot"]`
        pub mutations: Vec<Named<crate::rules::Mutation>>,
        /// When the world ends at the latest, in virtual time. Without it, a world ends when nothing is left to happen.
        /// e.g. `"60s"`
        pub until: Option<Time>,
        /// How much a world may take before it counts as stalled.
        pub budget: Option<BudgetText>,
        /// The machines.
        pub cluster: ClusterText,
        /// How long things take on the network and in the storage.
        pub network: NetworkText,
        /// The inputs: logs in partitions, which sources read. Positions are of an input by name; two that are read from files, of which
        /// one begins with all of the other, are one log at two times.
        /// e.g. `{ rows = { generate = { records = 100, keys = 10 } } }`
        pub input: Ordered<Spanned<InputText>>,
        /// The jobs. The first one starts at 0, unless a step runs it.
        /// e.g. `{ copy = { operators = [{ name = "in", source = "rows" }, { name = "out", sink = "plain" }] } }`
        pub job: Ordered<JobText>,
        /// What is done to the world, and when.
        /// e.g. `[{ at = "1s", do = { kill = "counts/1" } }]`
        pub step: Vec<Spanned<StepText>>,
        /// What must come out.
        pub expect: ExpectText,
        /// What must come out under single releases of the list in `flink`, instead.
        /// e.g. `{ "1.4" = { jobs = { copy = "failed" } } }`
        pub expect_in: Ordered<ExpectText>,
    }
);

text_table!("an input":
    /// A log that sources read: entry `i` lies in partition `i` modulo their number. Exactly one of `text`, `csv` and `generate` says
    /// where the entries come from.
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct InputText {
        /// A text file; each line is an entry. Paths are relative to the scenario file.
        /// e.g. `"../LICENSE-APACHE"`
        pub text: Option<String>,
        /// A CSV file; each record is an entry, a row of `columns`.
        /// e.g. `"flights.csv"`
        pub csv: Option<String>,
        /// Whether the first line of the CSV file names columns and is passed over.
        /// Usual: `true`
        /// e.g. `false`
        pub header: Option<bool>,
        /// What each column of the CSV file holds: `int`, `text`, or `time FORMAT` (event time; `%Y %m %d %H %M %S`).
        /// e.g. `["time %Y/%m/%d %H:%M", "text", "int"]`
        pub columns: Option<Vec<ColumnText>>,
        /// Entries that are made up from the seed: rows of a key and a number, and a time if `step` is there.
        pub generate: Option<GenerateText>,
        /// How many partitions the log has.
        /// Usual: `1`
        /// e.g. `3`
        pub partitions: Option<Count<65535>>,
        /// When the log gains partitions, which get their share of what comes from then on. Nothing that was there changes its
        /// place.
        /// e.g. `[{ at = "1s", partitions = 3 }]`
        pub grows: Option<Vec<Spanned<GrowthText>>>,
        /// How long after each other the entries of a partition are there to be read, in virtual time.
        /// Usual: `"1ms"`
        /// e.g. `"10ms"`
        pub every: Option<Time>,
        /// Entries change places: their event time is out of order by so much.
        pub shuffle_within: Option<Spanned<ShuffleText>>,
    }
);

text_table!("`grows`":
    /// The log gains partitions.
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct GrowthText {
        /// When.
        /// e.g. `"1s"`
        pub at: Time,
        /// How many there are from then on.
        /// e.g. `3`
        pub partitions: Count<65535>,
    }
);

text_table!("`generate`":
    /// Entries made up from the seed: rows `(key, number)`, or `(key, number, time)`.
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct GenerateText {
        /// How many entries.
        /// e.g. `1000`
        pub records: Spanned<u32>,
        /// How many different keys, from 0.
        /// e.g. `50`
        pub keys: Count<{ u32::MAX }>,
        /// How far event time goes on from entry to entry; without it, entries have none.
        /// e.g. `"20ms"`
        pub step: Option<Millis>,
    }
);

text_table!("a job", defaulted:
    /// A job: a graph of operators and how it runs. One that `extends` another changes what it says.
    #[derive(Deserialize, Clone, Debug, Default)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct JobText {
        /// Periodic checkpoints and where state goes. Without an interval there are none.
        pub checkpoint: Option<CheckpointText>,
        /// What happens after a failure. Without it, what the release does: with checkpoints it restarts for ever, without
        /// it fails.
        /// e.g. `{ fixed-delay = { attempts = 3, delay = "500ms" } }`
        /// Flink: `restart-strategy.type`, `restart-strategy`
        pub restart: Option<RestartText>,
        /// What restarts with a failed task.
        /// Flink: `jobmanager.execution.failover-strategy`
        pub failover: Option<Named<crate::rules::Failover>>,
        /// Whether operators are chained into one task where they can be.
        /// Flink: `pipeline.operator-chaining.enabled`, `disableOperatorChaining`
        /// Usual: `true`
        /// e.g. `false`
        pub chaining: Option<bool>,
        /// Whether operators without uid get generated ids. With `false`, a job in which one lacks a uid is refused.
        /// Flink: `pipeline.auto-generate-uids`
        /// Usual: `true`
        /// e.g. `false`
        pub auto_uids: Option<bool>,
        /// How many key groups each operator has, unless it says otherwise: the most subtasks that its state can be dealt to.
        /// Flink: `pipeline.max-parallelism`, `setMaxParallelism`
        /// e.g. `128`
        pub max_parallelism: Option<Count<32768>>,
        /// The operators. One that names no input reads the one before it.
        /// e.g. `[{ name = "in", source = "rows" }, { name = "out", sink = "plain" }]`
        pub operators: Vec<Spanned<OperatorText>>,
        /// An earlier job of the file, of which this one is a changed copy.
        /// e.g. `"count"`
        pub extends: Option<Spanned<String>>,
        /// Keys of single operators of the extended job that are other here, by the operator's name.
        /// e.g. `{ counts = { parallelism = 7 } }`
        pub set: Ordered<OperatorText>,
        /// Operators that come on top.
        /// e.g. `[{ name = "copy", sink = "plain", from = ["counts"] }]`
        pub add: Vec<Spanned<OperatorText>>,
        /// Operators that go. Who read one of them reads what it read.
        /// e.g. `["words"]`
        pub remove: Vec<Spanned<String>>,
        /// Operators that come first, in this order; the others follow.
        /// e.g. `["counts", "words"]`
        pub reorder: Vec<Spanned<String>>,
    }
);

/// `restart = "none"` or `restart = { fixed-delay = { … } }`.
#[derive(Clone, Copy, Debug)]
pub(super) enum RestartText {
    None,
    Strategy(StrategyText),
}

impl Described for RestartText {
    fn form() -> Form {
        let what =
            "`\"none\"`, or a strategy: `{ fixed-delay = { attempts = 3, delay = \"1s\" } }`";
        Form::Either(what, vec![StrategyText::form(), Form::Words(words_of::<NoneText>())])
    }
}

crate::documented::documented! {
    /// The word for a job that never restarts.
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(rename_all = "kebab-case")]
    enum NoneText {
        /// The job fails with its first failure.
        None,
    }
}

impl<'de> Deserialize<'de> for RestartText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Word(NoneText),
            Strategy(StrategyText),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Word(NoneText::None) => Self::None,
            Either::Strategy(strategy) => Self::Strategy(strategy),
        })
    }
}

one_key!("a restart strategy":
    /// How often and how soon a job restarts after a failure.
    /// e.g. `{ fixed-delay = { attempts = 3, delay = "1s" } }`
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum StrategyText {
        /// So many times, each after the same delay.
        /// Flink: `fixed-delay`, `fixeddelay`
        FixedDelay(FixedDelayText),
        /// As long as there are not more failures than so many in so long a time.
        /// Flink: `failure-rate`, `failurerate`
        FailureRate(FailureRateText),
        /// For ever, later and later.
        /// Flink: `exponential-delay`, `exponentialdelay`
        ExponentialDelay(ExponentialDelayText),
    }
);

text_table!("`fixed-delay`":
    /// So many restarts, each after the same delay.
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct FixedDelayText {
        /// How many restarts there are; the next failure is the job's.
        /// Flink: `restart-strategy.fixed-delay.attempts`
        /// e.g. `3`
        pub attempts: u32,
        /// How long after a failure.
        /// Flink: `restart-strategy.fixed-delay.delay`
        /// e.g. `"500ms"`
        pub delay: Time,
    }
);

text_table!("`failure-rate`":
    /// Restarts while failures are few.
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct FailureRateText {
        /// How many failures are borne within `per`.
        /// Flink: `restart-strategy.failure-rate.max-failures-per-interval`
        /// e.g. `2`
        pub failures: u32,
        /// The time that failures are counted in.
        /// Flink: `restart-strategy.failure-rate.failure-rate-interval`
        /// e.g. `"10s"`
        pub per: Time,
        /// How long after a failure.
        /// Flink: `restart-strategy.failure-rate.delay`
        /// Usual: `"1s"`
        /// e.g. `"200ms"`
        pub delay: Option<Time>,
    }
);

text_table!("`exponential-delay`":
    /// Restarts for ever, later and later.
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct ExponentialDelayText {
        /// The delay after the first failure.
        /// Flink: `restart-strategy.exponential-delay.initial-backoff`
        /// Usual: `"1s"`
        /// e.g. `"100ms"`
        pub initial: Option<Time>,
        /// By how much the delay grows with each failure, in thousandths; 1000 at least.
        /// Flink: `restart-strategy.exponential-delay.backoff-multiplier`
        /// Usual: `1500`
        /// e.g. `2000`
        pub multiplier: Option<Count<1_000_000>>,
        /// The longest delay.
        /// Flink: `restart-strategy.exponential-delay.max-backoff`
        /// Usual: `"1m"`
        /// e.g. `"10s"`
        pub most: Option<Time>,
        /// How long a job must run for its failures to be forgotten.
        /// Flink: `restart-strategy.exponential-delay.reset-backoff-threshold`
        /// Usual: `"1h"`
        /// e.g. `"1m"`
        pub reset_after: Option<Time>,
        /// By how many percent a delay is shorter or longer, at random.
        /// Flink: `restart-strategy.exponential-delay.jitter-factor`
        /// Usual: `10`
        /// e.g. `0`
        pub jitter: Option<Percent>,
    }
);

/// `10` for 10 percent.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(transparent)]
pub(super) struct Percent(pub(super) u32);

impl Described for Percent {
    fn form() -> Form {
        Form::Whole(0, 100)
    }
}

text_table!("a step":
    /// Something that is done to the world. `at` or `when` says when.
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct StepText {
        /// At this virtual time.
        /// e.g. `"1500ms"`
        pub at: Option<Time>,
        /// When this has come about.
        pub when: Option<MilestoneText>,
        /// So long after `when`.
        /// e.g. `"1ms"`
        pub after: Option<Time>,
        /// What is done.
        #[serde(rename = "do")]
        pub action: Spanned<ActionText>,
        /// The step must be refused, for a reason that holds this text. Case and punctuation do not count, so that it can be pasted
        /// from a log of Flink.
        /// e.g. `"cannot be mapped"`
        pub refused: Option<String>,
        /// A step that is refused is tried again after so long, until it is not.
        /// e.g. `"100ms"`
        pub retry: Option<Spanned<Time>>,
        /// Its moment may never come. Otherwise the story fails then, and if the world ends while it is still tried again.
        /// Usual: `false`
        /// e.g. `true`
        pub may_miss: Option<bool>,
    }
);

one_key!("a milestone":
    /// A moment that a step waits for.
    /// e.g. `{ completed = 3 }`
    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum MilestoneText {
        /// The checkpoint was triggered.
        Triggered(CheckpointOf),
        /// The task drew its snapshot for the checkpoint; nothing is durable yet.
        Snapshot(CheckpointBy),
        /// The task's snapshot is durable; the coordinator does not know.
        Durable(CheckpointBy),
        /// The task sent its ack.
        AckSent(CheckpointBy),
        /// The coordinator has handled the task's ack.
        Acked(CheckpointBy),
        /// The metadata of the checkpoint is written; nobody has been told.
        MetadataWritten(CheckpointOf),
        /// The store that survives the job manager points to the checkpoint; only with `high-availability`.
        PointerStored(CheckpointOf),
        /// The checkpoint completed; its tasks are being notified.
        Completed(CheckpointOf),
        /// The task has handled the notification that the checkpoint completed.
        Notified(CheckpointBy),
        /// Every task of the job has been restored, or has begun without state.
        /// e.g. `"count"`
        Restored(Spanned<String>),
        /// A source has told this task that its data have ended.
        /// e.g. `"counts/0"`
        DataEnded(Spanned<String>),
        /// The savepoint of this label is stored.
        /// e.g. `"first"`
        Savepoint(Spanned<String>),
        /// The job was submitted.
        /// e.g. `"count"`
        Created(Spanned<String>),
        /// All tasks of the job have been deployed.
        /// e.g. `"count"`
        Running(Spanned<String>),
        /// The job recovers from a failure.
        /// e.g. `"count"`
        Restarting(Spanned<String>),
        /// The job is being canceled.
        /// e.g. `"count"`
        Canceling(Spanned<String>),
        /// The job is canceled.
        /// e.g. `"count"`
        Canceled(Spanned<String>),
        /// Every task of the job finished.
        /// e.g. `"count"`
        Finished(Spanned<String>),
        /// The job failed for good.
        /// e.g. `"count"`
        Failed(Spanned<String>),
        /// The job's manager died without high availability.
        /// e.g. `"count"`
        Lost(Spanned<String>),
        /// The job's manager died, and another will take the job over.
        /// e.g. `"count"`
        Suspended(Spanned<String>),
    }
);

text_table!("a checkpoint by a task":
    /// A checkpoint and one of its tasks.
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    pub(super) struct CheckpointBy {
        /// The number of the checkpoint, from 1.
        /// e.g. `3`
        pub checkpoint: Count<{ u32::MAX }>,
        /// The task.
        /// e.g. `"counts/1"`
        pub by: Spanned<String>,
    }
);

text_table!("a checkpoint of a job":
    /// A checkpoint, and of which job. Of the first job, the number alone says it.
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    pub(super) struct CheckpointOfJob {
        /// The number of the checkpoint, from 1.
        /// e.g. `3`
        pub checkpoint: Count<{ u32::MAX }>,
        /// The job: its newest run.
        /// e.g. `"count"`
        pub job: Option<Spanned<String>>,
    }
);

/// `{ checkpoint = 3, job = "count" }`, or `3` alone.
#[derive(Debug)]
pub(super) struct CheckpointOf {
    pub checkpoint: Count<{ u32::MAX }>,
    pub job: Option<Spanned<String>>,
}

impl Described for CheckpointOf {
    fn form() -> Form {
        let what = "a checkpoint's number, or `{ checkpoint = NUMBER, job = NAME }`";
        Form::Either(what, vec![Count::<{ u32::MAX }>::form(), CheckpointOfJob::form()])
    }
}
