//! What came of stories, told in the order of their files, whichever came first.

use super::ends::{StoryEnd, StoryResult, Summary};
use crate::cli::arguments::Lines;
use crate::cli::exit::{HOLDS, WRONG_INPUT};
use crate::cli::screen::Screen;
use crate::render::Style;
use indicatif::ProgressBar;
use std::collections::BTreeMap;

/// Tells of each story as soon as all before it have been told.
pub(super) struct Teller<'t> {
    screen: &'t mut Screen,
    format: Lines,
    bar: ProgressBar,
    /// Those that wait for others, by place.
    waiting: BTreeMap<usize, StoryEnd>,
    told: Vec<StoryEnd>,
}

impl<'t> Teller<'t> {
    /// Tells to this screen, beside this progress.
    pub(super) fn new(screen: &'t mut Screen, format: Lines, bar: ProgressBar) -> Self {
        Self { screen, format, bar, waiting: BTreeMap::new(), told: Vec::new() }
    }

    /// Takes what came of the file at this place, from 0.
    pub(super) fn take(&mut self, place: usize, end: StoryEnd) {
        assert!(place >= self.told.len(), "the file at {place} was told twice");
        self.bar.inc(1);
        self.waiting.insert(place, end);
        while let Some(end) = self.waiting.remove(&self.told.len()) {
            self.tell(end);
        }
    }

    /// Tells what still waits, for files that nobody came to, and returns all.
    pub(super) fn finish(mut self) -> Vec<StoryEnd> {
        for end in std::mem::take(&mut self.waiting).into_values() {
            self.tell(end);
        }
        self.bar.finish_and_clear();
        self.told
    }

    fn tell(&mut self, end: StoryEnd) {
        let Self { screen, format, bar, .. } = self;
        bar.suspend(|| match format {
            Lines::Json => screen.say_as_it_is(&end.line()),
            Lines::Human => screen.say(&in_words(&end, screen.style)),
        });
        self.told.push(end);
    }
}

/// A story for people: nothing if it passed.
fn in_words(end: &StoryEnd, style: Style) -> String {
    let word = format!("{:<7}", end.result.name());
    let reason = end.reason.as_deref().unwrap_or_default();
    let story = &end.story;
    match end.result {
        StoryResult::Passed => String::new(),
        StoryResult::Skipped => style.faint(&format!("{word}  {story}: {reason}")) + "\n",
        StoryResult::Error => {
            let replay = end.replay.as_deref().unwrap_or_default();
            format!("{}  {story}: {reason}\n         replay: {replay}\n", style.bad(&word))
        }
        StoryResult::Failed => {
            let is_one_of_many = end.plays.len() > 1;
            let broken = end.plays.iter().filter(|play| play.code != HOLDS);
            let rows = broken.map(|play| {
                let under =
                    if is_one_of_many { format!(" (Flink {})", play.flink) } else { String::new() };
                let first = play.reasons.first().map_or("", String::as_str);
                let more = match play.reasons.len() {
                    0 | 1 => String::new(),
                    reasons => format!(" (and {} more)", reasons - 1),
                };
                let word = style.bad(&word);
                format!("{word}  {story}{under}: {first}{more}\n         replay: {}\n", play.replay)
            });
            rows.collect()
        }
    }
}

/// The last lines for people.
pub(super) fn conclusion(summary: &Summary, style: Style) -> String {
    let Summary { stories, passed, failed, errors, skipped, not_played, wall_ms, .. } = summary;
    let noun = if *stories == 1 { "story" } else { "stories" };
    let mut text = format!("{stories} {noun}: {passed} passed, {failed} failed");
    let more = [(errors, "could not be played"), (skipped, "skipped"), (not_played, "not played")];
    for (count, what) in more.into_iter().filter(|(count, _)| **count > 0) {
        text.push_str(&format!(", {count} {what}"));
    }
    let tenths = (wall_ms + 50) / 100;
    text.push_str(&format!(", in {}.{} s\n", tenths / 10, tenths % 10));
    let verdict = match (summary.holds(), summary.code) {
        (true, _) => style.good("holds"),
        (false, HOLDS) => style.bad("none: interrupted, and nothing was broken so far"),
        (false, WRONG_INPUT) if *failed == 0 => style.bad("none: not all could be played"),
        (false, _) => style.bad("broken"),
    };
    text + &format!("verdict  {verdict}\n")
}
