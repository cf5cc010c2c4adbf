//! What people call the runs, tasks, channels and sinks of a trace.

use super::words::step_in_words;
use crate::job::{ChannelId, ExternalId, OperatorId, RunId, TaskId};
use crate::scenario::Scenario;
use crate::trace::{Cast, Trace};
use std::sync::Arc;

/// The names of one world.
#[derive(Clone, Debug)]
pub struct Names {
    cast: Vec<Arc<Cast>>,
    sinks: Vec<String>,
    inputs: Vec<String>,
    steps: Vec<String>,
}

impl Names {
    /// The names in a trace of this scenario; `sinks` by `ExternalId`.
    pub fn new(trace: &Trace, scenario: &Scenario, sinks: Vec<String>) -> Self {
        Self {
            cast: trace.cast.clone(),
            sinks,
            inputs: scenario.inputs.iter().map(|input| input.name.clone()).collect(),
            steps: scenario.steps.iter().map(step_in_words).collect(),
        }
    }

    /// No names: every id is `?`.
    #[cfg(test)]
    pub(super) const fn of_nothing() -> Self {
        Self { cast: Vec::new(), sinks: Vec::new(), inputs: Vec::new(), steps: Vec::new() }
    }

    /// `count#0`.
    pub fn run(&self, run: RunId) -> String {
        self.cast.get(run.index()).map_or_else(|| "?".to_owned(), |cast| cast.label.clone())
    }

    /// The run that a task belongs to.
    pub fn run_of(&self, task: TaskId) -> Option<RunId> {
        self.cast_of(task).map(|cast| cast.run)
    }

    /// `counts/1`.
    pub fn task(&self, task: TaskId) -> String {
        self.cast_of(task).map_or_else(|| "?".to_owned(), |cast| cast.task_name(task))
    }

    /// The task that a channel comes from: `lines/0`.
    pub(super) fn sender(&self, channel: ChannelId) -> String {
        let owner = self.cast.iter().find(|cast| {
            (cast.first_channel..cast.first_channel + cast.plan.channels.len())
                .contains(&channel.index())
        });
        owner.map_or_else(
            || "?".to_owned(),
            |cast| {
                let ends = &cast.plan.channels[channel.index() - cast.first_channel];
                cast.task_name(TaskId::new(cast.first_task + ends.from.index()))
            },
        )
    }

    /// The operator's name in this run, or its id if the run has none of that id.
    pub(super) fn operator(&self, run: RunId, id: OperatorId) -> String {
        let plan = self.cast.get(run.index()).map(|cast| &cast.plan);
        let found = plan.and_then(|plan| Some((plan, plan.operator_with_id(id)?)));
        found.map_or_else(
            || id.to_string(),
            |(plan, place)| plan.graph.operators[place.index()].name.clone(),
        )
    }

    /// The name of an operator of a task's chain.
    pub(super) fn operator_of(&self, task: TaskId, id: OperatorId) -> String {
        self.run_of(task).map_or_else(|| id.to_string(), |run| self.operator(run, id))
    }

    pub(super) fn sink(&self, sink: ExternalId) -> String {
        self.sinks.get(sink.index()).map_or("?", String::as_str).to_owned()
    }

    pub(super) fn input(&self, input: usize) -> &str {
        self.inputs.get(input).map_or("?", String::as_str)
    }

    pub(super) fn step(&self, step: u32) -> String {
        let place = usize::try_from(step).unwrap_or(usize::MAX);
        self.steps.get(place).map_or("run the first job", String::as_str).to_owned()
    }

    /// How wide the names of runs are at most, and how wide those of tasks and sinks.
    pub(super) fn widths(&self) -> (usize, usize) {
        let runs = self.cast.iter().map(|cast| cast.label.len());
        let tasks = self.cast.iter().flat_map(|cast| {
            (0..cast.plan.tasks.len())
                .map(|task| cast.task_name(TaskId::new(cast.first_task + task)).len())
        });
        let tasks = tasks.chain(self.sinks.iter().map(String::len));
        (runs.max().unwrap_or(0), tasks.max().unwrap_or(0).max("coordinator".len()))
    }

    fn cast_of(&self, task: TaskId) -> Option<&Arc<Cast>> {
        self.cast.iter().find(|cast| {
            (cast.first_task..cast.first_task + cast.plan.tasks.len()).contains(&task.index())
        })
    }
}
