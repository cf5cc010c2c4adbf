//! Two processes at once in one data folder, again and again, some of them killed: what those committed that ended well is
//! there, each row once.
//!
//! `cargo test --test pairs` starts a few pairs; `SANDBAR_PAIRS=100 cargo test --test pairs` all two hundred runs.
#![expect(
    clippy::disallowed_types,
    reason = "runs are started and killed by the clock of the machine"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How many pairs are started if nobody says otherwise.
const PAIRS: u64 = 12;
/// What decides every moment and number below.
const SEED: u64 = 20_240_229;

const STORY: &str = "
[input.rows]
text = 'rows.txt'
every = '10ms'
[job.copy]
checkpoint = { interval = '40ms' }
operators = [
  { name = 'lines', source = 'rows', uid = 'lines' },
  { name = 'out', sink = 'two-phase', parallelism = 2, uid = 'out' },
  { name = 'log', sink = 'plain', from = ['lines'], uid = 'log' },
]
";
const SAVEPOINTS: &str = "
[[step]]
when = { completed = 1 }
do = { savepoint = { job = 'copy', as = 'one' } }
[[step]]
when = { completed = 2 }
do = { savepoint = { job = 'copy', as = 'two' } }
";

/// Numbers that are the same in every run of the test (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}

struct Place {
    folder: PathBuf,
}

impl Place {
    /// The command of one run, which writes so many lines of its own.
    fn run(&self, number: u64, lines: u64, locking: &[&str]) -> Command {
        let rows = format!("rows-{number}.txt");
        let text: String = (0..lines).map(|line| format!("run {number} line {line}\n")).collect();
        fs::write(self.folder.join(&rows), text).expect("written");
        let mut command = self.sandbar(&["run", "story.toml", "--data-dir", "data"]);
        command.args(["--input", &format!("rows={rows}"), "--seed", &number.to_string()]);
        command.args(["--output", &format!("out=out-{number}.txt")]).args(locking);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn sandbar(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
        command.current_dir(&self.folder).args(arguments);
        command
    }

    /// How often each row is in a sink of the data folder.
    fn rows(&self, sink: &str) -> BTreeMap<String, u64> {
        let output = format!("{sink}=seen.txt");
        let arguments =
            ["run", "read.toml", "--data-dir", "data", "--input", "rows=none.txt", "--output"];
        let run = self.sandbar(&arguments).arg(output).output().expect("it runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let mut rows = BTreeMap::new();
        for line in fs::read_to_string(self.folder.join("seen.txt")).expect("written").lines() {
            *rows.entry(line.to_owned()).or_default() += 1;
        }
        rows
    }
}

/// Whether it ended well. Whatever it says if it did not is a failure of the test, unless it was killed; or unless nothing
/// was locked, and what it was about to look at had been removed by the other: then it may end with a clear error.
fn finish(child: Child, was_killed: bool, is_locked: bool, number: u64) -> bool {
    let output = child.wait_with_output().expect("it ends");
    let [out, err] = [&output.stdout, &output.stderr].map(|told| String::from_utf8_lossy(told));
    let was_removed = err.contains("No such file or directory") && err.contains("\nreplay: ");
    if !is_locked && output.status.code() == Some(2) && was_removed {
        return false;
    }
    assert!(was_killed || output.status.success(), "run {number}: {}\n{out}{err}", output.status);
    output.status.success()
}

/// Names of ours that only something unfinished has, in a folder and all below it.
fn unfinished(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        if name.starts_with(".unfinished-") || name.starts_with(".sandbar-") {
            found.push(path);
        } else if path.is_dir() {
            unfinished(&path, found);
        }
    }
}

#[test]
fn pairs_of_runs_lose_nothing_that_was_committed() {
    let pairs = std::env::var_os("SANDBAR_PAIRS").map_or(PAIRS, |count| {
        count.to_str().and_then(|count| count.parse().ok()).expect("SANDBAR_PAIRS is a number")
    });
    let outside = tempfile::tempdir().expect("a temporary folder");
    let place = Place { folder: outside.path().to_owned() };
    fs::write(place.folder.join("story.toml"), format!("{STORY}{SAVEPOINTS}")).expect("written");
    fs::write(place.folder.join("read.toml"), STORY).expect("written");
    fs::write(place.folder.join("none.txt"), "").expect("written");
    let mut draws = Draws(SEED);
    let mut ended = Vec::new();
    // How long a run takes changes with what else the machine does.
    let begun = Instant::now();
    assert!(finish(place.run(0, 40, &[]).spawn().expect("it runs"), false, true, 0));
    let whole = u64::try_from(begun.elapsed().as_micros()).expect("a short time");
    ended.push((0, 40));
    let mut killed = 0;
    for pair in 0..pairs {
        let locking: &[&str] = if pair % 2 == 0 { &["--wait", "600"] } else { &["--no-lock"] };
        let mut runs = Vec::new();
        for number in [2 * pair + 1, 2 * pair + 2] {
            let lines = 30 + draws.below(30);
            runs.push((number, lines, place.run(number, lines, locking).spawn().expect("it runs")));
            sleep(Duration::from_micros(draws.below(whole)));
        }
        let victim = (draws.below(2) == 0).then(|| usize::from(draws.below(2) == 0));
        if let Some(victim) = victim {
            runs[victim].2.kill().expect("it can be killed, or is over");
        }
        for (place, (number, lines, child)) in runs.into_iter().enumerate() {
            let was_killed = victim == Some(place);
            if finish(child, was_killed, pair % 2 == 0, number) {
                ended.push((number, lines));
            } else {
                killed += 1;
            }
        }
    }
    println!("{} runs ended well, {killed} were killed or gave up", ended.len());
    assert!(killed > 0 && ended.len() > killed, "{} and {killed}", ended.len());
    for sink in ["out", "log"] {
        let rows = place.rows(sink);
        for (number, lines) in &ended {
            for line in 0..*lines {
                let row = format!("run {number} line {line}");
                assert_eq!(rows.get(&row), Some(&1), "{sink}: {row}");
            }
        }
        let twice: Vec<_> = rows.iter().filter(|(_, count)| **count != 1).collect();
        assert!(twice.is_empty(), "{sink}: {twice:?}");
    }
    let listed = place.sandbar(&["savepoint", "list", "data"]).output().expect("it runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stdout));
    let mut left = Vec::new();
    unfinished(&place.folder, &mut left);
    assert!(left.is_empty(), "{left:?}");
}
