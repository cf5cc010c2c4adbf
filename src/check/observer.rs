//! What every check is: it follows the trace, and says what is wrong with it.

use super::output::Outputs;
use super::past::Past;
use super::setup::{CheckSetup, EndOfWorld};
use super::verdict::{Evidence, Findings, Violation};
use crate::trace::{CheckName, Entry, TraceEvent};

/// To whom the events happened that a check looks at.
#[derive(Clone, Copy)]
pub(super) struct Subjects(u8);

impl Subjects {
    pub(super) const NONE: Self = Self(0);
    pub(super) const JOBS: Self = Self(1);
    pub(super) const CHECKPOINTS: Self = Self(2);
    pub(super) const TASKS: Self = Self(4);
    pub(super) const TRANSACTIONS: Self = Self(8);
    pub(super) const WORLD: Self = Self(16);

    pub(super) const fn of(event: &TraceEvent) -> Self {
        match event {
            TraceEvent::Job(..) => Self::JOBS,
            TraceEvent::Checkpoint(..) => Self::CHECKPOINTS,
            TraceEvent::Task(..) => Self::TASKS,
            TraceEvent::Transaction { .. } => Self::TRANSACTIONS,
            TraceEvent::World(_) => Self::WORLD,
        }
    }

    pub(super) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) const fn has(self, subject: Self) -> bool {
        self.0 & subject.0 != 0
    }
}

/// One check.
pub(super) trait Observer: Default {
    /// It is shown no other events.
    const LOOKS_AT: Subjects;

    /// A check of one world.
    fn of(_setup: &CheckSetup) -> Self {
        Self::default()
    }

    /// Judges what happened. The history knows it already.
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings);

    /// Judges what only the end of the world shows.
    fn finish(&mut self, _end: &End<'_>, _found: &mut Findings) {}
}

/// The end of a world.
pub(super) struct End<'w> {
    pub(super) past: Past<'w>,
    pub(super) world: &'w EndOfWorld<'w>,
    /// The number of the last entry.
    pub(super) last_entry: u64,
    /// What the sinks were to write.
    pub(super) outputs: Outputs<'w>,
}

impl End<'_> {
    pub(super) fn violation(&self, check: CheckName, text: String) -> Violation {
        let (at, event) = (self.world.ended, self.last_entry);
        Violation { check, at, event, text, evidence: Evidence::default() }
    }
}
