//! Stories that leave snapshots on a disk, and stories that go on from them.

use sandbar::internals::{Disk, RealDisk, start_from_on};
use sandbar::savepoints::{DataDir, PlayError, open, play_with_files};
use sandbar::story::ClaimMode;
use sandbar::{Catalogue, Choices, Played, Scenario, Setup};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A release of each layout: a pointer, a metadata file, a folder with absolute paths, a folder with relative ones.
pub(crate) const RELEASES: [&str; 4] = ["1.1", "1.2", "1.7", "1.15"];

/// The releases whose savepoints have folders of their own.
pub(crate) const FOLDERS: [&str; 2] = ["1.7", "1.15"];

/// How the state of a job is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kept {
    /// In state files of each snapshot's own.
    InFiles,
    /// In files that checkpoints share.
    Shared,
}

/// A job with two kinds of sinks, and checkpoints that are subsumed; and some of its steps.
fn story(release: &str, kept: Kept, seed: u64, steps: &[(u32, &str)]) -> String {
    let is_old = matches!(release, "1.1" | "1.2");
    let cluster = match release {
        "1.1" => "[cluster]\nsavepoint-backend = 'filesystem'\n",
        _ => "",
    };
    let sink = if is_old { "plain" } else { "two-phase" };
    let retained = if is_old { "" } else { ", retained = 2" };
    let backend = match kept {
        Kept::InFiles => ", inline-below = 0",
        Kept::Shared => ", state-backend = 'incremental'",
    };
    let mut text = format!(
        "flink = '{release}'
seed = {seed}
{cluster}
[input.orders]
generate = {{ records = 120, keys = 5 }}
every = '10ms'
[job.sums]
checkpoint = {{ interval = '200ms'{retained}{backend} }}
operators = [
  {{ name = 'orders', source = 'orders', uid = 'orders-id' }},
  {{ name = 'sums', aggregate = 'sum', key-by = 0, uid = 'sums-id' }},
  {{ name = 'out', sink = '{sink}', uid = 'out-id', chain = 'head' }},
  {{ name = 'log', sink = 'plain', from = ['sums'] }},
]
"
    );
    for (at, action) in steps {
        text.push_str(&format!("[[step]]\nat = '{at}ms'\ndo = {{ {action} }}\n"));
    }
    text
}

/// One that takes a savepoint and is canceled.
pub(crate) fn leaving(release: &str, kept: Kept, seed: u64) -> String {
    story(release, kept, seed, &[(500, "savepoint = { as = 'left' }"), (900, "cancel = {}")])
}

/// One that goes on to its end.
pub(crate) fn going_on(release: &str, kept: Kept, seed: u64) -> String {
    story(release, kept, seed, &[(900, "savepoint = { as = 'next' }")])
}

fn setup_of(text: &str) -> Setup {
    let scenario = Scenario::parse(text, "disk.toml", &Catalogue::built_in());
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let choices = Choices::new(scenario.seed);
    let inputs = open(&scenario, Path::new("."), &BTreeMap::new(), &choices);
    let inputs = inputs.unwrap_or_else(|error| panic!("{error}"));
    Setup::new(Arc::new(scenario), Arc::new(Catalogue::built_in()), inputs, choices)
}

/// What a run came to, and where its savepoints lie.
pub(crate) type Ran = (Played, BTreeMap<Arc<str>, PathBuf>);

/// Plays a story on a disk into a data folder, perhaps from a snapshot. `watch` is called after every event.
pub(crate) fn play(
    disk: &Arc<dyn Disk>,
    text: &str,
    data: &Path,
    from: Option<(&Path, ClaimMode)>,
    mut watch: impl FnMut(),
) -> Result<Ran, PlayError> {
    let mut setup = setup_of(text);
    if let Some((path, claim)) = from {
        let started = start_from_on(disk, path, Some(data), false, &setup.scenario, &setup.inputs);
        let (mut start, externals) = started?;
        start.claim = claim;
        (setup.start, setup.externals) = (Some(start), externals);
    }
    let data = DataDir::open_or_create_on(Arc::clone(disk), data)?;
    play_with_files(setup, &data, |_| {
        watch();
        Ok(())
    })
}

pub(crate) fn real() -> Arc<dyn Disk> {
    RealDisk::shared()
}

/// Leaves a savepoint in a data folder, and says where.
pub(crate) fn leave(release: &str, data: &Path) -> PathBuf {
    let ran = play(&real(), &leaving(release, Kept::InFiles, 3), data, None, || ());
    let (_, paths) = ran.unwrap_or_else(|error| panic!("{release}: {error}"));
    paths.get("left").expect("it was taken").clone()
}
