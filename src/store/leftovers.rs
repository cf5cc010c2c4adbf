//! What a process that was killed left unfinished in a data folder, and how the next one that holds its lock removes it.
//!
//! Only what is ours goes: what has a name that [`super::unfinished_name`] gives, and in such a folder only regular files
//! whose names a writer gives. What else is there stays, and the folder with it.

use super::disk::{Disk, Kind, Links};
use super::folder::{CHECKPOINTS, DataDir, SAVEPOINTS};
use super::sinks::SINKS;
use super::unfinished::is_unfinished_name;
use super::wire::is_state_name;
use crate::job::METADATA;
use std::ffi::OsString;
use std::path::Path;

impl DataDir {
    /// Removes what was left unfinished, and says how much that was. Nobody may be writing into the folder. What cannot be
    /// removed hinders nobody and stays.
    pub fn remove_leftovers(&self) -> u64 {
        let root = self.path();
        let disk = &**self.disk();
        let mut removed = remove_in(disk, root) + remove_in(disk, &root.join(SINKS));
        // Snapshots lie in these, or in folders of these; their files are written there under unfinished names, too.
        for (parent, depth) in [(SAVEPOINTS, 1), (CHECKPOINTS, 2)] {
            removed += remove_below(disk, &root.join(parent), depth);
        }
        removed
    }
}

/// In a folder, and in the folders of it so many levels down. Follows no link.
fn remove_below(disk: &dyn Disk, folder: &Path, depth: u32) -> u64 {
    let mut removed = remove_in(disk, folder);
    if depth > 0 {
        for name in names_in(disk, folder).iter().filter(|name| !is_unfinished(name)) {
            removed += remove_below(disk, &folder.join(name), depth - 1);
        }
    }
    removed
}

fn remove_in(disk: &dyn Disk, folder: &Path) -> u64 {
    let mut removed = 0;
    for name in names_in(disk, folder).iter().filter(|name| is_unfinished(name)) {
        let path = folder.join(name);
        let is_removed = match kind_of(disk, &path) {
            Some(Kind::File) => disk.remove_file(&path),
            Some(Kind::Folder) => {
                empty(disk, &path);
                disk.remove_folder(&path)
            }
            Some(Kind::Link | Kind::Fifo | Kind::Socket | Kind::Device) | None => continue,
        };
        removed += u64::from(is_removed.is_ok());
    }
    removed
}

/// Removes the files that a writer puts into an unfinished folder.
fn empty(disk: &dyn Disk, folder: &Path) {
    let is_ours = |name: &&OsString| {
        (*name == METADATA || is_unfinished(name) || name.to_str().is_some_and(is_state_name))
            && kind_of(disk, &folder.join(name)) == Some(Kind::File)
    };
    for name in names_in(disk, folder).iter().filter(is_ours) {
        drop(disk.remove_file(&folder.join(name)));
    }
}

/// The names in a folder; none of what is no folder.
fn names_in(disk: &dyn Disk, folder: &Path) -> Vec<OsString> {
    match kind_of(disk, folder) {
        Some(Kind::Folder) => disk.list(folder).unwrap_or_default(),
        Some(_) | None => Vec::new(),
    }
}

/// Whether a name is one for something unfinished. Those are text.
fn is_unfinished(name: &OsString) -> bool {
    name.to_str().is_some_and(is_unfinished_name)
}

fn kind_of(disk: &dyn Disk, path: &Path) -> Option<Kind> {
    disk.look(path, Links::Told).ok().map(|found| found.kind)
}

#[cfg(test)]
mod tests {
    use super::super::codec::encode_inline_below;
    use super::super::codec::tests::sample;
    use super::super::unfinished_name;
    use super::*;
    use crate::rules::SavepointLayout;
    use std::fs;

    #[test]
    fn what_is_ours_goes_and_nothing_else() {
        let outside = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(outside.path().join("data")).unwrap();
        let files = encode_inline_below(&sample(3), 0);
        let snapshots = [
            data.write_savepoint(&files, SavepointLayout::RelativeFolder).unwrap(),
            data.write_checkpoint(&files).unwrap().path,
        ];
        data.open_sinks().unwrap().1.write(&sample(0).sinks).unwrap();
        let parents = snapshots.iter().flat_map(|path| [path.clone(), path.join("..")]);
        let parents: Vec<_> =
            parents.chain(["", "sinks"].map(|name| data.path().join(name))).collect();
        let state = files.states.keys().next().unwrap();
        let (mut ours, mut foreign) = (Vec::new(), Vec::new());
        for parent in &parents {
            let [file, folder, mixed] = [(); 3].map(|()| parent.join(unfinished_name()));
            fs::write(&file, "half").unwrap();
            for made in [&folder, &mixed] {
                fs::create_dir(made).unwrap();
                for name in [METADATA, state] {
                    fs::write(made.join(name), "half").unwrap();
                }
            }
            let notes = [mixed.join("notes"), parent.join(".unfinished-thesis")];
            notes.iter().for_each(|file| fs::write(file, "mine").unwrap());
            ours.extend([file, folder, mixed.join(METADATA), mixed.join(state)]);
            foreign.extend(notes);
        }
        let bare = parents[0].join(".unfinished-folder");
        fs::create_dir(&bare).unwrap();
        assert_eq!(data.remove_leftovers(), u64::try_from(2 * parents.len()).unwrap());
        assert!(ours.iter().all(|path| !path.exists()), "{ours:?}");
        assert!(foreign.iter().all(|path| fs::read(path).is_ok_and(|text| text == b"mine")));
        assert!(bare.is_dir());
        for snapshot in snapshots {
            super::super::read_savepoint(snapshot).unwrap();
        }
        assert_eq!(data.read_sinks().unwrap(), sample(0).sinks);
        assert_eq!(data.remove_leftovers(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        let outside = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(outside.path().join("data")).unwrap();
        let elsewhere = outside.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let kept = [elsewhere.join(METADATA), elsewhere.join(unfinished_name())];
        kept.iter().for_each(|file| fs::write(file, "mine").unwrap());
        let link = data.path().join(unfinished_name());
        for link in [&data.path().join(SAVEPOINTS), &link] {
            std::os::unix::fs::symlink(&elsewhere, link).unwrap();
        }
        assert_eq!(data.remove_leftovers(), 0);
        assert!(kept.iter().all(|file| file.exists()) && link.exists());
    }
}
