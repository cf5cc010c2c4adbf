//! Stories that are broken become smaller and stay broken in the same way.

use sandbar::internals::drawn_setup;
use sandbar::shrinking::{Found, Shrinking, Shrunk, Size, Stopped, Trial, Wrong, plays_generated};
use sandbar::{Catalogue, CheckName, Mutation, Profile, Scenario};
use std::sync::Arc;

/// Within so many drawn stories each of the mutations below shows.
const SEEDS: u64 = 60;
/// How many worlds are played for one story at most.
const PLAYS: u32 = 400;

/// Mutations that show often, each with a check that notices it.
const OFTEN: [(Mutation, CheckName); 12] = [
    (Mutation::ProcessPastBarrier, CheckName::CutConsistency),
    (Mutation::CommitOnSnapshot, CheckName::OutputEquivalence),
    (Mutation::FinalCommitLost, CheckName::OutputEquivalence),
    (Mutation::AckBeforeDurable, CheckName::DurableBeforeVisible),
    (Mutation::NotifyBeforeStore, CheckName::DurableBeforeVisible),
    (Mutation::CompleteWithMissingParticipant, CheckName::ParticipantsAndFencing),
    (Mutation::CompleteRacesRestart, CheckName::ParticipantsAndFencing),
    (Mutation::ListStateLeftBehind, CheckName::MappingTotality),
    (Mutation::OrphanedKeyRanges, CheckName::OwnershipPartition),
    (Mutation::WatermarkAheadOfReplay, CheckName::TimeFidelity),
    (Mutation::GcByEpochWindow, CheckName::ReferenceSafety),
    (Mutation::RestoredTransactionsAborted, CheckName::TransactionHygiene),
];

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::built_in())
}

/// The first drawn story in which a check notices mutations.
fn broken(mutations: &[Mutation], check: CheckName) -> (Shrinking, Found) {
    let catalogue = catalogue();
    let mut player = plays_generated(&catalogue, false);
    let found = (0..SEEDS).find_map(|seed| {
        let setup = drawn_setup(seed, &Profile::default(), mutations, &catalogue);
        let shrinking = Shrinking::of(&setup.scenario, &catalogue, &mut *player)?;
        let first = shrinking.first(Some(check))?.clone();
        let is_excused = matches!(first.signature.what, Wrong::Check { promise: Some(_), .. });
        (!is_excused).then_some((shrinking, first))
    });
    found.unwrap_or_else(|| panic!("{mutations:?} does not break {check} in {SEEDS} stories"))
}

fn shrunk(shrinking: &Shrinking, found: &Found, plays: u32) -> Shrunk {
    let mut player = plays_generated(&catalogue(), false);
    shrinking.shrink(found, plays, &mut *player, &mut |_, _| {})
}

fn is_within_target(size: &Size) -> bool {
    size.steps <= 3 && size.operators <= 3 && size.subtasks <= 3 && size.records <= 20
}

/// Whether a text is a story that is broken so.
fn is_broken(text: &str, found: &Found) -> bool {
    let catalogue = catalogue();
    let scenario = Scenario::parse(text, "small.toml", &catalogue).expect("it can be read");
    let mut player = plays_generated(&catalogue, false);
    let played = Shrinking::of(&scenario, &catalogue, &mut *player).expect("it is played");
    let mut all = played.found().iter();
    all.any(|other| other.signature == found.signature)
}

#[test]
fn drawn_stories_of_broken_protocols_become_small_and_stay_broken_in_the_same_way() {
    let mut large = Vec::new();
    for (mutation, check) in OFTEN {
        let (shrinking, found) = broken(&[mutation], check);
        let small = shrunk(&shrinking, &found, PLAYS);
        let told =
            format!("{mutation:?}: {} to {} in {} plays", small.before, small.after, small.plays);
        println!("{told}");
        assert!(small.after < small.before && small.plays <= PLAYS, "{told}");
        assert_eq!(small.found.signature, found.signature, "{told}");
        assert_eq!(small.scenario.mutations, [mutation], "{told}");
        assert!(is_broken(&small.scenario.to_text(), &found), "{told}");
        if !is_within_target(&small.after) {
            large.push(told);
        }
    }
    assert!(
        large.len() * 6 <= OFTEN.len(),
        "too many are larger than 3 steps, 3 operators, 3 subtasks and 20 records: {large:#?}"
    );
}

#[test]
fn the_same_story_becomes_the_same_smaller_one() {
    let (shrinking, found) = broken(&[Mutation::AckBeforeDurable], CheckName::DurableBeforeVisible);
    let (one, other) = (shrunk(&shrinking, &found, 120), shrunk(&shrinking, &found, 120));
    assert_eq!((one.scenario.to_text(), one.plays), (other.scenario.to_text(), other.plays));
    // Fewer plays are the beginning of more.
    let fewer = shrunk(&shrinking, &found, 4);
    assert_eq!((fewer.plays, fewer.stopped), (4, Stopped::Budget));
    assert!(one.after < fewer.after && fewer.after < fewer.before);
}

#[test]
fn a_story_that_is_broken_in_another_way_is_not_taken() {
    // One shows in every story, the other in those alone that have a sink which writes in transactions.
    let mutations = [Mutation::AckBeforeDurable, Mutation::CommitOnSnapshot];
    let (check, other) = (CheckName::OutputEquivalence, CheckName::DurableBeforeVisible);
    let (shrinking, found) = broken(&mutations, check);
    let mut plain = plays_generated(&catalogue(), false);
    let mut others = 0;
    let small = shrinking.shrink(
        &found,
        PLAYS,
        &mut |scenario, events| {
            let trial = plain(scenario, events);
            if let Trial::Played(played) = &trial {
                let verdict = &played.verdict;
                others += u32::from(verdict.is_broken(other) && !verdict.is_broken(check));
            }
            trial
        },
        &mut |_, _| {},
    );
    assert!(others > 0, "no story that was tried breaks {other} alone");
    assert!(is_broken(&small.scenario.to_text(), &found), "{}", small.scenario.to_text());
}

#[test]
fn a_story_that_holds_has_nothing_that_could_be_kept() {
    let catalogue = catalogue();
    let setup = drawn_setup(7, &Profile::default(), &[], &catalogue);
    let mut player = plays_generated(&catalogue, false);
    let shrinking = Shrinking::of(&setup.scenario, &catalogue, &mut *player);
    assert!(shrinking.expect("it is played").found().is_empty());
}

#[test]
fn an_expectation_that_is_not_met_is_kept_and_others_go() {
    let text = r#"
        [input.clicks]
        generate = { records = 300, keys = 5 }
        every = "5ms"

        [job.count]
        checkpoint = { interval = "100ms", retained = 3 }
        operators = [
          { name = "clicks", source = "clicks", parallelism = 2, uid = "clicks" },
          { name = "same", map = "identity", parallelism = 3 },
          { name = "counts", aggregate = "count", key-by = 0, parallelism = 2, uid = "counts" },
          { name = "out", sink = "two-phase", uid = "out" },
        ]

        [[step]]
        when = { completed = 2 }
        do = { kill = "counts/1" }

        [[step]]
        at = "400ms"
        do = { savepoint = { as = "kept" } }

        [expect]
        jobs = { count = "canceled" }
        sometimes = ["restored"]
    "#;
    let catalogue = catalogue();
    let scenario = Scenario::parse(text, "count.toml", &catalogue).expect("it can be read");
    let mut player = plays_generated(&catalogue, false);
    let shrinking = Shrinking::of(&scenario, &catalogue, &mut *player).expect("it is played");
    let found = shrinking.first(None).expect("the job finishes").clone();
    assert_eq!(found.signature.what, Wrong::Expectation);
    let small = shrinking.shrink(&found, PLAYS, &mut *player, &mut |_, _| {});
    let text = small.scenario.to_text();
    assert!(is_broken(&text, &found), "{text}");
    assert!(small.scenario.steps.is_empty() && small.after.operators == 1, "{text}");
    assert!(small.scenario.expect.sometimes.is_empty() && small.after.records <= 1, "{text}");
    assert!(small.under_any_seed, "{text}");
}
