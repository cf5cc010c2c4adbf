//! Durable storage at its worst: writes that it refuses, tears, loses, or does without ever saying so.
//!
//! A fault waits for a write that fits. What a failed write does to its checkpoint is not decided here.

use super::control::{Control, News};
use super::world::World;
use crate::job::{CheckpointId, RunId, TaskId};
use crate::kernel::{Agenda, SimTime};
use crate::scenario::{DisturbedWrite, StorageFailing};
use crate::state::CompletedCheckpoint;
use crate::trace::{CheckpointEvent, DurableWrite, StorageFault};
use std::sync::Arc;

/// How long a job manager waits for storage to answer; then it takes the write for failed. Longer than any write takes.
const PATIENCE: SimTime = SimTime::from_secs(1);

impl World {
    /// Lets a write to come go wrong.
    pub(super) fn disturb_write(&mut self, failing: &StorageFailing) -> Result<(), Arc<str>> {
        if let DisturbedWrite::State(name) = &failing.write {
            let run = self.live_run(&name.job)?;
            self.task_named(run, name)
                .ok_or_else(|| format!("`{}` has no subtask {}", name.operator, name.subtask))?;
        }
        self.failing_writes.push(failing.clone());
        Ok(())
    }

    /// What goes wrong with a write, if a fault waits for one like it.
    fn meets_fault(
        &mut self,
        write: DurableWrite,
        run: RunId,
        task: Option<TaskId>,
        checkpoint: CheckpointId,
    ) -> Option<StorageFault> {
        if self.failing_writes.is_empty() {
            return None;
        }
        let is_job = |job: &str| self.runs[run.index()].layout.plan.graph.name == job;
        let fits = |failing: &StorageFailing| {
            let is_it = match (&failing.write, write) {
                (DisturbedWrite::State(name), DurableWrite::State) => {
                    task.is_some_and(|task| self.is_named(task, name))
                }
                (DisturbedWrite::Metadata(job), DurableWrite::Metadata)
                | (DisturbedWrite::Pointer(job), DurableWrite::Pointer) => is_job(job),
                (
                    DisturbedWrite::State(_)
                    | DisturbedWrite::Metadata(_)
                    | DisturbedWrite::Pointer(_),
                    DurableWrite::State | DurableWrite::Metadata | DurableWrite::Pointer,
                ) => false,
            };
            is_it && failing.checkpoint.is_none_or(|wanted| checkpoint.number() == wanted)
        };
        let place = self.failing_writes.iter().position(fits)?;
        let failing = &mut self.failing_writes[place];
        let fault = failing.fault;
        failing.times -= 1;
        if failing.times == 0 {
            self.failing_writes.remove(place);
        }
        self.tell(CheckpointEvent::WriteDisturbed { task, write, fault }.of(run, checkpoint));
        Some(fault)
    }

    /// What goes wrong with the upload of a task's snapshot.
    pub(super) fn state_fault(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
    ) -> Option<StorageFault> {
        let run = self.places[task.index()].run;
        self.meets_fault(DurableWrite::State, run, Some(task), checkpoint)
    }

    /// Writes the metadata of a checkpoint, which takes so long.
    pub(super) fn write_metadata(
        &mut self,
        run: RunId,
        checkpoint: CheckpointId,
        took: SimTime,
        agenda: &mut Agenda,
    ) {
        let leader = self.runs[run.index()].leader;
        let to_leader = |news: News| Control::ToLeader { run, leader, news };
        let written = to_leader(News::Metadata(checkpoint));
        let failed = to_leader(News::MetadataFailed(checkpoint));
        let (done, given_up) = (self.now.plus(took), self.now.plus(PATIENCE.max(took)));
        match self.meets_fault(DurableWrite::Metadata, run, None, checkpoint) {
            None => self.schedule(done, written, agenda),
            Some(StorageFault::Refused) => self.schedule(done, failed, agenda),
            Some(StorageFault::Torn | StorageFault::Lost) => {
                self.schedule(given_up, failed, agenda);
            }
            Some(StorageFault::ReplyLost) => {
                let silent = to_leader(News::MetadataUnheard(checkpoint));
                self.schedule(done, silent, agenda);
                self.schedule(given_up, failed, agenda);
            }
        }
    }

    /// Has the store point to a checkpoint, which takes so long.
    pub(super) fn write_pointer(
        &mut self,
        run: RunId,
        checkpoint: Arc<CompletedCheckpoint>,
        took: SimTime,
        agenda: &mut Agenda,
    ) {
        let leader = self.runs[run.index()].leader;
        let id = checkpoint.properties().id;
        let failed = Control::ToLeader { run, leader, news: News::PointerFailed(id) };
        let (done, given_up) = (self.now.plus(took), self.now.plus(PATIENCE.max(took)));
        match self.meets_fault(DurableWrite::Pointer, run, None, id) {
            None => {
                let is_heard = true;
                self.schedule(done, Control::Pointer { run, leader, checkpoint, is_heard }, agenda);
            }
            Some(StorageFault::Refused) => self.schedule(done, failed, agenda),
            Some(StorageFault::Torn | StorageFault::Lost) => {
                self.schedule(given_up, failed, agenda);
            }
            Some(StorageFault::ReplyLost) => {
                let is_heard = false;
                self.schedule(done, Control::Pointer { run, leader, checkpoint, is_heard }, agenda);
                self.schedule(given_up, failed, agenda);
            }
        }
    }
}
