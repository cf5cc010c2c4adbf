//! Operators with list, union and broadcast state. They pass values on as they are, so that state which is lost or
//! doubled shows in the state and nowhere else.

use super::{Context, Operator};
use crate::job::{CheckpointId, Value};
use crate::state::{BroadcastId, ListId, ListMode};

/// How many values a [`Buffer`] keeps.
const RECENT: usize = 3;

/// Passes values on and keeps the last three of this subtask (kind `state`, function `buffer`).
///
/// List state `recent` (split): the values, oldest first. A restored subtask may start with more; its next value drops
/// the oldest.
#[derive(Clone, Copy, Default)]
pub(super) struct Buffer {
    recent: Option<ListId>,
}

impl Operator for Buffer {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.recent = Some(context.list_state("recent", ListMode::Split));
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let recent = context.list(self.recent.expect("`initialize` declared the recent values"));
        recent.push(value.clone());
        let surplus = recent.len().saturating_sub(RECENT);
        recent.drain(..surplus);
        context.emit(value);
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Passes values on and counts those of this subtask (kind `state`, function `union-counter`).
///
/// List state `counts` (union): one row `(subtask, count)` per subtask, added by it at each snapshot. A restored subtask
/// keeps its own row; those of subtasks that are no more go to subtask 0, so that the sum of all counts never changes in
/// a restore. Who kept all rows would multiply them at the next checkpoint (`RoundRobinOperatorStateRepartitioner`).
#[derive(Clone, Copy, Default)]
pub(super) struct UnionCounter {
    counts: Option<ListId>,
    count: i64,
}

impl UnionCounter {
    fn state(&self) -> ListId {
        self.counts.expect("`initialize` declared the counts")
    }
}

impl Operator for UnionCounter {
    fn initialize(&mut self, context: &mut dyn Context) {
        let counts = context.list_state("counts", ListMode::Union);
        self.counts = Some(counts);
        let (own, parallelism) = (i64::from(context.subtask()), i64::from(context.parallelism()));
        let heir = |subtask: i64| if subtask < parallelism { subtask } else { 0 };
        let takes_all = !context.union_entries_owned();
        self.count = std::mem::take(context.list(counts))
            .iter()
            .filter_map(subtask_and_count)
            .filter(|(subtask, _)| takes_all || heir(*subtask) == own)
            .fold(0, |sum, (_, count)| sum.wrapping_add(count));
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        self.count = self.count.wrapping_add(1);
        context.emit(value);
    }

    fn snapshot(&mut self, _checkpoint: CheckpointId, context: &mut dyn Context) {
        let row = Value::row([Value::Int(context.subtask().into()), Value::Int(self.count)]);
        *context.list(self.state()) = vec![row];
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Passes the values of input 0 on, and remembers those of input 1, which must be broadcast, as rules (kind `state`,
/// function `broadcast-rules`).
///
/// Broadcast state `rules`: how often each rule came. Each subtask has seen the same rules at a barrier, in whatever
/// order they came.
#[derive(Clone, Copy, Default)]
pub(super) struct BroadcastRules {
    rules: Option<BroadcastId>,
}

impl Operator for BroadcastRules {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.rules = Some(context.broadcast_state("rules"));
    }

    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        if input == 0 {
            context.emit(value);
            return;
        }
        let rules = context.broadcast(self.rules.expect("`initialize` declared the rules"));
        let times = rules.entry(value).or_insert(Value::Int(0));
        *times = Value::Int(times.as_int().unwrap_or(0).wrapping_add(1));
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Back from union state; `None` for what another operator left under the same name.
fn subtask_and_count(row: &Value) -> Option<(i64, i64)> {
    let [subtask, count] = row.as_row()? else { return None };
    Some((subtask.as_int()?, count.as_int()?))
}
