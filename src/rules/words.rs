//! What policies can be that are more than yes or no, with the words of each choice.

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
    /// Who is told that it is restored.
    pub enum RestoredToldBy {
        /// Each subtask that is given any state, be it of another operator of its chain.
        Subtask = "subtask",
        /// All subtasks of a vertex for any of whose operators the snapshot lists subtasks, be there state in them or not.
        Vertex = "vertex",
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
    /// When the sources of a job end that stops with a savepoint.
    pub enum StopEndsSources {
        /// At its trigger, before their barrier.
        BeforeSavepoint = "before-savepoint",
        /// When they are notified that it has completed.
        AfterSavepoint = "after-savepoint",
    }
}

choices! {
    /// What is looked at when records that were in flight are to be dealt to other parallelisms.
    pub enum InFlightCheckedBy {
        /// Each exchange that held any.
        Exchange = "exchange",
        /// All exchanges on that side of a task of which one held any: those that hold nothing must be fit to take some.
        Task = "task",
    }
}

choices! {
    /// When the checkpoint is triggered that tasks await at the end of their data.
    pub enum FinalCheckpoint {
        /// By the schedule, as any other.
        Scheduled = "scheduled",
        /// When the last task of the job has told that its data has ended.
        AtOnce = "at-once",
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

choices! {
    /// Which kinds of handles metadata name, the oldest first.
    #[derive(PartialOrd, Ord)]
    pub enum StateHandles {
        /// Those of 1.11: records in flight in a layout of its own, which no later release reads.
        Of1_11 = "of-1.11",
        /// Those of 1.12: records in flight as they are today.
        Of1_12 = "of-1.12",
        /// Those of 1.13: keyed state of savepoints in a kind of its own (type 7).
        Of1_13 = "of-1.13",
        /// Those of 1.15: keyed state of checkpoints, too (type 12).
        Of1_15 = "of-1.15",
    }
}

choices! {
    /// The version of the metadata of a snapshot, the oldest first (`MetadataSerializers`).
    #[derive(PartialOrd, Ord)]
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
        /// With what kind of snapshot it is (1.16 to 1.20).
        V4 = "v4",
        /// With names and uids of operators (2.0).
        V5 = "v5",
        /// With records in flight of several channels in one handle (since 2.1).
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

impl SavepointLayout {
    /// Whether data lie in a folder together with the metadata.
    pub const fn is_folder(self) -> bool {
        matches!(self, Self::AbsoluteFolder | Self::RelativeFolder)
    }
}

impl MetadataVersion {
    /// Whether keyed state is in it by key group.
    pub fn has_key_groups(self) -> bool {
        self >= Self::V1
    }

    /// Its number in a header; one that is a single object has none.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Object => None,
            Self::V0 => Some(0),
            Self::V1 => Some(1),
            Self::V2 => Some(2),
            Self::V3 => Some(3),
            Self::V4 => Some(4),
            Self::V5 => Some(5),
            Self::V6 => Some(6),
        }
    }
}
