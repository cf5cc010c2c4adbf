//! What outlives a process that is killed while it writes, or a disk that takes no more.
#![cfg(unix)]
#![expect(clippy::disallowed_types, reason = "a process is killed by the clock of the machine")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Instant;

/// How often the writer is killed, each time at another moment.
const KILLS: u32 = 200;
/// How many savepoints one process writes.
const SAVEPOINTS: u32 = 6;

fn sandbar(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.args(arguments);
    command
}

fn finish(mut command: Command) -> Output {
    command.output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// A job that is asked for one savepoint after another; or the job that goes on from one.
fn scenario(savepoints: u32) -> String {
    let mut text = "
        [input.rows]
        generate = { records = 60, keys = 9 }
        partitions = 2
        every = '20ms'
        [job.sums]
        checkpoint = { interval = '100ms', state-backend = 'incremental' }
        operators = [
          { name = 'rows', source = 'rows', parallelism = 2, uid = 'rows' },
          { name = 'sums', aggregate = 'sum', key-by = 0, parallelism = 3, uid = 'sums' },
          { name = 'out', sink = 'two-phase', uid = 'out' },
        ]
        [expect]
        may-refuse = true
        "
    .replace("        ", "");
    for number in 0..savepoints {
        let at = 100 + 60 * number;
        text.push_str(&format!(
            "[[step]]\nat = '{at}ms'\ndo = {{ savepoint = {{ job = 'sums', as = 's{number}' }} }}\n"
        ));
    }
    text
}

/// Every line of `savepoint list`, each of a savepoint that can be read.
fn listed(data: &Path) -> Vec<String> {
    let output = finish(sandbar(&["savepoint", "list", utf8(data)]));
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(0),
        "something that cannot be read is listed: {out}{err}"
    );
    // What is told of each stands below it, further in.
    let folders = out.lines().filter(|line| line.starts_with('/'));
    folders.map(str::to_owned).collect()
}

#[test]
fn a_killed_writer_leaves_whole_savepoints_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (data, file) = (folder.path().join("data"), folder.path().join("writer.toml"));
    fs::write(&file, scenario(SAVEPOINTS)).expect("written");
    let run = |seed: u32| {
        let seed = seed.to_string();
        let arguments = ["run", utf8(&file), "--data-dir", utf8(&data), "--seed", &seed];
        let mut command = sandbar(&arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let takes = || {
        let begun = Instant::now();
        assert!(run(0).status().expect("it runs").success(), "the writer itself is sound");
        begun.elapsed()
    };
    let mut whole = takes();
    let (mut interrupted, mut seed) = (0, 0);
    while interrupted < KILLS {
        seed += 1;
        assert!(seed < 20 * KILLS, "only {interrupted} were killed before they were done");
        let mut child = run(seed).spawn().expect("it runs");
        sleep(whole * (interrupted + 1) / KILLS);
        child.kill().expect("it can be killed");
        if child.wait().expect("it ended").success() {
            // How long it takes changes with what else the machine does.
            whole = takes();
        } else {
            interrupted += 1;
        }
    }
    let savepoints = listed(&data);
    assert!(savepoints.len() > 20, "{} savepoints", savepoints.len());
    let next = folder.path().join("next.toml");
    fs::write(&next, scenario(0)).expect("written");
    for (place, savepoint) in savepoints.iter().enumerate() {
        if place % 10 == 0 {
            let verified = finish(sandbar(&["savepoint", "verify", savepoint]));
            assert!(verified.status.success(), "{}", text(&verified.stderr));
        }
    }
    // Of the seed that was never killed, whose input is the one it was taken over.
    let restored = savepoints.iter().filter(|savepoint| {
        let arguments = ["run", utf8(&next), "--seed", "0", "-s", savepoint.as_str()];
        savepoint.contains("/savepoints/") && finish(sandbar(&arguments)).status.success()
    });
    assert!(restored.take(3).count() >= 3, "whole savepoints still restore");
}

#[test]
fn a_disk_that_takes_no_more_is_an_error_and_earlier_savepoints_stay() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (data, file) = (folder.path().join("data"), folder.path().join("writer.toml"));
    fs::write(&file, scenario(SAVEPOINTS)).expect("written");
    let arguments = ["run", utf8(&file), "--data-dir", utf8(&data)];
    assert!(finish(sandbar(&arguments)).status.success());
    let before = listed(&data);
    // No file may grow beyond a kilobyte: writes are refused as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let mut limited = Command::new("bash");
    limited.args(["-c", script, env!("CARGO_BIN_EXE_sandbar")]).args(arguments);
    let output = finish({
        limited.args(["--seed", "8"]);
        limited
    });
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.starts_with("error: cannot write `") && told.contains("help: "), "{told}");
    let replay = format!("\nreplay: {} run ", env!("CARGO_BIN_EXE_sandbar"));
    assert!(told.contains(&replay), "{told}");
    let after = listed(&data);
    assert!(before.iter().all(|savepoint| after.contains(savepoint)), "{before:?} {after:?}");
    let savepoints =
        |all: &[String]| all.iter().filter(|path| path.contains("/savepoint-")).count();
    assert_eq!(savepoints(&after), savepoints(&before), "none of those that failed is listed");
}
