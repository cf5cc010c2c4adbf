//! Which entry made another one happen.
//!
//! The engine tells with each entry the one that it was acting on. That is the entry told before it, where several are told at
//! once, and nothing where a channel or a mailbox lies between; here it becomes the entry that it could not have happened
//! without: the barrier that was emitted for the one that arrived, the last barrier for the snapshot, the fault for the end.

use super::{
    AbortReason, AckVerdict, CheckpointEvent, EndOfTask, Entry, EntryNumber, Fault, JobEvent,
    JobStatus, TaskEvent, Trace, TraceEvent, TransactionEvent, WorldEvent,
};
use crate::job::{
    Attempt, ChannelId, CheckpointId, Layouts, Origin, RunId, RunLayout, TaskId, TaskManagerId,
};
use std::collections::{BTreeMap, VecDeque};

/// An attempt of a task.
type Who = (TaskId, Attempt);

/// What was told of an attempt of a task about one checkpoint.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    /// That it was to begin: the last barrier that arrived, or that no time is left to wait for others.
    begun: Option<EntryNumber>,
    emitted: Option<EntryNumber>,
    taken: Option<EntryNumber>,
    durable: Option<EntryNumber>,
    acked: Option<EntryNumber>,
    /// That it gave the checkpoint up.
    declined: Option<EntryNumber>,
}

/// What was told of an attempt of a task.
#[derive(Clone, Debug, Default)]
struct OfTask {
    deployed: Option<EntryNumber>,
    initialized: Option<EntryNumber>,
    running: Option<EntryNumber>,
    manager: Option<TaskManagerId>,
    /// What it read or took last.
    record: Option<EntryNumber>,
    /// The newest notification that it handled.
    notified: Option<EntryNumber>,
    data_ended: Option<EntryNumber>,
    /// Why it is about to fail.
    failing: Option<EntryNumber>,
    ended: Option<EntryNumber>,
    parts: BTreeMap<CheckpointId, Part>,
}

/// What was told of a checkpoint.
#[derive(Clone, Copy, Debug, Default)]
struct OfCheckpoint {
    triggered: Option<EntryNumber>,
    /// The newest ack that counted.
    acked: Option<EntryNumber>,
    declined: Option<EntryNumber>,
    written: Option<EntryNumber>,
    pointed: Option<EntryNumber>,
    completed: Option<EntryNumber>,
}

/// What was told of a run.
#[derive(Clone, Debug, Default)]
struct OfRun {
    submitted: Option<EntryNumber>,
    /// That a new attempt of it begins.
    attempt: Option<EntryNumber>,
    /// That its state was assigned.
    mapped: Option<EntryNumber>,
    /// That its tasks are to end, and by which status.
    ending: Option<EntryNumber>,
    /// The last of its tasks that said it runs.
    running: Option<EntryNumber>,
    /// The last of its tasks that ended, and the last that failed.
    ended: Option<EntryNumber>,
    failed: Option<EntryNumber>,
}

/// What was told so far, as far as something may come of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes {
    tasks: BTreeMap<Who, OfTask>,
    checkpoints: BTreeMap<(RunId, CheckpointId), OfCheckpoint>,
    runs: BTreeMap<RunId, OfRun>,
    /// By channel and attempt of its tasks, the records on their way, and the entries that sent them.
    sent: BTreeMap<(ChannelId, Attempt), VecDeque<(Origin, EntryNumber)>>,
    /// What killed a task or its machine last.
    kills: BTreeMap<TaskId, EntryNumber>,
    machines: BTreeMap<TaskManagerId, EntryNumber>,
    /// What was told last, and of which attempt.
    last: Option<(Who, EntryNumber)>,
}

impl Causes {
    /// The entry that made this one happen, and what it may make happen from now on.
    pub(super) fn of(&mut self, entry: &Entry, trace: &Trace) -> Option<EntryNumber> {
        let found = match &entry.event {
            TraceEvent::Job(run, event) => self.of_job(*run, event),
            TraceEvent::Checkpoint(run, checkpoint, event) => {
                self.of_checkpoint((*run, *checkpoint), event)
            }
            TraceEvent::Task(task, attempt, event) => {
                // It may decline for what it has just told, a newer barrier say.
                let who = (*task, *attempt);
                let is_beside = self
                    .last
                    .is_some_and(|last| Some(last) == entry.cause.map(|cause| (who, cause)));
                let declines = matches!(event, TaskEvent::DeclineSent { .. });
                if declines && is_beside { None } else { self.of_task(who, event, &trace.layouts) }
            }
            TraceEvent::Transaction { task, attempt, event, .. } => {
                self.of_transaction((*task, *attempt), event, entry.cause)
            }
            TraceEvent::World(_) => None,
        };
        let found = found.or_else(|| behind(entry, trace));
        self.note(entry, &trace.layouts);
        found
    }

    fn of_job(&self, run: RunId, event: &JobEvent) -> Option<EntryNumber> {
        let known = self.runs.get(&run)?;
        match event {
            JobEvent::Refused { .. } | JobEvent::StatusChanged { status: JobStatus::Created } => {
                known.submitted
            }
            JobEvent::StatusChanged { status: JobStatus::Running } => known.running,
            JobEvent::StatusChanged { status: JobStatus::Restarting } => {
                known.failed.filter(|failed| Some(*failed) > known.attempt)
            }
            JobEvent::StatusChanged { status: JobStatus::Finished | JobStatus::Canceled } => {
                known.ended
            }
            JobEvent::AttemptStarted { .. } | JobEvent::RegionRestarted { .. } => {
                known.ending.filter(|ending| Some(*ending) > known.attempt)
            }
            JobEvent::Submitted { .. }
            | JobEvent::StatusChanged { .. }
            | JobEvent::TakenOver { .. }
            | JobEvent::TriggerRefused { .. }
            | JobEvent::FileDeleted { .. } => None,
        }
    }

    fn of_checkpoint(
        &self,
        of: (RunId, CheckpointId),
        event: &CheckpointEvent,
    ) -> Option<EntryNumber> {
        let known = self.checkpoints.get(&of).copied().unwrap_or_default();
        match event {
            CheckpointEvent::Stopping { .. } | CheckpointEvent::EnumeratorTaken { .. } => {
                known.triggered
            }
            CheckpointEvent::MetadataWritten => known.acked.or(known.triggered),
            CheckpointEvent::PointerStored => known.written,
            CheckpointEvent::Completed { .. } => known.pointed.or(known.written).or(known.acked),
            CheckpointEvent::SavepointStored { .. } | CheckpointEvent::FilesReferred { .. } => {
                known.completed
            }
            CheckpointEvent::Aborted { reason: AbortReason::Expired, .. } => known.triggered,
            CheckpointEvent::Aborted { .. } => known.declined,
            CheckpointEvent::RestoreMapped { .. } => self.runs.get(&of.0)?.attempt,
            CheckpointEvent::Triggered { .. }
            | CheckpointEvent::WriteDisturbed { .. }
            | CheckpointEvent::Subsumed
            | CheckpointEvent::Discarded => None,
        }
    }

    fn of_transaction(
        &self,
        who: Who,
        event: &TransactionEvent,
        told: Option<EntryNumber>,
    ) -> Option<EntryNumber> {
        let known = self.tasks.get(&who)?;
        match event {
            TransactionEvent::Committed { .. } => {
                known.notified.filter(|notified| Some(*notified) > known.initialized)
            }
            TransactionEvent::Begun if told.is_none() => known.running,
            TransactionEvent::Begun
            | TransactionEvent::Prepared { .. }
            | TransactionEvent::Aborted => None,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others the engine tells the cause")]
    fn of_task(&mut self, who: Who, event: &TaskEvent, layouts: &Layouts) -> Option<EntryNumber> {
        let layout = layouts.of_task(who.0)?;
        let run = layout.run;
        match event {
            TaskEvent::RecordTaken { channel, origin } => {
                let sent = self.sent.get_mut(&(*channel, who.1))?;
                let place = sent.iter().position(|(other, _)| other == origin)?;
                return sent.drain(..=place).next_back().map(|(_, number)| number);
            }
            TaskEvent::BarrierArrived { channel, checkpoint, .. } => {
                let (sender, _) = layout.ends(*channel);
                return self.tasks.get(&(sender, who.1))?.parts.get(checkpoint)?.emitted;
            }
            TaskEvent::CancellationArrived { channel, checkpoint } => {
                let (sender, _) = layout.ends(*channel);
                return self.tasks.get(&(sender, who.1))?.parts.get(checkpoint)?.declined;
            }
            TaskEvent::NotifyHandled { checkpoint } => {
                return self.checkpoints.get(&(run, *checkpoint))?.completed;
            }
            TaskEvent::Deployed { .. } => {
                let known = self.runs.get(&run)?;
                return known.mapped.max(known.attempt);
            }
            _ => {}
        }
        let known = self.tasks.get(&who)?;
        match event {
            TaskEvent::Initialized { .. } | TaskEvent::InFlightRestored { .. } => known.deployed,
            TaskEvent::Running => known.initialized,
            TaskEvent::RecordRead { .. } => known.running,
            TaskEvent::RecordSent { .. } => known.record,
            TaskEvent::DataEnded => {
                let senders = self.last_of_senders(who, layout, |sender| sender.data_ended);
                senders.or(known.running)
            }
            TaskEvent::Ended { how: EndOfTask::Finished } => {
                let senders = self.last_of_senders(who, layout, |sender| sender.ended);
                senders.max(known.data_ended).max(known.notified)
            }
            TaskEvent::Ended { how: EndOfTask::Canceled } => self.runs.get(&run)?.ending,
            TaskEvent::Ended { how: EndOfTask::Failed } => {
                let machine = known.manager.and_then(|manager| self.machines.get(&manager));
                let killed = self.kills.get(&who.0).max(machine).copied();
                known.failing.max(killed).filter(|why| Some(*why) > known.deployed)
            }
            _ => self.of_part(who, run, event),
        }
    }

    /// What a task does for a checkpoint.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others the engine tells the cause")]
    fn of_part(&self, who: Who, run: RunId, event: &TaskEvent) -> Option<EntryNumber> {
        let checkpoint = match event {
            TaskEvent::AlignmentCompleted { checkpoint, .. }
            | TaskEvent::BarrierEmitted { checkpoint }
            | TaskEvent::SourcePositions { checkpoint: Some(checkpoint), .. }
            | TaskEvent::SnapshotTaken { checkpoint, .. }
            | TaskEvent::InFlightPersisted { checkpoint, .. }
            | TaskEvent::FileCreated { checkpoint, .. }
            | TaskEvent::SnapshotDurable { checkpoint }
            | TaskEvent::AckSent { checkpoint }
            | TaskEvent::AckHandled { checkpoint, .. }
            | TaskEvent::DeclineSent { checkpoint } => *checkpoint,
            _ => return None,
        };
        let parts = &self.tasks.get(&who)?.parts;
        let part = parts.get(&checkpoint).copied().unwrap_or_default();
        let triggered = || self.checkpoints.get(&(run, checkpoint))?.triggered;
        match event {
            TaskEvent::InFlightPersisted { .. } => part.taken.max(part.begun),
            TaskEvent::FileCreated { .. } | TaskEvent::SnapshotDurable { .. } => part.taken,
            TaskEvent::AckSent { .. } => part.durable.or(part.taken),
            TaskEvent::AckHandled { .. } => part.acked,
            TaskEvent::DeclineSent { .. } => part.taken.or(part.begun).or_else(triggered),
            _ => part.begun.or_else(triggered),
        }
    }

    /// What the last of those told that send to a task.
    fn last_of_senders(
        &self,
        (task, attempt): Who,
        layout: &RunLayout,
        of: impl Fn(&OfTask) -> Option<EntryNumber>,
    ) -> Option<EntryNumber> {
        let senders = layout.inputs(task).map(|channel| layout.ends(channel).0);
        senders.filter_map(|sender| of(self.tasks.get(&(sender, attempt))?)).max()
    }

    /// Keeps in mind what something may come of.
    fn note(&mut self, entry: &Entry, layouts: &Layouts) {
        let number = Some(entry.number);
        match &entry.event {
            TraceEvent::Job(run, event) => {
                let known = self.runs.entry(*run).or_default();
                match event {
                    JobEvent::Submitted { .. } => known.submitted = number,
                    JobEvent::AttemptStarted { .. } | JobEvent::RegionRestarted { .. } => {
                        (known.attempt, known.mapped) = (number, None);
                    }
                    JobEvent::StatusChanged {
                        status:
                            JobStatus::Restarting
                            | JobStatus::Canceling
                            | JobStatus::Suspended
                            | JobStatus::Lost
                            | JobStatus::Failed
                            | JobStatus::Created,
                    } => known.ending = number,
                    JobEvent::StatusChanged { .. }
                    | JobEvent::Refused { .. }
                    | JobEvent::TakenOver { .. }
                    | JobEvent::TriggerRefused { .. }
                    | JobEvent::FileDeleted { .. } => {}
                }
            }
            TraceEvent::Checkpoint(run, checkpoint, event) => {
                self.note_checkpoint((*run, *checkpoint), event, number);
            }
            TraceEvent::Task(task, attempt, event) => {
                self.note_task((*task, *attempt), event, entry.number, layouts);
                self.last = Some(((*task, *attempt), entry.number));
                return;
            }
            TraceEvent::World(WorldEvent::FaultInjected { fault }) => match fault {
                Fault::TaskKilled(task) => drop(self.kills.insert(*task, entry.number)),
                Fault::TaskManagerKilled(manager) => {
                    self.machines.insert(*manager, entry.number);
                }
                Fault::TaskBlocked(_)
                | Fault::TaskUnblocked(_)
                | Fault::JobManagerKilled
                | Fault::TaskManagerCutOff(_)
                | Fault::TaskManagerBack(_) => {}
            },
            TraceEvent::World(WorldEvent::JobManagerLost { manager }) => {
                self.machines.insert(*manager, entry.number);
            }
            TraceEvent::World(_) | TraceEvent::Transaction { .. } => {}
        }
        self.last = None;
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others nothing comes")]
    fn note_checkpoint(
        &mut self,
        of: (RunId, CheckpointId),
        event: &CheckpointEvent,
        number: Option<EntryNumber>,
    ) {
        let known = self.checkpoints.entry(of).or_default();
        match event {
            CheckpointEvent::Triggered { .. } => {
                *known = OfCheckpoint { triggered: number, ..OfCheckpoint::default() };
            }
            CheckpointEvent::MetadataWritten => known.written = number,
            CheckpointEvent::PointerStored => known.pointed = number,
            CheckpointEvent::Completed { .. } => known.completed = number,
            CheckpointEvent::RestoreMapped { .. } => {
                self.runs.entry(of.0).or_default().mapped = number;
            }
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others nothing comes")]
    fn note_task(&mut self, who: Who, event: &TaskEvent, number: EntryNumber, layouts: &Layouts) {
        let Some(layout) = layouts.of_task(who.0) else { return };
        let known = self.tasks.entry(who).or_default();
        let some = Some(number);
        match event {
            TaskEvent::Deployed { manager } => {
                *known = OfTask { deployed: some, manager: Some(*manager), ..OfTask::default() };
            }
            TaskEvent::Initialized { .. } => known.initialized = some,
            TaskEvent::Running => {
                known.running = some;
                self.runs.entry(layout.run).or_default().running = some;
            }
            TaskEvent::RecordRead { .. }
            | TaskEvent::RecordTaken { .. }
            | TaskEvent::TimersFired { .. } => known.record = some,
            TaskEvent::RecordSent { channel, origin } => {
                self.sent.entry((*channel, who.1)).or_default().push_back((*origin, number));
            }
            TaskEvent::InFlightRestored { channel, origins, .. } => {
                let put_back = origins.iter().map(|origin| (*origin, number));
                self.sent.entry((*channel, who.1)).or_default().extend(put_back);
            }
            TaskEvent::DataEnded => (known.data_ended, known.record) = (some, some),
            TaskEvent::NotifyHandled { .. } => known.notified = some,
            TaskEvent::OperatorFailed { .. } | TaskEvent::FileMissing { .. } => {
                known.failing = some;
            }
            TaskEvent::Ended { how } => {
                known.ended = some;
                let run = self.runs.entry(layout.run).or_default();
                run.ended = some;
                if *how == EndOfTask::Failed {
                    run.failed = some;
                }
            }
            _ => self.note_part(who, layout.run, event, some),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others nothing comes")]
    fn note_part(&mut self, who: Who, run: RunId, event: &TaskEvent, number: Option<EntryNumber>) {
        let parts = &mut self.tasks.entry(who).or_default().parts;
        match event {
            TaskEvent::BarrierArrived { checkpoint, .. }
            | TaskEvent::AlignmentSwitched { checkpoint } => {
                part(parts, *checkpoint).begun = number
            }
            TaskEvent::BarrierEmitted { checkpoint } => part(parts, *checkpoint).emitted = number,
            TaskEvent::SnapshotTaken { checkpoint, .. } => part(parts, *checkpoint).taken = number,
            TaskEvent::SnapshotDurable { checkpoint } => part(parts, *checkpoint).durable = number,
            TaskEvent::AckSent { checkpoint } => part(parts, *checkpoint).acked = number,
            TaskEvent::CancellationArrived { checkpoint, .. } => {
                part(parts, *checkpoint).declined = number;
            }
            TaskEvent::DeclineSent { checkpoint } => {
                part(parts, *checkpoint).declined = number;
                let known = self.checkpoints.entry((run, *checkpoint)).or_default();
                known.declined = known.declined.or(number);
            }
            TaskEvent::AckHandled { checkpoint, verdict: AckVerdict::Accepted } => {
                self.checkpoints.entry((run, *checkpoint)).or_default().acked = number;
            }
            _ => {}
        }
    }
}

/// What is known of a task for a checkpoint.
fn part(parts: &mut BTreeMap<CheckpointId, Part>, checkpoint: CheckpointId) -> &mut Part {
    parts.entry(checkpoint).or_default()
}

/// The entry that the engine was acting on. If that is told beside others and nothing happens for it, or is of another run, what
/// made it happen.
fn behind(entry: &Entry, trace: &Trace) -> Option<EntryNumber> {
    let mut cause = entry.cause;
    // A step of the scenario waits for whatever it names.
    while let Some(before) = cause.and_then(|cause| trace.get(cause))
        && !matches!(entry.event, TraceEvent::World(_))
    {
        let runs = (trace.run_of(&before.event), trace.run_of(&entry.event));
        let is_of_another = matches!(runs, (Some(one), Some(other)) if one != other);
        if !is_aside(&before.event) && !is_of_another {
            break;
        }
        cause = before.cause;
    }
    cause
}

/// Whether an entry is told beside others, and nothing happens for it.
#[expect(clippy::wildcard_enum_match_arm, reason = "something may happen for the others")]
const fn is_aside(event: &TraceEvent) -> bool {
    match event {
        TraceEvent::Transaction { .. } | TraceEvent::Job(_, JobEvent::FileDeleted { .. }) => true,
        TraceEvent::Checkpoint(_, _, event) => matches!(
            event,
            CheckpointEvent::EnumeratorTaken { .. }
                | CheckpointEvent::Subsumed
                | CheckpointEvent::Discarded
                | CheckpointEvent::SavepointStored { .. }
                | CheckpointEvent::FilesReferred { .. }
        ),
        TraceEvent::Task(_, _, event) => matches!(
            event,
            TaskEvent::SourcePositions { .. }
                | TaskEvent::AlignmentCompleted { .. }
                | TaskEvent::InFlightPersisted { .. }
                | TaskEvent::InFlightRestored { .. }
                | TaskEvent::FileCreated { .. }
                | TaskEvent::SnapshotOrphaned { .. }
                | TaskEvent::WatermarkEmitted { .. }
                | TaskEvent::WatermarkStatusChanged { .. }
                | TaskEvent::LateDropped { .. }
        ),
        _ => false,
    }
}
