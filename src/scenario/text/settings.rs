//! Settings that are the usual ones where a file says nothing: each is declared once, and read and written by that.

use super::layout::{Table, quoted, range, time, word};
use super::spelling::key;
use super::word::{Count, EventCount, Millis, Time, TimeRange};
use crate::documented::doc_of;
use crate::documented::{Documented, documented};
use crate::job::{
    CheckpointMode, KeyedKind, KeyedOptions, ListMode, ListOptions, Retention, SourceTime,
    StateType,
};
use crate::kernel::SimTime;
use crate::scenario::language::{self, Described, Form, Key, Note, described_key, words_of};
use crate::scenario::{
    Budget, CheckpointConfig, ClusterConfig, Network, Reach, SavepointBackend, SavepointDir,
};
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use toml::Spanned;

/// How a setting stands behind its key.
pub(in crate::scenario) trait Setting: Sized {
    /// What is set.
    type Value;
    /// What the file says.
    fn value(&self) -> Self::Value;
    /// As a file says it.
    fn text(value: &Self::Value) -> String;
}

macro_rules! setting {
    ($($Text:ty => $Value:ty: |$this:ident| $value:expr, |$that:ident| $text:expr;)+) => {
        $(impl Setting for $Text {
            type Value = $Value;
            fn value(&self) -> $Value {
                let $this = self;
                $value
            }
            fn text($that: &$Value) -> String {
                $text
            }
        })+
    };
}

setting! {
    Time => SimTime: |this| this.0, |value| time(*value);
    TimeRange => (SimTime, SimTime): |this| this.0, |value| range(*value);
    Millis => i64: |this| this.0, |value| time(SimTime::from_millis(u64::try_from(*value).unwrap_or(0)));
    EventCount => u64: |this| this.0, |value| value.to_string();
    Count<{ u32::MAX }> => u32: |this| this.0, |value| value.to_string();
    Count<1000> => u32: |this| this.0, |value| value.to_string();
    Arc<str> => Arc<str>: |this| Arc::clone(this), |value| quoted(value);
    Count<65535> => u16: |this| this.narrow(), |value| value.to_string();
    u16 => u16: |this| *this, |value| value.to_string();
    u32 => u32: |this| *this, |value| value.to_string();
    u64 => u64: |this| *this, |value| value.to_string();
    bool => bool: |this| *this, |value| value.to_string();
}

/// A word of an enum.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(transparent)]
pub(in crate::scenario) struct Named<T>(T);

impl<T: Serialize + DeserializeOwned + Copy> Setting for Named<T> {
    type Value = T;
    fn value(&self) -> T {
        self.0
    }
    fn text(value: &T) -> String {
        word(value)
    }
}

/// What there is only if it is set.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(transparent)]
pub(super) struct Set<S>(pub S);

impl<S: Setting> Setting for Set<S> {
    type Value = Option<S::Value>;
    fn value(&self) -> Option<S::Value> {
        Some(self.0.value())
    }
    fn text(value: &Option<S::Value>) -> String {
        value.as_ref().map(S::text).unwrap_or_default()
    }
}

impl<S: Setting> Setting for Spanned<S> {
    type Value = S::Value;
    fn value(&self) -> S::Value {
        self.get_ref().value()
    }
    fn text(value: &S::Value) -> String {
        S::text(value)
    }
}

impl<T: Documented + DeserializeOwned> Described for Named<T> {
    fn form() -> Form {
        Form::Words(words_of::<T>())
    }
}

impl<S: Described> Described for Set<S> {
    fn form() -> Form {
        S::form()
    }
}

/// Declares the settings of a struct, by how messages call them and in the order in which they are written, each with what it
/// means and how it is spelled; behind them what is read and written otherwise.
macro_rules! settings {
    ($title:literal: $(#[$($about:tt)*])* $Text:ident => $Model:ty {
        $($(#[$($note:tt)*])* $field:ident $(as $key:literal)?: $Setting:ty),+ $(,)?
    } $({ $($(#[$($other_note:tt)*])* $other:ident: $Other:ty),+ $(,)? })?) => {
        $(#[$($about)*])*
        #[derive(Deserialize, Clone, Debug, Default)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct $Text {
            $($(#[$($note)*])* $(#[serde(rename = $key)])? pub $field: Option<$Setting>,)+
            $($($(#[$($other_note)*])* pub $other: Option<$Other>,)+)?
        }

        impl $Text {
            /// What the file sets, and the usual of all else.
            pub(super) fn over(&self, usual: $Model) -> $Model {
                let mut model = usual;
                $(if let Some(setting) = &self.$field {
                    model.$field = setting.value();
                })+
                model
            }

            /// What is other than usual.
            pub(super) fn unusual(this: &$Model, usual: &$Model) -> Table {
                let mut table = Table::default();
                $(if this.$field != usual.$field {
                    table.put(&key!($field $($key)?), <$Setting>::text(&this.$field));
                })+
                table
            }
        }

        impl Described for $Text {
            fn form() -> Form {
                let usual = <$Model>::default();
                let with_usual = |mut key: Key, usual: String| {
                    key.note.usual = Some(usual).filter(|usual| !usual.is_empty()).or(key.note.usual);
                    key
                };
                Form::Table(language::Table {
                    title: $title,
                    note: Note::read(doc_of!($(#[$($about)*])*)),
                    keys: vec![
                        $(with_usual(
                            described_key!(key!($field $($key)?).to_owned(), $Setting, false, $(#[$($note)*])*),
                            <$Setting>::text(&usual.$field),
                        ),)+
                        $($(described_key!(key!($other).to_owned(), $Other, false, $(#[$($other_note)*])*),)+)?
                    ],
                    has_kinds: false,
                })
            }
        }
    };
}

#[cfg(test)]
pub(super) use settings;

settings!("`budget`":
    /// How much a world may take. One that takes more is stalled.
    BudgetText => Budget {
        /// How many events are played at most. Without it, a number that grows with the inputs.
        /// e.g. `1000000`
        events: Set<EventCount>,
        /// How many megabytes of memory the world may take.
        /// e.g. `500`
        megabytes: Set<Count<{ u32::MAX }>>,
        /// How often a job may restart without having got anywhere.
        /// e.g. `100`
        restarts: Set<Count<{ u32::MAX }>>,
    }
);

settings!("`cluster`":
    /// The machines, their job manager, and where savepoints go.
    ClusterText => ClusterConfig {
        /// How many task managers there are, numbered from 0.
        /// e.g. `2`
        task_managers: Spanned<Count<65535>>,
        /// How many slots each task manager has.
        /// Flink: `taskmanager.numberOfTaskSlots`
        /// e.g. `4`
        slots: Spanned<Count<65535>>,
        /// How long after its death another task manager takes the place of one.
        /// e.g. `"5s"`
        replaced_after: Time,
        /// How long nothing is heard from a task manager before it is given up.
        /// Flink: `heartbeat.timeout`
        /// e.g. `"10s"`
        heartbeat_timeout: Time,
        /// How often a heartbeat is sent.
        /// Flink: `heartbeat.interval`
        /// e.g. `"1s"`
        heartbeat_interval: Spanned<Time>,
        /// Whether there is a directory for savepoints that do not say where they go.
        /// Flink: `state.savepoints.dir`, `execution.checkpointing.savepoint-dir`
        /// e.g. `"none"`
        savepoint_dir: Named<SavepointDir>,
        /// What keeps savepoints in 1.0 and 1.1.
        /// Flink: `savepoints.state.backend`
        /// e.g. `"filesystem"`
        savepoint_backend: Set<Named<SavepointBackend>>,
        /// Which machines reach the files that tasks write of their snapshots.
        /// Flink: `execution.checkpointing.dir`, `state.checkpoints.dir`
        /// e.g. `"own"`
        reach as "snapshot-files-reached-by": Named<Reach>,
        /// After how long the storage deletes files of snapshots by itself, as a lifecycle rule of a bucket does, whoever needs them.
        /// e.g. `"24h"`
        files_expire_after as "snapshot-files-expire-after": Set<Time>,
    }
    {
        /// What the cluster is called where Flink's client says it: one word.
        /// e.g. `"prod"`
        name: Spanned<String>,
        /// Whether another job manager takes the jobs over of one that died.
        /// Flink: `high-availability.type`, `high-availability`
        /// Usual: `false`
        /// e.g. `true`
        high_availability: bool,
        /// How long that takes.
        /// Usual: `"1s"`
        /// e.g. `"2s"`
        takeover_after: Spanned<Time>,
    }
);

settings!("`network`":
    /// How long things take; a range is drawn from anew for each.
    NetworkText => Network {
        /// How long a record or barrier travels from task to task.
        /// e.g. `"100us..1ms"`
        channel_latency: TimeRange,
        /// How long a message travels between job manager and task.
        /// e.g. `"1ms"`
        message_latency: TimeRange,
        /// How many records a channel holds before its sender must wait.
        /// e.g. `10`
        channel_capacity: Count<{ u32::MAX }>,
        /// How long a task is held up while its state is drawn.
        /// e.g. `"1ms..5ms"`
        snapshot_sync: TimeRange,
        /// How long it takes until a snapshot is durable.
        /// e.g. `"10ms..50ms"`
        snapshot_async: TimeRange,
        /// How long it takes to write the metadata of a checkpoint.
        /// e.g. `"5ms"`
        metadata_write: TimeRange,
        /// How long it takes to start a task.
        /// e.g. `"10ms"`
        task_start: TimeRange,
    }
);

settings!("`checkpoint` of a job":
    /// Periodic checkpoints, and where state goes.
    CheckpointText => CheckpointConfig {
        /// How often a checkpoint is triggered; without it, never.
        /// Flink: `execution.checkpointing.interval`, `enableCheckpointing`
        /// e.g. `"1s"`
        interval: Set<Spanned<Time>>,
        /// How long a checkpoint may take.
        /// Flink: `execution.checkpointing.timeout`
        /// e.g. `"10s"`
        timeout: Spanned<Time>,
        /// How long after the end of a checkpoint the next may begin.
        /// Flink: `execution.checkpointing.min-pause`
        /// e.g. `"500ms"`
        min_pause: Time,
        /// How many checkpoints may be under way at once.
        /// Flink: `execution.checkpointing.max-concurrent-checkpoints`
        /// e.g. `2`
        max_concurrent: Count<{ u32::MAX }>,
        /// How many completed checkpoints are kept.
        /// Flink: `state.checkpoints.num-retained`, `execution.checkpointing.num-retained`
        /// e.g. `3`
        retained: Count<{ u32::MAX }>,
        /// How many failed checkpoints in a row the job bears.
        /// Flink: `execution.checkpointing.tolerable-failed-checkpoints`
        /// e.g. `2`
        tolerable_failures: u32,
        /// Whether checkpoints stay when the job is over.
        /// Flink: `execution.checkpointing.externalized-checkpoint-retention`
        /// e.g. `"retain-on-cancellation"`
        retention: Named<Retention>,
        /// Whether a restart prefers a checkpoint to a newer savepoint.
        /// Flink: `execution.checkpointing.prefer-checkpoint-for-recovery`
        /// e.g. `true`
        prefer_checkpoint: bool,
        /// How often a record's effect may be in the state after a recovery.
        /// Flink: `execution.checkpointing.mode`, `CheckpointingMode`
        /// e.g. `"at-least-once"`
        mode: Named<CheckpointMode>,
        /// Whether barriers overtake records, which become part of the snapshot.
        /// Flink: `execution.checkpointing.unaligned`, `execution.checkpointing.unaligned.enabled`
        /// e.g. `true`
        unaligned: Spanned<bool>,
        /// How long barriers stay aligned before they overtake; with `unaligned = true`.
        /// Flink: `execution.checkpointing.aligned-checkpoint-timeout`
        /// e.g. `"100ms"`
        aligned_timeout: Spanned<Time>,
        /// How many records a task may hold back in an alignment before the checkpoint is given up.
        /// Flink: `task.checkpoint.alignment.max-size`
        /// e.g. `100`
        alignment_limit: Set<Spanned<Count<{ u32::MAX }>>>,
        /// Whether state is written through handles of a class of the user's own, which later releases cannot read.
        /// e.g. `true`
        custom_handles: bool,
    }
    {
        /// What keeps state and where snapshots go, in one word for what Flink says with three keys.
        /// Flink: `state.backend.type`, `state.backend`, `execution.checkpointing.storage`, `execution.checkpointing.incremental`
        /// Usual: `"file-system"`
        /// e.g. `"incremental"`
        state_backend: Named<BackendText>,
        /// How many bytes of state a snapshot of a task may have; with `state-backend = "job-manager"`.
        /// Flink: `MemoryStateBackend.maxStateSize`
        /// e.g. `1000`
        max_state_size: Spanned<u32>,
        /// State of fewer bytes lies inside the metadata; with `state-backend = "file-system"`.
        /// Flink: `state.storage.fs.memory-threshold`, `execution.checkpointing.data-inline-threshold`
        /// e.g. `0`
        inline_below: Spanned<u32>,
    }
);

documented! {
    /// `state-backend = "incremental"`.
    #[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum BackendText {
        /// State on the heap; snapshots inside the job manager's memory.
        /// Flink: `jobmanager`, `JobManagerCheckpointStorage`
        JobManager,
        /// State on the heap; snapshots as files, whole each time.
        /// Flink: `hashmap`, `filesystem`, `FsStateBackend`
        #[default]
        FileSystem,
        /// State in RocksDB; checkpoints share files, each writes only what has changed.
        Incremental,
        /// State in RocksDB; snapshots as files, whole each time.
        /// Flink: `rocksdb`, `EmbeddedRocksDBStateBackend`
        Rocksdb,
    }
}

settings!("`event-time`":
    /// When the records of a source happened, and how its watermarks go.
    EventTimeText => SourceTime {
        /// The column that says when, in milliseconds; without it, when the record is read.
        /// e.g. `2`
        column: Set<u16>,
        /// How far records may be out of order: watermarks stay so far behind.
        /// Flink: `forBoundedOutOfOrderness`
        /// e.g. `"2h"`
        out_of_orderness: Millis,
        /// After how long without records the source counts as idle.
        /// Flink: `withIdleness`
        /// e.g. `"1s"`
        idle_after: Set<Time>,
        /// How often a watermark is emitted, in virtual time.
        /// Flink: `pipeline.auto-watermark-interval`
        /// e.g. `"50ms"`
        interval: Time,
    }
);

settings!("`keyed-state`":
    /// How an operator registers its keyed state.
    KeyedStateText => KeyedOptions {
        /// Its name.
        /// e.g. `"counts"`
        name: Set<Arc<str>>,
        /// What kind of state it is.
        /// e.g. `"reducing"`
        kind: Named<KeyedKind>,
        /// The type of its values, by which a restore finds out whether it can read them.
        /// e.g. `"long"`
        values as "type": Named<StateType>,
        /// How long a value lives that nobody writes.
        /// Flink: `StateTtlConfig`
        /// e.g. `"1h"`
        ttl: Set<Time>,
    }
);

settings!("`list-state`":
    /// Which list states an operator registers.
    ListStateText => ListOptions {
        /// Their names.
        /// e.g. `["buffer"]`
        names: Vec<Arc<str>>,
        /// How items are dealt when parallelism changes.
        /// e.g. `"union"`
        mode: Named<ListMode>,
        /// The same, state by state, where they are not all alike: as many as there are names.
        /// e.g. `["split", "union", "broadcast"]`
        modes: Vec<Named<ListMode>>,
        /// The type of their items.
        /// e.g. `"text"`
        items as "type": Named<StateType>,
        /// How many items each has in the first subtask that begins without state; 0 leaves broadcast state empty.
        /// e.g. `2`
        starts_with: u32,
    }
);

/// A table as a value; none if it is empty.
pub(super) fn inline(table: &Table) -> Option<String> {
    (!table.is_empty()).then(|| table.inline())
}
