//! Incremental checkpoints as files: they share what has not changed, outlive their job with all they need, and another
//! process goes on from them without touching it.

use sandbar::internals::read_savepoint;
use sandbar::savepoints::verify;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A job that is canceled and leaves two checkpoints behind; or the one that goes on from one of them.
fn scenario(parallelism: u32, is_canceled: bool) -> String {
    let mut text = format!(
        "[input.rows]\n\
         generate = {{ records = 500, keys = 60 }}\n\
         partitions = 2\n\
         every = '10ms'\n\
         [job.sums]\n\
         checkpoint = {{ interval = '200ms', retained = 2, retention = 'retain-on-cancellation', state-backend = 'incremental' }}\n\
         operators = [\n\
           {{ name = 'rows', source = 'rows', parallelism = 2, uid = 'rows' }},\n\
           {{ name = 'sums', aggregate = 'sum', key-by = 0, parallelism = {parallelism}, uid = 'sums' }},\n\
           {{ name = 'out', sink = 'two-phase', uid = 'out' }},\n\
         ]\n"
    );
    if is_canceled {
        text.push_str("[[step]]\nat = '1300ms'\ndo = { cancel = { job = 'sums' } }\n");
    }
    text
}

fn sandbar(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.args(arguments).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).expect("the folder is there");
    let mut found: Vec<_> = found.map(|entry| entry.expect("it can be listed").path()).collect();
    found.sort();
    found
}

/// The files of a folder, with what is in them.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).expect("it can be read");
        (path, bytes)
    };
    entries(folder).into_iter().map(read).collect()
}

/// What a first process leaves behind.
struct Left {
    folder: tempfile::TempDir,
    /// The folder of its only job.
    job: PathBuf,
    /// Its checkpoints, oldest first.
    checkpoints: Vec<PathBuf>,
}

impl Left {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (data, file) = (folder.path().join("data"), folder.path().join("first.toml"));
        fs::write(&file, scenario(3, true)).expect("written");
        let output = sandbar(&["run", utf8(&file), "--data-dir", utf8(&data)]);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        let job = entries(&data.join("checkpoints")).pop().expect("one job ran");
        let mut checkpoints = entries(&job);
        checkpoints.retain(|path| path.join("_metadata").exists());
        Self { folder, job, checkpoints }
    }

    /// Goes on from the newest checkpoint, in another process.
    fn go_on(&self, parallelism: u32) -> Output {
        let file = self.folder.path().join("next.toml");
        fs::write(&file, scenario(parallelism, false)).expect("written");
        let data = self.folder.path().join("data");
        let from = self.checkpoints.last().expect("a checkpoint was left");
        sandbar(&["run", utf8(&file), "--data-dir", utf8(&data), "-s", utf8(from)])
    }
}

/// The names of the shared files that a checkpoint on disk refers to.
fn shared_by(checkpoint: &Path) -> BTreeSet<String> {
    let verified = verify(checkpoint).expect("it is whole");
    let names = verified.files.into_iter().map(|file| file.name);
    names.filter_map(|name| name.strip_prefix("../shared/").map(str::to_owned)).collect()
}

#[test]
fn what_a_job_leaves_is_what_its_checkpoints_need_and_no_more() {
    let left = Left::new();
    assert_eq!(left.checkpoints.len(), 2, "{:?}", left.checkpoints);
    let [older, newer] = [0, 1].map(|place| shared_by(&left.checkpoints[place]));
    assert!(older.intersection(&newer).next().is_some(), "they share nothing");
    assert!(newer.difference(&older).next().is_some(), "nothing has changed in between");
    let there: BTreeSet<_> = entries(&left.job.join("shared"))
        .into_iter()
        .map(|path| path.file_name().expect("a file").to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, older.union(&newer).cloned().collect::<BTreeSet<_>>());
}

#[test]
fn another_process_goes_on_from_a_checkpoint_and_leaves_its_files_alone() {
    for parallelism in [3, 5] {
        let left = Left::new();
        let before = contents(&left.job.join("shared"));
        let output = left.go_on(parallelism);
        let told = text(&output.stdout);
        assert!(output.status.success(), "{told}{}", text(&output.stderr));
        assert_eq!(contents(&left.job.join("shared")), before);
        for checkpoint in &left.checkpoints {
            verify(checkpoint).expect("it is as whole as before");
        }
        // It finished and kept nothing: its own folder holds no file.
        let jobs = entries(left.job.parent().expect("jobs have a folder"));
        let own = jobs.iter().find(|job| **job != left.job).expect("it is another job");
        assert!(entries(&own.join("shared")).is_empty(), "it left shared files");
    }
}

#[test]
fn a_shared_file_that_is_gone_or_damaged_is_told() {
    let left = Left::new();
    let needed = shared_by(&left.checkpoints[1]).pop_last().expect("it shares files");
    let path = left.job.join("shared").join(&needed);
    let whole = fs::read(&path).expect("it is there");
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&path, damaged).expect("written");
        let error = read_savepoint(&left.checkpoints[1]).expect_err("it is damaged");
        assert!(error.to_string().contains(&needed), "byte {place}: {error}");
    }
    fs::remove_file(&path).expect("it was there");
    let output = left.go_on(3);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.starts_with("error: cannot find state file `"), "{told}");
    assert!(told.contains(&needed) && told.contains("help: "), "{told}");
}

#[test]
fn a_checkpoint_that_shares_files_is_not_moved_and_takes_no_shared_file_along() {
    let left = Left::new();
    let (older, elsewhere) = (&left.checkpoints[0], left.folder.path().join("elsewhere"));
    let moved = sandbar(&["savepoint", "move", utf8(older), utf8(&elsewhere)]);
    assert_eq!(moved.status.code(), Some(2));
    assert!(text(&moved.stderr).contains("it shares files"), "{}", text(&moved.stderr));
    let before = contents(&left.job.join("shared"));
    let disposed = sandbar(&["savepoint", "dispose", "--yes", utf8(older)]);
    assert!(disposed.status.success(), "{}", text(&disposed.stderr));
    assert_eq!(contents(&left.job.join("shared")), before);
    verify(&left.checkpoints[1]).expect("the newer one lost nothing");
}
