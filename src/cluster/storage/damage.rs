//! Metadata files whose bytes somebody changed, and what a reader makes of them.
//!
//! A snapshot of this world is no file as long as nobody asks for its bytes. Whoever damages it has them written as a data
//! folder would have them, changes those, and from then on they are what its location holds: a reader decodes them.

use crate::cluster::storage::snapshots::Savepoint;
use crate::job::METADATA;
use crate::kernel::SimTime;
use crate::scenario::{Damage, Scenario};
use crate::store::{self, CodecError, DamageCause, decode, encode_inline_below};
use std::sync::Arc;

/// How many bytes a file begins with that say what it is.
const HEADER: usize = 16;

/// The bytes of the metadata file of a snapshot, as they are by now.
fn metadata_of(found: &Savepoint, scenario: &Scenario) -> Vec<u8> {
    if let Some(bytes) = &found.location.damaged {
        return bytes.to_vec();
    }
    let name = &found.checkpoint.properties().job_name;
    let job = scenario.jobs.iter().find(|job| job.graph.name == *name);
    let inline_below = job.map(|job| job.checkpoint.backend.inline_below());
    let inline_below = inline_below.and_then(|bytes| usize::try_from(bytes).ok());
    // Inputs, clock and sinks are there for other processes.
    let written = store::Savepoint {
        checkpoint: (*found.checkpoint).clone(),
        inputs: Vec::new(),
        clock: SimTime::ZERO,
        sinks: Vec::new(),
    };
    let bytes = encode_inline_below(&written, inline_below.unwrap_or(usize::MAX)).metadata;
    assert!(bytes.len() > HEADER, "metadata of {name} were written without a header");
    bytes
}

/// The bytes of the metadata file of a snapshot after this happened to it.
///
/// # Errors
///
/// If it has not as many bytes as are asked for.
pub(super) fn damaged(
    found: &Savepoint,
    how: &Damage,
    scenario: &Scenario,
) -> Result<Arc<[u8]>, Arc<str>> {
    assert!(found.location.has_metadata, "metadata that are not there were damaged");
    let mut bytes = metadata_of(found, scenario);
    let length = bytes.len();
    let path = &found.location.path;
    let too_short = || format!("`{path}/{METADATA}` has {length} bytes, and not as many as that");
    match how {
        Damage::Truncate(by) => {
            let left = usize::try_from(*by).ok().and_then(|by| length.checked_sub(by));
            bytes.truncate(left.ok_or_else(too_short)?);
        }
        Damage::Append(by) => bytes.extend((0..*by).map(|_| 0)),
        Damage::Flip(at) => {
            let from_end = if *at < 0 { length } else { 0 };
            let place = isize::try_from(*at).ok().and_then(|at| from_end.checked_add_signed(at));
            let byte = place.and_then(|place| bytes.get_mut(place));
            *byte.ok_or_else(too_short)? ^= 0xff;
        }
        Damage::Magic => *bytes.first_mut().ok_or_else(too_short)? ^= 0xff,
        Damage::Version(version) if length > HEADER => {
            bytes = store::with_version(&bytes, *version)
        }
        Damage::Version(_) => return Err(too_short().into()),
        Damage::Overwrite(text) => bytes = text.clone().into_bytes(),
    }
    Ok(bytes.into())
}

/// Whether the metadata of a snapshot can be read. Bytes that can are those that were written: each block has a checksum.
///
/// # Errors
///
/// In Flink's words, if not (`Checkpoints.loadCheckpointMetadata`, `MetadataSerializers.getSerializer`).
pub(super) fn read(found: &Savepoint) -> Result<(), Arc<str>> {
    assert!(found.location.has_metadata, "metadata that are not there were read");
    let Some(bytes) = &found.location.damaged else { return Ok(()) };
    decode(bytes).map(|_| ()).map_err(|error| unreadable(&found.location.path, &error).into())
}

fn unreadable(path: &str, error: &CodecError) -> String {
    let why = match &error.cause {
        DamageCause::Magic { .. } => {
            "unexpected magic number. This can have multiple reasons: (1) You are trying to load a Flink 1.0 savepoint, which is not supported by this version of Flink. (2) The file you were pointing to is not a savepoint at all. (3) The savepoint file has been corrupted".to_owned()
        }
        DamageCause::FutureVersion { found, .. } | DamageCause::UnknownVersion { found } => {
            format!("unrecognized checkpoint version number: {found}")
        }
        DamageCause::Truncated { .. } => format!("EOFException: {error}"),
        DamageCause::Checksum { .. }
        | DamageCause::UnknownBlock { .. }
        | DamageCause::MisplacedBlock { .. }
        | DamageCause::Malformed { .. }
        | DamageCause::Extra { .. } => format!("it is damaged: {error}"),
    };
    format!("cannot read the metadata of checkpoint/savepoint '{path}': {why}")
}
