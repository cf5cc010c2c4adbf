//! The words of an enum as its reader spells them.

use super::{Note, Word};
use crate::documented::Documented;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor, value};
use serde::forward_to_deserialize_any;

/// The words of an enum, each with what it means.
pub(in crate::scenario) fn words_of<T: Documented + DeserializeOwned>() -> Vec<Word> {
    let names = spellings::<T>();
    assert_eq!(names.len(), T::ABOUT.len(), "a word of {names:?} has no meaning");
    let word =
        |(name, about): (&&str, &&str)| Word { name: (*name).to_owned(), note: Note::read(about) };
    names.iter().zip(T::ABOUT).map(word).collect()
}

/// The spellings that the reader of an enum knows. It asks for one of them, and this notes what it asks for.
fn spellings<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut asked: &'static [&'static str] = &[];
    let refused = T::deserialize(Asked(&mut asked));
    assert!(refused.is_err(), "nothing was there to be read");
    asked
}

/// Gives its reader nothing, and notes the variants that it asks for.
struct Asked<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, value::Error> {
        Err(value::Error::custom("there is nothing to be read"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        *self.0 = variants;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
