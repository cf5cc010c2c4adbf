//! Mapping totality: nothing of a snapshot is silently left behind, and nothing silently starts empty. What had finished does not
//! silently begin anew.

mod finished;

use super::{Findings, Observer, Past, Subjects, Violation};
use crate::check::graph::{is_stateful, unit_name};
use crate::check::history::{Restore, RunStory};
use crate::job::{OperatorIndex, RunId, TaskId};
use crate::scenario::Action;
use crate::trace::{
    CheckName, CheckpointEvent, Entry, JobEvent, RestoreReport, StateUnit, TaskEvent, TraceEvent,
    WorldEvent,
};
use std::collections::BTreeSet;

/// Judges what a restore reports, and what arrives of it.
#[derive(Clone, Debug, Default)]
pub(super) struct MappingTotality {
    /// Whether the submission that is being dealt with may leave state behind; unknown of one that no step made.
    may_drop: Option<bool>,
    /// The runs that may not.
    must_map: BTreeSet<RunId>,
}

impl Observer for MappingTotality {
    const LOOKS_AT: Subjects =
        Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS).and(Subjects::WORLD);

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of a restore")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let mut add =
            |text| found.add(Violation::at_entry(CheckName::MappingTotality, entry, text));
        match &entry.event {
            TraceEvent::World(WorldEvent::StepTaken { step }) => {
                self.may_drop = past.setup.step(*step).and_then(|step| match &step.action {
                    Action::Run(run) => Some(run.allow_non_restored),
                    _ => None,
                });
            }
            TraceEvent::Job(run, JobEvent::Submitted { from: Some(_) })
                if self.may_drop == Some(false) =>
            {
                self.must_map.insert(*run);
            }
            TraceEvent::Checkpoint(
                run,
                checkpoint,
                CheckpointEvent::RestoreMapped { report, .. },
            ) => {
                self.check_dropped(*run, report, past, &mut add);
                check_report(*run, past, &mut add);
                let goes_on = finished::behind_unfinished(*run, *checkpoint, past);
                goes_on.into_iter().for_each(&mut add);
            }
            TraceEvent::Task(task, _, TaskEvent::DataEnded | TaskEvent::SnapshotTaken { .. }) => {
                check_finished(*task, past, &mut add);
            }
            _ => {}
        }
        if let Some((run, restore)) = past.history.arrived_at(entry) {
            if !restore.is_partial() {
                check_arrival(run, restore, &mut add);
            }
            check_in_flight(restore, &mut add);
        }
    }
}

impl MappingTotality {
    /// State is left behind only if whoever started the run allowed it, and is not given to a stranger.
    fn check_dropped(
        &self,
        run: RunId,
        report: &RestoreReport,
        past: Past<'_>,
        add: &mut impl FnMut(String),
    ) {
        let is_known = past.history.is_overlooked(run, report);
        if !report.dropped.is_empty() && !is_known && self.must_map.contains(&run) {
            add(format!("{} states were dropped unasked", report.dropped.len()));
        }
        if let Some((state, left, takes)) = past.history.bound_to_another(run, report) {
            add(format!("state `{state}` that `{left}` left was given to `{takes}`"));
        }
    }
}

/// Judges a restore report by itself: every unit is mapped or dropped, once, and what starts empty is listed.
fn check_report(run: RunId, past: Past<'_>, add: &mut impl FnMut(String)) {
    let Some(story) = past.run(run) else { return };
    let Some(restore) = &story.restore else { return };
    let report = &*restore.report;
    let plan = &*story.layout.plan;
    for unit in report.snapshot.iter().map(|sum| &sum.unit) {
        let count = |units: &[StateUnit]| units.iter().filter(|other| *other == unit).count();
        let (mapped, dropped) = (count(&report.mapped), count(&report.dropped));
        // One may be left behind under the id of who took another of its name.
        let all = report.snapshot.iter().filter(|sum| sum.unit == *unit).count();
        if (mapped, dropped) == (0, 0) {
            add(format!("{} was neither mapped nor dropped", unit_name(plan, unit)));
        } else if mapped + dropped != all || mapped > 1 {
            let name = unit_name(plan, unit);
            add(format!("{name} was mapped {mapped} times and dropped {dropped} times"));
        }
    }
    for unit in report.mapped.iter().chain(&report.dropped) {
        if !report.snapshot.iter().any(|sum| sum.unit == *unit) {
            add(format!("{} is not in the snapshot", unit_name(plan, unit)));
        }
    }
    let finished = had_finished(story, restore, past);
    for (place, (node, id)) in plan.graph.operators.iter().zip(&plan.operator_ids).enumerate() {
        let listed = report.starts_empty.iter().any(|(empty, _)| empty == id);
        let mapped = report.mapped.iter().any(|unit| unit.operator == *id);
        let has_finished = finished.contains(&OperatorIndex::new(place));
        let had_none = || past.history.had_no_state(story.layout.run, *id, &past.setup.catalogue);
        let is_empty = is_stateful(node, &past.setup.catalogue) && !mapped && !has_finished;
        if is_empty && !listed && !had_none() {
            add(format!("`{}` starts empty and is not listed so", node.name));
        }
        if mapped && listed {
            add(format!("`{}` is listed as starting empty, but state was mapped to it", node.name));
        }
    }
}

/// What had finished at a checkpoint has nothing left to do when that is restored.
fn check_finished(task: TaskId, past: Past<'_>, add: &mut impl FnMut(String)) {
    let Some(story) = past.run(past.history.run_of(task)) else { return };
    let Some(restore) = &story.restore else { return };
    let operators =
        &story.layout.plan.vertices[story.layout.plan_task(task).vertex.index()].operators;
    let finished = had_finished(story, restore, past);
    if !operators.is_empty() && operators.iter().all(|operator| finished.contains(operator)) {
        let name = story.layout.task_name(task);
        add(format!("{name} had finished at checkpoint {}, and works again", restore.checkpoint));
    }
}

/// The operators of a run that had finished at the checkpoint that it restores.
fn had_finished(story: &RunStory, restore: &Restore, past: Past<'_>) -> Vec<OperatorIndex> {
    let run = story.layout.run;
    let Some((taker, taken)) = past.history.restored_story(run, restore.checkpoint) else {
        return Vec::new();
    };
    let now = |id| match taker.layout.run == run {
        true => story.layout.plan.operator_with_id(id),
        false => story.taker_of(id),
    };
    taker.cut(taken).finished.into_iter().filter_map(now).collect()
}

/// Judges what arrived: every mapped unit that holds something is somewhere.
fn check_arrival(run: &RunStory, restore: &Restore, add: &mut impl FnMut(String)) {
    for unit in &restore.report.mapped {
        if entries_in_snapshot(&restore.report, unit) == 0 || restore.report.dropped.contains(unit)
        {
            continue;
        }
        let arrived = restore.arrived.iter().flatten().flat_map(|state| &**state);
        if arrived.filter(|sum| sum.unit == *unit).all(|sum| sum.entries == 0) {
            add(format!(
                "{} of checkpoint {} was mapped, but no subtask holds any of it",
                unit_name(&run.layout.plan, unit),
                restore.checkpoint
            ));
        }
    }
}

/// Judges whether what was in flight is so again, each record once.
fn check_in_flight(restore: &Restore, add: &mut impl FnMut(String)) {
    let Some(was) = restore.was_in_flight.filter(|was| *was != restore.is_in_flight) else {
        return;
    };
    let what = match was.0 == restore.is_in_flight.0 {
        true => "others are back".to_owned(),
        false => format!("{} are back", restore.is_in_flight.0),
    };
    let checkpoint = restore.checkpoint;
    add(format!("{} records were in flight at checkpoint {checkpoint}, {what}", was.0));
}

fn entries_in_snapshot(report: &RestoreReport, unit: &StateUnit) -> u64 {
    report.snapshot.iter().filter(|sum| sum.unit == *unit).map(|sum| sum.entries).sum()
}
