//! The whole engine beside plain loops that do the same work by hand: operators, state, checkpoints, digest and checks.
//!
//! `cargo bench --bench engine` first has criterion measure a few worlds, then prints a row a workload: the event rate of
//! Sandbar as a share of a plain loop's, round after round in the same run; and then what digest, checks, log and fork
//! cost. The plain loops are those of the kernel's bench: a keyed count in arrays, no checkpoints, no digest. With `--test`
//! each side does one slice, to show that it can.
#![expect(clippy::as_conversions, reason = "a bench computes with times and rates")]
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

#[expect(unused_imports, reason = "the ladder is for the kernel's hold model")]
mod plain;
mod table;
mod whole;
#[expect(dead_code, reason = "the hold model is the kernel's")]
mod workload;

use criterion::{Criterion, Throughput};
use sandbar::simulation::Digest;
use std::hint::black_box;
use table::{Row, measure, median, print_head, side, times_of};
use whole::{Listener, World};
use workload::Topology;

const PIPELINE: Topology = Topology { maps: 4, counters: 4, records: 20_000 };
const SHORT: Topology = Topology { maps: 9, counters: 9, records: 500 };
/// Worlds in a slice of short ones.
const WORLDS: u64 = 10;
/// Rounds a cost is measured for.
const ROUNDS: usize = 51;

fn pipeline(world: &World) {
    for (name, keeps_trace, budget) in
        [("pipeline", false, 0.40), ("pipeline, log kept", true, 0.28)]
    {
        let row = Row {
            name: name.to_owned(),
            units: PIPELINE.records * 4,
            units_of_sandbar: world.play(7, keeps_trace),
            budget,
        };
        let sides = vec![
            side("sandbar", || _ = world.play(7, keeps_trace)),
            side("heap", || _ = plain::play::<plain::Heap, plain::ChaCha>(PIPELINE, 7)),
            side("heap of two", || {
                _ = plain::play::<plain::BinaryHeap, plain::ChaCha>(PIPELINE, 7)
            }),
        ];
        let nanos = measure(&row, sides);
        println!("{:<28} {nanos:>12.1} ns an event", "");
    }
}

fn short_worlds(world: &World) {
    let name = "short worlds".to_owned();
    let row = Row { name, units: WORLDS, units_of_sandbar: WORLDS, budget: 0.30 };
    let sides = vec![
        side("sandbar", || (0..WORLDS).for_each(|seed| _ = world.play(seed, false))),
        side("heap", || {
            (0..WORLDS).for_each(|seed| _ = plain::play::<plain::Heap, plain::ChaCha>(SHORT, seed));
        }),
        side("heap of two", || {
            (0..WORLDS)
                .for_each(|seed| _ = plain::play::<plain::BinaryHeap, plain::ChaCha>(SHORT, seed));
        }),
    ];
    let nanos = measure(&row, sides);
    let events: u64 = (0..WORLDS).map(|seed| world.play(seed, false)).sum();
    cost("short worlds, an event", nanos * WORLDS as f64 / events as f64, "ns", 60.0);
}

/// Prints what something costs beside what it may cost.
fn cost(name: &str, value: f64, unit: &str, budget: f64) {
    let verdict = if value <= budget { "met" } else { "MISSED" };
    println!("{name:<28} {value:>12.1} {unit:<12} at most {budget:>6.1}  {verdict}");
}

/// What listening to a world costs, and forking one.
fn costs(world: &World, short: &World) {
    const FOLDS: u64 = 1_000_000;
    let fold = || {
        let mut digest = Digest::new();
        (0..FOLDS).for_each(|number| digest.fold(black_box(number), number));
        black_box(digest);
    };
    let digest = median(times_of(&mut [side("digest", fold)], ROUNDS).remove(0));
    cost("digest", digest / FOLDS as f64 * 1e9, "ns an event", 2.0);

    let events = world.listen(7, Listener::Nobody) as f64;
    let listen = |listener| side("", move || _ = world.listen(7, listener));
    let listeners = [Listener::Nobody, Listener::Protocol, Listener::Checks, Listener::Log];
    let times = times_of(&mut listeners.map(listen), ROUNDS);
    let [alone, protocol, checks, log] = std::array::from_fn(|place| median(times[place].clone()));
    cost("checks of the protocol", (protocol / alone - 1.0) * 100.0, "%", 5.0);
    cost("checks, with the output", (checks / alone - 1.0) * 100.0, "%", 5.0);
    cost("log", (log - alone) / events * 1e9, "ns an event", 30.0);

    let halfway = short.halfway(7);
    let fork = side("fork", || _ = black_box(halfway.clone()));
    let play = side("play", || _ = short.play(7, false));
    let times = times_of(&mut [fork, play], ROUNDS);
    let share = median(times[0].clone()) / median(times[1].clone());
    cost("fork of a short world", share * 100.0, "% of play", 10.0);
}

fn statistics(criterion: &mut Criterion, pipeline: &World, short: &World) {
    let mut group = criterion.benchmark_group("whole-worlds");
    group.sample_size(20);
    for (name, world) in [("pipeline", pipeline), ("short-world", short)] {
        group.throughput(Throughput::Elements(world.play(7, false)));
        group.bench_function(name, |bencher| bencher.iter(|| world.play(7, false)));
    }
    group.finish();
}

fn main() {
    let wide = World::pipeline(PIPELINE);
    let short = World::short(SHORT);
    let mut criterion = Criterion::default().configure_from_args();
    statistics(&mut criterion, &wide, &short);
    criterion.final_summary();
    print_head();
    pipeline(&wide);
    short_worlds(&short);
    costs(&wide, &short);
}
