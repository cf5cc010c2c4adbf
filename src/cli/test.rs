//! `sandbar test`: many stories on many threads, each judged as `run` judges it.
//!
//! Which files are stories, what came of each and how it is told stand in files of their own.

mod candidate;
mod ends;
mod found;
mod junit;
mod told;

use super::arguments::{Lines, Run, Test};
use super::clock::Clock;
use super::exit::INTERRUPTED;
use super::failure::Failure;
use super::interrupt::{Interrupt, progress};
use super::open::{base, program, shell_path};
use super::output::Target;
use super::panics;
use super::places::Taken;
use super::play::{Replaced, code_of, play_once, releases, replay_command, set_up};
use super::screen::Screen;
use super::threads::threads;
use crate::operator::Catalogue;
use crate::scenario::{InputKind, Scenario};
use crate::search::Judgement;
use candidate::{Candidate, Content};
use ends::{PlayEnd, StoryEnd, Summary};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use told::{Teller, conclusion};

/// All that a thread must know.
struct Plan<'p> {
    arguments: &'p Test,
    catalogue: &'p Arc<Catalogue>,
    interrupt: Interrupt,
}

/// Plays the stories and tells which fail.
pub(super) fn test(
    arguments: &Test,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let clock = Clock::begin();
    let found = found::files(&arguments.paths)?;
    let mut taken = Taken::default();
    found.iter().for_each(|found| taken.read(&found.path));
    let threads = threads(arguments.jobs)?;
    let candidates = threads.install(|| candidate::chosen(found, arguments, catalogue))?;
    let report = match &arguments.junit {
        Some(path) => {
            keep_apart(path, taken, &candidates)?;
            Some(Target::prepare(path)?)
        }
        None => None,
    };
    let plan = Plan { arguments, catalogue, interrupt: Interrupt::listen() };
    let length = u64::try_from(candidates.len()).unwrap_or(u64::MAX);
    let bar = progress(Some(length), "{bar:30} {pos}/{len} stories, {eta} left");
    let teller = Mutex::new(Teller::new(screen, arguments.format, bar));
    let next = AtomicUsize::new(0);
    // Each thread takes the next file, so that the first ones can be told soon.
    threads.broadcast(|_| {
        while let Some((place, candidate)) = take(&next, &candidates) {
            let Some(end) = judged(&plan, candidate) else { break };
            teller.lock().unwrap_or_else(PoisonError::into_inner).take(place, end);
        }
    });
    let ends = teller.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
    let summary = Summary::of(&ends, candidates.len(), clock.millis());
    match arguments.format {
        Lines::Human => screen.say(&conclusion(&summary, screen.style)),
        Lines::Json => screen.say_as_it_is(&summary.line()),
    }
    if plan.interrupt.is_asked() {
        let text =
            "interrupted: the stories that were played are told, and no report was written\n";
        return Err(Failure { text: text.to_owned(), code: INTERRUPTED });
    }
    if let Some(target) = report {
        let written = junit::report(&ends, summary.wall_ms)
            .map_err(|error| Failure::wrong(error, "leave --junit out"))
            .and_then(|text| target.write(text.as_bytes()));
        // What the stories came to counts as well.
        let worst = |failure: Failure| Failure { code: failure.code.max(summary.code), ..failure };
        written.map_err(worst)?;
    }
    Ok(summary.code)
}

/// Refuses a report that would be written over a story, or over what one reads.
fn keep_apart(report: &Path, mut taken: Taken, candidates: &[Candidate]) -> Result<(), Failure> {
    for candidate in candidates {
        let Content::Story(story) = &candidate.content else { continue };
        for input in &story.inputs {
            match &input.kind {
                InputKind::Text(path) | InputKind::Csv { path, .. } => {
                    taken.read(&base(&candidate.path).join(path));
                }
                InputKind::Generate { .. } => {}
            }
        }
    }
    taken.standard_streams();
    taken.write(&format!("--junit {}", report.display()), report)
}

/// The next file that nobody has taken, with its place.
fn take<'c>(next: &AtomicUsize, candidates: &'c [Candidate]) -> Option<(usize, &'c Candidate)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, candidates.get(place)?))
}

/// What a file came to; nothing if the user interrupted.
fn judged(plan: &Plan<'_>, candidate: &Candidate) -> Option<StoryEnd> {
    if plan.interrupt.is_asked() {
        return None;
    }
    let clock = Clock::begin();
    let again = || format!("{} run {}", program(), shell_path(&candidate.path));
    let mut end = match &candidate.content {
        Content::SomethingElse(why) => StoryEnd::of(candidate.shown(), "").skipped(why),
        Content::Wrong(why) => StoryEnd::of(candidate.shown(), "").unplayable(why.clone(), again()),
        Content::Story(story) => {
            let played = panics::caught(|| play_all(plan, candidate, story));
            played.unwrap_or_else(|message| {
                let failure = Failure::engine(&message, &again());
                Some(
                    StoryEnd::of(candidate.shown(), &story.about)
                        .unplayable(failure.into(), again()),
                )
            })?
        }
    };
    end.wall_ms = clock.millis();
    Some(end)
}

/// Plays a story under each of its releases; nothing if the user interrupted.
fn play_all(plan: &Plan<'_>, candidate: &Candidate, told: &Scenario) -> Option<StoryEnd> {
    let (seed, chosen) = (plan.arguments.seed, plan.arguments.flink);
    let run = Run::of(candidate.path.clone(), seed, chosen);
    let mut end = StoryEnd::of(candidate.shown(), &told.about);
    let releases = releases(told, chosen).expect("only stories of the release were chosen");
    for release in releases {
        let scenario = told.under(release);
        let one_of_many = (!told.also.is_empty()).then_some(release);
        let replay = replay_command(&run, seed.unwrap_or(scenario.seed), one_of_many);
        match play(plan, &run, scenario, &replay) {
            Ok(Some(play)) => end.add(play),
            Ok(None) => return None,
            // As `run`, which comes to no further release.
            Err(failure) => return Some(end.unplayable(failure.into(), replay)),
        }
    }
    Some(end)
}

/// Plays a story under one release; nothing if the user interrupted.
fn play(
    plan: &Plan<'_>,
    run: &Run,
    scenario: Scenario,
    replay: &str,
) -> Result<Option<PlayEnd>, Failure> {
    let replaced = Replaced { paths: &BTreeMap::new(), given: None };
    let setup = set_up(scenario, run, replaced, plan.catalogue)?;
    let (played, _) = play_once(None, setup, replay, |_| plan.interrupt.check())?;
    if played.judgement() == Judgement::Interrupted {
        return Ok(None);
    }
    Ok(Some(PlayEnd::new(&played, code_of(&played, false), replay.to_owned())))
}
