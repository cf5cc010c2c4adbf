//! The rows of the folded picture, and how many subtasks run in each.

use crate::job::RunId;
use crate::render::picture::model::{LaneKind, Picture, Span, SpanKind};
use crate::render::picture::scale::Scale;
use crate::render::picture::scene::Length;
use crate::trace::EntryNumber;
use std::collections::{BTreeMap, BTreeSet};

/// Who acts in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::render::picture) enum RowKind {
    Coordinator,
    Operator,
    External,
}

/// A row: one lane, or those of an operator in all runs that it shares with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::render::picture) struct Row {
    pub(in crate::render::picture) kind: RowKind,
    pub(in crate::render::picture) label: String,
    /// What stands below the label: `4 then 7 subtasks`.
    pub(in crate::render::picture) more: String,
    pub(in crate::render::picture) lanes: Vec<usize>,
    pub(in crate::render::picture) y: Length,
    /// The room above it, beside the usual.
    pub(in crate::render::picture) gap: Length,
    /// Which of the groups of runs that do not share rows it is of.
    group: usize,
    parallelisms: Vec<u32>,
}

/// The rows of a picture, from top to bottom. What is drawn in none, as it never ran, has none.
pub(super) fn of(picture: &Picture) -> Vec<Row> {
    let groups = groups(picture);
    let has_several = groups.values().any(|group| *group > 0);
    let mut operators: Vec<Row> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut externals: Vec<Row> = Vec::new();
    let row = |kind, label: &str, lane| Row {
        kind,
        label: label.to_owned(),
        more: String::new(),
        lanes: vec![lane],
        y: 0,
        gap: 0,
        group: 0,
        parallelisms: Vec::new(),
    };
    for (place, lane) in picture.lanes.iter().enumerate() {
        match lane.kind {
            LaneKind::Coordinator => rows.push(row(RowKind::Coordinator, &lane.label, place)),
            LaneKind::External => externals.push(row(RowKind::External, &lane.label, place)),
            LaneKind::Task => {
                let Some(group) = lane.run.and_then(|run| groups.get(&run).copied()) else {
                    continue;
                };
                let found = operators
                    .iter_mut()
                    .find(|row| row.group == group && row.label == lane.operator);
                let own = match found {
                    Some(own) => own,
                    None => {
                        let mut own = row(RowKind::Operator, &lane.operator, place);
                        own.lanes.clear();
                        own.group = group;
                        // Operators that only a later run has are told where that run has them, group by group.
                        let after = operators.iter().rposition(|row| row.group <= group);
                        let at = after.map_or(0, |after| after + 1);
                        operators.insert(at, own);
                        &mut operators[at]
                    }
                };
                own.lanes.push(place);
                if own.parallelisms.last() != Some(&lane.parallelism) {
                    own.parallelisms.push(lane.parallelism);
                }
                let counts: Vec<String> =
                    own.parallelisms.iter().map(ToString::to_string).collect();
                let plural = if own.parallelisms == [1] { "" } else { "s" };
                let told = format!("{} subtask{plural}", counts.join(" then "));
                own.more = if has_several { format!("{}, {told}", lane.job) } else { told };
            }
        }
    }
    let mut last_group = operators.first().map_or(0, |row| row.group);
    for row in &mut operators {
        row.gap = if row.group == last_group { 0 } else { 160 };
        last_group = row.group;
    }
    rows.extend(operators);
    rows.extend(externals);
    rows
}

/// For each run that ever ran, the group of runs that share rows: they have an operator in common and are apart in time.
fn groups(picture: &Picture) -> BTreeMap<RunId, usize> {
    let mut lives: BTreeMap<RunId, (u64, u64)> = BTreeMap::new();
    for span in picture.spans.iter().filter(|span| is_life(span)) {
        let Some(run) = picture.lanes[span.lane].run else { continue };
        let life = lives.entry(run).or_insert((span.from, span.to));
        *life = (life.0.min(span.from), life.1.max(span.to));
    }
    let mut groups: Vec<(BTreeSet<&str>, u64)> = Vec::new();
    let mut of_runs = BTreeMap::new();
    for (run, (from, to)) in lives {
        let lanes = picture.lanes.iter().filter(|lane| lane.run == Some(run));
        let operators: BTreeSet<&str> = lanes.map(|lane| lane.operator.as_str()).collect();
        let free = groups.iter().position(|(of, until)| {
            *until <= from && operators.iter().any(|operator| of.contains(operator))
        });
        let group = free.unwrap_or_else(|| {
            groups.push((BTreeSet::new(), 0));
            groups.len() - 1
        });
        groups[group].0.extend(operators);
        groups[group].1 = to;
        of_runs.insert(run, group);
    }
    of_runs
}

const fn is_life(span: &Span) -> bool {
    matches!(span.kind, SpanKind::Life | SpanKind::Deploying)
}

/// A stretch in which at least one subtask of a row runs.
pub(super) struct Band {
    /// From where to where which share of the subtasks runs, in thousandths.
    pub(super) heights: Vec<(Length, Length, Length)>,
    pub(super) entries: Vec<EntryNumber>,
}

/// The stretches in which subtasks of a row run, by whole pixels.
pub(super) fn bands(picture: &Picture, row: &Row, scale: &Scale) -> Vec<Band> {
    let mut changes: BTreeMap<Length, (i64, i64)> = BTreeMap::new();
    let mut entries: BTreeMap<Length, Vec<EntryNumber>> = BTreeMap::new();
    for span in picture.spans.iter().filter(|span| span.kind == SpanKind::Life) {
        if !row.lanes.contains(&span.lane) {
            continue;
        }
        let parallelism = i64::from(picture.lanes[span.lane].parallelism.max(1));
        let (from, to) = (scale.at(span.from) / 10 * 10, scale.at(span.to) / 10 * 10);
        changes.entry(from).or_default().0 += 1;
        changes.entry(from).or_default().1 = parallelism;
        changes.entry(to).or_default().0 -= 1;
        entries.entry(from).or_default().extend(&span.entries);
    }
    let mut bands: Vec<Band> = Vec::new();
    let (mut running, mut parallelism, mut since) = (0, 1, 0);
    for (x, (change, of)) in changes {
        if running > 0 && x > since {
            let share = (running * 1_000 / parallelism).min(1_000);
            let own = entries.range(..x).flat_map(|(_, entries)| entries.iter().copied());
            match bands.last_mut() {
                Some(band) if band.heights.last().is_some_and(|last| last.1 == since) => {
                    band.heights.push((since, x, share));
                }
                Some(_) | None => {
                    let entries = own.collect();
                    bands.push(Band { heights: vec![(since, x, share)], entries });
                }
            }
            entries = entries.split_off(&x);
        }
        running += change;
        since = x;
        if of > 0 {
            parallelism = of;
        }
    }
    bands
}
