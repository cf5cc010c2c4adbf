//! Deliberately wrong behaviour, each a patch to one policy. With one switched on, a check must notice.

use super::{
    CommitWhen, InFlightKept, IncrementBase, KeyGroupOwner, Rules, SharedFileEnd, WatermarkTaken,
};
use serde::{Deserialize, Serialize};

/// A broken protocol, named after the catalogue of real bugs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutation {
    /// Records behind a barrier are processed before the snapshot (B2, FLINK-17568). Breaks cut consistency.
    ProcessPastBarrier,
    /// A two-phase sink commits at its snapshot (G1). Breaks output equivalence.
    CommitOnSnapshot,
    /// After a change of parallelism some key groups have no owner (H8). Breaks the ownership partition.
    OrphanedKeyRanges,
    /// List state is silently left behind when parallelism changes (H6). Breaks mapping totality.
    ListStateLeftBehind,
    /// The committables of a writer's end of data never reach the committer (G3, FLINK-24530). Breaks output
    /// equivalence.
    FinalCommitLost,
    /// A committer forgets the committables that it was restored with (A9). Breaks output equivalence.
    CommittablesForgotten,
    /// The marker by which a table knows a row again carries the attempt (G10). Breaks output equivalence.
    DedupUnstableIdentity,
    /// The assignment of a split is sent and forgotten (D1, FLINK-21996). Breaks output equivalence.
    OpEventLossyUnacked,
    /// A split may be assigned between the enumerator's snapshot and the reader's (D2, FLINK-16986). Breaks output
    /// equivalence.
    OpEventNotGated,
    /// What an unaligned barrier overtakes in the outputs of its sender is not persisted. Breaks cut consistency.
    SnapshotOmitsOutputs,
    /// Records in flight on one channel are persisted out of order (B3, FLINK-19681). Breaks cut consistency.
    UcReorderInFlight,
    /// A task acks before its snapshot is durable (A1). Breaks durable before visible.
    AckBeforeDurable,
    /// What an attempt that is over sends still counts (C2, hazelcast-jet#2503). Breaks participants and fencing.
    NoAttemptFencing,
    /// Checkpoints that are pending outlive a restart, and the acks of the attempt before complete them (C2,
    /// hazelcast-jet#2503). Breaks participants and fencing.
    CompleteRacesRestart,
    /// One task is not asked for its ack (C1, FLINK-3534). Breaks participants and fencing.
    CompleteWithMissingParticipant,
    /// A task takes the watermark of its fastest channel for its own (I2). Breaks time fidelity.
    WatermarkAheadOfReplay,
    /// A watermark is sent on before the timers that it makes due have fired. Breaks time fidelity.
    WatermarkBeforeTimers,
    /// A job that stops without draining tells its operators that event time is over (F3). Breaks time fidelity.
    SwsEmitsEndOfInput,
    /// Timers are no part of a snapshot (A7). Breaks time fidelity.
    SnapshotOmitsTimers,
    /// A sink that is restored aborts the transactions that its snapshot covers (G1). Breaks transaction hygiene.
    RestoredTransactionsAborted,
    /// A split enumerator is reset by a failover of the whole job only, not told of a region (C10, FLINK-21178). Breaks
    /// output equivalence.
    ResetHookOnlyOnGlobal,
    /// A shared file is deleted with the checkpoint that wrote it, although newer ones use it (E8). Breaks reference
    /// safety.
    GcByEpochWindow,
    /// A checkpoint that is aborted takes its shared files along, although newer ones build on them (E2, FLINK-24611).
    /// Breaks reference safety.
    AbortDeletesShared,
    /// A job builds on the shared files of the checkpoint it was started from, and deletes them as its own (E3,
    /// FLINK-26985). Breaks reference safety.
    DeleteRestoredShared,
    /// A restarted task gives new shared files the names of old ones, and the old content stays (E4, FLINK-29095).
    /// Breaks reference safety.
    NameReuseDedup,
    /// Nobody takes note of the shared files that a late ack tells of (C3). Breaks reference safety.
    LeakLateAck,
    /// Tasks are told of a checkpoint before the store that survives the job manager is (C12). Breaks durable before
    /// visible.
    NotifyBeforeStore,
    /// A job that was started from a savepoint forgets it once it runs (C8, FLINK-3390). Breaks the recovery point.
    InitialRestoreNotSticky,
    /// A job manager that goes while its job restarts takes the pointers with it (C6, FLINK-34518). Breaks the recovery
    /// point.
    SuspendAsTerminal,
}

impl Mutation {
    /// Every mutation.
    pub const ALL: [Self; 29] = [
        Self::ProcessPastBarrier,
        Self::CommitOnSnapshot,
        Self::OrphanedKeyRanges,
        Self::ListStateLeftBehind,
        Self::FinalCommitLost,
        Self::CommittablesForgotten,
        Self::DedupUnstableIdentity,
        Self::OpEventLossyUnacked,
        Self::OpEventNotGated,
        Self::SnapshotOmitsOutputs,
        Self::UcReorderInFlight,
        Self::AckBeforeDurable,
        Self::NoAttemptFencing,
        Self::CompleteRacesRestart,
        Self::CompleteWithMissingParticipant,
        Self::RestoredTransactionsAborted,
        Self::WatermarkAheadOfReplay,
        Self::WatermarkBeforeTimers,
        Self::SnapshotOmitsTimers,
        Self::SwsEmitsEndOfInput,
        Self::ResetHookOnlyOnGlobal,
        Self::GcByEpochWindow,
        Self::AbortDeletesShared,
        Self::DeleteRestoredShared,
        Self::NameReuseDedup,
        Self::LeakLateAck,
        Self::NotifyBeforeStore,
        Self::InitialRestoreNotSticky,
        Self::SuspendAsTerminal,
    ];

    /// Patches the rules.
    pub const fn apply(self, rules: &mut Rules) {
        match self {
            Self::ProcessPastBarrier => rules.barrier_blocks_channel = false,
            Self::CommitOnSnapshot => rules.commit_when = CommitWhen::Snapshot,
            Self::OrphanedKeyRanges => rules.key_group_owner = KeyGroupOwner::RangeLessLast,
            Self::ListStateLeftBehind => rules.list_state_restored = false,
            Self::FinalCommitLost => rules.final_committables_sent = false,
            Self::CommittablesForgotten => rules.restored_committables_committed = false,
            Self::DedupUnstableIdentity => rules.markers_are_stable = false,
            Self::OpEventLossyUnacked => rules.split_events_acknowledged = false,
            Self::OpEventNotGated => rules.split_events_gated = false,
            Self::SnapshotOmitsOutputs => rules.in_flight = InFlightKept::InputsOnly,
            Self::UcReorderInFlight => rules.in_flight = InFlightKept::OutOfOrder,
            Self::AckBeforeDurable => rules.ack_awaits_durability = false,
            Self::NoAttemptFencing => rules.attempts_fenced = false,
            Self::CompleteRacesRestart => {
                rules.restarts_abort_pending = false;
                rules.attempts_fenced = false;
            }
            Self::CompleteWithMissingParticipant => rules.every_participant_awaited = false,
            Self::WatermarkAheadOfReplay => rules.watermark = WatermarkTaken::OfTheFastest,
            Self::WatermarkBeforeTimers => rules.timers_before_watermark = false,
            Self::SnapshotOmitsTimers => rules.timers_in_snapshot = false,
            Self::SwsEmitsEndOfInput => rules.suspended_windows_stay_open = false,
            Self::RestoredTransactionsAborted => rules.restored_transactions_committed = false,
            Self::ResetHookOnlyOnGlobal => rules.split_enumerators_told_of_regions = false,
            Self::GcByEpochWindow => rules.shared_file_ends = SharedFileEnd::WithCreator,
            Self::AbortDeletesShared => {
                rules.increments_build_on = IncrementBase::Drawn;
                rules.aborted_files_kept = false;
            }
            Self::DeleteRestoredShared => {
                rules.unclaimed_files_built_upon = true;
                rules.unclaimed_files_kept = false;
            }
            Self::NameReuseDedup => rules.shared_file_names_unique = false,
            Self::LeakLateAck => rules.late_acks_registered = false,
            Self::NotifyBeforeStore => rules.pointer_stored_before_notify = false,
            Self::InitialRestoreNotSticky => rules.start_is_recovery_point = false,
            Self::SuspendAsTerminal => rules.pointers_outlive_restarts = false,
        }
    }
}
