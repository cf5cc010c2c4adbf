//! What is done on a disk while it fails: each operation from a folder that was prepared for it.

use crate::faulty::FaultyDisk;
use crate::tree::copy;
use crate::worlds::{FOLDERS, Kept, RELEASES, going_on, leave, leaving, play, real};
use sandbar::internals::{Disk, dispose_on, move_to_on, move_with_paths_on};
use sandbar::story::ClaimMode;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// A run into a data folder in which another has been.
    Run(Kept),
    /// A run from a savepoint that stays its owner's.
    Restore,
    /// A run from a savepoint that it owns from then on.
    Claim,
    Dispose,
    /// To another place of the same file system.
    Move,
    /// The same, with things of others in the folder.
    MoveFromHome,
    /// To another file system.
    MoveFar,
    /// With new paths in its metadata.
    MoveWithPaths,
}

/// A deed under a release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Operation {
    pub(crate) deed: Deed,
    pub(crate) release: &'static str,
}

/// All operations.
pub(crate) fn all() -> Vec<Operation> {
    let mut all = Vec::new();
    let mut add = |deed, releases: &[&'static str]| {
        all.extend(releases.iter().map(|release| Operation { deed, release }));
    };
    add(Deed::Run(Kept::InFiles), &RELEASES);
    add(Deed::Run(Kept::Shared), &FOLDERS);
    add(Deed::Restore, &RELEASES);
    add(Deed::Claim, &FOLDERS);
    add(Deed::Dispose, &RELEASES);
    add(Deed::Move, &["1.1", "1.2", "1.15"]);
    add(Deed::MoveFromHome, &["1.15"]);
    add(Deed::MoveFar, &["1.1", "1.2", "1.15"]);
    add(Deed::MoveWithPaths, &["1.7"]);
    all
}

/// A folder in which an operation is to be done. Absolute paths lead into it, so that it is always the same one.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    /// As it was before, elsewhere.
    template: PathBuf,
    /// The savepoint that the operation is about.
    pub(crate) savepoint: PathBuf,
    pub(crate) operation: Operation,
}

impl Stage {
    pub(crate) fn new(operation: Operation, root: &Path) -> Self {
        let (folder, template) = (root.join("stage"), root.join("template"));
        fs::create_dir_all(folder.join("far")).expect("made");
        let mut savepoint = leave(operation.release, &folder.join("data"));
        if operation.deed == Deed::Dispose || operation.deed == Deed::MoveFromHome {
            let other = play(
                &real(),
                &leaving(operation.release, Kept::InFiles, 5),
                &folder.join("data"),
                None,
                || (),
            );
            other.expect("another savepoint is taken");
        }
        if operation.deed == Deed::MoveFromHome {
            fs::rename(&savepoint, folder.join("home")).expect("moved");
            savepoint = folder.join("home");
            fs::write(savepoint.join("thesis.txt"), "precious").expect("written");
        }
        fs::write(folder.join("data/savepoints/notes.txt"), "mine").expect("written");
        copy(&folder, &template);
        Self { folder, template, savepoint, operation }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where a move leads.
    pub(crate) fn target(&self) -> PathBuf {
        let is_far = self.operation.deed == Deed::MoveFar;
        self.folder.join(if is_far { "far/moved" } else { "moved" })
    }

    /// Makes everything as it was.
    pub(crate) fn reset(&self) {
        fs::remove_dir_all(&self.folder).expect("it is there");
        copy(&self.template, &self.folder);
    }

    /// The file system that the operation meets.
    pub(crate) fn disk(&self, fault: Option<(usize, crate::faulty::Fault)>) -> Arc<FaultyDisk> {
        let far = (self.operation.deed == Deed::MoveFar).then(|| self.folder.join("far"));
        FaultyDisk::new(fault, far)
    }

    /// Does it. What went wrong, with what to do about it.
    pub(crate) fn act(&self, disk: &Arc<dyn Disk>) -> Result<(), (String, String)> {
        let Self { savepoint, operation: Operation { deed, release }, .. } = self;
        let data = self.data();
        let run = |text: &str, from| {
            let ran = play(disk, text, &data, from, || ());
            ran.map(drop).map_err(|error| (error.to_string(), error.help()))
        };
        let stored = match deed {
            Deed::Run(kept) => return run(&leaving(release, *kept, 7), None),
            Deed::Restore => {
                return run(
                    &going_on(release, Kept::InFiles, 3),
                    Some((savepoint, ClaimMode::default())),
                );
            }
            Deed::Claim => {
                return run(
                    &going_on("1.15", Kept::InFiles, 3),
                    Some((savepoint, ClaimMode::Claim)),
                );
            }
            Deed::Dispose => dispose_on(&**disk, savepoint).map(drop),
            Deed::Move | Deed::MoveFromHome | Deed::MoveFar => {
                move_to_on(&**disk, savepoint, self.target()).map(drop)
            }
            Deed::MoveWithPaths => move_with_paths_on(&**disk, savepoint, self.target()).map(drop),
        };
        stored.map_err(|error| (error.to_string(), error.help().to_owned()))
    }
}
