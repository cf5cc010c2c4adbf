//! Milestones: the moments of a run that steps wait for.

use crate::cluster::ids::PlaceId;
use crate::cluster::leaders::Leaders;
use crate::job::{CheckpointId, RunId, TaskId};
use crate::kernel::SimTime;
use crate::scenario::{Milestone, Scenario, TaskName, Trigger};
use crate::trace::{CheckpointEvent, Entry, JobEvent, JobStatus, TaskEvent, TraceEvent};

/// Steps that wait for a milestone, by number.
#[derive(Clone, Debug)]
pub(crate) struct Milestones {
    waiting: Vec<usize>,
}

impl Milestones {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let steps = scenario.steps.iter().enumerate();
        let waiting = steps.filter(|(_, step)| matches!(step.trigger, Trigger::When(..)));
        Self { waiting: waiting.map(|(number, _)| number).collect() }
    }

    /// Whether the milestone of this step has not come yet.
    pub(crate) fn is_awaited_by(&self, step: usize) -> bool {
        self.waiting.contains(&step)
    }

    /// The steps whose milestone is among what was just told: after how long, and which entry it is.
    pub(crate) fn reach(
        &mut self,
        scenario: &Scenario,
        leaders: &Leaders,
        told: &[Entry],
    ) -> Vec<(usize, SimTime, u64)> {
        let mut reached = Vec::new();
        self.waiting.retain(|step| {
            let Trigger::When(milestone, after) = &scenario.steps[*step].trigger else {
                unreachable!("only steps with a milestone wait")
            };
            let found = told.iter().find(|entry| is_reached(leaders, milestone, &entry.event));
            reached.extend(found.map(|entry| (*step, *after, entry.number.entry)));
            found.is_none()
        });
        reached
    }
}

fn is_reached(leaders: &Leaders, milestone: &Milestone, event: &TraceEvent) -> bool {
    let is_job = |run: RunId, job: &str| leaders[run].name() == job;
    let is_task = |task: TaskId, id: CheckpointId, checkpoint: u64, by: &TaskName| {
        id.number() == checkpoint && leaders.is_named(PlaceId::of(task), by)
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
                if is_job(*run, job) && leaders[*run].restored),
        Milestone::DataEnded { by } => matches!(event,
            TraceEvent::Task(task, _, TaskEvent::DataEnded) if leaders.is_named(PlaceId::of(*task), by)),
        Milestone::Savepoint { label: wanted } => matches!(event,
            TraceEvent::Checkpoint(.., CheckpointEvent::SavepointStored { label, .. }) if **label == **wanted),
        Milestone::Status { job, status: wanted } => matches!(event,
            TraceEvent::Job(run, JobEvent::StatusChanged { status })
                if status == wanted && is_job(*run, job)),
    }
}
