//! Why a world was ended that would never have ended by itself, in words.

use crate::kernel::SimTime;
use std::fmt;
use std::sync::Arc;

/// Why a world ended although a job was not over.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stall {
    /// Nothing was left to happen.
    NothingDue {
        /// What tasks waited for, in words.
        waits: Vec<String>,
    },
    /// Event time stands still for ever where windows wait for it.
    TimeStandsStill {
        /// Which windows, and what holds it, in words.
        waits: Vec<String>,
    },
    /// A job restarted again and again without reading a record further or completing a checkpoint.
    Restarts {
        /// Which: `count#0`.
        job: String,
        /// How often in a row.
        restarts: u32,
        /// Why it failed the last time, if anybody said.
        cause: Option<Arc<str>>,
    },
    /// The budget of events was used up.
    Events {
        /// How many it was.
        budget: u64,
        /// When.
        at: SimTime,
        /// What was due next, in words.
        due: Vec<String>,
    },
    /// The budget of memory was used up.
    Memory {
        /// How many bytes it was.
        budget: u64,
        /// When.
        at: SimTime,
        /// What was due next, in words.
        due: Vec<String>,
    },
    /// All that was left was due when virtual time ends, or later.
    EndOfTime {
        /// What that was, in words.
        due: Vec<String>,
    },
}

impl Stall {
    /// What to do about it, as one imperative sentence.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NothingDue { .. } => {
                "look for a task that waits for ever, such as one that is blocked"
            }
            Self::TimeStandsStill { .. } => {
                "give the source no more subtasks than there are partitions, or let them fall idle with `idle-after`"
            }
            Self::Restarts { .. } => {
                "mend what fails, limit the restarts of the job, or allow more with `budget = { restarts = N }`"
            }
            Self::Events { .. } => {
                "end the world with `until`, or allow more with `budget = { events = N }`"
            }
            Self::Memory { .. } => {
                "end the world with `until`, or allow more with `budget = { megabytes = N }`"
            }
            Self::EndOfTime { .. } => "choose spans that are over within 584 years",
        }
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let due = |due: &[String]| match due {
            [] => "nothing was due next".to_owned(),
            [..] => format!("due next: {}", due.join("; ")),
        };
        match self {
            Self::NothingDue { waits } => {
                f.write_str("a job is not over, and nothing can happen any more")?;
                waits.iter().try_for_each(|wait| write!(f, "; {wait}"))
            }
            Self::TimeStandsStill { waits } => {
                write!(f, "time stands still: {}", waits.join("; "))
            }
            Self::Restarts { job, restarts, cause } => {
                let cause = cause.as_deref().unwrap_or("nobody said why");
                write!(
                    f,
                    "{job} restarted {restarts} times without reading a record further or completing a checkpoint; it failed last with: {cause}"
                )
            }
            Self::Events { budget, at, due: next } => {
                let at = at.in_millis();
                write!(f, "the budget of {budget} events was used up at t={at}; {}", due(next))
            }
            Self::Memory { budget, at, due: next } => {
                let (megabytes, at) = (budget / 1_000_000, at.in_millis());
                write!(
                    f,
                    "the budget of {megabytes} megabytes was used up at t={at}; {}",
                    due(next)
                )
            }
            Self::EndOfTime { due: next } => {
                write!(f, "a job is not over when virtual time ends; {}", due(next))
            }
        }
    }
}
