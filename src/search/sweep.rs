//! Sweeping: many seeds, each a drawn scenario or one scenario under another seed; what they exercised in all.

use super::play::{Judgement, Played, Setup};
use super::restorable::{Restoring, is_sampled};
use crate::check::Coverage;
use crate::kernel::{Choices, Digest};
use crate::operator::Catalogue;
use crate::rules::{Mutation, Release};
use crate::scenario::{Profile, Scenario};
use crate::trace::{CheckName, Sometimes};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The drawn scenario of a seed, ready to be played.
pub fn drawn_setup(
    seed: u64,
    profile: &Profile,
    mutations: &[Mutation],
    catalogue: &Arc<Catalogue>,
) -> Setup {
    let choices = Choices::new(seed);
    let mut scenario = Scenario::draw(&choices, profile);
    scenario.mutations = mutations.to_vec();
    let setup = Setup::of(Arc::new(scenario), Arc::clone(catalogue));
    let setup = setup.expect("a drawn scenario reads no files");
    let restoring = if is_sampled(seed) { Restoring::One } else { Restoring::Never };
    Setup { restoring, ..setup }
}

/// A goal of "no vacuous green": a share of worlds, or of their sinks, in percent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Goal {
    /// What is counted.
    pub name: &'static str,
    /// Of how many it was so,
    pub count: u64,
    /// of how many in all.
    pub of: u64,
    /// The share that is wanted.
    pub percent: u64,
    /// Whether the share is a most and not a least.
    pub is_most: bool,
}

impl Goal {
    /// Whether it is met.
    pub const fn is_met(&self) -> bool {
        let (share, wanted) = (self.count * 100, self.percent * self.of);
        if self.is_most { share <= wanted } else { share >= wanted }
    }
}

/// What a sweep found. Adding is associative and commutative, so that shards can be folded in any order.
#[derive(Clone, Debug, Default)]
pub struct SweepTotals {
    /// What the worlds exercised.
    pub coverage: Coverage,
    /// Events played.
    pub events: u64,
    /// The sum of a hash of each seed with the digest of its world: another one, if any world was played otherwise.
    pub digest: u64,
    /// By name of what happened: in how many worlds.
    pub sometimes: BTreeMap<Sometimes, u64>,
    /// By release: how many worlds began under it.
    pub releases: BTreeMap<Release, u64>,
    /// By name of a promise that its release does not keep: in how many worlds it alone is broken.
    pub known: BTreeMap<&'static str, u64>,
    /// By such a promise and release: the smallest seed of those worlds.
    pub known_first: BTreeMap<(&'static str, Release), u64>,
    /// By check: in how many worlds it is broken.
    pub broken: BTreeMap<CheckName, u64>,
    /// By judgement: how many that failed came to it.
    pub judgements: BTreeMap<Judgement, u64>,
    /// The smallest seeds that failed, each with why.
    pub failures: BTreeMap<u64, String>,
    /// How many failed in all.
    pub failed: u64,
}

/// How many failing seeds are kept.
const FAILURES_MAX: usize = 20;

impl SweepTotals {
    /// Counts one world.
    pub fn add(&mut self, played: &Played) {
        self.coverage.add(&played.verdict.coverage);
        self.events += played.outcome.events;
        self.digest = self.digest.wrapping_add(hash_of_world(played));
        let sometimes = played.verdict.sometimes.iter().copied();
        count_all(&mut self.sometimes, sometimes.map(|name| (name, 1)));
        let mut checks: Vec<_> = played.verdict.violations().map(|v| v.check).collect();
        checks.dedup();
        count_all(&mut self.broken, checks.into_iter().map(|check| (check, 1)));
        *self.releases.entry(played.release).or_default() += 1;
        if played.judgement() == Judgement::Broken
            && let Some(promise) = played.known_break()
        {
            *self.known.entry(promise.name).or_default() += 1;
            self.note_first((promise.name, played.release), played.seed);
        } else if played.judgement() != Judgement::Holds {
            self.failed += 1;
            *self.judgements.entry(played.judgement()).or_default() += 1;
            self.failures.insert(played.seed, played.why().unwrap_or_default());
            self.trim();
        }
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: Self) {
        self.coverage.add(&other.coverage);
        self.events += other.events;
        self.digest = self.digest.wrapping_add(other.digest);
        self.failed += other.failed;
        self.failures.extend(other.failures);
        count_all(&mut self.judgements, other.judgements);
        count_all(&mut self.sometimes, other.sometimes);
        count_all(&mut self.releases, other.releases);
        count_all(&mut self.known, other.known);
        count_all(&mut self.broken, other.broken);
        for (what, seed) in other.known_first {
            self.note_first(what, seed);
        }
        self.trim();
    }

    /// A seed breaks a promise under a release: the smallest that does is kept.
    fn note_first(&mut self, what: (&'static str, Release), seed: u64) {
        let first = self.known_first.entry(what).or_insert(seed);
        *first = seed.min(*first);
    }

    fn trim(&mut self) {
        while self.failures.len() > FAILURES_MAX {
            self.failures.pop_last();
        }
    }

    /// The goals of DESIGN: a sweep in which nothing was put to the test is no success.
    pub fn goals(&self) -> Vec<Goal> {
        let c = &self.coverage;
        let of = c.worlds;
        let least = |name, count, percent| Goal { name, count, of, percent, is_most: false };
        let sinks = c.sinks().iter().map(|(_, sinks)| sinks).sum();
        let of_sinks =
            |name, count, percent, is_most| Goal { name, count, of: sinks, percent, is_most };
        vec![
            least(
                "restored a completed checkpoint with records on both sides",
                c.restored_midway,
                60,
            ),
            least("rescaled keyed state that was not empty", c.rescaled_keyed_state, 20),
            least("had records held behind a blocked channel at a cut", c.held_at_a_cut, 10),
            least("were checked above `accounted`", c.checked_above_accounted, 50),
            of_sinks("sinks were compared by value", c.sinks_by_value, 55, false),
            of_sinks("sinks were not compared", c.sinks_not_compared, 17, true),
            least("promised at-least-once", c.at_least_once, 10),
            least("let barriers overtake records", c.unaligned, 10),
            least("completed a checkpoint with records in flight", c.kept_in_flight, 5),
            least("had tasks go on beside their successors", c.zombies, 3),
            least("restored in-flight records at another parallelism", c.rescaled_in_flight, 1),
            least("had writes refused, torn, lost or not answered", c.disturbed_writes, 10),
            least("had the files of savepoints moved, copied or deleted", c.user_files, 3),
            least("had a job taken over by another job manager", c.taken_over, 5),
            least("restarted a region while the rest went on", c.restarted_a_region, 4),
            least("took incremental checkpoints", c.incremental, 15),
            least("completed a checkpoint that shares files with another", c.shared_files, 10),
            least("told event time", c.event_time, 10),
            least("compared windows with those of the reference", c.windows_compared, 3),
            least("were tried for whether what they keep can be restored", c.restoring_tried, 10),
            least(
                "restored something that they keep in a world of its own",
                c.restored_in_shadow,
                3,
            ),
            least("wrote what they keep into files and read it back", c.read_back, 4),
            Goal {
                name: "ended before their first checkpoint",
                count: c.ended_before_first_checkpoint,
                of,
                percent: 5,
                is_most: true,
            },
        ]
    }
}

/// A sum of these does not depend on the order of worlds, and no two worlds outweigh each other by chance.
fn hash_of_world(played: &Played) -> u64 {
    let mut digest = Digest::new();
    digest.fold(played.seed, 0);
    digest.fold_bytes(&played.outcome.digest.to_le_bytes());
    let folded = digest.value().to_le_bytes();
    u64::from_le_bytes(folded[..8].try_into().expect("eight bytes of sixteen"))
}

/// Adds counts to others.
fn count_all<K: Ord>(counts: &mut BTreeMap<K, u64>, more: impl IntoIterator<Item = (K, u64)>) {
    for (what, worlds) in more {
        *counts.entry(what).or_default() += worlds;
    }
}
