//! Stories as tests of a user's own: what fails is told, kept, and played first the next time.

mod forgetful;

use forgetful::catalogue;
use sandbar::testing::{self, StoryTest};
use std::fs;
use std::path::Path;

const STORY: &str = r#"
seed = 40
[input.clicks]
text = "clicks.txt"
every = "5ms"

[job.count]
checkpoint = { interval = "100ms" }
operators = [
  { name = "clicks", source = "clicks", uid = "clicks" },
  { name = "seen", aggregate = "forgetful", key-by = "value", uid = "seen" },
  { name = "out", sink = "two-phase", uid = "out" },
]

[[step]]
when = { completed = 3 }
do = { kill = "seen/0" }
"#;

fn story(folder: &Path) -> StoryTest {
    let clicks: String = (0..200).map(|click| format!("page {}\n", click % 7)).collect();
    fs::write(folder.join("clicks.txt"), clicks).expect("the folder is ours");
    let file = folder.join("count clicks.toml");
    fs::write(&file, STORY).expect("the folder is ours");
    testing::file(file).with(catalogue())
}

#[test]
fn what_fails_is_told_and_kept_and_played_first_the_next_time() {
    let folder = tempfile::tempdir().expect("there is room");
    let test = story(folder.path()).seeds(3).keep(folder.path().join("kept"));
    let why = test.play().expect_err("what it counted is forgotten");
    for part in [
        "count clicks.toml` under seed 40 and Flink 2.x: output-equivalence is broken: ",
        "\nreplay: SANDBAR_SEED=40 cargo test what_fails_is_told_and_kept_and_played_first",
        "count-clicks-40.toml\n",
        "count-clicks-40-small.toml (1 job, 1 step, 3 operators, ",
    ] {
        assert!(why.contains(part), "{part} is not in:\n{why}");
    }
    assert!(why.lines().count() > 8, "nothing tells what happened:\n{why}");

    // Whatever the story says by now, what is kept is played as it was.
    let kept = folder.path().join("kept/count-clicks-40.toml");
    let text = fs::read_to_string(&kept).expect("it is kept");
    assert!(text.starts_with("# output-equivalence is broken"), "{text}");
    let harmless = STORY.replace("kill = \"seen/0\"", "list = true");
    fs::write(folder.path().join("count clicks.toml"), harmless).expect("it is ours");
    let why = test.play().expect_err("the kept one is played first");
    assert!(why.contains("kept/count-clicks-40.toml: "), "{why}");
    assert!(
        why.contains("\nreplay: cargo test what_fails"),
        "under a seed it is not played: {why}"
    );

    // The smaller one lies in another folder than what it reads, and plays all the same.
    let small = folder.path().join("kept/count-clicks-40-small.toml");
    let why =
        testing::file(small).with(catalogue()).play().expect_err("it is broken in the same way");
    assert!(why.contains("output-equivalence is broken"), "{why}");

    fs::remove_file(kept).expect("it is there");
    assert_eq!(test.play(), Ok(3));
}

#[test]
fn what_cannot_be_read_is_told() {
    let missing = testing::file("no/such.toml").play().expect_err("there is none");
    assert!(missing.contains("`no/such.toml`"), "{missing}");
    let wrong = testing::text("wrong", "[job.a]\noperators = 3").play().expect_err("it is wrong");
    assert!(wrong.contains("operators"), "{wrong}");
    let folder = tempfile::tempdir().expect("there is room");
    let test = story(folder.path());
    fs::remove_file(folder.path().join("clicks.txt")).expect("it is there");
    let unread = test.play().expect_err("its input is gone");
    assert!(unread.contains("input `clicks`"), "{unread}");
}

#[test]
#[should_panic = "`copy` under seed 0 and Flink 2.x: "]
fn a_test_fails_by_a_panic() {
    let story = r#"
        [input.clicks]
        generate = { records = 10, keys = 5 }
        [job.copy]
        operators = [
          { name = "clicks", source = "clicks", uid = "clicks" },
          { name = "out", sink = "two-phase", uid = "out" },
        ]
        [expect]
        committed-rows = { out = 11 }
    "#;
    testing::text("copy", story).holds();
}
