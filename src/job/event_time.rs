//! Event time: when something happened by its own account, and the tumbling windows it falls into.
//!
//! Owns the arithmetic only. Where timestamps come from, how watermarks travel and when a window fires are not known
//! here.

use crate::kernel::SimTime;
use serde::{Deserialize, Serialize};
use std::fmt;

const NANOS_OF_A_MILLISECOND: u64 = 1_000_000;

/// Milliseconds since 1970-01-01T00:00Z, negative before, as in Flink. Not virtual time: a world of two seconds may
/// read a year of events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct EventTime(i64);

impl EventTime {
    /// Before everything: the watermark of an operator that has heard of none.
    pub const MIN: Self = Self(i64::MIN);
    /// After everything: the watermark that stands before the end of data.
    pub const MAX: Self = Self(i64::MAX);

    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }
    /// In milliseconds since 1970.
    #[inline]
    pub const fn millis(self) -> i64 {
        self.0
    }
    /// The whole milliseconds of a moment of virtual time, for ingestion time.
    pub fn of_clock(now: SimTime) -> Self {
        Self(i64::try_from(now.nanos() / NANOS_OF_A_MILLISECOND).expect("2^64 ns are fewer ms"))
    }
    /// So many milliseconds later, or earlier if negative; stops at `MIN` and `MAX`.
    #[inline]
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// The milliseconds, or `min` and `max`.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MIN => f.pad("min"),
            Self::MAX => f.pad("max"),
            Self(millis) => f.pad(&millis.to_string()),
        }
    }
}

/// Windows of one size, side by side (Flink: `TumblingEventTimeWindows` and the cleanup of `WindowOperator`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TumblingWindows {
    size: i64,
    offset: i64,
    lateness: i64,
}

impl TumblingWindows {
    /// `size`, `offset` and allowed `lateness` in milliseconds. `None` unless the size is positive, the offset shorter
    /// than the size either way, and the lateness not negative.
    pub fn new(size: i64, offset: i64, lateness: i64) -> Option<Self> {
        let shifted_within = size > 0 && offset > -size && offset < size;
        (shifted_within && lateness >= 0).then_some(Self { size, offset, lateness })
    }
    /// How long each is, in milliseconds.
    pub const fn size(self) -> i64 {
        self.size
    }
    /// By how many milliseconds they are shifted against 1970.
    pub const fn offset(self) -> i64 {
        self.offset
    }
    /// For how many milliseconds of event time a window is kept after it has fired.
    pub const fn lateness(self) -> i64 {
        self.lateness
    }
    /// The first millisecond of the window that `time` falls into.
    pub fn start_of(self, time: EventTime) -> EventTime {
        let into =
            (i128::from(time.millis()) - i128::from(self.offset)).rem_euclid(i128::from(self.size));
        let into = i64::try_from(into).expect("a remainder is smaller than the size, an i64");
        time.plus_millis(-into)
    }
    /// The last millisecond of the window that starts at `start`: it fires once the watermark has reached it.
    pub fn last_of(self, start: EventTime) -> EventTime {
        start.plus_millis(self.size - 1)
    }
    /// When the window that starts at `start` is forgotten.
    pub fn cleanup_of(self, start: EventTime) -> EventTime {
        self.last_of(start).plus_millis(self.lateness)
    }
    /// Whether the window that starts at `start` takes nothing in any more.
    pub fn is_late(self, start: EventTime, watermark: EventTime) -> bool {
        self.cleanup_of(start) <= watermark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    #[test]
    fn a_window_starts_at_or_before_what_falls_into_it_also_before_1970() {
        let windows = TumblingWindows::new(10, 3, 0).expect("well formed");
        let starts: Vec<i64> =
            [-8, -7, 2, 3, 12, 13].map(|time| windows.start_of(at(time)).millis()).to_vec();
        assert_eq!(starts, [-17, -7, -7, 3, 3, 13]);
    }

    #[test]
    fn a_window_is_open_until_its_last_millisecond_and_the_lateness_have_passed() {
        let windows = TumblingWindows::new(10, 0, 5).expect("well formed");
        assert_eq!(windows.last_of(at(20)), at(29));
        assert!(!windows.is_late(at(20), at(33)));
        assert!(windows.is_late(at(20), at(34)));
        assert!(!windows.is_late(at(20), EventTime::MIN));
    }

    #[test]
    fn windows_that_make_no_sense_are_refused() {
        let refused =
            [(0, 0, 0), (-1, 0, 0), (10, 10, 0), (10, -10, 0), (10, 0, -1), (i64::MIN, 0, 0)];
        for (size, offset, lateness) in refused {
            assert_eq!(TumblingWindows::new(size, offset, lateness), None, "{size} {offset}");
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let windows = TumblingWindows::new(i64::MAX, 0, i64::MAX).expect("well formed");
        assert_eq!(windows.start_of(EventTime::MIN), EventTime::MIN);
        assert_eq!(windows.cleanup_of(EventTime::MAX), EventTime::MAX);
    }
}
