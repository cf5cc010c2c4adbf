//! What a user can type behind `sandbar bugs`.

use super::{Answer, seeds};
use clap::Args;
use std::ops::Range;

/// How many worlds each broken protocol is played in if nobody says: enough that each is noticed.
const SEEDS_OF_A_MUTATION: u64 = 200;

#[derive(Args, Debug)]
pub(crate) struct Bugs {
    /// A story, or an entry such as E3, whose stories are played one after the other; without it, all are listed
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Print the story as a scenario file and play nothing
    #[arg(long, requires = "name")]
    pub(crate) print_scenario: bool,
    /// Break each protocol in drawn worlds, and tell which checks notice it, in how many
    #[arg(long, conflicts_with = "name")]
    pub(crate) matrix: bool,
    /// The seeds of those worlds, from A up to but without B; by default 0..200
    #[arg(long, value_name = "A..B", value_parser = seeds, allow_hyphen_values = true, requires = "matrix")]
    pub(crate) seeds: Option<Range<u64>>,
    /// How many threads; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), allow_hyphen_values = true, requires = "matrix")]
    pub(crate) jobs: Option<u16>,
    /// How to tell it; `schema` is the version of the format
    #[arg(long, value_enum, default_value_t = Answer::Human)]
    pub(crate) format: Answer,
}

impl Bugs {
    /// The seeds that are played for each mutation.
    pub(crate) fn seeds(&self) -> Range<u64> {
        self.seeds.clone().unwrap_or(0..SEEDS_OF_A_MUTATION)
    }
}
