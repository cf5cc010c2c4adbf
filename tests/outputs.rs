//! Files that a run writes for its user, and what they must never swallow: each other, what the run reads, snapshots.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const STORY: &str = r#"
[input.rows]
generate = { records = 20, keys = 3 }
[job.j]
checkpoint = { interval = "20ms" }
operators = [
  { name = "rows", source = "rows", uid = "rows" },
  { name = "one", sink = "two-phase", uid = "one" },
  { name = "two", sink = "plain", from = ["rows"] },
]
"#;

const READER: &str = r#"
[input.text]
text = "text.txt"
[job.j]
operators = [
  { name = "text", source = "text", uid = "text" },
  { name = "one", sink = "plain" },
]
"#;

/// Runs the command in a folder, so that every path in the arguments is a name in it.
fn sandbar(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(folder).args(arguments);
    command.output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("everything that is printed is UTF-8")
}

/// A folder with a story that generates its input, one that reads a text, and that text.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("story.toml", STORY);
    write("reader.toml", READER);
    write("text.txt", "to be kept\n");
    folder
}

/// Every file below a folder with its content, links by what they say.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = fs::symlink_metadata(&path).expect("it is there").file_type();
            let content = match (kind.is_symlink(), kind.is_dir(), kind.is_file()) {
                (true, _, _) => fs::read_link(&path).expect("a link").display().to_string().into(),
                (_, true, _) => {
                    folders.push(path.clone());
                    Vec::new()
                }
                (_, _, true) => fs::read(&path).expect("a file"),
                (_, _, false) => b"neither file nor folder".to_vec(),
            };
            found.push((path.display().to_string(), content));
        }
    }
    found.sort();
    found
}

/// Holds that a command is refused before anything is played, says this, and changes nothing.
fn refused(folder: &Path, arguments: &[&str], said: &str) {
    let before = contents(folder);
    let output = sandbar(folder, arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{out}\n{err}");
    assert_eq!(out, "", "{arguments:?}: something was played");
    assert!(err.starts_with("error: ") && err.contains("\nhelp: "), "{err}");
    assert!(err.contains(said), "{arguments:?}: {err}");
    assert_eq!(contents(folder), before, "{arguments:?}");
}

#[test]
fn two_outputs_of_one_run_are_two_files() {
    let folder = folder();
    let folder = folder.path();
    let run = |rest: &[&str], said: &str| {
        refused(folder, &[&["run", "story.toml"], rest].concat(), said);
    };
    fs::write(folder.join("there"), "older\n").expect("written");
    fs::create_dir(folder.join("in")).expect("created");
    for same in ["x", "there", "./x", "in/../x"] {
        run(&["--output", "one=x", "--output", "two=there", "--trace", same], "the same file");
    }
    run(&["--output", "one=x", "--output", "two=in/../x"], "--output one=x");
    let absolute = format!("one={}", folder.join("x").display());
    run(&["--output", &absolute, "--trace", "x"], "--trace x");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("there", folder.join("link")).expect("linked");
        symlink("nowhere", folder.join("dangling")).expect("linked");
        symlink("in", folder.join("inside")).expect("linked");
        fs::hard_link(folder.join("there"), folder.join("hard")).expect("linked");
        for (one, other) in [
            ("link", "there"),
            ("hard", "there"),
            ("hard", "link"),
            ("dangling", "nowhere"),
            ("inside/x", "in/x"),
        ] {
            run(&["--output", &format!("one={one}"), "--trace", other], "the same file");
        }
    }
    // Different files go on to be written, all of them.
    let apart = ["run", "story.toml", "--output", "one=x", "--output", "two=y", "--trace", "z"];
    assert_eq!(sandbar(folder, &apart).status.code(), Some(0));
    let length = |name: &str| fs::metadata(folder.join(name)).expect("written").len();
    assert!(length("x") > 0 && length("y") > 0 && length("z") > length("x"));
}

#[test]
fn an_output_is_nothing_that_the_run_reads() {
    let folder = folder();
    let folder = folder.path();
    fs::copy(folder.join("text.txt"), folder.join("other.txt")).expect("copied");
    for target in ["reader.toml", "text.txt"] {
        refused(folder, &["run", "reader.toml", "--trace", target], "which the run reads");
        let output = format!("one={target}");
        refused(folder, &["run", "reader.toml", "--output", &output], "which the run reads");
    }
    let instead = ["run", "reader.toml", "--input", "text=other.txt", "--output", "one=other.txt"];
    refused(folder, &instead, "which the run reads");
    // What the scenario names is not read if another file is given.
    let instead = ["run", "reader.toml", "--input", "text=other.txt", "--output", "one=text.txt"];
    assert_eq!(sandbar(folder, &instead).status.code(), Some(0));
}

#[test]
fn an_output_is_no_part_of_a_snapshot_or_data_folder() {
    let folder = folder();
    let folder = folder.path();
    let story = STORY.to_owned()
        + "[[step]]\nat = \"100ms\"\ndo = { cancel = { job = \"j\", with-savepoint = true, as = \"s\" } }\n";
    fs::write(
        folder.join("first.toml"),
        story.replace("uid = \"rows\" }", "uid = \"rows\", then = \"idle\" }"),
    )
    .expect("written");
    let first = sandbar(folder, &["run", "first.toml", "--data-dir", "d"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stdout));
    let snapshot = fs::read_dir(folder.join("d/savepoints")).expect("a folder").next();
    let snapshot = snapshot.expect("a savepoint").expect("an entry").file_name();
    let snapshot = format!("d/savepoints/{}", snapshot.to_str().expect("a plain name"));
    fs::create_dir(folder.join("home")).expect("created");
    fs::copy(folder.join(&snapshot).join("_metadata"), folder.join("home/_metadata"))
        .expect("copied");
    for target in [
        format!("{snapshot}/_metadata"),
        format!("{snapshot}/counts.tsv"),
        "home/_metadata".to_owned(),
        "home/counts.tsv".to_owned(),
        "d/savepoints/counts.tsv".to_owned(),
        "d/sinks/counts.tsv".to_owned(),
        "d/sandbar-data".to_owned(),
    ] {
        refused(folder, &["run", "story.toml", "--trace", &target], "snapshots");
    }
    refused(folder, &["run", "story.toml", "--trace", &snapshot], "snapshots");
    refused(folder, &["run", "story.toml", "--trace", "home"], "directory");
    // A data folder that is not there yet.
    refused(
        folder,
        &["run", "story.toml", "--data-dir", "new", "--trace", "new"],
        "the data folder",
    );
    refused(
        folder,
        &["run", "story.toml", "--data-dir", "new/d", "--trace", "new"],
        "the data folder",
    );
    let beside = ["run", "story.toml", "--data-dir", "d", "--trace", "d/trace.jsonl"];
    assert_eq!(sandbar(folder, &beside).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_output_is_no_fifo_and_a_link_is_written_through() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let folder = folder.path();
    let made = Command::new("mkfifo").arg(folder.join("fifo")).status().expect("mkfifo runs");
    assert!(made.success());
    symlink("fifo", folder.join("to-fifo")).expect("linked");
    for target in ["fifo", "to-fifo"] {
        refused(folder, &["run", "story.toml", "--trace", target], "fifo");
    }
    fs::create_dir(folder.join("in")).expect("created");
    symlink("in/later", folder.join("link")).expect("linked");
    symlink("link", folder.join("link-to-link")).expect("linked");
    symlink("loop", folder.join("loop")).expect("linked");
    symlink("no/such/folder/x", folder.join("astray")).expect("linked");
    let run = ["run", "story.toml", "--output", "one=link-to-link", "--trace", "/dev/null"];
    assert_eq!(sandbar(folder, &run).status.code(), Some(0));
    assert!(fs::symlink_metadata(folder.join("link")).expect("still there").is_symlink());
    assert!(fs::metadata(folder.join("in/later")).expect("written").len() > 0);
    refused(folder, &["run", "story.toml", "--trace", "loop"], "cannot write `loop`");
    refused(folder, &["run", "story.toml", "--trace", "astray"], "cannot write `astray`");
    // The report and an output that end in one file would cut each other short.
    let report = fs::File::create(folder.join("report")).expect("created");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(folder).args(["run", "story.toml", "--trace", "report"]).stdout(report);
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the standard output"), "{}", text(&output.stderr));
    // A pipe of the process's own is no fifo that somebody must open first.
    let piped = sandbar(folder, &["run", "story.toml", "--output", "one=/dev/stdout"]);
    assert_eq!(piped.status.code(), Some(0), "{}", text(&piped.stderr));
}

#[test]
fn a_check_of_determinism_over_a_used_folder_plays_the_same_twice() {
    let folder = folder();
    let folder = folder.path();
    let run = ["run", "story.toml", "--data-dir", "d"];
    for _ in 0..2 {
        assert_eq!(sandbar(folder, &run).status.code(), Some(0));
        let output = sandbar(folder, &[&run[..], &["--check-determinism"]].concat());
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
        assert!(out.contains("deterministic: played twice with the same digest"), "{out}");
    }
}

#[test]
fn a_replay_names_the_same_data_folder() {
    let folder = folder();
    let folder = folder.path();
    fs::write(
        folder.join("wrong.toml"),
        STORY.to_owned() + "[expect]\ncommitted-rows = { one = 21 }\n",
    )
    .expect("written");
    let output = sandbar(folder, &["run", "wrong.toml", "--data-dir", "my data"]);
    assert_eq!(output.status.code(), Some(1));
    let out = text(&output.stdout);
    let replay = out.lines().find(|line| line.starts_with("replay: ")).expect("a replay");
    assert!(replay.ends_with(" --data-dir 'my data'"), "{replay}");
}

#[test]
fn an_output_is_nothing_that_a_new_data_folder_will_hold() {
    let folder = folder();
    let folder = folder.path();
    fs::create_dir_all(folder.join("made/sinks")).expect("created");
    for target in ["sandbar-data", "sandbar-lock", "sandbar-holder", "sinks/x.sink"] {
        for data in ["made", "new"] {
            let trace = format!("{data}/{target}");
            let run = ["run", "story.toml", "--data-dir", data, "--trace", &trace];
            refused(folder, &run, "where snapshots are kept");
        }
    }
    assert!(!folder.join("new").exists());
}

#[test]
fn an_output_is_no_file_that_the_savepoint_names() {
    let folder = folder();
    let folder = folder.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let story = root.join("sim/incremental.toml").display().to_string();
    let first = sandbar(folder, &["run", &story, "--data-dir", "d"]);
    assert_eq!(first.status.code(), Some(0), "{}{}", text(&first.stdout), text(&first.stderr));
    // A job's checkpoints elsewhere: no data folder around them, but they know where their files are.
    let jobs = fs::read_dir(folder.join("d/checkpoints")).expect("a folder");
    let mut jobs: Vec<_> = jobs.map(|job| job.expect("an entry").path()).collect();
    jobs.sort_by_key(|job| contents(job).len());
    fs::rename(jobs.pop().expect("a job"), folder.join("moved")).expect("moved");
    let files = contents(&folder.join("moved"));
    let chk = files.iter().rev().find(|(path, _)| path.ends_with("/_metadata"));
    let chk = chk.expect("a checkpoint").0.trim_end_matches("/_metadata");
    let shared: Vec<_> = files.iter().filter(|(path, _)| path.contains("/shared/")).collect();
    assert!(!shared.is_empty(), "{files:#?}");
    let is_refused = |(path, _): &&(String, Vec<u8>)| {
        let output = sandbar(folder, &["run", "story.toml", "-s", chk, "--trace", path]);
        text(&output.stderr).contains("which the run reads")
    };
    let refused = shared.iter().filter(|file| is_refused(file)).count();
    assert!(refused > 0, "no file of {chk} is kept from being written over");
}

#[cfg(unix)]
#[test]
fn an_output_is_not_what_the_standard_streams_are() {
    let folder = folder();
    let folder = folder.path();
    let open = |name: &str| fs::File::options().read(true).write(true).open(folder.join(name));
    for (arguments, input, errors) in [
        (&["run", "-", "--trace", "story.toml"][..], "story.toml", None),
        (&["run", "reader.toml", "--input", "text=-", "--trace", "text.txt"], "text.txt", None),
        (&["run", "story.toml", "--trace", "text.txt"], "reader.toml", Some("text.txt")),
    ] {
        let before = contents(folder);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
        command.current_dir(folder).args(arguments).stdin(open(input).expect("it is there"));
        if let Some(errors) = errors {
            let end = fs::File::options().append(true).open(folder.join(errors));
            command.stderr(end.expect("it is there"));
        }
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stdout));
        if errors.is_none() {
            assert!(text(&output.stderr).contains("the standard "), "{}", text(&output.stderr));
            assert_eq!(contents(folder), before);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("secret"), "older\n").expect("written");
    fs::set_permissions(folder.join("secret"), fs::Permissions::from_mode(0o600)).expect("set");
    let run = ["run", "story.toml", "--trace", "secret"];
    assert_eq!(sandbar(folder, &run).status.code(), Some(0));
    let now = fs::metadata(folder.join("secret")).expect("there");
    assert_eq!((now.permissions().mode() & 0o777, now.len() > 6), (0o600, true));
}

#[cfg(unix)]
#[test]
fn who_holds_a_folder_is_told_in_a_file_of_its_own_only() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let folder = folder.path();
    let run = ["run", "story.toml", "--data-dir", "d"];
    let again = |what: &str, code: i32| {
        let output = sandbar(folder, &run);
        assert_eq!(output.status.code(), Some(code), "{what}: {}", text(&output.stderr));
    };
    fs::create_dir(folder.join("d")).expect("created");
    let holder = folder.join("d/sandbar-holder");
    let made = Command::new("mkfifo").arg(&holder).status().expect("mkfifo runs");
    assert!(made.success());
    again("a fifo", 0);
    fs::remove_file(&holder).expect("still there");
    symlink("/dev/zero", &holder).expect("linked");
    again("a device", 0);
    fs::remove_file(&holder).expect("still there");
    fs::write(folder.join("diary"), "held by my sister since May\n").expect("written");
    symlink("../diary", &holder).expect("linked");
    again("a link", 0);
    fs::remove_file(&holder).expect("still there");
    fs::hard_link(folder.join("diary"), &holder).expect("linked");
    again("a hard link", 0);
    assert_eq!(fs::read(folder.join("diary")).expect("there"), b"held by my sister since May\n");
    let _ = fs::remove_file(&holder);
    symlink("../nothing", &holder).expect("linked");
    again("a dangling link", 0);
    fs::remove_file(folder.join("d/sandbar-lock")).expect("there");
    symlink("../nothing", folder.join("d/sandbar-lock")).expect("linked");
    again("the lock is a link", 2);
    assert!(!folder.join("nothing").exists());
}
