//! What the fuzz targets check, on what they have found and on what stands here. The fuzzer itself lives in `fuzz/`.

#[path = "../fuzz/savepoint.rs"]
#[expect(unreachable_pub, reason = "it is public in the package of the fuzzer")]
mod savepoint;
#[path = "../fuzz/scenario.rs"]
#[expect(unreachable_pub, reason = "it is public in the package of the fuzzer")]
mod scenario;

use sandbar::internals::{FileChange, Savepoint, decode, encode_inline_below, play};
use sandbar::{Catalogue, Scenario, Setup};
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How far apart the bytes are that are changed: each of them would take a minute.
const STEP: usize = 7;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    files
}

/// The metadata of every snapshot of the job that the fuzz target restores into.
fn metadata() -> Vec<Vec<u8>> {
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(savepoint::JOB_TEXT, "job.toml", &catalogue);
    let scenario = Arc::new(scenario.unwrap_or_else(|error| panic!("{error}")));
    let setup = Setup::of(scenario, catalogue).expect("it reads no files");
    let mut found = Vec::new();
    let watched = play(setup, |cluster| {
        for change in cluster.take_files() {
            if let FileChange::Savepoint(checkpoint, _) | FileChange::Checkpoint(checkpoint) =
                change
            {
                let checkpoint = (*checkpoint).clone();
                let (clock, sinks) = (cluster.now(), cluster.externals());
                let whole = Savepoint { checkpoint, inputs: Vec::new(), clock, sinks };
                found.push(encode_inline_below(&whole, usize::MAX).metadata);
            }
        }
        Ok::<(), Infallible>(())
    });
    let Ok(_) = watched;
    found
}

#[test]
fn metadata_whose_checksums_were_put_right_is_read_or_refused() {
    let found = metadata();
    assert!(found.len() >= 2, "the job took only {} snapshots", found.len());
    let (mut read, mut refused) = (0, 0);
    for bytes in &found {
        for place in (16..bytes.len()).step_by(STEP) {
            for flip in [1, 0x80] {
                let mut changed = vec![savepoint::REPAIRS];
                changed.extend(bytes);
                changed[place + 1] ^= flip;
                savepoint::check(&changed);
                let is_read = decode(&savepoint::repaired(&changed[1..])).is_ok();
                *(if is_read { &mut read } else { &mut refused }) += 1;
            }
        }
    }
    // If nothing got past the checksums, nothing was put to the test.
    assert!(read > refused / 10, "{read} changed files were read, {refused} refused");
}

#[test]
fn what_the_fuzzer_found_is_read_or_refused() {
    for file in files("fuzz/regressions/savepoint") {
        savepoint::check(&fs::read(&file).expect("it is there"));
    }
    for file in files("fuzz/regressions/scenario") {
        scenario::check(&fs::read(&file).expect("it is there"));
    }
}

#[test]
fn every_scenario_of_the_project_is_read_or_refused_and_written_as_it_is_read() {
    let all: Vec<_> = files("sim").into_iter().chain(files("tests/errors")).collect();
    let scenarios = all.iter().filter(|file| file.extension().is_some_and(|end| end == "toml"));
    let count = scenarios.clone().count();
    assert!(count > 80, "only {count} scenarios were found");
    for file in scenarios {
        scenario::check(&fs::read(file).expect("it is there"));
    }
}
