//! What survives a process: completed checkpoints and savepoints, and what a data folder holds.
//!
//! Owns the format of the files and the layout of the folders. Does not decide when a checkpoint is complete or
//! discarded (the coordinator does), and reads no file that a scenario names (`search` does).
//!
//! [`encode`] turns a [`Savepoint`] into [`SavepointFiles`]: the bytes of `_metadata` and of the state files
//! beside it. [`decode`] and [`Metadata::resolve`] turn them back. Both work on byte slices and need no file
//! system. With the feature `fs`, [`DataDir`] keeps them in Flink's layout:
//!
//! ```text
//! DIR/sandbar-data                                marks the folder
//! DIR/sandbar-lock                                locked by the one process that writes
//! DIR/sandbar-holder                              which process that is, and since when
//! DIR/savepoints/savepoint-<6 hex>-<12 hex>/      _metadata, state files
//! DIR/checkpoints/<job id>/chk-<n>/               _metadata, state files
//! DIR/checkpoints/<job id>/{shared,taskowned}/
//! DIR/sinks/<number>-<16 hex>.rows                what one run added to the external systems at once
//! DIR/sinks/<name>-<hash>.sink                    what one of them held, as older programs wrote it
//! ```
//!
//! and [`read_savepoint`], [`describe`] and [`list`] read them from wherever they were moved to. Their owner can
//! [`verify`], [`move_to`] and [`dispose`] them. A file is removed only if it is known to be the snapshot's ([`OnDisk`]).
//!
//! Stricter than Flink, which has no checksum: any byte that is damaged, missing or extra is an error that names
//! the file, the offset and the cause. A reader neither panics nor guesses.

mod block;
mod codec;
#[cfg(feature = "fs")]
pub mod disk;
#[cfg(feature = "fs")]
mod error;
#[cfg(feature = "fs")]
mod folder;
mod high_availability;
#[cfg(feature = "fs")]
mod leftovers;
#[cfg(feature = "fs")]
mod lock;
#[cfg(feature = "fs")]
mod neighbours;
#[cfg(feature = "fs")]
mod owner;
mod places;
#[cfg(feature = "fs")]
mod read;
#[cfg(feature = "fs")]
mod remove;
mod savepoint;
#[cfg(feature = "fs")]
mod segment;
#[cfg(feature = "fs")]
mod sinks;
#[cfg(feature = "fs")]
mod snapshot_layouts;
#[cfg(feature = "fs")]
mod unfinished;
mod wire;

pub use block::{CodecError, DamageCause, FORMAT_VERSION, MAGIC, with_version};
pub use codec::{
    SavepointFiles, decode, decode_sink, decode_state, encode_inline_below, encode_sink,
    savepoint_folder_name,
};
#[cfg(feature = "fs")]
pub use error::StoreError;
#[cfg(feature = "fs")]
pub use folder::DataDir;
#[cfg(feature = "cli")]
pub(crate) use folder::parent_of;
pub use high_availability::HighAvailabilityStore;
#[cfg(feature = "fs")]
pub use lock::{FolderLock, data_dir_around};
#[cfg(feature = "fs")]
pub use owner::{
    Moved, Verified, VerifiedFile, dispose, dispose_on, move_to, move_to_on, move_with_paths,
    move_with_paths_on, verify, would_dispose,
};
#[cfg(feature = "fs")]
pub use read::{
    Listed, describe, find_data_dir_on, is_kept_for_snapshots, is_kept_in, list, read_savepoint,
    read_savepoint_on,
};
#[cfg(feature = "fs")]
pub use remove::{Disposed, LeftFile, OnDisk, Why};
pub use savepoint::{InputIdentity, OperatorSummary, Savepoint, SavepointSummary, StateSummary};
#[cfg(feature = "fs")]
pub(crate) use sinks::SinkWriter;
#[cfg(feature = "fs")]
pub use unfinished::{is_unfinished_name, unfinished_name};
#[cfg(feature = "fs")]
pub(crate) use wire::Seal;
pub use wire::largest_state;
