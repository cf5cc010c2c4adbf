//! Releases side by side: what differs between two of them is seen in a story, and broken promises have their witness.

use sandbar::check::BROKEN_PROMISES;
use sandbar::operator::Catalogue;
use sandbar::rules::{Release, Rules};
use sandbar::scenario::Scenario;
use sandbar::search::{Judgement, Played, Setup, open, play};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::built_in())
}

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn story(file: &str) -> Scenario {
    let story = Scenario::parse(&text(file), file, &catalogue());
    story.unwrap_or_else(|error| panic!("{error}"))
}

/// Plays a story of one release.
fn played(story: Scenario, file: &str) -> Played {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let folder = path.parent().expect("a story lies in a folder");
    let choices = sandbar::kernel::Choices::new(story.seed);
    let inputs = open(&story, folder, &BTreeMap::new(), &choices);
    let setup = Setup {
        scenario: Arc::new(story),
        catalogue: catalogue(),
        inputs: inputs.unwrap_or_else(|error| panic!("{error}")),
        choices,
        externals: Vec::new(),
        start: None,
        keeps_trace: false,
        keeps_records: false,
        wants_sometimes: true,
    };
    match play(setup, |_| Ok::<(), Infallible>(())) {
        Ok(played) => played,
        Err(never) => match never {},
    }
}

/// Whether a story comes out as one release expects when it is played under another.
fn passes(story: &Scenario, expected_in: Release, under: Release, file: &str) -> bool {
    let expect = story.under(expected_in).expect;
    played(Scenario { expect, ..story.under(under) }, file).judgement() == Judgement::Holds
}

/// The story under another release than its file names; none if that release refuses it.
fn as_of(file: &str, release: Release) -> Option<Scenario> {
    let text = text(file);
    let others = text.lines().filter(|line| !line.starts_with("flink"));
    let text: String = others.map(|line| format!("{line}\n")).collect();
    Scenario::parse(&format!("flink = \"{release}\"\n{text}"), file, &catalogue()).ok()
}

/// Releases next to each other, older first.
fn neighbours() -> impl Iterator<Item = (Release, Release)> {
    Release::ALL.windows(2).map(|pair| (pair[0], pair[1]))
}

#[test]
fn a_rule_that_changed_is_seen_in_the_story_that_shows_it() {
    let mut wrong = Vec::new();
    for (place, field) in Rules::FIELDS.iter().enumerate() {
        let Some(file) = field.story() else { continue };
        let word = |release: Release| release.rules().words()[place];
        let story = story(file);
        let releases: Vec<Release> = story.releases().collect();
        let pairs = releases.windows(2).filter(|pair| word(pair[0]) != word(pair[1]));
        let mut pairs: Vec<(Release, Release)> = pairs.map(|pair| (pair[0], pair[1])).collect();
        if pairs.is_empty() {
            // It shows what exists: it is refused on one side of the change, and not on the other.
            pairs = neighbours().filter(|(old, new)| word(*old) != word(*new)).collect();
            for (old, new) in pairs {
                if as_of(file, old).is_some() && as_of(file, new).is_some() {
                    wrong.push(format!(
                        "{file}: `{}` is refused neither in {old} nor in {new}",
                        field.name
                    ));
                }
            }
            continue;
        }
        for (old, new) in pairs {
            let differs = !passes(&story, old, new, file) || !passes(&story, new, old, file);
            if !differs {
                wrong.push(format!(
                    "{file}: `{}` makes no difference in {old} and {new}",
                    field.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_broken_promise_has_a_witness_that_breaks_it_and_nothing_else() {
    for promise in BROKEN_PROMISES {
        let file = promise.witness;
        let story = story(file);
        let broken = story.releases().filter_map(|release| {
            let played = played(story.under(release), file);
            assert_eq!(
                played.judgement(),
                Judgement::Holds,
                "{file}, {release}: {:?}",
                played.unmet
            );
            let violated: Vec<_> = played.verdict.violations().map(|found| found.check).collect();
            let is_excused = violated.iter().all(|check| promise.checks.contains(check));
            assert!(is_excused, "{file}, {release} breaks {violated:?}");
            let excuses: Vec<_> = played.verdict.excuses.iter().map(|excuse| excuse.name).collect();
            (!violated.is_empty()).then(|| assert_eq!(excuses, [promise.name], "{file}, {release}"))
        });
        assert!(broken.count() > 0, "{file} breaks nothing");
    }
}

#[test]
fn a_story_of_several_releases_comes_out_as_each_expects() {
    for file in ["sim/rules/upgrade.toml", "sim/rules/c7_minimum_pause.toml"] {
        let story = story(file);
        for release in story.releases() {
            let played = played(story.under(release), file);
            assert_eq!(
                played.judgement(),
                Judgement::Holds,
                "{file}, {release}: {:?}",
                played.unmet
            );
        }
    }
}
