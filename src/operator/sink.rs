//! Sinks that write each row at once: plain and idempotent.

use super::{Context, Operator};
use crate::effect::ExternalRequest;
use crate::job::Value;

/// Writes each value at once, so what is replayed is there twice (kind `plain`).
#[derive(Clone, Copy)]
pub(super) struct PlainSink;

impl Operator for PlainSink {
    fn initialize(&mut self, _context: &mut dyn Context) {}

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        context.external(ExternalRequest::Append(value));
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Writes each value under its key, the first column of a row or else the value itself, so a repeat overwrites (kind
/// `idempotent`).
#[derive(Clone, Copy)]
pub(super) struct IdempotentSink;

impl Operator for IdempotentSink {
    fn initialize(&mut self, _context: &mut dyn Context) {}

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let key = value.as_row().and_then(<[Value]>::first).unwrap_or(&value).clone();
        context.external(ExternalRequest::Upsert(key, value));
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}
