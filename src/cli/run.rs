//! `sandbar run`: plays one scenario and tells what came of it.

use super::arguments::{Binding, Format, Run};
use super::case::{self, Case};
use super::failure::Failure;
use super::interrupt::{Interrupt, progress};
use super::lock;
use super::open::{base, by_name, given_input, local, nearest, scenario};
use super::output::{Target, rows_of};
use super::places::Taken;
use super::play::{self, Paths, Replaced, code_of, play_once, replay_command, set_up};
use super::report::{Report, report};
use super::screen::Screen;
use super::{HOLDS, INTERRUPTED, NOT_DETERMINISTIC};
use crate::cluster::Cluster;
use crate::job::OperatorKind;
use crate::operator::Catalogue;
use crate::render::{Names, Style};
use crate::rules::Release;
use crate::scenario::{InputKind, Scenario};
use crate::search::{Judgement, PlayError, Played, Setup};
use crate::store::DataDir;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// After how many events the progress is shown again.
const PROGRESS_EVERY: u64 = 4096;

/// Plays a scenario file.
pub(super) fn run(
    arguments: &Run,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let told = scenario(&arguments.file, catalogue)?;
    let releases = play::releases(&told, arguments.flink)?;
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
    let interrupt = Interrupt::listen();
    let mut worst = HOLDS;
    for release in releases {
        let code = run_under(release, &told, arguments, replaced, catalogue, &interrupt, screen)?;
        // The codes count up from what holds to what is stuck.
        worst = worst.max(code);
    }
    Ok(worst)
}

/// Plays it under one release.
fn run_under(
    release: Release,
    told: &Scenario,
    arguments: &Run,
    replaced: Replaced<'_>,
    catalogue: &Arc<Catalogue>,
    interrupt: &Interrupt,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let scenario = told.under(release);
    keep_apart(arguments, &scenario)?;
    if let Some(folder) = &arguments.keep {
        case::check_place(folder)?;
    }
    if let Some(warning) = case::drift(&arguments.file, &scenario) {
        screen.complain(&warning);
    }
    // Locked before anything in the data folder is read, until all is written.
    let _locks = lock::for_run(arguments, interrupt)?;
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
    let (played, paths) = play_shown(folder.as_ref(), setup.clone(), interrupt, &replay)?;
    let names = names(&played, &setup.scenario);
    let is_interrupted = played.judgement() == Judgement::Interrupted;
    if let Some(target) = trace_target.filter(|_| !is_interrupted) {
        target.write(
            super::json::trace(&setup.scenario, &arguments.file, &played, &names).as_bytes(),
        )?;
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
    let code = code_of(&played, setup.start.is_some());
    if code != HOLDS && arguments.format == Format::Json {
        screen.complain(&format!("replay: {replay}\n"));
    }
    if let Some(folder) = arguments.keep.as_ref().filter(|_| code != HOLDS && !is_interrupted) {
        screen.complain(&keep(folder, &told, catalogue, interrupt)?);
    }
    if is_interrupted {
        let text =
            "interrupted: the story is told as far as it was played, and no output was written\n";
        return Err(Failure { text: text.to_owned(), code: INTERRUPTED });
    }
    if arguments.check_determinism {
        play_again(setup, &played, &names, interrupt, &replay)?;
        if arguments.format == Format::Human {
            screen.say("deterministic: played twice with the same digest\n");
        }
    }
    Ok(code)
}

/// Keeps a play that failed in a folder. What was written, in lines.
fn keep(
    folder: &Path,
    of: &Report<'_>,
    catalogue: &Arc<Catalogue>,
    interrupt: &Interrupt,
) -> Result<String, Failure> {
    let case = Case {
        setup: of.setup.clone(),
        from: base(&of.arguments.file),
        report: &report(of, Style::PLAIN),
        replay: of.replay,
        deep: of.arguments.deep,
    };
    case::keep(folder, case, catalogue, interrupt)
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

/// Plays once, and shows on a terminal how far it is.
fn play_shown(
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
        interrupt.check()
    };
    let played = play_once(folder, setup, replay, watch);
    bar.finish_and_clear();
    played
}

/// Plays the same again, without files, and compares.
fn play_again(
    setup: Setup,
    first: &Played,
    names: &Names,
    interrupt: &Interrupt,
    replay: &str,
) -> Result<(), Failure> {
    let (second, _) = play_shown(None, setup, interrupt, replay)?;
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

/// What the tasks and sinks of a play are called.
pub(super) fn names(played: &Played, scenario: &Scenario) -> Names {
    let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
    Names::new(&played.trace, scenario, sinks)
}
