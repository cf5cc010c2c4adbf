//! Output equivalence of sinks that add rows: each row that is owed is there, and no other.

use super::compare::{Bounds, Origins, by_last, by_least, by_origin, by_record, by_value};
use super::handover::Handover;
use super::owed::{Order, Times};
use super::steps::by_steps;
use super::{Demand, Judged, Outputs};
use crate::check::class::Determined;
use crate::check::history::RunStory;
use crate::check::segments::Stop;
use crate::check::verdict::Compared;
use crate::effect::Row;

/// Judges rows that were appended or committed: what is wrong with them, with its records; none if there is
/// nothing to compare them by.
pub(in crate::check) fn judge(
    outputs: &Outputs<'_>,
    run: &RunStory,
    demand: &Demand,
    determined: Determined,
    handover: &Handover<'_>,
) -> Option<Judged> {
    let reference = outputs.reference(run)?;
    let key = outputs.job_key(run)?;
    let committed = &outputs.external(run, demand.sink)?.committed;
    let setup = outputs.past.setup;
    if determined.origins
        && demand.owed.least > Stop::Start
        && let Some(lost) = handover.lost(key, committed, setup)
    {
        return Some(Judged { how: Compared::ByOrigin, wrong: Some(lost) });
    }
    let written: Vec<&Row> = committed.iter().filter(|row| row.job == key).collect();
    let rows = |stop| reference.rows(stop, demand.sink);
    let besides = demand.owed.besides.iter().map(|at| rows(Stop::At(*at)));
    let bounds = Bounds {
        low: rows(demand.owed.least),
        high: rows(demand.owed.most),
        extra: besides.chain(handover.rows.iter().copied()).collect(),
        may_repeat: demand.owed.times == Times::AtLeastOnce,
    };
    if determined.values {
        let origins = if determined.origins { Origins::Determined } else { Origins::Told };
        let wrong = by_value(&bounds, &written, origins, setup);
        let by_record =
            || determined.tells_records().then(|| by_record(&bounds, &written, setup)).flatten();
        let wrong = wrong.or_else(by_record);
        return Some(Judged { how: Compared::ByValue, wrong });
    }
    let accounted = determined.origins.then(|| by_origin(&bounds, &written, setup));
    let is_in_order = demand.owed.order == Order::Kept;
    let last = || by_last(&bounds, &written, is_in_order);
    let wrong = accounted.flatten().or_else(|| determined.last.then(last).flatten());
    let wrong = wrong.or_else(|| determined.grows.then(|| by_least(&bounds, &written)).flatten());
    // Records in another order come to other rows, but each to the one before it and what it adds.
    let is_own = bounds.extra.is_empty() && !bounds.may_repeat;
    let steps = determined.steps.filter(|_| determined.last && is_in_order && is_own);
    let is_fresh = outputs.past.history.start_of(run.layout.run).is_none();
    let climbed =
        || steps.and_then(|steps| by_steps(bounds.high, &written, (steps, is_fresh), setup));
    let wrong = wrong.or_else(climbed);
    let how = match determined {
        Determined { .. } if steps.is_some() => Compared::ByValue,
        Determined { last: true, .. } => Compared::ByLast,
        Determined { grows: true, .. } => Compared::ByKey,
        Determined { .. } => Compared::ByOrigin,
    };
    let is_compared = determined.last || determined.origins || determined.grows;
    is_compared.then_some(Judged { how, wrong })
}
