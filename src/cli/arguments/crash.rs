//! What a user can type behind `sandbar crash`.

use super::{Answer, seed};
use crate::cli::words;
use crate::rules::Release;
use crate::search::Disturbance;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// How many worlds are played at most if nobody says.
const PLACEMENTS: u32 = 4000;

/// What can be done to a world.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Only {
    /// Kill each task
    KillTask,
    /// Kill each task manager
    KillTaskManager,
    /// Kill the job manager
    KillJobManager,
    /// Lose each message between job manager and tasks
    Lose,
}

impl Only {
    /// The same as the search calls it.
    pub(crate) const fn kind(self) -> Disturbance {
        match self {
            Self::KillTask => Disturbance::KillTask,
            Self::KillTaskManager => Disturbance::KillTaskManager,
            Self::KillJobManager => Disturbance::KillJobManager,
            Self::Lose => Disturbance::Lose,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Crash {
    /// The scenario file, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Decide every random choice by N, 0 to 2^63-1, instead of the file's seed
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(crate) seed: Option<u64>,
    /// Play under this release, of those that the file names
    #[arg(long, value_name = "RELEASE", value_parser = words::release(), hide_possible_values = true)]
    pub(crate) flink: Option<Release>,
    /// Do only this. Can be given several times
    #[arg(long, value_name = "WHAT", value_enum)]
    pub(crate) only: Vec<Only>,
    /// How many worlds are played at most, spread evenly if there is more to do
    #[arg(long, value_name = "N", default_value_t = PLACEMENTS, value_parser = clap::value_parser!(u32).range(1..), allow_hyphen_values = true)]
    pub(crate) budget: u32,
    /// How many threads; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), allow_hyphen_values = true)]
    pub(crate) jobs: Option<u16>,
    /// Write the story with the first step that breaks a check to FILE; paths in it stay relative to where FILE lies
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How to tell it; `schema` is the version of the format
    #[arg(long, value_enum, default_value_t = Answer::Human)]
    pub(crate) format: Answer,
}
