//! Running aggregates row by row: in which order records come to one is not determined, but what each of them adds is.

use super::compare::{Difference, key_of, listed};
use crate::check::class::Steps;
use crate::check::setup::CheckSetup;
use crate::check::verdict::KEPT_MAX;
use crate::check::written::ReferenceRow;
use crate::effect::Row;
use crate::job::{Origin, Value};
use crate::state::FixedMap;

/// The numbers of a row behind its key.
type Numbers = Vec<i64>;

/// What is known of the rows of one key.
struct Ladder<'a> {
    /// The first row of the reference. What its record adds is not known, as what it is added to is not.
    first: (Origin, Numbers),
    /// What the records of the others add.
    added: FixedMap<Origin, Vec<Numbers>>,
    /// The last row that was written, and what it holds.
    last: Option<(&'a Row, Numbers)>,
    /// What the key had before, once a row told.
    base: Option<Numbers>,
}

/// What is wrong with the rows of a running aggregate, in words: each holds what the one before it of its key holds, and what its
/// own record adds. Both are of the same records, which was asked before. Where the run did not begin from nothing, what a key had
/// before is not known: of its rows one may be anything that the others agree with.
pub(super) fn by_steps(
    expected: &[ReferenceRow],
    written: &[&Row],
    (steps, is_fresh): (Steps, bool),
    setup: &CheckSetup,
) -> Option<Difference> {
    let wrong = missteps(expected, written, (steps, is_fresh));
    let tell = |(row, before): &(&Row, Option<&Row>)| {
        let (value, origin) = (&row.value, setup.origin_name(row.origin));
        match before {
            Some(before) => {
                format!(
                    "`{value}` ({origin}) follows `{}`, and is not what its record makes of that",
                    before.value
                )
            }
            None => format!(
                "`{value}` ({origin}) is the first of its key, and is not what its record makes"
            ),
        }
    };
    let origins = wrong.iter().take(KEPT_MAX).map(|(row, _)| row.origin).collect();
    (!wrong.is_empty()).then(|| Difference { text: listed(&wrong, tell), origins })
}

/// The rows that are not what the one before them and their record come to, each behind that one.
fn missteps<'a>(
    expected: &'a [ReferenceRow],
    written: &[&'a Row],
    (steps, is_fresh): (Steps, bool),
) -> Vec<(&'a Row, Option<&'a Row>)> {
    let mut ladders = ladders(expected, steps);
    if is_fresh {
        ladders.values_mut().for_each(|ladder| ladder.begin_from_nothing(steps));
    }
    let mut wrong = Vec::new();
    for row in written.iter().copied() {
        let ladder = ladders.get_mut(key_of(&row.value));
        let (Some(ladder), Some(numbers)) = (ladder, numbers(&row.value)) else { continue };
        let before = ladder.last.as_ref().map(|(row, _)| *row);
        if !ladder.climb(row.origin, &numbers, steps) {
            wrong.push((row, before));
        }
        ladder.last = Some((row, numbers));
    }
    wrong
}

/// What each record adds to its key, read off the rows of the reference.
fn ladders<'a>(expected: &'a [ReferenceRow], steps: Steps) -> FixedMap<&'a Value, Ladder<'a>> {
    let mut ladders: FixedMap<&Value, (Ladder<'_>, Numbers)> = FixedMap::default();
    for row in expected {
        let Some(now) = numbers(&row.value) else { continue };
        if let Some((ladder, before)) = ladders.get_mut(key_of(&row.value)) {
            let added = steps.added(before, &now);
            ladder.added.entry(row.origin).or_default().push(added);
            *before = now;
        } else {
            let first = (row.origin, now.clone());
            let ladder = Ladder { first, added: FixedMap::default(), last: None, base: None };
            ladders.insert(key_of(&row.value), (ladder, now));
        }
    }
    // Of a record that adds now this and now that it is not known which of them came first.
    let is_clear = |all: &Vec<Numbers>| all.windows(2).all(|pair| pair[0] == pair[1]);
    let ladders = ladders.into_iter().map(|(key, (ladder, _))| (key, ladder));
    ladders.filter(|(_, ladder)| ladder.added.values().all(is_clear)).collect()
}

impl Ladder<'_> {
    /// There was nothing before: the first record adds all that its row holds.
    fn begin_from_nothing(&mut self, steps: Steps) {
        let (origin, made) = &self.first;
        let nothing = steps.added(made, made);
        let added = steps.added(&nothing, made);
        self.added.entry(*origin).or_default().push(added);
        self.base = Some(nothing);
    }

    /// Takes one more row. Whether it is right.
    fn climb(&mut self, origin: Origin, now: &Numbers, steps: Steps) -> bool {
        let is_first = origin == self.first.0;
        let Some((_, before)) = &self.last else {
            let added = self.take(origin, |_| true);
            let Some(added) = added else { return is_first && *now == self.first.1 };
            let base = steps.without(now, &added);
            return base == *self.base.get_or_insert_with(|| base.clone());
        };
        let step = steps.added(before, now);
        if !steps.keeps_extremes(before, now, &step) {
            return false;
        }
        if self.take(origin, |added| *added == step).is_some() {
            return true;
        }
        // The record that came first to the reference: on top of what the key had before, it makes what it made there.
        let base = self.base.take().filter(|_| is_first);
        base.is_some_and(|base| steps.added(&base, &self.first.1) == step)
    }

    /// One of the things that records of this origin add, which is used up.
    fn take(&mut self, origin: Origin, is_it: impl Fn(&Numbers) -> bool) -> Option<Numbers> {
        let all = self.added.get_mut(&origin)?;
        let place = all.iter().position(is_it)?;
        Some(all.swap_remove(place))
    }
}

/// What a row holds behind its key, if those are numbers.
fn numbers(row: &Value) -> Option<Numbers> {
    row.as_row()?.get(1..)?.iter().map(Value::as_int).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn origin(offset: u32) -> Origin {
        Origin { input: 0, partition: 0, offset, child: 0 }
    }

    fn row(key: &str, numbers: &[i64]) -> Value {
        let numbers = numbers.iter().map(|number| Value::Int(*number));
        Value::row_of(std::iter::once(Value::text(key)).chain(numbers))
    }

    /// Which of the rows that are written, each with its record, are wrong, where the reference has these.
    fn wrong(
        (steps, is_fresh): (Steps, bool),
        expected: &[(u32, &[i64])],
        written: &[(u32, &[i64])],
    ) -> Vec<usize> {
        let expected: Vec<_> = expected
            .iter()
            .map(|(at, n)| ReferenceRow { key: None, value: row("a", n), origin: origin(*at) })
            .collect();
        let rows: Vec<_> = written
            .iter()
            .map(|(at, n)| Row { value: row("a", n), origin: origin(*at), job: 0 })
            .collect();
        let written: Vec<&Row> = rows.iter().collect();
        let wrong = missteps(&expected, &written, (steps, is_fresh)).into_iter();
        let place = |(row, _): (&Row, _)| rows.iter().position(|other| std::ptr::eq(row, other));
        wrong.map(|wrong| place(wrong).expect("it was written")).collect()
    }

    /// On top of 10, the records 0 to 2 add 1, 2 and 4.
    const SUMS: [(u32, &[i64]); 3] = [(0, &[11]), (1, &[13]), (2, &[17])];

    #[test]
    fn records_may_come_in_any_order() {
        let of = |written: &[(u32, &[i64])]| wrong((Steps::Sum, false), &SUMS, written);
        assert_eq!(of(&SUMS), [0; 0]);
        assert_eq!(of(&[(2, &[14]), (0, &[15]), (1, &[17])]), [0; 0]);
        assert_eq!(of(&[(1, &[12]), (2, &[16]), (0, &[17])]), [0; 0]);
    }

    #[test]
    fn each_row_adds_what_its_record_adds() {
        let of = |written: &[(u32, &[i64])]| wrong((Steps::Sum, false), &SUMS, written);
        assert_eq!(of(&[(0, &[11]), (1, &[12]), (2, &[17])]), [1, 2], "it makes good later");
        assert_eq!(of(&[(0, &[12]), (1, &[14]), (2, &[18])]), [0], "it begins with too much");
        assert_eq!(of(&[(1, &[12]), (0, &[14]), (2, &[18])]), [1], "the first adds too much");
        let from_nothing = [(1, [3].as_slice()), (0, &[13]), (2, &[17])];
        assert_eq!(of(&from_nothing), [0; 0], "who knows what was there before");
        assert_eq!(wrong((Steps::Sum, true), &SUMS, &from_nothing), [0, 1], "nothing was");
    }

    #[test]
    fn other_aggregates_are_followed_likewise() {
        let bits: [(u32, &[i64]); 3] = [(0, &[1]), (1, &[3]), (2, &[7])];
        assert_eq!(wrong((Steps::Xor, true), &bits, &[(1, &[2]), (0, &[3]), (2, &[7])]), [0; 0]);
        assert_eq!(wrong((Steps::Xor, true), &bits, &[(1, &[2]), (0, &[2]), (2, &[7])]), [1, 2]);
        let statistics: [(u32, &[i64]); 3] =
            [(0, &[1, 5, 5, 5]), (1, &[2, 8, 3, 5]), (2, &[3, 17, 3, 9])];
        let of = |written: &[(u32, &[i64])]| wrong((Steps::Statistics, true), &statistics, written);
        assert_eq!(of(&[(0, &[1, 5, 5, 5]), (2, &[2, 14, 5, 9]), (1, &[3, 17, 3, 9])]), [0; 0]);
        let low: [(u32, &[i64]); 3] =
            [(0, &[1, 5, 5, 5]), (2, &[2, 14, 4, 9]), (1, &[3, 17, 3, 9])];
        assert_eq!(of(&low), [1], "a least that nobody was");
    }
}
