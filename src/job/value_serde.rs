//! How values are written and read by serde: as an enum of five kinds, a row as a list of its columns.
//!
//! Written out since a derived reader calls itself for as many levels as the bytes say.

use super::{Nesting, Value};
use serde::de::{self, DeserializeSeed, EnumAccess, SeqAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

const NAME: &str = "Value";
const KINDS: &[&str] = &["Int", "Bool", "Text", "Bytes", "Row"];
/// No more columns are reserved for before they are there: a length is only what somebody wrote.
const RESERVED_MOST: usize = 1024;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_newtype_variant(NAME, 0, KINDS[0], number),
            Self::Bool(truth) => serializer.serialize_newtype_variant(NAME, 1, KINDS[1], truth),
            Self::Text(text) => serializer.serialize_newtype_variant(NAME, 2, KINDS[2], text),
            Self::Bytes(bytes) => serializer.serialize_newtype_variant(NAME, 3, KINDS[3], bytes),
            Self::Row(columns, _) => {
                serializer.serialize_newtype_variant(NAME, 4, KINDS[4], columns)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Level(0).deserialize(deserializer)
    }
}

/// In how many rows what is read lies.
#[derive(Clone, Copy)]
struct Level(u32);

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_enum(NAME, KINDS, self)
    }
}

#[derive(Deserialize)]
enum Kind {
    Int,
    Bool,
    Text,
    Bytes,
    Row,
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (kind, content) = data.variant()?;
        Ok(match kind {
            Kind::Int => Value::Int(content.newtype_variant()?),
            Kind::Bool => Value::Bool(content.newtype_variant()?),
            Kind::Text => Value::Text(content.newtype_variant::<Arc<str>>()?),
            Kind::Bytes => Value::Bytes(content.newtype_variant::<Arc<[u8]>>()?),
            Kind::Row if self.0 == Nesting::DEPTH_MOST => {
                return Err(de::Error::custom(super::NestingError::TooDeep));
            }
            Kind::Row => content.newtype_variant_seed(Columns(Self(self.0 + 1)))?,
        })
    }
}

/// The columns of a row.
struct Columns(Level);

impl<'de> DeserializeSeed<'de> for Columns {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Columns {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the columns of a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut columns = Vec::with_capacity(list.size_hint().unwrap_or(0).min(RESERVED_MOST));
        while let Some(column) = list.next_element_seed(self.0)? {
            columns.push(column);
        }
        Value::try_row(columns).map_err(de::Error::custom)
    }
}
