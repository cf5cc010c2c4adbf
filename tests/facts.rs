//! A digest of what runs tell, and not of how it is kept in memory: kind, time, names and numbers of every event, as the lines
//! of a trace spell them. It stays as it is while the vocabulary of events is rebuilt, and while wording changes.
//!
//! `tests/facts.txt` has a line for each golden run of `tests/digests.txt` and for each hundred of drawn worlds from seed 0 on.
//! `cargo test` plays some of them; `SANDBAR_FACTS=all cargo test --release --test facts` plays all of them, and
//! `SANDBAR_RENEW=1` before that command writes the file anew.

mod stories;

use sandbar::events::{Names, json_lines};
use sandbar::simulation::Digest;
use sandbar::{Catalogue, Choices, Profile, Scenario, Setup, play_out};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many drawn worlds there are in all.
const SEEDS: u64 = 2000;
/// How many of them share a line.
const SHARE: u64 = 100;
/// Fields that are wording, or say how an entry came to be and not what it tells.
const LEFT_OUT: [&str; 3] = ["text", "cause", "number"];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// By kind of event: the fields that enter the digest. A field that an event gets later is told and does not count.
fn known_fields() -> BTreeMap<String, BTreeSet<String>> {
    let text =
        fs::read_to_string(file("facts_fields.txt")).expect("tests/facts_fields.txt is there");
    let line = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        (words.next().expect("a kind"), words.collect())
    };
    text.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

/// Folds what one line of a trace tells.
fn fold(line: &str, known: &BTreeMap<String, BTreeSet<String>>, digest: &mut Digest) {
    let told: Value = serde_json::from_str(line).expect("a line is an object");
    let told = told.as_object().expect("a line is an object");
    let kind = told["event"].as_str().expect("an event has a kind");
    let fields = known.get(kind).unwrap_or_else(|| panic!("a new kind of event: {kind}"));
    digest.fold_bytes(kind.as_bytes());
    for field in fields {
        let value = told.get(field).unwrap_or_else(|| panic!("{kind} has no `{field}` any more"));
        digest.fold_bytes(value.to_string().as_bytes());
    }
}

fn told(setup: Setup) -> String {
    let scenario = Arc::clone(&setup.scenario);
    let played = play_out(Setup { keeps_trace: true, ..setup });
    let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
    json_lines(&played.trace, &Names::new(&played.trace, &scenario, sinks))
}

fn drawn(seed: u64) -> Setup {
    let scenario = Arc::new(Scenario::draw(&Choices::new(seed), &Profile::default()));
    Setup::of(scenario, Arc::new(Catalogue::built_in())).expect("a drawn scenario reads no files")
}

fn line_of(name: &str, setups: impl Iterator<Item = Setup>) -> String {
    let known = known_fields();
    let mut digest = Digest::new();
    let mut events = 0;
    for setup in setups {
        for line in told(setup).lines() {
            fold(line, &known, &mut digest);
            events += 1;
        }
    }
    format!("{name} {digest} {events}")
}

fn golden_runs() -> Vec<String> {
    let text = fs::read_to_string(file("digests.txt")).expect("tests/digests.txt is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

fn golden_line(name: &str) -> String {
    let setup = match name.strip_prefix("seed-") {
        Some(seed) => drawn(seed.parse().expect("a golden seed is a number")),
        None => stories::setup(name, stories::read(name)),
    };
    line_of(name, std::iter::once(setup))
}

fn line_of_seeds(seeds: Range<u64>) -> String {
    line_of(&format!("seeds-{}..{}", seeds.start, seeds.end), seeds.map(drawn))
}

fn shares() -> impl Iterator<Item = Range<u64>> {
    (0..SEEDS / SHARE).map(|share| share * SHARE..(share + 1) * SHARE)
}

#[test]
fn what_runs_tell_stays_as_it_was() {
    let plays_all = std::env::var_os("SANDBAR_FACTS").is_some_and(|all| all == "all");
    let shares = shares().filter(|seeds| plays_all || seeds.start == 0);
    let runs = golden_runs();
    let now = runs.iter().map(|name| golden_line(name)).chain(shares.map(line_of_seeds));
    let now: Vec<String> = now.collect();
    if plays_all && std::env::var_os("SANDBAR_RENEW").is_some() {
        let head =
            "# Runs, the digest of what they tell, and how many events that is (tests/facts.rs)\n";
        fs::write(file("facts.txt"), format!("{head}{}\n", now.join("\n"))).expect("written");
    }
    let golden = fs::read_to_string(file("facts.txt")).expect("tests/facts.txt is there");
    let golden: BTreeSet<&str> = golden.lines().collect();
    let differing: Vec<_> = now.iter().filter(|line| !golden.contains(line.as_str())).collect();
    assert!(differing.is_empty(), "runs tell something else now: {differing:#?}");
    assert!(now.len() > runs.len(), "no drawn world was played");
}

/// Writes which fields events have now, where that is not written yet; holds that none of them is wording.
#[test]
fn no_wording_counts() {
    for (kind, fields) in known_fields() {
        let counted = LEFT_OUT.iter().find(|left_out| fields.contains(**left_out));
        assert_eq!(counted, None, "{kind}");
        assert!(fields.contains("ns"), "{kind} has a time");
    }
}
