//! Which rules are in force: one struct of policies. A release, a scenario's override and a mutation are patches to it.
//!
//! Parts read policies, never release numbers.

mod mutation;
mod release;

pub use mutation::Mutation;
pub use release::Release;

use serde::{Deserialize, Serialize};

/// The policies that differ between releases, or that a broken protocol breaks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rules {
    /// Whether an intermediate savepoint enters the completed store and so becomes a recovery point (FLINK-6328,
    /// FLINK-10354, FLINK-25191).
    pub savepoint_in_completed_store: bool,
    /// Whether the completion of an intermediate savepoint is notified to tasks, so that two-phase sinks commit.
    pub savepoint_notifies_commit: bool,
    /// Whether a completing intermediate savepoint subsumes older pending checkpoints.
    pub savepoint_subsumes_pending: bool,
    /// Whether the first periodic checkpoint is triggered as soon as all tasks run, and not one interval later.
    pub first_trigger_at_once: bool,
    /// Whether checkpoints go on after tasks have finished, and tasks await a final one (FLIP-147).
    pub checkpoints_after_tasks_finish: bool,
    /// Whether an entry of a snapshot without any state may be left unmapped without `allow-non-restored-state`.
    pub empty_entries_skipped: bool,
    /// When a barrier holds its channel back in exactly-once mode.
    pub barrier_blocks_channel: bool,
    /// Whether a task that gives a checkpoint up tells its receivers on their channels (since 1.1.4).
    pub cancellation_markers: bool,
    /// What an unaligned checkpoint keeps of the records that its barriers overtake.
    pub in_flight: InFlightKept,
    /// When a two-phase sink commits.
    pub commit_when: CommitWhen,
    /// Which of its channels' watermarks a task takes for its own.
    pub watermark: WatermarkTaken,
    /// Whether the timers that a watermark makes due fire before it is sent on.
    pub timers_before_watermark: bool,
    /// Whether a job that stops without draining leaves event time where it is (F3).
    pub suspended_windows_stay_open: bool,
    /// Whether timers are part of a snapshot (A7).
    pub timers_in_snapshot: bool,
    /// Who owns a key group after a restore.
    pub key_group_owner: KeyGroupOwner,
    /// Whether list state is re-dealt when parallelism changes, and not left behind.
    pub list_state_restored: bool,
    /// Whether a writer's committables of the end of its data reach the committer (FLINK-24530, FLINK-26403).
    pub final_committables_sent: bool,
    /// Whether a committer commits at once what it was restored with.
    pub restored_committables_committed: bool,
    /// Whether the marker by which a table knows a row again is the same in every attempt.
    pub markers_are_stable: bool,
    /// Whether a split enumerator sends a reader nothing between its own snapshot and the reader's (FLINK-16986).
    pub split_events_gated: bool,
    /// Whether a reader acknowledges what its split enumerator sends, and barriers wait for that (FLINK-21996).
    pub split_events_acknowledged: bool,
    /// Whether a split enumerator is told which readers restart while it goes on itself (FLINK-20222).
    pub split_enumerators_told_of_regions: bool,
    /// Whether a task acks only when its snapshot is durable.
    pub ack_awaits_durability: bool,
    /// Whether the store that survives the job manager knows of a checkpoint before its tasks do.
    pub pointer_stored_before_notify: bool,
    /// Whether the snapshot that a job was started from is its recovery point until its first own checkpoint (FLINK-3390).
    pub start_is_recovery_point: bool,
    /// Whether pointers are kept when the job manager goes while its job restarts (FLINK-34518).
    pub pointers_outlive_restarts: bool,
    /// Whether a checkpoint awaits the ack of every task that takes part.
    pub every_participant_awaited: bool,
    /// Whether a restored two-phase sink commits the transactions that its snapshot covers.
    pub restored_transactions_committed: bool,
    /// Whether a restart gives up the checkpoints that are pending (`abortPendingCheckpoints`).
    pub restarts_abort_pending: bool,
    /// Whether the job manager ignores what a task of an older attempt sends.
    pub attempts_fenced: bool,
    /// Whether a checkpoint that expired counts against the tolerable failures (since 1.11).
    pub tolerance_counts_expired: bool,
    /// Whether the failure of the asynchronous part of a snapshot does (since 1.13).
    pub tolerance_counts_async: bool,
    /// Whether metadata that could not be written does (since 1.16).
    pub tolerance_counts_finalize: bool,
    /// What restarts with a failed task where the job does not say (`jobmanager.execution.failover-strategy`).
    pub failover: Failover,
    /// Which files an incremental checkpoint may refer to.
    pub increments_build_on: IncrementBase,
    /// Whether the name of a shared file tells the attempt and checkpoint that wrote it (FLINK-29095).
    pub shared_file_names_unique: bool,
    /// When a shared file is deleted.
    pub shared_file_ends: SharedFileEnd,
    /// Whether the shared files of a checkpoint that is aborted are kept until it would have been subsumed (FLINK-24611).
    pub aborted_files_kept: bool,
    /// Whether a job that starts from a snapshot builds its own checkpoints on the files of that one (until 1.14, and the
    /// legacy restore mode).
    pub unclaimed_files_built_upon: bool,
    /// Whether a job never deletes the files of the snapshot that it was started from (FLINK-26985).
    pub unclaimed_files_kept: bool,
    /// Whether the files that a late ack tells of are taken note of, so that somebody deletes them.
    pub late_acks_registered: bool,
}

/// What restarts with a failed task (SEMANTICS §6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failover {
    /// Its pipelined region: every task that it is connected with by channels (since 1.9).
    Region,
    /// Every task of the job.
    Full,
}

/// Which files an incremental checkpoint may refer to, beside its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncrementBase {
    /// Those of the last checkpoint that the task has heard to be complete.
    Completed,
    /// Those of the last checkpoint, whatever becomes of it.
    Drawn,
}

/// When a shared file is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharedFileEnd {
    /// When every checkpoint that is kept is newer than the last that used it.
    WithLastUser,
    /// When every checkpoint that is kept is newer than the one that wrote it (E8: wrong).
    WithCreator,
}

/// What an unaligned checkpoint keeps of the records that its barriers overtake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InFlightKept {
    /// All of them, in order.
    All,
    /// Those before the receiver only, not those that wait at the sender (B: wrong).
    InputsOnly,
    /// All of them, those of a channel out of order (B3: wrong).
    OutOfOrder,
}

/// Which of the watermarks of its channels a task takes for its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatermarkTaken {
    /// That of the slowest channel that is not idle.
    OfTheSlowest,
    /// That of the fastest (I2: ahead of what is still to come, wrong).
    OfTheFastest,
}

/// When a two-phase sink commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitWhen {
    /// When the checkpoint completed.
    Completed,
    /// When the sink's own snapshot was taken (G1: wrong).
    Snapshot,
}

/// Which subtasks restore which key groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyGroupOwner {
    /// Each group its one owner.
    Range,
    /// The last group of each range nobody, if parallelism changes (H8: wrong).
    RangeLessLast,
}
