//! Output equivalence of sinks that write into a table: of an idempotent one the last row of each key, whoever wrote it
//! last; of one that knows rows again the rows of each marker, whoever wrote it first.

use super::compare::{count_in, listed};
use super::{Demand, Difference, Judged, Outputs};
use crate::check::class::Determined;
use crate::check::history::RunStory;
use crate::check::segments::Stop;
use crate::check::verdict::{Compared, KEPT_MAX};
use crate::check::written::ReferenceRow;
use crate::effect::Row;
use crate::job::Value;
use crate::operator::Writes;
use crate::trace::JobStatus;
use std::collections::BTreeMap;

/// The rows of one run that count for a table.
type Share<'a> = (&'a RunStory, &'a [ReferenceRow]);

/// Judges the table that a sink of a run wrote to; none if there is nothing to compare it by.
///
/// 1. A run that finished has written all its keys; so have the runs it descends from, up to the savepoints. 2. Of each
///    of the keys it wrote itself the table holds the last row, unless somebody else wrote there, too. 3. Of a run that did not
///    finish only what its newest completed checkpoint covers must be there, by key. 4. Where rows are known again, the
///    table holds under each marker a row that the reference writes with it; so it does under each key that the run wrote
///    itself, where a zombie may have written last.
pub(in crate::check) fn judge(
    outputs: &Outputs<'_>,
    run: &RunStory,
    demand: &Demand,
    determined: Determined,
) -> Option<Judged> {
    let knows_rows = demand.writes == Writes::Dedup;
    let Determined { values, last, grows, .. } = determined;
    if !values && (knows_rows || (!last && !grows)) {
        return None;
    }
    // What a stopped job had written before it was last restored may be newer than its savepoint; so may be what its sources
    // read behind that.
    let is_behind = demand.owed.least != demand.owed.most;
    let overshot = run.stopped_with().is_some() && (run.has_restarted() || is_behind);
    let (sink, is_finished) = (demand.sink, run.status == JobStatus::Finished && !overshot);
    let table = &outputs.external(run, sink)?.table;
    let stop = match demand.owed.least {
        Stop::Start => return Some(Judged { how: Compared::ByKey, wrong: None }),
        stop @ (Stop::At(_) | Stop::End) => stop,
    };
    let shares = lineage(outputs, run, sink, stop);
    let keys: Option<Vec<u64>> = shares.iter().map(|(run, _)| outputs.job_key(run)).collect();
    let keys = keys?;
    let own = outputs.job_key(run)?;
    // Whether the run itself wrote the key last: an ancestor went on past its savepoint until it was canceled, so what
    // it left under a key that nobody wrote again is as new as it likes.
    let mut expected: BTreeMap<&Value, (&Value, bool)> = BTreeMap::new();
    for (share, rows) in shares.iter().rev() {
        let is_own = share.layout.run == run.layout.run;
        for row in *rows {
            let key = row.key.as_ref().expect("an idempotent sink writes by key");
            expected.insert(key, (&row.value, is_own));
        }
    }
    // One of the lineage may have overwritten a newer row with an older one.
    let has_zombies = shares.iter().any(|(run, _)| run.has_zombies);
    let has_one_answer = is_finished && determined.last && !knows_rows && !has_zombies;
    let has_some_answer = is_finished && determined.values && !has_one_answer;
    let mut wrong = Vec::new();
    for (key, (value, is_own)) in &expected {
        let is_settled = has_one_answer && *is_own;
        match table.get(*key) {
            None => wrong.push(format!("key `{key}` is missing: `{value}`")),
            Some(row) if is_settled && keys.contains(&row.job) && row.value != **value => {
                wrong.push(format!("key `{key}` has `{}`, the reference has `{value}`", row.value));
            }
            Some(row) if has_some_answer && *is_own && row.job == own && row.value != **value => {
                let mut rows = shares.iter().flat_map(|(_, rows)| *rows);
                if !rows.any(|other| other.key.as_ref() == Some(*key) && other.value == row.value) {
                    let text =
                        format!("key `{key}` has `{}`, which the reference lacks", row.value);
                    wrong.push(text);
                }
            }
            Some(row) if grows && !values && is_finished && !has_zombies => {
                if let (Some(found), Some(least)) = (count_in(&row.value), count_in(value))
                    && found < least
                {
                    wrong.push(format!(
                        "key `{key}` is counted {found}, and was there {least} times"
                    ));
                }
            }
            Some(_) => {}
        }
    }
    let is_unknown =
        |key: &Value, row: &Row| is_finished && row.job == own && !expected.contains_key(key);
    let unknown: Vec<_> = table.iter().filter(|(key, row)| is_unknown(key, row)).collect();
    wrong.extend(unknown.iter().map(|(key, row)| {
        let origin = outputs.past.setup.origin_name(row.origin);
        format!("key `{key}` ({origin}) is there, and must not be there")
    }));
    let origins = unknown.iter().take(KEPT_MAX).map(|(_, row)| row.origin).collect();
    let wrong =
        (!wrong.is_empty()).then(|| Difference { text: listed(&wrong, String::clone), origins });
    // A table holds one row of each key: where each must be this one, all that it holds is compared.
    let is_whole = has_one_answer && expected.values().all(|(_, is_own)| *is_own);
    Some(Judged { how: how((knows_rows && determined.values) || is_whole, determined), wrong })
}

/// How strictly a table is compared.
const fn how(is_whole: bool, determined: Determined) -> Compared {
    match (is_whole, determined.last) {
        (true, _) => Compared::ByValue,
        (false, true) => Compared::ByLast,
        (false, false) => Compared::ByKey,
    }
}

/// What a run and those it descends from wrote to the sink of this name, the run itself first.
fn lineage<'a>(
    outputs: &'a Outputs<'_>,
    run: &'a RunStory,
    sink: usize,
    stop: Stop,
) -> Vec<Share<'a>> {
    let name = &run.layout.plan.graph.operators[sink].name;
    let mut shares = Vec::new();
    let mut next = Some((run, stop));
    while let Some((run, stop)) = next {
        let Some(reference) = outputs.reference(run) else { break };
        let Some(sink) = run.layout.plan.operator_named(name) else { break };
        shares.push((run, reference.rows(stop, sink.index())));
        next =
            outputs.past.parent_of(run).map(|(parent, checkpoint)| (parent, Stop::At(checkpoint)));
    }
    shares
}
