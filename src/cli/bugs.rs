//! `sandbar bugs`: the zoo of real bugs. Lists it, plays one, or breaks every protocol in drawn worlds.

mod matrix;
mod told;

use super::arguments::{Answer, Bugs, Run};
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::open::{nearest, program};
use super::play::{code_of, play_once};
use super::report::{Report, report};
use super::run::names;
use super::screen::Screen;
use super::{HOLDS, INTERRUPTED};
use crate::operator::Catalogue;
use crate::rules::Mutation;
use crate::search::{Bug, Enacted, Judgement, Played, STDIN, Setup, Switch};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Lists the zoo, plays stories of it, or plays the matrix.
pub(super) fn bugs(
    arguments: &Bugs,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    if arguments.matrix {
        return matrix::matrix(arguments, catalogue, screen);
    }
    let Some(name) = &arguments.name else {
        match arguments.format {
            Answer::Human => screen.say(&told::list(Bug::ALL, catalogue, screen.style)),
            Answer::Json => screen.say_as_it_is(&told::object(Bug::ALL, &[], catalogue)),
        }
        return Ok(HOLDS);
    };
    let chosen = chosen(name)?;
    if arguments.print_scenario {
        let texts: Vec<&str> = chosen.iter().map(|bug| bug.text).collect();
        screen.say_as_it_is(&texts.join("\n"));
        return Ok(HOLDS);
    }
    let interrupt = Interrupt::listen();
    let mut worst = HOLDS;
    let mut ends = Vec::new();
    for bug in &chosen {
        if arguments.format == Answer::Human {
            screen.say(&told::head(bug, screen.style));
        }
        for enacted in bug.plays(catalogue) {
            let end = play(bug, &enacted, arguments.format, catalogue, &interrupt, screen)?;
            worst = worst.max(code_of(&end, false));
            ends.push((bug.name, enacted, end));
        }
    }
    if arguments.format == Answer::Json {
        screen.say_as_it_is(&told::object(&chosen, &ends, catalogue));
    }
    Ok(worst)
}

/// The story of this name, or the stories of this entry.
fn chosen(name: &str) -> Result<Vec<Bug>, Failure> {
    let is_meant = |bug: &&Bug| bug.name == name || bug.entry().eq_ignore_ascii_case(name);
    let chosen: Vec<Bug> = Bug::ALL.iter().filter(is_meant).copied().collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let entries: Vec<String> = Bug::ALL.iter().map(Bug::entry).collect();
    let known = Bug::ALL.iter().map(|bug| bug.name).chain(entries.iter().map(String::as_str));
    let known: Vec<&str> = known.collect();
    let within = known.iter().copied().find(|other| name.len() > 2 && other.contains(name));
    let help = match within.or_else(|| nearest(name, &known)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`{} bugs` lists them", program()),
    };
    Err(Failure::wrong(format!("there is no bug `{name}` in the zoo"), help))
}

/// Plays a story once, and tells it as `run` does.
fn play(
    bug: &Bug,
    enacted: &Enacted,
    format: Answer,
    catalogue: &Arc<Catalogue>,
    interrupt: &Interrupt,
    screen: &mut Screen,
) -> Result<Played, Failure> {
    let scenario = Arc::new(enacted.scenario.clone());
    let setup = Setup::of(scenario, Arc::clone(catalogue)).expect("the zoo reads no files");
    let setup = Setup { keeps_trace: true, ..setup };
    let replay = format!("{} bugs {}", program(), bug.name);
    let (played, paths) = play_once(None, setup.clone(), &replay, |_| interrupt.check())?;
    if format == Answer::Human {
        // Of what came from no file there is none to shrink.
        let arguments = Run::of(PathBuf::from(STDIN), None, None);
        let names = names(&played, &setup.scenario);
        let told = Report {
            arguments: &arguments,
            setup: &setup,
            played: &played,
            paths: &paths,
            names: &names,
            replay: &replay,
        };
        screen.say(&told::heading(enacted, screen.style));
        screen.say(&report(&told, screen.style));
    }
    if played.judgement() == Judgement::Interrupted {
        return Err(Failure { text: "interrupted\n".to_owned(), code: INTERRUPTED });
    }
    Ok(played)
}

/// The bugs of the zoo by their mutation: what a matrix is compared with.
fn by_mutation(catalogue: &Catalogue) -> BTreeMap<Mutation, Vec<Bug>> {
    let mut found: BTreeMap<_, Vec<Bug>> = BTreeMap::new();
    for bug in Bug::ALL {
        if let Switch::Mutations(mutations) = bug.switch(catalogue) {
            mutations
                .into_iter()
                .for_each(|mutation| found.entry(mutation).or_default().push(*bug));
        }
    }
    found
}
