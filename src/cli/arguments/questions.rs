//! What a user can ask of a run: which events are told, why it went as it did, where it parts from another.

use super::{Binding, binding, seed, words};
use crate::kernel::SimTime;
use crate::render::{Moment, Names, Only};
use crate::rules::{Mutation, Release};
use crate::trace::{EntryNumber, Trace};
use clap::Args;
use std::path::PathBuf;

/// Which protocol events are told.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct Told {
    /// Of the events tell only those whose kind, as --trace spells it, has one of these words in it, such as
    /// checkpoint,barrier
    #[arg(long, value_name = "WORD,…", value_delimiter = ',', requires = "verbose")]
    pub(in crate::cli) only: Vec<String>,
    /// Of the events tell only those of these subtasks, operators or sinks, of coordinator, job or scenario
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "verbose")]
    pub(in crate::cli) task: Vec<String>,
    /// Of the events tell only those from this time on
    #[arg(long, value_name = "TIME", requires = "verbose", allow_hyphen_values = true)]
    pub(in crate::cli) from: Option<SimTime>,
    /// Of the events tell only those up to this time
    #[arg(long, value_name = "TIME", requires = "verbose", allow_hyphen_values = true)]
    pub(in crate::cli) to: Option<SimTime>,
}

impl Told {
    /// The entries of a trace that are told, in a trace of their own.
    pub(in crate::cli) fn of(&self, trace: &Trace, names: &Names) -> Trace {
        let Self { only, task, from, to } = self.clone();
        Only { kinds: only, who: task, from, to }.of(trace, names)
    }
}

/// What is played to be explained.
#[derive(Args, Debug)]
pub(in crate::cli) struct Explain {
    /// The scenario file, - for standard input, or the folder of a failure that --keep wrote; without it, the story is drawn from
    /// the seed, as by `sweep`
    #[arg(value_name = "FILE", required_unless_present = "seed")]
    pub(in crate::cli) file: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) under: Under,
    #[command(flatten)]
    pub(in crate::cli) question: Question,
}

/// Under what a story is played.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Under {
    /// Decide every random choice by N, 0 to 2^63-1, instead of the file's seed
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(in crate::cli) seed: Option<u64>,
    /// Play under this release, of those that the file names; of several the first, if nobody says
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true)]
    pub(in crate::cli) flink: Option<Release>,
    /// Break the protocol deliberately in this way. Can be given several times
    #[arg(long, value_name = "NAME", value_parser = words::mutation(), hide_possible_values = true)]
    pub(in crate::cli) mutation: Vec<Mutation>,
    /// Read input NAME from PATH instead, a text file of one entry a line
    #[arg(long, value_name = "NAME=PATH", value_parser = binding())]
    pub(in crate::cli) input: Vec<Binding>,
}

/// What is asked of a run. Nothing is asked: what broke it first, if anything did.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
pub(in crate::cli) struct Question {
    /// What led to a violation: the first of the run, or the Nth in the order in which they were noticed
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) violation: Option<u32>,
    /// The story of a checkpoint or savepoint: what each task did for it and when, who was last, what it hung on
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) checkpoint: Option<u64>,
    /// The biography of a record: who read, sent and took it, when again and from which snapshot, which rows stem from it
    #[arg(long, value_name = "INPUT/PARTITION/OFFSET", value_parser = record)]
    pub(in crate::cli) record: Option<RecordName>,
    /// Where a key is at home: its key group and subtask at each keyed operator of each run, and the rows under it
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(in crate::cli) key: Option<String>,
    /// What stood where: subtasks, channels with what is in them, checkpoints on their way, transactions
    #[arg(long, value_name = "TIME|#ENTRY", value_parser = moment)]
    pub(in crate::cli) at: Option<Moment>,
    /// Where the rows of a sink came from, in order of commit
    #[arg(long, value_name = "SINK")]
    pub(in crate::cli) rows: Option<String>,
}

/// An entry of an input, by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::cli) struct RecordName {
    pub(in crate::cli) input: String,
    pub(in crate::cli) partition: u16,
    pub(in crate::cli) offset: u32,
}

fn record(given: &str) -> Result<RecordName, String> {
    let split = || {
        let (rest, offset) = given.rsplit_once('/')?;
        let (input, partition) = rest.rsplit_once('/')?;
        let (partition, offset) = (partition.parse().ok()?, offset.parse().ok()?);
        (!input.is_empty()).then(|| RecordName { input: input.to_owned(), partition, offset })
    };
    split().ok_or_else(|| "it must be INPUT/PARTITION/OFFSET, such as rows/0/17".to_owned())
}

fn moment(given: &str) -> Result<Moment, String> {
    let wrong =
        || "it must be a time such as 1500ms, or the number of an entry such as #110".to_owned();
    if let Some(number) = given.strip_prefix('#') {
        let (entry, record) = number.split_once('.').unwrap_or((number, "0"));
        let (entry, record) = (entry.parse().ok(), record.parse().ok());
        let number = entry.zip(record).map(|(entry, record)| EntryNumber { entry, record });
        return number.map(Moment::Entry).ok_or_else(wrong);
    }
    given.parse().map(Moment::Time).map_err(|_| wrong())
}

/// Two runs.
#[derive(Args, Debug)]
pub(in crate::cli) struct Compare {
    /// A scenario file, or a trace that `run --trace` wrote (its name ends in .jsonl)
    #[arg(value_name = "A")]
    pub(in crate::cli) one: PathBuf,
    /// Another; A itself, if nobody says
    #[arg(value_name = "B")]
    pub(in crate::cli) other: Option<PathBuf>,
    /// Decide every random choice by N; given twice, the first for A and the second for B
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(in crate::cli) seed: Vec<u64>,
    /// Play under this release, of those that the file names; given twice, the first for A and the second for B
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true)]
    pub(in crate::cli) flink: Vec<Release>,
    /// Break the protocol of B deliberately in this way. Can be given several times
    #[arg(long, value_name = "NAME", value_parser = words::mutation(), hide_possible_values = true)]
    pub(in crate::cli) mutation: Vec<Mutation>,
}
