//! Sandbar's side: the pipeline as a job with checkpoints, played as a user plays it.

use crate::workload::{KEYS, Topology};
use sandbar::events::{Entry, Trace};
use sandbar::internals::{
    CheckSetup, Checks, Cluster, EndOfWorld, Given, RunLayout, TraceSink, play,
};
use sandbar::{Catalogue, Choices, Scenario, Setup, SimTime};
use std::convert::Infallible;
use std::sync::Arc;

/// Who listens to a world.
#[derive(Clone, Copy)]
pub(crate) enum Listener {
    Nobody,
    /// All checks but the comparison with the reference.
    Protocol,
    Checks,
    /// The trace, records included.
    Log,
}

struct Nobody;

impl TraceSink for Nobody {
    fn on_run(&mut self, _: &Arc<RunLayout>) {}
    fn on_entry(&mut self, _: &Entry) {}
}

/// A scenario with its inputs, ready to be played with any seed.
pub(crate) struct World(Setup);

impl World {
    /// One record a microsecond, a checkpoint every ten thousand.
    pub(crate) fn pipeline(topology: Topology) -> Self {
        Self::new(&text(topology, "1us"))
    }

    /// Two checkpoints or three, and a counter that dies after the first.
    pub(crate) fn short(topology: Topology) -> Self {
        let step =
            "[[step]]\nwhen = { completed = { checkpoint = 1 } }\ndo = { kill = \"count/2\" }\n";
        Self::new(&(text(topology, "50us") + step))
    }

    fn new(text: &str) -> Self {
        let catalogue = Arc::new(Catalogue::built_in());
        let scenario = Scenario::parse(text, "bench.toml", &catalogue);
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        Self(Setup::of(Arc::new(scenario), catalogue).expect("its input is generated"))
    }

    /// Plays it to the end with all checks. How many events that took.
    pub(crate) fn play(&self, seed: u64, keeps_trace: bool) -> u64 {
        let choices = Choices::new(seed);
        let setup = Setup { choices, keeps_trace, keeps_records: keeps_trace, ..self.0.clone() };
        let Ok(played) = play(setup, |_| Ok::<(), Infallible>(()));
        assert!(played.verdict.holds() && played.unmet.is_empty(), "{:?}", played.unmet);
        played.outcome.events
    }

    fn cluster(&self, seed: u64) -> Cluster {
        let Setup { scenario, catalogue, inputs, .. } = self.0.clone();
        let given = Given {
            catalogue,
            inputs,
            choices: Choices::new(seed),
            clock: SimTime::ZERO,
            externals: Vec::new(),
            from: None,
        };
        Cluster::new(scenario, given)
    }

    /// Plays it to the end for a listener. How many events that took.
    pub(crate) fn listen(&self, seed: u64, listener: Listener) -> u64 {
        let mut cluster = self.cluster(seed);
        match listener {
            Listener::Nobody => {
                cluster.run(&mut Nobody);
                std::hint::black_box(cluster.outcome());
            }
            Listener::Protocol => self.check(&mut cluster, false),
            Listener::Checks => self.check(&mut cluster, true),
            Listener::Log => {
                let mut trace = Trace::with_records(true);
                cluster.run(&mut trace);
                std::hint::black_box((cluster.outcome(), trace));
            }
        }
        cluster.events()
    }

    fn check(&self, cluster: &mut Cluster, with_output: bool) {
        let Setup { scenario, catalogue, inputs, .. } = self.0.clone();
        let mut checks = Checks::new(CheckSetup {
            scenario,
            catalogue,
            inputs,
            file: None,
            with_output,
            bounds_percent: 100,
        });
        cluster.run(&mut checks);
        let outcome = cluster.outcome();
        let verdict = checks.finish(&EndOfWorld {
            externals: &outcome.externals,
            job_keys: &outcome.job_keys,
            ended: outcome.ended,
            had_backpressure: outcome.had_backpressure,
            leftovers: &outcome.leftovers,
            restored: None,
        });
        assert!(verdict.holds(), "the checks hold");
    }

    /// The world when half of its events are over.
    pub(crate) fn halfway(&self, seed: u64) -> Cluster {
        let half = self.play(seed, false) / 2;
        let mut cluster = self.cluster(seed);
        while cluster.events() < half && cluster.step(&mut Nobody) {}
        cluster
    }
}

/// The scenario of a topology. Elements take no time, so that every hop is one event.
fn text(topology: Topology, every: &str) -> String {
    let Topology { maps, counters, records } = topology;
    let slots = maps.max(counters);
    format!(
        r#"
seed = 7
cluster = {{ task-managers = 1, slots = {slots} }}
network = {{ channel-latency = "10us..20us", snapshot-sync = "1us..2us", snapshot-async = "10us..20us" }}

[input.log]
generate = {{ records = {records}, keys = {KEYS} }}
partitions = 1
every = "{every}"

[job.pipeline]
checkpoint = {{ interval = "10ms", timeout = "10s" }}
operators = [
  {{ name = "source", source = "log", then = "end", parallelism = 1, takes = "0s" }},
  {{ name = "map", map = "identity", parallelism = {maps}, takes = "0s" }},
  {{ name = "count", aggregate = "count", key-by = 0, parallelism = {counters}, takes = "0s" }},
  {{ name = "out", sink = "two-phase", parallelism = 1, takes = "0s" }},
]

"#
    )
}
