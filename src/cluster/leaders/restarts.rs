//! Jobs that restart again and again, without reading a record further or completing a checkpoint: they come nowhere.

use crate::cluster::hosts::Hosts;
use crate::cluster::ids::PlaceId;
use crate::cluster::leaders::Leaders;
use crate::cluster::stall::Stall;
use crate::job::{RunId, TaskId};
use crate::trace::{
    AbortReason, CheckpointEvent, Fault, JobEvent, TaskEvent, TraceEvent, WorldEvent,
};
use std::sync::Arc;

/// How far a run has come with its restarts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restarts {
    /// How many in a row led nowhere.
    in_vain: u32,
    /// Why it failed last.
    cause: Option<Arc<str>>,
}

impl Restarts {
    /// Counts a restart. Whether there have been too many.
    fn count(&mut self, is_further: bool, limit: u32) -> bool {
        self.in_vain = if is_further { 0 } else { self.in_vain + 1 };
        self.in_vain >= limit
    }
}

/// Notes what was told of failures, checkpoints and restarts. A job that has restarted too often in vain ends the world.
pub(crate) fn note(
    event: &TraceEvent,
    leaders: &mut Leaders,
    hosts: &mut Hosts,
    limit: u32,
) -> Option<Stall> {
    let run_of = |task: &TaskId| hosts.places[PlaceId::of(*task)].layout.run;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others say nothing of it")]
    let (run, cause): (RunId, Arc<str>) = match event {
        TraceEvent::Task(task, _, TaskEvent::OperatorFailed { why, .. }) => {
            (run_of(task), Arc::clone(why))
        }
        TraceEvent::World(WorldEvent::FaultInjected { fault: Fault::TaskKilled(task) }) => {
            (run_of(task), "a task was killed".into())
        }
        TraceEvent::Checkpoint(
            run,
            checkpoint,
            CheckpointEvent::Aborted { reason: AbortReason::Expired, .. },
        ) => (*run, format!("checkpoint {checkpoint} {}", AbortReason::Expired).into()),
        TraceEvent::Checkpoint(run, _, CheckpointEvent::Completed { .. }) => {
            let run = &mut leaders[*run];
            run.restarts.in_vain = 0;
            for task in run.layout.tasks() {
                hosts.places[PlaceId::of(task)].furthest = 0;
            }
            return None;
        }
        TraceEvent::Job(run, JobEvent::AttemptStarted { attempt, .. }) if attempt.number() > 0 => {
            return count_restart(*run, None, leaders, hosts, limit);
        }
        TraceEvent::Job(run, JobEvent::RegionRestarted { tasks, .. }) => {
            return count_restart(*run, Some(tasks), leaders, hosts, limit);
        }
        _ => return None,
    };
    leaders[run].restarts.cause = Some(cause);
    None
}

/// A job restarts these of its tasks, or all. It has come further if a source of it has read more than any attempt
/// before, since the last checkpoint that completed.
fn count_restart(
    run: RunId,
    tasks: Option<&[TaskId]>,
    leaders: &mut Leaders,
    hosts: &mut Hosts,
    limit: u32,
) -> Option<Stall> {
    let run = &mut leaders[run];
    let mut is_further = false;
    for task in run.layout.tasks() {
        let place = &mut hosts.places[PlaceId::of(task)];
        is_further |= place.reads > place.furthest;
        place.furthest = place.furthest.max(place.reads);
        if tasks.is_none_or(|tasks| tasks.contains(&place.id)) {
            place.reads = 0;
        }
    }
    run.restarts.count(is_further, limit).then(|| Stall::Restarts {
        job: run.layout.label.clone(),
        restarts: run.restarts.in_vain,
        cause: run.restarts.cause.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_that_lead_further_are_not_counted() {
        let mut restarts = Restarts::default();
        let counted = [false, true, false, false].map(|is_further| restarts.count(is_further, 2));
        assert_eq!(counted, [false, false, false, true]);
    }
}
