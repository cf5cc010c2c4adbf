//! Golden traces: every simulation told event by event, in `snapshots/`. A diff there reads as a story.

mod stories;

use sandbar::events::{Names, timeline};
use sandbar::{Scenario, Setup, play_out};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every simulation under a folder, but for the statements of `rules`, the `reports` and the `bugs`, whose facts are held to in
/// tests of their own.
fn simulations(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of simulations is there") {
        let path = entry.expect("a folder can be read").path();
        if ["rules", "reports", "bugs"].iter().any(|folder| path.ends_with(folder)) {
            continue;
        }
        if path.is_dir() {
            found.extend(simulations(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The timeline of a simulation, under each of its releases, and what it said that did not come.
fn told(path: &Path) -> (String, Vec<String>) {
    let scenario = stories::read(path);
    if scenario.also.is_empty() {
        return told_of(path, scenario);
    }
    let (mut timelines, mut unmet) = (String::new(), Vec::new());
    for release in scenario.releases() {
        let (timeline, found) = told_of(path, scenario.under(release));
        timelines.push_str(&format!("Flink {release}\n{timeline}\n"));
        unmet.extend(found.into_iter().map(|found| format!("Flink {release}: {found}")));
    }
    (timelines, unmet)
}

fn told_of(path: &Path, scenario: Scenario) -> (String, Vec<String>) {
    let setup = stories::setup(path, scenario);
    let scenario = Arc::clone(&setup.scenario);
    let played = play_out(Setup { keeps_trace: true, ..setup });
    let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
    let names = Names::new(&played.trace, &scenario, sinks);
    (timeline(&played.trace, &names, false), played.unmet)
}

#[test]
fn every_simulation_is_told_as_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sim");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in simulations(&folder) {
            let name = path.strip_prefix(&folder).expect("it lies there").with_extension("");
            let name = name.to_string_lossy().replace(['/', '\\'], "__");
            let (timeline, unmet) = told(&path);
            assert!(unmet.is_empty(), "sim/{name}: {unmet:#?}");
            insta::assert_snapshot!(name, timeline);
        }
    });
}
