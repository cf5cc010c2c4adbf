//! Steps that are tried again, as a patient client would, and when even that gives up.
//!
//! What can never be granted is given up, and is a refusal then. Where the scenario says `until`, the client asks for the rest
//! until then. Elsewhere nobody must wait for ever.

use crate::cluster::script::{At, QUIET, Script};
use crate::cluster::world::World;
use crate::kernel::{SimTime, to_index};
use crate::scenario::Scenario;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The steps that were refused and are going to be tried again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retries {
    /// Which are on the agenda.
    due: BTreeSet<usize>,
    /// Why each was refused the last time.
    why: BTreeMap<usize, Arc<str>>,
    /// How many refusals there were.
    refused: u64,
    /// Since when nothing else happens, and how much had happened by then.
    resting: Option<(u64, SimTime)>,
}

impl Retries {
    /// Why a step was refused that is going to be tried again.
    pub(super) fn refusal(&self, step: usize) -> Option<Arc<str>> {
        self.why.get(&step).map(Arc::clone)
    }

    /// Whether nothing has happened for so long but that steps were refused. `is_alone` says whether nothing else is on the
    /// way now, and `activity` how much has happened.
    fn is_at_rest(&mut self, is_alone: bool, activity: u64, now: SimTime, enough: SimTime) -> bool {
        let happened = activity.saturating_sub(self.refused);
        let since = match self.resting {
            Some((before, since)) if is_alone && before == happened => since,
            Some(_) | None => now,
        };
        self.resting = is_alone.then_some((happened, since));
        is_alone && now.since(since) >= enough
    }
}

impl Script {
    /// A step is carried out that may have been tried before.
    pub(crate) fn on_step(&mut self, step: usize) {
        assert!(self.due > 0, "step {step} is taken and was never due");
        self.due -= 1;
        self.retries.due.remove(&step);
    }

    /// Whether a step asks something of a job that no step will run again.
    fn asks_in_vain(&self, scenario: &Scenario, job: &str) -> bool {
        let mut steps = (0..).zip(&scenario.steps).zip(&self.done);
        !steps
            .any(|((other, step), done)| step.action.runs(job) && !done && !self.is_refused(other))
    }
}

impl World {
    /// A step was refused. It is tried again if it is to be, unless that is in vain.
    pub(crate) fn refuse(&mut self, step: u32, why: Arc<str>) {
        let index = to_index(step);
        let Some(after) = self.scenario.steps[index].retry else {
            self.script.refusals.push((At::Step(step), why));
            return;
        };
        self.script.retries.refused += 1;
        let may_rest = self.scenario.until.is_none();
        if is_final(self, index) || (may_rest && is_at_rest(self)) {
            self.script.refusals.push((At::Step(step), why));
            self.watch_for_quiet();
            return;
        }
        self.script.retries.why.insert(index, why);
        let is_new = self.script.retries.due.insert(index);
        assert!(is_new, "step {step} is tried again twice at once");
        let at = self.journal.now.plus(after);
        self.script.schedule(index, at, &mut self.journal);
    }
}

/// Whether a step asks something of a job that is over and that no step will run again.
fn is_final(world: &World, step: usize) -> bool {
    let job = world.scenario.steps[step].action.asked();
    let is_over = |job: &&str| world.leaders.live_run(job).is_err();
    job.filter(is_over).is_some_and(|job| world.script.asks_in_vain(&world.scenario, job))
}

/// Whether nothing has happened for long but that steps were refused, and nothing else is going to: no step is left but
/// those, and jobs are over or read nothing, or nothing at all is on the agenda.
fn is_at_rest(world: &mut World) -> bool {
    let due = world.script.retries.due.len();
    let is_last = u32::try_from(due) == Ok(world.script.due);
    let is_alone = is_last && (world.rests() || world.journal.agenda.len() == due);
    let spans = world.scenario.steps.iter().filter_map(|step| step.retry);
    // Twice the longest span: every step has been tried again by then.
    let enough = spans.max().unwrap_or_default().times(2).max(QUIET);
    let (activity, now) = (world.ending.activity, world.journal.now);
    world.script.retries.is_at_rest(is_alone, activity, now, enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_rests_once_nothing_but_refusals_has_happened_for_long_enough() {
        let mut retries = Retries::default();
        let second = SimTime::from_secs;
        let mut rests = |is_alone, activity, at| {
            retries.refused += 1;
            retries.is_at_rest(is_alone, activity, second(at), second(10))
        };
        assert!(!rests(true, 5, 0));
        assert!(rests(true, 6, 10), "only a refusal came");
        assert!(!rests(true, 8, 20), "something else happened");
        assert!(!rests(false, 9, 40), "something else is on the way");
        assert!(!rests(true, 10, 60), "it is counted from when it was alone again");
        assert!(rests(true, 11, 70));
    }
}
