//! What a scenario says, checked and resolved.

use super::budget::Budget;
use super::cluster::{ClusterConfig, Network};
use super::column::Column;
use super::job_config::{JobConfig, TaskName};
use super::protocol_expectations::ProtocolExpectations;
use super::step::Step;
use crate::kernel::SimTime;
use crate::operator::Growth;
use crate::rules::{Mutation, Override, Release, Rules};
use crate::trace::{CheckName, JobStatus, Sometimes};
use std::collections::BTreeMap;

/// One simulated story. Every name in it is known to exist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// One sentence for people.
    pub about: String,
    /// Decides every random choice, 0 to 2^63-1.
    pub seed: u64,
    /// Which release of Flink is simulated.
    pub flink: Release,
    /// Under which others the same story is played as well, one after the other.
    pub also: Vec<Release>,
    /// Rules in which it is another than that release.
    pub overrides: Vec<Override>,
    /// Deliberately broken protocols.
    pub mutations: Vec<Mutation>,
    /// When the world ends at the latest; by default when no job runs and no step is left.
    pub until: Option<SimTime>,
    /// What the world may use up before it is ended as stalled.
    pub budget: Budget,
    /// What users call the cluster, where they have several.
    pub cluster_name: Option<String>,
    /// Task managers and slots.
    pub cluster: ClusterConfig,
    /// How long messages and storage take.
    pub network: Network,
    /// The external logs, in order of the file; `InputId` is the place here.
    pub inputs: Vec<Input>,
    /// The jobs that steps can run, in order of the file. The first runs at time 0, unless a `run` step names it.
    pub jobs: Vec<JobConfig>,
    /// What is done to the world.
    pub steps: Vec<Step>,
    /// What must come out.
    pub expect: Expect,
    /// What must come out under a release instead.
    pub expect_in: BTreeMap<Release, Expect>,
}

impl Scenario {
    /// The rules in force when the world begins: the release's, patched by each override and then by each mutation.
    pub fn rules(&self) -> Rules {
        self.rules_under(self.flink)
    }

    /// The rules in force under a release that the cluster is upgraded to.
    pub fn rules_under(&self, release: Release) -> Rules {
        let mut rules = self.rules_meant(release);
        for mutation in &self.mutations {
            mutation.apply(&mut rules);
        }
        rules
    }

    /// The rules that are meant to be in force under a release: nothing is broken deliberately.
    pub fn rules_meant(&self, release: Release) -> Rules {
        let mut rules = release.rules();
        for patch in &self.overrides {
            rules.set(patch);
        }
        rules
    }

    /// The releases that the story is played under, in order.
    pub fn releases(&self) -> impl Iterator<Item = Release> + '_ {
        std::iter::once(self.flink).chain(self.also.iter().copied())
    }

    /// The story as it is played under one of its releases.
    pub fn under(&self, release: Release) -> Self {
        let expect = self.expect_in.get(&release).unwrap_or(&self.expect).clone();
        Self {
            flink: release,
            also: Vec::new(),
            expect,
            expect_in: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// Whether the first job runs at time 0: no `run` step names it.
    pub fn first_job_runs_at_once(&self) -> bool {
        let first = &self.jobs[0].graph.name;
        !self.steps.iter().any(|step| step.action.runs(first))
    }
}

/// An external log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Where its entries come from.
    pub kind: InputKind,
    /// How many partitions, 1 to 65535. Entry i goes to partition i mod n.
    pub partitions: u16,
    /// When it gains partitions, in order of time.
    pub grows: Vec<Growth>,
    /// The j-th entry of a partition is there from j times this on.
    pub every: SimTime,
    /// How its rows are put out of order; by default not at all.
    pub shuffle: Option<Shuffle>,
}

/// Puts the rows of an input in an order drawn from the seed, in which none comes so much event time, or more, behind a later
/// one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shuffle {
    /// The column that holds a row's time, in milliseconds.
    pub column: u16,
    /// How many milliseconds, 1 or more.
    pub within: i64,
}

/// Where the entries of a log come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InputKind {
    /// The lines of a text file; text where they are UTF-8, bytes where not, without line ends (`\n`, `\r\n`).
    Text(String),
    /// The records of a CSV file, as rows.
    Csv {
        /// The file.
        path: String,
        /// Whether its first record names the columns, and is no entry.
        header: bool,
        /// What its columns are; every record has as many fields.
        columns: Vec<Column>,
    },
    /// Rows `(key, number)`, or `(key, number, time)`, drawn from the seed: `key` in 0..keys, `number` in 0..100.
    Generate {
        /// How many entries.
        records: u32,
        /// How many different keys, 1 or more.
        keys: u32,
        /// If set, rows have a time as their third column: the i-th entry happens i times as many milliseconds after 1970.
        step: Option<i64>,
    },
}

/// What must come out of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expect {
    /// By job: words of the message with which its submission is refused. Its graph may be one that cannot run.
    pub refused: BTreeMap<String, String>,
    /// By job: words of the message with which a task of it fails.
    pub fails: BTreeMap<String, String>,
    /// By job: the ids of its operators, in hex digits.
    pub ids: BTreeMap<String, BTreeMap<String, String>>,
    /// By job: the states, as `OPERATOR.STATE`, that its newest run was given when it was last restored.
    pub restored: BTreeMap<String, Vec<String>>,
    /// By job: the operators of its newest run that the snapshot knows nothing of.
    pub empty: BTreeMap<String, Vec<String>>,
    /// By job: the states of the snapshot that nobody took.
    pub dropped: BTreeMap<String, Vec<String>>,
    /// By subtask of an operator: the items that its list states begin with, in its newest attempt.
    pub lists: BTreeMap<TaskName, BTreeMap<String, Vec<String>>>,
    /// The state of jobs in the end (newest run of each).
    pub jobs: BTreeMap<String, JobStatus>,
    /// Whether steps may be refused without breaking the expectation.
    pub may_refuse: bool,
    /// Words of why the world must end although a job is not over.
    pub stalls: Option<String>,
    /// Which checks must hold.
    pub holds: Holds,
    /// Checks that must be broken, by name.
    pub breaks: Vec<CheckName>,
    /// Things that must have happened at least once, by name.
    pub sometimes: Vec<Sometimes>,
    /// By sink: rows a read-committed reader sees in the end, as many as this.
    pub committed_rows: BTreeMap<String, u64>,
    /// By keyed sink, then key: the last value (as `--output` prints it).
    pub committed: BTreeMap<String, BTreeMap<String, String>>,
    /// By job: the checkpoint that its newest run was last restored from.
    pub restored_from: BTreeMap<String, u64>,
    /// By job: ids of the checkpoints and savepoints that its runs completed, in order.
    pub completed: BTreeMap<String, Vec<u64>>,
    /// By job: ids of the checkpoints of its newest run that are kept in the end, in order.
    pub retained: BTreeMap<String, Vec<u64>>,
    /// By label: what is there in the end of a savepoint or checkpoint, of `metadata` and `data`.
    pub files: BTreeMap<String, Vec<String>>,
    /// By subtask of an operator: the calls it gets from its task, in order, in all runs of its job.
    pub callbacks: BTreeMap<TaskName, Vec<String>>,
    /// By subtask of an operator: how often it is deployed, in all runs of its job.
    pub attempts: BTreeMap<TaskName, u64>,
    /// What the protocol must have done.
    pub protocol: ProtocolExpectations,
}

/// Which checks must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Holds {
    /// All of them.
    #[default]
    All,
    /// These.
    Only(Vec<CheckName>),
}
