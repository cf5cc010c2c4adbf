//! Playing with real files: savepoints and checkpoints under a data folder, and starting from one.

use super::kept::Kept;
use super::play::{Earlier, Played, Setup, play_while};
use crate::cluster::{Cluster, End};
use crate::effect::ExternalSystem;
use crate::job::ClaimMode;
use crate::kernel::Flow;
use crate::operator::Log;
use crate::scenario::Scenario;
use crate::store::disk::{Disk, RealDisk};
use crate::store::{self, DataDir, InputIdentity, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A play that could not go on, or could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// Files.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scenario has more than one job, so that it is not clear which starts from the savepoint.
    #[error("the scenario has {jobs} jobs, and a savepoint can start only one")]
    SeveralJobs {
        /// How many.
        jobs: usize,
    },
    /// An input is not the one that the savepoint was taken over.
    #[error(
        "input `{name}` is not the one the savepoint was taken over: the first {next} entries of partition {partition} differ"
    )]
    InputDiffers {
        /// The input.
        name: String,
        /// The partition.
        partition: u16,
        /// How many entries had been read.
        next: u64,
    },
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl PlayError {
    /// What to do about it, as one imperative sentence.
    pub fn help(&self) -> String {
        match self {
            Self::Store(error) => error.help().to_owned(),
            Self::SeveralJobs { .. } => "write a scenario whose only job continues".to_owned(),
            Self::InputDiffers { name, .. } => {
                format!("give the file that was read before, with --input {name}=PATH")
            }
            Self::Interrupted => "run the command again".to_owned(),
        }
    }
}

/// Reads a savepoint that the scenario's only job is to start from, and what the external systems hold: in `data_dir` if
/// that is a data folder, else in the one that the savepoint lies in, else as the savepoint itself remembers it.
///
/// # Errors
///
/// If the savepoint or the sinks cannot be read, if the scenario has more than one job, or if its inputs are not those
/// that the savepoint was taken over.
pub fn start_from(
    path: &Path,
    data_dir: Option<&Path>,
    allow_non_restored: bool,
    scenario: &Scenario,
    inputs: &[Arc<Log>],
) -> Result<(Earlier, Vec<ExternalSystem>), PlayError> {
    start_from_on(&RealDisk::shared(), path, data_dir, allow_non_restored, scenario, inputs)
}

/// The same on this disk.
///
/// # Errors
///
/// Those of [`start_from`].
pub fn start_from_on(
    disk: &Arc<dyn Disk>,
    path: &Path,
    data_dir: Option<&Path>,
    allow_non_restored: bool,
    scenario: &Scenario,
    inputs: &[Arc<Log>],
) -> Result<(Earlier, Vec<ExternalSystem>), PlayError> {
    let savepoint = store::read_savepoint_on(&**disk, path)?;
    if scenario.jobs.len() != 1 {
        return Err(PlayError::SeveralJobs { jobs: scenario.jobs.len() });
    }
    for identity in &savepoint.inputs {
        check_same_input(identity, scenario, inputs)?;
    }
    let open = |folder| DataDir::open_on(Arc::clone(disk), folder);
    let given = data_dir.map(open).transpose()?.flatten();
    let data_dir = given.or_else(|| store::find_data_dir_on(disk, path));
    let held = data_dir.as_ref().map(DataDir::read_sinks).transpose()?.unwrap_or_default();
    let externals_in = data_dir.filter(|_| !held.is_empty()).map(|folder| folder.path().to_owned());
    let externals = if held.is_empty() { savepoint.sinks } else { held };
    let snapshot = Arc::new(savepoint.checkpoint);
    let clock = savepoint.clock;
    // The process may go elsewhere before the snapshot is removed.
    let folder = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let claim = ClaimMode::default();
    let earlier = Earlier { snapshot, clock, allow_non_restored, claim, folder, externals_in };
    Ok((earlier, externals))
}

/// An input begins with what had been read of it. One that is not there any more is another name by now, or gone: its
/// positions are of its name, and what becomes of them the rules say.
fn check_same_input(
    identity: &InputIdentity,
    scenario: &Scenario,
    inputs: &[Arc<Log>],
) -> Result<(), PlayError> {
    let place = scenario.inputs.iter().position(|input| input.name == identity.name);
    let Some(place) = place else { return Ok(()) };
    let partition = u16::try_from(identity.partition).unwrap_or(u16::MAX);
    let next = u32::try_from(identity.next).unwrap_or(u32::MAX);
    let log = &inputs[place];
    if log.length(partition) < next || log.identity(partition, next) != identity.hash {
        return Err(PlayError::InputDiffers {
            name: identity.name.clone(),
            partition,
            next: identity.next,
        });
    }
    Ok(())
}

/// Plays a world and keeps its savepoints and checkpoints as files under a data folder, as they happen. A job that starts
/// from nothing finds the folder's external systems as earlier runs left them. Returns, too, where each savepoint lies, by
/// label. `watch` sees the world after every event. If it says `Interrupted`, the play ends there, judged as far as it came,
/// and leaves the folder as a process that was killed does.
///
/// # Errors
///
/// If a file cannot be written, or what `watch` returns. What was written before stays whole.
pub fn play_with_files(
    mut setup: Setup,
    folder: &DataDir,
    mut watch: impl FnMut(&mut Cluster) -> Result<(), PlayError>,
) -> Result<(Played, BTreeMap<Arc<str>, PathBuf>), PlayError> {
    let (held, mut sinks) = folder.open_sinks()?;
    match &setup.start {
        None => setup.externals = held,
        Some(start) => {
            let lie_here = start.externals_in.as_deref().is_some_and(|path| is_same(path, folder));
            sinks.go_on_from(&setup.externals, lie_here);
        }
    }
    folder.finish_removals()?;
    let mut kept = Kept::new(folder, &setup, sinks)?;
    let mut played = play_while(setup, |cluster| {
        for change in cluster.take_files() {
            kept.carry_out(change, cluster)?;
        }
        flow_of(watch(cluster))
    })?;
    if played.outcome.end != End::Interrupted {
        kept.write_sinks(&played.outcome.externals)?;
    }
    let savepoints = std::mem::take(&mut kept.savepoints);
    played.left = kept.left();
    Ok((played, savepoints))
}

/// Whether a play goes on after what was said by who watches it: an interruption ends it, and is no error.
pub fn flow_of(watched: Result<(), PlayError>) -> Result<Flow, PlayError> {
    match watched {
        Ok(()) => Ok(Flow::Continue),
        Err(PlayError::Interrupted) => Ok(Flow::Stop),
        Err(error) => Err(error),
    }
}

fn is_same(path: &Path, folder: &DataDir) -> bool {
    let real = |path| folder.disk().real_path(path).ok();
    real(path).is_some_and(|path| real(folder.path()) == Some(path))
}
