//! Restorability: whatever is kept can be restored. A shadow world without faults starts from it, and must get to a checkpoint of
//! its own or to its end, with no check broken on the way.

use super::play::{Setup, end_of_world};
use crate::check::{CheckSetup, Checks, FileStart};
use crate::cluster::{Artefact, At, Cluster, Given, Outcome};
use crate::effect::ExternalSystem;
use crate::job::{CheckpointKind, ClaimMode, RunLayout};
use crate::rules::Rescaling;
use crate::scenario::{Action, ClusterConfig, Expect, Planned, Scenario};
use crate::state::SubtaskState;
use crate::trace::{CheckName, CheckpointEvent, Entry, JobEvent, JobStatus, TraceEvent, TraceSink};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Events after which a shadow world is left that has come nowhere: some ten times what it takes.
const EVENTS_MAX: u64 = 40_000;

/// How thoroughly it is tried whether what is kept can be restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restoring {
    /// Not at all.
    Never,
    /// One snapshot, at one parallelism.
    One,
    /// All, at the same parallelism, at 1 and at one more, and each restored again from a checkpoint that follows.
    All,
}

/// How parallel a job is restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Parallelism {
    Same,
    One,
    OneMore,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Tried {
    /// Whether anything was restored.
    pub(super) any: bool,
    /// Whether any of it was written into files, and read back.
    pub(super) read_back: bool,
    /// What is wrong, in words.
    pub(super) wrong: Vec<String>,
}

/// Tries whether what a world keeps in the end can be restored.
pub(super) fn restore(setup: &Shadowed<'_>, cluster: &Cluster, how: Restoring) -> Tried {
    let mut tried = Tried::default();
    let mut artefacts = cluster.artefacts();
    // What its job manager gave up after it was written lies there, and nobody was ever told of it.
    artefacts.retain(|artefact| {
        let job = &setup.scenario.jobs[artefact.job].graph.name;
        let id = artefact.snapshot.properties().id.number();
        setup.completed.get(job).is_some_and(|completed| completed.contains(&id))
    });
    for Artefact { name, missing, run, .. } in &artefacts {
        if let Some(file) = missing {
            let label = cluster.label_of(*run);
            tried.wrong.push(format!("{name} of {label} needs shared file {file}, which is gone"));
        }
    }
    let mut whole: Vec<&Artefact> =
        artefacts.iter().filter(|other| other.missing.is_none()).collect();
    let is_upgraded = |action: &Action| matches!(action, Action::Upgrade(_));
    if setup.scenario.steps.iter().any(|step| is_upgraded(&step.action)) {
        whole.clear();
    }
    let ways = [Parallelism::Same, Parallelism::One, Parallelism::OneMore];
    let externals = cluster.externals();
    match how {
        Restoring::Never => {}
        Restoring::One => {
            let turn = usize::try_from(setup.seed / 8 % 1_000_003).unwrap_or(0);
            if let Some(artefact) = whole.get(turn % whole.len().max(1)) {
                let way = ways[turn / whole.len().max(1) % ways.len()];
                setup.try_one(artefact, way, &externals, cluster, &mut tried);
            }
        }
        Restoring::All => {
            for artefact in whole {
                for way in ways {
                    setup.try_one(artefact, way, &externals, cluster, &mut tried);
                }
            }
        }
    }
    tried
}

/// The world that is shadowed.
pub(super) struct Shadowed<'s> {
    pub(super) scenario: &'s Arc<Scenario>,
    pub(super) setup: &'s Setup,
    pub(super) seed: u64,
    /// By job, the checkpoints and savepoints that completed.
    pub(super) completed: &'s BTreeMap<String, Vec<u64>>,
}

impl Shadowed<'_> {
    fn try_one(
        &self,
        artefact: &Artefact,
        way: Parallelism,
        externals: &[ExternalSystem],
        cluster: &Cluster,
        tried: &mut Tried,
    ) {
        let Some(scenario) = self.shadow(artefact, way) else { return };
        let scenario = Arc::new(scenario);
        tried.any = true;
        let what = format!("{} of {}", artefact.name, cluster.label_of(artefact.run));
        let at = match way {
            Parallelism::Same => "as it was",
            Parallelism::One => "at parallelism 1",
            Parallelism::OneMore => "at one more subtask",
        };
        let mut world = self.play(&scenario, artefact, externals);
        if let Some(wrong) = world.wrong() {
            tried.wrong.push(format!("{what}, restored {at}: {wrong}"));
            return;
        }
        // And again, from what it has come to.
        let again = world.cluster.artefacts().into_iter().next_back();
        if let Some(again) = again.filter(|_| world.watch.completed) {
            let externals = world.cluster.externals();
            if let Some(wrong) = self.play(&scenario, &again, &externals).wrong() {
                let checkpoint = again.snapshot.properties().id;
                tried.wrong.push(format!(
                    "{what}, restored {at}, and again from checkpoint {checkpoint} that followed: {wrong}"
                ));
            }
        }
    }

    /// The story of a job that starts from a snapshot and is left alone; none where the release cannot restore it so.
    fn shadow(&self, artefact: &Artefact, way: Parallelism) -> Option<Scenario> {
        let rules = self.scenario.rules();
        let mut job = self.scenario.jobs[artefact.job].clone();
        let is_aligned = !job.checkpoint.unaligned
            || artefact.snapshot.properties().kind == CheckpointKind::Savepoint;
        // Generated ids follow from what is chained to what, and so from how parallel it is.
        let has_uids = job.graph.operators.iter().all(|node| node.uid.is_some());
        let may_rescale = rules.rescaling == Rescaling::ByKeyGroup && is_aligned && has_uids;
        if way != Parallelism::Same && !may_rescale {
            return None;
        }
        job.planned = Planned::default();
        // Chains stay as they are.
        let given = job.graph.clone();
        for node in &mut job.graph.operators {
            for place in 0..node.inputs.len() {
                node.inputs[place].partitioner = Some(given.partitioner(&node.inputs[place], node));
            }
        }
        // Where nobody says how many key groups there are, a job takes those of its state.
        let stored = artefact.snapshot.operators().iter().map(|state| state.max_parallelism).min();
        for node in &mut job.graph.operators {
            let most = node.max_parallelism.or(job.graph.max_parallelism);
            let most = most.or(stored).unwrap_or(128).max(node.parallelism);
            node.parallelism = match way {
                Parallelism::Same => node.parallelism,
                Parallelism::One => 1,
                Parallelism::OneMore => (node.parallelism + 1).min(most),
            };
        }
        job.checkpoint.retained = job.checkpoint.retained.max(2);
        let cluster = ClusterConfig {
            task_managers: 1,
            slots: 1_000,
            takeover_after: None,
            ..self.scenario.cluster
        };
        Some(Scenario {
            about: String::new(),
            also: Vec::new(),
            until: None,
            cluster,
            jobs: vec![job],
            steps: Vec::new(),
            expect: Expect::default(),
            expect_in: Default::default(),
            ..(**self.scenario).clone()
        })
    }

    fn play(
        &self,
        scenario: &Arc<Scenario>,
        artefact: &Artefact,
        externals: &[ExternalSystem],
    ) -> ShadowWorld {
        let Setup { catalogue, inputs, choices, .. } = self.setup;
        let snapshot = &artefact.snapshot;
        let checks = Checks::new(CheckSetup {
            scenario: Arc::clone(scenario),
            catalogue: Arc::clone(catalogue),
            inputs: Arc::clone(inputs),
            file: Some(FileStart { state: Arc::clone(snapshot) }),
            with_output: false,
            bounds_percent: 100,
        });
        let given = Given {
            catalogue: Arc::clone(catalogue),
            inputs: Arc::clone(inputs),
            choices: choices.clone(),
            clock: snapshot.properties().triggered,
            externals: externals.to_vec(),
            from: Some((Arc::clone(snapshot), false, ClaimMode::default())),
        };
        let mut cluster = Cluster::new(Arc::clone(scenario), given);
        let mut watch = Watch { checks, completed: false, status: None };
        let first = cluster.events();
        let mut goes_on = true;
        while goes_on && !watch.is_done() && cluster.events() - first < EVENTS_MAX {
            goes_on = cluster.step(&mut watch);
        }
        let mut states = snapshot.operators().iter().flat_map(|operator| &operator.subtasks);
        let has_finished = states.any(|state| matches!(state, SubtaskState::Finished));
        ShadowWorld { cluster, watch, goes_on, has_finished }
    }
}

/// A shadow world that has been played as far as it is of interest.
struct ShadowWorld {
    cluster: Cluster,
    watch: Watch,
    goes_on: bool,
    /// Whether something had finished in the snapshot: of one from files the checks do not know that.
    has_finished: bool,
}

impl ShadowWorld {
    /// What is wrong with it, in words.
    fn wrong(&mut self) -> Option<String> {
        let outcome: Outcome = self.cluster.outcome();
        if let Some(why) = outcome.refusal(At::Start) {
            // State that releases until 1.1 tie to subtasks cannot be dealt anew in later ones either.
            if why.contains("non-partitioned state") {
                return None;
            }
            return Some(format!("refused: {why}"));
        }
        if !self.watch.is_done() {
            // One that goes on is slow, as far as anybody knows.
            let stall = outcome.stall.filter(|_| !self.goes_on)?;
            return Some(format!("no checkpoint completed: {stall}"));
        }
        if self.watch.status == Some(JobStatus::Failed) {
            return Some("the job failed".to_owned());
        }
        let checks = self.watch.checks.clone();
        let verdict = checks.finish(&end_of_world(&outcome, None));
        let counts = |check: CheckName| {
            matches!(check, CheckName::CutConsistency | CheckName::BoundedProgress)
                || (!self.has_finished
                    && matches!(check, CheckName::OwnershipPartition | CheckName::MappingTotality))
        };
        let mut violations = verdict.violations();
        let violation = violations.find(|violation| counts(violation.check))?;
        Some(format!("{} is broken: {}", violation.check, violation.text))
    }
}

/// Follows a shadow world until it has come to a checkpoint or to its end.
struct Watch {
    checks: Checks,
    completed: bool,
    status: Option<JobStatus>,
}

impl Watch {
    fn is_done(&self) -> bool {
        self.completed || self.status.is_some_and(JobStatus::is_terminal)
    }
}

impl TraceSink for Watch {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.checks.on_run(layout);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are for the checks")]
    fn on_entry(&mut self, entry: &Entry) {
        self.checks.on_entry(entry);
        match &entry.event {
            TraceEvent::Checkpoint(.., CheckpointEvent::Completed { .. }) => self.completed = true,
            TraceEvent::Job(_, JobEvent::StatusChanged { status }) => self.status = Some(*status),
            _ => {}
        }
    }
}

/// Whether a world of a sweep is one in which something is restored: every eighth.
pub(super) const fn is_sampled(seed: u64) -> bool {
    seed.is_multiple_of(8)
}
