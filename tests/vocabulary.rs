//! Names of checks and of what `sometimes` asks for have one source: reader, help and docs know each of them, and each can come
//! true.

use sandbar::internals::{Word, drawn_setup};
use sandbar::savepoints::open;
use sandbar::story::Holds;
use sandbar::{
    Catalogue, CheckName, Choices, Mutation, Played, Profile, Scenario, Setup, Sometimes, play_out,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// How many drawn worlds are played for what no story shows.
const SEEDS: u64 = 300;

fn parsed(expect: &str) -> Scenario {
    let text = format!(
        "[input.rows]\ngenerate = {{ records = 1, keys = 1 }}\n[job.j]\noperators = [\n  \
         {{ name = \"rows\", source = \"rows\" }},\n  {{ name = \"out\", sink = \"plain\" }},\n]\n\
         [expect]\n{expect}\n"
    );
    Scenario::parse(&text, "made.toml", &Catalogue::built_in()).expect("the name is known")
}

#[test]
fn reader_help_and_docs_know_every_name() {
    let docs = Scenario::reference(&Catalogue::built_in());
    let docs_have = |name: &str| docs.contains(&format!("| `{name}` |"));
    let help = Command::new(env!("CARGO_BIN_EXE_sandbar")).args(["run", "--help"]).output();
    let help = String::from_utf8(help.expect("it runs").stdout).expect("text");
    let has = |name: &str| help.lines().any(|line| line.split_whitespace().next() == Some(name));
    for check in CheckName::ALL {
        let both = format!("holds = [\"{check}\"]\nbreaks = \"{check}\"");
        let expect = parsed(&both).expect;
        assert_eq!(expect.holds, Holds::Only(vec![*check]));
        assert_eq!(expect.breaks, [*check]);
        assert!(has(check.name()), "{check} is not in `sandbar run --help`");
        assert!(docs_have(check.name()), "{check} is not on the reference page");
    }
    for what in Sometimes::ALL {
        assert_eq!(parsed(&format!("sometimes = [\"{what}\"]")).expect.sometimes, [*what]);
        assert!(has(what.name()), "{what} is not in `sandbar run --help`");
        assert!(docs_have(what.name()), "{what} is not on the reference page");
    }
}

#[test]
fn everything_that_can_be_asked_for_comes_true_somewhere() {
    let mut missing: BTreeSet<Sometimes> = Sometimes::ALL.iter().copied().collect();
    let catalogue = Arc::new(Catalogue::built_in());
    for seed in 0..SEEDS {
        let none: [Mutation; 0] = [];
        let played = play_out(drawn_setup(seed, &Profile::default(), &none, &catalogue));
        missing.retain(|what| !played.verdict.sometimes.contains(what));
    }
    for file in stories() {
        if missing.is_empty() {
            break;
        }
        for played in played(&file) {
            missing.retain(|what| !played.verdict.sometimes.contains(what));
        }
    }
    // What only a broken protocol comes to.
    for (mutation, seed) in Mutation::ALL.iter().flat_map(|m| (0..40).map(move |seed| (m, seed))) {
        if missing.is_empty() {
            break;
        }
        let played = play_out(drawn_setup(seed, &Profile::default(), &[*mutation], &catalogue));
        missing.retain(|what| !played.verdict.sometimes.contains(what));
    }
    assert!(missing.is_empty(), "nothing shows {missing:?}");
}

/// Every story of the project.
fn stories() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("sim")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                Some(extension) if extension == "toml" => found.push(path),
                Some(_) => {}
                None => folders.push(path),
            }
        }
    }
    found.sort();
    found
}

/// A story, played under each of its releases; not at all if it reads what is not in the project.
fn played(file: &Path) -> Vec<Played> {
    let catalogue = Arc::new(Catalogue::built_in());
    let text = fs::read_to_string(file).expect("it was listed");
    let told = Scenario::parse(&text, &file.display().to_string(), &catalogue);
    let told = told.unwrap_or_else(|error| panic!("{error}"));
    let folder = file.parent().expect("a file lies in a folder");
    let play = |release| {
        let scenario = told.under(release);
        let choices = Choices::new(scenario.seed);
        let inputs = open(&scenario, folder, &BTreeMap::new(), &choices).ok()?;
        let setup = Setup::new(Arc::new(scenario), Arc::clone(&catalogue), inputs, choices);
        Some(play_out(setup))
    };
    told.releases().filter_map(play).collect()
}
