//! Files are removed and moved only if they are known to be a snapshot's, however the snapshot is named on the command line.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A job that leaves a savepoint with state files, under a release.
fn first(release: &str) -> String {
    let mut story = second(release);
    story.push_str("[[step]]\nat = '1s'\ndo = { savepoint = { as = 'left' } }\n");
    story.push_str("[[step]]\nat = '1100ms'\ndo = { cancel = {} }\n");
    story
}

/// The same job alone, to its end.
fn second(release: &str) -> String {
    format!(
        "flink = '{release}'
seed = 3
[input.orders]
generate = {{ records = 200, keys = 10 }}
every = '10ms'
[job.sums]
checkpoint = {{ interval = '200ms', inline-below = 0 }}
operators = [
  {{ name = 'orders', source = 'orders', uid = 'orders-id' }},
  {{ name = 'sums', aggregate = 'sum', key-by = 0, uid = 'sums-id' }},
  {{ name = 'out', sink = 'plain' }},
]
"
    )
}

/// A data folder with one savepoint, and the stories beside it.
struct Left {
    folder: tempfile::TempDir,
}

impl Left {
    fn under(release: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let left = Self { folder };
        fs::write(left.at("first.toml"), first(release)).expect("written");
        fs::write(left.at("second.toml"), second("1.15")).expect("written");
        left.succeed(&["run", "first.toml", "--data-dir", "d"]);
        left
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the savepoint.
    fn savepoint(&self) -> PathBuf {
        let found = paths(&self.at("d/savepoints"));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    /// Copies the savepoint into a folder with things of others.
    fn make_home(&self) -> PathBuf {
        let home = self.at("home");
        fs::create_dir_all(home.join("photos")).expect("made");
        for file in paths(&self.savepoint()) {
            fs::copy(&file, home.join(file.file_name().expect("a file"))).expect("copied");
        }
        fs::write(home.join("thesis.txt"), "precious").expect("written");
        fs::write(home.join("photos/1.jpg"), "jpg").expect("written");
        home
    }

    fn in_folder(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
        // A command that waits for a fifo would wait for ever.
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        command.output().expect("the command runs")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.in_folder(self.folder.path(), arguments)
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        succeeded(&self.run(arguments), arguments)
    }

    /// Whether the commands went on from the savepoint, and left what is other people's.
    fn claims(&self, folder: &Path, path: &str) -> String {
        let story = self.at("second.toml");
        let data = self.at("d2");
        let arguments =
            ["run", utf8(&story), "-s", path, "--claim", "claim", "--data-dir", utf8(&data)];
        succeeded(&self.in_folder(folder, &arguments), &arguments)
    }
}

fn succeeded(output: &Output, arguments: &[&str]) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}\n{out}{err}");
    out
}

/// The same text on one line.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// What a folder holds, sorted.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn names(folder: &Path) -> Vec<String> {
    let names = paths(folder).into_iter();
    names.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

/// Makes a fifo in the place of a file.
fn put_fifo(path: &Path) {
    if path.exists() {
        fs::remove_file(path).expect("removed");
    }
    assert!(Command::new("mkfifo").arg(path).status().expect("it runs").success());
}

#[test]
fn a_claim_removes_the_snapshot_and_nothing_that_lies_beside_it() {
    for path in ["home", "home/_metadata"] {
        let left = Left::under("1.15");
        let home = left.make_home();
        let told = left.claims(left.folder.path(), path);
        assert_eq!(names(&home), ["photos", "thesis.txt"], "{path}");
        assert_eq!(fs::read(home.join("thesis.txt")).expect("it is there"), b"precious");
        assert_eq!(fs::read(home.join("photos/1.jpg")).expect("it is there"), b"jpg");
        assert!(told.contains("left on disk"), "{told}");
        assert!(told.contains("thesis.txt does not belong to it and was left"), "{told}");
    }
}

#[test]
fn what_a_claim_leaves_is_told_to_other_programs_and_moves_no_digest() {
    let digest = |is_foreign: bool| {
        let left = Left::under("1.15");
        let home = left.make_home();
        if !is_foreign {
            fs::remove_dir_all(home.join("photos")).expect("removed");
            fs::remove_file(home.join("thesis.txt")).expect("removed");
        }
        let told = left.succeed(&[
            "run",
            "second.toml",
            "-s",
            "home",
            "--claim",
            "claim",
            "--data-dir",
            "d2",
            "--format",
            "json",
        ]);
        assert_eq!(told.contains("thesis.txt"), is_foreign, "{told}");
        assert_eq!(home.exists(), is_foreign);
        let digest = told.lines().find(|line| line.contains("\"digest\"")).expect("a digest");
        digest.to_owned()
    };
    assert_eq!(digest(true), digest(false));
}

#[test]
fn a_claimed_snapshot_goes_whichever_way_it_is_named() {
    let left = Left::under("1.15");
    let savepoint = left.savepoint();
    let name = savepoint.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
    symlink(&savepoint, left.at("link")).expect("linked");
    let (parent, root) = (left.at("d/savepoints"), left.folder.path().to_owned());
    let whole = utf8(&savepoint).to_owned();
    let ways = [
        (&savepoint, "_metadata".to_owned()),
        (&savepoint, ".".to_owned()),
        (&parent, name.clone()),
        (&parent, format!("./{name}/")),
        (&root, "link".to_owned()),
        (&root, "link/_metadata".to_owned()),
        (&root, format!("file:{whole}")),
        (&root, format!("file://{whole}")),
        (&root, format!("file://localhost{whole}/_metadata")),
    ];
    let content: Vec<(PathBuf, Vec<u8>)> = paths(&savepoint)
        .into_iter()
        .map(|file| (file.clone(), fs::read(file).expect("read")))
        .collect();
    for (folder, path) in ways {
        fs::create_dir_all(&savepoint).expect("made");
        for (file, bytes) in &content {
            fs::write(file, bytes).expect("written");
        }
        left.claims(folder, &path);
        assert!(!savepoint.exists(), "{path}");
        assert!(left.at("link").is_symlink(), "{path}");
        fs::remove_dir_all(left.at("d2")).expect("the run wrote its own");
    }
}

#[test]
fn all_commands_take_paths_as_they_are_meant() {
    let left = Left::under("1.15");
    let savepoint = left.savepoint();
    for command in ["show", "verify"] {
        for path in [".", "_metadata", "../../savepoints"] {
            let path = if path.ends_with("points") {
                format!("{path}/{}", savepoint.file_name().expect("a name").to_string_lossy())
            } else {
                path.to_owned()
            };
            succeeded(
                &left.in_folder(&savepoint, &["savepoint", command, &path]),
                &[command, &path],
            );
        }
    }
    let whole = format!("file://{}", utf8(&savepoint));
    left.succeed(&["savepoint", "verify", &whole]);
    left.succeed(&["savepoint", "list", &format!("file:{}", utf8(&left.at("d")))]);
    let other = left.run(&["savepoint", "show", "file://elsewhere/d"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("it names another machine"), "{}", text(&other.stderr));
    let moved = left.in_folder(&savepoint, &["savepoint", "move", ".", "../../../moved"]);
    succeeded(&moved, &["move"]);
    assert!(left.at("moved/_metadata").is_file() && !savepoint.exists());
    succeeded(
        &left.in_folder(&left.at("moved"), &["savepoint", "dispose", "--yes", "_metadata"]),
        &["dispose"],
    );
    assert!(!left.at("moved").exists());
}

/// Has metadata that name files by absolute paths name another file, of the same length, in the place of the first of them.
fn rename_first_reference(metadata: &Path, to: &Path) {
    let mut read = sandbar::internals::decode(&fs::read(metadata).expect("read")).expect("decoded");
    let folder = utf8(to.parent().expect("a folder")).to_owned();
    read.change_folders(|_| Some(folder.clone()));
    fs::write(metadata, read.encode()).expect("written");
}

#[test]
fn dispose_looks_into_what_it_removes() {
    let left = Left::under("1.7");
    let savepoint = left.savepoint();
    let states: Vec<PathBuf> =
        paths(&savepoint).into_iter().filter(|path| !path.ends_with("_metadata")).collect();
    // The metadata name a text of somebody else's, whose name looks like that of a state file.
    let papers = left.at("papers");
    fs::create_dir(&papers).expect("made");
    let text_file = papers.join(states[0].file_name().expect("a name"));
    fs::write(&text_file, "precious").expect("written");
    rename_first_reference(&savepoint.join("_metadata"), &text_file);
    assert_eq!(left.run(&["savepoint", "show", utf8(&savepoint)]).status.code(), Some(2));
    let told = left.succeed(&["savepoint", "dispose", "--yes", utf8(&savepoint)]);
    assert_eq!(fs::read(&text_file).expect("it is there"), b"precious");
    assert!(told.contains(utf8(&text_file)), "{told}");
    assert!(unwrapped(&told).contains("is not the file that was written and was left"), "{told}");
    // The state files themselves lie in the folder of the savepoint.
    assert!(!savepoint.exists(), "{told}");
}

#[test]
fn a_state_file_outside_of_all_data_folders_stays() {
    let left = Left::under("1.7");
    let savepoint = left.savepoint();
    let shelf = left.at("shelf");
    fs::create_dir(&shelf).expect("made");
    let states: Vec<PathBuf> =
        paths(&savepoint).into_iter().filter(|path| !path.ends_with("_metadata")).collect();
    for state in &states {
        fs::rename(state, shelf.join(state.file_name().expect("a name"))).expect("moved");
    }
    rename_first_reference(&savepoint.join("_metadata"), &shelf.join("any"));
    left.succeed(&["savepoint", "verify", utf8(&savepoint)]);
    let told = left.succeed(&["savepoint", "dispose", "--yes", utf8(&savepoint)]);
    assert_eq!(names(&shelf).len(), states.len(), "{told}");
    assert!(
        unwrapped(&told).contains("lies in a folder that is not the snapshot's and was left"),
        "{told}"
    );
    assert!(!savepoint.exists());
}

#[test]
fn a_copy_is_disposed_of_and_the_original_stays_whole() {
    for release in ["1.2", "1.3", "1.7", "1.11", "1.15"] {
        let left = Left::under(release);
        let (savepoint, backup) = (left.savepoint(), left.at("backup"));
        let copied = Command::new("cp").arg("-r").args([&savepoint, &backup]).status();
        assert!(copied.expect("it runs").success());
        left.succeed(&["savepoint", "dispose", "--yes", "backup"]);
        assert!(!backup.exists(), "{release}: {:?}", names(&backup));
        left.succeed(&["savepoint", "verify", utf8(&savepoint)]);
        // And the original goes, with the data that it alone has now.
        left.succeed(&["savepoint", "dispose", "--yes", utf8(&savepoint)]);
        assert!(!savepoint.exists(), "{release}");
        assert!(left.succeed(&["savepoint", "list", "d"]).starts_with("no savepoint"), "{release}");
    }
}

#[test]
fn dispose_through_a_link_removes_what_it_leads_to_and_tells_of_the_link() {
    let left = Left::under("1.15");
    let savepoint = left.savepoint();
    symlink(&savepoint, left.at("link")).expect("linked");
    let told = left.succeed(&["savepoint", "dispose", "--yes", "link"]);
    assert!(!savepoint.exists() && left.at("link").is_symlink());
    assert!(told.contains("is a link, and leads to nothing now"), "{told}");
}

#[test]
fn files_that_are_links_are_not_removed() {
    let left = Left::under("1.15");
    let (savepoint, pool) = (left.savepoint(), left.at("pool"));
    fs::create_dir(&pool).expect("made");
    for file in paths(&savepoint) {
        let target = pool.join(file.file_name().expect("a name"));
        fs::rename(&file, &target).expect("moved");
        symlink(&target, &file).expect("linked");
    }
    let before = names(&savepoint);
    left.succeed(&["savepoint", "verify", utf8(&savepoint)]);
    let told = left.succeed(&["savepoint", "dispose", "--yes", utf8(&savepoint)]);
    assert_eq!((names(&savepoint), names(&pool)), (before.clone(), before), "{told}");
    assert!(told.contains("removed nothing of"), "{told}");
    assert!(
        unwrapped(&told).contains("is a symbolic link, not the file that was written"),
        "{told}"
    );
}

#[test]
fn a_move_takes_nothing_foreign_along() {
    let left = Left::under("1.15");
    let home = left.make_home();
    let told = left.succeed(&["savepoint", "move", "home", "moved"]);
    assert_eq!(names(&home), ["photos", "thesis.txt"]);
    assert!(told.contains("thesis.txt does not belong to it and was left"), "{told}");
    left.succeed(&["savepoint", "verify", "moved"]);
    assert_eq!(names(&left.at("moved")), names(&left.savepoint()));
}

#[test]
fn what_has_no_end_is_refused_at_once() {
    let left = Left::under("1.15");
    let savepoint = left.savepoint();
    let story = left.at("second.toml");
    let refused = |path: &Path, kind: &str| {
        for arguments in [
            &["savepoint", "show", utf8(path)][..],
            &["savepoint", "verify", utf8(path)],
            &["savepoint", "move", utf8(path), utf8(&left.at("moved"))],
            &["run", utf8(&story), "-s", utf8(path)],
        ] {
            let output = left.run(arguments);
            let err = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
            assert!(err.contains(kind) && err.contains("help: "), "{arguments:?}: {err}");
        }
        let listed = left.run(&["savepoint", "list", "d"]);
        assert_eq!(listed.status.code(), Some(2), "{}", text(&listed.stderr));
    };
    let state = paths(&savepoint).into_iter().find(|path| !path.ends_with("_metadata"));
    let (state, metadata) = (state.expect("a state file"), savepoint.join("_metadata"));
    let whole = fs::read(&state).expect("read");
    put_fifo(&state);
    refused(&savepoint, "is a fifo, not a regular file");
    fs::remove_file(&state).expect("removed");
    symlink("/dev/zero", &state).expect("linked");
    refused(&savepoint, "is a device, not a regular file");
    fs::remove_file(&state).expect("removed");
    fs::write(&state, whole).expect("written");
    put_fifo(&metadata);
    refused(&savepoint, "is a fifo, not a regular file");
    assert_eq!(
        left.run(&["savepoint", "dispose", "--yes", utf8(&savepoint)]).status.code(),
        Some(2)
    );
    fs::remove_file(&metadata).expect("removed");
    symlink("/dev/zero", &metadata).expect("linked");
    refused(&savepoint, "is a device, not a regular file");
    assert_eq!(
        left.run(&["savepoint", "dispose", "--yes", utf8(&savepoint)]).status.code(),
        Some(2)
    );
    fs::remove_file(&metadata).expect("removed");
    // A file with a hole: as long as a disk, with nothing in it.
    let file = fs::File::create(&metadata).expect("made");
    file.set_len(1 << 40).expect("grown");
    refused(&savepoint, "is longer than the 1073741824 bytes");
}

/// Copies a folder, or a file, with all that is in it.
fn copy_all(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(copied.expect("it runs").success());
}

#[test]
fn a_copy_goes_and_the_original_stays_whole_however_deep_it_lies() {
    for place in ["d/archive/2016", "d/savepoints/mine", "d/savepoints/my/old/ones"] {
        let left = Left::under("1.2");
        let (archive, savepoint) = (left.at(place), left.savepoint());
        fs::create_dir_all(&archive).expect("made");
        left.succeed(&["savepoint", "move", utf8(&savepoint), utf8(&archive)]);
        let original = archive.join(savepoint.file_name().expect("a name"));
        copy_all(&original, &left.at("copy"));
        let told = left.succeed(&["savepoint", "dispose", "--yes", "copy"]);
        assert!(!left.at("copy").exists(), "{place}");
        let whole = fs::canonicalize(&original).expect("it is there");
        assert!(
            unwrapped(&told).contains(&format!("belongs to `{}`, too", utf8(&whole))),
            "{told}"
        );
        left.succeed(&["savepoint", "verify", utf8(&original)]);
        // The original goes with its data, which nobody else has now.
        let told = left.succeed(&["savepoint", "dispose", "--yes", utf8(&original)]);
        assert!(!original.exists() && !told.contains("was left"), "{told}");
        assert!(told.contains("was removed, too"), "{told}");
    }
}

#[test]
fn the_files_in_the_folder_of_another_snapshot_stay() {
    let left = Left::under("1.3");
    let (team, copy) = (left.at("d/savepoints/team"), left.at("d/copy"));
    let (savepoint, original) = (left.savepoint(), team.join("S"));
    fs::create_dir(&team).expect("made");
    left.succeed(&["savepoint", "move", "--rewrite-paths", utf8(&savepoint), utf8(&original)]);
    copy_all(&original, &copy);
    let before = names(&original);
    left.succeed(&["savepoint", "dispose", "--yes", utf8(&copy)]);
    assert_eq!(names(&original), before);
    left.succeed(&["savepoint", "verify", utf8(&original)]);
    // Whoever cannot be asked keeps the files that lie beside it.
    copy_all(&original, &copy);
    fs::write(original.join("_metadata"), "not ours").expect("written");
    let told = left.succeed(&["savepoint", "dispose", "--yes", utf8(&copy)]);
    assert_eq!(names(&original), before);
    assert!(
        unwrapped(&told).contains("lies in the folder of another snapshot and was left"),
        "{told}"
    );
}

#[test]
fn a_data_folder_of_the_older_program_is_one() {
    let left = Left::under("1.2");
    fs::write(left.at("d/sandbar-data"), "sandbar data folder, version 1\n").expect("written");
    let savepoint = left.savepoint();
    let told = left.succeed(&["savepoint", "dispose", "--yes", utf8(&savepoint)]);
    assert!(!savepoint.exists() && !told.contains("was left"), "{told}");
    assert!(told.contains("was removed, too"), "{told}");
}

#[test]
fn nothing_is_removed_or_moved_in_a_data_folder_of_a_newer_program() {
    let left = Left::under("1.15");
    fs::write(left.at("d/sandbar-data"), "sandbar data folder, version 3\n").expect("written");
    let savepoint = left.savepoint();
    let (before, from, data) = (names(&savepoint), utf8(&savepoint), left.at("d3"));
    fs::create_dir(left.at("outside")).expect("made");
    copy_all(&savepoint, &left.at("outside/copy"));
    for arguments in [
        &["savepoint", "dispose", "--yes", from][..],
        &["savepoint", "dispose", "--yes", "--no-lock", from],
        &["savepoint", "move", from, "moved"],
        &["savepoint", "move", "outside/copy", "d/savepoints/copy"],
        &["run", "second.toml", "-s", from, "--claim", "claim", "--data-dir", utf8(&data)],
    ] {
        let output = left.run(arguments);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        assert!(err.contains("sandbar-data") && err.contains("help: "), "{arguments:?}: {err}");
    }
    assert_eq!(names(&savepoint), before);
    // A folder of that name marks nothing.
    fs::create_dir(left.at("outside/sandbar-data")).expect("made");
    left.succeed(&["savepoint", "dispose", "--yes", "outside/copy"]);
}

#[test]
fn a_name_that_is_no_text_hides_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let left = Left::under("1.15");
    let odd = std::ffi::OsStr::from_bytes(b"savepoint-\xff");
    let savepoint = left.savepoint();
    let moved = savepoint.with_file_name(odd);
    fs::rename(&savepoint, &moved).expect("moved");
    fs::write(moved.join(odd), "mine").expect("written");
    let listed = left.succeed(&["savepoint", "list", "d"]);
    assert!(listed.contains("savepoint-\u{fffd}\n  savepoint 6 of sums"), "{listed}");
    let verified = left.in_folder(&moved, &["savepoint", "verify", "."]);
    let told = succeeded(&verified, &["verify"]);
    let line = told.lines().find(|line| line.contains("does not belong to it"));
    assert!(line.is_some_and(|line| line.contains("savepoint-\u{fffd} ")), "{told}");
}

#[test]
fn what_is_not_there_is_told_before_anybody_is_asked() {
    let left = Left::under("1.15");
    let refused = |path: &str| {
        let output = left.run(&["savepoint", "dispose", path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        text(&output.stderr)
    };
    let err = refused("d/nothing");
    assert!(err.contains("d/nothing") && !err.contains("agree"), "{err}");
    let err = refused(utf8(&left.savepoint()));
    assert!(err.contains("nobody is there to agree"), "{err}");
}
