//! What came of each story: plain values, which can be written a line a story and counted by whoever reads the lines.

use crate::cli::exit::{HOLDS, WRONG_INPUT};
use crate::cli::failure::Failure;
use crate::scenario::ScenarioError;
use crate::search::{Judgement, Played};
use anstream::adapter::strip_str;
use serde::Serialize;

/// The version of the lines. It counts up when a key changes its name or meaning, not when one is added.
const SCHEMA: u32 = 1;

/// What a story came to, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StoryResult {
    /// It holds, under each of its releases.
    Passed,
    /// It was played, and does not hold.
    Failed,
    /// It could not be played, or the engine broke a rule of its own.
    Error,
    /// It is no story.
    Skipped,
}

impl StoryResult {
    /// As it is spelled.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct StoryEnd {
    schema: u32,
    /// Its path, as the arguments lead to it.
    pub(super) story: String,
    /// What it says of itself.
    pub(super) about: String,
    pub(super) result: StoryResult,
    /// What `run` exits with.
    pub(super) code: u8,
    /// Why it did not pass, in one sentence: the first reason of the first play that has one.
    pub(super) reason: Option<String>,
    /// What `run` says of a story that it cannot play, in lines without colour.
    pub(super) text: Option<String>,
    /// The command that plays it again, if it did not pass.
    pub(super) replay: Option<String>,
    /// How long it took, in milliseconds of this machine.
    pub(super) wall_ms: u64,
    /// One for each release that it was played under.
    pub(super) plays: Vec<PlayEnd>,
}

/// A story under one release.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct PlayEnd {
    pub(super) flink: String,
    seed: u64,
    digest: String,
    events: u64,
    virtual_ns: u64,
    verdict: Judgement,
    pub(super) code: u8,
    /// All that is not as it should be, each in a sentence.
    pub(super) reasons: Vec<String>,
    pub(super) replay: String,
}

/// A story that could not be played, or not to an end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unplayable {
    reason: String,
    text: String,
    code: u8,
}

impl From<ScenarioError> for Unplayable {
    fn from(error: ScenarioError) -> Self {
        let first = error.mistakes.first();
        let reason = first.map_or_else(String::new, |mistake| {
            let help = mistake.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
            format!("line {}: {}{help}", mistake.line, mistake.message)
        });
        let more = error.mistakes.len().saturating_sub(1);
        let more = match more {
            0 => String::new(),
            1 => " (and 1 more mistake)".to_owned(),
            more => format!(" (and {more} more mistakes)"),
        };
        Self { reason: reason + &more, text: format!("{}\n", error.show(false)), code: WRONG_INPUT }
    }
}

impl From<Failure> for Unplayable {
    fn from(failure: Failure) -> Self {
        let text = strip_str(&failure.text).to_string();
        let first = text.lines().next().unwrap_or_default();
        let reason = first.strip_prefix("error: ").unwrap_or(first).to_owned();
        Self { reason, text, code: failure.code }
    }
}

impl StoryEnd {
    /// A file of which nothing is known yet.
    pub(super) fn of(story: String, about: &str) -> Self {
        Self {
            schema: SCHEMA,
            story,
            about: about.to_owned(),
            result: StoryResult::Passed,
            code: HOLDS,
            reason: None,
            text: None,
            replay: None,
            wall_ms: 0,
            plays: Vec::new(),
        }
    }

    /// It is no story, and why.
    pub(super) fn skipped(mut self, why: &str) -> Self {
        (self.result, self.reason) = (StoryResult::Skipped, Some(why.to_owned()));
        self
    }

    /// It cannot be played, or not on; this command says so again.
    pub(super) fn unplayable(mut self, why: Unplayable, replay: String) -> Self {
        self.code = self.code.max(why.code);
        self.result = StoryResult::Error;
        (self.reason, self.text, self.replay) = (Some(why.reason), Some(why.text), Some(replay));
        self
    }

    /// Counts a play.
    pub(super) fn add(&mut self, play: PlayEnd) {
        if play.code != HOLDS && self.result == StoryResult::Passed {
            self.result = StoryResult::Failed;
            self.reason = play.reasons.first().cloned();
            self.replay = Some(play.replay.clone());
        }
        self.code = self.code.max(play.code);
        self.plays.push(play);
    }
}

impl PlayEnd {
    /// What was played, with what `run` exits with and the command that plays it again.
    pub(super) fn new(played: &Played, code: u8, replay: String) -> Self {
        let outcome = &played.outcome;
        let reasons = match played.judgement() {
            Judgement::Broken => played.unmet.clone(),
            Judgement::Holds
            | Judgement::Stalled
            | Judgement::UserPanicked
            | Judgement::Interrupted => played.why().into_iter().collect(),
        };
        Self {
            flink: played.release.to_string(),
            seed: played.seed,
            digest: format!("{:032x}", outcome.digest),
            events: outcome.events,
            virtual_ns: outcome.ended.nanos(),
            verdict: played.judgement(),
            code,
            reasons,
            replay,
        }
    }
}

/// All of them together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Summary {
    /// How many were played or should have been: those that passed, failed or could not be.
    pub(super) stories: usize,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) errors: usize,
    /// Files that are no stories, which do not count.
    pub(super) skipped: usize,
    /// Stories that nobody came to, since the user interrupted.
    pub(super) not_played: usize,
    /// What the command exits with, if nothing comes between.
    pub(super) code: u8,
    /// How long all of it took, in milliseconds of this machine.
    pub(super) wall_ms: u64,
}

impl Summary {
    /// What these came to, of so many files.
    pub(super) fn of(ends: &[StoryEnd], files: usize, wall_ms: u64) -> Self {
        let count = |result| ends.iter().filter(|end| end.result == result).count();
        let skipped = count(StoryResult::Skipped);
        Self {
            stories: ends.len() - skipped,
            passed: count(StoryResult::Passed),
            failed: count(StoryResult::Failed),
            errors: count(StoryResult::Error),
            skipped,
            not_played: files - ends.len(),
            code: ends.iter().map(|end| end.code).max().unwrap_or(HOLDS),
            wall_ms,
        }
    }

    /// Whether all that was played holds, and all was.
    pub(super) fn holds(&self) -> bool {
        self.code == HOLDS && self.not_played == 0
    }

    /// The last line for programs.
    pub(super) fn line(&self) -> String {
        format!("{}\n", serde_json::json!({ "schema": SCHEMA, "summary": self }))
    }
}

impl StoryEnd {
    /// A line for programs, whose keys are sorted.
    pub(super) fn line(&self) -> String {
        format!("{}\n", serde_json::json!(self))
    }
}
