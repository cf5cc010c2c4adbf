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
}

impl Matrix {
    /// Counts a world in which this protocol was broken. What its release breaks anyway is no sign of it.
    pub fn add(&mut self, mutation: Mutation, played: &Played) {
        *self.worlds.entry(mutation).or_default() += 1;
        for (check, finding) in &played.verdict.checks {
            if finding.is_broken() && played.verdict.excuse(*check).is_none() {
                self.note((mutation, *check), Noticed { worlds: 1, first: played.seed });
            }
        }
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: Self) {
        for (mutation, worlds) in other.worlds {
            *self.worlds.entry(mutation).or_default() += worlds;
        }
        for (what, noticed) in other.noticed {
            self.note(what, noticed);
        }
    }

    fn note(&mut self, what: (Mutation, CheckName), more: Noticed) {
        let noticed = self.noticed.entry(what).or_insert(Noticed { worlds: 0, first: more.first });
        noticed.worlds += more.worlds;
        noticed.first = noticed.first.min(more.first);
    }

    /// Whether any check notices a mutation.
    pub fn is_noticed(&self, mutation: Mutation) -> bool {
        self.noticed.keys().any(|(other, _)| *other == mutation)
    }
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
        };
        for (one, other) in [(shard(2, 7), shard(3, 4)), (shard(3, 4), shard(2, 7))] {
            let mut all = one;
            all.merge(other);
            assert_eq!(all.worlds[&what.0], 20);
            assert_eq!(all.noticed[&what], Noticed { worlds: 5, first: 4 });
            assert!(all.is_noticed(what.0) && !all.is_noticed(Mutation::LeakLateAck));
        }
    }
}
