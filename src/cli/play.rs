//! One story, as `run FILE` plays and judges it: its releases, its inputs, the play, the exit code, the command that plays the
//! same again.
//!
//! Tells nothing of what came of it (`run` and `test` do).

use super::arguments::{Binding, Format, Run, drawn_under};
use super::failure::Failure;
use super::open::{
    base, by_name, given_input, local, program, scenario, shell_path, shell_word, typed,
};
use super::words::name_of;
use super::{BROKEN, HOLDS, INTERRUPTED, STALLED, USER_PANICKED, WRONG_INPUT, panics};
use crate::cluster::Cluster;
use crate::kernel::Choices;
use crate::operator::Catalogue;
use crate::rules::{Mutation, Release};
use crate::scenario::Scenario;
use crate::search::{
    Earlier, Judgement, PlayError, Played, Restoring, Setup, drawn_setup, flow_of, open_given,
    play_while, play_with_files, start_from,
};
use crate::store::DataDir;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where each savepoint lies, by label.
pub(super) type Paths = BTreeMap<Arc<str>, PathBuf>;

/// What is read in place of the inputs' own files.
#[derive(Clone, Copy)]
pub(super) struct Replaced<'r> {
    /// By input.
    pub(super) paths: &'r BTreeMap<String, PathBuf>,
    /// What came from standard input, if one of them is that.
    pub(super) given: Option<&'r [u8]>,
}

/// The releases that a story is played under, of which the user may have chosen one.
pub(super) fn releases(told: &Scenario, chosen: Option<Release>) -> Result<Vec<Release>, Failure> {
    match chosen {
        Some(release) if told.releases().any(|other| other == release) => Ok(vec![release]),
        Some(release) => {
            let played: Vec<String> = told.releases().map(|other| other.to_string()).collect();
            Err(Failure::wrong(
                format!("the story is not played under Flink {release}"),
                format!("choose one of: {}", played.join(", ")),
            ))
        }
        None => Ok(told.releases().collect()),
    }
}

/// Opens everything that the run is given.
pub(super) fn set_up(
    mut scenario: Scenario,
    arguments: &Run,
    replaced: Replaced<'_>,
    catalogue: &Arc<Catalogue>,
) -> Result<Setup, Failure> {
    scenario.seed = arguments.seed.unwrap_or(scenario.seed);
    scenario.until = arguments.until.or(scenario.until);
    let choices = Choices::new(scenario.seed);
    let Replaced { paths, given } = replaced;
    let inputs = open_given(&scenario, base(&arguments.file), paths, given, &choices)?;
    let data_dir = arguments.data_dir.as_deref().map(local).transpose()?;
    let from = arguments.from_savepoint.as_deref().map(local).transpose()?;
    let keeps_trace = arguments.format == Format::Human
        || arguments.trace.is_some()
        || arguments.check_determinism;
    let wants_sometimes = paths.is_empty();
    let setup = Setup::new(Arc::new(scenario), Arc::clone(catalogue), inputs, choices);
    let restoring = if arguments.deep { Restoring::All } else { Restoring::Never };
    let keeps_records = arguments.records;
    let mut setup = Setup { keeps_trace, keeps_records, wants_sometimes, restoring, ..setup };
    if let Some(path) = from {
        let (allowed, Setup { scenario, inputs, .. }) =
            (arguments.allow_non_restored_state, &setup);
        let (start, externals) = start_from(&path, data_dir.as_deref(), allowed, scenario, inputs)?;
        let claim = arguments.claim.unwrap_or(start.claim);
        (setup.start, setup.externals) = (Some(Earlier { claim, ..start }), externals);
    }
    Ok(setup)
}

/// A story that is played on its own, to be explained, compared or drawn.
#[derive(Clone, Copy)]
pub(super) struct Alone<'a> {
    /// Its file; without it, it is drawn from the seed, as by `sweep`.
    pub(super) file: Option<&'a Path>,
    pub(super) seed: Option<u64>,
    /// Under which release; of several that the file names the first, if nobody says.
    pub(super) flink: Option<Release>,
    pub(super) input: &'a [Binding],
    /// How its protocol is broken, beside what the file says.
    pub(super) mutation: &'a [Mutation],
}

impl Alone<'_> {
    /// The world of the story, whose trace is kept, and the command that plays it again.
    pub(super) fn set_up(&self, catalogue: &Arc<Catalogue>) -> Result<(Setup, String), Failure> {
        let Self { seed, flink, input, mutation, .. } = *self;
        let Some(file) = self.file else {
            if !input.is_empty() {
                return Err(Failure::wrong("a drawn story reads no files", "leave --input out"));
            }
            let seed = seed.expect("a seed is asked for where there is no file");
            let setup = drawn_setup(seed, &drawn_under(flink), mutation, catalogue);
            return Ok((Setup { keeps_trace: true, ..setup }, typed()));
        };
        let mut told = scenario(file, catalogue)?;
        told.mutations.extend(mutation);
        let release = releases(&told, flink)?[0];
        let replaced = by_name("--input", input)?;
        let given = given_input(file, &replaced)?;
        let run = Run { input: input.to_vec(), ..Run::of(file.to_owned(), seed, flink) };
        let replaced = Replaced { paths: &replaced, given: given.as_deref() };
        let setup = set_up(told.under(release), &run, replaced, catalogue)?;
        let replay = replay_command(&run, setup.choices.seed(), flink);
        Ok((Setup { keeps_trace: true, wants_sometimes: false, ..setup }, replay))
    }
}

/// Plays once, with files if there is a data folder. `watch` sees the world after every event; if it says `Interrupted`, the
/// play is judged as far as it came.
pub(super) fn play_once(
    folder: Option<&DataDir>,
    setup: Setup,
    replay: &str,
    mut watch: impl FnMut(&mut Cluster) -> Result<(), PlayError>,
) -> Result<(Played, Paths), Failure> {
    let attempt = panics::caught(|| match folder {
        Some(folder) => play_with_files(setup, folder, watch),
        None => play_while(setup, |cluster| flow_of(watch(cluster)))
            .map(|played| (played, Paths::new())),
    });
    match attempt {
        Ok(played) => {
            let (mut played, paths) =
                played.map_err(|error| Failure::from(error).with_replay(replay))?;
            if let Some(panic) = &mut played.outcome.panicked {
                panic.message = panics::with_place(&panic.message);
            }
            Ok((played, paths))
        }
        Err(message) => Err(Failure::engine(&message, replay)),
    }
}

/// What a play exits with; `has_start` if it went on from a snapshot that the user gave, which may not fit.
pub(super) fn code_of(played: &Played, has_start: bool) -> u8 {
    match played.judgement() {
        _ if has_start && played.is_start_refused() => WRONG_INPUT,
        Judgement::Holds => HOLDS,
        Judgement::Broken => BROKEN,
        Judgement::Stalled => STALLED,
        Judgement::UserPanicked => USER_PANICKED,
        Judgement::Interrupted => INTERRUPTED,
    }
}

/// The command that plays the same again.
pub(super) fn replay_command(arguments: &Run, seed: u64, release: Option<Release>) -> String {
    let mut words = vec![program(), "run".to_owned(), shell_path(&arguments.file)];
    words.push(format!("--seed {seed}"));
    words.extend(release.map(|release| format!("--flink {release}")));
    words.extend(arguments.input.iter().map(|Binding { name, path }| {
        let word = format!("{name}={}", path.display());
        format!("--input {}", shell_word(Path::new(&word)))
    }));
    words.extend(arguments.until.map(|until| format!("--until {until}")));
    words.extend(arguments.locking.no_lock.then(|| "--no-lock".to_owned()));
    let option = |option, path| format!("{option} {}", shell_path(path));
    words.extend(arguments.data_dir.iter().map(|folder| option("--data-dir", folder)));
    words.extend(arguments.from_savepoint.iter().map(|path| option("-s", path)));
    words.extend(arguments.allow_non_restored_state.then(|| "-n".to_owned()));
    words.extend(arguments.claim.map(|mode| format!("--claim {}", name_of(&mode))));
    words.join(" ")
}
