//! The zoo and its stories, for people and for programs.

use crate::cli::words::name_of;
use crate::operator::Catalogue;
use crate::render::{Style, padded};
use crate::scenario::Expect;
use crate::search::{Bug, Enacted, Played, Switch};
use serde_json::{Value, json};

/// The version of the object. It counts up when a key changes its name or meaning, not when one is added.
const SCHEMA: u32 = 1;

/// A row for each story: entry, name, what is switched, what notices it; below it what goes wrong.
pub(super) fn list(bugs: &[Bug], catalogue: &Catalogue, style: Style) -> String {
    let mut text = String::new();
    for bug in bugs {
        let entry = style.heading(&padded(&bug.entry(), 4));
        let (switch, caught) = (switch(bug, catalogue), caught(bug, catalogue));
        text.push_str(&format!("{entry} {}\n", style.heading(bug.name)));
        text.push_str(&format!("     {}\n", bug.title()));
        text.push_str(&format!("     {}\n", style.faint(bug.sources())));
        text.push_str(&format!("     {switch}: {caught}\n"));
    }
    let mut entries: Vec<String> = bugs.iter().map(Bug::entry).collect();
    entries.dedup();
    let (stories, entries) = (bugs.len(), entries.len());
    text.push_str(&format!("{stories} stories of {entries} entries of the catalogue\n"));
    text
}

/// What stands above the plays of a story.
pub(super) fn head(bug: &Bug, style: Style) -> String {
    let line = format!("{} ({}): {}", bug.entry(), bug.sources(), bug.title());
    format!("{}\n{}\n", style.heading(&line), bug.told())
}

/// What stands above one play.
pub(super) fn heading(enacted: &Enacted, style: Style) -> String {
    let scenario = &enacted.scenario;
    let how = match enacted.is_broken {
        true => style.bad("the bug"),
        false => style.good("as it should be"),
    };
    let mutations: Vec<String> = scenario.mutations.iter().map(name_of).collect();
    let mutations = match mutations.is_empty() {
        true => String::new(),
        false => format!(", {}", mutations.join(", ")),
    };
    let (flink, about) = (scenario.flink, &scenario.about);
    format!("\n{how}: Flink {flink}{mutations}\n{about}\n\n")
}

/// What makes a story broken, in words.
fn switch(bug: &Bug, catalogue: &Catalogue) -> String {
    match bug.switch(catalogue) {
        Switch::Mutations(mutations) => {
            mutations.iter().map(name_of).collect::<Vec<_>>().join(", ")
        }
        Switch::Releases(releases) => {
            let releases: Vec<String> = releases.iter().map(ToString::to_string).collect();
            format!("Flink {}", releases.join(", "))
        }
        Switch::User => "what its user does".to_owned(),
    }
}

/// What notices it, in words: a check, or else what `[expect]` says of it.
fn caught(bug: &Bug, catalogue: &Catalogue) -> String {
    if let Some(check) = bug.caught_by(catalogue) {
        return check.to_string();
    }
    let plays = bug.plays(catalogue);
    let broken = plays.iter().find(|play| play.is_broken);
    let told = broken.map_or("", |play| told_by(&play.scenario.expect));
    format!("no check, but `{told}`")
}

/// What of an expectation says what is wrong, the most telling first.
fn told_by(expect: &Expect) -> &'static str {
    let told = [
        (!expect.fails.is_empty(), "fails"),
        (!expect.refused.is_empty(), "refused"),
        (!expect.dropped.is_empty(), "dropped"),
        (!expect.protocol.unanswered.is_empty(), "unanswered"),
        (!expect.protocol.orphaned.is_empty(), "orphaned"),
        (!expect.committed_rows.is_empty(), "committed-rows"),
        (!expect.committed.is_empty(), "committed"),
        (!expect.callbacks.is_empty(), "callbacks"),
    ];
    told.into_iter().find(|(is_there, _)| *is_there).map_or("jobs", |(_, name)| name)
}

/// The zoo, or what came of some of it, as one object in lines. Keys are sorted.
pub(super) fn object(
    bugs: &[Bug],
    ends: &[(&str, Enacted, Played)],
    catalogue: &Catalogue,
) -> String {
    let bugs: Vec<Value> = bugs.iter().map(|bug| one(bug, ends, catalogue)).collect();
    let object = json!({ "schema": SCHEMA, "bugs": bugs });
    format!("{}\n", serde_json::to_string_pretty(&object).expect("names and numbers are JSON"))
}

fn one(bug: &Bug, ends: &[(&str, Enacted, Played)], catalogue: &Catalogue) -> Value {
    let plays = ends.iter().filter(|(name, ..)| *name == bug.name);
    let plays: Vec<Value> = plays.map(|(_, enacted, played)| play(enacted, played)).collect();
    let (kind, names): (&str, Vec<String>) = match bug.switch(catalogue) {
        Switch::Mutations(mutations) => ("mutations", mutations.iter().map(name_of).collect()),
        Switch::Releases(releases) => {
            ("releases", releases.iter().map(ToString::to_string).collect())
        }
        Switch::User => ("user", Vec::new()),
    };
    let mut object = json!({
        "entry": bug.entry(),
        "name": bug.name,
        "title": bug.title(),
        "sources": bug.sources(),
        "switch": { "kind": kind, "names": names },
        "caught_by": bug.caught_by(catalogue).map(|check| check.to_string()),
    });
    if !plays.is_empty() {
        object["plays"] = Value::Array(plays);
    }
    object
}

fn play(enacted: &Enacted, played: &Played) -> Value {
    let mut violations: Vec<_> = played.verdict.violations().collect();
    violations.sort_by_key(|violation| violation.event);
    let violations = violations.iter().map(|violation| {
        json!({ "check": violation.check.to_string(), "event": violation.event, "text": violation.text })
    });
    json!({
        "flink": played.release.to_string(),
        "is_broken": enacted.is_broken,
        "verdict": played.judgement(),
        "unmet": played.unmet,
        "violations": violations.collect::<Vec<_>>(),
        "digest": format!("{:032x}", played.outcome.digest),
    })
}
