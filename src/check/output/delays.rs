//! Output equivalence of sinks behind operators that hold records back: the reference lets them all go on in the end and none
//! at a cut, the job as many as were due by then.
//!
//! So a run writes nothing that the reference of its end lacks, and when it has come to that end, it and those that it
//! descends from have written all of it.

use super::compare::{Bounds, Origins, by_value};
use super::handover::{Handover, do_the_same};
use super::owed::Times;
use super::windows::{descends_from_abandoned, lineage, shows_all};
use super::{Demand, Judged, Outputs};
use crate::check::class::Determined;
use crate::check::graph::upstream;
use crate::check::history::RunStory;
use crate::check::past::Past;
use crate::check::segments::Stop;
use crate::check::verdict::Compared;
use crate::effect::Row;
use crate::job::{JobGraph, Value, WindowTime};
use crate::state::{FixedMap, TimerKind, TimerService};

/// Whether records that come to an operator may have been held back.
pub(in crate::check) fn are_held_back(graph: &JobGraph, operator: usize) -> bool {
    upstream(graph, operator)
        .into_iter()
        .any(|place| graph.operators[place].options.delay.is_some())
}

/// Whether nobody knows what a run went on with, since the one before it had let some records go on and held others back:
/// known is what becomes of all of them together, if it is what would have become of them there.
pub(in crate::check) fn are_mixed_up(past: Past<'_>, run: &RunStory) -> bool {
    past.parent_of(run).is_some_and(|(parent, _)| {
        let graphs = (&parent.layout.plan.graph, &run.layout.plan.graph);
        parent.holds_back() && (!do_the_same(graphs.0, graphs.1) || !run.left.is_empty())
    })
}

/// Judges the rows of a sink to which records come that were held back; none if there is nothing to compare them by.
pub(in crate::check) fn judge(
    outputs: &Outputs<'_>,
    run: &RunStory,
    demand: &Demand,
    determined: Determined,
    handover: &Handover<'_>,
) -> Option<Judged> {
    let past = outputs.past;
    let runs = lineage(past, run);
    let is_by_clock = runs.iter().any(|run| waits_for_clock(&run.layout.plan.graph))
        || holds_timers_of_clock(past);
    // What waits for the clock in the end stays in the snapshot, and goes on in whoever starts from that.
    let is_restored = past.history.start_of(run.layout.run).is_some();
    if !determined.values || !demand.writes.appends() || (is_by_clock && is_restored) {
        return None;
    }
    let all = outputs.reference(run)?.rows(Stop::End, demand.sink);
    let committed = &outputs.external(run, demand.sink)?.committed;
    let keys: Option<Vec<u64>> = runs.iter().map(|run| outputs.job_key(run)).collect();
    let (keys, own) = (keys?, outputs.job_key(run)?);
    let may_repeat = demand.owed.times == Times::AtLeastOnce || !demand.owed.besides.is_empty();
    let most = Bounds { low: &[], high: all, extra: handover.rows.clone(), may_repeat };
    let written: Vec<&Row> = committed.iter().filter(|row| row.job == own).collect();
    let too_many = by_value(&most, &written, Origins::Unknown, past.setup);
    let is_abandoned =
        |run: &&RunStory| descends_from_abandoned(past, run) || run.left_transactions;
    let is_whole =
        shows_all(outputs, run, demand) && !is_by_clock && !runs.iter().any(is_abandoned);
    let too_few = || {
        let known: FixedMap<&Value, ()> = all.iter().map(|row| (&row.value, ())).collect();
        let of_them = committed.iter().filter(|row| keys.contains(&row.job));
        let written: Vec<&Row> = of_them.filter(|row| known.contains_key(&row.value)).collect();
        let least = Bounds { low: all, high: all, extra: Vec::new(), may_repeat: true };
        by_value(&least, &written, Origins::Unknown, past.setup)
    };
    let wrong = too_many.or_else(|| is_whole.then(too_few).flatten());
    Some(Judged { how: Compared::ByValue, wrong })
}

/// Whether a job holds records back by the clock.
fn waits_for_clock(graph: &JobGraph) -> bool {
    let mut delays = graph.operators.iter().filter_map(|node| node.options.delay);
    delays.any(|delay| delay.time == WindowTime::Processing)
}

/// Whether an operator in the snapshot that the world started from waits for the clock.
fn holds_timers_of_clock(past: Past<'_>) -> bool {
    let name = TimerKind::Processing.state_name(TimerService::User);
    let stored = past.setup.file.iter().flat_map(|file| file.state.operators());
    let mut snapshots = stored.flat_map(|state| state.snapshots());
    snapshots.any(|snapshot| snapshot.keyed.contains_key(name))
}
