//! The `SharedStateRegistry` of one run: which checkpoint used each shared file last, and so when it may be deleted.
//!
//! Counts no references, as Flink has not since 1.15: a file is deleted when every checkpoint that is still kept is newer
//! than its last user, so that no late or lost message can leave a count wrong.

use crate::job::{CheckpointId, FileId};
use crate::rules::{Rules, SharedFileEnd};
use crate::state::{CompletedCheckpoint, OperatorSnapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
struct Entry {
    created: CheckpointId,
    last_used: CheckpointId,
}

/// The shared files of one run.
#[derive(Clone, Debug, Default)]
pub struct SharedStateRegistry {
    files: BTreeMap<FileId, Entry>,
    /// The snapshot that the run was started from belongs to somebody else, and so do its files
    /// (`highestNotClaimedCheckpointID`).
    not_claimed: Option<CheckpointId>,
}

impl SharedStateRegistry {
    /// The run starts from this snapshot without claiming it.
    pub fn restore(&mut self, snapshot: &CompletedCheckpoint, rules: &Rules) {
        assert!(self.files.is_empty(), "a run had files before it was restored");
        self.find_foreign(snapshot, rules);
    }

    /// A new job manager finds the snapshot in the store that its run was started from: its files are still somebody else's.
    pub fn find_foreign(&mut self, snapshot: &CompletedCheckpoint, rules: &Rules) {
        let id = snapshot.properties().id;
        for file in snapshot.files() {
            self.files.entry(file.id).or_insert(Entry { created: id, last_used: id });
        }
        if rules.unclaimed_files_kept {
            self.not_claimed = self.not_claimed.max(Some(id));
        }
    }

    /// A new job manager finds this checkpoint in the store: that is all it knows of its files. What the old one had heard
    /// of beside is known to nobody any more.
    pub fn inherit(&mut self, checkpoint: &CompletedCheckpoint) {
        let id = checkpoint.properties().id;
        for file in checkpoint.files() {
            self.use_file(id, file.id);
        }
    }

    /// An ack came: what it refers to is in use by its checkpoint, even if that is over or never completes. A file that
    /// nobody registers would be deleted by nobody.
    pub fn register(&mut self, checkpoint: CheckpointId, snapshots: &[Arc<OperatorSnapshot>]) {
        for file in snapshots.iter().flat_map(|snapshot| snapshot.files()) {
            self.use_file(checkpoint, file);
        }
    }

    fn use_file(&mut self, checkpoint: CheckpointId, file: FileId) {
        let new = Entry { created: checkpoint, last_used: checkpoint };
        let entry = self.files.entry(file).or_insert(new);
        entry.last_used = entry.last_used.max(checkpoint);
        assert!(entry.created <= entry.last_used, "{file} was used before it was written");
    }

    /// Only checkpoints from `lowest` on are kept, or none: the files to delete.
    pub fn release(&mut self, lowest: Option<CheckpointId>, rules: &Rules) -> Vec<FileId> {
        let is_over = |entry: &Entry| {
            let last = match rules.shared_file_ends {
                SharedFileEnd::WithLastUser => entry.last_used,
                SharedFileEnd::WithCreator => entry.created,
            };
            lowest.is_none_or(|lowest| last < lowest)
        };
        // Somebody else's are known for ever: a late ack may tell of them once more.
        let is_own = |entry: &Entry| self.not_claimed.is_none_or(|theirs| entry.created > theirs);
        let over = self.files.iter().filter(|(_, entry)| is_over(entry) && is_own(entry));
        let over: Vec<FileId> = over.map(|(file, _)| *file).collect();
        for file in &over {
            self.files.remove(file);
        }
        over
    }

    /// A checkpoint was aborted: the files to delete, which is none. Another one may build on them by now (E2,
    /// FLINK-24611).
    pub fn abort(&mut self, checkpoint: CheckpointId, rules: &Rules) -> Vec<FileId> {
        if rules.aborted_files_kept {
            return Vec::new();
        }
        let created = |(_, entry): &(&FileId, &Entry)| entry.created == checkpoint;
        let files: Vec<FileId> = self.files.iter().filter(created).map(|(id, _)| *id).collect();
        for file in &files {
            self.files.remove(file);
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::SharedFile;
    use crate::rules::{Mutation, Release};

    fn file(bits: u128) -> FileId {
        FileId::of(bits)
    }

    fn snapshot(files: &[u128]) -> Vec<Arc<OperatorSnapshot>> {
        let shared = files.iter().map(|bits| SharedFile {
            id: file(*bits),
            groups: (0, 0),
            number: 0,
            content: 0,
        });
        vec![Arc::new(OperatorSnapshot { shared: shared.collect(), ..OperatorSnapshot::default() })]
    }

    fn checkpoint(number: u64) -> CheckpointId {
        CheckpointId::new(number)
    }

    fn rules(mutation: Option<Mutation>) -> Rules {
        let mut rules = Release::default().rules();
        if let Some(mutation) = mutation {
            mutation.apply(&mut rules);
        }
        rules
    }

    #[test]
    fn a_file_lives_as_long_as_its_last_user() {
        let rules = rules(None);
        let mut registry = SharedStateRegistry::default();
        registry.register(checkpoint(1), &snapshot(&[1, 2]));
        registry.register(checkpoint(2), &snapshot(&[1, 3]));
        assert_eq!(registry.release(Some(checkpoint(1)), &rules), []);
        assert_eq!(registry.release(Some(checkpoint(2)), &rules), [file(2)]);
        assert_eq!(registry.release(None, &rules), [file(1), file(3)]);
    }

    #[test]
    fn files_of_an_aborted_checkpoint_go_when_a_newer_one_is_the_oldest() {
        let rules = rules(None);
        let mut registry = SharedStateRegistry::default();
        registry.register(checkpoint(1), &snapshot(&[1]));
        registry.register(checkpoint(2), &snapshot(&[1, 2]));
        assert_eq!(registry.abort(checkpoint(2), &rules), []);
        registry.register(checkpoint(3), &snapshot(&[1]));
        assert_eq!(registry.release(Some(checkpoint(3)), &rules), [file(2)]);
    }

    #[test]
    fn files_of_a_snapshot_that_is_not_claimed_are_never_deleted() {
        let rules = rules(None);
        let not_claimed = Some(checkpoint(4));
        let mut registry = SharedStateRegistry { not_claimed, ..SharedStateRegistry::default() };
        registry.register(checkpoint(4), &snapshot(&[1]));
        registry.register(checkpoint(5), &snapshot(&[2]));
        assert_eq!(registry.release(None, &rules), [file(2)]);
        // An ack of an attempt before comes late, and tells of the file once more.
        registry.register(checkpoint(5), &snapshot(&[1]));
        assert_eq!(registry.release(None, &rules), []);
    }

    #[test]
    fn with_its_mutations_it_deletes_too_early() {
        let by_window = rules(Some(Mutation::GcByEpochWindow));
        let mut registry = SharedStateRegistry::default();
        registry.register(checkpoint(1), &snapshot(&[1]));
        registry.register(checkpoint(2), &snapshot(&[1]));
        assert_eq!(registry.release(Some(checkpoint(2)), &by_window), [file(1)]);
        let at_abort = rules(Some(Mutation::AbortDeletesShared));
        registry.register(checkpoint(3), &snapshot(&[3]));
        registry.register(checkpoint(4), &snapshot(&[3]));
        assert_eq!(registry.abort(checkpoint(3), &at_abort), [file(3)]);
    }
}
