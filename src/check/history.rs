//! What the trace has told about each run so far: its attempts, its cuts, which of its tasks are at their end.
//!
//! Judges nothing; the checks read it.

use super::violation::Names;
use crate::job::{
    Attempt, CheckpointId, CheckpointKind, ExternalId, OperatorId, OperatorIndex, OperatorKind,
    Plan, RunId, TaskId,
};
use crate::trace::{
    Cast, ChannelMark, Entry, JobStatus, RestoreReport, SourcePosition, StartingPoint, StateSum,
    TraceEvent,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The position of a partition of which nothing is left to read.
pub(super) const AT_END: u32 = u32::MAX;

/// A line through the whole job: what has been read, and which operators have seen the end of their data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Cut {
    /// By source: the next entry of each partition. A source that is not listed has read nothing.
    pub(super) sources: Vec<(OperatorId, Vec<u32>)>,
    /// Operators of which every subtask had finished its work.
    pub(super) ended: Vec<OperatorId>,
}

impl Cut {
    /// Where a source stands, if the cut knows it.
    pub(super) fn of_source(&self, source: OperatorId) -> Option<&[u32]> {
        self.sources.iter().find(|(id, _)| *id == source).map(|(_, next)| next.as_slice())
    }

    /// Behind everything.
    pub(super) fn at_the_end(plan: &Plan, partitions: impl Fn(OperatorIndex) -> usize) -> Self {
        let sources = sources_of(plan)
            .map(|source| {
                (plan.operator_ids[source.index()], vec![AT_END; partitions(source)])
            })
            .collect();
        Self { sources, ended: plan.operator_ids.clone() }
    }

    /// Whether nothing in `self` is behind `later`.
    pub(super) fn is_before(&self, later: &Self) -> bool {
        self.sources.iter().all(|(source, next)| {
            later.of_source(*source).is_some_and(|later| {
                next.iter().zip(later).all(|(earlier, later)| earlier <= later)
            })
        }) && self.ended.iter().all(|operator| later.ended.contains(operator))
    }
}

/// The sources of a plan, in order of the graph.
pub(super) fn sources_of(plan: &Plan) -> impl Iterator<Item = OperatorIndex> {
    let operators = plan.graph.operators.iter().enumerate();
    operators.filter(|(_, node)| node.is_source()).map(|(place, _)| OperatorIndex::new(place))
}

/// How far a checkpoint has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stage {
    /// Acks are awaited.
    Pending,
    /// Its metadata is durable.
    Durable,
    /// It completed.
    Completed,
}

/// What a task told about its snapshot.
#[derive(Clone, Debug)]
pub(super) struct TaskMarks {
    pub(super) task: TaskId,
    pub(super) attempt: Attempt,
    pub(super) received: Arc<[ChannelMark]>,
    pub(super) sent: Arc<[ChannelMark]>,
    /// Whether the task had finished its operators before.
    pub(super) ended: bool,
}

/// One checkpoint or savepoint of a run.
#[derive(Clone, Debug)]
pub(super) struct CheckpointStory {
    pub(super) checkpoint: CheckpointId,
    pub(super) kind: CheckpointKind,
    pub(super) stage: Stage,
    /// In which attempt it was triggered.
    pub(super) attempt: Attempt,
    pub(super) marks: Vec<TaskMarks>,
    pub(super) positions: Vec<(TaskId, Arc<[SourcePosition]>)>,
    /// Whether a record waited behind a blocked channel.
    pub(super) held: bool,
    /// Whether a later attempt restored an older checkpoint.
    pub(super) is_abandoned: bool,
}

/// One restore under way: the report, and what has arrived.
#[derive(Clone, Debug)]
pub(super) struct Restore {
    pub(super) attempt: Attempt,
    pub(super) checkpoint: CheckpointId,
    pub(super) report: Arc<RestoreReport>,
    /// By task of the plan.
    pub(super) arrived: Vec<Option<Arc<[StateSum]>>>,
    pub(super) is_judged: bool,
}

/// One run.
#[derive(Clone, Debug)]
pub(super) struct RunStory {
    pub(super) cast: Arc<Cast>,
    pub(super) status: JobStatus,
    pub(super) attempt: Attempt,
    /// What the current attempt was restored from.
    pub(super) restored: Option<CheckpointId>,
    /// In order of their triggers; aborted ones are forgotten.
    pub(super) checkpoints: Vec<CheckpointStory>,
    /// By task of the plan: whether it has finished its operators.
    pub(super) ended: Vec<bool>,
    pub(super) restore: Option<Restore>,
}

impl RunStory {
    fn new(cast: &Arc<Cast>) -> Self {
        Self {
            cast: Arc::clone(cast),
            status: JobStatus::Created,
            attempt: Attempt::new(0),
            restored: None,
            checkpoints: Vec::new(),
            ended: vec![false; cast.plan.tasks.len()],
            restore: None,
        }
    }

    /// Whether it was ever deployed again.
    pub(super) fn has_restarted(&self) -> bool {
        self.attempt > Attempt::new(0)
    }

    /// The place of a task of this run in its plan.
    pub(super) fn local(&self, task: TaskId) -> usize {
        task.index() - self.cast.first_task
    }

    /// A checkpoint that has not been aborted.
    pub(super) fn story(&self, checkpoint: CheckpointId) -> Option<&CheckpointStory> {
        self.checkpoints.iter().rev().find(|story| story.checkpoint == checkpoint)
    }

    fn story_mut(&mut self, checkpoint: CheckpointId) -> Option<&mut CheckpointStory> {
        self.checkpoints.iter_mut().rev().find(|story| story.checkpoint == checkpoint)
    }

    /// A checkpoint that can be restored: its metadata is durable.
    pub(super) fn completed(&self, checkpoint: CheckpointId) -> Option<&CheckpointStory> {
        self.story(checkpoint).filter(|story| story.stage >= Stage::Durable)
    }

    /// The newest completed checkpoint or savepoint.
    pub(super) fn last_completed(&self) -> Option<&CheckpointStory> {
        self.checkpoints.iter().rev().find(|story| story.stage == Stage::Completed)
    }

    /// Whether a task had finished its operators at a checkpoint; one that took no part had.
    pub(super) fn had_ended(story: &CheckpointStory, task: TaskId) -> bool {
        story.marks.iter().find(|marks| marks.task == task).is_none_or(|marks| marks.ended)
    }

    /// The cut of a checkpoint. Partitions that nobody told about were read by subtasks that had finished.
    pub(super) fn cut(
        &self,
        story: &CheckpointStory,
        partitions: impl Fn(OperatorIndex) -> usize,
    ) -> Cut {
        let plan = &*self.cast.plan;
        let mut cut = Cut::default();
        for source in sources_of(plan) {
            let mut next = vec![AT_END; partitions(source)];
            for (task, positions) in &story.positions {
                if plan.tasks[self.local(*task)].vertex != plan.vertex_of(source) {
                    continue;
                }
                for position in &**positions {
                    next[usize::from(position.partition)] = position.next;
                }
            }
            cut.sources.push((plan.operator_ids[source.index()], next));
        }
        for vertex in &plan.vertices {
            let first = self.cast.first_task + vertex.first_task.index();
            let tasks = (first..).take(to_usize(vertex.parallelism)).map(TaskId::new);
            if tasks.into_iter().all(|task| Self::had_ended(story, task)) {
                let ids = vertex.operators.iter().map(|place| plan.operator_ids[place.index()]);
                cut.ended.extend(ids);
            }
        }
        cut
    }

    fn on_attempt(&mut self, attempt: Attempt, restored: Option<CheckpointId>, ended: Vec<bool>) {
        assert_eq!(ended.len(), self.ended.len(), "`{}` changed its tasks", self.cast.label);
        if attempt > self.attempt {
            for story in &mut self.checkpoints {
                story.is_abandoned |= restored.is_none_or(|restored| restored < story.checkpoint);
            }
        }
        self.checkpoints.retain(|story| story.stage > Stage::Pending);
        (self.attempt, self.restored, self.ended) = (attempt, restored, ended);
        if self.restore.as_ref().is_some_and(|restore| restore.attempt != attempt) {
            self.restore = None;
        }
    }
}

/// All runs of a world.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// By `RunId`; none for a submission that was refused before it had a plan.
    pub(super) runs: Vec<Option<RunStory>>,
    /// What each run starts from, by `RunId`.
    pub(super) starts: Vec<Option<StartingPoint>>,
    run_of_task: Vec<RunId>,
    /// Which runs have opened a transaction where.
    pub(super) writers: BTreeSet<(ExternalId, RunId)>,
    /// What to call inputs.
    pub(super) names: Names,
}

impl History {
    pub(super) fn on_cast(&mut self, cast: &Arc<Cast>) {
        let place = cast.run.index();
        if self.runs.len() <= place {
            self.runs.resize(place + 1, None);
        }
        assert!(self.runs[place].is_none(), "run {place} was cast twice");
        assert!(self.run_of_task.len() <= cast.first_task, "tasks of `{}` overlap", cast.label);
        self.run_of_task.resize(cast.first_task, cast.run);
        self.run_of_task.resize(cast.first_task + cast.plan.tasks.len(), cast.run);
        self.runs[place] = Some(RunStory::new(cast));
    }

    /// The story of a run.
    pub(super) fn run(&self, run: RunId) -> Option<&RunStory> {
        self.runs.get(run.index())?.as_ref()
    }

    fn run_mut(&mut self, run: RunId) -> Option<&mut RunStory> {
        self.runs.get_mut(run.index())?.as_mut()
    }

    /// Which run a task belongs to.
    pub(super) fn run_of(&self, task: TaskId) -> RunId {
        self.run_of_task[task.index()]
    }

    fn run_of_mut(&mut self, task: TaskId) -> &mut RunStory {
        let run = self.run_of(task);
        self.run_mut(run).expect("a task has a run")
    }

    /// What a run starts from.
    pub(super) fn start_of(&self, run: RunId) -> Option<StartingPoint> {
        self.starts.get(run.index()).copied().flatten()
    }

    /// The checkpoint that an attempt of `run` was restored from, and the run that took it.
    pub(super) fn restored_story(
        &self,
        run: RunId,
        checkpoint: CheckpointId,
    ) -> Option<(&RunStory, &CheckpointStory)> {
        let own = self.run(run)?;
        if let Some(story) = own.completed(checkpoint) {
            return Some((own, story));
        }
        match self.start_of(run) {
            Some(StartingPoint::Run(parent, start)) if start == checkpoint => {
                let parent = self.run(parent)?;
                Some((parent, parent.completed(checkpoint)?))
            }
            Some(StartingPoint::Run(..) | StartingPoint::File(_)) | None => None,
        }
    }

    /// Which tasks of a run have nothing to do any more when it restores a checkpoint.
    fn ended_at_start(&self, run: RunId, restored: Option<CheckpointId>) -> Vec<bool> {
        let Some(story) = self.run(run) else { return Vec::new() };
        let cast = &*story.cast;
        let restored = restored.and_then(|checkpoint| self.restored_story(run, checkpoint));
        match restored {
            None => vec![false; story.ended.len()],
            Some((taker, checkpoint)) if taker.cast.run == run => (cast.first_task..)
                .take(story.ended.len())
                .map(|task| RunStory::had_ended(checkpoint, TaskId::new(task)))
                .collect(),
            Some((taker, checkpoint)) => {
                let ended = taker.cut(checkpoint, |_| 0).ended;
                let has_ended = |place: &OperatorIndex| {
                    ended.contains(&cast.plan.operator_ids[place.index()])
                };
                let tasks = cast.plan.tasks.iter();
                tasks
                    .map(|task| {
                        cast.plan.vertices[task.vertex.index()].operators.iter().all(has_ended)
                    })
                    .collect()
            }
        }
    }

    /// Takes in what happened.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most events leave the history as it is")]
    pub(super) fn observe(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::JobSubmitted { run, from } => {
                if self.starts.len() <= run.index() {
                    self.starts.resize(run.index() + 1, None);
                }
                self.starts[run.index()] = *from;
            }
            TraceEvent::JobStatusChanged { run, status } => {
                if let Some(story) = self.run_mut(*run) {
                    story.status = *status;
                }
            }
            TraceEvent::AttemptStarted { run, attempt, restored } => {
                let ended = self.ended_at_start(*run, *restored);
                if let Some(story) = self.run_mut(*run) {
                    story.on_attempt(*attempt, *restored, ended);
                }
            }
            TraceEvent::RestoreMapped { run, attempt, checkpoint, report } => {
                let (attempt, checkpoint, report) = (*attempt, *checkpoint, Arc::clone(report));
                if let Some(story) = self.run_mut(*run) {
                    let arrived = vec![None; story.ended.len()];
                    let is_judged = false;
                    story.restore =
                        Some(Restore { attempt, checkpoint, report, arrived, is_judged });
                }
            }
            TraceEvent::TaskInitialized { task, attempt, state, .. } => {
                let story = self.run_of_mut(*task);
                let place = story.local(*task);
                if let Some(restore) =
                    story.restore.as_mut().filter(|restore| restore.attempt == *attempt)
                {
                    restore.arrived[place] = Some(Arc::clone(state));
                }
            }
            TraceEvent::DataEnded { task, attempt } => {
                let story = self.run_of_mut(*task);
                let place = story.local(*task);
                story.ended[place] |= story.attempt == *attempt;
            }
            TraceEvent::TransactionBegun { external, task, .. } => {
                let run = self.run_of(*task);
                self.writers.insert((*external, run));
            }
            _ => self.observe_checkpoint(entry),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of a checkpoint")]
    fn observe_checkpoint(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::CheckpointTriggered { run, checkpoint, kind } => {
                if let Some(story) = self.run_mut(*run) {
                    story.checkpoints.push(CheckpointStory {
                        checkpoint: *checkpoint,
                        kind: *kind,
                        stage: Stage::Pending,
                        attempt: story.attempt,
                        marks: Vec::with_capacity(story.ended.len()),
                        positions: Vec::new(),
                        held: false,
                        is_abandoned: false,
                    });
                }
            }
            TraceEvent::SourcePositions { task, checkpoint: Some(checkpoint), positions } => {
                if let Some(story) = self.run_of_mut(*task).story_mut(*checkpoint) {
                    story.positions.push((*task, Arc::clone(positions)));
                }
            }
            TraceEvent::AlignmentCompleted { task, checkpoint, held } => {
                if let Some(story) = self.run_of_mut(*task).story_mut(*checkpoint) {
                    story.held |= *held > 0;
                }
            }
            TraceEvent::SnapshotTaken { task, attempt, checkpoint, received, sent } => {
                let run = self.run_of_mut(*task);
                let ended = run.ended[run.local(*task)];
                if let Some(story) = run.story_mut(*checkpoint) {
                    let (received, sent) = (Arc::clone(received), Arc::clone(sent));
                    let attempt = *attempt;
                    story.marks.push(TaskMarks { task: *task, attempt, received, sent, ended });
                }
            }
            TraceEvent::MetadataWritten { run, checkpoint } => {
                self.reach(*run, *checkpoint, Stage::Durable);
            }
            TraceEvent::CheckpointCompleted { run, checkpoint, .. } => {
                self.reach(*run, *checkpoint, Stage::Completed);
            }
            TraceEvent::CheckpointAborted { run, checkpoint, .. } => {
                if let Some(run) = self.run_mut(*run) {
                    run.checkpoints.retain(|story| {
                        story.checkpoint != *checkpoint || story.stage > Stage::Pending
                    });
                }
            }
            _ => {}
        }
    }

    fn reach(&mut self, run: RunId, checkpoint: CheckpointId, stage: Stage) {
        if let Some(story) = self.run_mut(run).and_then(|run| run.story_mut(checkpoint)) {
            story.stage = stage;
        }
    }

    /// Whether an attempt of the run completed this checkpoint, or the run was started from it.
    pub(super) fn covers(&self, run: RunId, checkpoint: CheckpointId) -> bool {
        self.run(run).is_some_and(|story| story.completed(checkpoint).is_some())
            || match self.start_of(run) {
                Some(StartingPoint::Run(_, start) | StartingPoint::File(start)) => {
                    start == checkpoint
                }
                None => false,
            }
    }
}

/// The name of the input that a source reads.
pub(super) fn input_name(plan: &Plan, source: OperatorIndex) -> &str {
    match &plan.graph.operators[source.index()].kind {
        OperatorKind::Source { input, .. } => input,
        OperatorKind::Transform { .. } | OperatorKind::Sink { .. } => {
            panic!("operator {} is not a source", source.index())
        }
    }
}

/// An index from a number of subtasks.
pub(super) fn to_usize(number: u32) -> usize {
    usize::try_from(number).expect("an index fits into a word")
}
