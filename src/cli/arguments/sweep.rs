//! Which seeds are swept, and of what.

use super::{drawn_under, seeds, words};
use crate::kernel::{SEED_MAX, SimTime};
use crate::rules::{Mutation, Release};
use crate::scenario::Profile;
use clap::Args;
use std::ops::Range;
use std::path::PathBuf;

/// How many seeds a file is played under if nobody says: a story takes long.
const SEEDS_OF_A_FILE: u64 = 100;
/// How many scenarios are drawn if nobody says: enough that every goal can be met.
const SEEDS_DRAWN: u64 = 1000;

/// Many seeds.
#[derive(Args, Debug)]
pub(in crate::cli) struct Sweep {
    /// A scenario file to play under each seed, or - for standard input; without it each seed draws a scenario of its own
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The seeds, from A up to but without B; by default 0..100 for a file, 0..1000 for drawn scenarios
    #[arg(long, value_name = "A..B", value_parser = seeds, allow_hyphen_values = true)]
    pub(in crate::cli) seeds: Option<Range<u64>>,
    /// How many threads; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), allow_hyphen_values = true)]
    pub(in crate::cli) jobs: Option<u16>,
    /// Break the protocol deliberately in this way; checks should notice. Can be given several times
    #[arg(long, value_name = "NAME", value_parser = words::mutation(), hide_possible_values = true)]
    pub(in crate::cli) mutation: Vec<Mutation>,
    /// Draw stories of this release only
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true, conflicts_with = "file")]
    pub(in crate::cli) flink: Option<Release>,
    /// Tell the goals of drawn scenarios for a file, too, and fail if the worlds put too little to the test
    #[arg(long)]
    pub(in crate::cli) require_goals: bool,
    /// Draw faults, savepoints and, around one job without steps, a restart at another parallelism around FILE's first job: another
    /// story for each seed, with the same inputs and operators. What FILE expects is not asked for, but that all checks hold
    #[arg(long, requires = "file")]
    pub(in crate::cli) around: bool,
    /// Stop once so many worlds have failed; which were played by then depends on how fast threads are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), allow_hyphen_values = true)]
    pub(in crate::cli) fail_fast: Option<u64>,
    /// Play seed after seed, from A on, until a world fails
    #[arg(long, conflicts_with = "fail_fast")]
    pub(in crate::cli) until_found: bool,
    /// Stop after so long on the clock of this machine, such as 10m
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(in crate::cli) budget: Option<SimTime>,
    /// Keep each of the seeds that failed and are told in a folder DIR/seed-N, as `run --keep` does
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) keep: Option<PathBuf>,
    /// Print the scenario of each seed as TOML and play nothing
    #[arg(long)]
    pub(in crate::cli) print_scenario: bool,
}

impl Sweep {
    /// The seeds that are played.
    pub(in crate::cli) fn seeds(&self) -> Range<u64> {
        let end = if self.file.is_some() { SEEDS_OF_A_FILE } else { SEEDS_DRAWN };
        let seeds = self.seeds.clone().unwrap_or(0..end);
        if self.until_found { seeds.start..SEED_MAX + 1 } else { seeds }
    }

    /// What stories are drawn of.
    pub(in crate::cli) fn profile(&self) -> Profile {
        drawn_under(self.flink)
    }
}
