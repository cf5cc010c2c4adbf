//! What a world put to the test: follows the trace, and counts for its [`Coverage`](super::Coverage).

use super::history::{Next, PartitionId, sources_of};
use super::past::Past;
use super::segments::cut_of_file;
use super::verdict::Findings;
use crate::job::{
    ChannelId, CheckpointConfig, CheckpointId, CheckpointMode, OperatorId, RunId, StateBackend,
};
use crate::operator::InputLog;
use crate::scenario::Action;
use crate::trace::{
    CheckpointEvent, Entry, JobEvent, SnapshotSource, Sometimes, TaskEvent, TraceEvent, WorldEvent,
};
use std::collections::BTreeSet;

/// Takes in what happened. The history knows it already.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other events put nothing to the test")]
pub(super) fn observe(entry: &Entry, past: Past<'_>, found: &mut Findings) {
    let coverage = &mut found.coverage;
    coverage.operations.observe(entry, past);
    coverage.changes.observe(entry, past);
    match &entry.event {
        TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { .. }) => {
            coverage.ended_before_first_checkpoint = 0;
            if let Some(story) = past.run(*run).and_then(|run| run.story(*checkpoint)) {
                coverage.held_at_a_cut |= u64::from(story.held);
                coverage.kept_in_flight |= u64::from(!story.in_flight.is_empty());
            }
        }
        TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::RestoreMapped { .. }) => {
            observe_rescaling(past, (*run, *checkpoint), found);
        }
        TraceEvent::Task(task, _, TaskEvent::InFlightRestored { checkpoint, channel, .. }) => {
            let run = past.history.run_of(*task);
            if is_dealt_anew(past, (run, *checkpoint), *channel) {
                coverage.rescaled_in_flight = 1;
                found.sometimes.insert(Sometimes::RescaledInFlight);
            }
        }
        TraceEvent::Task(task, attempt, TaskEvent::Ended { .. }) => {
            let story = past.run(past.history.run_of(*task));
            let is_zombie = story.is_some_and(|story| !story.is_current(*task, *attempt));
            coverage.zombies |= u64::from(is_zombie);
        }
        TraceEvent::Checkpoint(.., CheckpointEvent::WriteDisturbed { .. }) => {
            coverage.disturbed_writes = 1
        }
        TraceEvent::World(WorldEvent::StepTaken { step }) => {
            let step = past.setup.step(*step);
            let is_of_files = step.is_some_and(|step| matches!(step.action, Action::Files(_)));
            coverage.user_files |= u64::from(is_of_files);
        }
        TraceEvent::Job(.., JobEvent::TakenOver { .. }) => coverage.taken_over = 1,
        TraceEvent::Job(run, JobEvent::RegionRestarted { restored, .. }) => {
            coverage.restarted_a_region = 1;
            let is_midway = restored.is_some_and(|restored| is_midway(past, (*run, restored)));
            coverage.restored_midway |= u64::from(is_midway);
        }
        TraceEvent::Job(run, JobEvent::AttemptStarted { restored: Some(restored), .. }) => {
            coverage.restored_midway |= u64::from(is_midway(past, (*run, *restored)));
        }
        TraceEvent::Task(.., TaskEvent::WatermarkEmitted { .. })
        | TraceEvent::Task(.., TaskEvent::WatermarkStatusChanged { .. })
        | TraceEvent::Task(.., TaskEvent::TimersFired { .. }) => coverage.event_time = 1,
        TraceEvent::Task(.., TaskEvent::LateDropped { .. }) => coverage.late = 1,
        _ => {}
    }
}

/// Counts what jobs were configured to do.
pub(super) fn count_configured(past: Past<'_>, found: &mut Findings) {
    let any = |asked: fn(&CheckpointConfig) -> bool| {
        u64::from(past.setup.scenario.jobs.iter().any(|job| asked(&job.checkpoint)))
    };
    let coverage = &mut found.coverage;
    coverage.unaligned = any(|checkpoint| checkpoint.unaligned);
    coverage.at_least_once = any(|checkpoint| checkpoint.mode == CheckpointMode::AtLeastOnce);
    coverage.incremental = any(|checkpoint| checkpoint.backend == StateBackend::Incremental);
}

/// Takes in whether a restore changed the parallelism of an operator, and of one with keyed state.
fn observe_rescaling(past: Past<'_>, at: (RunId, CheckpointId), found: &mut Findings) {
    let Some(restore) = past.run(at.0).and_then(|run| run.restore.as_ref()) else { return };
    let report = &restore.report;
    let before = |id| parallelism_at(past, at, id);
    let changed: BTreeSet<OperatorId> = report
        .operators
        .iter()
        .filter(|(id, _, now)| before(*id).is_some_and(|before| before != *now))
        .map(|(id, ..)| *id)
        .collect();
    if !changed.is_empty() {
        found.sometimes.insert(Sometimes::RestoredAtAnotherParallelism);
    }
    let mut units = report.snapshot.iter();
    if units
        .any(|sum| sum.groups.is_some() && sum.entries > 0 && changed.contains(&sum.unit.operator))
    {
        found.sometimes.insert(Sometimes::RescaledKeyedState);
        found.coverage.rescaled_keyed_state = 1;
    }
}

/// Whether an end of a channel had another parallelism at the checkpoint that it is refilled from.
fn is_dealt_anew(past: Past<'_>, at: (RunId, CheckpointId), channel: ChannelId) -> bool {
    let Some(own) = past.run(at.0) else { return false };
    let plan = &own.layout.plan;
    let edge = &plan.edges[own.layout.plan_channel(channel).edge];
    [edge.from, edge.to].into_iter().any(|end| {
        let before = parallelism_at(past, at, plan.operator_ids[end.index()]);
        before.is_some_and(|before| before != plan.graph.operators[end.index()].parallelism)
    })
}

/// How parallel an operator was at the checkpoint that a run restores; none if it was not there.
fn parallelism_at(
    past: Past<'_>,
    (run, checkpoint): (RunId, CheckpointId),
    id: OperatorId,
) -> Option<u32> {
    match past.history.restored_story(run, checkpoint).map(|(taker, _)| taker) {
        Some(taker) => taker.layout.plan.node_with_id(id).map(|node| node.parallelism),
        None => {
            let stored = past.setup.file.as_ref()?.state.operators();
            let state = stored.iter().find(|state| state.id == id)?;
            u32::try_from(state.subtasks.len()).ok()
        }
    }
}

/// Whether the cut of a checkpoint that a run restores has records before it and behind it.
fn is_midway(past: Past<'_>, (run, checkpoint): (RunId, CheckpointId)) -> bool {
    let Some(story) = past.run(run) else { return false };
    let (plan, cut) = match past.history.restored_story(run, checkpoint) {
        Some((taker, taken)) => {
            let plan = &taker.layout.plan;
            (plan, taker.cut(taken))
        }
        None => match (&past.setup.file, past.history.start_of(run)) {
            (Some(file), Some(SnapshotSource::Files(_))) => {
                let plan = &story.layout.plan;
                (plan, cut_of_file(file, plan, past.setup))
            }
            _ => return false,
        },
    };
    let partitions = || {
        let stands = sources_of(plan).filter_map(|source| {
            let log = past.setup.log(plan, source);
            Some((log, cut.of_source(plan.operator_ids[source.index()])?))
        });
        stands.flat_map(|(log, stand)| {
            let own = (0..log.partitions()).map(|partition| (log.id(), partition));
            let known = stand.known.keys().copied();
            let all: BTreeSet<PartitionId> = known.chain(own).collect();
            all.into_iter().map(|(input, partition)| {
                let next = stand.of((input, partition));
                (&past.setup.inputs[input.index()], partition, next)
            })
        })
    };
    let start = Next::Entry(0);
    partitions().any(|(log, partition, next)| next > start && log.entry(partition, 0).is_some())
        && partitions().any(|(log, partition, next)| match next {
            Next::Entry(next) => log.entry(partition, next).is_some(),
            Next::End => false,
        })
}
