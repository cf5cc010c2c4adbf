//! The mutants of `mutants/` still fit the source: each stands for text that is there once.

use super::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

#[path = "../../examples/mutants/mutant.rs"]
mod mutant;

/// How many there are at least.
const LEAST: usize = 100;
/// Rooms, and how many mutants each has at least.
const ROOMS: [&str; 6] = ["cluster", "coordinator", "operator", "state", "store", "task"];
const LEAST_OF_A_ROOM: usize = 15;

/// What is wrong with the list of mutants.
pub(crate) fn complaints() -> Vec<String> {
    let all = mutant::read_all(&root().join("mutants")).expect("the lists of mutants can be read");
    let mut complaints = Vec::new();
    let mut names = BTreeSet::new();
    let mut rooms: BTreeMap<&str, usize> = ROOMS.into_iter().map(|room| (room, 0)).collect();
    let mut taken: BTreeMap<&str, Vec<std::ops::Range<usize>>> = BTreeMap::new();
    for (number, mutant) in all.iter().enumerate() {
        let name = &mutant.name;
        if !names.insert(name) {
            complaints.push(format!("{name}: two mutants have this name; rename one"));
        }
        *rooms.entry(&mutant.room).or_default() += 1;
        if mutant.because.as_ref().is_some_and(|because| because.len() < 10) {
            complaints.push(format!("{name}: say why nobody notices it"));
        }
        if !mutant.file.starts_with(&format!("src/{}/", mutant.room)) {
            complaints.push(format!("{name}: {} is not of the room {}", mutant.file, mutant.room));
        }
        if mutant.was == mutant.is || mutant.what.len() < 10 {
            complaints.push(format!("{name}: say what it changes, and what that breaks"));
        }
        let text = fs::read_to_string(root().join(&mutant.file)).unwrap_or_default();
        let place = match mutant.place_in(&text) {
            Ok(place) => place,
            Err(why) => {
                complaints.push(format!("{why}; have it say what the source says now"));
                continue;
            }
        };
        let places = taken.entry(&mutant.file).or_default();
        if places.iter().any(|other| other.start < place.end && place.start < other.end) {
            complaints.push(format!("{name}: another mutant is of the same place; drop one"));
        }
        places.push(place);
        let source = mutant.switched(number);
        assert!(source.contains(&mutant.was), "{name}: what it was is lost: {source}");
    }
    let few = rooms.iter().filter(|(_, count)| **count < LEAST_OF_A_ROOM);
    complaints.extend(few.map(|(room, count)| {
        format!("mutants/{room}.toml has {count} mutants, and {LEAST_OF_A_ROOM} are wanted")
    }));
    if all.len() < LEAST {
        complaints.push(format!("there are {} mutants, and {LEAST} are wanted", all.len()));
    }
    complaints
}
