//! The facts of an exception: what a message of ours must say, too.

use super::Differences;
use super::plot::Plot;
use sandbar::internals::PlanRules;
use serde_json::Value as Json;

/// Words of Flink's, and ours for the same; in lower case.
const WORDS: &[(&str, &str)] = &[
    ("cannot map checkpoint/savepoint state", "cannot map checkpoint/savepoint state"),
    ("not available in the new program", "not available in the new program"),
    ("--allownonrestoredstate", "--allownonrestoredstate"),
    ("no operator for the state", "no operator for the state"),
    ("max parallelism mismatch", "max parallelism mismatch"),
    ("is higher than the max parallelism", "is higher than the max parallelism"),
    ("is lower than the configured parallelism", "lower than the configured parallelism"),
    ("incompatible state assignment modes", "incompatible state assignment modes"),
    ("incompatible key/value state types", "incompatible key/value state types"),
    ("must not be incompatible", "must not be incompatible"),
    ("longserializer", "longserializer"),
    ("stringserializer", "stringserializer"),
    ("intserializer", "intserializer"),
    ("hash collision", "hash collision"),
    ("32 character hex", "32 character hex"),
    ("auto generated uids have been disabled", "auto generated uids have been disabled"),
    (
        "forward partitioning does not allow change of parallelism",
        "forward partitioning does not allow change of parallelism",
    ),
    ("empty checkpoint pointer", "empty checkpoint pointer"),
    (
        "cannot find checkpoint or savepoint file/directory",
        "cannot find checkpoint or savepoint file/directory",
    ),
    ("cannot find meta data file", "cannot find meta data file"),
    ("directly from the metadata file", "or at the metadata file itself"),
    ("unexpected magic number", "is not a savepoint"),
    ("unrecognized checkpoint version number: 99", "version 99"),
    ("eofexception", "is incomplete"),
    ("topology changes, such that data exchanges", "topology changes, such that data exchanges"),
];

/// Holds our message against the facts of the recorded causes.
pub(super) fn compare(plot: &Plot, row: &Json, ours: &str, found: &mut Differences) {
    let Some(chain) = row["exception_chain"].as_array() else { return };
    let causes: Vec<&str> = chain.iter().filter_map(Json::as_str).collect();
    let recorded = causes.join("\n");
    let (lower, our_words) = (recorded.to_lowercase(), ours.to_lowercase());
    for (theirs, word) in WORDS {
        if lower.contains(theirs) && !our_words.contains(word) {
            found.add(format!("the message lacks `{word}`: {ours}"));
        }
    }
    for fact in bracketed(&recorded).into_iter().chain(numbers(&recorded)) {
        if !our_words.contains(&fact.to_lowercase()) {
            found.add(format!("the message lacks `{fact}`: {ours}"));
        }
    }
    // Which of several operators is named is open; that one is, and that it was in job A, is not.
    if ids(&recorded).next().is_some() && !super::is_about_files(plot) {
        let mut known = plan_ids(plot);
        if !ids(ours).any(|id| known.iter().any(|known| *known == id)) {
            found.add(format!("the message names no operator of job A: {ours}"));
        }
        known.retain(|id| recorded.contains(id.as_str()));
        if known.is_empty() {
            found.add(format!("job A has no operator of the recorded id: {recorded}"));
        }
    }
}

/// The ids of job A's operators.
fn plan_ids(plot: &Plot) -> Vec<String> {
    let setup = super::stage::setup_of(&plot.a.text("idle", "10us", "")).expect("job A can run");
    let plan = setup.scenario.jobs[0].plan(PlanRules::default()).expect("job A can run");
    plan.operator_ids.iter().map(ToString::to_string).collect()
}

/// Words of 32 hex digits.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Constants of Flink: `[UNION]`.
fn bracketed(text: &str) -> Vec<String> {
    let parts = text.split('[').skip(1).filter_map(|part| part.split(']').next());
    let is_constant = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    parts.filter(is_constant).map(|part| format!("[{part}]")).collect()
}

/// `max parallelism 8`, `parallelism (10)`.
fn numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for before in ["max parallelism ", "parallelism (", "max parallelism ("] {
        for part in text.split(before).skip(1) {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            if !digits.is_empty() {
                found.push(format!("{before}{digits}"));
            }
        }
    }
    found
}
