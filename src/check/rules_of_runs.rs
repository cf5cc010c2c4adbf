//! Which rules a run is to be judged by: those of the release that the cluster ran when it was submitted.
//!
//! Rules as they are meant: with what a scenario overrides, without what it breaks.

use crate::job::RunId;
use crate::kernel::to_index;
use crate::rules::{Release, Rules};
use crate::scenario::{Action, Scenario};
use crate::trace::{Entry, JobEvent, TraceEvent, WorldEvent};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rules that each run is judged by.
#[derive(Clone, Debug)]
pub(super) struct RulesOfRuns {
    now: Arc<Rules>,
    by_run: BTreeMap<RunId, Arc<Rules>>,
}

impl Default for RulesOfRuns {
    fn default() -> Self {
        Self { now: Arc::new(Release::default().rules()), by_run: BTreeMap::new() }
    }
}

impl RulesOfRuns {
    /// Of a world that begins under the release of its scenario.
    pub(super) fn of(scenario: &Scenario) -> Self {
        Self { now: Arc::new(scenario.rules_meant(scenario.flink)), by_run: BTreeMap::new() }
    }

    /// A step may upgrade the cluster; a run is one of its time.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events change no rules")]
    pub(super) fn observe(&mut self, entry: &Entry, scenario: &Scenario) {
        match &entry.event {
            TraceEvent::World(WorldEvent::StepTaken { step }) => {
                let step = to_index(*step);
                let action = scenario.steps.get(step).map(|step| &step.action);
                if let Some(Action::Upgrade(release)) = action {
                    self.now = Arc::new(scenario.rules_meant(*release));
                }
            }
            TraceEvent::Job(run, JobEvent::Submitted { .. }) => {
                self.by_run.insert(*run, Arc::clone(&self.now));
            }
            _ => {}
        }
    }

    /// The rules of a run; those of now for one that is not known.
    pub(super) fn rules_of(&self, run: RunId) -> &Rules {
        self.by_run.get(&run).unwrap_or(&self.now)
    }
}
