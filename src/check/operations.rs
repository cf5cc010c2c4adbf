//! What users did in a world, among what is not done in every world.

use super::counters::counters;
use super::past::Past;
use crate::scenario::{Action, Cancel};
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
    /// Takes in what happened. The history knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are no operations")]
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) {
        match &entry.event {
            TraceEvent::World(WorldEvent::StepTaken { step }) => {
                let Some(step) = past.setup.step(*step) else { return };
                self.listed |= u64::from(matches!(step.action, Action::List));
                self.aside |= u64::from(step.action.target().is_some());
            }
            TraceEvent::World(WorldEvent::StepRefused { step, .. }) => {
                let is_exit = past.setup.step(*step).is_some_and(|step| {
                    matches!(
                        step.action,
                        Action::Stop(_) | Action::Cancel(Cancel { with_savepoint: Some(_), .. })
                    )
                });
                self.refused_exit |= u64::from(is_exit);
            }
            TraceEvent::Job(run, JobEvent::Submitted { from }) => {
                let mut others = past.history.starts.iter().enumerate();
                let is_fork = from.is_some()
                    && others.any(|(other, start)| other != run.index() && start == from);
                self.forked |= u64::from(is_fork);
                self.preferred |= u64::from(past.prefers_checkpoints(*run));
            }
            _ => {}
        }
    }
}
