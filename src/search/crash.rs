//! Crash points: a story is disturbed once at each moment at which something of the protocol happens in it, and played on.
//!
//! A placement is a step more, pinned at that moment, so that what it breaks can be kept as a file and played again. It comes before
//! whatever else happens at that time, and so behind all that happened before. Every placement is played from the beginning: a world
//! that is forked in the middle would save half of that, and could be disturbed where no step of a file comes.

use super::names::task_names;
use super::play::{Judgement, Played};
use crate::job::{CheckpointId, RunId, TaskId};
use crate::kernel::SimTime;
use crate::scenario::{Action, Aim, Expect, Holds, Line, Scenario, Step, TaskName, Trigger};
use crate::trace::{
    CheckName, CheckpointEvent, Entry, Message, TaskEvent, Trace, TraceEvent, Word,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is done to a world at a crash point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Disturbance {
    /// A task crashes.
    KillTask,
    /// A task manager dies with its tasks.
    KillTaskManager,
    /// The job manager dies.
    KillJobManager,
    /// A message between job manager and task is lost.
    Lose,
}

/// One thing that is done to the world, once.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Placement {
    /// What kind of thing.
    pub kind: Disturbance,
    /// The step, pinned at its time.
    pub step: Step,
}

/// Every placement in a story that was played with its trace, those of one kind together, in order of time.
pub fn placements(story: &Scenario, trace: &Trace, kinds: &[Disturbance]) -> Vec<Placement> {
    let mut found = Vec::new();
    for kind in kinds {
        let actions = match kind {
            Disturbance::KillTask => task_kills(trace),
            Disturbance::KillTaskManager => {
                let managers = 0..story.cluster.task_managers;
                let kills = managers.map(Action::KillTaskManager);
                kills.flat_map(|kill| at_each(&moments(trace, None), &kill)).collect()
            }
            Disturbance::KillJobManager => at_each(&moments(trace, None), &Action::KillJobManager),
            Disturbance::Lose => losses(trace),
        };
        found.extend(actions.into_iter().map(|(at, action)| Placement {
            kind: *kind,
            step: Step {
                trigger: Trigger::At(at),
                action,
                refused: None,
                retry: None,
                // At some moments there is nothing to kill or to lose.
                may_miss: true,
                line: Line::default(),
            },
        }));
    }
    found
}

/// So many of a list at most, spread evenly over it.
pub fn spread(all: Vec<Placement>, most: usize) -> Vec<Placement> {
    let count = all.len();
    if count <= most {
        return all;
    }
    (0..most).map(|place| all[place * count / most].clone()).collect()
}

/// The times at which something happens, to a run or at all.
fn moments(trace: &Trace, run: Option<RunId>) -> BTreeSet<SimTime> {
    let of_run = |entry: &&Entry| run.is_none_or(|run| trace.run_of(&entry.event) == Some(run));
    trace.entries.iter().filter(of_run).map(|entry| entry.at).collect()
}

fn at_each(moments: &BTreeSet<SimTime>, action: &Action) -> Vec<(SimTime, Action)> {
    moments.iter().map(|at| (*at, action.clone())).collect()
}

/// Each task of each run, killed whenever something happens to that run. One name stands for all operators of a chain.
fn task_kills(trace: &Trace) -> Vec<(SimTime, Action)> {
    let mut kills = Vec::new();
    for layout in trace.layouts.iter() {
        let moments = moments(trace, Some(layout.run));
        for task in layout.tasks() {
            let Some(name) = name_of(trace, task) else { continue };
            kills.extend(at_each(&moments, &Action::Kill(name)));
        }
    }
    kills
}

fn name_of(trace: &Trace, task: TaskId) -> Option<TaskName> {
    task_names(&trace.layouts, task).next()
}

/// Each message that was sent, lost: aimed at by its checkpoint, or for splits by what came before it.
fn losses(trace: &Trace) -> Vec<(SimTime, Action)> {
    let mut losses = Vec::new();
    let mut lose = |at, message, task, checkpoint: Option<CheckpointId>| {
        let Some(task) = name_of(trace, task) else { return };
        let checkpoint = checkpoint.map(CheckpointId::number);
        losses.push((at, Action::Lose(Aim { message, task, checkpoint })));
    };
    let mut last_split: BTreeMap<TaskId, SimTime> = BTreeMap::new();
    for entry in &trace.entries {
        if let TraceEvent::Checkpoint(run, checkpoint, event) = &entry.event {
            let Some(layout) = trace.layouts.get(*run) else { continue };
            let Some(message) = told_of(event) else { continue };
            for task in layout.tasks() {
                if message != Message::Trigger || layout.inputs(task).len() == 0 {
                    lose(entry.at, message, task, Some(*checkpoint));
                }
            }
        } else if let TraceEvent::Task(task, _, event) = &entry.event {
            if let TaskEvent::AckSent { checkpoint } = event {
                lose(entry.at, Message::Ack, *task, Some(*checkpoint));
            } else if let TaskEvent::DeclineSent { checkpoint } = event {
                lose(entry.at, Message::Decline, *task, Some(*checkpoint));
            } else if let TaskEvent::SplitAssigned { .. } = event {
                let since = last_split.insert(*task, entry.at).unwrap_or(SimTime::ZERO);
                lose(since, Message::Split, *task, None);
                lose(since, Message::ReaderEvent, *task, None);
            }
        }
    }
    losses.sort_by_key(|(at, _)| *at);
    losses
}

/// What the tasks of a job are told when this happens to a checkpoint.
#[expect(clippy::wildcard_enum_match_arm, reason = "of the rest they are told nothing")]
const fn told_of(event: &CheckpointEvent) -> Option<Message> {
    match event {
        CheckpointEvent::Triggered { .. } => Some(Message::Trigger),
        CheckpointEvent::Completed { .. } => Some(Message::NotifyComplete),
        CheckpointEvent::Aborted { .. } => Some(Message::NotifyAborted),
        _ => None,
    }
}

/// The story with one thing more done to it. It asks for its checks alone: what else must come out may well not, disturbed.
pub fn disturbed(story: &Scenario, placement: &Placement) -> Scenario {
    let steps = story.steps.iter();
    let steps = steps.map(|step| Step { refused: None, may_miss: true, ..step.clone() });
    let expect = Expect { may_refuse: true, holds: wanted(story), ..Expect::default() };
    Scenario { steps: steps.chain([placement.step.clone()]).collect(), expect, ..story.clone() }
}

/// The checks that must hold: those of the story, less what it breaks by itself.
fn wanted(story: &Scenario) -> Holds {
    let Expect { holds, breaks, .. } = &story.expect;
    let of_story = match holds {
        Holds::All if breaks.is_empty() => return Holds::All,
        Holds::All => CheckName::ALL,
        Holds::Only(names) => names,
    };
    Holds::Only(of_story.iter().copied().filter(|check| !breaks.contains(check)).collect())
}

/// What a placement broke.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CrashFound {
    /// The check that noticed it first; none if the world stalled.
    pub check: Option<CheckName>,
    /// What is wrong, as a sentence.
    pub text: String,
}

/// What was found at crash points. Adding is associative and commutative, so that shards can be folded in any order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct CrashTotals {
    /// How many placements were played, by kind, and how many of them broke anything.
    pub kinds: BTreeMap<Disturbance, (u64, u64)>,
    /// By check, or by none for a stall: how many placements broke it first, and which of them is the first.
    pub broken: BTreeMap<Option<CheckName>, (u64, usize)>,
    /// The first that broke anything, by their places in the list.
    pub first: BTreeMap<usize, CrashFound>,
}

/// How many placements that broke something are kept.
const KEPT_MAX: usize = 20;

impl CrashTotals {
    /// Counts one placement of that kind in this story, by its place in the list. `stalls` says that the story stalls by itself.
    pub fn add(
        &mut self,
        place: usize,
        (kind, story): (Disturbance, &Scenario),
        played: &Played,
        stalls: bool,
    ) {
        let found = found(story, played, stalls);
        let (plays, broken) = self.kinds.entry(kind).or_default();
        *plays += 1;
        *broken += u64::from(found.is_some());
        if let Some(found) = found {
            self.note(found.check, 1, place);
            self.first.insert(place, found);
            self.trim();
        }
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: Self) {
        for (kind, (plays, broken)) in other.kinds {
            let counts = self.kinds.entry(kind).or_default();
            *counts = (counts.0 + plays, counts.1 + broken);
        }
        for (check, (count, first)) in other.broken {
            self.note(check, count, first);
        }
        self.first.extend(other.first);
        self.trim();
    }

    /// How many placements broke anything.
    pub fn count(&self) -> u64 {
        self.kinds.values().map(|(_, broken)| broken).sum()
    }

    fn note(&mut self, check: Option<CheckName>, count: u64, first: usize) {
        let noted = self.broken.entry(check).or_insert((0, first));
        *noted = (noted.0 + count, noted.1.min(first));
    }

    fn trim(&mut self) {
        while self.first.len() > KEPT_MAX {
            self.first.pop_last();
        }
    }
}

/// What is wrong first with a world that was disturbed; what its release breaks by its own rules is not.
fn found(story: &Scenario, played: &Played, stalls: bool) -> Option<CrashFound> {
    if played.judgement() == Judgement::Stalled && !stalls {
        return Some(CrashFound { check: None, text: played.why().unwrap_or_default() });
    }
    let wanted = wanted(story);
    let is_wrong = |check: CheckName| {
        let is_wanted = match &wanted {
            Holds::All => true,
            Holds::Only(checks) => checks.contains(&check),
        };
        is_wanted && played.verdict.excuse(check).is_none()
    };
    let violations = played.verdict.violations().filter(|violation| is_wrong(violation.check));
    let first = violations.min_by_key(|violation| violation.event)?;
    let text = format!("{} is broken: {}", first.check, first.text);
    Some(CrashFound { check: Some(first.check), text })
}
