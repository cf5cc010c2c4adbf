//! The user's code at its worst: it throws, or it takes long.
//!
//! A fault waits until the call comes that it aims at, whichever attempt of the subtask that is in. What a failure does
//! to a job is not decided here.

use super::control::Control;
use super::in_flight::barrier_of;
use super::outcome::UserPanic;
use super::world::World;
use crate::effect::{TaskEffects, Throw, UserFailure};
use crate::job::{Attempt, ChannelId, CheckpointId, Element, OperatorId, TaskId};
use crate::kernel::{Agenda, SimTime};
use crate::scenario::{Failing, FailingCall};
use crate::trace::{Call, Fault, TaskEvent, TraceEvent, WorldEvent};
use std::sync::Arc;

/// A failure of a record or of an asynchronous snapshot that waits to happen. The other calls wait in the buffer that is
/// lent to tasks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    task: TaskId,
    operator: OperatorId,
    call: FailingCall,
    checkpoint: Option<CheckpointId>,
    times: u32,
}

impl World {
    /// Lets the user's code throw in calls to come.
    pub(super) fn fail_later(&mut self, failing: &Failing) -> Result<(), Arc<str>> {
        let Failing { task: name, call, checkpoint, times } = failing;
        let run = self.live_run(&name.job)?;
        let missing = || format!("`{}` has no subtask {}", name.operator, name.subtask);
        let task = self.task_named(run, name).ok_or_else(missing)?;
        let plan = &self.runs[run.index()].layout.plan;
        let operator = plan.operator_named(&name.operator).ok_or_else(missing)?;
        let operator = plan.operator_ids[operator.index()];
        let (checkpoint, times) = (checkpoint.map(CheckpointId::new), *times);
        match called(*call) {
            Some(call) => {
                let effects = self.task_effects.as_mut().expect("no task acts during a step");
                effects.throws.push(Throw { task, operator, call, checkpoint, times });
            }
            None => {
                let call = *call;
                self.failing.push(Waiting { task, operator, call, checkpoint, times });
            }
        }
        Ok(())
    }

    /// Whether a failure of this kind waits for a task; it is used up. Returns whose.
    fn meets_failing(
        &mut self,
        task: TaskId,
        call: FailingCall,
        checkpoint: Option<CheckpointId>,
    ) -> Option<OperatorId> {
        let fits = |waiting: &Waiting| {
            let about = waiting.checkpoint.is_none_or(|wanted| checkpoint == Some(wanted));
            waiting.task == task && waiting.call == call && about
        };
        let place = self.failing.iter().position(fits)?;
        let operator = self.failing[place].operator;
        self.failing[place].times -= 1;
        if self.failing[place].times == 0 {
            self.failing.remove(place);
        }
        Some(operator)
    }

    /// Whether the asynchronous part of this snapshot fails.
    pub(super) fn fails_to_upload(&mut self, task: TaskId, checkpoint: CheckpointId) -> bool {
        !self.failing.is_empty()
            && self.meets_failing(task, FailingCall::AsyncSnapshot, Some(checkpoint)).is_some()
    }

    /// Fails the receiver of a channel if the head is a record and its code throws with it. Whether it did.
    #[cold]
    pub(super) fn throws_with_head(&mut self, channel: ChannelId, agenda: &mut Agenda) -> bool {
        let head = self.channels[channel.index()].queue.front();
        let is_record = head.is_some_and(|head| matches!(head.element, Element::Record(_)));
        let task = self.channels[channel.index()].to;
        is_record && self.throws_with_record(task, agenda)
    }

    /// Fails a task if its code throws with the record at hand. Whether it did.
    #[cold]
    pub(super) fn throws_with_record(&mut self, task: TaskId, agenda: &mut Agenda) -> bool {
        let Some(operator) = self.meets_failing(task, FailingCall::Process, None) else {
            return false;
        };
        let mut effects = self.lend_effects();
        if effects.wants_callbacks {
            let checkpoint = None;
            let call = Call::Throw;
            effects.events.push(TaskEvent::Callback { operator, call, checkpoint });
        }
        self.fail_task(task, "induced failure in processElement".into(), &mut effects, agenda);
        self.task_effects = Some(effects);
        self.drop_waiting(task, agenda);
        true
    }

    /// A task fails because its code threw: its operators are closed, and it is gone.
    pub(super) fn fail_task(
        &mut self,
        task: TaskId,
        why: Arc<str>,
        effects: &mut TaskEffects,
        agenda: &mut Agenda,
    ) {
        let attempt = self.places[task.index()].attempt;
        let why = match effects.of_user.take() {
            Some(failure) => self.blame(task, &failure, &why),
            None => why,
        };
        self.tell(TaskEvent::OperatorFailed { why }.of(task, attempt));
        if self.panicked.is_none() {
            let live = self.places[task.index()].task.as_mut().expect("only a live task fails");
            live.close_after_failure(self.now, effects);
            let why = effects.failure.take();
            if let Some(failure) = effects.of_user.take().filter(|failure| failure.ends_the_play) {
                self.blame(task, &failure, &why.unwrap_or_default());
            }
        }
        effects.sends.clear();
        self.carry_events(task, effects);
        self.carry_external(task, effects);
        self.crash(task, agenda);
    }

    /// The words for what the user's own code did. If it is to end the play, it has.
    #[cold]
    fn blame(&mut self, task: TaskId, failure: &UserFailure, why: &str) -> Arc<str> {
        let layout = Arc::clone(&self.places[task.index()].layout);
        let planned = layout.plan_task(task);
        let master = self.runs[layout.run.index()].master.as_ref();
        let plan = master.map_or(&layout.plan, |master| master.plan());
        let operator = plan.operator_with_id(failure.operator).map_or_else(
            || failure.operator.to_string(),
            |operator| plan.graph.operators[operator.index()].name.clone(),
        );
        let record = failure.origin.map(|origin| {
            let input = self.scenario.inputs.get(usize::from(origin.input));
            let input = input.map_or("?", |input| input.name.as_str());
            format!("{input}[{}]#{}", origin.partition, origin.offset)
        });
        let told = UserPanic {
            run: layout.label.clone(),
            operator,
            subtask: planned.subtask,
            call: failure.call,
            record,
            at: self.now,
            message: why.to_owned(),
        };
        let words = told.words(if failure.is_panic { "panicked" } else { "failed" });
        if failure.ends_the_play && self.panicked.is_none() {
            self.panicked = Some(told);
            self.is_over = true;
        }
        words.into()
    }

    /// Tells what a task did; calls of operators only to whom asked.
    pub(super) fn carry_events(&mut self, task: TaskId, effects: &mut TaskEffects) {
        // A barrier that arrives is caused by its emission, and not by what is told after it.
        let mut emitted = None;
        for event in effects.events.drain(..) {
            let emits = matches!(event, TaskEvent::BarrierEmitted { .. });
            self.tell_of(task, event);
            emitted = if emits { Some(self.cause) } else { emitted };
        }
        self.cause = emitted.unwrap_or(self.cause);
    }

    /// A task is busy with one thing, for a while or for ever.
    pub(super) fn block(&mut self, task: TaskId, span: Option<SimTime>, agenda: &mut Agenda) {
        self.tell(TraceEvent::World(WorldEvent::FaultInjected { fault: Fault::TaskBlocked(task) }));
        let place = &mut self.places[task.index()];
        place.is_blocked = true;
        place.busy_until = SimTime::MAX;
        let attempt = place.attempt;
        if let Some(span) = span {
            self.schedule(self.now.plus(span), Control::Unblock { task, attempt }, agenda);
        }
    }

    /// What a task was busy with is over: first come the messages that waited, then its elements.
    pub(super) fn unblock(&mut self, task: TaskId, attempt: Attempt, agenda: &mut Agenda) {
        let place = &mut self.places[task.index()];
        if !place.is_blocked || place.attempt != attempt {
            return;
        }
        place.is_blocked = false;
        place.busy_until = self.now;
        let held = std::mem::take(&mut place.held);
        self.tell(TraceEvent::World(WorldEvent::FaultInjected {
            fault: Fault::TaskUnblocked(task),
        }));
        for message in held {
            self.on_message_to_task(task, attempt, message, agenda);
        }
        self.announce_barriers(task, attempt, agenda);
        self.wake(task.index(), agenda);
    }
}

impl World {
    /// Barriers came to the inputs of a task while it was busy: those that may overtake do so before it reads on.
    fn announce_barriers(&mut self, task: TaskId, attempt: Attempt, agenda: &mut Agenda) {
        let layout = &self.runs[self.places[task.index()].run.index()].layout;
        if !layout.has_task(task) {
            return;
        }
        for channel in layout.inputs(task).collect::<Vec<_>>() {
            let queue = self.channels[channel.index()].queue.iter();
            let barriers: Vec<CheckpointId> =
                queue.filter_map(|queued| Some(barrier_of(&queued.element)?.checkpoint)).collect();
            for checkpoint in barriers {
                self.on_barrier_arrives(channel, attempt, checkpoint, agenda);
            }
        }
    }
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
