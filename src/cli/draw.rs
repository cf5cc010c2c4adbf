//! `sandbar draw`: plays a story and draws what happened.

use super::HOLDS;
use super::arguments::Draw;
use super::case::story_of;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::beside;
use super::play::{Alone, play_once};
use super::run::names;
use super::screen::Screen;
use super::why::broken_of;
use crate::check::{Finding, Verdict};
use crate::kernel::SimTime;
use crate::operator::Catalogue;
use crate::render::picture::{Options, Picture, View, ascii, layout, mermaid, svg, text};
use crate::scenario::Scenario;
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
    let file = arguments.file.as_deref().map(story_of);
    let alone = Alone {
        file: file.as_deref(),
        seed: arguments.seed,
        flink: arguments.flink,
        input: &arguments.input,
        mutation: &arguments.mutation,
    };
    let (setup, replay) = alone.set_up(catalogue)?;
    let target =
        beside(arguments.output.as_deref(), file.as_deref(), &arguments.input, &[&setup.scenario])?;
    let setup = Setup { keeps_records: arguments.records, ..setup };
    let story = Arc::clone(&setup.scenario);
    let interrupt = Interrupt::listen();
    let (played, _) = play_once(None, setup, &replay, |_| interrupt.check())?;
    if played.judgement() == Judgement::Interrupted {
        return Err(PlayError::Interrupted.into());
    }
    let drawn = drawn(arguments, &titled(file.as_deref()), &story, &played)?;
    match target {
        Some(target) => target.write(drawn.as_bytes())?,
        None => screen.say_as_it_is(&drawn),
    }
    Ok(HOLDS)
}

/// What was played, as the text of a file.
fn drawn(
    arguments: &Draw,
    title: &str,
    story: &Scenario,
    played: &Played,
) -> Result<String, Failure> {
    let picture = picture(title, story, played);
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

/// What is drawn of a play.
fn picture(title: &str, story: &Scenario, played: &Played) -> Picture {
    let mut picture = Picture::new(
        &played.trace,
        &names(played, story),
        &played.verdict.violations().map(broken_of).collect::<Vec<_>>(),
    );
    picture.title = format!("{title}, seed {}", played.seed);
    picture.about.clone_from(&story.about);
    picture.verdict = verdict(&played.verdict);
    picture
}

/// A play as `draw` draws it without options; none if there is nothing to draw.
pub(super) fn whole(title: &str, story: &Scenario, played: &Played) -> Option<String> {
    let scene = layout(&picture(title, story, played), &Options::default()).ok()?;
    Some(svg(&scene))
}

/// The name of the story's file.
fn titled(file: Option<&Path>) -> String {
    let stem = file.filter(|file| *file != Path::new(STDIN)).and_then(Path::file_stem);
    stem.map_or_else(|| "a story".to_owned(), |stem| stem.to_string_lossy().into_owned())
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
