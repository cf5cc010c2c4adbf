//! What a window operator is told: which windows, of which time, and what it makes of their records.

use super::TumblingWindows;
use crate::documented::documented;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Tumbling windows over a keyed stream, and what is made of each (`WindowOperator`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowOptions {
    /// Their size, offset and allowed lateness. In processing time nothing is late.
    pub windows: TumblingWindows,
    /// By which clock records fall into windows, and windows fire.
    pub time: WindowTime,
    /// The columns of a window's row, after its key and its first millisecond.
    pub aggregates: WindowAggregates,
}

documented! {
    /// By which clock records fall into windows, and windows fire.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum WindowTime {
        /// The records' timestamps and the watermark (`TumblingEventTimeWindows`, `registerEventTimeTimer()`). Of a source that
        /// tells no column that is ingestion time.
        #[default]
        Event,
        /// The virtual time at which a record is processed (`TumblingProcessingTimeWindows`, `registerProcessingTimeTimer()`), in
        /// milliseconds.
        Processing,
    }
}

impl WindowTime {
    /// Its word in a scenario, and the function of such a window in the catalogue.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Processing => "processing",
        }
    }
}

/// One aggregate of the records of a window. Spelled `count`, or `sum 4` of a column; without a column it is of the measure
/// of a record: an integer itself, the last integer column of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowAggregate {
    /// What is made of the records.
    pub function: WindowFunction,
    /// The column it is made of.
    pub column: Option<u16>,
}

/// What a window makes of its records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowFunction {
    /// How many there are.
    Count,
    /// Their sum, wrapping. What has no integer counts as 0.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// The aggregates of a window, in order: 1 to [`WindowAggregates::MOST`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowAggregates {
    all: [WindowAggregate; Self::MOST],
    length: u8,
}

impl WindowAggregates {
    /// How many aggregates a window can have.
    pub const MOST: usize = 4;

    /// These aggregates; none if there are none or too many.
    pub fn new(aggregates: &[WindowAggregate]) -> Option<Self> {
        let length = u8::try_from(aggregates.len()).ok().filter(|length| *length > 0)?;
        let count = WindowAggregate { function: WindowFunction::Count, column: None };
        let mut all = [count; Self::MOST];
        all.get_mut(..aggregates.len())?.copy_from_slice(aggregates);
        Some(Self { all, length })
    }

    /// The aggregates.
    pub fn as_slice(&self) -> &[WindowAggregate] {
        &self.all[..usize::from(self.length)]
    }
}

/// Counts by the minute of event time.
impl Default for WindowOptions {
    fn default() -> Self {
        let count = WindowAggregate { function: WindowFunction::Count, column: None };
        Self {
            windows: TumblingWindows::new(60_000, 0, 0).expect("a minute is well formed"),
            time: WindowTime::Event,
            aggregates: WindowAggregates::new(&[count]).expect("one is allowed"),
        }
    }
}

impl fmt::Display for WindowAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.function {
            WindowFunction::Count => "count",
            WindowFunction::Sum => "sum",
            WindowFunction::Min => "min",
            WindowFunction::Max => "max",
        })?;
        self.column.map_or(Ok(()), |column| write!(f, " {column}"))
    }
}

/// `count`, or one of `sum`, `min` and `max`, alone or with the number of a column.
impl FromStr for WindowAggregate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is none of `count`, `sum`, `sum COLUMN`, `min`, `max`");
        let (function, column) = match text.split_once(' ') {
            Some((function, column)) => (function, Some(column.parse().map_err(|_| refused())?)),
            None => (text, None),
        };
        let function = match (function, column) {
            ("count", None) => WindowFunction::Count,
            ("sum", _) => WindowFunction::Sum,
            ("min", _) => WindowFunction::Min,
            ("max", _) => WindowFunction::Max,
            _ => return Err(refused()),
        };
        Ok(Self { function, column })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_is_written_as_it_was_read_and_senseless_ones_are_refused() {
        for text in ["count", "sum", "sum 4", "min 0", "max"] {
            let aggregate: WindowAggregate = text.parse().expect("an aggregate");
            assert_eq!(aggregate.to_string(), text);
        }
        for text in ["", "count 1", "sum x", "sum -1", "sum  1", "mean"] {
            assert!(text.parse::<WindowAggregate>().is_err(), "{text}");
        }
    }
}
