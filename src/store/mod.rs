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
//! DIR/savepoints/savepoint-<6 hex>-<12 hex>/      _metadata, state files
//! DIR/checkpoints/<job id>/chk-<n>/               _metadata, state files
//! DIR/checkpoints/<job id>/{shared,taskowned}/
//! DIR/sinks/<name>-<hash>.sink                    what each external system holds
//! ```
//!
//! and [`read_savepoint`], [`describe`] and [`list`] read them from wherever they were moved to. Their owner can
//! [`verify`], [`move_to`] and [`dispose`] them.
//!
//! Stricter than Flink, which has no checksum: any byte that is damaged, missing or extra is an error that names
//! the file, the offset and the cause. A reader neither panics nor guesses.

mod block;
mod codec;
#[cfg(feature = "fs")]
mod eras;
#[cfg(feature = "fs")]
mod error;
#[cfg(feature = "fs")]
mod folder;
mod high_availability;
#[cfg(feature = "fs")]
mod owner;
mod places;
#[cfg(feature = "fs")]
mod read;
mod savepoint;
mod wire;

pub use block::{BlockKind, CodecError, DamageCause, FORMAT_VERSION, MAGIC};
pub use codec::{
    INLINE_BELOW, Metadata, SavepointFiles, StateReference, decode, decode_sink, decode_state,
    encode, encode_inline_below, encode_sink, savepoint_folder_name,
};
#[cfg(feature = "fs")]
pub use error::StoreError;
#[cfg(feature = "fs")]
pub use folder::{DataDir, remove_snapshot};
pub use high_availability::HighAvailabilityStore;
#[cfg(feature = "fs")]
pub use owner::{Disposed, Verified, VerifiedFile, dispose, move_to, move_with_paths, verify};
#[cfg(feature = "fs")]
pub use read::{Listed, describe, find_data_dir, is_kept_for_snapshots, list, read_savepoint};
pub use savepoint::{InputIdentity, OperatorSummary, Savepoint, SavepointSummary, StateSummary};
pub use wire::largest_state;
