//! Operators that read two streams apart from each other: a keyed join, and streams connected with tags or with rules.

use super::transform::measure;
use super::{Context, Operator};
use crate::job::Value;
use crate::state::{BroadcastId, KeyedId};

/// Emits every pair of a left and a right value of one key, when the later of the two comes (kind `join`, function
/// `inner`).
///
/// Keyed states `left` and `right`: the values of each side, in order of arrival; nothing is ever forgotten. A row is the
/// columns of the key, then those of the left value, then those of the right. Which pairs there are does not depend on
/// how the two streams interleave; which record a pair stems from does.
#[derive(Clone, Copy, Default)]
pub(super) struct InnerJoin {
    sides: Option<[KeyedId; 2]>,
}

impl Operator for InnerJoin {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.sides = Some([context.keyed_state("left"), context.keyed_state("right")]);
    }

    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        let [left, right] = self.sides.expect("`initialize` declared the sides");
        let (own, other) = if input == 0 { (left, right) } else { (right, left) };
        let slot = context.keyed(own);
        *slot = Some(appended(slot.as_ref(), value.clone()));
        let Some(Value::Row(others, _)) = context.keyed(other).clone() else { return };
        let key = context.key().clone();
        for other in &*others {
            let pair = if input == 0 { [&key, &value, other] } else { [&key, other, &value] };
            context.emit(Value::row_of(pair.into_iter().flat_map(columns).cloned()));
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Sends the values of both inputs on, each with the number of its input, 0 or 1, as its last column (kind `connect`,
/// function `tag`).
#[derive(Clone, Copy)]
pub(super) struct Tag;

impl Operator for Tag {
    fn initialize(&mut self, _context: &mut dyn Context) {}

    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        context.emit(with_column(&value, Value::Int(input.into())));
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Sends the values of input 0 on, each with what the rules say of its key, as far as they have come by then: its last
/// column (kind `connect`, function `rules`). Input 1 is the rules and must be broadcast.
///
/// Broadcast state `rules`: by the first column of the rules, the largest measure of any; 0 is said of other keys. So it
/// is the same on every subtask at a barrier, in whatever order the rules came, while a value may find more or fewer of
/// them.
#[derive(Clone, Copy, Default)]
pub(super) struct ConnectRules {
    rules: Option<BroadcastId>,
}

impl Operator for ConnectRules {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.rules = Some(context.broadcast_state("rules"));
    }

    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        let rules = context.broadcast(self.rules.expect("`initialize` declared the rules"));
        let key = value.as_row().and_then(<[Value]>::first).unwrap_or(&value);
        if input == 0 {
            let said = rules.get(key).cloned().unwrap_or(Value::Int(0));
            context.emit(with_column(&value, said));
            return;
        }
        let says = Value::Int(measure(&value).unwrap_or(0));
        let rule = rules.entry(key.clone()).or_insert_with(|| says.clone());
        *rule = says.max(rule.clone());
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// The columns of a row; any other value is one column.
fn columns(value: &Value) -> &[Value] {
    value.as_row().unwrap_or(std::slice::from_ref(value))
}

fn with_column(value: &Value, column: Value) -> Value {
    Value::row_of(columns(value).iter().cloned().chain([column]))
}

/// A list with one more; a new one where there is none, or where another operator left something else.
fn appended(list: Option<&Value>, value: Value) -> Value {
    let list = list.and_then(Value::as_row).unwrap_or_default();
    Value::row_of(list.iter().cloned().chain([value]))
}
