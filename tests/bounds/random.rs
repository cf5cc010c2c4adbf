//! Scenario files by a grammar, with absurd values: refused, or played under a budget of events.

#[path = "../../fuzz/absurd.rs"]
#[expect(
    unreachable_pub,
    reason = "it is public in the package of the fuzzer, which uses all of it"
)]
mod absurd;

use crate::{sandbar, told};
use absurd::Came;
use std::collections::BTreeMap;
use std::fs;
use std::panic::catch_unwind;

/// How many files; `fuzz/` has a command for more.
const FILES: u64 = 1_500;
/// How many of those that are refused are given to the command, too.
const BY_COMMAND: u64 = 60;

#[test]
fn random_files_are_refused_or_played() {
    let mut counts: BTreeMap<Came, u64> = BTreeMap::new();
    for number in 0..FILES {
        let text = absurd::numbered(number);
        let came = catch_unwind(|| absurd::check(&text));
        let came = came.unwrap_or_else(|_| panic!("file {number} panics:\n{text}"));
        *counts.entry(came).or_default() += 1;
    }
    // If nearly all are refused, nothing was put to the test.
    let count = |came| counts.get(&came).copied().unwrap_or_default();
    assert!(count(Came::Judged) + count(Came::GoesOn) > FILES / 10, "{counts:?}");
    assert!(count(Came::Refused) > FILES / 10, "{counts:?}");
}

#[test]
fn random_files_that_are_refused_end_the_command_with_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("absurd.toml");
    for number in 0..BY_COMMAND {
        let text = absurd::numbered(number);
        fs::write(&file, &text).expect("written");
        // Who reads it has little time: it ends at once, and all there is to it is that it was read.
        let file = file.to_str().expect("temporary paths are UTF-8");
        let (code, said) = told(&sandbar(&["run", file, "--until", "1ns"]));
        let is_refused = absurd::check(&text) == Came::Refused;
        assert_eq!(code == Some(2) && said.starts_with("error: "), is_refused, "{number}: {said}");
        assert!(code.is_some_and(|code| code <= 5), "{number}: {said}");
    }
}

#[test]
fn what_was_found_by_random_files_is_refused_or_played() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/regressions/absurd");
    let Ok(files) = fs::read_dir(folder) else { return };
    for file in files {
        let file = file.expect("it can be listed").path();
        absurd::check(&fs::read_to_string(&file).expect("it is there"));
    }
}
