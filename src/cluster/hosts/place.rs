//! Where a subtask lives: the task itself, and on which task manager.

use crate::effect::ToTask;
use crate::job::{
    Attempt, CheckpointId, OperatorId, OperatorNode, RunLayout, TaskId, TaskManagerId,
};
use crate::kernel::Stream;
use crate::operator::windows_held;
use crate::state::OperatorSnapshot;
use crate::task::{Phase, Task};
use crate::trace::{ListHeld, WindowsHeld};
use std::sync::Arc;

/// A place for a task of a run.
#[derive(Clone)]
pub(crate) struct Place {
    /// Under which the trace knows its task.
    pub(crate) id: TaskId,
    pub(crate) layout: Arc<RunLayout>,
    pub(crate) task: Option<Task>,
    pub(crate) manager: TaskManagerId,
    /// Whether its job manager has given it up without its knowing.
    pub(crate) is_zombie: bool,
    /// Draws how long its snapshots take, and its start.
    pub(crate) snapshots: Stream,
    /// The messages that wait while it is busy with one thing.
    pub(crate) held: Vec<ToTask>,
    /// The snapshots whose uploads ended while it is busy with one thing.
    pub(crate) uploaded: Vec<CheckpointId>,
    /// How many records it has read since its job, or its region, was restarted last.
    pub(crate) reads: u64,
    /// The most that it had read by a restart since the last checkpoint that completed.
    pub(crate) furthest: u64,
}

impl Place {
    /// One where nobody lives yet.
    pub(crate) fn new(id: TaskId, layout: &Arc<RunLayout>, snapshots: Stream) -> Self {
        Self {
            id,
            layout: Arc::clone(layout),
            task: None,
            manager: TaskManagerId::default(),
            is_zombie: false,
            snapshots,
            held: Vec::new(),
            uploaded: Vec::new(),
            reads: 0,
            furthest: 0,
        }
    }

    /// One for the same task.
    pub(crate) fn blank(&self) -> Self {
        Self::new(self.id, &self.layout, self.snapshots.clone())
    }

    /// The attempt that lives here, or did last.
    pub(crate) fn attempt(&self) -> Option<Attempt> {
        self.task.as_ref().map(Task::attempt)
    }

    /// Whether this attempt lives here.
    pub(crate) fn lives(&self, attempt: Attempt) -> bool {
        let lives = |task: &Task| task.attempt() == attempt && task.phase() != Phase::Ended;
        self.task.as_ref().is_some_and(lives)
    }

    /// Whether a task lives here and is not over.
    pub(crate) fn is_at_work(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.phase() != Phase::Ended)
    }

    /// The operator at the head of its chain.
    pub(crate) fn head(&self) -> &OperatorNode {
        let plan = &self.layout.plan;
        let vertex = self.layout.plan_task(self.id).vertex;
        &plan.graph.operators[plan.head(vertex).index()]
    }

    /// Its subtask, by the operator at the head of its chain.
    pub(crate) fn writer(&self) -> (OperatorId, u32) {
        let plan = &self.layout.plan;
        let task = self.layout.plan_task(self.id);
        (plan.operator_ids[plan.head(task.vertex).index()], task.subtask)
    }

    /// How many operators its task runs.
    pub(crate) fn chain_length(&self) -> usize {
        let vertex = self.layout.plan_task(self.id).vertex;
        self.layout.plan.vertices[vertex.index()].operators.len()
    }

    /// The windows that the snapshots of its chain hold.
    pub(crate) fn windows_in(&self, snapshots: &[Arc<OperatorSnapshot>]) -> Arc<[WindowsHeld]> {
        let plan = &self.layout.plan;
        let vertex = self.layout.plan_task(self.id).vertex;
        let chain = plan.vertices[vertex.index()].operators.iter().zip(snapshots);
        let of_windows = chain.filter(|(operator, _)| {
            plan.graph.operators[operator.index()].options.window.is_some()
        });
        let held = of_windows.filter_map(|(operator, snapshot)| {
            windows_held(plan.operator_ids[operator.index()], snapshot)
        });
        held.collect()
    }

    /// The lists in the state of its operators, but of sources and sinks, of which more is told than that.
    pub(crate) fn lists_in(&self, snapshots: &[Arc<OperatorSnapshot>]) -> Arc<[ListHeld]> {
        let plan = &self.layout.plan;
        let vertex = self.layout.plan_task(self.id).vertex;
        let chain = plan.vertices[vertex.index()].operators.iter().zip(snapshots);
        let between = chain.filter(|(operator, _)| {
            let node = &plan.graph.operators[operator.index()];
            !node.is_source() && !node.is_sink()
        });
        let lists = between.flat_map(|(operator, snapshot)| {
            let operator = plan.operator_ids[operator.index()];
            snapshot.lists.iter().map(move |(name, list)| ListHeld {
                operator,
                name: Arc::clone(name),
                items: list.items.clone().into(),
            })
        });
        lists.collect()
    }

    /// Ends its task, and with it what waited. Which attempt that was.
    pub(crate) fn end(&mut self) -> Attempt {
        self.held.clear();
        self.uploaded.clear();
        let task = self.task.as_mut().expect("only a live task ends");
        task.end();
        assert_eq!(task.phase(), Phase::Ended, "{:?} was ended and goes on", self.id);
        task.attempt()
    }
}
