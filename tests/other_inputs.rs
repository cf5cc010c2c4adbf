//! What a job goes on with whose input has another name, or more partitions, in the next process: positions are of a log and
//! a partition by name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a scenario; what it says on both ways, and its exit code.
fn run(arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    let output = command.arg("run").args(arguments).output().expect("the command runs");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (said, output.status.code())
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// A job over an input, which leaves a savepoint when 21 entries of each of its two partitions are there.
fn story(release: &str, input: &str, partitions: u32, reader: &str, rows: Option<u32>) -> String {
    let ends = match rows {
        None => "idle",
        Some(_) => "end",
    };
    let steps = match rows {
        None => {
            "[[step]]\nat = \"205ms\"\ndo = { cancel = { with-savepoint = true, as = \"left\" } }\n"
                .to_owned()
        }
        Some(rows) => format!("[expect]\ncommitted-rows = {{ out = {rows} }}\n"),
    };
    format!(
        r#"
flink = "{release}"
seed = 3

[network]
channel-latency = "10us"
message-latency = "10us"
snapshot-sync = "10us"
snapshot-async = "10us"
metadata-write = "10us"

[input.{input}]
generate = {{ records = 100, keys = 5 }}
partitions = 2
{}
every = "10ms"

[job.copy]
operators = [
  {{ name = "rows", source = "{input}", reader = "{reader}", uid = "rows-id", then = "{ends}" }},
  {{ name = "out", sink = "plain", uid = "out-id" }},
]

{steps}"#,
        if partitions > 2 { "grows = [{ at = \"212ms\", partitions = 3 }]" } else { "" },
    )
}

/// The folder, and the savepoint that the first process leaves in it.
fn left(release: &str, reader: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (first, data) = (folder.path().join("first.toml"), folder.path().join("data"));
    fs::write(&first, story(release, "old-topic", 2, reader, None)).expect("written");
    let (said, code) = run(&[utf8(&first), "--data-dir", utf8(&data)]);
    assert_eq!(code, Some(0), "{said}");
    let savepoints = fs::read_dir(data.join("savepoints")).expect("it left a savepoint");
    let savepoint = savepoints.last().expect("one").expect("it can be listed").path();
    (folder, savepoint)
}

/// Goes on over another input, and holds what comes out against what it should be.
fn goes_on(release: &str, reader: &str, input: &str, partitions: u32, rows: u32) -> String {
    let (folder, savepoint) = left(release, reader);
    let next = folder.path().join("next.toml");
    fs::write(&next, story(release, input, partitions, reader, Some(rows))).expect("written");
    let (said, code) = run(&[utf8(&next), "-s", utf8(&savepoint)]);
    assert_eq!(code, Some(0), "{release}, {reader}, `{input}` of {partitions}:\n{said}");
    said
}

#[test]
fn a_renamed_input_is_read_from_its_beginning_and_it_is_said_what_is_gone() {
    // A reader of splits has read one of two by then.
    let cases = [
        ("1.7", "fixed", 142),
        ("1.11", "fixed", 142),
        ("2.x", "fixed", 142),
        ("2.x", "splits", 122),
    ];
    for (release, reader, rows) in cases {
        let said = goes_on(release, reader, "new-topic", 2, rows);
        assert!(said.contains("positions of `rows` in `old-topic`"), "{release}:\n{said}");
    }
}

#[test]
fn until_1_3_a_renamed_input_is_not_read_at_all() {
    goes_on("1.3", "fixed", "new-topic", 2, 42);
}

#[test]
fn an_input_that_has_grown_is_read_where_it_left_off_and_what_is_new_from_its_beginning() {
    for (release, reader) in [("1.11", "fixed"), ("2.x", "fixed"), ("2.x", "splits")] {
        goes_on(release, reader, "old-topic", 3, 100);
    }
    // From 212 ms on there are three partitions: 56 entries are left for them, of which the new one gets a third.
    goes_on("1.3", "fixed", "old-topic", 3, 82);
}
