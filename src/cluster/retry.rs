//! Steps that are tried again, as a patient client would, and when even that gives up.
//!
//! Where the scenario says `until`, the client asks until then. Elsewhere nobody must wait for ever: what can never be
//! granted is given up, and is a refusal then.

use super::outcome::At;
use super::steps::QUIET;
use super::world::World;
use crate::kernel::{Agenda, SimTime, to_index};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The steps that were refused and are going to be tried again.
#[derive(Clone, Debug, Default)]
pub(super) struct Retries {
    /// Which are on the agenda.
    due: BTreeSet<usize>,
    /// How many refusals there were.
    refused: u64,
    /// Since when nothing else happens, and how much had happened by then.
    resting: Option<(u64, SimTime)>,
}

impl Retries {
    /// A step is carried out that may have been tried before.
    pub(super) fn on_step(&mut self, step: usize) {
        self.due.remove(&step);
    }
}

impl World {
    /// A step was refused. It is tried again if it is to be, unless that is in vain.
    pub(super) fn refuse(&mut self, step: u32, why: Arc<str>, agenda: &mut Agenda) {
        let index = to_index(step);
        let Some(after) = self.scenario.steps[index].retry else {
            self.refusals.push((At::Step(step), why));
            return;
        };
        self.retries.refused += 1;
        if self.scenario.until.is_none() && (self.is_final(index) || self.is_at_rest(agenda)) {
            self.refusals.push((At::Step(step), why));
            self.watch_for_quiet(agenda);
            return;
        }
        self.retries.due.insert(index);
        self.schedule_step(index, self.now.plus(after), agenda);
    }

    /// Whether a step asks something of a job that is over and that no step will run again.
    fn is_final(&self, step: usize) -> bool {
        let Some(job) = self.scenario.steps[step].action.asked() else { return false };
        let is_refused = |step| self.refusals.iter().any(|(other, _)| *other == At::Step(step));
        let mut steps = (0..).zip(&self.scenario.steps).zip(&self.steps_done);
        let is_run_again =
            steps.any(|((other, step), done)| step.action.runs(job) && !done && !is_refused(other));
        !is_run_again && self.live_run(job).is_err()
    }

    /// Whether nothing has happened for long but that steps were refused, and nothing else is going to: no step is left but
    /// those, and jobs are over or read nothing, or nothing at all is on the agenda.
    fn is_at_rest(&mut self, agenda: &Agenda) -> bool {
        let due = self.retries.due.len();
        let is_alone =
            u32::try_from(due) == Ok(self.steps_due) && (self.rests() || agenda.len() == due);
        let happened = self.activity.saturating_sub(self.retries.refused);
        let since = match self.retries.resting {
            Some((before, since)) if is_alone && before == happened => since,
            Some(_) | None => self.now,
        };
        self.retries.resting = is_alone.then_some((happened, since));
        let spans = self.scenario.steps.iter().filter_map(|step| step.retry);
        // Twice the longest span: every step has been tried again by then.
        let enough = spans.max().unwrap_or_default().times(2).max(QUIET);
        is_alone && self.now.since(since) >= enough
    }
}
