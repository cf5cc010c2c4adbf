//! Virtual time.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A moment of virtual time, or a span of it, in nanoseconds since the world began.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct SimTime(u64);

impl SimTime {
    /// The beginning of the world; also the empty span.
    pub const ZERO: Self = Self(0);
    /// Later than everything.
    pub const MAX: Self = Self(u64::MAX);

    /// From nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
    /// From microseconds; saturates at `MAX`.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }
    /// From milliseconds; saturates at `MAX`.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }
    /// From seconds; saturates at `MAX`.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }
    /// In nanoseconds.
    #[inline]
    pub const fn nanos(self) -> u64 {
        self.0
    }
    /// This moment and a span after it; saturates at `MAX`.
    #[inline]
    #[must_use]
    pub const fn plus(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
    /// The span from `earlier` to this moment, or zero if it is not earlier.
    #[inline]
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
    /// In milliseconds with three digits behind the point, as people are told of moments: `77.268ms`.
    pub fn in_millis(self) -> String {
        format!("{}.{:03}ms", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
    /// A span `times` as long; saturates at `MAX`.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// The largest unit that loses nothing: `1500ms`, `2s`, `0s`. Reads back with `parse`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            nanos if nanos % 1_000_000_000 == 0 => format!("{}s", nanos / 1_000_000_000),
            nanos if nanos % 1_000_000 == 0 => format!("{}ms", nanos / 1_000_000),
            nanos if nanos % 1_000 == 0 => format!("{}us", nanos / 1_000),
            nanos => format!("{nanos}ns"),
        };
        f.pad(&text)
    }
}

/// Why a text is not a span of time.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// It does not begin with a whole number.
    #[error("`{0}` is not a span of time: it must be a whole number and a unit, such as `1500ms`")]
    NoNumber(String),
    /// Nothing follows the number.
    #[error("`{0}` has no unit: it must be one of ns, us, ms, s, m, h")]
    NoUnit(String),
    /// Something else than a unit follows the number.
    #[error("`{text}` has no unit of time in it: `{unit}` is not one of ns, us, ms, s, m, h")]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// What stands in place of the unit.
        unit: String,
    },
    /// It is longer than 2^64 - 1 nanoseconds, about 584 years.
    #[error("`{0}` is longer than virtual time, which ends after 584 years")]
    TooLong(String),
}

/// A whole number and a unit without a space between them: `7ns`, `10us`, `1500ms`, `2s`, `5m`,
/// `1h`.
impl FromStr for SimTime {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let owned = || text.to_owned();
        let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let nanos: u64 = match unit {
            _ if number.is_empty() => return Err(SpanError::NoNumber(owned())),
            "" => return Err(SpanError::NoUnit(owned())),
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60 * 1_000_000_000,
            "h" => 3_600 * 1_000_000_000,
            other if other.starts_with(['.', ',', '_']) => {
                return Err(SpanError::NoNumber(owned()));
            }
            other => return Err(SpanError::UnknownUnit { text: owned(), unit: other.to_owned() }),
        };
        let number: u64 = number.parse().map_err(|_| SpanError::TooLong(owned()))?;
        number.checked_mul(nanos).map(Self).ok_or_else(|| SpanError::TooLong(owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_are_told_milliseconds() {
        let check = |nanos, expected: &str| {
            assert_eq!(SimTime::from_nanos(nanos).in_millis(), expected);
        };
        check(0, "0.000ms");
        check(77_268_013, "77.268ms");
        check(8_000_000_999, "8000.000ms");
    }

    #[test]
    fn a_span_is_a_whole_number_and_a_unit() {
        let check = |text: &str, expected: u64| {
            assert_eq!(text.parse(), Ok(SimTime::from_nanos(expected)), "{text}")
        };
        check("7ns", 7);
        check("10us", 10_000);
        check("1500ms", 1_500_000_000);
        check("2s", 2_000_000_000);
        check("5m", 300_000_000_000);
        check("1h", 3_600_000_000_000);
        check("0s", 0);
        check("18446744073709551615ns", u64::MAX);
    }

    #[test]
    fn a_text_that_is_no_span_says_why() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<SimTime>().expect_err(text).to_string(), expected);
        };
        check(
            "",
            "`` is not a span of time: it must be a whole number and a unit, such as `1500ms`",
        );
        check(
            "-1s",
            "`-1s` is not a span of time: it must be a whole number and a unit, such as `1500ms`",
        );
        check(
            "1.5s",
            "`1.5s` is not a span of time: it must be a whole number and a unit, such as `1500ms`",
        );
        check("15", "`15` has no unit: it must be one of ns, us, ms, s, m, h");
        check("1 s", "`1 s` has no unit of time in it: ` s` is not one of ns, us, ms, s, m, h");
        check("3d", "`3d` has no unit of time in it: `d` is not one of ns, us, ms, s, m, h");
        check("600000000h", "`600000000h` is longer than virtual time, which ends after 584 years");
        check(
            "99999999999999999999ns",
            "`99999999999999999999ns` is longer than virtual time, which ends after 584 years",
        );
    }

    proptest! {
        #[test]
        fn a_span_reads_back_as_it_was_displayed(nanos: u64, zeros in 0_u32..12) {
            let span = SimTime::from_nanos(nanos / 10_u64.pow(zeros) * 10_u64.pow(zeros));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
}
