//! The text of a scenario file and the errors that point into it. Knows nothing of what the text means.

use crate::kernel::to_index;
use crate::scenario::ScenarioError;
use crate::scenario::bounds::{self, Bound};
use std::ops::Range;

/// One mistake in so many letters is forgiven when a name is guessed: more, and any short name is like any other.
const LETTERS_PER_MISTAKE: usize = 3;

/// A file's text and name.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Source<'t> {
    /// The text.
    pub text: &'t str,
    /// The file, as the caller named it.
    pub file: &'t str,
    /// Where each line ends, for the line of a place.
    pub ends: &'t [usize],
}

/// Where each line of a text ends.
pub(super) fn line_ends(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(place, _)| place).collect()
}

/// Messages are cut behind so many letters: a name may be as long as the file.
const MESSAGE_MOST: usize = 600;
/// A name that is longer is like no other.
const GUESSED_MOST: usize = 100;
/// A help that names what there is names no more.
const LISTED_MOST: usize = 60;

/// A message that is not as long as the file.
fn cut(message: String) -> String {
    match message.char_indices().nth(MESSAGE_MOST) {
        None => message,
        Some((end, _)) => {
            let rest = message[end..].chars().count();
            format!("{}… and {rest} letters more", &message[..end])
        }
    }
}

impl<'t> Source<'t> {
    /// The line of a byte of the text, from 1.
    pub(super) fn line(self, offset: usize) -> u32 {
        let before = self.ends.partition_point(|end| *end < offset);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The letter of a byte within its line, from 1.
    fn column(self, offset: usize) -> u32 {
        let before = self.ends.partition_point(|end| *end < offset);
        let begin = before.checked_sub(1).map_or(0, |last| self.ends[last] + 1);
        let letters = self.text.get(begin..offset).map_or(0, |text| text.chars().count());
        u32::try_from(letters).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// An error at a place in the text.
    pub(super) fn error(self, at: &Range<usize>, message: impl Into<String>) -> ScenarioError {
        ScenarioError {
            file: self.file.to_owned(),
            line: self.line(at.start),
            column: self.column(at.start),
            message: cut(message.into()),
            help: None,
        }
    }

    /// An error at a place in the text, and what to do about it.
    pub(in crate::scenario) fn error_with(
        self,
        at: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> ScenarioError {
        ScenarioError { help: Some(cut(help.into())), ..self.error(at, message) }
    }

    /// Something goes beyond a bound, at a place in the text.
    pub(super) fn beyond(self, at: &Range<usize>, bound: &Bound) -> ScenarioError {
        self.error_with(at, bound.to_string(), bound.help)
    }

    /// Refuses more things than a bound allows; each is at a place in the text.
    pub(super) fn check_count(
        self,
        places: impl IntoIterator<Item = Range<usize>>,
        bound: &Bound,
    ) -> Result<(), ScenarioError> {
        let most = usize::try_from(bound.most).unwrap_or(usize::MAX);
        match places.into_iter().nth(most) {
            None => Ok(()),
            Some(at) => Err(self.beyond(&at, bound)),
        }
    }

    /// An error about a name that is none of the known ones.
    pub(super) fn unknown<'k>(
        self,
        at: &Range<usize>,
        message: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> ScenarioError {
        ScenarioError { help: suggestion(name, known), ..self.error(at, message) }
    }

    /// Where a line begins, by its number from 1.
    pub(super) fn start_of_line(self, line: u32) -> usize {
        let before = to_index(line).saturating_sub(1);
        match before.checked_sub(1) {
            None => 0,
            Some(last) => self.ends.get(last).map_or(self.text.len(), |end| end + 1),
        }
    }

    /// The next place of a word behind another place, up to the next table; else that place.
    pub(super) fn word_after(self, place: &std::ops::Range<usize>, word: &str) -> Range<usize> {
        let rest = self.text.get(place.end..).unwrap_or_default();
        let table = rest.find("\n[").unwrap_or(rest.len());
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        let found = rest[..table].match_indices(word).find(|(at, _)| {
            let before = rest[..*at].chars().next_back();
            let after = rest[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        });
        found.map_or_else(|| place.clone(), |(at, _)| place.end + at..place.end + at + word.len())
    }

    /// Refuses a name that could not be told apart inside `count:counts/1` or `counts.side`.
    pub(super) fn check_name(
        self,
        what: &str,
        name: &toml::Spanned<String>,
    ) -> Result<(), ScenarioError> {
        let text = name.get_ref();
        if bounds::NAME_BYTES.is_exceeded_by(text.len()) {
            return Err(self.beyond(&name.span(), &bounds::NAME_BYTES));
        }
        let splits = |letter: char| matches!(letter, '/' | ':' | '.') || letter.is_control();
        if text.is_empty() || text.contains(splits) {
            let message = format!("`{}` cannot be the name of {what}", text.escape_debug());
            let help = "use a name without `/`, `:` and `.`";
            return Err(self.error_with(&name.span(), message, help));
        }
        Ok(())
    }

    /// What the TOML reader or a shape of the file complains about, in our words.
    pub(super) fn refused(self, error: &toml::de::Error) -> ScenarioError {
        let end = self.text.len();
        let at = error.span().unwrap_or(end..end);
        let message = error.message().trim();
        if let Some(error) = self.unknown_key(&at, message) {
            return error;
        }
        if message == "duplicate key" {
            let key = self.text.get(at.clone()).unwrap_or_default();
            return self.error(&at, format!("the key `{key}` is there twice"));
        }
        let message = reworded(message);
        match self.key_of(at.start) {
            Some(key) => self.error(&at, format!("`{key}`: {message}")),
            None => self.error(&at, message),
        }
    }

    /// Makes ``unknown field `x`, expected one of `a`, `b` `` a message and a help.
    fn unknown_key(self, at: &Range<usize>, message: &str) -> Option<ScenarioError> {
        let (what, rest) = match message.strip_prefix("unknown field `") {
            Some(rest) => ("key", rest),
            None => ("word", message.strip_prefix("unknown variant `")?),
        };
        let (name, expected) = rest.split_once('`')?;
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let place = match self.key_of(at.start) {
            Some(key) if what == "word" => format!("`{key}`: "),
            Some(_) | None => String::new(),
        };
        Some(self.unknown(at, format!("{place}unknown {what} `{name}`"), name, known))
    }

    /// The key whose value begins at a byte of the text.
    pub(super) fn key_of(self, offset: usize) -> Option<&'t str> {
        let before = self.text.get(..offset)?.trim_end().strip_suffix('=')?.trim_end();
        let is_bare = |byte: char| byte.is_ascii_alphanumeric() || byte == '-' || byte == '_';
        let key = before.rsplit(|byte| !is_bare(byte)).next()?;
        (!key.is_empty()).then_some(key)
    }
}

/// What to do about an unknown name: take one that is spelled much alike, or one of all.
pub(super) fn suggestion<'k>(
    name: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let forgiven = name.chars().count().div_ceil(LETTERS_PER_MISTAKE);
    let is_short = |name: &str| name.len() <= GUESSED_MOST;
    let guessed = known.iter().filter(|candidate| is_short(name) && is_short(candidate));
    let guessed = guessed.map(|candidate| (distance(name, candidate), *candidate));
    // No guess is as good as one that is all wrong.
    let unlike = known.first().map(|first| (usize::MAX, *first));
    let best = guessed.min().or(unlike);
    match best {
        Some((mistakes, candidate)) if mistakes <= forgiven => {
            Some(format!("did you mean `{candidate}`?"))
        }
        Some(_) => Some(format!("use one of {}", listed(&known))),
        None => None,
    }
}

/// A complaint of the TOML reader without line breaks and without the names of Rust types.
fn reworded(message: &str) -> String {
    if message.starts_with("wanted exactly 1 element") {
        return "there must be exactly one key".to_owned();
    }
    let mut message = message.replace('\n', ", ").replace("missing field", "missing key");
    for (number, most) in [
        (", expected u64", u64::MAX),
        (", expected u32", u64::from(u32::MAX)),
        (", expected u16", u64::from(u16::MAX)),
    ] {
        message = message.replace(number, &format!(", expected a whole number from 0 to {most}"));
    }
    message = message.replace(", expected i64", ", expected a whole number");
    message
}

/// Names in backticks with commas between them.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(LISTED_MOST).map(|name| format!("`{name}`"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED_MOST) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        Some(_) | None => shown,
    }
}

/// How many letters of a name must be inserted, dropped, changed or swapped to make another.
fn distance(name: &str, candidate: &str) -> usize {
    strsim::damerau_levenshtein(name, candidate)
}
