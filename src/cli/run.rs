//! `sandbar run`: plays one scenario and tells what came of it.

use super::arguments::{Binding, Format, Run};
use super::failure::Failure;
use super::interrupt::{Interrupt, progress};
use super::lock;
use super::open::{
    base, by_name, given_input, local, nearest, program, scenario, shell_path, shell_word,
};
use super::output::{Target, rows_of};
use super::places::Taken;
use super::report::{Report, report};
use super::screen::Screen;
use super::words::name_of;
use super::{
    BROKEN, HOLDS, INTERRUPTED, NOT_DETERMINISTIC, STALLED, USER_PANICKED, WRONG_INPUT, panics,
};
use crate::cluster::Cluster;
use crate::job::OperatorKind;
use crate::kernel::Choices;
use crate::operator::Catalogue;
use crate::render::{Names, json_lines};
use crate::rules::Release;
use crate::scenario::{InputKind, Scenario};
use crate::search::{
    Earlier, Judgement, PlayError, Played, Restoring, Setup, flow_of, open_given, play_while,
    play_with_files, start_from,
};
use crate::store::DataDir;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// After how many events the progress is shown again.
const PROGRESS_EVERY: u64 = 4096;

/// Where each savepoint lies, by label.
type Paths = BTreeMap<Arc<str>, PathBuf>;

/// What is read in place of the inputs' own files.
struct Replaced<'r> {
    /// By input.
    paths: &'r BTreeMap<String, PathBuf>,
    /// What came from standard input, if one of them is that.
    given: Option<&'r [u8]>,
}

/// Plays a scenario file.
pub(super) fn run(
    arguments: &Run,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let told = scenario(&arguments.file, catalogue)?;
    let releases: Vec<Release> = match arguments.flink {
        Some(release) if told.releases().any(|other| other == release) => vec![release],
        Some(release) => {
            let played: Vec<String> = told.releases().map(|other| other.to_string()).collect();
            return Err(Failure::wrong(
                format!("the story is not played under Flink {release}"),
                format!("choose one of: {}", played.join(", ")),
            ));
        }
        None => told.releases().collect(),
    };
    let has_one_place = !arguments.output.is_empty()
        || arguments.trace.is_some()
        || arguments.data_dir.is_some()
        || arguments.from_savepoint.is_some();
    if releases.len() > 1 && has_one_place {
        return Err(Failure::wrong(
            "files cannot be shared by several releases",
            format!("choose one: --flink {}", releases[0]),
        ));
    }
    let replaced = by_name("--input", &arguments.input)?;
    let given = given_input(&arguments.file, &replaced)?;
    let replaced = Replaced { paths: &replaced, given: given.as_deref() };
    let mut codes = Vec::new();
    for release in releases {
        codes.push(run_under(release, &told, arguments, &replaced, catalogue, screen)?);
    }
    // The worst of them: the codes count up from what holds to what is stuck.
    Ok(codes.into_iter().max().unwrap_or(HOLDS))
}

/// Plays it under one release.
fn run_under(
    release: Release,
    told: &Scenario,
    arguments: &Run,
    replaced: &Replaced<'_>,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let scenario = told.under(release);
    keep_apart(arguments, &scenario)?;
    let interrupt = Interrupt::listen();
    // Locked before anything in the data folder is read, until all is written.
    let _locks = lock::for_run(arguments, &interrupt)?;
    let mut setup = set_up(scenario, arguments, replaced, catalogue)?;
    let targets = prepare_outputs(arguments, &setup.scenario)?;
    let trace_target = arguments.trace.as_deref().map(Target::prepare).transpose()?;
    let one_of_many = (!told.also.is_empty()).then_some(release);
    let replay = replay_command(arguments, setup.choices.seed(), one_of_many);
    announce(arguments, &setup, screen);
    let folder = match &arguments.data_dir {
        Some(given) => Some(DataDir::open_or_create(local(given)?)?),
        None => None,
    };
    // What earlier runs left in the sinks is read once, so that a second play finds the same as the first.
    if let (Some(folder), None) = (&folder, &setup.start) {
        setup.externals = folder.read_sinks()?;
    }
    let (played, paths) = play_once(folder.as_ref(), setup.clone(), &interrupt, &replay)?;
    let names = names(&played, &setup.scenario);
    let is_interrupted = played.judgement() == Judgement::Interrupted;
    if let Some(target) = trace_target.filter(|_| !is_interrupted) {
        target.write(json_lines(&played.trace, &names).as_bytes())?;
    }
    for (name, target) in targets.into_iter().filter(|_| !is_interrupted) {
        let sink = played.outcome.externals.iter().find(|sink| sink.name == name);
        target.write(&sink.map_or_else(Vec::new, rows_of))?;
    }
    let told = Report {
        arguments,
        setup: &setup,
        played: &played,
        paths: &paths,
        names: &names,
        replay: &replay,
    };
    match arguments.format {
        Format::Human => screen.say(&report(&told, screen.style)),
        Format::Json => screen.say_as_it_is(&super::json::object(&told)),
    }
    let is_refused = setup.start.is_some() && played.is_start_refused();
    let code = match played.judgement() {
        _ if is_refused => WRONG_INPUT,
        Judgement::Holds => HOLDS,
        Judgement::Broken => BROKEN,
        Judgement::Stalled => STALLED,
        Judgement::UserPanicked => USER_PANICKED,
        Judgement::Interrupted => INTERRUPTED,
    };
    if code != HOLDS && arguments.format == Format::Json {
        screen.complain(&format!("replay: {replay}\n"));
    }
    if is_interrupted {
        let text =
            "interrupted: the story is told as far as it was played, and no output was written\n";
        return Err(Failure { text: text.to_owned(), code: INTERRUPTED });
    }
    if arguments.check_determinism {
        play_again(setup, &played, &names, &interrupt, &replay)?;
        if arguments.format == Format::Human {
            screen.say("deterministic: played twice with the same digest\n");
        }
    }
    Ok(code)
}

/// Opens everything that the run is given.
fn set_up(
    mut scenario: Scenario,
    arguments: &Run,
    replaced: &Replaced<'_>,
    catalogue: &Arc<Catalogue>,
) -> Result<Setup, Failure> {
    scenario.seed = arguments.seed.unwrap_or(scenario.seed);
    scenario.until = arguments.until.or(scenario.until);
    let choices = Choices::new(scenario.seed);
    let Replaced { paths, given } = *replaced;
    let inputs = open_given(&scenario, base(&arguments.file), paths, given, &choices)?;
    let data_dir = arguments.data_dir.as_deref().map(local).transpose()?;
    let from = arguments.from_savepoint.as_deref().map(local).transpose()?;
    let keeps_trace = arguments.format == Format::Human
        || arguments.trace.is_some()
        || arguments.check_determinism;
    let wants_sometimes = paths.is_empty();
    let setup = Setup::new(Arc::new(scenario), Arc::clone(catalogue), inputs, choices);
    let restoring = if arguments.deep { Restoring::All } else { Restoring::Never };
    let mut setup = Setup { keeps_trace, wants_sometimes, restoring, ..setup };
    if let Some(path) = from {
        let (allowed, Setup { scenario, inputs, .. }) =
            (arguments.allow_non_restored_state, &setup);
        let (start, externals) = start_from(&path, data_dir.as_deref(), allowed, scenario, inputs)?;
        let claim = arguments.claim.unwrap_or(start.claim);
        (setup.start, setup.externals) = (Some(Earlier { claim, ..start }), externals);
    }
    Ok(setup)
}

/// Refuses outputs that would be lost under each other, or what the run reads under them.
fn keep_apart(arguments: &Run, scenario: &Scenario) -> Result<(), Failure> {
    let mut taken = Taken::default();
    taken.read(&arguments.file);
    let replaced = by_name("--input", &arguments.input)?;
    for input in &scenario.inputs {
        match (replaced.get(&input.name), &input.kind) {
            (Some(path), _) => taken.read(path),
            (None, InputKind::Text(path) | InputKind::Csv { path, .. }) => {
                taken.read(&base(&arguments.file).join(path));
            }
            (None, InputKind::Generate { .. }) => {}
        }
    }
    if let Some(savepoint) = &arguments.from_savepoint {
        taken.snapshot(&local(savepoint)?);
    }
    if let Some(folder) = &arguments.data_dir {
        taken.data_dir(&local(folder)?);
    }
    taken.standard_streams();
    for Binding { name, path } in &arguments.output {
        taken.write(&format!("--output {name}={}", path.display()), path)?;
    }
    match &arguments.trace {
        Some(path) => taken.write(&format!("--trace {}", path.display()), path),
        None => Ok(()),
    }
}

/// The files of `--output`, by sink.
fn prepare_outputs(
    arguments: &Run,
    scenario: &Scenario,
) -> Result<BTreeMap<String, Target>, Failure> {
    let operators = scenario.jobs.iter().flat_map(|job| &job.graph.operators);
    let sinks = operators.filter(|node| matches!(node.kind, OperatorKind::Sink { .. }));
    let sinks: BTreeSet<&str> = sinks.map(|node| node.name.as_str()).collect();
    let sinks: Vec<&str> = sinks.into_iter().collect();
    let mut targets = BTreeMap::new();
    for (name, path) in by_name("--output", &arguments.output)? {
        if !sinks.contains(&name.as_str()) {
            let help = nearest(&name, &sinks).map_or_else(
                || format!("name one of: {}", sinks.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            return Err(Failure::wrong(format!("the scenario has no sink `{name}`"), help));
        }
        targets.insert(name, Target::prepare(&path)?);
    }
    Ok(targets)
}

/// Says what is about to be played, so that a run that never ends loses nothing.
fn announce(arguments: &Run, setup: &Setup, screen: &mut Screen) {
    let file = arguments.file.display();
    let scenario = &setup.scenario;
    let line = format!("{file}, seed {}, Flink {}", setup.choices.seed(), scenario.flink);
    let stands_for =
        scenario.flink.stands_for().map(|told| format!("{told}\n")).unwrap_or_default();
    match arguments.format {
        Format::Human => {
            let line = screen.style.heading(&line);
            let about = &scenario.about;
            let about = if about.is_empty() { String::new() } else { format!("{about}\n") };
            screen.say(&format!("{line}\n{stands_for}{about}\n"));
        }
        Format::Json => screen.complain(&format!("playing {line}\n{stands_for}")),
    }
}

/// Plays once, with files if there is a data folder.
fn play_once(
    folder: Option<&DataDir>,
    setup: Setup,
    interrupt: &Interrupt,
    replay: &str,
) -> Result<(Played, Paths), Failure> {
    let bar = progress(None, "{spinner} {msg}");
    let watch = |cluster: &mut Cluster| {
        if cluster.events().is_multiple_of(PROGRESS_EVERY) {
            let now = cluster.now().in_millis();
            bar.set_message(format!("{} events, t={now}", cluster.events()));
            bar.tick();
        }
        if interrupt.is_asked() { Err(PlayError::Interrupted) } else { Ok(()) }
    };
    let attempt = panics::caught(|| match folder {
        Some(folder) => play_with_files(setup, folder, watch),
        None => play_while(setup, |cluster| flow_of(watch(cluster)))
            .map(|played| (played, Paths::new())),
    });
    bar.finish_and_clear();
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

/// Plays the same again, without files, and compares.
fn play_again(
    setup: Setup,
    first: &Played,
    names: &Names,
    interrupt: &Interrupt,
    replay: &str,
) -> Result<(), Failure> {
    let (second, _) = play_once(None, setup, interrupt, replay)?;
    if second.judgement() == Judgement::Interrupted {
        return Err(PlayError::Interrupted.into());
    }
    if second.outcome.digest == first.outcome.digest && second.trace.entries == first.trace.entries
    {
        return Ok(());
    }
    let pairs = first.trace.entries.iter().zip(&second.trace.entries);
    let differing = pairs.into_iter().find(|(one, other)| one != other);
    let place = differing.map_or_else(
        || "  the events told are the same as far as both go".to_owned(),
        |(one, other)| {
            let line = |entry: &crate::trace::Entry| crate::render::event_line(entry, names);
            format!("  first:  {}\n  second: {}", line(one), line(other))
        },
    );
    let text = format!(
        "error: not deterministic: digest {:032x}, then {:032x}\n{place}\nreplay: {replay} --check-determinism\n",
        first.outcome.digest, second.outcome.digest
    );
    Err(Failure { text, code: NOT_DETERMINISTIC })
}

fn names(played: &Played, scenario: &Scenario) -> Names {
    let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
    Names::new(&played.trace, scenario, sinks)
}

/// The command that plays the same again.
fn replay_command(arguments: &Run, seed: u64, release: Option<Release>) -> String {
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
