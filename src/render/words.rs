//! An event in words: whom it happened to, and what it was.

use super::names::Names;
use super::time_words::time_words;
use crate::job::{CheckpointId, CheckpointKind, RunId, TaskId, TaskManagerId};
use crate::kernel::SimTime;
use crate::scenario::{
    Action, Aim, DisturbedWrite, FileAction, FileWork, Piece, Step, StorageFailing, TaskName,
};
use crate::trace::{
    AckVerdict, ChannelEnd, DurableWrite, EndOfTask, Fault, JobStatus, Message, MessageFate,
    RestoreReport, SnapshotSource, SourcePosition, StorageFault, TraceEvent,
};

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

/// Seconds with nine digits behind the point: `8.193333359s`.
pub fn clock(time: SimTime) -> String {
    let (seconds, nanos) = (time.nanos() / 1_000_000_000, time.nanos() % 1_000_000_000);
    format!("{seconds}.{nanos:09}s")
}

/// What a step does: `kill counts/2`.
pub fn step_in_words(step: &Step) -> String {
    match &step.action {
        Action::Run { job, from: None, .. } => format!("run {job}"),
        Action::Run { job, from: Some(label), allow_non_restored, .. } => {
            let dropping =
                if *allow_non_restored { ", dropping state that nobody takes" } else { "" };
            format!("run {job} from savepoint `{label}`{dropping}")
        }
        Action::Savepoint { job, label, .. } => format!("savepoint of {job} as `{label}`"),
        Action::Cancel { job, with_savepoint: None, .. } => format!("cancel {job}"),
        Action::Cancel { job, with_savepoint: Some(label), .. } => {
            format!("cancel {job} with savepoint `{label}`")
        }
        Action::Stop { job, drain: false, label, .. } => {
            format!("stop {job} with savepoint `{label}`")
        }
        Action::Stop { job, drain: true, label, .. } => {
            format!("drain and stop {job} with savepoint `{label}`")
        }
        Action::Checkpoint { job, label } => format!("checkpoint of {job} as `{label}`"),
        Action::Fail(failing) => format!("let {} throw", subtask(&failing.task)),
        Action::Block { task, span: None } => format!("block {}", subtask(task)),
        Action::Block { task, span: Some(span) } => format!("block {} for {span}", subtask(task)),
        Action::Unblock(task) => format!("unblock {}", subtask(task)),
        Action::Kill(task) => format!("kill {}", subtask(task)),
        Action::KillTaskManager(number) => format!("kill task manager {number}"),
        Action::Partition(number, span) => format!("cut task manager {number} off for {span}"),
        Action::KillJobManager => "kill the job manager".to_owned(),
        Action::List => "list jobs".to_owned(),
        Action::Upgrade(release) => format!("start the cluster again under Flink {release}"),
        Action::Files(FileAction { label, work }) => files_in_words(label, work),
        Action::Storage(failing) => storage_in_words(failing),
        Action::Lose(aim) => format!("lose {}", aimed(aim)),
        Action::Delay(aim, by) => format!("delay {} by {by}", aimed(aim)),
        Action::Repeat(aim, after) => format!("repeat {} after {after}", aimed(aim)),
    }
}

fn files_in_words(label: &str, work: &FileWork) -> String {
    match work {
        FileWork::Move { to, .. } => format!("move `{label}` to {to}"),
        FileWork::Copy { to, label: copy, .. } => format!("copy `{label}` to {to} as `{copy}`"),
        FileWork::Delete(Piece::All) => format!("delete the files of `{label}`"),
        FileWork::Delete(Piece::Metadata) => format!("delete the metadata of `{label}`"),
        FileWork::Delete(Piece::Data) => format!("delete the data of `{label}`"),
        FileWork::Dispose { .. } => format!("dispose of `{label}`"),
        FileWork::RewritePaths => format!("rewrite the paths in `{label}`"),
    }
}

fn storage_in_words(failing: &StorageFailing) -> String {
    let what = match &failing.write {
        DisturbedWrite::State(task) => format!("snapshot of {}", subtask(task)),
        DisturbedWrite::Metadata(job) => format!("metadata of {job}"),
        DisturbedWrite::Pointer(job) => format!("pointer of {job}"),
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

/// `checkpoint 3`, `savepoint 4`.
pub(super) fn snapshot(kind: CheckpointKind, id: CheckpointId) -> String {
    format!("{} {id}", kind_name(kind))
}

pub(super) const fn kind_name(kind: CheckpointKind) -> &'static str {
    match kind {
        CheckpointKind::Checkpoint => "checkpoint",
        CheckpointKind::Savepoint => "savepoint",
    }
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

fn of_job(run: RunId, what: String) -> Line {
    Line { run: Some(run), who: "job".to_owned(), what }
}

fn of_coordinator(run: RunId, what: String) -> Line {
    Line { run: Some(run), who: "coordinator".to_owned(), what }
}

fn of_task(names: &Names, task: TaskId, what: String) -> Line {
    Line { run: names.run_of(task), who: names.task(task), what }
}

fn of_scenario(what: String) -> Line {
    Line { run: None, who: "scenario".to_owned(), what }
}

fn of_manager(manager: &TaskManagerId, what: &str) -> Line {
    Line { run: None, who: format!("task manager {}", manager.number()), what: what.to_owned() }
}

/// What an event says, for people.
pub(super) fn in_words(event: &TraceEvent, names: &Names) -> Line {
    match event {
        TraceEvent::JobSubmitted { .. }
        | TraceEvent::JobRefused { .. }
        | TraceEvent::JobStatusChanged { .. }
        | TraceEvent::JobStopping { .. }
        | TraceEvent::RestoreMapped { .. }
        | TraceEvent::AttemptStarted { .. }
        | TraceEvent::JobTakenOver { .. }
        | TraceEvent::RegionRestarted { .. } => job_line(event, names),
        TraceEvent::TaskDeployed { .. }
        | TraceEvent::TaskInitialized { .. }
        | TraceEvent::TaskRunning { .. }
        | TraceEvent::DataEnded { .. }
        | TraceEvent::OperatorFailed { .. }
        | TraceEvent::TaskEnded { .. }
        | TraceEvent::FileMissing { .. }
        | TraceEvent::RecordRead { .. }
        | TraceEvent::RecordTaken { .. }
        | TraceEvent::Callback { .. }
        | TraceEvent::ListInitialized { .. } => task_line(event, names),
        TraceEvent::CheckpointTriggered { .. }
        | TraceEvent::TriggerRefused { .. }
        | TraceEvent::AckHandled { .. }
        | TraceEvent::MetadataWritten { .. }
        | TraceEvent::PointerStored { .. }
        | TraceEvent::CheckpointCompleted { .. }
        | TraceEvent::CheckpointAborted { .. }
        | TraceEvent::CheckpointSubsumed { .. }
        | TraceEvent::EnumeratorTaken { .. }
        | TraceEvent::FilesReferred { .. }
        | TraceEvent::CheckpointDiscarded { .. }
        | TraceEvent::SnapshotOrphaned { .. }
        | TraceEvent::FileDeleted { .. }
        | TraceEvent::SavepointStored { .. } => coordinator_line(event, names),
        TraceEvent::BarrierEmitted { .. }
        | TraceEvent::BarrierArrived { .. }
        | TraceEvent::AlignmentCompleted { .. }
        | TraceEvent::AlignmentSwitched { .. }
        | TraceEvent::CancellationArrived { .. }
        | TraceEvent::InFlightPersisted { .. }
        | TraceEvent::InFlightRestored { .. }
        | TraceEvent::SourcePositions { .. }
        | TraceEvent::SplitAssigned { .. }
        | TraceEvent::StateTooLarge { .. }
        | TraceEvent::FileCreated { .. }
        | TraceEvent::SnapshotTaken { .. }
        | TraceEvent::SnapshotDurable { .. }
        | TraceEvent::AckSent { .. }
        | TraceEvent::DeclineSent { .. }
        | TraceEvent::NotifyHandled { .. } => snapshot_line(event, names),
        TraceEvent::WatermarkEmitted { .. }
        | TraceEvent::WatermarkStatusChanged { .. }
        | TraceEvent::TimersFired { .. }
        | TraceEvent::LateDropped { .. } => {
            let (task, what) = time_words(event, names);
            of_task(names, *task, what)
        }
        TraceEvent::TransactionBegun { .. }
        | TraceEvent::TransactionPrepared { .. }
        | TraceEvent::TransactionCommitted { .. }
        | TraceEvent::TransactionAborted { .. } => sink_line(event, names),
        TraceEvent::StepTaken { .. }
        | TraceEvent::StepRefused { .. }
        | TraceEvent::FaultInjected { .. }
        | TraceEvent::WriteDisturbed { .. }
        | TraceEvent::TaskManagerLost { .. }
        | TraceEvent::JobManagerLost { .. }
        | TraceEvent::MessageDisturbed { .. } => scenario_line(event, names),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`in_words` deals the events out")]
fn job_line(event: &TraceEvent, names: &Names) -> Line {
    match event {
        TraceEvent::JobSubmitted { run, from } => of_job(
            *run,
            match from {
                None => "submitted".to_owned(),
                Some(SnapshotSource::Run(of, id)) => {
                    format!("submitted, from savepoint {id} of {}", names.run(*of))
                }
                Some(SnapshotSource::Files(id)) => {
                    format!("submitted, from snapshot {id} of an earlier process")
                }
            },
        ),
        TraceEvent::JobRefused { run, why } => of_job(*run, format!("refused: {why}")),
        TraceEvent::JobStatusChanged { run, status } => of_job(*run, status_text(*status)),
        TraceEvent::JobStopping { run, checkpoint, drain } => {
            let how = if *drain { "drains and stops" } else { "stops" };
            of_job(*run, format!("{how} with savepoint {checkpoint}"))
        }
        TraceEvent::RestoreMapped { run, checkpoint, report, .. } => {
            of_job(*run, restore_text(*run, *checkpoint, report, names))
        }
        TraceEvent::AttemptStarted { run, attempt, restored } => of_job(
            *run,
            match restored {
                None => format!("attempt {attempt} starts empty"),
                Some(id) => format!("attempt {attempt} starts from snapshot {id}"),
            },
        ),
        TraceEvent::JobTakenOver { run, checkpoints } => {
            let ids: Vec<_> = checkpoints.iter().map(|id| id.number().to_string()).collect();
            of_job(
                *run,
                match ids.is_empty() {
                    true => "taken over by a new job manager, which finds no snapshot".to_owned(),
                    false => {
                        format!("taken over by a new job manager with snapshot {}", ids.join(", "))
                    }
                },
            )
        }
        TraceEvent::RegionRestarted { run, attempt, restored, tasks } => {
            let tasks: Vec<String> = tasks.iter().map(|task| names.task(*task)).collect();
            let tasks = tasks.join(", ");
            of_job(
                *run,
                match restored {
                    None => format!("attempt {attempt} of {tasks} starts empty"),
                    Some(id) => format!("attempt {attempt} of {tasks} starts from snapshot {id}"),
                },
            )
        }
        _ => unreachable!("not an event of a job"),
    }
}

fn status_text(status: JobStatus) -> String {
    status.to_string()
}

fn restore_text(
    run: RunId,
    checkpoint: CheckpointId,
    report: &RestoreReport,
    names: &Names,
) -> String {
    let entries: u64 = report.snapshot.iter().map(|sum| sum.entries).sum();
    let mut text = format!("restores snapshot {checkpoint}: {} states", report.mapped.len());
    text.push_str(&format!(" of {}, {entries} entries", report.snapshot.len()));
    if !report.dropped.is_empty() {
        let dropped = report.dropped.iter();
        let dropped: Vec<_> = dropped
            .map(|unit| format!("{}.{}", names.operator(run, unit.operator), unit.name))
            .collect();
        text.push_str(&format!("; dropped {}", dropped.join(", ")));
    }
    if !report.starts_empty.is_empty() {
        let empty: Vec<_> = report.starts_empty.iter().map(|(_, name)| &**name).collect();
        text.push_str(&format!("; empty: {}", empty.join(", ")));
    }
    text
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`in_words` deals the events out")]
fn task_line(event: &TraceEvent, names: &Names) -> Line {
    let (task, what) = match event {
        TraceEvent::TaskDeployed { task, attempt, manager } => {
            (task, format!("deployed on task manager {}, attempt {attempt}", manager.number()))
        }
        TraceEvent::TaskInitialized { task, restored, state, .. } => {
            let entries: u64 = state.iter().map(|sum| sum.entries).sum();
            (
                task,
                match restored {
                    None => "initialized, empty".to_owned(),
                    Some(id) => format!("initialized from snapshot {id}, {entries} entries"),
                },
            )
        }
        TraceEvent::TaskRunning { task, .. } => (task, "runs".to_owned()),
        TraceEvent::DataEnded { task, .. } => {
            (task, "saw the end of its data and awaits its final checkpoint".to_owned())
        }
        TraceEvent::FileMissing { task, file, .. } => (task, format!("misses shared/{file}")),
        TraceEvent::OperatorFailed { task, why, .. } => (task, format!("failed: {why}")),
        TraceEvent::TaskEnded { task, how, .. } => (
            task,
            match how {
                EndOfTask::Finished => "finished".to_owned(),
                EndOfTask::Canceled => "was canceled".to_owned(),
                EndOfTask::Failed => "failed".to_owned(),
            },
        ),
        TraceEvent::RecordRead { task, origin } => (
            task,
            format!(
                "read {}[{}]#{}",
                names.input(origin.input.into()),
                origin.partition,
                origin.offset
            ),
        ),
        TraceEvent::Callback { task, call, checkpoint, .. } => (task, call.about(*checkpoint)),
        TraceEvent::ListInitialized { task, name, items, .. } => {
            (task, format!("begins with `{name}` = [{}]", items.join(", ")))
        }
        TraceEvent::RecordTaken { task, channel, origin } => (
            task,
            format!(
                "took {}[{}]#{}.{} from {}",
                names.input(origin.input.into()),
                origin.partition,
                origin.offset,
                origin.child,
                names.sender(*channel)
            ),
        ),
        _ => unreachable!("not an event of a task"),
    };
    of_task(names, *task, what)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`in_words` deals the events out")]
fn coordinator_line(event: &TraceEvent, names: &Names) -> Line {
    match event {
        TraceEvent::CheckpointTriggered { run, checkpoint, kind } => {
            of_coordinator(*run, format!("{} triggered", snapshot(*kind, *checkpoint)))
        }
        TraceEvent::TriggerRefused { run, kind, reason } => {
            of_coordinator(*run, format!("no {} triggered: {reason}", kind_name(*kind)))
        }
        TraceEvent::AckHandled { task, checkpoint, verdict, .. } => {
            let how = match verdict {
                AckVerdict::Accepted => "",
                AckVerdict::Duplicate => ", counted before",
                AckVerdict::Late => ", too late",
                AckVerdict::Foreign => ", from nobody who was asked",
            };
            let what = format!("ack of {} for {checkpoint}{how}", names.task(*task));
            Line { run: names.run_of(*task), who: "coordinator".to_owned(), what }
        }
        TraceEvent::SnapshotOrphaned { task, checkpoint, .. } => {
            let what =
                format!("the snapshot of {} for {checkpoint} stays behind", names.task(*task));
            Line { run: names.run_of(*task), who: "coordinator".to_owned(), what }
        }
        TraceEvent::MetadataWritten { run, checkpoint } => {
            of_coordinator(*run, format!("metadata of {checkpoint} written"))
        }
        TraceEvent::PointerStored { run, checkpoint } => {
            of_coordinator(*run, format!("pointer to {checkpoint} stored"))
        }
        TraceEvent::CheckpointCompleted { run, checkpoint, kind, .. } => {
            of_coordinator(*run, format!("{} completed", snapshot(*kind, *checkpoint)))
        }
        TraceEvent::CheckpointAborted { run, checkpoint, kind, reason } => {
            of_coordinator(*run, format!("{} aborted: {reason}", snapshot(*kind, *checkpoint)))
        }
        TraceEvent::EnumeratorTaken { run, checkpoint, unassigned, .. } => {
            let splits = splits_text(unassigned, names);
            of_coordinator(*run, format!("nobody has at {checkpoint}: {splits}"))
        }
        TraceEvent::CheckpointSubsumed { run, checkpoint } => {
            of_coordinator(*run, format!("checkpoint {checkpoint} dropped for newer ones"))
        }
        TraceEvent::FilesReferred { run, checkpoint, files } => {
            of_coordinator(*run, format!("checkpoint {checkpoint} refers to {} files", files.len()))
        }
        TraceEvent::CheckpointDiscarded { run, checkpoint } => {
            of_coordinator(*run, format!("checkpoint {checkpoint} kept no more"))
        }
        TraceEvent::FileDeleted { run, file } => {
            of_coordinator(*run, format!("shared/{file} deleted"))
        }
        TraceEvent::SavepointStored { run, checkpoint, label, path } => {
            of_coordinator(*run, format!("savepoint {checkpoint} stored as `{label}`: {path}"))
        }
        _ => unreachable!("not an event of a coordinator"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`in_words` deals the events out")]
fn snapshot_line(event: &TraceEvent, names: &Names) -> Line {
    let (task, what) = match event {
        TraceEvent::BarrierEmitted { task, checkpoint, .. } => {
            (task, format!("barrier {checkpoint} out"))
        }
        TraceEvent::BarrierArrived { task, channel, checkpoint, blocked } => {
            let blocked = if *blocked { ", channel blocked" } else { "" };
            (task, format!("barrier {checkpoint} in from {}{blocked}", names.sender(*channel)))
        }
        TraceEvent::AlignmentCompleted { task, checkpoint, held } => {
            (task, format!("aligned for {checkpoint}, {held} records held back"))
        }
        TraceEvent::CancellationArrived { task, channel, checkpoint } => {
            (task, format!("hears from {} that {checkpoint} is off", names.sender(*channel)))
        }
        TraceEvent::AlignmentSwitched { task, checkpoint } => {
            (task, format!("waits for the barriers of {checkpoint} no longer"))
        }
        TraceEvent::InFlightPersisted { task, checkpoint, channel, end, origins, .. } => {
            let count = origins.len();
            let whose = match end {
                ChannelEnd::Receiver => format!("from {}", names.sender(*channel)),
                ChannelEnd::Sender => "that it had sent".to_owned(),
            };
            (task, format!("barrier {checkpoint} overtook {count} records {whose}: persisted"))
        }
        TraceEvent::InFlightRestored { task, checkpoint, channel, records, .. } => {
            let from = names.sender(*channel);
            (task, format!("{records} records in flight at {checkpoint} are back, from {from}"))
        }
        TraceEvent::SourcePositions { task, checkpoint, positions } => {
            let at = checkpoint.map_or_else(|| "in the end".to_owned(), |id| format!("at {id}"));
            (task, format!("read {at}: {}", positions_text(positions, names)))
        }
        TraceEvent::SplitAssigned { task, split: Some(split), .. } => {
            (task, format!("is given {}", splits_text(&[*split], names)))
        }
        TraceEvent::SplitAssigned { task, split: None, .. } => {
            (task, "is told that no splits are left".to_owned())
        }
        TraceEvent::SnapshotTaken { task, checkpoint, received, sent, .. } => {
            let (received, sent): (u64, u64) = (
                received.iter().map(|mark| mark.records).sum(),
                sent.iter().map(|mark| mark.records).sum(),
            );
            (task, format!("snapshot {checkpoint} after {received} records in, {sent} out"))
        }
        TraceEvent::StateTooLarge { task, checkpoint, bytes, most, .. } => (
            task,
            format!("snapshot {checkpoint} failed: a state has {bytes} bytes, more than {most}"),
        ),
        TraceEvent::FileCreated { task, checkpoint, file, .. } => {
            (task, format!("shared/{file} written for {checkpoint}"))
        }
        TraceEvent::SnapshotDurable { task, checkpoint, .. } => {
            (task, format!("snapshot {checkpoint} durable"))
        }
        TraceEvent::AckSent { task, checkpoint, .. } => (task, format!("ack {checkpoint} sent")),
        TraceEvent::DeclineSent { task, checkpoint, .. } => {
            (task, format!("decline {checkpoint} sent"))
        }
        TraceEvent::NotifyHandled { task, checkpoint, .. } => {
            (task, format!("knows that {checkpoint} completed"))
        }
        _ => unreachable!("not an event of a snapshot"),
    };
    of_task(names, *task, what)
}

fn splits_text(splits: &[SourcePosition], names: &Names) -> String {
    let split = |split: &SourcePosition| {
        format!("{}[{}] from {}", names.input(split.input.index()), split.partition, split.next)
    };
    let splits: Vec<_> = splits.iter().map(split).collect();
    if splits.is_empty() { "no split".to_owned() } else { splits.join(", ") }
}

fn positions_text(positions: &[SourcePosition], names: &Names) -> String {
    let positions = positions.iter().map(|position| {
        format!(
            "{}[{}] to {}",
            names.input(position.input.index()),
            position.partition,
            position.next
        )
    });
    let positions: Vec<_> = positions.collect();
    if positions.is_empty() { "no partition".to_owned() } else { positions.join(", ") }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`in_words` deals the events out")]
fn sink_line(event: &TraceEvent, names: &Names) -> Line {
    // Attempt, subtask and number of a transaction are one word in the trace.
    let name = |transaction: u64| {
        let (attempt, subtask, number) =
            (transaction >> 48, transaction >> 32 & 0xFFFF, transaction & 0xFFFF_FFFF);
        format!("transaction {attempt}.{subtask}.{number}")
    };
    let (external, run, what) = match event {
        TraceEvent::TransactionBegun { external, transaction, task, .. } => {
            (external, names.run_of(*task), format!("{} opened", name(*transaction)))
        }
        TraceEvent::TransactionPrepared { external, transaction, checkpoint, rows, .. } => (
            external,
            None,
            format!("{} prepared for {checkpoint}, {rows} rows", name(*transaction)),
        ),
        TraceEvent::TransactionCommitted { external, transaction, checkpoint, rows, .. } => (
            external,
            None,
            format!("{} committed for {checkpoint}, {rows} rows", name(*transaction)),
        ),
        TraceEvent::TransactionAborted { external, transaction, .. } => {
            (external, None, format!("{} aborted", name(*transaction)))
        }
        _ => unreachable!("not an event of a sink"),
    };
    Line { run, who: names.sink(*external), what }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`in_words` deals the events out")]
fn scenario_line(event: &TraceEvent, names: &Names) -> Line {
    match event {
        TraceEvent::StepTaken { step } => of_scenario(names.step(*step)),
        TraceEvent::StepRefused { step, why } => {
            of_scenario(format!("{}: refused: {why}", names.step(*step)))
        }
        TraceEvent::FaultInjected { fault } => match fault {
            Fault::TaskBlocked(task) => of_task(names, *task, "is busy with one thing".to_owned()),
            Fault::TaskUnblocked(task) => of_task(names, *task, "is free again".to_owned()),
            Fault::TaskKilled(task) => of_task(names, *task, "crashed".to_owned()),
            Fault::TaskManagerKilled(manager) => {
                of_scenario(format!("task manager {} died", manager.number()))
            }
            Fault::TaskManagerCutOff(manager) => of_manager(manager, "is cut off"),
            Fault::TaskManagerBack(manager) => of_manager(manager, "is back"),
            Fault::JobManagerKilled => of_scenario("the job manager died".to_owned()),
        },
        TraceEvent::TaskManagerLost { manager } => {
            of_manager(manager, "is given up by the job manager")
        }
        TraceEvent::JobManagerLost { manager } => of_manager(manager, "gives the job manager up"),
        TraceEvent::WriteDisturbed { run, task, checkpoint, write, fault } => {
            let what = match write {
                DurableWrite::State => "snapshot",
                DurableWrite::Metadata => "metadata",
                DurableWrite::Pointer => "pointer",
            };
            let what = format!("{what} for {checkpoint} {}", fault_name(*fault));
            match task {
                Some(task) => of_task(names, *task, what),
                None => of_coordinator(*run, what),
            }
        }
        TraceEvent::MessageDisturbed { message, task, checkpoint, fate } => {
            let about = checkpoint.map_or_else(String::new, |id| format!(" for {id}"));
            let fate = match fate {
                MessageFate::Lost => "lost",
                MessageFate::Delayed => "delayed",
                MessageFate::Repeated => "will arrive twice",
            };
            of_task(names, *task, format!("{}{about} {fate}", message_name(*message)))
        }
        _ => unreachable!("not a deed of a scenario"),
    }
}
