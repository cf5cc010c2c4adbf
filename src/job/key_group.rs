//! Which key group a key falls into, and which subtask owns it: Java hash codes, Flink's mixing, ranges.
//!
//! Source of the rules: `KeyGroupRangeAssignment` and `MathUtils.murmurHash`.

use super::wiring::MAX_PARALLELISM_MAX;
use super::{KeyBy, KeyColumns, KeySelector, KeyType, Value};
use std::ops::RangeInclusive;
use thiserror::Error;

/// A value that has no key, or one that is not of the key's type.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// The key's column is not there.
    #[error("value `{value}` has no column {column}")]
    NoColumn {
        /// The value.
        value: String,
        /// The column, from 0.
        column: u16,
    },
    /// The key cannot be read as the type that it hashes as.
    #[error("key `{key}` cannot be written by {key_type}")]
    WrongType {
        /// The key.
        key: String,
        /// The type that was asked for.
        key_type: KeyType,
    },
}

impl KeyError {
    /// What to do about it, as one imperative sentence.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoColumn { .. } => "key by a column that every row has",
            Self::WrongType { .. } => "choose the key type that the values have",
        }
    }
}

impl KeySelector {
    #[inline]
    fn key_of(&self, value: &Value) -> Option<Value> {
        match self {
            Self::Value => Some(value.clone()),
            Self::Column(column) => value.as_row()?.get(usize::from(*column)).cloned(),
            Self::Columns(columns) => columns.of(value),
        }
    }
}

impl KeyColumns {
    #[cold]
    fn of(&self, value: &Value) -> Option<Value> {
        let row = value.as_row()?;
        let column = |column: &u16| row.get(usize::from(*column)).cloned();
        let columns: Vec<Value> = self.as_slice().iter().map(column).collect::<Option<_>>()?;
        Value::try_row(columns).ok()
    }
}

impl KeyBy {
    /// The key of a value, or none if the value has no such column.
    #[inline]
    pub fn key_of(&self, value: &Value) -> Option<Value> {
        self.selector.key_of(value)
    }

    /// The key of a value of one input, 0 or 1.
    #[inline]
    pub fn key_in(&self, input: u8, value: &Value) -> Option<Value> {
        let selector = match &self.second {
            Some(second) if input == 1 => second,
            Some(_) | None => &self.selector,
        };
        selector.key_of(value)
    }

    /// The Java hash code of a value's key.
    ///
    /// # Errors
    ///
    /// If the value has no such column or the key is not of the key's type.
    #[inline]
    pub fn hash_of(&self, value: &Value) -> Result<i32, KeyError> {
        let key = match &self.selector {
            KeySelector::Value => Some(value),
            KeySelector::Column(column) => {
                value.as_row().and_then(|row| row.get(usize::from(*column)))
            }
            KeySelector::Columns(_) => return self.hash_of_columns(value),
        };
        match key {
            Some(key) => java_hash_code(key, self.key_type),
            None => Err(self.no_column(value)),
        }
    }

    #[cold]
    fn hash_of_columns(&self, value: &Value) -> Result<i32, KeyError> {
        match self.key_of(value) {
            Some(key) => java_hash_code(&key, self.key_type),
            None => Err(self.no_column(value)),
        }
    }

    #[cold]
    fn no_column(&self, value: &Value) -> KeyError {
        let width = value.as_row().map_or(0, <[Value]>::len);
        let column = match &self.selector {
            KeySelector::Value => 0,
            KeySelector::Column(column) => *column,
            KeySelector::Columns(columns) => {
                let mut columns = columns.as_slice().iter().copied();
                columns.find(|column| usize::from(*column) >= width).unwrap_or_default()
            }
        };
        KeyError::NoColumn { value: value.to_string(), column }
    }
}

/// The Java hash code of a key as an object of `key_type`.
///
/// Columns of a row hash as `key_type` where they can and as `Auto` where they cannot, so a row of text and integers
/// under `Int` is a tuple of `String` and `Integer`.
///
/// # Errors
///
/// If the key cannot be read as `key_type`: another kind of value, an integer out of range, text of another length.
#[inline]
pub fn java_hash_code(key: &Value, key_type: KeyType) -> Result<i32, KeyError> {
    match (key, key_type) {
        (Value::Int(number), KeyType::Auto | KeyType::Long) => Ok(hash_of_long(*number)),
        (Value::Text(text), KeyType::Auto | KeyType::Text) => Ok(java_string_hash(text)),
        (key, key_type) => rare_hash_code(key, key_type)
            .ok_or_else(|| KeyError::WrongType { key: key.to_string(), key_type }),
    }
}

/// The hash code of all but integers and text that hash as themselves.
fn rare_hash_code(key: &Value, key_type: KeyType) -> Option<i32> {
    match (key, key_type) {
        (Value::Int(number), KeyType::Auto | KeyType::Long) => Some(hash_of_long(*number)),
        (Value::Int(number), KeyType::Int) => i32::try_from(*number).ok(),
        (Value::Int(number), KeyType::Short) => i16::try_from(*number).ok().map(i32::from),
        (Value::Int(number), KeyType::Byte) => i8::try_from(*number).ok().map(i32::from),
        (
            Value::Int(_),
            KeyType::Char | KeyType::Double | KeyType::Float | KeyType::Text | KeyType::Bool,
        ) => None,
        (Value::Bool(truth), KeyType::Auto | KeyType::Bool) => {
            Some(if *truth { 1231 } else { 1237 })
        }
        (Value::Text(text), KeyType::Auto | KeyType::Text) => Some(java_string_hash(text)),
        (Value::Text(text), KeyType::Char) => hash_of_char(text),
        (Value::Text(text), KeyType::Double) => text.parse().ok().map(hash_of_double),
        (Value::Text(text), KeyType::Float) => text.parse().ok().map(hash_of_float),
        (
            Value::Text(_),
            KeyType::Int | KeyType::Long | KeyType::Short | KeyType::Byte | KeyType::Bool,
        ) => None,
        (Value::Bytes(bytes), KeyType::Auto) => Some(hash_of_bytes(bytes)),
        (Value::Bool(_) | Value::Bytes(_), _) => None,
        (Value::Row(columns, _), _) => hash_of_tuple(columns, key_type),
    }
}

/// `Long.hashCode`.
#[inline]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "keeps the low half, as Java does"
)]
fn hash_of_long(number: i64) -> i32 {
    let bits = number.cast_unsigned();
    ((bits ^ (bits >> 32)) as u32).cast_signed()
}

/// `Double.hashCode`, for which all not-a-numbers are one.
fn hash_of_double(number: f64) -> i32 {
    let bits = if number.is_nan() { 0x7ff8_0000_0000_0000 } else { number.to_bits() };
    hash_of_long(bits.cast_signed())
}

/// `Float.hashCode`: its bits, for which all not-a-numbers are one.
const fn hash_of_float(number: f32) -> i32 {
    if number.is_nan() { 0x7fc0_0000 } else { number.to_bits().cast_signed() }
}

/// `Character.hashCode` of text of one UTF-16 unit.
fn hash_of_char(text: &str) -> Option<i32> {
    let mut units = text.encode_utf16();
    let unit = units.next()?;
    units.next().is_none().then_some(i32::from(unit))
}

/// `String.hashCode`: a polynomial in 31 over UTF-16 units.
#[inline]
pub fn java_string_hash(text: &str) -> i32 {
    let step = |hash: u32, unit: u32| hash.wrapping_mul(31).wrapping_add(unit);
    let hash = if text.is_ascii() {
        text.bytes().fold(0, |hash, byte| step(hash, u32::from(byte)))
    } else {
        text.encode_utf16().fold(0, |hash, unit| step(hash, u32::from(unit)))
    };
    hash.cast_signed()
}

/// `Arrays.hashCode(byte[])`: what the contents hash to. (A bare Java array hashes by identity and is no key at all;
/// Flink refuses it, a wrapper with this hash code it takes.)
fn hash_of_bytes(bytes: &[u8]) -> i32 {
    let step =
        |hash: i32, byte: &u8| hash.wrapping_mul(31).wrapping_add(i32::from(byte.cast_signed()));
    bytes.iter().fold(1, step)
}

/// The hash code of Flink's Java tuples: the first column's, then for each next one `31 * hash + next`.
fn hash_of_tuple(columns: &[Value], key_type: KeyType) -> Option<i32> {
    columns.iter().try_fold(0, |hash: i32, column| {
        let next =
            rare_hash_code(column, key_type).or_else(|| rare_hash_code(column, KeyType::Auto))?;
        Some(hash.wrapping_mul(31).wrapping_add(next))
    })
}

/// Flink's mixing of a Java hash code (`MathUtils.murmurHash`); below 2^31.
#[inline]
pub fn murmur_hash(hash_code: i32) -> u32 {
    let mut bits = hash_code.cast_unsigned();
    bits = bits.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593).rotate_left(13);
    bits = bits.wrapping_mul(5).wrapping_add(0xe654_6b64);
    bits ^= 4;
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35);
    bits ^= bits >> 16;
    // The absolute value, except that the one number without a positive twin becomes 0.
    bits.cast_signed().checked_abs().unwrap_or(0).cast_unsigned()
}

/// The key group of a key with this Java hash code. Panics if `max_parallelism` is not within 1 to 32768.
#[inline]
pub fn key_group(hash_code: i32, max_parallelism: u32) -> u16 {
    assert!(
        max_parallelism <= MAX_PARALLELISM_MAX,
        "max parallelism {max_parallelism} is above 32768"
    );
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "below max parallelism, so it fits"
    )]
    let group = (murmur_hash(hash_code) % max_parallelism) as u16;
    group
}

/// The subtask that owns a key group.
#[inline]
pub fn subtask_of_key_group(group: u16, max_parallelism: u32, parallelism: u32) -> u32 {
    debug_assert!(u32::from(group) < max_parallelism, "key group {group} of {max_parallelism}");
    u32::from(group) * parallelism / max_parallelism
}

/// The key groups that a subtask owns; never empty. Panics unless
/// `subtask < parallelism <= max_parallelism <= 32768`.
pub fn key_group_range(
    max_parallelism: u32,
    parallelism: u32,
    subtask: u32,
) -> RangeInclusive<u16> {
    assert!(subtask < parallelism, "subtask {subtask} of {parallelism}");
    assert!(
        parallelism <= max_parallelism,
        "parallelism {parallelism} is above max parallelism {max_parallelism}"
    );
    assert!(
        max_parallelism <= MAX_PARALLELISM_MAX,
        "max parallelism {max_parallelism} is above 32768"
    );
    let bound = |group: u32| u16::try_from(group).expect("a key group is below 32768");
    let first = (subtask * max_parallelism).div_ceil(parallelism);
    let last = ((subtask + 1) * max_parallelism - 1) / parallelism;
    bound(first)..=bound(last)
}

/// The max parallelism of an operator whose user sets none: the power of two at or above one and a half times its
/// parallelism, from 128 to 32768. None if the parallelism is not within 1 to 32768.
pub fn default_max_parallelism(parallelism: u32) -> Option<u32> {
    let roomy =
        || (parallelism + parallelism / 2).next_power_of_two().clamp(128, MAX_PARALLELISM_MAX);
    (1..=MAX_PARALLELISM_MAX).contains(&parallelism).then(roomy)
}

#[cfg(test)]
mod tests;
