//! Where each run's tasks and channels stand among those of a whole world, and what they are called.
//!
//! The only place that turns an id of a run into one of the world, and back. Owns no plan and no state of a task.

use super::{
    ChannelId, LocalChannelId, LocalTaskId, OperatorId, OperatorIndex, Plan, PlanChannel, PlanTask,
    RunId, TaskId, Vertex,
};
use std::ops::Index;
use std::sync::Arc;

/// One submission of a job: which it is, its plan, and where its tasks and channels stand in the world's numbering.
/// Flink's nearest word is the execution graph.
#[derive(Clone, Debug)]
pub struct RunLayout {
    /// The run's number.
    pub run: RunId,
    /// `count#0`: the job's name and which submission of it this is.
    pub label: String,
    /// The job, by position in the scenario.
    pub job: usize,
    /// Chains, ids and channels.
    pub plan: Arc<Plan>,
    first_task: usize,
    first_channel: usize,
}

impl RunLayout {
    /// The run whose tasks and channels are the first of a world.
    pub const fn new(run: RunId, label: String, job: usize, plan: Arc<Plan>) -> Self {
        Self { run, label, job, plan, first_task: 0, first_channel: 0 }
    }

    /// The same run with its tasks and channels from these on, in the order of the plan.
    #[must_use]
    pub fn beginning_at(self, task: TaskId, channel: ChannelId) -> Self {
        Self { first_task: task.index(), first_channel: channel.index(), ..self }
    }

    /// The name of the job.
    pub fn job_name(&self) -> &str {
        &self.plan.graph.name
    }

    /// The world's id of a task.
    #[inline]
    pub fn task(&self, task: LocalTaskId) -> TaskId {
        TaskId::new(self.first_task + task.index())
    }

    /// The world's id of a channel.
    #[inline]
    pub fn channel(&self, channel: LocalChannelId) -> ChannelId {
        ChannelId::new(self.first_channel + channel.index())
    }

    /// The run's own id of a task. Panics if the task belongs to an earlier run.
    #[inline]
    pub fn local_task(&self, task: TaskId) -> LocalTaskId {
        LocalTaskId::new(task.index() - self.first_task)
    }

    /// The run's own id of a channel. Panics if the channel belongs to an earlier run.
    #[inline]
    pub fn local_channel(&self, channel: ChannelId) -> LocalChannelId {
        LocalChannelId::new(channel.index() - self.first_channel)
    }

    /// Whether a task is one of this run.
    pub fn has_task(&self, task: TaskId) -> bool {
        let place = task.index().checked_sub(self.first_task);
        place.is_some_and(|place| place < self.plan.tasks.len())
    }

    /// Whether a channel is one of this run.
    pub fn has_channel(&self, channel: ChannelId) -> bool {
        let place = channel.index().checked_sub(self.first_channel);
        place.is_some_and(|place| place < self.plan.channels.len())
    }

    /// The run's tasks, in order of the plan.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = TaskId> + use<> {
        (self.first_task..self.first_task + self.plan.tasks.len()).map(TaskId::new)
    }

    /// What the plan says of a task.
    #[inline]
    pub fn plan_task(&self, task: TaskId) -> &PlanTask {
        &self.plan.tasks[task.index() - self.first_task]
    }

    /// What the plan says of a channel.
    #[inline]
    pub fn plan_channel(&self, channel: ChannelId) -> &PlanChannel {
        &self.plan.channels[channel.index() - self.first_channel]
    }

    /// The chain that a task runs.
    pub fn vertex(&self, task: TaskId) -> &Vertex {
        &self.plan.vertices[self.plan_task(task).vertex.index()]
    }

    /// The channels that a task reads, by its input channels.
    #[inline]
    pub fn inputs(&self, task: TaskId) -> impl ExactSizeIterator<Item = ChannelId> + '_ {
        self.plan_task(task).inputs.iter().map(|channel| self.channel(*channel))
    }

    /// The channels that a task writes, edge by edge.
    #[inline]
    pub fn outputs(&self, task: TaskId) -> impl Iterator<Item = ChannelId> + '_ {
        self.plan_task(task).outputs.iter().flatten().map(|channel| self.channel(*channel))
    }

    /// `counts/1`: the name of a task of this run, after the head of its chain.
    pub fn task_name(&self, task: TaskId) -> String {
        let task = self.plan_task(task);
        format!("{}/{}", self.operator_name(self.plan.head(task.vertex)), task.subtask)
    }

    /// `counts`: the name of an operator of this run.
    pub fn operator_name(&self, operator: OperatorIndex) -> &str {
        &self.plan.graph.operators[operator.index()].name
    }

    /// The name of the operator of an id; none if the run has no such operator.
    pub fn name_of_id(&self, id: OperatorId) -> Option<&str> {
        Some(&self.plan.node_with_id(id)?.name)
    }

    /// The tasks that a channel comes from and goes to.
    pub fn ends(&self, channel: ChannelId) -> (TaskId, TaskId) {
        let planned = self.plan_channel(channel);
        (self.task(planned.from), self.task(planned.to))
    }
}

/// The runs of a world, in order of submission; of one that was cloned midway, those that are submitted from then on.
#[derive(Clone, Debug, Default)]
pub struct Layouts(Vec<Arc<RunLayout>>);

impl Layouts {
    /// Adds the run that was submitted last.
    pub fn push(&mut self, layout: &Arc<RunLayout>) {
        self.0.push(Arc::clone(layout));
    }

    /// A run, if it was submitted since this list began.
    pub fn get(&self, run: RunId) -> Option<&RunLayout> {
        self.iter().find(|layout| layout.run == run)
    }

    /// The runs, in order of submission.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &RunLayout> {
        self.0.iter().map(|layout| &**layout)
    }

    /// The newest run of a job.
    pub fn newest(&self, job: &str) -> Option<&RunLayout> {
        self.iter().rev().find(|layout| layout.job_name() == job)
    }

    /// The run that a task belongs to.
    pub fn of_task(&self, task: TaskId) -> Option<&RunLayout> {
        self.iter().find(|layout| layout.has_task(task))
    }

    /// The run that a channel belongs to.
    pub fn of_channel(&self, channel: ChannelId) -> Option<&RunLayout> {
        self.iter().find(|layout| layout.has_channel(channel))
    }
}

impl Index<RunId> for Layouts {
    type Output = RunLayout;
    /// Panics if the run was not submitted.
    fn index(&self, run: RunId) -> &RunLayout {
        self.get(run).expect("a run is submitted before anything happens in it")
    }
}

impl Index<TaskId> for Layouts {
    type Output = RunLayout;
    /// The run that a task belongs to. Panics if the task is of none.
    fn index(&self, task: TaskId) -> &RunLayout {
        self.of_task(task).expect("a run is submitted before its tasks act")
    }
}
