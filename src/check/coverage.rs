//! What a world exercised, so that a sweep of worlds in which nothing was put to the test is not taken for a success.

use super::counters::counters;
use super::verdict::Compared;
use super::{ChangeFeatures, Operations, OperatorFeatures};

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
        /// Sinks whose rows were compared one by one, or windows with all that was in them.
        sinks_by_value,
        /// Sinks compared by the last row of each key.
        sinks_by_last,
        /// Sinks compared by keys, or by the records that rows stem from.
        sinks_by_origin,
        /// Sinks that were not compared.
        sinks_not_compared,
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
        /// Worlds of which something that was kept was restored in a world of its own.
        restored_in_shadow,
        /// Worlds of which that was tried.
        restoring_tried,
        /// Worlds that wrote what they kept into files in memory, and read it back.
        read_back,
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
    /// Counts how the sinks of one world were compared.
    pub(super) fn count_sinks<'s>(&mut self, sinks: impl Iterator<Item = &'s Compared>) {
        for how in sinks {
            match how {
                Compared::ByValue => self.sinks_by_value += 1,
                Compared::ByLast => self.sinks_by_last += 1,
                Compared::ByKey | Compared::ByOrigin => self.sinks_by_origin += 1,
                Compared::Not(_) => self.sinks_not_compared += 1,
            }
        }
        self.checked_above_accounted = u64::from(self.sinks_by_value + self.sinks_by_last > 0);
    }

    /// How many sinks were compared in which way.
    pub const fn sinks(&self) -> [(&'static str, u64); 4] {
        [
            ("compared by value", self.sinks_by_value),
            ("compared by the last row of each key", self.sinks_by_last),
            ("compared by keys or origins", self.sinks_by_origin),
            ("not compared", self.sinks_not_compared),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_adds_up_over_worlds() {
        let mut one = Coverage { worlds: 1, restored_midway: 1, ..Coverage::default() };
        one.count_sinks([Compared::ByValue, Compared::ByOrigin].iter());
        let mut sum = Coverage::default();
        sum.add(&one);
        sum.add(&one);
        assert_eq!((sum.worlds, sum.restored_midway, sum.checked_above_accounted), (2, 2, 2));
        assert_eq!(sum.sinks().map(|(_, sinks)| sinks), [2, 0, 2, 0]);
    }
}
