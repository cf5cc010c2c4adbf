//! What users did in a world, among what is not done in every world.

use super::counters::counters;
use super::history::History;
use crate::scenario::{Action, Cancel, Scenario};
use crate::trace::{Entry, JobEvent, TraceEvent, WorldEvent};

counters! {
    /// Counts of worlds in which users did so; of one world each is 0 or 1.
    Operations {
        /// Jobs were listed.
        listed = "listed jobs",
        /// A savepoint went to a directory of its own.
        aside = "took savepoints to a directory of their own",
        /// Two runs started from one snapshot.
        forked = "forked jobs from one snapshot",
        /// A job was to go back to checkpoints rather than to savepoints.
        preferred = "preferred checkpoints to savepoints for recovery",
        /// A cancel with a savepoint, or a stop, was refused.
        refused_exit = "asked in vain to stop or cancel with a savepoint",
    }
}

impl Operations {
    /// Takes in what happened. `history` knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are no operations")]
    pub(super) fn observe(&mut self, entry: &Entry, history: &History, scenario: &Scenario) {
        match &entry.event {
            TraceEvent::World(WorldEvent::StepTaken { step }) => {
                let step = usize::try_from(*step).ok().and_then(|step| scenario.steps.get(step));
                let Some(step) = step else { return };
                self.listed |= u64::from(matches!(step.action, Action::List));
                self.aside |= u64::from(step.action.target().is_some());
            }
            TraceEvent::World(WorldEvent::StepRefused { step, .. }) => {
                let step = usize::try_from(*step).ok().and_then(|step| scenario.steps.get(step));
                let is_exit = step.is_some_and(|step| {
                    matches!(
                        step.action,
                        Action::Stop(_) | Action::Cancel(Cancel { with_savepoint: Some(_), .. })
                    )
                });
                self.refused_exit |= u64::from(is_exit);
            }
            TraceEvent::Job(run, JobEvent::Submitted { from: Some(from) }) => {
                let others = history.starts.iter().enumerate();
                let mut others = others.filter(|(other, _)| *other != run.index());
                self.forked |= u64::from(others.any(|(_, start)| start.as_ref() == Some(from)));
                let job = history.run(*run).map(|run| run.layout.job);
                let prefers =
                    job.is_some_and(|job| scenario.jobs[job].checkpoint.prefer_checkpoint);
                self.preferred |= u64::from(prefers);
            }
            TraceEvent::Job(run, JobEvent::Submitted { from: None }) => {
                let job = history.run(*run).map(|run| run.layout.job);
                let prefers =
                    job.is_some_and(|job| scenario.jobs[job].checkpoint.prefer_checkpoint);
                self.preferred |= u64::from(prefers);
            }
            _ => {}
        }
    }
}
