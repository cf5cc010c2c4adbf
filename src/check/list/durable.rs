//! Durable before visible: nobody hears of a snapshot, a checkpoint or a completion before it is safe (O2).

use super::{End, Findings, Observer, Past, Subjects, Violation};
use crate::job::{Attempt, CheckpointId, CheckpointKind, RunId, TaskId};
use crate::kernel::SimTime;
use crate::trace::{
    CheckName, CheckpointEvent, DurableWrite, Entry, JobEvent, JobStatus, StorageFault, TaskEvent,
    TraceEvent,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is durable, and what has completed.
#[derive(Clone, Debug, Default)]
pub(super) struct DurableBeforeVisible {
    snapshots: BTreeSet<(TaskId, Attempt, CheckpointId)>,
    metadata: BTreeSet<(RunId, CheckpointId)>,
    completed: BTreeSet<(RunId, CheckpointId)>,
    /// What the store that survives the job manager points to, if there is one.
    pointers: BTreeSet<(RunId, CheckpointId)>,
    disturbed: Disturbed,
}

/// Writes that storage disturbed.
#[derive(Clone, Debug, Default)]
struct Disturbed {
    /// What was written though nobody will hear of it, and by when it is there.
    unheard: BTreeMap<(RunId, CheckpointId, DurableWrite), SimTime>,
    /// What was not written.
    unmade: BTreeSet<(RunId, CheckpointId, DurableWrite)>,
}

impl Disturbed {
    /// Storage does something else with a write of a job manager than it was asked to. Of snapshots, tasks tell.
    fn begin(
        &mut self,
        write @ (.., kind): (RunId, CheckpointId, DurableWrite),
        fault: StorageFault,
        now: SimTime,
        past: Past<'_>,
    ) {
        let network = &past.setup.scenario.network;
        let takes = match kind {
            DurableWrite::State | DurableWrite::Folder => return,
            DurableWrite::Metadata => network.metadata_write.1,
            DurableWrite::Pointer => network.message_latency.1,
        };
        match fault {
            StorageFault::ReplyLost => drop(self.unheard.insert(write, now.plus(takes))),
            StorageFault::Refused | StorageFault::Torn | StorageFault::Lost => {
                self.unmade.insert(write);
            }
        }
    }

    /// A write is made. What is wrong with it, in words.
    fn made(&mut self, write: (RunId, CheckpointId, DurableWrite)) -> Option<String> {
        self.unheard.remove(&write);
        let (_, checkpoint, what) = write;
        self.unmade.contains(&write).then(|| {
            format!(
                "{} of checkpoint {checkpoint} was written, and storage had not taken it",
                in_words(what)
            )
        })
    }

    /// A write that should be there by now, in words.
    fn missing(&mut self, now: SimTime) -> Option<String> {
        let (write, _) = self.unheard.iter().find(|(_, due)| **due < now)?;
        let write @ (_, checkpoint, what) = *write;
        self.unheard.remove(&write);
        Some(format!(
            "{} of checkpoint {checkpoint} was not written, though only the reply was lost",
            in_words(what)
        ))
    }

    /// The job manager of a run is no more: what it wrote last may not be there.
    fn forget(&mut self, run: RunId) {
        self.unheard.retain(|(of, ..), _| *of != run);
    }
}

const fn in_words(write: DurableWrite) -> &'static str {
    match write {
        DurableWrite::State => "a snapshot",
        DurableWrite::Metadata => "the metadata",
        DurableWrite::Pointer => "the pointer",
        DurableWrite::Folder => "the folder",
    }
}

impl Observer for DurableBeforeVisible {
    const LOOKS_AT: Subjects = Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS);

    /// 1. An ack follows a durable snapshot. 2. A completion follows durable metadata, and a pointer to it where there is
    ///    high availability. 3. A task hears only of checkpoints that completed, or that its run was started from. 4. What was
    ///    written and only its reply lost is there; what storage did not take is not.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events make nothing visible")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let mut broken =
            |text| found.add(Violation::at_entry(CheckName::DurableBeforeVisible, entry, text));
        if let Some(text) = self.disturbed.missing(entry.at) {
            broken(text);
        }
        match &entry.event {
            TraceEvent::Task(task, attempt, TaskEvent::SnapshotDurable { checkpoint }) => {
                self.snapshots.insert((*task, *attempt, *checkpoint));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::MetadataWritten) => {
                self.metadata.insert((*run, *checkpoint));
                let write = (*run, *checkpoint, DurableWrite::Metadata);
                self.disturbed.made(write).into_iter().for_each(&mut broken);
            }
            TraceEvent::Task(task, attempt, TaskEvent::AckSent { checkpoint })
                if !self.snapshots.remove(&(*task, *attempt, *checkpoint)) =>
            {
                broken(format!(
                    "a task acked checkpoint {checkpoint} before its snapshot was durable"
                ));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::PointerStored) => {
                self.pointers.insert((*run, *checkpoint));
                let write = (*run, *checkpoint, DurableWrite::Pointer);
                self.disturbed.made(write).into_iter().for_each(&mut broken);
            }
            TraceEvent::Checkpoint(
                run,
                checkpoint,
                CheckpointEvent::WriteDisturbed { write, fault, .. },
            ) => self.disturbed.begin((*run, *checkpoint, *write), *fault, entry.at, past),
            TraceEvent::Job(run, JobEvent::StatusChanged { status })
                if status.is_terminal() || *status == JobStatus::Suspended =>
            {
                self.disturbed.forget(*run);
            }
            TraceEvent::Job(run, JobEvent::TakenOver { checkpoints }) => {
                self.completed.extend(checkpoints.iter().map(|checkpoint| (*run, *checkpoint)));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { kind, .. }) => {
                self.completed.insert((*run, *checkpoint));
                let awaits_pointer = past.setup.scenario.cluster.takeover_after.is_some()
                    && *kind == CheckpointKind::Checkpoint;
                if !self.metadata.contains(&(*run, *checkpoint)) {
                    broken(format!(
                        "checkpoint {checkpoint} completed before its metadata was durable"
                    ));
                } else if awaits_pointer && !self.pointers.contains(&(*run, *checkpoint)) {
                    broken(format!(
                        "checkpoint {checkpoint} completed before a new job manager would find it"
                    ));
                }
            }
            TraceEvent::Task(task, _, TaskEvent::NotifyHandled { checkpoint, .. }) => {
                let run = past.history.run_of(*task);
                let start = past.history.start_of(run);
                let is_start = start.is_some_and(|start| start.checkpoint() == *checkpoint);
                if !is_start && !self.completed.contains(&(run, *checkpoint)) {
                    broken(format!(
                        "a task was told of checkpoint {checkpoint}, which has not completed"
                    ));
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        if let Some(text) = self.disturbed.missing(end.world.ended) {
            found.add(end.violation(CheckName::DurableBeforeVisible, text));
        }
    }
}
