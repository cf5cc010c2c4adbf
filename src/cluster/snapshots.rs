//! Where snapshots lie that a user knows by a label: their metadata, their data, and who else needs those.
//!
//! 1. A savepoint of 1.0 and 1.1 is a record that points to data in the checkpoint storage; the record, and the data,
//!    may be in the memory of the job manager. 2. One of 1.2 is a metadata file, its data lie in the checkpoint
//!    directory. 3. Since 1.3 it is a folder with both; until 1.10 the metadata names the data by absolute paths, so that a
//!    folder that was moved refers to where it was. State that is small enough is in the metadata and is in no file.
//!
//! Files that are there by default are not listed: only what is gone is. What users do with them is in `user_files`.

use super::world::{Cluster, Run, Savepoint, World};
use crate::effect::RestoredTask;
use crate::job::{CheckpointId, FileId, JobId, RunId, StateBackend, TaskId};
use crate::rules::SavepointLayout;
use crate::scenario::{SavepointBackend, SavepointDir};
use crate::state::{CompletedCheckpoint, OperatorSnapshot, SubtaskState};
use crate::store::{largest_state, savepoint_folder_name};
use crate::trace::SnapshotSource;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where data of a snapshot are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Home {
    /// In the memory of a job manager, counted from 0.
    Memory(u32),
    /// In files at this path.
    Files(Arc<str>),
}

/// What holds the metadata of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holder {
    /// The memory of a job manager, counted from 0.
    Memory(u32),
    /// A store of the user's own, to which nobody else has access.
    Factory,
    /// A file, whose data lie elsewhere.
    File,
    /// A folder, together with its data; whether it names them by absolute paths.
    Folder {
        /// Else by their names in it.
        is_absolute: bool,
    },
}

/// Where a snapshot lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Lying {
    /// As its user points to it.
    pub(super) path: Arc<str>,
    pub(super) holder: Holder,
    /// Whether its metadata are there.
    pub(super) has_metadata: bool,
    /// Where its metadata say that its data are; none if it has them all itself.
    pub(super) data: Option<Home>,
    /// Whether it is where the system put it, so that the system can find it to remove it.
    pub(super) is_in_place: bool,
}

impl Lying {
    /// As its user points to it.
    pub(super) const fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// Where the data are that belong to it.
    pub(super) fn own_data(&self) -> Option<Home> {
        let data = self.data.as_ref()?;
        Some(match self.holder {
            Holder::Folder { .. } => Home::Files(Arc::clone(&self.path)),
            Holder::Memory(_) | Holder::Factory | Holder::File => data.clone(),
        })
    }
}

/// What keeps savepoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SavepointStore {
    Memory,
    Factory,
    Files,
}

/// What has become of the files of snapshots.
#[derive(Clone, Debug, Default)]
pub(super) struct Storage {
    /// How many job managers there were before this one.
    manager: u32,
    /// How many savepoints this one has kept in its memory.
    remembered: u32,
    /// Where data were that are there no more.
    gone: BTreeSet<Arc<str>>,
    /// Where only the job manager reaches data.
    out_of_reach: BTreeSet<Arc<str>>,
    /// Shared files that users have deleted.
    deleted: BTreeSet<FileId>,
    /// By run, where the data of its own savepoints are, as it knows.
    origins: BTreeMap<(RunId, CheckpointId), Home>,
}

impl Storage {
    /// The job manager died, and what it had in memory with it.
    pub(super) const fn lose_memory(&mut self) {
        self.manager += 1;
        self.remembered = 0;
    }

    /// Whether a job manager is the one that is alive.
    pub(super) const fn is_alive(&self, manager: u32) -> bool {
        self.manager == manager
    }

    pub(super) fn is_there(&self, data: &Home) -> bool {
        match data {
            Home::Memory(manager) => self.is_alive(*manager),
            Home::Files(path) => !self.gone.contains(path),
        }
    }

    /// The data at this path are gone. Those in the memory of a job manager go with it.
    pub(super) fn remove(&mut self, data: &Home) {
        if let Home::Files(path) = data {
            self.gone.insert(Arc::clone(path));
        }
    }

    /// Users deleted these shared files, or had them deleted.
    pub(super) fn delete_by_hand(&mut self, files: &[FileId]) {
        self.deleted.extend(files);
    }

    /// Whether a user deleted a shared file.
    pub(super) fn was_deleted_by_hand(&self, file: FileId) -> bool {
        self.deleted.contains(&file)
    }

    /// Data are brought to this path.
    pub(super) fn bring(&mut self, path: &Arc<str>, job_manager_only: bool) {
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
}

impl Cluster {
    /// How the release that the cluster runs now lays savepoints out.
    pub fn savepoint_layout(&self) -> SavepointLayout {
        self.simulation.world.rules.savepoint_layout
    }

    /// Whether savepoints are files now, and not in the memory of the job manager or in a store of the user's.
    pub fn keeps_savepoints_in_files(&self) -> bool {
        self.simulation.world.savepoint_store() == Ok(SavepointStore::Files)
    }
}

impl World {
    /// What keeps savepoints now.
    ///
    /// # Errors
    ///
    /// If it is configured so that no job manager starts.
    pub(super) fn savepoint_store(&self) -> Result<SavepointStore, Arc<str>> {
        if self.rules.savepoint_layout != SavepointLayout::Pointer {
            return Ok(SavepointStore::Files);
        }
        let cluster = &self.scenario.cluster;
        let is_said = !matches!(cluster.savepoint_dir, SavepointDir::None | SavepointDir::WrongKey);
        match cluster.savepoint_backend {
            None | Some(SavepointBackend::JobManager) => Ok(SavepointStore::Memory),
            Some(SavepointBackend::FileSystem) if is_said => Ok(SavepointStore::Files),
            Some(SavepointBackend::FileSystem) if self.rules.savepoint_backend_falls_back => {
                Ok(SavepointStore::Memory)
            }
            Some(SavepointBackend::FileSystem) => Err(
                "the job manager does not start: `savepoints.state.backend` is `filesystem`, but no directory is configured; set `savepoints.state.backend.fs.dir`"
                    .into(),
            ),
            Some(SavepointBackend::Factory) if self.rules.savepoint_backend_factories => {
                Ok(SavepointStore::Factory)
            }
            Some(SavepointBackend::Factory | SavepointBackend::Unknown) => Err(
                "the job manager does not start: unexpected savepoint backend configuration `savepoints.state.backend`; set it to `jobmanager` or `filesystem`"
                    .into(),
            ),
        }
    }

    /// Lays a savepoint that has just completed where it belongs.
    pub(super) fn lay_savepoint(
        &mut self,
        run: RunId,
        savepoint: &CompletedCheckpoint,
        label: &str,
    ) -> Lying {
        let layout = self.rules.savepoint_layout;
        let (job, id) = (savepoint.properties().job, savepoint.properties().id);
        let store = self.savepoint_store().expect("else no job manager had started");
        let asker = self.scenario.steps.iter().find(|step| step.action.label() == Some(label));
        let folder = asker.and_then(|step| step.action.target()).unwrap_or("savepoints");
        let mut path: Arc<str> = format!("{folder}/{}", savepoint_folder_name(job, id, 0)).into();
        let holder = match (layout, store) {
            (SavepointLayout::Pointer, SavepointStore::Memory) => {
                self.storage.remembered += 1;
                path = format!("jobmanager://savepoints/{}", self.storage.remembered).into();
                Holder::Memory(self.storage.manager)
            }
            (SavepointLayout::Pointer, SavepointStore::Factory) => Holder::Factory,
            (SavepointLayout::Pointer | SavepointLayout::MetadataFile, _) => Holder::File,
            (SavepointLayout::AbsoluteFolder, _) => Holder::Folder { is_absolute: true },
            (SavepointLayout::RelativeFolder, _) => Holder::Folder { is_absolute: false },
        };
        let at = match layout.is_folder() {
            true => Arc::clone(&path),
            false => checkpoint_path(job, id),
        };
        let data = self.data_of(run, savepoint, at);
        if let Some(data) = &data {
            self.storage.origins.insert((run, id), data.clone());
        }
        Lying { path, holder, has_metadata: true, data, is_in_place: true }
    }

    /// A checkpoint becomes known by a label.
    pub(super) fn label_checkpoint(
        &mut self,
        run: RunId,
        label: Arc<str>,
        checkpoint: Arc<CompletedCheckpoint>,
    ) {
        let (job, id) = (checkpoint.properties().job, checkpoint.properties().id);
        let at = checkpoint_path(job, id);
        let (path, holder) = match self.rules.checkpoint_metadata_apart {
            true => {
                let name = savepoint_folder_name(job, id, 0);
                (format!("external-checkpoints/{name}").into(), Holder::File)
            }
            false => {
                let is_absolute = self.rules.savepoint_layout != SavepointLayout::RelativeFolder;
                (Arc::clone(&at), Holder::Folder { is_absolute })
            }
        };
        let data = self.data_of(run, &checkpoint, at);
        let lies = Lying { path, holder, has_metadata: true, data, is_in_place: true };
        let source = SnapshotSource::Run(run, id);
        self.checkpoints.insert(label, (run, Savepoint { checkpoint, source, lies }));
    }

    /// Where data of a snapshot are that are too large for its metadata, if there are any.
    fn data_of(&self, run: RunId, snapshot: &CompletedCheckpoint, at: Arc<str>) -> Option<Home> {
        let job = self.runs[run.index()].layout.job;
        let backend = self.scenario.jobs[job].checkpoint.backend;
        if matches!(backend, StateBackend::JobManager { .. }) {
            let points = self.rules.savepoint_layout == SavepointLayout::Pointer;
            return points.then_some(Home::Memory(self.storage.manager));
        }
        let threshold = u64::from(backend.inline_below());
        let subtasks = snapshot.operators().iter().flat_map(|operator| &operator.subtasks);
        let mut states = subtasks.filter_map(|subtask| match subtask {
            SubtaskState::Finished => None,
            SubtaskState::Snapshot(state) => Some(state),
        });
        let is_large =
            |state: &Arc<OperatorSnapshot>| !state.is_empty() && largest_state(state) >= threshold;
        states.any(is_large).then_some(Home::Files(at))
    }

    /// Where the data are that a task must read to restore its state, if it cannot.
    pub(super) fn missing_data(
        &self,
        task: TaskId,
        restored: Option<&RestoredTask>,
    ) -> Option<Arc<str>> {
        let restored = restored?;
        let has_state = restored.operators.iter().flatten().any(|state| !state.is_empty());
        if !has_state {
            return None;
        }
        let run = self.places[task.index()].run;
        let data = self.data_restored_by(run, restored.permit.checkpoint())?;
        if self.storage.is_in_reach(&data) {
            return None;
        }
        Some(match data {
            Home::Memory(_) => "in the memory of a job manager that is no more".into(),
            Home::Files(path) => path,
        })
    }

    /// Where a run finds the data of a snapshot that it restores: one of its own, or the one that it was started from.
    fn data_restored_by(&self, run: RunId, id: CheckpointId) -> Option<Home> {
        let Run { start, master, .. } = &self.runs[run.index()];
        if let Some((_, lies)) = start.as_ref().filter(|(start, _)| *start == id) {
            return lies.data.clone();
        }
        if let Some(own) = self.storage.origins.get(&(run, id)) {
            return Some(own.clone());
        }
        let job = master.as_ref()?.job();
        Some(Home::Files(checkpoint_path(job, id)))
    }

    /// The metadata and data that are there in the end, by label.
    pub(super) fn files_in_the_end(&self) -> Vec<(Arc<str>, Vec<&'static str>)> {
        let savepoints = self.savepoints.iter().map(|(label, savepoint)| (label, &savepoint.lies));
        let kept = self.checkpoints.iter().filter(|(_, (run, checkpoint))| {
            !checkpoint.lies.is_in_place
                || self.runs[run.index()].retained.contains(&checkpoint.checkpoint.properties().id)
        });
        let checkpoints = kept.map(|(label, (_, checkpoint))| (label, &checkpoint.lies));
        let pieces = |lies: &Lying| {
            let mut pieces = Vec::new();
            let is_remembered = match lies.holder {
                Holder::Memory(manager) => self.storage.is_alive(manager),
                Holder::Factory | Holder::File | Holder::Folder { .. } => true,
            };
            if lies.has_metadata && is_remembered {
                pieces.push("metadata");
            }
            if lies.own_data().is_some_and(|data| self.storage.is_there(&data)) {
                pieces.push("data");
            }
            pieces
        };
        savepoints
            .chain(checkpoints)
            .map(|(label, lies)| (Arc::clone(label), pieces(lies)))
            .collect()
    }
}

/// Where the data of a checkpoint are.
pub(super) fn checkpoint_path(job: JobId, id: CheckpointId) -> Arc<str> {
    format!("checkpoints/{job}/chk-{id}").into()
}
