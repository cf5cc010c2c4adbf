//! What users asked jobs for: when, and when they were answered.

use crate::kernel::SimTime;
use crate::trace::Request;
use std::collections::BTreeMap;

/// The requests for snapshots, by step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests(BTreeMap<u32, Request>);

impl Requests {
    /// A job takes a request in, whatever it makes of it.
    pub(crate) fn ask(&mut self, step: u32, now: SimTime) {
        let before = self.0.get(&step).is_none_or(|before| before.asked <= now);
        assert!(before, "step {step} asks before it asked before");
        self.0.insert(step, Request { step, asked: now, answered: None, answers: 0 });
    }

    /// A job has answered.
    pub(crate) fn answer(&mut self, step: u32, now: SimTime) {
        if let Some(request) = self.0.get_mut(&step) {
            assert!(now >= request.asked, "step {step} was answered before it asked");
            (request.answered, request.answers) = (Some(now), request.answers + 1);
        }
    }

    /// In order of the steps.
    pub(crate) fn told(&self) -> Vec<Request> {
        self.0.values().copied().collect()
    }
}
