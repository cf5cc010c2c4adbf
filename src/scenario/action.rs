//! What steps do. Each action is declared here, with how a file spells it; what it does to the world is the cluster's.

use super::Mistake;
use super::files::{
    CopyFiles, CopyText, DamageMetadata, DamageText, DeleteFiles, DeleteText, Dispose, DisposeText,
    FileAction, MoveFiles, MoveText, RewritePaths, RewriteText,
};
use super::job_config::TaskName;
use super::language::{one_key, text_table};
use super::text::layout::{Table, quoted, word};
use super::text::release;
use super::text::settings::Named;
use super::text::spelling::{
    Flag, Format, Job, Jobs, Length, Native, NewLabel, Optional, Path, Pointer, Span, Spelling,
    Story, Task, TaskManager, TypedPath, Usual, Yes, key, table,
};
use super::trouble::{
    Aim, AimText, FailText, Failing, StorageFailing, StorageText, aim, aim_text, by, failing,
    storage, storage_text,
};
use crate::job::ClaimMode;
use crate::kernel::SimTime;
use crate::rules::Release;

use serde::Deserialize;
use toml::Spanned;

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Submits a job.
    Run(Run),
    /// Takes a savepoint.
    Savepoint(TakeSavepoint),
    /// Cancels a job.
    Cancel(Cancel),
    /// Stops a job with a savepoint.
    Stop(Stop),
    /// Takes a checkpoint.
    Checkpoint(TakeCheckpoint),
    /// Lets the user's code throw in the next calls that fit.
    Fail(Failing),
    /// Keeps a subtask busy. Meanwhile it takes nothing in.
    Block(Block),
    /// Ends what keeps a subtask busy.
    Unblock(TaskName),
    /// Crashes a subtask.
    Kill(TaskName),
    /// Kills a task manager, by number from 0, with every subtask on it.
    KillTaskManager(u16),
    /// Cuts a task manager off from the job manager. What they send each other arrives when it is over. Data between task
    /// managers, storage and external systems are not cut off.
    Partition(Partition),
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

/// `run = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Which job.
    pub job: String,
    /// The label of the savepoint to start from.
    pub from: Option<String>,
    /// The path to start from, in place of a label.
    pub path: Option<String>,
    /// Whether state that no operator takes may be dropped.
    pub allow_non_restored: bool,
    /// Who owns that snapshot from then on.
    pub claim: ClaimMode,
}
table!("`run`":
    /// Submits a job. A file whose steps run its first job does not start that at 0. What has run can be run again.
    RunText => Run {
        /// Which job; the only one need not be named.
        /// e.g. `"count"`
        job: Job,
        /// What it starts from: the label of a snapshot, or `JOB@3`, `JOB@newest` of what was saved of a job or is there of its checkpoints, `JOB@retained` of the latter alone.
        /// Flink: `-s`, `--fromSavepoint`, `execution.state-recovery.path`
        /// e.g. `"first"`
        from: Optional<Pointer>,
        /// What it starts from by a path, as a user types it: of a snapshot's folder or of the metadata file in it, wherever it lies by now. It may lead to nothing.
        /// Flink: `-s`, `--fromSavepoint`, `execution.state-recovery.path`
        /// e.g. `"archive/first"`
        path as "from-path": Optional<TypedPath>,
        /// Whether state that no operator takes may be dropped.
        /// Flink: `-n`, `--allowNonRestoredState`
        /// Usual: `false`
        /// e.g. `true`
        allow_non_restored as "allow-non-restored-state": Flag,
        /// Who owns that snapshot from then on.
        /// Flink: `-claim`, `-rm`, `execution.state-recovery.claim-mode`, `-restoreMode`
        /// Usual: `"no-claim"`
        /// e.g. `"claim"`
        claim: Usual<ClaimMode>,
    }
);

/// `savepoint = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakeSavepoint {
    /// Of which job: its newest run.
    pub job: String,
    /// The label it is known by in the scenario.
    pub label: String,
    /// Where it goes, if not to the directory of the cluster.
    pub to: Option<String>,
    /// Whether it is in the format of the state backend, and not in that of all.
    pub native: bool,
}
table!("`savepoint`":
    /// Takes a savepoint.
    /// e.g. `{ as = "first" }`
    SavepointText => TakeSavepoint {
        /// Of which job: its newest run. The only one need not be named.
        /// e.g. `"count"`
        job: Job,
        /// The label that the scenario knows it by.
        /// e.g. `"first"`
        label as "as": NewLabel,
        /// Where it goes, if not to the directory of the cluster.
        /// Flink: `targetDirectory`
        /// e.g. `"archive/first"`
        to: Optional<Path>,
        /// In which format state is written.
        /// Flink: `--type`, `-type`
        /// Usual: `"canonical"`
        /// e.g. `"native"`
        native as "format": Native,
    }
);

/// `cancel = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cancel {
    /// Which job: its newest run.
    pub job: String,
    /// Takes a savepoint under this label first, and cancels only if it succeeds.
    pub with_savepoint: Option<String>,
    /// Where that goes, if not to the directory of the cluster.
    pub to: Option<String>,
    /// Whether it is in the format of the state backend.
    pub native: bool,
}

/// `stop = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    /// Which job: its newest run.
    pub job: String,
    /// Whether its data ends before the barrier, so that operators emit what they hold back.
    pub drain: bool,
    /// The label of the savepoint.
    pub label: String,
    /// Where it goes, if not to the directory of the cluster.
    pub to: Option<String>,
    /// Whether it is in the format of the state backend.
    pub native: bool,
}
table!("`stop`":
    /// Stops a job with a savepoint.
    /// e.g. `{ as = "last" }`
    StopText => Stop {
        /// Which job: its newest run. The only one need not be named.
        /// e.g. `"count"`
        job: Job,
        /// Whether its data end before the barrier, so that operators emit what they hold back.
        /// Flink: `--drain`, `-d`
        /// Usual: `false`
        /// e.g. `true`
        drain: Flag,
        /// The label that the scenario knows the savepoint by.
        /// e.g. `"last"`
        label as "as": NewLabel,
        /// Where it goes, if not to the directory of the cluster.
        /// Flink: `--savepointPath`, `-p`
        /// e.g. `"archive/last"`
        to: Optional<Path>,
        /// In which format state is written.
        /// Usual: `"canonical"`
        /// e.g. `"native"`
        native as "format": Native,
    }
);

/// `checkpoint = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakeCheckpoint {
    /// Of which job: its newest run.
    pub job: String,
    /// The label it is known by in the scenario. A job can start from it as long as it is kept.
    pub label: String,
}

/// `block = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Which subtask.
    pub task: TaskName,
    /// For how long; for ever by default.
    pub span: Option<SimTime>,
}
table!("`block`":
    /// Keeps a task busy. Meanwhile it takes nothing in.
    /// e.g. `{ task = "counts/1", for = "3s" }`
    BlockText => Block {
        /// Which task.
        /// e.g. `"counts/1"`
        task: Task,
        /// For how long; without it, until it is unblocked.
        /// e.g. `"3s"`
        span as "for": Optional<Span>,
    }
);

/// `partition = { … }`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partition {
    /// Which task manager, by number from 0.
    pub task_manager: u16,
    /// For how long.
    pub span: SimTime,
}
table!("`partition` of the network":
    /// Cuts a task manager off from the job manager. What they send each other arrives when it is over; data between task
    /// managers, storage and external systems are not cut off.
    /// e.g. `{ task-manager = 0, for = "5s" }`
    PartitionText => Partition {
        /// Which task manager, by number from 0.
        /// e.g. `0`
        task_manager: TaskManager,
        /// For how long.
        /// e.g. `"5s"`
        span as "for": Length,
    }
);

impl Action {
    /// Whether it submits this job.
    pub fn runs(&self, job: &str) -> bool {
        matches!(self, Self::Run(run) if run.job == job)
    }

    /// The job that it asks something of; none where a job is submitted, or none is asked.
    pub fn asked(&self) -> Option<&str> {
        if let Self::Savepoint(TakeSavepoint { job, .. })
        | Self::Cancel(Cancel { job, .. })
        | Self::Stop(Stop { job, .. })
        | Self::Checkpoint(TakeCheckpoint { job, .. })
        | Self::Fail(Failing { task: TaskName { job, .. }, .. })
        | Self::Block(Block { task: TaskName { job, .. }, .. })
        | Self::Unblock(TaskName { job, .. })
        | Self::Kill(TaskName { job, .. }) = self
        {
            Some(job)
        } else {
            None
        }
    }

    /// The label that it gives to a snapshot, if it makes one.
    pub fn label(&self) -> Option<&str> {
        if let Self::Savepoint(TakeSavepoint { label, .. })
        | Self::Stop(Stop { label, .. })
        | Self::Checkpoint(TakeCheckpoint { label, .. })
        | Self::Cancel(Cancel { with_savepoint: Some(label), .. })
        | Self::Files(FileAction::Copy(CopyFiles { label, .. })) = self
        {
            Some(label)
        } else {
            None
        }
    }

    /// Where the savepoint goes that it asks for, if it says so.
    pub fn target(&self) -> Option<&str> {
        if let Self::Savepoint(TakeSavepoint { to, .. })
        | Self::Stop(Stop { to, .. })
        | Self::Cancel(Cancel { to, .. }) = self
        {
            to.as_deref()
        } else {
            None
        }
    }

    /// Whether it says where files of snapshots go, or that they go.
    pub fn places_files(&self) -> bool {
        self.target().is_some() || matches!(self, Self::Files(_))
    }
}

one_key!("`do`":
    /// What a step does: exactly one of these.
    /// e.g. `{ kill = "counts/1" }`
    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum ActionText {
        /// Submits a job.
        /// e.g. `{ job = "count-wider", from = "first" }`
        Run(RunText),
        /// Takes a savepoint.
        Savepoint(SavepointText),
        /// Cancels a job, with a savepoint or without.
        /// e.g. `{ with-savepoint = true, as = "last" }`
        /// Flink: `cancel-with-savepoint`
        Cancel(CancelText),
        /// Stops a job with a savepoint: its sources end, what was prepared is committed.
        /// Flink: `stop-with-savepoint`
        Stop(StopText),
        /// Takes a checkpoint that has a label, so that a job can start from it as long as it is kept.
        Checkpoint(TakeCheckpointText),
        /// Lets the user's code throw in the next calls that fit.
        /// Flink: `throw`
        Fail(FailText),
        /// Keeps a task busy. Meanwhile it takes nothing in.
        Block(BlockText),
        /// Ends what keeps a task busy.
        /// e.g. `"counts/1"`
        Unblock(Spanned<String>),
        /// Crashes a task.
        /// e.g. `"counts/1"`
        /// Flink: `crash`
        Kill(Spanned<String>),
        /// Kills a task manager, by number from 0, with every task on it.
        /// e.g. `0`
        KillTaskManager(Spanned<u16>),
        /// Cuts a task manager off from the job manager.
        Partition(PartitionText),
        /// Kills the job manager. Without high availability its jobs are lost.
        KillJobManager(Spanned<bool>),
        /// Has the jobs listed that run or restart; changes nothing.
        List(Spanned<bool>),
        /// Lets the next writes that fit go wrong.
        Storage(StorageText),
        /// Shuts the cluster down and starts it under another release. Jobs that are not over are lost; savepoints stay.
        /// e.g. `"2.x"`
        Upgrade(Spanned<String>),
        /// Moves, and perhaps renames, a snapshot. The label goes with it.
        Move(MoveText),
        /// Copies a snapshot; the copy has a label of its own.
        Copy(CopyText),
        /// Deletes files of a snapshot by hand.
        Delete(DeleteText),
        /// Changes bytes of the metadata file of a snapshot.
        Damage(DamageText),
        /// Has the system dispose of a snapshot.
        Dispose(DisposeText),
        /// Changes the paths in the metadata of a snapshot to where its data lie now.
        RewritePaths(RewriteText),
        /// Loses the next message that fits.
        Lose(AimText),
        /// Delays the next message that fits.
        /// e.g. `{ ack = "counts/1", checkpoint = 3, by = "2s" }`
        Delay(AimText),
        /// Has the next message that fits arrive twice.
        /// e.g. `{ ack = "counts/1", by = "2s" }`
        Repeat(AimText),
    }
);

text_table!("`cancel`":
    /// Cancels a job, with a savepoint or without.
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct CancelText {
        /// Which job: its newest run. The only one need not be named.
        /// e.g. `"count"`
        job: Option<Spanned<String>>,
        /// Whether a savepoint is taken first; the job is canceled only if that succeeds.
        /// Flink: `-s`, `--withSavepoint`
        /// Usual: `false`
        /// e.g. `true`
        with_savepoint: Option<bool>,
        /// The label that the scenario knows the savepoint by.
        /// e.g. `"last"`
        #[serde(rename = "as")]
        label: Option<Spanned<String>>,
        /// Where it goes, if not to the directory of the cluster.
        /// e.g. `"archive/last"`
        to: Option<Spanned<String>>,
        /// In which format state is written.
        /// Usual: `"canonical"`
        /// e.g. `"native"`
        format: Option<Spanned<Named<Format>>>,
    }
);

text_table!("`checkpoint` as a step":
    /// Takes a checkpoint. What a savepoint can be told besides is refused.
    /// e.g. `{ as = "kept" }`
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct TakeCheckpointText {
        /// Of which job: its newest run. The only one need not be named.
        /// e.g. `"count"`
        job: Option<Spanned<String>>,
        /// The label that the scenario knows it by.
        /// e.g. `"kept"`
        #[serde(rename = "as")]
        label: Spanned<String>,
        /// Refused: a checkpoint goes to the directory of checkpoints.
        to: Option<Spanned<String>>,
        /// Refused: a checkpoint is always native.
        format: Option<Spanned<Named<Format>>>,
    }
);

impl ActionText {
    /// The label that the step gives to a snapshot, if it makes one.
    pub(super) fn label(&self) -> Option<&Spanned<String>> {
        if let Self::Savepoint(SavepointText { label, .. })
        | Self::Checkpoint(TakeCheckpointText { label, .. })
        | Self::Stop(StopText { label, .. })
        | Self::Cancel(CancelText { label: Some(label), .. })
        | Self::Copy(CopyText { label, .. }) = self
        {
            Some(label)
        } else {
            None
        }
    }
}

impl Spelling for Action {
    type Value = Self;
    type Text = ActionText;

    fn read(text: ActionText, story: &Story<'_>) -> Result<Self, Mistake> {
        use ActionText as T;
        Ok(match text {
            T::Run(RunText { from: Some(_), path: Some(_), .. }) => {
                let help = "keep `from` or `from-path`";
                return story.wrong("a job starts from one snapshot", help);
            }
            T::Run(text) => Self::Run(Run::read(text, story)?),
            T::Savepoint(text) => Self::Savepoint(TakeSavepoint::read(text, story)?),
            T::Cancel(text) => Self::Cancel(cancel(text, story)?),
            T::Stop(text) => Self::Stop(Stop::read(text, story)?),
            T::Checkpoint(text) => Self::Checkpoint(checkpoint(text, story)?),
            T::Fail(text) => Self::Fail(failing(text, story)?),
            T::Block(text) => Self::Block(Block::read(text, story)?),
            T::Unblock(task) => Self::Unblock(Task::read(task, story)?),
            T::Kill(task) => Self::Kill(Task::read(task, story)?),
            T::KillTaskManager(number) => Self::KillTaskManager(TaskManager::read(number, story)?),
            T::Partition(text) => Self::Partition(Partition::read(text, story)?),
            T::KillJobManager(yes) => Yes::read(yes, story).map(|()| Self::KillJobManager)?,
            T::List(yes) => Yes::read(yes, story).map(|()| Self::List)?,
            T::Storage(text) => Self::Storage(storage(text, story)?),
            T::Upgrade(to) => {
                Self::Upgrade(release::release(story.source, "upgrade", &to.span(), to.get_ref())?)
            }
            T::Move(text) => Self::Files(FileAction::Move(MoveFiles::read(text, story)?)),
            T::Copy(text) => Self::Files(FileAction::Copy(CopyFiles::read(text, story)?)),
            T::Delete(text) => Self::Files(FileAction::Delete(DeleteFiles::read(text, story)?)),
            T::Damage(text) => Self::Files(FileAction::Damage(DamageMetadata::read(text, story)?)),
            T::Dispose(text) => Self::Files(FileAction::Dispose(Dispose::read(text, story)?)),
            T::RewritePaths(text) => {
                Self::Files(FileAction::RewritePaths(RewritePaths::read(text, story)?))
            }
            T::Lose(AimText { by: Some(_), .. }) => {
                let help = "say `delay`, or leave `by` out";
                return story.wrong("a lost message is not delayed", help);
            }
            T::Lose(text) => Self::Lose(aim(&text, story)?),
            T::Delay(AimText { by: None, .. }) => {
                return story.wrong("`delay` does not say by how much", "add `by = \"2s\"`");
            }
            T::Delay(text) => Self::Delay(aim(&text, story)?, by(&text)),
            T::Repeat(AimText { by: None, .. }) => {
                return story.wrong("`repeat` does not say after how long", "add `by = \"2s\"`");
            }
            T::Repeat(text) => Self::Repeat(aim(&text, story)?, by(&text)),
        })
    }

    fn write(action: &Self, jobs: &Jobs<'_>) -> Option<String> {
        let (word, value) = match action {
            Self::Run(run) => ("run", Run::write(run, jobs)),
            Self::Savepoint(savepoint) => ("savepoint", TakeSavepoint::write(savepoint, jobs)),
            Self::Cancel(cancel) => ("cancel", cancel_text(cancel, jobs)),
            Self::Stop(stop) => ("stop", Stop::write(stop, jobs)),
            Self::Checkpoint(TakeCheckpoint { job, label }) => {
                let mut table = Table::default();
                table.put_some("job", Job::write(job, jobs)).put("as", quoted(label));
                ("checkpoint", Some(table.inline()))
            }
            Self::Fail(failing) => ("fail", Failing::write(failing, jobs)),
            Self::Block(block) => ("block", Block::write(block, jobs)),
            Self::Unblock(task) => ("unblock", Task::write(task, jobs)),
            Self::Kill(task) => ("kill", Task::write(task, jobs)),
            Self::KillTaskManager(number) => {
                ("kill-task-manager", TaskManager::write(number, jobs))
            }
            Self::Partition(partition) => ("partition", Partition::write(partition, jobs)),
            Self::KillJobManager => ("kill-job-manager", Yes::write(&(), jobs)),
            Self::List => ("list", Yes::write(&(), jobs)),
            Self::Storage(failing) => ("storage", Some(storage_text(failing, jobs))),
            Self::Upgrade(release) => ("upgrade", Some(word(release))),
            Self::Files(FileAction::Move(files)) => ("move", MoveFiles::write(files, jobs)),
            Self::Files(FileAction::Copy(files)) => ("copy", CopyFiles::write(files, jobs)),
            Self::Files(FileAction::Delete(files)) => ("delete", DeleteFiles::write(files, jobs)),
            Self::Files(FileAction::Damage(files)) => {
                ("damage", DamageMetadata::write(files, jobs))
            }
            Self::Files(FileAction::Dispose(files)) => ("dispose", Dispose::write(files, jobs)),
            Self::Files(FileAction::RewritePaths(files)) => {
                ("rewrite-paths", RewritePaths::write(files, jobs))
            }
            Self::Lose(aim) => ("lose", Some(aim_text(aim, None, jobs))),
            Self::Delay(aim, by) => ("delay", Some(aim_text(aim, Some(by), jobs))),
            Self::Repeat(aim, by) => ("repeat", Some(aim_text(aim, Some(by), jobs))),
        };
        Some(Table::one(word, value.expect("a step says what it does to whom")))
    }
}

fn cancel(text: CancelText, story: &Story<'_>) -> Result<Cancel, Mistake> {
    let job = Job::read(text.job, story)?;
    let with_savepoint = text.with_savepoint.unwrap_or(false);
    if let Some(to) = text.to.as_ref().filter(|_| !with_savepoint) {
        return story.no_target(to, "a cancel without a savepoint");
    }
    if text.format.is_some() && !with_savepoint {
        return story.wrong("`cancel` has a format but takes no savepoint", "leave it out");
    }
    let with_savepoint = match (with_savepoint, text.label) {
        (true, Some(label)) => Some(label.into_inner()),
        (false, None) => None,
        (true, None) => {
            return story.wrong("the savepoint of `cancel` has no label", "add `as = LABEL`");
        }
        (false, Some(_)) => {
            let help = "add `with-savepoint = true`";
            return story.wrong("`cancel` has a label but takes no savepoint", help);
        }
    };
    let to = Optional::<Path>::read(text.to, story)?;
    Ok(Cancel { job, with_savepoint, to, native: Native::read(text.format, story)? })
}

fn cancel_text(cancel: &Cancel, jobs: &Jobs<'_>) -> Option<String> {
    let label = &cancel.with_savepoint;
    let mut table = Table::default();
    table
        .put_some("job", Job::write(&cancel.job, jobs))
        .put_if(label.is_some(), "with-savepoint", true)
        .put_some("as", label.as_ref().map(quoted))
        .put_some("to", cancel.to.as_ref().map(quoted))
        .put_some("format", Native::write(&cancel.native, jobs));
    Some(table.inline())
}

fn checkpoint(text: TakeCheckpointText, story: &Story<'_>) -> Result<TakeCheckpoint, Mistake> {
    if let Some(to) = &text.to {
        return story.no_target(to, "a checkpoint");
    }
    if let Some(format) = text.format {
        let message = "a checkpoint has no `format`: it is always native";
        return Err(story.source.error_with(&format.span(), message, "leave it out"));
    }
    Ok(TakeCheckpoint { job: Job::read(text.job, story)?, label: text.label.into_inner() })
}
