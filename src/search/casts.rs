//! The runs of a world by number, and the names of their tasks, operators and states as a scenario spells them.

use crate::job::{OperatorId, OperatorIndex, RunId, TaskId};
use crate::scenario::TaskName;
use crate::trace::{Cast, StateUnit};
use std::ops::Index;
use std::sync::Arc;

/// Every run of a world, in order of submission.
#[derive(Clone, Debug, Default)]
pub(super) struct Casts(Vec<Arc<Cast>>);

impl Casts {
    pub(super) fn push(&mut self, cast: &Arc<Cast>) {
        self.0.push(Arc::clone(cast));
    }

    /// The name of the job of a run.
    pub(super) fn job(&self, run: RunId) -> &str {
        &self[run].plan.graph.name
    }

    /// The newest run of a job.
    pub(super) fn newest(&self, job: &str) -> Option<&Cast> {
        self.0.iter().rev().find(|cast| cast.plan.graph.name == job).map(|cast| &**cast)
    }

    /// The run that a task belongs to.
    pub(super) fn of_task(&self, task: TaskId) -> &Cast {
        let cast = self.0.iter().rev().find(|cast| cast.first_task <= task.index());
        cast.expect("a task is cast before it acts")
    }

    /// A task under the name of each operator of its chain.
    pub(super) fn names(&self, task: TaskId) -> impl Iterator<Item = TaskName> + '_ {
        let cast = self.of_task(task);
        let planned = &cast.plan.tasks[task.index() - cast.first_task];
        let chain = &cast.plan.vertices[planned.vertex.index()].operators;
        chain.iter().map(|operator| task_name(cast, *operator, planned.subtask))
    }

    /// A task under the name of one of its operators.
    pub(super) fn name(&self, task: TaskId, operator: OperatorId) -> TaskName {
        let cast = self.of_task(task);
        let place = cast.plan.operator_with_id(operator).expect("an operator of the plan");
        task_name(cast, place, cast.plan.tasks[task.index() - cast.first_task].subtask)
    }

    /// `OPERATOR.STATE`, with the name that the operator has in the newest run that knows its id, up to this one if there
    /// is one.
    pub(super) fn unit(&self, unit: &StateUnit, newest: Option<RunId>) -> String {
        let known = newest.map_or(self.0.len(), |run| run.index() + 1);
        let name = self.0[..known].iter().rev().find_map(|cast| {
            let place = cast.plan.operator_with_id(unit.operator)?;
            Some(cast.plan.graph.operators[place.index()].name.clone())
        });
        format!("{}.{}", name.unwrap_or_else(|| unit.operator.to_string()), unit.name)
    }
}

impl Index<RunId> for Casts {
    type Output = Cast;
    fn index(&self, run: RunId) -> &Cast {
        &self.0[run.index()]
    }
}

fn task_name(cast: &Cast, operator: OperatorIndex, subtask: u32) -> TaskName {
    let graph = &cast.plan.graph;
    let operator = graph.operators[operator.index()].name.clone();
    TaskName { job: graph.name.clone(), operator, subtask }
}
