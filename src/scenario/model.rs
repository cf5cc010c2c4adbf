//! What a scenario says, checked and resolved.

use super::budget::Budget;
use super::column::Column;
use super::files::{FileAction, SavepointBackend, SavepointDir};
use super::planned::Planned;
use super::told::Told;
use super::trouble::{Aim, Failing, StorageFailing};
pub use crate::job::{CheckpointConfig, RestartStrategy, Retention};
use crate::job::{ClaimMode, JobGraph};
use crate::kernel::SimTime;
pub use crate::rules::Failover;
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
        let runs = |step: &Step| matches!(&step.action, Action::Run { job, .. } if *job == self.jobs[0].graph.name);
        !self.steps.iter().any(runs)
    }
}

/// Task managers and their slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClusterConfig {
    /// How many task managers, 1 or more.
    pub task_managers: u16,
    /// Slots of each, 1 or more.
    pub slots: u16,
    /// How long after the loss of a task manager a new one takes its place.
    pub replaced_after: SimTime,
    /// How long after the death of the job manager another one takes over; none without high availability, where its jobs
    /// are lost.
    pub takeover_after: Option<SimTime>,
    /// How long after the last heartbeat that the job manager and a task manager had of each other either gives the other
    /// up (`heartbeat.timeout`).
    pub heartbeat_timeout: SimTime,
    /// How often they hear of each other; at most the timeout (`heartbeat.interval`).
    pub heartbeat_interval: SimTime,
    /// Where savepoints go.
    pub savepoint_dir: SavepointDir,
    /// What keeps savepoints, where a release lets one choose; by default the job manager.
    pub savepoint_backend: Option<SavepointBackend>,
}

/// How long things take. Ranges are inclusive; the seed draws within them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    /// Latency of a record or barrier on a channel.
    pub channel_latency: (SimTime, SimTime),
    /// Latency of a message between job manager and task.
    pub message_latency: (SimTime, SimTime),
    /// How many elements a channel holds before its sender stalls, 1 or more.
    pub channel_capacity: u32,
    /// The synchronous part of a snapshot.
    pub snapshot_sync: (SimTime, SimTime),
    /// The asynchronous part of a snapshot: until it is durable.
    pub snapshot_async: (SimTime, SimTime),
    /// Writing a checkpoint's metadata.
    pub metadata_write: (SimTime, SimTime),
    /// From a deployment to a running task, state restored.
    pub task_start: (SimTime, SimTime),
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

/// A job as a scenario configures it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobConfig {
    /// Its operators; the graph's name is the job's.
    pub graph: JobGraph,
    /// Periodic checkpoints and the limits of all.
    pub checkpoint: CheckpointConfig,
    /// What happens when a task fails; by default what the release says.
    pub restart: Option<RestartStrategy>,
    /// What restarts with it; by default what the release says.
    pub failover: Option<Failover>,
    /// The plan of the graph, once it was asked for.
    pub planned: Planned,
}

impl JobConfig {
    /// What happens when a task of it fails, under these rules.
    pub fn restart_under(&self, rules: &Rules) -> RestartStrategy {
        self.restart.unwrap_or_else(|| RestartStrategy::unconfigured(&self.checkpoint, rules))
    }
}

/// One step of the story. Fires once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// When.
    pub trigger: Trigger,
    /// What.
    pub action: Action,
    /// Where the savepoint goes that it asks for, if not to the directory of the cluster.
    pub to: Option<String>,
    /// If set, the step must be refused with a message that contains this.
    pub refused: Option<String>,
    /// If set, a refused step is tried again after this long, as a patient client would; it cannot be `refused` then.
    pub retry: Option<SimTime>,
    /// The line in the file, from 1; 0 for a drawn scenario. Never compared.
    pub line: Line,
}

/// A line number that takes no part in comparisons.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line(pub u32);

impl PartialEq for Line {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}
impl Eq for Line {}

/// When a step fires.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// At a virtual time.
    At(SimTime),
    /// At the first moment something happens after the world began, plus a delay.
    When(Milestone, SimTime),
}

/// Something that happens in a run. `job` is the job it must happen to; by default the scenario's first job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Milestone {
    /// The checkpoint was triggered.
    Triggered {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The task drew its snapshot (window W1 opens).
    Snapshot {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The task's snapshot is durable (W2 opens).
    Durable {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The task sent its ack (W3 opens).
    AckSent {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The coordinator handled the task's ack.
    Acked {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The metadata is durable, nobody has been told (W5, W6 open).
    MetadataWritten {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The store that survives the job manager points to it, nobody has been told (W5, W6); only with high availability.
    PointerStored {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The checkpoint completed; notifications are on their way.
    Completed {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which job.
        job: String,
    },
    /// The task handled the notification (W7 closes).
    Notified {
        /// Which checkpoint id.
        checkpoint: u64,
        /// Which task.
        by: TaskName,
    },
    /// The job's tasks were restored from a checkpoint and all run (W9 opens).
    Restored {
        /// Which job.
        job: String,
    },
    /// All inputs of the task have ended.
    DataEnded {
        /// Which task.
        by: TaskName,
    },
    /// A savepoint of this label was stored.
    Savepoint {
        /// Its label.
        label: String,
    },
    /// The job reached a state.
    Status {
        /// Which job.
        job: String,
        /// Which state.
        status: JobStatus,
    },
}

/// A subtask as a scenario names it: `counts/1`, or `count:counts/1` where the job must be told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskName {
    /// The job.
    pub job: String,
    /// An operator of the chain that the task runs.
    pub operator: String,
    /// The subtask, from 0.
    pub subtask: u32,
}

impl TaskName {
    /// As a file names it: `counts/1`, with its job in front where that is not the `first` of the file.
    pub fn text(&self, first: &str) -> String {
        let Self { job, operator, subtask } = self;
        if job == first {
            format!("{operator}/{subtask}")
        } else {
            format!("{job}:{operator}/{subtask}")
        }
    }
}

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Submits a job.
    Run {
        /// Which job.
        job: String,
        /// The label of the savepoint to start from.
        from: Option<String>,
        /// Whether state that no operator takes may be dropped.
        allow_non_restored: bool,
        /// Who owns that snapshot from then on.
        claim: ClaimMode,
    },
    /// Takes a savepoint.
    Savepoint {
        /// Of which job: its newest run.
        job: String,
        /// The label it is known by in the scenario.
        label: String,
        /// Whether it is in the format of the state backend, and not in that of all.
        native: bool,
    },
    /// Cancels a job.
    Cancel {
        /// Which job: its newest run.
        job: String,
        /// Takes a savepoint under this label first, and cancels only if it succeeds.
        with_savepoint: Option<String>,
        /// Whether that is in the format of the state backend.
        native: bool,
    },
    /// Stops a job with a savepoint.
    Stop {
        /// Which job: its newest run.
        job: String,
        /// Whether its data ends before the barrier, so that operators emit what they hold back.
        drain: bool,
        /// The label of the savepoint.
        label: String,
        /// Whether it is in the format of the state backend.
        native: bool,
    },
    /// Takes a checkpoint.
    Checkpoint {
        /// Of which job: its newest run.
        job: String,
        /// The label it is known by in the scenario. A job can start from it as long as it is kept.
        label: String,
    },
    /// Lets the user's code throw in the next calls that fit.
    Fail(Failing),
    /// Gives a subtask something to do that takes this long; for ever by default. Meanwhile it takes nothing in.
    Block {
        /// Which subtask.
        task: TaskName,
        /// For how long.
        span: Option<SimTime>,
    },
    /// Ends what keeps a subtask busy.
    Unblock(TaskName),
    /// Crashes a subtask.
    Kill(TaskName),
    /// Kills a task manager, by number from 0, with every subtask on it.
    KillTaskManager(u16),
    /// Cuts a task manager, by number from 0, off from the job manager for so long. What they send each other arrives
    /// when it is over. Data between task managers, storage and external systems are not cut off.
    Partition(u16, SimTime),
    /// Kills the job manager; without high availability its jobs are lost.
    KillJobManager,
    /// Has the jobs listed that run or restart; changes nothing.
    List,
    /// Lets the next writes that fit go wrong.
    Storage(StorageFailing),
    /// Shuts the cluster down and starts it under another release. Jobs that are not over are lost; savepoints stay.
    Upgrade(Release),
    /// Does something with the files of a savepoint or checkpoint.
    Files(FileAction),
    /// Loses the next message that fits.
    Lose(Aim),
    /// Delays the next message that fits by this much.
    Delay(Aim, SimTime),
    /// Has the next message that fits arrive twice, so long after each other.
    Repeat(Aim, SimTime),
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
    pub told: Told,
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
