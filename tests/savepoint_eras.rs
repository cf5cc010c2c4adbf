//! Savepoints that a run leaves on disk have the shape of their release, and their owner does with each what that allows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sandbar(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.args(arguments).output().expect("the command runs")
}

/// Runs a command that must succeed.
fn succeed(arguments: &[&str]) -> String {
    let output = sandbar(arguments);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}\n{err}");
    String::from_utf8(output.stdout).expect("everything that is printed is UTF-8")
}

/// What a command that must fail complains of.
fn complaint(arguments: &[&str]) -> String {
    let output = sandbar(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// A job that leaves a savepoint whose state is in files, and one that goes on from it.
fn scenario(release: &str, cluster: &str) -> String {
    format!(
        r#"
flink = "{release}"
seed = 3
{cluster}

[input.orders]
generate = {{ records = 200, keys = 10 }}
every = "10ms"

[job.sums]
checkpoint = {{ interval = "10s", inline-below = 0 }}
operators = [
  {{ name = "orders", source = "orders", uid = "orders-id" }},
  {{ name = "sums", aggregate = "sum", key-by = 0, uid = "sums-id" }},
  {{ name = "out", sink = "plain" }},
]

[[step]]
at = "1s"
do = {{ savepoint = {{ as = "left" }} }}

[[step]]
at = "1100ms"
do = {{ cancel = {{}} }}
"#
    )
}

/// The story that goes on where a savepoint left off: the same one without its steps.
fn sequel(release: &str, cluster: &str) -> String {
    let story = scenario(release, cluster);
    story.split("[[step]]").next().expect("there is a first part").to_owned()
}

/// What a run leaves under a release, and the story that goes on from it.
struct Left {
    folder: tempfile::TempDir,
    data: PathBuf,
    sequel: PathBuf,
}

fn left(release: &str, cluster: &str) -> Left {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let (story, sequel_path, data) = (path("story.toml"), path("sequel.toml"), path("data"));
    fs::write(&story, scenario(release, cluster)).expect("written");
    fs::write(&sequel_path, sequel(release, cluster)).expect("written");
    succeed(&["run", utf8(&story), "--data-dir", utf8(&data)]);
    Left { folder, data, sequel: sequel_path }
}

impl Left {
    /// The one savepoint that is listed.
    fn savepoint(&self) -> PathBuf {
        let listed = succeed(&["savepoint", "list", utf8(&self.data)]);
        assert_eq!(listed.lines().count(), 2, "{listed}");
        listed.split_once("\n  ").expect("a path and what it is").0.into()
    }

    fn goes_on_from(&self, path: &Path) {
        succeed(&["run", utf8(&self.sequel), "-s", utf8(path)]);
    }
}

const IN_FILES: &str = "[cluster]\nsavepoint-backend = \"filesystem\"";

#[test]
fn a_metadata_file_knows_where_its_data_lie() {
    for (release, cluster) in [("1.0", IN_FILES), ("1.1", IN_FILES), ("1.2", "")] {
        let left = left(release, cluster);
        let found = left.savepoint();
        assert!(found.is_file(), "{release}");
        assert!(succeed(&["savepoint", "show", utf8(&found)]).contains("/checkpoints/"));
        assert!(succeed(&["savepoint", "verify", utf8(&found)]).contains("is whole"));
        let renamed = left.folder.path().join("renamed");
        succeed(&["savepoint", "move", utf8(&found), utf8(&renamed)]);
        left.goes_on_from(&renamed);
        succeed(&["savepoint", "dispose", utf8(&renamed), "--yes"]);
        assert!(!renamed.exists());
        let listed = succeed(&["savepoint", "list", utf8(&left.data)]);
        assert!(listed.contains("no savepoint"), "{release}: its data went with it: {listed}");
    }
}

#[test]
fn savepoints_in_the_memory_of_the_job_manager_leave_nothing() {
    let left = left("1.1", "");
    let listed = succeed(&["savepoint", "list", utf8(&left.data)]);
    assert!(listed.contains("no savepoint or checkpoint"), "{listed}");
}

#[test]
fn absolute_paths_hold_a_folder_where_it_is() {
    for release in ["1.3", "1.7"] {
        let left = left(release, "");
        let found = left.savepoint();
        assert!(found.is_dir(), "{release}");
        left.goes_on_from(&found);
        let target = left.folder.path().join("moved");
        let refused = complaint(&["savepoint", "move", utf8(&found), utf8(&target)]);
        assert!(refused.contains("names its files by absolute paths"), "{refused}");
        assert!(refused.contains("help: add --rewrite-paths"), "{refused}");
        // By hand it can be moved, and does not work any more.
        fs::rename(&found, &target).expect("moved");
        let refused = complaint(&["run", utf8(&left.sequel), "-s", utf8(&target)]);
        assert!(refused.contains("refers by its absolute path; there is one at"), "{refused}");
        let mended = left.folder.path().join("mended");
        succeed(&["savepoint", "move", utf8(&target), utf8(&mended), "--rewrite-paths"]);
        assert!(!target.exists());
        left.goes_on_from(&mended);
        succeed(&["savepoint", "dispose", utf8(&mended), "--yes"]);
        assert!(!mended.exists());
    }
}

#[test]
fn relative_paths_go_wherever_the_folder_goes() {
    for release in ["1.11", "2.x"] {
        let left = left(release, "");
        let found = left.savepoint();
        let target = left.folder.path().join("moved");
        succeed(&["savepoint", "move", utf8(&found), utf8(&target)]);
        left.goes_on_from(&target);
        left.goes_on_from(&target.join("_metadata"));
        let again = left.folder.path().join("again");
        succeed(&["savepoint", "move", utf8(&target), utf8(&again), "--rewrite-paths"]);
        left.goes_on_from(&again);
    }
}
