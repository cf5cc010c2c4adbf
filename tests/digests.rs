//! Golden digests: the same scenario and seed come to the same digest on every machine, in debug and in release; and the
//! clone of a world has the future of the world it was cloned from.
//!
//! `tests/digests.txt` holds them, a line each. A change that is meant to change runs renews the file, and chooses new
//! seeds if the old ones no longer show what they are there for: `SANDBAR_RENEW=1 cargo test --test digests`.

mod stories;

use sandbar::events::{Entry, Outcome, Trace};
use sandbar::internals::{Cluster, Word, play};
use sandbar::{Catalogue, Choices, Played, Profile, Scenario, Setup};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

/// The simulation among the golden runs; its input is a file of the project.
const SIMULATION: &str = "sim/word_count.toml";
/// Drawn stories among the golden runs.
const DRAWN: usize = 9;
/// The seeds they are chosen from.
const CHOSEN_FROM: u64 = 300;
/// What the drawn stories must show together.
const SHOWN: [&str; 12] = [
    "checkpoint-expired",
    "held-in-flight",
    "job-manager-killed",
    "message-delayed",
    "message-lost",
    "rescaled-keyed-state",
    "savepoint-stored",
    "several-sinks",
    "task-killed",
    "task-manager-killed",
    "transaction-recovered",
    "union",
];

fn golden_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/digests.txt")
}

/// What a golden run is called: `sim/word_count.toml`, `seed-12`.
fn drawn_name(seed: u64) -> String {
    format!("seed-{seed}")
}

/// The run of this name, ready to be played.
fn setup_of(name: &str) -> Setup {
    let Some(seed) = name.strip_prefix("seed-") else {
        return stories::setup(name, stories::read(name));
    };
    let seed = seed.parse().expect("a golden seed is a number");
    let scenario = Arc::new(Scenario::draw(&Choices::new(seed), &Profile::default()));
    let setup = Setup::of(scenario, Arc::new(Catalogue::built_in()));
    setup.expect("a drawn scenario reads no files")
}

/// Plays a run, and shows the world after every event.
fn played(setup: Setup, mut watch: impl FnMut(&Cluster)) -> Played {
    let watch = |cluster: &mut Cluster| {
        watch(cluster);
        Ok::<(), Infallible>(())
    };
    let Ok(played) = play(setup, watch);
    played
}

/// `seed-12 1f…e0 4.25s 3120`: name, digest, virtual end, events.
fn golden_line(name: &str, outcome: &Outcome) -> String {
    format!("{name} {:032x} {} {}", outcome.digest, outcome.ended, outcome.events)
}

/// What a run shows.
fn shown(name: &str) -> BTreeSet<&'static str> {
    let setup = setup_of(name);
    let scenario = Arc::clone(&setup.scenario);
    let played = played(setup, |_| {});
    let mut shown: BTreeSet<_> = played.verdict.sometimes.iter().map(|what| what.name()).collect();
    for job in &scenario.jobs {
        let operators = &job.graph.operators;
        if operators.iter().filter(|node| node.is_sink()).count() > 1 {
            shown.insert("several-sinks");
        }
        if operators
            .iter()
            .any(|node| node.inputs.iter().filter(|edge| edge.input == 0).count() > 1)
        {
            shown.insert("union");
        }
    }
    shown.into_iter().filter(|what| SHOWN.contains(what)).collect()
}

/// Seeds that show everything: again and again the first one that shows most of what has not been shown twice.
fn choose_seeds() -> Vec<u64> {
    let mut stories: BTreeMap<u64, BTreeSet<&str>> =
        (0..CHOSEN_FROM).map(|seed| (seed, shown(&drawn_name(seed)))).collect();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    let mut chosen = Vec::new();
    while chosen.len() < DRAWN {
        let worth = |what: &&str| match times.get(what) {
            None => 100,
            Some(1) => 10,
            Some(_) => 1,
        };
        let worth_of = |shown: &BTreeSet<&str>| shown.iter().map(worth).sum::<u32>();
        let best = stories.iter().rev().max_by_key(|(_, shown)| worth_of(shown));
        let seed = *best.expect("there are more seeds than are chosen").0;
        for what in stories.remove(&seed).expect("it was found there") {
            *times.entry(what).or_default() += 1;
        }
        chosen.push(seed);
    }
    chosen.sort_unstable();
    chosen
}

/// The lines of the golden file; of a new one, if somebody asked for it.
fn golden_lines() -> Vec<String> {
    static RENEWED: Once = Once::new();
    if std::env::var_os("SANDBAR_RENEW").is_some() {
        RENEWED.call_once(renew);
    }
    let text = fs::read_to_string(golden_file()).expect("tests/digests.txt is there");
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn golden_names() -> Vec<String> {
    let name = |line: String| line.split(' ').next().map(str::to_owned);
    golden_lines().into_iter().filter_map(name).collect()
}

/// Writes the golden file anew.
fn renew() {
    let mut text = "# Name, digest, virtual end and events of golden runs. To renew: \
         SANDBAR_RENEW=1 cargo test --test digests\n"
        .to_owned();
    let drawn = choose_seeds().into_iter().map(drawn_name);
    for name in std::iter::once(SIMULATION.to_owned()).chain(drawn) {
        text.push_str(&golden_line(&name, &played(setup_of(&name), |_| {}).outcome));
        text.push('\n');
    }
    fs::write(golden_file(), text).expect("the golden file can be written");
}

#[test]
fn golden_runs_come_to_their_digests() {
    let lines = golden_lines();
    assert_eq!(lines.len(), 1 + DRAWN, "tests/digests.txt has another number of runs");
    let names = golden_names();
    let differing: Vec<String> = names
        .iter()
        .map(|name| golden_line(name, &played(setup_of(name), |_| {}).outcome))
        .zip(&lines)
        .filter(|(now, golden)| now != *golden)
        .map(|(now, golden)| format!("  was {golden}\n  now {now}"))
        .collect();
    assert!(
        differing.is_empty(),
        "golden runs differ; if that is meant, paste the new lines or renew the file:\n{}\n\
         SANDBAR_RENEW=1 cargo test --test digests",
        differing.join("\n")
    );
}

#[test]
fn golden_runs_show_crash_rescale_and_loss() {
    let all: BTreeSet<&str> = golden_names().iter().flat_map(|name| shown(name)).collect();
    let missing: Vec<_> = SHOWN.iter().filter(|what| !all.contains(*what)).collect();
    assert!(missing.is_empty(), "no golden run shows {missing:?}; renew tests/digests.txt");
}

#[test]
fn a_seed_played_twice_comes_to_the_same_trace() {
    for name in golden_names() {
        let traced = || Setup { keeps_trace: true, ..setup_of(&name) };
        let (one, other) = (played(traced(), |_| {}), played(traced(), |_| {}));
        let differs = one.trace.entries.iter().zip(&other.trace.entries).find(|(a, b)| a != b);
        assert!(differs.is_none(), "{name} is not deterministic; first difference: {differs:#?}");
        assert_eq!(one.outcome, other.outcome, "{name} is not deterministic");
    }
}

/// Keeping a trace, or records in it, is no part of the world.
#[test]
fn a_run_that_is_watched_comes_to_the_same_digest() {
    for name in golden_names() {
        let watched = Setup { keeps_trace: true, keeps_records: true, ..setup_of(&name) };
        let unwatched = played(setup_of(&name), |_| {}).outcome;
        assert_eq!(played(watched, |_| {}).outcome, unwatched, "{name}");
    }
}

#[test]
fn a_cloned_world_has_the_same_future() {
    for name in golden_names() {
        let events = played(setup_of(&name), |_| {}).outcome.events;
        let apart = events / 7 + 1;
        let mut forks = Vec::new();
        let traced = Setup { keeps_trace: true, ..setup_of(&name) };
        let original = played(traced, |cluster| {
            if cluster.events() % apart == 0 {
                forks.push(cluster.clone());
            }
        });
        assert!(forks.len() >= 6, "{name} was cloned only {} times", forks.len());
        for mut fork in forks {
            let at = fork.events();
            let mut trace = Trace::default();
            fork.run(&mut trace);
            let told = original.trace.entries.len() - trace.entries.len();
            // What happened before it was cloned it cannot name as a cause.
            let facts = |entry: &Entry| (entry.at, entry.number, entry.event.clone());
            let of_original = original.trace.entries[told..].iter().map(facts);
            assert!(of_original.eq(trace.entries.iter().map(facts)), "{name}: fork at event {at}");
            assert_eq!(original.outcome, fork.outcome(), "{name}: fork at event {at}");
        }
    }
}

/// What README shows of the first run is what its command prints.
#[test]
fn readme_shows_the_golden_digest() {
    let golden = fs::read_to_string(golden_file()).expect("tests/digests.txt is there");
    let line = golden.lines().find(|line| line.starts_with(SIMULATION));
    let line: Vec<&str> = line.expect("it has a line").split(' ').collect();
    let (digest, events) = (line[1], line[3]);
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).expect("README.md is there");
    for shown in [format!("digest   {digest}"), format!("played   {events} events")] {
        assert!(
            readme.lines().any(|line| line.starts_with(&shown)),
            "README does not show `{shown}`"
        );
    }
}
