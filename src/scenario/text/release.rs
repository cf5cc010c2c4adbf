//! Releases as a file spells them: one, several, or the keys of a table.

use super::layout::{list, word};
use super::word::OneOrMany;
use crate::rules::{Release, UnknownRelease};
use crate::scenario::language::Source;
use crate::scenario::{Mistake, Scenario};
use std::ops::Range;
use toml::Spanned;

/// The releases of `flink = …`, the first and the others.
pub(super) fn releases(
    source: Source<'_>,
    text: Option<Spanned<OneOrMany>>,
) -> Result<(Release, Vec<Release>), Mistake> {
    let Some(text) = text else { return Ok((Release::default(), Vec::new())) };
    let at = text.span();
    let names = match text.into_inner() {
        OneOrMany::One(name) => vec![Spanned::new(at.clone(), name)],
        OneOrMany::Many(names) => names,
    };
    let mut releases = Vec::new();
    for name in names {
        let known = release(source, "flink", &name.span(), name.get_ref())?;
        if releases.contains(&known) {
            let message = format!("`flink` names {known} twice");
            return Err(source.error_with(&name.span(), message, "name each release once"));
        }
        releases.push(known);
    }
    if releases.is_empty() {
        let help = "name one or more, or leave it out for the newest";
        return Err(source.error_with(&at, "`flink` names no release", help));
    }
    let others = releases.split_off(1);
    Ok((releases[0], others))
}

/// The release of a name.
pub(in crate::scenario) fn release(
    source: Source<'_>,
    key: &str,
    at: &Range<usize>,
    name: &str,
) -> Result<Release, Mistake> {
    name.parse().map_err(|unknown: UnknownRelease| {
        source.error_with(at, format!("`{key}`: {unknown}"), unknown.help())
    })
}

impl Scenario {
    /// As a file spells its releases; none if it is the usual one.
    pub(super) fn flink_text(&self) -> Option<String> {
        if !self.also.is_empty() {
            return Some(list(self.releases().map(|release| word(&release))));
        }
        (self.flink != Release::default()).then(|| word(&self.flink))
    }
}
