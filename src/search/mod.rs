//! Playing: opens inputs, runs a world, checks it, compares it with what its scenario expects; one or many.
//!
//! The only room below the command line that reads files, and only with the feature `fs`.

#[cfg(feature = "fs")]
mod around;
mod crash;
#[cfg(feature = "fs")]
mod csv_input;
mod expect;
#[cfg(feature = "fs")]
mod files;
mod folded;
mod inputs;
#[cfg(feature = "fs")]
mod kept;
mod matrix;
#[cfg(feature = "fs")]
mod moved;
mod names;
#[cfg(not(feature = "fs"))]
mod no_files;
mod play;
#[cfg(feature = "fs")]
mod positions;
mod protocol_facts;
#[cfg(feature = "fs")]
mod read;
#[cfg(feature = "fs")]
mod read_back;
#[cfg(feature = "fs")]
mod removals;
mod restorable;
mod restore_facts;
mod restores;
mod shrink;
mod shuffle;
mod spelled;
mod story;
mod sweep;
mod twins;
mod zoo;

#[cfg(feature = "fs")]
pub use around::around;
pub use crash::{CrashFound, CrashTotals, Disturbance, Placement, disturbed, placements, spread};
pub use expect::why_never;
#[cfg(feature = "fs")]
pub use files::{PlayError, flow_of, play_with_files, start_from, start_from_on};
#[cfg(feature = "cli")]
pub use folded::words as folded_words;
pub use inputs::generated;
#[cfg(feature = "fs")]
pub use inputs::{InputError, STDIN, open, open_given, unreadable};
pub use matrix::{Matrix, Noticed};
#[cfg(feature = "fs")]
pub use moved::moved;
pub use play::{Earlier, Judgement, LeftOnDisk, Played, Setup, play, play_out, play_while};
#[cfg(feature = "fs")]
pub use read::{read_bounded, read_file};
pub use restorable::Restoring;
pub use restores::{RestoreTold, Restores};
pub use shrink::{
    Found, Player, Shrinking, Shrunk, Signature, Size, Stopped, Trial, Wrong, play_within,
    plays_generated,
};

pub use sweep::{Goal, SweepTotals, drawn_setup};
pub use zoo::{Bug, Enacted, Switch};
