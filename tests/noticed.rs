//! What breaks no check and is said all the same: each story holds, and its report has the line.

use std::process::Command;

/// What was noticed in a story, which must hold.
fn noticed(story: &str) -> Vec<String> {
    let file = format!("{}/tests/data/noticed/{story}.toml", env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(env!("CARGO_BIN_EXE_sandbar"))
        .args(["run", &file, "--format", "json"])
        .output()
        .expect("the command runs");
    let text = String::from_utf8(run.stdout).expect("JSON is text");
    assert!(run.status.success(), "{story}: {text}");
    let told: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let lines = told["noticed"].as_array().expect("a list").iter();
    lines.map(|line| line.as_str().expect("text").to_owned()).collect()
}

#[test]
fn records_that_were_late_before_a_restart_and_not_after_it() {
    let noticed = noticed("late_before_in_time_after");
    assert_eq!(
        noticed,
        [
            "win#0: rows[0]#30 came too late before a restore and was taken in after it: no watermark is in a snapshot"
        ]
    );
}

#[test]
fn rows_that_are_there_twice_since_a_user_went_back() {
    let noticed = noticed("from_an_old_savepoint");
    let twice = "119 rows of `out` are there twice: again#0 began before the end of load#0";
    assert!(noticed.iter().any(|line| line == twice), "{noticed:?}");
    let older = "again#0 was started from snapshot 4 of load#0, which had completed 9 by the end";
    assert!(noticed.iter().any(|line| line == older), "{noticed:?}");
}

#[test]
fn event_time_that_came_to_its_end_before_the_input_did() {
    let noticed = noticed("finished_and_idle");
    assert!(
        noticed.iter().any(|line| line.contains("event time came to its end")
            && line.contains("while `long` goes on")),
        "{noticed:?}"
    );
}

#[test]
fn subtasks_of_a_restored_operator_that_were_given_nothing() {
    let noticed = noticed("a_subtask_is_given_nothing");
    let line = "wider#0 was restored, and of its state `items` nothing was given to kept/3";
    assert_eq!(noticed, [line]);
}

#[test]
fn union_state_that_every_restore_multiplies() {
    let noticed = noticed("union_state_that_grows");
    let line = "union state `kept.items` is 3 times what it was at its first restore, 18 items: each subtask keeps what all had";
    assert_eq!(noticed, [line]);
}

#[test]
fn a_plain_story_has_nothing_to_notice() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/sim/word_count.toml");
    let run = Command::new(env!("CARGO_BIN_EXE_sandbar"))
        .args(["run", file, "--format", "json"])
        .output()
        .expect("the command runs");
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).expect("it is JSON");
    assert_eq!(told["noticed"], serde_json::json!([]));
}
