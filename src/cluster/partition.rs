//! Task managers that are cut off from the job manager, and the zombies that they run (W10).
//!
//! 1. What is sent between the two waits until the network is whole again; task managers, storage and external systems
//!    reach each other. 2. The job manager hears no heartbeat for a while, and gives the task manager up: its tasks have
//!    failed, as far as it knows, and are deployed elsewhere. 3. The tasks themselves go on reading and writing: zombies.
//!    Each keeps its attempt, and is moved to a place and to channels of its own when its successor is deployed, so that
//!    no element passes from one to the other. 4. The task manager, too, hears no heartbeat, and fails all its tasks: that
//!    is the end of its zombies, unless the network is whole before and they hear that they are over. What they had sent
//!    arrives then, and is of an attempt that is over. 5. Back, the task manager offers its slots again.

use super::channel::{Channel, Head};
use super::control::{Control, Kind, pack};
use super::world::{Place, World};
use crate::job::{
    Attempt, ChannelId, LocalChannelId, LocalTaskId, RunId, RunLayout, TaskId, TaskManagerId,
};
use crate::kernel::{Agenda, SimTime, Ticket};
use crate::trace::{CheckpointEvent, Fault, TraceEvent, WorldEvent};
use std::sync::Arc;

/// How a task manager is cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutOff {
    since: SimTime,
    until: SimTime,
}

/// A second set of places and channels for a run, which holds zombies, and the layout whose numbers the trace knows.
#[derive(Clone, Debug)]
pub(super) struct Shadow {
    layout: Arc<RunLayout>,
    original: Arc<RunLayout>,
}

impl World {
    /// Cuts a task manager off for so long, unless it is dead, given up or cut off already.
    pub(super) fn partition(
        &mut self,
        number: u16,
        span: SimTime,
        agenda: &mut Agenda,
    ) -> Result<(), Arc<str>> {
        let manager = TaskManagerId::new(number.into());
        let is_cut_off = self.cut_off.contains_key(&manager);
        if !self.managers.exists(number) || !self.managers.is_alive(manager) || is_cut_off {
            return Err(format!("task manager {number} cannot be reached anyway").into());
        }
        self.cut_off(manager, span, agenda);
        Ok(())
    }

    fn cut_off(&mut self, manager: TaskManagerId, span: SimTime, agenda: &mut Agenda) {
        self.tell(TraceEvent::World(WorldEvent::FaultInjected {
            fault: Fault::TaskManagerCutOff(manager),
        }));
        let (since, until) = (self.now, self.now.plus(span));
        let before = self.cut_off.insert(manager, CutOff { since, until });
        assert!(before.is_none(), "task manager {} was cut off twice", manager.number());
        self.schedule(until, Control::NetworkWhole { manager, since }, agenda);
        let at = self.silence_noticed(manager, "job-manager");
        self.schedule(at, Control::TaskManagerSilent { manager, since }, agenda);
        let at = self.silence_noticed(manager, "task-manager");
        self.schedule(at, Control::JobManagerSilent { manager, since }, agenda);
    }

    /// When one side of a network that has just been cut gives the other up: its last heartbeat is at most an interval old.
    fn silence_noticed(&self, manager: TaskManagerId, side: &str) -> SimTime {
        let cluster = &self.scenario.cluster;
        let whose = format_args!("{}/{side}", manager.number());
        let draws = self.given.choices.stream("heartbeat", whose);
        let age = draws.span(self.now.nanos(), SimTime::ZERO, cluster.heartbeat_interval);
        let left = cluster.heartbeat_timeout.nanos().saturating_sub(age.nanos());
        self.now.plus(SimTime::from_nanos(left))
    }

    /// Whether a task manager is cut off, and has been since then.
    pub(super) fn is_cut_off_since(&self, manager: TaskManagerId, since: SimTime) -> bool {
        self.cut_off.get(&manager).is_some_and(|cut| cut.since == since)
    }

    /// Until when messages to and from a task wait, if they do.
    pub(super) fn waits_until(&self, task: TaskId) -> Option<SimTime> {
        self.cut_off.get(&self.places[task.index()].manager).map(|cut| cut.until)
    }

    /// The job manager gives a task manager up, and its tasks with it.
    pub(super) fn give_up(&mut self, manager: TaskManagerId, agenda: &mut Agenda) {
        if !self.managers.is_alive(manager) {
            return;
        }
        self.tell(TraceEvent::World(WorldEvent::TaskManagerLost { manager }));
        self.managers.kill(manager);
        for run in (0..self.runs.len()).map(RunId::new) {
            for task in self.runs[run.index()].layout.plan.task_ids() {
                let id = self.world_task(run, task);
                let attempt = self.attempt_of(run, task);
                let place = &mut self.places[id.index()];
                if place.manager != manager || place.task.is_none() {
                    continue;
                }
                place.is_zombie = true;
                if place.attempt == attempt {
                    self.with_master(run, agenda, |master, now, effects| {
                        master.on_task_lost(task, now, effects);
                    });
                }
            }
        }
    }

    /// A task manager gives the job manager up: its tasks fail, which nobody hears yet.
    pub(super) fn end_all_on(&mut self, manager: TaskManagerId, agenda: &mut Agenda) {
        self.tell(TraceEvent::World(WorldEvent::JobManagerLost { manager }));
        for task in (0..self.places.len()).map(TaskId::new) {
            if self.places[task.index()].manager == manager && self.is_at_work(task) {
                self.crash(task, agenda);
                self.drop_waiting(task, agenda);
            }
        }
    }

    /// The network is whole again: what waited arrives, and zombies hear that they are over.
    pub(super) fn on_network_whole(&mut self, manager: TaskManagerId, agenda: &mut Agenda) {
        self.cut_off.remove(&manager);
        self.tell(TraceEvent::World(WorldEvent::FaultInjected {
            fault: Fault::TaskManagerBack(manager),
        }));
        if self.managers.is_alive(manager) {
            return;
        }
        for task in (0..self.places.len()).map(TaskId::new) {
            if self.places[task.index()].manager == manager && self.is_at_work(task) {
                self.disown(task, self.now, agenda);
            }
        }
        self.on_replaced(manager, agenda);
    }

    /// Lets a task hear that its attempt is over, of what is sent at a time. When it does.
    pub(super) fn disown(&mut self, task: TaskId, sent: SimTime, agenda: &mut Agenda) -> SimTime {
        let place = &self.places[task.index()];
        let attempt = place.attempt;
        let (low, high) = self.network.message_latency;
        let draw = u64::from(attempt.number()) << 32 | 1 << 62;
        let at = sent.plus(place.messages.span(draw, low, high));
        self.schedule(at, Control::Disowned { task, attempt }, agenda);
        at
    }

    /// Moves what still lives of these tasks to places and channels of its own, before their successors are deployed.
    pub(super) fn leave_zombies(&mut self, run: RunId, tasks: &[LocalTaskId], agenda: &mut Agenda) {
        let original = Arc::clone(&self.runs[run.index()].layout);
        let is_zombie = |task: &LocalTaskId| self.is_at_work(self.world_task(run, *task));
        let zombies: Vec<LocalTaskId> = tasks.iter().copied().filter(is_zombie).collect();
        if zombies.is_empty() {
            return;
        }
        let (task, channel) = (TaskId::new(self.places.len()), ChannelId::new(self.channels.len()));
        let layout = Arc::new((*original).clone().beginning_at(task, channel));
        let shadow = Shadow { layout, original };
        self.shadows.push(shadow.clone());
        for task in shadow.layout.plan.task_ids() {
            self.move_place(task, zombies.contains(&task), &shadow);
        }
        for channel in shadow.layout.plan.channel_ids() {
            self.move_channel(channel, &zombies, &shadow, agenda);
        }
        for task in zombies {
            self.go_on(shadow.layout.task(task), agenda);
        }
    }

    fn move_place(&mut self, task: LocalTaskId, is_zombie: bool, shadow: &Shadow) {
        let id = shadow.original.task(task);
        let mut place = Place::blank(&self.places[id.index()]);
        place.layout = Arc::clone(&shadow.layout);
        if is_zombie {
            let blank = Place::blank(&self.places[id.index()]);
            place = std::mem::replace(&mut self.places[id.index()], blank);
            place.layout = Arc::clone(&shadow.layout);
            let new = shadow.layout.task(task);
            let moved = |channel: ChannelId| shadow.moved(channel);
            place.ready.iter_mut().for_each(|channel| *channel = moved(*channel));
            place.stalled.iter_mut().for_each(|(channel, _)| *channel = moved(*channel));
            place.overtaken.iter_mut().for_each(|(channel, _)| *channel = moved(*channel));
            place.is_zombie = true;
            place.task.as_mut().expect("a zombie lives").renumber(new, moved);
            self.zombies.insert((id, place.attempt), new);
        }
        self.places.push(place);
    }

    /// A channel goes with its zombie; the other end is a zombie, too, or nobody.
    fn move_channel(
        &mut self,
        channel: LocalChannelId,
        zombies: &[LocalTaskId],
        shadow: &Shadow,
        agenda: &mut Agenda,
    ) {
        let planned = shadow.layout.plan.channel(channel);
        let old = &mut self.channels[shadow.original.channel(channel).index()];
        let blank = Channel::new(old.from, old.to, old.gate, old.latency.clone());
        let mut new = if zombies.contains(&planned.from) || zombies.contains(&planned.to) {
            std::mem::replace(old, blank)
        } else {
            blank
        };
        (new.from, new.to) = (shadow.layout.task(planned.from), shadow.layout.task(planned.to));
        if new.head == Head::Travelling {
            let at = new.queue.front().map_or(self.now, |queued| queued.at.max(self.now));
            new.ticket = agenda.push(at, pack(Kind::Head, self.channels.len()));
        }
        self.channels.push(new);
    }

    /// A zombie takes up at its new place what it was about to do.
    fn go_on(&mut self, zombie: TaskId, agenda: &mut Agenda) {
        let place = &mut self.places[zombie.index()];
        place.turn = Ticket::default();
        let at = place.busy_until.max(self.now);
        if place.read != Ticket::default() && at < SimTime::MAX {
            place.read = agenda.push(at, pack(Kind::Read, zombie.index()));
        }
        if let Some(at) = place.wake.take() {
            self.schedule_wake(zombie, at, agenda);
        }
        self.wake(zombie.index(), agenda);
    }

    /// Where an attempt of a task lives by now.
    pub(super) fn whereabouts(&self, task: TaskId, attempt: Attempt) -> TaskId {
        self.zombies.get(&(task, attempt)).copied().unwrap_or(task)
    }

    /// An event with the numbers that the trace knows.
    #[cold]
    pub(super) fn with_known_numbers(&self, mut event: TraceEvent) -> TraceEvent {
        let rename = |task: &mut TaskId| {
            let shadow = self.shadows.iter().find(|shadow| shadow.layout.has_task(*task));
            *task = shadow.map_or(*task, |s| s.original.task(s.layout.local_task(*task)));
        };
        match &mut event {
            TraceEvent::Task(task, _, event) => {
                rename(task);
                event.rename_channels(|channel| {
                    let shadow = self.shadows.iter().find(|s| s.layout.has_channel(channel));
                    shadow.map_or(channel, |s| s.original.channel(s.layout.local_channel(channel)))
                });
            }
            TraceEvent::Transaction { task, .. }
            | TraceEvent::Checkpoint(
                ..,
                CheckpointEvent::WriteDisturbed { task: Some(task), .. },
            )
            | TraceEvent::World(WorldEvent::FaultInjected {
                fault:
                    Fault::TaskBlocked(task) | Fault::TaskUnblocked(task) | Fault::TaskKilled(task),
            }) => rename(task),
            TraceEvent::Job(..) | TraceEvent::Checkpoint(..) | TraceEvent::World(_) => {}
        }
        event
    }
}

impl Shadow {
    fn moved(&self, channel: ChannelId) -> ChannelId {
        self.layout.channel(self.original.local_channel(channel))
    }
}

impl Control {
    /// What concerns an attempt that has moved, under its new number. What was announced on its old channels comes in its
    /// turn.
    pub(super) fn redirect(&mut self, world: &World) {
        match self {
            Self::ToTask { task, attempt, .. }
            | Self::ToJob { task, attempt, .. }
            | Self::Started { task, attempt, .. }
            | Self::Durable { task, attempt, .. }
            | Self::SendAck { task, attempt, .. }
            | Self::AlignmentTimer { task, attempt, .. }
            | Self::Wake { task, attempt, .. }
            | Self::Disowned { task, attempt }
            | Self::Unblock { task, attempt }
            | Self::UploadFailed { task, attempt, .. } => {
                *task = world.whereabouts(*task, *attempt);
            }
            Self::BarrierArrives { .. }
            | Self::ToLeader { .. }
            | Self::Pointer { .. }
            | Self::TakeOver(_)
            | Self::Recover(_)
            | Self::Step(_)
            | Self::Replaced(_)
            | Self::TaskManagerSilent { .. }
            | Self::JobManagerSilent { .. }
            | Self::NetworkWhole { .. }
            | Self::Until
            | Self::Quiet(_) => {}
        }
    }
}
