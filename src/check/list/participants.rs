//! Participants and fencing: a checkpoint completes with one ack of everybody who took part, and of nobody else (O3); a job
//! runs when all of its tasks do.

mod said;

use super::{Findings, Observer, Past, Subjects, Violation};
use crate::check::history::Progress;
use crate::job::{Attempt, CheckpointId, RunId, TaskId, TaskManagerId};
use crate::trace::{
    AckVerdict, CheckName, CheckpointEvent, Entry, TaskEvent, TraceEvent, WorldEvent,
};
use said::Said;
use std::collections::{BTreeMap, BTreeSet};

/// Who must ack a checkpoint, and who has.
#[derive(Clone, Debug, Default)]
struct Roll {
    /// Every task that had something left to do when it was triggered.
    alive: Vec<TaskId>,
    acked: BTreeSet<TaskId>,
}

/// The checkpoints that are pending, and who is deployed.
#[derive(Clone, Debug, Default)]
pub(super) struct ParticipantsAndFencing {
    pending: BTreeMap<(RunId, CheckpointId), Roll>,
    /// The attempts that nobody has seen the end of, and where. Zombies are not among them.
    deployed: BTreeMap<TaskId, (Attempt, TaskManagerId)>,
    said: Said,
}

impl Observer for ParticipantsAndFencing {
    const LOOKS_AT: Subjects =
        Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS).and(Subjects::WORLD);

    /// 1. An ack counts once, and only if it comes from the attempt that lives. 2. When the metadata is written every task
    ///    has acked that had not finished at the trigger. 3. A task is deployed when the attempt before has ended, or its
    ///    task manager was given up. 4. What tasks and their job manager say to one another goes together ([`Said`]).
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are of no ack")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let mut broken =
            |text| found.add(Violation::at_entry(CheckName::ParticipantsAndFencing, entry, text));
        self.said.observe(entry, past).into_iter().for_each(&mut broken);
        match &entry.event {
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Triggered { .. }) => {
                let Some(story) = past.run(*run) else { return };
                let tasks = story.layout.tasks().zip(&story.progress);
                let alive = tasks.filter(|(_, progress)| **progress != Progress::Finished);
                let alive = alive.map(|(task, _)| task).collect();
                self.pending.insert((*run, *checkpoint), Roll { alive, acked: BTreeSet::new() });
            }
            TraceEvent::Task(
                task,
                attempt,
                TaskEvent::AckHandled { checkpoint, verdict: AckVerdict::Accepted },
            ) => {
                let run = past.history.run_of(*task);
                let is_current =
                    past.run(run).is_some_and(|story| story.is_current(*task, *attempt));
                let roll = self.pending.entry((run, *checkpoint)).or_default();
                if !is_current {
                    broken(format!(
                        "an ack of checkpoint {checkpoint} counted, of an attempt that is over"
                    ));
                } else if !roll.acked.insert(*task) {
                    broken(format!("an ack of checkpoint {checkpoint} counted twice"));
                }
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::MetadataWritten) => {
                let Some(roll) = self.pending.remove(&(*run, *checkpoint)) else { return };
                let missing = roll.alive.iter().filter(|task| !roll.acked.contains(task)).count();
                if missing > 0 {
                    broken(format!(
                        "checkpoint {checkpoint} was written without the acks of {missing} tasks"
                    ));
                }
            }
            TraceEvent::Task(task, attempt, TaskEvent::Deployed { manager }) => {
                if let Some((before, _)) = self.deployed.insert(*task, (*attempt, *manager)) {
                    broken(format!("attempt {attempt} was deployed while attempt {before} lived"));
                }
            }
            TraceEvent::Task(task, attempt, TaskEvent::Ended { .. })
                if self.deployed.get(task).is_some_and(|(deployed, _)| deployed == attempt) =>
            {
                self.deployed.remove(task);
            }
            TraceEvent::World(WorldEvent::TaskManagerLost { manager: lost }) => {
                self.deployed.retain(|_, (_, manager)| manager != lost);
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Aborted { .. }) => {
                self.pending.remove(&(*run, *checkpoint));
            }
            _ => {}
        }
    }
}
