//! Running aggregates: one value per key, sent on after each record.

use super::transform::{column_of, measure};
use super::{Context, Operator};
use crate::job::{KeyedOptions, OperatorNode, Registration, Value};
use crate::kernel::SimTime;
use crate::state::{KeyedId, stamped, unstamped};
use std::sync::Arc;

/// What an aggregate remembers after a value, given what it remembered before.
type Step = fn(Option<Value>, Value) -> Value;

/// Folds the values of each key into one and emits `(key, aggregate)` for every record.
///
/// Keyed state named as the function, if it is told nothing else: the aggregate. If its values expire, a value that has not
/// changed for that long is as good as none (`NeverReturnExpired`, `OnCreateAndWrite`).
#[derive(Clone)]
pub(super) struct Running {
    state: &'static str,
    step: Step,
    column: Option<u16>,
    aggregate: Option<KeyedId>,
    keyed: Option<Arc<KeyedOptions>>,
}

impl Running {
    /// An aggregate that keeps its state under this name: of one column of the rows, where it is told one, and with its state
    /// registered as it is told.
    pub(super) fn of(node: &OperatorNode, state: &'static str, step: Step) -> Box<dyn Operator> {
        let (column, keyed) = (node.options.column, node.options.keyed_state.clone());
        Box::new(Self { state, step, column, aggregate: None, keyed })
    }

    fn ttl(&self) -> Option<SimTime> {
        self.keyed.as_ref()?.ttl
    }
}

impl Operator for Running {
    fn initialize(&mut self, context: &mut dyn Context) {
        let told = self.keyed.as_ref();
        let name = told.and_then(|told| told.name.as_deref()).unwrap_or(self.state);
        let registered = told.map_or_else(Registration::default, |told| told.registration());
        self.aggregate = Some(context.register_keyed(name, registered));
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let aggregate = self.aggregate.expect("`initialize` declared the aggregate");
        let value = match self.column {
            None => value,
            Some(_) => column_of(&value, self.column).clone(),
        };
        let ttl = self.ttl();
        let now = context.now();
        let slot = context.keyed(aggregate);
        let before = match ttl {
            None => slot.take(),
            Some(ttl) => slot.take().as_ref().and_then(unstamped).and_then(|(value, at)| {
                let is_alive = now < at.plus(ttl);
                is_alive.then_some(value)
            }),
        };
        let folded = (self.step)(before, value);
        *slot = Some(match ttl {
            None => folded.clone(),
            Some(_) => stamped(folded.clone(), now),
        });
        let row = Value::row([context.key().clone(), folded]);
        context.emit(row);
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// How many values there were, wrapping. The counts of a key are 1, 2, 3, … whatever the order.
pub(super) fn count(before: Option<Value>, _value: Value) -> Value {
    Value::Int(number(before.as_ref()).wrapping_add(1))
}

/// The sum of the measures (an integer itself, a row's last integer column), wrapping. A value without one counts as 0.
pub(super) fn sum(before: Option<Value>, value: Value) -> Value {
    Value::Int(number(before.as_ref()).wrapping_add(measure(&value).unwrap_or(0)))
}

/// The largest content (see [`content`]), by the order of [`Value`].
pub(super) fn max(before: Option<Value>, value: Value) -> Value {
    let value = content(value);
    before.map_or(value.clone(), |before| before.max(value))
}

/// The smallest content, by the order of [`Value`].
pub(super) fn min(before: Option<Value>, value: Value) -> Value {
    let value = content(value);
    before.map_or(value.clone(), |before| before.min(value))
}

/// The exclusive or of the measures: a value counted twice is a value never counted. No measure counts as 0.
pub(super) fn xor(before: Option<Value>, value: Value) -> Value {
    Value::Int(number(before.as_ref()) ^ measure(&value).unwrap_or(0))
}

/// The content that came last. Depends on order.
pub(super) fn last(_before: Option<Value>, value: Value) -> Value {
    content(value)
}

/// Emits each key the first time that it comes, and nothing after that (kind `aggregate`, function `distinct`).
///
/// Keyed state `seen`: true.
#[derive(Clone, Copy, Default)]
pub(super) struct Distinct {
    seen: Option<KeyedId>,
}

impl Operator for Distinct {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.seen = Some(context.keyed_state("seen"));
    }

    fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
        let seen = self.seen.expect("`initialize` declared the keys that came");
        if context.keyed(seen).replace(Value::Bool(true)).is_none() {
            context.emit(context.key().clone());
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Several aggregates of the measures at once, as one row: their number, sum, least and greatest. Values without a measure
/// are counted only.
#[derive(Clone, Copy, Default)]
pub(super) struct Statistics {
    column: Option<u16>,
    row: Option<KeyedId>,
}

impl Statistics {
    /// Of the values, or of one column of them.
    pub(super) const fn of_column(column: Option<u16>) -> Self {
        Self { column, row: None }
    }
}

impl Operator for Statistics {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.row = Some(context.keyed_state("statistics"));
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let slot = context.keyed(self.row.expect("`initialize` declared the row"));
        let before = slot.as_ref().and_then(Value::as_row);
        let number = |place: usize| before?.get(place)?.as_int();
        let (count, sum) = (number(0).unwrap_or(0), number(1).unwrap_or(0));
        let measure = measure(column_of(&value, self.column));
        let least = number(2).into_iter().chain(measure).min();
        let greatest = number(3).into_iter().chain(measure).max();
        let (count, sum) = (count.wrapping_add(1), sum.wrapping_add(measure.unwrap_or(0)));
        let mut row = vec![Value::Int(count), Value::Int(sum)];
        row.extend([least, greatest].into_iter().flatten().map(Value::Int));
        *slot = Some(Value::row_of(row.clone()));
        let key = context.key().clone();
        context.emit(Value::row_of(std::iter::once(key).chain(row)));
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// What a reduce reduces: the last column of a row, else the value itself.
fn content(value: Value) -> Value {
    match value.as_row().and_then(<[Value]>::last) {
        Some(column) => column.clone(),
        None => value,
    }
}

/// What is remembered as a number; 0 at first, or where another operator left something else under the same name.
fn number(before: Option<&Value>) -> i64 {
    before.and_then(Value::as_int).unwrap_or(0)
}
