//! Releases side by side: what differs between two of them is seen in a story, and broken promises have their witness.

mod stories;

use sandbar::internals::BROKEN_PROMISES;
use sandbar::story::Expect;
use sandbar::{Catalogue, Judgement, Override, Played, Release, Rules, Scenario, play_out};
use std::fs;
use std::path::Path;

/// Plays a story of one release.
fn played(story: Scenario, file: &str) -> Played {
    play_out(stories::setup(file, story))
}

/// What of these expectations is not met when a story is played under a release; none if that release refuses it.
fn unmet_under(file: &str, expect: &Expect, release: Release) -> Option<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(path).expect("the story is there");
    let told = text.lines().take_while(|line| !line.starts_with("[expect"));
    let told = told.filter(|line| !line.starts_with("flink"));
    let told: String = told.map(|line| format!("{line}\n")).collect();
    let told = format!("flink = \"{release}\"\n{told}");
    let story = Scenario::parse(&told, file, &Catalogue::built_in()).ok()?;
    Some(played(Scenario { expect: expect.clone(), ..story }, file).unmet)
}

/// What is not met when a story is played under one of its releases with a rule set to a word.
fn unmet_with(story: &Scenario, release: Release, rule: Override, file: &str) -> Vec<String> {
    let mut story = story.under(release);
    story.overrides.push(rule);
    played(story, file).unmet
}

/// Whether a story comes out otherwise under two releases, or, of one of its own releases, with only this rule changed from
/// what it is in one to what it is in the other.
fn differs(file: &str, place: usize, old: Release, new: Release) -> bool {
    let story = stories::read(file);
    let with = |release: Release, base: Release| {
        let word = release.rules().words()[place];
        let rule = Rules::overriding(&Rules::FIELDS[place].spelled(), word);
        unmet_with(&story, base, rule.expect("it is a word of this rule"), file)
    };
    let expectations: Vec<_> =
        story.releases().map(|release| story.under(release).expect).collect();
    story.releases().any(|base| with(old, base) != with(new, base))
        || expectations
            .iter()
            .any(|expect| unmet_under(file, expect, old) != unmet_under(file, expect, new))
}

/// Releases next to each other, older first.
fn neighbours() -> impl Iterator<Item = (Release, Release)> {
    Release::ALL.windows(2).map(|pair| (pair[0], pair[1]))
}

#[test]
fn every_rule_that_changed_is_seen_in_a_story_that_shows_it() {
    let mut wrong = Vec::new();
    for (place, field) in Rules::FIELDS.iter().enumerate() {
        let word = |release: Release| release.rules().words()[place];
        for (old, new) in neighbours().filter(|(old, new)| word(*old) != word(*new)) {
            let (name, stories) = (field.name, field.stories());
            if !stories.iter().any(|file| differs(file, place, old, new)) {
                wrong.push(format!("`{name}` makes no difference in {old} and {new}: {stories:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_broken_promise_has_a_witness_that_breaks_it_and_nothing_else() {
    for promise in BROKEN_PROMISES {
        let file = promise.witness;
        let story = stories::read(file);
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
fn the_page_of_the_rules_is_the_table() {
    let (file, page) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md"), Rules::page());
    if std::env::var_os("SANDBAR_RENEW").is_some() {
        fs::write(&file, &page).expect("written");
    }
    let found = fs::read_to_string(&file).expect("docs/rules.md is there");
    assert!(found == page, "run SANDBAR_RENEW=1 cargo test --test releases page");
}
