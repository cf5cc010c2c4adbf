//! Configured bounds: what the configuration of a job limits stays within its limits: checkpoints at once, the pause between
//! them, how long one takes, how many are kept, how many may fail, how often the job may restart and why, for how long barriers
//! wait behind records, how large a state is, and what a channel holds.

mod causes;
mod overtaking;

use super::{End, Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::history::{Progress, RunStory, Stage};
use crate::job::{
    CheckpointConfig, CheckpointId, CheckpointKind, RestartStrategy, RunId, StateBackend, TaskId,
};
use crate::kernel::{SimTime, to_index};
use crate::rules::{FinalCheckpoint, HeldBack, Rules};
use crate::scenario::{Action, JobConfig};
use crate::trace::{
    AbortReason, AckVerdict, CheckName, CheckpointEvent, Entry, JobEvent, JobStatus,
    SnapshotSource, TaskEvent, TraceEvent, WorldEvent,
};
use causes::Causes;
use overtaking::Overtaking;
use std::collections::BTreeMap;

/// A request is granted at once, unless enumerators are asked first.
const PREPARATION: SimTime = SimTime::from_millis(10);

/// A checkpoint that is under way.
#[derive(Clone, Debug)]
struct Pending {
    kind: CheckpointKind,
    triggered: SimTime,
    /// How many tasks are to ack it, and how many have.
    awaited: usize,
    acked: usize,
}

/// A run as far as its limits go.
#[derive(Clone, Debug, Default)]
struct Limited {
    pending: BTreeMap<CheckpointId, Pending>,
    /// When the last one completed of those between which there is a pause.
    last_completion: Option<SimTime>,
    /// In the order in which they were stored.
    stored: Vec<(CheckpointId, CheckpointKind)>,
    /// Whether its job manager has stored one: it drops what is too much then, and not when it takes a job over.
    has_stored: bool,
    /// How many checkpoints have failed in a row.
    failures: u32,
    /// The last of them, and the number of the entry that told it.
    failed: Option<(CheckpointId, u64)>,
    /// Too many have failed: whatever the job does next, it fails first.
    must_fail: bool,
    restarts: u32,
}

/// What is not within its limits, if anything.
type Wrong = Option<String>;

/// Follows the checkpoints of every run.
#[derive(Clone, Debug, Default)]
pub(super) struct ConfiguredBounds {
    runs: BTreeMap<RunId, Limited>,
    /// When a user last asked each job for something.
    asked: BTreeMap<String, SimTime>,
    /// Snapshots that hold a state which is too large for the memory of a job manager, and how large it is at least.
    too_large: BTreeMap<(TaskId, CheckpointId), u64>,
    causes: Causes,
    overtaking: Overtaking,
}

impl Observer for ConfiguredBounds {
    const LOOKS_AT: Subjects =
        Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS).and(Subjects::WORLD);

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are within no limits")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let (again, late) =
            (self.causes.observe(entry, past), self.overtaking.observe(entry, past));
        for text in again.into_iter().chain(late) {
            found.add(Violation::at_entry(CheckName::ConfiguredBounds, entry, text));
        }
        let (run, checkpoint, wrong) = match &entry.event {
            TraceEvent::Checkpoint(run, checkpoint, event) => (
                *run,
                Some(*checkpoint),
                self.on_checkpoint((*run, *checkpoint), event, entry, past),
            ),
            TraceEvent::Job(run, event) => (*run, None, self.on_job(*run, event, entry, past)),
            TraceEvent::World(WorldEvent::StepTaken { step }) => {
                let asked = past.setup.step(*step).and_then(|step| step.action.asked());
                self.asked.extend(asked.map(|job| (job.to_owned(), entry.at)));
                return;
            }
            TraceEvent::Task(task, _, event) => match event {
                TaskEvent::AckHandled { checkpoint, verdict: AckVerdict::Accepted } => {
                    let run = past.history.run_of(*task);
                    (run, Some(*checkpoint), self.on_ack(run, *checkpoint, entry.at, past))
                }
                TaskEvent::SnapshotTaken { checkpoint, bytes, .. } => {
                    let most =
                        past.job_of(past.history.run_of(*task)).map(|job| job.checkpoint.backend);
                    if let Some(StateBackend::JobManager { max_state_size }) = most
                        && *bytes > u64::from(max_state_size)
                    {
                        self.too_large.insert((*task, *checkpoint), *bytes);
                    }
                    return;
                }
                TaskEvent::SnapshotDurable { checkpoint } => {
                    let Some(bytes) = self.too_large.remove(&(*task, *checkpoint)) else { return };
                    let text =
                        format!("a state of {bytes} bytes and more was taken, which is too large");
                    (past.history.run_of(*task), Some(*checkpoint), Some(text))
                }
                TaskEvent::AlignmentCompleted { checkpoint, held } => {
                    let run = past.history.run_of(*task);
                    (run, Some(*checkpoint), too_many_held(run, *task, *held, past))
                }
                _ => return,
            },
            _ => return,
        };
        if let Some(what) = wrong {
            let label = past.run(run).map_or("a job", |story| story.layout.label.as_str());
            let text = format!("{label}: {what}");
            let violation = Violation::at_entry(CheckName::ConfiguredBounds, entry, text);
            found.add(violation.about(Evidence { checkpoint, ..Evidence::default() }));
        }
    }

    /// Judges what is still pending, and what is kept of a job that has finished.
    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        if !end.world.had_backpressure {
            let late = std::mem::take(&mut self.overtaking.unless_backed_up);
            late.into_iter().for_each(|late| found.add(late));
        }
        let finished = |run| end.past.run(run).filter(|run| run.status == JobStatus::Finished);
        for (run, kept) in &end.world.leftovers.retained {
            let Some(story) = finished(*run) else { continue };
            // What never completed lies there, and nobody knows of it.
            let is_known = |checkpoint: &&CheckpointId| {
                story.story(**checkpoint).is_some_and(|story| story.stage == Stage::Completed)
            };
            let known = kept.iter().find(is_known);
            if let Some(checkpoint) = known {
                let label = &story.layout.label;
                let text = format!("{label} has finished, and its checkpoint {checkpoint} is kept");
                found.add(end.violation(CheckName::ConfiguredBounds, text));
            }
        }
        for (run, limited) in &self.runs {
            let Some(job) = end.past.job_of(*run) else { continue };
            if let Some(text) = limited.overdue(end.world.ended, &job.checkpoint) {
                found.add(end.violation(CheckName::ConfiguredBounds, text));
            }
        }
    }
}

impl ConfiguredBounds {
    fn on_job(&mut self, run: RunId, event: &JobEvent, entry: &Entry, past: Past<'_>) -> Wrong {
        let limited = self.runs.entry(run).or_default();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are of no limits")]
        match event {
            JobEvent::Submitted { from: Some(from) } => {
                if past.history.rules.rules_of(run).start_is_recovery_point {
                    limited.stored.push((from.checkpoint(), kind_of(*from, past)));
                }
                None
            }
            // A new job manager counts anew, and knows of nothing that was pending.
            JobEvent::TakenOver { checkpoints } => {
                let start = past.history.start_of(run);
                let kind = |id: &CheckpointId| {
                    let own = past.run(run).and_then(|story| story.story(*id)).map(|one| one.kind);
                    let start = start.filter(|start| start.checkpoint() == *id);
                    own.or_else(|| start.map(|start| kind_of(start, past)))
                };
                let stored = checkpoints.iter();
                let kind = |id| kind(id).unwrap_or(CheckpointKind::Checkpoint);
                let stored = stored.map(|id| (*id, kind(id))).collect();
                *limited = Limited { stored, ..Limited::default() };
                None
            }
            JobEvent::StatusChanged { status } => {
                let story = past.run(run)?;
                let job = past.job_of(run)?;
                limited.on_status(*status, story, (job, past.history.rules.rules_of(run)), entry)
            }
            _ => None,
        }
    }

    fn on_checkpoint(
        &mut self,
        (run, checkpoint): (RunId, CheckpointId),
        event: &CheckpointEvent,
        entry: &Entry,
        past: Past<'_>,
    ) -> Wrong {
        let (story, job) = (past.run(run)?, past.job_of(run)?);
        let (rules, config) = (past.history.rules.rules_of(run), &job.checkpoint);
        let limited = self.runs.entry(run).or_default();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are of no limits")]
        match event {
            CheckpointEvent::Triggered { kind } => {
                self.overtaking.on_triggered((run, checkpoint), *kind, entry.at, past);
                let is_final = rules.final_checkpoint == FinalCheckpoint::AtOnce
                    && story.progress.iter().all(|progress| *progress >= Progress::Drained);
                let asks_users = || {
                    let mut steps = past.setup.scenario.steps.iter();
                    is_final || steps.any(|step| matches!(step.action, Action::Checkpoint(_)))
                };
                let wrong = limited.triggered_too_soon(*kind, config, rules, entry.at, asks_users);
                let wrong = wrong.or_else(|| limited.overdue(entry.at, config));
                let wrong = wrong.or_else(|| limited.must_fail_first());
                let asked = self.asked.get(story.layout.job_name()).copied();
                let wrong = wrong.or_else(|| waited(*kind, asked, entry.at, config));
                let is_there = |progress: &&Progress| **progress != Progress::Finished;
                let awaited = story.progress.iter().filter(is_there).count();
                let pending = Pending { kind: *kind, triggered: entry.at, awaited, acked: 0 };
                limited.pending.insert(checkpoint, pending);
                wrong.or_else(|| limited.too_many_kept(config))
            }
            CheckpointEvent::Completed { kind, .. } => {
                limited.pending.remove(&checkpoint);
                if *kind == CheckpointKind::Checkpoint {
                    (limited.failures, limited.must_fail) = (0, false);
                }
                if *kind == CheckpointKind::Checkpoint || rules.savepoints_hold_checkpoints_back {
                    limited.last_completion = Some(entry.at);
                }
                let wrong = limited.too_many_kept(config);
                if past.history.is_recovery_point(run, checkpoint, *kind) {
                    limited.stored.push((checkpoint, *kind));
                    limited.has_stored = true;
                }
                wrong
            }
            CheckpointEvent::Subsumed => limited.on_subsumed(checkpoint, rules),
            CheckpointEvent::Aborted { kind, reason } => {
                let pending = limited.pending.remove(&checkpoint);
                if counts(*reason, *kind, rules) {
                    limited.fail((checkpoint, entry.number.entry), story, config);
                }
                // A job that was to stop with it fails in any case.
                if story.stops_with == Some(checkpoint) {
                    (limited.failed, limited.must_fail) = (None, false);
                }
                let deadline = pending?.triggered.plus(config.timeout);
                (*reason == AbortReason::Expired && entry.at < deadline)
                    .then(|| format!("checkpoint {checkpoint} expired before its time, {deadline}"))
            }
            _ => None,
        }
    }

    fn on_ack(
        &mut self,
        run: RunId,
        checkpoint: CheckpointId,
        now: SimTime,
        past: Past<'_>,
    ) -> Wrong {
        let (story, job) = (past.run(run)?, past.job_of(run)?);
        let limited = self.runs.entry(run).or_default();
        if story.status == JobStatus::Canceling {
            return Some(format!(
                "an ack of checkpoint {checkpoint} counted of a job that is canceled"
            ));
        }
        let wrong = limited.overdue(now, &job.checkpoint);
        limited.pending.entry(checkpoint).and_modify(|pending| pending.acked += 1);
        wrong
    }
}

impl Limited {
    /// A trigger that comes too soon after the last one, or while too many are pending.
    fn triggered_too_soon(
        &self,
        kind: CheckpointKind,
        config: &CheckpointConfig,
        rules: &Rules,
        now: SimTime,
        asks_users: impl FnOnce() -> bool,
    ) -> Wrong {
        // A user need not wait.
        if kind == CheckpointKind::Savepoint && !config.unaligned {
            return None;
        }
        let counts = |pending: &&Pending| {
            rules.savepoints_hold_checkpoints_back || pending.kind == CheckpointKind::Checkpoint
        };
        let before = self.pending.values().filter(counts).count();
        if before >= to_index(config.max_concurrent) {
            return Some(format!(
                "a checkpoint was triggered while {before} were pending, and {} may be",
                config.max_concurrent
            ));
        }
        let soonest = self.last_completion.map(|last| last.plus(config.min_pause));
        let is_periodic = kind == CheckpointKind::Checkpoint && rules.minimum_pause_kept;
        let soonest = soonest.filter(|soonest| is_periodic && now < *soonest && !asks_users())?;
        Some(format!("a checkpoint was triggered before its pause was over, at {soonest}"))
    }

    /// A checkpoint that is pending although its time is over, and whose metadata are not being written.
    fn overdue(&self, now: SimTime, config: &CheckpointConfig) -> Wrong {
        let is_overdue = |pending: &Pending| {
            let is_writing = pending.acked >= pending.awaited;
            pending.triggered.plus(config.timeout) < now && !is_writing
        };
        let (checkpoint, pending) = self.pending.iter().find(|(_, pending)| is_overdue(pending))?;
        let deadline = pending.triggered.plus(config.timeout);
        Some(format!("checkpoint {checkpoint} is pending, and should have expired at {deadline}"))
    }

    /// More completed checkpoints than are to be kept. The newest that is no savepoint may be kept beside a savepoint.
    fn too_many_kept(&self, config: &CheckpointConfig) -> Wrong {
        let has_savepoint = self.stored.iter().any(|(_, kind)| *kind == CheckpointKind::Savepoint);
        let most = to_index(config.retained) + usize::from(has_savepoint);
        let kept = self.stored.len();
        (self.has_stored && kept > most)
            .then(|| format!("{kept} completed checkpoints are kept, and {most} may be"))
    }

    /// The oldest goes first, unless it is the newest that is no savepoint.
    fn on_subsumed(&mut self, checkpoint: CheckpointId, rules: &Rules) -> Wrong {
        let place = self.stored.iter().position(|(stored, _)| *stored == checkpoint)?;
        let is_checkpoint = |(_, kind): &(_, CheckpointKind)| *kind == CheckpointKind::Checkpoint;
        let spared = self.stored.iter().rposition(is_checkpoint);
        let spared = spared.filter(|_| rules.newest_checkpoint_spared);
        let oldest = (0..self.stored.len()).find(|other| Some(*other) != spared);
        self.stored.remove(place);
        (place > 0 && Some(place) != oldest)
            .then(|| format!("checkpoint {checkpoint} was subsumed, and older ones are kept"))
    }

    /// One more has failed.
    fn fail(&mut self, failed: (CheckpointId, u64), story: &RunStory, config: &CheckpointConfig) {
        self.failures += 1;
        self.failed = Some(failed);
        if self.failures > config.tolerable_failures {
            self.failures = 0;
            self.failed = None;
            self.must_fail = story.status == JobStatus::Running;
        }
    }

    fn must_fail_first(&self) -> Wrong {
        self.must_fail
            .then(|| "it goes on after more failed checkpoints than it tolerates".to_owned())
    }

    /// A job restarts or fails for a reason, and as often as it may.
    fn on_status(
        &mut self,
        status: JobStatus,
        story: &RunStory,
        (job, rules): (&JobConfig, &Rules),
        entry: &Entry,
    ) -> Wrong {
        self.must_fail = false;
        let most = match job.restart_under(rules) {
            RestartStrategy::FixedDelay { attempts, .. } => Some(attempts),
            RestartStrategy::None => Some(0),
            RestartStrategy::ExponentialDelay { .. } => Some(u32::MAX),
            RestartStrategy::FailureRate { .. } => None,
        };
        match status {
            JobStatus::Restarting => {
                self.restarts += 1;
                let cause = entry.cause.map(|cause| cause.entry);
                let because = self.failed.filter(|(_, told)| cause == Some(*told));
                if let Some((checkpoint, _)) = because {
                    return Some(format!(
                        "it fails because of checkpoint {checkpoint}, and tolerates {} failures",
                        job.checkpoint.tolerable_failures
                    ));
                }
                most.filter(|most| self.restarts > *most).map(|most| {
                    format!("it restarts {} times, and may {most} times", self.restarts)
                })
            }
            JobStatus::Failed if story.stops_with.is_none() => {
                self.pending.clear();
                most.filter(|most| self.restarts < *most)
                    .map(|most| format!("it failed after {} of {most} restarts", self.restarts))
            }
            JobStatus::Canceled
            | JobStatus::Finished
            | JobStatus::Failed
            | JobStatus::Lost
            | JobStatus::Suspended => {
                self.pending.clear();
                None
            }
            JobStatus::Created | JobStatus::Running | JobStatus::Canceling => None,
        }
    }
}

/// A savepoint that was triggered long after a user asked for it: it waits for no checkpoint, but where barriers overtake.
fn waited(
    kind: CheckpointKind,
    asked: Option<SimTime>,
    now: SimTime,
    config: &CheckpointConfig,
) -> Wrong {
    let may_wait = kind == CheckpointKind::Checkpoint || config.unaligned;
    let took = now.since(asked.filter(|_| !may_wait)?);
    (took > PREPARATION)
        .then(|| format!("a savepoint was triggered {} after it was asked for", took.in_millis()))
}

/// Whether a failed checkpoint counts (`CheckpointFailureManager`). Said a second time: what the coordinator decides is what is
/// checked here.
const fn counts(reason: AbortReason, kind: CheckpointKind, rules: &Rules) -> bool {
    let is_checkpoint = matches!(kind, CheckpointKind::Checkpoint);
    match reason {
        AbortReason::Expired => {
            rules.tolerance_counts_expired && (is_checkpoint || rules.tolerance_counts_savepoints)
        }
        AbortReason::FinalizeFailed => is_checkpoint && rules.tolerance_counts_finalize,
        AbortReason::FolderFailed => is_checkpoint && rules.tolerance_counts_folder,
        AbortReason::AsyncFailed => rules.tolerance_counts_async,
        AbortReason::SyncFailed => true,
        AbortReason::Declined
        | AbortReason::Subsumed
        | AbortReason::CoordinatorSuspended
        | AbortReason::NotAllTasksRunning
        | AbortReason::TooManyConcurrent
        | AbortReason::TooManyRequests
        | AbortReason::Canceled
        | AbortReason::AlignmentLimit
        | AbortReason::CheckpointingDisabled
        | AbortReason::TasksFinished
        | AbortReason::UnionPartlyFinished
        | AbortReason::MinimumPause
        | AbortReason::JobNotRunning => false,
    }
}

/// Of what kind the snapshot is that a run starts from.
fn kind_of(start: SnapshotSource, past: Past<'_>) -> CheckpointKind {
    let taken = match start {
        SnapshotSource::Run(run, id) => past.run(run).and_then(|run| Some(run.story(id)?.kind)),
        SnapshotSource::Files(_) => {
            past.setup.file.as_ref().map(|file| file.state.properties().kind)
        }
    };
    taken.unwrap_or(CheckpointKind::Savepoint)
}

/// More records behind the barriers of an alignment than its channels have room for. Where a task has buffers of its own for
/// them, there is no such limit.
fn too_many_held(run: RunId, task: TaskId, held: u32, past: Past<'_>) -> Wrong {
    let (story, job) = (past.run(run)?, past.job_of(run)?);
    let rules = past.history.rules.rules_of(run);
    if job.checkpoint.alignment_limit.is_some() || rules.held_back == HeldBack::InBuffers {
        return None;
    }
    // The channel whose barrier came last holds nothing back.
    let blocked = story.layout.plan_task(task).inputs.len().saturating_sub(1);
    let capacity = to_index(past.setup.scenario.network.channel_capacity);
    let most = blocked * capacity;
    let name = story.layout.task_name(task);
    (to_index(held) > most).then(|| {
        format!("{name} holds {held} records back in {blocked} channels of {capacity} each")
    })
}
