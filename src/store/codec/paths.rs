//! The paths in metadata: where it says that its state files are, and how that is changed.
//!
//! Since 1.11 a savepoint names its files by their names, and they lie beside its metadata. Before it names them by
//! absolute paths: whoever moves it must change them.

use super::{Metadata, SavepointFiles, StateReference, StoredSubtask, decode, wire};
use crate::store::block::BlockWriter;

impl Metadata {
    /// Reads, changes and writes where the state files are: `change` is given each reference and returns the folder in
    /// which its file lies from now on, by an absolute path with `/` between its parts; none for the folder of the
    /// metadata. Files that checkpoints share are left where they are.
    ///
    /// This is the way to move a savepoint of 1.3 to 1.10 by hand: copy its files, change the paths, write the metadata.
    ///
    /// ```no_run
    /// use sandbar::internals::decode;
    ///
    /// // The files of the savepoint were copied to /archive/yesterday.
    /// let mut metadata = decode(&std::fs::read("/savepoints/savepoint-1a2b3c-0/_metadata")?)?;
    /// metadata.change_folders(|_| Some("/archive/yesterday".to_owned()));
    /// std::fs::write("/archive/yesterday/_metadata", metadata.encode())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn change_folders(&mut self, mut change: impl FnMut(&StateReference) -> Option<String>) {
        for subtask in self.operators.iter_mut().flat_map(|operator| &mut operator.subtasks) {
            if let StoredSubtask::File(reference) = subtask {
                let folder = change(reference);
                reference.name = match folder {
                    Some(folder) => format!("{folder}/{}", reference.name()),
                    None => reference.name().to_owned(),
                };
            }
        }
    }

    /// Whether it names any of its own files by an absolute path, so that it cannot be moved as it is.
    pub fn has_paths(&self) -> bool {
        self.references().any(|reference| reference.folder().is_some())
    }

    /// The content of the `_metadata` file that says this.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = BlockWriter::new();
        wire::put(&mut writer, &self.properties);
        wire::put(&mut writer, &self.position);
        wire::put_all(&mut writer, &self.operators);
        wire::put_all(&mut writer, &self.in_flight);
        wire::put_all(&mut writer, &self.sinks);
        writer.finish()
    }
}

impl StateReference {
    /// The absolute path of its folder; none if it lies beside the metadata.
    pub fn folder(&self) -> Option<&str> {
        self.name.rsplit_once('/').map(|(folder, _)| folder)
    }

    /// The same file, looked for beside the metadata.
    #[cfg(feature = "fs")]
    pub(in crate::store) fn beside(&self) -> Self {
        Self { name: self.name().to_owned(), ..self.clone() }
    }
}

impl SavepointFiles {
    /// The same, with metadata that name the state files by absolute paths in this folder.
    #[must_use]
    pub fn with_files_in(&self, folder: &str) -> Self {
        let mut metadata = decode(&self.metadata).expect("what has just been written can be read");
        metadata.change_folders(|_| Some(folder.to_owned()));
        let is_placed = |reference: &StateReference| reference.folder() == Some(folder);
        assert!(metadata.references().all(is_placed), "a state file is looked for elsewhere");
        Self { metadata: metadata.encode(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::super::{encode_inline_below, fingerprint};
    use super::*;

    #[test]
    fn metadata_that_was_read_is_written_as_it_was() {
        let files = encode_inline_below(&sample(3), 0);
        assert_eq!(decode(&files.metadata).unwrap().encode(), files.metadata);
    }

    #[test]
    fn paths_are_changed_and_taken_back() {
        let files = encode_inline_below(&sample(3), 0);
        let placed = files.with_files_in("/far/away");
        let mut metadata = decode(&placed.metadata).unwrap();
        assert!(metadata.has_paths());
        let reference = metadata.references().next().unwrap().clone();
        assert_eq!(reference.folder(), Some("/far/away"));
        assert_eq!(reference.path(), format!("/far/away/{}", reference.name()));
        metadata.change_folders(|_| None);
        assert!(!metadata.has_paths());
        assert_eq!(fingerprint(&metadata.encode(), 0), fingerprint(&files.metadata, 0));
    }

    #[test]
    fn a_path_that_climbs_is_refused() {
        let files = encode_inline_below(&sample(3), 0);
        for folder in ["/far/../away", "far", "/far//away", "/./far"] {
            assert!(decode(&files.with_files_in(folder).metadata).is_err(), "{folder}");
        }
    }
}
