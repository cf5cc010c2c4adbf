//! What users did in a world, among what is not done in every world.

use super::history::History;
use crate::scenario::{Action, Scenario};
use crate::trace::{Entry, TraceEvent};
use serde::{Deserialize, Serialize};

/// Counts of worlds in which users did so; of one world each is 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Operations {
    /// Jobs were listed.
    pub listed: u64,
    /// A savepoint went to a directory of its own.
    pub aside: u64,
    /// Two runs started from one snapshot.
    pub forked: u64,
    /// A job was to go back to checkpoints rather than to savepoints.
    pub preferred: u64,
    /// A cancel with a savepoint, or a stop, was refused.
    pub refused_exit: u64,
}

impl Operations {
    /// Takes in what happened. `history` knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are no operations")]
    pub(super) fn observe(&mut self, entry: &Entry, history: &History, scenario: &Scenario) {
        match &entry.event {
            TraceEvent::StepTaken { step } => {
                let step = usize::try_from(*step).ok().and_then(|step| scenario.steps.get(step));
                let Some(step) = step else { return };
                self.listed |= u64::from(matches!(step.action, Action::List));
                self.aside |= u64::from(step.to.is_some());
            }
            TraceEvent::StepRefused { step, .. } => {
                let step = usize::try_from(*step).ok().and_then(|step| scenario.steps.get(step));
                let is_exit = step.is_some_and(|step| {
                    matches!(
                        step.action,
                        Action::Stop { .. } | Action::Cancel { with_savepoint: Some(_), .. }
                    )
                });
                self.refused_exit |= u64::from(is_exit);
            }
            TraceEvent::JobSubmitted { run, from: Some(from) } => {
                let others = history.starts.iter().enumerate();
                let mut others = others.filter(|(other, _)| *other != run.index());
                self.forked |= u64::from(others.any(|(_, start)| start.as_ref() == Some(from)));
                let job = history.run(*run).map(|run| run.cast.job);
                let prefers =
                    job.is_some_and(|job| scenario.jobs[job].checkpoint.prefer_checkpoint);
                self.preferred |= u64::from(prefers);
            }
            TraceEvent::JobSubmitted { run, from: None } => {
                let job = history.run(*run).map(|run| run.cast.job);
                let prefers =
                    job.is_some_and(|job| scenario.jobs[job].checkpoint.prefer_checkpoint);
                self.preferred |= u64::from(prefers);
            }
            _ => {}
        }
    }

    /// Adds the counts of other worlds.
    pub const fn add(&mut self, other: &Self) {
        self.listed += other.listed;
        self.aside += other.aside;
        self.forked += other.forked;
        self.preferred += other.preferred;
        self.refused_exit += other.refused_exit;
    }

    /// What each count is called.
    pub const fn rows(&self) -> [(&'static str, u64); 5] {
        [
            ("listed jobs", self.listed),
            ("took savepoints to a directory of their own", self.aside),
            ("forked jobs from one snapshot", self.forked),
            ("preferred checkpoints to savepoints for recovery", self.preferred),
            ("asked in vain to stop or cancel with a savepoint", self.refused_exit),
        ]
    }
}
