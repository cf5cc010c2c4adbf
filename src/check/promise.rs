//! What a job promises of its records: how often each may count after a recovery.
//!
//! A job that promises at-least-once counts every record; one that a snapshot held beyond its cut is counted again when
//! it is replayed. From then on values are anybody's guess, in this run and in those that start from its snapshots.

use super::history::{History, RunStory};
use crate::job::{CheckpointMode, RunId};
use crate::scenario::Scenario;
use crate::trace::SnapshotSource;

/// How a run handles barriers.
pub(super) fn mode_of(scenario: &Scenario, history: &History, run: RunId) -> CheckpointMode {
    let job = history.run(run).map(|run| run.layout.job);
    job.map_or_else(CheckpointMode::default, |job| scenario.jobs[job].checkpoint.handling())
}

/// Whether every snapshot that a run restores is an exact cut.
pub(super) fn is_exact(scenario: &Scenario, history: &History, run: RunId) -> bool {
    mode_of(scenario, history, run) == CheckpointMode::ExactlyOnce
        && history.run(run).is_none_or(|run| !may_count_twice(scenario, history, run))
}

/// Whether records may have been counted twice in a run: it, or a run that it descends from, went on from a snapshot that
/// was taken in at-least-once mode.
pub(super) fn may_count_twice(scenario: &Scenario, history: &History, run: &RunStory) -> bool {
    let is_relaxed = |run: RunId| mode_of(scenario, history, run) == CheckpointMode::AtLeastOnce;
    let id = run.layout.run;
    let inherits = match history.start_of(id) {
        None => false,
        // Nothing is known of an earlier process; it played the same job, or an older version of it.
        Some(SnapshotSource::Files(_)) => is_relaxed(id),
        Some(SnapshotSource::Run(parent, _)) => {
            is_relaxed(parent)
                || history.run(parent).is_some_and(|p| may_count_twice(scenario, history, p))
        }
    };
    inherits || (is_relaxed(id) && run.has_restarted())
}
