//! What a world exercised, so that a sweep of worlds in which nothing was put to the test is not taken for a success.

use super::{ChangeFeatures, Operations, OperatorFeatures};
use crate::operator::Equality;
use serde::{Deserialize, Serialize};

/// Counts of worlds, and of the sinks in them. Of one world each count of worlds is 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Worlds.
    pub worlds: u64,
    /// Worlds that restored a completed checkpoint with records on both sides of its cut.
    pub restored_midway: u64,
    /// Worlds that restored keyed state with something in it at another parallelism.
    pub rescaled_keyed_state: u64,
    /// Worlds in which records waited behind a blocked channel at the cut of a checkpoint that completed.
    pub held_at_a_cut: u64,
    /// Worlds that ended before their first checkpoint had completed.
    pub ended_before_first_checkpoint: u64,
    /// Worlds in which at least one sink was compared more strictly than `accounted`.
    pub checked_above_accounted: u64,
    /// Worlds with a job that promises at-least-once only.
    pub at_least_once: u64,
    /// Worlds with a job whose barriers may overtake records.
    pub unaligned: u64,
    /// Worlds in which a checkpoint completed that holds records in flight.
    pub kept_in_flight: u64,
    /// Worlds that put records in flight back at another parallelism.
    #[serde(default)]
    pub rescaled_in_flight: u64,
    /// Worlds with a job whose checkpoints share files.
    #[serde(default)]
    pub incremental: u64,
    /// Worlds in which a checkpoint completed that shares a file with another one.
    #[serde(default)]
    pub shared_files: u64,
    /// Worlds in which a watermark was told.
    #[serde(default)]
    pub event_time: u64,
    /// Worlds in which a record came too late.
    #[serde(default)]
    pub late: u64,
    /// Worlds with a sink whose windows were compared with those of the reference.
    #[serde(default)]
    pub windows_compared: u64,
    /// Sinks compared as multisets.
    pub sinks_multiset: u64,
    /// Sinks compared by the last value of each key.
    pub sinks_last_per_key: u64,
    /// Sinks compared by origins only.
    pub sinks_accounted: u64,
    /// Worlds in which a region restarted and the rest of its job went on.
    #[serde(default)]
    pub restarted_a_region: u64,
    /// Worlds in which another job manager took a job over.
    #[serde(default)]
    pub taken_over: u64,
    /// Worlds in which storage did not do as it was asked.
    #[serde(default)]
    pub disturbed_writes: u64,
    /// Worlds in which users did something with the files of savepoints.
    #[serde(default)]
    pub user_files: u64,
    /// Worlds in which tasks went on beside their successors, until they heard of it.
    #[serde(default)]
    pub zombies: u64,
    /// Worlds by the operators of their jobs.
    #[serde(default)]
    pub operators: OperatorFeatures,
    /// Worlds by how jobs differed from those whose snapshots they started from.
    #[serde(default)]
    pub changes: ChangeFeatures,
    /// Worlds by what users did in them.
    #[serde(default)]
    pub operations: Operations,
}

impl Coverage {
    /// Adds the counts of other worlds.
    pub const fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.restored_midway += other.restored_midway;
        self.rescaled_keyed_state += other.rescaled_keyed_state;
        self.held_at_a_cut += other.held_at_a_cut;
        self.ended_before_first_checkpoint += other.ended_before_first_checkpoint;
        self.checked_above_accounted += other.checked_above_accounted;
        self.at_least_once += other.at_least_once;
        self.unaligned += other.unaligned;
        self.kept_in_flight += other.kept_in_flight;
        self.rescaled_in_flight += other.rescaled_in_flight;
        self.incremental += other.incremental;
        self.shared_files += other.shared_files;
        self.event_time += other.event_time;
        self.late += other.late;
        self.windows_compared += other.windows_compared;
        self.sinks_multiset += other.sinks_multiset;
        self.sinks_last_per_key += other.sinks_last_per_key;
        self.sinks_accounted += other.sinks_accounted;
        self.restarted_a_region += other.restarted_a_region;
        self.taken_over += other.taken_over;
        self.disturbed_writes += other.disturbed_writes;
        self.user_files += other.user_files;
        self.zombies += other.zombies;
        self.operators.add(&other.operators);
        self.changes.add(&other.changes);
        self.operations.add(&other.operations);
    }

    /// Counts how strictly the sinks of one world were compared.
    pub(super) fn count_classes(&mut self, classes: impl Iterator<Item = Equality>) {
        for class in classes {
            match class {
                Equality::Multiset => self.sinks_multiset += 1,
                Equality::LastPerKey => self.sinks_last_per_key += 1,
                Equality::Accounted => self.sinks_accounted += 1,
            }
        }
        self.checked_above_accounted = u64::from(self.sinks_multiset + self.sinks_last_per_key > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_adds_up_over_worlds() {
        let mut one = Coverage { worlds: 1, restored_midway: 1, ..Coverage::default() };
        one.count_classes([Equality::Multiset, Equality::Accounted].into_iter());
        let mut sum = Coverage::default();
        sum.add(&one);
        sum.add(&one);
        assert_eq!((sum.worlds, sum.restored_midway, sum.checked_above_accounted), (2, 2, 2));
        assert_eq!((sum.sinks_multiset, sum.sinks_last_per_key, sum.sinks_accounted), (2, 0, 2));
    }
}
