//! `sandbar shrink`: looks for a smaller story that is broken in the same way, and writes it as a file.

use super::arguments::Shrink;
use super::failure::Failure;
use super::interrupt::{Interrupt, progress};
use super::open::{base, program, scenario, shell_path, typed};
use super::output::beside;
use super::play::releases;
use super::screen::Screen;
use super::{HOLDS, INTERRUPTED, panics};
use crate::kernel::Choices;
use crate::operator::Catalogue;
use crate::scenario::Scenario;
use crate::search::{
    Player, Setup, Shrinking, Shrunk, Stopped, Trial, drawn_setup, open, play_within,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Makes a story smaller.
pub(super) fn shrink(
    arguments: &Shrink,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let stories = stories(arguments, catalogue)?;
    let read: Vec<&Scenario> = stories.iter().collect();
    let target = beside(arguments.output.as_deref(), arguments.file.as_deref(), &[], &read)?;
    let interrupt = Interrupt::listen();
    let Some((shrinking, deep)) = broken(arguments, stories, catalogue, &interrupt)? else {
        return Err(interrupted(""));
    };
    let found = shrinking.first(arguments.check).expect("it is broken, as was asked for").clone();
    let bar = progress(Some(arguments.budget.into()), "{bar:30} {pos}/{len} plays, {msg}");
    let shrunk = {
        let mut player = player(folder(arguments), catalogue, deep, &interrupt);
        shrinking.shrink(&found, arguments.budget, &mut *player, &mut |plays, size| {
            bar.set_position(plays.into());
            bar.set_message(size.to_string());
        })
    };
    bar.finish_and_clear();
    let text = file(arguments, &shrunk, deep);
    match target {
        Some(target) => target.write(text.as_bytes())?,
        None => screen.say_as_it_is(&text),
    }
    screen.complain(&report(arguments, &shrunk, deep));
    match shrunk.stopped {
        Stopped::Interrupted => Err(interrupted(": what was written is the smallest so far")),
        Stopped::Smallest | Stopped::Budget => Ok(HOLDS),
    }
}

fn interrupted(more: &str) -> Failure {
    Failure { text: format!("interrupted{more}\n"), code: INTERRUPTED }
}

/// What may be broken: the drawn story of a seed, or a file under each of its releases.
fn stories(arguments: &Shrink, catalogue: &Arc<Catalogue>) -> Result<Vec<Scenario>, Failure> {
    let Some(path) = &arguments.file else {
        let seed = arguments.seed.expect("a seed is asked for where there is no file");
        let setup = drawn_setup(seed, &arguments.profile(), &arguments.mutation, catalogue);
        let about = format!("Drawn from seed {seed}, and made smaller.");
        return Ok(vec![Scenario { about, ..Scenario::clone(&setup.scenario) }]);
    };
    let mut told = scenario(path, catalogue)?;
    told.mutations.extend(&arguments.mutation);
    told.seed = arguments.seed.unwrap_or(told.seed);
    let releases = releases(&told, arguments.flink)?;
    Ok(releases.into_iter().map(|release| told.under(release)).collect())
}

/// The folder that the paths in the story are relative to.
fn folder(arguments: &Shrink) -> &Path {
    arguments.file.as_deref().map_or(Path::new(""), base)
}

/// Plays what is tried, until the user interrupts. A panic of the engine is one more thing that can be wrong.
pub(super) fn player<'p>(
    folder: &'p Path,
    catalogue: &'p Arc<Catalogue>,
    deep: bool,
    interrupt: &'p Interrupt,
) -> Box<Player<'p>> {
    Box::new(move |scenario, events| {
        if interrupt.is_asked() {
            return Trial::Interrupted;
        }
        let choices = Choices::new(scenario.seed);
        let Ok(inputs) = open(scenario, folder, &BTreeMap::new(), &choices) else {
            return Trial::Left;
        };
        let setup = Setup::new(Arc::clone(scenario), Arc::clone(catalogue), inputs, choices);
        panics::caught(|| play_within(setup, deep, events)).unwrap_or_else(Trial::Panicked)
    })
}

/// The first of the stories that is broken as was asked for, and whether that shows only where it is tried to restore what is
/// kept. None if the user interrupts.
fn broken(
    arguments: &Shrink,
    stories: Vec<Scenario>,
    catalogue: &Arc<Catalogue>,
    interrupt: &Interrupt,
) -> Result<Option<(Shrinking, bool)>, Failure> {
    let mut others = Vec::new();
    for story in stories {
        // What is wrong with its inputs is told before anything is played.
        if let Some(file) = &arguments.file {
            open(&story, base(file), &BTreeMap::new(), &Choices::new(story.seed))?;
        }
        for deep in [false, true] {
            let mut player = player(folder(arguments), catalogue, deep, interrupt);
            let Some(shrinking) = Shrinking::of(&story, catalogue, &mut *player) else {
                return Ok(None);
            };
            drop(player);
            if shrinking.first(arguments.check).is_some() {
                return Ok(Some((shrinking, deep)));
            }
            others.extend(shrinking.found().first().map(|found| found.in_words()));
        }
    }
    let what = arguments
        .file
        .as_ref()
        .map_or_else(|| "the drawn story".to_owned(), |file| format!("`{}`", file.display()));
    Err(match (others.first(), arguments.check) {
        (Some(other), Some(check)) => Failure::wrong(
            format!("{what} does not break {check}: {other}"),
            "name another check with --check, or none",
        ),
        _ => Failure::wrong(
            format!("{what} breaks nothing, so that there is nothing to keep while it shrinks"),
            "give a story and a seed that fail: `sandbar sweep` looks for one",
        ),
    })
}

/// The smaller story as a file, with what is wrong with it at its head.
fn file(arguments: &Shrink, shrunk: &Shrunk, deep: bool) -> String {
    let seed = shrunk.scenario.seed;
    let depends = match shrunk.under_any_seed {
        true => "under its seed, and under every other that was tried".to_owned(),
        false => format!("under seed {seed}, which it names"),
    };
    let broken: String = shrunk.found.in_words().split_whitespace().collect::<Vec<_>>().join(" ");
    let deep = if deep { " --deep" } else { "" };
    let played =
        arguments.output.as_ref().map_or_else(|| "FILE".to_owned(), |path| shell_path(path));
    format!(
        "# Broken: {broken}\n\
         # It is broken {depends}.\n\
         # Play it:   {} run {played}{deep}\n\
         # Shrunk by: {}\n\n{}",
        program(),
        typed(),
        shrunk.scenario.to_text()
    )
}

/// What became of it, for people.
fn report(arguments: &Shrink, shrunk: &Shrunk, deep: bool) -> String {
    let why = match shrunk.stopped {
        Stopped::Smallest => "nothing smaller that was tried is broken in the same way",
        Stopped::Budget => "the budget is used up; --budget allows more",
        Stopped::Interrupted => "interrupted",
    };
    let Shrunk { found, before, after, plays, .. } = shrunk;
    let mut text = format!(
        "broken   {}\nbefore   {before}\nafter    {after}\nplays    {plays} of {}: {why}\n",
        found.in_words(),
        arguments.budget
    );
    if let Some(path) = &arguments.output {
        let deep = if deep { " --deep" } else { "" };
        text.push_str(&format!("replay: {} run {}{deep}\n", program(), shell_path(path)));
    }
    text
}
