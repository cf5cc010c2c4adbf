//! Settings that are the usual ones where a file says nothing: each is declared once, and read and written by that.

use super::layout::{Table, quoted, range, time, word};
use super::spelling::key;
use super::word::{Count, EventCount, Millis, Time, TimeRange};
use crate::job::{
    CheckpointMode, KeyedKind, KeyedOptions, ListMode, ListOptions, Retention, SourceTime,
    StateType,
};
use crate::kernel::SimTime;
use crate::scenario::{
    Budget, CheckpointConfig, ClusterConfig, Network, SavepointBackend, SavepointDir,
};
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use toml::Spanned;

/// How a setting stands behind its key.
pub(super) trait Setting: Sized {
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
pub(super) struct Named<T>(T);

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

/// Declares the settings of a struct, in the order in which they are written, each with how it is spelled; behind them what
/// is read and written otherwise.
macro_rules! settings {
    ($(#[$doc:meta])* $Text:ident => $Model:ty { $($field:ident $($key:literal)?: $Setting:ty),+ $(,)? }
     $({ $($other:ident: $Other:ty),+ $(,)? })?) => {
        $(#[$doc])*
        #[derive(Deserialize, Clone, Debug, Default)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct $Text {
            $($(#[serde(rename = $key)])? pub $field: Option<$Setting>,)+
            $($(pub $other: Option<$Other>,)+)?
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
    };
}

settings!(
    /// `budget = { … }`.
    BudgetText => Budget {
        events: Set<EventCount>,
        megabytes: Set<Count<{ u32::MAX }>>,
        restarts: Set<Count<{ u32::MAX }>>,
    }
);

settings!(
    /// `cluster = { … }`.
    ClusterText => ClusterConfig {
        task_managers: Spanned<Count<65535>>,
        slots: Spanned<Count<65535>>,
        replaced_after: Time,
        heartbeat_timeout: Time,
        heartbeat_interval: Spanned<Time>,
        savepoint_dir: Named<SavepointDir>,
        savepoint_backend: Set<Named<SavepointBackend>>,
    }
    { name: Spanned<String>, high_availability: bool, takeover_after: Spanned<Time> }
);

settings!(
    /// `[network]`.
    NetworkText => Network {
        channel_latency: TimeRange,
        message_latency: TimeRange,
        channel_capacity: Count<{ u32::MAX }>,
        snapshot_sync: TimeRange,
        snapshot_async: TimeRange,
        metadata_write: TimeRange,
        task_start: TimeRange,
    }
);

settings!(
    /// `checkpoint = { … }`.
    CheckpointText => CheckpointConfig {
        interval: Set<Spanned<Time>>,
        timeout: Spanned<Time>,
        min_pause: Time,
        max_concurrent: Count<{ u32::MAX }>,
        retained: Count<{ u32::MAX }>,
        tolerable_failures: u32,
        retention: Named<Retention>,
        prefer_checkpoint: bool,
        mode: Named<CheckpointMode>,
        unaligned: Spanned<bool>,
        aligned_timeout: Spanned<Time>,
        alignment_limit: Set<Spanned<Count<{ u32::MAX }>>>,
        custom_handles: bool,
    }
    { state_backend: BackendText, max_state_size: Spanned<u32>, inline_below: Spanned<u32> }
);

/// `state-backend = "incremental"`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BackendText {
    JobManager,
    #[default]
    FileSystem,
    Incremental,
    Rocksdb,
}

settings!(
    /// `event-time = { column = 0, out-of-orderness = "2h", idle-after = "1s", interval = "200ms" }`.
    EventTimeText => SourceTime {
        column: Set<u16>,
        out_of_orderness: Millis,
        idle_after: Set<Time>,
        interval: Time,
    }
);

settings!(
    /// `keyed-state = { name = "count", kind = "value", type = "long", ttl = "1h" }`.
    KeyedStateText => KeyedOptions {
        name: Set<Arc<str>>,
        kind: Named<KeyedKind>,
        values "type": Named<StateType>,
        ttl: Set<Time>,
    }
);

settings!(
    /// `list-state = { names = ["buf"], mode = "union", type = "text", starts-with = 2 }`.
    ListStateText => ListOptions {
        names: Vec<Arc<str>>,
        mode: Named<ListMode>,
        items "type": Named<StateType>,
        starts_with: Count<1000>,
    }
);

/// A table as a value; none if it is empty.
pub(super) fn inline(table: &Table) -> Option<String> {
    (!table.is_empty()).then(|| table.inline())
}
