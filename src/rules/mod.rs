//! Which rules are in force: one struct of policies. A release, a scenario's override and a mutation are patches to it.
//!
//! Parts read policies, never release numbers.

#[macro_use]
mod policy;
mod mutation;
mod release;
mod shown;

pub use mutation::Mutation;
pub use policy::{Field, Override, Policy, WrongRule};
pub use release::{Release, UnknownRelease};

policies! {
    /// The policies that differ between releases, or that a broken protocol breaks.
    ///
    /// Each says what it decides and, in brackets, where that is laid down.
    pub struct Rules {
        /// From what the ids of operators without uid are generated (`StreamGraphHasherV1`, `StreamGraphHasherV2`).
        pub generated_ids: IdScheme,
        /// Whether an operator that is chained to its input may have a uid (since 1.3, FLINK-5892).
        pub uid_in_chain: bool,
        /// Whether state that no operator's id matches is looked for under ids of the older scheme (1.2,
        /// `StreamingJobGraphGenerator`).
        pub legacy_ids_tried: bool,
        /// Whether an intermediate savepoint enters the completed store and so becomes a recovery point (FLINK-6328,
        /// FLINK-10354, FLINK-25191).
        pub savepoint_in_completed_store: bool,
        /// Whether the completion of an intermediate savepoint is notified to tasks, so that two-phase sinks commit
        /// (`CheckpointCoordinator.sendAcknowledgeMessages`).
        pub savepoint_notifies_commit: bool,
        /// Whether a completing intermediate savepoint subsumes older pending checkpoints (`CheckpointCoordinator`).
        pub savepoint_subsumes_pending: bool,
        /// When the first periodic checkpoint is triggered, once all tasks run
        /// (`CheckpointCoordinator.startCheckpointScheduler`).
        pub first_trigger: FirstTrigger,
        /// Whether the minimum pause between checkpoints is kept, and not only accepted (since 1.1, `CheckpointCoordinator`).
        pub minimum_pause_kept: bool,
        /// Whether a savepoint can be taken of a job without periodic checkpoints (since 1.1,
        /// `StreamingJobGraphGenerator`).
        pub savepoints_without_checkpointing: bool,
        /// Whether a savepoint takes its id before it is known whether it can be triggered (1.0, `SavepointCoordinator`).
        pub refused_savepoints_take_ids: bool,
        /// Whether a savepoint counts among the checkpoints that are pending or have completed, where their number is
        /// limited and the pause between them; else it has a coordinator of its own (since 1.2, `SavepointCoordinator`).
        pub savepoints_hold_checkpoints_back: bool,
        /// Whether a savepoint that completes gives older pending ones up (until 1.1, `SavepointCoordinator`).
        pub savepoints_subsume_savepoints: bool,
        /// Whether a periodic checkpoint that had to wait for another one starts the schedule anew when it is triggered
        /// (until 1.10, `CheckpointCoordinator.triggerQueuedRequests`).
        pub waiting_restarts_schedule: bool,
        /// Which snapshots of tasks are removed whose acks were ignored (`CheckpointCoordinator.receiveAcknowledgeMessage`).
        pub ignored_snapshots: IgnoredSnapshots,
        /// Whether the coordinator triggers another checkpoint at once when one is declined and no newer one is pending
        /// (1.0, `CheckpointCoordinator.receiveDeclineMessage`).
        pub declines_trigger_again: bool,
        /// Whether who asked for a savepoint hears that a task declined it (since 1.1, `SavepointCoordinator`).
        pub declined_savepoints_answered: bool,
        /// Whether a new job manager keeps every checkpoint that the store points to, and not the newest alone (since
        /// 1.2, `ZooKeeperCompletedCheckpointStore.recover`).
        pub takeover_keeps_all: bool,
        /// Whether the newest checkpoint that is no savepoint is kept whatever savepoints complete after it (since 1.13,
        /// `CheckpointSubsumeHelper`).
        pub newest_checkpoint_spared: bool,
        /// Whether tasks are told that a checkpoint is off (since 1.11, FLINK-8871).
        pub abort_notifications: bool,
        /// Whether periodic checkpoints go on after the savepoint failed that a job was to end with (since 1.5,
        /// `CheckpointCoordinator.startCheckpointScheduler`).
        pub failed_exits_resume_schedule: bool,
        /// Whether a snapshot whose asynchronous part fails takes its task along (until 1.8,
        /// `failOnCheckpointingErrors`).
        pub async_failure_fails_task: bool,
        /// Where the records stay that a barrier holds back (`BarrierBuffer`, credits since 1.11).
        pub held_back: HeldBack,
        /// Whether the store that survives the job manager points to the snapshot that a job was started from (since 1.2,
        /// `CheckpointCoordinator.restoreSavepoint`).
        pub start_in_store: bool,
        /// How a job with periodic checkpoints restarts that says nothing about it (`RestartStrategyOptions`).
        pub usual_restart: UsualRestart,
        /// Whether records that were in flight can be restored at another parallelism (since 1.13, FLINK-17979).
        pub in_flight_rescaled: bool,
        /// Whether a job can start at another parallelism from a checkpoint as from a savepoint; the page of 1.7 says no, the
        /// code of no release asks (`StateAssignmentOperation`, page "Checkpoints").
        pub checkpoints_rescale: bool,
        /// Whether there are unaligned checkpoints (since 1.11, FLIP-76).
        pub unaligned_checkpoints: bool,
        /// Whether barriers may begin to overtake after a while (since 1.13, FLINK-19680).
        pub aligned_timeout: bool,
        /// Whether what a task buffers while it aligns can be limited (1.2 to 1.10,
        /// `task.checkpoint.alignment.max-size`).
        pub alignment_limit: bool,
        /// Whether a request for a savepoint can say where it goes (since 1.2, FLINK-4507).
        pub savepoint_target: bool,
        /// Whether a job can be stopped with a savepoint (since 1.9, FLIP-34).
        pub stop_with_savepoint: bool,
        /// Whether a job can be cancelled with a savepoint (since 1.2, FLINK-4717).
        pub cancel_with_savepoint: bool,
        /// Whether state that no operator takes can be dropped in a restore (since 1.1.4, FLINK-4445).
        pub allow_non_restored_state: bool,
        /// Whether checkpoints can outlive their job and be restored by another one (since 1.2, FLINK-4512).
        pub retained_checkpoints: bool,
        /// Whether more than one completed checkpoint can be kept (since 1.3, `state.checkpoints.num-retained`).
        pub retained_number: bool,
        /// Whether a job can be told to go back to a checkpoint rather than to a savepoint (1.9 to 1.13, FLINK-11159).
        pub prefer_checkpoint: bool,
        /// Whether failures of checkpoints can be tolerated by number (since 1.9, `CheckpointFailureManager`).
        pub tolerable_failures: bool,
        /// Whether checkpoints of keyed state can share files (since 1.3, FLINK-5053).
        pub incremental_checkpoints: bool,
        /// Whether a region of a job can restart while the rest goes on (since 1.9, FLIP-1).
        pub region_failover: bool,
        /// Whether the delay before a restart can grow with each failure (since 1.13, FLINK-19773).
        pub exponential_delay: bool,
        /// Whether there is the base class of two-phase sinks (since 1.4, FLINK-7210).
        pub two_phase_sinks: bool,
        /// Whether there are writers and committers (since 1.12, FLIP-143).
        pub committers: bool,
        /// Whether enumerators give splits out to readers (since 1.11, FLIP-27).
        pub split_readers: bool,
        /// Whether there is broadcast state (since 1.5, FLINK-4940).
        pub broadcast_state: bool,
        /// Whether operators have side outputs (since 1.3, FLINK-4460).
        pub side_outputs: bool,
        /// Whether a function can keep one object of state for each subtask, which only that one can restore (until 1.3,
        /// `Checkpointed`; FLINK-7461).
        pub checkpointed_state: bool,
        /// Whether values of keyed state can expire (since 1.6, FLIP-25).
        pub state_ttl: bool,
        /// Whether an operator can be told under which id a snapshot may hold its state (since 1.2,
        /// `SingleOutputStreamOperator.setUidHash`).
        pub uid_hash: bool,
        /// Whether windows can wait for late records (since 1.1, FLINK-3714).
        pub allowed_lateness: bool,
        /// Whether a silent source can be taken for idle (since 1.11, FLIP-126).
        pub idle_sources: bool,
        /// Whether checkpoints go on after tasks have finished, and tasks await a final one (FLIP-147).
        pub checkpoints_after_tasks_finish: bool,
        /// Whether an entry of a snapshot without any state may be left unmapped without `allow-non-restored-state`
        /// (`Checkpoints.loadAndValidateCheckpoint`).
        pub empty_entries_skipped: bool,
        /// Whether a keyed state whose values expire can be registered over one whose values do not, or the other way
        /// (FLINK-32955).
        pub ttl_may_change: bool,
        /// Whether a user-defined hash decides alone which state an operator is given, be there any under it or not
        /// (`StateAssignmentOperation`).
        pub uid_hash_decides: bool,
        /// Whether a barrier holds its channel back in exactly-once mode (`SingleCheckpointBarrierHandler`).
        pub barrier_blocks_channel: bool,
        /// Whether a task that gives a checkpoint up tells its receivers on their channels (since 1.1.4).
        pub cancellation_markers: bool,
        /// What an unaligned checkpoint keeps of the records that its barriers overtake (FLIP-76).
        pub in_flight: InFlightKept,
        /// When a two-phase sink commits (`TwoPhaseCommitSinkFunction`).
        pub commit_when: CommitWhen,
        /// Which of its channels' watermarks a task takes for its own (`StatusWatermarkValve`).
        pub watermark: WatermarkTaken,
        /// Whether the timers that a watermark makes due fire before it is sent on (`InternalTimeServiceManager`).
        pub timers_before_watermark: bool,
        /// Whether a job that stops without draining leaves event time where it is (FLIP-34).
        pub suspended_windows_stay_open: bool,
        /// Whether timers are part of a snapshot (`InternalTimerServiceImpl`).
        pub timers_in_snapshot: bool,
        /// Who owns a key group after a restore (`KeyGroupRangeAssignment`).
        pub key_group_owner: KeyGroupOwner,
        /// Whether list state is re-dealt when parallelism changes, and not left behind
        /// (`RoundRobinOperatorStateRepartitioner`).
        pub list_state_restored: bool,
        /// Whether a writer's committables of the end of its data reach the committer (FLINK-24530, FLINK-26403).
        pub final_committables_sent: bool,
        /// Whether a committer commits at once what it was restored with (FLIP-143).
        pub restored_committables_committed: bool,
        /// Whether the marker by which a table knows a row again is the same in every attempt (a promise of the sink).
        pub markers_are_stable: bool,
        /// Whether a split enumerator sends a reader nothing between its own snapshot and the reader's (FLINK-16986).
        pub split_events_gated: bool,
        /// Whether a reader acknowledges what its split enumerator sends, and barriers wait for that (FLINK-21996).
        pub split_events_acknowledged: bool,
        /// Whether a split enumerator is told which readers restart while it goes on itself (FLINK-20222).
        pub split_enumerators_told_of_regions: bool,
        /// Whether a task acks only when its snapshot is durable (`AsyncCheckpointRunnable`).
        pub ack_awaits_durability: bool,
        /// Whether the store that survives the job manager knows of a checkpoint before its tasks do
        /// (`DefaultCompletedCheckpointStore`).
        pub pointer_stored_before_notify: bool,
        /// Whether the snapshot that a job was started from is its recovery point until its first own checkpoint
        /// (FLINK-3390).
        pub start_is_recovery_point: bool,
        /// Whether pointers are kept when the job manager goes while its job restarts (FLINK-34518).
        pub pointers_outlive_restarts: bool,
        /// Whether a checkpoint awaits the ack of every task that takes part (`PendingCheckpoint`, FLINK-3534).
        pub every_participant_awaited: bool,
        /// Whether a restored two-phase sink commits the transactions that its snapshot covers
        /// (`TwoPhaseCommitSinkFunction.recoverAndCommit`).
        pub restored_transactions_committed: bool,
        /// Whether a restart gives up the checkpoints that are pending (`abortPendingCheckpoints`).
        pub restarts_abort_pending: bool,
        /// Whether the job manager ignores what a task of an older attempt sends (`ExecutionAttemptID`).
        pub attempts_fenced: bool,
        /// Whether a checkpoint that expired counts against the tolerable failures (since 1.11,
        /// `CheckpointFailureManager`).
        pub tolerance_counts_expired: bool,
        /// Whether the failure of the asynchronous part of a snapshot counts against the tolerable failures (since
        /// 1.13, `CheckpointFailureManager`).
        pub tolerance_counts_async: bool,
        /// Whether metadata that could not be written counts against the tolerable failures (since 1.16,
        /// `CheckpointFailureManager`).
        pub tolerance_counts_finalize: bool,
        /// What the id that state is stored under names (by operator since 1.3, FLINK-5892).
        pub state_stored_by: StateAddress,
        /// Whether a chain without any state is in a snapshot (since 1.4, `PendingCheckpoint`).
        pub stateless_chains_recorded: bool,
        /// Whether a chain that is as long as it was is the only one to take its state, and not any that is long enough
        /// (1.2, `StreamTask.checkRestorePreconditions`).
        pub chain_length_checked: bool,
        /// Whether keyed state is kept by key group, and keys are not dealt by parallelism (since 1.2, FLINK-3755).
        pub key_groups: bool,
        /// At which other parallelism a job may be restored (1.0: as its savepoints page says; its code is
        /// `above-state`, `SavepointCoordinator`).
        pub rescaling: Rescaling,
        /// Whether keyed state of a savepoint without key groups is dealt anew by key group; else the operator has as
        /// many groups as subtasks for ever, as the code has it (1.2, `SavepointV0Serializer`).
        pub migrated_keys_regrouped: bool,
        /// Which version of metadata snapshots are written in, the newest that is read (`MetadataSerializers`).
        pub metadata: MetadataVersion,
        /// The oldest version of metadata that is read (`MetadataSerializers`).
        pub oldest_metadata: MetadataVersion,
        /// Where the metadata and the data of a savepoint lie, and how one finds the other (`SavepointStoreFactory`,
        /// `SavepointV2Serializer`; FLINK-5763).
        pub savepoint_layout: SavepointLayout,
        /// Whether whoever starts a job from a snapshot may say who owns that from then on (since 1.15, FLIP-193).
        pub claim_modes: bool,
        /// Whether the classes of a job can be given along when a savepoint is disposed of, for state handles that only they
        /// read (`savepoint -d PATH -j JAR`, since 1.1).
        pub disposal_takes_classes: bool,
        /// Whether the metadata of a retained checkpoint lies apart from its data (until 1.4, `state.checkpoints.dir`;
        /// FLINK-5823).
        pub checkpoint_metadata_apart: bool,
        /// Whether savepoints go to the job manager's memory where they are to go to files and nobody said where (1.0 and
        /// 1.1, page "Savepoints"); else the job manager does not start (`SavepointStoreFactory`, FLINK-3512).
        pub savepoint_backend_falls_back: bool,
        /// Whether the savepoint backend may be the class name of a factory; else the job manager does not start (1.0 and
        /// 1.1, `SavepointStoreFactory`).
        pub savepoint_backend_factories: bool,
        /// What restarts with a failed task where the job does not say (`jobmanager.execution.failover-strategy`).
        pub failover: Failover,
        /// Which files an incremental checkpoint may refer to (`RocksIncrementalSnapshotStrategy`).
        pub increments_build_on: IncrementBase,
        /// Whether the name of a shared file tells the attempt and checkpoint that wrote it (FLINK-29095).
        pub shared_file_names_unique: bool,
        /// When a shared file is deleted (`SharedStateRegistryImpl`).
        pub shared_file_ends: SharedFileEnd,
        /// Whether the shared files of a checkpoint that is aborted are kept until it would have been subsumed
        /// (FLINK-24611).
        pub aborted_files_kept: bool,
        /// Whether a job that starts from a snapshot builds its own checkpoints on the files of that one (until 1.14,
        /// and the legacy restore mode).
        pub unclaimed_files_built_upon: bool,
        /// Whether a job never deletes the files of the snapshot that it was started from (FLINK-26985).
        pub unclaimed_files_kept: bool,
        /// Whether the files that a late ack tells of are taken note of, so that somebody deletes them
        /// (`CheckpointCoordinator.receiveAcknowledgeMessage`).
        pub late_acks_registered: bool,
    }
}

choices! {
    /// From what the ids of operators without uid are generated (`StreamGraphHasherV1`, `StreamGraphHasherV2`).
    pub enum IdScheme {
        /// From rank, parallelism and class name of the operator and of what is chained to it.
        WithClassNames = "with-class-names",
        /// From the rank alone, once for each operator that is chained to it.
        RanksOnly = "ranks-only",
    }
}

choices! {
    /// Which snapshots are removed whose acks were ignored; the others stay for ever.
    pub enum IgnoredSnapshots {
        /// None.
        Stay = "stay",
        /// Those of the last sixteen checkpoints that are over, and those of a pending one that nobody awaits.
        OfLastOnes = "of-last-ones",
        /// All of them.
        Removed = "removed",
    }
}

choices! {
    /// When the first periodic checkpoint is triggered.
    pub enum FirstTrigger {
        /// As soon as all tasks run (recorded, 2.3.0).
        AtOnce = "at-once",
        /// After a span that is drawn, of the minimum pause or more and of one interval or less.
        Drawn = "drawn",
        /// After one interval.
        AfterInterval = "after-interval",
    }
}

choices! {
    /// What the id that state is stored under names.
    pub enum StateAddress {
        /// The head of a chain: the state of its operators is told apart by their places in it.
        Chain = "chain",
        /// Each operator.
        Operator = "operator",
    }
}

choices! {
    /// Where records stay that a barrier holds back.
    pub enum HeldBack {
        /// In their channel, which backs up to its sender.
        InChannels = "in-channels",
        /// In buffers of the receiver, which reads on.
        InBuffers = "in-buffers",
    }
}

choices! {
    /// At which other parallelism a job may be restored.
    pub enum Rescaling {
        /// At none: the parallelism of a chain with state must be what it was.
        Refused = "refused",
        /// At one above the last subtask that has state; what is new starts empty, and keys may be dealt elsewhere.
        AboveState = "above-state",
        /// At any up to the number of key groups.
        ByKeyGroup = "by-key-group",
    }
}

choices! {
    /// Where a savepoint lies.
    pub enum SavepointLayout {
        /// One record, in the memory of the job manager or in a file, that points to data in the checkpoint storage (1.0,
        /// 1.1).
        Pointer = "pointer",
        /// A metadata file where the user wants it, and data in the checkpoint directory (1.2).
        MetadataFile = "metadata-file",
        /// A folder of its own, whose metadata names the data by absolute paths (1.3 to 1.10).
        AbsoluteFolder = "absolute-folder",
        /// A folder of its own, whose metadata names the data by their names in it (since 1.11).
        RelativeFolder = "relative-folder",
    }
}

impl SavepointLayout {
    /// Whether data lie in a folder together with the metadata.
    pub const fn is_folder(self) -> bool {
        matches!(self, Self::AbsoluteFolder | Self::RelativeFolder)
    }
}

choices! {
    /// The version of the metadata of a snapshot (`MetadataSerializers`).
    pub enum MetadataVersion {
        /// Without a version: one serialized object (1.0).
        Object = "object",
        /// Subtask states by chain (1.1).
        V0 = "v0",
        /// With key groups and the length of each chain (1.2).
        V1 = "v1",
        /// By operator (1.3 to 1.10).
        V2 = "v2",
        /// With records in flight, coordinators and relative paths (1.11 to 1.15).
        V3 = "v3",
        /// With names and uids (2.3).
        V6 = "v6",
    }
}

choices! {
    /// How a job with periodic checkpoints restarts that says nothing about it.
    pub enum UsualRestart {
        /// For ever, after a second and then later and later.
        ExponentialDelay = "exponential-delay",
        /// For ever, a second after each failure.
        AfterOneSecond = "after-one-second",
        /// For ever, at once.
        AtOnce = "at-once",
        /// For ever, ten seconds after each failure.
        AfterTenSeconds = "after-ten-seconds",
    }
}

choices! {
    /// What restarts with a failed task (FLIP-1).
    pub enum Failover {
        /// Its pipelined region: every task that it is connected with by channels (since 1.9).
        Region = "region",
        /// Every task of the job.
        Full = "full",
    }
}

choices! {
    /// Which files an incremental checkpoint may refer to, beside its own.
    pub enum IncrementBase {
        /// Those of the last checkpoint that the task has heard to be complete.
        Completed = "completed",
        /// Those of the last checkpoint, whatever becomes of it.
        Drawn = "drawn",
    }
}

choices! {
    /// When a shared file is deleted.
    pub enum SharedFileEnd {
        /// When every checkpoint that is kept is newer than the last that used it.
        WithLastUser = "with-last-user",
        /// When every checkpoint that is kept is newer than the one that wrote it (E8: wrong).
        WithCreator = "with-creator",
    }
}

choices! {
    /// What an unaligned checkpoint keeps of the records that its barriers overtake.
    pub enum InFlightKept {
        /// All of them, in order.
        All = "all",
        /// Those before the receiver only, not those that wait at the sender (B: wrong).
        InputsOnly = "inputs-only",
        /// All of them, those of a channel out of order (B3: wrong).
        OutOfOrder = "out-of-order",
    }
}

choices! {
    /// Which of the watermarks of its channels a task takes for its own.
    pub enum WatermarkTaken {
        /// That of the slowest channel that is not idle.
        OfTheSlowest = "of-the-slowest",
        /// That of the fastest (I2: ahead of what is still to come, wrong).
        OfTheFastest = "of-the-fastest",
    }
}

choices! {
    /// When a two-phase sink commits.
    pub enum CommitWhen {
        /// When the checkpoint completed.
        Completed = "completed",
        /// When the sink's own snapshot was taken (G1: wrong).
        Snapshot = "snapshot",
    }
}

choices! {
    /// Which subtasks restore which key groups.
    pub enum KeyGroupOwner {
        /// Each group its one owner.
        Range = "range",
        /// The last group of each range nobody, if parallelism changes (H8: wrong).
        RangeLessLast = "range-less-last",
    }
}

impl MetadataVersion {
    /// Its place among all, the oldest first.
    const fn rank(self) -> u8 {
        match self {
            Self::Object => 0,
            Self::V0 => 1,
            Self::V1 => 2,
            Self::V2 => 3,
            Self::V3 => 4,
            Self::V6 => 5,
        }
    }

    /// Whether this one is older than another.
    pub const fn is_before(self, other: Self) -> bool {
        self.rank() < other.rank()
    }

    /// Whether keyed state is in it by key group.
    pub const fn has_key_groups(self) -> bool {
        !self.is_before(Self::V1)
    }

    /// Its number in a header; one that is a single object has none.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Object => None,
            Self::V0 => Some(0),
            Self::V1 => Some(1),
            Self::V2 => Some(2),
            Self::V3 => Some(3),
            Self::V6 => Some(6),
        }
    }
}

impl Rules {
    /// Every field, in the order in which it is declared.
    pub const FIELDS: &'static [Field] = Self::DECLARED;

    /// One field set to another choice, both spelled as in a scenario: `savepoint-in-completed-store` and `true`.
    ///
    /// # Errors
    ///
    /// There is no such field, or it has no such choice.
    pub fn overriding(field: &str, word: &str) -> Result<Override, WrongRule> {
        let Some(known) = Self::FIELDS.iter().find(|known| known.spelled() == field) else {
            return Err(WrongRule::UnknownField(field.to_owned()));
        };
        let choices = Self::choices(known.name);
        match choices.iter().find(|choice| **choice == word) {
            Some(choice) => Ok(Override { field: known.name, word: choice }),
            None => {
                let (field, word) = (known.spelled(), word.to_owned());
                Err(WrongRule::UnknownChoice { field, word, choices })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_names_its_source() {
        for field in Rules::FIELDS {
            let meaning = field.meaning();
            assert!(meaning.ends_with(").") && meaning.contains(" ("), "{}: {meaning}", field.name);
        }
    }

    #[test]
    fn a_field_can_be_set_to_what_it_says_it_is() {
        for release in Release::ALL {
            let mut rules = release.rules();
            for (field, word) in Rules::FIELDS.iter().zip(release.rules().words()) {
                let own = Rules::overriding(&field.spelled(), word);
                rules.set(&own.expect("its own word is a choice"));
            }
            assert_eq!(rules, release.rules());
        }
    }

    #[test]
    fn a_mistaken_field_or_choice_is_refused() {
        let error = Rules::overriding("fail-over", "full").unwrap_err();
        assert_eq!(error.to_string(), "there is no rule `fail-over`");
        let error = Rules::overriding("failover", "none").unwrap_err();
        assert_eq!(error.to_string(), "the rule `failover` cannot be `none`");
    }

    #[test]
    fn an_override_changes_one_field() {
        let mut rules = Release::default().rules();
        rules.set(&Rules::overriding("failover", "full").expect("it is a choice"));
        assert_eq!(rules, Rules { failover: Failover::Full, ..Release::default().rules() });
    }
}
