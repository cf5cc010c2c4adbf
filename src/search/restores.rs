//! Restores as a report tells them: what each gave to whom, what it left behind and why, and who started empty.

use super::names::unit_name;
use crate::job::{CheckpointId, Layouts, OperatorId, RunId, RunLayout};
use crate::trace::{CheckpointEvent, Entry, JobEvent, RestoreReport, StateUnit, TraceEvent};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What became of a snapshot that a run was started from, or that it dropped state of in a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RestoreTold {
    /// The run: `count#0`.
    pub run: String,
    /// The snapshot.
    pub checkpoint: CheckpointId,
    /// States that an operator was given, as `OPERATOR.STATE`.
    pub restored: Vec<String>,
    /// States that nobody was given, and why not.
    pub dropped: Vec<(String, &'static str)>,
    /// Operators that the snapshot knows nothing of.
    pub empty: Vec<String>,
}

/// The restores of a world.
#[derive(Clone, Debug, Default)]
pub struct Restores {
    layouts: Layouts,
    /// The first of each run, and those after it that dropped something.
    reports: Vec<(RunId, CheckpointId, Arc<RestoreReport>)>,
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
        RestoreTold {
            run: layout.label.clone(),
            checkpoint,
            restored: report.mapped.iter().map(unit).collect(),
            dropped: dropped.map(|left| (unit(left), why(left.operator))).collect(),
            empty: report.starts_empty.iter().map(|(_, name)| name.to_string()).collect(),
        }
    }
}
