//! Output equivalence of sinks that write into a table: of an idempotent one the last row of each key, whoever wrote it
//! last; of one that knows rows again the rows of each marker, whoever wrote it first.

use super::class::Determined;
use super::compare::listed;
use super::history::RunStory;
use super::output::{Demand, OutputCheck};
use super::segments::{References, Stop};
use super::written::ReferenceRow;
use crate::job::Value;
use crate::operator::Writes;
use crate::trace::{JobStatus, SnapshotSource};
use std::collections::BTreeMap;

/// The rows of one run that count for a table.
type Share<'a> = (&'a RunStory, &'a [ReferenceRow]);

/// Judges the table that a sink of a run wrote to.
///
/// 1. A run that finished has written all its keys; so have the runs it descends from, up to the savepoints. 2. Of each
///    of the keys it wrote itself the table holds the last row, unless somebody else wrote there, too. 3. Of a run that did not
///    finish only what its newest completed checkpoint covers must be there, by key. 4. Where rows are known again, the
///    table holds under each marker a row that the reference writes with it; so it does under each key where a zombie may
///    have written last.
pub(super) fn judge(
    check: &OutputCheck<'_>,
    run: &RunStory,
    demand: &Demand,
    references: &References<'_>,
    determined: Determined,
) -> Option<String> {
    let knows_rows = demand.writes == Writes::Dedup;
    if !determined.values && (knows_rows || !determined.last) {
        return None;
    }
    // What a stopped job had written before it was last restored may be newer than its savepoint.
    let overshot = run.stopped_with().is_some() && run.has_restarted();
    let (sink, is_finished) = (demand.sink, run.status == JobStatus::Finished && !overshot);
    let table = &check.external(run, sink)?.table;
    let stop = match demand.low {
        Stop::Start => return None,
        stop @ (Stop::At(_) | Stop::End) => stop,
    };
    let shares = lineage(check, run, sink, stop, references);
    let keys: Option<Vec<u64>> = shares.iter().map(|(run, _)| check.job_key(run)).collect();
    let keys = keys?;
    // Whether the run itself wrote the key last: an ancestor went on past its savepoint until it was cancelled, so what
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
    let has_some_answer = is_finished && determined.values && (knows_rows || has_zombies);
    let mut wrong = Vec::new();
    for (key, (value, is_own)) in &expected {
        let is_settled = has_one_answer && *is_own;
        match table.get(*key) {
            None => wrong.push(format!("key `{key}` is missing: `{value}`")),
            Some(row) if is_settled && keys.contains(&row.job) && row.value != **value => {
                wrong.push(format!("key `{key}` has `{}`, the reference has `{value}`", row.value));
            }
            Some(row) if has_some_answer && keys.contains(&row.job) && row.value != **value => {
                let mut rows = shares.iter().flat_map(|(_, rows)| *rows);
                if !rows.any(|other| other.key.as_ref() == Some(*key) && other.value == row.value) {
                    let text =
                        format!("key `{key}` has `{}`, which the reference lacks", row.value);
                    wrong.push(text);
                }
            }
            Some(_) => {}
        }
    }
    let own = check.job_key(run)?;
    let unknown = table
        .iter()
        .filter(|(key, row)| is_finished && row.job == own && !expected.contains_key(key));
    wrong.extend(unknown.map(|(key, row)| {
        let origin = check.history.names.origin(row.origin);
        format!("key `{key}` ({origin}) is there, and must not be there")
    }));
    (!wrong.is_empty()).then(|| listed(&wrong, String::clone))
}

/// What a run and those it descends from wrote to the sink of this name, the run itself first.
fn lineage<'a>(
    check: &OutputCheck<'a>,
    run: &'a RunStory,
    sink: usize,
    stop: Stop,
    references: &'a References<'_>,
) -> Vec<Share<'a>> {
    let name = &run.layout.plan.graph.operators[sink].name;
    let mut shares = Vec::new();
    let mut next = Some((run, stop));
    while let Some((run, stop)) = next {
        let id = run.layout.run;
        let Some(reference) = references.of(id) else { break };
        let Some(sink) = run.layout.plan.operator_named(name) else { break };
        shares.push((run, reference.rows(stop, sink.index())));
        next = match check.history.start_of(id) {
            Some(SnapshotSource::Run(parent, checkpoint)) => {
                check.history.run(parent).map(|parent| (parent, Stop::At(checkpoint)))
            }
            Some(SnapshotSource::Files(_)) | None => None,
        };
    }
    shares
}
