//! The statements about rules, and what was reported of Flink: each plays and comes out as it says.

mod stories;

use sandbar::{Catalogue, Scenario, play_out};
use std::fs;
use std::path::{Path, PathBuf};

/// Every statement, sorted by name.
fn statements() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for folder in ["sim/rules", "sim/reports"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = fs::read_dir(folder).expect("the folder of statements is there");
        paths.extend(entries.map(|entry| entry.expect("it can be listed").path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths
}

/// What a statement said that did not come, under each of its releases.
fn unmet(path: &Path) -> Vec<String> {
    let scenario = stories::read(path);
    let unmet = |release| play_out(stories::setup(path, scenario.under(release))).unmet;
    scenario.releases().flat_map(unmet).collect()
}

#[test]
fn every_statement_comes_out_as_it_says() {
    let mut complaints = Vec::new();
    for path in statements() {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        complaints.extend(unmet(&path).into_iter().map(|text| format!("{name}: {text}")));
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_statement_reads_back_as_it_is_written() {
    for path in statements() {
        let read = stories::read(&path);
        let again = Scenario::parse(&read.to_text(), "written", &Catalogue::built_in());
        assert_eq!(again.unwrap_or_else(|error| panic!("{error}")), read, "{}", path.display());
    }
}
