//! What a check can look at besides an entry: what the trace has told so far, and the story.
//!
//! Also what a job promises of its records, namely how often each may count after a recovery. A job that promises
//! at-least-once counts every record; one that a snapshot held beyond its cut is counted again when it is replayed. From
//! then on values are anybody's guess, in this run and in those that start from its snapshots.

use super::history::{History, RunStory};
use super::setup::CheckSetup;
use crate::job::{CheckpointId, CheckpointMode, RunId};
use crate::scenario::JobConfig;
use crate::trace::SnapshotSource;

/// What has happened, and what was to happen.
#[derive(Clone, Copy)]
pub(super) struct Past<'w> {
    pub(super) history: &'w History,
    pub(super) setup: &'w CheckSetup,
}

impl<'w> Past<'w> {
    /// The story of a run.
    pub(super) fn run(self, run: RunId) -> Option<&'w RunStory> {
        self.history.run(run)
    }

    /// The job that a run plays.
    pub(super) fn job_of(self, run: RunId) -> Option<&'w JobConfig> {
        self.run(run).map(|run| &self.setup.scenario.jobs[run.layout.job])
    }

    /// The run from whose snapshot a run was started, and which one that was.
    pub(super) fn parent_of(self, run: &RunStory) -> Option<(&'w RunStory, CheckpointId)> {
        match self.history.start_of(run.layout.run)? {
            SnapshotSource::Run(parent, checkpoint) => Some((self.run(parent)?, checkpoint)),
            SnapshotSource::Files(_) => None,
        }
    }

    /// How a run handles barriers.
    pub(super) fn mode_of(self, run: RunId) -> CheckpointMode {
        self.job_of(run).map_or_else(CheckpointMode::default, |job| job.checkpoint.handling())
    }

    /// Whether the committers of a run commit all they have at the end of their input, since no checkpoint follows.
    pub(super) fn commits_at_end(self, run: RunId) -> bool {
        let is_checkpointed = self.job_of(run).is_some_and(|job| job.checkpoint.interval.is_some());
        !is_checkpointed && self.history.rules.rules_of(run).committers_commit_at_end
    }

    /// Whether a run goes back to checkpoints rather than to savepoints.
    pub(super) fn prefers_checkpoints(self, run: RunId) -> bool {
        self.job_of(run).is_some_and(|job| job.checkpoint.prefer_checkpoint)
    }

    /// Whether every snapshot that a run restores is an exact cut.
    pub(super) fn is_exact(self, run: RunId) -> bool {
        self.mode_of(run) == CheckpointMode::ExactlyOnce
            && self.run(run).is_none_or(|run| !self.may_count_twice(run))
    }

    /// Whether records may have been counted twice in a run: it, or a run that it descends from, went on from a snapshot
    /// that was taken in at-least-once mode.
    pub(super) fn may_count_twice(self, run: &RunStory) -> bool {
        let is_relaxed = |run: RunId| self.mode_of(run) == CheckpointMode::AtLeastOnce;
        let id = run.layout.run;
        let inherits = match self.history.start_of(id) {
            None => false,
            // Nothing is known of an earlier process; it played the same job, or an older version of it.
            Some(SnapshotSource::Files(_)) => is_relaxed(id),
            Some(SnapshotSource::Run(parent, _)) => {
                is_relaxed(parent) || self.run(parent).is_some_and(|p| self.may_count_twice(p))
            }
        };
        inherits || (is_relaxed(id) && run.has_restarted())
    }
}
