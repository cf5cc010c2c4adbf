//! What became of the checks: what is broken and how, and what a world exercised meanwhile.

use super::{BrokenPromise, Coverage};
use crate::job::shown;
use crate::job::{ChannelId, CheckpointId, Origin, TaskId, TransactionId};
use crate::kernel::SimTime;
use crate::trace::{CheckName, Entry, Sometimes, Word};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many violations of one check are kept; one is enough to fail, and a broken protocol makes thousands.
pub(super) const KEPT_MAX: usize = 20;

/// One thing that must not happen and did.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Violation {
    /// Which check.
    pub check: CheckName,
    /// When it was noticed.
    pub at: SimTime,
    /// The entry of the trace at which it was noticed.
    pub event: u64,
    /// What is wrong, for people.
    pub text: String,
    /// What it is about, for programs.
    pub evidence: Evidence,
}

/// What a violation is about, as far as its check knows: ids as the entries of the trace have them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// Which checkpoint or savepoint.
    pub checkpoint: Option<CheckpointId>,
    /// Which channel.
    pub channel: Option<ChannelId>,
    /// Which transaction of an external system.
    pub transaction: Option<TransactionId>,
    /// The tasks that do not agree with one another, or with the checkpoint.
    pub tasks: Vec<TaskId>,
    /// How many records were sent, or entries were in the snapshot.
    pub sent: Option<u64>,
    /// How many of them are held.
    pub held: Option<u64>,
    /// The first of the records that are missing, or there too often.
    pub origins: Vec<Origin>,
}

impl Evidence {
    /// What is about one checkpoint and nothing else.
    pub(super) fn of_checkpoint(checkpoint: CheckpointId) -> Self {
        Self { checkpoint: Some(checkpoint), ..Self::default() }
    }
}

impl Violation {
    pub(super) fn at_entry(check: CheckName, entry: &Entry, text: String) -> Self {
        let (at, event) = (entry.at, entry.number.entry);
        Self { check, at, event, text, evidence: Evidence::default() }
    }

    pub(super) fn about(self, evidence: Evidence) -> Self {
        Self { evidence, ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, at, event, text, .. } = self;
        write!(f, "{check} broken at event {event} (t={}): {text}", at.in_millis())
    }
}

/// How what one sink wrote was compared with what the reference writes: over all runs that wrote to it, the weakest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Compared {
    /// Not at all, and why.
    Not(NotCompared),
    /// The records that rows stem from.
    ByOrigin,
    /// The keys that are there; what is under one is a row that the reference writes there.
    ByKey,
    /// The last row of each key.
    ByLast,
    /// Each row; of windows, each window with all that is in it.
    ByValue,
}

/// Why the rows of a sink were not compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum NotCompared {
    /// Its entry in the catalogue does not declare how it writes.
    Undeclared,
    /// This operator decides by values that depend on the order in which records come, or on the clock.
    DependsOnOrder(String),
    /// What the reference would have written is not known.
    NoReference,
    /// The run was started with records in flight that its job does other things with than the one before, or lost.
    InFlight,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Not(why) => write!(f, "not compared: {why}"),
            Self::ByOrigin => f.write_str("compared by the records that rows stem from"),
            Self::ByKey => f.write_str("compared by the keys that are there"),
            Self::ByLast => f.write_str("compared by the last row of each key"),
            Self::ByValue => f.write_str("compared row by row"),
        }
    }
}

impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undeclared => f.write_str("its entry does not declare how it writes"),
            Self::DependsOnOrder(operator) => {
                write!(f, "`{operator}` decides by values that depend on order or on the clock")
            }
            Self::NoReference => f.write_str("an operator could not go on in the reference"),
            Self::InFlight => f.write_str("records were in flight when its job was changed"),
        }
    }
}

/// Why a check could not say anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Skipped {
    /// The world did not come to its end, or nobody asked.
    NotCompared,
    /// An operator could not go on when the job was evaluated without faults.
    NoReference,
    /// Of no sink the rows could be compared; each says why.
    NoSinkCompared,
    /// Nobody tried to restore what is kept.
    NotRestored,
    /// Nothing was kept that could be restored.
    NothingKept,
}

shown! {
    Skipped:
    NotCompared = "the world was not played to its end",
    NoReference = "an operator could not go on in the reference, so nothing is known of the output",
    NoSinkCompared = "what the sinks wrote could not be compared",
    NotRestored = "not tried; `run --deep` tries it",
    NothingKept = "nothing is kept that could be restored",
}

/// What became of one check.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Finding {
    /// Nothing spoke against it.
    Held,
    /// It could not say anything, and why.
    Skipped(Skipped),
    /// It is broken: the first of the violations, in order of the trace.
    Broken(Vec<Violation>),
}

impl Finding {
    /// Whether anything spoke against it.
    pub const fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// What became of all checks.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Verdict {
    /// In order of [`CheckName`]'s.
    pub checks: Vec<(CheckName, Finding)>,
    /// By sink name, how its rows were compared.
    pub sinks: Vec<(String, Compared)>,
    /// What breaks no check and is worth a word all the same: what Flink breaks by design, or a user by what they asked for.
    pub noticed: Vec<String>,
    /// What happened at least once.
    pub sometimes: BTreeSet<Sometimes>,
    /// What the world exercised.
    pub(crate) coverage: Coverage,
    /// The promises that its releases do not keep, and that it was seen to break.
    pub excuses: Vec<&'static BrokenPromise>,
}

impl Verdict {
    /// The promise that excuses a broken check: the release breaks it by its own rules.
    pub fn excuse(&self, check: CheckName) -> Option<&'static BrokenPromise> {
        self.excuses.iter().copied().find(|promise| promise.checks.contains(&check))
    }

    /// Whether anything spoke against a check.
    pub fn is_broken(&self, check: CheckName) -> bool {
        self.checks.iter().any(|(name, finding)| *name == check && finding.is_broken())
    }

    /// Every violation, check by check.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.checks.iter().flat_map(|(_, finding)| match finding {
            Finding::Broken(violations) => violations.as_slice(),
            Finding::Held | Finding::Skipped(_) => &[],
        })
    }

    /// Whether no check is broken.
    pub fn holds(&self) -> bool {
        self.violations().next().is_none()
    }
}

/// What has been found so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    violations: BTreeMap<CheckName, Vec<Violation>>,
    skipped: BTreeMap<CheckName, Skipped>,
    /// By sink name, how its rows were compared.
    pub(super) sinks: BTreeMap<String, Compared>,
    /// What happened at least once.
    pub(super) sometimes: BTreeSet<Sometimes>,
    /// What the world exercised.
    pub(super) coverage: Coverage,
}

impl Findings {
    /// The rows of one run in a sink were compared so. Of several the weakest counts, of which there is any.
    pub(super) fn compared(&mut self, sink: &str, how: Compared) {
        let known = self.sinks.entry(sink.to_owned()).or_insert_with(|| how.clone());
        let is_weaker = matches!(known, Compared::Not(_)) || how < *known;
        if is_weaker && !matches!(how, Compared::Not(_)) {
            *known = how;
        }
    }

    /// A check is broken.
    pub(super) fn add(&mut self, violation: Violation) {
        let kept = self.violations.entry(violation.check).or_default();
        if kept.len() < KEPT_MAX {
            kept.push(violation);
        }
    }

    /// A check has nothing to say, unless it is broken.
    pub(super) fn skip(&mut self, check: CheckName, why: Skipped) {
        self.skipped.insert(check, why);
    }

    /// Where rows of no sink were compared, their check has nothing to say.
    pub(super) fn skip_where_nothing_was_compared(&mut self) {
        let mut ways = self.sinks.values().peekable();
        if ways.peek().is_some() && ways.all(|how| matches!(how, Compared::Not(_))) {
            let skipped = self.skipped.entry(CheckName::OutputEquivalence);
            skipped.or_insert(Skipped::NoSinkCompared);
        }
    }

    /// What became of each check.
    pub(super) fn checks(&mut self) -> Vec<(CheckName, Finding)> {
        let finding = |name: &CheckName| {
            let broken = self.violations.remove(name).map(Finding::Broken);
            let skipped = || self.skipped.get(name).copied().map(Finding::Skipped);
            (*name, broken.or_else(skipped).unwrap_or(Finding::Held))
        };
        CheckName::ALL.iter().map(finding).collect()
    }
}
