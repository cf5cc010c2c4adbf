//! What operating systems answer differently about the files that a user names: one function for each question, and all
//! answers of a system in one place.

pub(super) use here::{
    Identity, ends_of_streams, identity, is_named_fifo, open_to_others, path_from,
};

#[cfg(unix)]
mod here {
    use std::ffi::{OsStr, OsString};
    use std::fs::{File, Metadata, Permissions};
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};

    /// What all names of a file have in common: its device and its number there.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(in crate::cli) struct Identity(u64, u64);

    /// Which file this is, by whatever path it was found; none where the system does not say.
    pub(in crate::cli) fn identity(found: &Metadata) -> Option<Identity> {
        Some(Identity(found.dev(), found.ino()))
    }

    /// What the standard streams come from and go to, each with its name.
    pub(in crate::cli) fn ends_of_streams() -> Vec<(Metadata, &'static str)> {
        let streams = [
            (io::stdin().as_fd().try_clone_to_owned(), "the standard input"),
            (io::stdout().as_fd().try_clone_to_owned(), "the standard output"),
            (io::stderr().as_fd().try_clone_to_owned(), "the standard error"),
        ];
        let found = streams.into_iter().map(|(stream, name)| Some((stream.ok()?, name)));
        let found = found.flatten();
        found
            .filter_map(|(stream, name)| Some((File::from(stream).metadata().ok()?, name)))
            .collect()
    }

    /// Whether somebody has to open the other end first. A pipe that this process was given has no name in a folder.
    pub(in crate::cli) fn is_named_fifo(path: &Path, found: &Metadata) -> bool {
        found.file_type().is_fifo() && std::fs::canonicalize(path).is_ok()
    }

    /// The path that an argument ends with, from this byte on. It need not be UTF-8.
    pub(in crate::cli) fn path_from(given: &OsString, byte: usize) -> Option<PathBuf> {
        Some(PathBuf::from(OsStr::from_bytes(given.as_bytes().get(byte..)?)))
    }

    /// Has a temporary file be as open to others as any new file: what the user's mask leaves of it.
    pub(in crate::cli) fn open_to_others(builder: &mut tempfile::Builder<'_, '_>) {
        builder.permissions(Permissions::from_mode(0o666));
    }
}

/// Windows: it tells nobody which file one is (the numbers are no part of Rust's library yet), so that files are known by
/// their paths without links; its pipes have no names in a folder, and who may read a new file is up to the folder.
#[cfg(not(unix))]
mod here {
    use std::ffi::OsString;
    use std::fs::Metadata;
    use std::path::{Path, PathBuf};

    /// What all names of a file have in common.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(in crate::cli) struct Identity;

    pub(in crate::cli) fn identity(_: &Metadata) -> Option<Identity> {
        None
    }

    pub(in crate::cli) fn ends_of_streams() -> Vec<(Metadata, &'static str)> {
        Vec::new()
    }

    pub(in crate::cli) fn is_named_fifo(_: &Path, _: &Metadata) -> bool {
        false
    }

    pub(in crate::cli) fn path_from(given: &OsString, byte: usize) -> Option<PathBuf> {
        Some(PathBuf::from(given.to_str()?.get(byte..)?))
    }

    pub(in crate::cli) fn open_to_others(_: &mut tempfile::Builder<'_, '_>) {}
}
