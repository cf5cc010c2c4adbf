//! How a source tells when its records happened, and how far behind its watermarks stay.

use super::{EventTime, Value};
use crate::kernel::SimTime;

/// The timestamps and watermarks of a source (`WatermarkStrategy`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceTime {
    /// The column of its rows that holds milliseconds since 1970. By default a record happens when it is read, in
    /// milliseconds of virtual time: ingestion time.
    pub column: Option<u16>,
    /// By how many milliseconds of event time a record may come behind a later one, 0 or more.
    pub out_of_orderness: i64,
    /// How long nothing may be read of a partition before nobody waits for it any more; by default for ever.
    pub idle_after: Option<SimTime>,
    /// How often watermarks are told (`pipeline.auto-watermark-interval`), more than zero.
    pub interval: SimTime,
}

impl SourceTime {
    /// How often watermarks are told by default: 200 ms.
    pub const INTERVAL: SimTime = SimTime::from_millis(200);

    /// When a value that is read now happened. `MIN` if its column holds no integer.
    pub fn of(&self, value: &Value, now: SimTime) -> EventTime {
        match self.column {
            None => EventTime::of_clock(now),
            Some(column) => {
                let column = value.as_row().and_then(|row| row.get(usize::from(column)));
                column.and_then(Value::as_int).map_or(EventTime::MIN, EventTime::from_millis)
            }
        }
    }

    /// What may be told once a record of this timestamp, the latest so far, was read (`BoundedOutOfOrdernessWatermarks`).
    pub const fn watermark(&self, latest: EventTime) -> EventTime {
        latest.plus_millis(-1).plus_millis(-self.out_of_orderness)
    }
}

/// Ingestion time.
impl Default for SourceTime {
    fn default() -> Self {
        Self { column: None, out_of_orderness: 0, idle_after: None, interval: Self::INTERVAL }
    }
}
