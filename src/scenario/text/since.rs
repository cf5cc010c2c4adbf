//! What a release has: a story that asks one for what came later, or went before, is refused.
//!
//! Jobs are held against the release that runs them: the file's own, or, behind a step that upgrades the cluster, that
//! one. Steps count in order of the file.

use super::source::Source;
use crate::job::{ClaimMode, ListMode, OperatorNode, StateBackend};
use crate::operator::{Catalogue, Since};
use crate::rules::{Failover, Release, SavepointLayout};
use crate::scenario::{
    Action, FileAction, FileWork, JobConfig, RestartStrategy, Retention, Scenario, ScenarioError,
    Step,
};
use std::collections::BTreeSet;
use std::ops::Range;

/// Whether something asks for it.
type Asks<T> = fn(&T) -> bool;

/// What of a job's settings not every release has.
const SETTINGS: &[(Asks<JobConfig>, Since)] = &[
    (
        |job| job.checkpoint.unaligned,
        Since {
            what: "unaligned checkpoints",
            has: |rules| rules.unaligned_checkpoints,
            word: "unaligned",
        },
    ),
    (
        |job| job.checkpoint.aligned_timeout.nanos() > 0,
        Since {
            what: "a timeout of alignment",
            has: |rules| rules.aligned_timeout,
            word: "aligned-timeout",
        },
    ),
    (
        |job| job.checkpoint.alignment_limit.is_some(),
        Since {
            what: "a limit of what is buffered in alignment",
            has: |rules| rules.alignment_limit,
            word: "alignment-limit",
        },
    ),
    (
        |job| job.checkpoint.backend == StateBackend::Incremental,
        Since {
            what: "incremental checkpoints",
            has: |rules| rules.incremental_checkpoints,
            word: "incremental",
        },
    ),
    (
        |job| job.checkpoint.retained > 1,
        Since {
            what: "a number of checkpoints to retain",
            has: |rules| rules.retained_number,
            word: "retained",
        },
    ),
    (
        |job| job.checkpoint.prefer_checkpoint,
        Since {
            what: "a preference for checkpoints over savepoints",
            has: |rules| rules.prefer_checkpoint,
            word: "prefer-checkpoint",
        },
    ),
    (
        |job| job.checkpoint.retention != Retention::None,
        Since {
            what: "checkpoints that outlive their job",
            has: |rules| rules.retained_checkpoints,
            word: "retention",
        },
    ),
    (
        |job| job.checkpoint.tolerable_failures > 0,
        Since {
            what: "a number of failures to tolerate",
            has: |rules| rules.tolerable_failures,
            word: "tolerable-failures",
        },
    ),
    (
        |job| job.failover == Some(Failover::Region),
        Since {
            what: "failover of a region",
            has: |rules| rules.region_failover,
            word: "failover",
        },
    ),
    (
        |job| matches!(job.restart, Some(RestartStrategy::ExponentialDelay { .. })),
        Since {
            what: "an exponential delay of restarts",
            has: |rules| rules.exponential_delay,
            word: "exponential-delay",
        },
    ),
];

/// What an operator is told and not every release has.
const OPERATORS: &[(Asks<OperatorNode>, Since)] = &[
    (
        |node| node.inputs.iter().any(|edge| edge.side),
        Since { what: "side outputs", has: |rules| rules.side_outputs, word: "side" },
    ),
    (
        |node| node.options.keyed_state.as_ref().is_some_and(|state| state.ttl.is_some()),
        Since { what: "values that expire", has: |rules| rules.state_ttl, word: "ttl" },
    ),
    (
        |node| node.options.list_state.as_ref().is_some_and(|state| state.mode == ListMode::Whole),
        Since {
            what: "one object of state for each subtask (`Checkpointed`)",
            has: |rules| rules.checkpointed_state,
            word: "whole",
        },
    ),
    (
        |node| node.options.uid_hash.is_some(),
        Since { what: "an id of its own choice", has: |rules| rules.uid_hash, word: "uid-hash" },
    ),
    (
        |node| node.options.window.is_some_and(|window| window.windows.lateness() > 0),
        Since {
            what: "windows that wait for late records",
            has: |rules| rules.allowed_lateness,
            word: "lateness",
        },
    ),
    (
        |node| node.options.time.is_some_and(|time| time.idle_after.is_some()),
        Since { what: "idle sources", has: |rules| rules.idle_sources, word: "idle-after" },
    ),
];

/// A directory for a single savepoint.
const TARGET: Since = Since {
    what: "a directory for a single savepoint",
    has: |rules| rules.savepoint_target,
    word: "to",
};

/// What of a step not every release has.
fn since_of(action: &Action) -> Option<Since> {
    match action {
        Action::Stop { .. } => Some(Since {
            what: "stopping with a savepoint",
            has: |rules| rules.stop_with_savepoint,
            word: "stop",
        }),
        Action::Cancel { with_savepoint: Some(_), .. } => Some(Since {
            what: "cancelling with a savepoint",
            has: |rules| rules.cancel_with_savepoint,
            word: "with-savepoint",
        }),
        Action::Run { allow_non_restored: true, .. } => Some(Since {
            what: "dropping state that no operator takes",
            has: |rules| rules.allow_non_restored_state,
            word: "allow-non-restored-state",
        }),
        Action::Run { claim: ClaimMode::Claim | ClaimMode::Legacy, .. } => Some(Since {
            what: "a choice of who owns a snapshot",
            has: |rules| rules.claim_modes,
            word: "claim",
        }),
        Action::Files(FileAction { work: FileWork::Dispose { with_jar: true }, .. }) => {
            Some(Since {
                what: "classes of the job at the disposal of a savepoint",
                has: |rules| rules.disposal_takes_classes,
                word: "with-jar",
            })
        }
        Action::Checkpoint { .. } => Some(Since {
            what: "starting from a checkpoint",
            has: |rules| rules.retained_checkpoints,
            word: "checkpoint",
        }),
        Action::Run { .. }
        | Action::Savepoint { .. }
        | Action::Cancel { with_savepoint: None, .. }
        | Action::Upgrade(_)
        | Action::Files(FileAction {
            work:
                FileWork::Move { .. }
                | FileWork::Copy { .. }
                | FileWork::Delete(_)
                | FileWork::Dispose { with_jar: false }
                | FileWork::RewritePaths,
            ..
        })
        | Action::Fail(_)
        | Action::Block { .. }
        | Action::Unblock(_)
        | Action::Kill(_)
        | Action::KillTaskManager(_)
        | Action::Partition(..)
        | Action::KillJobManager
        | Action::List
        | Action::Storage(_)
        | Action::Lose(_)
        | Action::Delay(..)
        | Action::Repeat(..) => None,
    }
}

/// Refuses what a release of the story does not have. `names` are where its jobs begin.
pub(super) fn check(
    source: Source<'_>,
    scenario: &Scenario,
    names: &[Range<usize>],
    catalogue: &Catalogue,
) -> Result<(), ScenarioError> {
    let checked = Checked { source, scenario, names, catalogue };
    for release in scenario.releases() {
        if scenario.cluster.savepoint_backend.is_some() {
            let since = Since {
                what: "a choice of what keeps savepoints",
                has: |rules| rules.savepoint_layout == SavepointLayout::Pointer,
                word: "savepoint-backend",
            };
            checked.require(&since, release, || {
                let at = source.text.find(since.word).unwrap_or_default();
                at..at + since.word.len()
            })?;
        }
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
            if let Action::Run { job, .. } = &step.action {
                let place = scenario.jobs.iter().position(|other| other.graph.name == *job);
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
        for (_, since) in SETTINGS.iter().filter(|(asks, _)| asks(job)) {
            self.require(since, release, || self.source.word_after(name, since.word))?;
        }
        for node in &job.graph.operators {
            let declared = self.catalogue.of(node).and_then(|entry| entry.since.as_ref());
            let told = OPERATORS.iter().filter(|(asks, _)| asks(node)).map(|(_, since)| since);
            for since in declared.into_iter().chain(told) {
                self.require(since, release, || {
                    let operator = self.source.word_after(name, &node.name);
                    self.source.word_after(&operator, since.word)
                })?;
            }
        }
        Ok(())
    }

    fn step(&self, step: &Step, release: Release) -> Result<(), ScenarioError> {
        let line = self.source.start_of_line(step.line.0);
        if step.to.is_some() {
            self.require(&TARGET, release, || self.source.word_after(&(line..line), TARGET.word))?;
        }
        let Some(since) = since_of(&step.action) else { return Ok(()) };
        self.require(&since, release, || self.source.word_after(&(line..line), since.word))
    }

    fn require(
        &self,
        since: &Since,
        release: Release,
        at: impl FnOnce() -> Range<usize>,
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
        Err(self.source.error_with(&at(), message, help))
    }
}
