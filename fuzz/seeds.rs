//! Fills the corpora with what the fuzzer is to begin with: the files of drawn worlds and of one like that of the target,
//! the scenarios of the project and drawn ones.

use sandbar::{Catalogue, Choices, Profile, Scenario, Setup};
use sandbar::internals::{Cluster, FileChange, Savepoint, encode_inline_below, encode_sink, play};
use sandbar_fuzz::savepoint;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many worlds are drawn.
const DRAWN: u64 = 90;
/// Longer files only slow the fuzzer down.
const BYTES_MAX: usize = 6_000;

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (savepoints, scenarios) = (here.join("corpus/savepoint"), here.join("corpus/scenario"));
    fs::create_dir_all(&savepoints)?;
    fs::create_dir_all(&scenarios)?;
    for folder in ["../sim", "../tests/errors"] {
        for file in fs::read_dir(here.join(folder))? {
            let file = file?.path();
            if file.extension().is_some_and(|ending| ending == "toml") {
                fs::copy(&file, scenarios.join(file.file_name().expect("it has a name")))?;
            }
        }
    }
    let catalogue = Arc::new(Catalogue::built_in());
    for seed in 0..DRAWN {
        let scenario = Scenario::draw(&Choices::new(seed), &Profile::default());
        fs::write(scenarios.join(format!("drawn-{seed}")), scenario.to_text())?;
        keep_files(scenario, &catalogue, &savepoints, seed)?;
    }
    for seed in DRAWN..DRAWN + 5 {
        let scenario = Scenario::parse(savepoint::JOB_TEXT, "job.toml", &catalogue);
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        keep_files(Scenario { seed, ..scenario }, &catalogue, &savepoints, seed)?;
    }
    Ok(())
}

/// Plays a world and keeps each of its checkpoints, savepoints and sinks.
fn keep_files(
    scenario: Scenario,
    catalogue: &Arc<Catalogue>,
    folder: &Path,
    seed: u64,
) -> std::io::Result<()> {
    let Some(setup) = Setup::of(Arc::new(scenario), Arc::clone(catalogue)) else { return Ok(()) };
    let mut savepoints = Vec::new();
    let watched = play(setup, |cluster: &mut Cluster| {
        for change in cluster.take_files() {
            if let FileChange::Checkpoint(checkpoint) | FileChange::Savepoint(checkpoint, _) =
                change
            {
                let sinks = cluster.externals();
                let checkpoint = (*checkpoint).clone();
                savepoints.push(Savepoint {
                    checkpoint,
                    inputs: Vec::new(),
                    clock: cluster.now(),
                    sinks,
                });
            }
        }
        Ok::<(), Infallible>(())
    });
    let Ok(_) = watched;
    for (place, whole) in savepoints.iter().enumerate().step_by(3) {
        let name = |what: &str| folder.join(format!("{seed}-{place}-{what}"));
        let files = encode_inline_below(whole, if place % 2 == 0 { usize::MAX } else { 0 });
        keep(&name("metadata"), savepoint::REPAIRS, &files.metadata)?;
        if let Some(state) = files.states.values().next() {
            keep(&name("state"), savepoint::STATE | savepoint::REPAIRS, state)?;
        }
        if let Some(sink) = whole.sinks.first() {
            keep(&name("sink"), savepoint::SINK | savepoint::REPAIRS, &encode_sink(sink))?;
        }
    }
    Ok(())
}

fn keep(path: &PathBuf, mode: u8, bytes: &[u8]) -> std::io::Result<()> {
    if bytes.len() > BYTES_MAX {
        return Ok(());
    }
    let mut whole = vec![mode];
    whole.extend(bytes);
    fs::write(path, whole)
}
