//! How operator list state and key groups are dealt to the subtasks of a restored job.
//!
//! Pure functions on lists of items. Knows neither files nor operators; who may restore what is decided elsewhere.
//! Source of the rules: `RoundRobinOperatorStateRepartitioner` and `StateAssignmentOperation` of the 2.x releases.

use super::ListMode;
use super::hash_order::JavaHashMapKeys;
use crate::job::subtask_of_key_group;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// One named list state of an operator, as its subtasks snapshot it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListState<T> {
    /// How it is dealt.
    pub mode: ListMode,
    /// The items of each old subtask; none where the subtask reported no such state, as when it had finished.
    pub lists: Vec<Option<Vec<T>>>,
}

/// The lists of several states, by name.
type NamedLists<T> = BTreeMap<String, Vec<Option<Vec<T>>>>;

/// What each new subtask gets of each state.
pub type Dealt<T> = BTreeMap<String, Vec<Vec<T>>>;

/// Deals all list states of an operator to `new_parallelism` subtasks.
///
/// Items of different old subtasks arrive in order of the subtasks; Flink leaves that order open.
///
/// Panics if a state does not have `old_parallelism` lists or `new_parallelism` is 0.
pub fn redistribute<T: Clone>(
    states: &BTreeMap<String, ListState<T>>,
    old_parallelism: u32,
    new_parallelism: u32,
) -> Dealt<T> {
    let mut dealt = Dealt::new();
    let old_parallelism = subtasks(old_parallelism);
    for (name, state) in states {
        assert_eq!(state.lists.len(), old_parallelism, "`{name}` has a list for each old subtask");
        let lists = match state.mode {
            // Dealt below: one such state takes up where another left off.
            ListMode::Split => continue,
            ListMode::Union => redistribute_union(&state.lists, new_parallelism),
            ListMode::Broadcast => redistribute_broadcast(&state.lists, new_parallelism),
            ListMode::Whole => keep_whole(&state.lists, new_parallelism),
        };
        dealt.insert(name.clone(), lists);
    }
    dealt.extend(deal_split(states, old_parallelism, new_parallelism));
    dealt
}

/// Deals split lists: at equal parallelism each stays, else they are joined and cut into runs of equal length, the
/// first of which are longer by one item where the division leaves a rest. The state that is dealt next begins with
/// the subtask after the last longer run.
pub fn redistribute_split<T: Clone>(states: &NamedLists<T>, new_parallelism: u32) -> Dealt<T> {
    let old_parallelism = states.values().map(Vec::len).max().unwrap_or(0);
    let split =
        |lists: &Vec<Option<Vec<T>>>| ListState { mode: ListMode::Split, lists: lists.clone() };
    let states = states.iter().map(|(name, lists)| (name.clone(), split(lists))).collect();
    deal_split(&states, old_parallelism, new_parallelism)
}

fn deal_split<T: Clone>(
    states: &BTreeMap<String, ListState<T>>,
    old_parallelism: usize,
    new_parallelism: u32,
) -> Dealt<T> {
    let split = states.iter().filter(|(_, state)| state.mode == ListMode::Split);
    if old_parallelism == subtasks(new_parallelism) {
        let kept = |state: &ListState<T>| {
            state.lists.iter().map(|list| list.clone().unwrap_or_default()).collect()
        };
        return split.map(|(name, state)| (name.clone(), kept(state))).collect();
    }
    // A state that no subtask reported is not in the order, but its name still gets its empty lists.
    let mut dealt: Dealt<T> = split
        .map(|(name, _)| (name.clone(), vec![Vec::new(); subtasks(new_parallelism)]))
        .collect();
    let mut start = 0;
    for name in dealing_order(states, old_parallelism) {
        let items: Vec<T> = states[name].lists.iter().flatten().flatten().cloned().collect();
        let (lists, next) = deal_runs(items, new_parallelism, start);
        dealt.insert(name.to_owned(), lists);
        start = next;
    }
    dealt
}

/// The order in which split states are dealt: that of the map by which Flink groups them, which it fills from the
/// maps of the old subtasks' handles, one after another.
///
/// Names of one bin fall back to the order in which a subtask's handle was filled; here that is the order of names.
fn dealing_order<T>(states: &BTreeMap<String, ListState<T>>, old_parallelism: usize) -> Vec<&str> {
    let mut grouped = JavaHashMapKeys::default();
    for subtask in 0..old_parallelism {
        let mut handle = JavaHashMapKeys::default();
        let reported = states.iter().filter(|(_, state)| state.lists[subtask].is_some());
        reported.for_each(|(name, _)| handle.put(name));
        let split = handle.iter().filter(|name| states[*name].mode == ListMode::Split);
        split.for_each(|name| grouped.compute_if_absent(name));
    }
    grouped.iter().collect()
}

/// Cuts items into runs for the subtasks from `start` on, around the end to the first; also says with which subtask
/// the next state begins.
fn deal_runs<T>(items: Vec<T>, new_parallelism: u32, start: usize) -> (Vec<Vec<T>>, usize) {
    let receivers = subtasks(new_parallelism);
    let (share, rest) = (items.len() / receivers, items.len() % receivers);
    let mut lists: Vec<Vec<T>> = (0..receivers).map(|_| Vec::new()).collect();
    let mut items = items.into_iter();
    for place in 0..receivers {
        let length = share + usize::from(place < rest);
        lists[(start + place) % receivers] = items.by_ref().take(length).collect();
    }
    assert!(items.next().is_none(), "an item of a split list was dealt to nobody");
    (lists, (start + rest) % receivers)
}

/// Leaves each object with its subtask. Panics if parallelism has changed, which whoever restores refuses.
fn keep_whole<T: Clone>(lists: &[Option<Vec<T>>], new_parallelism: u32) -> Vec<Vec<T>> {
    assert_eq!(
        lists.len(),
        subtasks(new_parallelism),
        "an object of a subtask is dealt to no other"
    );
    lists.iter().map(|list| list.clone().unwrap_or_default()).collect()
}

/// Deals a union list: all items to each subtask, whether parallelism changes or not.
pub fn redistribute_union<T: Clone>(lists: &[Option<Vec<T>>], new_parallelism: u32) -> Vec<Vec<T>> {
    let all: Vec<T> = lists.iter().flatten().flatten().cloned().collect();
    vec![all; subtasks(new_parallelism)]
}

/// Deals a broadcast state: new subtask i gets copy i, modulo the number of copies reported.
///
/// At equal parallelism each subtask keeps its own copy instead. If only some have one, each gets copy i besides its
/// own, which repairs the states of finished tasks; a subtask then reads two copies unless they are one and the same.
pub fn redistribute_broadcast<T: Clone>(
    lists: &[Option<Vec<T>>],
    new_parallelism: u32,
) -> Vec<Vec<T>> {
    let receivers = subtasks(new_parallelism);
    let reported: Vec<usize> =
        (0..lists.len()).filter(|&subtask| lists[subtask].is_some()).collect();
    if reported.is_empty() {
        return vec![Vec::new(); receivers];
    }
    let copies_for = |subtask: usize| {
        let dealt = reported[subtask % reported.len()];
        let own = (lists.len() == receivers && lists[subtask].is_some()).then_some(subtask);
        let mut copies = match own {
            Some(own) if reported.len() == lists.len() => vec![own],
            Some(own) => vec![own, dealt],
            None => vec![dealt],
        };
        copies.sort_unstable();
        copies.dedup();
        copies.into_iter().flat_map(|copy| lists[copy].iter().flatten().cloned()).collect()
    };
    (0..receivers).map(copies_for).collect()
}

/// The old subtasks that hold some of the key groups in `range`.
///
/// Panics if `range` reaches beyond `max_parallelism`.
pub fn key_group_sources(
    old_parallelism: u32,
    range: &RangeInclusive<u16>,
    max_parallelism: u32,
) -> RangeInclusive<u32> {
    assert!(u32::from(*range.end()) < max_parallelism, "key groups {range:?} of {max_parallelism}");
    let owner = |group: u16| subtask_of_key_group(group, max_parallelism, old_parallelism);
    owner(*range.start())..=owner(*range.end())
}

/// A number of subtasks, to index by.
fn subtasks(parallelism: u32) -> usize {
    let subtasks = usize::try_from(parallelism).expect("a parallelism fits an index");
    assert!(subtasks > 0, "state is dealt to no subtask");
    subtasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::key_group_range;

    fn lists(sizes: &[i32]) -> Vec<Option<Vec<(usize, i32)>>> {
        let list = |(subtask, size): (usize, &i32)| {
            (*size >= 0).then(|| (0..*size).map(|index| (subtask, index)).collect())
        };
        sizes.iter().enumerate().map(list).collect()
    }

    fn named(states: &[(&str, &[i32])]) -> NamedLists<(usize, i32)> {
        states.iter().map(|(name, sizes)| ((*name).to_owned(), lists(sizes))).collect()
    }

    fn sizes<T>(dealt: &[Vec<T>]) -> Vec<usize> {
        dealt.iter().map(Vec::len).collect()
    }

    #[test]
    fn seven_items_of_three_subtasks_go_to_two_in_runs_of_four_and_three() {
        let dealt = redistribute_split(&named(&[("s", &[3, 2, 2])]), 2);
        assert_eq!(
            dealt["s"],
            [vec![(0, 0), (0, 1), (0, 2), (1, 0)], vec![(1, 1), (2, 0), (2, 1)]]
        );
    }

    #[test]
    fn a_split_list_stays_where_it_is_at_equal_parallelism() {
        let dealt = redistribute_split(&named(&[("s", &[5, 0, 1])]), 3);
        assert_eq!(sizes(&dealt["s"]), [5, 0, 1]);
    }

    #[test]
    fn the_next_state_begins_after_the_last_longer_run() {
        let dealt = redistribute_split(&named(&[("x", &[1]), ("y", &[5]), ("z", &[1])]), 4);
        assert_eq!(sizes(&dealt["x"]), [1, 0, 0, 0]);
        assert_eq!(sizes(&dealt["y"]), [1, 2, 1, 1]);
        assert_eq!(sizes(&dealt["z"]), [0, 0, 1, 0]);
    }

    #[test]
    fn names_are_dealt_in_the_order_of_a_java_map_and_not_of_the_alphabet() {
        let dealt = redistribute_split(&named(&[("a", &[1]), ("p", &[1])]), 2);
        assert_eq!(sizes(&dealt["p"]), [1, 0], "`p` is in bin 0, `a` in bin 1");
        assert_eq!(sizes(&dealt["a"]), [0, 1]);
    }

    #[test]
    fn a_union_list_goes_to_all_even_at_equal_parallelism() {
        assert_eq!(sizes(&redistribute_union(&lists(&[1, -1, 2]), 3)), [3, 3, 3]);
    }

    #[test]
    fn a_broadcast_state_that_some_did_not_report_is_repaired_at_equal_parallelism() {
        let dealt = redistribute_broadcast(&lists(&[-1, 1, 1]), 3);
        assert_eq!(dealt, [vec![(1, 0)], vec![(1, 0), (2, 0)], vec![(1, 0), (2, 0)]]);
        assert_eq!(sizes(&redistribute_broadcast(&lists(&[1, 2, 3]), 3)), [1, 2, 3]);
        assert_eq!(sizes(&redistribute_broadcast(&lists(&[1, -1, 3]), 5)), [1, 3, 1, 3, 1]);
    }

    #[test]
    fn a_state_that_nobody_reported_is_empty_everywhere() {
        assert_eq!(sizes(&redistribute_broadcast(&lists(&[-1, -1]), 2)), [0, 0]);
        assert_eq!(sizes(&redistribute_split(&named(&[("s", &[-1, -1])]), 3)["s"]), [0, 0, 0]);
    }

    #[test]
    fn the_sources_of_a_range_are_the_old_subtasks_that_overlap_it() {
        for (old, new, max) in [(2, 3, 128), (5, 2, 7), (4, 4, 4), (3, 100, 4096)] {
            for subtask in 0..new {
                let range = key_group_range(max, new, subtask);
                let overlaps = |old_subtask: &u32| {
                    let held = key_group_range(max, old, *old_subtask);
                    held.start() <= range.end() && range.start() <= held.end()
                };
                let expected: Vec<u32> = (0..old).filter(overlaps).collect();
                assert_eq!(
                    key_group_sources(old, &range, max).collect::<Vec<_>>(),
                    expected,
                    "{old} -> {new} of {max}"
                );
            }
        }
    }
}
