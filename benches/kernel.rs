//! The kernel beside plain loops that do the same work by hand, in the same run and in turn.
//!
//! `cargo bench --bench kernel` prints one row a workload: how fast each side is, and the rate of
//! Sandbar's kernel as a share of the plain loop's. Sandbar's side uses the agenda, keyed draws
//! and the digest; the plain side a pending set made for the purpose, one `ChaCha8` stream and no
//! digest. A row may have several plain sides with different structures: the fastest counts.
//!
//! All sides of a row do a short slice of work each, round after round; the share is the median
//! over rounds, so that what else the machine does hits both and a burst of it hits few.
//! Words after `--` choose rows by a part of their names: `hold-1000-`, `pipeline`, `short`. With
//! `--test` each side does one slice, to show that it can.
#![expect(clippy::as_conversions, reason = "a bench computes with times and rates")]
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod bare;
mod plain;
mod table;
mod workload;

use table::{Row, measure, print_head, side};
use workload::{Hold, Topology};

fn hold(events: usize, budget: f64) {
    let units = if events >= 100_000 { 100_000 } else { 30_000 };
    let row = Row {
        name: format!("hold model, {events} events"),
        units,
        units_of_sandbar: units,
        budget,
    };
    let mut ours = bare::HoldLoop::new(events);
    let mut heap = Hold::<plain::Heap, plain::ChaCha>::new(events);
    let mut ladder16 = Hold::<plain::Ladder<4>, plain::ChaCha>::new(events);
    let mut ladder64 = Hold::<plain::Ladder<6>, plain::ChaCha>::new(events);
    let mut ladder256 = Hold::<plain::Ladder<8>, plain::ChaCha>::new(events);
    let warm = u64::try_from(events).expect("a size").max(100_000);
    ours.run(warm);
    let mut sides = vec![side("sandbar", || ours.run(units))];
    if events <= 10_000 {
        heap.run(warm);
        sides.push(side("heap", || heap.run(units)));
    }
    ladder16.run(warm);
    ladder64.run(warm);
    sides.push(side("radix ladder of 16", || ladder16.run(units)));
    sides.push(side("radix ladder of 64", || ladder64.run(units)));
    if events <= 100_000 {
        ladder256.run(warm);
        sides.push(side("radix ladder of 256", || ladder256.run(units)));
    }
    _ = measure(&row, sides);
}

fn pipeline(budget: f64) {
    const RECORDS: u64 = 20_000;
    let topology = Topology { maps: 4, counters: 4, records: RECORDS };
    let units = RECORDS * 4;
    let name = "pipeline 1-4-4-1".to_owned();
    let row = Row { name, units, units_of_sandbar: units, budget };
    let sides = vec![
        side("sandbar", || _ = bare::play(topology, 7)),
        side("heap", || _ = plain::play::<plain::Heap, plain::ChaCha>(topology, 7)),
        side("heap of two", || _ = plain::play::<plain::BinaryHeap, plain::ChaCha>(topology, 7)),
    ];
    _ = measure(&row, sides);
}

fn short_worlds(budget: f64) {
    const WORLDS: usize = 40;
    let topology = Topology { maps: 9, counters: 9, records: 500 };
    let units = WORLDS as u64;
    let name = "short worlds of 2000 events".to_owned();
    let row = Row { name, units, units_of_sandbar: units, budget };
    let (mut ours, mut heap, mut two) = (0..u64::MAX, 0..u64::MAX, 0..u64::MAX);
    let sides = vec![
        side("sandbar", || {
            ours.by_ref().take(WORLDS).for_each(|seed| _ = bare::play(topology, seed))
        }),
        side("heap", || {
            heap.by_ref()
                .take(WORLDS)
                .for_each(|seed| _ = plain::play::<plain::Heap, plain::ChaCha>(topology, seed));
        }),
        side("heap of two", || {
            two.by_ref().take(WORLDS).for_each(|seed| {
                _ = plain::play::<plain::BinaryHeap, plain::ChaCha>(topology, seed)
            });
        }),
    ];
    _ = measure(&row, sides);
}

/// Sizes of the hold model, and the budget of each.
const HOLD: [(usize, f64); 4] = [(1_000, 0.65), (10_000, 0.62), (100_000, 0.60), (1_000_000, 0.55)];

/// Both sides, given the same draws, must come to the same result; else they do different work.
fn check_that_both_sides_do_the_same() {
    let topology = Topology { maps: 9, counters: 9, records: 5_000 };
    let plain = plain::play::<plain::Heap, bare::Keyed>(topology, 3);
    assert_eq!(bare::play(topology, 3), plain, "the two pipelines differ");
    let mut ours = bare::HoldLoop::new(5_000);
    let mut plain = Hold::<plain::Ladder<6>, bare::HoldDraws>::new(5_000);
    ours.run(50_000);
    plain.run(50_000);
    assert_eq!(ours.sum(), plain.sum(), "the two hold models differ");
}

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    check_that_both_sides_do_the_same();
    print_head();
    for (events, budget) in HOLD {
        if is_wanted(&format!("hold-{events}-")) {
            hold(events, budget);
        }
    }
    if is_wanted("pipeline") {
        pipeline(0.90);
    }
    if is_wanted("short") {
        short_worlds(0.85);
    }
}
