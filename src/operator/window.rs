//! Tumbling windows over a keyed stream: what falls into a window, when it fires and when it is forgotten.
//!
//! As Flink's `WindowOperator` with `EventTimeTrigger` or `ProcessingTimeTrigger` and an aggregate function. Knows the
//! watermark and the clock through its context only.

use super::transform::{column_of, measure};
use super::{Context, Operator};
use crate::job::{
    EventTime, OperatorId, TumblingWindows, Value, WindowAggregate, WindowFunction, WindowOptions,
    WindowTime,
};
use crate::state::{KeyedEntry, KeyedId, OperatorSnapshot, Timer, TimerKind, TimerService};
use crate::trace::WindowsHeld;

/// The keyed state in which windows are held.
const CONTENTS: &str = "window-contents";

const NANOS_OF_A_MILLISECOND: i64 = 1_000_000;

/// Counts, sums, … the records of each key and window, and emits a row `((key, first millisecond), aggregates…)` when the
/// window fires (kind `window`, functions `event` and `processing`).
///
/// 1. A record whose window has been forgotten is late: it goes to the side output. 2. One that comes after its window has
///    fired, but before it is forgotten, makes it fire again at once. 3. A window fires when the watermark reaches its
///    last millisecond, or the clock its end. 4. It is forgotten when the watermark has passed that by the allowed
///    lateness.
///
/// The least and greatest of records without numbers are `false`.
///
/// A window is its start and its end (`TimeWindow`, the namespace of its state): one that an older job of another size left
/// open goes on beside those of the new size. Timers of another clock than the operator's own, from such a job, do nothing.
///
/// Keyed state `window-contents`: of each key a row of rows `(first millisecond, end, aggregates…)`, earliest first.
#[derive(Clone, Copy)]
pub(super) struct Window {
    options: WindowOptions,
    contents: Option<KeyedId>,
}

impl Window {
    /// As it was told, by this clock; one that was told nothing counts by the minute.
    pub(super) fn new(options: Option<WindowOptions>, time: WindowTime) -> Self {
        let options = WindowOptions { time, ..options.unwrap_or_default() };
        Self { options, contents: None }
    }

    fn windows(&self) -> TumblingWindows {
        self.options.windows
    }

    fn contents(&self) -> KeyedId {
        self.contents.expect("`initialize` declared the contents")
    }

    /// Adds a record to its window.
    fn add(&self, span: Span, value: &Value, context: &mut dyn Context) {
        let slot = context.keyed(self.contents());
        let mut windows = slot.as_ref().and_then(Value::as_row).unwrap_or_default().to_vec();
        let place = windows.binary_search_by_key(&span, Span::of);
        let before = place.ok().and_then(|place| windows[place].as_row());
        let aggregates = self.options.aggregates.as_slice().iter().zip(2..);
        let aggregates = aggregates.map(|(aggregate, column): (_, usize)| {
            let before = before.and_then(|row| row.get(column)).and_then(Value::as_int);
            folded(*aggregate, before, value)
        });
        let span = [span.start, span.end].map(Some);
        let numbers = span.into_iter().chain(aggregates);
        let row = numbers.map(|number| number.map_or(Value::Bool(false), Value::Int));
        let row = Value::row_of(row);
        match place {
            Ok(place) => windows[place] = row,
            Err(place) => windows.insert(place, row),
        }
        *slot = Some(Value::row_of(windows));
    }

    /// Emits what is in a window, if anything is.
    fn fire(&self, span: Span, context: &mut dyn Context) {
        let slot = context.keyed(self.contents());
        let windows = slot.as_ref().and_then(Value::as_row).unwrap_or_default();
        let Ok(place) = windows.binary_search_by_key(&span, Span::of) else { return };
        let aggregates = windows[place].as_row().unwrap_or_default().get(2..).unwrap_or_default();
        let aggregates = aggregates.to_vec();
        context.set_timestamp(span.last());
        let which = Value::row([context.key().clone(), Value::Int(span.start)]);
        context.emit(Value::row_of(std::iter::once(which).chain(aggregates)));
    }

    /// Forgets a window.
    fn purge(&self, span: Span, context: &mut dyn Context) {
        let slot = context.keyed(self.contents());
        let windows = slot.as_ref().and_then(Value::as_row).unwrap_or_default();
        let is_other = |window: &&Value| Span::of(window) != span;
        let rest: Vec<Value> = windows.iter().filter(is_other).cloned().collect();
        *slot = (!rest.is_empty()).then(|| Value::row_of(rest));
    }

    /// The windows of the current key that start there.
    fn starting_at(&self, start: i64, context: &mut dyn Context) -> Vec<Span> {
        let slot = context.keyed(self.contents());
        let windows = slot.as_ref().and_then(Value::as_row).unwrap_or_default().iter();
        windows.map(Span::of).filter(|span| span.start == start).collect()
    }

    /// The window of its own size that starts there.
    fn own(&self, start: EventTime) -> Span {
        Span { start: start.millis(), end: self.windows().last_of(start).plus_millis(1).millis() }
    }

    fn cleanup_of(&self, span: Span) -> EventTime {
        span.last().plus_millis(self.windows().lateness())
    }

    fn process_in_event_time(&self, value: Value, context: &mut dyn Context) {
        let (windows, watermark) = (self.windows(), context.current_watermark());
        let start = windows.start_of(context.timestamp());
        if windows.is_late(start, watermark) {
            context.emit_late(value);
            return;
        }
        let span = self.own(start);
        self.add(span, &value, context);
        if span.last() <= watermark {
            self.fire(span, context);
        } else {
            context.register_timer(TimerKind::Event, span.last().millis(), span.start);
        }
        context.register_timer(TimerKind::Event, self.cleanup_of(span).millis(), span.start);
    }

    fn process_in_processing_time(&self, value: &Value, context: &mut dyn Context) {
        let span = self.own(self.windows().start_of(EventTime::of_clock(context.now())));
        self.add(span, value, context);
        context.register_timer(TimerKind::Processing, span.end_by_clock(), span.start);
    }
}

/// A window: its first millisecond, and the one after its last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Span {
    start: i64,
    end: i64,
}

impl Span {
    /// As a row of the contents tells it.
    fn of(window: &Value) -> Self {
        let columns = window.as_row().unwrap_or_default();
        let at = |column: usize| columns.get(column).and_then(Value::as_int);
        Self { start: at(0).unwrap_or(i64::MIN), end: at(1).unwrap_or(i64::MIN) }
    }

    fn last(self) -> EventTime {
        EventTime::from_millis(self.end).plus_millis(-1)
    }

    /// Its end, in nanoseconds of virtual time.
    const fn end_by_clock(self) -> i64 {
        self.end.saturating_mul(NANOS_OF_A_MILLISECOND)
    }
}

impl Operator for Window {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.contents = Some(context.keyed_state(CONTENTS));
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        match self.options.time {
            WindowTime::Event => self.process_in_event_time(value, context),
            WindowTime::Processing => self.process_in_processing_time(&value, context),
        }
    }

    fn on_timer(&mut self, kind: TimerKind, timer: &Timer, context: &mut dyn Context) {
        for span in self.starting_at(timer.namespace, context) {
            match (kind, self.options.time) {
                (TimerKind::Processing, WindowTime::Processing)
                    if timer.time == span.end_by_clock() =>
                {
                    self.fire(span, context);
                    self.purge(span, context);
                }
                (TimerKind::Event, WindowTime::Event) => {
                    let time = EventTime::from_millis(timer.time);
                    if time == span.last() {
                        self.fire(span, context);
                    }
                    if time == self.cleanup_of(span) {
                        self.purge(span, context);
                    }
                }
                (TimerKind::Processing | TimerKind::Event, _) => {}
            }
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// The windows that an operator of windows holds in a snapshot, if any, and for how many it waits.
pub(crate) fn windows_held(
    operator: OperatorId,
    snapshot: &OperatorSnapshot,
) -> Option<WindowsHeld> {
    let of_keys = snapshot.keyed.get(CONTENTS)?.entries.iter();
    let mut first: Option<EventTime> = None;
    let mut starts: Vec<(&Value, i64)> = Vec::new();
    for entry in of_keys {
        for span in entry.value.as_row().unwrap_or_default().iter().map(Span::of) {
            first = Some(first.map_or(span.last(), |first| first.min(span.last())));
            starts.push((&entry.key, span.start));
        }
    }
    // Two of one start share their timers.
    starts.sort_unstable();
    starts.dedup();
    let first = first?;
    let names = TimerKind::ALL.map(|kind| kind.state_name(TimerService::Windows));
    let timers = names.iter().filter_map(|name| snapshot.keyed.get(*name));
    let timers = timers.flat_map(|timers| &timers.entries);
    let namespace = |entry: &KeyedEntry| entry.value.as_row()?.last()?.as_int();
    let mut awaited: Vec<(&Value, Option<i64>)> =
        timers.map(|timer| (&timer.key, namespace(timer))).collect();
    awaited.sort_unstable();
    awaited.dedup();
    let count = |length: usize| u64::try_from(length).expect("usize fits in 64 bits");
    let (windows, awaited) = (count(starts.len()), count(awaited.len()));
    Some(WindowsHeld { operator, windows, awaited, first })
}

/// An aggregate with one more record. None if there is still nothing to aggregate.
fn folded(aggregate: WindowAggregate, before: Option<i64>, value: &Value) -> Option<i64> {
    let number = measure(column_of(value, aggregate.column));
    match aggregate.function {
        WindowFunction::Count => Some(before.unwrap_or(0).wrapping_add(1)),
        WindowFunction::Sum => Some(before.unwrap_or(0).wrapping_add(number.unwrap_or(0))),
        WindowFunction::Min => before.into_iter().chain(number).min(),
        WindowFunction::Max => before.into_iter().chain(number).max(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{CheckpointId, KeyBy, KeySelector, WindowAggregates};
    use crate::kernel::SimTime;
    use crate::operator::Standalone;

    fn window(time: WindowTime, lateness: i64) -> Standalone {
        let aggregates =
            ["count", "sum 1", "min 1", "max 1"].map(|text| text.parse().expect("one"));
        let options = WindowOptions {
            windows: TumblingWindows::new(10, 0, lateness).expect("well formed"),
            time,
            aggregates: WindowAggregates::new(&aggregates).expect("four are allowed"),
        };
        let by_first = KeyBy::new(KeySelector::Column(0));
        let window = Box::new(Window::new(Some(options), time));
        Standalone::new(window).keyed_by(by_first).timers_of(TimerService::Windows)
    }
    fn row(key: &str, number: i64) -> Value {
        Value::row([Value::text(key), Value::Int(number)])
    }
    fn at(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }
    fn fired(key: &str, columns: [i64; 5]) -> Value {
        let [start, aggregates @ ..] = columns.map(Value::Int);
        let which = std::iter::once(Value::row([Value::text(key), start]));
        Value::row_of(which.chain(aggregates))
    }

    #[test]
    fn a_window_fires_once_the_watermark_has_reached_its_last_millisecond() {
        let mut days = window(WindowTime::Event, 0).start();
        days.process_at(0, row("a", 5), at(12));
        days.process_at(0, row("a", 3), at(19));
        days.process_at(0, row("a", 7), at(20));
        days.process_at(0, row("b", 1), at(10));
        days.advance_watermark(at(18));
        assert_eq!(days.take_emitted(), []);
        days.advance_watermark(at(19));
        let expected = [fired("a", [10, 2, 8, 3, 5]), fired("b", [10, 1, 1, 1, 1])];
        assert_eq!(days.take_emitted(), expected);
        days.process_at(0, row("a", 9), at(11));
        assert_eq!((days.take_emitted(), days.take_side()), (vec![], vec![row("a", 9)]));
        days.advance_watermark(EventTime::MAX);
        assert_eq!(days.take_emitted(), [fired("a", [20, 1, 7, 7, 7])]);
    }

    #[test]
    fn within_the_lateness_a_window_fires_again_at_once_and_is_forgotten_after_it() {
        let mut days = window(WindowTime::Event, 5).start();
        days.process_at(0, row("a", 5), at(12));
        days.advance_watermark(at(19));
        days.process_at(0, row("a", 6), at(13));
        days.advance_watermark(at(23));
        days.process_at(0, row("a", 7), at(14));
        let counts = [[10, 1, 5, 5, 5], [10, 2, 11, 5, 6], [10, 3, 18, 5, 7]];
        assert_eq!(days.take_emitted(), counts.map(|columns| fired("a", columns)));
        days.advance_watermark(at(24));
        days.process_at(0, row("a", 8), at(15));
        assert_eq!((days.take_emitted(), days.take_side()), (vec![], vec![row("a", 8)]));
        let left = days.barrier(CheckpointId::new(1));
        assert!(left.keyed["window-contents"].entries.is_empty());
    }

    #[test]
    fn open_windows_and_their_timers_survive_in_a_snapshot_and_the_watermark_does_not() {
        let first = CheckpointId::new(1);
        let mut before = window(WindowTime::Event, 0).start();
        before.process_at(0, row("a", 5), at(12));
        before.advance_watermark(at(9));
        let mut after = window(WindowTime::Event, 0).restore(first, before.barrier(first));
        after.process_at(0, row("a", 2), at(3));
        after.advance_watermark(at(30));
        let expected = [fired("a", [0, 1, 2, 2, 2]), fired("a", [10, 1, 5, 5, 5])];
        assert_eq!(after.take_emitted(), expected);
    }

    #[test]
    fn a_window_of_processing_time_fires_at_its_end_whatever_the_records_say() {
        let mut ticks = window(WindowTime::Processing, 0).start();
        ticks.advance_to(SimTime::from_millis(12));
        ticks.process_at(0, row("a", 5), at(900));
        ticks.advance_to(SimTime::from_nanos(19_999_999));
        assert_eq!(ticks.take_emitted(), []);
        ticks.advance_to(SimTime::from_millis(20));
        assert_eq!(ticks.take_emitted(), [fired("a", [10, 1, 5, 5, 5])]);
        ticks.process_at(0, row("a", 6), at(900));
        ticks.advance_to(SimTime::from_millis(35));
        assert_eq!(ticks.take_emitted(), [fired("a", [20, 1, 6, 6, 6])]);
    }
}
