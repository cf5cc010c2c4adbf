//! A program of a user's own, with operators that do everything wrong; and the tests of what it prints and exits with.
//!
//! Called by cargo it tests; called by its tests, which set a variable, it is that program.

use sandbar::operators::{OnPanic, Value};
use sandbar::{Catalogue, Context, Entry, Operator};
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Set where the program is meant, and not its tests.
const PROGRAM: &str = "SANDBAR_OWN_PROGRAM";

/// A test in a folder of its own. A panic in it names it.
type Test = fn(&Path);

/// Cannot bear a number.
#[derive(Clone)]
struct Superstitious;

impl Operator for Superstitious {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let number = value.as_row().and_then(|columns| columns[1].as_int());
        assert!(number != Some(13), "thirteen!");
        context.emit(value);
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Does something else each time it is played: what a static remembers is in no snapshot and no seed.
#[derive(Clone)]
struct Fickle;

impl Operator for Fickle {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        if CALLS.fetch_add(1, Ordering::Relaxed) != 39 {
            context.emit(value);
        }
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Declares keyed state, whether it is keyed or not.
#[derive(Clone)]
struct Forgetful;

impl Operator for Forgetful {
    fn initialize(&mut self, context: &mut dyn Context) {
        context.keyed_state("memory");
    }
    fn process(&mut self, _input: u8, _value: Value, _context: &mut dyn Context) {}
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::built_in();
    let superstitious = Entry::new("cannot bear a number", |_| Box::new(Superstitious));
    let fails = Entry { on_panic: OnPanic::FailsTheTask, ..superstitious.clone() };
    catalogue.add("map", "superstitious", superstitious);
    catalogue.add("map", "fearful", fails);
    catalogue.add("map", "fickle", Entry::new("is moody", |_| Box::new(Fickle)));
    catalogue.add("map", "forgetful", Entry::new("has no key", |_| Box::new(Forgetful)));
    catalogue
}

fn main() -> ExitCode {
    if std::env::var_os(PROGRAM).is_some() {
        return sandbar::cli::main(catalogue());
    }
    let tests: [Test; 7] = [
        a_panic_is_told_as_the_users_own,
        a_panic_is_told_in_json,
        a_broken_rule_of_state_is_told,
        a_panic_that_fails_the_task_stalls,
        a_sweep_tells_each_seed_and_goes_on,
        a_test_tells_the_panic_and_goes_on,
        every_exit_code_comes_true,
    ];
    for test in tests {
        let folder = tempfile::tempdir().expect("a temporary folder");
        test(folder.path());
    }
    ExitCode::SUCCESS
}

/// Runs the program over a story whose operator `m` is a map of this function.
fn run(folder: &Path, function: &str, arguments: &[&str]) -> (Output, String, String) {
    let story = format!(
        r#"
[input.clicks]
generate = {{ records = 40, keys = 5 }}
every = "5ms"
[job.j]
checkpoint = {{ interval = "50ms" }}
operators = [
  {{ name = "clicks", source = "clicks" }},
  {{ name = "m", map = "{function}" }},
  {{ name = "o", sink = "plain" }},
]
"#
    );
    fs::write(folder.join("story.toml"), story).expect("written");
    let program = std::env::current_exe().expect("it runs");
    let mut command = Command::new(program);
    command.current_dir(folder).env(PROGRAM, "1").env_remove("RUST_BACKTRACE").args(arguments);
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is UTF-8");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!out.contains("error: the engine broke"), "{out}");
    assert!(!err.contains("panicked at") && !err.contains("the engine broke"), "{err}");
    (output, out, err)
}

/// The same text on one line.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first of these seeds under which a thirteen is drawn.
fn unlucky(folder: &Path) -> u64 {
    let mut seeds = 0..50;
    let is_unlucky = |seed: &u64| {
        let seed = seed.to_string();
        run(folder, "superstitious", &["run", "story.toml", "--seed", &seed]).0.status.code()
            == Some(5)
    };
    seeds.find(is_unlucky).expect("one of them draws a thirteen")
}

fn a_panic_is_told_as_the_users_own(folder: &Path) {
    let seed = unlucky(folder).to_string();
    let (output, out, _) = run(folder, "superstitious", &["run", "story.toml", "--seed", &seed]);
    assert_eq!(output.status.code(), Some(5), "{out}");
    let told = unwrapped(&out);
    let (_, verdict) = told.split_once("verdict ").expect("there is one");
    let begins = format!(
        "the user's own code panicked under seed {seed}: m/0 of j#0, in `process` with clicks[0]#"
    );
    assert!(verdict.starts_with(&begins), "{verdict}");
    assert!(
        verdict.contains(", at t=") && verdict.contains(": thirteen! (tests/own_program.rs:"),
        "{verdict}"
    );
    let program = std::env::current_exe().expect("it runs");
    let replay = format!("replay: {} run story.toml --seed {seed}\n", program.display());
    assert!(out.contains(&replay), "{out}");
}

fn a_panic_is_told_in_json(folder: &Path) {
    let seed = unlucky(folder).to_string();
    let arguments = ["run", "story.toml", "--seed", &seed, "--format", "json"];
    let (output, out, _) = run(folder, "superstitious", &arguments);
    assert_eq!(output.status.code(), Some(5), "{out}");
    let told: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(told["verdict"], "user-panicked");
    let panic = &told["panicked"];
    assert_eq!((&panic["operator"], &panic["call"]), (&"m".into(), &"process".into()));
    assert!(panic["record"].as_str().is_some_and(|record| record.starts_with("clicks[0]#")));
}

fn a_broken_rule_of_state_is_told(folder: &Path) {
    let (output, out, _) = run(folder, "forgetful", &["run", "story.toml"]);
    assert_eq!(output.status.code(), Some(5), "{out}");
    let out = unwrapped(&out);
    assert!(out.contains("m/0 of j#0, in `initialize`, at t="), "{out}");
    assert!(out.contains("keyed state `memory` needs an operator that is keyed"), "{out}");
}

fn a_panic_that_fails_the_task_stalls(folder: &Path) {
    let seed = unlucky(folder).to_string();
    let (output, out, _) = run(folder, "fearful", &["run", "story.toml", "--seed", &seed]);
    assert_eq!(output.status.code(), Some(4), "{out}");
    assert!(unwrapped(&out).contains("m/0 panicked in `process` with clicks[0]#"), "{out}");
}

fn a_sweep_tells_each_seed_and_goes_on(folder: &Path) {
    let (output, out, _) =
        run(folder, "superstitious", &["sweep", "story.toml", "--seeds", "0..40", "--jobs", "2"]);
    assert_eq!(output.status.code(), Some(5), "{out}");
    assert!(out.starts_with("40 worlds of seeds 0..40"), "{out}");
    let told = unwrapped(&out).matches("the user's own code panicked under seed").count();
    let replays = out.lines().filter(|line| line.trim_start().starts_with("replay: ")).count();
    assert!(told >= 2 && told == replays, "{out}");
    assert!(unwrapped(&out).contains("thirteen! (tests/own_program.rs:"), "{out}");
}

fn a_test_tells_the_panic_and_goes_on(folder: &Path) {
    let seed = unlucky(folder).to_string();
    let arguments = ["test", "story.toml", "other.toml", "--seed", &seed];
    run(folder, "identity", &["run", "story.toml"]);
    fs::copy(folder.join("story.toml"), folder.join("other.toml")).expect("copied");
    let (output, out, _) = run(folder, "superstitious", &arguments);
    assert_eq!(output.status.code(), Some(5), "{out}");
    let whole = unwrapped(&out);
    assert!(
        whole.starts_with("failed story.toml: the user's own code panicked under seed"),
        "{out}"
    );
    assert!(whole.contains("thirteen! (tests/own_program.rs:"), "{out}");
    assert!(whole.contains("2 stories: 1 passed, 1 failed, in "), "{out}");
    // The program that ran is the one that plays it again.
    let program = std::env::current_exe().expect("it runs");
    let replay = format!("replay: {} run story.toml --seed {seed}\n", program.display());
    assert!(out.contains(&replay), "{out}");
}

/// The table of exit codes stands in `--help` and in the README alike, and each code is what a command exits with.
fn every_exit_code_comes_true(folder: &Path) {
    let (_, help, _) = run(folder, "identity", &["--help"]);
    let (_, table) = help.split_once("Exit codes").expect("the table is in the help");
    // What is too long for a line goes on in the next, far to the right.
    let table = table.replace("\n       ", " ");
    let rows = table.lines().filter_map(|line| line.trim_start().split_once("  "));
    let rows: Vec<_> = rows.filter(|(code, _)| code.parse::<i32>().is_ok()).collect();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.expect("the README is there");
    for (code, said) in &rows {
        let row = format!("| {code} | {said} |\n");
        assert!(readme.contains(&row), "the README has no row {row}");
    }
    let seed = unlucky(folder).to_string();
    let play = ["run", "story.toml"];
    let with = |rest: &[&'static str]| -> Vec<String> {
        play.iter().chain(rest).map(ToString::to_string).collect()
    };
    let mut unlucky = with(&["--seed"]);
    unlucky.push(seed);
    let story = |expect: &str| {
        let (_, _, _) = run(folder, "identity", &play);
        let text = fs::read_to_string(folder.join("story.toml")).expect("written");
        fs::write(folder.join("other.toml"), text + expect).expect("written");
        vec!["run".to_owned(), "other.toml".to_owned()]
    };
    let broken = story("[expect]\ncommitted-rows = { o = 41 }\n");
    let mut seen = Vec::new();
    for (function, arguments, code) in [
        ("identity", with(&[]), 0),
        ("identity", broken, 1),
        ("identity", with(&["--until", "never"]), 2),
        ("fickle", with(&["--check-determinism"]), 3),
        ("fearful", unlucky.clone(), 4),
        ("superstitious", unlucky, 5),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (output, out, err) = run(folder, function, &arguments);
        assert_eq!(output.status.code(), Some(code), "{function} {arguments:?}\n{out}\n{err}");
        let is_replayed = out.contains("replay: ") || err.contains("replay: ");
        // What is typed wrongly is told with what to type, and is not played at all.
        assert_eq!(is_replayed, !matches!(code, 0 | 2), "{function} {arguments:?}\n{out}\n{err}");
        seen.push(code.to_string());
    }
    #[cfg(unix)]
    seen.push(interrupted(folder).to_string());
    let told: Vec<String> = rows.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert!(!cfg!(unix) || seen == told, "told {told:?}, seen {seen:?}");
}

/// What a sweep without end exits with when the user interrupts it. Before it listens, an interruption ends it as it ends any
/// program: then it is given more time.
#[cfg(unix)]
fn interrupted(folder: &Path) -> i32 {
    let code = [700, 3_000, 12_000].into_iter().find_map(|millis| {
        let mut command = Command::new(std::env::current_exe().expect("it runs"));
        command.current_dir(folder).env(PROGRAM, "1").stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.args(["sweep", "--seeds", "0..9223372036854775808"]).spawn();
        let mut child = child.expect("the program runs");
        std::thread::sleep(Duration::from_millis(millis));
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
        child.wait().expect("it ends").code()
    });
    code.expect("it listens after so many seconds")
}
