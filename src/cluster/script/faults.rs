//! What goes wrong: crashes of tasks and task managers.

use crate::cluster::control::Control;
use crate::cluster::hosts::partition::lose_tasks_of;
use crate::cluster::ids::PlaceId;
use crate::cluster::world::World;
use crate::job::TaskManagerId;
use crate::trace::Fault;

/// Crashes a subtask.
pub(crate) fn kill_task(world: &mut World, place: PlaceId) {
    world.journal.inject(Fault::TaskKilled(world.hosts.places[place].id));
    world.crash_and_drop(place);
}

/// Kills a task manager with all that runs on it; a new one takes its place later.
pub(crate) fn kill_manager(world: &mut World, manager: TaskManagerId) {
    world.journal.inject(Fault::TaskManagerKilled(manager));
    world.hosts.managers.kill(manager);
    world.storage.lose_disk_of(manager);
    let was_cut_off = world.hosts.cut_off.remove(&manager).is_some();
    for place in world.hosts.at_work_on(manager) {
        world.crash_and_drop(place);
    }
    let left = world.hosts.at_work_on(manager);
    assert!(left.is_empty(), "{left:?} live on task manager {}, dead", manager.number());
    if was_cut_off {
        // What had ended there before could not be heard of, and now nobody is left to say it.
        lose_tasks_of(world, manager);
    }
    let at = world.journal.now.plus(world.scenario.cluster.replaced_after);
    world.journal.schedule(at, Control::Replaced(manager));
}
