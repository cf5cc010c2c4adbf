//! What a world may use up before it is ended: events, memory, restarts that lead nowhere.

use super::Scenario;
use crate::job::{JobGraph, OperatorNode, Partitioner};

/// Limits that end a world as stalled. What is not said is as the size of the inputs and of the jobs suggests.
///
/// By default a world may play half a million events, and 20 more for each entry of its inputs and each four bytes of their
/// text, as often as there are operators to take it. It may use half a gigabyte, and 32 bytes more for each event above
/// that half million. A job may restart 100 times in a row without reading a record further or completing a checkpoint; as often as it
/// likes in a story that says `until`, which ends there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Budget {
    /// How many events are played at most, 1 to [`Budget::EVENTS_MAX`].
    pub events: Option<u64>,
    /// How much memory the world uses at most, in megabytes, 1 or more. It is estimated from what grows: entries of the
    /// trace, rows, and what is on its way.
    pub megabytes: Option<u32>,
    /// How often in a row a job restarts at most without reading a record further or completing a checkpoint, 1 or more.
    pub restarts: Option<u32>,
}

/// The events of a world without inputs.
const EVENTS: u64 = 500_000;
/// Events for each operator that an entry may come to: its way there, the read, and as many once more for each time that
/// a restart reads it again.
const EVENTS_A_VISIT: u64 = 20;
/// The memory of a world without inputs, in bytes.
const BYTES: u64 = 500_000_000;
/// What an event of a large input leaves behind, in bytes: rows and their copies in the reference.
const BYTES_AN_EVENT: u64 = 32;
/// The restarts of a job that comes no further.
const RESTARTS: u32 = 100;

impl Budget {
    /// More events than this cannot be numbered.
    pub const EVENTS_MAX: u64 = 1_000_000_000_000;

    /// How many events a world may play whose inputs have so many entries and bytes.
    pub fn events(&self, scenario: &Scenario, entries: u64, bytes: u64) -> u64 {
        let more = visits(scenario).saturating_mul(entries.saturating_add(bytes / 4));
        let events = EVENTS.saturating_add(more.saturating_mul(EVENTS_A_VISIT));
        self.events.unwrap_or(events).min(Self::EVENTS_MAX)
    }

    /// How many bytes such a world may use.
    pub fn bytes(&self, events: u64) -> u64 {
        let more = events.saturating_sub(EVENTS).saturating_mul(BYTES_AN_EVENT);
        let said = self.megabytes.map(|megabytes| u64::from(megabytes) * 1_000_000);
        said.unwrap_or(BYTES.saturating_add(more))
    }

    /// How often a job may restart in vain.
    pub fn restarts(&self, scenario: &Scenario) -> u32 {
        let usual = if scenario.until.is_some() { u32::MAX } else { RESTARTS };
        self.restarts.unwrap_or(usual)
    }
}

/// How many operators an entry may come to, in all runs that the story has.
fn visits(scenario: &Scenario) -> u64 {
    let visits = scenario.jobs.iter().map(|job| {
        let name = &job.graph.name;
        let runs = scenario.steps.iter().filter(|step| step.action.runs(name));
        let runs = u64::try_from(runs.count()).unwrap_or(u64::MAX);
        visits_of(&job.graph).saturating_mul(runs.saturating_add(1))
    });
    visits.fold(0, u64::saturating_add)
}

fn visits_of(graph: &JobGraph) -> u64 {
    let copies = |node: &OperatorNode| {
        let mut edges = node.inputs.iter();
        let is_broadcast = edges.any(|edge| edge.partitioner == Some(Partitioner::Broadcast));
        if is_broadcast { u64::from(node.parallelism) } else { 1 }
    };
    graph.operators.iter().map(copies).fold(0, u64::saturating_add)
}
