//! `rules = { … }`: single rules that are other than the release's.

use super::found::Found;
use super::layout::{Table, quoted};
use super::word::Ordered;
use crate::rules::{Field, Override, Release, Rules, WrongRule};
use crate::scenario::language::Source;
use crate::scenario::language::{Described, Form, free};
use crate::scenario::{Action, Scenario};
use serde::Deserialize;
use toml::Spanned;

/// What a rule is set to.
#[derive(Deserialize, Debug)]
#[serde(untagged, expecting = "wanted `true`, `false` or a word in quotes")]
pub(super) enum RuleWord {
    Flag(bool),
    Choice(String),
}

impl Described for RuleWord {
    fn form() -> Form {
        Form::Either(
            "`true`, `false` or a word in quotes",
            vec![Form::Truth, free("a word", "region")],
        )
    }
}

impl RuleWord {
    fn word(&self) -> &str {
        match self {
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
            Self::Choice(word) => word,
        }
    }
}

/// Resolves `rules = { … }`.
pub(super) fn overrides(
    source: Source<'_>,
    rules: &Ordered<Spanned<RuleWord>>,
    found: &mut Found<'_>,
) -> Vec<Override> {
    let resolve = |(name, word): &(Spanned<String>, Spanned<RuleWord>)| {
        let found = Rules::overriding(name.get_ref(), word.get_ref().word());
        found.map_err(|error| {
            let message = error.to_string();
            match &error {
                WrongRule::UnknownField(field) => {
                    let known: Vec<String> = Rules::FIELDS.iter().map(Field::spelled).collect();
                    source.unknown(&name.span(), message, field, known.iter().map(String::as_str))
                }
                WrongRule::UnknownChoice { word: given, choices, .. } => {
                    source.unknown(&word.span(), message, given, choices.iter().copied())
                }
            }
        })
    };
    rules.0.iter().filter_map(|rule| found.keep(resolve(rule))).collect()
}

/// No job could go back to a checkpoint of its own that it cannot read.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other steps leave the release as it is")]
pub(super) fn check(
    source: Source<'_>,
    rules: &Ordered<Spanned<RuleWord>>,
    scenario: &Scenario,
    found: &mut Found<'_>,
) {
    let words = ["metadata", "oldest-metadata"];
    let Some((rule, _)) = rules.0.iter().find(|(rule, _)| words.contains(&rule.get_ref().as_str()))
    else {
        return;
    };
    let is_unread = |release: &Release| {
        let rules = scenario.rules_under(*release);
        rules.metadata < rules.oldest_metadata
    };
    let later = scenario.steps.iter().filter_map(|step| match step.action {
        Action::Upgrade(to) => Some(to),
        _ => None,
    });
    if let Some(release) = scenario.releases().chain(later).find(is_unread) {
        let message = format!(
            "under Flink {release} no job could go back to a checkpoint of its own: `metadata` is older than `oldest-metadata`"
        );
        let help =
            "set both `metadata` and `oldest-metadata`, or leave them as the release has them";
        found.add(source.error_with(&rule.span(), message, help));
    }
}

/// As a file spells them.
pub(super) fn table(overrides: &[Override]) -> Table {
    let mut table = Table::default();
    for patch in overrides {
        match patch.word() {
            flag @ ("true" | "false") => table.put(&patch.field(), flag),
            choice => table.put(&patch.field(), quoted(choice)),
        };
    }
    table
}
