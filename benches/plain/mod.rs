//! The plain side: loops and pending sets made for one purpose, without a digest.

mod heap;
mod ladder;

use crate::workload::{
    Draws, KEYS, Outcome, PendingSet, Record, Topology, absorb, gap, latency, map, record,
};
pub(crate) use heap::{BinaryHeap, Heap};
pub(crate) use ladder::Ladder;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::VecDeque;

/// One stream of draws for the whole world.
pub(crate) struct ChaCha(ChaCha8Rng);

impl Draws for ChaCha {
    fn new(_: Topology, seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }
    #[inline(always)]
    fn next(&mut self, _: u32, _: u64) -> u64 {
        self.0.next_u64()
    }
}

struct Channel {
    to: usize,
    last: u64,
    queue: VecDeque<(u64, Record)>,
}

enum Actor {
    Source,
    Map { first_output: usize },
    Counter { counts: Vec<u64>, output: usize },
    Sink,
}

/// What an event says when it is the source's turn and no channel's.
const TICK: u64 = u64::MAX;

struct World<Q, D> {
    pending: Q,
    draws: D,
    sequence: u64,
    channels: Vec<Channel>,
    actors: Vec<Actor>,
    topology: Topology,
    outcome: Outcome,
    next: u64,
}

impl<Q: PendingSet, D: Draws> World<Q, D> {
    fn new(topology: Topology, seed: u64) -> Self {
        let (maps, counters) = (topology.maps as usize, topology.counters as usize);
        let mut actors = Vec::with_capacity(maps + counters + 2);
        actors.push(Actor::Source);
        actors.extend((0..maps).map(|map| Actor::Map { first_output: maps + map * counters }));
        let counts = KEYS as usize / counters + 1;
        actors.extend((0..counters).map(|counter| Actor::Counter {
            counts: vec![0; counts],
            output: maps + maps * counters + counter,
        }));
        actors.push(Actor::Sink);
        let mut channels = Vec::with_capacity(maps + maps * counters + counters);
        let channel = |to: usize| Channel { to, last: 0, queue: VecDeque::new() };
        channels.extend((0..maps).map(|map| channel(1 + map)));
        channels.extend((0..maps * counters).map(|pair| channel(1 + maps + pair % counters)));
        channels.extend((0..counters).map(|_| channel(1 + maps + counters)));
        let mut world = Self {
            pending: Q::new(),
            draws: D::new(topology, seed),
            sequence: 0,
            channels,
            actors,
            topology,
            outcome: Outcome::default(),
            next: 0,
        };
        world.schedule(0, TICK);
        world
    }

    #[inline(always)]
    fn schedule(&mut self, at: u64, what: u64) {
        self.pending.push(at, self.sequence, [what, 0]);
        self.sequence += 1;
    }

    #[inline(always)]
    fn send(&mut self, now: u64, number: usize, record: Record) {
        let draw = self.draws.next(number as u32, record.id);
        let channel = &mut self.channels[number];
        let at = channel.last.max(now + latency(draw));
        channel.last = at;
        let idle = channel.queue.is_empty();
        channel.queue.push_back((at, record));
        if idle {
            self.schedule(at, number as u64);
        }
    }

    fn tick(&mut self, now: u64) {
        let id = self.next;
        self.next += 1;
        if self.next < self.topology.records {
            let draw = self.draws.next(u32::MAX, id);
            self.schedule(now + gap(draw), TICK);
        }
        self.send(now, (id % u64::from(self.topology.maps)) as usize, record(id));
    }

    #[inline(never)]
    fn run(&mut self) {
        let counters = u64::from(self.topology.counters);
        while let Some((now, [what, _])) = self.pending.pop() {
            self.outcome.events += 1;
            if what == TICK {
                self.tick(now);
                continue;
            }
            let channel = &mut self.channels[what as usize];
            let Some((_, record)) = channel.queue.pop_front() else { return };
            let to = channel.to;
            if let Some(&(at, _)) = channel.queue.front() {
                self.schedule(at, what);
            }
            match &mut self.actors[to] {
                Actor::Map { first_output } => {
                    let output = *first_output + (record.key % counters) as usize;
                    self.send(now, output, map(record));
                }
                Actor::Counter { counts, output } => {
                    let count = &mut counts[(record.key / counters) as usize];
                    *count += 1;
                    let record = Record { value: *count, ..record };
                    let output = *output;
                    self.send(now, output, record);
                }
                Actor::Sink => absorb(&mut self.outcome, record, now),
                Actor::Source => return,
            }
        }
    }
}

/// Builds a world, plays it and drops it.
#[inline(never)]
pub(crate) fn play<Q: PendingSet, D: Draws>(topology: Topology, seed: u64) -> Outcome {
    let mut world = World::<Q, D>::new(topology, seed);
    world.run();
    assert_eq!(world.outcome.events, 4 * topology.records, "a record makes four events");
    world.outcome
}
