//! Records that wait: each is held back in keyed state until its time has come.
//!
//! As a Flink `KeyedProcessFunction` that keeps records in a map by time, and registers a timer for each. Knows the watermark
//! and the clock through its context only.

use super::{Context, Operator};
use crate::job::{DelayOptions, KeyedKind, Registration, Value, WindowTime};
use crate::state::{KeyedId, Timer, TimerKind};

/// The keyed state in which records wait.
const HELD: &str = "held";

const NANOS_OF_A_MILLISECOND: i64 = 1_000_000;

/// Holds each record back until its time has come: a span after it happened, or after it was processed (kind `delay`, functions
/// `event` and `processing`).
///
/// 1. A record goes on when the watermark reaches its time, or the clock does, with those of its key and time in order of
///    arrival; what goes on happened then. 2. One whose time the watermark has passed already goes on with the next
///    watermark: nothing is too late. 3. It is asked of no timer which clock it waited for: what a job by the other clock has
///    left goes on when its own time comes.
///
/// Keyed state `held`: of each key a row of rows `(time, values…)`, earliest first; milliseconds since 1970, or nanoseconds of
/// virtual time.
#[derive(Clone, Copy)]
pub(super) struct Delay {
    options: DelayOptions,
    held: Option<KeyedId>,
}

impl Delay {
    /// As it was told, by this clock; one that was told nothing waits a minute.
    pub(super) fn new(options: Option<DelayOptions>, time: WindowTime) -> Self {
        Self { options: DelayOptions { time, ..options.unwrap_or_default() }, held: None }
    }

    fn held(&self) -> KeyedId {
        self.held.expect("`initialize` declared what is held")
    }

    /// Until when a record waits, and by which clock.
    fn due(&self, context: &dyn Context) -> (TimerKind, i64) {
        let by = self.options.by;
        match self.options.time {
            WindowTime::Event => (TimerKind::Event, context.timestamp().plus_millis(by).millis()),
            WindowTime::Processing => {
                let now = i64::try_from(context.now().nanos()).unwrap_or(i64::MAX);
                let by = by.saturating_mul(NANOS_OF_A_MILLISECOND);
                (TimerKind::Processing, now.saturating_add(by))
            }
        }
    }
}

/// The time of a row of what is held.
fn time_of(waiting: &Value) -> Option<i64> {
    waiting.as_row()?.first()?.as_int()
}

impl Operator for Delay {
    fn initialize(&mut self, context: &mut dyn Context) {
        let registered = Registration { kind: KeyedKind::Map, ..Registration::default() };
        self.held = Some(context.register_keyed(HELD, registered));
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let (kind, due) = self.due(context);
        let slot = context.keyed(self.held());
        let mut all = slot.as_ref().and_then(Value::as_row).unwrap_or_default().to_vec();
        match all.binary_search_by_key(&Some(due), time_of) {
            Ok(place) => {
                let waiting = all[place].as_row().unwrap_or_default().iter().cloned();
                all[place] = Value::row_of(waiting.chain([value]));
            }
            Err(place) => all.insert(place, Value::row([Value::Int(due), value])),
        }
        *slot = Some(Value::row_of(all));
        context.register_timer(kind, due, 0);
    }

    fn on_timer(&mut self, _kind: TimerKind, timer: &Timer, context: &mut dyn Context) {
        let slot = context.keyed(self.held());
        let mut all = slot.as_ref().and_then(Value::as_row).unwrap_or_default().to_vec();
        let Ok(place) = all.binary_search_by_key(&Some(timer.time), time_of) else { return };
        let waiting = all.remove(place);
        *slot = (!all.is_empty()).then(|| Value::row_of(all));
        let values = waiting.as_row().and_then(|row| row.get(1..)).unwrap_or_default();
        values.iter().for_each(|value| context.emit(value.clone()));
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}
