//! Releases as a file spells them: one, several, or the keys of a table.

use super::found::Found;
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
    found: &mut Found<'_>,
) -> (Release, Vec<Release>) {
    let Some(text) = text else { return (Release::default(), Vec::new()) };
    let at = text.span();
    let names = match text.into_inner() {
        OneOrMany::One(name) => vec![Spanned::new(at.clone(), name)],
        OneOrMany::Many(names) => names,
    };
    if names.is_empty() {
        let help = "name one or more, or leave it out for the newest";
        found.add(source.error_with(&at, "`flink` names no release", help));
    }
    let mut releases = Vec::new();
    for name in names {
        let known = release(source, "flink", &name.span(), name.get_ref());
        let Some(known) = found.keep(known) else { continue };
        if releases.contains(&known) {
            let message = format!("`flink` names {known} twice");
            found.add(source.error_with(&name.span(), message, "name each release once"));
        }
        releases.push(known);
    }
    let others = releases.split_off(releases.len().min(1));
    (releases.first().copied().unwrap_or_default(), others)
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
