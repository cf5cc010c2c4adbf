//! Task managers and their slots: who runs where.

use crate::job::{LocalTaskId, Plan, RunId, TaskManagerId};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// One task manager.
#[derive(Clone, Copy, Debug)]
struct TaskManager {
    is_alive: bool,
    used: u16,
}

/// The task managers of a world.
#[derive(Clone, Debug)]
pub(crate) struct TaskManagers {
    managers: Vec<TaskManager>,
    slots: u16,
    /// Slots that runs hold: in which manager, by slot-sharing group and subtask.
    held: BTreeMap<RunId, BTreeMap<(String, u32), TaskManagerId>>,
}

impl TaskManagers {
    pub(crate) fn new(managers: u16, slots: u16) -> Self {
        let manager = TaskManager { is_alive: true, used: 0 };
        Self { managers: vec![manager; managers.into()], slots, held: BTreeMap::new() }
    }

    pub(crate) fn is_alive(&self, manager: TaskManagerId) -> bool {
        self.managers[manager.index()].is_alive
    }

    /// Whether there is such a manager at all.
    pub(crate) fn exists(&self, number: u16) -> bool {
        usize::from(number) < self.managers.len()
    }

    pub(crate) fn kill(&mut self, manager: TaskManagerId) {
        assert!(self.is_alive(manager), "task manager {} died twice", manager.number());
        self.managers[manager.index()] = TaskManager { is_alive: false, used: 0 };
        for held in self.held.values_mut() {
            held.retain(|_, other| *other != manager);
        }
    }

    pub(crate) fn replace(&mut self, manager: TaskManagerId) {
        assert!(!self.is_alive(manager), "task manager {} is replaced alive", manager.number());
        self.managers[manager.index()] = TaskManager { is_alive: true, used: 0 };
    }

    /// Gives back what a run holds.
    pub(crate) fn free(&mut self, run: RunId) {
        for manager in self.held.remove(&run).unwrap_or_default().into_values() {
            let used = &mut self.managers[manager.index()].used;
            assert!(
                *used > 0,
                "task manager {} gets back a slot that nobody had",
                manager.number()
            );
            *used -= 1;
        }
    }

    /// Places these tasks of a plan, or none if slots are missing. Subtask i of all chains of a slot-sharing group shares
    /// one slot; one that the run holds is used again; others are taken where most are free, the lowest number first.
    pub(crate) fn place(
        &mut self,
        run: RunId,
        plan: &Plan,
        tasks: &[LocalTaskId],
    ) -> Option<Vec<TaskManagerId>> {
        let before = self.managers.clone();
        let mut held = self.held.get(&run).cloned().unwrap_or_default();
        for task in tasks {
            if let Entry::Vacant(vacant) = held.entry(slot_of(plan, *task)) {
                let Some(manager) = self.freest() else {
                    self.managers = before;
                    return None;
                };
                let used = &mut self.managers[manager.index()].used;
                *used += 1;
                assert!(*used <= self.slots, "task manager {} has no slot left", manager.number());
                vacant.insert(manager);
            }
        }
        let placement = tasks.iter().map(|task| held[&slot_of(plan, *task)]).collect();
        let is_dead = |manager: &&TaskManagerId| !self.is_alive(**manager);
        let dead = held.values().find(is_dead);
        assert!(dead.is_none(), "{run:?} holds slots of a dead task manager: {dead:?}");
        self.held.insert(run, held);
        Some(placement)
    }

    fn freest(&self) -> Option<TaskManagerId> {
        let free =
            |manager: &TaskManager| if manager.is_alive { self.slots - manager.used } else { 0 };
        let managers = self.managers.iter().enumerate();
        let (place, manager) =
            managers.max_by_key(|(place, manager)| (free(manager), std::cmp::Reverse(*place)))?;
        (free(manager) > 0).then(|| TaskManagerId::new(place))
    }
}

/// The slot of a task: its slot-sharing group and subtask.
fn slot_of(plan: &Plan, task: LocalTaskId) -> (String, u32) {
    let task = plan.task(task);
    (plan.vertices[task.vertex.index()].slot_sharing_group.clone(), task.subtask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::copy_job;

    #[test]
    fn tasks_take_slots_all_or_none_and_keep_them() {
        let (_, layout) = copy_job();
        let tasks: Vec<LocalTaskId> = layout.plan.task_ids().collect();
        let (run, other) = (RunId::new(0), RunId::new(1));
        let mut managers = TaskManagers::new(2, 1);
        let placed = managers.place(run, &layout.plan, &tasks).expect("there are two slots");
        assert_ne!(placed[0], placed[1], "groups do not share a slot");
        assert_eq!(managers.place(run, &layout.plan, &tasks), Some(placed));
        assert_eq!(managers.place(other, &layout.plan, &tasks), None);
        managers.free(run);
        assert!(managers.place(other, &layout.plan, &tasks).is_some());
    }

    #[test]
    fn a_dead_task_manager_has_no_slots_until_it_is_replaced() {
        let (_, layout) = copy_job();
        let tasks: Vec<LocalTaskId> = layout.plan.task_ids().collect();
        let (run, dead) = (RunId::new(0), TaskManagerId::new(1));
        let mut managers = TaskManagers::new(2, 1);
        managers.kill(dead);
        assert_eq!(managers.place(run, &layout.plan, &tasks), None);
        managers.replace(dead);
        assert!(managers.place(run, &layout.plan, &tasks).is_some());
    }
}
