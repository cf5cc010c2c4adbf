//! Mapping totality: nothing of a snapshot is silently left behind, and nothing silently starts empty.

use super::Check;
use super::history::{History, Restore, RunStory};
use super::violation::Violation;
use crate::job::{OperatorId, OperatorIndex, OperatorNode, Plan, RunId};
use crate::operator::Catalogue;
use crate::trace::{CheckName, Entry, RestoreReport, StateUnit};

/// Judges a restore report by itself: every unit is mapped or dropped, once, and what starts empty is listed.
pub(super) fn check_report(
    run: RunId,
    entry: &Entry,
    history: &History,
    catalogue: &Catalogue,
    found: &mut Check,
) {
    let Some(story) = history.run(run) else { return };
    let Some(restore) = &story.restore else { return };
    let report = &*restore.report;
    let plan = &*story.layout.plan;
    let mut add = |text| found.add(Violation::at_entry(CheckName::MappingTotality, entry, text));
    for unit in report.snapshot.iter().map(|sum| &sum.unit) {
        let count = |units: &[StateUnit]| units.iter().filter(|other| *other == unit).count();
        let (mapped, dropped) = (count(&report.mapped), count(&report.dropped));
        if (mapped, dropped) == (0, 0) {
            add(format!("{} was neither mapped nor dropped", unit_name(plan, unit)));
        } else if mapped + dropped > 1 {
            let name = unit_name(plan, unit);
            add(format!("{name} was mapped {mapped} times and dropped {dropped} times"));
        }
    }
    for unit in report.mapped.iter().chain(&report.dropped) {
        if !report.snapshot.iter().any(|sum| sum.unit == *unit) {
            add(format!("{} is not in the snapshot", unit_name(plan, unit)));
        }
    }
    let finished = history.restored_story(run, restore.checkpoint).map(|(taker, taken)| {
        let finished = taker.cut(taken, |_| 0).finished;
        let is_own = taker.layout.run == run;
        let now = |id| match is_own {
            true => plan.operator_with_id(id),
            false => story.taker_of(id),
        };
        finished.into_iter().filter_map(now).collect::<Vec<_>>()
    });
    for (place, (node, id)) in plan.graph.operators.iter().zip(&plan.operator_ids).enumerate() {
        let place = OperatorIndex::new(place);
        let had_finished = finished.as_ref().is_some_and(|finished| finished.contains(&place));
        let listed = report.starts_empty.iter().any(|(empty, _)| empty == id);
        let mapped = report.mapped.iter().any(|unit| unit.operator == *id);
        if is_stateful(node, catalogue) && !mapped && !listed && !had_finished {
            add(format!("`{}` starts empty and is not listed so", node.name));
        }
        if mapped && listed {
            add(format!("`{}` is listed as starting empty, but state was mapped to it", node.name));
        }
    }
}

/// Judges what arrived: every mapped unit that holds something is somewhere.
pub(super) fn check_arrival(run: &RunStory, restore: &Restore, entry: &Entry, found: &mut Check) {
    for unit in &restore.report.mapped {
        if entries_in_snapshot(&restore.report, unit) == 0 {
            continue;
        }
        let arrived = restore.arrived.iter().flatten().flat_map(|state| &**state);
        if arrived.filter(|sum| sum.unit == *unit).all(|sum| sum.entries == 0) {
            let name = unit_name(&run.layout.plan, unit);
            let text = format!(
                "{name} of checkpoint {} was mapped, but no subtask holds any of it",
                restore.checkpoint
            );
            found.add(Violation::at_entry(CheckName::MappingTotality, entry, text));
        }
    }
}

/// Judges whether what was in flight is so again, each record once.
pub(super) fn check_in_flight(restore: &Restore, entry: &Entry, found: &mut Check) {
    let Some(was) = restore.was_in_flight.filter(|was| *was != restore.is_in_flight) else {
        return;
    };
    let what = match was.0 == restore.is_in_flight.0 {
        true => "others are back".to_owned(),
        false => format!("{} are back", restore.is_in_flight.0),
    };
    let text =
        format!("{} records were in flight at checkpoint {}, {what}", was.0, restore.checkpoint);
    found.add(Violation::at_entry(CheckName::MappingTotality, entry, text));
}

fn entries_in_snapshot(report: &RestoreReport, unit: &StateUnit) -> u64 {
    report.snapshot.iter().filter(|sum| sum.unit == *unit).map(|sum| sum.entries).sum()
}

/// `state `count` of `counts``, or of an operator id that the new graph does not have.
pub(super) fn unit_name(plan: &Plan, unit: &StateUnit) -> String {
    format!("state `{}` of {}", unit.name, operator_name(plan, unit.operator))
}

fn operator_name(plan: &Plan, id: OperatorId) -> String {
    match plan.operator_with_id(id) {
        Some(place) => format!("`{}`", plan.graph.operators[place.index()].name),
        None => format!("operator {id}"),
    }
}

/// Whether an operator keeps state.
pub(super) fn is_stateful(node: &OperatorNode, catalogue: &Catalogue) -> bool {
    catalogue.of(node).is_some_and(|entry| entry.stateful)
}
