//! How a world ends: what it may still use up, how much has happened, and why it came to no good end.

use crate::cluster::stall::Stall;
use crate::cluster::user_panic::UserPanic;
use crate::job::{Attempt, CheckpointId, TaskId};
use crate::operator::Log;
use crate::scenario::Scenario;
use std::sync::Arc;

/// So many values of one event count as that event.
const FEW_VALUES: usize = 1024;
/// How many events are played between two looks at the memory.
const LOOK_EVERY: u64 = 4096;

/// Whether the world is over, and what ends it.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// Counts everything that is progress; a world where it stands still is quiet.
    pub(crate) activity: u64,
    pub(crate) is_over: bool,
    pub(crate) until_reached: bool,
    pub(crate) spending: Spending,
    /// Tasks that held channels back for a checkpoint of which they knew that it was off.
    pub(crate) held_for_nothing: Vec<(TaskId, Attempt, CheckpointId)>,
    /// Why it came to no good end.
    pub(crate) stall: Option<Stall>,
    /// The panic of the user's own code that ended it.
    pub(crate) panicked: Option<UserPanic>,
}

impl Ending {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self {
            activity: 0,
            is_over: false,
            until_reached: false,
            spending: Spending::of(scenario),
            held_for_nothing: Vec::new(),
            stall: None,
            panicked: None,
        }
    }

    /// The world ends, and for no good reason.
    pub(crate) fn stall(&mut self, why: Stall) {
        self.stall = Some(why);
        self.is_over = true;
    }
}

/// What a world may still use up.
#[derive(Clone, Debug)]
pub(crate) struct Spending {
    /// Events that are played before the next look.
    pub(crate) until_look: u64,
    /// Events that will have been played by then.
    pub(crate) played: u64,
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) restarts: u32,
    /// What the trace has been told of channels, at each snapshot again.
    pub(crate) marks: u64,
    /// Whether the inputs have been weighed.
    has_weighed: bool,
}

impl Spending {
    /// As the scenario says, or as for one without inputs: they are weighed once that is used up.
    fn of(scenario: &Scenario) -> Self {
        let events = scenario.budget.events(scenario, 0, 0);
        let bytes = scenario.budget.bytes(events);
        let first = events.min(LOOK_EVERY);
        let restarts = scenario.budget.restarts(scenario);
        let (until_look, played, has_weighed) = (first, first, false);
        Self { until_look, played, events, bytes, restarts, marks: 0, has_weighed }
    }

    /// Weighs the inputs once the budget is used up: it grows with them.
    pub(crate) fn weigh(&mut self, used: u64, scenario: &Scenario, inputs: &[Arc<Log>]) {
        let is_spent = self.played >= self.events || used >= self.bytes;
        if self.has_weighed || !is_spent {
            return;
        }
        let sizes = inputs.iter().map(|log| log.size());
        let (entries, bytes) = sizes.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        let before = self.events;
        self.events = scenario.budget.events(scenario, entries, bytes);
        assert!(
            self.events >= before,
            "inputs cost a world {before} events, not bring {}",
            self.events
        );
        self.bytes = scenario.budget.bytes(self.events);
        self.has_weighed = true;
    }

    /// The world goes on until the next look.
    pub(crate) fn go_on(&mut self) {
        assert!(
            self.played < self.events,
            "a world goes on that has used up {} events",
            self.events
        );
        let more = (self.events - self.played).min(LOOK_EVERY);
        (self.until_look, self.played) = (more, self.played + more);
    }

    /// Counts what is told of so many channels.
    pub(crate) fn count_marks(&mut self, marks: usize) {
        self.marks += u64::try_from(marks).expect("usize fits in 64 bits");
    }

    /// Counts what one event came to as so many, if it is more than a few.
    pub(crate) fn charge(&mut self, values: usize) {
        if values > FEW_VALUES {
            let values = u64::try_from(values).expect("usize fits in 64 bits");
            (self.played, self.until_look) = (self.played.saturating_add(values), 1);
        }
    }

    /// Counts an event. Whether it is time for a look.
    #[inline]
    pub(crate) const fn count(&mut self) -> bool {
        debug_assert!(self.until_look > 0, "nobody looked at what was used up");
        self.until_look -= 1;
        self.until_look == 0
    }
}
