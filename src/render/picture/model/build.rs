//! Building a picture in one pass over the trace: jobs, faults and steps here, the rest in the files beside it.

use super::cast::{COORDINATOR, Cast};
use super::checkpoints::Checkpoints;
use super::records::Records;
use super::tasks::Tasks;
use super::transactions::Transactions;
use super::{CheckpointOf, Picture, Point, PointKind, Step, Undone};
use crate::job::{Attempt, CheckpointId, RunId, TaskId, TaskManagerId};
use crate::render::Broken;
use crate::render::names::Names;
use crate::render::words::in_words;
use crate::trace::{
    CheckpointEvent, Entry, Fault, JobEvent, JobStatus, SnapshotSource, TaskEvent, Trace,
    TraceEvent, WorldEvent,
};
use std::collections::BTreeMap;

/// How many causes of a violation are told at most.
const STEPS_MAX: usize = 6;

/// A picture that is being built, and what the pass has to remember.
pub(super) struct Builder<'t> {
    pub(super) trace: &'t Trace,
    pub(super) names: &'t Names,
    pub(super) picture: Picture,
    pub(super) cast: Cast,
    pub(super) checkpoints: Checkpoints,
    pub(super) tasks: Tasks,
    pub(super) transactions: Transactions,
    pub(super) records: Records,
    /// When each run last began to restart.
    restarting: BTreeMap<RunId, u64>,
    /// What each run was started from, if that was taken by another run of this world.
    origins: BTreeMap<RunId, CheckpointOf>,
    /// When a fault was last injected or an operator failed.
    last_fault: Option<u64>,
}

impl Picture {
    /// The picture of a trace.
    pub fn new(trace: &Trace, names: &Names, broken: &[Broken]) -> Self {
        let mut picture = Self { has_records: trace.records, ..Self::default() };
        let first = trace.entries.first().map_or(0, |entry| entry.at.nanos());
        let last = trace.entries.last().map_or(0, |entry| entry.at.nanos());
        picture.span = (first, last);
        let cast = Cast::assign(&mut picture, trace, names);
        let mut builder = Builder {
            trace,
            names,
            picture,
            cast,
            checkpoints: Checkpoints::default(),
            tasks: Tasks::default(),
            transactions: Transactions::default(),
            records: Records::default(),
            restarting: BTreeMap::new(),
            origins: BTreeMap::new(),
            last_fault: None,
        };
        for entry in &trace.entries {
            builder.take(entry);
        }
        builder.end_checkpoints(last);
        builder.end_tasks(last);
        builder.end_transactions(last);
        builder.tell_crossings();
        builder.tell_violations(broken);
        builder.picture
    }
}

impl Builder<'_> {
    fn take(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::Job(run, event) => self.on_job(entry, *run, event),
            TraceEvent::Checkpoint(run, id, event) => self.on_checkpoint(entry, (*run, *id), event),
            TraceEvent::Task(task, attempt, event) => {
                if let TaskEvent::OperatorFailed { why } = event {
                    self.last_fault = Some(entry.at.nanos());
                    let text = format!("{} failed: {why}", self.names.task(*task));
                    self.fault(entry, self.cast.task(*task), text);
                }
                self.on_task(entry, (*task, *attempt), event);
            }
            TraceEvent::Transaction { external, transaction, task, event, .. } => {
                self.on_transaction(entry, (*external, *transaction), *task, event);
            }
            TraceEvent::World(event) => self.on_world(entry, event),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a job is not drawn")]
    fn on_job(&mut self, entry: &Entry, run: RunId, event: &JobEvent) {
        match event {
            JobEvent::Submitted { from: Some(SnapshotSource::Run(other, id)) } => {
                self.origins.insert(run, CheckpointOf { run: *other, id: *id });
            }
            JobEvent::StatusChanged { status } => {
                if matches!(status, JobStatus::Restarting | JobStatus::Suspended) {
                    self.restarting.insert(run, entry.at.nanos());
                }
                if status.is_terminal() || *status == JobStatus::Suspended {
                    self.forget_pending(run, entry.at.nanos());
                }
            }
            JobEvent::AttemptStarted { attempt, restored } => {
                let layout = self.trace.layouts.get(run);
                let tasks: Vec<TaskId> = layout.map_or_else(Vec::new, |run| run.tasks().collect());
                self.attempt(entry, (run, *attempt), *restored, &tasks);
            }
            JobEvent::RegionRestarted { attempt, restored, tasks } => {
                self.attempt(entry, (run, *attempt), *restored, tasks);
            }
            _ => {}
        }
    }

    /// A new attempt: told unless it is the first and starts from nothing.
    fn attempt(
        &mut self,
        entry: &Entry,
        (run, attempt): (RunId, Attempt),
        restored: Option<CheckpointId>,
        tasks: &[TaskId],
    ) {
        let from = restored.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
        if attempt.number() == 0 && restored.is_none() {
            return;
        }
        let text = match attempt.number() {
            0 => format!("from {from}"),
            number => format!("attempt {number} from {from}"),
        };
        self.point(entry, COORDINATOR, PointKind::Attempt, text);
        if let Some(id) = restored {
            let of = self.origin(run, id);
            self.picture.restores.push((of, entry.at.nanos()));
        }
        let Some(checkpoint) = restored.filter(|_| attempt.number() > 0) else { return };
        let place = self
            .picture
            .checkpoints
            .iter()
            .position(|one| one.of.run == run && one.of.id == checkpoint);
        let Some(place) = place else { return };
        let lanes: Vec<usize> = tasks.iter().filter_map(|task| self.cast.task(*task)).collect();
        // The work ends with the fault, which may be noticed later.
        let noticed = self.restarting.get(&run).copied().unwrap_or(entry.at.nanos());
        let until = self.last_fault.map_or(noticed, |fault| fault.min(noticed));
        let is_behind = self.picture.checkpoints[place].cut.iter().any(|(_, at, _)| *at < until);
        if is_behind {
            let entries = vec![entry.number];
            self.picture.undone.push(Undone { checkpoint: place, lanes, until, entries });
        }
    }

    /// The checkpoint that a run means by an id that it restores: one of its own, or the one that it was started from.
    pub(super) fn origin(&self, run: RunId, id: CheckpointId) -> CheckpointOf {
        let own = CheckpointOf { run, id };
        let other = self.origins.get(&run).copied().filter(|other| other.id == id);
        if self.picture.checkpoint(own).is_some() { own } else { other.unwrap_or(own) }
    }

    fn on_world(&mut self, entry: &Entry, event: &WorldEvent) {
        let said = in_words(&entry.event, self.names);
        match event {
            WorldEvent::StepTaken { .. } => {
                self.point(entry, COORDINATOR, PointKind::Story, said.what);
            }
            WorldEvent::StepRefused { .. } => {
                self.point(entry, COORDINATOR, PointKind::Story, shortened(&said.what, 70));
            }
            WorldEvent::FaultInjected {
                fault: Fault::TaskUnblocked(_) | Fault::TaskManagerBack(_),
            } => {
                let text = format!("{} {}", said.who, said.what);
                self.point(entry, COORDINATOR, PointKind::Noted, text);
            }
            WorldEvent::FaultInjected { fault } => {
                let lane = match fault {
                    Fault::TaskBlocked(task) | Fault::TaskUnblocked(task) => self.cast.task(*task),
                    Fault::TaskKilled(task) => {
                        self.last_fault = Some(entry.at.nanos());
                        self.cast.task(*task)
                    }
                    Fault::TaskManagerKilled(_)
                    | Fault::JobManagerKilled
                    | Fault::TaskManagerCutOff(_) => {
                        self.last_fault = Some(entry.at.nanos());
                        None
                    }
                    Fault::TaskManagerBack(_) => None,
                };
                let is_scenario = said.who == "scenario";
                let text =
                    if is_scenario { said.what } else { format!("{} {}", said.who, said.what) };
                self.fault(entry, lane, text);
            }
            WorldEvent::TaskManagerLost { manager } | WorldEvent::JobManagerLost { manager } => {
                let who = manager_name(*manager);
                let text = format!("{who} {}", said.what);
                self.point(entry, COORDINATOR, PointKind::Noted, text);
            }
        }
    }

    fn fault(&mut self, entry: &Entry, lane: Option<usize>, text: String) {
        let text = shortened(&text, 60);
        self.point(entry, lane.unwrap_or(COORDINATOR), PointKind::Fault, text);
    }

    /// A point that belongs to no checkpoint.
    pub(super) fn point(&mut self, entry: &Entry, lane: usize, kind: PointKind, text: String) {
        self.picture.points.push(Point {
            lane,
            at: entry.at.nanos(),
            kind,
            checkpoint: None,
            count: 0,
            text,
            entries: vec![entry.number],
        });
    }

    /// The first violation, with what caused it.
    fn tell_violations(&mut self, broken: &[Broken]) {
        for one in broken {
            let Some(entry) = self.trace.entry(one.entry) else { continue };
            let lane = self.lane_of(entry);
            let text = format!("{}: {}", one.check, one.text);
            self.point(entry, lane, PointKind::Violation, text);
            self.picture.broken.push(entry.number);
        }
        let first = broken.iter().filter(|one| self.trace.entry(one.entry).is_some());
        let Some(first) = first.min_by_key(|one| one.entry) else { return };
        let at = self.trace.entry(first.entry).map_or(0, |entry| entry.at.nanos());
        self.picture.suspect = first.checkpoint.and_then(|id| {
            let mut places = self.picture.checkpoints.iter();
            places.rposition(|checkpoint| checkpoint.of.id == id && checkpoint.from <= at)
        });
        let mut chain = Vec::new();
        let mut next = self.trace.entry(first.entry);
        while let Some(entry) = next.filter(|_| chain.len() < STEPS_MAX) {
            chain.push(entry);
            next = entry.cause.and_then(|cause| self.trace.get(cause));
        }
        chain.reverse();
        let last = chain.len().saturating_sub(1);
        for ((place, entry), letter) in chain.into_iter().enumerate().zip('a'..='z') {
            let said = in_words(&entry.event, self.names);
            let what = format!("{} {}", said.who, said.what);
            let is_broken = place == last;
            let text = if is_broken {
                format!("{what}. {} is broken: {}", first.check, first.text)
            } else {
                what
            };
            self.picture.steps.push(Step {
                letter,
                lane: self.lane_of(entry),
                at: entry.at.nanos(),
                text,
                is_broken,
                entries: vec![entry.number],
            });
        }
    }

    /// The lane of whom an entry happened to.
    fn lane_of(&self, entry: &Entry) -> usize {
        let lane = match &entry.event {
            TraceEvent::Task(_, _, TaskEvent::AckHandled { .. }) => None,
            TraceEvent::Task(task, ..) => self.cast.task(*task),
            TraceEvent::Checkpoint(_, _, CheckpointEvent::WriteDisturbed { task, .. }) => {
                task.and_then(|task| self.cast.task(task))
            }
            TraceEvent::Transaction { external, .. } => self.cast.external(*external),
            TraceEvent::Job(..) | TraceEvent::Checkpoint(..) | TraceEvent::World(_) => None,
        };
        lane.unwrap_or(COORDINATOR)
    }
}

fn manager_name(manager: TaskManagerId) -> String {
    format!("task manager {}", manager.number())
}

/// A text of so many letters at most.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}
