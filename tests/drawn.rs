//! A thousand drawn stories: all of them hold, and together they put the protocol to the test.

use sandbar::internals::{SweepTotals, drawn_setup};
use sandbar::{Catalogue, Profile, play_out};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// The seeds, from 0. Rare combinations come up once in a few hundred.
const SEEDS: u64 = 1_000;

/// What became of a share of the seeds: totals, and those that panicked.
type Share = (SweepTotals, Vec<u64>);

/// Plays every `step`-th seed from `first` on.
fn play_share(first: u64, step: usize, catalogue: &Arc<Catalogue>) -> Share {
    let (mut totals, mut panicked) = (SweepTotals::default(), Vec::new());
    for seed in (first..SEEDS).step_by(step) {
        let play = || play_out(drawn_setup(seed, &Profile::default(), &[], catalogue));
        match catch_unwind(AssertUnwindSafe(play)) {
            Ok(played) => totals.add(&played),
            Err(_) => panicked.push(seed),
        }
    }
    (totals, panicked)
}

/// Plays all seeds, in as many shares as there are cores.
fn play_all() -> Share {
    let catalogue = Arc::new(Catalogue::built_in());
    let shares = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let firsts = (0..SEEDS).take(shares);
        let play = |first| {
            scope.spawn({
                let catalogue = &catalogue;
                move || play_share(first, shares, catalogue)
            })
        };
        let threads: Vec<_> = firsts.map(play).collect();
        let (mut totals, mut panicked) = (SweepTotals::default(), Vec::new());
        for thread in threads {
            let (share, lost) = thread.join().expect("panics of a world are caught");
            totals.merge(share);
            panicked.extend(lost);
        }
        (totals, panicked)
    })
}

#[test]
fn drawn_stories_hold_and_put_the_protocol_to_the_test() {
    let (totals, mut panicked) = play_all();
    panicked.sort_unstable();
    let replay = |seed: &u64| format!("sandbar sweep --seeds {seed}..{}", seed + 1);
    let panics = panicked.iter().map(|seed| format!("panicked; replay: {}", replay(seed)));
    let failures = totals.failures.iter();
    let failures = failures.map(|(seed, why)| format!("{why}\n  replay: {}", replay(seed)));
    let complaints: Vec<String> = panics.chain(failures).collect();
    let failed = totals.failed;
    assert!(complaints.is_empty(), "{failed} of {SEEDS} failed\n{}", complaints.join("\n"));
    for goal in totals.goals() {
        let bound = if goal.is_most { "at most" } else { "at least" };
        let (name, count, of, percent) = (goal.name, goal.count, goal.of, goal.percent);
        assert!(goal.is_met(), "{count} of {of} {name}; {bound} {percent} % should");
    }
}
