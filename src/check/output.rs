//! What the sinks of a world were to write, to be compared with what they wrote.
//!
//! `owed` decides, of one sink of one run, how far it must have written; `demand` collects what that depends on. The rows
//! themselves come from the reference. `rows`, `table`, `delays` and `windows` compare.

mod compare;
pub(super) mod delays;
mod demand;
pub(super) mod handover;
mod owed;
mod rows;
mod steps;
mod table;
pub(super) mod windows;

pub(super) use compare::{Difference, Judged};
pub(super) use demand::{Demand, Uncovered};
pub(super) use rows::judge as judge_rows;
pub(super) use table::judge as judge_table;

use super::class::determined;
use super::history::RunStory;
use super::past::Past;
use super::segments::{References, RunReference, Stop};
use super::setup::{CheckSetup, EndOfWorld};
use super::written::RowSum;
use crate::effect::ExternalSystem;
use crate::job::{CheckpointId, CheckpointMode, RunId};
use crate::trace::SnapshotSource;
use owed::Times;
use std::cell::OnceCell;

/// The runs of a world and their sinks, at its end.
pub(super) struct Outputs<'w> {
    pub(super) past: Past<'w>,
    world: &'w EndOfWorld<'w>,
    expected: OnceCell<Expected<'w>>,
}

/// What was to be written, row by row.
pub(super) struct Expected<'w> {
    pub(super) runs: Vec<RunOutput<'w>>,
    pub(super) references: References<'w>,
}

/// What the sinks of one run were to write.
pub(super) struct RunOutput<'w> {
    pub(super) run: &'w RunStory,
    pub(super) demands: Vec<Demand>,
    pub(super) uncovered: Vec<Uncovered>,
}

impl RunOutput<'_> {
    /// Whether each sink of the run was to write one certain multiset of rows.
    pub(super) fn is_certain(&self, setup: &CheckSetup) -> bool {
        let graph = &self.run.layout.plan.graph;
        let is_exact = |Demand { writes, owed, .. }: &Demand| {
            writes.appends()
                && owed.least == owed.most
                && owed.besides.is_empty()
                && owed.times == Times::Once
        };
        if self.run.has_windows()
            || self.run.holds_back()
            || !self.uncovered.is_empty()
            || !self.demands.iter().all(is_exact)
        {
            return false;
        }
        let classes = determined(graph, setup);
        self.demands.iter().all(|demand| classes[demand.sink].values)
    }

    /// Where the reference of the run is asked for its rows.
    fn stops(&self) -> Vec<Stop> {
        let bounds = self.demands.iter().flat_map(|demand| [demand.owed.least, demand.owed.most]);
        let besides = self.demands.iter().flat_map(|demand| &demand.owed.besides);
        let end = self.run.holds_back().then_some(Stop::End);
        bounds.chain(besides.copied().map(Stop::At)).chain(end).collect()
    }
}

impl<'w> Outputs<'w> {
    pub(super) const fn new(past: Past<'w>, world: &'w EndOfWorld<'w>) -> Self {
        Self { past, world, expected: OnceCell::new() }
    }

    /// What each run was to write, the parents first.
    pub(super) fn runs(&self) -> impl Iterator<Item = RunOutput<'w>> {
        self.past.history.runs.iter().flatten().map(|run| self.output_of(run))
    }

    /// The references of runs: their rows, or only their sums.
    pub(super) fn references(&self, runs: &[RunOutput<'w>], keeps_rows: bool) -> References<'w> {
        let mut references = References::new(self.past, keeps_rows);
        runs.iter().for_each(|output| references.evaluate(output.run, output.stops()));
        references
    }

    /// What was to be written, row by row; evaluated once.
    pub(super) fn expected(&self) -> &Expected<'w> {
        self.expected.get_or_init(|| {
            let runs: Vec<_> = self.runs().collect();
            let references = self.references(&runs, true);
            Expected { runs, references }
        })
    }

    /// What a run would have written, row by row, if that is known.
    pub(super) fn reference(&self, run: &RunStory) -> Option<&RunReference<'w>> {
        self.expected().references.of(run.layout.run)
    }

    /// Whether the snapshots of a run hold nothing from behind their cuts.
    pub(super) fn has_exact_cuts(&self, run: &RunStory) -> bool {
        self.past.mode_of(run.layout.run) == CheckpointMode::ExactlyOnce
    }

    /// The runs that started from this one, and from which checkpoint.
    fn children(&self, run: &RunStory) -> impl Iterator<Item = (&'w RunStory, CheckpointId)> {
        let (history, parent) = (self.past.history, run.layout.run);
        let starts = history.starts.iter().enumerate();
        starts.filter_map(move |(child, start)| match start {
            Some(SnapshotSource::Run(from, checkpoint)) if *from == parent => {
                Some((history.run(RunId::new(child))?, *checkpoint))
            }
            Some(SnapshotSource::Run(..) | SnapshotSource::Files(_)) | None => None,
        })
    }

    /// How the world tells this run's rows from others.
    pub(super) fn job_key(&self, run: &RunStory) -> Option<u64> {
        self.world.job_keys.get(run.layout.run.index()).copied()
    }

    /// The sum of the rows that a run wrote to a sink.
    pub(super) fn written_sum(&self, run: &RunStory, sink: usize) -> Option<RowSum> {
        let key = self.job_key(run)?;
        let committed = &self.external(run, sink)?.committed;
        let mut sum = RowSum::default();
        committed
            .iter()
            .filter(|row| row.job == key)
            .for_each(|row| sum.add(&row.value, row.origin));
        Some(sum)
    }

    /// What a sink of a run wrote to.
    pub(super) fn external(&self, run: &RunStory, sink: usize) -> Option<&'w ExternalSystem> {
        let name = &run.layout.plan.graph.operators[sink].name;
        self.world.externals.iter().find(|external| external.name == *name)
    }
}
