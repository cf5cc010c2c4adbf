//! The zoo of real bugs: each story is broken by the check that it names first, and holds as it should be.

use sandbar::internals::{Bug, Switch};
use sandbar::{Catalogue, Judgement, Mutation, Played, Scenario, Setup, play_out};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

/// How many stories there are at least, of how many entries of the catalogue, through how many switches.
const STORIES: usize = 62;
const ENTRIES: usize = 57;
const SWITCHES: usize = 56;

/// Mutations that no story uses, each with why.
const WITHOUT_STORY: [(Mutation, &str); 1] = [(
    Mutation::PauseNotKept,
    "it is what 1.0 does with a setting, and no entry of the catalogue of bugs",
)];

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::built_in())
}

fn played(scenario: Scenario) -> Played {
    let setup = Setup::of(Arc::new(scenario), catalogue());
    play_out(setup.expect("the zoo reads no files"))
}

/// The check that noticed something first.
fn first(played: &Played) -> Option<String> {
    let first = played.verdict.violations().min_by_key(|violation| violation.event)?;
    Some(first.check.to_string())
}

#[test]
fn every_story_is_broken_as_it_says_and_holds_as_it_should_be() {
    let catalogue = catalogue();
    for bug in Bug::ALL {
        let caught = bug.caught_by(&catalogue).map(|check| check.to_string());
        let plays = bug.plays(&catalogue);
        for is_broken in [true, false] {
            let name = bug.name;
            assert!(plays.iter().any(|play| play.is_broken == is_broken), "{name}: {is_broken}");
        }
        for play in plays {
            let (name, flink) = (bug.name, play.scenario.flink);
            let breaks = !play.scenario.expect.breaks.is_empty();
            let played = played(play.scenario);
            assert_eq!(played.judgement(), Judgement::Holds, "{name}, {flink}: {:?}", played.unmet);
            let expected = if play.is_broken { caught.clone() } else { None };
            assert_eq!(first(&played), expected, "{name}, {flink}: what is noticed first");
            assert_eq!(breaks, expected.is_some(), "{name}, {flink}: what it says is noticed");
        }
    }
}

#[test]
fn what_is_wrong_without_a_check_differs_from_what_should_be() {
    let catalogue = catalogue();
    for bug in Bug::ALL.iter().filter(|bug| bug.caught_by(&catalogue).is_none()) {
        let plays = bug.plays(&catalogue);
        let told = |is_broken| {
            let plays = plays.iter().filter(move |play| play.is_broken == is_broken);
            plays.map(|play| play.scenario.expect.clone()).collect::<Vec<_>>()
        };
        let (broken, fixed) = (told(true), told(false));
        assert!(
            broken.iter().all(|expect| !fixed.contains(expect)),
            "{}: what its `[expect]` says is the same as it should be",
            bug.name
        );
    }
}

#[test]
fn every_mutation_has_a_story_or_a_reason() {
    let catalogue = catalogue();
    let used = Bug::ALL.iter().filter_map(|bug| {
        let Switch::Mutations(mutations) = bug.switch(&catalogue) else { return None };
        Some(mutations)
    });
    let used: BTreeSet<Mutation> = used.flatten().collect();
    for mutation in Mutation::ALL {
        let excused = WITHOUT_STORY.iter().any(|(other, why)| other == mutation && !why.is_empty());
        assert_ne!(used.contains(mutation), excused, "{mutation:?}: a story, or a reason");
    }
}

#[test]
fn the_zoo_is_as_large_as_it_is_said_to_be() {
    let catalogue = catalogue();
    let entries: BTreeSet<String> = Bug::ALL.iter().map(Bug::entry).collect();
    // A mutation counts once, whatever stories it is in; what a release or a user does is another thing in each.
    let switches: BTreeSet<String> = Bug::ALL
        .iter()
        .map(|bug| {
            let Switch::Mutations(mutations) = bug.switch(&catalogue) else {
                return bug.name.to_owned();
            };
            format!("{mutations:?}")
        })
        .collect();
    let found = (Bug::ALL.len(), entries.len(), switches.len());
    assert!(
        found.0 >= STORIES && found.1 >= ENTRIES && found.2 >= SWITCHES,
        "{found:?} stories, entries and switches"
    );
}

#[test]
fn every_story_says_what_it_is() {
    for bug in Bug::ALL {
        let (entry, name) = (bug.entry(), bug.name);
        assert!(bug.text.starts_with(&format!("# {entry} (")), "{name} begins with its entry");
        assert!(!bug.sources().is_empty() && !bug.title().is_empty(), "{name}: its first line");
        let told = bug.told();
        let says_who = told.contains("Caught first") || told.contains("No check is broken");
        assert!(says_who, "{name}: say which check notices it first, or that none does");
    }
}

#[test]
fn the_program_has_every_story_of_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sim/bugs");
    let entries = fs::read_dir(&folder).expect("the folder is there");
    let there: BTreeSet<(String, String)> = entries
        .map(|entry| {
            let path = entry.expect("a folder can be read").path();
            let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("it is a text"))
        })
        .collect();
    let known: BTreeSet<(String, String)> = Bug::ALL
        .iter()
        .flat_map(|bug| {
            let fixed = bug.fixed.map(|text| (format!("{}_fixed", bug.name), text.to_owned()));
            [Some((bug.name.to_owned(), bug.text.to_owned())), fixed]
        })
        .flatten()
        .collect();
    let names = |stories: &BTreeSet<(String, String)>| {
        stories.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&known), names(&there), "src/search/zoo/stories.rs lists what is in sim/bugs");
    assert!(known == there, "the program holds another text than sim/bugs");
    assert!(Bug::ALL.is_sorted_by_key(|bug| bug.name), "they are listed in order");
}

fn sandbar(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.args(arguments).output().expect("it can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is UTF-8")
}

#[test]
fn a_bug_is_played_by_its_name_and_by_its_entry() {
    for name in ["e03_files_of_the_start", "E3", "e3"] {
        let output = sandbar(&["bugs", name]);
        let told = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{name}: {told}");
        assert!(told.contains("the bug: Flink 2.x, delete-restored-shared"), "{told}");
        assert!(told.contains("violation: reference-safety broken"), "{told}");
        assert!(told.contains("as it should be: Flink 2.x"), "{told}");
        assert_eq!(told.matches("verdict  holds").count(), 2, "{told}");
    }
    let output = sandbar(&["bugs", "F1"]);
    assert_eq!(text(&output.stdout).matches("as it should be").count(), 3, "two stories");
}

#[test]
fn what_is_printed_of_a_bug_is_its_file() {
    let output = sandbar(&["bugs", "h06_uid_forgotten", "--print-scenario"]);
    let bug = Bug::ALL.iter().find(|bug| bug.name == "h06_uid_forgotten");
    assert_eq!(text(&output.stdout), bug.expect("it is there").text);
}

#[test]
fn a_bug_that_nobody_knows_is_an_error_that_says_what_may_be_meant() {
    for (name, meant) in [
        ("e03_file_of_the_start", "did you mean `e03_files_of_the_start`?"),
        ("uid_forgotten", "did you mean `h06_uid_forgotten`?"),
        ("nothing-like-it", "lists them"),
    ] {
        let output = sandbar(&["bugs", name]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(&format!("there is no bug `{name}`")), "{told}");
        assert!(told.contains(meant), "{told}");
    }
}

#[test]
fn the_list_and_the_matrix_are_for_programs_too() {
    let output = sandbar(&["bugs", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(list["schema"], 1);
    assert_eq!(list["bugs"].as_array().map(Vec::len), Some(Bug::ALL.len()));
    let matrix = |jobs| {
        sandbar(&["bugs", "--matrix", "--seeds", "0..3", "--jobs", jobs, "--format", "json"]).stdout
    };
    let one = matrix("1");
    assert_eq!(text(&one), text(&matrix("2")), "however many threads there are");
    let told: serde_json::Value = serde_json::from_slice(&one).expect("it is JSON");
    assert_eq!(told["schema"], 1);
    let rows = told["mutations"].as_array().expect("a row for each mutation");
    assert_eq!(rows.len(), Mutation::ALL.len());
    let row = rows.iter().find(|row| row["mutation"] == "ack-before-durable");
    let row = row.expect("it is among them");
    assert_eq!(row["worlds"], 3);
    let noticed = &row["checks"]["durable-before-visible"];
    assert_eq!(noticed["worlds"], 3);
    assert_eq!(noticed["first_seed"], 0);
}
