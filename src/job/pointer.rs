//! How a user points to a snapshot: by its folder, or by the metadata file in it.

/// Where the savepoints lie that a job manager of 1.0 or 1.1 keeps in its memory (`HeapSavepointStore`).
pub const IN_JOB_MANAGER: &str = "jobmanager://";

/// The file in the folder of a snapshot that says what the snapshot consists of (`AbstractFsCheckpointStorageAccess`).
pub const METADATA: &str = "_metadata";

/// The folder that a pointer means, or the label that stands for one. A slash at its end means nothing (`Path` of Flink).
pub fn folder_of_pointer(pointer: &str) -> &str {
    let folder = pointer.strip_suffix(METADATA).and_then(|rest| rest.strip_suffix('/'));
    let folder = folder.unwrap_or(pointer);
    let bare = folder.trim_end_matches('/');
    if bare.is_empty() { folder } else { bare }
}

/// Whether a pointer names the metadata file itself, and not the folder that it is in.
pub fn names_metadata(pointer: &str) -> bool {
    pointer.strip_suffix(METADATA).is_some_and(|rest| rest.ends_with('/'))
}
