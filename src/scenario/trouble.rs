//! Words for what goes wrong: calls that throw, writes that storage does otherwise, and messages that a fault aims at.

use super::Mistake;
use super::job_config::TaskName;
use super::language::text_table;
use super::text::layout::{Table, quoted, word};
use super::text::settings::{Named, Setting};
use super::text::spelling::{
    Checkpoint, Choice, Jobs, Optional, Span, Spelling, Story, Task, Times, key, table,
};
use crate::documented::documented;
use crate::kernel::SimTime;
use crate::trace::{Message, StorageFault};
use serde::Deserialize;
use toml::Spanned;

/// A call of an operator in which the user's code throws.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failing {
    /// Of which operator and subtask.
    pub task: TaskName,
    /// In which call.
    pub call: FailingCall,
    /// About which checkpoint; any by default.
    pub checkpoint: Option<u64>,
    /// How many times, 1 or more.
    pub times: u32,
}

documented! {
    /// A call that can throw.
    #[derive(
        Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
    )]
    #[serde(rename_all = "kebab-case")]
    pub enum FailingCall {
        /// With the next record, of whichever operator of the task.
        Process,
        /// When its state is drawn: the task fails.
        Snapshot,
        /// After its state was drawn, before it is durable: the checkpoint is declined and the task goes on.
        AsyncSnapshot,
        /// When it hears that a checkpoint completed.
        NotifyComplete,
        /// When it hears that a checkpoint is off.
        NotifyAborted,
        /// When its state is restored.
        Initialize,
        /// When it starts.
        Open,
        /// Before a barrier is sent on.
        PrepareSnapshot,
        /// When its inputs have ended.
        Finish,
        /// When its task ends.
        Close,
    }
}

impl FailingCall {
    /// Whether the call is about a checkpoint.
    pub const fn is_about_checkpoint(self) -> bool {
        match self {
            Self::Snapshot
            | Self::AsyncSnapshot
            | Self::NotifyComplete
            | Self::NotifyAborted
            | Self::PrepareSnapshot => true,
            Self::Process | Self::Initialize | Self::Open | Self::Finish | Self::Close => false,
        }
    }
}

/// Writes to durable storage that go wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StorageFailing {
    /// Of what.
    pub write: DisturbedWrite,
    /// What storage does instead.
    pub fault: StorageFault,
    /// Of which checkpoint; any by default.
    pub checkpoint: Option<u64>,
    /// How many times, 1 or more.
    pub times: u32,
}

/// Which write a fault of storage aims at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DisturbedWrite {
    /// A subtask's snapshot.
    State(TaskName),
    /// The metadata of a job's checkpoint.
    Metadata(String),
    /// The pointer to it in the store that survives the job manager.
    Pointer(String),
    /// The folder that a job's checkpoint is to be written into.
    Folder(String),
}

/// Which message a fault aims at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aim {
    /// What kind of message: trigger, ack, decline, notify-complete, notify-aborted.
    pub message: Message,
    /// To or from which task.
    pub task: TaskName,
    /// About which checkpoint; any by default.
    pub checkpoint: Option<u64>,
}

table!("`fail`":
    /// Lets the user's code throw in the next calls that fit.
    /// e.g. `{ task = "counts/1", in = "snapshot" }`
    FailText => Failing {
        /// In which task.
        /// e.g. `"counts/1"`
        task: Task,
        /// In which call.
        /// e.g. `"snapshot"`
        call as "in": Choice<FailingCall>,
        /// Of which checkpoint; without it, of any.
        /// e.g. `3`
        checkpoint: Optional<Checkpoint>,
        /// How many times.
        /// Usual: `1`
        /// e.g. `2`
        times: Times,
    }
);

text_table!("`storage`":
    /// Lets the next writes that fit go wrong. Exactly one of `state`, `metadata`, `pointer` and `folder` says which.
    /// e.g. `{ state = "counts/1", fault = "refused" }`
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct StorageText {
        /// Writes of state by this task.
        /// e.g. `"counts/1"`
        state: Option<Spanned<String>>,
        /// Writes of the metadata of this job's snapshots.
        /// e.g. `"count"`
        metadata: Option<Spanned<String>>,
        /// Writes of pointers to this job's checkpoints; only with high availability.
        /// e.g. `"count"`
        pointer: Option<Spanned<String>>,
        /// The making of folders for this job's checkpoints, which can only be `refused`.
        /// e.g. `"count"`
        folder: Option<Spanned<String>>,
        /// What goes wrong.
        /// e.g. `"torn"`
        fault: Named<StorageFault>,
        /// For which checkpoint; without it, for any.
        /// e.g. `3`
        checkpoint: Option<<Checkpoint as Spelling>::Text>,
        /// How many times.
        /// Usual: `1`
        /// e.g. `2`
        times: <Times as Spelling>::Text,
    }
);

text_table!("a message":
    /// A message between job manager and task: exactly one key says which, with the task that sends or gets it.
    /// e.g. `{ ack = "counts/1", checkpoint = 3 }`
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct AimText {
        /// That it is to begin a checkpoint.
        /// e.g. `"rows/0"`
        trigger: Option<Spanned<String>>,
        /// That its snapshot is durable.
        /// e.g. `"counts/1"`
        ack: Option<Spanned<String>>,
        /// That it cannot take part.
        /// e.g. `"counts/1"`
        decline: Option<Spanned<String>>,
        /// That a checkpoint completed.
        /// e.g. `"out/0"`
        notify_complete: Option<Spanned<String>>,
        /// That a checkpoint is off.
        /// e.g. `"out/0"`
        notify_aborted: Option<Spanned<String>>,
        /// A split of its input, from the enumerator.
        /// e.g. `"rows/0"`
        split: Option<Spanned<String>>,
        /// What a source reader tells its enumerator.
        /// e.g. `"rows/0"`
        reader_event: Option<Spanned<String>>,
        /// About which checkpoint; without it, about any.
        /// e.g. `3`
        checkpoint: Option<<Checkpoint as Spelling>::Text>,
        /// By how much it is delayed, or after how long it comes again.
        /// e.g. `"2s"`
        pub(super) by: Option<<Span as Spelling>::Text>,
    }
);

/// A call that throws. Only calls that are about a checkpoint can be told apart by one.
pub(super) fn failing(text: FailText, story: &Story<'_>) -> Result<Failing, Mistake> {
    if text.checkpoint.is_some() && !text.call.value().is_about_checkpoint() {
        return story.wrong(
            "this call is not about a checkpoint",
            "leave `checkpoint` out, or fail in `snapshot`, `async-snapshot`, `prepare-snapshot` or a notification",
        );
    }
    Failing::read(text, story)
}

/// Writes that go wrong: exactly one key says which. Pointers are written only where a new job manager would look for them.
pub(super) fn storage(text: StorageText, story: &Story<'_>) -> Result<StorageFailing, Mistake> {
    let write = match (text.state, &text.metadata, &text.pointer, &text.folder) {
        (Some(task), None, None, None) => DisturbedWrite::State(Task::read(task, story)?),
        (None, Some(job), None, None) => DisturbedWrite::Metadata(story.job(job)?),
        (None, None, None, Some(job)) if text.fault.value() != StorageFault::Refused => {
            let message = "a folder is made, or refused at once";
            return Err(story.source.error_with(&job.span(), message, "use `fault = \"refused\"`"));
        }
        (None, None, None, Some(job)) => DisturbedWrite::Folder(story.job(job)?),
        (None, None, Some(job), None) if story.cluster.takeover_after.is_none() => {
            let message = "without high availability no pointer is written";
            let help = "set `high-availability = true` in `cluster`";
            return Err(story.source.error_with(&job.span(), message, help));
        }
        (None, None, Some(job), None) => DisturbedWrite::Pointer(story.job(job)?),
        (Some(_) | None, Some(_) | None, Some(_) | None, Some(_) | None) => {
            return story.wrong(
                "a fault of storage must aim at one kind of write",
                "name one: `state = TASK`, `metadata = JOB`, `pointer = JOB` or `folder = JOB`",
            );
        }
    };
    let checkpoint = Optional::<Checkpoint>::read(text.checkpoint, story)?;
    let times = Times::read(text.times, story)?;
    Ok(StorageFailing { write, fault: text.fault.value(), checkpoint, times })
}

pub(super) fn storage_text(failing: &StorageFailing, jobs: &Jobs<'_>) -> String {
    let (key, whose) = match &failing.write {
        DisturbedWrite::State(task) => ("state", Task::write(task, jobs)),
        DisturbedWrite::Metadata(job) => ("metadata", Some(quoted(job))),
        DisturbedWrite::Pointer(job) => ("pointer", Some(quoted(job))),
        DisturbedWrite::Folder(job) => ("folder", Some(quoted(job))),
    };
    let mut table = Table::default();
    table
        .put_some(key, whose)
        .put("fault", word(&failing.fault))
        .put_some("checkpoint", failing.checkpoint)
        .put_some("times", Times::write(&failing.times, jobs));
    table.inline()
}

/// The message that a fault aims at: exactly one key says it.
pub(super) fn aim(text: &AimText, story: &Story<'_>) -> Result<Aim, Mistake> {
    let aims = [
        (Message::Trigger, &text.trigger),
        (Message::Ack, &text.ack),
        (Message::Decline, &text.decline),
        (Message::NotifyComplete, &text.notify_complete),
        (Message::NotifyAborted, &text.notify_aborted),
        (Message::Split, &text.split),
        (Message::ReaderEvent, &text.reader_event),
    ];
    let mut aims = aims.into_iter().filter_map(|(message, task)| Some((message, task.as_ref()?)));
    let (Some((message, task)), None) = (aims.next(), aims.next()) else {
        return story.wrong(
            "a fault must aim at one kind of message",
            "name one: `trigger`, `ack`, `decline`, `notify-complete`, `notify-aborted`, `split` or `reader-event`",
        );
    };
    let checkpoint = Optional::<Checkpoint>::read(text.checkpoint, story)?;
    Ok(Aim { message, task: Task::read(task.clone(), story)?, checkpoint })
}

pub(super) fn by(text: &AimText) -> SimTime {
    text.by.expect("it was asked for").0
}

pub(super) fn aim_text(aim: &Aim, by: Option<&SimTime>, jobs: &Jobs<'_>) -> String {
    let mut table = Table::default();
    table
        .put_some(word(&aim.message).trim_matches('"'), Task::write(&aim.task, jobs))
        .put_some("checkpoint", aim.checkpoint)
        .put_some("by", by.and_then(|by| Span::write(by, jobs)));
    table.inline()
}
