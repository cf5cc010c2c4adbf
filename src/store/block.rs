//! The container of every binary file that survives: a header, blocks with a checksum each, and an end.
//!
//! Knows nothing of what a block says. All numbers are little-endian:
//!
//! ```text
//! header  magic 8 bytes, format version u32, CRC-32 of these 12 bytes
//! block   kind u8, payload length u64, CRC-32 of kind, length and payload, payload
//! end     a block that counts the blocks before it; nothing follows it
//! ```
//!
//! A length is compared with the bytes that are left before anything is made of it.

use std::fmt;
use thiserror::Error;

/// What each file begins with. The last byte ends the text for whoever prints it on a terminal.
pub const MAGIC: [u8; 8] = *b"SANDBAR\x1a";

/// The version of the format that this program writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 6;

/// What a `_metadata` of Flink itself begins with (`Checkpoints.HEADER_MAGIC_NUMBER`).
const FLINK_MAGIC: [u8; 4] = [0x49, 0x60, 0x67, 0x2d];

const HEADER_LENGTH: usize = 16;
/// How many bytes tell what a file begins with: its header and the kind of its first block.
#[cfg(feature = "fs")]
pub(super) const BEGINNING: u64 = 17;
const BLOCK_HEADER_LENGTH: usize = 13;

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// Id, kind, job and time of a checkpoint.
    Properties,
    /// How far each input had been read, and the clock.
    Position,
    /// One operator with the state of its subtasks, inline or by reference.
    Operator,
    /// The snapshot of one subtask, alone in a state file.
    State,
    /// What one external system holds.
    Sink,
    /// Nothing follows.
    End,
    /// The records that were in flight around one subtask, of an unaligned checkpoint.
    InFlight,
    /// Which segment of the sinks of a data folder this is, and which came before it.
    Segment,
    /// What a segment adds to one external system.
    SinkChange,
}

/// Whether a file says by its beginning that its first block is the state of a subtask.
#[cfg(feature = "fs")]
pub(super) fn begins_as_state(bytes: &[u8]) -> bool {
    bytes.get(HEADER_LENGTH) == Some(&BlockKind::State.code())
}

/// Each kind with its code in a file, which is never given to another, and its name.
const KINDS: [(BlockKind, u8, &str); 9] = [
    (BlockKind::Properties, 1, "properties"),
    (BlockKind::Position, 2, "position"),
    (BlockKind::Operator, 3, "operator"),
    (BlockKind::State, 4, "state"),
    (BlockKind::Sink, 5, "sink"),
    (BlockKind::End, 6, "end"),
    (BlockKind::InFlight, 7, "in-flight"),
    (BlockKind::Segment, 8, "segment"),
    (BlockKind::SinkChange, 9, "sink-change"),
];

impl BlockKind {
    fn code_and_name(self) -> (u8, &'static str) {
        let row = KINDS.into_iter().find(|(kind, ..)| *kind == self);
        row.map(|(_, code, name)| (code, name)).expect("every kind has its row")
    }

    fn code(self) -> u8 {
        self.code_and_name().0
    }

    fn of_code(code: u8) -> Option<Self> {
        KINDS.into_iter().find(|(_, known, _)| *known == code).map(|(kind, ..)| kind)
    }
}

impl fmt::Display for BlockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code_and_name().1)
    }
}

/// Why bytes could not be decoded, and where.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("at byte {offset}: {cause}")]
#[non_exhaustive]
pub struct CodecError {
    /// Counted from the start of the file: where the damaged header, block or rest begins.
    pub offset: u64,
    /// What is wrong there.
    pub cause: DamageCause,
}

/// What is wrong with the bytes of a file.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DamageCause {
    /// Another program's file, or one whose first bytes are damaged.
    #[error("unexpected magic number 0x{}: {}", hex(.found), owner(.found))]
    Magic {
        /// The first bytes of the file, at most eight.
        found: Vec<u8>,
    },
    /// Written by a newer program.
    #[error("format version {found} is from the future; this program reads up to version {known}")]
    FutureVersion {
        /// The version in the file.
        found: u32,
        /// The newest version that can be read.
        known: u32,
    },
    /// A version that no program ever wrote.
    #[error("format version {found} was never written by any release")]
    UnknownVersion {
        /// The version in the file.
        found: u32,
    },
    /// The file ends inside something.
    #[error("the file is truncated: {what} needs {needed} bytes, but only {left} are left")]
    Truncated {
        /// What the bytes would have been.
        what: &'static str,
        /// How many it says it needs.
        needed: u64,
        /// How many there are.
        left: u64,
    },
    /// Bytes differ from what was written.
    #[error("checksum of {what} does not match: stored {stored:08x}, computed {computed:08x}")]
    Checksum {
        /// The header, or which block.
        what: String,
        /// As the file says.
        stored: u32,
        /// As the bytes give.
        computed: u32,
    },
    /// A block of a kind that this version does not have.
    #[error("block kind {code} is unknown in format version {FORMAT_VERSION}")]
    UnknownBlock {
        /// The number of the kind.
        code: u8,
    },
    /// A block that does not belong here.
    #[error("a block of kind `{found}` stands where `{expected}` belongs")]
    MisplacedBlock {
        /// What belongs here.
        expected: BlockKind,
        /// What stands here.
        found: BlockKind,
    },
    /// The checksum is right, but the content cannot be what was written.
    #[error("the content of the `{block}` block is malformed: {why}")]
    Malformed {
        /// Which block.
        block: BlockKind,
        /// What is impossible about it.
        why: String,
    },
    /// Something follows the end.
    #[error("{bytes} extra bytes follow the end block")]
    Extra {
        /// How many.
        bytes: u64,
    },
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn owner(found: &[u8]) -> &'static str {
    if found.starts_with(&FLINK_MAGIC) {
        "this is the metadata of a savepoint of Flink itself, which Sandbar does not read"
    } else {
        "this is not a savepoint of Sandbar, or it is corrupt"
    }
}

/// A count of bytes, as files and messages have it.
pub(super) fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("usize fits in 64 bits")
}

fn checksum_of(kind: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(&length_of(payload).to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// A file that says that its format is of another version, in a header that is whole.
///
/// # Panics
///
/// If there is no room for a header in it.
pub fn with_version(file: &[u8], version: u32) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(version.to_le_bytes());
    header.extend(crc32fast::hash(&header).to_le_bytes());
    assert_eq!(header.len(), HEADER_LENGTH, "the header of a file has a fixed length");
    header.extend(&file[HEADER_LENGTH..]);
    header
}

/// Writes a container.
#[derive(Debug)]
pub(super) struct BlockWriter {
    bytes: Vec<u8>,
    blocks: u64,
}

impl BlockWriter {
    /// Begins with the header.
    pub(super) fn new() -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        assert_eq!(bytes.len(), HEADER_LENGTH, "the header of a file has a fixed length");
        Self { bytes, blocks: 0 }
    }

    /// Adds a block.
    pub(super) fn put(&mut self, kind: BlockKind, payload: &[u8]) {
        let start = self.bytes.len();
        self.bytes.push(kind.code());
        self.bytes.extend(length_of(payload).to_le_bytes());
        self.bytes.extend(checksum_of(kind.code(), payload).to_le_bytes());
        let header = self.bytes.len() - start;
        assert_eq!(header, BLOCK_HEADER_LENGTH, "a reader skips headers by their length");
        self.bytes.extend(payload);
        self.blocks += 1;
    }

    /// Ends the container.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let blocks = self.blocks;
        self.put(BlockKind::End, &blocks.to_le_bytes());
        self.bytes
    }
}

/// One block whose checksum has been found right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// What it holds.
    pub(super) kind: BlockKind,
    /// Where it begins.
    pub(super) offset: u64,
    /// Its content.
    pub(super) payload: &'a [u8],
}

impl Block<'_> {
    /// The error of a content that cannot be what was written.
    pub(super) fn malformed(&self, why: impl Into<String>) -> CodecError {
        let cause = DamageCause::Malformed { block: self.kind, why: why.into() };
        CodecError { offset: self.offset, cause }
    }
}

/// Reads a container, block by block.
#[derive(Debug)]
pub(super) struct BlockReader<'a> {
    bytes: &'a [u8],
    offset: usize,
    blocks: u64,
}

/// How many blocks a file has, each with its checksum found right, the end among them.
#[cfg(feature = "fs")]
pub(super) fn block_count(bytes: &[u8]) -> Result<u64, CodecError> {
    let mut reader = BlockReader::open(bytes)?;
    while reader.look()?.0.kind != BlockKind::End {
        let (block, _) = reader.look()?;
        reader.take(block.kind)?;
    }
    let before = reader.blocks;
    reader.finish()?;
    assert!(length_of(bytes) > before, "a file has more blocks than bytes");
    Ok(before + 1)
}

impl<'a> BlockReader<'a> {
    /// Checks the header: magic number first, then its checksum, then the version.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let at = |offset, cause| Err(CodecError { offset, cause });
        let start = &bytes[..bytes.len().min(MAGIC.len())];
        if !MAGIC.starts_with(start) {
            return at(0, DamageCause::Magic { found: start.to_vec() });
        }
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_LENGTH>() else {
            let needed = 16;
            let left = length_of(bytes);
            return at(left, DamageCause::Truncated { what: "the header", needed, left });
        };
        let (said, checksum) = header.split_at(HEADER_LENGTH - 4);
        let stored = number32(checksum);
        let computed = crc32fast::hash(said);
        if stored != computed {
            let what = "the header".to_owned();
            return at(0, DamageCause::Checksum { what, stored, computed });
        }
        match number32(&said[MAGIC.len()..]) {
            FORMAT_VERSION => Ok(Self { bytes, offset: HEADER_LENGTH, blocks: 0 }),
            found if found < FORMAT_VERSION => at(8, DamageCause::UnknownVersion { found }),
            found => at(8, DamageCause::FutureVersion { found, known: FORMAT_VERSION }),
        }
    }

    /// Takes the next block, which must be of this kind.
    pub(super) fn take(&mut self, expected: BlockKind) -> Result<Block<'a>, CodecError> {
        let (block, after) = self.look()?;
        if block.kind != expected {
            let cause = DamageCause::MisplacedBlock { expected, found: block.kind };
            return Err(CodecError { offset: block.offset, cause });
        }
        assert!(after > self.offset, "a block of no length would be read for ever");
        assert!(after <= self.bytes.len(), "a block reaches beyond its file");
        self.offset = after;
        self.blocks += 1;
        Ok(block)
    }

    /// Takes the next block if it is of this kind.
    pub(super) fn take_if(&mut self, kind: BlockKind) -> Result<Option<Block<'a>>, CodecError> {
        let (block, _) = self.look()?;
        if block.kind == kind { self.take(kind).map(Some) } else { Ok(None) }
    }

    /// Takes the end, after which nothing may follow.
    pub(super) fn finish(mut self) -> Result<(), CodecError> {
        let before = self.blocks;
        let end = self.take(BlockKind::End)?;
        if end.payload != before.to_le_bytes() {
            return Err(end.malformed(format!("it does not count the {before} blocks before it")));
        }
        let rest = &self.bytes[self.offset..];
        if rest.is_empty() {
            return Ok(());
        }
        let cause = DamageCause::Extra { bytes: length_of(rest) };
        Err(CodecError { offset: self.position(), cause })
    }

    fn position(&self) -> u64 {
        length_of(&self.bytes[..self.offset])
    }

    /// The block that begins here and where the next one begins, once its checksum is found right.
    fn look(&self) -> Result<(Block<'a>, usize), CodecError> {
        let offset = self.position();
        let rest = &self.bytes[self.offset..];
        let truncated = |what, needed, left: &[u8]| {
            let cause = DamageCause::Truncated { what, needed, left: length_of(left) };
            CodecError { offset, cause }
        };
        let Some((header, rest)) = rest.split_first_chunk::<BLOCK_HEADER_LENGTH>() else {
            return Err(truncated("the header of a block", 13, rest));
        };
        let length = u64::from_le_bytes(header[1..9].try_into().expect("eight bytes of thirteen"));
        let stored = number32(&header[9..]);
        let payload = usize::try_from(length).ok().and_then(|length| rest.get(..length));
        let Some(payload) = payload else {
            return Err(truncated("the content of a block", length, rest));
        };
        let computed = checksum_of(header[0], payload);
        if stored != computed {
            let what = match BlockKind::of_code(header[0]) {
                Some(kind) => format!("the `{kind}` block"),
                None => "a block".to_owned(),
            };
            let cause = DamageCause::Checksum { what, stored, computed };
            return Err(CodecError { offset, cause });
        }
        let unknown = CodecError { offset, cause: DamageCause::UnknownBlock { code: header[0] } };
        let kind = BlockKind::of_code(header[0]).ok_or(unknown)?;
        let after = self.offset + BLOCK_HEADER_LENGTH + payload.len();
        Ok((Block { kind, offset, payload }, after))
    }
}

fn number32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of_version(version: u32) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(version.to_le_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    fn message(bytes: &[u8]) -> String {
        BlockReader::open(bytes).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn each_wrong_header_has_its_own_message() {
        let flink = [0x49, 0x60, 0x67, 0x2d, 0, 0, 0, 6];
        assert!(message(&flink).contains("savepoint of Flink itself"), "{}", message(&flink));
        assert!(message(b"hello").contains("unexpected magic number 0x68656c6c6f"));
        assert!(message(&header_of_version(9)).contains("from the future"));
        assert!(message(&header_of_version(0)).contains("never written"));
        assert!(message(&MAGIC).contains("truncated: the header needs 16 bytes, but only 8"));
        assert!(message(b"").contains("truncated"));
        let mut damaged = header_of_version(1);
        damaged[8] ^= 2;
        assert!(message(&damaged).contains("checksum of the header does not match"));
    }

    #[test]
    fn a_length_that_exceeds_the_file_is_a_truncation() {
        let mut writer = BlockWriter::new();
        writer.put(BlockKind::State, b"abc");
        let mut bytes = writer.finish();
        bytes[HEADER_LENGTH + 1..HEADER_LENGTH + 9].fill(0xff);
        let error = BlockReader::open(&bytes).unwrap().take(BlockKind::State).unwrap_err();
        let DamageCause::Truncated { needed: u64::MAX, .. } = error.cause else {
            panic!("{error}");
        };
    }

    #[test]
    fn extra_bytes_and_missing_blocks_are_told() {
        let mut bytes = BlockWriter::new().finish();
        BlockReader::open(&bytes).unwrap().finish().unwrap();
        bytes.push(0);
        let error = BlockReader::open(&bytes).unwrap().finish().unwrap_err();
        assert_eq!(error.cause, DamageCause::Extra { bytes: 1 });
        let mut writer = BlockWriter::new();
        writer.put(BlockKind::Sink, b"x");
        let bytes = writer.finish();
        let error = BlockReader::open(&bytes).unwrap().finish().unwrap_err();
        assert!(error.to_string().contains("`sink` stands where `end` belongs"), "{error}");
    }
}
