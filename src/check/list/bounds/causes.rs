//! Each restart has a cause of its own: what fails while it is being restarted anyway restarts nothing once more.

use super::Past;
use crate::job::{RunId, TaskId};
use crate::rules::Failover;
use crate::trace::{EndOfTask, Entry, JobEvent, JobStatus, TaskEvent, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};

/// What is being restarted.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes {
    /// The tasks that failed, by the number of the entry that told it.
    failed: BTreeMap<u64, TaskId>,
    /// Tasks that are canceled and have not been deployed again.
    failing: BTreeMap<RunId, BTreeSet<TaskId>>,
}

impl Causes {
    /// Takes in what happened. What is wrong with it, in words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events restart nothing")]
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) -> Option<String> {
        match &entry.event {
            TraceEvent::Task(task, _, TaskEvent::Ended { how: EndOfTask::Failed }) => {
                self.failed.insert(entry.number.entry, *task);
            }
            TraceEvent::Task(task, _, TaskEvent::Deployed { .. }) => {
                let failing = self.failing.get_mut(&past.history.run_of(*task));
                if let Some(failing) = failing {
                    failing.remove(task);
                }
            }
            TraceEvent::Job(run, JobEvent::StatusChanged { status: JobStatus::Restarting }) => {
                return self.on_restarting(*run, entry.cause.map(|cause| cause.entry), past);
            }
            TraceEvent::Job(run, JobEvent::AttemptStarted { .. } | JobEvent::TakenOver { .. }) => {
                self.failing.remove(run);
            }
            TraceEvent::Job(run, JobEvent::RegionRestarted { tasks, .. }) => {
                if let Some(failing) = self.failing.get_mut(run) {
                    failing.retain(|task| !tasks.contains(task));
                }
            }
            _ => {}
        }
        None
    }

    /// A whole job that restarts does not restart again before it has; of regions it is known by their causes.
    fn on_restarting(&mut self, run: RunId, cause: Option<u64>, past: Past<'_>) -> Option<String> {
        let (story, job) = (past.run(run)?, past.job_of(run)?);
        let by = cause.and_then(|cause| self.failed.get(&cause)).copied();
        let by = by.filter(|task| story.layout.has_task(*task));
        let scope = job.failover.unwrap_or(past.history.rules.rules_of(run).failover);
        let plan = &story.layout.plan;
        let failing = self.failing.entry(run).or_default();
        let is_again = match (scope, by) {
            (Failover::Full, _) => !failing.is_empty(),
            (Failover::Region, Some(task)) => failing.contains(&task),
            (Failover::Region, None) => false,
        };
        let restarted = match (scope, by) {
            (Failover::Full, _) => plan.all_tasks(),
            (Failover::Region, Some(task)) => plan.region_of(story.layout.local_task(task)),
            (Failover::Region, None) => BTreeSet::new(),
        };
        failing.extend(restarted.into_iter().map(|task| story.layout.task(task)));
        // Until 1.14 a job goes back to the savepoint that it was to stop with, wherever it was on its way to.
        let has_stopped = story.stops_with.is_some_and(|stop| story.completed(stop).is_some());
        let stops_in_vain = has_stopped && !past.history.rules.rules_of(run).stop_failure_fails_job;
        (is_again && !(stops_in_vain && by.is_none())).then(|| {
            let by = by.map_or("what is canceled".to_owned(), |task| story.layout.task_name(task));
            format!("it restarts once more because of {by}, which it was restarting already")
        })
    }
}
