//! What a release has: a story that asks one for what came later, or went before, is refused.
//!
//! Jobs are held against the release that runs them: the file's own, or, behind a step that upgrades the cluster, that
//! one. Steps count in order of the file.

use super::source::Source;
use crate::job::{ClaimMode, ListMode, OperatorKind, OperatorNode, Reader, StateBackend};
use crate::rules::{Failover, Release, Rules, SavepointLayout};
use crate::scenario::{
    Action, FileAction, FileWork, JobConfig, RestartStrategy, Retention, Scenario, ScenarioError,
    Step,
};
use std::collections::BTreeSet;
use std::ops::Range;

/// Something that not every release has.
struct Novelty {
    /// As a message calls it.
    what: &'static str,
    /// Whether there is such a thing under these rules.
    has: fn(&Rules) -> bool,
    /// The key or word that asks for it.
    word: &'static str,
}

/// Whether something asks for it.
type Asks<T> = fn(&T) -> bool;

/// What of a job's settings not every release has.
const SETTINGS: &[(Asks<JobConfig>, Novelty)] = &[
    (
        |job| job.checkpoint.unaligned,
        Novelty {
            what: "unaligned checkpoints",
            has: |rules| rules.unaligned_checkpoints,
            word: "unaligned",
        },
    ),
    (
        |job| job.checkpoint.aligned_timeout.nanos() > 0,
        Novelty {
            what: "a timeout of alignment",
            has: |rules| rules.aligned_timeout,
            word: "aligned-timeout",
        },
    ),
    (
        |job| job.checkpoint.alignment_limit.is_some(),
        Novelty {
            what: "a limit of what is buffered in alignment",
            has: |rules| rules.alignment_limit,
            word: "alignment-limit",
        },
    ),
    (
        |job| job.checkpoint.backend == StateBackend::Incremental,
        Novelty {
            what: "incremental checkpoints",
            has: |rules| rules.incremental_checkpoints,
            word: "incremental",
        },
    ),
    (
        |job| job.checkpoint.retained > 1,
        Novelty {
            what: "a number of checkpoints to retain",
            has: |rules| rules.retained_number,
            word: "retained",
        },
    ),
    (
        |job| job.checkpoint.prefer_checkpoint,
        Novelty {
            what: "a preference for checkpoints over savepoints",
            has: |rules| rules.prefer_checkpoint,
            word: "prefer-checkpoint",
        },
    ),
    (
        |job| job.checkpoint.retention != Retention::None,
        Novelty {
            what: "checkpoints that outlive their job",
            has: |rules| rules.retained_checkpoints,
            word: "retention",
        },
    ),
    (
        |job| job.checkpoint.tolerable_failures > 0,
        Novelty {
            what: "a number of failures to tolerate",
            has: |rules| rules.tolerable_failures,
            word: "tolerable-failures",
        },
    ),
    (
        |job| job.failover == Some(Failover::Region),
        Novelty {
            what: "failover of a region",
            has: |rules| rules.region_failover,
            word: "failover",
        },
    ),
    (
        |job| matches!(job.restart, Some(RestartStrategy::ExponentialDelay { .. })),
        Novelty {
            what: "an exponential delay of restarts",
            has: |rules| rules.exponential_delay,
            word: "exponential-delay",
        },
    ),
];

/// What of an operator not every release has.
const OPERATORS: &[(Asks<OperatorNode>, Novelty)] = &[
    (
        |node| matches!(&node.kind, OperatorKind::Sink { kind } if kind == "two-phase"),
        Novelty { what: "two-phase sinks", has: |rules| rules.two_phase_sinks, word: "two-phase" },
    ),
    (
        OperatorNode::is_committer,
        Novelty { what: "committers", has: |rules| rules.committers, word: "committer" },
    ),
    (
        OperatorNode::is_writer,
        Novelty { what: "writers with committers", has: |rules| rules.committers, word: "writer" },
    ),
    (
        |node| node.options.reader == Reader::Splits,
        Novelty { what: "split enumerators", has: |rules| rules.split_readers, word: "splits" },
    ),
    (
        |node| match &node.kind {
            OperatorKind::Transform { function, .. } => {
                matches!(function.as_str(), "rules" | "broadcast-rules")
            }
            OperatorKind::Source { .. } | OperatorKind::Sink { .. } => false,
        },
        Novelty { what: "broadcast state", has: |rules| rules.broadcast_state, word: "rules" },
    ),
    (
        |node| node.inputs.iter().any(|edge| edge.side),
        Novelty { what: "side outputs", has: |rules| rules.side_outputs, word: "side" },
    ),
    (
        |node| node.options.keyed_state.as_ref().is_some_and(|state| state.ttl.is_some()),
        Novelty { what: "values that expire", has: |rules| rules.state_ttl, word: "ttl" },
    ),
    (
        |node| node.options.list_state.as_ref().is_some_and(|state| state.mode == ListMode::Whole),
        Novelty {
            what: "one object of state for each subtask (`Checkpointed`)",
            has: |rules| rules.checkpointed_state,
            word: "whole",
        },
    ),
    (
        |node| node.options.uid_hash.is_some(),
        Novelty { what: "an id of its own choice", has: |rules| rules.uid_hash, word: "uid-hash" },
    ),
    (
        |node| node.options.window.is_some_and(|window| window.windows.lateness() > 0),
        Novelty {
            what: "windows that wait for late records",
            has: |rules| rules.allowed_lateness,
            word: "lateness",
        },
    ),
    (
        |node| node.options.time.is_some_and(|time| time.idle_after.is_some()),
        Novelty { what: "idle sources", has: |rules| rules.idle_sources, word: "idle-after" },
    ),
];

/// A directory for a single savepoint.
const TARGET: Novelty = Novelty {
    what: "a directory for a single savepoint",
    has: |rules| rules.savepoint_target,
    word: "to",
};

/// What of a step not every release has.
fn novelty_of(action: &Action) -> Option<Novelty> {
    match action {
        Action::Stop { .. } => Some(Novelty {
            what: "stopping with a savepoint",
            has: |rules| rules.stop_with_savepoint,
            word: "stop",
        }),
        Action::Cancel { with_savepoint: Some(_), .. } => Some(Novelty {
            what: "cancelling with a savepoint",
            has: |rules| rules.cancel_with_savepoint,
            word: "with-savepoint",
        }),
        Action::Run { allow_non_restored: true, .. } => Some(Novelty {
            what: "dropping state that no operator takes",
            has: |rules| rules.allow_non_restored_state,
            word: "allow-non-restored-state",
        }),
        Action::Run { claim: ClaimMode::Claim | ClaimMode::Legacy, .. } => Some(Novelty {
            what: "a choice of who owns a snapshot",
            has: |rules| rules.claim_modes,
            word: "claim",
        }),
        Action::Files(FileAction { work: FileWork::Dispose { with_jar: true }, .. }) => {
            Some(Novelty {
                what: "classes of the job at the disposal of a savepoint",
                has: |rules| rules.disposal_takes_classes,
                word: "with-jar",
            })
        }
        Action::Checkpoint { .. } => Some(Novelty {
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
) -> Result<(), ScenarioError> {
    for release in scenario.releases() {
        if scenario.cluster.savepoint_backend.is_some() {
            let novelty = Novelty {
                what: "a choice of what keeps savepoints",
                has: |rules| rules.savepoint_layout == SavepointLayout::Pointer,
                word: "savepoint-backend",
            };
            let checked = Checked { source, scenario, names };
            checked.require(&novelty, release, || {
                let at = source.text.find(novelty.word).unwrap_or_default();
                at..at + novelty.word.len()
            })?;
        }
        let checked = Checked { source, scenario, names };
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
}

impl Checked<'_> {
    fn job(&self, place: usize, release: Release) -> Result<(), ScenarioError> {
        let job = &self.scenario.jobs[place];
        let name = &self.names[place];
        for (_, novelty) in SETTINGS.iter().filter(|(asks, _)| asks(job)) {
            self.require(novelty, release, || self.source.word_after(name, novelty.word))?;
        }
        for node in &job.graph.operators {
            for (_, novelty) in OPERATORS.iter().filter(|(asks, _)| asks(node)) {
                self.require(novelty, release, || {
                    let operator = self.source.word_after(name, &node.name);
                    self.source.word_after(&operator, novelty.word)
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
        let Some(novelty) = novelty_of(&step.action) else { return Ok(()) };
        self.require(&novelty, release, || self.source.word_after(&(line..line), novelty.word))
    }

    fn require(
        &self,
        novelty: &Novelty,
        release: Release,
        at: impl FnOnce() -> Range<usize>,
    ) -> Result<(), ScenarioError> {
        if (novelty.has)(&self.scenario.rules_under(release)) {
            return Ok(());
        }
        let message = format!("Flink {release} has no such thing as {}", novelty.what);
        let help = match Release::that_have(novelty.has) {
            Some(when) => {
                format!("it exists {when}: leave `{}` out, or play such a release", novelty.word)
            }
            None => format!("leave `{}` out", novelty.word),
        };
        Err(self.source.error_with(&at(), message, help))
    }
}
