//! What a release has: a story that asks one for what came later, or went before, is refused.
//!
//! Jobs are held against the release that runs them: the file's own, or, behind a step that upgrades the cluster, that
//! one. Steps count in order of the file.

use super::source::Source;
use crate::job::{ClaimMode, ListMode, OperatorNode, StateBackend};
use crate::operator::{Catalogue, Since};
use crate::rules::{Failover, Release, SavepointLayout};
use crate::scenario::{
    Action, Cancel, ClusterConfig, Dispose, FileAction, JobConfig, RestartStrategy, Retention, Run,
    Scenario, ScenarioError, Step,
};
use std::collections::BTreeSet;
use std::ops::Range;

/// Something that not every release has.
struct Novelty<T> {
    /// Whether something asks for it.
    asks: fn(&T) -> bool,
    since: Since,
}

/// One row a novelty: what asks for it, under which rules there is such a thing, its word, and as a message calls it.
macro_rules! novelties {
    ($asker:ident: $T:ty, $rules:ident: $($asks:expr => $has:expr, $word:literal, $what:literal;)+) => {
        &[$(Novelty { asks: |$asker: &$T| $asks, since: Since { what: $what, word: $word, has: |$rules| $has } }),+]
    };
}

const OF_CLUSTERS: &[Novelty<ClusterConfig>] = novelties!(cluster: ClusterConfig, rules:
    cluster.savepoint_backend.is_some() => rules.savepoint_layout == SavepointLayout::Pointer,
        "savepoint-backend", "a choice of what keeps savepoints";
);

const OF_JOBS: &[Novelty<JobConfig>] = novelties!(job: JobConfig, rules:
    job.checkpoint.unaligned => rules.unaligned_checkpoints,
        "unaligned", "unaligned checkpoints";
    job.checkpoint.aligned_timeout.nanos() > 0 => rules.aligned_timeout,
        "aligned-timeout", "a timeout of alignment";
    job.checkpoint.alignment_limit.is_some() => rules.alignment_limit,
        "alignment-limit", "a limit of what is buffered in alignment";
    job.checkpoint.backend == StateBackend::Incremental => rules.incremental_checkpoints,
        "incremental", "incremental checkpoints";
    job.checkpoint.retained > 1 => rules.retained_number,
        "retained", "a number of checkpoints to retain";
    job.checkpoint.prefer_checkpoint => rules.prefer_checkpoint,
        "prefer-checkpoint", "a preference for checkpoints over savepoints";
    job.checkpoint.retention != Retention::None => rules.retained_checkpoints,
        "retention", "checkpoints that outlive their job";
    job.checkpoint.tolerable_failures > 0 => rules.tolerable_failures,
        "tolerable-failures", "a number of failures to tolerate";
    job.failover == Some(Failover::Region) => rules.region_failover,
        "failover", "failover of a region";
    matches!(job.restart, Some(RestartStrategy::ExponentialDelay { .. })) => rules.exponential_delay,
        "exponential-delay", "an exponential delay of restarts";
);

const OF_OPERATORS: &[Novelty<OperatorNode>] = novelties!(node: OperatorNode, rules:
    node.inputs.iter().any(|edge| edge.side) => rules.side_outputs,
        "side", "side outputs";
    node.options.keyed_state.as_ref().is_some_and(|state| state.ttl.is_some()) => rules.state_ttl,
        "ttl", "values that expire";
    node.options.list_state.as_ref().is_some_and(|state| state.mode == ListMode::Whole)
        => rules.checkpointed_state,
        "whole", "one object of state for each subtask (`Checkpointed`)";
    node.options.uid_hash.is_some() => rules.uid_hash,
        "uid-hash", "an id of its own choice";
    node.options.window.is_some_and(|window| window.windows.lateness() > 0) => rules.allowed_lateness,
        "lateness", "windows that wait for late records";
    node.options.time.is_some_and(|time| time.idle_after.is_some()) => rules.idle_sources,
        "idle-after", "idle sources";
);

const OF_STEPS: &[Novelty<Action>] = novelties!(action: Action, rules:
    action.target().is_some() => rules.savepoint_target,
        "to", "a directory for a single savepoint";
    matches!(action, Action::Stop(_)) => rules.stop_with_savepoint,
        "stop", "stopping with a savepoint";
    matches!(action, Action::Cancel(Cancel { with_savepoint: Some(_), .. })) => rules.cancel_with_savepoint,
        "with-savepoint", "cancelling with a savepoint";
    matches!(action, Action::Run(Run { allow_non_restored: true, .. })) => rules.allow_non_restored_state,
        "allow-non-restored-state", "dropping state that no operator takes";
    matches!(action, Action::Run(Run { claim: ClaimMode::Claim | ClaimMode::Legacy, .. })) => rules.claim_modes,
        "claim", "a choice of who owns a snapshot";
    matches!(action, Action::Files(FileAction::Dispose(Dispose { with_jar: true, .. })))
        => rules.disposal_takes_classes,
        "with-jar", "classes of the job at the disposal of a savepoint";
    matches!(action, Action::Checkpoint(_)) => rules.retained_checkpoints,
        "checkpoint", "starting from a checkpoint";
);

/// Refuses what a release of the story does not have. `names` are where its jobs begin.
pub(super) fn check(
    source: Source<'_>,
    scenario: &Scenario,
    names: &[Range<usize>],
    catalogue: &Catalogue,
) -> Result<(), ScenarioError> {
    let checked = Checked { source, scenario, names, catalogue };
    for release in scenario.releases() {
        checked.require(OF_CLUSTERS, &scenario.cluster, release, |word| {
            let at = source.text.find(word).unwrap_or_default();
            at..at + word.len()
        })?;
        let mut now = release;
        if scenario.first_job_runs_at_once() {
            checked.job(0, now)?;
        }
        let mut has_run = vec![false; scenario.jobs.len()];
        let mut checked_under = BTreeSet::new();
        for step in &scenario.steps {
            checked.step(step, now)?;
            if let Action::Upgrade(to) = step.action {
                now = to;
            }
            if let Action::Run(run) = &step.action {
                let place = scenario.jobs.iter().position(|other| other.graph.name == run.job);
                let place = place.expect("a step names a job that is there");
                has_run[place] = true;
                if checked_under.insert((place, now)) {
                    checked.job(place, now)?;
                }
            }
        }
        for (place, _) in has_run.iter().enumerate().filter(|(_, has_run)| !**has_run) {
            checked.job(place, release)?;
        }
    }
    Ok(())
}

/// A story whose names are all known.
struct Checked<'s> {
    source: Source<'s>,
    scenario: &'s Scenario,
    names: &'s [Range<usize>],
    catalogue: &'s Catalogue,
}

impl Checked<'_> {
    fn job(&self, place: usize, release: Release) -> Result<(), ScenarioError> {
        let job = &self.scenario.jobs[place];
        let name = &self.names[place];
        self.require(OF_JOBS, job, release, |word| self.source.word_after(name, word))?;
        for node in &job.graph.operators {
            let place = |word: &str| {
                let operator = self.source.word_after(name, &node.name);
                self.source.word_after(&operator, word)
            };
            if let Some(since) = self.catalogue.of(node).and_then(|entry| entry.since.as_ref()) {
                self.refuse_before(since, release, place)?;
            }
            self.require(OF_OPERATORS, node, release, place)?;
        }
        Ok(())
    }

    fn step(&self, step: &Step, release: Release) -> Result<(), ScenarioError> {
        let line = self.source.start_of_line(step.line.0);
        let place = |word: &str| self.source.word_after(&(line..line), word);
        self.require(OF_STEPS, &step.action, release, place)
    }

    /// Refuses the first of these that is asked for and not there. `place` finds a word in the text.
    fn require<T>(
        &self,
        novelties: &[Novelty<T>],
        asker: &T,
        release: Release,
        place: impl Fn(&str) -> Range<usize>,
    ) -> Result<(), ScenarioError> {
        let mut asked = novelties.iter().filter(|novelty| (novelty.asks)(asker));
        asked.try_for_each(|novelty| self.refuse_before(&novelty.since, release, &place))
    }

    fn refuse_before(
        &self,
        since: &Since,
        release: Release,
        place: impl Fn(&str) -> Range<usize>,
    ) -> Result<(), ScenarioError> {
        if (since.has)(&self.scenario.rules_under(release)) {
            return Ok(());
        }
        let message = format!("Flink {release} has no such thing as {}", since.what);
        let help = match Release::that_have(since.has) {
            Some(when) => {
                format!("it exists {when}: leave `{}` out, or play such a release", since.word)
            }
            None => format!("leave `{}` out", since.word),
        };
        Err(self.source.error_with(&place(since.word), message, help))
    }
}
