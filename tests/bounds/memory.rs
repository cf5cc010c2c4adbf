//! What is within the bounds takes less than a gigabyte.
#![cfg(target_os = "linux")]

use crate::told;
use std::fs;
use std::process::Command;

/// How many kibibytes of addresses the process may have.
const KIBIBYTES: u32 = 1 << 20;

/// Plays the first moment of a scenario in a gigabyte.
fn play(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("large.toml");
    fs::write(&file, text).expect("written");
    let file = file.to_str().expect("temporary paths are UTF-8");
    let binary = env!("CARGO_BIN_EXE_sandbar");
    let line = format!("ulimit -v {KIBIBYTES}; exec '{binary}' run '{file}' --until 1ns");
    told(&Command::new("sh").args(["-c", &line]).output().expect("the command runs"))
}

#[test]
fn ten_million_records_take_no_room_before_they_are_read() {
    let (code, text) = play(
        "
        [input.log]
        generate = { records = 10_000_000, keys = 4294967295 }
        [job.copy]
        operators = [{ name = 's', source = 'log' }, { name = 'o', sink = 'plain' }]
        [[step]]
        at = '1h'
        do = { run = {} }
        may-miss = true
        ",
    );
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn as_many_channels_as_the_bound_fit() {
    let (code, text) = play(
        "
        cluster = { slots = 1000 }
        [input.log]
        generate = { records = 1, keys = 1 }
        [job.wide]
        operators = [
          { name = 's', source = 'log', parallelism = 1020 },
          { name = 'o', sink = 'plain', parallelism = 1021 },
        ]
        ",
    );
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_text_of_nothing_but_small_lists_and_tables_is_refused_in_a_gigabyte() {
    for part in ["[],", "{},", "1,"] {
        let text = format!("x = [{}]", part.repeat((8 * 1024 * 1024 - 10) / part.len()));
        let (code, told) = play(&text);
        assert_eq!(code, Some(2), "{part}: {told}");
        assert!(told.contains("unknown key `x`"), "{part}: {told}");
    }
    let (code, told) = play(&"[[step]]\ndo={list=true}\n".repeat(300_000));
    assert_eq!(code, Some(2), "{told}");
}
