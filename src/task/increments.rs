//! Incremental checkpoints of one subtask: which slices of its keyed state it need not write again.
//!
//! Holds names of files and no state. A checkpoint builds on the files of the last one that is known to have completed
//! (`RocksIncrementalSnapshotStrategy`), never on those of another job, which may be deleted by whoever owns them.

use super::{Chain, Identity};
use crate::job::{CheckpointId, FileId, OperatorId, SharedFile};
use crate::kernel::Digest;
use crate::rules::{IncrementBase, Rules};
use crate::state::OperatorSnapshot;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The files of one snapshot, by operator of the chain.
type Files = Vec<Vec<SharedFile>>;

/// What a subtask knows of its shared files.
#[derive(Clone, Debug, Default)]
pub(super) struct Increments {
    /// Of the checkpoint that is built upon.
    base: Files,
    /// The newest snapshot that is known to have completed.
    completed: CheckpointId,
    /// Of those drawn since, whose fate is unknown.
    drawn: BTreeMap<CheckpointId, Files>,
    /// How many files each operator has written, attempts included.
    written: Vec<u32>,
}

impl Increments {
    /// What a restore of a snapshot gives to build upon.
    pub(super) fn restored(completed: CheckpointId, base: Files) -> Self {
        let next = |files: &Vec<SharedFile>| {
            files.iter().map(|file| file.number + 1).max().unwrap_or_default()
        };
        let written = base.iter().map(next).collect();
        Self { base, completed, drawn: BTreeMap::new(), written }
    }

    /// Gives a snapshot its files: those of the base for slices that have not changed, new ones for all others.
    pub(super) fn share(
        &mut self,
        checkpoint: CheckpointId,
        snapshots: &mut [Arc<OperatorSnapshot>],
        chain: &Chain,
    ) {
        let Chain { identity, workers, .. } = chain;
        assert_eq!(snapshots.len(), workers.len(), "every operator of a chain is drawn");
        let newest = self.drawn.last_key_value().map(|(newest, _)| *newest);
        assert!(newest < Some(checkpoint), "{checkpoint} was drawn after {newest:?}");
        self.base.resize(workers.len(), Vec::new());
        self.written.resize(workers.len(), 0);
        for (at, (snapshot, worker)) in snapshots.iter_mut().zip(workers).enumerate() {
            let slices = snapshot.slices(worker.link.max_parallelism);
            let mut files = Vec::with_capacity(slices.len());
            for slice in slices {
                // A slice that changed and changed back is another file: its old one may be gone by now.
                let is_kept = |file: &&SharedFile| {
                    file.groups == slice.groups
                        && file.content == slice.content
                        && self.drawn.values().all(|files| files[at].contains(file))
                };
                if let Some(kept) = self.base[at].iter().find(is_kept) {
                    files.push(*kept);
                    continue;
                }
                assert!(slice.groups.0 <= slice.groups.1, "a file would hold no key group");
                let number = self.written[at];
                self.written[at] += 1;
                let id = name(identity, worker.link.id, checkpoint, number);
                let (groups, content) = (slice.groups, slice.content);
                files.push(SharedFile { id, groups, number, content });
            }
            if !files.is_empty() {
                Arc::make_mut(snapshot).shared = files;
            }
        }
        let files: Files = snapshots.iter().map(|snapshot| snapshot.shared.clone()).collect();
        match identity.rules.increments_build_on {
            IncrementBase::Completed => {
                let twin = self.drawn.insert(checkpoint, files);
                assert!(twin.is_none(), "checkpoint {checkpoint} was drawn twice");
            }
            IncrementBase::Drawn => self.base = files,
        }
    }

    /// A checkpoint has completed: from now on its files are built upon. A savepoint has none; until its tasks knew one from
    /// the other, nothing was built upon what came before it (`RocksIncrementalSnapshotStrategy.notifyCheckpointComplete`).
    pub(super) fn on_complete(&mut self, checkpoint: CheckpointId, rules: &Rules) {
        let files = self.drawn.remove(&checkpoint);
        self.drawn = self.drawn.split_off(&checkpoint);
        if checkpoint <= self.completed {
            return;
        }
        self.completed = checkpoint;
        if files.is_some() || rules.savepoints_end_increments {
            self.base = files.unwrap_or_default();
        }
    }

    /// A checkpoint is off: what it wrote is not built upon.
    pub(super) fn on_aborted(&mut self, checkpoint: CheckpointId) {
        self.drawn.remove(&checkpoint);
    }
}

/// What a new file is called: after whose it is, and after the attempt and checkpoint that write it. A number alone is
/// not enough, since a restarted subtask counts on from what it was restored with (E4, FLINK-29095).
fn name(
    identity: &Identity,
    operator: OperatorId,
    checkpoint: CheckpointId,
    number: u32,
) -> FileId {
    let mut digest = Digest::new();
    digest.fold(identity.subtask.job, identity.subtask.index.into());
    digest.fold_bytes(&operator.0);
    let written_by = (checkpoint.number(), u64::from(identity.subtask.attempt.number()));
    let (checkpoint, attempt) =
        if identity.rules.shared_file_names_unique { written_by } else { (0, 0) };
    digest.fold(checkpoint, attempt);
    digest.fold(number.into(), 0);
    FileId::of(digest.value())
}
