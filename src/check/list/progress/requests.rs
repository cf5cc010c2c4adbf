//! Whoever asks a job for a snapshot is answered, once.

use super::RunWatch;
use crate::check::observer::End;
use crate::job::RunId;
use crate::kernel::SimTime;
use crate::scenario::Action;
use std::collections::BTreeMap;

/// When runs were restarted: nobody is left waiting then.
#[derive(Clone, Debug, Default)]
pub(super) struct Restarts(Vec<(RunId, SimTime)>);

impl Restarts {
    pub(super) fn note(&mut self, run: RunId, now: SimTime) {
        self.0.push((run, now));
    }

    /// Requests that were not answered, or not in time, or more than once.
    pub(super) fn unanswered(
        &self,
        watches: &BTreeMap<RunId, RunWatch>,
        end: &End<'_>,
    ) -> Vec<String> {
        let mut texts = Vec::new();
        for request in &end.world.leftovers.requests {
            let Some(step) = end.past.setup.step(request.step) else { continue };
            let Some(job) = step.action.asked() else { continue };
            let what = format!("what step {} asks of `{job}`", request.step);
            if request.answers > 1 {
                texts.push(format!("{what} was answered {} times", request.answers));
            }
            let mut runs = end.past.history.runs.iter().flatten().rev();
            // Which run it was made of is known only where there is one.
            let Some(run) = runs.find(|run| run.layout.job_name() == job) else { continue };
            let rules = end.past.history.rules.rules_of(run.layout.run);
            if !rules.declined_savepoints_answered {
                continue;
            }
            let is_only = !runs.any(|run| run.layout.job_name() == job);
            let id = run.layout.run;
            let until = request.answered.unwrap_or(SimTime::MAX);
            let stays = matches!(step.action, Action::Stop(_));
            let mut outlived =
                self.0.iter().filter(|(run, at)| *run == id && request.asked < *at && *at < until);
            if is_only && !stays && outlived.next().is_some() {
                texts
                    .push(format!("{what} was neither granted nor refused when the job restarted"));
            } else if is_only && request.answered.is_none() && run.status.is_terminal() {
                texts.push(format!("{what} was never answered, and the job is {}", run.status));
            } else if is_only && request.answered.is_none() {
                let late = watches.get(&id).and_then(|watch| watch.owes_answer(request.asked, end));
                texts.extend(late.map(|took| {
                    format!("{what} was not answered for {took}, and nothing went wrong")
                }));
            }
        }
        texts
    }
}
