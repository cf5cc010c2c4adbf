//! Milestones: the moments of a run that steps wait for.

use super::world::World;
use crate::job::{CheckpointId, RunId, TaskId};
use crate::kernel::{Agenda, SimTime};
use crate::scenario::{Milestone, Scenario, TaskName, Trigger};
use crate::trace::{CheckpointEvent, JobEvent, JobStatus, TaskEvent, TraceEvent};

/// Steps that wait for a milestone, by number.
#[derive(Clone, Debug)]
pub(super) struct Milestones {
    waiting: Vec<usize>,
}

impl Milestones {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let steps = scenario.steps.iter().enumerate();
        let waiting = steps.filter(|(_, step)| matches!(step.trigger, Trigger::When(..)));
        Self { waiting: waiting.map(|(number, _)| number).collect() }
    }
}

impl World {
    /// Fires the steps whose milestone is among what was just told.
    pub(super) fn reach_milestones(&mut self, agenda: &mut Agenda) {
        self.note_restores();
        if self.milestones.waiting.is_empty() {
            return;
        }
        let mut reached: Vec<(usize, SimTime, u64)> = Vec::new();
        for step in &self.milestones.waiting {
            let Trigger::When(milestone, after) = &self.scenario.steps[*step].trigger else {
                unreachable!("only steps with a milestone wait")
            };
            let found = self.told.iter().find(|entry| self.is_reached(milestone, &entry.event));
            if let Some(entry) = found {
                reached.push((*step, *after, entry.number.entry));
            }
        }
        for (step, after, entry) in reached {
            self.milestones.waiting.retain(|waiting| *waiting != step);
            self.cause = entry;
            self.schedule_step(step, self.now.plus(after), agenda);
        }
    }

    fn note_restores(&mut self) {
        for entry in &self.told {
            if let TraceEvent::Job(run, JobEvent::AttemptStarted { restored, .. })
            | TraceEvent::Job(run, JobEvent::RegionRestarted { restored, .. }) = entry.event
            {
                self.runs[run.index()].restored = restored.is_some();
            }
        }
    }

    fn is_reached(&self, milestone: &Milestone, event: &TraceEvent) -> bool {
        let is_job = |run: RunId, job: &str| self.runs[run.index()].layout.plan.graph.name == job;
        let is_task = |task: TaskId, id: CheckpointId, checkpoint: u64, by: &TaskName| {
            id.number() == checkpoint && self.is_named(task, by)
        };
        match milestone {
            Milestone::Triggered { checkpoint: n, job } => matches!(event,
                TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Triggered { .. })
                    if checkpoint.number() == *n && is_job(*run, job)),
            Milestone::Snapshot { checkpoint: n, by } => matches!(event,
                TraceEvent::Task(task, _, TaskEvent::SnapshotTaken { checkpoint, .. })
                    if is_task(*task, *checkpoint, *n, by)),
            Milestone::Durable { checkpoint: n, by } => matches!(event,
                TraceEvent::Task(task, _, TaskEvent::SnapshotDurable { checkpoint, .. })
                    if is_task(*task, *checkpoint, *n, by)),
            Milestone::AckSent { checkpoint: n, by } => matches!(event,
                TraceEvent::Task(task, _, TaskEvent::AckSent { checkpoint, .. })
                    if is_task(*task, *checkpoint, *n, by)),
            Milestone::Acked { checkpoint: n, by } => matches!(event,
                TraceEvent::Task(task, _, TaskEvent::AckHandled { checkpoint, .. })
                    if is_task(*task, *checkpoint, *n, by)),
            Milestone::MetadataWritten { checkpoint: n, job } => matches!(event,
                TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::MetadataWritten)
                    if checkpoint.number() == *n && is_job(*run, job)),
            Milestone::PointerStored { checkpoint: n, job } => matches!(event,
                TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::PointerStored)
                    if checkpoint.number() == *n && is_job(*run, job)),
            Milestone::Completed { checkpoint: n, job } => matches!(event,
                TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { .. })
                    if checkpoint.number() == *n && is_job(*run, job)),
            Milestone::Notified { checkpoint: n, by } => matches!(event,
                TraceEvent::Task(task, _, TaskEvent::NotifyHandled { checkpoint, .. })
                    if is_task(*task, *checkpoint, *n, by)),
            Milestone::Restored { job } => matches!(event,
                TraceEvent::Job(run, JobEvent::StatusChanged { status: JobStatus::Running })
                    if is_job(*run, job) && self.runs[run.index()].restored),
            Milestone::DataEnded { by } => matches!(event,
                TraceEvent::Task(task, _, TaskEvent::DataEnded) if self.is_named(*task, by)),
            Milestone::Savepoint { label: wanted } => matches!(event,
                TraceEvent::Checkpoint(.., CheckpointEvent::SavepointStored { label, .. }) if **label == **wanted),
            Milestone::Status { job, status: wanted } => matches!(event,
                TraceEvent::Job(run, JobEvent::StatusChanged { status })
                    if status == wanted && is_job(*run, job)),
        }
    }
}
