//! `sandbar draw`: plays a story and draws what happened.

use super::HOLDS;
use super::arguments::{Binding, Draw, Run};
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::open::{base, by_name, given_input, scenario};
use super::output::Target;
use super::places::Taken;
use super::play::{Replaced, play_once, releases, replay_command, set_up};
use super::screen::Screen;
use crate::check::{Finding, Verdict, Violation};
use crate::kernel::SimTime;
use crate::operator::Catalogue;
use crate::render::Names;
use crate::render::picture::{Broken, Options, Picture, View, ascii, layout, mermaid, svg, text};
use crate::scenario::{InputKind, Scenario};
use crate::search::{Judgement, PlayError, Played, STDIN, Setup};
use clap::ValueEnum;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A kind of picture.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Drawing {
    /// Lanes from top to bottom, time from left to right
    SpaceTime,
    /// Where the time of each checkpoint goes: a row for each subtask, counted from the trigger
    Gantt,
}

/// As what a picture is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// A picture that any browser shows, in light and dark
    Svg,
    /// The same in sentences
    Text,
    /// One checkpoint in letters, for a terminal
    Ascii,
    /// One checkpoint as a sequence diagram in the language of Mermaid
    Mermaid,
}

/// A span of virtual time.
pub(super) fn span(text: &str) -> Result<Range<SimTime>, String> {
    let (from, to) =
        text.split_once("..").ok_or("a span is FROM..TO, such as 1s..2500ms".to_owned())?;
    let moment = |text: &str| text.parse::<SimTime>().map_err(|error| error.to_string());
    let (from, to) = (moment(from)?, moment(to.trim_start_matches('='))?);
    if from >= to {
        return Err(format!("{from} is not before {to}"));
    }
    Ok(from..to)
}

/// Draws a run.
pub(super) fn draw(
    arguments: &Draw,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let told = opened(arguments, catalogue)?;
    let target = target(arguments, &told)?;
    let replaced = by_name("--input", &arguments.input)?;
    let given = given_input(&arguments.file, &replaced)?;
    let run = Run {
        input: arguments.input.clone(),
        ..Run::of(arguments.file.clone(), arguments.seed, arguments.flink)
    };
    let replaced = Replaced { paths: &replaced, given: given.as_deref() };
    let setup = set_up(told, &run, replaced, catalogue)?;
    let setup = Setup { keeps_trace: true, keeps_records: arguments.records, ..setup };
    let story = Arc::clone(&setup.scenario);
    let replay = replay_command(&run, setup.choices.seed(), arguments.flink);
    let interrupt = Interrupt::listen();
    let (played, _) = play_once(None, setup, &replay, |_| interrupt.check())?;
    if played.judgement() == Judgement::Interrupted {
        return Err(PlayError::Interrupted.into());
    }
    let drawn = drawn(arguments, &story, &played)?;
    match target {
        Some(target) => target.write(drawn.as_bytes())?,
        None => screen.say_as_it_is(&drawn),
    }
    Ok(HOLDS)
}

/// The story under one release, with the mutations that were asked for.
fn opened(arguments: &Draw, catalogue: &Catalogue) -> Result<Scenario, Failure> {
    let mut told = scenario(&arguments.file, catalogue)?;
    told.mutations.extend(&arguments.mutation);
    let releases = releases(&told, arguments.flink)?;
    Ok(told.under(releases[0]))
}

/// Where the picture goes; none if it is printed.
fn target(arguments: &Draw, story: &Scenario) -> Result<Option<Target>, Failure> {
    let Some(path) = &arguments.output else { return Ok(None) };
    let mut taken = Taken::default();
    taken.read(&arguments.file);
    for Binding { path, .. } in &arguments.input {
        taken.read(path);
    }
    for input in &story.inputs {
        if let InputKind::Text(of) | InputKind::Csv { path: of, .. } = &input.kind {
            taken.read(&base(&arguments.file).join(of));
        }
    }
    taken.standard_streams();
    taken.write(&format!("--output {}", path.display()), path)?;
    Ok(Some(Target::prepare(path)?))
}

/// What was played, as the text of a file.
fn drawn(arguments: &Draw, story: &Scenario, played: &Played) -> Result<String, Failure> {
    let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
    let names = Names::new(&played.trace, story, sinks);
    let mut picture = Picture::new(&played.trace, &names, &broken(&played.verdict));
    picture.title = format!("{}, seed {}", title(&arguments.file), played.seed);
    picture.about.clone_from(&story.about);
    picture.verdict = verdict(&played.verdict);
    let view = match arguments.view {
        Drawing::SpaceTime => View::SpaceTime,
        Drawing::Gantt => View::Gantt,
    };
    let span = arguments.span.as_ref().map(|span| (span.start.nanos(), span.end.nanos()));
    let Draw { checkpoint, unfold, .. } = *arguments;
    let options = Options { view, checkpoint, span, unfold };
    let drawn = match arguments.format {
        Shown::Svg => layout(&picture, &options).map(|scene| svg(&scene)),
        Shown::Text => layout(&picture, &options).map(|scene| text(&scene)),
        Shown::Ascii => ascii(&picture, &options),
        Shown::Mermaid => mermaid(&picture, &options),
    };
    drawn.map_err(|error| Failure::wrong(&error, error.help()))
}

/// The name of the story's file.
fn title(file: &Path) -> String {
    if file == Path::new(STDIN) {
        return "a story".to_owned();
    }
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// Which checks held; those that had nothing to say are left out.
fn verdict(verdict: &Verdict) -> Vec<(String, bool)> {
    let told = verdict.checks.iter().filter_map(|(name, finding)| match finding {
        Finding::Held => Some((name.to_string(), true)),
        Finding::Broken(_) => Some((name.to_string(), false)),
        Finding::Skipped(_) => None,
    });
    told.collect()
}

/// The violations, as pictures show them.
fn broken(verdict: &Verdict) -> Vec<Broken> {
    let plain = |violation: &Violation| {
        let text = violation.text.clone();
        let mut broken = Broken::new(violation.check.to_string(), text, violation.event);
        broken.checkpoint = violation.evidence.checkpoint;
        broken.channel = violation.evidence.channel;
        broken.transaction = violation.evidence.transaction;
        broken
    };
    verdict.violations().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_beginning_and_an_end() {
        let millis = SimTime::from_millis;
        assert_eq!(span("1s..2500ms"), Ok(millis(1_000)..millis(2_500)));
        for wrong in ["", "1s", "..", "1s..", "2s..1s", "1s..1s", "1..2", "a..b"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
