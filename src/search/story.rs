//! The facts of a trace that expectations speak of, gathered while it is played.

use super::names::{task_name, task_names};
use super::restores::Declarations;
use crate::job::{CheckpointId, Layouts, RunId, RunLayout, TaskId};
use crate::scenario::{Expect, ProtocolExpectations, TaskName};
use crate::trace::{
    CheckpointEvent, Entry, JobEvent, RestoreReport, TaskEvent, TraceEvent, TraceSink,
    TransactionEvent,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The facts of a trace that expectations speak of.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    pub(super) layouts: Layouts,
    pub(super) completed: BTreeMap<String, Vec<u64>>,
    /// By job: what its newest attempt was restored from.
    pub(super) restored_from: BTreeMap<String, Option<CheckpointId>>,
    /// By job: what its newest restore did, and in which run.
    pub(super) reports: BTreeMap<String, (RunId, Arc<RestoreReport>)>,
    /// By job: what tasks made of what that gave them.
    pub(super) declared: BTreeMap<String, Declarations>,
    /// By job: why tasks of it failed.
    pub(super) failures: BTreeMap<String, Vec<Arc<str>>>,
    /// The calls that are asked for, by subtask.
    pub(super) callbacks: BTreeMap<TaskName, Vec<String>>,
    /// How often each subtask that is asked for was deployed.
    pub(super) attempts: BTreeMap<TaskName, u64>,
    /// The list states that are asked for, by subtask.
    pub(super) lists: BTreeMap<TaskName, BTreeMap<String, Vec<String>>>,
    /// By sink, as external systems are numbered: the checkpoints whose transactions it committed.
    pub(super) commits: BTreeMap<usize, Vec<u64>>,
    /// What became of acks and checkpoints, if that is asked for.
    pub(super) told: ProtocolExpectations,
    wants_told: bool,
}

impl Story {
    /// A story that listens for what is expected.
    pub(super) fn of(expect: &Expect) -> Self {
        Self {
            callbacks: asked(&expect.callbacks),
            attempts: asked(&expect.attempts),
            lists: asked(&expect.lists),
            wants_told: expect.protocol != ProtocolExpectations::default(),
            ..Self::default()
        }
    }

    fn on_job(&mut self, run: RunId, event: &JobEvent) {
        if let JobEvent::AttemptStarted { restored, .. }
        | JobEvent::RegionRestarted { restored, .. } = event
        {
            self.restored_from.insert(self.layouts[run].job_name().to_owned(), *restored);
        }
        if let JobEvent::AttemptStarted { restored: Some(_), .. } = event {
            self.declared.remove(self.layouts[run].job_name());
        }
    }

    fn on_checkpoint(&mut self, run: RunId, checkpoint: CheckpointId, event: &CheckpointEvent) {
        let job = || self.layouts[run].job_name().to_owned();
        if let CheckpointEvent::Completed { .. } = event {
            self.completed.entry(job()).or_default().push(checkpoint.number());
        } else if let CheckpointEvent::RestoreMapped { report, .. } = event {
            self.reports.insert(job(), (run, Arc::clone(report)));
        } else if let CheckpointEvent::Aborted { reason, .. } = event
            && self.wants_told
        {
            self.told.aborted.entry(job()).or_default().push((checkpoint.number(), *reason));
        }
    }

    fn on_task(&mut self, task: TaskId, event: &TaskEvent) {
        let job = || self.layouts[task].job_name().to_owned();
        if let TaskEvent::Deployed { .. } = event
            && !self.attempts.is_empty()
        {
            for name in task_names(&self.layouts, task) {
                self.attempts.entry(name).and_modify(|attempts| *attempts += 1);
            }
        } else if let TaskEvent::Callback { operator, call, checkpoint } = event {
            let name = task_name(&self.layouts, task, *operator);
            self.callbacks.entry(name).and_modify(|calls| calls.push(call.about(*checkpoint)));
        } else if let TaskEvent::ListInitialized { operator, name, items } = event {
            let task = task_name(&self.layouts, task, *operator);
            let items = items.iter().map(ToString::to_string).collect();
            self.lists.entry(task).and_modify(|states| _ = states.insert(name.to_string(), items));
        } else if let TaskEvent::Initialized { restored: Some(_), declared, .. } = event {
            let declared = declared.as_deref();
            self.declared.entry(job()).or_default().add(task, declared);
        } else if let TaskEvent::OperatorFailed { why, .. } = event {
            self.failures.entry(job()).or_default().push(Arc::clone(why));
        } else if let TaskEvent::SnapshotOrphaned { .. } = event
            && self.wants_told
        {
            *self.told.orphaned.entry(job()).or_default() += 1;
        } else if let TaskEvent::AckHandled { checkpoint, verdict, .. } = event
            && self.wants_told
        {
            for name in task_names(&self.layouts, task) {
                self.told.acks.entry(name).or_default().push((checkpoint.number(), *verdict));
            }
        }
    }
}

/// Nothing yet, for each of those that an expectation names.
fn asked<K: Clone + Ord, W, F: Default>(expected: &BTreeMap<K, W>) -> BTreeMap<K, F> {
    expected.keys().map(|name| (name.clone(), F::default())).collect()
}

impl TraceSink for Story {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.layouts.push(layout);
    }

    fn wants_callbacks(&self) -> bool {
        !self.callbacks.is_empty() || !self.lists.is_empty()
    }

    fn on_entry(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::Job(run, event) => self.on_job(*run, event),
            TraceEvent::Checkpoint(run, checkpoint, event) => {
                self.on_checkpoint(*run, *checkpoint, event);
            }
            TraceEvent::Task(task, _, event) => self.on_task(*task, event),
            TraceEvent::Transaction { external, event, .. } => {
                if let TransactionEvent::Committed { checkpoint, .. } = event
                    && self.wants_told
                {
                    self.commits.entry(external.index()).or_default().push(checkpoint.number());
                }
            }
            TraceEvent::World(_) => {}
        }
    }
}
