//! The rules, one row each: what it decides, what the newest release does, what releases did before, and which story shows it.
//!
//! `name: bool = true, until V1_3: false, shown by "sim/rules/name.toml";` says that 1.3 was the last release in which the rule was false,
//! and that the story comes out otherwise in 1.3 and in the release after it. Where it is not known in which of several releases a rule
//! changed, the last of them that may have had it is named. What a rule says to exist is shown by a story that asks
//! for it: older releases refuse the story. A rule that no release changed is there for a mutation.
//!
//! Behind that stands where it is known from, by release: `recorded`: seen on a real Flink of that version; `read`: in its source or its
//! class files; `page`: what an official page, a FLIP or an issue says, of all releases or of those behind a colon; `moot`: such a
//! release has nothing that the rule decides. What none of these names is not verified; docs/rules.md lists it.

use super::words::*;
use super::{Evidence, Field, Override, Policy, Release};

rules! {
    // Ids of operators.

    /// From what the ids of operators without uid are generated (`StreamGraphHasherV1`, `StreamGraphHasherV2`).
    generated_ids: IdScheme = RanksOnly, until V1_1: WithClassNames,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.2.1, 2.0", shown by "sim/rules/a4_1_0.toml";
    /// Whether an operator that is chained to its input may have a uid (since 1.3, FLINK-5892).
    uid_in_chain: bool = true, until V1_2: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.2.1, 1.3.3", page "FLINK-5892",
        shown by "sim/rules/a2_1_2.toml";
    /// Whether state that no operator's id matches is looked for under ids of the older scheme (1.2,
    /// `StreamingJobGraphGenerator`).
    legacy_ids_tried: bool = false, until V1_2: true, until V1_1: false,
        read "1.0.3, 1.1.4, 1.2.1, 1.3.3", shown by "sim/rules/legacy_ids.toml";

    // Checkpoints, savepoints and restarts.

    /// Whether an intermediate savepoint enters the completed store and so becomes a recovery point; 1.5.5 and 1.6.2 do as 1.7
    /// (FLINK-6328, FLINK-10354, FLINK-25191).
    savepoint_in_completed_store: bool = false, until V1_14: true, until V1_6: false, until V1_2: true,
        until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.14.6, 1.15.4, 1.20.5, 2.3.0",
        read "1.2.0, 1.3.3, 1.4.0, 1.5.0, 1.6.0, 1.7.0, 1.14.0, 1.15.0, 1.16.3",
        shown by "sim/rules/f13_savepoint_then_crash.toml";
    /// Whether the completion of an intermediate savepoint is notified to tasks, so that two-phase sinks commit
    /// (`CheckpointCoordinator.sendAcknowledgeMessages`).
    savepoint_notifies_commit: bool = false, until V1_14: true,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", page "FLINK-10354: 1.3, 1.4",
        shown by "sim/rules/f13_savepoint_then_crash.toml";
    /// Whether a completing intermediate savepoint subsumes older pending checkpoints (`CheckpointCoordinator`).
    savepoint_subsumes_pending: bool = false, until V1_14: true, until V1_6: false, until V1_2: true,
        until V1_1: false,
        recorded "1.11.4, 2.3.0", shown by "sim/rules/c5_savepoint_subsumes.toml";
    /// When the first periodic checkpoint is triggered, once all tasks run
    /// (`CheckpointCoordinator.startCheckpointScheduler`).
    first_trigger: FirstTrigger = AtOnce, until V1_20: Drawn, until V1_6: AfterInterval,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.2.1, 1.3.3, 1.5.6, 1.7.2",
        shown by "sim/rules/first_trigger.toml";
    /// Whether the minimum pause between checkpoints is kept, and not only accepted (since 1.1, `CheckpointCoordinator`).
    minimum_pause_kept: bool = true, until V1_0: false,
        recorded "2.3.0", read "1.0.3", shown by "sim/rules/c7_minimum_pause.toml";
    /// Whether a savepoint can be taken of a job without periodic checkpoints (since 1.1,
    /// `StreamingJobGraphGenerator`).
    savepoints_without_checkpointing: bool = true, until V1_0: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.1.4, 1.3.3",
        shown by "sim/rules/c13_savepoint_without_checkpoints.toml";
    /// Whether a savepoint takes its id before it is known whether it can be triggered (1.0, `SavepointCoordinator`).
    refused_savepoints_take_ids: bool = false, until V1_0: true,
        recorded "2.3.0", read "1.0.3", shown by "sim/rules/refused_savepoint.toml";
    /// Whether a savepoint whose directory cannot be made has taken its id by then, so that its tasks are told that it is off
    /// (since 1.5, `CheckpointStorage.initializeLocationForSavepoint`).
    unplaced_savepoints_take_ids: bool = true, until V1_4: false,
        recorded "2.3.0", shown by "sim/rules/savepoint_directory_not_made.toml";
    /// Whether a savepoint counts among the checkpoints that are pending or have completed, where their number is
    /// limited and the pause between them; else it has a coordinator of its own (since 1.2, `SavepointCoordinator`).
    savepoints_hold_checkpoints_back: bool = true, until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.0.3, 1.1.4, 1.11.3, 2.0",
        shown by "sim/rules/savepoints_hold_back.toml";
    /// Whether a savepoint that completes gives older pending ones up (until 1.1, `SavepointCoordinator`).
    savepoints_subsume_savepoints: bool = false, until V1_1: true,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.0.3, 1.1.4, 2.0",
        shown by "sim/rules/savepoints_subsume_savepoints.toml";
    /// Whether a periodic checkpoint that had to wait for another one starts the schedule anew when it is triggered
    /// (until 1.10, `CheckpointCoordinator.triggerQueuedRequests`).
    waiting_restarts_schedule: bool = false, until V1_10: true,
        read "1.0.3, 1.2.1, 2.0", shown by "sim/rules/c6_waiting.toml";
    /// Which snapshots of tasks are removed whose acks were ignored (`CheckpointCoordinator.receiveAcknowledgeMessage`).
    ignored_snapshots: IgnoredSnapshots = Removed, until V1_1: OfLastOnes, until V1_0: Stay,
        read "1.0.3, 1.1.4", shown by "sim/rules/c4_late_ack.toml";
    /// Whether the coordinator triggers another checkpoint at once when one is declined and no newer one is pending
    /// (1.0, `CheckpointCoordinator.receiveDeclineMessage`).
    declines_trigger_again: bool = false, until V1_0: true,
        read "1.0.3, 1.2.1", shown by "sim/rules/declined_checkpoint.toml";
    /// Whether who asked for a savepoint hears that a task declined it (since 1.1, `SavepointCoordinator`).
    declined_savepoints_answered: bool = true, until V1_0: false,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.0.3", shown by "sim/rules/declined_savepoint.toml";
    /// Whether a new job manager keeps every checkpoint that the store points to, and not the newest alone (since
    /// 1.2, `ZooKeeperCompletedCheckpointStore.recover`).
    takeover_keeps_all: bool = true, until V1_1: false,
        read "1.0.3, 1.1.4, 1.2.1, 1.3.3, 1.7.2", shown by "sim/rules/takeover_keeps.toml";
    /// Whether the newest checkpoint that is no savepoint is kept whatever savepoints complete after it (since 1.13,
    /// `CheckpointSubsumeHelper`).
    newest_checkpoint_spared: bool = true, until V1_12: false,
        recorded "1.11.4, 1.13.6, 1.15.4", read "2.0", shown by "sim/rules/newest_checkpoint_spared.toml";
    /// Whether tasks are told that a checkpoint is off (since 1.11, FLINK-8871).
    abort_notifications: bool = true, until V1_10: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "2.0", page "FLINK-8871",
        shown by "sim/rules/abort_notifications.toml";
    /// Whether periodic checkpoints go on after the savepoint failed that a job was to end with (since 1.5,
    /// `CheckpointCoordinator.startCheckpointScheduler`).
    failed_exits_resume_schedule: bool = true, until V1_4: false,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.2.1, 1.3.3, 1.7.2, 2.0", moot "1.0 to 1.1",
        shown by "sim/rules/failed_exit.toml";
    /// When the sources of a job end that stops with a savepoint; until they do, they emit (FLINK-23532). Where they go on behind
    /// their barrier, a task that has taken the savepoint handles nothing until it is notified
    /// (`StreamTask.runSynchronousSavepointMailboxLoop`).
    stop_ends_sources: StopEndsSources = BeforeSavepoint, until V1_14: AfterSavepoint,
        recorded "1.11.4, 1.12.5, 1.13.6, 1.14.6, 1.15.4, 1.16.3, 1.20.5, 2.3.0", page "FLINK-23532", moot "1.0 to 1.8",
        shown by "sim/rules/stop_ends_sources.toml", shown by "sim/rules/stop_awaits_notice.toml";
    /// Whether a job that drains finishes its operators before its last savepoint, so that what they emit then is in it; else
    /// they are finished after it, drained or not (FLINK-23541).
    drain_finishes_first: bool = true, until V1_13: false,
        recorded "1.11.4, 1.12.5, 1.13.6, 1.14.6, 1.15.4, 1.16.3, 2.3.0", page "FLINK-23541", moot "1.0 to 1.8",
        shown by "sim/rules/drain_finishes_first.toml", shown by "sim/rules/stop_without_drain.toml";
    /// Whether a job fails of which a task fails while it stops, its savepoint complete; else it restarts from that and goes on
    /// (FLINK-25200, `StopWithSavepointStoppingException`).
    stop_failure_fails_job: bool = true, until V1_14: false,
        recorded "1.11.4, 1.13.6, 1.14.6, 1.15.4, 2.3.0", page "FLINK-25200", moot "1.0 to 1.8",
        shown by "sim/rules/stop_failure.toml", shown by "sim/rules/stop_failure_fails_job.toml";
    /// Whether a snapshot whose synchronous part fails takes its task along; in 1.9 and 1.10 the task declines the checkpoint and goes on,
    /// unless it stops with it (`StreamTask.CheckpointingOperation.executeCheckpointing`).
    sync_failure_fails_task: bool = true, until V1_10: false, until V1_8: true,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.10.0", shown by "sim/rules/sync_failure.toml";
    /// Whether a snapshot whose asynchronous part fails takes its task along (until 1.8,
    /// `failOnCheckpointingErrors`).
    async_failure_fails_task: bool = false, until V1_8: true,
        recorded "1.11.4, 1.13.6, 1.15.4", shown by "sim/rules/async_failure.toml";
    /// Where the records stay that a barrier holds back (`BarrierBuffer`, credits since 1.11).
    held_back: HeldBack = InChannels, until V1_10: InBuffers,
        shown by "sim/rules/d9_held_back.toml";
    /// Whether the store that survives the job manager points to the snapshot that a job was started from (since 1.2,
    /// `CheckpointCoordinator.restoreSavepoint`).
    start_in_store: bool = true, until V1_1: false,
        read "1.2.1, 1.7.2, 2.0", shown by "sim/rules/e9_start_across_job_managers.toml";
    /// How a job with periodic checkpoints restarts that says nothing about it (`RestartStrategyOptions`).
    usual_restart: UsualRestart = ExponentialDelay, until V1_20: AfterOneSecond, until V1_9: AtOnce,
        until V1_4: AfterTenSeconds,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0",
        read "1.0.3, 1.1.4, 1.2.1, 1.3.3, 1.4.2, 1.7.2, 1.10.3, 1.11.3, 1.16.3, 2.0",
        shown by "sim/rules/usual_restart.toml";
    /// Whether records that were in flight can be restored at another parallelism (since 1.13, FLINK-17979).
    in_flight_rescaled: bool = true, until V1_12: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.11.3, 2.0", page "FLINK-17979", moot "1.0 to 1.10",
        shown by "sim/rules/d7_in_flight_rescaled.toml";
    /// Whether a job can start at another parallelism from a checkpoint as from a savepoint; the page of 1.7 says no, the
    /// code of no release asks (`StateAssignmentOperation`, page "Checkpoints").
    checkpoints_rescale: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.7.2", moot "1.0 to 1.1";

    // What a release has.

    /// Whether there are unaligned checkpoints (since 1.11, FLIP-76).
    unaligned_checkpoints: bool = true, until V1_10: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLIP-76", shown by "sim/unaligned.toml";
    /// What is looked at when records that were in flight are to be dealt to other parallelisms (FLINK-38267,
    /// `StateAssignmentOperation`).
    in_flight_checked_by: InFlightCheckedBy = Exchange, until V1_19: Task,
        recorded "1.15.4, 1.20.5, 2.3.0", moot "1.0 to 1.12", shown by "sim/rules/in_flight_checked_by.toml";
    /// Whether a barrier that may overtake after a while does so where it waits behind other records in the outputs of its
    /// sender, and not only in front of its receiver (since 1.16, FLINK-27251).
    timed_barriers_overtake_outputs: bool = true, until V1_15: false,
        recorded "1.15.4, 1.20.5", page "FLINK-27251", moot "1.0 to 1.12",
        shown by "sim/rules/timed_barriers_in_outputs.toml";
    /// Whether barriers may begin to overtake after a while (since 1.13, FLINK-19680).
    aligned_timeout: bool = true, until V1_12: false,
        read "1.11.4, 1.13.6, 1.15.4", page "FLINK-19680", shown by "sim/aligned_timeout.toml";
    /// Whether what a task buffers while it aligns can be limited (1.2 to 1.10,
    /// `task.checkpoint.alignment.max-size`).
    alignment_limit: bool = false, until V1_10: true, until V1_1: false,
        shown by "sim/alignment_limit.toml";
    /// Whether a request for a savepoint can say where it goes (since 1.2, FLINK-4507).
    savepoint_target: bool = true, until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLINK-4507", shown by "sim/rules/f6_target.toml";
    /// Whether a job can be stopped with a savepoint (since 1.9, FLIP-34).
    stop_with_savepoint: bool = true, until V1_8: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLIP-34", shown by "sim/stop.toml";
    /// Whether a job can be canceled with a savepoint (since 1.2, FLINK-4717).
    cancel_with_savepoint: bool = true, until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.2.1", page "FLINK-4717",
        shown by "sim/rules/newest_checkpoint_spared.toml";
    /// Whether state that no operator takes can be dropped in a restore (since 1.1.4, FLINK-4445).
    allow_non_restored_state: bool = true, until V1_0: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.0.3, 1.1.4", page "FLINK-4445",
        shown by "sim/rules/allow_non_restored_state.toml";
    /// Whether checkpoints can outlive their job and be restored by another one (since 1.2, FLINK-4512).
    retained_checkpoints: bool = true, until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.2.1, 1.7.2, 2.0", page "FLINK-4512",
        shown by "sim/rules/newest_checkpoint_spared.toml";
    /// Whether more than one completed checkpoint can be kept (since 1.3, `state.checkpoints.num-retained`).
    retained_number: bool = true, until V1_2: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", shown by "sim/rules/retained_number.toml";
    /// Whether a job can be told to go back to a checkpoint rather than to a savepoint (1.9 to 1.13, FLINK-11159).
    prefer_checkpoint: bool = false, until V1_13: true, until V1_8: false,
        recorded "1.11.4, 1.13.6", read "1.8.3, 1.9.3, 1.11.3, 1.13.3, 1.14.0, 1.15.4", page "FLINK-11159",
        shown by "sim/rules/prefer_checkpoint.toml";
    /// Whether failures of checkpoints can be tolerated by number (since 1.9, `CheckpointFailureManager`).
    tolerable_failures: bool = true, until V1_8: false,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.9.3, 2.0", shown by "sim/tolerable_failures.toml";
    /// Whether checkpoints of keyed state can share files (since 1.3, FLINK-5053).
    incremental_checkpoints: bool = true, until V1_2: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLINK-5053", shown by "sim/rules/incremental_checkpoints.toml";
    /// Whether a region of a job can restart while the rest goes on (since 1.9, FLIP-1).
    region_failover: bool = true, until V1_8: false,
        recorded "1.11.4, 1.13.6, 1.15.4", page "FLIP-1", shown by "sim/rules/failover_scope.toml";
    /// Whether the delay before a restart can grow with each failure (since 1.13, FLINK-19773).
    exponential_delay: bool = true, until V1_12: false,
        recorded "2.3.0", read "1.11.4, 1.13.6, 1.15.4", page "FLINK-19773",
        shown by "sim/rules/exponential_delay.toml";
    /// Whether there is the base class of two-phase sinks (since 1.4, FLINK-7210).
    two_phase_sinks: bool = true, until V1_3: false,
        recorded "1.11.4, 1.13.6, 2.3.0", read "1.15.4", page "FLINK-7210", shown by "sim/rules/finished_tasks.toml";
    /// Whether there are writers and committers (since 1.12, FLIP-143).
    committers: bool = true, until V1_11: false,
        recorded "2.3.0", read "1.11.4, 1.13.6, 1.15.4", page "FLIP-143", shown by "sim/committer.toml";
    /// Whether enumerators give splits out to readers (since 1.11, FLIP-27).
    split_readers: bool = true, until V1_10: false,
        recorded "1.13.6, 1.15.4, 2.3.0", read "1.11.4", page "FLIP-27", shown by "sim/split_enumerator.toml";
    /// Whether there is broadcast state (since 1.5, FLINK-4940).
    broadcast_state: bool = true, until V1_4: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", page "FLINK-4940", shown by "sim/rules/broadcast_state.toml";
    /// Whether operators have side outputs (since 1.3, FLINK-4460).
    side_outputs: bool = true, until V1_2: false,
        page "FLINK-4460", shown by "sim/rules/side_outputs.toml";
    /// Whether a function can keep one object of state for each subtask, which only that one can restore (until 1.3,
    /// `Checkpointed`; FLINK-7461).
    checkpointed_state: bool = false, until V1_3: true,
        read "1.2.1, 1.3.3, 1.4.2", page "FLINK-7461", shown by "sim/rules/b10.toml";
    /// Whether values of keyed state can expire (since 1.6, FLIP-25).
    state_ttl: bool = true, until V1_5: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", page "FLIP-25", shown by "sim/rules/ttl_enabled.toml";
    /// Whether an operator can be told under which id a snapshot may hold its state (since 1.2,
    /// `SingleOutputStreamOperator.setUidHash`).
    uid_hash: bool = true, until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.2.1", shown by "sim/rules/uid_hash_of_a_chain.toml";
    /// Whether windows can wait for late records (since 1.1, FLINK-3714).
    allowed_lateness: bool = true, until V1_0: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLINK-3714", shown by "sim/rules/allowed_lateness.toml";
    /// Whether a silent source can be taken for idle (since 1.11, FLIP-126).
    idle_sources: bool = true, until V1_10: false,
        recorded "2.3.0", read "1.11.4, 1.13.6, 1.15.4", page "FLIP-126", shown by "sim/late_and_idle.toml";

    // How state, time and transactions come through, who is awaited, and what counts as a failure.

    /// Whether checkpoints go on after tasks have finished, and tasks await a final one (FLIP-147).
    checkpoints_after_tasks_finish: bool = true, until V1_14: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", page "FLIP-147", shown by "sim/rules/finished_tasks.toml";
    /// When the checkpoint is triggered that tasks await at the end of their data (FLINK-28386,
    /// `SchedulerBase.notifyEndOfData`).
    final_checkpoint: FinalCheckpoint = AtOnce, until V1_17: Scheduled,
        recorded "1.14.6, 1.15.4, 1.20.5, 2.3.0", read "1.16.3, 1.17.2, 1.18.1", page "FLINK-28386",
        moot "1.0 to 1.13", shown by "sim/rules/final_checkpoint.toml";
    /// Whether an entry of a snapshot without any state may be left unmapped without `allow-non-restored-state`
    /// (`Checkpoints.loadAndValidateCheckpoint`).
    empty_entries_skipped: bool = true, until V1_3: false,
        recorded "1.13.6, 1.15.4, 2.3.0", read "1.3.3, 1.4.0", moot "1.0 to 1.2", shown by "sim/rules/f9_stateless_removed.toml";
    /// Whether a keyed state whose values expire can be registered over one whose values do not, or the other way
    /// (FLINK-32955).
    ttl_may_change: bool = true, until V1_20: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", page "State TTL: 1.7", moot "1.0 to 1.5",
        shown by "sim/rules/ttl_enabled.toml";
    /// Whether a user-defined hash decides alone which state an operator is given, be there any under it or not
    /// (`StateAssignmentOperation`; recorded: 1.11.4, 1.12.5, 1.13.6 and 1.14.6).
    uid_hash_decides: bool = false, until V1_13: true,
        recorded "1.11.4, 1.12.5, 1.13.6, 1.14.6, 1.15.4, 1.16.3, 1.20.5, 2.3.0", read "1.3.3", moot "1.0 to 1.2",
        shown by "sim/rules/uid_hash_decides.toml";
    /// Who is told that it is restored (`isRestored`; `StateAssignmentOperation`, recorded: 1.11.4, 1.12.5, 1.13.6 and
    /// 1.14.6).
    restored_told_by: RestoredToldBy = Vertex, until V1_13: Subtask,
        recorded "1.11.4, 1.12.5, 1.13.6, 1.14.6, 1.15.4, 1.16.3, 1.20.5, 2.3.0",
        shown by "sim/rules/restored_told_by.toml", shown by "sim/rules/empty_entry_restores.toml";
    /// Whether a log source that is restored drops the positions of inputs that it does not read any more; a reader of splits never does
    /// (since 1.8, FLINK-34089, FLINK-10342,
    /// `FlinkKafkaConsumerBase.filterRestoredPartitionsWithCurrentTopicsDescriptor`).
    unsubscribed_positions_dropped: bool = true, until V1_7: false,
        page "FLINK-34089, FLINK-10342", shown by "sim/rules/unsubscribed_positions.toml";
    /// Whether a log source that is restored finds partitions of which its snapshot has no position, and reads those from their
    /// beginning; else it reads what it was given, and nothing more. Until 1.1 nobody is told that it is restored; what its consumer
    /// made of new partitions was not looked into (since 1.4, FLINK-4022, `FlinkKafkaConsumerBase.open`).
    new_partitions_found: bool = true, until V1_3: false, until V1_1: true,
        recorded "1.15.4, 1.20.5, 2.3.0", page "FLINK-4022: 1.2 to 2.3", shown by "sim/rules/new_partitions.toml";
    /// Whether a split enumerator begins splits at their beginning that it finds when it is restored, and not where its source is
    /// told to start (since the connector of 1.18, FLIP-288, `KafkaSourceEnumerator.newDiscoveryOffsetsInitializer`).
    new_splits_begin_earliest: bool = true, until V1_17: false,
        page "FLIP-288", moot "1.0 to 1.10", shown by "sim/rules/new_splits.toml";
    /// Whether a barrier holds its channel back in exactly-once mode (`SingleCheckpointBarrierHandler`).
    barrier_blocks_channel: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0";
    /// Whether a task that gives a checkpoint up tells its receivers on their channels (since 1.1.4).
    cancellation_markers: bool = true, until V1_0: false,
        read "1.0.3, 1.1.4, 1.2.1", shown by "sim/rules/d4_cancellation_markers.toml";
    /// What an unaligned checkpoint keeps of the records that its barriers overtake (FLIP-76).
    in_flight: InFlightKept = All,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLIP-76", moot "1.0 to 1.10";
    /// When a two-phase sink commits (`TwoPhaseCommitSinkFunction`).
    commit_when: CommitWhen = Completed,
        recorded "1.11.4, 1.13.6, 1.20.5, 2.3.0", read "1.15.0", moot "1.0 to 1.3";
    /// Which of its channels' watermarks a task takes for its own (`StatusWatermarkValve`).
    watermark: WatermarkTaken = OfTheSlowest;
    /// Whether the timers that a watermark makes due fire before it is sent on (`InternalTimeServiceManager`).
    timers_before_watermark: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0";
    /// Whether a job that stops without draining leaves event time where it is (FLIP-34).
    suspended_windows_stay_open: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLIP-34", moot "1.0 to 1.8";
    /// Whether timers are part of a snapshot (`InternalTimerServiceImpl`).
    timers_in_snapshot: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0";
    /// Who owns a key group after a restore (`KeyGroupRangeAssignment`).
    key_group_owner: KeyGroupOwner = Range,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "2.0", moot "1.0 to 1.1";
    /// Whether list state is re-dealt when parallelism changes, and not left behind
    /// (`RoundRobinOperatorStateRepartitioner`).
    list_state_restored: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "2.0", moot "1.0 to 1.1";
    /// Whether a writer's committables of the end of its data reach the committer (FLINK-24530, FLINK-26403).
    final_committables_sent: bool = true,
        recorded "2.3.0", page "FLINK-24530, FLINK-26403", moot "1.0 to 1.11";
    /// Whether a committer commits at once what it was restored with (FLIP-143).
    restored_committables_committed: bool = true,
        recorded "2.3.0", read "2.0", page "FLIP-143", moot "1.0 to 1.11";
    /// Whether a committer of a job without periodic checkpoints commits all it has at the end of its input (Sink V2, since
    /// 1.15, `CommitterOperator.endInput`).
    committers_commit_at_end: bool = true, until V1_14: false,
        recorded "2.3.0", moot "1.0 to 1.11", shown by "sim/rules/committer_without_checkpoints.toml";
    /// Whether a committer whose input has ended commits all it has when any checkpoint completes, and not only what that covers
    /// (`CommitterOperator.notifyCheckpointComplete`, until FLINK-37605, which the last patches of 1.19 and 1.20 have).
    ended_committers_commit_all: bool = false, until V1_18: true, until V1_14: false,
        read "2.0", page "FLINK-37605: 1.15 to 2.3", moot "1.0 to 1.11", shown by "sim/rules/final_committables_left.toml";
    /// Whether a subtask goes on with its own entry of a union list, and not with those of all (a promise of the operator).
    union_entries_owned: bool = true,
        moot "1.0 to 2.3";
    /// Whether a chain whose max parallelism is derived takes that of the state that it restores
    /// (`StateAssignmentOperation.checkParallelismPreconditions`).
    stored_key_groups_adopted: bool = true,
        moot "1.0 to 1.1";
    /// Whether the marker by which a table knows a row again is the same in every attempt (a promise of the sink).
    markers_are_stable: bool = true,
        moot "1.0 to 2.3";
    /// Whether a split enumerator sends a reader nothing between its own snapshot and the reader's (FLINK-16986).
    split_events_gated: bool = true,
        page "FLINK-16986", moot "1.0 to 1.10";
    /// Whether a reader acknowledges what its split enumerator sends, and barriers wait for that (FLINK-21996).
    split_events_acknowledged: bool = true,
        page "FLINK-21996", moot "1.0 to 1.10";
    /// Whether a split enumerator is told which readers restart while it goes on itself (FLINK-20222).
    split_enumerators_told_of_regions: bool = true,
        page "FLINK-20222", moot "1.0 to 1.10";
    /// Whether a task acks only when its snapshot is durable (`AsyncCheckpointRunnable`).
    ack_awaits_durability: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.7.2, 2.0";
    /// Whether the store that survives the job manager knows of a checkpoint before its tasks do
    /// (`DefaultCompletedCheckpointStore`).
    pointer_stored_before_notify: bool = true,
        read "2.0";
    /// Whether the snapshot that a job was started from is its recovery point until its first own checkpoint
    /// (FLINK-3390).
    start_is_recovery_point: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0";
    /// Whether a restart takes an older checkpoint for the newest, as if that could not be read (FLINK-22502).
    newest_checkpoint_skipped: bool = false,
        recorded "1.13.6", page "FLINK-22502";
    /// Whether pointers are kept when the job manager goes while its job restarts (FLINK-34518).
    pointers_outlive_restarts: bool = true,
        page "FLINK-34518";
    /// Whether a checkpoint awaits the ack of every task that takes part (`PendingCheckpoint`, FLINK-3534).
    every_participant_awaited: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", page "FLINK-3534";
    /// Whether a restored two-phase sink commits the transactions that its snapshot covers
    /// (`TwoPhaseCommitSinkFunction.recoverAndCommit`).
    restored_transactions_committed: bool = true,
        recorded "1.11.4, 1.13.6, 2.3.0", read "1.15.0", moot "1.0 to 1.3";
    /// Whether a restart gives up the checkpoints that are pending (`abortPendingCheckpoints`).
    restarts_abort_pending: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.0.3, 2.0";
    /// Whether the job manager ignores what a task of an older attempt sends (`ExecutionAttemptID`).
    attempts_fenced: bool = true;
    /// Whether a checkpoint that expired counts against the tolerable failures (since 1.11,
    /// `CheckpointFailureManager`).
    tolerance_counts_expired: bool = true, until V1_10: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.9.3, 1.10.3, 1.11.4, 1.12.5, 1.13.6, 2.0", moot "1.0 to 1.8",
        shown by "sim/rules/c10_expired.toml";
    /// Whether a savepoint that expired counts like a checkpoint that did (until 1.13,
    /// `CheckpointFailureManager.handleJobLevelCheckpointException`).
    tolerance_counts_savepoints: bool = false, until V1_13: true,
        recorded "1.11.4, 1.13.6, 1.14.6, 1.15.4", moot "1.0 to 1.8", shown by "sim/rules/expired_savepoint.toml";
    /// Whether the failure of the asynchronous part of a snapshot counts against the tolerable failures (since
    /// 1.11, `CheckpointFailureManager`).
    tolerance_counts_async: bool = true, until V1_10: false,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.9.3, 1.10.3, 1.11.4, 1.12.5, 1.13.6, 2.0", moot "1.0 to 1.8",
        shown by "sim/rules/async_failure.toml";
    /// Whether metadata that could not be written counts against the tolerable failures (since 1.15,
    /// `CheckpointFailureManager`).
    tolerance_counts_finalize: bool = true, until V1_14: false,
        recorded "1.11.4, 1.13.6, 1.15.4",
        read "1.9.3, 1.10.3, 1.11.4, 1.12.5, 1.13.6, 1.14.6, 1.15.4, 1.16.3, 1.17.2, 1.18.1, 2.0", moot "1.0 to 1.8",
        shown by "sim/rules/finalize_failure.toml";

    /// Whether a checkpoint for which no folder could be made counts against the tolerable failures (since 1.14,
    /// `CheckpointFailureReason.IO_EXCEPTION`).
    tolerance_counts_folder: bool = true, until V1_13: false,
        read "1.9.3, 1.10.3, 1.11.4, 1.12.5, 1.13.6, 1.14.6, 1.15.4, 1.16.3, 1.17.2, 1.18.1", moot "1.0 to 1.8",
        shown by "sim/rules/folder_failure.toml";

    // How snapshots are laid out, and whose their files are.

    /// What the id that state is stored under names (by operator since 1.3, FLINK-5892).
    state_stored_by: StateAddress = Operator, until V1_2: Chain,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.2.1, 1.3.3", page "FLINK-5892",
        shown by "sim/rules/uid_hash_of_a_chain.toml";
    /// Whether a chain without any state is in a snapshot, by entries without subtasks (since 1.13, `PendingCheckpoint`;
    /// recorded: savepoints of 1.11.4, 1.12.5 and 1.13.6).
    stateless_chains_recorded: bool = true, until V1_12: false,
        recorded "1.9.3, 1.10.3, 1.11.4, 1.12.5, 1.13.6, 1.14.6, 1.15.4, 1.16.3, 1.20.5, 2.3.0",
        shown by "sim/rules/stateless_chain_removed.toml";
    /// Whether a chain that is as long as it was is the only one to take its state, and not any that is long enough
    /// (1.2, `StreamTask.checkRestorePreconditions`).
    chain_length_checked: bool = false, until V1_2: true, until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.0.3, 1.2.1", shown by "sim/rules/chain_longer_1_2.toml";
    /// Whether keyed state is kept by key group, and keys are not dealt by parallelism (since 1.2, FLINK-3755).
    key_groups: bool = true, until V1_1: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.1.4, 1.2.1, 2.0", page "FLINK-3755",
        shown by "sim/rules/rescaled.toml";
    /// At which other parallelism a job may be restored (1.0: as its savepoints page says; its code is
    /// `above-state`, `SavepointCoordinator`).
    rescaling: Rescaling = ByKeyGroup, until V1_1: Refused,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.1.4", page "Savepoints: 1.0", shown by "sim/rules/rescaled.toml";
    /// Whether keyed state of a savepoint without key groups is dealt anew by key group; else the operator has as
    /// many groups as subtasks for ever, as the code has it (1.2, `SavepointV0Serializer`).
    migrated_keys_regrouped: bool = true,
        page "Savepoints: 1.2 to 1.10", moot "1.0 to 1.1, 1.11 to 2.3";
    /// Which version of metadata snapshots are written in, the newest that is read (`MetadataSerializers`).
    metadata: MetadataVersion = V6, until V2_0: V5, until V1_20: V4, until V1_15: V3, until V1_10: V2, until V1_2: V1,
        until V1_1: V0, until V1_0: Object,
        recorded "1.9.3 to 2.3.0",
        read "1.0.3, 1.1.4, 1.2.1", shown by "sim/rules/metadata.toml";
    /// The oldest version of metadata that is read (`MetadataSerializers`).
    oldest_metadata: MetadataVersion = V2, until V1_10: V0, until V1_0: Object,
        recorded "1.11.4, 1.13.6, 1.15.4, 1.20.5, 2.3.0", read "1.0.3, 1.2.1",
        shown by "sim/rules/metadata_too_old.toml";
    /// Which kinds of handles metadata name: what is of a newer kind a release does not read, whatever the version of the
    /// metadata (`MetadataV2V3SerializerBase.deserializeKeyedStateHandle`; recorded: 1.11.4, 1.12.5, 1.13.6 and 1.15.4).
    state_handles: StateHandles = Of1_15, until V1_14: Of1_13, until V1_12: Of1_12, until V1_11: Of1_11,
        recorded "1.11.4, 1.13.6, 1.15.4", page "FLINK-28350: 1.13, 1.15", shown by "sim/rules/going_back.toml",
        shown by "sim/rules/going_back_to_1_13.toml", shown by "sim/rules/in_flight_of_1_11.toml";
    /// Where the metadata and the data of a savepoint lie, and how one finds the other (`SavepointStoreFactory`,
    /// `SavepointV2Serializer`; FLINK-5763).
    savepoint_layout: SavepointLayout = RelativeFolder, until V1_10: AbsoluteFolder, until V1_2: MetadataFile,
        until V1_1: Pointer,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", read "1.0.3, 1.1.4, 1.2.1, 1.3.3, 1.11.3", page "FLINK-5763",
        shown by "sim/rules/f5_moved.toml";
    /// Whether whoever starts a job from a snapshot may say who owns that from then on (since 1.15, FLIP-193).
    claim_modes: bool = true, until V1_14: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLIP-193", shown by "sim/rules/f16_claim.toml";
    /// Whether the classes of a job can be given along when a savepoint is disposed of, for state handles that only they
    /// read (`savepoint -d PATH -j JAR`, since 1.1).
    disposal_takes_classes: bool = true, until V1_0: false,
        read "1.0.3, 1.1.4", shown by "sim/rules/custom_handles.toml";
    /// Whether every state backend reads a savepoint that is not native (since 1.13, FLIP-41; recorded: 1.11.4 and 1.13.6).
    savepoints_name_no_backend: bool = true, until V1_12: false,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLIP-41",
        shown by "sim/rules/savepoint_to_another_backend.toml";
    /// Whether a native savepoint of RocksDB is read by RocksDB alone, even if its checkpoints are not incremental
    /// (recorded: 1.15.4 and 2.3.0).
    full_savepoints_name_backend: bool = true, until V2_2: false,
        recorded "1.15.4, 2.3.0", moot "1.0 to 1.14", shown by "sim/rules/native_to_another_backend.toml";
    /// Whether a savepoint names its files by their places in its folder on a file system, too, that could put random parts into
    /// paths and is not told to (S3); else by absolute paths (since 1.15, `EntropyInjector.isEntropyInjecting`, FLINK-25952).
    entropy_is_asked_for: bool = true, until V1_14: false,
        read "1.11.4, 1.13.6, 1.15.4", page "FLINK-25952", moot "1.0 to 1.10",
        shown by "sim/reports/r10_moved_on_s3.toml";
    /// Whether the metadata of a retained checkpoint lies apart from its data (until 1.4, `state.checkpoints.dir`;
    /// FLINK-5823).
    checkpoint_metadata_apart: bool = false, until V1_4: true,
        recorded "1.11.4, 1.13.6, 1.15.4", read "1.2.1, 1.3.3, 2.0", page "FLINK-5823", moot "1.0 to 1.1",
        shown by "sim/rules/retained_checkpoint_moved.toml";
    /// Whether savepoints go to the job manager's memory where they are to go to files and nobody said where (1.0 and
    /// 1.1, page "Savepoints"); else the job manager does not start (`SavepointStoreFactory`, FLINK-3512).
    savepoint_backend_falls_back: bool = true,
        page "Savepoints: 1.0, 1.1", moot "1.2 to 2.3";
    /// Whether the savepoint backend may be the class name of a factory; else the job manager does not start (1.0 and
    /// 1.1, `SavepointStoreFactory`).
    savepoint_backend_factories: bool = false,
        read "1.0.3, 1.1.4", moot "1.2 to 2.3";
    /// What restarts with a failed task where the job does not say (`jobmanager.execution.failover-strategy`).
    failover: Failover = Region, until V1_8: Full,
        recorded "1.11.4, 1.13.6, 1.15.4", page "FLIP-1", shown by "sim/rules/failover_scope.toml";
    /// Which files an incremental checkpoint may refer to (`RocksIncrementalSnapshotStrategy`).
    increments_build_on: IncrementBase = Completed,
        recorded "1.13.6", moot "1.0 to 1.2";
    /// Whether the first checkpoint that is triggered after tasks were told of a savepoint builds on no other, and writes all its
    /// files anew (FLINK-23949; read in 1.3 to 1.11, not looked up for 1.14).
    savepoints_end_increments: bool = false, until V1_13: true,
        read "1.3.3, 1.4.2, 1.7.2, 1.11.3", page "FLINK-23949", moot "1.0 to 1.2",
        shown by "sim/rules/increments_after_a_savepoint.toml";
    /// Whether the name of a shared file tells the attempt and checkpoint that wrote it (FLINK-29095).
    shared_file_names_unique: bool = true,
        page "FLINK-29095", moot "1.0 to 1.2";
    /// When a shared file is deleted (`SharedStateRegistryImpl`).
    shared_file_ends: SharedFileEnd = WithLastUser,
        recorded "1.15.4", read "2.0", moot "1.0 to 1.2";
    /// Whether the shared files of a checkpoint that is aborted are kept until it would have been subsumed
    /// (FLINK-24611).
    aborted_files_kept: bool = true,
        page "FLINK-24611", moot "1.0 to 1.2";
    /// Whether a job that starts from a snapshot builds its own checkpoints on the files of that one (until 1.14,
    /// and the legacy restore mode).
    unclaimed_files_built_upon: bool = false, until V1_14: true,
        recorded "1.11.4, 1.13.6, 1.15.4", read "2.0", moot "1.0 to 1.2", shown by "sim/rules/unclaimed_files.toml";
    /// Whether a job never deletes the files of the snapshot that it was started from (FLINK-26985).
    unclaimed_files_kept: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", page "FLINK-26985";
    /// Whether the shared files of checkpoints that outlive their job do, too (`CompletedCheckpoint.discardOnShutdown`).
    retained_files_survive: bool = true,
        recorded "1.11.4, 1.13.6, 1.15.4, 2.3.0", moot "1.0 to 1.2";
    /// Whether the end of a channel completes an alignment that waited for nothing but its barrier
    /// (`SingleCheckpointBarrierHandler.processEndOfPartition`).
    ended_channels_counted: bool = true,
        moot "1.0 to 1.13";
    /// Whether the files that a late ack tells of are taken note of, so that somebody deletes them
    /// (`CheckpointCoordinator.receiveAcknowledgeMessage`).
    late_acks_registered: bool = true,
        moot "1.0 to 1.2";
}
