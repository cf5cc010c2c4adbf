//! The user's code at its worst: it throws, or it takes long.
//!
//! A fault waits until the call comes that it aims at, whichever attempt of the subtask that is in. What a failure does
//! to a job is not decided here.

use crate::cluster::apply_effects::on_uploaded;
use crate::cluster::control::ForTask;
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::network::channel::record_of;
use crate::cluster::script::Script;
use crate::cluster::user_panic::UserPanic;
use crate::cluster::world::World;
use crate::effect::{TaskEffects, Throw, UserFailure};
use crate::job::{CheckpointId, OperatorId};
use crate::kernel::SimTime;
use crate::scenario::{Failing, FailingCall};
use crate::trace::{Call, Fault, TaskEvent};
use std::sync::Arc;

/// A failure of a record or of an asynchronous snapshot that waits to happen. The other calls wait in the buffer that is
/// lent to tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    place: PlaceId,
    operator: OperatorId,
    call: FailingCall,
    checkpoint: Option<CheckpointId>,
    times: u32,
}

impl Script {
    /// Whether a failure of this kind waits for a task; it is used up. Returns whose.
    fn meets_failing(
        &mut self,
        place: PlaceId,
        call: FailingCall,
        checkpoint: Option<CheckpointId>,
    ) -> Option<OperatorId> {
        let fits = |waiting: &Waiting| {
            let about = waiting.checkpoint.is_none_or(|wanted| checkpoint == Some(wanted));
            waiting.place == place && waiting.call == call && about
        };
        let number = self.failing.iter().position(fits)?;
        let waiting = &mut self.failing[number];
        let operator = waiting.operator;
        assert!(waiting.times > 0, "a failure waits for {place:?} that is used up");
        waiting.times -= 1;
        if waiting.times == 0 {
            self.failing.remove(number);
        }
        Some(operator)
    }

    /// Whether the asynchronous part of this snapshot fails.
    pub(crate) fn fails_to_upload(&mut self, place: PlaceId, checkpoint: CheckpointId) -> bool {
        self.meets_failing(place, FailingCall::AsyncSnapshot, Some(checkpoint)).is_some()
    }
}

impl World {
    /// Fails the receiver of a channel if the head is a record and its code throws with it. Whether it did.
    #[cold]
    pub(crate) fn throws_with_head(&mut self, wire: WireId, to: PlaceId) -> bool {
        let head = self.network.channels[wire].queue.front();
        let is_record = head.is_some_and(|head| record_of(&head.element).is_some());
        is_record && self.throws_with_record(to)
    }

    /// Fails a task if its code throws with the record at hand. Whether it did.
    #[cold]
    pub(crate) fn throws_with_record(&mut self, place: PlaceId) -> bool {
        let met = self.script.meets_failing(place, FailingCall::Process, None);
        let Some(operator) = met else { return false };
        self.with_effects(|world, effects| {
            if effects.wants_callbacks {
                let (call, checkpoint) = (Call::Throw, None);
                effects.events.push(TaskEvent::Callback { operator, call, checkpoint });
            }
            let why = "induced failure in processElement".into();
            world.fail_task(place, why, effects);
        });
        self.network.drop_waiting(place, &mut self.journal);
        true
    }

    /// A task fails because its code threw: its operators are closed, and it is gone.
    pub(crate) fn fail_task(&mut self, place: PlaceId, why: Arc<str>, effects: &mut TaskEffects) {
        let (task, attempt) = self.network.occupant(place);
        let why = match effects.of_user.take() {
            Some(failure) => blame(self, place, &failure, &why),
            None => why,
        };
        self.journal.tell(TaskEvent::OperatorFailed { why }.of(task, attempt));
        if self.ending.panicked.is_none() {
            let live = self.hosts.places[place].task.as_mut().expect("only a live task fails");
            live.close_after_failure(effects);
            let why = effects.failure.take();
            if let Some(failure) = effects.of_user.take().filter(|failure| failure.ends_the_play) {
                blame(self, place, &failure, &why.unwrap_or_default());
            }
        }
        effects.sends.clear();
        self.tell_events(place, effects);
        self.apply_external(place, effects);
        self.crash(place);
    }
}

/// Lets the user's code throw in calls to come.
pub(crate) fn fail_later(world: &mut World, failing: &Failing) -> Result<(), Arc<str>> {
    let Failing { task: name, call, checkpoint, times } = failing;
    let (run, place) = world.leaders.live_place(name)?;
    let plan = &world.leaders[run].layout.plan;
    let operator = plan.operator_named(&name.operator).expect("it has a place");
    let operator = plan.operator_ids[operator.index()];
    let (checkpoint, times) = (checkpoint.map(CheckpointId::new), *times);
    match called(*call) {
        Some(call) => {
            let task = world.hosts.places[place].id;
            let effects = world.task_effects.as_mut().expect("no task acts during a step");
            effects.throws.push(Throw { task, operator, call, checkpoint, times });
        }
        None => {
            let waiting = Waiting { place, operator, call: *call, checkpoint, times };
            world.script.failing.push(waiting);
        }
    }
    Ok(())
}

/// The words for what the user's own code did. If it is to end the play, it has.
#[cold]
fn blame(world: &mut World, place: PlaceId, failure: &UserFailure, why: &str) -> Arc<str> {
    let place = &world.hosts.places[place];
    let layout = Arc::clone(&place.layout);
    let planned = layout.plan_task(place.id);
    let master = world.leaders[layout.run].master.as_ref();
    let plan = master.map_or(&layout.plan, |master| master.plan());
    let operator = plan.node_with_id(failure.operator);
    let operator = operator.map_or_else(|| failure.operator.to_string(), |node| node.name.clone());
    let record = failure.origin.map(|origin| {
        let input = world.scenario.inputs.get(usize::from(origin.input));
        let input = input.map_or("?", |input| input.name.as_str());
        format!("{input}[{}]#{}", origin.partition, origin.offset)
    });
    let told = UserPanic {
        run: layout.label.clone(),
        operator,
        subtask: planned.subtask,
        call: failure.call,
        record,
        at: world.journal.now,
        message: why.to_owned(),
    };
    let words = told.words(if failure.is_panic { "panicked" } else { "failed" });
    if failure.ends_the_play && world.ending.panicked.is_none() {
        world.ending.panicked = Some(told);
        world.ending.is_over = true;
    }
    words.into()
}

/// A task is busy with one thing, for a while or for ever.
pub(crate) fn block(world: &mut World, place: PlaceId, span: Option<SimTime>) {
    let (task, attempt) = world.network.occupant(place);
    assert!(world.hosts.places[place].lives(attempt), "{task:?} is kept busy and is over");
    world.journal.inject(Fault::TaskBlocked(task));
    world.network.mailboxes[place].block();
    if let Some(span) = span {
        let at = world.journal.now.plus(span);
        world.journal.schedule(at, ForTask::Unblock.of(task, attempt));
    }
}

/// What a task was busy with is over: first come the messages that waited, then its elements. Barriers that came to its
/// inputs meanwhile, and that may overtake, do so before it reads on.
pub(crate) fn unblock(world: &mut World, place: PlaceId) {
    if !world.network.mailboxes[place].is_blocked {
        return;
    }
    world.network.mailboxes[place].unblock(world.journal.now);
    let (task, attempt) = world.network.occupant(place);
    world.journal.inject(Fault::TaskUnblocked(task));
    for checkpoint in std::mem::take(&mut world.hosts.places[place].uploaded) {
        if world.hosts.places[place].is_at_work() {
            on_uploaded(world, place, checkpoint);
        }
    }
    for message in std::mem::take(&mut world.hosts.places[place].held) {
        world.on_message_to_task(place, attempt, message);
    }
    for wire in world.network.connections[place].inputs.clone() {
        for checkpoint in world.network.barriers_on(wire) {
            world.on_barrier_arrives(wire, attempt, checkpoint);
        }
    }
    world.network.go_on(place, &mut world.journal);
}

/// The call in which an operator throws; none for a record and for an upload, which are no calls of the task's own.
const fn called(call: FailingCall) -> Option<Call> {
    Some(match call {
        FailingCall::Process | FailingCall::AsyncSnapshot => return None,
        FailingCall::Snapshot => Call::SnapshotState,
        FailingCall::NotifyComplete => Call::NotifyCheckpointComplete,
        FailingCall::NotifyAborted => Call::NotifyCheckpointAborted,
        FailingCall::Initialize => Call::InitializeState,
        FailingCall::Open => Call::Open,
        FailingCall::PrepareSnapshot => Call::PrepareSnapshotPreBarrier,
        FailingCall::Finish => Call::Finish,
        FailingCall::Close => Call::Close,
    })
}
