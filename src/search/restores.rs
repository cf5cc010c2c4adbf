//! Restores as a report tells them: what each gave to whom, what it left behind and why, and who started empty.

use super::names::unit_name;
use crate::job::{CheckpointId, Layouts, OperatorId, RunId, RunLayout, TaskId};
use crate::trace::{
    CheckpointEvent, Declared, Entry, JobEvent, RestoreReport, StateUnit, TaskEvent, TraceEvent,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What became of a snapshot that a run was started from, or that it dropped state of in a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RestoreTold {
    /// The run: `count#0`.
    pub run: String,
    /// The snapshot.
    pub checkpoint: CheckpointId,
    /// States that an operator was given and took, as `OPERATOR.STATE`.
    pub restored: Vec<String>,
    /// States that an operator was given and does not declare: nobody reads them.
    pub unread: Vec<String>,
    /// States that an operator of which the snapshot knows others declares, and that it does not know: they start empty.
    pub fresh: Vec<String>,
    /// States that nobody was given, and why not.
    pub dropped: Vec<(String, &'static str)>,
    /// Operators that the snapshot knows nothing of.
    pub empty: Vec<String>,
    /// How many records in flight were dropped beside the states that nobody was given.
    pub dropped_in_flight: u64,
    /// States that an operator was given of which no subtask came so far as to take it: the job ended or failed before.
    pub untaken: Vec<String>,
}

/// What the tasks of a run told when they initialized their state from the snapshot it was started from.
#[derive(Clone, Debug, Default)]
pub(super) struct Declarations {
    unread: BTreeSet<StateUnit>,
    fresh: BTreeSet<StateUnit>,
    tasks: BTreeSet<TaskId>,
}

impl Declarations {
    pub(super) fn add(&mut self, task: TaskId, declared: Option<&Declared>) {
        self.tasks.insert(task);
        self.unread.extend(declared.iter().flat_map(|of| of.unread.iter().cloned()));
        self.fresh.extend(declared.iter().flat_map(|of| of.fresh.iter().cloned()));
    }

    /// Whether a task of the operator that this state was mapped to has come so far as to take it.
    pub(super) fn has_begun(&self, layout: &RunLayout, unit: &StateUnit) -> bool {
        layout.plan.operator_with_id(unit.operator).is_some_and(|at| {
            let mut tasks = layout.plan.tasks_of(layout.plan.vertex_of(at));
            tasks.any(|task| self.tasks.contains(&layout.task(task)))
        })
    }

    /// Whether what a report maps to an operator is read by it.
    pub(super) fn reads(&self, unit: &StateUnit) -> bool {
        !self.unread.contains(unit)
    }
}

/// The restores of a world.
#[derive(Clone, Debug, Default)]
pub struct Restores {
    layouts: Layouts,
    /// The first of each run, and those after it that dropped something.
    reports: Vec<(RunId, CheckpointId, Arc<RestoreReport>)>,
    /// By run, what its tasks told of what they declare, and how many told it.
    declared: BTreeMap<RunId, Declarations>,
    /// The runs that were started from a snapshot.
    started: BTreeSet<RunId>,
}

impl Restores {
    pub(super) fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.layouts.push(layout);
    }

    pub(super) fn on_entry(&mut self, entry: &Entry) {
        if let TraceEvent::Job(run, JobEvent::Submitted { from: Some(_) }) = entry.event {
            self.started.insert(run);
        } else if let TraceEvent::Checkpoint(
            run,
            checkpoint,
            CheckpointEvent::RestoreMapped { report, .. },
        ) = &entry.event
            && (self.started.remove(run) || !report.dropped.is_empty())
        {
            self.reports.push((*run, *checkpoint, Arc::clone(report)));
        } else if let TraceEvent::Task(
            task,
            _,
            TaskEvent::Initialized { restored: Some(_), declared, .. },
        ) = &entry.event
        {
            let run = self.layouts[*task].run;
            self.declared.entry(run).or_default().add(*task, declared.as_deref());
        }
    }

    /// In order of time.
    pub fn told(&self) -> Vec<RestoreTold> {
        self.reports
            .iter()
            .map(|(run, checkpoint, report)| self.tell(*run, *checkpoint, report))
            .collect()
    }

    fn tell(&self, run: RunId, checkpoint: CheckpointId, report: &RestoreReport) -> RestoreTold {
        let layout = &self.layouts[run];
        let why = |id: OperatorId| match layout.plan.operator_with_id(id) {
            Some(at) if layout.plan.graph.operators[at.index()].options.uid_hash.is_some() => {
                "its operator is given what is under its uid-hash alone"
            }
            Some(_) => "no chain of the job has its id at its head",
            None => "no operator of the job has its id",
        };
        let unit = |unit: &StateUnit| unit_name(&self.layouts, unit, Some(run));
        let dropped = report.dropped.iter();
        let nothing = Declarations::default();
        let declared = self.declared.get(&run).unwrap_or(&nothing);
        let has_begun = |unit: &&StateUnit| declared.has_begun(layout, unit);
        let (begun, untaken): (Vec<_>, Vec<_>) = report.mapped.iter().partition(has_begun);
        let (taken, unread): (Vec<_>, Vec<_>) =
            begun.into_iter().partition(|unit| declared.reads(unit));
        let is_known = |fresh: &&StateUnit| !report.mapped.contains(fresh);
        RestoreTold {
            run: layout.label.clone(),
            checkpoint,
            restored: taken.into_iter().map(unit).collect(),
            unread: unread.into_iter().map(unit).collect(),
            fresh: declared.fresh.iter().filter(is_known).map(unit).collect(),
            dropped: dropped.map(|left| (unit(left), why(left.operator))).collect(),
            empty: report.starts_empty.iter().map(|(_, name)| name.to_string()).collect(),
            dropped_in_flight: report.dropped_in_flight,
            untaken: untaken.into_iter().map(unit).collect(),
        }
    }
}
