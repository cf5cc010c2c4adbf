//! One process writes into a data folder at a time; and if the lock is switched off, what each commits is there all the same.

use sandbar::internals::unfinished_name;
use sandbar::savepoints::{DataDir, PlayError, list, play_with_files, start_from};
use sandbar::{Catalogue, Choices, Judgement, Scenario, Setup};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;

/// More than any pipe holds, so that whoever prints it waits until somebody reads.
const MORE_THAN_A_PIPE: usize = 1 << 20;

/// A job that copies lines into two sinks. `{about}`, `{end}` and `{steps}` are filled in.
const COPY: &str = "
about = '{about}'
[input.rows]
text = 'rows.txt'
every = '10ms'
[job.copy]
checkpoint = { interval = '60ms' }
operators = [
  { name = 'lines', source = 'rows', then = '{end}', uid = 'lines' },
  { name = 'out', sink = 'two-phase', uid = 'out' },
  { name = 'log', sink = 'plain', from = ['lines'], uid = 'log' },
]
{steps}
";
const SAVEPOINT: &str =
    "[[step]]\nat = '100ms'\ndo = { savepoint = { job = 'copy', as = 'one' } }\n";
const STOP: &str = "[[step]]\nat = '205ms'\n\
                    do = { cancel = { job = 'copy', with-savepoint = true, as = 'half' } }\n";

/// A folder with stories, lines for them, and a data folder.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        place.story("copy.toml", "short", "end", SAVEPOINT);
        place.story("read.toml", "short", "end", "");
        place.story("half.toml", "short", "idle", STOP);
        let late = SAVEPOINT.replace("100ms", "400ms");
        place.story("slow.toml", &"long ".repeat(MORE_THAN_A_PIPE / 5), "end", &late);
        for (name, lines) in [("rows.txt", 40), ("few.txt", 12), ("none.txt", 0)] {
            let lines: String = (0..lines).map(|line| format!("{name} {line}\n")).collect();
            fs::write(place.path(name), lines).expect("written");
        }
        place
    }

    fn story(&self, name: &str, about: &str, end: &str, steps: &str) {
        let text = COPY.replace("{about}", about).replace("{end}", end);
        fs::write(self.path(name), text.replace("{steps}", steps)).expect("written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command runs")
    }

    /// Runs a command that must exit with this code, and says what it printed to the error stream.
    fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        err
    }

    /// Starts a run that goes no further than to say what it is about, having locked its folder and read its savepoint.
    fn held(&self, arguments: &[&str]) -> Held {
        let mut command = self.command(&["run", "slow.toml", "--data-dir", "data"]);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("it runs");
        let mut told = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut first = String::new();
        told.read_line(&mut first).expect("it says something");
        assert!(first.starts_with("slow.toml, seed "), "{first}");
        Held { child, told }
    }

    /// How often each row is in a sink of the data folder.
    fn rows(&self, sink: &str) -> BTreeMap<String, u64> {
        let output = format!("{sink}=seen.txt");
        let input = "rows=none.txt";
        self.expect(
            0,
            &["run", "read.toml", "--data-dir", "data", "--input", input, "--output", &output],
        );
        let mut rows = BTreeMap::new();
        for line in fs::read_to_string(self.path("seen.txt")).expect("written").lines() {
            *rows.entry(line.to_owned()).or_default() += 1;
        }
        rows
    }

    /// The one savepoint in the data folder whose label is not asked for.
    fn savepoint(&self) -> String {
        let listed = text(&self.run(&["savepoint", "list", "data"]).stdout);
        let (path, _) = listed.split_once("\n  ").expect("one is listed");
        path.to_owned()
    }
}

/// A run that waits for somebody to read what it says.
struct Held {
    child: Child,
    told: BufReader<ChildStdout>,
}

impl Held {
    /// Reads what it says, to its end.
    fn finish(mut self) {
        self.told.read_to_end(&mut Vec::new()).expect("it can be read");
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0));
    }

    fn kill(mut self) {
        self.child.kill().expect("it lives");
        self.child.wait().expect("it ends");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("everything that is printed is UTF-8")
}

/// The lines of an input, each once.
fn once(name: &str, lines: u64) -> BTreeMap<String, u64> {
    (0..lines).map(|line| (format!("{name} {line}"), 1)).collect()
}

#[test]
fn the_second_writer_is_told_who_the_first_is_and_readers_are_not_hindered() {
    let place = Place::new();
    place.expect(0, &["run", "half.toml", "--data-dir", "data"]);
    let savepoint = place.savepoint();
    let held = place.held(&[]);
    let id = held.child.id();
    let moved: &[&str] = &["savepoint", "move", &savepoint, "elsewhere"];
    for arguments in [
        &["run", "copy.toml", "--data-dir", "data"][..],
        &["run", "copy.toml", "--data-dir", "data", "--wait", "0"],
        &["run", "copy.toml", "--data-dir", "new", "-s", &savepoint, "--claim", "claim"],
        &["savepoint", "dispose", &savepoint, "--yes"],
        moved,
    ] {
        let told = place.expect(2, arguments);
        let (error, help) = told.split_once("help: ").expect("it helps");
        assert!(error.contains(&format!("is in use by process {id} since 2")), "{told}");
        assert!(error.trim_end().ends_with(" UTC"), "{told}");
        assert!(help.contains("--wait SECONDS"), "{told}");
    }
    for reader in ["list", "show", "verify"] {
        place.expect(0, &["savepoint", reader, &savepoint]);
    }
    place.expect(0, &["savepoint", "list", "data"]);
    place.expect(0, &["run", "read.toml", "-s", &savepoint]);
    place.expect(0, &["run", "copy.toml", "--data-dir", "other"]);
    held.finish();
    place.expect(0, moved);
}

#[test]
fn a_writer_that_waits_comes_after_the_one_that_it_waited_for() {
    let place = Place::new();
    let held = place.held(&[]);
    let told = place.expect(2, &["run", "copy.toml", "--data-dir", "data", "--wait", "1"]);
    assert!(told.contains("is in use by process "), "{told}");
    let waits = ["run", "copy.toml", "--data-dir", "data", "--input", "rows=few.txt", "--wait"];
    let waiting = place.command(&[&waits[..], &["600"]].concat()).stdout(Stdio::null()).spawn();
    let mut waiting = waiting.expect("it runs");
    held.finish();
    assert_eq!(waiting.wait().expect("it ends").code(), Some(0));
    let mut rows = once("rows.txt", 40);
    rows.extend(once("few.txt", 12));
    assert_eq!(place.rows("out"), rows);
    assert_eq!(place.rows("log"), rows);
}

#[test]
fn one_that_was_killed_hinders_nobody_and_what_it_left_is_removed() {
    let place = Place::new();
    let temporary = |place: &Place| {
        let names = fs::read_dir(place.folder.path()).expect("it can be listed");
        let names = names.map(|entry| entry.expect("an entry").file_name().into_string());
        let names = names.map(|name| name.expect("names are UTF-8"));
        names.filter(|name| name.starts_with(".sandbar-")).collect::<Vec<_>>()
    };
    DataDir::open_or_create(place.path("data")).expect("made");
    let held = place.held(&["--output", "out=out.txt"]);
    let left = temporary(&place);
    assert_eq!(left.len(), 1, "{left:?}");
    place.expect(0, &["run", "copy.toml", "--output", "out=other.txt"]);
    assert_eq!(temporary(&place), left, "it is still written");
    fs::create_dir_all(place.path("data/savepoints/.unfinished-thesis")).expect("made");
    let unfinished = place.path("data/savepoints").join(unfinished_name());
    let mine = ["data/savepoints/.unfinished-thesis/1", "data/.unfinished-notes", ".sandbar-notes"];
    for file in mine.map(|name| place.path(name)).iter().chain([&unfinished]) {
        fs::write(file, "text").expect("written");
    }
    held.kill();
    assert!(place.path(&left[0]).exists() && unfinished.exists());
    place.expect(0, &["run", "copy.toml", "--data-dir", "data", "--output", "out=out.txt"]);
    assert_eq!(temporary(&place), [".sandbar-notes"]);
    assert!(!unfinished.exists());
    for name in mine {
        assert_eq!(fs::read_to_string(place.path(name)).expect("it is there"), "text");
    }
    assert_eq!(place.rows("out"), once("rows.txt", 40));
}

#[cfg(target_os = "linux")]
#[test]
fn an_interruption_ends_the_wait() {
    let place = Place::new();
    let held = place.held(&[]);
    let mut command = place.command(&["run", "copy.toml", "--data-dir", "data", "--wait", "600"]);
    let waiting = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let waiting = waiting.expect("it runs");
    let id = waiting.id().to_string();
    // It listens once the system says that it catches the second signal, which is the interruption.
    let listens = || {
        let status = fs::read_to_string(format!("/proc/{id}/status")).expect("it lives");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.expect("it is told").trim(), 16);
        caught.expect("a number") & 2 != 0
    };
    while !listens() {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    let output = waiting.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        (String::new(), "interrupted\n".into())
    );
    held.finish();
}

/// Two that started from one savepoint knew of the same transactions, and each went on without the other.
#[test]
fn without_a_lock_what_another_process_committed_meanwhile_stays() {
    let place = Place::new();
    place.expect(0, &["run", "half.toml", "--data-dir", "data"]);
    let savepoint = place.savepoint();
    let held = place.held(&["-s", &savepoint, "--no-lock"]);
    let few = ["--data-dir", "data", "--input", "rows=few.txt", "--no-lock"];
    place.expect(0, &[&["run", "copy.toml"][..], &few].concat());
    held.finish();
    let mut rows = once("rows.txt", 40);
    rows.extend(once("few.txt", 12));
    assert_eq!(place.rows("out"), rows);
    // A plain sink repeats what is replayed.
    let log = place.rows("log");
    assert!(log.keys().eq(rows.keys()) && log["few.txt 0"] == 1, "{log:?}");
}

/// Of two that start from one savepoint, each commits what was prepared there. Two that play the same under one seed have all
/// their transactions in common.
#[test]
fn without_a_lock_a_transaction_that_two_processes_commit_counts_once() {
    for (seed, are_twins) in [("0", true), ("5", false)] {
        let place = Place::new();
        place.expect(0, &["run", "half.toml", "--data-dir", "data"]);
        let before = place.rows("out").len();
        let savepoint = place.savepoint();
        let held = place.held(&["-s", &savepoint, "--no-lock"]);
        let slow = ["run", "slow.toml", "--data-dir", "data", "-s", &savepoint, "--no-lock"];
        place.expect(0, &[&slow[..], &["--seed", seed]].concat());
        held.finish();
        let rows = place.rows("out");
        let counts: Vec<u64> = (0..40).map(|line| rows[&format!("rows.txt {line}")]).collect();
        let once = counts.iter().take_while(|count| **count == 1).count();
        if are_twins {
            assert_eq!((once, rows.len()), (40, 40), "{rows:?}");
        } else {
            assert!(once >= before && once < 40, "{before} rows were committed before: {rows:?}");
            assert!(counts[once..].iter().all(|count| *count == 2), "{rows:?}");
        }
    }
}

/// A story of this many generated records.
fn generated(records: u32, seed: u64) -> Setup {
    let input = "text = 'rows.txt'";
    let rows = COPY.replace(input, &format!("generate = {{ records = {records}, keys = 5 }}"));
    let rows = rows.replace("{about}", "").replace("{end}", "end").replace("{steps}", SAVEPOINT);
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(&rows, "copy.toml", &catalogue).expect("it is sound");
    let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no file");
    Setup { choices: Choices::new(seed), ..setup }
}

fn counts(folder: &Path) -> Vec<(String, usize)> {
    let sinks = DataDir::open(folder).expect("it can be read").expect("it is there").read_sinks();
    let sinks = sinks.expect("they are whole").into_iter();
    sinks.map(|sink| (sink.name, sink.committed.len())).collect()
}

#[test]
fn rows_that_others_commit_while_a_run_goes_on_are_there_in_the_end() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let folder = DataDir::open_or_create(outside.path()).expect("made");
    let all_of = |records, seed| {
        let played = play_with_files(generated(records, seed), &folder, |_| Ok::<_, PlayError>(()));
        played.expect("it plays");
    };
    let mut events = 0;
    let played = play_with_files(generated(60, 1), &folder, |_| {
        events += 1;
        if events == 20 || events == 120 {
            all_of(7, 2);
        }
        Ok(())
    });
    played.expect("it plays");
    assert!(events > 120, "{events} events are too few");
    assert_eq!(counts(outside.path()), [("log".to_owned(), 74), ("out".to_owned(), 74)]);
}

/// A process that ends too early leaves its checkpoints; the rows that these no longer repeat must be there.
#[test]
fn what_was_committed_before_a_checkpoint_is_there_when_a_run_was_interrupted_after_it() {
    for last in [60, 80, 100, 120, 140] {
        let outside = tempfile::tempdir().expect("a temporary folder");
        let folder = DataDir::open_or_create(outside.path()).expect("made");
        let mut events = 0;
        let interrupted = play_with_files(generated(60, 1), &folder, |_| {
            events += 1;
            if events == last { Err(PlayError::Interrupted) } else { Ok(()) }
        });
        let (interrupted, _) = interrupted.expect("it plays so far");
        assert_eq!(interrupted.judgement(), Judgement::Interrupted, "after {events} events");
        let listed = list(outside.path()).expect("it can be listed");
        let newest = &listed.last().expect("a checkpoint was completed").path;
        let setup = generated(60, 1);
        let started =
            start_from(newest, Some(outside.path()), false, &setup.scenario, &setup.inputs);
        let (start, externals) = started.expect("it can be read");
        let setup = Setup { start: Some(start), externals, ..setup };
        let played = play_with_files(setup, &folder, |_| Ok::<_, PlayError>(()));
        played.expect("it plays");
        let counts = counts(outside.path());
        assert_eq!(counts[1], ("out".to_owned(), 60), "after {last} events, from {newest:?}");
        // A plain sink repeats what came after the checkpoint.
        assert!(counts[0].1 >= 60, "after {last} events: {counts:?}");
    }
}
