//! Where what an operator of the reference emits and writes goes.

use super::Emission;
use crate::check::written::{ReferenceRow, Written};
use crate::effect::ExternalRequest;
use crate::job::{EventTime, Origin, Value};
use crate::operator::Outside;

/// What is kept of one call of an operator.
pub(super) struct Kept<'a> {
    pub(super) written: &'a mut Written,
    pub(super) emitted: &'a mut Vec<Emission>,
    pub(super) origin: Origin,
    pub(super) nth: u32,
    pub(super) failure: &'a mut Option<String>,
}

impl Outside for Kept<'_> {
    fn emit(&mut self, value: Value, side: bool, timestamp: EventTime) {
        let origin = self.origin.descend(self.nth);
        self.nth += 1;
        self.emitted.push(Emission { value, origin, timestamp, side });
    }
    fn fail(&mut self, why: &str) {
        self.failure.get_or_insert_with(|| why.to_owned());
    }
    fn external(&mut self, request: ExternalRequest) {
        let (key, value) = match request {
            ExternalRequest::Append(value) | ExternalRequest::Write(_, value) => (None, value),
            ExternalRequest::Upsert(key, value) | ExternalRequest::InsertOnce(key, value) => {
                (Some(key), value)
            }
            ExternalRequest::Begin(_)
            | ExternalRequest::Prepare(..)
            | ExternalRequest::Commit(..)
            | ExternalRequest::Abort(_) => return,
        };
        self.written.push(ReferenceRow { key, value, origin: self.origin });
    }
}
