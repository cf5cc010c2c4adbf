//! What is played: the same records, work and draws for both sides.

/// Mean of the hold model's delays, in nanoseconds.
pub(crate) const MEAN: u64 = 1_000_000_000;
/// Different keys of records.
pub(crate) const KEYS: u64 = 1_024;

/// A source, some maps, some keyed counters and a sink; every record makes four events.
#[derive(Clone, Copy)]
pub(crate) struct Topology {
    pub(crate) maps: u32,
    pub(crate) counters: u32,
    pub(crate) records: u64,
}

/// What the sink has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) events: u64,
    pub(crate) records: u64,
    pub(crate) sum: u64,
}

#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) key: u64,
    pub(crate) value: u64,
}

/// The source's record number `id`.
#[inline]
pub(crate) fn record(id: u64) -> Record {
    Record { id, key: mix(id) % KEYS, value: id }
}

/// What a map does.
#[inline]
pub(crate) fn map(record: Record) -> Record {
    Record {
        value: record.value.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (record.value >> 29),
        ..record
    }
}

/// What the sink does.
#[inline]
pub(crate) fn absorb(outcome: &mut Outcome, record: Record, at: u64) {
    outcome.records += 1;
    outcome.sum =
        outcome.sum.wrapping_mul(31).wrapping_add(record.id ^ (record.value * record.key) ^ at);
}

/// The output function of `SplitMix64`.
#[inline]
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// A number below `n`.
#[inline]
pub(crate) fn scale(draw: u64, n: u64) -> u64 {
    ((u128::from(draw) * u128::from(n)) >> 64) as u64
}

/// Half to one and a half microseconds between records of the source.
#[inline]
pub(crate) fn gap(draw: u64) -> u64 {
    500 + scale(draw, 1_000)
}

/// 10 to 20 microseconds for a hop.
#[inline]
pub(crate) fn latency(draw: u64) -> u64 {
    10_000 + scale(draw, 10_000)
}

/// The hold model's delay: about exponential, integers only.
#[inline]
pub(crate) fn delay(draw: u64) -> u64 {
    let draw = draw | 1;
    let octave = draw.leading_zeros();
    let fraction = !((draw << octave) << 1) >> 32;
    let log = (u64::from(octave) << 32) + fraction;
    ((u128::from(log) * (u128::from(MEAN) * 0xB172_17F7)) >> 64) as u64 + 1
}

/// A pending set that a plain loop may use: the least time first, then the least sequence number.
pub(crate) trait PendingSet {
    fn new() -> Self;
    fn push(&mut self, at: u64, sequence: u64, payload: [u64; 2]);
    fn pop(&mut self) -> Option<(u64, [u64; 2])>;
}

/// Where a plain loop gets its draws: in turn, or by who asks and for which of his things.
pub(crate) trait Draws {
    fn new(topology: Topology, seed: u64) -> Self;
    fn next(&mut self, who: u32, index: u64) -> u64;
}

#[derive(Clone, Copy, Default)]
struct Actor {
    events: u64,
    sum: u64,
}

/// The hold model as a plain loop: every event schedules the next one of its actor.
pub(crate) struct Hold<Q, D> {
    pending: Q,
    draws: D,
    actors: Vec<Actor>,
    sequence: u64,
}

impl<Q: PendingSet, D: Draws> Hold<Q, D> {
    pub(crate) fn new(events: usize) -> Self {
        let draws = D::new(Topology { maps: 0, counters: 0, records: 0 }, 42);
        let mut hold =
            Self { pending: Q::new(), draws, actors: vec![Actor::default(); events], sequence: 0 };
        for actor in 0..events as u64 {
            hold.schedule(actor, 0);
        }
        hold
    }

    #[inline]
    fn schedule(&mut self, actor: u64, now: u64) {
        let draw = self.draws.next(0, self.sequence);
        self.pending.push(now + delay(draw), self.sequence, [actor, draw]);
        self.sequence += 1;
    }

    #[inline(never)]
    pub(crate) fn run(&mut self, events: u64) {
        for _ in 0..events {
            let Some((now, [number, draw])) = self.pending.pop() else { return };
            let actor = &mut self.actors[number as usize];
            actor.events += 1;
            actor.sum = actor.sum.wrapping_mul(31).wrapping_add(draw ^ now);
            self.schedule(number, now);
        }
    }

    pub(crate) fn sum(&self) -> u64 {
        self.actors
            .iter()
            .fold(0, |sum: u64, actor| sum.rotate_left(5).wrapping_add(actor.sum ^ actor.events))
    }
}
