//! How a user points to a snapshot: by its folder, or by the metadata file in it.

/// The file in the folder of a snapshot that says what the snapshot consists of (`AbstractFsCheckpointStorageAccess`).
pub const METADATA: &str = "_metadata";

/// The folder that a pointer means, or the label that stands for one.
pub fn folder_of_pointer(pointer: &str) -> &str {
    let folder = pointer.strip_suffix(METADATA).and_then(|rest| rest.strip_suffix('/'));
    folder.unwrap_or(pointer)
}
