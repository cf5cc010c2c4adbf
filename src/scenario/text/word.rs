//! The smallest parts of a scenario file: times, counts, lists and tables that keep their order.

use super::shape::{CheckpointOf, CheckpointOfJob};
use crate::kernel::{SEED_MAX, SimTime, SpanError};
use crate::scenario::language::{Described, Form, Spelled, free};
use crate::scenario::{Budget, Column};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use toml::Spanned;

/// A time or a span: `"1500ms"`.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Time(pub SimTime);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A span of event time in whole milliseconds: `"2h"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Millis(pub i64);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(de::Error::custom)
    }
}

impl Millis {
    /// The span of a text, or what is wrong with it.
    fn read(text: &str) -> Result<Self, String> {
        const NANOS: u64 = 1_000_000;
        let time: SimTime = text.parse().map_err(|wrong: SpanError| wrong.to_string())?;
        if !time.nanos().is_multiple_of(NANOS) {
            return Err(format!("`{time}` is not a whole number of milliseconds"));
        }
        i64::try_from(time.nanos() / NANOS).map(Self).map_err(|wrong| wrong.to_string())
    }
}

/// What a column of a CSV input holds: `"int"`, `"text"`, `"time %Y/%m/%d"`.
#[derive(Clone, Debug)]
pub(super) struct ColumnText(pub Column);

impl<'de> Deserialize<'de> for ColumnText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A range of spans, both ends included: `"100us..1ms"`, or `"1ms"` for both.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeRange(pub (SimTime, SimTime));

impl<'de> Deserialize<'de> for TimeRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(de::Error::custom)
    }
}

impl TimeRange {
    /// The range of a text, or what is wrong with it.
    fn read(text: &str) -> Result<Self, String> {
        let span = |text: &str| text.parse().map_err(|wrong: SpanError| wrong.to_string());
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let (low, high) = (span(low)?, span(high)?);
        if low > high {
            return Err(format!("`{text}` is an empty range"));
        }
        Ok(Self((low, high)))
    }
}

/// A whole number from 1 to `MOST`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::scenario) struct Count<const MOST: u32>(pub u32);

impl<const MOST: u32> Count<MOST> {
    /// The count as a `u16`, for counts of at most 65535.
    pub(super) fn narrow(self) -> u16 {
        u16::try_from(self.0).expect("the type of the key allows 65535 at most")
    }
}

impl<'de, const MOST: u32> Deserialize<'de> for Count<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        Self::within(number).map_err(de::Error::custom)
    }
}

impl<const MOST: u32> Count<MOST> {
    /// The number as a count, or what is wrong with it.
    pub(super) fn within(number: i64) -> Result<Self, String> {
        let count = u32::try_from(number).ok().filter(|count| (1..=MOST).contains(count));
        count.map(Self).ok_or_else(|| format!("{number} is not within 1 to {MOST}"))
    }
}

/// How many events a world plays at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EventCount(pub u64);

impl<'de> Deserialize<'de> for EventCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        let most = Budget::EVENTS_MAX;
        let count = u64::try_from(number).ok().filter(|count| (1..=most).contains(count));
        let wrong = || de::Error::custom(format!("{number} is not within 1 to {most}"));
        count.map(Self).ok_or_else(wrong)
    }
}

/// Declares how a value is read that may stand in several shapes: what was expected, then a line a shape.
macro_rules! shapes {
    ($Visitor:ident => $Value:ty, $read:ident, $expected:expr;
     $($visit:ident($given:ident: $Given:ty) |$this:ident, $E:ident| $made:expr;)+
     $(+ { $($rest:tt)* })?) => {
        impl<'de> Deserialize<'de> for $Value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.$read($Visitor)
            }
        }

        struct $Visitor;

        impl<'de> Visitor<'de> for $Visitor {
            type Value = $Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&$expected)
            }

            $(fn $visit<$E: de::Error>(self, $given: $Given) -> Result<$Value, $E> {
                let $this = &self;
                $made
            })+
            $($($rest)*)?
        }
    };
}
pub(super) use shapes;

/// A seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Seed(pub u64);

shapes!(SeedVisitor => Seed, deserialize_u64, format!("a whole number from 0 to {SEED_MAX}");
    visit_u64(seed: u64) |_this, E| match seed {
        0..=SEED_MAX => Ok(Seed(seed)),
        _ => Err(E::custom(format!("{seed} is not within 0 to {SEED_MAX}"))),
    };
    visit_i64(seed: i64) |this, E| {
        let found = de::Unexpected::Signed(seed);
        u64::try_from(seed).map(Seed).map_err(|_| E::invalid_value(found, this))
    };
);

/// A table whose entries keep the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Ordered<T>(pub Vec<(Spanned<String>, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
    type Value = Ordered<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Ordered(entries))
    }
}

/// One name, or a list of them.
#[derive(Clone, Debug)]
pub(super) enum OneOrMany {
    /// One.
    One(String),
    /// A list.
    Many(Vec<Spanned<String>>),
}

shapes!(OneOrManyVisitor => OneOrMany, deserialize_any, "a name or a list of names";
    visit_str(name: &str) |_this, E| Ok(OneOrMany::One(name.to_owned()));
    + {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = list.next_element()? {
                names.push(name);
            }
            Ok(OneOrMany::Many(names))
        }
    }
);

/// A value as `--output` prints it: text, or a number or truth that prints so.
#[derive(Clone, Debug)]
pub(super) struct Printed(pub String);

shapes!(PrintedVisitor => Printed, deserialize_any, "a text, a whole number or a truth value";
    visit_str(text: &str) |_this, E| Ok(Printed(text.to_owned()));
    visit_i64(number: i64) |_this, E| Ok(Printed(number.to_string()));
    visit_bool(truth: bool) |_this, E| Ok(Printed(truth.to_string()));
);

shapes!(CheckpointOfVisitor => CheckpointOf, deserialize_any,
    "a checkpoint's number, or `{ checkpoint = NUMBER, job = NAME }`";
    visit_i64(number: i64) |_this, E| {
        let checkpoint = Count::within(number).map_err(E::custom)?;
        Ok(CheckpointOf { checkpoint, job: None })
    };
    + {
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CheckpointOf, A::Error> {
            let CheckpointOfJob { checkpoint, job } =
                CheckpointOfJob::deserialize(de::value::MapAccessDeserializer::new(map))?;
            Ok(CheckpointOf { checkpoint, job })
        }
    }
);

/// Says what may stand behind a key that is read by these types.
macro_rules! described {
    ($($Type:ty => $form:expr;)+) => {
        $(impl Described for $Type {
            fn form() -> Form {
                $form
            }
        })+
    };
}

/// A text that something reads.
macro_rules! read_by {
    ($what:literal, $example:literal, $read:expr) => {
        Form::Text(Spelled {
            what: $what,
            example: $example,
            check: |text| $read(text).map(|_| ()).map_err(|wrong| wrong.to_string()),
        })
    };
}

described! {
    bool => Form::Truth;
    u16 => Form::Whole(0, u16::MAX.into());
    u32 => Form::Whole(0, u32::MAX.into());
    u64 => Form::Whole(0, i64::MAX);
    i32 => Form::Whole(i32::MIN.into(), i32::MAX.into());
    String => free("a text", "text");
    Arc<str> => free("a name", "name");
    Time => read_by!("a span of time", "100ms", str::parse::<SimTime>);
    Millis => read_by!("a span of whole milliseconds", "20ms", Self::read);
    TimeRange => read_by!("a span of time, or a range of them", "1ms..10ms", Self::read);
    ColumnText => read_by!("what a column holds: `int`, `text` or `time FORMAT`", "int", str::parse::<Column>);
    EventCount => Form::Whole(1, i64::try_from(Budget::EVENTS_MAX).unwrap_or(i64::MAX));
    Seed => Form::Whole(0, i64::try_from(SEED_MAX).unwrap_or(i64::MAX));
    OneOrMany => Form::Either("a name or a list of names",
        vec![free("a name", "name"), Form::List(Box::new(free("a name", "name")))]);
    Printed => Form::Either("a text, a whole number or a truth value",
        vec![free("a text", "7"), Form::Whole(i64::MIN, i64::MAX), Form::Truth]);
}

impl<const MOST: u32> Described for Count<MOST> {
    fn form() -> Form {
        Form::Whole(1, MOST.into())
    }
}

impl<T: Described> Described for Ordered<T> {
    const IS_NEEDED: bool = false;
    fn form() -> Form {
        Form::ByName("name", Box::new(T::form()))
    }
}
