//! The files that incremental checkpoints of a job share.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a shared file, unique among all files of all jobs. Written in the form of a random UUID, as Flink names
/// its state files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct FileId([u8; 16]);

impl FileId {
    /// The name that follows from these 128 bits. Version 4 and the RFC variant stand in fixed ones.
    pub const fn of(bits: u128) -> Self {
        let bits = bits & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
        Self(bits.to_be_bytes())
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", u128::from_be_bytes(self.0));
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        f.pad(&parts.join("-"))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}

/// A shared file as a checkpoint refers to it: the entries that one subtask of an operator had in some key groups.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct SharedFile {
    /// Its name.
    pub id: FileId,
    /// The first and the last key group.
    pub groups: (u16, u16),
    /// Its number among the files that the subtask has ever written, attempts included (the `000012.sst` of RocksDB).
    pub number: u32,
    /// A hash of what must be in it.
    pub content: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_as_by_a_random_uuid() {
        let name = FileId::of(u128::MAX).to_string();
        assert_eq!(name, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(FileId::of(0).to_string(), "00000000-0000-4000-8000-000000000000");
    }
}
