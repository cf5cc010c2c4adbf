//! What people call the runs, tasks, channels and sinks of a trace.

use super::columns::columns;
use super::words::step_in_words;
use crate::job::{ChannelId, ExternalId, Layouts, OperatorId, Origin, RunId, TaskId};
use crate::scenario::Scenario;
use crate::trace::Trace;

/// The names of one world.
#[derive(Clone, Debug)]
pub struct Names {
    layouts: Layouts,
    sinks: Vec<String>,
    inputs: Vec<String>,
    steps: Vec<String>,
}

impl Names {
    /// The names in a trace of this scenario; `sinks` by `ExternalId`.
    pub fn new(trace: &Trace, scenario: &Scenario, sinks: Vec<String>) -> Self {
        Self {
            layouts: trace.layouts.clone(),
            sinks,
            inputs: scenario.inputs.iter().map(|input| input.name.clone()).collect(),
            steps: scenario.steps.iter().map(step_in_words).collect(),
        }
    }

    /// No names: every id is `?`.
    #[cfg(test)]
    pub(super) fn of_nothing() -> Self {
        let layouts = Layouts::default();
        Self { layouts, sinks: Vec::new(), inputs: Vec::new(), steps: Vec::new() }
    }

    /// `count#0`.
    pub fn run(&self, run: RunId) -> String {
        self.layouts.get(run).map_or("?", |layout| &layout.label).to_owned()
    }

    /// The run that a task belongs to.
    pub fn run_of(&self, task: TaskId) -> Option<RunId> {
        self.layouts.of_task(task).map(|layout| layout.run)
    }

    /// `counts/1`.
    pub fn task(&self, task: TaskId) -> String {
        let layout = self.layouts.of_task(task);
        layout.map_or_else(|| "?".to_owned(), |layout| layout.task_name(task))
    }

    /// The task that a channel comes from: `lines/0`.
    pub(super) fn sender(&self, channel: ChannelId) -> String {
        self.end(channel, |(sender, _)| sender)
    }

    /// The task that a channel goes to.
    pub(super) fn receiver(&self, channel: ChannelId) -> String {
        self.end(channel, |(_, receiver)| receiver)
    }

    fn end(&self, channel: ChannelId, of: impl Fn((TaskId, TaskId)) -> TaskId) -> String {
        let layout = self.layouts.of_channel(channel);
        layout.map_or_else(|| "?".to_owned(), |layout| layout.task_name(of(layout.ends(channel))))
    }

    /// The operator's name in this run, or its id if the run has none of that id.
    pub(super) fn operator(&self, run: RunId, id: OperatorId) -> String {
        let name = self.layouts.get(run).and_then(|layout| layout.name_of_id(id));
        name.map_or_else(|| id.to_string(), str::to_owned)
    }

    /// The name of an operator of a task's chain.
    pub(super) fn operator_of(&self, task: TaskId, id: OperatorId) -> String {
        self.run_of(task).map_or_else(|| id.to_string(), |run| self.operator(run, id))
    }

    pub(super) fn sink(&self, sink: ExternalId) -> String {
        self.sinks.get(sink.index()).map_or("?", String::as_str).to_owned()
    }

    /// An entry of an input: `lines[0]#5`.
    pub(super) fn place(&self, origin: Origin) -> String {
        format!("{}[{}]#{}", self.input(origin.input.into()), origin.partition, origin.offset)
    }

    /// The names of the sinks, by `ExternalId`.
    pub(super) fn sinks(&self) -> &[String] {
        &self.sinks
    }

    /// Which input has this name.
    pub fn input_called(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|input| input == name)
    }

    /// The names of the inputs.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
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
        let runs = self.layouts.iter().map(|layout| columns(&layout.label));
        let tasks = self
            .layouts
            .iter()
            .flat_map(|layout| layout.tasks().map(|task| columns(&layout.task_name(task))));
        let tasks = tasks.chain(self.sinks.iter().map(|sink| columns(sink)));
        (runs.max().unwrap_or(0), tasks.max().unwrap_or(0).max("coordinator".len()))
    }
}
