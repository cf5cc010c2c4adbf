//! Where snapshots lie that a user knows by a label: their metadata, their data, and who else needs those.
//!
//! 1. A savepoint of 1.0 and 1.1 is a record that points to data in the checkpoint storage; the record, and the data,
//!    may be in the memory of the job manager. 2. One of 1.2 is a metadata file, its data lie in the checkpoint
//!    directory. 3. Since 1.3 it is a folder with both; until 1.10 the metadata names the data by absolute paths, so that a
//!    folder that was moved refers to where it was. State that is small enough is in the metadata and is in no file.
//!
//! What users do with them is in `user_files`.

use crate::cluster::storage::{Owner, Storage};
use crate::effect::RestoredTask;
use crate::job::{CheckpointId, IN_JOB_MANAGER, JobId, StateBackend};
use crate::kernel::to_index;
use crate::rules::{Rules, SavepointLayout};
use crate::scenario::{Action, ClusterConfig, SavepointBackend, SavepointDir};
use crate::state::{CompletedCheckpoint, OperatorSnapshot, SubtaskState};
use crate::store::{largest_state, savepoint_folder_name};
use crate::trace::SnapshotSource;
use std::sync::Arc;

/// Where data of a snapshot are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Home {
    /// In the memory of a job manager, counted from 0.
    Memory(u32),
    /// In files at this path.
    Files(Arc<str>),
}

/// What holds the metadata of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holder {
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
pub(crate) struct SnapshotLocation {
    /// As its user points to it.
    pub(crate) path: Arc<str>,
    pub(crate) holder: Holder,
    /// Whether its metadata are there.
    pub(crate) has_metadata: bool,
    /// What its metadata file holds, if somebody changed it.
    pub(crate) damaged: Option<Arc<[u8]>>,
    /// Where its metadata say that its data are; none if it has them all itself.
    pub(crate) data: Option<Home>,
    /// Whether it is where the system put it, so that the system can find it to remove it.
    pub(crate) is_in_place: bool,
}

impl SnapshotLocation {
    /// Of a snapshot that the system has just put there.
    const fn new(path: Arc<str>, holder: Holder, data: Option<Home>) -> Self {
        Self { path, holder, has_metadata: true, damaged: None, data, is_in_place: true }
    }

    /// Where the data are that belong to it.
    pub(crate) fn own_data(&self) -> Option<Home> {
        let data = self.data.as_ref()?;
        Some(match self.holder {
            Holder::Folder { .. } => Home::Files(Arc::clone(&self.path)),
            Holder::Memory(_) | Holder::Factory | Holder::File => data.clone(),
        })
    }
}

/// A snapshot somewhere durable.
#[derive(Clone, Debug)]
pub(crate) struct Savepoint {
    pub(crate) checkpoint: Arc<CompletedCheckpoint>,
    pub(crate) source: SnapshotSource,
    pub(crate) location: SnapshotLocation,
}

/// What keeps savepoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SavepointStore {
    Memory,
    Factory,
    Files,
}

impl SavepointStore {
    /// What keeps savepoints now.
    ///
    /// # Errors
    ///
    /// If it is configured so that no job manager starts.
    pub(crate) fn of(cluster: &ClusterConfig, rules: &Rules) -> Result<Self, Arc<str>> {
        if rules.savepoint_layout != SavepointLayout::Pointer {
            return Ok(Self::Files);
        }
        let is_said = !matches!(cluster.savepoint_dir, SavepointDir::None | SavepointDir::WrongKey);
        match cluster.savepoint_backend {
            None | Some(SavepointBackend::JobManager) => Ok(Self::Memory),
            Some(SavepointBackend::FileSystem) if is_said => Ok(Self::Files),
            Some(SavepointBackend::FileSystem) if rules.savepoint_backend_falls_back => {
                Ok(Self::Memory)
            }
            Some(SavepointBackend::FileSystem) => Err(
                "the job manager does not start: `savepoints.state.backend` is `filesystem`, but no directory is configured; set `savepoints.state.backend.fs.dir`"
                    .into(),
            ),
            Some(SavepointBackend::Factory) if rules.savepoint_backend_factories => {
                Ok(Self::Factory)
            }
            Some(SavepointBackend::Factory | SavepointBackend::Unknown) => Err(
                "the job manager does not start: unexpected savepoint backend configuration `savepoints.state.backend`; set it to `jobmanager` or `filesystem`"
                    .into(),
            ),
        }
    }
}

impl Storage {
    /// Stores a savepoint that has just completed where it belongs.
    pub(super) fn store_savepoint(
        &mut self,
        owner: Owner<'_>,
        savepoint: &CompletedCheckpoint,
        label: &str,
        rules: &Rules,
    ) -> SnapshotLocation {
        let layout = rules.savepoint_layout;
        let (job, id) = (savepoint.properties().job, savepoint.properties().id);
        let store = SavepointStore::of(&self.scenario.cluster, rules);
        let store = store.expect("else no job manager had started");
        let asker = self.scenario.steps.iter().find(|step| step.action.label() == Some(label));
        let folder = asker.and_then(|step| step.action.target()).unwrap_or("savepoints");
        let mut path: Arc<str> = format!("{folder}/{}", savepoint_folder_name(job, id, 0)).into();
        let holder = match (layout, store) {
            (SavepointLayout::Pointer, SavepointStore::Memory) => {
                self.remembered += 1;
                path = format!("{IN_JOB_MANAGER}savepoints/{}", self.remembered).into();
                Holder::Memory(self.manager)
            }
            (SavepointLayout::Pointer, SavepointStore::Factory) => Holder::Factory,
            (SavepointLayout::Pointer | SavepointLayout::MetadataFile, _) => Holder::File,
            (SavepointLayout::AbsoluteFolder, _) => Holder::Folder { is_absolute: true },
            (SavepointLayout::RelativeFolder, _) => {
                let may_inject = ["s3://", "s3a://", "s3p://"];
                let may_inject = may_inject.iter().any(|scheme| path.starts_with(scheme));
                Holder::Folder { is_absolute: may_inject && !rules.entropy_is_asked_for }
            }
        };
        let at = if layout.is_folder() { Arc::clone(&path) } else { checkpoint_path(job, id) };
        let data = self.data_of(owner, savepoint, at, rules);
        if let Some(data) = &data {
            let before = self.origins.insert((owner.run, id), data.clone());
            assert!(before.is_none(), "savepoint {id} of {:?} is stored twice", owner.run);
        }
        SnapshotLocation::new(path, holder, data)
    }

    /// A checkpoint becomes known by a label.
    pub(crate) fn label_checkpoint(
        &mut self,
        owner: Owner<'_>,
        label: Arc<str>,
        checkpoint: Arc<CompletedCheckpoint>,
        rules: &Rules,
    ) {
        let id = checkpoint.properties().id;
        let location = self.location_of_checkpoint(owner, &checkpoint, rules);
        let source = SnapshotSource::Run(owner.run, id);
        let labelled = (owner.run, Savepoint { checkpoint, source, location });
        let before = self.checkpoints.insert(Arc::clone(&label), labelled);
        assert!(before.is_none(), "two checkpoints are known as `{label}`");
    }

    /// Where a checkpoint lies that is where its job put it.
    pub(super) fn location_of_checkpoint(
        &self,
        owner: Owner<'_>,
        checkpoint: &CompletedCheckpoint,
        rules: &Rules,
    ) -> SnapshotLocation {
        let (job, id) = (checkpoint.properties().job, checkpoint.properties().id);
        let at = checkpoint_path(job, id);
        let (path, holder) = match rules.checkpoint_metadata_apart {
            true => {
                let name = savepoint_folder_name(job, id, 0);
                (format!("external-checkpoints/{name}").into(), Holder::File)
            }
            false => {
                let is_absolute = rules.savepoint_layout != SavepointLayout::RelativeFolder;
                (Arc::clone(&at), Holder::Folder { is_absolute })
            }
        };
        let data = self.data_of(owner, checkpoint, at, rules);
        SnapshotLocation::new(path, holder, data)
    }

    /// Where data of a snapshot are that are too large for its metadata, if there are any.
    fn data_of(
        &self,
        owner: Owner<'_>,
        snapshot: &CompletedCheckpoint,
        at: Arc<str>,
        rules: &Rules,
    ) -> Option<Home> {
        if matches!(owner.backend, StateBackend::JobManager { .. }) {
            let points = rules.savepoint_layout == SavepointLayout::Pointer;
            return points.then_some(Home::Memory(self.manager));
        }
        let threshold = u64::from(owner.backend.inline_below());
        let subtasks = snapshot.operators().iter().flat_map(|operator| &operator.subtasks);
        let mut states = subtasks.filter_map(|subtask| match subtask {
            SubtaskState::Finished | SubtaskState::Unlisted => None,
            SubtaskState::Snapshot(state) => Some(state),
        });
        let is_large =
            |state: &Arc<OperatorSnapshot>| !state.is_empty() && largest_state(state) >= threshold;
        states.any(is_large).then_some(Home::Files(at))
    }

    /// Where the data are that a task must read to restore its state, if it cannot.
    pub(crate) fn missing_data(
        &self,
        owner: Owner<'_>,
        restored: Option<&RestoredTask>,
    ) -> Option<Arc<str>> {
        let restored = restored?;
        let has_state = restored.operators.iter().flatten().any(|state| !state.is_empty());
        if !has_state {
            return None;
        }
        let data = self.data_restored_by(owner, restored.permit.checkpoint())?;
        if self.is_in_reach(&data) {
            return None;
        }
        Some(match data {
            Home::Memory(_) => "in the memory of a job manager that is no more".into(),
            Home::Files(path) => path,
        })
    }

    /// Where a run finds the data of a snapshot that it restores: one of its own, or the one that it was started from.
    fn data_restored_by(&self, owner: Owner<'_>, id: CheckpointId) -> Option<Home> {
        if let Some((_, location)) = owner.start.filter(|(start, _)| *start == id) {
            return location.data.clone();
        }
        if let Some(own) = self.origins.get(&(owner.run, id)) {
            return Some(own.clone());
        }
        Some(Home::Files(checkpoint_path(owner.job?, id)))
    }

    /// Adds where the savepoint of a stop lies that was stored, although the job did not stop well.
    pub(crate) fn with_savepoint_path(&self, step: u32, why: Arc<str>) -> Arc<str> {
        let index = to_index(step);
        let Action::Stop(stop) = &self.scenario.steps[index].action else { return why };
        let stored = self.savepoints.get(stop.label.as_str());
        stored.map_or(Arc::clone(&why), |stored| format!("{why}: {}", stored.location.path).into())
    }

    /// The metadata and data that are there in the end, by label.
    pub(crate) fn files_in_the_end(&self) -> Vec<(Arc<str>, Vec<&'static str>)> {
        let savepoints =
            self.savepoints.iter().map(|(label, savepoint)| (label, &savepoint.location));
        let checkpoints = self.checkpoints.iter();
        let kept = checkpoints.filter(|(_, (run, checkpoint))| self.is_kept(*run, checkpoint));
        let checkpoints = kept.map(|(label, (_, checkpoint))| (label, &checkpoint.location));
        let pieces = |location: &SnapshotLocation| {
            let mut pieces = Vec::new();
            let is_remembered = match location.holder {
                Holder::Memory(manager) => self.is_alive(manager),
                Holder::Factory | Holder::File | Holder::Folder { .. } => true,
            };
            if location.has_metadata && is_remembered {
                pieces.push("metadata");
            }
            if location.own_data().is_some_and(|data| self.is_there(&data)) {
                pieces.push("data");
            }
            pieces
        };
        savepoints
            .chain(checkpoints)
            .map(|(label, location)| (Arc::clone(label), pieces(location)))
            .collect()
    }
}

/// Where the data of a checkpoint are.
pub(crate) fn checkpoint_path(job: JobId, id: CheckpointId) -> Arc<str> {
    format!("checkpoints/{job}/chk-{id}").into()
}
