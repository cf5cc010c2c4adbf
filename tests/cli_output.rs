//! What the `sandbar` command prints: colours, columns, times, and what of a run is told.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Two jobs, of which one has a name of wide letters, and two steps that are never taken.
const STORY: &str = r#"until = "1m"
[input.numbers]
generate = { records = 40, keys = 3 }
every = "10ms"

[job."件数"]
checkpoint = { interval = "100ms" }
operators = [
  { name = "numbers", source = "numbers", uid = "a" },
  { name = "o", sink = "two-phase", uid = "b" },
]

[job.plain]
operators = [
  { name = "more", source = "numbers", uid = "a" },
  { name = "p", sink = "plain", uid = "b" },
]

[[step]]
at = "10ms"
do = { run = { job = "plain" } }

[[step]]
at = "9h"
do = { list = true }
may-miss = true

[[step]]
when = { completed = { checkpoint = 900 } }
do = { kill = "o/0" }
may-miss = true
"#;

/// A command on which no variable of this process has a say.
fn sandbar(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "CI"] {
        command.env_remove(name);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("everything that is printed is UTF-8")
}

/// What is printed by a command that exits with this.
fn told(arguments: &[&str], code: i32) -> String {
    let output = sandbar(arguments).output().expect("the command runs");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    out
}

/// What a command does with this on its standard input.
fn given(arguments: &[&str], input: &str) -> Output {
    let mut command = sandbar(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it is read");
    child.wait_with_output().expect("it ends")
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// A folder with the story in it, and its path.
fn story() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("story.toml");
    fs::write(&path, STORY).expect("written");
    let path = utf8(&path).to_owned();
    (folder, path)
}

/// How many columns a text takes, counted without the engine: letters of East Asia take two.
fn columns(text: &str) -> usize {
    text.chars().map(|letter| if letter >= '\u{1100}' { 2 } else { 1 }).sum()
}

/// The same text on one line.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Options, variables, and whether there is colour.
type ColourCase = (&'static [&'static str], &'static [(&'static str, &'static str)], bool);

#[test]
fn colour_is_shown_where_it_is_wanted() {
    let cases: &[ColourCase] = &[
        (&[], &[], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "always"], &[], true),
        (&["--color=always"], &[("NO_COLOR", "1")], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["--color", "auto"], &[("CLICOLOR_FORCE", "1")], true),
    ];
    let commands: [(&[&str], i32); 4] = [
        (&["rules", "2.x"], 0),
        (&["run", "tests/errors/unknown_key.toml"], 2),
        (&["run", "no/such/file"], 2),
        (&["run", "sim/word_count.toml", "--no-such-option"], 2),
    ];
    for (options, variables, is_coloured) in cases {
        for (command, code) in commands {
            let arguments = [command, options].concat();
            let output =
                sandbar(&arguments).envs(variables.iter().copied()).output().expect("it runs");
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
            let found = out.contains('\u{1b}') || err.contains('\u{1b}');
            assert_eq!(found, *is_coloured, "{arguments:?} {variables:?}\n{out}\n{err}");
        }
    }
}

/// `script`, of util-linux, gives a command a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_colour_unless_it_is_dumb() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no `script` here that gives a command a terminal");
        return;
    }
    let play = format!("{} rules 2.x", env!("CARGO_BIN_EXE_sandbar"));
    for (variables, is_coloured) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "dumb")], false),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
    ] {
        let mut command = Command::new("script");
        command.args(["-qec", &play, "/dev/null"]).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(name);
        }
        let output = command.envs(variables.iter().copied()).output().expect("it runs");
        let out = text(&output.stdout);
        assert!(out.contains("generated-ids"), "{out}");
        assert_eq!(out.contains('\u{1b}'), is_coloured, "{variables:?}\n{out}");
    }
}

#[test]
fn wide_letters_take_two_columns() {
    let (_folder, story) = story();
    let told = told(&["run", &story], 0);
    let (_, jobs) = told.split_once("\njobs\n").expect("the jobs are told");
    let status = |name: &str| {
        let row = jobs.lines().find(|row| row.trim_start().starts_with(name)).expect(name);
        columns(row.split_once("finished").expect("it finished").0)
    };
    assert_eq!(status("件数#0"), status("plain#0"), "{jobs}");
}

#[test]
fn a_step_that_was_never_taken_is_told_with_why() {
    let (_folder, story) = story();
    let told = unwrapped(&told(&["run", &story], 0));
    assert!(told.contains("line 23: list jobs: the world ended at "), "{told}");
    assert!(told.contains("ms, before its time, 32400s"), "{told}");
    assert!(told.contains("line 28: kill o/0: checkpoint 900 of 件数 never completed"), "{told}");
}

#[test]
fn nothing_is_wider_than_eighty_columns_in_a_pipe() {
    let (folder, story) = story();
    let data = folder.path().join("d");
    told(&["run", "sim/word_count_part1.toml", "--data-dir", utf8(&data)], 0);
    let listed = told(&["savepoint", "list", utf8(&data)], 0);
    let (kept, _) = listed.split_once(char::is_whitespace).expect("a path and what it is");
    let sweep = |arguments: &[&'static str]| [&["sweep", "--seeds", "0..10"], arguments].concat();
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["run", &story],
        vec!["run", "sim/word_count.toml", "-v"],
        vec!["run", "sim/flights.toml"],
        vec!["run", "sim/operations.toml", "--transcript"],
        vec!["run", "sim/word_count_part2.toml", "-s", kept],
        vec!["rules"],
        vec!["rules", "1.3", "--diff", "2.x"],
        vec!["key", "hello", "--parallelism", "4"],
        vec!["savepoint", "list", utf8(&data)],
        vec!["savepoint", "show", kept],
        vec!["savepoint", "verify", kept],
        sweep(&[]),
        sweep(&["sim/word_count.toml"]),
        vec!["test", &story, "sim/tour"],
    ];
    for verb in [
        "",
        "run",
        "sweep",
        "test",
        "shrink",
        "savepoint",
        "uid",
        "key",
        "rules",
        "new",
        "check",
        "list",
        "schema",
    ] {
        commands.push([verb, "--help"].into_iter().filter(|word| !word.is_empty()).collect());
    }
    let is_command = |line: &str| {
        let begins = ["replay:", "shrink:", "story:", "go on"];
        line.contains("  $ ") || begins.iter().any(|begin| line.trim_start().starts_with(begin))
    };
    for arguments in commands {
        for line in told(&arguments, 0).lines() {
            // What is to be copied stays whole: a path, a command.
            let is_one_word = !line.trim().contains(' ');
            assert!(
                columns(line) <= 80 || is_one_word || is_command(line),
                "{arguments:?}: {} columns: {line}",
                columns(line)
            );
        }
    }
}

#[test]
fn files_are_told_where_they_lie_and_not_where_the_story_puts_them() {
    let (folder, _) = story();
    let data = folder.path().join("d");
    let arguments = ["run", "sim/operations.toml", "--transcript", "--data-dir", utf8(&data)];
    let told = unwrapped(&told(&arguments, 0));
    let in_story = "hdfs:///savepoints/savepoint-";
    let (_, row) = told.split_once(" second id ").expect("a row");
    let (kept, _) = row.split_once(" (in the story: hdfs:///savepoints/").expect("both places");
    let (_, path) = kept.rsplit_once(' ').expect("a path");
    assert!(Path::new(path).join("_metadata").is_file(), "{path} of {kept}");
    assert!(told.contains(in_story) && told.contains("paths are those of the story"), "{told}");
    assert!(told.contains("whatever else steps do to files is played only"), "{told}");
}

#[test]
fn checks_that_hold_are_told_together() {
    let told = told(&["run", "sim/word_count.toml"], 0);
    let (_, checks) = told.split_once("\nchecks   12 hold: ").expect("the checks hold");
    let (checks, _) = checks.split_once("\ndigest").expect("the digest comes next");
    let expected = "cut-consistency, output-equivalence (compared row by row), ownership-partition";
    assert!(unwrapped(checks).starts_with(expected), "{checks}");
    assert!(checks.lines().count() <= 7, "{checks}");
}

#[test]
fn the_event_that_a_message_names_is_found_among_all_events() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let broken = ["sweep", "--seeds", "0..40", "--mutation", "commit-on-snapshot"];
    let out = told(&broken, 1);
    let replay = out.lines().find_map(|line| line.trim().strip_prefix("replay: "));
    let replay: Vec<&str> = replay.expect("a seed failed").split(' ').skip(1).collect();
    let file = folder.path().join("story.toml");
    let text = told(&[&replay[..], &["--print-scenario"]].concat(), 0);
    fs::write(&file, text).expect("written");
    let out = told(&["run", utf8(&file), "-v"], 1);
    let whole = unwrapped(&out);
    let (_, named) = whole.split_once("broken at event ").expect("a check is broken");
    let (event, rest) = named.split_once(" (t=").expect("and when");
    let (time, _) = rest.split_once(')').expect("and when");
    assert!(time.ends_with("ms") && time.contains('.'), "{time}");
    let mut events = out.lines().map(|line| line.split_whitespace().take(2));
    assert!(events.any(|words| words.eq([event, time])), "no event {event} at {time}: {out}");
}

#[test]
fn a_sweep_of_a_file_tells_what_happened_in_it_and_no_more() {
    let (_folder, story) = story();
    let out = told(&["sweep", &story], 0);
    assert!(out.starts_with("100 worlds of seeds 0..100"), "{out}");
    assert!(!out.contains("met ") && !out.contains("  0%"), "{out}");
    assert!(out.contains("checkpoint-subsumed") && out.ends_with("verdict  holds\n"), "{out}");
    let help = unwrapped(&told(&["sweep", "--help"], 0));
    assert!(help.contains("0..100 for a file, 0..1000 for drawn"), "{help}");
}

#[test]
fn a_scenario_comes_from_standard_input_as_well() {
    for (arguments, expected) in [
        (&["run", "-"][..], "verdict  holds"),
        (&["sweep", "-", "--seeds", "0..2"], "2 worlds"),
        (&["test", "-"], "1 story: 1 passed"),
        (&["check", "-"], "1 file read"),
    ] {
        let output = given(arguments, STORY);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
        assert!(out.contains(expected), "{arguments:?}: {out}\n{err}");
    }
}

#[test]
fn what_programs_read_says_its_version() {
    let (folder, story) = story();
    let trace = folder.path().join("trace.jsonl");
    let out = told(&["run", &story, "--format", "json", "--trace", utf8(&trace)], 0);
    let object: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(object["schema"], 1);
    let never = object["never"].as_array().expect("a list");
    assert_eq!(never.len(), 2, "{out}");
    assert_eq!(never[0]["step"], 1, "{out}");
    let lines = fs::read_to_string(&trace).expect("written");
    let schemas = lines.lines().map(|line| {
        let event: Value = serde_json::from_str(line).expect("one object a line");
        event["schema"].as_u64()
    });
    let schemas: Vec<_> = schemas.collect();
    assert!(schemas.len() > 10 && schemas[0] == Some(2), "{lines}");
    assert!(schemas[1..].iter().all(Option::is_none), "{lines}");
}

/// Commands that the documents show write where `.gitignore` covers it.
#[test]
fn what_the_documents_show_leaves_nothing_in_the_clone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).expect(name);
    assert!(read(".gitignore").lines().any(|line| line == "/out"));
    let mut seen = 0;
    for name in ["README.md", "sim/README.md"] {
        for block in read(name).split("```sh\n").skip(1) {
            let (block, _) = block.split_once("```").expect("the block ends");
            let words: Vec<&str> = block.split_whitespace().collect();
            for pair in words.windows(2) {
                let place = match pair[0] {
                    "--data-dir" | "--trace" | "--junit" => pair[1],
                    ">" if pair[1].contains('.') => pair[1],
                    "--output" => pair[1].split_once('=').expect("NAME=PATH").1,
                    _ => continue,
                };
                seen += 1;
                assert!(place.starts_with("out/") || place == "/dev/stdout", "{name}: {pair:?}");
            }
        }
    }
    assert!(seen >= 6, "{seen}");
}
