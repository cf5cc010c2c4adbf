//! Output equivalence: what the sinks wrote is what the reference writes.
//!
//! Judged run by run at the end of the world, sink by sink, from the cut the run started at to the cut its output must
//! have reached. Before that, one thing is judged at once: nothing is committed for a checkpoint that has not completed.

use super::{End, Evidence, Findings, KEPT_MAX, Observer, Past, Skipped, Subjects, Violation};
use crate::check::class::{Determined, blurred_by, determined};
use crate::check::history::RunStory;
use crate::check::output::delays;
use crate::check::output::handover::{self, Handover};
use crate::check::output::{
    Demand, Difference, Judged, Outputs, RunOutput, Uncovered, judge_rows, judge_table,
};
use crate::check::verdict::{Compared, NotCompared};
use crate::job::{CheckpointId, ExternalId, RunId};
use crate::trace::{CheckName, Entry, TraceEvent, TransactionEvent};

/// A commit for a checkpoint that had not completed.
#[derive(Clone, Debug)]
struct EarlyCommit {
    entry: Entry,
    external: ExternalId,
    checkpoint: CheckpointId,
    rows: u64,
}

/// Compares what was written with the reference.
#[derive(Clone, Debug, Default)]
pub(super) struct OutputEquivalence {
    early: Vec<EarlyCommit>,
}

impl Observer for OutputEquivalence {
    const LOOKS_AT: Subjects = Subjects::TRANSACTIONS;

    fn observe(&mut self, entry: &Entry, past: Past<'_>, _found: &mut Findings) {
        if let TraceEvent::Transaction {
            external,
            event: TransactionEvent::Committed { checkpoint, rows: rows @ 1.., .. },
            ..
        } = entry.event
            && self.early.len() < KEPT_MAX
            && is_too_early(external, checkpoint, past)
        {
            self.early.push(EarlyCommit { entry: entry.clone(), external, checkpoint, rows });
        }
    }

    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        for EarlyCommit { entry, external, checkpoint, rows } in &self.early {
            let external = end.world.externals.get(external.index());
            let name = external.map_or("a sink", |external| external.name.as_str());
            let text = format!(
                "{name}: {rows} rows were committed for checkpoint {checkpoint}, which had not completed"
            );
            let violation = Violation::at_entry(CheckName::OutputEquivalence, entry, text);
            found.add(violation.about(Evidence::of_checkpoint(*checkpoint)));
        }
        if !end.past.setup.with_output {
            return found.skip(CheckName::OutputEquivalence, Skipped::NotCompared);
        }
        let is_known = agree_in_sum(&end.outputs, found).unwrap_or_else(|| {
            let expected = end.outputs.expected();
            for output in &expected.runs {
                judge(end, output, found);
            }
            !expected.references.is_unknown
        });
        for run in end.past.history.runs.iter().flatten() {
            for sink in run.undeclared_sinks() {
                found.compared(sink, Compared::Not(NotCompared::Undeclared));
            }
        }
        if !is_known {
            found.skip(CheckName::OutputEquivalence, Skipped::NoReference);
        }
    }
}

/// Whether rows were committed too early: no run that writes there has completed the checkpoint or was started from it, nor
/// came to the end of its input without any.
fn is_too_early(external: ExternalId, checkpoint: CheckpointId, past: Past<'_>) -> bool {
    let history = past.history;
    let mut runs = (0..history.runs.len()).map(RunId::new);
    let writes = |run: RunId| history.writers.contains(&(external, run));
    let starts_there =
        |run| history.start_of(run).is_some_and(|start| start.checkpoint() == checkpoint);
    let completed =
        |run| history.run(run).is_some_and(|story| story.completed(checkpoint).is_some());
    let ends = |run| checkpoint == CheckpointId::AFTER_ALL && past.commits_at_end(run);
    !runs.any(|run| starts_there(run) || (writes(run) && (completed(run) || ends(run))))
}

/// Whether every sink was to write one certain multiset of rows, and the sum of its rows says that it did: then, whether
/// the reference of every run is known. Settles most worlds, and spares the reference from keeping its rows.
fn agree_in_sum(outputs: &Outputs<'_>, found: &mut Findings) -> Option<bool> {
    let mut runs = Vec::new();
    for output in outputs.runs() {
        if !output.is_certain(outputs.past.setup) {
            return None;
        }
        runs.push(output);
    }
    let references = outputs.references(&runs, false);
    let agree = runs.iter().all(|RunOutput { run, demands, .. }| {
        let Some(reference) = references.of(run.layout.run) else { return true };
        let classes = determined(&run.layout.plan.graph, outputs.past.setup);
        demands.iter().all(|demand| {
            let written = outputs.written_sum(run, demand.sink);
            let due = reference.sum(demand.owed.least, demand.sink);
            let tells_records = classes[demand.sink].tells_records();
            written.is_none_or(|written| match tells_records {
                true => written == due,
                false => written.has_rows_of(due),
            })
        })
    });
    let known = runs.iter().filter(|output| references.of(output.run.layout.run).is_some());
    for RunOutput { run, demands, .. } in known.filter(|_| agree) {
        for demand in demands {
            found.compared(&run.layout.plan.graph.operators[demand.sink].name, Compared::ByValue);
        }
    }
    agree.then_some(!references.is_unknown)
}

/// Judges the output of one run.
fn judge(end: &End<'_>, output: &RunOutput<'_>, found: &mut Findings) {
    let RunOutput { run, demands, uncovered } = output;
    let name_of = |sink: usize| &run.layout.plan.graph.operators[sink].name;
    let add = |found: &mut Findings, sink: usize, text: String, evidence: Evidence| {
        let text = format!("{} of {}: {text}", name_of(sink), run.layout.label);
        found.add(end.violation(CheckName::OutputEquivalence, text).about(evidence));
    };
    for Uncovered { sink, subtask, checkpoint, rows } in uncovered {
        let text = format!(
            "{rows} rows of subtask {subtask} were committed for checkpoint {checkpoint}, which never completed"
        );
        add(found, *sink, text, Evidence::of_checkpoint(*checkpoint));
    }
    let is_not_compared = if end.outputs.reference(run).is_none() {
        Some(NotCompared::NoReference)
    } else {
        (!handover::is_comparable(end.past, run)).then_some(NotCompared::InFlight)
    };
    if let Some(why) = is_not_compared {
        for demand in demands {
            found.compared(name_of(demand.sink), Compared::Not(why.clone()));
        }
        return;
    }
    let classes = determined(&run.layout.plan.graph, end.past.setup);
    for demand in demands {
        let determined = classes[demand.sink];
        let Some(Judged { how, wrong }) = judge_sink(&end.outputs, run, demand, determined) else {
            let by = blurred_by(&run.layout.plan.graph, end.past.setup, demand.sink);
            found.compared(name_of(demand.sink), Compared::Not(NotCompared::DependsOnOrder(by)));
            continue;
        };
        found.compared(name_of(demand.sink), how);
        if let Some(Difference { text, origins }) = wrong {
            add(found, demand.sink, text, Evidence { origins, ..Evidence::default() });
        }
    }
}

/// Whether values of a state expired in a run that this one descends from.
fn has_expired(past: Past<'_>, run: &RunStory) -> bool {
    past.parent_of(run).is_some_and(|(parent, _)| {
        let mut operators = parent.layout.plan.graph.operators.iter();
        operators.any(|node| node.options.keyed_state.as_ref().is_some_and(|of| of.ttl.is_some()))
            || has_expired(past, parent)
    })
}

/// What is wrong with what one sink wrote, in words; none if there is nothing to compare it by.
fn judge_sink(
    outputs: &Outputs<'_>,
    run: &RunStory,
    demand: &Demand,
    mut determined: Determined,
) -> Option<Judged> {
    if outputs.past.may_count_twice(run) {
        determined = determined.of_replays();
    }
    // A snapshot that reaches beyond its cut may never have shown the value that a key had there.
    determined.last &= outputs.has_exact_cuts(run) || demand.owed.least == demand.owed.most;
    let handover = Handover::of(outputs, run, demand.sink);
    // What was in flight to a sink may arrive there behind what its sender has sent since, and in another order than that in
    // which the run reads.
    determined.last &= handover.is_none();
    determined.values &= handover.is_none() || !determined.by_order;
    // What had expired in a run before depends on the clock, and is in what this one goes on with.
    if has_expired(outputs.past, run) {
        determined = determined.of_replays();
        determined.grows = false;
    }
    if delays::are_held_back(&run.layout.plan.graph, demand.sink) {
        return delays::judge(outputs, run, demand, determined, &handover.unwrap_or_default());
    }
    if demand.writes.appends() {
        let handover = handover.unwrap_or_default();
        judge_rows(outputs, run, demand, determined, &handover)
    } else {
        judge_table(outputs, run, demand, determined)
    }
}
