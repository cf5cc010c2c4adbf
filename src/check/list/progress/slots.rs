//! Whoever is to be deployed is, where there are slots for all.

use super::{End, Past};
use crate::check::history::RunStory;
use crate::job::RunId;
use crate::kernel::SimTime;
use crate::trace::{Entry, JobEvent, TaskEvent, TraceEvent, WorldEvent};
use std::collections::BTreeMap;

/// Follows who waits for slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// Since when runs have been about to be deployed.
    awaiting: BTreeMap<RunId, SimTime>,
    /// When a machine went or came last, or a job gave its slots back.
    changed: Option<SimTime>,
}

impl Slots {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nobody takes or gives slots in the others")]
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) {
        match &entry.event {
            TraceEvent::Job(
                run,
                JobEvent::AttemptStarted { .. } | JobEvent::RegionRestarted { .. },
            ) => {
                self.awaiting.insert(*run, entry.at);
            }
            TraceEvent::Task(task, _, TaskEvent::Deployed { .. }) => {
                self.awaiting.remove(&past.history.run_of(*task));
            }
            TraceEvent::Job(run, JobEvent::StatusChanged { .. })
                if past.run(*run).is_some_and(|story| story.status.is_terminal()) =>
            {
                self.changed = Some(entry.at);
                self.awaiting.remove(run);
            }
            TraceEvent::World(
                WorldEvent::FaultInjected { .. } | WorldEvent::TaskManagerLost { .. },
            ) => {
                self.changed = Some(entry.at);
            }
            _ => {}
        }
    }

    /// Who waits in the end although there are slots for all, in words. What died has been replaced by then.
    pub(super) fn awaited(&self, end: &End<'_>, is_cut_off: bool) -> Vec<String> {
        let cluster = &end.past.setup.scenario.cluster;
        let there = u32::from(cluster.task_managers) * u32::from(cluster.slots);
        let runs = end.past.history.runs.iter().flatten();
        let at_work = |run: &&RunStory| !run.status.is_terminal();
        let needed: u32 = runs.filter(at_work).map(|run| run.layout.plan.slots()).sum();
        let settled = self.changed.map(|changed| changed.plus(cluster.replaced_after));
        let settled = settled.unwrap_or_default();
        if is_cut_off || needed > there || end.world.ended <= settled {
            return Vec::new();
        }
        let waits = self.awaiting.iter().filter_map(|(run, since)| {
            let story = end.past.run(*run)?;
            let took = end.world.ended.since(settled.max(*since));
            (took > SimTime::ZERO).then(|| {
                let (label, took) = (&story.layout.label, took.in_millis());
                format!("{label} waits for slots for {took}, and {there} are there of {needed} that are needed")
            })
        });
        waits.collect()
    }
}
