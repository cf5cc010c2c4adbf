//! The session of a user, as a golden file: the operations that the documents on savepoints describe, from one scenario.

use sandbar::events::transcript;
use sandbar::{Catalogue, Scenario, Setup, play_out};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The session of a scenario, under each of its releases.
fn session(file: &str) -> String {
    let catalogue = Arc::new(Catalogue::built_in());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sim").join(file);
    let text = fs::read_to_string(path).expect("the scenario is there");
    let scenario = Scenario::parse(&text, file, &catalogue);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    let mut told = String::new();
    for release in scenario.releases() {
        let story = Arc::new(scenario.under(release));
        let setup = Setup::of(Arc::clone(&story), Arc::clone(&catalogue));
        let setup = setup.expect("it reads no files");
        let played = play_out(Setup { keeps_trace: true, ..setup });
        assert!(played.unmet.is_empty(), "{file}: {:?}", played.unmet);
        let jobs: Vec<_> = played.outcome.jobs.iter().map(|job| job.job).collect();
        told.push_str(&format!("Flink {release}\n{}", transcript(&played.trace, &story, &jobs)));
    }
    told
}

#[test]
fn the_operations_of_the_documents_read_as_at_a_command_line() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("transcript");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::assert_snapshot!("operations", session("operations.toml"));
        insta::assert_snapshot!("operations_by_id", session("operations_by_id.toml"));
    });
}
