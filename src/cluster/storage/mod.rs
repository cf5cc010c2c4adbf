//! Storage: savepoints and checkpoints by label, where their files lie, shared files, and writes that go wrong.
//!
//! Files that are there by default are not listed: only what is gone is.

pub(crate) mod failing_writes;
pub(crate) mod snapshots;

mod artefacts;
mod damage;
mod directory;
mod keep;
mod shared_files;
pub(crate) mod start_point;
mod user_files;

pub use self::artefacts::Artefact;
use self::artefacts::Kept;
use self::directory::Directory;
use crate::cluster::storage::snapshots::{Home, Savepoint, SnapshotLocation};
use crate::effect::FileChange;
use crate::job::{Attempt, CheckpointId, FileId, JobId, RunId, StateBackend, TaskId};
use crate::scenario::{Scenario, StorageFailing};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A task's snapshot for a checkpoint.
pub(crate) type SnapshotOf = (TaskId, Attempt, CheckpointId);

/// The run whose files are in question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) run: RunId,
    /// Its job's id, if it was accepted.
    pub(crate) job: Option<JobId>,
    pub(crate) backend: StateBackend,
    /// The snapshot of this world that it was started from, and where that lay.
    pub(crate) start: Option<&'a (CheckpointId, SnapshotLocation)>,
}

/// What is durable, and what has become of it.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    scenario: Arc<Scenario>,
    /// How many job managers there were before this one.
    manager: u32,
    /// How many savepoints this one has kept in its memory.
    remembered: u32,
    pub(crate) savepoints: BTreeMap<Arc<str>, Savepoint>,
    /// Checkpoints that the user asked for, by label, and whose they are.
    checkpoints: BTreeMap<Arc<str>, (RunId, Savepoint)>,
    /// Checkpoints whose files are there, in order: of which run, of which job.
    retained: Vec<(RunId, JobId, CheckpointId)>,
    /// What is in them.
    kept: Kept,
    /// Where data were that are there no more.
    gone: BTreeSet<Arc<str>>,
    /// Where only the job manager reaches data.
    out_of_reach: BTreeSet<Arc<str>>,
    /// By run, where the data of its own savepoints are, as it knows.
    origins: BTreeMap<(RunId, CheckpointId), Home>,
    /// The shared files that are there, with a hash of what is in each.
    shared_files: BTreeMap<FileId, u64>,
    /// Shared files that users have deleted.
    deleted: BTreeSet<FileId>,
    /// Faults that wait for a write that fits.
    failing_writes: Vec<StorageFailing>,
    /// Snapshots whose tasks will never hear that they are durable.
    pub(crate) unheard: BTreeSet<SnapshotOf>,
    /// Who wrote what, and when, where a directory is not there for all and for ever.
    directory: Directory,
    /// Changes that nobody has taken yet.
    pub(crate) files: Vec<FileChange>,
}

impl Storage {
    pub(crate) fn new(scenario: &Arc<Scenario>) -> Self {
        Self {
            scenario: Arc::clone(scenario),
            manager: 0,
            remembered: 0,
            savepoints: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            retained: Vec::new(),
            kept: Kept::new(),
            gone: BTreeSet::new(),
            out_of_reach: BTreeSet::new(),
            origins: BTreeMap::new(),
            shared_files: BTreeMap::new(),
            deleted: BTreeSet::new(),
            failing_writes: Vec::new(),
            unheard: BTreeSet::new(),
            directory: Directory::default(),
            files: Vec::new(),
        }
    }

    /// The job manager died, and what it had in memory with it.
    pub(crate) const fn lose_memory(&mut self) {
        self.manager += 1;
        self.remembered = 0;
    }

    /// Whether a job manager is the one that is alive.
    const fn is_alive(&self, manager: u32) -> bool {
        self.manager == manager
    }

    fn is_there(&self, data: &Home) -> bool {
        match data {
            Home::Memory(manager) => self.is_alive(*manager),
            Home::Files(path) => !self.gone.contains(path),
        }
    }

    /// The data at this path are gone. Those in the memory of a job manager go with it.
    fn remove(&mut self, data: &Home) {
        if let Home::Files(path) = data {
            self.gone.insert(Arc::clone(path));
        }
    }

    /// Data are brought to this path.
    fn bring_data(&mut self, path: &Arc<str>, job_manager_only: bool) {
        self.gone.remove(path);
        self.out_of_reach.remove(path);
        if job_manager_only {
            self.out_of_reach.insert(Arc::clone(path));
        }
    }

    /// Whether a task can read data.
    fn is_in_reach(&self, data: &Home) -> bool {
        let is_near = match data {
            Home::Memory(_) => true,
            Home::Files(path) => !self.out_of_reach.contains(path),
        };
        is_near && self.is_there(data)
    }

    /// The shared files that are there.
    pub(crate) fn files_there(&self) -> impl Iterator<Item = FileId> {
        self.shared_files.keys().copied()
    }

    /// The checkpoints of a run whose files are there, in order.
    pub(crate) fn retained_by(&self, run: RunId) -> Vec<CheckpointId> {
        let own = self.retained.iter().filter(|(owner, ..)| *owner == run);
        own.map(|(.., checkpoint)| *checkpoint).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::copy_job;

    #[test]
    fn data_that_were_brought_elsewhere_may_be_there_and_out_of_reach_of_tasks() {
        let mut storage = Storage::new(&copy_job().0);
        let path: Arc<str> = "savepoints/one".into();
        let data = Home::Files(Arc::clone(&path));
        assert!(storage.is_in_reach(&data), "what nobody removed is there");
        storage.remove(&data);
        assert!(!storage.is_there(&data));
        storage.bring_data(&path, true);
        assert!(storage.is_there(&data) && !storage.is_in_reach(&data));
        storage.bring_data(&path, false);
        assert!(storage.is_in_reach(&data));
    }

    #[test]
    fn what_a_job_manager_had_in_memory_dies_with_it() {
        let mut storage = Storage::new(&copy_job().0);
        let data = Home::Memory(0);
        assert!(storage.is_there(&data));
        storage.lose_memory();
        assert!(!storage.is_there(&data));
    }
}
