//! Folds what a value says of itself: names of fields, words and numbers, as a line of JSON spells them.
//!
//! Not how it is laid out: the order of fields, how types are nested and the order of an enum's variants do not count, nor
//! does what is told beside the facts.

use super::Digest;
use serde::{Serialize, Serializer, ser};
use std::fmt;

/// The name by which what is told beside the facts is known.
const ASIDE: &str = "aside";

/// Serializes a field that is told beside the facts: it is spelled as any other, and enters no digest. For
/// `#[serde(serialize_with)]`.
pub fn aside<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(ASIDE, value)
}

/// Whether what was serialized counts.
type Counts = Result<bool, fmt::Error>;

/// Folds the facts of a value into a digest.
pub(super) struct Facts<'a>(pub(super) &'a mut Digest);

/// The items of a list, in their order, or the fields of an object, in any.
pub(super) struct Parts<'a> {
    whole: &'a mut Digest,
    /// The field at hand, whose name is there already.
    field: Digest,
    /// Of the fields so far; a sum, so that their order does not count.
    sum: [u64; 2],
}

impl<'a> Facts<'a> {
    fn word(self, word: u64) -> Counts {
        self.0.fold(word, 0);
        Ok(true)
    }

    fn parts(self) -> Parts<'a> {
        Parts { whole: self.0, field: Digest::new(), sum: [0; 2] }
    }
}

impl Parts<'_> {
    fn name<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), fmt::Error> {
        self.field = Digest::new();
        name.serialize(Facts(&mut self.field)).map(|_| ())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        if value.serialize(Facts(&mut self.field))? {
            let [left, right] = self.field.lanes;
            self.sum = [self.sum[0].wrapping_add(left), self.sum[1].wrapping_add(right)];
        }
        Ok(())
    }

    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), fmt::Error> {
        item.serialize(Facts(self.whole)).map(|_| ())
    }

    fn end_of_fields(self) -> Counts {
        self.whole.fold(self.sum[0], self.sum[1]);
        Ok(true)
    }
}

macro_rules! words {
    ($($method:ident($number:ty) as $how:expr;)+) => {
        $(fn $method(self, number: $number) -> Counts {
            self.word($how(number))
        })+
    };
}

impl<'a> Serializer for Facts<'a> {
    type Ok = bool;
    type Error = fmt::Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    words! {
        serialize_bool(bool) as u64::from;
        serialize_u8(u8) as u64::from;
        serialize_u16(u16) as u64::from;
        serialize_u32(u32) as u64::from;
        serialize_u64(u64) as u64::from;
        serialize_char(char) as u64::from;
        serialize_i8(i8) as |number| i64::from(number).cast_unsigned();
        serialize_i16(i16) as |number| i64::from(number).cast_unsigned();
        serialize_i32(i32) as |number| i64::from(number).cast_unsigned();
        serialize_i64(i64) as i64::cast_unsigned;
        serialize_f32(f32) as |number| f64::from(number).to_bits();
        serialize_f64(f64) as f64::to_bits;
    }

    fn serialize_str(self, text: &str) -> Counts {
        self.serialize_bytes(text.as_bytes())
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Counts {
        self.0.fold_bytes(bytes);
        Ok(true)
    }
    fn serialize_none(self) -> Counts {
        self.0.fold(0, 2);
        Ok(true)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Counts {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Counts {
        self.serialize_none()
    }
    fn serialize_unit_struct(self, _: &'static str) -> Counts {
        self.serialize_none()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Counts {
        self.serialize_str(name)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Counts {
        if name == ASIDE { Ok(false) } else { value.serialize(self) }
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Counts {
        let mut fields = self.parts();
        fields.name(name)?;
        fields.value(value)?;
        fields.end_of_fields()
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<Parts<'a>, fmt::Error> {
        self.0.fold(super::length_word(length.unwrap_or(0)), 3);
        Ok(self.parts())
    }
    fn serialize_tuple(self, length: usize) -> Result<Parts<'a>, fmt::Error> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<Parts<'a>, fmt::Error> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Parts<'a>, fmt::Error> {
        self.0.fold_bytes(name.as_bytes());
        self.serialize_seq(Some(length))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, fmt::Error> {
        Ok(self.parts())
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, fmt::Error> {
        Ok(self.parts())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, fmt::Error> {
        self.0.fold_bytes(name.as_bytes());
        Ok(self.parts())
    }
}

macro_rules! items {
    ($($list:ident::$method:ident;)+) => {
        $(impl ser::$list for Parts<'_> {
            type Ok = bool;
            type Error = fmt::Error;
            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), fmt::Error> {
                self.item(item)
            }
            fn end(self) -> Counts {
                Ok(true)
            }
        })+
    };
}

items! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! fields {
    ($($object:ident;)+) => {
        $(impl ser::$object for Parts<'_> {
            type Ok = bool;
            type Error = fmt::Error;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), fmt::Error> {
                self.name(name)?;
                self.value(value)
            }
            fn end(self) -> Counts {
                self.end_of_fields()
            }
        })+
    };
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = bool;
    type Error = fmt::Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), fmt::Error> {
        self.name(name)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.value(value)
    }
    fn end(self) -> Counts {
        self.end_of_fields()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(tag = "event", rename_all = "kebab-case")]
    enum Flat {
        AckSent { checkpoint: Option<u64>, task: u32, late: bool },
        TaskGone { task: u32 },
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Nested {
        Job(Kind),
        Task {
            task: u32,
            #[serde(serialize_with = "aside")]
            attempt: u32,
            #[serde(flatten)]
            event: Kind,
        },
    }

    #[derive(Serialize)]
    #[serde(tag = "event", rename_all = "kebab-case")]
    enum Kind {
        TaskGone,
        AckSent { late: bool, checkpoint: Option<u64> },
    }

    fn digest(value: &impl Serialize) -> Digest {
        let mut digest = Digest::new();
        digest.fold_facts(value);
        digest
    }

    fn ack(task: u32, attempt: u32, checkpoint: Option<u64>) -> Digest {
        digest(&Nested::Task { task, attempt, event: Kind::AckSent { late: true, checkpoint } })
    }

    #[test]
    fn how_events_are_nested_and_what_is_told_aside_do_not_count() {
        let flat = digest(&Flat::AckSent { checkpoint: Some(7), task: 3, late: true });
        assert_eq!(ack(3, 0, Some(7)), flat);
        assert_eq!(ack(3, 5, Some(7)), flat);
        let gone = digest(&Nested::Task { task: 3, attempt: 1, event: Kind::TaskGone });
        assert_eq!(gone, digest(&Flat::TaskGone { task: 3 }));
    }

    #[test]
    fn what_differs_in_a_fact_differs() {
        let digests = [
            ack(3, 0, Some(7)),
            ack(4, 0, Some(7)),
            ack(3, 0, Some(0)),
            ack(3, 0, None),
            digest(&Flat::AckSent { checkpoint: Some(7), task: 3, late: false }),
            digest(&Flat::TaskGone { task: 3 }),
            digest(&Nested::Job(Kind::TaskGone)),
            digest(&Flat::TaskGone { task: 7 }),
            digest(&[1, 2]),
            digest(&[2, 1]),
            digest(&[[1], [2]]),
            digest(&("ab", "c")),
            digest(&("a", "bc")),
        ];
        for (place, digest) in digests.iter().enumerate() {
            assert!(!digests[..place].contains(digest), "{place} is the digest of an earlier one");
        }
    }
}
