//! Each call of each operation meets each fault, and what must hold holds.

use crate::faulty::{FAULTS, Fault};
use crate::operations::{Deed, Operation, Stage, all};
use crate::worlds::{Kept, leaving, play, real};
use sandbar::internals::read_savepoint;
use sandbar::savepoints::{DataDir, list, verify};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// Every how manieth fault of an operation is tried, unless more are asked for.
const THINNED: usize = 149;

/// What is on the disk that must outlive any fault.
struct Before {
    /// The snapshots that could be read, and what is told of them.
    snapshots: BTreeSet<PathBuf>,
    /// The rows that each sink had committed.
    rows: BTreeMap<String, Vec<String>>,
    /// The state of the savepoint that the operation is about.
    savepoint: String,
}

fn snapshots(stage: &Stage) -> BTreeSet<PathBuf> {
    let listed = list(stage.data()).expect("a data folder can be listed");
    let listed = listed.into_iter();
    listed.filter(|listed| listed.summary.is_ok()).map(|listed| listed.path).collect()
}

fn rows(stage: &Stage) -> BTreeMap<String, Vec<String>> {
    let data = DataDir::open(stage.data()).expect("it can be read").expect("it is one");
    let sinks = data.read_sinks().expect("sinks can be read").into_iter();
    let told = |sink: sandbar::events::ExternalSystem| {
        let committed = sink.committed.iter().map(|row| format!("{row:?}")).collect();
        (sink.name, committed)
    };
    sinks.map(told).collect()
}

impl Before {
    fn of(stage: &Stage) -> Self {
        let savepoint = read_savepoint(&stage.savepoint).expect("it can be read");
        let savepoint = format!("{:?}", savepoint.checkpoint);
        Self { snapshots: snapshots(stage), rows: rows(stage), savepoint }
    }
}

/// Does an operation with one fault, and looks at what came of it.
fn meet(stage: &Stage, before: &Before, number: usize, fault: Fault) {
    stage.reset();
    let story = format!("{:?}, call {number} {fault:?}", stage.operation);
    let faulty = stage.disk(Some((number, fault)));
    let disk = faulty.shared();
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stage.act(&disk)));
    let done = done.unwrap_or_else(|_| panic!("{story}: a panic"));
    if let Err((message, help)) = &done {
        assert!(!message.is_empty() && !help.is_empty(), "{story}: {message}");
        assert!(!message.ends_with('.'), "{story}: {message}");
    }
    if fault == Fault::Late {
        assert!(done.is_ok(), "{story}: {done:?}");
    }
    faulty.assert_foreign_files_stayed(&story);
    assert_held(stage, before, done.is_ok(), &story);
    assert_next_works(stage, done.is_ok(), &story);
    faulty.assert_foreign_files_stayed(&story);
}

/// What must hold after a fault.
fn assert_held(stage: &Stage, before: &Before, is_done: bool, story: &str) {
    let note = |path: &str| fs::read_to_string(stage.folder.join(path)).unwrap_or_default();
    assert_eq!(note("data/savepoints/notes.txt"), "mine", "{story}");
    if stage.operation.deed == Deed::MoveFromHome {
        assert_eq!(note("home/thesis.txt"), "precious", "{story}");
    }
    for listed in list(stage.data()).unwrap_or_else(|error| panic!("{story}: {error}")) {
        let path = listed.path.display();
        assert!(listed.summary.is_ok(), "{story}: {path}: {:?}", listed.summary);
        verify(&listed.path).unwrap_or_else(|error| panic!("{story}: {error}"));
    }
    let now = snapshots(stage);
    for path in before.snapshots.iter().filter(|path| **path != stage.savepoint) {
        assert!(now.contains(path), "{story}: {} is gone", path.display());
    }
    let rows = rows(stage);
    for (sink, committed) in &before.rows {
        let now = rows.get(sink).map_or(&[][..], Vec::as_slice);
        assert!(now.starts_with(committed), "{story}: rows of {sink} are gone");
    }
    let is_whole = |path: &PathBuf| {
        read_savepoint(path).is_ok_and(|read| format!("{:?}", read.checkpoint) == before.savepoint)
    };
    let (here, there) = (is_whole(&stage.savepoint), is_whole(&stage.target()));
    match stage.operation.deed {
        Deed::Run(_) | Deed::Restore => assert!(here, "{story}: the savepoint is gone"),
        Deed::Claim | Deed::Dispose => {
            assert!(!is_done || !here, "{story}: the savepoint is still there");
        }
        Deed::Move | Deed::MoveFromHome | Deed::MoveFar | Deed::MoveWithPaths => {
            assert!(here || there, "{story}: the savepoint is gone");
            assert!(!is_done || there && !here, "{story}: the savepoint was not moved");
        }
    }
}

/// The next process does what this one could not, and goes on.
fn assert_next_works(stage: &Stage, is_done: bool, story: &str) {
    let release = stage.operation.release;
    if !is_done {
        let is_there = read_savepoint(&stage.savepoint).is_ok();
        let is_moved = read_savepoint(stage.target()).is_ok();
        if is_there && !is_moved {
            let again = stage.act(&stage.disk(None).shared());
            again.unwrap_or_else(|error| panic!("{story}: and again: {error:?}"));
        }
    }
    let next = play(&real(), &leaving(release, Kept::InFiles, 11), &stage.data(), None, || ());
    next.unwrap_or_else(|error| panic!("{story}: and the next run: {error}"));
    for listed in list(stage.data()).expect("a data folder can be listed") {
        assert!(listed.summary.is_ok(), "{story}: {:?}", listed.summary);
    }
    for folder in [stage.data().join("savepoints"), stage.folder.clone(), stage.folder.join("far")]
    {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let buried =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".removed-"));
        assert_eq!(buried.count(), 0, "{story}: a removal was not finished");
    }
}

/// Walks the faults of one operation; how many calls it makes and how many faults were tried, in numbers and in words.
fn walk(operation: Operation, every: usize, offset: usize) -> (usize, usize, String) {
    let root = tempfile::tempdir().expect("a temporary folder");
    let root = fs::canonicalize(root.path()).expect("it is there").join("x");
    let stage = Stage::new(operation, &root);
    let before = Before::of(&stage);
    let counting = stage.disk(None);
    let done = stage.act(&counting.shared());
    done.unwrap_or_else(|error| panic!("{operation:?} without a fault: {error:?}"));
    let (calls, by_kind) = counting.calls();
    let mut tried = 0;
    for number in 0..calls {
        for (place, fault) in FAULTS.into_iter().enumerate() {
            if (number * FAULTS.len() + place + offset).is_multiple_of(every) {
                meet(&stage, &before, number, fault);
                tried += 1;
            }
        }
    }
    let kinds: Vec<String> =
        by_kind.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let told = format!("{operation:?}: {calls} calls ({}), {tried} faults", kinds.join(", "));
    (calls, tried, told)
}

#[test]
fn faults_leave_nothing_half_and_take_nothing_of_anybody() {
    let asked =
        std::env::var_os("SANDBAR_DISK_FAULTS").map(|word| word.to_string_lossy().into_owned());
    let every = match asked.as_deref() {
        Some("all") => 1,
        Some(number) => number.parse().expect("SANDBAR_DISK_FAULTS is `all`, or every how manieth"),
        None => THINNED,
    };
    let (mut calls, mut tried) = (0, 0);
    for (place, operation) in all().into_iter().enumerate() {
        let (of_this, faults, told) = walk(operation, every, place);
        println!("{told}");
        calls += of_this;
        tried += faults;
    }
    println!("{calls} calls, {tried} of {} faults", calls * FAULTS.len());
    assert!(calls * FAULTS.len() >= 2000, "the bench has lost its calls: {calls}");
    assert!(tried * every + calls >= calls * FAULTS.len(), "{tried} faults are too few");
}
