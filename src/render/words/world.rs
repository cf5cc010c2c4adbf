//! What happens to the world, in words.

use super::Line;
use crate::job::{TaskId, TaskManagerId};
use crate::render::names::Names;
use crate::trace::{Fault, WorldEvent};

pub(super) fn line(event: &WorldEvent, names: &Names) -> Line {
    match event {
        WorldEvent::StepTaken { step } => of_scenario(names.step(*step)),
        WorldEvent::StepRefused { step, why } => {
            of_scenario(format!("{}: refused: {why}", names.step(*step)))
        }
        WorldEvent::FaultInjected { fault } => fault_line(*fault, names),
        WorldEvent::TaskManagerLost { manager } => {
            of_manager(*manager, "is given up by the job manager")
        }
        WorldEvent::JobManagerLost { manager } => of_manager(*manager, "gives the job manager up"),
    }
}

fn fault_line(fault: Fault, names: &Names) -> Line {
    let of_task = |task: TaskId, what: &str| Line {
        run: names.run_of(task),
        who: names.task(task),
        what: what.to_owned(),
    };
    match fault {
        Fault::TaskBlocked(task) => of_task(task, "is busy with one thing"),
        Fault::TaskUnblocked(task) => of_task(task, "is free again"),
        Fault::TaskKilled(task) => of_task(task, "crashed"),
        Fault::TaskManagerKilled(manager) => {
            of_scenario(format!("task manager {} died", manager.number()))
        }
        Fault::TaskManagerCutOff(manager) => of_manager(manager, "is cut off"),
        Fault::TaskManagerBack(manager) => of_manager(manager, "is back"),
        Fault::JobManagerKilled => of_scenario("the job manager died".to_owned()),
    }
}

fn of_scenario(what: String) -> Line {
    Line { run: None, who: "scenario".to_owned(), what }
}

fn of_manager(manager: TaskManagerId, what: &str) -> Line {
    Line { run: None, who: format!("task manager {}", manager.number()), what: what.to_owned() }
}
