//! The hosts: task managers with their slots, and the places where tasks live.
//!
//! Knows neither channels nor job managers.

pub(crate) mod cut_off;
pub(crate) mod partition;
pub(crate) mod place;
pub(crate) mod task_factory;
pub(crate) mod task_managers;

mod deploy;
mod zombies;

use crate::cluster::ids::PlaceId;
use crate::job::{Attempt, RunId, TaskId, TaskManagerId};
use crate::kernel::SimTime;
use cut_off::CutOff;
use place::Place;
use std::collections::BTreeMap;
use task_managers::TaskManagers;

/// Task managers, and the places of tasks on them.
#[derive(Clone)]
pub(crate) struct Hosts {
    pub(crate) places: Vec<Place>,
    pub(crate) managers: TaskManagers,
    /// Task managers that are cut off from the job manager.
    pub(crate) cut_off: BTreeMap<TaskManagerId, CutOff>,
    /// Where zombies live.
    zombies: BTreeMap<(TaskId, Attempt), PlaceId>,
}

impl Hosts {
    pub(crate) fn new(task_managers: u16, slots: u16) -> Self {
        Self {
            places: Vec::new(),
            managers: TaskManagers::new(task_managers, slots),
            cut_off: BTreeMap::new(),
            zombies: BTreeMap::new(),
        }
    }

    /// Where an attempt of a task lives, or did last.
    pub(crate) fn place_of(&self, task: TaskId, attempt: Attempt) -> Option<PlaceId> {
        let newest = PlaceId::of(task);
        match self.places[newest].attempt() == Some(attempt) {
            true => Some(newest),
            false => self.zombies.get(&(task, attempt)).copied(),
        }
    }

    /// The places where tasks are at work that are accepted, in order.
    fn at_work(&self, is_accepted: impl Fn(&Place) -> bool) -> Vec<PlaceId> {
        let places = self.places.iter().enumerate();
        let found = places.filter(|(_, place)| is_accepted(place) && place.is_at_work());
        found.map(|(index, _)| PlaceId::new(index)).collect()
    }

    /// Where tasks of a run are at work.
    pub(crate) fn at_work_for(&self, run: RunId) -> Vec<PlaceId> {
        self.at_work(|place| place.layout.run == run)
    }

    /// Where tasks are at work on a task manager.
    pub(crate) fn at_work_on(&self, manager: TaskManagerId) -> Vec<PlaceId> {
        self.at_work(|place| place.manager == manager)
    }

    /// Until when messages to and from a task wait, if they do.
    pub(crate) fn waits_until(&self, place: PlaceId) -> Option<SimTime> {
        self.cut_off.get(&self.places[place].manager).map(|cut| cut.until)
    }

    /// Whether a task manager is cut off, and has been since then.
    pub(crate) fn is_cut_off_since(&self, manager: TaskManagerId, since: SimTime) -> bool {
        self.cut_off.get(&manager).is_some_and(|cut| cut.since == since)
    }

    /// Whether a task manager of this number is there and alive.
    pub(crate) fn has_manager(&self, number: u16) -> bool {
        self.managers.exists(number) && self.managers.is_alive(TaskManagerId::new(number.into()))
    }
}
