//! Panics of the user's own code, in words.

use crate::kernel::SimTime;
use serde::Serialize;
use std::fmt;

/// A panic in a call of an operator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct UserPanic {
    /// In which run: `count#0`.
    pub run: String,
    /// The operator's name.
    pub operator: String,
    /// Which subtask of it.
    pub subtask: u32,
    /// The method that was called: `process`.
    pub call: &'static str,
    /// The record at hand, if there was one: `clicks[0]#99`.
    pub record: Option<String>,
    /// When, in virtual time.
    #[serde(rename = "at_ns")]
    pub at: SimTime,
    /// The message of the panic.
    pub message: String,
}

impl UserPanic {
    fn with(&self) -> String {
        self.record.as_ref().map_or_else(String::new, |record| format!(" with {record}"))
    }

    /// `m/0 panicked in process with clicks[0]#99: message`.
    pub(crate) fn words(&self, did: &str) -> String {
        let Self { operator, subtask, call, message, .. } = self;
        format!("{operator}/{subtask} {did} in `{call}`{}: {message}", self.with())
    }
}

/// `m/0 of count#0, in process with clicks[0]#99, at t=1500.000ms: message`.
impl fmt::Display for UserPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, operator, subtask, call, at, message, .. } = self;
        let (with, at) = (self.with(), at.in_millis());
        write!(f, "{operator}/{subtask} of {run}, in `{call}`{with}, at t={at}: {message}")
    }
}
