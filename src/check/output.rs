//! Output equivalence: what the sinks wrote is what the reference writes.
//!
//! Judged run by run at the end of the world, sink by sink, from the cut the run started at to the cut its output must
//! have reached. Before that, one thing is judged at once: nothing is committed for a checkpoint that has not completed.

use super::class::{Determined, determined};
use super::compare::{Bounds, by_last, by_origin, by_value};
use super::handover::{self, Handover};
use super::history::{History, Progress, RunStory};
use super::reference::Surroundings;
use super::segments::{References, Stop};
use super::time::TimeCheck;
use super::violation::Violation;
use super::written::RowSum;
use super::{Check, EndOfWorld, FileStart, promise, table, windows};
use crate::effect::{ExternalSystem, Row};
use crate::job::{CheckpointId, CheckpointKind, CheckpointMode, ExternalId, OperatorIndex, RunId};
use crate::operator::{Catalogue, Equality, Writes};
use crate::scenario::Scenario;
use crate::trace::{CheckName, Entry, JobStatus, SnapshotSource};
use std::cell::Cell;
use std::collections::BTreeMap;

/// A commit for a checkpoint that had not completed.
#[derive(Clone, Debug)]
pub(super) struct EarlyCommit {
    pub(super) entry: Entry,
    pub(super) external: ExternalId,
    pub(super) checkpoint: CheckpointId,
    pub(super) rows: u64,
}

/// Whether rows were committed too early: no run that writes there has completed the checkpoint or was started from it.
pub(super) fn is_too_early(
    external: ExternalId,
    checkpoint: CheckpointId,
    history: &History,
) -> bool {
    let runs = (0..history.runs.len()).map(RunId::new);
    let writes = |run: RunId| history.writers.contains(&(external, run));
    let starts_there = |run| match history.start_of(run) {
        Some(SnapshotSource::Run(_, start) | SnapshotSource::Files(start)) => start == checkpoint,
        None => false,
    };
    let completed =
        |run| history.run(run).is_some_and(|story| story.completed(checkpoint).is_some());
    !runs.into_iter().any(|run| starts_there(run) || (writes(run) && completed(run)))
}

/// Which rows a sink of a run must have written.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    /// Which sink, by `OperatorIndex`.
    pub(super) sink: usize,
    pub(super) writes: Writes,
    pub(super) low: Stop,
    high: Stop,
    /// Cuts of abandoned timelines that a later run restored, and with them their transactions.
    extra: Vec<CheckpointId>,
    may_repeat: bool,
    /// Whether the last row of a key was written last: a zombie may write an old one after its successor.
    is_in_order: bool,
}

/// What is needed to judge the output of a world.
pub(super) struct OutputCheck<'w> {
    pub(super) history: &'w History,
    pub(super) scenario: &'w Scenario,
    pub(super) surroundings: Surroundings<'w>,
    pub(super) file: Option<&'w FileStart>,
    pub(super) world: &'w EndOfWorld<'w>,
    /// The number of the last entry.
    pub(super) last_entry: u64,
    /// Whether the user's own code failed in the reference of a run, which is not compared then, or a sink promises nothing.
    pub(super) is_unknown: Cell<bool>,
}

impl<'w> OutputCheck<'w> {
    /// Judges all runs.
    ///
    /// Returns how many sinks hold windows that were compared.
    pub(super) fn judge(
        &self,
        found: &mut Check,
        time: &TimeCheck,
        found_of_time: &mut Check,
    ) -> u64 {
        if self.agrees_in_sum() {
            return 0;
        }
        let mut windows = 0;
        let mut references = References::new(self.history, self.surroundings, self.file, true);
        for run in self.history.runs.iter().flatten() {
            let demands = self.demands(run, found);
            references.evaluate(run, stops_of(&demands));
            if references.of(run.layout.run).is_none() {
                continue;
            }
            if !handover::is_comparable(self, run) {
                continue;
            }
            let classes = determined(&run.layout.plan.graph, self.surroundings.catalogue);
            for demand in demands {
                let compared = windows::judge(self, run, &demand, &references, time, found_of_time);
                windows += u64::from(compared);
                let mut determined = classes[demand.sink];
                if self.may_count_twice(run) {
                    determined = determined.of_replays();
                }
                // A snapshot that reaches beyond its cut may never have shown the value that a key had there.
                determined.last &= self.has_exact_cuts(run) || demand.low == demand.high;
                let handover = Handover::of(self, run, demand.sink, &references);
                // What was in flight to a sink may arrive there behind what its sender has sent since.
                determined.last &= handover.is_none();
                let text = if demand.writes.appends() {
                    let handover = handover.unwrap_or_default();
                    self.judge_rows(run, &demand, &references, (determined, &handover))
                } else {
                    table::judge(self, run, &demand, &references, determined)
                };
                if let Some(text) = text {
                    found.add(self.violation(run, demand.sink, &text));
                }
            }
        }
        self.is_unknown.set(self.is_unknown.get() || references.is_unknown);
        windows
    }

    /// Whether every sink was to write one certain multiset of rows, and the sum of its rows says that it did. Settles
    /// most worlds, and spares the reference from keeping its rows.
    fn agrees_in_sum(&self) -> bool {
        let mut found = Check::default();
        let mut judged = Vec::new();
        for run in self.history.runs.iter().flatten() {
            let demands = self.demands(run, &mut found);
            if !found.violations.is_empty() || !self.is_certain(run, &demands) {
                return false;
            }
            judged.push((run, demands));
        }
        let mut references = References::new(self.history, self.surroundings, self.file, false);
        judged.into_iter().all(|(run, demands)| {
            references.evaluate(run, stops_of(&demands));
            self.is_unknown.set(self.is_unknown.get() || references.is_unknown);
            let Some(reference) = references.of(run.layout.run) else { return true };
            demands.iter().all(|demand| {
                let written = self.written_sum(run, demand.sink);
                written.is_none_or(|written| written == reference.sum(demand.low, demand.sink))
            })
        })
    }

    /// Whether the sinks of a run were to write one certain multiset of rows each.
    fn is_certain(&self, run: &RunStory, demands: &[Demand]) -> bool {
        let graph = &run.layout.plan.graph;
        let has_windows = graph.operators.iter().any(|node| node.options.window.is_some());
        let is_exact = |demand: &Demand| {
            let has_one_end = demand.low == demand.high && demand.extra.is_empty();
            demand.writes.appends() && has_one_end && !demand.may_repeat
        };
        if has_windows || !demands.iter().all(is_exact) {
            return false;
        }
        let classes = determined(graph, self.surroundings.catalogue);
        demands.iter().all(|demand| classes[demand.sink].class() == Equality::Multiset)
    }

    /// The sum of the rows that a run wrote to a sink.
    fn written_sum(&self, run: &RunStory, sink: usize) -> Option<RowSum> {
        let key = self.job_key(run)?;
        let committed = &self.external(run, sink)?.committed;
        let mut sum = RowSum::default();
        committed.iter().filter(|row| row.job == key).for_each(|row| sum.add(&row.value));
        Some(sum)
    }

    /// Judges rows that were appended or committed.
    fn judge_rows(
        &self,
        run: &RunStory,
        demand: &Demand,
        references: &References<'w>,
        (determined, handover): (Determined, &Handover<'_>),
    ) -> Option<String> {
        let reference = references.of(run.layout.run)?;
        let key = self.job_key(run)?;
        let committed = &self.external(run, demand.sink)?.committed;
        if determined.origins
            && demand.low > Stop::Start
            && let Some(text) = handover.lost(key, committed, &self.history.names)
        {
            return Some(text);
        }
        let written: Vec<&Row> = committed.iter().filter(|row| row.job == key).collect();
        let rows = |stop| reference.rows(stop, demand.sink);
        let bounds = Bounds {
            low: rows(demand.low),
            high: rows(demand.high),
            extra: demand
                .extra
                .iter()
                .map(|at| rows(Stop::At(*at)))
                .chain(handover.rows.iter().copied())
                .collect(),
            may_repeat: demand.may_repeat,
        };
        let names = &self.history.names;
        match determined.class() {
            Equality::Multiset => by_value(&bounds, &written, determined.origins, names),
            Equality::LastPerKey | Equality::Accounted => {
                let accounted = determined.origins.then(|| by_origin(&bounds, &written, names));
                accounted.flatten().or_else(|| {
                    let is_last = determined.last;
                    is_last.then(|| by_last(&bounds, &written, demand.is_in_order)).flatten()
                })
            }
        }
    }

    /// What each sink of a run must have written.
    fn demands(&self, run: &RunStory, found: &mut Check) -> Vec<Demand> {
        let operators = run.layout.plan.graph.operators.iter().zip(&run.writes).enumerate();
        let mut demands = Vec::new();
        for (sink, (_, writes)) in operators.filter(|(_, (node, _))| node.is_sink()) {
            if *writes == Writes::Undeclared {
                self.is_unknown.set(true);
                continue;
            }
            let mut demand = self.at_least_once(run, sink, *writes);
            if writes.is_transactional() {
                self.demand_commits(run, &mut demand, found);
            }
            demands.push(demand);
        }
        demands
    }

    /// Rows that are seen at once: all up to the newest completed checkpoint, and more if there is more to read.
    fn at_least_once(&self, run: &RunStory, sink: usize, writes: Writes) -> Demand {
        let is_finished = run.status == JobStatus::Finished;
        let end = run.stopped_with().map_or(Stop::End, Stop::At);
        let last = run.last_completed().and_then(|story| run.last_exact(story.checkpoint));
        let last = last.map_or(Stop::Start, |story| Stop::At(story.checkpoint));
        Demand {
            sink,
            writes,
            low: if is_finished { end } else { last },
            // An attempt that failed may have read further than the one that stopped.
            high: if is_finished && !run.has_restarted() { end } else { Stop::End },
            extra: Vec::new(),
            may_repeat: run.has_restarted() || self.may_count_twice(run),
            is_in_order: !run.has_zombies,
        }
    }

    /// Rows that are seen when they are committed.
    ///
    /// 1. A run that finished after its final checkpoint has committed everything, one that stopped all up to there. 2. Else each subtask of the sink has
    ///    committed up to the checkpoint that its last commit was for. They need not agree: notifications may have been
    ///    on their way when the run ended. 3. A later run that started from a savepoint has committed what that covers, less what was in flight,
    ///    unless it ended while its tasks were still starting: then some of it, in no order, since the transactions of one
    ///    subtask may have been dealt to several.
    fn demand_commits(&self, run: &RunStory, demand: &mut Demand, found: &mut Check) {
        demand.may_repeat = self.may_count_twice(run);
        demand.is_in_order = self.children(run).next().is_none();
        let reached = self.commits(run, demand, found);
        if let Some(end) = run.stopped_with() {
            // A snapshot that held records beyond its cut, and was restored, has shown them.
            if self.has_exact_cuts(run) || !run.has_restarted() {
                demand.high = Stop::At(end);
            }
            return;
        }
        if self.has_final_checkpoint(run) && run.status == JobStatus::Finished {
            return;
        }
        if self.has_exact_cuts(run) {
            (_, demand.high) = self.reached_by_all(run, demand.sink, &reached);
        }
        // A committer's subtask commits what any subtask of its writer prepared: how far it has come is what it has been
        // notified of.
        let is_committer = demand.writes == Writes::Committer;
        let mut settled = if is_committer { self.notified(run, demand.sink) } else { reached };
        for (child, checkpoint) in self.children(run) {
            if !takes_over(run, child, demand.sink) {
                settled.retain(|_, reached| *reached != checkpoint);
            }
        }
        (demand.low, _) = self.reached_by_all(run, demand.sink, &settled);
        demand.high = demand.high.max(demand.low);
        for (child, checkpoint) in self.children(run) {
            let is_usable = run.completed(checkpoint).is_some_and(|story| !story.is_abandoned);
            if is_usable && takes_over(run, child, demand.sink) {
                let settled = run.settled_at(checkpoint).map_or(Stop::Start, Stop::At);
                demand.low = demand.low.max(settled);
                demand.high = demand.high.max(Stop::At(checkpoint));
            }
        }
    }

    /// By subtask of a sink, the newest checkpoint that it, or whoever restored it, committed for.
    fn commits(
        &self,
        run: &RunStory,
        demand: &mut Demand,
        found: &mut Check,
    ) -> BTreeMap<u32, CheckpointId> {
        let mut reached: BTreeMap<u32, CheckpointId> = BTreeMap::new();
        let (Some(key), Some(external)) = (self.job_key(run), self.external(run, demand.sink))
        else {
            return reached;
        };
        let own = external.done.iter().filter(|(transaction, _)| transaction.job == key);
        for (transaction, &(checkpoint, rows)) in own {
            // Whoever started from it commits what it covers; the run itself has no business to.
            let is_others = self.children(run).any(|(_, started)| started == checkpoint);
            match run.completed(checkpoint) {
                Some(story)
                    if story.is_abandoned
                        && story.kind == CheckpointKind::Savepoint
                        && is_others =>
                {
                    if !demand.extra.contains(&checkpoint) {
                        demand.extra.push(checkpoint);
                    }
                }
                Some(_) => {
                    let newest = reached.entry(transaction.subtask).or_insert(checkpoint);
                    *newest = checkpoint.max(*newest);
                }
                None if rows == 0 => {}
                None => {
                    let text = format!(
                        "{rows} rows of subtask {} were committed for checkpoint {checkpoint}, which never completed",
                        transaction.subtask
                    );
                    found.add(self.violation(run, demand.sink, &text));
                }
            }
        }
        reached
    }

    /// By subtask of a sink, the newest checkpoint that it was notified of.
    fn notified(&self, run: &RunStory, sink: usize) -> BTreeMap<u32, CheckpointId> {
        let plan = &*run.layout.plan;
        let tasks = plan.tasks_of(plan.vertex_of(OperatorIndex::new(sink)));
        let notified = tasks.zip(0..).filter_map(|(task, subtask)| {
            let checkpoint = run.notified[task.index()]?;
            run.completed(checkpoint).map(|_| (subtask, checkpoint))
        });
        notified.collect()
    }

    /// The lowest and the highest cut that the subtasks of a sink have committed up to. One whose data had ended by
    /// then agrees with every later cut.
    fn reached_by_all(
        &self,
        run: &RunStory,
        sink: usize,
        reached: &BTreeMap<u32, CheckpointId>,
    ) -> (Stop, Stop) {
        let Some(highest) = reached.values().max() else { return (Stop::Start, Stop::Start) };
        let plan = &*run.layout.plan;
        let tasks = plan.tasks_of(plan.vertex_of(OperatorIndex::new(sink)));
        let lowest = tasks.zip(0..).map(|(task, subtask)| {
            let Some(checkpoint) = reached.get(&subtask) else { return Stop::Start };
            let task = run.layout.task(task);
            let story = run.completed(*checkpoint).expect("only completed ones are reached");
            match RunStory::progress_at(story, task) {
                // What was in flight had not reached the sink.
                Progress::Live => run
                    .last_exact(*checkpoint)
                    .map_or(Stop::Start, |story| Stop::At(story.checkpoint)),
                Progress::Drained | Progress::Finished => Stop::At(*highest),
            }
        });
        (lowest.min().unwrap_or(Stop::Start), Stop::At(*highest))
    }

    /// Whether the snapshots of a run hold nothing from behind their cuts.
    fn has_exact_cuts(&self, run: &RunStory) -> bool {
        promise::mode_of(self.scenario, self.history, run.layout.run) == CheckpointMode::ExactlyOnce
    }

    pub(super) fn may_count_twice(&self, run: &RunStory) -> bool {
        promise::may_count_twice(self.scenario, self.history, run)
    }

    /// Whether tasks of this run wait for a final checkpoint before they end.
    fn has_final_checkpoint(&self, run: &RunStory) -> bool {
        let job = &self.scenario.jobs[run.layout.job];
        job.checkpoint.interval.is_some()
            && self.history.eras.rules_of(run.layout.run).checkpoints_after_tasks_finish
    }

    /// The runs that started from this one, and from which checkpoint.
    pub(super) fn children(
        &self,
        run: &RunStory,
    ) -> impl Iterator<Item = (&'w RunStory, CheckpointId)> {
        let (history, parent) = (self.history, run.layout.run);
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

    /// What a sink of a run wrote to.
    pub(super) fn external(&self, run: &RunStory, sink: usize) -> Option<&'w ExternalSystem> {
        let name = &run.layout.plan.graph.operators[sink].name;
        self.world.externals.iter().find(|external| external.name == *name)
    }

    fn violation(&self, run: &RunStory, sink: usize, text: &str) -> Violation {
        let name = &run.layout.plan.graph.operators[sink].name;
        Violation {
            check: CheckName::OutputEquivalence,
            at: self.world.ended,
            event: self.last_entry,
            text: format!("{name} of {}: {text}", run.layout.label),
        }
    }
}

/// Where the reference of a run is asked for its rows.
fn stops_of(demands: &[Demand]) -> Vec<Stop> {
    let bounds = demands.iter().flat_map(|demand| [demand.low, demand.high]);
    let extra = demands.iter().flat_map(|demand| &demand.extra).copied().map(Stop::At);
    bounds.chain(extra).collect()
}

/// Whether a later run has certainly committed what it restored for a sink: the sink is there under the same id, and
/// the run has come as far as a checkpoint of its own.
fn takes_over(run: &RunStory, child: &RunStory, sink: usize) -> bool {
    let id = run.layout.plan.operator_ids[sink];
    let has_sink =
        child.taker_of(id).is_some_and(|place| child.writes[place.index()].is_transactional());
    has_sink && (child.status == JobStatus::Finished || child.last_completed().is_some())
}

/// By sink name, how strictly it is compared: over all runs that write to it, the weakest.
pub(super) fn classes(
    history: &History,
    scenario: &Scenario,
    catalogue: &Catalogue,
) -> BTreeMap<String, Equality> {
    let mut classes = BTreeMap::new();
    for run in history.runs.iter().flatten() {
        let graph = &run.layout.plan.graph;
        let repeats = promise::may_count_twice(scenario, history, run);
        let operators = graph.operators.iter().zip(&run.writes);
        for ((node, writes), determined) in operators.zip(determined(graph, catalogue)) {
            let determined = if repeats { determined.of_replays() } else { determined };
            let class = match writes {
                Writes::Undeclared | Writes::Writer => continue,
                Writes::Plain | Writes::TwoPhase | Writes::Committer => determined.class(),
                Writes::Idempotent => determined.class_of_table(),
                Writes::Dedup if determined.values => Equality::Multiset,
                Writes::Dedup => Equality::Accounted,
            };
            let weakest = classes.entry(node.name.clone()).or_insert(class);
            *weakest = class.min(*weakest);
        }
    }
    classes
}
