//! Which rule in which release a recorded row tells: with any other of its choices the row comes out otherwise.
//!
//! `tests/recorded_cells.txt` names one row for each that has one: a release, a rule, a row. Written by `SANDBAR_RENEW=1 cargo test
//! --release --test recorded cells`, which plays every row with every rule turned round.

use super::{OTHERWISE, REFUSED, Recorded, stories};
use sandbar::{Catalogue, Known, Override, Release, Rules, Scenario, WrongRule, play_out};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

const VERSIONS: [&str; 5] = ["1.11.4", "1.13.6", "1.15.4", "1.20.5", "2.3.0"];

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded_cells.txt")
}

/// The release that a version is of.
fn release_of(version: &str) -> Release {
    let (line, _patch) = version.rsplit_once('.').expect("a version has a patch");
    line.parse().expect("a release")
}

/// What a rule could be in a release, and is not.
fn others(rule: &str, place: usize, release: Release) -> Vec<Override> {
    let Err(WrongRule::UnknownChoice { choices, .. }) = Rules::overriding(rule, "?") else {
        panic!("`{rule}` takes any word");
    };
    let own = release.rules().words()[place];
    let others = choices.into_iter().filter(|word| *word != own);
    others.map(|word| Rules::overriding(rule, word).expect("it is a choice")).collect()
}

/// Whether a row comes out as recorded with a rule turned round, whatever the checks say of it. What no release has together may end
/// a world: that tells nothing.
fn holds(recorded: &Recorded, name: &str, story: &Scenario, turned: Override) -> bool {
    let mut story = story.clone();
    story.overrides.push(turned);
    let unmet = || play_out(stories::setup(recorded.folder.join(name), story)).unmet;
    catch_unwind(AssertUnwindSafe(unmet)).map_or(true, |unmet| unmet.is_empty())
}

/// The rows of a release that come out as recorded.
fn rows(recorded: &Recorded) -> BTreeMap<&str, Scenario> {
    let is_exception = |name: &str| {
        OTHERWISE.iter().any(|(of, other, _)| of.contains(&recorded.release) && *other == name)
            || REFUSED.iter().any(|(of, other, _)| *of == recorded.release && *other == name)
    };
    let rows = recorded.stories.iter().filter(|(name, _)| !is_exception(name));
    let read = rows.map(|(name, text)| {
        let story = Scenario::parse(text, name, &Catalogue::built_in());
        (name.as_str(), story.unwrap_or_else(|error| panic!("{error}")))
    });
    read.collect()
}

/// Of each rule a row that tells what it is in the release that was run, if there is one.
fn told_by(version: &'static str) -> String {
    let recorded = Recorded::read(version, "cells-all");
    let (rows, release) = (rows(&recorded), release_of(version));
    let mut told = String::new();
    for (place, field) in Rules::FIELDS.iter().enumerate() {
        let others = others(&field.spelled(), place, release);
        let tells = |story: &Scenario, name: &str| {
            others.iter().all(|turned| !holds(&recorded, name, story, *turned))
        };
        if let Some((name, _)) = rows.iter().find(|(name, story)| tells(story, name)) {
            let _written = writeln!(told, "{version} {} {name}", field.spelled());
        }
    }
    told
}

#[test]
fn every_cell_that_a_row_tells_is_as_it_was_recorded() {
    if std::env::var_os("SANDBAR_RENEW").is_some() {
        let told: String = VERSIONS.into_iter().map(told_by).collect();
        fs::write(file(), told).expect("written");
    }
    let (mut wrong, mut count) = (String::new(), 0);
    let told = fs::read_to_string(file()).expect("the list of cells is there");
    for version in VERSIONS {
        let recorded = Recorded::read(version, "cells");
        let (rows, release) = (rows(&recorded), release_of(version));
        for line in told.lines().filter(|line| line.starts_with(version)) {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, rule, name] = words[..] else { panic!("`{line}` is no cell") };
            let place = Rules::FIELDS.iter().position(|field| field.spelled() == rule);
            let place = place.unwrap_or_else(|| panic!("there is no rule `{rule}`"));
            let story = rows.get(name).unwrap_or_else(|| panic!("there is no row `{name}`"));
            let goes_through = |turned: &Override| holds(&recorded, name, story, *turned);
            if others(rule, place, release).iter().any(goes_through) {
                let _written = writeln!(wrong, "{line}: the row comes out as recorded without it");
            }
            let known = Rules::FIELDS[place].known_in(release);
            if !matches!(known, Known::Recorded(_)) {
                let _written = writeln!(wrong, "{line}: the rule is said to be {known}");
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty() && count > 50, "{count} cells\n{wrong}");
}
