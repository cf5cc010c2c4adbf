//! Carries out what tasks ask for: sends, requests to external systems, snapshots, messages.

use crate::cluster::control::{Control, ForTask};
use crate::cluster::ids::PlaceId;
use crate::cluster::network::channel::Head;
use crate::cluster::network::channel_state::{Persisting, Snapshots};
use crate::cluster::network::messages::{Arrival, Letter};
use crate::cluster::storage::failing_writes::meets_fault;
use crate::cluster::world::World;
use crate::effect::{InFlightOrder, TaskEffects, ToJob};
use crate::job::{Attempt, CheckpointId, ExternalId, StateBackend};
use crate::kernel::SimTime;
use crate::task::{Task, had_finished_at};
use crate::trace::{AbortReason, DurableWrite, EndOfTask, StorageFault, TaskEvent, TraceEvent};

/// Between a durable snapshot and its ack: the task notices that the upload is done.
const ACK_DELAY: SimTime = SimTime::from_micros(1);

impl World {
    /// Lends the buffer of effects for one call of a task.
    #[inline(always)] // as `offer`
    pub(crate) fn with_effects<R>(
        &mut self,
        act: impl FnOnce(&mut Self, &mut TaskEffects) -> R,
    ) -> R {
        let mut effects = self.task_effects.take().expect("one task acts at a time");
        effects.now = self.journal.now;
        let result = act(self, &mut effects);
        self.task_effects = Some(effects);
        result
    }

    /// Lets a task act, and carries out what it asks for.
    pub(crate) fn with_task(
        &mut self,
        place: PlaceId,
        act: impl FnOnce(&mut Task, &mut TaskEffects),
    ) {
        self.with_effects(|world, effects| {
            let task = world.hosts.places[place].task.as_mut();
            act(task.expect("asked for a task that exists"), effects);
            world.apply_all(place, effects, 0);
        });
    }

    /// Carries out what a task asked for, in the order: sends, external requests, events, snapshot, release, messages.
    #[inline(always)] // as `offer`
    pub(crate) fn apply_task(&mut self, place: PlaceId, effects: &mut TaskEffects) {
        if effects.is_plain() {
            if let Some((channel, element)) = effects.sends.pop() {
                self.network.send(place, channel, element, &mut self.journal);
            }
            debug_assert!(effects.sends.is_empty(), "{place:?} sent more than plain effects hold");
            if !effects.external.is_empty() {
                self.apply_external(place, effects);
            }
        } else {
            self.apply_all(place, effects, 0);
        }
    }

    /// As `apply_task`, for a task that may ask for anything. It may have taken a barrier ahead of so many elements, which
    /// are still in their channel.
    #[inline(never)] // large, and rare beside records
    pub(crate) fn apply_all(&mut self, place: PlaceId, effects: &mut TaskEffects, ahead: usize) {
        let held = if effects.released { self.network.records_held(place) } else { 0 };
        self.tell_events(place, effects);
        self.ending.spending.charge(effects.sends.len());
        for (channel, element) in effects.sends.drain(..) {
            self.network.send(place, channel, element, &mut self.journal);
        }
        self.apply_external(place, effects);
        self.apply_rest(place, (held, ahead), effects);
        let is_done = effects.sends.is_empty() && effects.events.is_empty();
        assert!(is_done, "{place:?} asked for what was not carried out");
    }

    /// Tells what a task did.
    pub(crate) fn tell_events(&mut self, place: PlaceId, effects: &mut TaskEffects) {
        let who = self.network.occupant(place);
        // A barrier that arrives is caused by its emission, and not by what is told after it.
        let mut emitted = None;
        for event in effects.events.drain(..) {
            let emits = matches!(event, TaskEvent::BarrierEmitted { .. });
            self.journal.tell_of(who, event);
            emitted = if emits { self.journal.cause } else { emitted };
        }
        self.journal.cause = emitted.or(self.journal.cause);
    }

    #[inline(never)]
    pub(crate) fn apply_external(&mut self, place: PlaceId, effects: &mut TaskEffects) {
        let (task, attempt) = self.network.occupant(place);
        let place = &self.hosts.places[place];
        let job = self.leaders[place.layout.run].job_key;
        let mut carry_out = |(external, request, origin): (ExternalId, _, _)| {
            let system = self.externals.system(external);
            // Who took its place may have aborted what it writes to.
            if place.is_zombie && !system.accepts(&request) {
                return;
            }
            if let Some((transaction, event)) = system.carry_out(request, origin, job) {
                let told = TraceEvent::Transaction { external, transaction, task, attempt, event };
                self.journal.tell(told);
            }
        };
        if effects.external.len() == 1 {
            effects.external.pop().into_iter().for_each(carry_out); // most often, and cheaper
        } else {
            effects.external.drain(..).for_each(&mut carry_out);
        }
    }

    fn apply_rest(&mut self, id: PlaceId, (held, ahead): (u32, usize), effects: &mut TaskEffects) {
        if let Some((checkpoint, snapshots)) = effects.snapshot.take() {
            let mut orders = effects.in_flight.iter();
            let is_unaligned = |order: &InFlightOrder| {
                matches!(order, InFlightOrder::Begin { overtaken: true, .. })
            };
            let held = (!orders.any(is_unaligned)).then_some(held);
            self.take_snapshot(id, checkpoint, snapshots, held);
        }
        for order in effects.in_flight.drain(..) {
            let layout = &self.hosts.places[id].layout;
            let whose = Persisting { place: id, layout, kept: self.rules.in_flight };
            let done = self.network.persist_in_flight(order, ahead, whose, &mut self.journal);
            // A task that ended with this has nobody left to ack it.
            if let Some((checkpoint, snapshots)) = done
                && self.hosts.places[id].is_at_work()
            {
                self.on_durable(id, checkpoint, snapshots);
            }
        }
        if std::mem::take(&mut effects.released) {
            self.network.release(id, &mut self.journal);
        }
        for message in effects.messages.drain(..) {
            if let ToJob::Decline(checkpoint, _) = message {
                assert_released(self, id, checkpoint);
            }
            self.send_to_job(id, message);
        }
        if let Some((at, checkpoint)) = effects.alignment_timer.take() {
            let (task, attempt) = self.network.occupant(id);
            let control = ForTask::AlignmentTimer(checkpoint).of(task, attempt);
            self.journal.schedule(at.max(self.journal.now), control);
        }
        if let Some(at) = effects.wake.take() {
            self.network.schedule_wake(id, at, &mut self.journal);
        }
        if let Some(why) = effects.failure.take() {
            self.fail_task(id, why, effects);
        }
    }

    /// A snapshot was drawn: the task is busy for the synchronous part, then it is uploaded.
    fn take_snapshot(
        &mut self,
        id: PlaceId,
        checkpoint: CheckpointId,
        snapshots: Snapshots,
        held: Option<u32>,
    ) {
        let (received, sent) = self.network.marks(id);
        self.ending.spending.count_marks(received.len() + sent.len());
        let (task, attempt) = self.network.occupant(id);
        if received.len() > 1
            && let Some(held) = held
        {
            self.journal.tell(TaskEvent::AlignmentCompleted { checkpoint, held }.of(task, attempt));
        }
        let place = &self.hosts.places[id];
        let (windows, lists) = (place.windows_in(&snapshots), place.lists_in(&snapshots));
        let (run, backend) =
            (place.layout.run, self.scenario.jobs[place.layout.job].checkpoint.backend);
        let is_limited = matches!(backend, StateBackend::JobManager { .. });
        let sizes = snapshots.iter().filter(|_| is_limited);
        let bytes = sizes.map(|snapshot| snapshot.bytes_least()).max().unwrap_or(0);
        let taken = TaskEvent::SnapshotTaken { checkpoint, received, sent, windows, lists, bytes };
        self.journal.tell(taken.of(task, attempt));
        let settings = &self.network.settings;
        let place = &self.hosts.places[id];
        let chain = place.chain_length();
        assert_eq!(snapshots.len(), chain, "{task:?}: checkpoint {checkpoint} misses operators");
        let draw = checkpoint.number() << 1;
        let sync = place.snapshots.span(draw, settings.snapshot_sync.0, settings.snapshot_sync.1);
        let (low, high) = settings.snapshot_async;
        let upload = place.snapshots.span(draw | 1, low, high);
        let mailbox = &mut self.network.mailboxes[id];
        mailbox.busy_until = mailbox.busy_until.max(self.journal.now).plus(sync);
        let at = mailbox.busy_until.plus(upload);
        let who = (task, attempt, checkpoint);
        let fails = self.storage.is_too_large(who, backend, &snapshots, &mut self.journal)
            || self.script.fails_to_upload(id, checkpoint);
        let fault = match fails {
            true => Some(StorageFault::Refused),
            false => meets_fault(self, DurableWrite::State, run, Some(id), checkpoint),
        };
        let then = match fault {
            Some(StorageFault::Refused) => ForTask::UploadFailed(checkpoint),
            // The task waits until the checkpoint is off.
            Some(StorageFault::Torn | StorageFault::Lost) => return,
            Some(StorageFault::ReplyLost) | None => {
                if fault.is_some() {
                    self.storage.unheard.insert(who);
                }
                match self.rules.ack_awaits_durability {
                    true => ForTask::Durable(checkpoint, snapshots),
                    false => ForTask::SendAck(checkpoint, snapshots),
                }
            }
        };
        self.journal.schedule(at, then.of(task, attempt));
    }

    /// A snapshot is durable, with all that was in flight; the ack follows.
    pub(crate) fn on_durable(&mut self, id: PlaceId, checkpoint: CheckpointId, state: Snapshots) {
        let (task, attempt) = self.network.occupant(id);
        assert!(
            self.hosts.places[id].lives(attempt),
            "{task:?}: checkpoint {checkpoint} is durable for an attempt that is over"
        );
        let who = (task, attempt, checkpoint);
        self.storage.create_files(who, &state, &mut self.journal);
        let place = &self.hosts.places[id];
        let (run, machine) = (place.layout.run, place.manager);
        let now = self.journal.now;
        self.storage.note_upload((run, checkpoint), (place.writer(), machine), &state, now);
        self.journal.tell(TaskEvent::SnapshotDurable { checkpoint }.of(task, attempt));
        if !self.storage.unheard.remove(&who) {
            let at = self.journal.now.plus(ACK_DELAY);
            let ack = ForTask::SendAck(checkpoint, state);
            self.journal.schedule(at, ack.of(task, attempt));
        }
    }

    /// A snapshot could not be made durable: the task declines the checkpoint and goes on, or fails with it.
    pub(crate) fn on_upload_failed(&mut self, id: PlaceId, checkpoint: CheckpointId) {
        let is_at_work = self.hosts.places[id].is_at_work();
        assert!(is_at_work, "{id:?} is over and hears of its upload for checkpoint {checkpoint}");
        if self.rules.async_failure_fails_task {
            self.with_task(id, |_, effects| {
                effects.failure = Some("the asynchronous part of a snapshot failed".into());
            });
            self.network.drop_waiting(id, &mut self.journal);
        } else {
            let (task, attempt) = self.network.occupant(id);
            self.journal.tell(TaskEvent::DeclineSent { checkpoint }.of(task, attempt));
            self.send_to_job(id, ToJob::Decline(checkpoint, AbortReason::AsyncFailed));
            on_uploaded(self, id, checkpoint);
        }
    }

    pub(crate) fn on_send_ack(&mut self, id: PlaceId, checkpoint: CheckpointId, state: Snapshots) {
        let (task, attempt) = self.network.occupant(id);
        assert!(
            self.hosts.places[id].lives(attempt),
            "{task:?}: attempt {attempt} is over and acks checkpoint {checkpoint}"
        );
        self.journal.tell(TaskEvent::AckSent { checkpoint }.of(task, attempt));
        let task = self.hosts.places[id].task.as_ref();
        let had_finished = task.is_some_and(|task| had_finished_at(task, checkpoint));
        self.send_to_job(id, ToJob::Ack(checkpoint, state, had_finished));
        on_uploaded(self, id, checkpoint);
    }

    fn send_to_job(&mut self, place: PlaceId, message: ToJob) {
        let attempt = self.network.mailboxes[place].attempt;
        self.send(place, attempt, Letter::ToJob(message));
    }

    /// Sends a message between a job manager and an attempt of a task.
    pub(crate) fn send(&mut self, place: PlaceId, attempt: Attempt, letter: Letter) {
        let is_named = |name: &_| self.leaders.is_named(place, name);
        let met = self.network.meets_disturbance(place, &letter, is_named, &mut self.journal);
        let now = self.journal.now;
        let departs = self.hosts.waits_until(place).map_or(now, |until| until.max(now));
        let arrival = self.network.arrival(place, attempt, &letter, departs, met);
        let Some(Arrival { at, again }) = arrival else { return };
        assert!(
            at >= now && again.is_none_or(|again| again >= at),
            "{place:?}: a message of the past"
        );
        let task = self.network.mailboxes[place].task;
        let control = match letter {
            Letter::ToTask(message) => ForTask::Message(message).of(task, attempt),
            Letter::ToJob(message) => Control::ToJob { task, attempt, message },
        };
        if let Some(again) = again {
            self.journal.schedule(again, control.clone());
        }
        self.journal.schedule(at, control);
    }

    /// A task fails by itself or is killed.
    pub(crate) fn crash(&mut self, id: PlaceId) {
        let attempt = self.hosts.places[id].end();
        self.network.clear(id, self.journal.now);
        let (task, how) = (self.hosts.places[id].id, EndOfTask::Failed);
        self.journal.tell(TaskEvent::Ended { how }.of(task, attempt));
        self.send_to_job(id, ToJob::Ended(how));
    }

    /// As `crash`; what waits for the task falls into the void.
    pub(crate) fn crash_and_drop(&mut self, id: PlaceId) {
        self.crash(id);
        self.network.drop_waiting(id, &mut self.journal);
    }
}

/// A task learns that a snapshot of it is acked, or comes to nothing, once it has time.
pub(crate) fn on_uploaded(world: &mut World, id: PlaceId, checkpoint: CheckpointId) {
    if world.network.mailboxes[id].is_blocked {
        world.hosts.places[id].uploaded.push(checkpoint);
    } else {
        world.with_task(id, |task, effects| task.on_uploaded(checkpoint, effects));
    }
}

/// Who gives a checkpoint up looks again at all that it held back for it.
fn assert_released(world: &World, id: PlaceId, checkpoint: CheckpointId) {
    let Some(task) = &world.hosts.places[id].task else { return };
    for wire in &world.network.connections[id].inputs {
        let channel = &world.network.channels[*wire];
        let is_forgotten = channel.head == Head::Blocked && !task.is_blocked(channel.input_channel);
        assert!(!is_forgotten, "{wire:?} is held back for {checkpoint}, which is given up");
    }
}
