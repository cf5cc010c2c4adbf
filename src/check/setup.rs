//! What the checks are told from outside: the story beforehand, and how its world looks in the end.

use crate::effect::ExternalSystem;
use crate::job::{InputId, OperatorIndex, Origin, Plan};
use crate::kernel::{SimTime, to_index};
use crate::operator::{Catalogue, Log};
use crate::scenario::{Scenario, Step};
use crate::state::CompletedCheckpoint;
use crate::trace::Leftovers;
use std::sync::Arc;

/// What the checks must know beforehand.
#[derive(Clone)]
pub struct CheckSetup {
    /// The story that is played.
    pub scenario: Arc<Scenario>,
    /// The operators that its jobs name.
    pub catalogue: Arc<Catalogue>,
    /// The external logs, by `InputId`.
    pub inputs: Arc<[Arc<Log>]>,
    /// What a run starts from that starts from the files of an earlier process.
    pub file: Option<FileStart>,
    /// Whether the output is compared with the reference at the end.
    pub with_output: bool,
    /// By how many hundredths what the story allows in time is taken: 100, but in a test that shows how tight it is.
    pub bounds_percent: u64,
}

impl CheckSetup {
    /// The log that a source reads.
    pub(super) fn log(&self, plan: &Plan, source: OperatorIndex) -> &Log {
        let name = plan.graph.operators[source.index()].input();
        let place = self.scenario.inputs.iter().position(|input| Some(&*input.name) == name);
        &self.inputs[place.expect("every input of a checked scenario is known")]
    }

    /// Whether two inputs are one log, read at different times: positions in one are positions in the other.
    pub(super) fn are_one_log(&self, one: InputId, other: InputId) -> bool {
        one == other || self.inputs[one.index()].goes_on(&self.inputs[other.index()])
    }

    /// A step of the story.
    pub(super) fn step(&self, step: u32) -> Option<&Step> {
        self.scenario.steps.get(to_index(step))
    }

    /// What a record is called: `book[1]#17`, and `book[1]#17.3` what a flat-map made of it.
    pub(super) fn origin_name(&self, origin: Origin) -> String {
        let input = self.scenario.inputs.get(usize::from(origin.input));
        let input = input.map_or("?", |input| input.name.as_str());
        let child = match origin.child {
            0 => String::new(),
            child => format!(".{child}"),
        };
        format!("{input}[{}]#{}{child}", origin.partition, origin.offset)
    }
}

/// A snapshot of an earlier process.
#[derive(Clone, Debug)]
pub struct FileStart {
    /// The state.
    pub state: Arc<CompletedCheckpoint>,
}

/// How a world looks when it is over.
#[derive(Clone, Copy, Debug)]
pub struct EndOfWorld<'a> {
    /// What the sinks wrote to, by `ExternalId`.
    pub externals: &'a [ExternalSystem],
    /// The first eight bytes of each run's job id, by `RunId`.
    pub job_keys: &'a [u64],
    /// When it ended.
    pub ended: SimTime,
    /// Whether a sender ever waited for credit: no entry tells that.
    pub had_backpressure: bool,
    /// What else no entry tells.
    pub leftovers: &'a Leftovers,
    /// What came of restoring what is kept; none if nobody tried.
    pub restored: Option<Restored<'a>>,
}

/// What came of restoring what is kept in the end.
#[derive(Clone, Copy, Debug)]
pub struct Restored<'a> {
    /// Whether anything was restored.
    pub any: bool,
    /// Whether any of it was written into files, and read back.
    pub read_back: bool,
    /// What is wrong, in words.
    pub wrong: &'a [String],
}
