//! Which check notices which broken protocol in drawn worlds.

use super::play::Played;
use crate::rules::Mutation;
use crate::trace::CheckName;
use std::collections::BTreeMap;

/// In how many worlds a check is broken by a mutation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Noticed {
    /// In how many.
    pub worlds: u64,
    /// The smallest seed of those.
    pub first: u64,
}

/// What was noticed of every mutation. Adding is associative and commutative, so that shards can be folded in any order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Matrix {
    /// How many worlds were played, by mutation.
    pub worlds: BTreeMap<Mutation, u64>,
    /// By mutation and check; nothing where it is broken in no world.
    pub noticed: BTreeMap<(Mutation, CheckName), Noticed>,
    /// By mutation, the worlds that an assertion of the engine ended: it is not made for every protocol that is broken.
    pub ended: BTreeMap<Mutation, Noticed>,
}

impl Matrix {
    /// Counts a world in which this protocol was broken. What its release breaks anyway is no sign of it.
    pub fn add(&mut self, mutation: Mutation, played: &Played) {
        *self.worlds.entry(mutation).or_default() += 1;
        for (check, finding) in &played.verdict.checks {
            if finding.is_broken() && played.verdict.excuse(*check).is_none() {
                let once = Noticed { worlds: 1, first: played.seed };
                note(&mut self.noticed, (mutation, *check), once);
            }
        }
    }

    /// Counts a world that an assertion of the engine ended.
    pub fn add_ended(&mut self, mutation: Mutation, seed: u64) {
        *self.worlds.entry(mutation).or_default() += 1;
        note(&mut self.ended, mutation, Noticed { worlds: 1, first: seed });
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: Self) {
        for (mutation, worlds) in other.worlds {
            *self.worlds.entry(mutation).or_default() += worlds;
        }
        for (what, noticed) in other.noticed {
            note(&mut self.noticed, what, noticed);
        }
        for (mutation, ended) in other.ended {
            note(&mut self.ended, mutation, ended);
        }
    }

    /// Whether any check notices a mutation.
    pub fn is_noticed(&self, mutation: Mutation) -> bool {
        self.noticed.keys().any(|(other, _)| *other == mutation)
    }
}

fn note<K: Ord>(counts: &mut BTreeMap<K, Noticed>, what: K, more: Noticed) {
    let noticed = counts.entry(what).or_insert(Noticed { worlds: 0, first: more.first });
    noticed.worlds += more.worlds;
    noticed.first = noticed.first.min(more.first);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up_in_any_order() {
        let what = (Mutation::AckBeforeDurable, CheckName::DurableBeforeVisible);
        let shard = |worlds, first| Matrix {
            worlds: BTreeMap::from([(what.0, 10)]),
            noticed: BTreeMap::from([(what, Noticed { worlds, first })]),
            ended: BTreeMap::from([(what.0, Noticed { worlds, first })]),
        };
        for (one, other) in [(shard(2, 7), shard(3, 4)), (shard(3, 4), shard(2, 7))] {
            let mut all = one;
            all.merge(other);
            assert_eq!(all.worlds[&what.0], 20);
            assert_eq!(all.noticed[&what], Noticed { worlds: 5, first: 4 });
            assert_eq!(all.ended[&what.0], Noticed { worlds: 5, first: 4 });
            assert!(all.is_noticed(what.0) && !all.is_noticed(Mutation::LeakLateAck));
        }
    }
}
