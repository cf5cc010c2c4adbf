//! `sandbar explain-error`: from a message of Flink to what is behind it.
//!
//! docs/errors.md is written by `SANDBAR_RENEW=1 cargo test --test explain`.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sandbar(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(root()).arg("explain-error").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    // What is not read is no matter here.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The messages that are explained in a text, by the spelling that stands for each.
fn explained(input: &str) -> Vec<String> {
    let output = sandbar(&["-", "--format", "json"], input);
    let object = json(&output);
    let known = object["explained"].as_array().expect("a list");
    assert_eq!(output.status.code(), Some(if known.is_empty() { 2 } else { 0 }), "{input}");
    let name = |message: &Value| message["message"].as_str().expect("a text").to_owned();
    known.iter().map(name).collect()
}

/// Every spelling of every message, after the one that stands for it.
fn spellings() -> Vec<(String, String)> {
    let object = json(&sandbar(&["--all", "--format", "json"], ""));
    let messages = object["explained"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let of = |message: &Value| {
        let spellings = message["spellings"].as_array().expect("a list").clone();
        let name = text(&message["message"]);
        spellings
            .into_iter()
            .map(move |spelling| (name.clone(), text(&spelling)))
            .collect::<Vec<_>>()
    };
    messages.iter().flat_map(of).collect()
}

/// A message as a log has it: with something in its holes, in an exception with frames, below another one and above none.
fn in_a_log(message: &str, filler: &str) -> String {
    let message = message.replace('…', &format!(" {filler} "));
    format!(
        "2024-03-05 11:02:33,417 WARN  o.a.f.runtime.taskmanager.Task [] - orders -> sums (3/4)#1 (a1b2c3) switched from RUNNING to FAILED\n\
         java.util.concurrent.CompletionException: java.lang.RuntimeException: of the user's own\n\
         \tat java.util.concurrent.CompletableFuture.encodeThrowable(CompletableFuture.java:314)\n\
         Caused by: java.lang.IllegalStateException: {message}\n\
         \tat org.apache.flink.runtime.checkpoint.Checkpoints.loadAndValidateCheckpoint(Checkpoints.java:210) ~[flink-dist.jar:1.15.4]\n\
         \t... 12 more\n"
    )
}

#[test]
fn there_are_many_messages() {
    let spellings = spellings();
    let mut names: Vec<&String> = spellings.iter().map(|(name, _)| name).collect();
    names.dedup();
    assert!(names.len() >= 60, "only {} messages", names.len());
}

#[test]
fn every_message_is_found_from_itself_whatever_stands_in_its_holes_and_around_it() {
    let id = "cbc357ccb763df2852fee8c4fc7d55f2";
    let path = "s3://bucket/flink/savepoints/savepoint-6f71f7-e1b08a014203/ddfd28ec-e427-4d14-8b6d-0c860ce232f4";
    for (name, spelling) in spellings() {
        let ways = [
            spelling.clone(),
            spelling.to_uppercase(),
            spelling.replace(['.', ',', '\'', '`'], " "),
            in_a_log(&spelling, id),
            in_a_log(&spelling, path),
            in_a_log(&spelling, id).replace('\n', "\\n").replace('\t', "\\t"),
        ];
        for way in ways {
            assert_eq!(explained(&way), std::slice::from_ref(&name), "{way}");
        }
    }
}

#[test]
fn all_causes_of_a_stack_trace_are_told_the_innermost_first() {
    let trace = "org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy\n\
        \tat org.apache.flink.runtime.executiongraph.failover.flip1.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:138)\n\
        Caused by: java.lang.Exception: Exception while creating StreamOperatorStateContext.\n\
        \t... 11 more\n\
        Caused by: org.apache.flink.util.FlinkException: Could not restore keyed state backend for StreamMap_20ba6b65f97481d5570070de90e4e791_(2/4) from any of the 1 provided restore options.\n\
        Caused by: org.apache.flink.runtime.state.BackendBuildingException: Failed when trying to restore heap backend\n\
        Caused by: java.io.FileNotFoundException: /mnt/flink/savepoint-d38187-016e002c8905/f3894309-74bb-47ad-b0eb-09ab7cf0ba4a (No such file or directory)\n";
    let known = explained(trace);
    let begins = [
        "FileNotFoundException",
        "Failed when trying",
        "Could not restore keyed",
        "Exception while creating",
        "Recovery is suppressed by NoRestart",
    ];
    assert_eq!(known.len(), begins.len(), "{known:?}");
    for (message, begin) in known.iter().zip(begins) {
        assert!(message.starts_with(begin), "{message} does not begin with {begin}");
    }
    let in_one_line = "CheckpointException: Checkpoint triggering task Source: src (1/2) of job cf8aaadae02e7561c34b0222fe59ad60 is not being executed at the moment. Aborting checkpoint. Failure reason: Not all required tasks are currently running.";
    let known = explained(in_one_line);
    assert_eq!(known.len(), 2, "{known:?}");
    assert!(known[0].starts_with("Not all required tasks"), "{known:?}");
}

#[test]
fn the_most_specific_message_wins() {
    let longs = "org.apache.flink.api.common.typeutils.base.LongSerializer@4f2b503c";
    let expiring = "org.apache.flink.runtime.state.ttl.TtlStateFactory$TtlSerializer@1a2cddd3";
    let message = |new: &str, old: &str| {
        format!(
            "StateMigrationException: For heap backends, the new state serializer ({new}) must not be incompatible with the old state serializer ({old})."
        )
    };
    let plain = explained(&message(&longs.replace("Long", "Int"), longs));
    let [plain] = plain.as_slice() else { panic!("{plain:?}") };
    for of_ttl in [message(longs, expiring), message(expiring, longs)] {
        let known = explained(&of_ttl);
        assert!(known.len() == 1 && known[0].contains("TtlSerializer"), "{known:?}");
        assert_ne!(known[0], *plain);
    }
}

#[test]
fn a_part_of_a_message_is_enough() {
    assert_eq!(explained("is lower than the configured parallelism").len(), 1);
    assert_eq!(explained("the operator is not available in the new").len(), 1);
}

#[test]
fn what_is_unknown_is_said_to_be_with_what_comes_near() {
    let output = sandbar(&["java.lang.NullPointerException: of the user's own"], "");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    let told = text(&output.stderr);
    assert!(
        told.contains("no message in this text is known") && told.contains("Caused by"),
        "{told}"
    );
    assert!(!told.contains("nearest"), "{told}");
    let output = sandbar(
        &["max parallelism of the state does not fit that of the new program after the checkpoint"],
        "",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nearest"), "{}", text(&output.stderr));
    let output = sandbar(&["-"], " \n");
    assert!(text(&output.stderr).contains("there is no text to explain"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn people_are_told_the_meaning_the_way_out_the_rules_and_the_stories() {
    let output = sandbar(&["Incompatible", "state", "assignment", "modes"], "");
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    for part in ["means  ", "way out  ", "rules  ", "sandbar run sim/rules/log_text.toml"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

#[test]
fn a_log_is_read_from_a_file_whatever_bytes_it_has() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log: PathBuf = folder.path().join("jobmanager.log");
    let mut bytes = b"\xff\xfe\n".to_vec();
    bytes.extend(in_a_log("Checkpoint expired before completing.", "").into_bytes());
    fs::write(&log, bytes).expect("written");
    let output = sandbar(&["--file", log.to_str().expect("UTF-8")], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Checkpoint expired before completing."));
    let output = sandbar(&["--file", "no/such.log"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot read `no/such.log`"));
}

#[test]
fn help_says_what_can_be_given() {
    let told = text(&sandbar(&["--help"], "").stdout);
    for part in ["stack trace", "--file", "--all", "--format", "standard input"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert_eq!(sandbar(&[], "").status.code(), Some(2));
}

#[test]
fn the_page_of_messages_is_the_table() {
    let (file, page) = (root().join("docs/errors.md"), text(&sandbar(&["--all"], "").stdout));
    if std::env::var_os("SANDBAR_RENEW").is_some() {
        fs::write(&file, &page).expect("written");
    }
    let found = fs::read_to_string(&file).expect("docs/errors.md is there");
    assert!(found == page, "run SANDBAR_RENEW=1 cargo test --test explain");
}
