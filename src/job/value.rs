//! Records and their values, and where a record came from.

use super::{EventTime, Nesting, NestingError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a record carries, a key is, and state holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// A 64-bit signed integer.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// UTF-8 text.
    Text(Arc<str>),
    /// Bytes that need not be UTF-8.
    Bytes(Arc<[u8]>),
    /// Columns, and how they are nested: [`Value::row`], [`Value::row_of`] and [`Value::try_row`] make rows.
    Row(Arc<[Value]>, Nesting),
}

impl Value {
    /// A text value.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// A row of columns.
    ///
    /// # Panics
    ///
    /// If rows lie in one another deeper than [`Nesting::DEPTH_MOST`], or it is larger than [`Nesting::COLUMNS_MOST`].
    #[inline]
    pub fn row<const N: usize>(columns: [Self; N]) -> Self {
        match Nesting::of(&columns) {
            Ok(nesting) => Self::Row(Arc::new(columns), nesting),
            Err(error) => refuse(error),
        }
    }

    /// A row of as many columns as there are.
    ///
    /// # Panics
    ///
    /// As [`Value::row`].
    #[inline]
    pub fn row_of(columns: impl IntoIterator<Item = Self>) -> Self {
        Self::try_row(columns.into_iter().collect::<Arc<[Self]>>())
            .unwrap_or_else(|error| refuse(error))
    }

    /// How many bytes it takes at the least, however it is spelled.
    pub fn bytes_least(&self) -> u64 {
        let length = |bytes: usize| u64::try_from(bytes).expect("usize fits in 64 bits");
        match self {
            Self::Int(_) | Self::Bool(_) => 1,
            Self::Text(text) => length(text.len()),
            Self::Bytes(bytes) => length(bytes.len()),
            Self::Row(columns, _) => columns.iter().map(Self::bytes_least).sum(),
        }
    }

    /// A row of columns that come from outside, where nobody knows how they are nested.
    ///
    /// # Errors
    ///
    /// If rows lie in one another deeper than [`Nesting::DEPTH_MOST`], or it is larger than [`Nesting::COLUMNS_MOST`].
    #[inline]
    pub fn try_row(columns: impl Into<Arc<[Self]>>) -> Result<Self, NestingError> {
        let columns = columns.into();
        Nesting::of(&columns).map(|nesting| Self::Row(columns, nesting))
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(_) | Self::Text(_) | Self::Bytes(_) | Self::Row(..) => None,
        }
    }

    /// The columns, if it is a row.
    pub fn as_row(&self) -> Option<&[Self]> {
        match self {
            Self::Row(columns, _) => Some(columns),
            Self::Int(_) | Self::Bool(_) | Self::Text(_) | Self::Bytes(_) => None,
        }
    }
}

#[cold]
#[inline(never)]
fn refuse(error: NestingError) -> ! {
    panic!("{error}")
}

/// One word an integer, since most keys and columns are integers. Whatever else feeds its kind and length after its
/// content, so that values of different kinds differ.
impl Hash for Value {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self {
            Self::Int(number) => hasher.write_i64(*number),
            Self::Bool(_) | Self::Text(_) | Self::Bytes(_) | Self::Row(..) => {
                hash_rarer(self, hasher)
            }
        }
    }
}

#[inline(never)] // large, and it calls itself
fn hash_rarer<H: Hasher>(value: &Value, hasher: &mut H) {
    match value {
        Value::Int(number) => hasher.write_i64(*number),
        Value::Bool(truth) => hasher.write_u64(1 << 56 | u64::from(*truth)),
        Value::Text(text) => hash_bytes(2, text.as_bytes(), hasher),
        Value::Bytes(bytes) => hash_bytes(3, bytes, hasher),
        Value::Row(columns, _) => {
            columns.iter().for_each(|column| column.hash(hasher));
            hash_end(4, columns.len(), hasher);
        }
    }
}

#[inline]
fn hash_bytes<H: Hasher>(kind: u64, bytes: &[u8], hasher: &mut H) {
    hasher.write(bytes);
    hash_end(kind, bytes.len(), hasher);
}

#[inline]
fn hash_end<H: Hasher>(kind: u64, length: usize, hasher: &mut H) {
    hasher.write_u64(kind << 56 ^ u64::try_from(length).expect("a length fits in 64 bits"));
}

/// Text as it is, bytes with `\xNN` escapes, a row in parentheses.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Bool(truth) => truth.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Bytes(bytes) => bytes.escape_ascii().fmt(f),
            Self::Row(columns, _) => {
                f.write_str("(")?;
                for (place, column) in columns.iter().enumerate() {
                    if place > 0 {
                        f.write_str(", ")?;
                    }
                    column.fmt(f)?;
                }
                f.write_str(")")
            }
        }
    }
}

/// Where a record came from: ghost bookkeeping that the simulated protocol never reads.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Origin {
    /// Which input (`InputId`).
    pub input: u16,
    /// Which partition of it.
    pub partition: u16,
    /// Which entry of the partition, from 0.
    pub offset: u32,
    /// Which descendant of the entry: 0 itself, else counted by the flat-maps on the way. The first is its ancestor
    /// again, so that operators that emit one value for each leave it alone.
    pub child: u32,
}

impl Origin {
    /// The origin of the `nth` value that an operator emitted for this record.
    #[inline]
    #[must_use]
    pub fn descend(self, nth: u32) -> Self {
        if nth == 0 {
            return self;
        }
        Self { child: self.child.wrapping_mul(1024).wrapping_add(nth), ..self }
    }

    /// The origin as two words, for digests and sums.
    #[inline]
    pub fn words(self) -> (u64, u64) {
        (
            u64::from(self.input) << 48 | u64::from(self.partition) << 32 | u64::from(self.offset),
            u64::from(self.child),
        )
    }

    /// A 64-bit hash of the origin; sums of these (wrapping) tell multisets apart with overwhelming probability.
    #[inline]
    pub fn hash(self) -> u64 {
        let (place, child) = self.words();
        let folded =
            u128::from(place ^ 0xA076_1D64_78BD_642F) * u128::from(child ^ 0xE703_7ED1_A0B4_28DB);
        #[expect(clippy::as_conversions, reason = "folds both halves of the product")]
        let hash = (folded as u64) ^ ((folded >> 64) as u64);
        hash ^ place.rotate_left(17)
    }

    /// The running hash of a sequence of origins, order included, once this one follows.
    #[inline]
    pub fn hash_after(self, before: u64) -> u64 {
        (before ^ self.hash()).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    }
}

/// One element of data on its way through a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What it says.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
    /// When it happened; `MIN` if nobody said.
    pub timestamp: EventTime,
}
