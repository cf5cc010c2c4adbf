//! What a picture is drawn of.

use super::{Binding, binding, seed, words};
use crate::cli::draw::{Drawing, Shown, span};
use crate::kernel::SimTime;
use crate::rules::{Mutation, Release};
use clap::Args;
use std::ops::Range;
use std::path::PathBuf;

/// A picture of a run.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Draw {
    /// The scenario file, - for standard input, or the folder of a failure that --keep wrote; without it, the story is drawn from
    /// the seed, as by `sweep`
    #[arg(value_name = "FILE", required_unless_present = "seed")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Where the picture goes; without it, it is printed
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Decide every random choice by N, 0 to 2^63-1, instead of the file's seed
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(in crate::cli) seed: Option<u64>,
    /// Play under this release, of those that the file names; without it, under the first
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true)]
    pub(in crate::cli) flink: Option<Release>,
    /// Read input NAME from PATH instead, a text file of one entry a line, or - for standard input
    #[arg(long, value_name = "NAME=PATH", value_parser = binding())]
    pub(in crate::cli) input: Vec<Binding>,
    /// Break the protocol deliberately in this way. Can be given several times
    #[arg(long, value_name = "NAME", value_parser = words::mutation(), hide_possible_values = true)]
    pub(in crate::cli) mutation: Vec<Mutation>,
    /// Which picture
    #[arg(long, value_enum, default_value_t = Drawing::SpaceTime)]
    pub(in crate::cli) view: Drawing,
    /// Draw only this checkpoint or savepoint, in full
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(in crate::cli) checkpoint: Option<u64>,
    /// Draw only this span of virtual time, in full, such as 1s..2500ms
    #[arg(long, value_name = "FROM..TO", value_parser = span, conflicts_with = "checkpoint", allow_hyphen_values = true)]
    pub(in crate::cli) span: Option<Range<SimTime>>,
    /// Draw the whole run in full, with a lane for each subtask
    #[arg(long, conflicts_with_all = ["checkpoint", "span"])]
    pub(in crate::cli) unfold: bool,
    /// Draw records, too: those that cross a cut stand out
    #[arg(long)]
    pub(in crate::cli) records: bool,
    /// As what
    #[arg(long, value_enum, default_value_t = Shown::Svg)]
    pub(in crate::cli) format: Shown,
}
