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

/// How many rows there are, and the wrapping sum of the hashes of their values: equal sums are equal multisets with
/// overwhelming probability.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct RowSum {
    rows: usize,
    hashes: u64,
}

impl RowSum {
    /// How many rows.
    pub(super) const fn rows(self) -> usize {
        self.rows
    }

    /// Adds a row.
    #[inline]
    pub(super) fn add(&mut self, value: &Value) {
        self.rows += 1;
        self.hashes = self.hashes.wrapping_add(hash_of(value));
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
            Self::Sum(sum) => sum.add(&row.value),
        }
    }

    /// Forgets the rows.
    pub(super) fn reduce_to_sum(&mut self) {
        if let Self::Rows(rows) = self {
            let mut sum = RowSum::default();
            rows.iter().for_each(|row| sum.add(&row.value));
            *self = Self::Sum(sum);
        }
    }

    /// How far it has come; of rows that are kept, no hashes.
    #[inline]
    pub(super) const fn reached(&self) -> RowSum {
        match self {
            Self::Rows(rows) => RowSum { rows: rows.len(), hashes: 0 },
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
