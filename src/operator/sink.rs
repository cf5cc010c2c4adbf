//! Sinks that write each row at once: plain, idempotent, and into a table that knows rows again.

use super::transform::column_of;
use super::{Context, Operator};
use crate::effect::ExternalRequest;
use crate::job::Value;

/// Writes each value at once, so what is replayed is there twice (kind `plain`).
pub(super) fn plain(value: Value, context: &mut dyn Context) {
    context.external(ExternalRequest::Append(value));
}

/// Writes each value under its key, the first column of a row or else the value itself, so a repeat overwrites (kind
/// `idempotent`).
pub(super) fn idempotent(value: Value, context: &mut dyn Context) {
    let key = value.as_row().and_then(<[Value]>::first).unwrap_or(&value).clone();
    context.external(ExternalRequest::Upsert(key, value));
}

/// Writes each value with a marker into a table that ignores markers it has seen, so a repeat changes nothing (kind
/// `dedup`): exactly once without transactions, if every row has a marker of its own and has it again when it is replayed.
///
/// The marker is a column of the row, or the row itself.
#[derive(Clone, Copy)]
pub(super) struct DedupSink {
    pub(super) column: Option<u16>,
}

impl Operator for DedupSink {
    fn initialize(&mut self, _context: &mut dyn Context) {}

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let marker = column_of(&value, self.column).clone();
        let marker = if context.markers_are_stable() {
            marker
        } else {
            Value::row([marker, Value::Int(context.attempt().into())])
        };
        context.external(ExternalRequest::InsertOnce(marker, value));
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}
