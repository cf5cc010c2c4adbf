//! Who runs where, as far as it tells which runs may have zombies.

use super::{History, RunStory};
use crate::job::{TaskId, TaskManagerId};

impl History {
    pub(super) fn on_deployed(&mut self, task: TaskId, manager: TaskManagerId) {
        let story = self.run_of_mut(task);
        let place = story.local(task);
        story.managers[place] = Some(manager);
    }

    /// A task manager was given up: the tasks of whatever runs there may go on.
    pub(super) fn on_manager_lost(&mut self, manager: TaskManagerId) {
        let is_alive = |run: &&mut RunStory| !run.status.is_terminal();
        for run in self.runs.iter_mut().flatten().filter(is_alive) {
            run.has_zombies |= run.managers.contains(&Some(manager));
        }
    }
}
