//! How soon a barrier is taken that may overtake what is before it: when it has arrived and its aligned time is over, as soon
//! as its receiver has time for it.

use super::{Past, Violation};
use crate::check::history::RunStory;
use crate::job::{Attempt, ChannelId, CheckpointId, CheckpointKind, RunId, TaskId, VertexIndex};
use crate::kernel::SimTime;
use crate::operator::Writes;
use crate::trace::{CheckName, Entry, Fault, TaskEvent, TraceEvent, WorldEvent};
use std::collections::{BTreeMap, BTreeSet};

/// Follows the barriers that may overtake.
#[derive(Clone, Debug, Default)]
pub(super) struct Overtaking {
    /// When each checkpoint was triggered whose barriers may.
    triggered: BTreeMap<(RunId, CheckpointId), SimTime>,
    emitted: BTreeMap<(TaskId, Attempt, CheckpointId), SimTime>,
    /// Since when attempts run.
    running: BTreeMap<(TaskId, Attempt), SimTime>,
    /// Tasks that were kept busy with one thing.
    blocked: BTreeSet<TaskId>,
    /// What was late unless it waited at its sender for credit, which only a barrier that is not timed overtakes there.
    pub(super) unless_backed_up: Vec<Violation>,
}

impl Overtaking {
    pub(super) fn on_triggered(
        &mut self,
        (run, checkpoint): (RunId, CheckpointId),
        kind: CheckpointKind,
        now: SimTime,
        past: Past<'_>,
    ) {
        let Some(job) = past.job_of(run) else { return };
        let rules = past.history.rules.rules_of(run);
        // A barrier that is timed was not seen before it was the next.
        let is_seen = job.checkpoint.aligned_timeout == SimTime::ZERO
            || rules.timed_barriers_overtake_outputs;
        if job.checkpoint.unaligned && kind == CheckpointKind::Checkpoint && is_seen {
            self.triggered.insert((run, checkpoint), now);
        }
    }

    /// Takes in what happened. What is wrong with it, in words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are of no barrier")]
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) -> Option<String> {
        match &entry.event {
            TraceEvent::World(WorldEvent::FaultInjected { fault: Fault::TaskBlocked(task) }) => {
                self.blocked.insert(*task);
            }
            TraceEvent::Task(task, attempt, event) => match event {
                TaskEvent::Running => {
                    self.running.insert((*task, *attempt), entry.at);
                }
                TaskEvent::BarrierEmitted { checkpoint } => {
                    self.emitted.insert((*task, *attempt, *checkpoint), entry.at);
                }
                TaskEvent::BarrierArrived { channel, checkpoint, .. } => {
                    let who = (*task, *attempt);
                    let text = self.late(who, *channel, *checkpoint, entry.at, past)?;
                    let job = past.job_of(past.history.run_of(*task))?;
                    if job.checkpoint.aligned_timeout == SimTime::ZERO {
                        return Some(text);
                    }
                    let late = Violation::at_entry(CheckName::ConfiguredBounds, entry, text);
                    self.unless_backed_up.push(late);
                }
                _ => {}
            },
            _ => {}
        }
        None
    }

    fn late(
        &self,
        who @ (task, attempt): (TaskId, Attempt),
        channel: ChannelId,
        checkpoint: CheckpointId,
        now: SimTime,
        past: Past<'_>,
    ) -> Option<String> {
        let run = past.history.run_of(task);
        let triggered = self.triggered.get(&(run, checkpoint))?;
        let (story, job) = (past.run(run)?, past.job_of(run)?);
        let sender = story.layout.ends(channel).0;
        let emitted = self.emitted.get(&(sender, attempt, checkpoint))?;
        let is_known = !self.blocked.contains(&task) && !self.blocked.contains(&sender);
        if !is_known || story.stops_with.is_some() || !takes_unaligned(story, task) {
            return None;
        }
        let network = &past.setup.scenario.network;
        let departs = emitted.plus(takes(story, sender)).plus(network.snapshot_sync.1);
        let arrives = departs.plus(network.channel_latency.1);
        let since = self.running.get(&who)?.max(&arrives);
        let over = triggered.plus(job.checkpoint.aligned_timeout);
        let due = over.max(*since);
        // Between two elements its receiver looks up, and it may be drawing a snapshot.
        let most = due.plus(takes(story, task)).plus(network.snapshot_sync.1);
        (now > most).then(|| {
            let (name, from) = (story.layout.task_name(task), story.layout.task_name(sender));
            format!("{name} takes the barrier from {from} {} after it was there and its aligned time was over", now.since(due).in_millis())
        })
    }
}

/// How long a task takes for an element.
fn takes(story: &RunStory, task: TaskId) -> SimTime {
    story.layout.plan.takes(story.layout.plan_task(task).vertex)
}

/// Whether barriers overtake on all channels of a task.
fn takes_unaligned(story: &RunStory, task: TaskId) -> bool {
    let vertex: VertexIndex = story.layout.plan_task(task).vertex;
    let mut operators = story.layout.vertex(task).operators.iter();
    story.layout.plan.takes_unaligned(vertex)
        && !operators.any(|place| story.writes[place.index()] == Writes::Committer)
}
