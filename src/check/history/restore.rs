//! A restore as the trace tells it: of a whole run, or of a region of it.

use super::{History, Persisted, Progress, RunStory};
use crate::check::graph::is_stateful;
use crate::job::{
    Attempt, CheckpointId, OperatorId, OperatorIndex, OperatorKind, OperatorNode, RunId,
};
use crate::operator::{Catalogue, Writes};
use crate::trace::{
    ChannelEnd, CheckpointEvent, Entry, EntryNumber, JobEvent, JobStatus, RestoreReport,
    SnapshotSource, StateSum, StateUnit, TaskEvent, TraceEvent,
};
use std::sync::Arc;

/// One restore under way: the report, and what has arrived.
#[derive(Clone, Debug)]
pub(in crate::check) struct Restore {
    pub(in crate::check) attempt: Attempt,
    pub(in crate::check) checkpoint: CheckpointId,
    pub(in crate::check) report: Arc<RestoreReport>,
    /// What was in flight at the checkpoint, if it was taken in this world: records, and the sum of their hashes.
    pub(in crate::check) was_in_flight: Option<(u64, u64)>,
    /// What is in flight again.
    pub(in crate::check) is_in_flight: (u64, u64),
    /// By task of the plan.
    pub(in crate::check) arrived: Vec<Option<Arc<[StateSum]>>>,
    /// The number of the entry with which all of it had arrived.
    complete: Option<EntryNumber>,
    /// By task of the plan, whether it is restored: all are, but where a region restarts.
    pub(in crate::check) covers: Vec<bool>,
}

impl Restore {
    /// Whether some tasks go on meanwhile.
    pub(in crate::check) fn is_partial(&self) -> bool {
        self.covers.contains(&false)
    }

    /// Whether every subtask that is restored told what it holds, or, once the attempt has come so far that every subtask
    /// runs, was gone before.
    fn is_complete(&self, progress: &[Progress], all_run: bool) -> bool {
        let is_gone = |progress: &Progress| all_run && *progress == Progress::Finished;
        let mut tasks = self.arrived.iter().zip(&self.covers).zip(progress);
        tasks.all(|((arrived, covers), progress)| arrived.is_some() || !covers || is_gone(progress))
    }
}

impl History {
    /// What was in flight, at a checkpoint taken in this world, to the tasks that an attempt restores. Of a region that
    /// restores what another run took nothing is known: channels may have other ends there.
    pub(super) fn in_flight_at(
        &self,
        run: RunId,
        attempt: Attempt,
        checkpoint: CheckpointId,
    ) -> Option<(u64, u64)> {
        let own = self.run(run)?;
        let (taker, story) = self.restored_story(run, checkpoint)?;
        if own.attempts.iter().all(|newest| *newest == attempt) {
            let is_own = taker.layout.run == run;
            let is_known =
                |kept: &Persisted| is_own || own.taker_of(taker.keeper_of(kept)).is_some();
            return Some(story.sum_in_flight(is_known));
        }
        let is_restored = |kept: &Persisted| {
            let to = own.layout.plan_channel(kept.channel).to;
            own.attempts[to.index()] == attempt
        };
        (taker.layout.run == run).then(|| story.sum_in_flight(is_restored))
    }

    /// Whether state of a checkpoint is of a sink that kept its transactions there. Of what was taken in an earlier process,
    /// by an operator that is no more, nothing is known: it may be.
    fn is_transactional(&self, run: RunId, checkpoint: CheckpointId, unit: &StateUnit) -> bool {
        let taker = self.restored_story(run, checkpoint).map(|(taker, _)| taker);
        let writes = taker.or_else(|| self.run(run)).and_then(|story| {
            let place = story.layout.plan.operator_with_id(unit.operator)?;
            Some(story.writes[place.index()])
        });
        writes.is_none_or(Writes::is_transactional)
    }

    /// The restore that this entry completed, and its run.
    pub(in crate::check) fn arrived_at(&self, entry: &Entry) -> Option<(&RunStory, &Restore)> {
        let run = self.run(self.arriving(entry)?.0)?;
        let restore = run.restore.as_ref()?;
        (restore.complete == Some(entry.number)).then_some((run, restore))
    }

    /// The run of whose restore an entry may be the last, and whether all of its subtasks run by then.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events complete no restore")]
    fn arriving(&self, entry: &Entry) -> Option<(RunId, bool)> {
        match &entry.event {
            TraceEvent::Task(task, _, TaskEvent::Initialized { .. }) => {
                Some((self.run_of(*task), false))
            }
            TraceEvent::Checkpoint(run, _, CheckpointEvent::Triggered { .. })
            | TraceEvent::Job(run, JobEvent::StatusChanged { status: JobStatus::Finished }) => {
                Some((*run, true))
            }
            _ => None,
        }
    }

    /// Notes whether a restore is complete with this entry.
    pub(super) fn complete_restore(&mut self, entry: &Entry) {
        let Some((run, all_run)) = self.arriving(entry) else { return };
        let Some(story) = self.run_mut(run) else { return };
        let Some(restore) = &mut story.restore else { return };
        if restore.complete.is_none() && restore.is_complete(&story.progress, all_run) {
            restore.complete = Some(entry.number);
        }
    }

    /// Whether the operator that a run's start was taken of and whose state goes to this one has no state at all.
    pub(in crate::check) fn had_no_state(
        &self,
        run: RunId,
        operator: OperatorId,
        catalogue: &Catalogue,
    ) -> bool {
        let Some(SnapshotSource::Run(parent, _)) = self.start_of(run) else { return false };
        let (Some(parent), Some(story)) = (self.run(parent), self.run(run)) else { return false };
        let plan = &parent.layout.plan;
        let taken = |id: &&OperatorId| {
            let taker = story.taker_of(**id);
            taker.is_some_and(|taker| story.layout.plan.operator_ids[taker.index()] == operator)
        };
        let stored = plan.operator_ids.iter().find(taken);
        let left = stored.and_then(|stored| plan.node_with_id(*stored));
        left.is_some_and(|left| !is_stateful(left, catalogue))
    }

    /// Whether everything that was dropped is stored under an id that the job has, its own or a hash of the user's: to Flink
    /// nothing is missing then.
    pub(in crate::check) fn is_overlooked(&self, run: RunId, report: &RestoreReport) -> bool {
        let Some(story) = self.run(run) else { return false };
        let plan = &story.layout.plan;
        let is_hash =
            |id| plan.graph.operators.iter().any(|node| node.options.uid_hash == Some(id));
        let mut dropped = report.dropped.iter().map(|unit| unit.operator);
        !report.dropped.is_empty()
            && dropped.all(|id| plan.node_with_id(id).is_some() || is_hash(id))
    }

    /// Whether records were in flight at a checkpoint beside an operator that now asks for what is under a hash, and for
    /// nothing else: they are not found, and nothing says so.
    pub(in crate::check) fn hash_hides_in_flight(
        &self,
        run: RunId,
        checkpoint: CheckpointId,
    ) -> bool {
        let restored = self.restored_story(run, checkpoint);
        let (Some(own), Some((taker, story))) = (self.run(run), restored) else { return false };
        let plan = &own.layout.plan;
        let asks_elsewhere = |kept: &Persisted| {
            let keeper = taker.keeper_of(kept);
            let hash = plan.node_with_id(keeper).and_then(|node| node.options.uid_hash);
            hash.is_some_and(|hash| hash != keeper)
        };
        self.rules.rules_of(run).uid_hash_decides && story.in_flight.iter().any(asks_elsewhere)
    }

    /// State that was mapped to an operator that does something else than the one that left it, not both having a uid: which
    /// state, who left it, and who was given it.
    pub(in crate::check) fn bound_to_another(
        &self,
        run: RunId,
        report: &RestoreReport,
    ) -> Option<(String, String, String)> {
        let story = self.run(run)?;
        let Some(SnapshotSource::Run(parent, _)) = self.start_of(run) else { return None };
        let (old, new) = (&self.run(parent)?.layout.plan, &story.layout.plan);
        report.mapped.iter().find_map(|unit| {
            let stored = report.renamed.0.iter().find(|(_, taken)| *taken == unit.operator);
            let stored = stored.map_or(unit.operator, |(stored, _)| *stored);
            let (left, takes) = (old.node_with_id(stored)?, new.node_with_id(unit.operator)?);
            let is_known = left.uid.is_some() && takes.uid.is_some();
            let is_another = !is_known && !keep_the_same(left, takes);
            is_another.then(|| (unit.name.to_string(), left.name.clone(), takes.name.clone()))
        })
    }

    /// Takes in how a restore goes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of a restore")]
    pub(super) fn observe_restore(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::Checkpoint(
                run,
                checkpoint,
                CheckpointEvent::RestoreMapped { attempt, report },
            ) => {
                let was_in_flight = self.in_flight_at(*run, *attempt, *checkpoint);
                let left_transactions = report
                    .dropped
                    .iter()
                    .any(|unit| self.is_transactional(*run, *checkpoint, unit));
                // What it took under other ids it took from where it was started, and not from checkpoints of its own.
                let start = self.start_of(*run).map(|start| start.checkpoint());
                if let Some(story) = self.run_mut(*run) {
                    if start == Some(*checkpoint) && story.completed(*checkpoint).is_none() {
                        story.renamed.clone_from(&report.renamed.0);
                        story.left = report.dropped.iter().map(|unit| unit.operator).collect();
                    }
                    story.left_transactions |= left_transactions;
                    story.restore = Some(Restore {
                        attempt: *attempt,
                        checkpoint: *checkpoint,
                        report: Arc::clone(report),
                        was_in_flight,
                        is_in_flight: (0, 0),
                        arrived: vec![None; story.progress.len()],
                        complete: None,
                        covers: story.attempts.iter().map(|newest| newest == attempt).collect(),
                    });
                }
            }
            TraceEvent::Task(task, attempt, TaskEvent::Initialized { state, .. }) => {
                let story = self.run_of_mut(*task);
                let place = story.local(*task);
                if let Some(restore) =
                    story.restore.as_mut().filter(|restore| restore.attempt == *attempt)
                {
                    restore.arrived[place] = Some(Arc::clone(state));
                }
            }
            _ => {}
        }
    }
}

impl RunStory {
    /// The operator of this run that takes what is stored under an id: the report tells which, where that is not its own.
    pub(in crate::check) fn taker_of(&self, stored: OperatorId) -> Option<OperatorIndex> {
        let told = self.renamed.iter().find(|(id, _)| *id == stored);
        if told.is_none() && self.is_left(stored) {
            return None;
        }
        self.layout.plan.operator_with_id(told.map_or(stored, |(_, to)| *to))
    }

    /// Whether what is stored under an id is left behind, though the job may have an operator of that id.
    pub(in crate::check) fn is_left(&self, stored: OperatorId) -> bool {
        self.left.contains(&stored)
            || self.renamed.iter().any(|(id, to)| *to == stored && *id != stored)
    }

    /// The operator that records in flight were on their way to.
    pub(in crate::check) fn receiver_of(&self, kept: &Persisted) -> OperatorIndex {
        self.layout.plan.edges[self.layout.plan_channel(kept.channel).edge].to
    }

    /// Beside the state of which operator records in flight are kept: where nobody takes that, they are dropped with it.
    pub(in crate::check) fn keeper_of(&self, kept: &Persisted) -> OperatorId {
        let plan = &self.layout.plan;
        let edge = &plan.edges[self.layout.plan_channel(kept.channel).edge];
        let keeper = match kept.end {
            ChannelEnd::Receiver => edge.to,
            ChannelEnd::Sender => edge.from,
        };
        plan.operator_ids[keeper.index()]
    }
}

/// Whether two operators keep the same state for the same records.
fn keep_the_same(one: &OperatorNode, other: &OperatorNode) -> bool {
    match (&one.kind, &other.kind) {
        (OperatorKind::Source { .. }, OperatorKind::Source { .. }) => one.input() == other.input(),
        (OperatorKind::Sink { .. }, OperatorKind::Sink { .. }) => {
            one.name == other.name && one.kind == other.kind
        }
        (one, other) => one == other,
    }
}
