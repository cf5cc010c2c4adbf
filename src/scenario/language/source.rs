//! The text of a scenario file and the errors that point into it. Knows nothing of what the text means.

use crate::kernel::to_index;
use crate::scenario::bounds::{self, Bound};
use crate::scenario::error::Mistake;
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
pub(in crate::scenario) fn line_ends(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(place, _)| place).collect()
}

/// Messages are cut behind so many letters: a name may be as long as the file.
const MESSAGE_MOST: usize = 600;
/// A line that is longer is not shown.
const SHOWN_MOST: usize = 1000;
/// A name that is longer is like no other.
const GUESSED_MOST: usize = 100;
/// A part of a name that is shorter makes it like no other.
const LIKENESS_LEAST: usize = 4;
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
    pub(in crate::scenario) fn line(self, offset: usize) -> u32 {
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

    /// A mistake at a place in the text.
    pub(in crate::scenario) fn error(
        self,
        at: &Range<usize>,
        message: impl Into<String>,
    ) -> Mistake {
        let line = self.line(at.start);
        let begin = self.start_of_line(line);
        let end = self.text[begin..].find(['\n', '\r']).map_or(self.text.len(), |end| begin + end);
        let (shown, marked) = match self.text.get(begin..end) {
            Some(shown) if shown.len() <= SHOWN_MOST => {
                let marked =
                    at.start.min(end) - begin..at.end.clamp(at.start.min(end), end) - begin;
                (shown.to_owned(), marked)
            }
            Some(_) | None => (String::new(), 0..0),
        };
        Mistake {
            line,
            column: self.column(at.start),
            message: cut(message.into()),
            help: None,
            at: at.clone(),
            shown: Box::new((shown, marked)),
            unknown: None,
        }
    }

    /// An error at a place in the text, and what to do about it.
    pub(in crate::scenario) fn error_with(
        self,
        at: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Mistake {
        Mistake { help: Some(cut(help.into())), ..self.error(at, message) }
    }

    /// Something goes beyond a bound, at a place in the text.
    pub(in crate::scenario) fn beyond(self, at: &Range<usize>, bound: &Bound) -> Mistake {
        self.error_with(at, bound.to_string(), bound.help)
    }

    /// Refuses more things than a bound allows; each is at a place in the text.
    pub(in crate::scenario) fn check_count(
        self,
        places: impl IntoIterator<Item = Range<usize>>,
        bound: &Bound,
    ) -> Result<(), Mistake> {
        let most = usize::try_from(bound.most).unwrap_or(usize::MAX);
        match places.into_iter().nth(most) {
            None => Ok(()),
            Some(at) => Err(self.beyond(&at, bound)),
        }
    }

    /// An error about a name that is none of the known ones.
    pub(in crate::scenario) fn unknown<'k>(
        self,
        at: &Range<usize>,
        message: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Mistake {
        let unknown = Some(name.to_owned());
        Mistake { help: suggestion(name, known), unknown, ..self.error(at, message) }
    }

    /// Where a line begins, by its number from 1.
    pub(in crate::scenario) fn start_of_line(self, line: u32) -> usize {
        let before = to_index(line).saturating_sub(1);
        match before.checked_sub(1) {
            None => 0,
            Some(last) => self.ends.get(last).map_or(self.text.len(), |end| end + 1),
        }
    }

    /// Refuses a name that could not be told apart inside `count:counts/1` or `counts.side`.
    pub(in crate::scenario) fn check_name(
        self,
        what: &str,
        name: &toml::Spanned<String>,
    ) -> Result<(), Mistake> {
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

    /// What the TOML reader complains about, in our words.
    pub(in crate::scenario) fn refused(self, error: &toml::de::Error) -> Mistake {
        let end = self.text.len();
        let at = error.span().unwrap_or(end..end);
        let message = error.message().trim();
        if message == "duplicate key" {
            let key = self.text.get(at.clone()).unwrap_or_default();
            return self.error(&at, format!("the key `{key}` is there twice"));
        }
        let message = message.replace('\n', ", ");
        match self.key_of(at.start) {
            Some(key) => self.error(&at, format!("`{key}`: {message}")),
            None => self.error(&at, message),
        }
    }

    /// The key whose value begins at a byte of the text.
    pub(in crate::scenario) fn key_of(self, offset: usize) -> Option<&'t str> {
        let before = self.text.get(..offset)?.trim_end().strip_suffix('=')?.trim_end();
        let is_bare = |byte: char| byte.is_ascii_alphanumeric() || byte == '-' || byte == '_';
        let key = before.rsplit(|byte| !is_bare(byte)).next()?;
        (!key.is_empty()).then_some(key)
    }
}

/// What to do about an unknown name: take one that is spelled much alike, or one of all.
pub(in crate::scenario) fn suggestion<'k>(
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
    // A name that says more, or less, than another is meant for it.
    let says_more = |candidate: &&&str| {
        let (short, long) = match name.len() < candidate.len() {
            true => (name, **candidate),
            false => (**candidate, name),
        };
        short.len() >= LIKENESS_LEAST && is_short(long) && long.contains(short)
    };
    let longer = known.iter().find(says_more);
    match best {
        Some((mistakes, candidate)) if mistakes <= forgiven => {
            Some(format!("did you mean `{candidate}`?"))
        }
        Some(_) => Some(match longer {
            Some(longer) => format!("did you mean `{longer}`?"),
            None => format!("use one of {}", listed(&known)),
        }),
        None => None,
    }
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
