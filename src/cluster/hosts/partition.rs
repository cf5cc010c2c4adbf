//! Task managers that are cut off from the job manager, and the zombies that they run (W10).
//!
//! 1. What is sent between the two waits until the network is whole again; task managers, storage and external systems
//!    reach each other. 2. The job manager hears no heartbeat for a while, and gives the task manager up: its tasks have
//!    failed, as far as it knows, and are deployed elsewhere. 3. The tasks themselves go on reading and writing: zombies.
//!    Each keeps its attempt, and is moved to a place and to channels of its own when its successor is deployed, so that
//!    no element passes from one to the other. 4. The task manager, too, hears no heartbeat, and fails all its tasks: that
//!    is the end of its zombies, unless the network is whole before and they hear that they are over. What they had sent
//!    arrives then, and is of an attempt that is over. 5. Back, the task manager offers its slots again.

use crate::cluster::control::{Control, ForTask};
use crate::cluster::hosts::cut_off::{CutOff, silence_noticed};
use crate::cluster::ids::PlaceId;
use crate::cluster::world::World;
use crate::job::{RunId, TaskManagerId};
use crate::kernel::SimTime;
use crate::trace::{Fault, TraceEvent, WorldEvent};
use std::sync::Arc;

/// Cuts a task manager off for so long, unless it is dead, given up or cut off already.
pub(crate) fn partition(world: &mut World, number: u16, span: SimTime) -> Result<(), Arc<str>> {
    let manager = TaskManagerId::new(number.into());
    if !world.hosts.has_manager(number) || world.hosts.cut_off.contains_key(&manager) {
        return Err(format!("task manager {number} cannot be reached anyway").into());
    }
    world.journal.inject(Fault::TaskManagerCutOff(manager));
    let (since, until) = (world.journal.now, world.journal.now.plus(span));
    let before = world.hosts.cut_off.insert(manager, CutOff { since, until });
    assert!(before.is_none(), "task manager {number} was cut off twice");
    world.journal.schedule(until, Control::NetworkWhole { manager, since });
    let noticed = |side: &str| {
        let (cluster, choices) = (&world.scenario.cluster, &world.given.choices);
        silence_noticed(cluster, choices, (manager, side), since)
    };
    let (by_job_manager, by_task_manager) = (noticed("job-manager"), noticed("task-manager"));
    let silent = Control::TaskManagerSilent { manager, since };
    world.journal.schedule(by_job_manager, silent);
    let silent = Control::JobManagerSilent { manager, since };
    world.journal.schedule(by_task_manager, silent);
    Ok(())
}

/// The job manager gives a task manager up, and its tasks with it.
pub(crate) fn give_up(world: &mut World, manager: TaskManagerId) {
    if !world.hosts.managers.is_alive(manager) {
        return;
    }
    let is_cut_off = world.hosts.cut_off.contains_key(&manager);
    assert!(is_cut_off, "task manager {} is given up and can be heard", manager.number());
    world.journal.tell(TraceEvent::World(WorldEvent::TaskManagerLost { manager }));
    world.hosts.managers.kill(manager);
    for place in world.hosts.places.iter_mut() {
        place.is_zombie |= place.manager == manager && place.task.is_some();
    }
    lose_tasks_of(world, manager);
}

/// The tasks that a task manager had have failed, as far as their job managers know, whatever became of them.
pub(crate) fn lose_tasks_of(world: &mut World, manager: TaskManagerId) {
    assert!(!world.hosts.managers.is_alive(manager), "the tasks of a live task manager are lost");
    for run in (0..world.leaders.runs.len()).map(RunId::new) {
        for task in world.leaders[run].layout.plan.task_ids() {
            let place = &world.hosts.places[world.leaders.place_of(run, task)];
            let is_known = place.attempt() == Some(world.leaders.attempt_of(run, task));
            if is_known && place.manager == manager {
                world.with_master(run, |master, now, effects| {
                    master.on_task_lost(task, now, effects);
                });
            }
        }
    }
}

/// A task manager gives the job manager up: its tasks fail, which nobody hears yet.
pub(crate) fn end_all_on(world: &mut World, manager: TaskManagerId) {
    let is_cut_off = world.hosts.cut_off.contains_key(&manager);
    assert!(is_cut_off, "task manager {} hears the job manager and gives it up", manager.number());
    world.journal.tell(TraceEvent::World(WorldEvent::JobManagerLost { manager }));
    for place in world.hosts.at_work_on(manager) {
        world.crash_and_drop(place);
    }
}

/// The network is whole again: what waited arrives, and zombies hear that they are over.
pub(crate) fn on_network_whole(world: &mut World, manager: TaskManagerId) {
    let cut = world.hosts.cut_off.remove(&manager);
    let is_over = cut.is_some_and(|cut| cut.until <= world.journal.now);
    assert!(is_over, "task manager {} is back before its time: {cut:?}", manager.number());
    world.journal.inject(Fault::TaskManagerBack(manager));
    if world.hosts.managers.is_alive(manager) {
        return;
    }
    for place in world.hosts.at_work_on(manager) {
        disown(world, place, world.journal.now);
    }
    on_replaced(world, manager);
}

/// Lets a task hear that its attempt is over, of what is sent at a time. When it does.
pub(crate) fn disown(world: &mut World, id: PlaceId, sent: SimTime) -> SimTime {
    let place = &world.hosts.places[id];
    let (task, attempt) = (place.id, place.attempt().expect("a task lives there"));
    let at = world.network.hears_of_end(id, attempt, sent);
    world.journal.schedule(at, ForTask::Disowned.of(task, attempt));
    at
}

/// A new task manager takes the place of a lost one.
pub(crate) fn on_replaced(world: &mut World, manager: TaskManagerId) {
    world.hosts.managers.replace(manager);
    world.deploy_waiting();
}
