//! What a world exercised, so that a sweep of worlds in which nothing was put to the test is not taken for a success.

use super::counters::counters;
use super::{ChangeFeatures, Operations, OperatorFeatures};
use crate::operator::Equality;

counters! {
    /// Counts of worlds, and of the sinks in them. Of one world each count of worlds is 0 or 1.
    Coverage {
        /// Worlds.
        worlds,
        /// Worlds that restored a completed checkpoint with records on both sides of its cut.
        restored_midway,
        /// Worlds that restored keyed state with something in it at another parallelism.
        rescaled_keyed_state,
        /// Worlds in which records waited behind a blocked channel at the cut of a checkpoint that completed.
        held_at_a_cut,
        /// Worlds that ended before their first checkpoint had completed.
        ended_before_first_checkpoint,
        /// Worlds in which at least one sink was compared more strictly than `accounted`.
        checked_above_accounted,
        /// Worlds with a job that promises at-least-once only.
        at_least_once,
        /// Worlds with a job whose barriers may overtake records.
        unaligned,
        /// Worlds in which a checkpoint completed that holds records in flight.
        kept_in_flight,
        /// Worlds that put records in flight back at another parallelism.
        rescaled_in_flight,
        /// Worlds with a job whose checkpoints share files.
        incremental,
        /// Worlds in which a checkpoint completed that shares a file with another one.
        shared_files,
        /// Worlds in which a watermark was told.
        event_time,
        /// Worlds in which a record came too late.
        late,
        /// Worlds with a sink whose windows were compared with those of the reference.
        windows_compared,
        /// Sinks compared as multisets.
        sinks_multiset,
        /// Sinks compared by the last value of each key.
        sinks_last_per_key,
        /// Sinks compared by origins only.
        sinks_accounted,
        /// Worlds in which a region restarted and the rest of its job went on.
        restarted_a_region,
        /// Worlds in which another job manager took a job over.
        taken_over,
        /// Worlds in which storage did not do as it was asked.
        disturbed_writes,
        /// Worlds in which users did something with the files of savepoints.
        user_files,
        /// Worlds in which tasks went on beside their successors, until they heard of it.
        zombies,
    } parts {
        /// Worlds by the operators of their jobs.
        operators: OperatorFeatures,
        /// Worlds by how jobs differed from those whose snapshots they started from.
        changes: ChangeFeatures,
        /// Worlds by what users did in them.
        operations: Operations,
    }
}

impl Coverage {
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
