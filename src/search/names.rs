//! The names of tasks, operators and states as a scenario spells them.

use crate::job::{Layouts, OperatorId, OperatorIndex, RunId, RunLayout, TaskId};
use crate::scenario::TaskName;
use crate::trace::StateUnit;

/// A task under the name of each operator of its chain.
pub(super) fn task_names(layouts: &Layouts, task: TaskId) -> impl Iterator<Item = TaskName> + '_ {
    let layout = &layouts[task];
    layout.vertex(task).operators.iter().map(move |operator| name(layout, task, *operator))
}

/// A task under the name of one of its operators.
pub(super) fn task_name(layouts: &Layouts, task: TaskId, operator: OperatorId) -> TaskName {
    let layout = &layouts[task];
    let place = layout.plan.operator_with_id(operator).expect("an operator of the plan");
    name(layout, task, place)
}

/// `OPERATOR.STATE`, with the name that the operator has in the newest run that knows its id, up to this one if there
/// is one.
pub(super) fn unit_name(layouts: &Layouts, unit: &StateUnit, newest: Option<RunId>) -> String {
    let known = layouts.iter().rev().filter(|layout| newest.is_none_or(|run| layout.run <= run));
    let name = known.filter_map(|layout| layout.name_of_id(unit.operator)).next();
    format!("{}.{}", name.map_or_else(|| unit.operator.to_string(), str::to_owned), unit.name)
}

fn name(layout: &RunLayout, task: TaskId, operator: OperatorIndex) -> TaskName {
    TaskName {
        job: layout.job_name().to_owned(),
        operator: layout.operator_name(operator).to_owned(),
        subtask: layout.plan_task(task).subtask,
    }
}
