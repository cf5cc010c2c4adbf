//! An event in words: whom it happened to, and what it was.

mod checkpoint;
mod job;
mod milestone;
mod task;
mod transaction;
mod world;

use super::names::Names;
use crate::job::RunId;
use crate::scenario::{
    Action, Aim, Block, Cancel, Damage, DisturbedWrite, FileAction, Partition, Run, Step, Stop,
    StorageFailing, TakeCheckpoint, TakeSavepoint, TaskName,
};
use crate::trace::{Message, SourcePosition, StorageFault, TraceEvent};
pub use milestone::never_in_words;

/// An event in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// The run it belongs to, if it belongs to one.
    pub(super) run: Option<RunId>,
    /// A task, a sink, or who else.
    pub(super) who: String,
    /// What happened.
    pub(super) what: String,
}

/// What an event says, for people.
pub(super) fn in_words(event: &TraceEvent, names: &Names) -> Line {
    match event {
        TraceEvent::Job(run, event) => job::line(*run, event, names),
        TraceEvent::Checkpoint(run, checkpoint, event) => {
            checkpoint::line((*run, *checkpoint), event, names)
        }
        TraceEvent::Task(task, attempt, event) => task::line((*task, *attempt), event, names),
        TraceEvent::Transaction { external, transaction, event, task, .. } => {
            transaction::line((*external, *transaction), *task, event, names)
        }
        TraceEvent::World(event) => world::line(event, names),
    }
}

/// What a step does: `kill counts/2`.
pub fn step_in_words(step: &Step) -> String {
    match &step.action {
        Action::Run(run) => run_in_words(run),
        Action::Savepoint(TakeSavepoint { job, label, .. }) => {
            format!("savepoint of {job} as `{label}`")
        }
        Action::Cancel(Cancel { job, with_savepoint: None, .. }) => format!("cancel {job}"),
        Action::Cancel(Cancel { job, with_savepoint: Some(label), .. }) => {
            format!("cancel {job} with savepoint `{label}`")
        }
        Action::Stop(Stop { job, drain: false, label, .. }) => {
            format!("stop {job} with savepoint `{label}`")
        }
        Action::Stop(Stop { job, drain: true, label, .. }) => {
            format!("drain and stop {job} with savepoint `{label}`")
        }
        Action::Checkpoint(TakeCheckpoint { job, label }) => {
            format!("checkpoint of {job} as `{label}`")
        }
        Action::Fail(failing) => format!("let {} throw", subtask(&failing.task)),
        Action::Block(Block { task, span: None }) => format!("block {}", subtask(task)),
        Action::Block(Block { task, span: Some(span) }) => {
            format!("block {} for {span}", subtask(task))
        }
        Action::Unblock(task) => format!("unblock {}", subtask(task)),
        Action::Kill(task) => format!("kill {}", subtask(task)),
        Action::KillTaskManager(number) => format!("kill task manager {number}"),
        Action::Partition(Partition { task_manager, span }) => {
            format!("cut task manager {task_manager} off for {span}")
        }
        Action::KillJobManager => "kill the job manager".to_owned(),
        Action::List => "list jobs".to_owned(),
        Action::Upgrade(release) => format!("start the cluster again under Flink {release}"),
        Action::Files(action) => files_in_words(action),
        Action::Storage(failing) => storage_in_words(failing),
        Action::Lose(aim) => format!("lose {}", aimed(aim)),
        Action::Delay(aim, by) => format!("delay {} by {by}", aimed(aim)),
        Action::Repeat(aim, after) => format!("repeat {} after {after}", aimed(aim)),
    }
}

fn run_in_words(run: &Run) -> String {
    let job = &run.job;
    let from = match (&run.from, &run.path) {
        (None, None) => return format!("run {job}"),
        (Some(label), _) => format!("from savepoint `{label}`"),
        (None, Some(path)) => format!("from the path `{path}`"),
    };
    let dropping = if run.allow_non_restored { ", dropping state that nobody takes" } else { "" };
    format!("run {job} {from}{dropping}")
}

fn files_in_words(action: &FileAction) -> String {
    let label = action.savepoint();
    match action {
        FileAction::Move(files) => format!("move `{label}` to {}", files.to),
        FileAction::Copy(copy) => format!("copy `{label}` to {} as `{}`", copy.to, copy.label),
        FileAction::Delete(files) => format!("delete the {} of `{label}`", files.what.in_words()),
        FileAction::Damage(damage) => damage_in_words(label, &damage.how),
        FileAction::Dispose(_) => format!("dispose of `{label}`"),
        FileAction::RewritePaths(_) => format!("rewrite the paths in `{label}`"),
    }
}

pub(super) fn damage_in_words(label: &str, how: &Damage) -> String {
    let metadata = format!("the metadata of `{label}`");
    match how {
        Damage::Truncate(bytes) => format!("cut {bytes} bytes off {metadata}"),
        Damage::Append(bytes) => format!("append {bytes} bytes to {metadata}"),
        Damage::Flip(at) => format!("flip byte {at} of {metadata}"),
        Damage::Magic => format!("change the magic number of {metadata}"),
        Damage::Version(version) => format!("write version {version} into {metadata}"),
        Damage::Overwrite(_) => format!("write a text over {metadata}"),
    }
}

fn storage_in_words(failing: &StorageFailing) -> String {
    let what = match &failing.write {
        DisturbedWrite::State(task) => format!("snapshot of {}", subtask(task)),
        DisturbedWrite::Metadata(job) => format!("metadata of {job}"),
        DisturbedWrite::Pointer(job) => format!("pointer of {job}"),
        DisturbedWrite::Folder(job) => format!("folder of {job}"),
    };
    let of = failing.checkpoint.map_or_else(String::new, |id| format!(" for checkpoint {id}"));
    format!("let the next {what}{of} be {}", fault_name(failing.fault))
}

const fn fault_name(fault: StorageFault) -> &'static str {
    match fault {
        StorageFault::Refused => "refused",
        StorageFault::Torn => "torn",
        StorageFault::Lost => "lost",
        StorageFault::ReplyLost => "written, but the reply lost",
    }
}

fn subtask(task: &TaskName) -> String {
    format!("{}/{}", task.operator, task.subtask)
}

fn aimed(aim: &Aim) -> String {
    let of = aim.checkpoint.map_or_else(String::new, |id| format!(" for checkpoint {id}"));
    format!("the next {} of {}{of}", message_name(aim.message), subtask(&aim.task))
}

const fn message_name(message: Message) -> &'static str {
    match message {
        Message::Deploy => "deployment",
        Message::Cancel => "cancellation",
        Message::Trigger => "trigger",
        Message::Ack => "ack",
        Message::Decline => "decline",
        Message::NotifyComplete => "notification of completion",
        Message::NotifyAborted => "notification of abortion",
        Message::Status => "status",
        Message::Split => "split",
        Message::ReaderEvent => "reader event",
    }
}

fn splits_text(splits: &[SourcePosition], names: &Names) -> String {
    let split = |split: &SourcePosition| {
        format!("{}[{}] from {}", names.input(split.input.index()), split.partition, split.next)
    };
    let splits: Vec<_> = splits.iter().map(split).collect();
    if splits.is_empty() { "no split".to_owned() } else { splits.join(", ") }
}
