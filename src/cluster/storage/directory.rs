//! Directories that are not there for all and for ever: local to one machine, or of a storage that deletes what is old.
//!
//! Nothing is noted of any other directory. A path on a machine's own disk is written by each task where it runs, and read there
//! only (`FsCheckpointStreamFactory` takes the path as it is). What a lifecycle rule deletes is gone without a word.

use crate::cluster::storage::snapshots::{Home, checkpoint_path};
use crate::cluster::storage::{Owner, Storage};
use crate::effect::{FileChange, RestoredTask};
use crate::job::{CheckpointId, FileId, JobId, OperatorId, RunId, TaskManagerId};
use crate::kernel::SimTime;
use crate::rules::Rules;
use crate::scenario::Reach;
use crate::state::OperatorSnapshot;
use crate::trace::SnapshotSource;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A subtask, by the operator at the head of its chain.
pub(crate) type Writer = (OperatorId, u32);

/// What is noted of a directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// By snapshot of a run, on which machine each subtask wrote; none if that is no more.
    machines: BTreeMap<(RunId, CheckpointId), BTreeMap<Writer, Option<TaskManagerId>>>,
    /// What was written when, in order of time.
    written: Vec<(SimTime, Written)>,
}

/// Something that can expire.
#[derive(Clone, Debug)]
enum Written {
    Shared(FileId),
    /// Of which run and job, and its data in files.
    Checkpoint((RunId, JobId, CheckpointId), Option<Home>),
    Savepoint(Arc<str>),
}

impl Storage {
    /// A task has written its snapshot.
    pub(crate) fn note_upload(
        &mut self,
        (run, checkpoint): (RunId, CheckpointId),
        (writer, machine): (Writer, TaskManagerId),
        snapshots: &[Arc<OperatorSnapshot>],
        now: SimTime,
    ) {
        assert!(!snapshots.is_empty(), "a task of no operator wrote for checkpoint {checkpoint}");
        if self.scenario.cluster.reach == Reach::Own {
            let machines = self.directory.machines.entry((run, checkpoint)).or_default();
            machines.insert(writer, Some(machine));
        }
        if self.scenario.cluster.files_expire_after.is_some() {
            let shared = snapshots.iter().flat_map(|snapshot| &snapshot.shared);
            let known = |file: FileId| {
                let is_it =
                    |written: &Written| matches!(written, Written::Shared(id) if *id == file);
                self.directory.written.iter().any(|(_, written)| is_it(written))
            };
            let new: Vec<FileId> =
                shared.map(|file| file.id).filter(|file| !known(*file)).collect();
            self.directory.written.extend(new.into_iter().map(|file| (now, Written::Shared(file))));
        }
    }

    /// A snapshot is whole.
    pub(super) fn note_stored(
        &mut self,
        owner: Owner<'_>,
        change: &FileChange,
        rules: &Rules,
        now: SimTime,
    ) {
        if self.scenario.cluster.files_expire_after.is_none() {
            return;
        }
        let written = match change {
            FileChange::Checkpoint(checkpoint) => {
                let properties = checkpoint.properties();
                let data = self.location_of_checkpoint(owner, checkpoint, rules).data;
                Written::Checkpoint((owner.run, properties.job, properties.id), data)
            }
            FileChange::Savepoint(_, label) => Written::Savepoint(Arc::clone(label)),
            FileChange::RemoveCheckpoint(_)
            | FileChange::RemoveClaimed(_)
            | FileChange::RemoveShared(..) => return,
        };
        let last = self.directory.written.last();
        assert!(last.is_none_or(|(at, _)| *at <= now), "{written:?} was written in the past");
        self.directory.written.push((now, written));
    }

    /// A machine is no more, and its disk with it. Another one of its number has an empty one.
    pub(crate) fn lose_disk_of(&mut self, machine: TaskManagerId) {
        let all = self.directory.machines.values_mut().flat_map(BTreeMap::values_mut);
        all.filter(|on| **on == Some(machine)).for_each(|on| *on = None);
    }

    /// The storage deletes what is too old by now.
    pub(crate) fn expire(&mut self, now: SimTime) {
        let Some(after) = self.scenario.cluster.files_expire_after else { return };
        let written = std::mem::take(&mut self.directory.written);
        let is_old = |(at, _): &(SimTime, Written)| at.plus(after) <= now;
        let (old, young) = written.into_iter().partition::<Vec<_>, _>(is_old);
        let is_young = |(at, _): &(SimTime, Written)| at.plus(after) > now;
        assert!(young.iter().all(is_young), "something is there that expired before {now}");
        self.directory.written = young;
        for (_, written) in old {
            match written {
                Written::Shared(file) => {
                    self.shared_files.remove(&file);
                    self.deleted.insert(file);
                }
                Written::Checkpoint(checkpoint, data) => {
                    data.iter().for_each(|data| self.remove(data));
                    self.retained.retain(|kept| *kept != checkpoint);
                }
                Written::Savepoint(label) => {
                    let found = self.savepoints.get_mut(&label);
                    let Some(found) = found.filter(|found| found.location.is_in_place) else {
                        continue;
                    };
                    found.location.has_metadata = false;
                    let data = found.location.own_data();
                    data.iter().for_each(|data| self.remove(data));
                }
            }
        }
    }

    /// Where the data lie that a task must read and that another machine has written to its own disk.
    pub(crate) fn on_another_machine(
        &self,
        owner: Owner<'_>,
        restored: Option<&RestoredTask>,
        (reader, parallelism, machine): (Writer, u32, TaskManagerId),
        rules: &Rules,
    ) -> Option<Arc<str>> {
        if self.scenario.cluster.reach == Reach::All {
            return None;
        }
        assert!(reader.1 < parallelism, "subtask {} of {parallelism} reads its state", reader.1);
        let restored = restored?;
        if restored.operators.iter().flatten().all(OperatorSnapshot::is_empty) {
            return None;
        }
        let (run, id, data) = self.written_by(owner, restored.permit.checkpoint(), rules)?;
        let machines = self.directory.machines.get(&(run, id))?;
        let of_chain = machines.iter().filter(|((head, _), _)| *head == reader.0);
        let of_chain: Vec<_> = of_chain.collect();
        let is_as_wide = usize::try_from(parallelism).is_ok_and(|wide| wide == of_chain.len());
        let is_read = |writer: &Writer| !is_as_wide || *writer == reader;
        let mut read = of_chain.iter().filter(|(writer, _)| is_read(writer));
        read.any(|(_, on)| **on != Some(machine)).then_some(data)
    }

    /// The run that took a snapshot, and where the data of that are, if it has any in files.
    fn written_by(
        &self,
        owner: Owner<'_>,
        id: CheckpointId,
        rules: &Rules,
    ) -> Option<(RunId, CheckpointId, Arc<str>)> {
        let in_files = |home: Option<Home>| match home {
            Some(Home::Files(path)) => Some(path),
            Some(Home::Memory(_)) | None => None,
        };
        if let Some((_, location)) = owner.start.filter(|(start, _)| *start == id) {
            let data = in_files(location.data.clone())?;
            let checkpoints = self.checkpoints.values().map(|(_, found)| found);
            let mut labelled = checkpoints.chain(self.savepoints.values());
            let found = labelled.find(|found| found.location.path == location.path);
            if let Some(SnapshotSource::Run(run, id)) = found.map(|found| found.source) {
                return Some((run, id, data));
            }
            let mut retained = self.retained.iter();
            let found = retained.find(|(_, job, id)| checkpoint_path(*job, *id) == location.path);
            return found.map(|(run, _, id)| (*run, *id, data));
        }
        let own = match self.kept.get(&(owner.run, id)) {
            Some(kept) => self.location_of_checkpoint(owner, kept, rules).data,
            None => self.origins.get(&(owner.run, id)).cloned(),
        };
        in_files(own).map(|data| (owner.run, id, data))
    }
}
