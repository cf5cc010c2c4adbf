//! What is wrong with a file, as it is found. A mistake does not keep others from being found, and none is told that only
//! follows from another.

use crate::scenario::language::Source;
use crate::scenario::{Mistake, ScenarioError};
use std::ops::Range;

/// The mistakes so far.
pub(super) struct Found<'t> {
    source: Source<'t>,
    mistakes: Vec<Mistake>,
    /// What of the text nobody has read, since something in it is wrong.
    unread: Vec<Range<usize>>,
}

impl<'t> Found<'t> {
    pub(super) const fn new(
        source: Source<'t>,
        mistakes: Vec<Mistake>,
        unread: Vec<Range<usize>>,
    ) -> Self {
        Self { source, mistakes, unread }
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// The value, or nothing and another mistake.
    pub(super) fn keep<T>(&mut self, result: Result<T, Mistake>) -> Option<T> {
        result.map_err(|mistake| self.add(mistake)).ok()
    }

    /// Takes a mistake down, unless it is about a name that stands where nobody has read it.
    pub(super) fn add(&mut self, mistake: Mistake) {
        let name = mistake.unknown.as_deref();
        let is_there = |at: &Range<usize>, name: &str| {
            let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
            let text = self.source.text.get(at.clone()).unwrap_or_default();
            text.split(|letter| !is_part(letter)).any(|word| word == name)
        };
        let meant = mistake.at.clone();
        let encloses = |inner: &Range<usize>| meant.start < inner.start && inner.end <= meant.end;
        if self.unread.iter().any(encloses) {
            return;
        }
        let follows = name.is_some_and(|name| self.unread.iter().any(|at| is_there(at, name)));
        let is_told = self
            .mistakes
            .iter()
            .any(|told| told.at == mistake.at && told.message == mistake.message);
        if !follows && !is_told {
            self.mistakes.push(mistake);
        }
    }

    /// Whether all of a table was read, whose header stands here.
    pub(super) fn is_read(&self, header: &Range<usize>) -> bool {
        let rest = self.source.text.get(header.end..).unwrap_or_default();
        let end = header.end + rest.find("\n[").unwrap_or(rest.len());
        !self.unread.iter().any(|unread| (header.end..end).contains(&unread.start))
    }

    /// Nobody reads this part of the text.
    pub(super) fn pass_over(&mut self, at: Range<usize>) {
        self.unread.push(at);
    }

    /// The mistakes, in order of the file; none if there are none.
    pub(super) fn into_error(mut self) -> Option<ScenarioError> {
        self.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        let file = self.source.file.to_owned();
        (!self.mistakes.is_empty()).then_some(ScenarioError { file, mistakes: self.mistakes })
    }
}
