//! Files that may be stories, read: which of them a test is about.

use super::ends::Unplayable;
use super::found::{Found, How};
use crate::cli::arguments::Test;
use crate::cli::failure::Failure;
use crate::cli::open;
use crate::cli::panics;
use crate::operator::Catalogue;
use crate::scenario::Scenario;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::path::{Path, PathBuf};

/// A file that has been read.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// What it turned out to be.
pub(super) enum Content {
    /// A story.
    Story(Box<Scenario>),
    /// Something that is no story and that nobody said is one, and what.
    SomethingElse(&'static str),
    /// What should be a story and is none.
    Wrong(Unplayable),
}

impl Candidate {
    /// What messages call it.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Whether the user has chosen it.
    fn is_chosen(&self, arguments: &Test) -> bool {
        let has_text = arguments.filter.as_ref().is_none_or(|text| {
            let is_about = match &self.content {
                Content::Story(story) => story.about.contains(text),
                Content::SomethingElse(_) | Content::Wrong(_) => false,
            };
            is_about || self.shown().contains(text)
        });
        let has_release = arguments.flink.is_none_or(|chosen| match &self.content {
            Content::Story(story) => story.releases().any(|release| release == chosen),
            Content::SomethingElse(_) | Content::Wrong(_) => true,
        });
        has_text && has_release
    }
}

/// Reads what was found, on the threads of this pool, and keeps what the user has chosen, in order. Something must be left
/// that can be a story.
pub(super) fn chosen(
    found: Vec<Found>,
    arguments: &Test,
    catalogue: &Catalogue,
) -> Result<Vec<Candidate>, Failure> {
    let mut all: Vec<Candidate> =
        found.into_par_iter().map(|found| read(found, catalogue)).collect();
    let is_story = |candidate: &Candidate| !matches!(candidate.content, Content::SomethingElse(_));
    let stories = all.iter().filter(|candidate| is_story(candidate)).count();
    all.retain(|candidate| candidate.is_chosen(arguments));
    if all.iter().any(is_story) {
        return Ok(all);
    }
    Err(nothing_chosen(arguments, stories > 0))
}

/// Why no story is left.
fn nothing_chosen(arguments: &Test, is_one_there: bool) -> Failure {
    let under = arguments.flink.map(|chosen| format!("is played under Flink {chosen}"));
    let has = arguments.filter.as_ref();
    let has = has.map(|text| format!("has `{text}` in its path or its `about`"));
    if !is_one_there {
        let help = "give stories; `sandbar new` writes one";
        return Failure::wrong("none of these files is a story", help);
    }
    let help = match &has {
        Some(_) => "give a shorter part of the path, or leave --filter out",
        None => "name the release in the `flink` of a story, or leave --flink out",
    };
    let wanted: Vec<String> = has.into_iter().chain(under).collect();
    Failure::wrong(format!("no story {}", wanted.join(" and ")), help)
}

fn read(found: Found, catalogue: &Catalogue) -> Candidate {
    let Found { path, how } = found;
    let content = match how {
        How::Link => {
            Content::SomethingElse("it is a link to a folder; name that to play its stories")
        }
        How::Closed(cause) => {
            let message = format!("cannot look into the folder: {cause}");
            let help = "have it be readable, or name its files";
            Content::Wrong(Unplayable::from(Failure::wrong(message, help)))
        }
        How::Named => story(&path, false, catalogue),
        How::InFolder => story(&path, true, catalogue),
    };
    Candidate { path, content }
}

/// The story in a file; or that it is none, if it may be something else.
fn story(path: &Path, may_be_else: bool, catalogue: &Catalogue) -> Content {
    let read = panics::caught(|| {
        let (text, shown) = match open::text(path) {
            Ok(read) => read,
            Err(failure) => return Content::Wrong(failure.into()),
        };
        match Scenario::parse(&text, &shown, catalogue) {
            Ok(scenario) => Content::Story(Box::new(scenario)),
            Err(_) if may_be_else && Scenario::is_something_else(&text) => {
                Content::SomethingElse("it has no key of a scenario, such as `job`")
            }
            Err(error) => Content::Wrong(error.into()),
        }
    });
    read.unwrap_or_else(|message| {
        let replay = format!("{} run {}", open::program(), open::shell_path(path));
        Content::Wrong(Failure::engine(&message, &replay).into())
    })
}
