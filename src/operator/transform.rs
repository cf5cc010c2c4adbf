//! Operators without state: maps, filters, flat-maps and `key-by`.

use super::{Context, Operator};
use crate::job::Value;
use std::sync::Arc;

/// What a stateless operator does with one value.
type Step = fn(Value, &mut dyn Context);

/// An operator that is a plain function of each value, or a sink that is.
#[derive(Clone, Copy)]
pub(super) struct Stateless(pub(super) Step);

impl Operator for Stateless {
    fn initialize(&mut self, _context: &mut dyn Context) {}

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        (self.0)(value, context);
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Sends every value on as it is. Also the function of `key-by`, which only has its input dealt by key.
pub(super) fn identity(value: Value, context: &mut dyn Context) {
    context.emit(value);
}

/// Text in upper case; other values as they are.
pub(super) fn upper(value: Value, context: &mut dyn Context) {
    context.emit(map_text(value, |text| text.to_uppercase()));
}

/// Text in lower case; other values as they are.
pub(super) fn lower(value: Value, context: &mut dyn Context) {
    context.emit(map_text(value, |text| text.to_lowercase()));
}

/// An integer plus one, wrapping; other values as they are.
pub(super) fn increment(value: Value, context: &mut dyn Context) {
    context.emit(value.as_int().map_or(value, |number| Value::Int(number.wrapping_add(1))));
}

/// A row of two with its columns exchanged; other values as they are.
pub(super) fn swap(value: Value, context: &mut dyn Context) {
    let swapped = match value.as_row() {
        Some([first, second]) => Value::row([second.clone(), first.clone()]),
        Some(_) | None => value,
    };
    context.emit(swapped);
}

/// The row `(value, 1)`.
pub(super) fn to_pair(value: Value, context: &mut dyn Context) {
    context.emit(Value::row([value, Value::Int(1)]));
}

/// Keeps what has an even measure (see [`measure`]); the rest, and what has no measure, goes to the side output.
pub(super) fn even(value: Value, context: &mut dyn Context) {
    let is_even = measure(&value).is_some_and(|number| number % 2 == 0);
    keep(is_even, value, context);
}

/// Keeps all but empty text, empty bytes and rows without columns, which go to the side output.
pub(super) fn non_empty(value: Value, context: &mut dyn Context) {
    let is_empty = match &value {
        Value::Int(_) | Value::Bool(_) => false,
        Value::Text(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Row(columns, _) => columns.is_empty(),
    };
    keep(!is_empty, value, context);
}

/// The words of text or bytes: maximal runs of ASCII letters, in lower case, as text. Other values have none.
pub(super) fn split_words(value: Value, context: &mut dyn Context) {
    let runs = characters(&value).split(|byte| !byte.is_ascii_alphabetic());
    for run in runs.filter(|run| !run.is_empty()) {
        let mut word = Arc::<str>::from(str::from_utf8(run).expect("ASCII letters are UTF-8"));
        Arc::get_mut(&mut word).expect("the word is new").make_ascii_lowercase();
        context.emit(Value::Text(word));
    }
}

/// Every value twice.
pub(super) fn repeat(value: Value, context: &mut dyn Context) {
    context.emit(value.clone());
    context.emit(value);
}

/// A number as two that add up to it, the smaller one first; of a row its last integer column; other values as they are.
pub(super) fn halves(value: Value, context: &mut dyn Context) {
    let Some(number) = measure(&value) else { return context.emit(value) };
    let smaller = number.div_euclid(2);
    for half in [smaller, number - smaller] {
        context.emit(with_measure(&value, half));
    }
}

/// The ASCII digits of text or bytes, as integers, in order. Other values have none.
pub(super) fn digits(value: Value, context: &mut dyn Context) {
    for byte in characters(&value).iter().filter(|byte| byte.is_ascii_digit()) {
        context.emit(Value::Int((byte - b'0').into()));
    }
}

/// The number that a value stands for: an integer itself, a row's last integer column; other values have none.
pub(super) fn measure(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Row(columns, _) => columns.iter().rev().find_map(Value::as_int),
        Value::Bool(_) | Value::Text(_) | Value::Bytes(_) => None,
    }
}

/// The same value with another measure, if it has one.
fn with_measure(value: &Value, number: i64) -> Value {
    let Some(columns) = value.as_row() else { return Value::Int(number) };
    let place = columns.iter().rposition(|column| column.as_int().is_some());
    let at = |(column, old): (usize, &Value)| {
        if Some(column) == place { Value::Int(number) } else { old.clone() }
    };
    Value::row_of(columns.iter().enumerate().map(at))
}

/// The column of a row that an operator was told to work on; the value itself if it was told none, or has no such column.
pub(super) fn column_of(value: &Value, column: Option<u16>) -> &Value {
    let in_row = |column: u16| value.as_row().and_then(|row| row.get(usize::from(column)));
    column.and_then(in_row).unwrap_or(value)
}

fn keep(kept: bool, value: Value, context: &mut dyn Context) {
    if kept {
        context.emit(value);
    } else {
        context.emit_side(value);
    }
}

fn map_text(value: Value, change: impl Fn(&str) -> String) -> Value {
    match &value {
        Value::Text(text) => Value::text(change(text)),
        Value::Int(_) | Value::Bool(_) | Value::Bytes(_) | Value::Row(..) => value,
    }
}

/// The bytes of text or bytes; none of other values.
fn characters(value: &Value) -> &[u8] {
    match value {
        Value::Text(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        Value::Int(_) | Value::Bool(_) | Value::Row(..) => &[],
    }
}
