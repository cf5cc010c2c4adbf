//! How the time of tasks passes: they are woken when something is due, between two elements.
//!
//! A task that is busy is woken when it is free; one whose outputs wait for credit, or that is kept busy for long, once
//! it can go on.

use super::control::Control;
use super::world::World;
use crate::job::{Attempt, TaskId};
use crate::kernel::{Agenda, SimTime};
use crate::operator::InputLog;

impl World {
    /// Wakes a task at a time, unless it will be woken before.
    pub(super) fn schedule_wake(&mut self, task: TaskId, at: SimTime, agenda: &mut Agenda) {
        let at = at.max(self.now);
        let place = &mut self.places[task.index()];
        if place.wake.is_some_and(|wake| wake <= at) {
            return;
        }
        place.wake = Some(at);
        let attempt = place.attempt;
        self.schedule(at, Control::Wake { task, attempt, at }, agenda);
    }

    /// The time has come that a task asked for.
    pub(super) fn on_wake(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        at: SimTime,
        agenda: &mut Agenda,
    ) {
        if !self.lives(task, attempt) || self.places[task.index()].wake != Some(at) {
            return;
        }
        let place = &mut self.places[task.index()];
        place.wake = None;
        if !place.stalled.is_empty() || place.busy_until == SimTime::MAX {
            place.has_overslept = true;
        } else if place.busy_until > self.now {
            let free = place.busy_until;
            self.schedule_wake(task, free, agenda);
        } else {
            self.wake_in_time(task, agenda);
        }
    }

    fn wake_in_time(&mut self, id: TaskId, agenda: &mut Agenda) {
        let mut effects = self.lend_effects();
        let place = &mut self.places[id.index()];
        let has_overslept = std::mem::take(&mut place.has_overslept);
        let task = place.task.as_mut().expect("only a live task is woken");
        let log = task.input().map(|input| &*self.given.inputs[input.index()]);
        let log = log.map(|log| -> &dyn InputLog { log });
        task.on_wake(log, has_overslept, self.now, &mut effects);
        let is_eventful = !effects.events.is_empty();
        self.carry_all(id, &mut effects, agenda);
        self.task_effects = Some(effects);
        if is_eventful {
            self.activity += 1;
            self.watch_for_quiet(agenda);
        }
    }

    /// A task can go on: what it could not heed is due now.
    pub(super) fn wake_if_overslept(&mut self, task: usize, agenda: &mut Agenda) {
        let place = &self.places[task];
        if place.has_overslept && place.stalled.is_empty() && !place.is_blocked {
            self.schedule_wake(TaskId::new(task), self.now, agenda);
        }
    }
}
