//! Puts the rows of an input out of order, within limits.
//!
//! Each row is put off by a drawn span of event time, and the rows are sorted by when they come then; so none comes behind
//! one that happened that much later, or more.

use crate::job::Value;
use crate::kernel::{Choices, to_index};
use crate::scenario::Input;

/// In which order the entries come, by their places; none if they stay as they are. A row without a time stays among the first.
pub(super) fn order(
    entries: impl Iterator<Item = Value>,
    input: &Input,
    choices: &Choices,
) -> Option<Vec<u32>> {
    let shuffle = input.shuffle?;
    let within = u64::try_from(shuffle.within).expect("a checked scenario shuffles within a span");
    let draws = choices.stream("shuffle", &input.name);
    let comes = |(row, entry): (u32, Value)| {
        let column = entry.as_row().and_then(|row| row.get(usize::from(shuffle.column)));
        let time = column.and_then(Value::as_int).unwrap_or(i64::MIN);
        let put_off = i64::try_from(draws.below(row.into(), within)).expect("below an i64");
        (time.saturating_add(put_off), row)
    };
    let mut rows: Vec<(i64, u32)> = (0..).zip(entries).map(comes).collect();
    // Those that come at the same time stay in order.
    rows.sort_unstable();
    Some(rows.into_iter().map(|(_, row)| row).collect())
}

/// The entries in the order in which the input has them.
#[cfg(any(feature = "fs", test))]
pub(super) fn shuffled(entries: Vec<Value>, input: &Input, choices: &Choices) -> Vec<Value> {
    let Some(order) = order(entries.iter().cloned(), input, choices) else { return entries };
    let entry = |row: u32| entries[to_index(row)].clone();
    order.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::SimTime;
    use crate::scenario::{InputKind, Shuffle};

    fn shuffled_times(within: i64) -> Vec<i64> {
        let input = Input {
            name: "rows".to_owned(),
            kind: InputKind::Generate { records: 0, keys: 1, step: None },
            partitions: 1,
            grows: Vec::new(),
            every: SimTime::ZERO,
            shuffle: Some(Shuffle { column: 0, within }),
        };
        let rows = (0..200).map(|time| Value::row([Value::Int(time)])).collect();
        let rows = shuffled(rows, &input, &Choices::new(7));
        rows.iter().filter_map(|row| row.as_row()?.first()?.as_int()).collect()
    }

    #[test]
    fn rows_are_out_of_order_but_none_comes_so_much_behind_a_later_one() {
        let times = shuffled_times(20);
        let mut latest = i64::MIN;
        let mut furthest = 0;
        for time in &times {
            latest = latest.max(*time);
            furthest = furthest.max(latest - time);
        }
        assert!((10..20).contains(&furthest), "the furthest is {furthest} behind");
        let mut sorted = times;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..200));
    }

    #[test]
    fn a_shuffle_within_one_millisecond_leaves_order_as_it_was() {
        assert!(shuffled_times(1).into_iter().eq(0..200));
    }
}
