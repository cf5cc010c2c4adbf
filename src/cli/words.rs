//! Arguments that take one word out of a list: what completions show of it, and what is said of a word that is not in it.

use crate::job::{ClaimMode, KeyType};
use crate::operator::Catalogue;
use crate::rules::{Mutation, Release, UnknownRelease};
use crate::scenario::Scenario;
use crate::trace::{CheckName, Word};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};
use serde::Serialize;
use std::ffi::OsStr;

/// Reads one of the words that it knows.
#[derive(Clone)]
pub(super) struct Known<T> {
    words: fn() -> Vec<PossibleValue>,
    read: fn(&str) -> Result<T, String>,
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Known<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        self.read.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.words)().into_iter()))
    }
}

/// A release of Flink, `2.3` or `2.x` for the newest.
pub(super) fn release() -> Known<Release> {
    let read = |text: &str| {
        text.parse().map_err(|unknown: UnknownRelease| format!("{unknown}; {}", unknown.help()))
    };
    Known { words: || listed("releases"), read }
}

/// A way to break the protocol.
pub(super) fn mutation() -> Known<Mutation> {
    Known { words: || listed("mutations"), read: |text| named(Mutation::ALL, text, "mutations") }
}

/// A check.
pub(super) fn check() -> Known<CheckName> {
    let read = |text: &str| {
        let found = CheckName::ALL.iter().copied().find(|check| check.name() == text);
        let names =
            || CheckName::ALL.iter().map(|check| check.name()).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("checks are: {}", names()))
    };
    Known { words: || listed("checks"), read }
}

/// Who owns a savepoint that a job starts from.
pub(super) fn claim_mode() -> Known<ClaimMode> {
    const ALL: [ClaimMode; 3] = [ClaimMode::NoClaim, ClaimMode::Claim, ClaimMode::Legacy];
    Known { words: || bare(&ALL), read: |text| named(&ALL, text, "modes") }
}

/// The Java type of a key.
pub(super) fn key_type() -> Known<KeyType> {
    use KeyType::{Bool, Byte, Char, Double, Float, Int, Long, Short, Text};
    const ALL: [KeyType; 9] = [Text, Int, Long, Short, Byte, Char, Double, Float, Bool];
    Known { words: || bare(&ALL), read: |text| named(&ALL, text, "types") }
}

/// The words of a list of the language, each with what it means.
fn listed(what: &str) -> Vec<PossibleValue> {
    let words = Scenario::list(what, &Catalogue::built_in()).expect("there is such a list");
    words.into_iter().map(|(name, about)| PossibleValue::new(name).help(about)).collect()
}

/// Words that speak for themselves.
fn bare<T: Serialize>(all: &[T]) -> Vec<PossibleValue> {
    all.iter().map(|word| PossibleValue::new(name_of(word))).collect()
}

/// One of a list by its name.
fn named<T: Serialize + Copy>(all: &[T], text: &str, what: &str) -> Result<T, String> {
    let names: Vec<String> = all.iter().map(name_of).collect();
    let found = names.iter().position(|name| name == text);
    found.map(|place| all[place]).ok_or_else(|| format!("{what} are: {}", names.join(", ")))
}

/// The name of a word as scenario files spell it.
pub(super) fn name_of(word: &impl Serialize) -> String {
    let name = serde_json::to_value(word).expect("it is a word");
    name.as_str().expect("it is a word").to_owned()
}
