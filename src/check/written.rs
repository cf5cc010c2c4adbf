//! What the reference writes to an external system: the rows themselves, or only their sum, which settles most worlds.

use crate::job::{Origin, Value};
use crate::state::FixedHasher;
use std::hash::{Hash, Hasher};

/// One row that the job would write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ReferenceRow {
    /// Its key, for an upsert.
    pub(super) key: Option<Value>,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// How many rows there are, and the wrapping sums of the hashes of their values and of those with their origins: equal sums are
/// equal multisets with overwhelming probability.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct RowSum {
    rows: usize,
    hashes: u64,
    of_records: u64,
}

impl RowSum {
    /// How many rows.
    pub(super) const fn rows(self) -> usize {
        self.rows
    }

    /// Adds a row.
    #[inline]
    pub(super) fn add(&mut self, value: &Value, origin: Origin) {
        let hash = hash_of(value);
        self.rows += 1;
        self.hashes = self.hashes.wrapping_add(hash);
        self.of_records = self.of_records.wrapping_add(with_origin(hash, origin));
    }

    /// Whether the rows are the same, whichever records they stem from.
    pub(super) const fn has_rows_of(self, other: Self) -> bool {
        self.rows == other.rows && self.hashes == other.hashes
    }
}

/// What one operator has written so far.
pub(super) enum Written {
    Rows(Vec<ReferenceRow>),
    Sum(RowSum),
}

impl Written {
    #[inline]
    pub(super) fn push(&mut self, row: ReferenceRow) {
        match self {
            Self::Rows(rows) => rows.push(row),
            Self::Sum(sum) => sum.add(&row.value, row.origin),
        }
    }

    /// Forgets the rows.
    pub(super) fn reduce_to_sum(&mut self) {
        if let Self::Rows(rows) = self {
            let mut sum = RowSum::default();
            rows.iter().for_each(|row| sum.add(&row.value, row.origin));
            *self = Self::Sum(sum);
        }
    }

    /// How far it has come; of rows that are kept, no hashes.
    #[inline]
    pub(super) const fn reached(&self) -> RowSum {
        match self {
            Self::Rows(rows) => RowSum { rows: rows.len(), hashes: 0, of_records: 0 },
            Self::Sum(sum) => *sum,
        }
    }

    /// Writes once more what came after `since`.
    pub(super) fn repeat(&mut self, since: RowSum) {
        match self {
            Self::Rows(rows) => rows.extend_from_within(since.rows..),
            Self::Sum(sum) => {
                sum.rows += sum.rows - since.rows;
                sum.hashes = sum.hashes.wrapping_add(sum.hashes.wrapping_sub(since.hashes));
                let added = sum.of_records.wrapping_sub(since.of_records);
                sum.of_records = sum.of_records.wrapping_add(added);
            }
        }
    }

    /// The rows up to there. Panics if only their sum is kept.
    pub(super) fn rows(&self, until: RowSum) -> &[ReferenceRow] {
        match self {
            Self::Rows(rows) => &rows[..until.rows],
            Self::Sum(_) => panic!("rows are compared of which only the sum was kept"),
        }
    }
}

/// A 64-bit hash of a value.
#[inline]
pub(super) fn hash_of(value: &Value) -> u64 {
    let mut hasher = FixedHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The hash of a value that stems from a record. No sum of both, which would be the same where two rows have each other's.
#[inline]
pub(super) fn with_origin(hash: u64, origin: Origin) -> u64 {
    origin.hash().wrapping_mul(hash | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: i64) -> ReferenceRow {
        ReferenceRow { key: None, value: Value::Int(number), origin: Origin::default() }
    }

    fn written(numbers: &[i64]) -> Written {
        let mut written = Written::Rows(Vec::new());
        numbers.iter().for_each(|number| written.push(row(*number)));
        written.reduce_to_sum();
        written
    }

    #[test]
    fn the_sum_tells_multisets_apart_and_not_their_orders() {
        let sum = |numbers: &[i64]| written(numbers).reached();
        assert_eq!(sum(&[1, 2, 2]), sum(&[2, 1, 2]));
        assert_ne!(sum(&[1, 2, 2]), sum(&[1, 1, 2]));
        assert_ne!(sum(&[1, 2]), sum(&[1, 2, 2]));
    }

    #[test]
    fn the_sum_tells_which_row_stems_from_which_record() {
        let sum = |numbers: [i64; 2]| {
            let mut sum = RowSum::default();
            for (number, offset) in numbers.into_iter().zip(0..) {
                sum.add(&Value::Int(number), Origin { offset, ..Origin::default() });
            }
            sum
        };
        assert!(sum([1, 2]) != sum([2, 1]) && sum([1, 2]).has_rows_of(sum([2, 1])));
    }

    #[test]
    fn rows_that_are_written_again_count_again_kept_or_summed() {
        let mut summed = written(&[7]);
        let mut kept = Written::Rows(vec![row(7)]);
        for written in [&mut summed, &mut kept] {
            let since = written.reached();
            written.push(row(8));
            written.push(row(9));
            written.repeat(since);
        }
        kept.reduce_to_sum();
        assert_eq!(summed.reached(), written(&[7, 8, 9, 8, 9]).reached());
        assert_eq!(kept.reached(), summed.reached());
    }
}
