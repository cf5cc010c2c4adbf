//! The names that people and programs use for what a trace shows: checks, and what happened at least once.
//!
//! Each is spelled here and nowhere else. Scenario files, help, docs, reports and the checks themselves take them from here.

use std::fmt;

/// A name out of a closed list.
pub trait Word: Copy + Eq + fmt::Display + 'static {
    /// What such a word is called in a message: `check`, `sometimes`.
    const WHAT: &'static str;
    /// All of them, in the order in which they are told.
    const ALL: &'static [Self];
    /// As it is spelled in scenario files and in output.
    fn name(self) -> &'static str;
    /// What it means, as a sentence without a full stop.
    fn about(self) -> &'static str;
    /// The word of this spelling.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.name() == name)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $kind:ident, $what:literal:
     $($(#[$note:meta])* $word:ident = $name:literal, $about:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum $kind {
            $(#[doc = $about] $(#[$note])* $word,)+
        }

        impl Word for $kind {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$word,)+];
            fn name(self) -> &'static str {
                match self {
                    $(Self::$word => $name,)+
                }
            }
            fn about(self) -> &'static str {
                match self {
                    $(Self::$word => $about,)+
                }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

words! {
    /// Something that must hold in every world.
    CheckName, "check":
    /// (O1)
    CutConsistency = "cut-consistency",
        "what a sender put into a channel before a barrier is what the receiver's snapshot holds of it";
    /// (O5)
    OutputEquivalence = "output-equivalence",
        "what the sinks wrote is what the same job writes without faults, to the cut that was reached";
    /// (O8)
    OwnershipPartition = "ownership-partition",
        "after a restore every piece of state is with the subtask that owns it, and nowhere else";
    /// (O9)
    MappingTotality = "mapping-totality",
        "a restore maps or drops every piece of a snapshot, and what it maps arrives";
    /// (O2)
    DurableBeforeVisible = "durable-before-visible",
        "nobody hears of a snapshot, a checkpoint or a completion before it is durable";
    /// (O3)
    ParticipantsAndFencing = "participants-and-fencing",
        "a checkpoint completes with one ack of everybody who took part, and of nobody else";
    /// (O6)
    TransactionHygiene = "transaction-hygiene",
        "every transaction goes its way once, and what a completed checkpoint covers is never aborted";
    /// (O7)
    ReferenceSafety = "reference-safety",
        "no file goes that a checkpoint refers to which is kept, and none stays that nobody needs";
    /// (O4)
    RecoveryPoint = "recovery-point",
        "a restart goes back to the newest checkpoint that it may restore, and no further";
    /// (O10)
    TimeFidelity = "time-fidelity",
        "no watermark runs ahead of its inputs or its timers, and windows hold their records, each once";
    ConfiguredBounds = "configured-bounds",
        "what the configuration of a job limits stays within its limits";
    /// (O11)
    Restorability = "restorability",
        "whatever is kept in the end can be restored, at another parallelism too, and goes on to its next checkpoint";
    /// (O12)
    BoundedProgress = "bounded-progress",
        "where nothing goes wrong checkpoints complete, time passes, inputs end and requests are answered, all in time";
}

words! {
    /// Something that a world shows or does not, so that a story which means to show it can say so.
    Sometimes, "`sometimes`":
    AlignmentLimitExceeded = "alignment-limit-exceeded",
        "a checkpoint was given up since an alignment held back more than its limit";
    AlignmentTimedOut = "alignment-timed-out",
        "the aligned time of a checkpoint was over, and its barrier went on unaligned";
    Backpressure = "backpressure",
        "a channel had no credit for a record, and its sender waited";
    BarrierOvertookRecords = "barrier-overtook-records",
        "an unaligned barrier overtook records, which became part of the snapshot";
    CancellationArrived = "cancellation-arrived",
        "a task heard through a channel that a checkpoint was off";
    ChannelBlocked = "channel-blocked",
        "a channel was held back after its barrier, until the others had delivered theirs";
    CheckpointAborted = "checkpoint-aborted",
        "a checkpoint was aborted, for whatever reason";
    CheckpointDeclined = "checkpoint-declined",
        "a task declined a checkpoint";
    CheckpointExpired = "checkpoint-expired",
        "a checkpoint was aborted since its timeout was over";
    CheckpointSubsumed = "checkpoint-subsumed",
        "a checkpoint gave way to a newer one";
    HeldInFlight = "held-in-flight",
        "records waited behind a blocked channel when an alignment was complete";
    InFlightRestored = "in-flight-restored",
        "records that were in flight at a checkpoint came back from it";
    JobDrained = "job-drained",
        "a job was stopped with a savepoint after its data had been ended";
    JobManagerKilled = "job-manager-killed",
        "a job manager died";
    JobManagerLost = "job-manager-lost",
        "a task manager gave the job manager up";
    JobStopped = "job-stopped",
        "a job was stopped with a savepoint, without draining";
    JobTakenOver = "job-taken-over",
        "another job manager took over a job of one that died";
    LateRecord = "late-record",
        "an operator gave up a record that came too late";
    MessageDelayed = "message-delayed",
        "the network delayed a message between job manager and task";
    MessageLost = "message-lost",
        "the network lost a message between job manager and task";
    MessageRepeated = "message-repeated",
        "the network delivered a message between job manager and task twice";
    OperatorFailed = "operator-failed",
        "an operator could not go on, and its task failed";
    RecordsPastTheBarrier = "records-past-the-barrier",
        "records behind a barrier of an at-least-once checkpoint are in its state";
    RegionRestarted = "region-restarted",
        "a region of a job was restarted while the rest went on";
    RescaledInFlight = "rescaled-in-flight",
        "records that were in flight came back to another number of subtasks";
    RescaledKeyedState = "rescaled-keyed-state",
        "keyed state that was not empty came back to another number of subtasks";
    Restored = "restored",
        "an attempt started from a checkpoint or savepoint";
    RestoredAtAnotherParallelism = "restored-at-another-parallelism",
        "an operator was restored at another parallelism";
    SavepointStored = "savepoint-stored",
        "a savepoint was stored where its owner can find it";
    SharedFileDeleted = "shared-file-deleted",
        "a file that checkpoints shared was deleted";
    SharedFileMissing = "shared-file-missing",
        "a task could not restore its state, since a shared file was not there";
    SnapshotFailed = "snapshot-failed",
        "a checkpoint was aborted since the asynchronous part of a snapshot failed";
    SnapshotOrphaned = "snapshot-orphaned",
        "a snapshot was written for an ack that was ignored, and nobody will remove it";
    SourceIdle = "source-idle",
        "a source told its receivers not to wait for its watermarks";
    StateTooLarge = "state-too-large",
        "a state was too large for the memory of the job manager";
    TaskBlocked = "task-blocked",
        "a subtask was given something that takes long";
    TaskKilled = "task-killed",
        "a subtask crashed";
    TaskManagerCutOff = "task-manager-cut-off",
        "nothing passed between a task manager and the job manager for a while";
    TaskManagerKilled = "task-manager-killed",
        "a task manager died with all its subtasks";
    TaskManagerLost = "task-manager-lost",
        "the job manager gave a task manager up";
    TasksFinished = "tasks-finished",
        "a task did all its work";
    TimersFired = "timers-fired",
        "a timer of an operator fired";
    TransactionAborted = "transaction-aborted",
        "a transaction was aborted";
    TransactionRecovered = "transaction-recovered",
        "a restored sink committed a transaction of an attempt that was over";
    WriteLost = "write-lost",
        "storage lost a write and never answered";
    WriteRefused = "write-refused",
        "storage refused a write";
    WriteReplyLost = "write-reply-lost",
        "storage did what it was asked to and never answered";
    WriteTorn = "write-torn",
        "storage left a piece of a write and never answered";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again_and_those_of_what_happened_are_sorted() {
        fn check<W: Word + fmt::Debug>() {
            for word in W::ALL {
                assert_eq!(W::named(word.name()), Some(*word));
                assert!(!word.about().ends_with('.') && word.about().len() > 10, "{word}");
            }
            assert_eq!(W::named("no-such-word"), None);
        }
        check::<CheckName>();
        check::<Sometimes>();
        let names: Vec<_> = Sometimes::ALL.iter().map(|word| word.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
