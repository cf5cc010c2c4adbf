//! Compares rows that were written with rows that the reference writes, and says what is missing or doubled.

use crate::check::setup::CheckSetup;
use crate::check::verdict::{Compared, KEPT_MAX};
use crate::check::written::{ReferenceRow, hash_of, with_origin};
use crate::effect::Row;
use crate::job::{Origin, Value};
use crate::state::FixedMap;
use std::collections::BTreeMap;
use std::hash::Hash;

/// How many differences a text tells before it only counts them.
const TOLD_MAX: usize = 3;

/// What may have been written: at least `low`, at most `high` and `extra`.
#[derive(Clone, Debug)]
pub(super) struct Bounds<'a> {
    pub(super) low: &'a [ReferenceRow],
    pub(super) high: &'a [ReferenceRow],
    /// Rows of an abandoned timeline that somebody restored.
    pub(super) extra: Vec<&'a [ReferenceRow]>,
    /// Whether rows may be there more often than in `high`, since records were replayed.
    pub(super) may_repeat: bool,
}

impl Bounds<'_> {
    /// Whether there is exactly one right answer.
    pub(super) fn is_exact(&self) -> bool {
        self.low.len() == self.high.len() && self.extra.is_empty() && !self.may_repeat
    }
}

/// How the rows of one run in one sink were compared, and what is wrong with them.
pub(in crate::check) struct Judged {
    pub(in crate::check) how: Compared,
    pub(in crate::check) wrong: Option<Difference>,
}

/// What is wrong with rows: in words, and which records they stem from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::check) struct Difference {
    pub(in crate::check) text: String,
    pub(in crate::check) origins: Vec<Origin>,
}

/// What is known of the records that rows stem from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origins {
    /// Nothing: timers sent them.
    Unknown,
    /// Each row tells.
    Told,
    /// Each row tells, and in every run the same.
    Determined,
}

/// How often something is in the lower bound, in what was written, and in the upper bound.
#[derive(Clone, Copy, Default)]
struct Counts {
    low: u32,
    written: u32,
    high: u32,
}

impl Counts {
    const fn is_too_few(self) -> bool {
        self.written < self.low
    }
    /// The nearest number that would be right.
    const fn expected(self) -> u32 {
        if self.is_too_few() { self.low } else { self.high }
    }
    const fn is_too_many(self, may_repeat: bool) -> bool {
        self.written > self.high && !(may_repeat && self.high > 0)
    }
}

/// What is wrong with the rows as a multiset of values, in words; nothing if nothing is.
pub(super) fn by_value(
    bounds: &Bounds<'_>,
    written: &[&Row],
    origins: Origins,
    setup: &CheckSetup,
) -> Option<Difference> {
    let wrong = wrong_of(bounds, written, |row| &row.value, |row| &row.value, hash_of);
    if wrong.is_empty() {
        return None;
    }
    if origins == Origins::Determined
        && let Some(difference) = by_origin(bounds, written, setup)
    {
        return Some(difference);
    }
    let is_told = origins != Origins::Unknown;
    let row_of = |value: &Value| written.iter().find(|row| is_told && row.value == *value);
    let origins = wrong.iter().filter_map(|(value, _)| row_of(value)).map(|row| row.origin);
    let origins = origins.take(KEPT_MAX).collect();
    let tell = |(value, counts): &(&Value, Counts)| {
        let row = row_of(value);
        let row =
            row.map(|row| format!(" ({})", setup.origin_name(row.origin))).unwrap_or_default();
        let (written, expected) = (times(counts.written), times(counts.expected()));
        format!("`{value}`{row} is there {written} instead of {expected}")
    };
    Some(Difference { text: listed(&wrong, tell), origins })
}

/// What is wrong with the rows by the records they stem from, in words.
pub(super) fn by_origin(
    bounds: &Bounds<'_>,
    written: &[&Row],
    setup: &CheckSetup,
) -> Option<Difference> {
    let wrong = wrong_of(bounds, written, |row| row.origin, |row| row.origin, Origin::hash);
    if wrong.is_empty() {
        return None;
    }
    let origins = wrong.iter().take(KEPT_MAX).map(|(origin, _)| *origin).collect();
    let tell = |(origin, counts): &(Origin, Counts)| {
        let name = setup.origin_name(*origin);
        let there = format!("{name} is there {}", times(counts.written));
        match *counts {
            Counts { written: 0, .. } => format!("{name} is missing"),
            Counts { high: 0, .. } => format!("{there}, and must not be there"),
            Counts { high: 1, .. } if !counts.is_too_few() => there,
            counts => format!("{there} instead of {}", times(counts.expected())),
        }
    };
    Some(Difference { text: listed(&wrong, tell), origins })
}

/// What is wrong with which row stems from which record, in words, where the rows are right.
pub(super) fn by_record(
    bounds: &Bounds<'_>,
    written: &[&Row],
    setup: &CheckSetup,
) -> Option<Difference> {
    let hash = |(origin, value): (Origin, &Value)| with_origin(hash_of(value), origin);
    let wrong = wrong_of(
        bounds,
        written,
        |row| (row.origin, &row.value),
        |row| (row.origin, &row.value),
        hash,
    );
    let origins = wrong.iter().take(KEPT_MAX).map(|((origin, _), _)| *origin).collect();
    let tell = |((origin, value), counts): &((Origin, &Value), Counts)| {
        let (written, expected) = (times(counts.written), times(counts.expected()));
        let name = setup.origin_name(*origin);
        format!("`{value}` of {name} is there {written} instead of {expected}")
    };
    (!wrong.is_empty()).then(|| Difference { text: listed(&wrong, tell), origins })
}

/// What is wrong with the last row of each key, in words. Where there is more than one right answer, the last row of the
/// lower bound must at least be there.
pub(super) fn by_last(
    bounds: &Bounds<'_>,
    written: &[&Row],
    is_in_order: bool,
) -> Option<Difference> {
    let by_key = |value| (key_of(value), value);
    let last: FixedMap<&Value, &Value> = written.iter().map(|row| by_key(&row.value)).collect();
    let expected: FixedMap<&Value, &Value> =
        bounds.low.iter().map(|row| by_key(&row.value)).collect();
    let has_one_answer =
        is_in_order && bounds.low.len() == bounds.high.len() && bounds.extra.is_empty();
    let mut wrong: Vec<(&Value, Option<&Value>)> = expected
        .into_iter()
        .filter_map(|(key, value)| match last.get(key) {
            Some(found) if *found == value => None,
            Some(_) if !has_one_answer && written.iter().any(|row| row.value == *value) => None,
            found => Some((value, found.copied())),
        })
        .collect();
    if wrong.is_empty() {
        return None;
    }
    wrong.sort_unstable();
    let tell = |(value, found): &(&Value, Option<&Value>)| match found {
        Some(found) => format!("the last row of its key is `{found}`, the reference has `{value}`"),
        None => format!("`{value}` is missing"),
    };
    Some(Difference { text: listed(&wrong, tell), origins: Vec::new() })
}

/// What is wrong with the counts of keys where records may count twice, in words: none is less than in the lower bound.
pub(super) fn by_least(bounds: &Bounds<'_>, written: &[&Row]) -> Option<Difference> {
    let mut most: FixedMap<&Value, i64> = FixedMap::default();
    for row in written {
        let most = most.entry(key_of(&row.value)).or_insert(i64::MIN);
        *most = (*most).max(count_in(&row.value).unwrap_or(i64::MIN));
    }
    let too_few = bounds.low.iter().filter_map(|row| {
        let (key, count) = (key_of(&row.value), count_in(&row.value)?);
        let found = most.get(key).copied();
        found.is_none_or(|found| found < count).then_some((key, count))
    });
    let mut least: BTreeMap<&Value, i64> = BTreeMap::new();
    for (key, count) in too_few {
        let least = least.entry(key).or_insert(count);
        *least = count.max(*least);
    }
    let wrong: Vec<(&Value, i64)> = least.into_iter().collect();
    let tell = |(key, count): &(&Value, i64)| {
        let found = most.get(*key).map_or_else(|| "never".to_owned(), |found| found.to_string());
        format!("`{key}` is counted {found}, and was there {count} times")
    };
    (!wrong.is_empty()).then(|| Difference { text: listed(&wrong, tell), origins: Vec::new() })
}

/// The number in the second column of a row.
pub(super) fn count_in(value: &Value) -> Option<i64> {
    value.as_row()?.get(1)?.as_int()
}

/// The key of a row: its first column, or the value itself.
pub(super) fn key_of(value: &Value) -> &Value {
    value.as_row().and_then(<[Value]>::first).unwrap_or(value)
}

/// What is there too rarely or too often, in order. Where there is one right answer, equal sums of hashes tell that nothing is.
fn wrong_of<'a, K: Copy + Hash + Ord>(
    bounds: &Bounds<'a>,
    written: &[&'a Row],
    of_expected: impl Fn(&'a ReferenceRow) -> K,
    of_written: impl Fn(&'a Row) -> K,
    hash: impl Fn(K) -> u64,
) -> Vec<(K, Counts)> {
    let add = |sum: u64, key: K| sum.wrapping_add(hash(key));
    let expected = || bounds.low.iter().map(&of_expected);
    let there = || written.iter().map(|row| of_written(row));
    let is_whole = bounds.is_exact() && bounds.low.len() == written.len();
    if is_whole && expected().fold(0, add) == there().fold(0, add) {
        return Vec::new();
    }
    let mut counts: FixedMap<K, Counts> = FixedMap::default();
    expected().for_each(|key| counts.entry(key).or_default().low += 1);
    there().for_each(|key| counts.entry(key).or_default().written += 1);
    for row in bounds.high.iter().chain(bounds.extra.iter().copied().flatten()) {
        counts.entry(of_expected(row)).or_default().high += 1;
    }
    let is_wrong = |counts: &Counts| counts.is_too_few() || counts.is_too_many(bounds.may_repeat);
    let mut wrong: Vec<_> = counts.into_iter().filter(|(_, counts)| is_wrong(counts)).collect();
    wrong.sort_unstable_by_key(|(key, _)| *key);
    wrong
}

fn times(number: u32) -> String {
    match number {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// The first few, and how many more there are.
pub(super) fn listed<T>(all: &[T], tell: impl Fn(&T) -> String) -> String {
    let mut text = all.iter().take(TOLD_MAX).map(tell).collect::<Vec<_>>().join("; ");
    if all.len() > TOLD_MAX {
        text.push_str(&format!("; and {} more", all.len() - TOLD_MAX));
    }
    text
}
