//! What the trace has told about each run so far: its attempts, its cuts, which of its tasks are at their end.
//!
//! Judges nothing; the checks read it.

mod beginning;
mod checkpoint;
mod cut;
mod restore;
mod zombies;

use self::beginning::Beginning;
pub(super) use self::cut::{Cut, Next, PartitionId, Stand, sources_of};
pub(super) use self::restore::Restore;
use crate::job::{
    Attempt, ChannelId, CheckpointId, CheckpointKind, ExternalId, OperatorId, OperatorIndex,
    Origin, PlanTask, RunId, RunLayout, TaskId, TaskManagerId, VertexIndex,
};
use crate::operator::{Catalogue, Writes};
use crate::scenario::Scenario;
use crate::trace::{
    ChannelEnd, ChannelMark, CheckpointEvent, EndOfTask, Entry, JobEvent, JobStatus, ListHeld,
    SnapshotSource, SourcePosition, TaskEvent, TraceEvent, TransactionEvent, WorldEvent,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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

/// How far a task has come in an attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Progress {
    /// There may be more data.
    Live,
    /// It has seen the end of its data and finished its operators.
    Drained,
    /// It ended, or had nothing to do from the start.
    Finished,
}

/// What a task told about its snapshot.
#[derive(Clone, Debug)]
pub(super) struct TaskMarks {
    pub(super) task: TaskId,
    pub(super) attempt: Attempt,
    pub(super) received: Arc<[ChannelMark]>,
    pub(super) sent: Arc<[ChannelMark]>,
    /// How far the task had come.
    pub(super) progress: Progress,
    /// The lists of its operators.
    pub(super) lists: Arc<[ListHeld]>,
}

/// Records of a channel that became part of a snapshot, at one end of it.
#[derive(Clone, Debug)]
pub(super) struct Persisted {
    pub(super) attempt: Attempt,
    pub(super) channel: ChannelId,
    pub(super) end: ChannelEnd,
    /// In order.
    pub(super) origins: Arc<[Origin]>,
}

/// Where the partitions of sources stood, by task.
pub(super) type Positions = Vec<(TaskId, Arc<[SourcePosition]>)>;

/// One checkpoint or savepoint of a run.
#[derive(Clone, Debug)]
pub(super) struct CheckpointStory {
    pub(super) checkpoint: CheckpointId,
    pub(super) kind: CheckpointKind,
    pub(super) stage: Stage,
    pub(super) marks: Vec<TaskMarks>,
    pub(super) positions: Positions,
    /// Splits that no reader had, by their source.
    pub(super) unassigned: Vec<(OperatorIndex, Arc<[SourcePosition]>)>,
    /// What was in flight and became part of it.
    pub(super) in_flight: Vec<Persisted>,
    /// Where sources were at their end that were drained before it was triggered.
    pub(super) drained: Option<Positions>,
    /// Whether a record waited behind a blocked channel.
    pub(super) held: bool,
    /// Whether a later attempt restored an older checkpoint.
    pub(super) is_abandoned: bool,
    /// Whether event time came to its end before it, and the data did not: the savepoint of a job that drains, until 1.13.
    pub(super) ends_time: bool,
    /// Whether a job was to end with it and to drain before.
    pub(super) is_drain: bool,
}

impl CheckpointStory {
    /// How many records were in flight on these channels, and the wrapping sum of the hashes of their origins.
    fn sum_in_flight(&self, counts: impl Fn(&Persisted) -> bool) -> (u64, u64) {
        let in_flight = self.in_flight.iter().filter(|persisted| counts(persisted));
        let origins = in_flight.flat_map(|persisted| &*persisted.origins);
        origins.fold((0, 0), |(records, sum): (u64, u64), origin| {
            (records + 1, sum.wrapping_add(origin.hash()))
        })
    }

    const fn new(checkpoint: CheckpointId, kind: CheckpointKind) -> Self {
        Self {
            checkpoint,
            kind,
            stage: Stage::Pending,
            marks: Vec::new(),
            positions: Vec::new(),
            unassigned: Vec::new(),
            in_flight: Vec::new(),
            drained: None,
            held: false,
            is_abandoned: false,
            ends_time: false,
            is_drain: false,
        }
    }
}

/// One run.
#[derive(Clone, Debug)]
pub(super) struct RunStory {
    pub(super) layout: Arc<RunLayout>,
    pub(super) status: JobStatus,
    /// The newest attempt.
    pub(super) attempt: Attempt,
    /// By task of the plan: the attempt that lives, or lived last.
    pub(super) attempts: Vec<Attempt>,
    /// What the newest attempt was restored from.
    pub(super) restored: Option<CheckpointId>,
    /// In order of their triggers; aborted ones are forgotten.
    pub(super) checkpoints: Vec<CheckpointStory>,
    /// By task of the plan.
    pub(super) progress: Vec<Progress>,
    pub(super) restore: Option<Restore>,
    /// Ids under which the snapshot that it was started from held state, and those of the operators that took it.
    pub(super) renamed: Vec<(OperatorId, OperatorId)>,
    /// Under which ids it left state behind.
    pub(super) left: BTreeSet<OperatorId>,
    /// How its operators write, by `OperatorIndex`.
    pub(super) writes: Vec<Writes>,
    /// Whether the transactions of a sink were left behind with the snapshot that it was started from.
    pub(super) left_transactions: bool,
    /// By task of the plan: the newest completed checkpoint that it was notified of.
    pub(super) notified: Vec<Option<CheckpointId>>,
    /// Where its sources were at their end, once it was told to drain them: of a drained job nothing behind that is read.
    pub(super) drained: Option<Positions>,
    /// The savepoint that it was last to stop with.
    pub(super) stops_with: Option<CheckpointId>,
    /// Whether its event time has come to its end for that, and its data has not.
    pub(super) has_ended_time: bool,
    /// The sources of which some subtasks had finished when it was restored: their partitions nobody tells of any more.
    had_finished: Vec<OperatorId>,
    /// By task of the plan: where it was deployed last.
    managers: Vec<Option<TaskManagerId>>,
    /// Whether a task manager was given up whose tasks may have gone on beside their successors.
    pub(super) has_zombies: bool,
    /// How it began to read.
    pub(super) beginning: Beginning,
}

impl RunStory {
    fn new(layout: &Arc<RunLayout>, catalogue: &Catalogue) -> Self {
        let operators = layout.plan.graph.operators.iter();
        Self {
            writes: operators.map(|node| catalogue.writes(node)).collect(),
            layout: Arc::clone(layout),
            status: JobStatus::Created,
            attempt: Attempt::new(0),
            attempts: vec![Attempt::new(0); layout.plan.tasks.len()],
            restored: None,
            checkpoints: Vec::new(),
            progress: vec![Progress::Live; layout.plan.tasks.len()],
            restore: None,
            renamed: Vec::new(),
            left: BTreeSet::new(),
            left_transactions: false,
            notified: vec![None; layout.plan.tasks.len()],
            drained: None,
            stops_with: None,
            has_ended_time: false,
            had_finished: Vec::new(),
            managers: vec![None; layout.plan.tasks.len()],
            has_zombies: false,
            beginning: Beginning::of(layout.plan.tasks.len()),
        }
    }

    /// Whether it was ever deployed again.
    pub(super) fn has_restarted(&self) -> bool {
        self.attempt > Attempt::new(0)
    }

    /// The sinks of which the catalogue does not say how they write.
    pub(super) fn undeclared_sinks(&self) -> impl Iterator<Item = &str> {
        let operators = self.layout.plan.graph.operators.iter().zip(&self.writes);
        let sinks = operators.filter(|(node, _)| node.is_sink());
        let undeclared = sinks.filter(|(_, writes)| **writes == Writes::Undeclared);
        undeclared.map(|(node, _)| node.name.as_str())
    }

    /// Whether its job has windows.
    pub(super) fn has_windows(&self) -> bool {
        self.layout.plan.graph.operators.iter().any(|node| node.options.window.is_some())
    }

    /// Whether its job holds records back.
    pub(super) fn holds_back(&self) -> bool {
        self.layout.plan.graph.operators.iter().any(|node| node.options.delay.is_some())
    }

    /// The place of a task of this run in its plan.
    pub(super) fn local(&self, task: TaskId) -> usize {
        self.layout.local_task(task).index()
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

    /// The savepoint that it stopped with, if that is how it finished.
    pub(super) fn stopped_with(&self) -> Option<CheckpointId> {
        let story = self.stops_with.and_then(|checkpoint| self.story(checkpoint));
        let story = story.filter(|story| story.stage == Stage::Completed && !story.is_abandoned);
        story.filter(|_| self.status == JobStatus::Finished).map(|story| story.checkpoint)
    }

    /// The newest completed checkpoint or savepoint.
    pub(super) fn last_completed(&self) -> Option<&CheckpointStory> {
        self.checkpoints.iter().rev().find(|story| story.stage == Stage::Completed)
    }

    /// The newest completed checkpoint or savepoint at whose cut nothing was in flight: everything before it had been
    /// processed. Up to `most`, and on the timeline that is left.
    pub(super) fn last_exact(&self, most: CheckpointId) -> Option<&CheckpointStory> {
        self.checkpoints.iter().rev().find(|story| {
            story.stage == Stage::Completed
                && story.checkpoint <= most
                && story.in_flight.is_empty()
                && (story.checkpoint == most || !story.is_abandoned)
        })
    }

    /// The newest cut up to that of a checkpoint before which everything had been processed: its own, unless records were
    /// in flight at it. None if that is where the run started.
    pub(super) fn settled_at(&self, checkpoint: CheckpointId) -> Option<CheckpointId> {
        let own = self.completed(checkpoint).filter(|story| story.in_flight.is_empty());
        own.or_else(|| self.last_exact(checkpoint)).map(|story| story.checkpoint)
    }

    /// How far a task had come at a checkpoint; one that took no part was gone.
    pub(super) fn progress_at(story: &CheckpointStory, task: TaskId) -> Progress {
        let marks = story.marks.iter().find(|marks| marks.task == task);
        marks.map_or(Progress::Finished, |marks| marks.progress)
    }

    /// How far the last of the tasks of a chain had come at a checkpoint.
    fn progress_of_chain(&self, story: &CheckpointStory, vertex: VertexIndex) -> Progress {
        let tasks = self.layout.plan.tasks_of(vertex);
        let progress = tasks.map(|task| Self::progress_at(story, self.layout.task(task)));
        progress.min().expect("a chain has a task")
    }

    /// The savepoint that a job was stopping with when it took a later checkpoint: who is gone by then has not come to the
    /// end of its data.
    fn stop_before(&self, story: &CheckpointStory) -> Option<&CheckpointStory> {
        let stop = self.stops_with.filter(|stop| *stop < story.checkpoint)?;
        self.completed(stop).filter(|stop| !stop.is_drain)
    }

    /// The cut of a checkpoint. Partitions that nobody told about were read by subtasks that had finished, if any had.
    pub(super) fn cut(&self, story: &CheckpointStory) -> Cut {
        let plan = &*self.layout.plan;
        let stop = self.stop_before(story);
        let at = stop.unwrap_or(story);
        let mut cut = Cut { ends_time: story.ends_time, ..Cut::default() };
        for source in sources_of(plan) {
            let is_of_source =
                |task: TaskId| self.layout.plan_task(task).vertex == plan.vertex_of(source);
            let told = stop.into_iter().chain([story]).flat_map(|story| &story.positions);
            let told = told.filter(|(task, _)| is_of_source(*task));
            let unassigned = story.unassigned.iter().filter(|(operator, _)| *operator == source);
            let drained = story.drained.iter().flatten().filter(|(task, _)| is_of_source(*task));
            let told = drained.chain(told).map(|(_, told)| told);
            let told = told.chain(unassigned.map(|(_, splits)| splits));
            let mut tasks = plan.tasks_of(plan.vertex_of(source));
            let is_gone = |task| Self::progress_at(at, self.layout.task(task));
            let id = plan.operator_ids[source.index()];
            let some_are_gone = self.had_finished.contains(&id)
                || tasks.any(|task| is_gone(task) == Progress::Finished);
            let others = match some_are_gone {
                true => Next::End,
                false => Next::Entry(0),
            };
            let mut stand = Stand { known: BTreeMap::new(), others };
            stand.hear(told.flat_map(|positions| &**positions));
            cut.sources.push((id, stand));
        }
        for (place, vertex) in plan.vertices.iter().enumerate() {
            let progress = self.progress_of_chain(at, VertexIndex::new(place));
            let ids = vertex.operators.iter().map(|place| plan.operator_ids[place.index()]);
            if progress >= Progress::Drained {
                cut.drained.extend(ids.clone());
            }
            if progress == Progress::Finished {
                cut.finished.extend(ids);
            }
        }
        cut
    }

    /// Whether this attempt of a task lives, or lived last.
    pub(super) fn is_current(&self, task: TaskId, attempt: Attempt) -> bool {
        self.attempts[self.local(task)] == attempt
    }

    /// A new attempt of the whole run, or of these tasks only.
    fn on_attempt(
        &mut self,
        attempt: Attempt,
        restored: Option<CheckpointId>,
        progress: Vec<Progress>,
        region: Option<&[TaskId]>,
    ) {
        assert_eq!(
            progress.len(),
            self.progress.len(),
            "`{}` changed its tasks",
            self.layout.label
        );
        if attempt > self.attempt {
            let is_anew = restored.is_none_or(|restored| self.completed(restored).is_none());
            self.beginning.was_repeated |= is_anew;
            for story in &mut self.checkpoints {
                story.is_abandoned |= restored.is_none_or(|restored| restored < story.checkpoint);
            }
        }
        self.checkpoints.retain(|story| story.stage > Stage::Pending);
        self.drained = restored.and_then(|restored| self.story(restored)?.drained.clone());
        (self.attempt, self.restored) = (attempt, restored);
        (self.stops_with, self.has_ended_time) = (None, false);
        for (place, (task, progress)) in self.layout.tasks().zip(progress).enumerate() {
            if region.is_none_or(|region| region.contains(&task)) {
                self.progress[place] = progress;
                self.attempts[place] = attempt;
            }
        }
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
    pub(super) starts: Vec<Option<SnapshotSource>>,
    run_of_task: Vec<RunId>,
    /// Which runs have opened a transaction where.
    pub(super) writers: BTreeSet<(ExternalId, RunId)>,
    /// Under which rules each run is.
    pub(super) rules: super::rules_of_runs::RulesOfRuns,
}

impl History {
    /// Of a world that plays a scenario.
    pub(super) fn of(scenario: &Scenario) -> Self {
        Self { rules: super::rules_of_runs::RulesOfRuns::of(scenario), ..Self::default() }
    }

    pub(super) fn on_run(&mut self, layout: &Arc<RunLayout>, catalogue: &Catalogue) {
        let place = layout.run.index();
        if self.runs.len() <= place {
            self.runs.resize(place + 1, None);
        }
        assert!(self.runs[place].is_none(), "run {place} was submitted twice");
        for task in layout.tasks() {
            assert!(self.run_of_task.len() <= task.index(), "tasks of `{}` overlap", layout.label);
            self.run_of_task.resize(task.index() + 1, layout.run);
        }
        self.runs[place] = Some(RunStory::new(layout, catalogue));
    }

    /// Whether any job of the world has windows.
    pub(super) fn has_windows(&self) -> bool {
        self.runs.iter().flatten().any(RunStory::has_windows)
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
    pub(super) fn start_of(&self, run: RunId) -> Option<SnapshotSource> {
        self.starts.get(run.index()).copied().flatten()
    }

    /// Whether a checkpoint that completes is one that its run can go back to, and keeps: a savepoint only where the release
    /// says so, or if the run stops with it.
    pub(super) fn is_recovery_point(
        &self,
        run: RunId,
        checkpoint: CheckpointId,
        kind: CheckpointKind,
    ) -> bool {
        let stops = self.run(run).is_some_and(|story| story.stops_with == Some(checkpoint));
        let savepoints_count = self.rules.rules_of(run).savepoint_in_completed_store;
        kind == CheckpointKind::Checkpoint || stops || savepoints_count
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
            Some(SnapshotSource::Run(parent, start)) if start == checkpoint => {
                let parent = self.run(parent)?;
                Some((parent, parent.completed(checkpoint)?))
            }
            Some(SnapshotSource::Run(..) | SnapshotSource::Files(_)) | None => None,
        }
    }

    /// How far the tasks of a run are when it restores a checkpoint: a chain of which nothing was left then has
    /// nothing to do any more.
    fn progress_at_start(&self, run: RunId, restored: Option<CheckpointId>) -> Vec<Progress> {
        let Some(story) = self.run(run) else { return Vec::new() };
        let plan = &*story.layout.plan;
        let restored = restored.and_then(|checkpoint| self.restored_story(run, checkpoint));
        let finished = restored.map(|(taker, story)| taker.cut(story).finished);
        let Some(finished) = finished.filter(|finished| !finished.is_empty()) else {
            return vec![Progress::Live; plan.tasks.len()];
        };
        let was_finished = |id: &OperatorId| {
            let mut renamed = story.renamed.iter().filter(|(_, now)| now == id);
            finished.contains(id) || renamed.any(|(stored, _)| finished.contains(stored))
        };
        let is_finished = |vertex: VertexIndex| {
            let mut operators = plan.vertices[vertex.index()].operators.iter();
            operators.all(|place| was_finished(&plan.operator_ids[place.index()]))
        };
        let of_task = |task: &PlanTask| match is_finished(task.vertex) {
            true => Progress::Finished,
            false => Progress::Live,
        };
        plan.tasks.iter().map(of_task).collect()
    }

    /// Takes in what happened.
    pub(super) fn observe(&mut self, entry: &Entry, scenario: &Scenario) {
        self.rules.observe(entry, scenario);
        self.observe_beginning(entry);
        self.observe_job(entry);
        self.complete_restore(entry);
    }

    /// Takes in what becomes of jobs and their tasks, and leaves the rest to others.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most events leave the history as it is")]
    fn observe_job(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::Job(run, JobEvent::Submitted { from }) => {
                if self.starts.len() <= run.index() {
                    self.starts.resize(run.index() + 1, None);
                }
                self.starts[run.index()] = *from;
            }
            TraceEvent::Job(run, JobEvent::StatusChanged { status }) => {
                if let Some(story) = self.run_mut(*run) {
                    story.status = *status;
                }
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Stopping { drain }) => {
                let drains_first = self.rules.rules_of(*run).drain_finishes_first;
                if let Some(story) = self.run_mut(*run) {
                    story.stops_with = Some(*checkpoint);
                    if let Some(own) = story.story_mut(*checkpoint) {
                        own.is_drain = *drain;
                    }
                    if *drain && drains_first {
                        story.drained.get_or_insert_default();
                    } else if *drain {
                        story.has_ended_time = true;
                        let own = story.story_mut(*checkpoint);
                        own.expect("it was triggered a moment ago").ends_time = true;
                    }
                }
            }
            TraceEvent::Job(run, JobEvent::AttemptStarted { attempt, restored }) => {
                self.on_attempt(*run, *attempt, *restored, None);
            }
            TraceEvent::Job(run, JobEvent::RegionRestarted { attempt, restored, tasks }) => {
                self.on_attempt(*run, *attempt, *restored, Some(tasks));
            }
            // What was pending, and what the job was stopped for, nobody knows any more.
            TraceEvent::Job(run, JobEvent::TakenOver { checkpoints }) => {
                for checkpoint in &**checkpoints {
                    self.reach(*run, *checkpoint, Stage::Completed);
                }
                if let Some(story) = self.run_mut(*run) {
                    story.checkpoints.retain(|story| story.stage > Stage::Pending);
                    story.stops_with = None;
                }
            }
            TraceEvent::Checkpoint(.., CheckpointEvent::RestoreMapped { .. })
            | TraceEvent::Task(.., TaskEvent::Initialized { .. }) => {
                self.observe_restore(entry);
            }
            TraceEvent::Task(task, _, TaskEvent::Deployed { manager, .. }) => {
                self.on_deployed(*task, *manager)
            }
            TraceEvent::World(WorldEvent::TaskManagerLost { manager }) => {
                self.on_manager_lost(*manager)
            }
            TraceEvent::Task(task, attempt, TaskEvent::DataEnded) => {
                self.progress(*task, *attempt, Progress::Drained);
            }
            TraceEvent::Task(task, attempt, TaskEvent::Ended { how: EndOfTask::Finished }) => {
                self.progress(*task, *attempt, Progress::Finished);
            }
            // It threw in the midst of a notification, perhaps.
            TraceEvent::Task(task, _, TaskEvent::OperatorFailed { .. }) => {
                let story = self.run_of_mut(*task);
                let place = story.local(*task);
                story.notified[place] = None;
            }
            TraceEvent::Transaction { external, task, event: TransactionEvent::Begun, .. } => {
                let run = self.run_of(*task);
                self.writers.insert((*external, run));
            }
            _ => self.observe_checkpoint(entry),
        }
    }

    fn on_attempt(
        &mut self,
        run: RunId,
        attempt: Attempt,
        restored: Option<CheckpointId>,
        region: Option<&[TaskId]>,
    ) {
        let progress = self.progress_at_start(run, restored);
        let restored_story = restored.and_then(|checkpoint| self.restored_story(run, checkpoint));
        let sources = restored_story.map(|(taker, story)| taker.cut(story).sources);
        let gone = sources.into_iter().flatten().filter(|(_, stand)| stand.others == Next::End);
        let gone = gone.map(|(source, _)| source).collect();
        if let Some(story) = self.run_mut(run) {
            story.had_finished = gone;
            story.on_attempt(attempt, restored, progress, region);
        }
    }

    fn progress(&mut self, task: TaskId, attempt: Attempt, progress: Progress) {
        let story = self.run_of_mut(task);
        let place = story.local(task);
        if story.is_current(task, attempt) {
            story.progress[place] = progress;
        }
    }
}
