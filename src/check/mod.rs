//! What must hold in every world, and what the world must have written: one family per file, over a trace.
//!
//! Reads entries as they happen and the external systems at the end. Knows nothing of the parts that made them: no task,
//! no coordinator, no store, no cluster.

mod changes;
mod class;
mod compare;
mod counters;
mod coverage;
mod cut;
mod durable;
mod eras;
mod features;
mod handover;
mod history;
mod hygiene;
mod mapping;
mod operations;
mod output;
mod ownership;
mod participants;
mod promise;
mod promises;
mod recovery;
mod reference;
mod references;
mod segments;
mod sometimes;
mod table;
mod time;
mod violation;
mod windows;
mod written;

pub use changes::ChangeFeatures;
pub use coverage::Coverage;
pub use features::OperatorFeatures;
pub use operations::Operations;
pub use promises::{BROKEN_PROMISES, BrokenPromise};
use violation::Check;
pub use violation::Violation;

use crate::effect::ExternalSystem;
use crate::job::{
    ChannelId, CheckpointConfig, CheckpointId, CheckpointMode, ExternalId, OperatorId, RunId,
    RunLayout, StateBackend,
};
use crate::kernel::SimTime;
use crate::operator::{Catalogue, Equality, InputLog, Log};
use crate::scenario::{Action, Scenario};
use crate::state::CompletedCheckpoint;
use crate::trace::{
    CheckName, CheckpointEvent, Entry, JobEvent, JobStatus, SnapshotSource, Sometimes,
    SourcePosition, TaskEvent, TraceEvent, TraceSink, TransactionEvent, WorldEvent,
};
use cut::CutCheck;
use durable::DurableCheck;
use history::{History, Next};
use hygiene::HygieneCheck;
use output::{EarlyCommit, OutputCheck};
use participants::ParticipantsCheck;
use recovery::RecoveryCheck;
use reference::Surroundings;
use references::ReferencesCheck;
use sometimes::Seen;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use time::TimeCheck;

/// How many violations of one check are kept; one is enough to fail, and a broken protocol makes thousands.
const KEPT_MAX: usize = 20;

/// What the checks must know beforehand.
#[derive(Clone)]
pub struct CheckSetup {
    /// The story that is played.
    pub scenario: Arc<Scenario>,
    /// The operators that its jobs name.
    pub catalogue: Arc<Catalogue>,
    /// The external logs, by `InputId`.
    pub inputs: Arc<[Arc<Log>]>,
    /// What a run starts from that starts from the files of an earlier process.
    pub file: Option<FileStart>,
    /// Whether the output is compared with the reference at the end.
    pub with_output: bool,
}

/// A snapshot of an earlier process.
#[derive(Clone, Debug)]
pub struct FileStart {
    /// How far each partition had been read at its cut; a partition that is not listed, to its end.
    pub positions: Vec<SourcePosition>,
    /// The state.
    pub state: Arc<CompletedCheckpoint>,
}

/// How a world looks when it is over.
#[derive(Clone, Copy, Debug)]
pub struct EndOfWorld<'a> {
    /// What the sinks wrote to, by `ExternalId`.
    pub externals: &'a [ExternalSystem],
    /// The first eight bytes of each run's job id, by `RunId`.
    pub job_keys: &'a [u64],
    /// When it ended.
    pub ended: SimTime,
    /// Whether a sender ever waited for credit: no entry tells that.
    pub had_backpressure: bool,
}

/// What became of one check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Nothing spoke against it.
    Held,
    /// It was not asked for.
    Skipped,
    /// It is broken: the first of the violations, in order of the trace.
    Broken(Vec<Violation>),
}

impl Finding {
    /// Whether anything spoke against it.
    pub const fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// What became of all checks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// In order of [`CheckName`]'s.
    pub checks: Vec<(CheckName, Finding)>,
    /// By sink name, how strictly its output could be compared.
    pub classes: Vec<(String, Equality)>,
    /// What happened at least once.
    pub sometimes: BTreeSet<Sometimes>,
    /// What the world exercised.
    pub coverage: Coverage,
    /// The promises that its releases do not keep, and that it was seen to break.
    pub excuses: Vec<&'static BrokenPromise>,
}

impl Verdict {
    /// The promise that excuses a broken check: the release breaks it by its own rules.
    pub fn excuse(&self, check: CheckName) -> Option<&'static BrokenPromise> {
        self.excuses.iter().copied().find(|promise| promise.checks.contains(&check))
    }

    /// Every violation, check by check.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.checks.iter().flat_map(|(_, finding)| match finding {
            Finding::Broken(violations) => violations.as_slice(),
            Finding::Held | Finding::Skipped => &[],
        })
    }

    /// Whether no check is broken.
    pub fn holds(&self) -> bool {
        self.violations().next().is_none()
    }
}

/// All checks, as a sink of a trace. Wants no records.
#[derive(Clone)]
pub struct Checks {
    setup: CheckSetup,
    input_names: Vec<String>,
    history: History,
    sometimes: Seen,
    coverage: Coverage,
    cut: CutCheck,
    consistency: Check,
    ownership: Check,
    mapping: Check,
    durable: (DurableCheck, Check),
    participants: (ParticipantsCheck, Check),
    hygiene: (HygieneCheck, Check),
    references: (ReferencesCheck, Check),
    recovery: (RecoveryCheck, Check),
    time: (TimeCheck, Check),
    early_commits: Vec<EarlyCommit>,
    changes: changes::ChangeCheck,
    excuses: promises::Excuses,
    has_completed: bool,
    last_entry: u64,
}

impl Checks {
    /// Checks for one world. Panics if the scenario has other inputs than are given.
    pub fn new(setup: CheckSetup) -> Self {
        let inputs = &setup.scenario.inputs;
        assert_eq!(inputs.len(), setup.inputs.len(), "every input of a scenario has a log");
        let input_names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        let mut history = History::default();
        history.names.inputs.clone_from(&input_names);
        history.eras = eras::Eras::of(&setup.scenario);
        let start = setup.file.as_ref().map(|file| &*file.state);
        let is_highly_available = setup.scenario.cluster.takeover_after.is_some();
        let mut durable = DurableCheck::default();
        durable.is_highly_available = is_highly_available;
        Self {
            references: (ReferencesCheck::of(start), Check::default()),
            setup,
            input_names,
            history,
            sometimes: Seen::default(),
            coverage: Coverage { worlds: 1, ..Coverage::default() },
            cut: CutCheck::default(),
            consistency: Check::default(),
            ownership: Check::default(),
            mapping: Check::default(),
            durable: (durable, Check::default()),
            participants: Default::default(),
            hygiene: Default::default(),
            recovery: Default::default(),
            time: Default::default(),
            early_commits: Vec::new(),
            changes: Default::default(),
            excuses: Default::default(),
            has_completed: false,
            last_entry: 0,
        }
    }

    /// The same, of a world that was cut off: what its sinks wrote is not compared.
    #[must_use]
    pub fn without_output(mut self) -> Self {
        self.setup.with_output = false;
        self
    }

    /// Judges the world, now that it is over.
    pub fn finish(mut self, world: &EndOfWorld<'_>) -> Verdict {
        let mut output = Check::default();
        for early in &self.early_commits {
            let external = world.externals.get(early.external.index());
            let name = external.map_or("a sink", |external| external.name.as_str());
            let text = format!(
                "{name}: {} rows were committed for checkpoint {}, which had not completed",
                early.rows, early.checkpoint
            );
            output.add(Violation::at_entry(CheckName::OutputEquivalence, &early.entry, text));
        }
        let mut is_compared = false;
        if self.setup.with_output {
            let check = OutputCheck {
                history: &self.history,
                scenario: &self.setup.scenario,
                surroundings: Surroundings {
                    catalogue: &self.setup.catalogue,
                    inputs: &self.setup.inputs,
                    names: &self.input_names,
                },
                file: self.setup.file.as_ref(),
                world,
                last_entry: self.last_entry,
                is_unknown: Cell::new(false),
            };
            let (time, found) = &mut self.time;
            self.coverage.windows_compared = check.judge(&mut output, time, found).min(1);
            is_compared = !check.is_unknown.get();
        }
        let output = match output.finding() {
            Finding::Held if !is_compared => Finding::Skipped,
            finding @ (Finding::Held | Finding::Skipped | Finding::Broken(_)) => finding,
        };
        if world.had_backpressure {
            self.sometimes.seen.insert(Sometimes::Backpressure);
        }
        let classes = output::classes(&self.history, &self.setup.scenario, &self.setup.catalogue);
        self.coverage.count_classes(classes.values().copied());
        let (references, found) = &mut self.references;
        references.finish(&self.history, world.ended, self.last_entry, found);
        self.count_exercised();
        Verdict {
            checks: vec![
                (CheckName::CutConsistency, self.consistency.finding()),
                (CheckName::OutputEquivalence, output),
                (CheckName::OwnershipPartition, self.ownership.finding()),
                (CheckName::MappingTotality, self.mapping.finding()),
                (CheckName::DurableBeforeVisible, self.durable.1.finding()),
                (CheckName::ParticipantsAndFencing, self.participants.1.finding()),
                (CheckName::TransactionHygiene, self.hygiene.1.finding()),
                (CheckName::ReferenceSafety, self.references.1.finding()),
                (CheckName::RecoveryPoint, self.recovery.1.finding()),
                (CheckName::TimeFidelity, self.time.1.finding()),
            ],
            classes: classes.into_iter().collect(),
            sometimes: self.sometimes.seen,
            coverage: self.coverage,
            excuses: self.excuses.broken(),
        }
    }

    /// Counts what the world put to the test, as far as that is known at its end only.
    fn count_exercised(&mut self) {
        let any = |asked: fn(&CheckpointConfig) -> bool| {
            u64::from(self.setup.scenario.jobs.iter().any(|job| asked(&job.checkpoint)))
        };
        let coverage = &mut self.coverage;
        coverage.unaligned = any(|checkpoint| checkpoint.unaligned);
        coverage.at_least_once = any(|checkpoint| checkpoint.mode == CheckpointMode::AtLeastOnce);
        coverage.incremental = any(|checkpoint| checkpoint.backend == StateBackend::Incremental);
        coverage.changes = self.changes.seen;
        coverage.shared_files = u64::from(self.references.0.has_shared);
        coverage.event_time = u64::from(self.time.0.has_time());
        coverage.late = u64::from(!self.time.0.late.is_empty());
        coverage.ended_before_first_checkpoint = u64::from(!self.has_completed);
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            catalogue: &self.setup.catalogue,
            inputs: &self.setup.inputs,
            names: &self.input_names,
        }
    }

    /// Judges the restore that a run is in, once all of it has arrived.
    fn judge_restore(&mut self, run: RunId, all_run: bool, entry: &Entry) {
        let is_exact = promise::is_exact(&self.setup.scenario, &self.history, run);
        let Some(story) = self.history.runs.get_mut(run.index()).and_then(Option::as_mut) else {
            return;
        };
        let Some(mut restore) = story.restore.take() else { return };
        if !restore.is_judged && ownership::is_ready(story, &restore, all_run) {
            restore.is_judged = true;
            ownership::check(story, &restore, is_exact, entry, &mut self.ownership);
            if !restore.is_partial() {
                mapping::check_arrival(story, &restore, entry, &mut self.mapping);
            }
            mapping::check_in_flight(&restore, entry, &mut self.mapping);
        }
        story.restore = Some(restore);
    }

    fn on_report(&mut self, run: RunId, checkpoint: CheckpointId, entry: &Entry) {
        mapping::check_report(run, entry, &self.history, &self.setup.catalogue, &mut self.mapping);
        if let Some((is_wider, with_state)) = self.rescaled(run, checkpoint) {
            if is_wider {
                self.sometimes.seen.insert(Sometimes::RestoredAtAnotherParallelism);
            }
            if with_state {
                self.sometimes.seen.insert(Sometimes::RescaledKeyedState);
                self.coverage.rescaled_keyed_state = 1;
            }
        }
    }

    fn on_refill(&mut self, run: RunId, checkpoint: CheckpointId, channel: ChannelId) {
        if self.is_dealt_anew(run, checkpoint, channel) {
            self.sometimes.seen.insert(Sometimes::RescaledInFlight);
            self.coverage.rescaled_in_flight = 1;
        }
    }

    /// Whether an end of a channel had another parallelism at the checkpoint that it is refilled from.
    fn is_dealt_anew(&self, run: RunId, checkpoint: CheckpointId, channel: ChannelId) -> bool {
        let Some(own) = self.history.run(run) else { return false };
        let plan = &own.layout.plan;
        let edge = &plan.edges[own.layout.plan_channel(channel).edge];
        [edge.from, edge.to].into_iter().any(|end| {
            let before = self.parallelism_at((run, checkpoint), plan.operator_ids[end.index()]);
            before.is_some_and(|before| before != plan.graph.operators[end.index()].parallelism)
        })
    }

    /// How parallel an operator was at the checkpoint that a run restores; none if it was not there.
    fn parallelism_at(
        &self,
        (run, checkpoint): (RunId, CheckpointId),
        id: OperatorId,
    ) -> Option<u32> {
        match self.history.restored_story(run, checkpoint).map(|(taker, _)| taker) {
            Some(taker) => {
                let plan = &taker.layout.plan;
                let place = plan.operator_with_id(id)?;
                Some(plan.graph.operators[place.index()].parallelism)
            }
            None => {
                let stored = self.setup.file.as_ref()?.state.operators();
                let state = stored.iter().find(|state| state.id == id)?;
                u32::try_from(state.subtasks.len()).ok()
            }
        }
    }

    /// Whether a restore changed the parallelism of an operator, and of one with keyed state.
    fn rescaled(&self, run: RunId, checkpoint: CheckpointId) -> Option<(bool, bool)> {
        let restore = self.history.run(run)?.restore.as_ref()?;
        let before = |id| self.parallelism_at((run, checkpoint), id);
        let report = &restore.report;
        let changed: BTreeSet<_> = report
            .operators
            .iter()
            .filter(|(id, _, now)| before(*id).is_some_and(|before| before != *now))
            .map(|(id, ..)| *id)
            .collect();
        let with_state = report.snapshot.iter().any(|sum| {
            sum.groups.is_some() && sum.entries > 0 && changed.contains(&sum.unit.operator)
        });
        Some((!changed.is_empty(), with_state))
    }

    /// Whether the cut of a checkpoint that a run restores has records before it and behind it.
    fn is_midway(&self, run: RunId, checkpoint: CheckpointId) -> bool {
        let Some(story) = self.history.run(run) else { return false };
        let surroundings = self.surroundings();
        let (plan, cut) = match self.history.restored_story(run, checkpoint) {
            Some((taker, taken)) => {
                let plan = &taker.layout.plan;
                let log = |source| surroundings.log(plan, source);
                (plan, taker.cut(taken, |source| usize::from(log(source).partitions())))
            }
            None => match (&self.setup.file, self.history.start_of(run)) {
                (Some(file), Some(SnapshotSource::Files(_))) => {
                    let plan = &story.layout.plan;
                    (plan, segments::cut_of_file(file, plan, surroundings))
                }
                _ => return false,
            },
        };
        let partitions = || {
            history::sources_of(plan).flat_map(|source| {
                let log = surroundings.log(plan, source);
                let next = cut.of_source(plan.operator_ids[source.index()]).unwrap_or_default();
                (0..).zip(next).map(move |(partition, next)| (log, partition, *next))
            })
        };
        let start = Next::Entry(0);
        partitions().any(|(log, partition, next)| next > start && log.entry(partition, 0).is_some())
            && partitions().any(|(log, partition, next)| match next {
                Next::Entry(next) => log.entry(partition, next).is_some(),
                Next::End => false,
            })
    }

    /// Rows were committed: whether too early.
    fn on_commit(
        &mut self,
        (external, checkpoint, rows): (ExternalId, CheckpointId, u64),
        entry: &Entry,
    ) {
        if self.early_commits.len() < KEPT_MAX
            && output::is_too_early(external, checkpoint, &self.history)
        {
            let entry = entry.clone();
            self.early_commits.push(EarlyCommit { entry, external, checkpoint, rows });
        }
    }

    /// A checkpoint has completed: its cut is judged.
    fn on_completed(&mut self, run: RunId, checkpoint: CheckpointId, entry: &Entry) {
        let which = (run, checkpoint);
        let mode = promise::mode_of(&self.setup.scenario, &self.history, run);
        self.cut.on_completed(which, entry, &self.history, mode, &mut self.consistency);
        if self.cut.has_passed {
            self.sometimes.seen.insert(Sometimes::RecordsPastTheBarrier);
        }
        self.has_completed = true;
        let story = self.history.run(run).and_then(|run| run.story(checkpoint));
        if story.is_some_and(|story| story.held) {
            self.coverage.held_at_a_cut = 1;
        }
        if story.is_some_and(|story| !story.in_flight.is_empty()) {
            self.coverage.kept_in_flight = 1;
        }
    }
}

impl TraceSink for Checks {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        let catalogue = &self.setup.catalogue;
        self.history.on_run(layout, catalogue);
        self.coverage.operators.observe(&layout.plan, catalogue);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are only remembered")]
    fn on_entry(&mut self, entry: &Entry) {
        self.last_entry = entry.number;
        self.history.eras.observe(entry, &self.setup.scenario);
        self.history.observe(entry);
        self.sometimes.observe(entry, &self.history);
        self.excuses.observe(entry, &self.history, &self.setup.scenario);
        self.coverage.operations.observe(entry, &self.history, &self.setup.scenario);
        let world = (&*self.setup.scenario, &*self.setup.catalogue);
        self.changes.observe(entry, &self.history, world, &mut self.mapping);
        self.durable.0.observe(entry, &self.history, &mut self.durable.1);
        self.participants.0.observe(entry, &self.history, &mut self.participants.1);
        self.hygiene.0.observe(entry, &self.history, &mut self.hygiene.1);
        self.references.0.observe(entry, &self.history, &mut self.references.1);
        self.recovery.0.observe(entry, &self.history, &self.setup.scenario, &mut self.recovery.1);
        self.time.0.observe(entry, &self.history, &self.setup.scenario, &mut self.time.1);
        match &entry.event {
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { .. }) => {
                self.on_completed(*run, *checkpoint, entry);
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::RestoreMapped { .. }) => {
                self.on_report(*run, *checkpoint, entry);
            }
            TraceEvent::Task(task, attempt, TaskEvent::Ended { .. }) => {
                let story = self.history.run(self.history.run_of(*task));
                if story.is_some_and(|story| !story.is_current(*task, *attempt)) {
                    self.coverage.zombies = 1;
                }
            }
            TraceEvent::Task(task, _, TaskEvent::InFlightRestored { checkpoint, channel, .. }) => {
                self.on_refill(self.history.run_of(*task), *checkpoint, *channel);
            }
            TraceEvent::Checkpoint(.., CheckpointEvent::WriteDisturbed { .. }) => {
                self.coverage.disturbed_writes = 1
            }
            TraceEvent::World(WorldEvent::StepTaken { step }) => {
                let step = usize::try_from(*step).expect("usize has 32 bits or more");
                let taken = self.setup.scenario.steps.get(step);
                if taken.is_some_and(|step| matches!(step.action, Action::Files(_))) {
                    self.coverage.user_files = 1;
                }
            }
            TraceEvent::Job(.., JobEvent::TakenOver { .. }) => self.coverage.taken_over = 1,
            TraceEvent::Job(run, JobEvent::RegionRestarted { restored, .. }) => {
                self.coverage.restarted_a_region = 1;
                if restored.is_some_and(|checkpoint| self.is_midway(*run, checkpoint)) {
                    self.coverage.restored_midway = 1;
                }
            }
            TraceEvent::Job(run, JobEvent::AttemptStarted { restored: Some(checkpoint), .. })
                if self.is_midway(*run, *checkpoint) =>
            {
                self.coverage.restored_midway = 1;
            }
            TraceEvent::Task(task, _, TaskEvent::Initialized { .. }) => {
                self.judge_restore(self.history.run_of(*task), false, entry);
            }
            TraceEvent::Checkpoint(run, _, CheckpointEvent::Triggered { .. })
            | TraceEvent::Job(run, JobEvent::StatusChanged { status: JobStatus::Finished }) => {
                self.judge_restore(*run, true, entry);
            }
            TraceEvent::Transaction {
                external,
                event: TransactionEvent::Committed { checkpoint, rows: rows @ 1.. },
                ..
            } => self.on_commit((*external, *checkpoint, *rows), entry),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
