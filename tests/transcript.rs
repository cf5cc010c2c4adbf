//! The session of a user, as a golden file: the operations that the documents on savepoints describe, from one scenario.

mod stories;

use sandbar::events::transcript;
use sandbar::{Setup, play_out};
use std::sync::Arc;

/// The session of a scenario, under each of its releases.
fn session(file: &str) -> String {
    let scenario = stories::read(file);
    let mut told = String::new();
    for release in scenario.releases() {
        let setup = stories::setup(file, scenario.under(release));
        let story = Arc::clone(&setup.scenario);
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
        insta::assert_snapshot!("operations", session("sim/operations.toml"));
        insta::assert_snapshot!("operations_by_id", session("sim/operations_by_id.toml"));
    });
}
