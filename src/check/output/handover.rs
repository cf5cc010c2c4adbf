//! Records that were in flight at the checkpoint that a run was started from: read by one run, written by the next.
//!
//! The reference of the earlier run writes them, since it knows no channels. Which of them the later run writes cannot be
//! told, so it may write each, and together they must have.

use super::{Difference, Outputs};
use crate::check::graph::{upstream, works_alike};
use crate::check::history::{CheckpointStory, RunStory};
use crate::check::past::Past;
use crate::check::segments::Stop;
use crate::check::setup::CheckSetup;
use crate::check::written::ReferenceRow;
use crate::effect::Row;
use crate::job::{InputEdge, JobGraph, OperatorNode, Origin, Partitioner};
use crate::state::FixedMap;

/// What a sink of a run may write for runs before it.
#[derive(Default)]
pub(in crate::check) struct Handover<'r> {
    /// What their references write there from the last cut on at which nothing was in flight.
    pub(super) rows: Vec<&'r [ReferenceRow]>,
    /// How the world tells the rows of these runs from others.
    writers: Vec<u64>,
}

impl<'r> Handover<'r> {
    /// None if the run started with nothing in flight. What it was started with may in turn have been in flight when the
    /// run before it started.
    pub(in crate::check) fn of(
        outputs: &'r Outputs<'_>,
        run: &RunStory,
        sink: usize,
    ) -> Option<Self> {
        let name = &run.layout.plan.graph.operators[sink].name;
        let mut handover = Self::default();
        let mut writer = run;
        while let Some((parent, checkpoint)) = outputs.past.parent_of(writer) {
            if parent.completed(checkpoint)?.in_flight.is_empty() {
                break;
            }
            writer = parent;
            let settled = parent.settled_at(checkpoint);
            if let (Some(reference), Some(sink)) =
                (outputs.reference(parent), parent.layout.plan.operator_named(name))
            {
                let from = settled.map_or(Stop::Start, Stop::At);
                let rows = reference.rows_between(from, Stop::At(checkpoint), sink.index());
                handover.rows.push(rows);
                handover.writers.extend(outputs.job_key(parent));
            }
            if settled.is_some() {
                break;
            }
        }
        (writer.layout.run != run.layout.run).then_some(handover)
    }

    /// Which of these rows neither the run nor those before it have written, in words.
    pub(super) fn lost(&self, own: u64, written: &[Row], setup: &CheckSetup) -> Option<Difference> {
        let mut missing: FixedMap<Origin, u32> = FixedMap::default();
        for row in self.rows.iter().copied().flatten() {
            *missing.entry(row.origin).or_default() += 1;
        }
        let is_of_them = |row: &&Row| row.job == own || self.writers.contains(&row.job);
        for row in written.iter().filter(is_of_them) {
            if let Some(missing) = missing.get_mut(&row.origin) {
                *missing = missing.saturating_sub(1);
            }
        }
        let missing = missing.into_iter().filter(|(_, count)| *count > 0);
        let first = missing.map(|(origin, _)| origin).min()?;
        let text = format!("{} was in flight, and is missing", setup.origin_name(first));
        Some(Difference { text, origins: vec![first] })
    }
}

/// Whether what a run writes can be compared with its reference: if it started with records in flight, what they come
/// to must not depend on where they were.
pub(in crate::check) fn is_comparable(past: Past<'_>, run: &RunStory) -> bool {
    let Some((parent, checkpoint)) = past.parent_of(run) else { return true };
    let Some(story) = parent.completed(checkpoint) else { return true };
    // What is kept beside an operator that nobody takes the state of is lost with it, as the user allowed.
    let is_taken =
        story.in_flight.iter().all(|kept| run.taker_of(parent.keeper_of(kept)).is_some());
    // What an ancestor lost, or did another thing with, its state lacks ever after.
    is_comparable(past, parent)
        && (story.in_flight.is_empty()
            || (is_taken
                && !meet_lost_state(parent, story, run)
                && do_the_same(&parent.layout.plan.graph, &run.layout.plan.graph)))
}

/// Whether records in flight come to an operator whose state the later run left behind. The reference of the earlier run
/// made them part of that state; the later run takes them in where it begins anew.
fn meet_lost_state(parent: &RunStory, story: &CheckpointStory, run: &RunStory) -> bool {
    let plan = &parent.layout.plan;
    let ids = plan.operator_ids.iter().enumerate();
    let mut lost = ids.filter(|(_, id)| run.is_left(**id));
    lost.any(|(operator, _)| {
        let upstream = upstream(&plan.graph, operator);
        story.in_flight.iter().any(|kept| upstream.contains(&parent.receiver_of(kept).index()))
    })
}

/// Whether two jobs come to the same rows, at whatever parallelism.
pub(super) fn do_the_same(before: &JobGraph, now: &JobGraph) -> bool {
    let twin = |node: &OperatorNode| before.operators.iter().find(|other| other.name == node.name);
    before.operators.len() == now.operators.len()
        && now.operators.iter().all(|node| {
            twin(node).is_some_and(|twin| {
                works_alike(twin, node) && is_fed_alike((before, twin), (now, node))
            })
        })
}

/// Whether two operators are given the same records, equally often.
fn is_fed_alike(
    (before, old): (&JobGraph, &OperatorNode),
    (now, new): (&JobGraph, &OperatorNode),
) -> bool {
    let copies = |edge: &InputEdge, graph: &JobGraph, to: &OperatorNode| {
        let dealt = graph.partitioner(edge, to);
        if dealt == Partitioner::Broadcast { to.parallelism } else { 1 }
    };
    let is_same = |(one, other): (&InputEdge, &InputEdge)| {
        let senders = (&before.operators[one.from.index()], &now.operators[other.from.index()]);
        senders.0.name == senders.1.name
            && (one.input, one.side) == (other.input, other.side)
            && copies(one, before, old) == copies(other, now, new)
    };
    old.inputs.len() == new.inputs.len() && old.inputs.iter().zip(&new.inputs).all(is_same)
}
