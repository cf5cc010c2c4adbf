//! A broken check, and what it calls tasks, channels and records.

use super::{Finding, KEPT_MAX};
use crate::job::Origin;
use crate::kernel::SimTime;
use crate::trace::{CheckName, Entry};
use std::fmt;

/// One thing that must not happen and did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which check.
    pub check: CheckName,
    /// When it was noticed.
    pub at: SimTime,
    /// The entry of the trace at which it was noticed.
    pub event: u64,
    /// What is wrong, for people.
    pub text: String,
}

impl Violation {
    pub(super) fn at_entry(check: CheckName, entry: &Entry, text: String) -> Self {
        Self { check, at: entry.at, event: entry.number, text }
    }
}

/// The violations of one check.
#[derive(Clone, Debug, Default)]
pub(super) struct Check {
    pub(super) violations: Vec<Violation>,
}

impl Check {
    pub(super) fn add(&mut self, violation: Violation) {
        if self.violations.len() < KEPT_MAX {
            self.violations.push(violation);
        }
    }

    pub(super) fn finding(self) -> Finding {
        if self.violations.is_empty() { Finding::Held } else { Finding::Broken(self.violations) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, at, event, text } = self;
        write!(f, "{check} broken at event {event} (t={at}): {text}")
    }
}

/// The names of the world's inputs, by `InputId`.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) inputs: Vec<String>,
}

impl Names {
    /// `book[1]#17`, and `book[1]#17.3` for what a flat-map made of it.
    pub(super) fn origin(&self, origin: Origin) -> String {
        let input = self.inputs.get(usize::from(origin.input)).map_or("?", String::as_str);
        let child = match origin.child {
            0 => String::new(),
            child => format!(".{child}"),
        };
        format!("{input}[{}]#{}{child}", origin.partition, origin.offset)
    }
}
