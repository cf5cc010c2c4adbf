//! What a play keeps under a data folder, as it happens.

use super::files::PlayError;
use super::play::{LeftOnDisk, Setup};
use super::positions::positions;
use super::removals::Removals;
use crate::cluster::Cluster;
use crate::effect::{ExternalSystem, FileChange};
use crate::job::{CheckpointId, JobId, OperatorNode};
use crate::kernel::SimTime;
use crate::operator::Log;
use crate::scenario::Scenario;
use crate::state::CompletedCheckpoint;
use crate::store::{self, DataDir, InputIdentity, Savepoint, SavepointFiles, SinkWriter};
use crate::trace::SourcePosition;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a play keeps under a data folder.
pub(super) struct Kept {
    folder: DataDir,
    scenario: Arc<Scenario>,
    inputs: Arc<[Arc<Log>]>,
    sinks: SinkWriter,
    removals: Removals,
    /// Where each savepoint lies, by label.
    pub(super) savepoints: BTreeMap<Arc<str>, PathBuf>,
    /// Of how many bytes state has a file of its own; none if the state backend of its job says so.
    inline_below: Option<u32>,
}

/// A snapshot that was written.
pub(super) struct Written {
    pub(super) path: PathBuf,
    /// What was written.
    pub(super) savepoint: Savepoint,
    /// In how many state files of its own.
    pub(super) state_files: usize,
}

impl Kept {
    pub(super) fn new(
        folder: &DataDir,
        setup: &Setup,
        sinks: SinkWriter,
    ) -> Result<Self, PlayError> {
        Ok(Self {
            folder: folder.clone(),
            scenario: Arc::clone(&setup.scenario),
            inputs: Arc::clone(&setup.inputs),
            sinks,
            removals: Removals::new(folder, setup.start.as_ref())?,
            savepoints: BTreeMap::new(),
            inline_below: None,
        })
    }

    /// The same, but state of so many bytes and more has a file of its own, whatever the state backend says.
    pub(super) fn with_inline_below(mut self, bytes: Option<u32>) -> Self {
        self.inline_below = bytes;
        self
    }

    /// Carries one change of files out, and tells what was written. The sinks are written before the snapshot that speaks of
    /// their transactions: whoever starts from it repeats nothing that was committed before.
    pub(super) fn carry_out(
        &mut self,
        change: FileChange,
        cluster: &Cluster,
    ) -> Result<Option<Written>, PlayError> {
        match change {
            FileChange::Savepoint(checkpoint, label) => {
                let sinks = cluster.externals();
                self.write_sinks(&sinks)?;
                let (savepoint, files) = self.encode(&checkpoint, cluster.now(), sinks);
                // What the job manager keeps in its memory is lost with this process.
                if cluster.keeps_savepoints_in_files() {
                    let path = self.folder.write_savepoint(&files, cluster.savepoint_layout())?;
                    self.removals.on_savepoint(&files, &path);
                    self.savepoints.insert(label, path.clone());
                    return Ok(Some(Written { path, savepoint, state_files: files.states.len() }));
                }
            }
            FileChange::Checkpoint(checkpoint) => {
                self.write_sinks(&cluster.externals())?;
                let (savepoint, files) = self.encode(&checkpoint, cluster.now(), Vec::new());
                let kept = self.folder.write_checkpoint_as(&files, cluster.savepoint_layout())?;
                self.removals.on_checkpoint(&files, &kept.path, kept.left);
                let (path, state_files) = (kept.path, files.states.len());
                return Ok(Some(Written { path, savepoint, state_files }));
            }
            FileChange::RemoveCheckpoint(checkpoint) => self.removals.remove(&checkpoint)?,
            FileChange::RemoveClaimed(checkpoint) => self.removals.remove_claimed(&checkpoint)?,
            FileChange::RemoveShared(job, file) => self.removals.remove_shared(job, file)?,
        }
        Ok(None)
    }

    /// Writes what the external systems hold by now.
    pub(super) fn write_sinks(&mut self, sinks: &[ExternalSystem]) -> Result<(), PlayError> {
        self.sinks.write(sinks).map_err(PlayError::from)
    }

    /// Where a snapshot lies that was written.
    pub(super) fn place_of(&self, job: JobId, id: CheckpointId) -> Option<&Path> {
        self.removals.place_of(job, id)
    }

    /// What was not removed, in order of time.
    pub(super) fn left(self) -> Vec<LeftOnDisk> {
        self.removals.left()
    }

    /// The files of a snapshot, as the state backend of its job has them.
    fn encode(
        &self,
        checkpoint: &CompletedCheckpoint,
        clock: SimTime,
        sinks: Vec<ExternalSystem>,
    ) -> (Savepoint, SavepointFiles) {
        let name = &checkpoint.properties().job_name;
        let job = self.scenario.jobs.iter().find(|job| job.graph.name == *name);
        let job = job.expect("the job of a snapshot is in its scenario");
        let inputs = self.positions(checkpoint, &job.graph.operators);
        let savepoint = Savepoint { checkpoint: checkpoint.clone(), inputs, clock, sinks };
        let inline_below = self.inline_below.unwrap_or(job.checkpoint.backend.inline_below());
        let inline_below = usize::try_from(inline_below).unwrap_or(usize::MAX);
        let files = store::encode_inline_below(&savepoint, inline_below);
        (savepoint, files)
    }

    /// How far a checkpoint had read each partition of each input, and what that was.
    fn positions(
        &self,
        checkpoint: &CompletedCheckpoint,
        nodes: &[OperatorNode],
    ) -> Vec<InputIdentity> {
        let told = positions(checkpoint, nodes, &self.scenario, &self.inputs);
        let identity = |SourcePosition { input, partition, next }: SourcePosition| InputIdentity {
            name: self.scenario.inputs[input.index()].name.clone(),
            partition: partition.into(),
            next: next.into(),
            hash: self.inputs[input.index()].identity(partition, next),
        };
        told.into_iter().map(identity).collect()
    }
}
