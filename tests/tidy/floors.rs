//! The floors of the house, and what its rooms must not name.

use super::source::{NamedPath, code_of, named_paths};
use super::{File, files_ending};

/// The rooms, floor by floor, from the bottom. A room imports from floors below its own; rooms on one floor do not know
/// each other.
const FLOORS: [&[&str]; 12] = [
    &["documented"],
    &["kernel", "rules"],
    &["job"],
    &["trace"],
    &["state"],
    // A message carries a snapshot.
    &["effect"],
    &["operator"],
    &["scenario", "task", "coordinator", "store"],
    &["cluster", "check", "render"],
    &["search"],
    &["cli", "testing"],
    &["main"],
];

/// Rooms below that a room must not know all the same: who reads a trace does not know who made it.
const STRANGERS: [(&str, &[&str]); 2] =
    [("check", &["task", "coordinator", "store"]), ("render", &["task", "coordinator", "store"])];

/// What the engine never names, and what to write instead.
const BANNED: [(&str, &str); 12] = [
    ("std::collections::HashMap", "use BTreeMap, a Vec by id, or state::FixedMap"),
    ("std::collections::HashSet", "use BTreeSet or a Vec by id"),
    ("std::collections::hash_map", "use BTreeMap, a Vec by id, or state::FixedMap"),
    ("std::collections::hash_set", "use BTreeSet or a Vec by id"),
    ("std::hash::RandomState", "use state::FixedMap"),
    ("std::time", "use kernel::SimTime"),
    ("std::thread", "the engine is single-threaded; parallelism over seeds lives in cli"),
    ("std::env", "a run depends on its scenario and seed only; take an argument"),
    ("std::process", "return an error; main alone exits"),
    ("std::net", "send an effect; the cluster carries it"),
    ("std::io::stdout", "return what is to be said; main alone prints"),
    ("std::io::stderr", "return what is to be said; main alone prints"),
];

/// The only files below the command line that know a file system.
const FILE_READERS: [&str; 9] = [
    "src/search/read.rs",
    "src/store/disk/real.rs",
    // Tests, which do to files what a user may.
    "src/store/snapshot_layouts.rs",
    "src/store/folder/tests.rs",
    "src/store/leftovers.rs",
    "src/store/lock.rs",
    "src/store/neighbours.rs",
    "src/store/owner/tests.rs",
    "src/store/sinks/tests.rs",
];

/// What users see, and what this project's own tests reach into: every room from above.
const FRONT_DOOR: [&str; 2] = ["src/lib.rs", "src/internals.rs"];

/// The only file that draws at random: names that no other process gives, on which no run depends.
const RANDOM_NAMES: &str = "src/store/unfinished.rs";

/// Where a file stands: `src/job/build.rs` is `job`, `build`.
fn module_of(file: &File) -> Vec<String> {
    let name = file.name.strip_prefix("src/").expect("rooms lie in src");
    let name = name.strip_suffix(".rs").expect("rooms are Rust");
    let mut module: Vec<String> = name.split('/').map(str::to_owned).collect();
    if module.len() > 1 && module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// Every file of a room with its room and the paths it names.
fn rooms() -> Vec<(File, String, Vec<NamedPath>)> {
    let files = files_ending("src", ".rs")
        .into_iter()
        .filter(|file| !FRONT_DOOR.contains(&file.name.as_str()));
    let read = |file: File| {
        let module = module_of(&file);
        let text = file.text().expect("code is text");
        let paths = named_paths(&code_of(&text), &module);
        (file, module[0].clone(), paths)
    };
    files.map(read).collect()
}

/// Imports that climb or cross, and rooms that stand nowhere.
pub(crate) fn climbing_imports() -> Vec<String> {
    let mut complaints = Vec::new();
    for (file, room, paths) in rooms() {
        if floor_of(&room).is_none() {
            complaints.push(format!(
                "{}: the room `{room}` stands on no floor; give it one in tests/tidy/floors.rs and in DESIGN.md",
                file.name
            ));
        }
        for path in paths.iter().filter(|path| path.segments[0] == "crate") {
            let why = path.segments.get(1).and_then(|other| wrong_import(&room, other));
            complaints.extend(why.map(|why| format!("{}:{}: {why}", file.name, path.line)));
        }
    }
    complaints
}

/// Why a room must not import from another one, if it must not.
fn wrong_import(room: &str, other: &str) -> Option<String> {
    if room == other {
        return None;
    }
    let (Some(own), Some(others)) = (floor_of(room), floor_of(other)) else {
        return Some(format!(
            "`{room}` imports `crate::{other}`, which is no room; import from the room it lives in"
        ));
    };
    let is_stranger =
        STRANGERS.iter().any(|(who, strangers)| *who == room && strangers.contains(&other));
    if others > own {
        Some(format!(
            "`{room}` imports from `{other}`, a floor above; move what both need down, or pass it in"
        ))
    } else if others == own {
        Some(format!(
            "`{room}` imports from `{other}`, on the same floor; let a room above bring them together"
        ))
    } else if is_stranger {
        Some(format!(
            "`{room}` imports from `{other}`; it reads a trace and does not know who made it"
        ))
    } else {
        None
    }
}

/// What the engine names and must not.
pub(crate) fn banned_paths() -> Vec<String> {
    let mut complaints = Vec::new();
    let is_above = |room: &str| matches!(room, "cli" | "testing" | "main");
    let engine = rooms().into_iter().filter(|(_, room, _)| !is_above(room));
    for (file, _, paths) in engine {
        for path in paths {
            let named = path.segments.join("::");
            let is_under = |banned: &str| {
                named
                    .strip_prefix(banned)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            };
            let mut instead: Vec<&str> =
                BANNED.iter().filter(|(banned, _)| is_under(banned)).map(|(_, why)| *why).collect();
            if file.name == RANDOM_NAMES && is_under("std::hash::RandomState") {
                continue;
            }
            if is_under("std::fs") && !FILE_READERS.contains(&file.name.as_str()) {
                instead.push("read and write files in search or store");
            }
            let say = |why: &str| format!("{}:{}: `{named}`; {why}", file.name, path.line);
            complaints.extend(instead.into_iter().map(say));
        }
    }
    complaints
}

#[test]
fn a_wrong_import_is_noticed() {
    assert_eq!(wrong_import("cluster", "task"), None);
    assert_eq!(wrong_import("effect", "state"), None);
    for (room, other, word) in [
        ("task", "cluster", "above"),
        ("kernel", "rules", "same floor"),
        ("state", "effect", "above"),
        ("check", "task", "who made it"),
        ("job", "Plan", "no room"),
    ] {
        let why = wrong_import(room, other).expect("it is wrong");
        assert!(why.contains(word), "{room} and {other}: {why}");
    }
}
