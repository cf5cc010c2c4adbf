//! Which files a test is about.
//!
//! Finds them and reads none (`candidate` does).

use crate::cli::failure::Failure;
use crate::search::STDIN;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that may be a story.
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) how: How,
}

/// How it was found.
pub(super) enum How {
    /// The user named it: it is a story, or wrong.
    Named,
    /// It lies in a folder, and may be something else.
    InFolder,
    /// It is a folder that cannot be looked into, and why.
    Closed(String),
    /// It is a link to a folder, which is not followed: it may lead back.
    Link,
}

/// The files that are named and those in folders that are named, each once: in order of the arguments, those of a folder by
/// their paths.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for path in paths {
        let found = named(path)?;
        all.extend(found.into_iter().filter(|found| {
            seen.insert(fs::canonicalize(&found.path).unwrap_or_else(|_| found.path.clone()))
        }));
    }
    Ok(all)
}

/// What an argument stands for.
fn named(path: &Path) -> Result<Vec<Found>, Failure> {
    let alone = || vec![Found { path: path.to_owned(), how: How::Named }];
    if path == Path::new(STDIN) {
        return Ok(alone());
    }
    let shown = path.display();
    let there = fs::metadata(path).map_err(|cause| {
        let help =
            "give folders or scenario files, such as stories/rescale.toml, or - for standard input";
        Failure::wrong(format!("cannot read `{shown}`: {cause}"), help)
    })?;
    if !there.is_dir() {
        return Ok(alone());
    }
    let mut found = Vec::new();
    look_into(path, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    if found.is_empty() {
        let message = format!("there is no story in `{shown}`: no file ends in .toml");
        let help = format!("write one: sandbar new rescale {shown}/rescale.toml");
        return Err(Failure::wrong(message, help));
    }
    Ok(found)
}

fn look_into(folder: &Path, found: &mut Vec<Found>) {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = match entries {
        Ok(entries) => entries,
        Err(cause) => {
            let how = How::Closed(cause.to_string());
            return found.push(Found { path: folder.to_owned(), how });
        }
    };
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // What a link leads to counts, and a link to nothing is told when it is read.
        let is_folder = fs::metadata(&path).is_ok_and(|there| there.is_dir());
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        match (is_folder, is_link) {
            (true, false) => look_into(&path, found),
            (true, true) => found.push(Found { path, how: How::Link }),
            (false, _) if path.extension() == Some(OsStr::new("toml")) => {
                found.push(Found { path, how: How::InFolder });
            }
            (false, _) => {}
        }
    }
}
