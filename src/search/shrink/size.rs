//! How large a story is. One that is larger in the first thing in which two differ is the larger one.

use crate::scenario::{InputKind, Scenario};
use std::fmt;

/// How large a story is, for people and as the order in which stories become smaller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct Size {
    /// Its jobs.
    pub jobs: usize,
    /// Its steps.
    pub steps: usize,
    /// The operators of its largest job.
    pub operators: usize,
    /// The subtasks of its largest job, operator by operator.
    pub subtasks: u32,
    /// Entries of inputs that are made up; of those in files none.
    pub records: u64,
    /// Letters of its text.
    pub letters: usize,
}

impl Size {
    /// Of a story that has this text.
    pub(super) fn of(scenario: &Scenario, text: &str) -> Self {
        let graphs = || scenario.jobs.iter().map(|job| &job.graph);
        let subtasks =
            graphs().map(|graph| graph.operators.iter().map(|node| node.parallelism).sum());
        let records = scenario.inputs.iter().map(|input| match input.kind {
            InputKind::Generate { records, .. } => u64::from(records),
            InputKind::Text(_) | InputKind::Csv { .. } => 0,
        });
        Self {
            jobs: scenario.jobs.len(),
            steps: scenario.steps.len(),
            operators: graphs().map(|graph| graph.operators.len()).max().unwrap_or(0),
            subtasks: subtasks.max().unwrap_or(0),
            records: records.sum(),
            letters: text.len(),
        }
    }
}

/// `2 jobs, 9 steps, 4 operators, 7 subtasks, 427 records`.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: u64, what: &str| match count {
            1 => format!("1 {what}"),
            more => format!("{more} {what}s"),
        };
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        write!(
            f,
            "{}, {}, {}, {}, {}",
            counted(wide(self.jobs), "job"),
            counted(wide(self.steps), "step"),
            counted(wide(self.operators), "operator"),
            counted(self.subtasks.into(), "subtask"),
            counted(self.records, "record")
        )
    }
}
