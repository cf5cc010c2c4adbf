//! Reading the files that a user names: regular ones only, as a whole, up to a bound.

use crate::scenario::bounds::Bound;
use crate::store::disk::{Disk, Kind, Links, RealDisk};
use std::io::{self, Read};
use std::path::Path;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system says no.
    #[error("{0}")]
    Refused(#[from] io::Error),
    /// It may have no end, or nobody who writes to it.
    #[error("it is {0}, not a file")]
    NotRegular(Kind),
    /// It is longer than it may be.
    #[error("it has {0}")]
    TooLarge(&'static Bound),
}

impl ReadError {
    /// What to do about it, as one imperative sentence, if it is not the path that is wrong.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Refused(_) => None,
            Self::NotRegular(_) => Some("give a file, or `-` to read from standard input"),
            Self::TooLarge(bound) => Some(bound.help),
        }
    }
}

/// Reads a file that has an end. Anything else is refused without being opened: opening a fifo waits for a writer.
///
/// # Errors
///
/// If it is no regular file, cannot be read, or is longer than the bound; so is one that grows beyond while it is read.
pub fn read_file(path: &Path, most: &'static Bound) -> Result<Vec<u8>, ReadError> {
    if RealDisk.look(path, Links::Followed)?.length > most.most {
        return Err(ReadError::TooLarge(most));
    }
    let content = RealDisk.read(path, Links::Followed, most.most.saturating_add(1))?;
    if content.found.kind != Kind::File {
        return Err(ReadError::NotRegular(content.found.kind));
    }
    within(content.bytes, most)
}

/// Reads all there is, if it is not longer than the bound.
///
/// # Errors
///
/// If it cannot be read, or is longer.
pub fn read_bounded(reader: impl Read, most: &'static Bound) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    reader.take(most.most.saturating_add(1)).read_to_end(&mut bytes)?;
    within(bytes, most)
}

fn within(bytes: Vec<u8>, most: &'static Bound) -> Result<Vec<u8>, ReadError> {
    if most.is_exceeded_by(bytes.len()) { Err(ReadError::TooLarge(most)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Bound = Bound { name: "bytes", most: 5, why: "", help: "" };

    #[test]
    fn as_much_as_the_bound_is_read_and_one_byte_more_is_refused() {
        static BOUND: Bound = FIVE;
        assert_eq!(read_bounded(&b"12345"[..], &BOUND).expect("it fits"), b"12345");
        assert!(matches!(read_bounded(&b"123456"[..], &BOUND), Err(ReadError::TooLarge(_))));
        assert!(matches!(read_bounded(io::repeat(0), &BOUND), Err(ReadError::TooLarge(_))));
    }

    #[test]
    fn a_folder_is_no_file() {
        let error = read_file(Path::new("src"), &crate::scenario::bounds::SCENARIO_BYTES);
        let error = error.expect_err("it is a folder");
        assert_eq!(error.to_string(), "it is a folder, not a file");
    }
}
