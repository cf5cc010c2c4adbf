//! The `sandbar` command as a user meets it: wrong input, exit codes, files that outlive a process.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sandbar(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("everything that is printed is UTF-8")
}

/// Runs a command that must succeed.
fn succeed(arguments: &[&str]) -> String {
    let output = sandbar(arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}\n{out}\n{err}");
    out
}

/// How often each run of ASCII letters is in a text, in lower case, counted without the engine.
fn count(bytes: &[u8]) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut word = String::new();
    for byte in bytes.iter().chain(b" ") {
        if byte.is_ascii_alphabetic() {
            word.push(char::from(byte.to_ascii_lowercase()));
        } else if !word.is_empty() {
            *counts.entry(std::mem::take(&mut word)).or_default() += 1;
        }
    }
    counts.iter().fold(String::new(), |mut text, (word, count)| {
        writeln!(text, "{word}\t{count}").expect("a string takes everything");
        text
    })
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// What a wrong command prints: its exit code, then the error stream. Must print nothing else.
fn complaint(arguments: &[&str], folder: &Path) -> String {
    let output = sandbar(arguments);
    let err = text(&output.stderr).replace(utf8(folder), "[TMP]");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(!err.contains("panicked"), "{err}");
    format!("exit code {}\n{err}", output.status.code().expect("no signal ended it"))
}

#[test]
fn wrong_input_is_told_with_what_to_do_about_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("empty")).expect("created");
    fs::write(path("text"), "no savepoint at all\n").expect("written");
    fs::create_dir(path("elsewhere")).expect("created");
    fs::write(path("elsewhere/Cargo.toml"), "[package]\n").expect("written");
    fs::write(path("not_utf8.toml"), b"about = \"\xff\"\n").expect("written");
    let part2 = fs::read_to_string("sim/word_count_part2.toml").expect("it is there");
    fs::write(path("unknown_key.toml"), part2.replace("every =", "evry =")).expect("written");
    let (empty, not_savepoint, elsewhere) = (path("empty"), path("text"), path("elsewhere"));
    let (unknown_key, not_utf8) = (path("unknown_key.toml"), path("not_utf8.toml"));
    let empty_output = format!("out={}", utf8(&empty));
    let (one, part2) = ("sim/word_count.toml", "sim/word_count_part2.toml");
    let cases: &[(&str, &[&str])] = &[
        ("unknown_file", &["run", "sim/no_such_story.toml"]),
        ("folder_for_a_file", &["run", utf8(&empty)]),
        ("not_utf8", &["run", utf8(&not_utf8)]),
        ("unknown_key", &["run", utf8(&unknown_key)]),
        ("missing_input_file", &["run", one, "--input", "book=no_such_book.txt"]),
        ("folder_for_an_input", &["run", one, "--input", "book=src"]),
        ("unknown_input", &["run", one, "--input", "boook=LICENSE-APACHE"]),
        ("input_twice", &["run", one, "--input", "book=a", "--input", "book=b"]),
        ("binding_without_path", &["run", one, "--input", "book"]),
        ("unknown_sink", &["run", one, "--output", "outt=x.tsv"]),
        ("output_is_a_folder", &["run", one, "--output", &empty_output]),
        ("output_nowhere", &["run", one, "--output", "out=no/such/folder/x.tsv"]),
        ("trace_nowhere", &["run", one, "--trace", "no/such/folder/x.jsonl"]),
        ("bad_time", &["run", one, "--until", "5 parsecs"]),
        ("time_without_unit", &["run", one, "--until", "5"]),
        ("negative_seed", &["run", one, "--seed", "-1"]),
        ("bad_seed", &["run", one, "--seed", "9223372036854775808"]),
        ("savepoint_missing", &["run", part2, "-s", "no/such/savepoint"]),
        ("savepoint_is_an_empty_folder", &["run", part2, "-s", utf8(&empty)]),
        ("savepoint_is_a_text", &["run", part2, "-s", utf8(&not_savepoint)]),
        ("non_restored_without_savepoint", &["run", part2, "-n"]),
        ("claim_without_savepoint", &["run", part2, "--claim", "claim"]),
        ("unknown_claim_mode", &["run", part2, "-s", utf8(&empty), "--restore-mode", "mine"]),
        ("show_an_empty_folder", &["savepoint", "show", utf8(&empty)]),
        ("verify_a_text", &["savepoint", "verify", utf8(&not_savepoint)]),
        ("move_nothing", &["savepoint", "move", "no/such/savepoint", "elsewhere"]),
        ("dispose_of_nothing", &["savepoint", "dispose", "no/such/savepoint", "--yes"]),
        ("dispose_unasked", &["savepoint", "dispose", utf8(&empty)]),
        ("list_nothing", &["savepoint", "list", "no/such/folder"]),
        ("seeds_without_end", &["sweep", "--seeds", "5"]),
        ("seeds_reversed", &["sweep", "--seeds", "9..3"]),
        ("seeds_empty", &["sweep", "--seeds", "3..3"]),
        ("seeds_too_large", &["sweep", "--seeds", "0..9223372036854775809"]),
        ("unknown_mutation", &["sweep", "--seeds", "0..1", "--mutation", "evil"]),
        ("test_no_such_folder", &["test", "no/such/folder"]),
        ("test_an_empty_folder", &["test", utf8(&empty)]),
        ("test_no_story", &["test", utf8(&elsewhere)]),
        ("test_filter_matches_nothing", &["test", "sim/tour", "--filter", "no such story"]),
        ("test_release_of_no_story", &["test", one, "--flink", "1.4"]),
        ("test_report_nowhere", &["test", one, "--junit", "no/such/folder/x.xml"]),
        ("key_is_no_number", &["key", "five", "--type", "int"]),
        ("key_out_of_range", &["key", "70000", "--type", "short"]),
        ("unknown_key_type", &["key", "5", "--type", "decimal"]),
        ("too_many_subtasks", &["key", "a", "--parallelism", "129"]),
        ("no_key_groups", &["key", "a", "--max-parallelism", "0"]),
    ];
    let mut golden = insta::Settings::clone_current();
    golden.set_snapshot_path("cli");
    golden.set_prepend_module_to_snapshot(false);
    golden.set_omit_expression(true);
    for (name, arguments) in cases {
        let told = complaint(arguments, folder.path());
        assert!(told.starts_with("exit code 2\nerror: "), "{name}: {told}");
        golden.bind(|| insta::assert_snapshot!(*name, told));
    }
}

#[test]
fn a_savepoint_folder_cannot_be_where_a_file_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let output = sandbar(&["run", "sim/word_count.toml", "--data-dir", utf8(&file)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: "), "{}", text(&output.stderr));
}

#[test]
fn the_word_count_is_the_one_that_plain_code_counts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let counts = folder.path().join("counts.tsv");
    let output = format!("out={}", utf8(&counts));
    let told = succeed(&["run", "sim/word_count.toml", "--output", &output, "--check-determinism"]);
    assert!(told.contains("verdict  holds"), "{told}");
    assert!(told.contains("deterministic"), "{told}");
    let book = fs::read("LICENSE-APACHE").expect("the book is there");
    assert_eq!(fs::read_to_string(&counts).expect("written"), count(&book));
}

#[test]
fn the_word_count_holds_for_every_kind_of_text_and_seed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (input, counts) = (folder.path().join("input"), folder.path().join("counts.tsv"));
    let (from, to) = (format!("book={}", utf8(&input)), format!("out={}", utf8(&counts)));
    let long: String = (0_u32..4_200)
        .map(|line| {
            format!(
                "Line {line} says: the sand, THE barrier and {}\n",
                ["a", "b"][usize::from(line % 2 == 1)]
            )
        })
        .collect();
    assert!(long.len() > 175_000, "{}", long.len());
    let texts: [&[u8]; 5] = [
        long.as_bytes(),
        b"",
        b"one line, and no line end behind it",
        b"carriage\r\nreturns at the\r\nend of lines\r\n",
        b"caf\xe9 \xff\xfe word\n\xc3\x28word word\n\n\0word\n",
    ];
    for seed in 0..20 {
        for bytes in texts {
            fs::write(&input, bytes).expect("written");
            let seed = seed.to_string();
            let file = "sim/word_count.toml";
            succeed(&["run", file, "--seed", &seed, "--input", &from, "--output", &to]);
            let counted = fs::read_to_string(&counts).expect("written");
            assert_eq!(counted, count(bytes), "seed {seed}, {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_savepoint_that_was_moved_goes_on_at_another_parallelism() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let (data, moved, counts) = (path("data"), path("moved"), path("counts.tsv"));
    succeed(&["run", "sim/word_count_part1.toml", "--data-dir", utf8(&data)]);
    let listed = succeed(&["savepoint", "list", utf8(&data)]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let (found, _) = listed.split_once("\n  ").expect("a path and what it is");
    fs::rename(found, &moved).expect("moved");
    fs::remove_dir_all(&data).expect("nothing else is left of the first process");
    assert!(succeed(&["savepoint", "show", utf8(&moved)]).contains("uid counts-id, parallelism 4"));
    let output = format!("out={}", utf8(&counts));
    let part2 = "sim/word_count_part2.toml";
    let told = succeed(&["run", part2, "-s", utf8(&moved), "--output", &output]);
    assert!(told.contains("restores snapshot"), "{told}");
    let book = fs::read("LICENSE-APACHE").expect("the book is there");
    assert_eq!(fs::read_to_string(&counts).expect("written"), count(&book));
    // Another book is refused: the savepoint knows what had been read.
    let refused = sandbar(&["run", part2, "-s", utf8(&moved), "--input", "book=Cargo.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("is not the one the savepoint was taken over"));
}

#[test]
fn a_savepoint_is_verified_moved_and_disposed_of() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let (data, moved) = (path("data"), path("moved"));
    succeed(&["run", "sim/word_count_part1.toml", "--data-dir", utf8(&data)]);
    let listed = succeed(&["savepoint", "list", utf8(&data)]);
    let (found, _) = listed.split_once("\n  ").expect("a path and what it is");
    assert!(succeed(&["savepoint", "verify", found]).contains("is whole"));
    succeed(&["savepoint", "move", found, utf8(&moved)]);
    assert!(succeed(&["savepoint", "verify", utf8(&moved)]).contains("is whole"));
    // Damaged: the reader and the verifier say the same, with file, offset and cause.
    let file = moved.join("_metadata");
    let sound = fs::read(&file).expect("it is there");
    let mut damaged = sound.clone();
    damaged[100] ^= 4;
    fs::write(&file, &damaged).expect("written");
    for arguments in [
        &["savepoint", "verify", utf8(&moved)][..],
        &["run", "sim/word_count_part2.toml", "-s", utf8(&moved)],
    ] {
        let output = sandbar(arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("_metadata` is damaged: at byte "), "{told}");
    }
    fs::write(&file, &sound).expect("written");
    let told = complaint(&["savepoint", "dispose", utf8(&moved)], folder.path());
    assert!(told.contains("add --yes"), "{told}");
    succeed(&["savepoint", "dispose", utf8(&moved), "--yes"]);
    assert!(!moved.exists());
}

#[test]
fn a_savepoint_that_does_not_fit_the_job_is_wrong_input() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let data = path("data");
    succeed(&["run", "sim/word_count_part1.toml", "--data-dir", utf8(&data)]);
    let listed = succeed(&["savepoint", "list", utf8(&data)]);
    let (found, _) = listed.split_once("\n  ").expect("a path and what it is");
    let part2 = fs::read_to_string("sim/word_count_part2.toml").expect("it is there");
    let book = std::env::current_dir().expect("a folder").join("LICENSE-APACHE");
    let other = part2.replace("counts-id", "other-id").replace("../LICENSE-APACHE", utf8(&book));
    fs::write(path("other.toml"), other).expect("written");
    let output = sandbar(&["run", utf8(&path("other.toml")), "-s", found]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("cannot map"), "{}", text(&output.stdout));
}

#[test]
fn json_and_the_trace_can_be_read_by_programs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace.jsonl");
    let file = "sim/word_count.toml";
    let told = succeed(&["run", file, "--format", "json", "--trace", utf8(&trace)]);
    let object: serde_json::Value = serde_json::from_str(&told).expect("one object");
    assert_eq!(object["seed"], 7);
    assert_eq!(object["verdict"], "holds");
    assert_eq!(object["savepoints"].as_array().map(Vec::len), Some(2));
    for key in ["digest", "events", "virtual_ns", "violations", "jobs"] {
        assert!(!object[key].is_null(), "{key}");
    }
    let lines = fs::read_to_string(&trace).expect("written");
    let mut numbers = 0;
    // The first line tells the cast, the last one the verdict.
    for line in lines.lines().skip(1).take(lines.lines().count() - 2) {
        let entry: serde_json::Value = serde_json::from_str(line).expect("one object a line");
        assert_eq!(entry["number"], numbers, "{line}");
        assert!(entry["ns"].is_u64() && entry["event"].is_string(), "{line}");
        numbers += 1;
    }
    assert!(numbers > 500, "{numbers}");
}

#[test]
fn a_sweep_tells_the_same_on_one_thread_and_on_three() {
    let one = succeed(&["sweep", "--seeds", "0..70", "--jobs", "1"]);
    assert_eq!(one, succeed(&["sweep", "--seeds", "0..70", "--jobs", "3"]));
    assert!(one.starts_with("70 worlds of seeds 0..70"), "{one}");
    let story = succeed(&["sweep", "--seeds", "3..4", "--print-scenario"]);
    assert!(story.starts_with("# seed 3\n") && story.contains("[job."), "{story}");
}

#[test]
fn a_failing_seed_names_the_command_that_shrinks_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = ["sweep", "--seeds", "0..4", "--mutation", "ack-before-durable"];
    let told = text(&sandbar(&arguments).stdout);
    let begins = format!("shrink: {} ", env!("CARGO_BIN_EXE_sandbar"));
    let command = told.lines().find_map(|line| line.trim().strip_prefix(&begins));
    let mut command: Vec<&str> = command.expect("a failing seed is named").split(' ').collect();
    let small = folder.path().join("small.toml");
    command.extend(["-o", utf8(&small)]);
    let output = sandbar(&command);
    let err = text(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &[][..]), "{err}");
    for row in ["broken   durable-before-visible: ", "before   ", "after    ", "plays    "] {
        assert!(err.contains(row), "{row}: {err}");
    }
    let file = fs::read_to_string(&small).expect("written");
    assert!(file.starts_with("# Broken: durable-before-visible: "), "{file}");
    assert!(file.contains("\nmutations = [\"ack-before-durable\"]\n"), "{file}");
    // The file alone is broken in the same way, and names the command that shrinks it further.
    let again = sandbar(&["run", utf8(&small)]);
    let told = text(&again.stdout);
    assert_eq!(again.status.code(), Some(1), "{told}");
    assert!(told.contains("broken   durable-before-visible: "), "{told}");
    assert!(told.contains(&format!("shrink: {} shrink ", env!("CARGO_BIN_EXE_sandbar"))), "{told}");
}

#[test]
fn what_holds_cannot_be_shrunk() {
    for (arguments, message) in [
        (&["shrink", "sim/word_count.toml"][..], "breaks nothing"),
        (&["shrink", "--seed", "7"], "breaks nothing"),
        (&["shrink"], "required"),
        (&["shrink", "sim/no_such_story.toml"], "cannot read"),
        (&["shrink", "sim/word_count.toml", "--check", "evil"], "checks are: cut-consistency"),
        (&["shrink", "sim/word_count.toml", "--flink", "1.4"], "not played under Flink 1.4"),
        (&["shrink", "sim/word_count.toml", "-o", "sim/word_count.toml"], "they are the same file"),
    ] {
        let output = sandbar(arguments);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        assert!(err.contains(message), "{arguments:?}: {err}");
    }
}

#[test]
fn a_broken_protocol_fails_with_the_command_that_replays_it() {
    let arguments = ["sweep", "--seeds", "0..40", "--mutation", "commit-on-snapshot"];
    let output = sandbar(&arguments);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let replays = format!("replay: {} ", env!("CARGO_BIN_EXE_sandbar"));
    let replay = told.lines().find_map(|line| line.trim().strip_prefix(&replays));
    let replay: Vec<&str> = replay.expect("a failing seed is named").split(' ').collect();
    assert_eq!(sandbar(&replay).status.code(), Some(1), "{replay:?}");
    // The story of that seed, as a file, is broken in the same way.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("story.toml");
    fs::write(&file, succeed(&[&replay[..], &["--print-scenario"]].concat())).expect("written");
    let output = sandbar(&["run", utf8(&file)]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("violation: output-equivalence broken at event"), "{told}");
    assert!(told.contains(&format!("\n{replays}run ")), "{told}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "sim/word_count.toml", "-v"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_a_sweep_with_the_totals_so_far() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.args(["sweep", "--seeds", "0..9223372036854775808", "--jobs", "1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    std::thread::sleep(std::time::Duration::from_millis(700));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stdout).contains(" worlds of seeds 0.."), "{}", text(&output.stdout));
    assert!(text(&output.stderr).starts_with("interrupted"), "{}", text(&output.stderr));
}

#[test]
fn ids_and_keys_are_those_of_flink() {
    assert_eq!(succeed(&["uid", "source-id"]), "bd9c186e89cc37a76d776844dfa8ccba\n");
    let told = succeed(&["key", "hello", "--parallelism", "4"]);
    assert!(
        told.contains("java hash code  99162322\n") && told.contains("key group       35 of 128")
    );
    assert!(succeed(&["key", "-5", "--type", "int"]).starts_with("java hash code  -5\n"));
}

#[test]
fn a_sweep_stops_when_enough_has_failed_or_the_time_is_up() {
    let broken = ["--mutation", "ack-before-durable"];
    let until = [&["sweep", "--until-found"], &broken[..]].concat();
    let output = sandbar(&until);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(" worlds from seed 0 on, "), "{told}");
    let worlds: u64 = told.split(' ').next().and_then(|count| count.parse().ok()).expect("a count");
    assert!((1..200).contains(&worlds), "{told}");
    let few = [&["sweep", "--seeds", "0..100000", "--fail-fast", "3"], &broken[..]].concat();
    let output = sandbar(&few);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains(" worlds failed, the first "));
    let told = succeed(&["sweep", "--seeds", "0..100000000", "--budget", "300ms"]);
    assert!(told.contains("verdict  holds, in the "), "{told}");
}

#[test]
fn a_sweep_tells_how_often_and_how_many_seeds_it_takes() {
    let output = sandbar(&["sweep", "--seeds", "0..40", "--mutation", "ack-before-durable"]);
    let told = text(&output.stdout);
    let (_, rates) =
        told.split_once("how often, and within how many seeds it shows").expect("told");
    let durable = rates.lines().find(|line| line.contains("durable-before-visible:"));
    let durable = durable.expect("the check that breaks most often");
    assert!(durable.contains(" % (") && durable.contains("), within "), "{durable}");
    let told = succeed(&["sweep", "--seeds", "0..40"]);
    assert!(told.contains("no world failed: fewer than one in 13 does"), "{told}");
}
