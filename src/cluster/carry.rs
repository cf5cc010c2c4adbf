//! Carries out what parts ask for: sends, messages, storage, requests to external systems.

use super::control::{Control, News};
use super::world::{Place, World};
use crate::effect::{InFlightOrder, JobEffects, TaskEffects, ToJob, ToTask};
use crate::job::{Attempt, CheckpointId, ExternalId, LocalTaskId, RunId, TaskId};
use crate::kernel::{Agenda, SimTime};
use crate::state::OperatorSnapshot;
use crate::task::Phase;
use crate::trace::{
    AbortReason, ChannelMark, CheckpointEvent, EndOfTask, JobEvent, Message, StorageFault,
    TaskEvent, TraceEvent,
};
use std::sync::Arc;

/// Between a durable snapshot and its ack: the task notices that the upload is done.
const ACK_DELAY: SimTime = SimTime::from_micros(1);

/// Which way a message goes, seen from its task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    In,
    Out,
}

impl World {
    /// Carries out what a task asked for, in the order: sends, external requests, events, snapshot, release, messages.
    #[inline(always)] // as `offer`
    pub(super) fn carry_task(
        &mut self,
        task: TaskId,
        effects: &mut TaskEffects,
        agenda: &mut Agenda,
    ) {
        if effects.is_plain() {
            if let Some((channel, element)) = effects.sends.pop() {
                let departs = self.places[task.index()].busy_until.max(self.now);
                self.send(task, channel, element, departs, agenda);
            }
            if !effects.external.is_empty() {
                self.carry_external(task, effects);
            }
        } else {
            self.carry_all(task, effects, agenda);
        }
    }

    /// As `carry_task`, for a task that may ask for anything.
    #[inline(never)] // large, and rare beside records
    pub(super) fn carry_all(
        &mut self,
        task: TaskId,
        effects: &mut TaskEffects,
        agenda: &mut Agenda,
    ) {
        let departs = self.places[task.index()].busy_until.max(self.now);
        let held = if effects.released { self.records_held(task) } else { 0 };
        self.carry_events(task, effects);
        self.spending.charge(effects.sends.len());
        for (channel, element) in effects.sends.drain(..) {
            self.send(task, channel, element, departs, agenda);
        }
        self.carry_external(task, effects);
        self.carry_rest(task, held, effects, agenda);
    }

    #[inline(never)]
    pub(super) fn carry_external(&mut self, task: TaskId, effects: &mut TaskEffects) {
        let Place { run, attempt, is_zombie, .. } = self.places[task.index()];
        let job = self.runs[run.index()].job_key;
        let mut carry_out = |(external, request, origin): (ExternalId, _, _)| {
            let system = &mut self.externals[external.index()];
            // Who took its place may have aborted what it writes to.
            if is_zombie && !system.accepts(&request) {
                return;
            }
            if let Some((transaction, event)) = system.carry_out(request, origin, job) {
                self.tell(TraceEvent::Transaction { external, transaction, task, attempt, event });
            }
        };
        if effects.external.len() == 1 {
            effects.external.pop().into_iter().for_each(carry_out); // most often, and cheaper
        } else {
            effects.external.drain(..).for_each(&mut carry_out);
        }
    }

    fn carry_rest(
        &mut self,
        task: TaskId,
        held: u32,
        effects: &mut TaskEffects,
        agenda: &mut Agenda,
    ) {
        let attempt = self.places[task.index()].attempt;
        if let Some((checkpoint, snapshots)) = effects.snapshot.take() {
            let overtaken = effects
                .in_flight
                .iter()
                .any(|order| matches!(order, InFlightOrder::Begin { overtaken: true, .. }));
            self.carry_snapshot(task, checkpoint, snapshots, (!overtaken).then_some(held), agenda);
        }
        for order in effects.in_flight.drain(..) {
            self.carry_in_flight(task, order, agenda);
        }
        if std::mem::take(&mut effects.released) {
            self.release(task, agenda);
        }
        for message in effects.messages.drain(..) {
            self.send_to_job(task, attempt, message, agenda);
        }
        if let Some(at) = effects.wake.take() {
            self.schedule_wake(task, at, agenda);
        }
        if let Some(why) = effects.failure.take() {
            self.fail_task(task, why, effects, agenda);
        }
    }

    /// A snapshot was drawn: the task is busy for the synchronous part, then it is uploaded.
    fn carry_snapshot(
        &mut self,
        task: TaskId,
        checkpoint: CheckpointId,
        snapshots: Vec<Arc<OperatorSnapshot>>,
        held: Option<u32>,
        agenda: &mut Agenda,
    ) {
        let (received, sent) = self.marks(task);
        self.spending.count_marks(received.len() + sent.len());
        let attempt = self.places[task.index()].attempt;
        if received.len() > 1
            && let Some(held) = held
        {
            self.tell(TaskEvent::AlignmentCompleted { checkpoint, held }.of(task, attempt));
        }
        self.tell(TaskEvent::SnapshotTaken { checkpoint, received, sent }.of(task, attempt));
        let network = self.scenario.network;
        let place = &mut self.places[task.index()];
        let draw = checkpoint.number() << 1;
        let sync = place.snapshots.span(draw, network.snapshot_sync.0, network.snapshot_sync.1);
        let (low, high) = network.snapshot_async;
        let upload = place.snapshots.span(draw | 1, low, high);
        place.busy_until = place.busy_until.max(self.now).plus(sync);
        let at = place.busy_until.plus(upload);
        if self.is_too_large(task, checkpoint, &snapshots) || self.fails_to_upload(task, checkpoint)
        {
            self.schedule(at, Control::UploadFailed { task, attempt, checkpoint }, agenda);
            return;
        }
        match self.state_fault(task, checkpoint) {
            None => {}
            Some(StorageFault::Refused) => {
                self.schedule(at, Control::UploadFailed { task, attempt, checkpoint }, agenda);
                return;
            }
            // The task waits until the checkpoint is off.
            Some(StorageFault::Torn | StorageFault::Lost) => return,
            Some(StorageFault::ReplyLost) => {
                self.unheard.insert((task, attempt, checkpoint));
            }
        }
        if !self.rules.ack_awaits_durability {
            let control = Control::SendAck { task, attempt, checkpoint, snapshots };
            return self.schedule(at, control, agenda);
        }
        self.schedule(at, Control::Durable { task, attempt, checkpoint, snapshots }, agenda);
    }

    /// What a task has taken from its inputs and put into its outputs.
    fn marks(&self, task: TaskId) -> (Arc<[ChannelMark]>, Arc<[ChannelMark]>) {
        let layout = &self.places[task.index()].layout;
        let received = layout.inputs(task).map(|channel| {
            let tally = self.channels[channel.index()].taken;
            ChannelMark { channel, records: tally.records, hash: tally.hash }
        });
        let sent = layout.outputs(task).map(|channel| {
            let tally = self.channels[channel.index()].sent;
            ChannelMark { channel, records: tally.records, hash: tally.hash }
        });
        (received.collect(), sent.collect())
    }

    /// A snapshot is durable; the ack follows, if the task lives to send it.
    pub(super) fn on_durable(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        snapshots: Vec<Arc<OperatorSnapshot>>,
        agenda: &mut Agenda,
    ) {
        if !self.lives(task, attempt) {
            return;
        }
        if let Some(snapshots) = self.add_in_flight(task, checkpoint, snapshots) {
            self.create_files(task, attempt, checkpoint, &snapshots);
            self.tell(TaskEvent::SnapshotDurable { checkpoint }.of(task, attempt));
            if self.unheard.remove(&(task, attempt, checkpoint)) {
                return;
            }
            let at = self.now.plus(ACK_DELAY);
            self.schedule(at, Control::SendAck { task, attempt, checkpoint, snapshots }, agenda);
        }
    }

    /// A snapshot could not be made durable: the task declines the checkpoint and goes on, or fails with it.
    pub(super) fn on_upload_failed(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        agenda: &mut Agenda,
    ) {
        if self.lives(task, attempt) && self.rules.async_failure_fails_task {
            let mut effects = self.lend_effects();
            let why = "the asynchronous part of a snapshot failed".into();
            self.fail_task(task, why, &mut effects, agenda);
            self.task_effects = Some(effects);
            self.drop_waiting(task, agenda);
        } else if self.lives(task, attempt) {
            self.tell(TaskEvent::DeclineSent { checkpoint }.of(task, attempt));
            let decline = ToJob::Decline(checkpoint, AbortReason::AsyncFailed);
            self.send_to_job(task, attempt, decline, agenda);
        }
    }

    pub(super) fn on_send_ack(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        checkpoint: CheckpointId,
        snapshots: Vec<Arc<OperatorSnapshot>>,
        agenda: &mut Agenda,
    ) {
        if self.lives(task, attempt) {
            self.tell(TaskEvent::AckSent { checkpoint }.of(task, attempt));
            self.send_to_job(task, attempt, ToJob::Ack(checkpoint, snapshots), agenda);
        }
    }

    /// Whether this attempt of a task is alive.
    pub(super) fn lives(&self, task: TaskId, attempt: Attempt) -> bool {
        let place = &self.places[task.index()];
        let is_alive = place.task.as_ref().is_some_and(|task| task.phase() != Phase::Ended);
        place.attempt == attempt && is_alive
    }

    /// Sends a message from a task to its job manager.
    pub(super) fn send_to_job(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        message: ToJob,
        agenda: &mut Agenda,
    ) {
        if let Some(at) = self.arrival(task, attempt, message.kind(), Direction::Out) {
            if let Some(by) = self.repeated.take() {
                let again = Control::ToJob { task, attempt, message: message.clone() };
                self.schedule(at.plus(by), again, agenda);
            }
            self.schedule(at, Control::ToJob { task, attempt, message }, agenda);
        }
    }

    /// Sends a message from a job manager to a task.
    pub(super) fn send_to_task(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        message: ToTask,
        agenda: &mut Agenda,
    ) {
        if let Some(at) = self.arrival(task, attempt, message.kind(), Direction::In) {
            if let Some(by) = self.repeated.take() {
                let again = Control::ToTask { task, attempt, message: message.clone() };
                self.schedule(at.plus(by), again, agenda);
            }
            self.schedule(at, Control::ToTask { task, attempt, message }, agenda);
        }
    }

    /// When a message to or from a task arrives; `None` if it is lost. Messages of one direction keep their order, but
    /// for one that a fault delays.
    fn arrival(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        (kind, checkpoint): (Message, Option<CheckpointId>),
        direction: Direction,
    ) -> Option<SimTime> {
        let delay = self.disturb((task, attempt), kind, checkpoint)?;
        let waits_until = self.waits_until(task);
        let index = message_index(kind, attempt, checkpoint);
        let (low, high) = self.network.message_latency;
        let place = &mut self.places[task.index()];
        let departs = waits_until.map_or(self.now, |until| until.max(self.now));
        let arrives = departs.plus(place.messages.span(index, low, high)).plus(delay);
        let last = match direction {
            Direction::In => &mut place.last_in,
            Direction::Out => &mut place.last_out,
        };
        let at = arrives.max(*last);
        if delay == SimTime::ZERO {
            *last = at;
        }
        Some(at)
    }

    /// Lets a job manager act, and carries out what it asks for.
    pub(super) fn with_master(
        &mut self,
        run: RunId,
        agenda: &mut Agenda,
        act: impl FnOnce(&mut crate::coordinator::JobMaster, SimTime, &mut JobEffects),
    ) {
        let mut effects = std::mem::take(&mut self.job_effects);
        let master = self.runs[run.index()].master.as_mut();
        if let Some(master) = master.filter(|master| !master.is_dead()) {
            act(master, self.now, &mut effects);
            master.settle(&mut effects);
        }
        self.carry_job(run, &mut effects, agenda);
        self.job_effects = effects;
    }

    /// Carries out what a job manager asked for.
    pub(super) fn carry_job(&mut self, run: RunId, effects: &mut JobEffects, agenda: &mut Agenda) {
        let is_settling = |event: &TraceEvent| {
            matches!(event, TraceEvent::Job(.., JobEvent::StatusChanged { .. }))
        };
        let settles = effects.events.iter().any(is_settling);
        // What follows from a completion is caused by it, and not by what is told after it.
        let mut completed = None;
        for event in effects.events.drain(..) {
            let completes =
                matches!(event, TraceEvent::Checkpoint(.., CheckpointEvent::Completed { .. }));
            self.tell(event);
            completed = if completes { Some(self.cause) } else { completed };
        }
        self.cause = completed.unwrap_or(self.cause);
        for change in effects.files.drain(..) {
            self.keep(run, change);
        }
        let messages = std::mem::take(&mut effects.messages);
        let mut withdrawn = Vec::new();
        for (task, message) in messages {
            if matches!(message, ToTask::Cancel) && self.withdraw(run, task) {
                withdrawn.push(task);
                continue;
            }
            let attempt = self.attempt_of(run, task);
            let task = self.world_task(run, task);
            self.send_to_task(task, attempt, message, agenda);
        }
        self.carry_pointers(run, effects, agenda);
        let leader = self.runs[run.index()].leader;
        let jitter = std::mem::take(&mut effects.restart_jitter);
        let later = std::mem::take(&mut effects.first_trigger);
        for (after, timer) in effects.timers.drain(..) {
            let after = self.jittered(run, after, jitter, timer);
            let after = self.deferred(run, after, later, timer);
            let timer = Control::ToLeader { run, leader, news: News::Timer(timer) };
            self.schedule(self.now.plus(after), timer, agenda);
        }
        for checkpoint in effects.metadata.drain(..) {
            let (low, high) = self.scenario.network.metadata_write;
            let took = self.runs[run.index()].metadata.span(checkpoint.number() << 1, low, high);
            self.write_metadata(run, checkpoint, took, agenda);
        }
        for (label, checkpoint) in effects.labelled.drain(..) {
            self.label_checkpoint(run, label, checkpoint);
        }
        for (step, answer) in effects.answers.drain(..) {
            let answer = answer.map_err(|why| self.with_savepoint_path(step, why));
            self.answer(step, answer, agenda);
        }
        if settles {
            self.activity += 1;
            self.watch_for_quiet(agenda);
        }
        if std::mem::take(&mut effects.over) {
            self.runs[run.index()].left = None;
            self.release_run(run, agenda);
        }
        let deployments = std::mem::take(&mut effects.deployments);
        if !deployments.is_empty() {
            // A region keeps the slots that it had, and shares them with others that go on.
            if deployments.len() == self.runs[run.index()].layout.plan.tasks.len() {
                self.managers.free(run);
            }
            self.runs[run.index()].waiting.extend(deployments);
            self.deploy_waiting(agenda);
        }
        if !withdrawn.is_empty() {
            self.with_master(run, agenda, |master, _, effects| {
                master.on_withdrawn(&withdrawn, effects);
            });
        }
    }

    /// Takes back a deployment that waits for a slot. Whether there was one.
    fn withdraw(&mut self, run: RunId, task: LocalTaskId) -> bool {
        let waiting = &mut self.runs[run.index()].waiting;
        let before = waiting.len();
        waiting.retain(|(other, _)| *other != task);
        waiting.len() < before
    }

    /// The delay before a restart, varied as its strategy says.
    fn jittered(
        &self,
        run: RunId,
        after: SimTime,
        jitter: SimTime,
        timer: crate::effect::JobTimer,
    ) -> SimTime {
        let crate::effect::JobTimer::Restart(number) = timer else { return after };
        if jitter == SimTime::ZERO {
            return after;
        }
        let label = &self.runs[run.index()].layout.label;
        let draws = self.given.choices.stream("restart-jitter", label);
        let shortest = SimTime::from_nanos(after.nanos().saturating_sub(jitter.nanos()));
        draws.span(number.into(), shortest, after.plus(jitter))
    }

    /// The first trigger of a schedule, up to so much later, where the release draws it.
    fn deferred(
        &self,
        run: RunId,
        after: SimTime,
        later: SimTime,
        timer: crate::effect::JobTimer,
    ) -> SimTime {
        let crate::effect::JobTimer::Periodic(schedule) = timer else { return after };
        if later == SimTime::ZERO {
            return after;
        }
        let super::world::Run { layout, leader, .. } = &self.runs[run.index()];
        let draws = self.given.choices.stream("first-trigger", &layout.label);
        draws.span(u64::from(*leader) << 32 | schedule, after, after.plus(later))
    }

    /// The attempt of a run's task that its job manager knows.
    pub(super) fn attempt_of(&self, run: RunId, task: LocalTaskId) -> Attempt {
        let master = self.runs[run.index()].master.as_ref();
        master.map_or_else(Attempt::default, |master| master.attempt_of(task))
    }

    /// The metadata of a checkpoint is durable; the job manager hears of it a little later.
    pub(super) fn on_metadata(
        &mut self,
        run: RunId,
        checkpoint: CheckpointId,
        agenda: &mut Agenda,
    ) {
        self.tell(CheckpointEvent::MetadataWritten.of(run, checkpoint));
        let (low, high) = self.scenario.network.message_latency;
        let draw = checkpoint.number() << 1 | 1;
        let reply = self.runs[run.index()].metadata.span(draw, low, high);
        let leader = self.runs[run.index()].leader;
        let control = Control::ToLeader { run, leader, news: News::MetadataStored(checkpoint) };
        self.schedule(self.now.plus(reply), control, agenda);
    }

    /// A task fails by itself or is killed.
    pub(super) fn crash(&mut self, task: TaskId, agenda: &mut Agenda) {
        let place = &mut self.places[task.index()];
        let attempt = place.attempt;
        place.task.as_mut().expect("only a live task crashes").end();
        self.clear(task);
        self.tell(TaskEvent::Ended { how: EndOfTask::Failed }.of(task, attempt));
        self.send_to_job(task, attempt, ToJob::Ended(EndOfTask::Failed), agenda);
    }

    /// Nothing that a dead task wanted is done any more.
    pub(super) fn clear(&mut self, task: TaskId) {
        let place = &mut self.places[task.index()];
        place.stalled.clear();
        place.overtaken.clear();
        place.gatherings.clear();
        place.wants_to_read = false;
        place.is_idle = false;
        place.wake = None;
        place.has_overslept = false;
        place.read = crate::kernel::Ticket::default();
        place.busy_until = self.now;
        place.is_blocked = false;
        place.held.clear();
    }
}

/// Which draw of the message stream a message is.
fn message_index(kind: Message, attempt: Attempt, checkpoint: Option<CheckpointId>) -> u64 {
    let kind: u64 = match kind {
        Message::Deploy => 0,
        Message::Cancel => 1,
        Message::Trigger => 2,
        Message::Ack => 3,
        Message::Decline => 4,
        Message::NotifyComplete => 5,
        Message::NotifyAborted => 6,
        Message::Status => 7,
        Message::Split => 8,
        Message::ReaderEvent => 9,
    };
    let checkpoint = checkpoint.map_or(0, CheckpointId::number);
    kind << 56 | u64::from(attempt.number()) << 36 | checkpoint
}
