//! Holds the house: imports that go down only, files of a size, golden files that belong to something, simulations that
//! are listed, and words that nobody writes. Every ban says what to do instead.

mod assertions;
mod floors;
mod mutants;
mod names;
mod sizes;
mod source;
mod words;

use sandbar::story::{Expect, Holds};
use sandbar::{Catalogue, Scenario};
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file of the product. What is longer has a part that deserves a name.
const LINES_MAX: usize = 600;

/// The folder that everything lies in.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project, named from its root, with `/` between folders.
struct File {
    name: String,
    path: PathBuf,
}

impl File {
    /// Its text; none if it is no text.
    fn text(&self) -> Option<String> {
        let bytes = fs::read(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        String::from_utf8(bytes).ok()
    }
}

/// Every file under a folder of the project, sorted by name; none if there is no such folder. Leaves out what no one wrote:
/// builds and version control.
fn files(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root().join(folder), folder, &mut found);
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn collect(path: &Path, name: &str, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries {
        let entry = entry.expect("a folder can be read");
        let own = entry.file_name().to_string_lossy().into_owned();
        if matches!(own.as_str(), "target" | ".git") {
            continue;
        }
        let name = if name.is_empty() { own } else { format!("{name}/{own}") };
        if entry.file_type().expect("a file has a type").is_dir() {
            collect(&entry.path(), &name, found);
        } else {
            found.push(File { name, path: entry.path() });
        }
    }
}

/// The files of a folder whose names end so.
fn files_ending(folder: &str, ending: &str) -> Vec<File> {
    files(folder).into_iter().filter(|file| file.name.ends_with(ending)).collect()
}

/// Fails with every complaint, a line each.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn imports_go_down_only() {
    none(&floors::climbing_imports());
}

#[test]
fn the_engine_has_no_clock_no_thread_and_no_random_order() {
    none(&floors::banned_paths());
}

#[test]
fn what_must_hold_is_asserted() {
    none(&assertions::complaints());
}

#[test]
fn no_file_says_what_nobody_writes() {
    none(&words::complaints());
}

#[test]
fn nobody_is_told_a_word_in_the_form_of_rust() {
    none(&words::in_form_of_rust());
}

#[test]
fn what_an_operator_is_stands_in_the_catalogue_alone() {
    none(&names::complaints());
}

#[test]
fn no_file_of_the_product_is_too_long() {
    let lines = |file: &File| file.text().expect("code is text").lines().count();
    let is_long = |file: &File| lines(file) > LINES_MAX;
    let long = files_ending("src", ".rs").into_iter().filter(is_long).map(|file| {
        let lines = lines(&file);
        format!("{}: {lines} lines; move a part that has a name into a file of its own", file.name)
    });
    none(&long.collect::<Vec<_>>());
}

#[test]
fn every_mutant_fits_the_source() {
    none(&mutants::complaints());
}

#[test]
fn no_type_is_too_large() {
    none(&sizes::complaints());
}

#[test]
fn every_golden_file_belongs_to_a_scenario_or_a_test() {
    let code: String = ["tests", "src"]
        .iter()
        .flat_map(|folder| files_ending(folder, ".rs"))
        .flat_map(|file| file.text())
        .collect();
    let scenarios = files_ending("sim", ".toml").into_iter().map(|file| golden_name(&file.name));
    let scenarios: Vec<String> = scenarios.filter(|name| !name.starts_with("rules__")).collect();
    let belongs = |file: &File| {
        let stem = file.name.strip_suffix(".snap").expect("it ends so");
        let name = stem.rsplit('/').next().expect("a name has a last part");
        let test = name.rsplit("__").next().expect("a name has a last part");
        root().join(format!("{stem}.toml")).exists()
            || file.name.starts_with("snapshots/") && scenarios.iter().any(|other| other == name)
            || code.contains(&format!("\"{test}\""))
            || code.contains(&format!("fn {test}("))
    };
    let golden =
        ["tests", "src", "snapshots"].iter().flat_map(|folder| files_ending(folder, ".snap"));
    let orphans = golden
        .filter(|file| !belongs(file))
        .map(|file| format!("{}: nothing makes this golden file any more; delete it", file.name));
    none(&orphans.collect::<Vec<_>>());
}

/// The golden trace of a simulation: `sim/bugs/lost.toml` has `bugs__lost`.
fn golden_name(scenario: &str) -> String {
    let name = scenario.strip_prefix("sim/").expect("simulations lie there");
    name.strip_suffix(".toml").expect("simulations are TOML").replace('/', "__")
}

#[test]
fn every_simulation_parses() {
    let simulations = files_ending("sim", ".toml");
    assert!(!simulations.is_empty(), "there are no simulations");
    let parse = |file: &File| {
        let text = file.text().expect("a simulation is text");
        Scenario::parse(&text, &file.name, &Catalogue::built_in()).err()
    };
    let wrong = simulations.iter().filter_map(parse).map(|error| error.to_string());
    none(&wrong.collect::<Vec<_>>());
}

#[test]
fn the_list_of_simulations_is_true() {
    let list = fs::read_to_string(root().join("sim/README.md")).expect("sim/README.md is there");
    let there: Vec<String> = files_ending("sim", ".toml")
        .into_iter()
        .map(|file| file.name.strip_prefix("sim/").expect("it lies there").to_owned())
        .collect();
    let listed: Vec<&str> =
        list.split('`').filter(|word| word.ends_with(".toml") && !word.contains(' ')).collect();
    let unlisted = there.iter().filter(|name| !listed.contains(&name.as_str()));
    let unlisted = unlisted.map(|name| format!("sim/README.md: say in a row what `{name}` shows"));
    let gone = listed.iter().filter(|name| !there.iter().any(|other| other == *name));
    let gone = gone.map(|name| format!("sim/README.md: `{name}` is gone; delete its row"));
    none(&unlisted.chain(gone).collect::<Vec<_>>());
}

#[test]
fn every_statement_of_a_rule_states_a_fact() {
    let statements = files_ending("sim/rules", ".toml");
    assert!(!statements.is_empty(), "there are no statements of rules");
    let lacks = |file: &File| {
        let text = file.text().expect("a simulation is text");
        let said = Scenario::parse(&text, &file.name, &Catalogue::built_in()).ok()?;
        let is_plain = said.releases().all(|release| {
            let expect = said.under(release).expect;
            let plain = Expect { jobs: expect.jobs.clone(), ..Expect::default() };
            Expect { holds: Holds::All, ..expect } == plain
        });
        let what = match (said.about.is_empty(), is_plain) {
            (true, _) => "say in `about` what it states",
            (_, true) => "state a fact in `[expect]`, beyond `jobs` and `holds`",
            (false, false) => return None,
        };
        Some(format!("{}: {what}", file.name))
    };
    none(&statements.iter().filter_map(lacks).collect::<Vec<_>>());
}

#[test]
fn the_documents_name_a_story_in_every_row() {
    let text = fs::read_to_string(root().join("docs/documents.md")).expect("it is there");
    let rows =
        text.lines().filter(|line| line.starts_with("| ") && *line != "| it says | played by |");
    let wrong = |row: &str| {
        let stories: Vec<&str> = row.split('`').filter(|word| word.ends_with(".toml")).collect();
        let gone = stories.iter().find(|story| !root().join("sim").join(story).exists());
        match (stories.is_empty(), gone) {
            (true, _) => Some(format!("docs/documents.md: no story plays this row: {row}")),
            (false, Some(gone)) => Some(format!("docs/documents.md: `{gone}` is gone")),
            (false, None) => None,
        }
    };
    none(&rows.filter_map(wrong).collect::<Vec<_>>());
}

/// The families of statements, with how many each has.
const STATEMENTS: [(char, u32); 6] =
    [('a', 9), ('b', 11), ('c', 13), ('d', 9), ('e', 10), ('f', 20)];

#[test]
fn every_statement_has_a_story() {
    let stories = files_ending("sim/rules", ".toml");
    let has = |statement: &str| {
        stories.iter().any(|file| {
            let name = file.name.rsplit('/').next().expect("a path has a last part");
            let rest = name.strip_prefix(statement);
            rest.is_some_and(|rest| rest.starts_with(['_', '.']))
        })
    };
    let names = STATEMENTS
        .iter()
        .flat_map(|(family, count)| (1..=*count).map(move |number| format!("{family}{number}")));
    let missing = names.filter(|name| !has(name));
    none(
        &missing
            .map(|name| format!("sim/rules: no story is named after {name}"))
            .collect::<Vec<_>>(),
    );
}
