//! The reference of a world: what each run would have written from the cut it started at to the cuts asked for.
//!
//! A run that starts from a savepoint goes on with the operators of its parent's reference, by operator id, as if nothing
//! had happened: what an operator has not declared shows. Of one that does something else now only the declared state is
//! there, by name; what the new graph does not know is left behind. A restart adds nothing.

use super::history::{Cut, RunStory, sources_of};
use super::output::delays::are_mixed_up;
use super::past::Past;
use super::reference::{Carried, Evaluation, Remembered};
use super::setup::{CheckSetup, FileStart};
use super::sources::{Stored, stand_at_start, stored_in_file};
use super::written::{ReferenceRow, RowSum};
use crate::job::{CheckpointId, Plan, RunId};
use crate::state::{CompletedCheckpoint, ListMode, OperatorSnapshot, OperatorState};
use crate::trace::{JobStatus, SnapshotSource};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// How far a run is evaluated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stop {
    /// Not at all.
    Start,
    /// To the cut of a checkpoint.
    At(CheckpointId),
    /// To the end of all inputs.
    End,
}

/// What one run would have written.
pub(super) struct RunReference<'w> {
    evaluations: Vec<Evaluation<'w>>,
    /// By stop: which evaluation reached it, and how far each operator had written by then.
    reached: BTreeMap<Stop, (usize, Vec<RowSum>)>,
}

impl RunReference<'_> {
    /// The rows that a sink had been given at a stop that was asked for.
    pub(super) fn rows(&self, stop: Stop, sink: usize) -> &[ReferenceRow] {
        if stop == Stop::Start {
            return &[];
        }
        let (evaluation, reached) = &self.reached[&stop];
        self.evaluations[*evaluation].rows(sink, reached[sink])
    }

    /// The sum of these rows, where only sums are kept.
    pub(super) fn sum(&self, stop: Stop, sink: usize) -> RowSum {
        if stop == Stop::Start { RowSum::default() } else { self.reached[&stop].1[sink] }
    }

    /// The rows that a sink was given between two stops that were asked for; if they lie on different timelines, all up
    /// to the later one.
    pub(super) fn rows_between(&self, from: Stop, to: Stop, sink: usize) -> &[ReferenceRow] {
        let rows = self.rows(to, sink);
        let is_same =
            |evaluation: usize| self.reached.get(&to).is_some_and(|to| to.0 == evaluation);
        match self.reached.get(&from) {
            Some((evaluation, before)) if is_same(*evaluation) => &rows[before[sink].rows()..],
            Some(_) | None => rows,
        }
    }
}

/// The references of all runs.
pub(super) struct References<'w> {
    past: Past<'w>,
    keeps_rows: bool,
    carried: BTreeMap<(RunId, CheckpointId), Carried>,
    runs: BTreeMap<RunId, RunReference<'w>>,
    /// Whether an operator could not go on in the reference of a run, so that there is none.
    pub(super) is_unknown: bool,
}

impl<'w> References<'w> {
    /// None yet. Of those to come, the rows are kept, or only their sums.
    pub(super) fn new(past: Past<'w>, keeps_rows: bool) -> Self {
        let (carried, runs) = (BTreeMap::new(), BTreeMap::new());
        Self { past, keeps_rows, carried, runs, is_unknown: false }
    }

    /// The reference of a run that was evaluated.
    pub(super) fn of(&self, run: RunId) -> Option<&RunReference<'w>> {
        self.runs.get(&run)
    }

    /// Evaluates a run to these stops and to where later runs start from it. Parents first.
    pub(super) fn evaluate(&mut self, run: &'w RunStory, mut stops: Vec<Stop>) {
        let id = run.layout.run;
        let children = self.past.history.starts.iter().flatten().filter_map(|start| match start {
            SnapshotSource::Run(parent, checkpoint) if *parent == id => Some(*checkpoint),
            SnapshotSource::Run(..) | SnapshotSource::Files(_) => None,
        });
        let children: Vec<_> =
            children.filter(|checkpoint| run.completed(*checkpoint).is_some()).collect();
        stops.extend(children.iter().copied().map(Stop::At));
        let settled = children.iter().filter_map(|checkpoint| run.settled_at(*checkpoint));
        stops.extend(settled.map(Stop::At));
        stops.retain(|stop| *stop != Stop::Start);
        stops.sort_unstable();
        stops.dedup();
        let Some((from, carried, is_restored)) = self.start_of(run) else { return };
        let plan: &'w Plan = &run.layout.plan;
        let mut reference = RunReference { evaluations: Vec::new(), reached: BTreeMap::new() };
        let mut position: Option<Cut> = None;
        for stop in stops {
            let cut = self.cut_of(run, stop);
            if position.as_ref().is_none_or(|position| !position.is_before(&cut)) {
                // The first stop, or one on another timeline: a restart went back behind the last one.
                let (setup, carried) = (self.past.setup, carried.clone());
                let start = Evaluation::start(plan, setup, &from, carried, is_restored);
                reference.evaluations.push(if self.keeps_rows { start } else { start.of_sums() });
            }
            let number = reference.evaluations.len() - 1;
            let evaluation = &mut reference.evaluations[number];
            evaluation.advance(&cut);
            if evaluation.has_failed() {
                self.is_unknown = true;
                return;
            }
            let sinks = 0..plan.graph.operators.len();
            let reached = sinks.map(|sink| evaluation.reached(sink)).collect();
            reference.reached.insert(stop, (number, reached));
            if let Stop::At(checkpoint) = stop
                && children.contains(&checkpoint)
            {
                let carried = evaluation.carry(&cut);
                if evaluation.has_failed() {
                    self.is_unknown = true;
                    return;
                }
                self.carried.insert((id, checkpoint), carried);
            }
            position = Some(cut);
        }
        self.runs.insert(id, reference);
    }

    /// The cut of a stop of a run.
    fn cut_of(&self, run: &RunStory, stop: Stop) -> Cut {
        match stop {
            Stop::Start => Cut::default(),
            Stop::At(checkpoint) => {
                let story = run.completed(checkpoint).expect("stops are at completed checkpoints");
                run.cut(story)
            }
            Stop::End => {
                let mut cut = Cut::at_the_end(run);
                // Of one that stopped, an attempt before may have read further than its savepoint.
                if run.status == JobStatus::Finished && run.stopped_with().is_none() {
                    cut.end_where_drained(run);
                }
                cut
            }
        }
    }

    /// Where a run starts, with which state, and whether it is restored at all; none if that cannot be known. What it took
    /// under other ids than it was stored under is there under those.
    fn start_of(&self, run: &RunStory) -> Option<(Cut, Carried, bool)> {
        let (mut cut, mut carried, is_restored) = self.stored_start_of(run)?;
        let parent = self.past.parent_of(run).map(|(parent, _)| parent);
        let taken = &run.renamed;
        if !taken.is_empty() || !run.left.is_empty() {
            let taker = |id| taken.iter().find(|(stored, _)| *stored == id).map(|(_, to)| *to);
            // What is stored under the own id of who takes another state is left behind.
            let is_left = |id: &_| taker(*id).is_none() && run.is_left(*id);
            let rename = |id: &mut _| *id = taker(*id).unwrap_or(*id);
            cut.sources.retain(|(id, _)| !is_left(id));
            cut.drained.retain(|id| !is_left(id));
            cut.finished.retain(|id| !is_left(id));
            carried.retain(|id, _| !is_left(id));
            cut.sources.iter_mut().for_each(|(id, _)| rename(id));
            cut.drained.iter_mut().chain(&mut cut.finished).for_each(rename);
            let stored = carried.into_iter();
            carried = stored.map(|(id, state)| (taker(id).unwrap_or(id), state)).collect();
        }
        let stored = std::mem::take(&mut cut.sources);
        let mut reads_again = false;
        for source in sources_of(&run.layout.plan) {
            let id = run.layout.plan.operator_ids[source.index()];
            let stored = stored.iter().find(|(other, _)| *other == id).map(|(_, stand)| stand);
            let is_finished = cut.finished.contains(&id);
            let stored = stored.map(|stand| Stored { stand, is_finished, by: parent });
            let (stand, is_new) = stand_at_start(self.past, run, source, stored, is_restored)?;
            cut.sources.push((id, stand));
            reads_again |= is_restored && is_new;
        }
        // Windows that have fired are gone, but the reference holds all windows open: who reads their records again fills
        // new ones. So it is with what was held back.
        let has_timers = run.has_windows() || run.holds_back();
        let is_unknown = (has_timers && reads_again) || are_mixed_up(self.past, run);
        (!is_unknown).then_some((cut, carried, is_restored))
    }

    fn stored_start_of(&self, run: &RunStory) -> Option<(Cut, Carried, bool)> {
        match self.past.history.start_of(run.layout.run) {
            None => Some((Cut::default(), Carried::new(), false)),
            Some(SnapshotSource::Run(parent, checkpoint)) => {
                let carried = self.carried.get(&(parent, checkpoint))?.clone();
                let parent = self.past.run(parent)?;
                let cut = self.cut_of(parent, Stop::At(checkpoint));
                Some((cut, carried, true))
            }
            Some(SnapshotSource::Files(_)) => {
                // What was in flight is written by the new run, though it was read before the cut.
                let file = self.past.setup.file.as_ref();
                let file = file.filter(|file| !holds_in_flight(&file.state))?;
                let cut = cut_of_file(file, &run.layout.plan, self.past.setup);
                Some((cut, merged_state(&file.state), true))
            }
        }
    }
}

/// Where a job starts that is restored from files.
pub(super) fn cut_of_file(file: &FileStart, plan: &Plan, setup: &CheckSetup) -> Cut {
    let mut cut = Cut::default();
    let stored = file.state.operators();
    for source in sources_of(plan) {
        let id = plan.operator_ids[source.index()];
        let state = stored.iter().find(|state| state.id == id);
        let node = &plan.graph.operators[source.index()];
        if let Some(stand) = state.and_then(|state| stored_in_file(state, node, setup)) {
            cut.sources.push((id, stand));
        }
    }
    let finished = stored.iter().filter(|state| state.is_finished()).map(|state| state.id);
    cut.finished = finished.collect();
    cut.drained.clone_from(&cut.finished);
    cut
}

fn holds_in_flight(checkpoint: &CompletedCheckpoint) -> bool {
    let mut snapshots = checkpoint.operators().iter().flat_map(OperatorState::snapshots);
    snapshots.any(|snapshot| !snapshot.in_flight.is_empty())
}

/// What the subtasks of each operator hold together.
fn merged_state(checkpoint: &CompletedCheckpoint) -> Carried {
    let states = checkpoint.operators().iter();
    states.map(|state| (state.id, Remembered::stored(&merged(state)))).collect()
}

fn merged(state: &OperatorState) -> OperatorSnapshot {
    let mut whole = OperatorSnapshot::default();
    for snapshot in state.snapshots() {
        for (name, keyed) in &snapshot.keyed {
            let entries = keyed.entries.iter().cloned();
            whole.keyed.entry(name.clone()).or_default().entries.extend(entries);
        }
        for (name, list) in &snapshot.lists {
            match whole.lists.entry(name.clone()) {
                Entry::Vacant(vacant) => {
                    vacant.insert(list.clone());
                }
                Entry::Occupied(mut occupied) if list.mode != ListMode::Broadcast => {
                    occupied.get_mut().items.extend(list.items.iter().cloned());
                }
                Entry::Occupied(_) => {}
            }
        }
    }
    whole
}
