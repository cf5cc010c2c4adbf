//! What must hold of any bytes that are read as a file of a savepoint.
//!
//! The first byte says which file they are, and whether their lengths, checksums and counts are put right before: only
//! then does what was mutated reach the readers of blocks.

use sandbar::internals::{
    CodecError, FORMAT_VERSION, MAGIC, Plan, Savepoint, assign, decode, decode_sink, decode_state,
    encode_inline_below, encode_sink, operator_id_of_uid,
};
use sandbar::operators::OperatorSnapshot;
use sandbar::{Catalogue, Release, Rules, Scenario};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

/// The bit of the first byte that asks for checksums to be put right.
pub const REPAIRS: u8 = 1;
/// The first byte of a state file, without repairs.
pub const STATE: u8 = 2;
/// The first byte of a sink's file, without repairs.
pub const SINK: u8 = 4;
/// The code of the block that ends a file.
const END: u8 = 6;

/// Reads them: an error lies inside the file, and what can be read is written and restored without a panic.
pub fn check(data: &[u8]) {
    let Some((mode, bytes)) = data.split_first() else { return };
    let bytes = if mode & REPAIRS == 0 { bytes.to_vec() } else { repaired(bytes) };
    if mode & STATE != 0 {
        if let Some(snapshot) = told(decode_state(&bytes), &bytes) {
            drop(snapshot.sums(operator_id_of_uid("any")));
        }
    } else if mode & SINK != 0 {
        if let Some(sink) = told(decode_sink(&bytes), &bytes) {
            assert_eq!(encode_sink(&sink), bytes, "a sink has two spellings");
        }
    } else {
        check_metadata(&bytes);
    }
}

/// What was read; an error must say where, and something.
fn told<T>(read: Result<T, CodecError>, bytes: &[u8]) -> Option<T> {
    read.inspect_err(|error| {
        let length = u64::try_from(bytes.len()).expect("usize fits in 64 bits");
        assert!(error.offset <= length, "{error} lies outside of {length} bytes");
        assert!(!error.to_string().is_empty());
    })
    .ok()
}

fn check_metadata(bytes: &[u8]) {
    let Some(metadata) = told(decode(bytes), bytes) else { return };
    let resolved = metadata.resolve(|_| Ok::<_, Infallible>(OperatorSnapshot::default()));
    let Ok(savepoint) = resolved;
    drop(metadata.summarize(&savepoint));
    let whole = encode_inline_below(&savepoint, usize::MAX);
    assert!(whole.states.is_empty(), "a state was not inlined");
    let again = decode(&whole.metadata).expect("what was written can be read");
    let again = again.resolve(|file| {
        let bytes = whole.shared.get(file.name()).expect("all else was inlined");
        file.check(bytes)?;
        decode_state(bytes)
    });
    let again = again.expect("what was written can be read");
    assert_eq!(again, savepoint, "a savepoint changed on its way");
    drop(encode_inline_below(&savepoint, 20 * 1024));
    restore(&savepoint);
}

/// Restores it into a job: refused or not.
fn restore(savepoint: &Savepoint) {
    static JOB: OnceLock<(Arc<Plan>, Rules)> = OnceLock::new();
    let (plan, rules) = JOB.get_or_init(|| {
        let catalogue = Catalogue::built_in();
        let scenario = Scenario::parse(JOB_TEXT, "job.toml", &catalogue);
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        let graph = Arc::new(scenario.jobs[0].graph.clone());
        (Arc::new(Plan::build(graph).expect("it is a job")), Release::default().rules())
    });
    for allow_non_restored in [false, true] {
        if let Err(error) = assign(plan, &savepoint.checkpoint, allow_non_restored, false, rules) {
            assert!(!error.to_string().is_empty() && !error.help().is_empty());
        }
    }
}

/// A job like those of the corpus.
pub const JOB_TEXT: &str = r#"
[input.book]
generate = { records = 60, keys = 8 }
partitions = 3
every = "20ms"

[job.count]
checkpoint = { interval = "200ms", unaligned = true }
operators = [
  { name = "lines", source = "book", parallelism = 2, uid = "lines" },
  { name = "counts", aggregate = "count", key-by = 0, parallelism = 3, uid = "counts" },
  { name = "out", sink = "two-phase", parallelism = 2, uid = "out" },
]

[[step]]
at = "700ms"
do = { savepoint = { job = "count", as = "first" } }
"#;

/// The bytes as a container: its header, and of each block as much as is there, with lengths, checksums and the count at
/// the end as a writer would have them.
pub fn repaired(bytes: &[u8]) -> Vec<u8> {
    let mut whole = MAGIC.to_vec();
    whole.extend(FORMAT_VERSION.to_le_bytes());
    whole.extend(crc32fast::hash(&whole).to_le_bytes());
    let mut rest = bytes.get(16..).unwrap_or_default();
    let mut blocks = 0u64;
    while let Some((header, after)) = rest.split_first_chunk::<13>()
        && header[0] != END
    {
        let said = u64::from_le_bytes(header[1..9].try_into().expect("eight bytes"));
        let length = usize::try_from(said).unwrap_or(usize::MAX).min(after.len());
        put(&mut whole, header[0], &after[..length]);
        rest = &after[length..];
        blocks += 1;
    }
    put(&mut whole, END, &blocks.to_le_bytes());
    whole
}

fn put(whole: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    let length = u64::try_from(payload.len()).expect("usize fits in 64 bits").to_le_bytes();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(&length);
    hasher.update(payload);
    whole.push(kind);
    whole.extend(length);
    whole.extend(hasher.finalize().to_le_bytes());
    whole.extend(payload);
}
