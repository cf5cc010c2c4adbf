//! An external log in memory: lines of a file or drawn rows, dealt to partitions and made available over time.
//!
//! Does no I/O and draws nothing itself. Who reads which partition is the source's business.

use super::InputLog;
use super::growth::{Growth, Stages};
use crate::job::{InputId, Value};
use crate::kernel::{SimTime, to_index};
use crate::state::FixedHasher;
use std::fmt;
use std::hash::Hasher;
use std::sync::{Arc, OnceLock};

/// Numbers of generated entries are below this.
const NUMBERS: u64 = 100;

/// An input log whose entries never change: entry i of the whole is in partition i mod n, and entry j of a partition is there
/// from j times `every` on. What comes after it has gained partitions is dealt among all of them.
#[derive(Clone, Debug)]
pub struct Log {
    id: InputId,
    stages: Stages,
    every: SimTime,
    entries: Entries,
}

/// The entries of a log.
#[derive(Clone, Debug)]
enum Entries {
    /// All are there.
    Read(Arc<[Value]>),
    /// Each is made when it is first asked for.
    Drawn(Arc<Drawn>),
}

/// How many drawn entries are made at a time.
const CHUNK: usize = 256;

/// Entries that follow from their place: of ten million only those take room that are read.
struct Drawn {
    length: usize,
    draw: Box<dyn Fn(u32) -> Value + Send + Sync>,
    chunks: Box<[OnceLock<Box<[Value]>>]>,
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} drawn entries", self.length)
    }
}

impl Drawn {
    fn get(&self, place: usize) -> Option<&Value> {
        if place >= self.length {
            return None;
        }
        let chunk = self.chunks.get(place / CHUNK)?.get_or_init(|| {
            let first = place - place % CHUNK;
            let places = first..self.length.min(first + CHUNK);
            let number = |place| u32::try_from(place).expect("a log has fewer than 2^32 entries");
            places.map(|place| (self.draw)(number(place))).collect()
        });
        chunk.get(place % CHUNK)
    }
}

impl Entries {
    #[inline]
    fn get(&self, place: usize) -> Option<&Value> {
        match self {
            Self::Read(entries) => entries.get(place),
            Self::Drawn(drawn) => drawn.get(place),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Read(entries) => entries.len(),
            Self::Drawn(drawn) => drawn.length,
        }
    }
}

impl Log {
    /// A log of these entries. Panics without partitions.
    pub fn new(id: InputId, partitions: u16, every: SimTime, entries: Arc<[Value]>) -> Self {
        assert!(partitions > 0, "an input has one partition or more");
        Self { id, stages: Stages::of(partitions), every, entries: Entries::Read(entries) }
    }

    /// A log of so many entries that are made when they are first read, each by its place. Panics without partitions.
    pub fn drawn(
        id: InputId,
        partitions: u16,
        every: SimTime,
        length: u32,
        draw: impl Fn(u32) -> Value + Send + Sync + 'static,
    ) -> Self {
        assert!(partitions > 0, "an input has one partition or more");
        let length = to_index(length);
        let chunks = (0..length.div_ceil(CHUNK)).map(|_| OnceLock::new()).collect();
        let drawn = Drawn { length, draw: Box::new(draw), chunks };
        let entries = Entries::Drawn(Arc::new(drawn));
        Self { id, stages: Stages::of(partitions), every, entries }
    }

    /// The same log, but it gains partitions. Panics if it grows backwards, in time or number.
    #[must_use]
    pub fn growing(mut self, growths: &[Growth]) -> Self {
        growths.iter().for_each(|growth| self.stages.grow(*growth, self.every));
        self
    }

    /// The lines of a file, text where they are UTF-8 and bytes where not, without `\n` or `\r\n`. A last line needs no
    /// line end; an empty file has no lines.
    pub fn text_entries(bytes: &[u8]) -> Vec<Value> {
        bytes.split_inclusive(|byte| *byte == b'\n').map(line_entry).collect()
    }

    /// A row `(key, number)`: the key in 0..`keys`, the number in 0..100. Calls `draw` twice, first for the key; it returns
    /// a number below its argument. Panics if there are no keys.
    pub fn generated_entry(keys: u32, mut draw: impl FnMut(u64) -> u64) -> Value {
        assert!(keys > 0, "a generated input has one key or more");
        let mut below = |bound: u64| {
            let drawn = draw(bound);
            assert!(drawn < bound, "a draw below {bound} was {drawn}");
            Value::Int(i64::try_from(drawn).expect("keys and numbers are small"))
        };
        let key = below(keys.into());
        Value::row([key, below(NUMBERS)])
    }

    /// How many entries a partition has.
    pub fn length(&self, partition: u16) -> u32 {
        self.stages.length(partition, self.entries.len())
    }

    /// Whether one of two logs that were read from files begins with all that the other holds: it is the same log, later.
    pub fn goes_on(&self, other: &Self) -> bool {
        let is_dealt_alike = self.stages == other.stages && self.every == other.every;
        match (&self.entries, &other.entries) {
            (Entries::Read(one), Entries::Read(two)) if is_dealt_alike => {
                let shorter = one.len().min(two.len());
                shorter > 0 && one[..shorter] == two[..shorter]
            }
            _ => false,
        }
    }

    /// How many entries it has, and how many bytes of text are in them. Of a row, the columns that are no rows count.
    pub fn size(&self) -> (u64, u64) {
        let length = |value: &Value| match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Int(_) | Value::Bool(_) | Value::Row(..) => 0,
        };
        let of_entry = |entry: &Value| match entry.as_row() {
            Some(columns) => columns.iter().map(length).sum(),
            None => length(entry),
        };
        let bytes = match &self.entries {
            Entries::Read(entries) => entries.iter().map(of_entry).sum::<usize>(),
            // Rows of numbers; none is made only to be measured.
            Entries::Drawn(_) => 0,
        };
        let wide = |number: usize| u64::try_from(number).expect("usize fits in 64 bits");
        (wide(self.entries.len()), wide(bytes))
    }

    /// A hash of the first `up_to` entries of a partition (of all, if it has fewer): equal in every process and on every
    /// machine if they are the same, so a later process can tell that its input is the one that was read before.
    pub fn identity(&self, partition: u16, up_to: u32) -> u64 {
        let mut hasher = FixedHasher::default();
        let end = up_to.min(self.length(partition));
        for offset in 0..end {
            let entry = self.entry(partition, offset).expect("the partition is long enough");
            absorb(&mut hasher, entry);
        }
        hasher.write_u64(end.into());
        hasher.finish()
    }
}

impl InputLog for Log {
    fn id(&self) -> InputId {
        self.id
    }

    fn partitions(&self) -> u16 {
        self.stages.partitions()
    }

    fn partitions_at(&self, now: SimTime) -> u16 {
        self.stages.partitions_at(now)
    }

    #[inline]
    fn entry(&self, partition: u16, offset: u32) -> Option<&Value> {
        self.entries.get(self.stages.place(partition, offset)?)
    }

    #[inline]
    fn available(&self, partition: u16, offset: u32) -> SimTime {
        self.every.times(self.stages.turn(partition, offset))
    }
}

fn line_entry(line: &[u8]) -> Value {
    let line = match line.strip_suffix(b"\n") {
        Some(ended) => ended.strip_suffix(b"\r").unwrap_or(ended),
        None => line,
    };
    match str::from_utf8(line) {
        Ok(text) => Value::text(text),
        Err(_) => Value::Bytes(Arc::from(line)),
    }
}

/// Spelled out, since what `derive(Hash)` feeds a hasher may change with the compiler, and identities are kept in files.
fn absorb(hasher: &mut FixedHasher, value: &Value) {
    let mut absorb_bytes = |tag: u64, bytes: &[u8]| {
        hasher.write_u64(tag);
        hasher.write_usize(bytes.len());
        hasher.write(bytes);
    };
    match value {
        Value::Int(number) => absorb_bytes(0, &number.to_le_bytes()),
        Value::Bool(truth) => absorb_bytes(1, &[u8::from(*truth)]),
        Value::Text(text) => absorb_bytes(2, text.as_bytes()),
        Value::Bytes(bytes) => absorb_bytes(3, bytes),
        Value::Row(columns, _) => {
            hasher.write_u64(4);
            hasher.write_usize(columns.len());
            columns.iter().for_each(|column| absorb(hasher, column));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(partitions: u16, numbers: std::ops::Range<i64>) -> Log {
        let entries = numbers.map(Value::Int).collect();
        Log::new(InputId::new(0), partitions, SimTime::from_millis(10), entries)
    }

    #[test]
    fn lines_are_text_or_bytes_without_their_ends() {
        let bytes = Value::Bytes(Arc::from(&b"\xff\xfe"[..]));
        let cases: [(&[u8], Vec<Value>); 6] = [
            (b"", vec![]),
            (b"\n", vec![Value::text("")]),
            (b"a\nb", vec![Value::text("a"), Value::text("b")]),
            (b"a\r\n\r\nb\n", vec![Value::text("a"), Value::text(""), Value::text("b")]),
            (b"a\rb\r", vec![Value::text("a\rb\r")]),
            (b"\xff\xfe\r\nc", vec![bytes, Value::text("c")]),
        ];
        for (file, expected) in cases {
            assert_eq!(Log::text_entries(file), expected, "{}", file.escape_ascii());
        }
    }

    #[test]
    fn entries_are_dealt_to_partitions_in_turn_and_appear_over_time() {
        let log = log(3, 0..8);
        assert_eq!((log.length(0), log.length(1), log.length(2), log.length(3)), (3, 3, 2, 0));
        assert_eq!(log.entry(1, 2), Some(&Value::Int(7)));
        assert_eq!((log.entry(2, 2), log.entry(3, 0)), (None, None));
        assert_eq!(log.available(1, 2), SimTime::from_millis(20));
    }

    #[test]
    fn a_generated_entry_draws_the_key_and_then_the_number() {
        let mut asked = Vec::new();
        let entry = Log::generated_entry(5, |bound| {
            asked.push(bound);
            bound - 1
        });
        assert_eq!(entry, Value::row([Value::Int(4), Value::Int(99)]));
        assert_eq!(asked, [5, 100]);
    }

    #[test]
    fn drawn_entries_are_those_of_a_log_that_was_read_and_take_no_room_before() {
        let every = SimTime::from_millis(10);
        let drawn = |length| {
            let entry = |place: u32| Value::Int(place.into());
            Log::drawn(InputId::new(0), 3, every, length, entry)
        };
        let (few, read) = (drawn(1_000), log(3, 0..1_000));
        for partition in 0..4 {
            assert_eq!(few.length(partition), read.length(partition));
            for offset in (0..340).rev() {
                assert_eq!(few.entry(partition, offset), read.entry(partition, offset));
            }
            assert_eq!(few.identity(partition, 99), read.identity(partition, 99));
        }
        let many = drawn(u32::MAX);
        assert_eq!(many.entry(0, u32::MAX / 3 - 1), Some(&Value::Int(i64::from(u32::MAX) - 3)));
    }

    #[test]
    fn an_identity_covers_what_was_read_and_no_more() {
        let (short, long) = (log(2, 0..6), log(2, 0..60));
        assert_eq!(short.identity(0, 3), long.identity(0, 3));
        assert_ne!(short.identity(0, 3), long.identity(0, 4));
        assert_ne!(short.identity(0, 3), short.identity(1, 3));
        assert_ne!(short.identity(0, 2), log(2, 1..60).identity(0, 2));
    }

    #[test]
    fn an_identity_is_the_same_for_ever() {
        let entries = Log::text_entries(b"to be\nor\xff not\n");
        let log = Log::new(InputId::new(0), 1, SimTime::ZERO, entries.into());
        let identity = log.identity(0, u32::MAX);
        assert_eq!(identity, 15_604_552_142_378_851_021, "earlier versions left it in files");
    }
}
