//! How deep the rows of a value are nested and how much they hold, so that walking through a value is always bounded.
//!
//! Kept beside each row and worked out where it is made: comparing, hashing, printing, writing and dropping a value may
//! then call themselves for its columns.

use super::Value;
use std::cmp::Ordering;
use std::fmt;

/// Where the depth begins in the word; below it is the number of columns.
const DEPTH_SHIFT: u32 = 24;
/// The part of the word that tells columns.
const COLUMNS_MASK: u32 = (1 << DEPTH_SHIFT) - 1;

/// How deep a row is nested, and how many columns it and the rows in it have. Equal rows have equal ones, so it takes no
/// part in comparisons.
#[derive(Clone, Copy)]
pub struct Nesting(u32);

impl Nesting {
    /// How many rows may lie in one another, the outermost and the innermost counted.
    pub const DEPTH_MOST: u32 = 128;
    /// How many columns a row and all rows in it may have, as they would be spelled out.
    pub const COLUMNS_MOST: u32 = COLUMNS_MASK;

    /// That of a row of these columns.
    ///
    /// # Errors
    ///
    /// If it is nested too deep, or is too large.
    #[inline]
    pub fn of(columns: &[Value]) -> Result<Self, NestingError> {
        let mut depth = 0;
        let mut cells = u64::try_from(columns.len()).map_err(|_| NestingError::TooLarge)?;
        for column in columns {
            if let Value::Row(_, Self(inner)) = column {
                depth = depth.max(inner >> DEPTH_SHIFT);
                cells += u64::from(inner & COLUMNS_MASK);
            }
        }
        if depth >= Self::DEPTH_MOST {
            return Err(NestingError::TooDeep);
        }
        match u32::try_from(cells) {
            Ok(cells) if cells <= Self::COLUMNS_MOST => {
                Ok(Self((depth + 1) << DEPTH_SHIFT | cells))
            }
            Ok(_) | Err(_) => Err(NestingError::TooLarge),
        }
    }

    /// How many rows lie in one another.
    pub const fn depth(self) -> u32 {
        self.0 >> DEPTH_SHIFT
    }
}

/// Why values cannot be the columns of one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NestingError {
    /// Too many rows in one another.
    #[error("a value is nested in more than {} rows", Nesting::DEPTH_MOST)]
    TooDeep,
    /// Too many columns, those of rows in it counted.
    #[error("a row and the rows in it have more than {} columns", Nesting::COLUMNS_MOST)]
    TooLarge,
}

impl PartialEq for Nesting {
    #[inline]
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Nesting {}

impl PartialOrd for Nesting {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Nesting {
    #[inline]
    fn cmp(&self, _other: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl fmt::Debug for Nesting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deep", self.depth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: u32) -> Result<Value, NestingError> {
        let first = Value::Int(7);
        (0..levels).try_fold(first, |value, _| Value::try_row(vec![value]))
    }

    #[test]
    fn as_many_rows_as_the_bound_lie_in_one_another_and_one_more_is_refused() {
        let deepest = nested(Nesting::DEPTH_MOST).expect("as deep as the bound");
        let again = nested(Nesting::DEPTH_MOST).expect("as deep as the bound");
        assert_eq!(deepest, again);
        assert!(deepest.to_string().starts_with("(((((((("), "{deepest}");
        assert_eq!(nested(Nesting::DEPTH_MOST + 1), Err(NestingError::TooDeep));
        assert_eq!(Value::try_row(vec![Value::Int(1), deepest]), Err(NestingError::TooDeep));
    }

    #[test]
    fn a_row_of_shared_parts_is_as_large_as_it_would_be_spelled_out() {
        let doubled = |times: u32| {
            let first = Value::Int(7);
            (0..times).try_fold(first, |value, _| Value::try_row(vec![value.clone(), value]))
        };
        // 2 + 4 + … + 2^23 columns are 2^24 - 2.
        assert!(doubled(23).is_ok());
        assert_eq!(doubled(24), Err(NestingError::TooLarge));
    }

    #[test]
    fn what_is_written_deeper_than_the_bound_is_refused_without_overflow() {
        for levels in [Nesting::DEPTH_MOST + 1, 100_000] {
            let levels = usize::try_from(levels).expect("it fits");
            // A row of one column, as postcard writes it: the fifth kind of value, and one element.
            let mut bytes = [4, 1].repeat(levels);
            bytes.extend([0, 14]);
            assert!(postcard::from_bytes::<Value>(&bytes).is_err(), "{levels} levels");
        }
        let mut bytes = [4, 1].repeat(128);
        bytes.extend([0, 14]);
        let read: Value = postcard::from_bytes(&bytes).expect("as deep as the bound");
        assert_eq!(read, nested(Nesting::DEPTH_MOST).expect("as deep as the bound"));
        assert_eq!(postcard::to_stdvec(&read).expect("it can be written"), bytes);
    }
}
