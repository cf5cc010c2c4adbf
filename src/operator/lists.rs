//! An operator with list states that the scenario names, which begin with items of their own.

use super::{Context, Operator};
use crate::job::{ListMode, ListOptions, OperatorNode, StateType, Value};
use crate::state::BroadcastId;
use std::sync::Arc;

/// Passes values on and keeps list states (kind `state`, function `list`).
///
/// List states as it is told: their names, their mode, the type of their items. Subtask i of a task that was restored from
/// nothing puts i items, and as many more as it is told, into each: `NAME/i:j`, or `NAME.STATE/i:j` where there are several
/// states; integers, if they are to be. A subtask of a restored task puts none, even if the snapshot has none for it. It
/// never changes them, so that it shows in its state alone how they were dealt. A broadcast state has the same entries on
/// every fresh subtask.
#[derive(Clone)]
pub(super) struct Lists {
    name: Arc<str>,
    options: Arc<ListOptions>,
}

impl Lists {
    /// As the node says.
    pub(super) fn new(node: &OperatorNode) -> Self {
        let options = node.options.list_state.clone().unwrap_or_default();
        Self { name: node.name.as_str().into(), options }
    }

    /// Item `place` of a fresh subtask.
    fn item(&self, state: &str, subtask: u32, place: u32) -> Value {
        let ListOptions { names, items, .. } = &*self.options;
        match items {
            StateType::Any | StateType::Text if names.len() == 1 => {
                Value::text(format!("{}/{subtask}:{place}", self.name))
            }
            StateType::Any | StateType::Text => {
                Value::text(format!("{}.{state}/{subtask}:{place}", self.name))
            }
            StateType::Long | StateType::Int => {
                Value::Int(i64::from(subtask) * 1000 + i64::from(place))
            }
        }
    }

    fn fill_broadcast(&self, id: BroadcastId, state: &str, context: &mut dyn Context) {
        for place in 0..self.options.starts_with {
            let item = self.item(state, 0, place);
            context.broadcast(id).insert(item, Value::Bool(true));
        }
    }
}

impl Operator for Lists {
    fn initialize(&mut self, context: &mut dyn Context) {
        let is_fresh = context.restored_from().is_none();
        let ListOptions { names, items, starts_with, .. } = &*self.options;
        for (place, state) in names.iter().enumerate() {
            let mode = self.options.mode_of(place);
            if mode == ListMode::Broadcast {
                let id = context.broadcast_state(state);
                if is_fresh {
                    self.fill_broadcast(id, state, context);
                }
                continue;
            }
            let id = context.register_list(state, mode, *items);
            if is_fresh {
                let subtask = context.subtask();
                let fresh = (0..subtask + starts_with).map(|at| self.item(state, subtask, at));
                context.list(id).extend(fresh);
            }
        }
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        context.emit(value);
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
