//! Sandbar's side: the same worlds on the kernel, with keyed draws and a digest.

use crate::workload::{
    Draws, KEYS, Outcome, Record, Topology, absorb, delay, gap, latency, map, record,
};
use sandbar::simulation::{Agenda, Digest, Event, Flow, Simulation, Stream, World};
use sandbar::{Choices, SimTime};
use std::collections::VecDeque;

#[derive(Clone, Copy, Default)]
struct HoldActor {
    events: u64,
    sum: u64,
    /// The draw that the actor's pending event was scheduled with.
    draw: u64,
}

struct HoldWorld {
    actors: Vec<HoldActor>,
    delays: Stream,
    drawn: u64,
    agenda: Agenda,
}

impl HoldWorld {
    #[inline]
    fn schedule(&mut self, actor: u32) {
        let draw = self.delays.draw(self.drawn);
        self.drawn += 1;
        self.actors[actor as usize].draw = draw;
        let at = self.agenda.now().plus(SimTime::from_nanos(delay(draw)));
        self.agenda.push(at, actor);
    }
}

impl World for HoldWorld {
    #[inline]
    fn agenda(&mut self) -> &mut Agenda {
        &mut self.agenda
    }

    #[inline]
    fn on_event(&mut self, event: Event, _: &mut Digest) -> Flow {
        let actor = &mut self.actors[event.what as usize];
        actor.events += 1;
        actor.sum = actor.sum.wrapping_mul(31).wrapping_add(actor.draw ^ event.at.nanos());
        self.schedule(event.what);
        Flow::Continue
    }
}

/// The hold model: every event schedules the next one of its actor.
pub(crate) struct HoldLoop(Simulation<HoldWorld>);

impl HoldLoop {
    pub(crate) fn new(events: usize) -> Self {
        let delays = hold_stream();
        let world = HoldWorld {
            actors: vec![HoldActor::default(); events],
            delays,
            drawn: 0,
            agenda: Agenda::new(),
        };
        let mut simulation = Simulation::new(world);
        for actor in 0..events as u32 {
            simulation.world.schedule(actor);
        }
        Self(simulation)
    }

    #[inline(never)]
    pub(crate) fn run(&mut self, events: u64) {
        for _ in 0..events {
            if self.0.step() == Flow::Stop {
                return;
            }
        }
    }

    pub(crate) fn sum(&self) -> u64 {
        let actors = &self.0.world.actors;
        actors
            .iter()
            .fold(0, |sum: u64, actor| sum.rotate_left(5).wrapping_add(actor.sum ^ actor.events))
    }
}

fn hold_stream() -> Stream {
    Choices::new(42).stream("delay", "hold")
}

/// The hold model's keyed draws for a plain loop.
pub(crate) struct HoldDraws(Stream);

impl Draws for HoldDraws {
    fn new(_: Topology, _: u64) -> Self {
        Self(hold_stream())
    }
    fn next(&mut self, _: u32, index: u64) -> u64 {
        self.0.draw(index)
    }
}

struct Channel {
    to: usize,
    last: SimTime,
    delays: Stream,
    queue: VecDeque<(SimTime, Record)>,
}

enum Actor {
    Source { gaps: Stream },
    Map { first_output: u32 },
    Counter { counts: Vec<u64>, output: u32 },
    Sink,
}

/// What an event says when it is the source's turn and no channel's.
const TICK: u32 = (1 << 24) - 1;

/// Records wait in their channel's queue; only the head of a channel is on the agenda.
pub(crate) struct Pipeline {
    channels: Vec<Channel>,
    actors: Vec<Actor>,
    topology: Topology,
    next: u64,
    pub(crate) outcome: Outcome,
    agenda: Agenda,
}

impl Pipeline {
    fn new(topology: Topology, choices: &Choices) -> Self {
        let (maps, counters) = (topology.maps, topology.counters);
        let mut actors = Vec::with_capacity((maps + counters + 2) as usize);
        actors.push(Actor::Source { gaps: choices.stream("gap", 0) });
        actors.extend((0..maps).map(|map| Actor::Map { first_output: maps + map * counters }));
        let counts = KEYS as usize / counters as usize + 1;
        actors.extend((0..counters).map(|counter| Actor::Counter {
            counts: vec![0; counts],
            output: maps + maps * counters + counter,
        }));
        actors.push(Actor::Sink);
        let mut channels = Vec::with_capacity((maps + maps * counters + counters) as usize);
        let mut channel = |to: u32| {
            let delays = channel_stream(choices, channels.len() as u64);
            channels.push(Channel {
                to: to as usize,
                last: SimTime::ZERO,
                delays,
                queue: VecDeque::new(),
            });
        };
        (0..maps).for_each(|map| channel(1 + map));
        (0..maps * counters).for_each(|pair| channel(1 + maps + pair % counters));
        (0..counters).for_each(|_| channel(1 + maps + counters));
        let (agenda, outcome) = (Agenda::new(), Outcome::default());
        Self { channels, actors, topology, next: 0, outcome, agenda }
    }

    #[inline]
    fn send(&mut self, now: SimTime, number: u32, record: Record) {
        let channel = &mut self.channels[number as usize];
        let hop = latency(channel.delays.draw(record.id));
        let at = channel.last.max(now.plus(SimTime::from_nanos(hop)));
        channel.last = at;
        let idle = channel.queue.is_empty();
        channel.queue.push_back((at, record));
        if idle {
            self.agenda.push(at, number);
        }
    }

    fn tick(&mut self, now: SimTime) -> Flow {
        let Actor::Source { gaps } = &self.actors[0] else { return Flow::Stop };
        let id = self.next;
        self.next += 1;
        if self.next < self.topology.records {
            self.agenda.push(now.plus(SimTime::from_nanos(gap(gaps.draw(id)))), TICK);
        }
        self.send(now, (id % u64::from(self.topology.maps)) as u32, record(id));
        Flow::Continue
    }
}

fn channel_stream(choices: &Choices, number: u64) -> Stream {
    choices.stream("channel-delay", number)
}

impl World for Pipeline {
    #[inline]
    fn agenda(&mut self) -> &mut Agenda {
        &mut self.agenda
    }

    #[inline]
    fn on_event(&mut self, event: Event, _: &mut Digest) -> Flow {
        let now = event.at;
        if event.what == TICK {
            return self.tick(now);
        }
        let channel = &mut self.channels[event.what as usize];
        let Some((_, record)) = channel.queue.pop_front() else { return Flow::Stop };
        let to = channel.to;
        if let Some(&(at, _)) = channel.queue.front() {
            self.agenda.push(at, event.what);
        }
        let counters = u64::from(self.topology.counters);
        match &mut self.actors[to] {
            Actor::Map { first_output } => {
                let output = *first_output + (record.key % counters) as u32;
                self.send(now, output, map(record));
            }
            Actor::Counter { counts, output } => {
                let count = &mut counts[(record.key / counters) as usize];
                *count += 1;
                let record = Record { value: *count, ..record };
                let output = *output;
                self.send(now, output, record);
            }
            Actor::Sink => absorb(&mut self.outcome, record, now.nanos()),
            Actor::Source { .. } => return Flow::Stop,
        }
        Flow::Continue
    }
}

/// Builds a world, plays it and returns what the sink saw.
#[inline(never)]
pub(crate) fn play(topology: Topology, seed: u64) -> Outcome {
    let mut simulation = Simulation::new(Pipeline::new(topology, &Choices::new(seed)));
    simulation.world.agenda.push(SimTime::ZERO, TICK);
    simulation.run();
    assert_eq!(simulation.events(), 4 * topology.records, "a record makes four events");
    std::hint::black_box(simulation.digest);
    Outcome { events: simulation.events(), ..simulation.world.outcome }
}

/// The pipeline's keyed draws for a plain loop.
pub(crate) struct Keyed {
    gaps: Stream,
    delays: Vec<Stream>,
}

impl Draws for Keyed {
    fn new(topology: Topology, seed: u64) -> Self {
        let choices = Choices::new(seed);
        let (maps, counters) = (u64::from(topology.maps), u64::from(topology.counters));
        let delays = (0..maps + maps * counters + counters)
            .map(|number| channel_stream(&choices, number))
            .collect();
        Self { gaps: choices.stream("gap", 0), delays }
    }
    fn next(&mut self, who: u32, index: u64) -> u64 {
        self.delays.get(who as usize).unwrap_or(&self.gaps).draw(index)
    }
}
