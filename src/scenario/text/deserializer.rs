//! Reads the types of a file out of its TOML.
//!
//! As the reader of the `toml` crate does, and in its words, but with one type for every value: what is read from tables,
//! lists, keys and spans through types of their own is compiled once for each of them, which was a sixth of this crate.

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a value cannot be read, and where it stands.
#[derive(Debug)]
pub(in crate::scenario) struct Refused {
    pub(in crate::scenario) message: String,
    pub(in crate::scenario) at: Option<Range<usize>>,
}

/// A value, a key, or an end of a span.
pub(super) struct Node<'i> {
    at: Range<usize>,
    what: What<'i>,
}

enum What<'i> {
    Value(DeValue<'i>),
    /// A byte of the text, as [`Spanned`] asks for it.
    Byte(u64),
    /// A name that [`Spanned`] gives its fields.
    Field(&'static str),
}

/// What a reader is given.
enum Given<'i> {
    Text(String),
    Field(&'static str),
    Integer(i64),
    Natural(u64),
    Float(f64),
    Truth(bool),
    Time(String),
    Items(Items<'i>),
    Pairs(Pairs<'i>),
}

/// The pairs of a table, or the fields of a [`Spanned`].
struct Pairs<'i> {
    rest: std::vec::IntoIter<(Node<'i>, Node<'i>)>,
    value: Option<Node<'i>>,
}

/// The items of a list.
struct Items<'i>(std::vec::IntoIter<Spanned<DeValue<'i>>>);

/// A word, and what stands behind it.
struct Variant<'i> {
    word: Node<'i>,
    value: Option<Node<'i>>,
}

impl<'i> Node<'i> {
    /// A whole file.
    pub(super) fn of(document: Spanned<DeTable<'i>>) -> Self {
        Self { at: document.span(), what: What::Value(DeValue::Table(document.into_inner())) }
    }

    fn value(value: Spanned<DeValue<'i>>) -> Self {
        Self { at: value.span(), what: What::Value(value.into_inner()) }
    }

    /// What a reader is given.
    fn given(self) -> Result<Given<'i>, Refused> {
        let value = match self.what {
            What::Value(value) => value,
            What::Byte(place) => return Ok(Given::Natural(place)),
            What::Field(name) => return Ok(Given::Field(name)),
        };
        Ok(match value {
            DeValue::String(text) => Given::Text(text.into_owned()),
            DeValue::Integer(number) => {
                let (digits, radix) = (number.as_str(), number.radix());
                match (i64::from_str_radix(digits, radix), u64::from_str_radix(digits, radix)) {
                    (Ok(number), _) => Given::Integer(number),
                    (Err(_), Ok(number)) => Given::Natural(number),
                    (Err(_), Err(_)) => return Err(de::Error::custom("integer number overflowed")),
                }
            }
            DeValue::Float(number) => {
                Given::Float(number.as_str().parse().map_err(de::Error::custom)?)
            }
            DeValue::Boolean(is_so) => Given::Truth(is_so),
            DeValue::Datetime(time) => Given::Time(time.to_string()),
            DeValue::Array(items) => Given::Items(Items(items.into_iter())),
            DeValue::Table(table) => Given::Pairs(Pairs::of(table)),
        })
    }
}

impl<'i> Pairs<'i> {
    fn new(pairs: Vec<(Node<'i>, Node<'i>)>) -> Self {
        Self { rest: pairs.into_iter(), value: None }
    }

    fn of(table: DeTable<'i>) -> Self {
        let key = |key: Spanned<_>| Node {
            at: key.span(),
            what: What::Value(DeValue::String(key.into_inner())),
        };
        Self::new(table.into_iter().map(|(name, value)| (key(name), Node::value(value))).collect())
    }

    /// What [`Spanned`] asks for, by the names that it gives its fields: where it begins, where it ends, the value.
    fn spanned(fields: &[&'static str], node: Node<'i>) -> Self {
        let Range { start, end } = node.at.clone();
        let byte = |place| {
            let place = u64::try_from(place).expect("a file is short");
            Node { at: start..end, what: What::Byte(place) }
        };
        let field = |name| Node { at: start..end, what: What::Field(name) };
        let [from, to, value] = fields else { unreachable!("a span has two ends and a value") };
        Self::new(vec![(field(*from), byte(start)), (field(*to), byte(end)), (field(*value), node)])
    }
}

/// Says where, unless that is known better.
fn placed<T>(result: Result<T, Refused>, at: Range<usize>) -> Result<T, Refused> {
    result.map_err(|refused| Refused { at: refused.at.or(Some(at)), ..refused })
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let at = self.at.clone();
        let read = self.given().and_then(|given| match given {
            Given::Text(text) => visitor.visit_string(text),
            Given::Field(name) => visitor.visit_borrowed_str(name),
            Given::Integer(number) => visitor.visit_i64(number),
            Given::Natural(number) => visitor.visit_u64(number),
            Given::Float(number) => visitor.visit_f64(number),
            Given::Truth(is_so) => visitor.visit_bool(is_so),
            Given::Time(time) => {
                Err(de::Error::invalid_type(de::Unexpected::Other(&time), &visitor))
            }
            Given::Items(items) => visitor.visit_seq(items),
            Given::Pairs(pairs) => visitor.visit_map(pairs),
        });
        placed(read, at)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match serde_spanned::de::is_spanned(name) {
            true => visitor.visit_map(Pairs::spanned(fields, self)),
            false => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let at = self.at.clone();
        placed(Variant::of(self).and_then(|variant| visitor.visit_enum(variant)), at)
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 i8 i16 i32 i64 i128 u128 f32 f64 char str string seq bytes byte_buf map unit ignored_any
        unit_struct tuple_struct tuple identifier
    }
}

impl<'i> IntoDeserializer<'i, Refused> for Node<'i> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'i> MapAccess<'i> for Pairs<'i> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'i>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'i>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(self.value.take().expect("its key was read"))
    }
}

impl<'i> SeqAccess<'i> for Items<'i> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'i>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        self.0.next().map(|item| seed.deserialize(Node::value(item))).transpose()
    }
}

impl<'i> Variant<'i> {
    /// A text is a word alone; the one key of a table is a word with something behind it.
    fn of(node: Node<'i>) -> Result<Self, Refused> {
        match node.what {
            What::Value(DeValue::Table(table)) if table.len() == 1 => {
                let pair = Pairs::of(table).rest.next();
                let (word, value) = pair.expect("it has one pair");
                Ok(Self { word, value: Some(value) })
            }
            What::Value(DeValue::Table(table)) if table.is_empty() => {
                Err(de::Error::custom("wanted exactly 1 element, found 0 elements"))
            }
            What::Value(DeValue::Table(_)) => {
                Err(de::Error::custom("wanted exactly 1 element, more than 1 element"))
            }
            What::Value(DeValue::String(_)) | What::Field(_) => {
                Ok(Self { word: node, value: None })
            }
            What::Value(_) | What::Byte(_) => Err(de::Error::custom("wanted string or table")),
        }
    }
}

impl<'i> EnumAccess<'i> for Variant<'i> {
    type Error = Refused;
    type Variant = Behind<'i>;

    fn variant_seed<V: DeserializeSeed<'i>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Behind<'i>), Refused> {
        Ok((seed.deserialize(self.word)?, Behind(self.value)))
    }
}

/// What stands behind a word.
struct Behind<'i>(Option<Node<'i>>);

impl<'i> Behind<'i> {
    fn node(self, expected: &str) -> Result<Node<'i>, Refused> {
        let nothing = de::Unexpected::UnitVariant;
        self.0.ok_or_else(|| de::Error::invalid_type(nothing, &expected))
    }
}

impl<'i> de::VariantAccess<'i> for Behind<'i> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        let Some(node) = self.0 else { return Ok(()) };
        match node.what {
            What::Value(DeValue::Table(table)) if table.is_empty() => Ok(()),
            What::Value(value) => {
                let message = format!("expected empty table, found {}", value.type_str());
                placed(Err(de::Error::custom(message)), node.at)
            }
            What::Byte(_) | What::Field(_) => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'i>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self.node("newtype variant")?)
    }

    fn tuple_variant<V: Visitor<'i>>(self, _len: usize, visitor: V) -> Result<V::Value, Refused> {
        self.node("tuple variant")?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'i>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.node("struct variant")?.deserialize_any(visitor)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), at: None }
    }
}
