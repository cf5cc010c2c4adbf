//! Ctrl-C: what has been played so far is told, and marked as interrupted.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A story without an end, and a budget that does not give it one.
const ENDLESS: &str = r#"
budget = { events = 1000000000000, megabytes = 4000000 }
[input.rows]
generate = { records = 40, keys = 5 }
every = "5ms"
[job.j]
checkpoint = { interval = "100ms" }
operators = [
  { name = "s", source = "rows", then = "idle", uid = "s" },
  { name = "c", aggregate = "count", key-by = 0, uid = "c" },
  { name = "o", sink = "two-phase", uid = "o" },
]
[[step]]
at = "500000h"
do = { cancel = { job = "j" } }
"#;

fn start(folder: &Path, arguments: &[&str]) -> Child {
    fs::write(folder.join("endless.toml"), ENDLESS).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(folder).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the command starts")
}

/// Whether the process listens to interruptions, as the kernel tells of it.
fn listens(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.expect("the process lives");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & 0b10 != 0)
}

/// Interrupts it as soon as it listens, and awaits its end.
fn interrupt(child: Child) -> (Output, String, String) {
    while !listens(&child) {
        std::thread::yield_now();
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("there is `kill`").success());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is UTF-8");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

#[test]
fn an_interrupted_run_tells_the_story_so_far() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["run", "endless.toml", "--output", "o=rows.tsv", "--trace", "trace.jsonl"];
    for files in [&[][..], &["--data-dir", "data"]] {
        let arguments = [&arguments[..], files].concat();
        let (output, out, err) = interrupt(start(folder.path(), &arguments));
        assert_eq!(output.status.code(), Some(130), "{out}\n{err}");
        assert!(out.contains("verdict  none: interrupted"), "{out}\n{err}");
        assert!(out.contains("\nplayed   ") && out.contains("\nchecks   "), "{out}");
        assert!(out.contains("skipped  output-equivalence"), "{out}");
        assert!(!out.contains("not as expected"), "{out}");
        assert!(err.starts_with("interrupted"), "{err}");
        assert!(!folder.path().join("rows.tsv").exists(), "half an output was written");
        assert!(!folder.path().join("trace.jsonl").exists(), "half a trace was written");
    }
}

#[test]
fn an_interrupted_run_tells_it_in_json() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["run", "endless.toml", "--format", "json"];
    let (output, out, err) = interrupt(start(folder.path(), &arguments));
    assert_eq!(output.status.code(), Some(130), "{out}\n{err}");
    let told: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((&told["end"], &told["verdict"]), (&"interrupted".into(), &"interrupted".into()));
    assert_eq!(told["checks"]["output-equivalence"], "skipped", "{out}");
    let why = told["skipped"]["output-equivalence"].as_str().expect("a reason");
    assert!(why.contains("not played to its end"), "{why}");
}

#[test]
fn an_interrupted_sweep_never_says_that_it_holds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for arguments in [
        &["sweep", "endless.toml", "--seeds", "0..8", "--jobs", "1"][..],
        &["sweep", "--seeds", "0..9000000000", "--jobs", "1"],
    ] {
        let (output, out, err) = interrupt(start(folder.path(), arguments));
        assert_eq!(output.status.code(), Some(130), "{out}\n{err}");
        assert!(out.contains(" worlds of seeds 0.."), "{out}");
        assert!(out.contains("\nverdict  none: "), "{out}");
        assert!(!out.contains("holds\n"), "{out}");
    }
}

#[test]
fn an_interrupted_test_tells_the_stories_that_were_played() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (before, _) = ENDLESS.split_once("[[step]]").expect("it has a step");
    let short = before.replace("then = \"idle\", ", "");
    fs::write(folder.path().join("a.toml"), short).expect("written");
    let arguments = ["test", ".", "--jobs", "1", "--format", "json", "--junit", "report.xml"];
    let mut child = start(folder.path(), &arguments);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    // The first story is told while the second goes on.
    out.read_line(&mut first).expect("a line");
    let (output, _, err) = interrupt(child);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("it is UTF-8");
    assert_eq!(output.status.code(), Some(130), "{first}{rest}\n{err}");
    let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    assert_eq!(read(&first)["story"], "./a.toml");
    assert_eq!(read(&first)["result"], "passed");
    let summary = &read(&rest)["summary"];
    assert_eq!((&summary["passed"], &summary["not_played"]), (&1.into(), &1.into()), "{rest}");
    assert!(err.starts_with("interrupted: the stories that were played are told"), "{err}");
    assert!(
        !folder.path().join("report.xml").exists(),
        "a report of some of the stories was written"
    );
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 2, "something was left beside the stories");
    // For people, who are never told that all holds.
    let (output, out, err) = interrupt(start(folder.path(), &["test", "endless.toml"]));
    assert_eq!(output.status.code(), Some(130), "{out}\n{err}");
    assert!(out.contains("0 stories: 0 passed, 0 failed, 1 not played, in "), "{out}");
    assert!(out.ends_with("verdict  none: interrupted, and nothing was broken so far\n"), "{out}");
}

#[test]
fn a_world_that_stalls_exits_with_four() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, bounded) = ENDLESS.split_once("\n[input").expect("it has an input");
    let stalls = format!("[input{bounded}").replace("key-by = 0", "key-by = 7");
    // Nobody knows the columns of such rows before it plays.
    let unknown = "{ name = \"p\", aggregate = \"statistics\", key-by = 0 }";
    let stalls = stalls.replace("{ name = \"c\"", &format!("{unknown},\n  {{ name = \"c\""));
    for arguments in [
        &["run", "stalls.toml"][..],
        &["run", "stalls.toml", "--format", "json"],
        &["sweep", "stalls.toml", "--seeds", "0..3"],
        &["test", "stalls.toml"],
    ] {
        let child = {
            fs::write(folder.path().join("stalls.toml"), &stalls).expect("written");
            start(folder.path(), arguments)
        };
        let output = child.wait_with_output().expect("it ends");
        let out = String::from_utf8(output.stdout).expect("it is UTF-8");
        let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(4), "{out}");
        assert!(out.contains("restarted 100 times without reading a record further"), "{out}");
        assert!(out.contains("has no column 7"), "{out}");
    }
}
