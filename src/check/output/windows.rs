//! Time fidelity of windows: each holds the records that fall into it, and fires once unless it may fire again.
//!
//! Windows whose content does not depend on when a record came are compared with the reference, window by window; of the
//! others only what all windows of a key hold together.

use super::compare::{key_of, listed};
use super::{Demand, Outputs};
use crate::check::class::determined;
use crate::check::graph::upstream;
use crate::check::history::RunStory;
use crate::check::lateness::can_be_late;
use crate::check::past::Past;
use crate::check::segments::Stop;
use crate::check::setup::CheckSetup;
use crate::check::verdict::Compared;
use crate::check::written::ReferenceRow;
use crate::job::{JobGraph, RunId, Value, WindowFunction, WindowOptions, WindowTime};
use crate::operator::{Catalogue, Emits};
use crate::trace::JobStatus;
use std::collections::{BTreeMap, BTreeSet};

/// How the windows that a sink holds are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    /// Each window of the reference with its own.
    EachWindow(Firings, Strangers),
    /// By key, how many records all windows hold.
    Totals(Missing),
}

/// How often a window fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Firings {
    Once,
    /// Late records, a restart or another run may have it fire again.
    Again,
}

/// Windows that the reference of the run lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Strangers {
    Forbidden,
    /// A run that it went on from may have left some behind.
    Allowed,
}

/// Records that no window shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Missing {
    Forbidden,
    /// Those of windows that were still open in the end.
    Allowed,
}

/// What a window holds in every run of the job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Content {
    /// The same records.
    Same,
    /// Of its key no record twice: each falls into one window, by when it came.
    ByArrival,
    Unknown,
}

/// The runs whose rows a sink holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lineage {
    Alone,
    GoesOn,
}

/// When a sink shows its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shown {
    AtOnce,
    OnCommit,
}

/// How windows are compared of a run that is over and has shown all of them; none if they cannot be.
const fn how(
    content: Content,
    lineage: Lineage,
    shown: Shown,
    lateness: i64,
    time: WindowTime,
) -> Option<Comparison> {
    match (content, lineage, shown) {
        (Content::Same, Lineage::Alone, Shown::OnCommit) if lateness == 0 => {
            Some(Comparison::EachWindow(Firings::Once, Strangers::Forbidden))
        }
        (Content::Same, Lineage::Alone, _) => {
            Some(Comparison::EachWindow(Firings::Again, Strangers::Forbidden))
        }
        (Content::Same, Lineage::GoesOn, _) => {
            Some(Comparison::EachWindow(Firings::Again, Strangers::Allowed))
        }
        (Content::ByArrival, Lineage::Alone, Shown::OnCommit) => {
            Some(Comparison::Totals(match time {
                WindowTime::Processing => Missing::Allowed,
                WindowTime::Event => Missing::Forbidden,
            }))
        }
        (Content::ByArrival, ..) | (Content::Unknown, ..) => None,
    }
}

/// Compares what the windows of a run wrote to one sink with the reference, if they can be: what is wrong with it, in words.
///
/// `gave_up` are the runs of which a record came too late.
pub(in crate::check) fn compare(
    outputs: &Outputs<'_>,
    run: &RunStory,
    demand: &Demand,
    gave_up: impl Fn(RunId) -> bool,
) -> Option<(Compared, Result<(), String>)> {
    let graph = &run.layout.plan.graph;
    let catalogue = &outputs.past.setup.catalogue;
    let window = window_of(graph, demand.sink, catalogue)?;
    let lineage = lineage(outputs.past, run);
    if !shows_all(outputs, run, demand) || !is_certain(outputs.past, &lineage, window, gave_up) {
        return None;
    }
    let options = graph.operators[window].options.window?;
    let comparison = how(
        content(graph, window, outputs.past.setup),
        if lineage.len() == 1 { Lineage::Alone } else { Lineage::GoesOn },
        if demand.writes.is_transactional() { Shown::OnCommit } else { Shown::AtOnce },
        options.windows.lateness(),
        options.time,
    )?;
    let expected = outputs.reference(run)?.rows(Stop::End, demand.sink);
    let written = written(outputs, &lineage, demand.sink)?;
    let wrong = match comparison {
        Comparison::EachWindow(firings, strangers) => {
            each_window(expected, &written, firings, strangers)
        }
        Comparison::Totals(missing) => totals_of_keys(expected, &written, options, missing),
    };
    let how = match comparison {
        Comparison::EachWindow(..) => Compared::ByValue,
        Comparison::Totals(_) => Compared::ByKey,
    };
    Some((how, if wrong.is_empty() { Ok(()) } else { Err(listed(&wrong, String::clone)) }))
}

/// Whether all windows of a run must have been shown.
pub(super) fn shows_all(outputs: &Outputs<'_>, run: &RunStory, demand: &Demand) -> bool {
    let is_over = run.status == JobStatus::Finished && run.stopped_with().is_none();
    is_over && demand.owed.least == Stop::End && !outputs.past.may_count_twice(run)
}

/// Whether no record was given up, lost or taken into a window that had fired.
fn is_certain(
    past: Past<'_>,
    lineage: &[&RunStory],
    window: usize,
    gave_up: impl Fn(RunId) -> bool,
) -> bool {
    let run = lineage[0];
    // One that was late before a restart may be taken in after it, into a window that had fired.
    let has_gone_back = run.has_restarted() || lineage.len() > 1;
    let may_come_back =
        has_gone_back && can_be_late(&past.setup.scenario, &run.layout.plan.graph, window);
    !may_come_back
        && !lineage.iter().any(|run| {
            // A parent that restarted from before a savepoint has aborted the transactions that this one holds, and what
            // had fired into a transaction that was left behind with a snapshot is lost.
            gave_up(run.layout.run)
                || descends_from_abandoned(past, run)
                || run.left_transactions
                || has_a_new_one_behind_others(past, run)
        })
}

/// What the windows of an operator hold in every run.
fn content(graph: &JobGraph, window: usize, setup: &CheckSetup) -> Content {
    if is_reproducible(graph, window) && is_determined(graph, window, setup) {
        Content::Same
    } else if is_first(graph, window) {
        Content::ByArrival
    } else {
        Content::Unknown
    }
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
    upstream(graph, window).into_iter().all(|place| {
        let options = &graph.operators[place].options;
        let is_by_clock = options.window.is_some_and(|of| of.time == WindowTime::Processing)
            || options.time.is_some_and(|time| time.column.is_none());
        !is_by_clock
    })
}

/// A run and those it descends from, as far as they are of this world.
pub(super) fn lineage<'w>(past: Past<'w>, run: &'w RunStory) -> Vec<&'w RunStory> {
    let parent = |run: &&'w RunStory| past.parent_of(run).map(|(parent, _)| parent);
    std::iter::successors(Some(run), parent).collect()
}

/// Whether a run starts from a snapshot that its parent went back behind.
pub(super) fn descends_from_abandoned(past: Past<'_>, run: &RunStory) -> bool {
    let start = past.parent_of(run).and_then(|(parent, start)| parent.completed(start));
    start.is_some_and(|story| story.is_abandoned)
}

/// Whether a run has a window operator behind others that took nothing over: which of their windows had fired by then, into
/// what was left behind, hangs on how far event time had come.
fn has_a_new_one_behind_others(past: Past<'_>, run: &RunStory) -> bool {
    let Some((parent, _)) = past.parent_of(run) else { return false };
    let graph = &run.layout.plan.graph;
    let is_window = |place: usize| graph.operators[place].options.window.is_some();
    let took_over = |place: usize| {
        let mut left = parent.layout.plan.operator_ids.iter();
        left.any(|id| run.taker_of(*id).is_some_and(|taker| taker.index() == place))
    };
    let mut windows = (0..graph.operators.len()).filter(|place| is_window(*place));
    let is_behind = |place: usize| {
        upstream(graph, place).into_iter().any(|other| other != place && is_window(other))
    };
    windows.any(|place| !took_over(place) && is_behind(place))
}

/// What runs have written to a sink and a reader sees of it.
fn written<'w>(outputs: &Outputs<'w>, runs: &[&RunStory], sink: usize) -> Option<Vec<&'w Value>> {
    let keys: Option<Vec<u64>> = runs.iter().map(|run| outputs.job_key(run)).collect();
    let keys = keys?;
    let external = outputs.external(runs.first()?, sink)?;
    let rows = external.committed.iter().chain(external.table.values());
    Some(rows.filter(|row| keys.contains(&row.job)).map(|row| &row.value).collect())
}

/// Whether what falls into a window is the same in every run, values and timestamps: of an operator that goes by the order of
/// its records, neither may be.
fn is_determined(graph: &JobGraph, window: usize, setup: &CheckSetup) -> bool {
    let determined = determined(graph, setup);
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

/// Each window of the reference is there with all of its records, and once if it can fire only once.
fn each_window(
    expected: &[ReferenceRow],
    written: &[&Value],
    firings: Firings,
    strangers: Strangers,
) -> Vec<String> {
    let mut rows: BTreeMap<&Value, Vec<&Value>> = BTreeMap::new();
    for row in written {
        rows.entry(key_of(row)).or_default().push(row);
    }
    let mut wrong: Vec<String> = Vec::new();
    for ReferenceRow { value, .. } in expected {
        let window = key_of(value);
        match rows.remove(window) {
            None => wrong.push(format!("window `{window}` never fired: `{value}`")),
            Some(found) if !found.contains(&value) => {
                let last = found.last().expect("a window is listed with its rows");
                wrong.push(format!("a window fired as `{last}`, and never as `{value}`"));
            }
            Some(found) if firings == Firings::Once && found.len() > 1 => {
                wrong.push(format!("window `{window}` fired {} times", found.len()));
            }
            Some(_) => {}
        }
    }
    if strangers == Strangers::Forbidden {
        wrong.extend(rows.keys().map(|window| format!("there is no window `{window}`")));
    }
    wrong
}

/// All windows of a key together hold each of its records once; those that were still open in the end may be missing.
fn totals_of_keys(
    expected: &[ReferenceRow],
    written: &[&Value],
    options: WindowOptions,
    missing: Missing,
) -> Vec<String> {
    let functions = options.aggregates.as_slice().iter().map(|aggregate| aggregate.function);
    let count = functions.zip(1..).find(|(function, _)| *function == WindowFunction::Count);
    let Some((_, count)) = count else { return Vec::new() };
    let expected = totals(expected.iter().map(|row| &row.value), count);
    let written = totals(written.iter().copied(), count);
    let mut wrong: Vec<String> = Vec::new();
    for key in expected.keys().chain(written.keys()).collect::<BTreeSet<_>>() {
        let of = |totals: &BTreeMap<&Value, i64>| totals.get(*key).copied().unwrap_or(0);
        let (should, is) = (of(&expected), of(&written));
        if is > should || (is < should && missing == Missing::Forbidden) {
            wrong.push(format!("the windows of `{key}` hold {is} records instead of {should}"));
        }
    }
    wrong
}

/// By key, the sum of a column over all windows.
fn totals<'v>(rows: impl Iterator<Item = &'v Value>, column: usize) -> BTreeMap<&'v Value, i64> {
    let mut totals = BTreeMap::new();
    for row in rows.filter_map(Value::as_row) {
        let key = row.first().map(key_of);
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
    fn said(wrong: &[String]) -> String {
        if wrong.is_empty() { "nothing".to_owned() } else { wrong.join("; ") }
    }

    #[test]
    fn windows_that_hold_the_same_in_every_run_are_compared_one_by_one() {
        let how = |lineage, shown, lateness| {
            how(Content::Same, lineage, shown, lateness, WindowTime::Event)
        };
        let each = |firings, strangers| Some(Comparison::EachWindow(firings, strangers));
        let (alone, goes_on) = (Lineage::Alone, Lineage::GoesOn);
        let once = each(Firings::Once, Strangers::Forbidden);
        assert_eq!(how(alone, Shown::OnCommit, 0), once);
        let again = each(Firings::Again, Strangers::Forbidden);
        assert_eq!(how(alone, Shown::OnCommit, 5), again);
        assert_eq!(how(alone, Shown::AtOnce, 0), again);
        let others = each(Firings::Again, Strangers::Allowed);
        assert_eq!(how(goes_on, Shown::OnCommit, 0), others);
        assert_eq!(how(goes_on, Shown::AtOnce, 0), others);
    }

    #[test]
    fn windows_into_which_records_fall_as_they_come_are_compared_by_key() {
        let how = |lineage, shown, time| how(Content::ByArrival, lineage, shown, 0, time);
        let totals = |missing| Some(Comparison::Totals(missing));
        let (event, processing) = (WindowTime::Event, WindowTime::Processing);
        assert_eq!(how(Lineage::Alone, Shown::OnCommit, event), totals(Missing::Forbidden));
        assert_eq!(how(Lineage::Alone, Shown::OnCommit, processing), totals(Missing::Allowed));
        assert_eq!(how(Lineage::Alone, Shown::AtOnce, event), None);
        assert_eq!(how(Lineage::GoesOn, Shown::OnCommit, event), None);
    }

    #[test]
    fn windows_of_which_nothing_is_known_are_not_compared() {
        for shown in [Shown::AtOnce, Shown::OnCommit] {
            let how = how(Content::Unknown, Lineage::Alone, shown, 0, WindowTime::Event);
            assert_eq!(how, None);
        }
    }

    #[test]
    fn each_window_is_there_with_all_of_its_records_and_once() {
        let should = expected(&[("a", 0, 3), ("a", 10, 1)]);
        let judged = |rows: &[Value], firings| {
            let rows: Vec<&Value> = rows.iter().collect();
            said(&each_window(&should, &rows, firings, Strangers::Forbidden))
        };
        let (early, all, other) = (row("a", 0, 2), row("a", 0, 3), row("a", 10, 1));
        let again = [early.clone(), all.clone(), other.clone()];
        assert_eq!(judged(&again, Firings::Again), "nothing");
        assert_eq!(judged(&again, Firings::Once), "window `(a, 0)` fired 2 times");
        let text = "a window fired as `((a, 0), 2)`, and never as `((a, 0), 3)`";
        assert_eq!(judged(&[early, other.clone()], Firings::Once), text);
        assert_eq!(
            judged(std::slice::from_ref(&other), Firings::Once),
            "window `(a, 0)` never fired: `((a, 0), 3)`"
        );
        let text = "there is no window `(b, 0)`";
        assert_eq!(judged(&[all, other, row("b", 0, 1)], Firings::Once), text);
    }

    #[test]
    fn windows_of_the_clock_hold_each_record_of_a_key_once() {
        let should = expected(&[("a", 0, 3), ("a", 10, 1), ("b", 0, 2)]);
        let judged = |rows: &[Value], missing| {
            let rows: Vec<&Value> = rows.iter().collect();
            said(&totals_of_keys(&should, &rows, WindowOptions::default(), missing))
        };
        let all = [row("a", 5, 4), row("b", 5, 1), row("b", 20, 1)];
        assert_eq!(judged(&all, Missing::Forbidden), "nothing");
        assert_eq!(judged(&all[..2], Missing::Allowed), "nothing");
        let text = "the windows of `b` hold 1 records instead of 2";
        assert_eq!(judged(&all[..2], Missing::Forbidden), text);
        let text = "the windows of `a` hold 8 records instead of 4";
        assert_eq!(judged(&[all[0].clone(), all[0].clone()], Missing::Allowed), text);
    }
}
