//! What is told of the calls of operators, and which of them throw.
//!
//! Both are settled by the lent buffer: who listens, and which faults wait. Does not call operators; the chain does.

use super::chain::{Chain, Stem, fail_on_error};
use crate::effect::{TaskEffects, Throw, UserFailure};
use crate::job::{CheckpointId, OperatorId, Origin, TaskId, Value};
use crate::operator::{InputLog, OnPanic, Position, panic_message};
use crate::state::CommitPermit;
use crate::trace::{Call, TaskEvent};
use std::any::Any;
use std::sync::Arc;

impl Chain {
    /// Tells of a call of the operator at this place, if anybody listens.
    pub(super) fn note(
        &self,
        at: usize,
        (call, checkpoint): (Call, Option<CheckpointId>),
        effects: &mut TaskEffects,
    ) {
        if effects.wants_callbacks {
            let operator = self.operator_id(at);
            effects.events.push(TaskEvent::Callback { operator, call, checkpoint });
        }
    }

    /// Whether the user's code throws in this call. The task fails then.
    pub(super) fn throws(
        &self,
        at: usize,
        (call, checkpoint): (Call, Option<CheckpointId>),
        effects: &mut TaskEffects,
    ) -> bool {
        let (task, operator) = (self.identity.task, self.operator_id(at));
        let is_aimed_at = !self.identity.is_superseded;
        if !(is_aimed_at && effects.meets_throw(task, operator, call, checkpoint)) {
            return false;
        }
        self.note(at, (Call::Throw, None), effects);
        effects.failure = Some(format!("induced failure in {call}").into());
        true
    }

    /// Whether the state that the operator at this place registered agrees with what was restored; else its task fails. What
    /// its lists hold then is told, if anybody listens.
    pub(super) fn takes_what_was_restored(&self, at: usize, effects: &mut TaskEffects) -> bool {
        let state = &self.workers[at].state;
        if let Some(refused) = state.refused() {
            effects.failure = Some(refused.to_string().into());
            return false;
        }
        if effects.wants_callbacks {
            let operator = self.operator_id(at);
            let input = self.input().filter(|_| at == 0);
            let own = input.map(|input| self.identity.inputs.seen_from(input));
            let own = own.as_ref().and_then(|own| own.name_of(own.id()));
            let text = |item: &Value| match (own, Position::of_row(item)) {
                (Some(own), Some(position)) => position.told(own),
                _ => item.to_string(),
            };
            let told = state.lists().map(|(name, items)| TaskEvent::ListInitialized {
                operator,
                name: Arc::clone(name),
                items: items.iter().map(|item| text(item).into()).collect(),
            });
            effects.events.extend(told);
        }
        true
    }

    /// Whether a key is of the type of those that were restored; else its task fails.
    #[inline]
    pub(super) fn takes_key(&mut self, at: usize, key: &Value, effects: &mut TaskEffects) -> bool {
        let checked = self.workers[at].state.check_key(key);
        if let Err(refused) = &checked {
            effects.failure = Some(refused.to_string().into());
        }
        checked.is_ok()
    }

    /// Tells an operator that its state was restored, if it was. Whether it did not fail.
    pub(super) fn tell_restored(
        &mut self,
        at: usize,
        permit: Option<CommitPermit>,
        effects: &mut TaskEffects,
    ) -> bool {
        let Some(permit) = permit else { return true };
        let told = self.call((at, "restored"), Stem::NONE, None, effects, |operator, context| {
            operator.restored(permit, context);
        });
        let passed = self.pass_on(at, Origin::default(), effects);
        fail_on_error(passed, effects);
        told.is_some()
    }

    /// An operator failed in a call, or panicked: its task fails, and all that it emitted is gone.
    #[cold]
    #[inline(never)]
    pub(super) fn blame(
        &self,
        (at, call): (usize, &'static str),
        stem: Stem,
        panic: Option<Box<dyn Any + Send>>,
        effects: &mut TaskEffects,
    ) {
        let link = &self.workers[at].link;
        let is_to_blame = panic.is_some() || effects.failure.is_some();
        assert!(is_to_blame, "{} is blamed for a {call} that went well", link.id);
        let is_panic = panic.is_some();
        if let Some(panic) = panic {
            effects.failure = Some(panic_message(&*panic).into());
        }
        effects.of_user.get_or_insert_with(|| {
            Box::new(UserFailure {
                operator: link.id,
                call,
                origin: (call == "process").then_some(stem.origin),
                is_panic,
                ends_the_play: is_panic && link.on_panic == OnPanic::EndsThePlay,
            })
        });
    }

    /// The source at the head is told to stop; other heads are not.
    pub(super) fn cancel_source(&self, effects: &mut TaskEffects) {
        if self.input().is_some() {
            self.note(0, (Call::Cancel, None), effects);
        }
    }
}

/// The method of an operator that is this call.
pub(super) const fn method_of(call: Call) -> &'static str {
    match call {
        Call::InitializeState => "initialize",
        Call::Open => "open",
        Call::PrepareSnapshotPreBarrier => "prepare_snapshot",
        Call::SnapshotState => "snapshot",
        Call::NotifyCheckpointComplete => "checkpoint_complete",
        Call::NotifyCheckpointAborted => "checkpoint_aborted",
        Call::EndInput => "end_input",
        Call::Finish => "finish",
        Call::Close => "close",
        Call::ProcessMaxWatermark => "on_timer",
        Call::Cancel | Call::Throw => "a call",
    }
}

impl TaskEffects {
    /// Whether a fault waits for this call; it is used up.
    pub(crate) fn meets_throw(
        &mut self,
        task: TaskId,
        operator: OperatorId,
        call: Call,
        checkpoint: Option<CheckpointId>,
    ) -> bool {
        let fits = |throw: &Throw| {
            let about = throw.checkpoint.is_none_or(|wanted| checkpoint == Some(wanted));
            throw.task == task && throw.operator == operator && throw.call == call && about
        };
        let Some(place) = self.throws.iter().position(fits) else { return false };
        assert!(self.throws[place].times > 0, "a fault that was used up hits again");
        self.throws[place].times -= 1;
        if self.throws[place].times == 0 {
            self.throws.remove(place);
        }
        true
    }
}
