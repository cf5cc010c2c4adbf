//! Columns of a CSV input: how the text of a field becomes a value.
//!
//! Knows no files and no CSV quoting; a field comes here as the text it stands for.

use crate::job::{EventTime, Value};
use std::fmt;
use std::str::FromStr;

const MILLIS_OF_A_SECOND: i64 = 1000;
const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

/// What the fields of a column are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Column {
    /// 64-bit signed integers.
    Int,
    /// Text as it stands.
    Text,
    /// Moments of event time, as milliseconds since 1970 in UTC.
    Time(TimeFormat),
}

impl Column {
    /// The value of a field.
    ///
    /// # Errors
    ///
    /// If the field is not what the column holds: what is wrong with it.
    pub fn read(&self, field: &str) -> Result<Value, String> {
        match self {
            Self::Int => field
                .parse()
                .map(Value::Int)
                .map_err(|_| format!("`{field}` is not a whole number of 64 bits")),
            Self::Text => Ok(Value::text(field)),
            Self::Time(format) => format.read(field).map(|time| Value::Int(time.millis())),
        }
    }
}

/// `int`, `text`, or `time` and a format.
impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(' ') {
            None if text == "int" => Ok(Self::Int),
            None if text == "text" => Ok(Self::Text),
            Some(("time", format)) => TimeFormat::new(format).map(Self::Time),
            Some(_) | None => Err(format!(
                "`{text}` is none of `int`, `text` and a time such as `time %Y/%m/%d %H:%M`"
            )),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int => f.write_str("int"),
            Self::Text => f.write_str("text"),
            Self::Time(format) => write!(f, "time {}", format.0),
        }
    }
}

/// How a moment is written: `%Y` a year of four digits, `%m` month, `%d` day, `%H` hour, `%M` minute and `%S` second of
/// two digits each, `%%` a percent sign; all else stands for itself. Hour, minute and second are 0 where not written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimeFormat(String);

impl TimeFormat {
    /// The format, if it tells at least the day, and nothing twice.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn new(format: &str) -> Result<Self, String> {
        let mut told = String::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                continue;
            }
            match letters.next() {
                Some('%') => {}
                Some(part) if "YmdHMS".contains(part) && !told.contains(part) => told.push(part),
                Some(part) if told.contains(part) => {
                    return Err(format!("the time format `{format}` has `%{part}` twice"));
                }
                Some(part) => {
                    return Err(format!(
                        "`%{part}` in the time format `{format}` is none of %Y, %m, %d, %H, %M, %S and %%"
                    ));
                }
                None => return Err(format!("the time format `{format}` ends within a `%`")),
            }
        }
        match "Ymd".chars().find(|part| !told.contains(*part)) {
            Some(part) => Err(format!("the time format `{format}` has no `%{part}`")),
            None => Ok(Self(format.to_owned())),
        }
    }

    /// The moment that a field tells.
    ///
    /// # Errors
    ///
    /// If the field is not of this format, or there is no such moment.
    pub fn read(&self, field: &str) -> Result<EventTime, String> {
        let unlike = || format!("`{field}` is not a time like `{}`", self.0);
        let mut moment = Moment { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
        let mut rest = field;
        let mut letters = self.0.chars();
        while let Some(letter) = letters.next() {
            let part = if letter == '%' { letters.next().unwrap_or('%') } else { '%' };
            let place = match part {
                'Y' => &mut moment.year,
                'm' => &mut moment.month,
                'd' => &mut moment.day,
                'H' => &mut moment.hour,
                'M' => &mut moment.minute,
                'S' => &mut moment.second,
                _ => {
                    rest = rest.strip_prefix(letter).ok_or_else(unlike)?;
                    continue;
                }
            };
            let width = if part == 'Y' { 4 } else { 2 };
            let (digits, after) = rest.split_at_checked(width).ok_or_else(unlike)?;
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(unlike());
            }
            *place = digits.parse().map_err(|_| unlike())?;
            rest = after;
        }
        if !rest.is_empty() {
            return Err(unlike());
        }
        moment.event_time().ok_or_else(|| format!("there is no such time as `{field}`"))
    }
}

/// A moment as the calendar tells it, in UTC without leap seconds.
#[derive(Clone, Copy)]
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    fn event_time(self) -> Option<EventTime> {
        let exists = (1..=12).contains(&self.month)
            && (1..=self.days_of_month()).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        let of_day = (self.hour * 60 + self.minute) * 60 + self.second;
        let seconds = self.days_since_1970() * SECONDS_OF_A_DAY + of_day;
        exists.then(|| EventTime::from_millis(seconds * MILLIS_OF_A_SECOND))
    }

    fn days_of_month(self) -> i64 {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// In the Gregorian calendar, whose years are counted from March, so that a leap day is the last of its year.
    fn days_since_1970(self) -> i64 {
        const DAYS_FROM_MARCH_OF_YEAR_0_TO_1970: i64 = 719_468;
        let year = if self.month > 2 { self.year } else { self.year - 1 };
        let months = (self.month + 9) % 12;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let days_of_months = (153 * months + 2) / 5;
        year * 365 + leap_days + days_of_months + self.day - 1 - DAYS_FROM_MARCH_OF_YEAR_0_TO_1970
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(column: &str, field: &str) -> Result<Value, String> {
        column.parse::<Column>().expect("a column").read(field)
    }

    #[test]
    fn a_time_is_milliseconds_since_1970_also_before_it_and_on_leap_days() {
        let format = "time %Y/%m/%d %H:%M";
        let cases = [
            ("1970/01/01 00:00", 0),
            ("1969/12/31 23:59", -60_000),
            ("2000/02/29 00:00", 951_782_400_000),
            ("2001/01/01 00:47", 978_310_020_000),
            ("2026/11/21 12:00", 1_795_262_400_000),
        ];
        for (field, millis) in cases {
            assert_eq!(read(format, field), Ok(Value::Int(millis)), "{field}");
        }
        assert_eq!(read("time %d.%m.%Y", "02.01.1970"), Ok(Value::Int(86_400_000)));
        assert_eq!(read("time %S%% %Y%m%d", "07% 19700101"), Ok(Value::Int(7_000)));
    }

    #[test]
    fn days_that_are_not_in_the_calendar_are_refused() {
        let format = "time %Y-%m-%d %H:%M:%S";
        for field in [
            "2001-02-29 00:00:00",
            "1900-02-29 00:00:00",
            "2001-00-01 00:00:00",
            "2001-13-01 00:00:00",
            "2001-04-31 00:00:00",
            "2001-04-00 00:00:00",
            "2001-04-30 24:00:00",
            "2001-04-30 00:60:00",
            "2001-04-30 00:00:60",
        ] {
            let expected = format!("there is no such time as `{field}`");
            assert_eq!(read(format, field), Err(expected));
        }
    }

    #[test]
    fn a_field_that_is_not_of_the_column_is_refused() {
        for (column, field) in [
            ("int", ""),
            ("int", "1.5"),
            ("int", "9223372036854775808"),
            ("time %Y%m%d", "2001010"),
            ("time %Y%m%d", "200101011"),
            ("time %Y%m%d", "+2010101"),
            ("time %Y%m%d", "2001é101"),
            ("time %Y/%m/%d", "2001-01-01"),
        ] {
            assert!(read(column, field).is_err(), "{column}: {field}");
        }
    }

    #[test]
    fn a_column_is_written_as_it_was_read_and_senseless_ones_are_refused() {
        for text in ["int", "text", "time %Y/%m/%d %H:%M"] {
            assert_eq!(text.parse::<Column>().expect("a column").to_string(), text);
        }
        for text in [
            "",
            "integer",
            "int 8",
            "time",
            "time %Y%m",
            "time %Y%m%d%q",
            "time %Y%Y%m%d",
            "time %Y%m%d%",
        ] {
            assert!(text.parse::<Column>().is_err(), "{text}");
        }
    }
}
