//! Which file a path means, whatever it is called: no output of a run is the file of another, nor one that it reads.
//!
//! Compares places and refuses; writes nothing (`output` does).

use super::failure::Failure;
use super::system::{Identity, ends_of_streams, identity};
use crate::store::parent_of;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many links may lead to one another, as on Linux.
const LINKS_MAX: u32 = 40;

/// A file, by whatever path it was named.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    /// One that is there, by what all its hard links share.
    There(Identity),
    /// Elsewhere, where nothing is yet, or where the system does not tell files apart: the path without links.
    At(PathBuf),
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        if let Some(identity) = fs::metadata(path).ok().as_ref().and_then(identity) {
            return Ok(Self::There(identity));
        }
        Ok(Self::At(where_it_leads(path).or_else(|_| whole(path))?))
    }
}

/// The path behind all links, those included that lead to nothing yet. Its folder must be there.
///
/// # Errors
/// There is no such folder, links lead in a circle, or the operating system refuses.
pub(super) fn where_it_leads(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(target) => path = parent_of(&path).join(target),
            // It is no link: a file, or nothing.
            Err(_) => {
                let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
                return Ok(fs::canonicalize(parent_of(&path))?.join(name));
            }
        }
    }
    // The system's own words for a circle of links.
    fs::canonicalize(path)
}

/// The files of one run that nothing may be written over.
#[derive(Default)]
pub(super) struct Taken {
    /// Each place and what is there, as the subject of a sentence.
    files: Vec<(Place, String)>,
    /// The data folder, without links as far as it is there.
    data_dir: Option<PathBuf>,
}

impl Taken {
    /// Takes note of a file that the run reads. One that cannot be found cannot be written over.
    pub(super) fn read(&mut self, path: &Path) {
        if let Ok(place) = Place::of(path) {
            self.files.push((place, format!("`{}`, which the run reads", path.display())));
        }
    }

    /// Takes note of a snapshot that the run starts from, with all files that it names.
    pub(super) fn snapshot(&mut self, path: &Path) {
        self.read(path);
        // What cannot be read is told by who reads it.
        if let Ok(named) = crate::store::would_dispose(path) {
            let left = named.left.iter().map(|left| &left.path);
            named.removed.iter().chain(&named.shared).chain(left).for_each(|path| self.read(path));
        }
    }

    /// Takes note of the data folder, which may not be there yet.
    pub(super) fn data_dir(&mut self, path: &Path) {
        self.data_dir = whole(path).ok();
    }

    /// Takes note of the files that the standard streams come from and go to.
    pub(super) fn standard_streams(&mut self) {
        for (found, name) in ends_of_streams() {
            if let Some(identity) = identity(&found).filter(|_| found.is_file()) {
                self.files.push((Place::There(identity), name.to_owned()));
            }
        }
    }

    /// Takes note of an output, `option` as it was typed, unless something of the run would be lost under it.
    pub(super) fn write(&mut self, option: &str, path: &Path) -> Result<(), Failure> {
        // Devices take what anybody writes. What cannot be found is told by who tries to write it.
        let Ok(place) = Place::of(path) else { return Ok(()) };
        let is_device = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        if is_device {
            return Ok(());
        }
        if let Some((_, other)) = self.files.iter().find(|(other, _)| *other == place) {
            return Err(Failure::wrong(
                format!("`{option}` and {other}: they are the same file"),
                "give each output a file of its own",
            ));
        }
        let led = where_it_leads(path).or_else(|_| whole(path));
        let led = led.unwrap_or_else(|_| path.to_owned());
        if self.data_dir.as_ref().is_some_and(|data| data.starts_with(&led)) {
            return Err(Failure::wrong(
                format!("`{option}` is in the place of the data folder"),
                "give a file beside the data folder or in it",
            ));
        }
        // A data folder that is not there yet will keep things under the same names.
        let is_of_data = |data: &PathBuf| crate::store::is_kept_in(data, &led);
        if crate::store::is_kept_for_snapshots(&led)
            || self.data_dir.as_ref().is_some_and(is_of_data)
        {
            return Err(Failure::wrong(
                format!("`{option}` lies where snapshots are kept"),
                "give a file outside of the folders of savepoints, checkpoints and sinks",
            ));
        }
        self.files.push((place, format!("`{option}`")));
        Ok(())
    }
}

/// A path from the root on, without links as far as it is there.
fn whole(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let is_there = absolute.ancestors().find_map(|there| {
        let rest = absolute.strip_prefix(there).ok()?;
        Some(fs::canonicalize(there).ok()?.join(rest))
    });
    Ok(is_there.unwrap_or(absolute))
}
