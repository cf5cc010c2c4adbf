//! A play that keeps its snapshots and sinks as files on a disk of its own, in memory, and reads back what it wrote.
//!
//! Whatever a world of a sweep keeps goes through the same encoding, folders and removals as with a data folder, but that
//! shared files stay: what comes back must be what was written, at once, and in the end again, if it is still to be there.

use super::kept::{Kept, Written};
use super::play::Setup;
use super::restorable::{Restoring, Tried};
use crate::cluster::Cluster;
use crate::effect::{ExternalSystem, FileChange};
use crate::job::CheckpointKind;
use crate::scenario::{Action, FileAction};
use crate::state::{CompletedCheckpoint, OperatorSnapshot, OperatorState, SubtaskState};
use crate::store::disk::{Disk, MemoryDisk};
use crate::store::{self, DataDir, Savepoint};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Of so many checkpoints one is written.
const EVERY: u64 = 3;
/// How many mistakes are told.
const TOLD_MAX: usize = 4;

/// Follows a play.
pub(super) struct ReadBack {
    folder: DataDir,
    kept: Kept,
    /// Whether all state has files of its own.
    is_apart: bool,
    /// The savepoints that users move: nobody moves their files here, and whoever claimed one removes what it claimed.
    moved: Vec<String>,
    /// Whether a snapshot was written.
    any: bool,
    /// What is wrong, in words.
    wrong: Vec<String>,
}

impl ReadBack {
    /// Of a play that is to try whether it can restore what it keeps, in a sweep every other of those, and goes on from nothing
    /// that lies elsewhere. In every other seed that does all state has files of its own, in the others as its job says.
    pub(super) fn of(setup: &Setup) -> Option<Self> {
        let goes_on = setup.start.is_some() || !setup.externals.is_empty();
        let turn = setup.choices.seed() / 8;
        let is_asked = match setup.restoring {
            Restoring::Never => false,
            Restoring::One => !turn.is_multiple_of(2),
            Restoring::All => true,
        };
        if !is_asked || goes_on {
            return None;
        }
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
        let is_apart = (turn / 2).is_multiple_of(2);
        let folder = DataDir::open_or_create_on(disk, "/data").expect("memory takes a folder");
        let (_, sinks) = folder.open_sinks().expect("there are none");
        let kept = Kept::new(&folder, setup, sinks).expect("nothing was claimed");
        let kept = kept.with_inline_below(is_apart.then_some(0));
        let moved = setup.scenario.steps.iter().filter_map(|step| {
            let Action::Files(FileAction::Move(files)) = &step.action else { return None };
            Some(format!("savepoint `{}`", files.savepoint))
        });
        let moved = moved.collect();
        Some(Self { folder, kept, is_apart, moved, any: false, wrong: Vec::new() })
    }

    /// Writes what is new, and reads it back. If whoever watches the play has taken the files, there is nothing to do.
    pub(super) fn follow(&mut self, cluster: &mut Cluster) {
        for change in cluster.take_files() {
            if !self.takes(&change) {
                continue;
            }
            match self.kept.carry_out(change, cluster) {
                Ok(Some(written)) => self.read(&written),
                Ok(None) => {}
                Err(error) => self.add(format!("what is kept cannot be written: {error}")),
            }
        }
    }

    /// Reads once more what is to be there in the end.
    pub(super) fn finish(mut self, cluster: &Cluster, sinks: &[ExternalSystem], tried: &mut Tried) {
        if let Err(error) = self.kept.write_sinks(sinks) {
            self.add(format!("the sinks cannot be written: {error}"));
        }
        self.read_sinks(sinks);
        for artefact in cluster.artefacts() {
            let properties = artefact.snapshot.properties();
            // A copy lies elsewhere.
            let is_own = |label| artefact.name == format!("savepoint `{label}`");
            let is_savepoint = properties.kind == CheckpointKind::Savepoint;
            let is_elsewhere = self.moved.contains(&artefact.name);
            if is_savepoint && (is_elsewhere || !self.kept.savepoints.keys().any(is_own)) {
                continue;
            }
            let Some(path) = self.kept.place_of(properties.job, properties.id) else { continue };
            let wrong = match self.read_at(path) {
                Ok(read) if is_alike(&read.checkpoint, &artefact.snapshot) => None,
                Ok(_) => Some("is read otherwise than it was".to_owned()),
                Err(why) => Some(format!("cannot be read in the end: {why}")),
            };
            if let Some(wrong) = wrong {
                self.add(format!("{} in its files {wrong}", artefact.name));
            }
        }
        tried.read_back = self.any;
        tried.wrong.append(&mut self.wrong);
    }

    /// Whether a change is carried out: of checkpoints every third is written, which is enough and costs a third. Who removes
    /// a shared file asks all neighbours, which costs more than all the rest.
    fn takes(&self, change: &FileChange) -> bool {
        match change {
            FileChange::Checkpoint(checkpoint) => {
                checkpoint.properties().id.number().is_multiple_of(EVERY)
            }
            FileChange::RemoveCheckpoint(checkpoint) => {
                let properties = checkpoint.properties();
                self.kept.place_of(properties.job, properties.id).is_some()
            }
            FileChange::Savepoint(..) | FileChange::RemoveClaimed(_) => true,
            FileChange::RemoveShared(..) => false,
        }
    }

    fn add(&mut self, text: String) {
        if self.wrong.len() < TOLD_MAX {
            self.wrong.push(text);
        }
    }

    fn read_at(&self, path: &Path) -> Result<Savepoint, String> {
        store::read_savepoint_on(&**self.folder.disk(), path).map_err(|error| error.to_string())
    }

    /// Reads a snapshot back that was just written.
    fn read(&mut self, written: &Written) {
        self.any = true;
        let Written { path, savepoint, state_files } = written;
        let id = savepoint.checkpoint.properties().id;
        let wrong = match self.read_at(path) {
            Ok(read) => difference(savepoint, &read).map(|what| {
                format!("{what} of snapshot {id} are read otherwise than they were written")
            }),
            Err(why) => Some(format!("snapshot {id} cannot be read back: {why}")),
        };
        wrong.into_iter().for_each(|wrong| self.add(wrong));
        let apart = with_state(&savepoint.checkpoint);
        if self.is_apart && apart != *state_files {
            self.add(format!(
                "{apart} subtasks of snapshot {id} have state, and {state_files} files of their own"
            ));
        }
        if !savepoint.sinks.is_empty() {
            self.read_sinks(&savepoint.sinks);
        }
    }

    /// Reads back what the external systems hold.
    fn read_sinks(&mut self, sinks: &[ExternalSystem]) {
        match self.folder.read_sinks() {
            Ok(read) if durable_of(&read) == durable_of(sinks) => {}
            Ok(_) => self.add("the sinks are read otherwise than they were written".to_owned()),
            Err(error) => self.add(format!("the sinks cannot be read back: {error}")),
        }
    }
}

/// What differs of a snapshot that was written and read.
fn difference(written: &Savepoint, read: &Savepoint) -> Option<&'static str> {
    if !is_alike(&written.checkpoint, &read.checkpoint) {
        Some("states")
    } else if written.inputs != read.inputs {
        Some("positions in the inputs")
    } else if written.clock != read.clock {
        Some("the hands of the clock")
    } else {
        (durable_of(&written.sinks) != durable_of(&read.sinks)).then_some("sinks")
    }
}

/// Whether two snapshots are the same: the entries of a keyed state have no order.
fn is_alike(one: &CompletedCheckpoint, other: &CompletedCheckpoint) -> bool {
    one == other || (one.properties() == other.properties() && sorted(one) == sorted(other))
}

/// Its operators, with the entries of each state in order.
fn sorted(checkpoint: &CompletedCheckpoint) -> Vec<OperatorState> {
    let of_subtask = |subtask: &SubtaskState| match subtask {
        SubtaskState::Finished => SubtaskState::Finished,
        SubtaskState::Unlisted => SubtaskState::Unlisted,
        SubtaskState::Snapshot(snapshot) => {
            let mut sorted = OperatorSnapshot::clone(snapshot);
            sorted.keyed.values_mut().for_each(|state| state.entries.sort_unstable());
            SubtaskState::Snapshot(Arc::new(sorted))
        }
    };
    let operators = checkpoint.operators().iter();
    operators
        .map(|state| state.with_subtasks(state.subtasks.iter().map(of_subtask).collect()))
        .collect()
}

/// How many subtasks have state that is in no shared file.
fn with_state(checkpoint: &CompletedCheckpoint) -> usize {
    let snapshots = checkpoint.operators().iter().flat_map(OperatorState::snapshots);
    snapshots.filter(|held| held.shared.is_empty() && !held.is_empty()).count()
}

/// What external systems hold that outlives a process, by name.
fn durable_of(sinks: &[ExternalSystem]) -> BTreeMap<&str, ExternalSystem> {
    let (open, places) = (BTreeMap::new(), BTreeMap::new());
    let durable = |sink: &ExternalSystem| ExternalSystem {
        name: sink.name.clone(),
        committed: Arc::clone(&sink.committed),
        table: sink.table.clone(),
        prepared: sink.prepared.clone(),
        done: sink.done.clone(),
        open: open.clone(),
        places: places.clone(),
    };
    sinks.iter().map(|sink| (sink.name.as_str(), durable(sink))).collect()
}
