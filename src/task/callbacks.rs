//! What is told of the calls of operators, and which of them throw.
//!
//! Both are settled by the lent buffer: who listens, and which faults wait. Does not call operators; the chain does.

use super::chain::{Chain, Surroundings};
use crate::effect::{TaskEffects, Throw};
use crate::job::{CheckpointId, OperatorId, TaskId};
use crate::trace::{Call, TraceEvent};
use std::sync::Arc;

impl Chain {
    /// Tells of a call of the operator at this place, if anybody listens.
    pub(super) fn note(
        &self,
        at: usize,
        (call, checkpoint): (Call, Option<CheckpointId>),
        around: &mut Surroundings<'_>,
    ) {
        if around.effects.wants_callbacks {
            let (task, operator) = (around.identity.task, self.operator_id(at));
            let event = TraceEvent::Callback { task, operator, call, checkpoint };
            around.effects.events.push(event);
        }
    }

    /// Whether the user's code throws in this call. The task fails then.
    pub(super) fn throws(
        &self,
        at: usize,
        (call, checkpoint): (Call, Option<CheckpointId>),
        around: &mut Surroundings<'_>,
    ) -> bool {
        let (task, operator) = (around.identity.task, self.operator_id(at));
        if !around.effects.meets_throw(task, operator, call, checkpoint) {
            return false;
        }
        self.note(at, (Call::Throw, None), around);
        around.effects.failure = Some(format!("induced failure in {call}").into());
        true
    }

    /// Whether the state that the operator at this place registered agrees with what was restored; else its task fails. What
    /// its lists hold then is told, if anybody listens.
    pub(super) fn takes_what_was_restored(&self, at: usize, around: &mut Surroundings<'_>) -> bool {
        let state = &self.workers[at].state;
        if let Some(refused) = state.refused() {
            around.effects.failure = Some(refused.to_string().into());
            return false;
        }
        if around.effects.wants_callbacks {
            let (task, operator) = (around.identity.task, self.operator_id(at));
            let told = state.lists().map(|(name, items)| TraceEvent::ListInitialized {
                task,
                operator,
                name: Arc::clone(name),
                items: items.iter().map(|item| item.to_string().into()).collect(),
            });
            around.effects.events.extend(told);
        }
        true
    }

    /// The source at the head is told to stop; other heads are not.
    pub(super) fn cancel_source(&self, around: &mut Surroundings<'_>) {
        if self.input().is_some() {
            self.note(0, (Call::Cancel, None), around);
        }
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
        self.throws[place].times -= 1;
        if self.throws[place].times == 0 {
            self.throws.remove(place);
        }
        true
    }
}
