//! Crash points: a sound story holds wherever it is disturbed; what a broken protocol loses is found, and played again from a file.

use sandbar::internals::{Disturbance, placements, spread};
use sandbar::{Catalogue, Scenario, Setup, play_out};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

/// Nothing happens to it, so that it holds whatever its sinks would do in a restore.
const STORY: &str = r#"
seed = 1
cluster = { task-managers = 2, slots = 4, replaced-after = "100ms", high-availability = true, takeover-after = "50ms" }

[input.orders]
generate = { records = 20, keys = 4 }
every = "20ms"

[job.copy]
checkpoint = { interval = "100ms", timeout = "400ms", tolerable-failures = 10 }
restart = { fixed-delay = { attempts = 20, delay = "20ms" } }
operators = [
  { name = "orders", source = "orders", uid = "orders-id" },
  { name = "out", sink = "two-phase", chain = "head", uid = "out-id" },
]
"#;

fn sandbar(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.args(arguments).output().expect("it can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is UTF-8")
}

/// A file with the story, perhaps with a broken protocol.
fn file(folder: &Path, mutation: Option<&str>) -> String {
    let path = folder.join("story.toml");
    let mutations = mutation.map(|name| format!("mutations = [\"{name}\"]\n"));
    fs::write(&path, mutations.unwrap_or_default() + STORY).expect("it can be written");
    path.display().to_string()
}

fn object(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

#[test]
fn a_sound_story_holds_wherever_it_is_disturbed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let output = sandbar(&["crash", &file(folder.path(), None), "--format", "json"]);
    let told = object(&output);
    assert_eq!(output.status.code(), Some(0), "{told:#}");
    assert_eq!(told["placements"], told["played"]);
    for kind in ["kill-task", "kill-task-manager", "kill-job-manager", "lose"] {
        assert!(told["kinds"][kind]["plays"].as_u64() > Some(10), "{kind}: {told:#}");
        assert_eq!(told["kinds"][kind]["broken"], 0, "{kind}: {told:#}");
    }
}

#[test]
fn a_placement_that_breaks_a_check_is_kept_and_breaks_it_again() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let story = file(folder.path(), Some("restored-transactions-aborted"));
    assert_eq!(sandbar(&["run", &story]).status.code(), Some(0), "undisturbed it holds");
    let kept = folder.path().join("first.toml").display().to_string();
    let arguments = ["crash", &story, "--only", "kill-task", "-o", &kept];
    let output = sandbar(&arguments);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("transaction-hygiene, first: kill "), "{told}");
    assert!(told.contains("replay: ") && told.contains("first.toml"), "{told}");
    let again = sandbar(&["run", &kept]);
    let told = text(&again.stdout);
    assert_eq!(again.status.code(), Some(1), "{told}");
    assert!(told.contains("violation: transaction-hygiene broken"), "{told}");
    // What is done otherwise breaks nothing.
    let output = sandbar(&["crash", &story, "--only", "lose"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn the_same_is_told_however_many_threads_there_are() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let story = file(folder.path(), Some("restored-transactions-aborted"));
    let told = |jobs| {
        let more = ["--budget", "60", "--jobs", jobs, "--format", "json"];
        sandbar(&[&["crash", &story][..], &more].concat())
    };
    let (one, two) = (told("1"), told("2"));
    assert_eq!(text(&one.stdout), text(&two.stdout));
    assert_eq!(object(&one)["played"], 60);
    assert!(object(&one)["placements"].as_u64() > Some(60));
}

#[test]
fn a_budget_is_spread_over_kinds_and_time() {
    let story = Scenario::parse(STORY, "story.toml", &Catalogue::built_in()).expect("it is right");
    let setup = Setup::of(Arc::new(story), Arc::new(Catalogue::built_in())).expect("no files");
    let played = play_out(Setup { keeps_trace: true, ..setup.clone() });
    let kinds = [Disturbance::KillTask, Disturbance::KillJobManager];
    let all = placements(&setup.scenario, &played.trace, &kinds);
    let some = spread(all.clone(), 30);
    assert_eq!(some.len(), 30);
    assert_eq!(spread(all.clone(), all.len()), all);
    for kind in kinds {
        let of = |placements: &[sandbar::internals::Placement]| {
            placements.iter().filter(|placement| placement.kind == kind).count()
        };
        let (here, there) = (of(&some) * all.len(), of(&all) * some.len());
        assert!(here.abs_diff(there) <= all.len() * 2, "{kind:?}: {here} for {there}");
    }
    let first = some.first().map(|placement| placement.step.clone());
    assert_eq!(first, all.first().map(|placement| placement.step.clone()));
}

#[test]
fn a_story_of_several_releases_asks_for_one() {
    let output = sandbar(&["crash", "sim/rules/c4_late_ack.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("choose one: --flink 1.0"));
}
