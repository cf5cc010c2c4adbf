//! Time fidelity, as it was written: each window has fired with all of its records, and those of no other.
//!
//! The reference evaluates windows without watermarks, to the end of all inputs; its windows fire once, when all is in.
//! Judged are runs that came to their end, sink by sink, where the sink holds what one window operator emits.

use super::Check;
use super::compare::listed;
use super::history::RunStory;
use super::output::{Demand, OutputCheck};
use super::segments::{References, Stop};
use super::time::TimeCheck;
use super::violation::Violation;
use super::written::ReferenceRow;
use crate::job::{
    JobGraph, OperatorKind, OperatorNode, Reader, Value, WindowFunction, WindowOptions, WindowTime,
};
use crate::operator::{Catalogue, Emits};
use crate::scenario::{Input, InputKind, Scenario};
use crate::trace::{CheckName, JobStatus, SnapshotSource};
use std::collections::{BTreeMap, BTreeSet};

/// How far behind a later one a record of an input comes at most, in milliseconds of the column that a source reads.
fn disorder(input: &Input, column: u16) -> Option<i64> {
    match (&input.shuffle, &input.kind) {
        (Some(shuffle), _) if shuffle.column == column => Some(shuffle.within - 1),
        (None, InputKind::Generate { step: Some(_), .. }) if column == 2 => Some(0),
        (Some(_) | None, _) => None,
    }
}

/// How far behind the watermark of its source a record comes at most; none if that cannot be told.
fn lag(scenario: &Scenario, source: &OperatorNode) -> Option<i64> {
    let OperatorKind::Source { input, .. } = &source.kind else { return None };
    let time = source.options.time?;
    if time.idle_after.is_some() || source.options.reader == Reader::Splits {
        return None;
    }
    let Some(column) = time.column else { return Some(0) };
    let input = scenario.inputs.iter().find(|known| known.name == *input)?;
    disorder(input, column).map(|disorder| (disorder - time.out_of_orderness).max(0))
}

/// Whether a record may come too late for a window operator: watermarks follow from what sources read, and each source
/// says how far out of order that is.
pub(super) fn can_be_late(scenario: &Scenario, graph: &JobGraph, window: usize) -> bool {
    let Some(options) = graph.operators[window].options.window else { return true };
    let mut allowed = options.windows.lateness();
    let mut before = vec![window];
    let mut seen = BTreeSet::from([window]);
    let mut most = 0;
    while let Some(place) = before.pop() {
        let node = &graph.operators[place];
        if node.is_source() {
            match lag(scenario, node) {
                Some(lag) => most = most.max(lag),
                None => return true,
            }
        }
        let is_other = |of: WindowOptions| (place != window).then_some(of.time);
        match node.options.window.and_then(is_other) {
            // Of a window that fires again the second row is late for others.
            Some(WindowTime::Event) => allowed = 0,
            Some(WindowTime::Processing) => return true,
            None => {}
        }
        let inputs = node.inputs.iter().map(|edge| edge.from.index());
        before.extend(inputs.filter(|input| seen.insert(*input)));
    }
    most > allowed
}

/// The window operator whose rows a sink holds, if nothing on the way changes them.
fn window_of(graph: &JobGraph, sink: usize, catalogue: &Catalogue) -> Option<usize> {
    let mut place = sink;
    loop {
        let [edge] = &graph.operators[place].inputs[..] else { return None };
        place = edge.from.index();
        let node = &graph.operators[place];
        if edge.side {
            return None;
        }
        if node.options.window.is_some() {
            return Some(place);
        }
        if catalogue.of(node)?.emits != Emits::AsItIs {
            return None;
        }
    }
}

/// Whether windows of this operator hold the same records in every run.
fn is_reproducible(graph: &JobGraph, window: usize) -> bool {
    let reaches = |place: usize| &graph.operators[place].options;
    let mut before = vec![window];
    let mut seen = BTreeSet::from([window]);
    while let Some(place) = before.pop() {
        let options = reaches(place);
        let is_by_clock = options.window.is_some_and(|of| of.time == WindowTime::Processing)
            || options.time.is_some_and(|time| time.column.is_none());
        if is_by_clock {
            return false;
        }
        let inputs = graph.operators[place].inputs.iter().map(|edge| edge.from.index());
        before.extend(inputs.filter(|input| seen.insert(*input)));
    }
    true
}

/// Judges what the windows of a run wrote to one sink. Whether they were compared with the reference.
pub(super) fn judge(
    check: &OutputCheck<'_>,
    run: &RunStory,
    demand: &Demand,
    references: &References<'_>,
    time: &TimeCheck,
    found: &mut Check,
) -> bool {
    let graph = &run.layout.plan.graph;
    let Some(window) = window_of(graph, demand.sink, check.surroundings.catalogue) else {
        return false;
    };
    let is_over = run.status == JobStatus::Finished && run.stopped_with().is_none();
    let shows_all = demand.low == Stop::End;
    let lineage = lineage(check, run);
    let gave_up = lineage.iter().any(|run| time.late.iter().any(|(of, _)| *of == run.layout.run));
    // One that was late before a restart may be taken in after it, into a window that had fired.
    let may_come_back =
        (run.has_restarted() || lineage.len() > 1) && can_be_late(check.scenario, graph, window);
    // A parent that restarted from before a savepoint has aborted the transactions that this one holds.
    let was_disowned = lineage.iter().any(|run| descends_from_abandoned(check, run));
    // What had fired into a transaction that was left behind with a snapshot is lost.
    let left_some = lineage.iter().any(|run| run.left_transactions);
    let is_excused = gave_up || may_come_back || was_disowned || left_some;
    if !is_over || !shows_all || is_excused || check.may_count_twice(run) {
        return false;
    }
    let (Some(reference), Some(options)) =
        (references.of(run.layout.run), graph.operators[window].options.window)
    else {
        return false;
    };
    let expected = reference.rows(Stop::End, demand.sink);
    let Some(written) = written(check, &lineage, demand.sink) else { return false };
    let is_alone = lineage.len() == 1;
    let text = if is_reproducible(graph, window) && is_determined(graph, window, check) {
        let once = is_alone && demand.writes.is_transactional() && options.windows.lateness() == 0;
        by_window(expected, &written, once, is_alone)
    } else if is_alone && demand.writes.is_transactional() && is_first(graph, window) {
        let may_lack = options.time == WindowTime::Processing;
        by_key(expected, &written, options, may_lack)
    } else {
        return false;
    };
    if let Some(text) = text {
        let name = &graph.operators[demand.sink].name;
        found.add(Violation {
            check: CheckName::TimeFidelity,
            at: check.world.ended,
            event: check.last_entry,
            text: format!("{name} of {}: {text}", run.layout.label),
        });
    }
    true
}

/// A run and those it descends from, as far as they are of this world.
fn lineage<'c>(check: &'c OutputCheck<'_>, run: &'c RunStory) -> Vec<&'c RunStory> {
    let mut lineage = vec![run];
    let mut id = run.layout.run;
    while let Some(SnapshotSource::Run(parent, _)) = check.history.start_of(id) {
        id = parent;
        lineage.extend(check.history.run(parent));
    }
    lineage
}

/// Whether a run starts from a snapshot that its parent went back behind.
fn descends_from_abandoned(check: &OutputCheck<'_>, run: &RunStory) -> bool {
    let Some(SnapshotSource::Run(parent, start)) = check.history.start_of(run.layout.run) else {
        return false;
    };
    let story = check.history.run(parent).and_then(|parent| parent.completed(start));
    story.is_some_and(|story| story.is_abandoned)
}

/// What runs have written to a sink and a reader sees of it.
fn written<'w>(check: &OutputCheck<'w>, runs: &[&RunStory], sink: usize) -> Option<Vec<&'w Value>> {
    let keys: Option<Vec<u64>> = runs.iter().map(|run| check.job_key(run)).collect();
    let keys = keys?;
    let external = check.external(runs.first()?, sink)?;
    let rows = external.committed.iter().chain(external.table.values());
    Some(rows.filter(|row| keys.contains(&row.job)).map(|row| &row.value).collect())
}

/// Whether what falls into a window is the same in every run, values and timestamps: of an operator that goes by the order of
/// its records, neither may be.
fn is_determined(graph: &JobGraph, window: usize, check: &OutputCheck<'_>) -> bool {
    let determined = super::class::determined(graph, check.surroundings.catalogue);
    let inputs = graph.operators[window].inputs.iter();
    inputs.map(|edge| edge.from.index()).all(|place| {
        let node = &graph.operators[place];
        determined[place].pinned || (node.options.window.is_some() && !can_refire(graph, place))
    })
}

/// Whether a window may fire more than once, or what falls into it is not the same in every run.
fn can_refire(graph: &JobGraph, window: usize) -> bool {
    let node = &graph.operators[window];
    let refires = node.options.window.is_none_or(|options| options.windows.lateness() > 0);
    refires || node.inputs.iter().any(|edge| !graph.operators[edge.from.index()].is_source())
}

/// Whether records come to a window straight from sources.
fn is_first(graph: &JobGraph, window: usize) -> bool {
    let mut inputs = graph.operators[window].inputs.iter();
    inputs.all(|edge| graph.operators[edge.from.index()].is_source())
}

/// Each window of the reference is there with all of its records, and once if it can fire only once. A run that went on from
/// another may have left windows of the other's behind.
fn by_window(
    expected: &[ReferenceRow],
    written: &[&Value],
    once: bool,
    is_alone: bool,
) -> Option<String> {
    let mut rows: BTreeMap<&Value, Vec<&Value>> = BTreeMap::new();
    for row in written {
        rows.entry(super::compare::key_of(row)).or_default().push(row);
    }
    let mut wrong: Vec<String> = Vec::new();
    for ReferenceRow { value, .. } in expected {
        let window = super::compare::key_of(value);
        match rows.remove(window) {
            None => wrong.push(format!("window `{window}` never fired: `{value}`")),
            Some(found) if !found.contains(&value) => {
                let last = found.last().expect("a window is listed with its rows");
                wrong.push(format!("a window fired as `{last}`, and never as `{value}`"));
            }
            Some(found) if once && found.len() > 1 => {
                wrong.push(format!("window `{window}` fired {} times", found.len()));
            }
            Some(_) => {}
        }
    }
    let others = rows.keys().filter(|_| is_alone);
    wrong.extend(others.map(|window| format!("there is no window `{window}`")));
    (!wrong.is_empty()).then(|| listed(&wrong, String::clone))
}

/// All windows of a key together hold each of its records once; those that were still open in the end may be missing.
fn by_key(
    expected: &[ReferenceRow],
    written: &[&Value],
    options: WindowOptions,
    may_lack: bool,
) -> Option<String> {
    let functions = options.aggregates.as_slice().iter().map(|aggregate| aggregate.function);
    let count = functions.zip(1..).find(|(function, _)| *function == WindowFunction::Count)?.1;
    let expected = totals(expected.iter().map(|row| &row.value), count);
    let written = totals(written.iter().copied(), count);
    let mut wrong: Vec<String> = Vec::new();
    for key in expected.keys().chain(written.keys()).collect::<BTreeSet<_>>() {
        let of = |totals: &BTreeMap<&Value, i64>| totals.get(*key).copied().unwrap_or(0);
        let (should, is) = (of(&expected), of(&written));
        if is > should || (is < should && !may_lack) {
            wrong.push(format!("the windows of `{key}` hold {is} records instead of {should}"));
        }
    }
    (!wrong.is_empty()).then(|| listed(&wrong, String::clone))
}

/// By key, the sum of a column over all windows.
fn totals<'v>(rows: impl Iterator<Item = &'v Value>, column: usize) -> BTreeMap<&'v Value, i64> {
    let mut totals = BTreeMap::new();
    for row in rows.filter_map(Value::as_row) {
        let key = row.first().map(super::compare::key_of);
        let count = row.get(column).and_then(Value::as_int);
        if let (Some(key), Some(count)) = (key, count) {
            *totals.entry(key).or_insert(0) += count;
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Origin;

    fn row(key: &str, start: i64, count: i64) -> Value {
        let window = Value::row([Value::text(key), Value::Int(start)]);
        Value::row([window, Value::Int(count)])
    }
    fn expected(rows: &[(&str, i64, i64)]) -> Vec<ReferenceRow> {
        let row = |(key, start, count): &(&str, i64, i64)| ReferenceRow {
            key: None,
            value: row(key, *start, *count),
            origin: Origin::default(),
        };
        rows.iter().map(row).collect()
    }
    fn said(found: Option<String>) -> String {
        found.unwrap_or_else(|| "nothing".to_owned())
    }

    #[test]
    fn each_window_is_there_with_all_of_its_records_and_once() {
        let should = expected(&[("a", 0, 3), ("a", 10, 1)]);
        let judged = |rows: &[Value], once| {
            said(by_window(&should, &rows.iter().collect::<Vec<_>>(), once, true))
        };
        let (early, all, other) = (row("a", 0, 2), row("a", 0, 3), row("a", 10, 1));
        let again = [early.clone(), all.clone(), other.clone()];
        assert_eq!(judged(&again, false), "nothing");
        assert_eq!(judged(&again, true), "window `(a, 0)` fired 2 times");
        let text = "a window fired as `((a, 0), 2)`, and never as `((a, 0), 3)`";
        assert_eq!(judged(&[early, other.clone()], true), text);
        assert_eq!(
            judged(std::slice::from_ref(&other), true),
            "window `(a, 0)` never fired: `((a, 0), 3)`"
        );
        let text = "there is no window `(b, 0)`";
        assert_eq!(judged(&[all, other, row("b", 0, 1)], true), text);
    }

    #[test]
    fn windows_of_the_clock_hold_each_record_of_a_key_once() {
        let should = expected(&[("a", 0, 3), ("a", 10, 1), ("b", 0, 2)]);
        let judged = |rows: &[Value], may_lack| {
            let rows: Vec<&Value> = rows.iter().collect();
            said(by_key(&should, &rows, WindowOptions::default(), may_lack))
        };
        let all = [row("a", 5, 4), row("b", 5, 1), row("b", 20, 1)];
        assert_eq!(judged(&all, false), "nothing");
        assert_eq!(judged(&all[..2], true), "nothing");
        let text = "the windows of `b` hold 1 records instead of 2";
        assert_eq!(judged(&all[..2], false), text);
        let text = "the windows of `a` hold 8 records instead of 4";
        assert_eq!(judged(&[all[0].clone(), all[0].clone()], true), text);
    }
}
