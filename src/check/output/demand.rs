//! What each sink of a run owes: collects from the trace and the external systems what that depends on.

use super::owed::{Attempts, Case, Commits, Cuts, Ending, Order, Owed, Shown, Times, what_is_owed};
use super::{Outputs, RunOutput};
use crate::check::history::{CheckpointStory, Progress, RunStory};
use crate::check::segments::Stop;
use crate::job::{CheckpointId, CheckpointKind, OperatorIndex, TaskId};
use crate::operator::Writes;
use crate::rules::StopEndsSources;
use crate::trace::JobStatus;
use std::collections::BTreeMap;

/// Which rows a sink of a run must hold.
#[derive(Clone, Debug)]
pub(in crate::check) struct Demand {
    /// Which sink, by `OperatorIndex`.
    pub(in crate::check) sink: usize,
    pub(in crate::check) writes: Writes,
    pub(in crate::check) owed: Owed,
}

/// Rows that were committed for a checkpoint that never completed.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Uncovered {
    pub(in crate::check) sink: usize,
    pub(in crate::check) subtask: u32,
    pub(in crate::check) checkpoint: CheckpointId,
    pub(in crate::check) rows: u64,
}

/// By subtask of a sink, the newest checkpoint that it has committed for.
type Reached = BTreeMap<u32, CheckpointId>;

impl<'w> Outputs<'w> {
    /// What each sink of a run owes.
    pub(super) fn output_of(&self, run: &'w RunStory) -> RunOutput<'w> {
        let operators = run.layout.plan.graph.operators.iter().zip(&run.writes).enumerate();
        let sinks = operators.filter(|(_, (node, _))| node.is_sink());
        let mut output = RunOutput { run, demands: Vec::new(), uncovered: Vec::new() };
        for (sink, (_, &writes)) in sinks.filter(|(_, (_, of))| **of != Writes::Undeclared) {
            let case = match writes.is_transactional() {
                true => self.case_on_commit(run, sink, writes, &mut output.uncovered),
                false => self.case_at_once(run),
            };
            output.demands.push(Demand { sink, writes, owed: what_is_owed(case) });
        }
        output
    }

    fn case_at_once(&self, run: &RunStory) -> Case {
        let last = run.last_completed().and_then(|story| run.last_exact(story.checkpoint));
        let completed = last.map_or(Stop::Start, |story| Stop::At(story.checkpoint));
        // A zombie may write an old row after its successor.
        let order = if run.has_zombies { Order::Lost } else { Order::Kept };
        self.case(run, Shown::AtOnce { completed }, order)
    }

    fn case_on_commit(
        &self,
        run: &RunStory,
        sink: usize,
        writes: Writes,
        uncovered: &mut Vec<Uncovered>,
    ) -> Case {
        let mut besides = Vec::new();
        let reached = self.commits(run, sink, &mut besides, uncovered);
        // A committer's subtask commits what any subtask of its writer prepared: how far it has come is what it has been
        // notified of.
        let is_committer = writes == Writes::Committer;
        let at_end = is_committer && self.past.commits_at_end(run.layout.run);
        let by_any = if at_end { Stop::End } else { reached_by_all(run, sink, &reached).1 };
        let mut settled = if is_committer { notified(run, sink) } else { reached };
        let mut by_children = (Stop::Start, Stop::Start);
        for (child, checkpoint) in self.children(run) {
            if !takes_over(run, child, sink) {
                settled.retain(|_, reached| *reached != checkpoint);
            } else if run.completed(checkpoint).is_some_and(|story| !story.is_abandoned) {
                let settled = run.settled_at(checkpoint).map_or(Stop::Start, Stop::At);
                by_children.0 = by_children.0.max(settled);
                by_children.1 = by_children.1.max(Stop::At(checkpoint));
            }
        }
        let (by_all, _) = reached_by_all(run, sink, &settled);
        // The transactions of one subtask may have been dealt to several.
        let is_alone = self.children(run).next().is_none();
        let order = if is_alone { Order::Kept } else { Order::Lost };
        let shown = Shown::OnCommit(Commits { by_all, by_any, by_children, besides });
        let mut case = self.case(run, shown, order);
        if at_end {
            // Nothing takes back what was committed at the end of an attempt that failed after it.
            if case.attempts == Attempts::Several {
                case.promised = Times::AtLeastOnce;
            }
            if case.ending == Ending::FinishedAtOnce {
                case.ending = Ending::Finished;
            }
        }
        case
    }

    fn case(&self, run: &RunStory, shown: Shown, order: Order) -> Case {
        let ending = match (run.stopped_with(), run.status == JobStatus::Finished) {
            (Some(checkpoint), _) if self.went_on_behind(run) => Ending::StoppedBehind(checkpoint),
            (Some(checkpoint), _) => Ending::Stopped(checkpoint),
            (None, true) if self.has_final_checkpoint(run) => Ending::Finished,
            (None, true) => Ending::FinishedAtOnce,
            (None, false) => Ending::Unfinished,
        };
        let counts_twice = self.past.may_count_twice(run);
        Case {
            ending,
            attempts: if run.has_restarted() { Attempts::Several } else { Attempts::One },
            cuts: if self.has_exact_cuts(run) { Cuts::Exact } else { Cuts::Beyond },
            promised: if counts_twice { Times::AtLeastOnce } else { Times::Once },
            shown,
            order,
        }
    }

    /// Whether the sources of a run that stops go on behind its savepoint.
    fn went_on_behind(&self, run: &RunStory) -> bool {
        let rules = self.past.history.rules.rules_of(run.layout.run);
        rules.stop_ends_sources == StopEndsSources::AfterSavepoint && run.drained.is_none()
    }

    /// Whether tasks of this run wait for a final checkpoint before they end.
    fn has_final_checkpoint(&self, run: &RunStory) -> bool {
        let job = &self.past.setup.scenario.jobs[run.layout.job];
        job.checkpoint.interval.is_some()
            && self.past.history.rules.rules_of(run.layout.run).checkpoints_after_tasks_finish
    }

    /// Whether a run that descends from this one completed such a checkpoint.
    fn is_of_a_heir(&self, run: &RunStory, checkpoint: CheckpointId) -> bool {
        self.children(run).any(|(child, _)| {
            child.completed(checkpoint).is_some() || self.is_of_a_heir(child, checkpoint)
        })
    }

    /// By subtask of a sink, the newest checkpoint that it, or whoever restored it, committed for.
    fn commits(
        &self,
        run: &RunStory,
        sink: usize,
        besides: &mut Vec<CheckpointId>,
        uncovered: &mut Vec<Uncovered>,
    ) -> Reached {
        let mut reached = Reached::new();
        let (Some(key), Some(external)) = (self.job_key(run), self.external(run, sink)) else {
            return reached;
        };
        let own = external.done.iter().filter(|(transaction, _)| transaction.job == key);
        for (&transaction, &(checkpoint, rows)) in own {
            if checkpoint == CheckpointId::AFTER_ALL && self.past.commits_at_end(run.layout.run) {
                continue;
            }
            let subtask = transaction.subtask;
            // Whoever started from it commits what it covers; the run itself has no business to.
            let is_others = self.children(run).any(|(_, started)| started == checkpoint);
            match run.completed(checkpoint) {
                Some(story)
                    if story.is_abandoned
                        && story.kind == CheckpointKind::Savepoint
                        && is_others =>
                {
                    if !besides.contains(&checkpoint) {
                        besides.push(checkpoint);
                    }
                }
                Some(_) => {
                    let newest = reached.entry(subtask).or_insert(checkpoint);
                    *newest = checkpoint.max(*newest);
                }
                None if rows == 0 => {}
                // Behind the barrier of a snapshot that holds back nothing, a committable of a later checkpoint may be in
                // it; whoever starts from it commits that with its own checkpoint of that number.
                None if !self.has_exact_cuts(run) && self.is_of_a_heir(run, checkpoint) => {}
                None => uncovered.push(Uncovered { sink, subtask, checkpoint, rows }),
            }
        }
        reached
    }
}

/// By subtask of a sink, the newest checkpoint that it was notified of.
fn notified(run: &RunStory, sink: usize) -> Reached {
    let plan = &*run.layout.plan;
    let tasks = plan.tasks_of(plan.vertex_of(OperatorIndex::new(sink)));
    let notified = tasks.zip(0..).filter_map(|(task, subtask)| {
        let checkpoint = run.notified[task.index()]?;
        run.completed(checkpoint).map(|_| (subtask, checkpoint))
    });
    notified.collect()
}

/// The lowest and the highest cut that the subtasks of a sink have committed up to. One whose data had ended by then agrees
/// with every later cut.
fn reached_by_all(run: &RunStory, sink: usize, reached: &Reached) -> (Stop, Stop) {
    let Some(highest) = reached.values().max() else { return (Stop::Start, Stop::Start) };
    let plan = &*run.layout.plan;
    let tasks = plan.tasks_of(plan.vertex_of(OperatorIndex::new(sink)));
    let lowest = tasks.zip(0..).map(|(task, subtask)| {
        let Some(checkpoint) = reached.get(&subtask) else { return Stop::Start };
        let task = run.layout.task(task);
        let story = run.completed(*checkpoint).expect("only completed ones are reached");
        if is_open(story, task) {
            // What was in flight had not reached the sink.
            run.last_exact(*checkpoint).map_or(Stop::Start, |story| Stop::At(story.checkpoint))
        } else {
            Stop::At(*highest)
        }
    });
    (lowest.min().unwrap_or(Stop::Start), Stop::At(*highest))
}

/// Whether a task may still be given records behind a checkpoint: who was told to drain reads on if it goes back to that.
fn is_open(story: &CheckpointStory, task: TaskId) -> bool {
    RunStory::progress_at(story, task) == Progress::Live || story.is_drain
}

/// Whether a later run has certainly committed what it restored for a sink: the sink is there under the same id, and
/// the run has come as far as a checkpoint of its own. One that ended while its tasks were still starting has committed some
/// of it.
fn takes_over(run: &RunStory, child: &RunStory, sink: usize) -> bool {
    let id = run.layout.plan.operator_ids[sink];
    let has_sink =
        child.taker_of(id).is_some_and(|place| child.writes[place.index()].is_transactional());
    has_sink && (child.status == JobStatus::Finished || child.last_completed().is_some())
}
