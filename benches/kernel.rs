//! The kernel beside plain loops that do the same work by hand, in the same run and in turn.
//!
//! `cargo bench --bench kernel` prints one row a workload: how fast each side is, and the rate of
//! Sandbar's kernel as a share of the plain loop's. Sandbar's side uses the agenda, keyed draws
//! and the digest; the plain side a pending set made for the purpose, one `ChaCha8` stream and no
//! digest. A row may have several plain sides with different structures: the fastest counts.
//!
//! All sides of a row do a short slice of work each, round after round; the share is the median
//! over rounds, so that what else the machine does hits both and a burst of it hits few.
//! Words after `--` choose rows by a part of their names: `hold-1000-`, `pipeline`, `short`.
#![expect(clippy::as_conversions, reason = "a bench computes with times and rates")]
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod engine;
mod plain;
mod workload;

use workload::{Hold, Topology};

/// Rounds a row is measured for.
const ROUNDS: usize = 101;

/// One way to do the work of a row.
struct Side<'a> {
    name: &'static str,
    slice: Box<dyn FnMut() + 'a>,
}

fn side<'a>(name: &'static str, slice: impl FnMut() + 'a) -> Side<'a> {
    Side { name, slice: Box::new(slice) }
}

/// What a row measures.
struct Row {
    name: String,
    /// Events or worlds in a slice.
    units: u64,
    budget: f64,
}

#[expect(clippy::disallowed_types, reason = "a bench measures with the wall clock")]
fn seconds(slice: &mut dyn FnMut()) -> f64 {
    let start = std::time::Instant::now();
    slice();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures all sides in turn, Sandbar's first, and prints the row.
fn measure(row: &Row, mut sides: Vec<Side<'_>>) {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); sides.len()];
    for side in &mut sides {
        (side.slice)(); // warms the caches and grows the vectors
    }
    for round in 0..ROUNDS {
        for turn in 0..sides.len() {
            let turn = if round % 2 == 0 { turn } else { sides.len() - 1 - turn };
            times[turn].push(seconds(&mut sides[turn].slice));
        }
    }
    let medians: Vec<f64> = times.iter().map(|times| median(times.clone())).collect();
    let best = (1..sides.len())
        .min_by(|a, b| medians[*a].total_cmp(&medians[*b]))
        .expect("a row has a plain side");
    let share =
        median(times[0].iter().zip(&times[best]).map(|(ours, plain)| plain / ours).collect());
    let rate = |side: usize| row.units as f64 / medians[side];
    let verdict = if share >= row.budget { "met" } else { "MISSED" };
    println!(
        "{:<28} {:>12.0} {:>12.0}  {:<22} {share:>6.2} {:>7.2}  {verdict}",
        row.name,
        rate(0),
        rate(best),
        sides[best].name,
        row.budget
    );
}

fn hold(events: usize, budget: f64) {
    let units = if events >= 100_000 { 100_000 } else { 30_000 };
    let row = Row { name: format!("hold model, {events} events"), units, budget };
    let mut ours = engine::HoldLoop::new(events);
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
    measure(&row, sides);
}

fn pipeline(budget: f64) {
    const RECORDS: u64 = 20_000;
    let topology = Topology { maps: 4, counters: 4, records: RECORDS };
    let row = Row { name: "pipeline 1-4-4-1".to_owned(), units: RECORDS * 4, budget };
    let sides = vec![
        side("sandbar", || _ = engine::play(topology, 7)),
        side("heap", || _ = plain::play::<plain::Heap, plain::ChaCha>(topology, 7)),
        side("heap of two", || _ = plain::play::<plain::BinaryHeap, plain::ChaCha>(topology, 7)),
    ];
    measure(&row, sides);
}

fn short_worlds(budget: f64) {
    const WORLDS: usize = 40;
    let topology = Topology { maps: 9, counters: 9, records: 500 };
    let row = Row { name: "short worlds of 2000 events".to_owned(), units: WORLDS as u64, budget };
    let (mut ours, mut heap, mut two) = (0..u64::MAX, 0..u64::MAX, 0..u64::MAX);
    let sides = vec![
        side("sandbar", || {
            ours.by_ref().take(WORLDS).for_each(|seed| _ = engine::play(topology, seed))
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
    measure(&row, sides);
}

/// Both sides, given the same draws, must come to the same result; else they do different work.
fn check_that_both_sides_do_the_same() {
    let topology = Topology { maps: 9, counters: 9, records: 5_000 };
    let plain = plain::play::<plain::Heap, engine::Keyed>(topology, 3);
    assert_eq!(engine::play(topology, 3), plain, "the two pipelines differ");
    let mut ours = engine::HoldLoop::new(5_000);
    let mut plain = Hold::<plain::Ladder<6>, engine::HoldDraws>::new(5_000);
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
    println!(
        "{:<28} {:>12} {:>12}  {:<22} {:>6} {:>7}",
        "workload", "sandbar /s", "plain /s", "plain structure", "share", "budget"
    );
    for (events, budget) in [(1_000, 0.65), (10_000, 0.62), (100_000, 0.60), (1_000_000, 0.55)] {
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
