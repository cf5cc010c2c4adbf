//! Two hundred kinds of things of others around snapshots of every layout, and what is done to these: claim, dispose,
//! retention, move. None of the things is gone, changed or taken along.

use crate::tree::{Leaf, assert_untouched, tree};
use crate::worlds::{FOLDERS, Kept, RELEASES, going_on, leave, play, real};
use sandbar::savepoints::{dispose, list, move_to, move_with_paths, verify};
use sandbar::story::ClaimMode;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a thing is called; `%` is what tells it from the others.
const NAMES: [&[u8]; 16] = [
    b"notes-%.txt",
    b"two words %",
    b"two\nlines %",
    b"no \xff\xfe text %",
    b"-rf %",
    b".hidden-%",
    b"_metadata.%",
    b"_metadata %",
    b".unfinished-mine-%",
    b".removed-%",
    b"savepoint-13085e-39d4e3455d%",
    b"chk-9%",
    b"0e25be08-6720-4b67-b7ba-8469622300%",
    b"shared-%",
    b"\xc3\xa9t\xc3\xa9-%.sink",
    b"a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-%",
];

/// What a thing is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Shape {
    Empty,
    Text,
    Big,
    Hole,
    ReadOnly,
    Program,
    EmptyFolder,
    Folder,
    ReadOnlyFolder,
    LinkToFile,
    LinkToFolder,
    LinkToNothing,
    LinkToItself,
    HardLink,
    Fifo,
    Socket,
    /// The content of a state file under another name.
    CopyOfState,
}

const SHAPES: [Shape; 17] = [
    Shape::Empty,
    Shape::Text,
    Shape::Big,
    Shape::Hole,
    Shape::ReadOnly,
    Shape::Program,
    Shape::EmptyFolder,
    Shape::Folder,
    Shape::ReadOnlyFolder,
    Shape::LinkToFile,
    Shape::LinkToFolder,
    Shape::LinkToNothing,
    Shape::LinkToItself,
    Shape::HardLink,
    Shape::Fifo,
    Shape::Socket,
    Shape::CopyOfState,
];

/// Where links lead to and hard links come from, and what is copied.
struct Others {
    folder: tempfile::TempDir,
    state: Vec<u8>,
}

impl Others {
    fn new(state: Vec<u8>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("precious"), "precious").expect("written");
        fs::create_dir(folder.path().join("photos")).expect("made");
        fs::write(folder.path().join("photos/1.jpg"), "jpg").expect("written");
        Self { folder, state }
    }

    fn put(&self, shape: Shape, path: &Path) {
        let precious = self.folder.path().join("precious");
        let write = |content: &[u8]| fs::write(path, content).expect("written");
        let mode = |mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
        match shape {
            Shape::Empty => write(b""),
            Shape::Text => write(b"mine"),
            Shape::Big => write(&vec![7; 200_000]),
            Shape::Hole => File::create(path).and_then(|file| file.set_len(1 << 33)).expect("made"),
            Shape::ReadOnly => {
                write(b"mine");
                mode(0o444);
            }
            Shape::Program => {
                write(b"#!/bin/sh\n");
                mode(0o755);
            }
            Shape::EmptyFolder => fs::create_dir(path).expect("made"),
            Shape::Folder | Shape::ReadOnlyFolder => {
                fs::create_dir(path).expect("made");
                fs::write(path.join("inside"), "mine").expect("written");
                symlink("/nowhere", path.join("link")).expect("linked");
                if shape == Shape::ReadOnlyFolder {
                    mode(0o555);
                }
            }
            Shape::LinkToFile => symlink(&precious, path).expect("linked"),
            Shape::LinkToFolder => {
                symlink(self.folder.path().join("photos"), path).expect("linked");
            }
            Shape::LinkToNothing => symlink("/nowhere/at/all", path).expect("linked"),
            Shape::LinkToItself => symlink(path, path).expect("linked"),
            Shape::HardLink => fs::hard_link(&precious, path).expect("linked"),
            Shape::Fifo => {
                assert!(
                    Command::new("mkfifo").arg("--").arg(path).status().expect("it runs").success()
                );
            }
            Shape::Socket => drop(UnixListener::bind(path).expect("bound")),
            Shape::CopyOfState => write(&self.state),
        }
    }

    /// Puts one of every kind into these folders by turns, and says what lies there that must stay.
    fn put_all(&self, folders: &[PathBuf], own: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Leaf> {
        let mut kinds = 0;
        for (at, shape) in SHAPES.iter().enumerate() {
            for (name_at, name) in NAMES.iter().enumerate() {
                // A path of a socket must be short.
                if *shape == Shape::Socket && name.len() > 20 {
                    continue;
                }
                for folder in folders {
                    self.put_one(*shape, &folder.join(named(name, at)));
                }
                kinds += usize::from(name_at < NAMES.len());
            }
        }
        assert!(kinds >= 200, "only {kinds} kinds of things");
        let mut things = tree(self.folder.path());
        for folder in folders {
            things.extend(tree(folder));
        }
        things.retain(|path, _| !own.contains(path));
        things
    }

    fn put_one(&self, shape: Shape, path: &Path) {
        // The length of a socket's path has a bound that temporary folders may reach.
        if shape == Shape::Socket && path.as_os_str().len() > 100 {
            return self.put(Shape::Fifo, path);
        }
        self.put(shape, path);
    }
}

/// A name with its number in it, in two digits.
fn named(pattern: &[u8], number: usize) -> OsString {
    let number = format!("{number:02}");
    let place = pattern.iter().position(|byte| *byte == b'%').expect("a place for the number");
    let name = [&pattern[..place], number.as_bytes(), &pattern[place + 1..]].concat();
    OsStr::from_bytes(&name).to_owned()
}

/// Everything in a folder, however deep.
fn paths(folder: &Path) -> BTreeSet<PathBuf> {
    tree(folder).into_keys().collect()
}

/// A savepoint under a release, with things of others around it.
struct Scene {
    /// Keeps it there.
    _root: tempfile::TempDir,
    others: Others,
    root: PathBuf,
    data: PathBuf,
    savepoint: PathBuf,
    /// The files of the savepoint.
    own: BTreeSet<PathBuf>,
    things: BTreeMap<PathBuf, Leaf>,
}

impl Scene {
    fn under(release: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = fs::canonicalize(folder.path()).expect("it is there");
        let data = root.join("d");
        let savepoint = leave(release, &data);
        let verified = verify(&savepoint).expect("it is whole");
        let home = if savepoint.is_dir() { savepoint.clone() } else { data.join("savepoints") };
        let own: BTreeSet<PathBuf> = verified
            .files
            .iter()
            .filter(|file| !file.name.starts_with("../"))
            .map(|file| home.join(&file.name))
            .collect();
        assert!(own.len() > 1, "{release}: it has no state files");
        let state = own.iter().find(|path| **path != savepoint && !path.ends_with("_metadata"));
        let others = Others::new(fs::read(state.expect("a state file")).expect("read"));
        // In its folder and in that of its data, beside these, under them, and in all folders of the data folder.
        let mut folders: BTreeSet<PathBuf> =
            own.iter().map(|path| path.parent().expect("a folder").to_owned()).collect();
        let beside: Vec<PathBuf> =
            folders.iter().map(|path| path.parent().expect("a folder").to_owned()).collect();
        let under = folders.iter().map(|path| path.join("under")).collect::<Vec<_>>();
        under.iter().for_each(|path| fs::create_dir(path).expect("made"));
        folders.extend(beside.into_iter().chain(under));
        folders.insert(data.clone());
        for (path, _) in tree(&data) {
            if path.is_dir() && !path.ends_with("sinks") {
                folders.insert(path);
            }
        }
        let all: Vec<PathBuf> = folders.into_iter().collect();
        let before = paths(&data);
        let mut things = others.put_all(&all, &own);
        // What the store itself has beside the savepoint is not foreign, and may be replaced.
        things.retain(|path, _| !before.contains(path) || path.ends_with("under"));
        Self { _root: folder, others, root, data, savepoint, own, things }
    }

    fn assert_untouched(&self, story: &str) {
        assert_untouched(&self.things, story);
        let there = paths(&self.others.folder.path().join("photos"));
        assert_eq!(there.len(), 1, "{story}");
    }

    fn assert_own_is_gone(&self, story: &str) {
        for path in &self.own {
            assert!(!path.exists(), "{story}: `{}` is still there", path.display());
        }
    }
}

#[test]
fn things_of_others_outlive_a_dispose() {
    for release in RELEASES {
        let scene = Scene::under(release);
        let disposed = dispose(&scene.savepoint).expect("it is disposed of");
        scene.assert_untouched(release);
        scene.assert_own_is_gone(release);
        assert_eq!(disposed.removed.len(), scene.own.len(), "{release}");
        assert!(disposed.left.len() >= 200, "{release}: {}", disposed.left.len());
        // What is left may look like a snapshot by its names; it is none.
        let listed = list(&scene.data).expect("a data folder can be listed");
        let is_whole = |listed: &sandbar::savepoints::Listed| listed.summary.is_ok();
        let is_it = |listed: &sandbar::savepoints::Listed| listed.path == scene.savepoint;
        assert!(!listed.iter().any(|listed| is_it(listed) && is_whole(listed)), "{release}");
    }
}

#[test]
fn things_of_others_are_not_moved() {
    for release in RELEASES {
        let scene = Scene::under(release);
        let target = scene.root.join("moved");
        let moved = match release {
            "1.7" => move_with_paths(&scene.savepoint, &target),
            _ => move_to(&scene.savepoint, &target),
        };
        let moved = moved.unwrap_or_else(|error| panic!("{release}: {error}"));
        scene.assert_untouched(release);
        assert!(!scene.savepoint.join("_metadata").exists(), "{release}");
        verify(&moved.path).expect("it is whole");
        if moved.path.is_dir() {
            assert_eq!(paths(&moved.path).len(), scene.own.len(), "{release}");
            scene.assert_own_is_gone(release);
        }
    }
}

#[test]
fn things_of_others_outlive_a_claim() {
    for release in RELEASES {
        let scene = Scene::under(release);
        let from = Some((scene.savepoint.as_path(), ClaimMode::Claim));
        let ran = play(&real(), &going_on("1.15", Kept::InFiles, 3), &scene.data, from, || ());
        let (played, _) = ran.unwrap_or_else(|error| panic!("{release}: {error}"));
        scene.assert_untouched(release);
        if FOLDERS.contains(&release) {
            scene.assert_own_is_gone(release);
            assert!(played.left.len() >= 200, "{release}: {}", played.left.len());
        }
    }
}

#[test]
fn things_of_others_outlive_the_retention_of_checkpoints() {
    let in_files = RELEASES.map(|release| (release, Kept::InFiles));
    let shared = FOLDERS.map(|release| (release, Kept::Shared));
    for (release, kept) in in_files.into_iter().chain(shared) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = fs::canonicalize(folder.path()).expect("it is there").join("d");
        let others = Others::new(b"a state file of somebody else's".to_vec());
        let (mut things, mut planted) = (BTreeMap::new(), BTreeSet::new());
        // Somebody puts things into every checkpoint's folder as soon as it is there.
        let ran = play(&real(), &going_on(release, kept, 3), &data, None, || {
            let jobs = data.join("checkpoints");
            for path in tree_of_folders(&jobs) {
                let is_checkpoint = path.file_name().is_some_and(|name| {
                    let name = name.to_string_lossy();
                    name.strip_prefix("chk-").is_some_and(|number| number.len() == 1)
                        || name == "shared"
                });
                if is_checkpoint && planted.insert(path.clone()) {
                    let own = paths(&path);
                    things.extend(others.put_all(std::slice::from_ref(&path), &own));
                }
            }
        });
        let (played, _) = ran.unwrap_or_else(|error| panic!("{release}: {error}"));
        assert!(planted.len() > 2, "{release}: {planted:?}");
        assert_untouched(&things, release);
        assert!(played.left.len() >= 200, "{release}: {}", played.left.len());
        let metadata = planted.iter().filter(|path| path.join("_metadata").exists());
        assert!(metadata.count() < planted.len() - 1, "{release}: nothing was subsumed");
    }
}

fn tree_of_folders(jobs: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let found = fs::read_dir(folder).into_iter().flatten();
        found.map(|entry| entry.expect("an entry").path()).collect()
    };
    entries(jobs).iter().flat_map(|job| entries(job)).collect()
}
