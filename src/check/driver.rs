//! Follows a trace on behalf of all checks, and gathers their verdict.

use super::history::History;
use super::list::List;
use super::noticed::Noticed;
use super::observer::End;
use super::output::Outputs;
use super::past::Past;
use super::promises::Excuses;
use super::setup::{CheckSetup, EndOfWorld};
use super::verdict::{Findings, Verdict};
use super::{exercised, sometimes};
use crate::job::RunLayout;
use crate::trace::{Entry, Sometimes, TraceSink};
use std::sync::Arc;

/// All checks, as a sink of a trace. Wants no records.
#[derive(Clone)]
pub struct Checks {
    pub(super) setup: CheckSetup,
    pub(super) history: History,
    list: List,
    excuses: Excuses,
    noticed: Noticed,
    found: Findings,
    last_entry: u64,
}

impl Checks {
    /// Checks for one world. Panics if the scenario has other inputs than are given.
    pub fn new(setup: CheckSetup) -> Self {
        let inputs = &setup.scenario.inputs;
        assert_eq!(inputs.len(), setup.inputs.len(), "every input of a scenario has a log");
        let mut found = Findings::default();
        (found.coverage.worlds, found.coverage.ended_before_first_checkpoint) = (1, 1);
        Self {
            history: History::of(&setup.scenario),
            list: List::of(&setup),
            excuses: Excuses::default(),
            noticed: Noticed::default(),
            found,
            last_entry: 0,
            setup,
        }
    }

    /// The same, of a world that was cut off: what its sinks wrote is not compared.
    #[must_use]
    pub fn without_output(mut self) -> Self {
        self.setup.with_output = false;
        self
    }

    /// Judges the world, now that it is over.
    pub fn finish(mut self, world: &EndOfWorld<'_>) -> Verdict {
        let mut found = self.found;
        let past = Past { history: &self.history, setup: &self.setup };
        let (last_entry, outputs) = (self.last_entry, Outputs::new(past, world));
        let end = End { past, world, last_entry, outputs };
        self.list.finish(&end, &mut found);
        let noticed = self.noticed.finish(&end);
        if world.had_backpressure {
            found.sometimes.insert(Sometimes::Backpressure);
        }
        found.skip_where_nothing_was_compared();
        found.coverage.count_sinks(found.sinks.values());
        exercised::count_configured(past, &mut found);
        Verdict {
            checks: found.checks(),
            sinks: found.sinks.into_iter().collect(),
            noticed,
            sometimes: found.sometimes,
            coverage: found.coverage,
            excuses: self.excuses.broken(past),
        }
    }
}

impl TraceSink for Checks {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.history.on_run(layout, &self.setup.catalogue);
        self.found.coverage.operators.observe(&layout.plan, &self.setup.catalogue);
    }

    fn on_entry(&mut self, entry: &Entry) {
        self.last_entry = entry.number.entry;
        self.history.observe(entry, &self.setup.scenario);
        let past = Past { history: &self.history, setup: &self.setup };
        self.list.observe(entry, past, &mut self.found);
        self.excuses.observe(entry, past);
        self.noticed.observe(entry, past);
        exercised::observe(entry, past, &mut self.found);
        sometimes::observe(entry, past.history, &mut self.found.sometimes);
    }
}
