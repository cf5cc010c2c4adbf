//! The script: the steps of a scenario, when they are due, and what waits to go wrong because of them.

pub(crate) mod faults;
pub(crate) mod milestones;
mod requests;
pub(crate) mod retry;
pub(crate) mod steps;
pub(crate) mod user_code;

use crate::cluster::control::Control;
use crate::cluster::journal::Journal;
use crate::kernel::{SimTime, to_index};
use crate::scenario::Scenario;
use milestones::Milestones;
use requests::Requests;
use retry::Retries;
use std::collections::BTreeMap;
use std::sync::Arc;
use user_code::Waiting;

/// How long a world goes on whose sources all wait for ever, where the scenario does not say `until`, in virtual time: enough
/// for any milestone that the idle job can still reach.
pub(crate) const QUIET: SimTime = SimTime::from_secs(60);

/// When a request of the scenario is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum At {
    /// At the start: the submission of the first job.
    Start,
    /// In a step, by position in the scenario.
    Step(u32),
}

/// Why a step was never taken, though nobody refused it for good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NeverTaken {
    /// Its milestone never came.
    NoMilestone,
    /// The world ended before its time.
    EndedBefore,
    /// It was refused each time it was tried, and why the last time.
    NeverGranted(Arc<str>),
}

/// The steps of a scenario on their way.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Steps on the agenda that have not been carried out.
    pub(crate) due: u32,
    /// Steps that have been carried out or refused.
    pub(crate) done: Vec<bool>,
    pub(crate) refusals: Vec<(At, Arc<str>)>,
    /// What was asked of jobs.
    pub(crate) requests: Requests,
    retries: Retries,
    pub(crate) milestones: Milestones,
    /// Failures of user code that wait for a record or an upload.
    pub(crate) failing: Vec<Waiting>,
}

impl Script {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self {
            due: 0,
            done: vec![false; scenario.steps.len()],
            refusals: Vec::new(),
            requests: Requests::default(),
            retries: Retries::default(),
            milestones: Milestones::of(scenario),
            failing: Vec::new(),
        }
    }

    /// Puts a step on the agenda.
    pub(crate) fn schedule(&mut self, step: usize, at: SimTime, journal: &mut Journal) {
        assert!(step < self.done.len(), "step {step} of {} is put on the agenda", self.done.len());
        self.due += 1;
        journal.schedule(at, Control::Step(step));
    }

    /// Whether a step was refused for good.
    pub(crate) fn is_refused(&self, step: u32) -> bool {
        self.refusals.iter().any(|(other, _)| *other == At::Step(step))
    }

    /// Steps whose moment never came, and why.
    pub(crate) fn never(&self) -> BTreeMap<u32, NeverTaken> {
        let steps = (0..).zip(&self.done);
        let never = steps.filter(|(step, done)| !**done && !self.is_refused(*step));
        let why = |step| match self.retries.refusal(to_index(step)) {
            Some(why) => NeverTaken::NeverGranted(why),
            None if self.milestones.is_awaited_by(to_index(step)) => NeverTaken::NoMilestone,
            None => NeverTaken::EndedBefore,
        };
        never.map(|(step, _)| (step, why(step))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::copy_job;

    #[test]
    fn a_step_never_came_that_was_neither_done_nor_refused() {
        let never = |script: &Script| script.never().into_keys().collect::<Vec<_>>();
        let mut script = Script::of(&copy_job().0);
        let mut journal = Journal::default();
        script.schedule(0, SimTime::ZERO, &mut journal);
        assert_eq!((script.due, never(&script)), (1, vec![0, 1]));
        script.on_step(0);
        script.done[0] = true;
        assert_eq!((script.due, never(&script)), (0, vec![1]));
        script.refusals.push((At::Step(1), "no".into()));
        assert!(script.never().is_empty());
    }
}
