//! `sandbar explain` and `sandbar compare`: why a run went as it did, and where two runs part.

use super::arguments::{Compare, Explain, Question, RecordName, Under};
use super::case::story_of;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::open::nearest;
use super::play::{Alone, play_once};
use super::rules::patched;
use super::run::names;
use super::screen::Screen;
use super::words::name_of;
use super::{BROKEN, HOLDS};
use crate::check::Violation;
use crate::job::{CheckpointId, Origin};
use crate::operator::Catalogue;
use crate::render::{
    Broken, Names, Told, TraceLine, checkpoint, difference, key, lines_of, lines_of_file, moment,
    record, rows, violation,
};
use crate::rules::{Mutation, Release};
use crate::scenario::Scenario;
use crate::scenario::bounds::INPUT_BYTES;
use crate::search::{Played, Setup, read_file};
use crate::trace::Word;
use std::path::Path;
use std::sync::Arc;

/// Plays a story and answers what is asked of it.
pub(super) fn explain(
    of: &Explain,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let interrupt = Interrupt::listen();
    let file = of.file.as_deref().map(story_of);
    let Under { seed, flink, input, mutation } = &of.under;
    let alone = Alone { file: file.as_deref(), seed: *seed, flink: *flink, input, mutation };
    let (setup, replay) = alone.set_up(catalogue)?;
    let setup = Setup { keeps_records: true, ..setup };
    let twin = (!setup.scenario.mutations.is_empty() && asks_for_violation(&of.question))
        .then(|| without_mutations(&setup));
    let story = Arc::clone(&setup.scenario);
    let called = of.file.as_ref().map_or_else(
        || format!("the story of seed {}", story.seed),
        |file| format!("`{}`", file.display()),
    );
    let played = played(setup, &replay, &interrupt)?;
    let names = names(&played, &story);
    let answer = answer(&of.question, &played, &names, &called)?;
    screen.say(&answer);
    if let Some(twin) = twin.filter(|_| !played.verdict.holds()) {
        let sound = self::played(twin, &replay, &interrupt)?;
        let sides =
            [lines_of(&played.trace, &names), lines_of(&sound.trace, &self::names(&sound, &story))];
        let broken: Vec<String> = story.mutations.iter().map(name_of).collect();
        let called = [&*format!("with {}", broken.join(", ")), "without"];
        let rules = patched(story.flink, &story.mutations, screen.style);
        screen.say(&format!("\nwhat is deliberately broken\n{rules}"));
        if let Some(text) = difference(&sides[0], &sides[1], called) {
            screen.say(&format!("\nthe same story with the protocol as it should be: {text}"));
        }
    }
    Ok(HOLDS)
}

const fn asks_for_violation(question: &Question) -> bool {
    question.checkpoint.is_none()
        && question.record.is_none()
        && question.key.is_none()
        && question.at.is_none()
        && question.rows.is_none()
}

/// The same, with the protocol as it should be.
fn without_mutations(setup: &Setup) -> Setup {
    let scenario = Scenario { mutations: Vec::new(), ..Scenario::clone(&setup.scenario) };
    Setup { scenario: Arc::new(scenario), ..setup.clone() }
}

/// Plays it.
pub(super) fn played(setup: Setup, replay: &str, interrupt: &Interrupt) -> Result<Played, Failure> {
    let watch = |_: &mut crate::cluster::Cluster| interrupt.check();
    play_once(None, setup, replay, watch).map(|(played, _)| played)
}

fn answer(
    question: &Question,
    played: &Played,
    names: &Names,
    called: &str,
) -> Result<String, Failure> {
    let told = Told { trace: &played.trace, names, externals: &played.outcome.externals };
    if let Some(id) = question.checkpoint {
        let found = checkpoint(&told, CheckpointId::new(id));
        return found.ok_or_else(|| {
            Failure::wrong(
                format!("no run took a checkpoint {id}"),
                "`sandbar run FILE` tells which completed; `-v` tells each that was triggered",
            )
        });
    }
    if let Some(name) = &question.record {
        return Ok(record(&told, origin_of(name, names)?));
    }
    if let Some(text) = &question.key {
        return Ok(key(&told, text));
    }
    if let Some(at) = question.at {
        return Ok(moment(&told, at));
    }
    if let Some(sink) = &question.rows {
        let externals = &played.outcome.externals;
        let found = externals.iter().find(|external| external.name == *sink);
        let all: Vec<&str> = externals.iter().map(|external| &*external.name).collect();
        let found = found.ok_or_else(|| unknown("sink", sink, &all))?;
        return Ok(rows(&told, found));
    }
    explained(question.violation, played, &told, called)
}

/// The first violation of a play, if there is one: where it was noticed and what led to it.
pub(super) fn first_broken(played: &Played) -> Option<Broken> {
    played.verdict.violations().min_by_key(|violation| violation.event).map(broken_of)
}

/// A violation, as it is explained and drawn.
pub(super) fn broken_of(found: &Violation) -> Broken {
    let mut broken = Broken::new(found.check.to_string(), found.text.clone(), found.event);
    let evidence = &found.evidence;
    found.check.about().clone_into(&mut broken.promise);
    (broken.checkpoint, broken.channel) = (evidence.checkpoint, evidence.channel);
    broken.transaction = evidence.transaction;
    broken.tasks.clone_from(&evidence.tasks);
    broken.origins.clone_from(&evidence.origins);
    broken
}

/// What led to it, and what became of the first record that it is about.
pub(super) fn causes(told: &Told<'_>, broken: &Broken) -> String {
    let mut text = violation(told, broken);
    if let Some(origin) = broken.origins.first() {
        text.push_str("\nwhat became of the first record that it is about\n");
        text.push_str(&record(told, Origin { child: 0, ..*origin }));
    }
    text
}

/// What led to a violation: the Nth, in the order in which they were noticed.
fn explained(
    number: Option<u32>,
    played: &Played,
    told: &Told<'_>,
    called: &str,
) -> Result<String, Failure> {
    let mut violations: Vec<_> = played.verdict.violations().collect();
    violations.sort_by_key(|violation| violation.event);
    let place = usize::try_from(number.unwrap_or(1) - 1).expect("it fits");
    let Some(found) = violations.get(place) else {
        let count = violations.len();
        let message = match (count, played.why()) {
            (0, None) => format!("{called} breaks no check"),
            (0, Some(why)) => format!("{called} breaks no check; it fails since {why}"),
            _ => format!("{called} has {count} violations"),
        };
        return Err(Failure::wrong(
            message,
            "ask for something else: --checkpoint, --record, --key, --at, --rows",
        ));
    };
    let mut text = format!("violation {} of {}\n", place + 1, violations.len());
    text.push_str(&causes(told, &broken_of(found)));
    Ok(text)
}

fn origin_of(name: &RecordName, names: &Names) -> Result<Origin, Failure> {
    let all: Vec<&str> = names.inputs().iter().map(String::as_str).collect();
    let input =
        names.input_called(&name.input).ok_or_else(|| unknown("input", &name.input, &all))?;
    let input = u16::try_from(input).expect("there are few inputs");
    let RecordName { partition, offset, .. } = *name;
    let origin = Origin { input, partition, offset, child: 0 };
    Ok(origin)
}

fn unknown(what: &str, given: &str, all: &[&str]) -> Failure {
    let help = nearest(given, all).map_or_else(
        || format!("name one of: {}", all.join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    Failure::wrong(format!("the scenario has no {what} `{given}`"), help)
}

/// Plays two stories, or reads two traces, and tells where they part.
pub(super) fn compare(
    of: &Compare,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    for (option, count) in [("--seed", of.seed.len()), ("--flink", of.flink.len())] {
        if count > 2 {
            return Err(Failure::wrong(
                format!("{option} is given {count} times"),
                "there are two runs: give it once for both, or twice",
            ));
        }
    }
    let other = of.other.as_deref().unwrap_or(&of.one);
    let interrupt = Interrupt::listen();
    let one = Side::of(of, &of.one, 0);
    let other = Side::of(of, other, 1);
    let called = [one.called(), other.called()];
    if called[0] == called[1] && of.one != Path::new("-") {
        return Err(Failure::wrong(
            "both runs are the same",
            "give another file, or --seed, --flink twice, or --mutation",
        ));
    }
    let lines = [one.lines(catalogue, &interrupt)?, other.lines(catalogue, &interrupt)?];
    match difference(&lines[0], &lines[1], [&called[0], &called[1]]) {
        None => {
            screen.say(&format!("the same: all {} entries\n", lines[0].len()));
            Ok(HOLDS)
        }
        Some(text) => {
            screen.say(&text);
            Ok(BROKEN)
        }
    }
}

/// One of two runs.
struct Side<'c> {
    file: &'c Path,
    seed: Option<u64>,
    flink: Option<Release>,
    mutations: &'c [Mutation],
}

impl<'c> Side<'c> {
    fn of(compare: &'c Compare, file: &'c Path, place: usize) -> Self {
        let seed = compare.seed.get(place).or(compare.seed.first()).copied();
        let flink = compare.flink.get(place).or(compare.flink.first()).copied();
        let mutations = if place == 0 { &[][..] } else { &compare.mutation[..] };
        Self { file, seed, flink, mutations }
    }

    /// What the output calls it.
    fn called(&self) -> String {
        let mut words = vec![self.file.display().to_string()];
        words.extend(self.seed.map(|seed| format!("seed {seed}")));
        words.extend(self.flink.map(|flink| format!("Flink {flink}")));
        words.extend(self.mutations.iter().map(|mutation| format!("with {}", name_of(mutation))));
        words.join(", ")
    }

    fn lines(
        &self,
        catalogue: &Arc<Catalogue>,
        interrupt: &Interrupt,
    ) -> Result<Vec<TraceLine>, Failure> {
        if self.file.extension().is_some_and(|extension| extension == "jsonl") {
            return self.read();
        }
        let Self { file, seed, flink, mutations } = *self;
        let alone = Alone { file: Some(file), seed, flink, input: &[], mutation: mutations };
        let (setup, replay) = alone.set_up(catalogue)?;
        let story = Arc::clone(&setup.scenario);
        let played = played(setup, &replay, interrupt)?;
        Ok(lines_of(&played.trace, &names(&played, &story)))
    }

    /// The entries of a trace in a file.
    fn read(&self) -> Result<Vec<TraceLine>, Failure> {
        let shown = self.file.display();
        if self.seed.is_some() || self.flink.is_some() || !self.mutations.is_empty() {
            return Err(Failure::wrong(
                format!("`{shown}` is a trace: it was played already"),
                "leave --seed, --flink and --mutation out",
            ));
        }
        let bytes = read_file(self.file, &INPUT_BYTES).map_err(|cause| {
            let help = cause.help().unwrap_or("give a trace that `sandbar run --trace` wrote");
            Failure::wrong(format!("cannot read `{shown}`: {cause}"), help)
        })?;
        lines_of_file(&String::from_utf8_lossy(&bytes)).map_err(|(line, why)| {
            Failure::wrong(
                format!("`{shown}`, line {line}: {why}"),
                "give a trace that `sandbar run --trace` wrote",
            )
        })
    }
}
