//! Deliberately wrong behaviour, each a patch to few policies. With one switched on, a check must notice.

use super::{
    CommitWhen, InFlightKept, IncrementBase, KeyGroupOwner, Rules, SharedFileEnd, WatermarkTaken,
};

/// Declares the mutations, each with the policies that it sets.
macro_rules! mutations {
    ($($(#[$($meaning:tt)*])+ $mutation:ident: $($rule:ident = $choice:expr),+;)+) => {
        crate::documented::documented! {
            /// A broken protocol, named after the catalogue of real bugs.
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
            #[serde(rename_all = "kebab-case")]
            pub enum Mutation {
                $($(#[$($meaning)*])+ $mutation,)+
            }
        }

        impl Mutation {
            /// Every mutation.
            pub const ALL: &'static [Self] = &[$(Self::$mutation,)+];

            /// Patches the rules.
            pub const fn apply(self, rules: &mut Rules) {
                match self {
                    $(Self::$mutation => {
                        $(rules.$rule = $choice;)+
                    })+
                }
            }
        }
    };
}

mutations! {
    /// Records behind a barrier are processed before the snapshot (B2, FLINK-17568). Breaks cut consistency.
    ProcessPastBarrier: barrier_blocks_channel = false;
    /// A two-phase sink commits at its snapshot (G1). Breaks output equivalence.
    CommitOnSnapshot: commit_when = CommitWhen::Snapshot;
    /// Operators are restored under a number of key groups that is not that of their state (H1, FLINK-40113). Breaks the
    /// ownership partition.
    MaxpMismatch: stored_key_groups_adopted = false;
    /// Every subtask goes on with all entries of a union list, and stores them again (H4, flink-agents#824). Breaks cut
    /// consistency.
    UnionResnapshotAll: union_entries_owned = false;
    /// After a change of parallelism some key groups have no owner (H8). Breaks the ownership partition.
    OrphanedKeyRanges: key_group_owner = KeyGroupOwner::RangeLessLast;
    /// List state is silently left behind when parallelism changes (H6). Breaks mapping totality.
    ListStateLeftBehind: list_state_restored = false;
    /// The committables of a writer's end of data never reach the committer (G3, FLINK-24530). Breaks output
    /// equivalence.
    FinalCommitLost: final_committables_sent = false;
    /// A committer forgets the committables that it was restored with (A9). Breaks output equivalence.
    CommittablesForgotten: restored_committables_committed = false;
    /// The marker by which a table knows a row again carries the attempt (G10). Breaks output equivalence.
    DedupUnstableIdentity: markers_are_stable = false;
    /// The assignment of a split is sent and forgotten (D1, FLINK-21996). Breaks output equivalence.
    OpEventLossyUnacked: split_events_acknowledged = false;
    /// A split may be assigned between the enumerator's snapshot and the reader's (D2, FLINK-16986). Breaks output
    /// equivalence.
    OpEventNotGated: split_events_gated = false;
    /// What an unaligned barrier overtakes in the outputs of its sender is not persisted. Breaks cut consistency.
    SnapshotOmitsOutputs: in_flight = InFlightKept::InputsOnly;
    /// Records in flight on one channel are persisted out of order (B3, FLINK-19681). Breaks cut consistency.
    UcReorderInFlight: in_flight = InFlightKept::OutOfOrder;
    /// A task acks before its snapshot is durable (A1). Breaks durable before visible.
    AckBeforeDurable: ack_awaits_durability = false;
    /// What an attempt that is over sends still counts (C2, hazelcast-jet#2503). Breaks participants and fencing.
    NoAttemptFencing: attempts_fenced = false;
    /// Checkpoints that are pending outlive a restart, and the acks of the attempt before complete them (C2,
    /// hazelcast-jet#2503). Breaks participants and fencing.
    CompleteRacesRestart: restarts_abort_pending = false, attempts_fenced = false;
    /// One task is not asked for its ack (C1, FLINK-3534). Breaks participants and fencing.
    CompleteWithMissingParticipant: every_participant_awaited = false;
    /// A sink that is restored aborts the transactions that its snapshot covers (G1). Breaks transaction hygiene.
    RestoredTransactionsAborted: restored_transactions_committed = false;
    /// A task takes the watermark of its fastest channel for its own (I2). Breaks time fidelity.
    WatermarkAheadOfReplay: watermark = WatermarkTaken::OfTheFastest;
    /// A watermark is sent on before the timers that it makes due have fired. Breaks time fidelity.
    WatermarkBeforeTimers: timers_before_watermark = false;
    /// Timers are no part of a snapshot (A7). Breaks time fidelity.
    SnapshotOmitsTimers: timers_in_snapshot = false;
    /// A job that stops without draining tells its operators that event time is over (F3). Breaks time fidelity.
    SwsEmitsEndOfInput: suspended_windows_stay_open = false;
    /// A split enumerator is reset by a failover of the whole job only, not told of a region (C10, FLINK-21178). Breaks
    /// output equivalence.
    ResetHookOnlyOnGlobal: split_enumerators_told_of_regions = false;
    /// A shared file is deleted with the checkpoint that wrote it, although newer ones use it (E8). Breaks reference
    /// safety.
    GcByEpochWindow: shared_file_ends = SharedFileEnd::WithCreator;
    /// A checkpoint that is aborted takes its shared files along, although newer ones build on them (E2, FLINK-24611).
    /// Breaks reference safety.
    AbortDeletesShared: increments_build_on = IncrementBase::Drawn, aborted_files_kept = false;
    /// A job builds on the shared files of the checkpoint it was started from, and deletes them as its own (E3,
    /// FLINK-26985). Breaks reference safety.
    DeleteRestoredShared: unclaimed_files_built_upon = true, unclaimed_files_kept = false;
    /// A restarted task gives new shared files the names of old ones, and the old content stays (E4, FLINK-29095).
    /// Breaks reference safety.
    NameReuseDedup: shared_file_names_unique = false;
    /// The minimum pause between checkpoints is only accepted, as in 1.0. Breaks the configured bounds.
    PauseNotKept: minimum_pause_kept = false;
    /// A shared file of a checkpoint that outlives its job goes with the job (as E9). Breaks restorability.
    RetainedFileLost: retained_files_survive = false;
    /// A task goes on waiting for the barrier of a channel that has ended (as B10). Breaks bounded progress.
    EndedChannelAwaited: ended_channels_counted = false;
    /// Nobody takes note of the shared files that a late ack tells of (C3). Breaks reference safety.
    LeakLateAck: late_acks_registered = false;
    /// Tasks are told of a checkpoint before the store that survives the job manager is (C12). Breaks durable before
    /// visible.
    NotifyBeforeStore: pointer_stored_before_notify = false;
    /// A job that was started from a savepoint forgets it once it runs (C8, FLINK-3390). Breaks the recovery point.
    InitialRestoreNotSticky: start_is_recovery_point = false;
    /// A restart that cannot read the newest checkpoint takes an older one (C5, FLINK-22502). Breaks the recovery point.
    RestoreSkipsUnreadable: newest_checkpoint_skipped = true;
    /// A job manager that goes while its job restarts takes the pointers with it (C6, FLINK-34518). Breaks the recovery
    /// point.
    SuspendAsTerminal: pointers_outlive_restarts = false;
}
