//! What goes wrong: crashes of tasks, task managers and the job manager; messages lost or delayed.

use super::control::Control;
use super::world::World;
use crate::job::{Attempt, CheckpointId, TaskId, TaskManagerId};
use crate::kernel::{Agenda, SimTime};
use crate::scenario::Aim;
use crate::trace::{Fault, Message, MessageFate, TaskEvent, TraceEvent, WorldEvent};

/// A fault that waits for a message that fits.
#[derive(Clone, Debug)]
pub(super) struct Disturbance {
    pub(super) aim: Aim,
    pub(super) does: Interference,
}

/// What the network does to a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Interference {
    /// It never arrives.
    Loses,
    /// It arrives this much later.
    Delays(SimTime),
    /// It arrives, and this much later again.
    Repeats(SimTime),
}

impl World {
    /// What the network does to a message: `None` if it is lost, else by how much it is delayed.
    pub(super) fn disturb(
        &mut self,
        (task, attempt): (TaskId, Attempt),
        message: Message,
        checkpoint: Option<CheckpointId>,
    ) -> Option<SimTime> {
        if self.disturbances.is_empty() {
            return Some(SimTime::ZERO);
        }
        let fits = |disturbance: &Disturbance| {
            let Aim { message: kind, task: name, checkpoint: wanted } = &disturbance.aim;
            *kind == message
                && wanted.is_none_or(|wanted| checkpoint.is_some_and(|id| id.number() == wanted))
                && self.is_named(task, name)
        };
        let Some(place) = self.disturbances.iter().position(fits) else {
            return Some(SimTime::ZERO);
        };
        let (fate, delay) = match self.disturbances.remove(place).does {
            Interference::Loses => (MessageFate::Lost, None),
            Interference::Delays(by) => (MessageFate::Delayed, Some(by)),
            Interference::Repeats(by) => {
                self.repeated = Some(by);
                (MessageFate::Repeated, Some(SimTime::ZERO))
            }
        };
        self.tell(TaskEvent::MessageDisturbed { message, checkpoint, fate }.of(task, attempt));
        delay
    }

    /// Crashes a subtask.
    pub(super) fn kill_task(&mut self, task: TaskId, agenda: &mut Agenda) {
        self.tell(TraceEvent::World(WorldEvent::FaultInjected { fault: Fault::TaskKilled(task) }));
        self.crash(task, agenda);
        self.drop_waiting(task, agenda);
    }

    /// Kills a task manager with all that runs on it; a new one takes its place later.
    pub(super) fn kill_manager(&mut self, manager: TaskManagerId, agenda: &mut Agenda) {
        self.tell(TraceEvent::World(WorldEvent::FaultInjected {
            fault: Fault::TaskManagerKilled(manager),
        }));
        self.managers.kill(manager);
        self.cut_off.remove(&manager);
        for task in (0..self.places.len()).map(TaskId::new) {
            if self.places[task.index()].manager == manager && self.is_at_work(task) {
                self.crash(task, agenda);
                self.drop_waiting(task, agenda);
            }
        }
        let at = self.now.plus(self.scenario.cluster.replaced_after);
        self.schedule(at, Control::Replaced(manager), agenda);
    }

    pub(super) fn on_replaced(&mut self, manager: TaskManagerId, agenda: &mut Agenda) {
        self.managers.replace(manager);
        self.deploy_waiting(agenda);
    }
}
