//! Deployments: placing tasks into slots, making and starting them; what messages do when they arrive.

use crate::cluster::control::ForTask;
use crate::cluster::hosts::task_factory::TaskFactory;
use crate::cluster::ids::PlaceId;
use crate::cluster::leaders::submit::latencies;
use crate::cluster::network::messages::Letter;
use crate::cluster::world::World;
use crate::effect::{Deployment, ToTask};
use crate::job::{Attempt, CheckpointId, LocalTaskId, RunId, RunLayout, TaskManagerId};
use crate::task::{Phase, holds_back_for};
use crate::trace::TaskEvent;
use std::sync::Arc;

impl World {
    /// Places and deploys every run that waits for slots, in order, as far as there are slots.
    pub(crate) fn deploy_waiting(&mut self) {
        for run in (0..self.leaders.runs.len()).map(RunId::new) {
            if self.leaders[run].waiting.is_empty() {
                continue;
            }
            let layout = Arc::clone(&self.leaders[run].layout);
            let tasks = self.leaders[run].waiting.iter().map(|(task, _)| *task);
            let tasks: Vec<LocalTaskId> = tasks.collect();
            let managers = self.hosts.managers.place(run, &layout.plan, &tasks);
            let Some(managers) = managers else { continue };
            let waiting = std::mem::take(&mut self.leaders[run].waiting);
            let zombies = self.hosts.leave_zombies(&layout, &tasks);
            if !zombies.is_empty() {
                self.network.leave_zombies(&layout, &zombies, &mut self.journal);
            }
            let (places, mailboxes) = (self.hosts.places.len(), self.network.mailboxes.len());
            assert_eq!(places, mailboxes, "{}: each place has a mailbox", layout.label);
            reset_channels(self, &layout, &tasks);
            for (task, manager) in tasks.into_iter().zip(managers) {
                self.deploy(&layout, task, manager);
            }
            self.send_deployments(run, waiting);
        }
    }

    /// Puts a task of a run's plan onto a task manager.
    fn deploy(&mut self, layout: &Arc<RunLayout>, task: LocalTaskId, manager: TaskManagerId) {
        let master = self.leaders[layout.run].master.as_ref();
        let plan = master.map_or(&layout.plan, |master| master.plan());
        let attempt = self.leaders.attempt_of(layout.run, task);
        let made = TaskFactory { world: self, layout, plan }.make(task, attempt);
        let id = self.leaders.place_of(layout.run, task);
        let place = &mut self.hosts.places[id];
        assert!(!place.is_at_work(), "{:?} is deployed over an attempt that lives", place.id);
        let is_alive = self.hosts.managers.is_alive(manager);
        assert!(is_alive, "{:?} is deployed on task manager {}, dead", place.id, manager.number());
        if self.hosts.cut_off.contains_key(&place.manager) && place.manager != manager {
            self.network.forget_order(id);
        }
        (place.task, place.manager, place.is_zombie) = (Some(made), manager, false);
        self.network.mailboxes[id].begin(attempt);
        let event = TaskEvent::Deployed { manager }.of(place.id, attempt);
        self.journal.tell(event);
    }

    /// Puts what was in flight back on the channels, before any of the tasks starts, and sends each its deployment.
    fn send_deployments(&mut self, run: RunId, mut waiting: Vec<(LocalTaskId, Deployment)>) {
        let restored = waiting.iter().find_map(|(_, deployment)| deployment.restored.as_ref());
        if let Some(checkpoint) = restored.map(|restored| restored.permit.checkpoint()) {
            for (local, deployment) in &mut waiting {
                let layout = &self.leaders[run].layout;
                let attempt = self.leaders.attempt_of(run, *local);
                let task = layout.task(*local);
                for (channel, records) in std::mem::take(&mut deployment.in_flight) {
                    let channel = layout.channel(channel);
                    let hashes = records.iter().map(|record| record.origin.hash());
                    let sum = hashes.fold(0, u64::wrapping_add);
                    let count = u64::try_from(records.len()).expect("usize fits in 64 bits");
                    let origins = self.network.put_back(channel, records, &mut self.journal);
                    let event = TaskEvent::InFlightRestored {
                        checkpoint,
                        channel,
                        records: count,
                        sum,
                        origins,
                    };
                    self.journal.tell(event.of(task, attempt));
                }
            }
        }
        for (task, deployment) in waiting {
            let attempt = self.leaders.attempt_of(run, task);
            let place = self.leaders.place_of(run, task);
            let message = Letter::ToTask(ToTask::Deploy(Box::new(deployment)));
            self.send(place, attempt, message);
        }
    }

    /// A message reaches a task. One for an older attempt changes nothing.
    pub(crate) fn on_message_to_task(&mut self, place: PlaceId, attempt: Attempt, message: ToTask) {
        let is_urgent = matches!(message, ToTask::Deploy(_) | ToTask::Cancel);
        if self.network.mailboxes[place].is_blocked && !is_urgent {
            self.hosts.places[place].held.push(message);
            return;
        }
        match message {
            ToTask::Deploy(deployment) => self.on_deploy(place, attempt, deployment),
            ToTask::Cancel => self.on_cancel(place, attempt),
            ToTask::Trigger(barrier) => {
                self.with_task(place, |task, fx| task.on_trigger(barrier, fx));
            }
            ToTask::NotifyComplete(permit) => {
                self.with_task(place, |task, fx| task.on_complete(permit, fx));
            }
            ToTask::Split(number, split) => {
                self.with_task(place, |task, fx| {
                    task.on_split(number, split, fx);
                });
                let task = self.hosts.places[place].task.as_ref();
                let is_running = task.is_some_and(|task| task.phase() == Phase::Running);
                let mailbox = &mut self.network.mailboxes[place];
                if is_running && !mailbox.is_idle {
                    mailbox.schedule_read(place, self.journal.now, &mut self.journal);
                }
            }
            ToTask::NotifyAborted(checkpoint) => {
                self.with_task(place, |task, fx| task.on_aborted(checkpoint, fx));
                note_held(self, place, attempt, checkpoint);
            }
        }
    }

    fn on_deploy(&mut self, id: PlaceId, attempt: Attempt, deployment: Box<Deployment>) {
        let place = &self.hosts.places[id];
        if place.lives(attempt) {
            let (low, high) = self.network.settings.task_start;
            let draw = u64::from(attempt.number()) << 32 | 1 << 63;
            let at = self.journal.now.plus(place.snapshots.span(draw, low, high));
            let started = ForTask::Started(deployment).of(place.id, attempt);
            self.journal.schedule(at, started);
        }
    }

    /// A deployed task has its files at hand, and restores its state.
    pub(crate) fn on_started(
        &mut self,
        id: PlaceId,
        attempt: Attempt,
        deployment: Box<Deployment>,
    ) {
        assert!(
            self.hosts.places[id].lives(attempt),
            "{id:?}: attempt {attempt} starts and is over"
        );
        self.network.mailboxes[id].busy_until = self.journal.now;
        let restored = deployment.restored.as_ref();
        self.storage.expire(self.journal.now);
        let place = &self.hosts.places[id];
        let missing = match self.storage.missing_file(restored) {
            Some(file) => {
                // What its owner has deleted is missed by nobody who guards files.
                if !self.storage.was_deleted_by_hand(file) {
                    let event = TaskEvent::FileMissing { file }.of(place.id, attempt);
                    self.journal.tell(event);
                }
                Some(format!("shared/{file}"))
            }
            None => {
                let owner = self.leaders[place.layout.run].owner(&self.scenario);
                let vertex = self.hosts.places[id].layout.plan_task(place.id).vertex;
                let parallelism = place.layout.plan.vertices[vertex.index()].parallelism;
                let reader = (place.writer(), parallelism, place.manager);
                let missing = self.storage.missing_data(owner, restored).or_else(|| {
                    self.storage.on_another_machine(owner, restored, reader, &self.rules)
                });
                missing.map(|path| path.to_string())
            }
        };
        if let Some(path) = missing {
            let why = format!("cannot restore its state: file not found: {path}");
            self.with_task(id, |_, fx| fx.failure = Some(why.into()));
            return;
        }
        let is_source = place.head().is_source();
        self.network.mailboxes[id].is_starting = false;
        self.with_task(id, |task, fx| task.start(*deployment, fx));
        self.network.begin_work(id, is_source, &mut self.journal);
    }

    fn on_cancel(&mut self, place: PlaceId, attempt: Attempt) {
        if !self.hosts.places[place].lives(attempt) {
            return;
        }
        self.hosts.places[place].held.clear();
        self.network.clear(place, self.journal.now);
        self.with_task(place, |task, fx| task.cancel(fx));
        self.network.drop_waiting(place, &mut self.journal);
    }
}

/// Empties the channels of a run to these tasks for a new attempt. Those of the first are as they were made. Both
/// ends of a channel are always deployed together.
fn reset_channels(world: &mut World, layout: &RunLayout, tasks: &[LocalTaskId]) {
    let mut attempt = Attempt::default();
    let mut drawn = Vec::new();
    for task in tasks {
        let newest = world.leaders.attempt_of(layout.run, *task);
        if newest == Attempt::default() {
            continue;
        }
        if newest != attempt {
            attempt = newest;
            drawn = latencies(layout, attempt, &world.given.choices);
        }
        let place = world.leaders.place_of(layout.run, *task);
        let local = |channel| layout.local_channel(channel).index();
        world.network.reset_inputs(place, |channel| drawn[local(channel)].clone());
    }
}

/// Notes a task that has heard that a checkpoint is off and still holds channels back for it.
fn note_held(world: &mut World, id: PlaceId, attempt: Attempt, checkpoint: CheckpointId) {
    let place = &world.hosts.places[id];
    if place.task.as_ref().is_some_and(|task| holds_back_for(task, checkpoint)) {
        assert!(place.lives(attempt), "{:?} holds back for {checkpoint} and is over", place.id);
        world.ending.held_for_nothing.push((place.id, attempt, checkpoint));
    }
}
