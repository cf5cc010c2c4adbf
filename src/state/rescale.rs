//! How operator list state and key groups are dealt to the subtasks of a restored job.
//!
//! Pure functions on lists of items. Knows neither files nor operators; who may restore what is decided elsewhere.
//! Source of the rules: `RoundRobinOperatorStateRepartitioner` and `StateAssignmentOperation` of the 2.x releases.

use super::ListMode;
use super::hash_order::JavaHashMapKeys;
use std::collections::{BTreeMap, BTreeSet};

/// One named list state of an operator, as its subtasks snapshot it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListState<T> {
    /// How it is dealt.
    pub mode: ListMode,
    /// The items of each old subtask; none where the subtask reported no such state, as when it had finished.
    pub lists: Vec<Option<Vec<T>>>,
}

/// What each new subtask gets of each state.
pub type Dealt<T> = BTreeMap<String, Vec<Vec<T>>>;

/// Deals all list states of an operator, which were registered in order of their names, to `new_parallelism` subtasks.
///
/// Items of different old subtasks arrive in order of the subtasks; Flink leaves that order open.
///
/// Panics if a state does not have `old_parallelism` lists or `new_parallelism` is 0.
pub fn redistribute<T: Clone>(
    states: &BTreeMap<String, ListState<T>>,
    old_parallelism: u32,
    new_parallelism: u32,
) -> Dealt<T> {
    let order: Vec<&str> = states.keys().map(String::as_str).collect();
    redistribute_in(states, &order, old_parallelism, new_parallelism)
}

/// The same, of states that were registered in another order than that of their names.
pub fn redistribute_in<T: Clone>(
    states: &BTreeMap<String, ListState<T>>,
    order: &[&str],
    old_parallelism: u32,
    new_parallelism: u32,
) -> Dealt<T> {
    assert_eq!(order.len(), states.len(), "each state was registered once");
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
    dealt.extend(deal_split(states, order, old_parallelism, new_parallelism));
    assert!(dealt.keys().eq(states.keys()), "a state was not dealt, or one that is not there");
    let is_for_all = |lists: &Vec<Vec<T>>| lists.len() == subtasks(new_parallelism);
    assert!(dealt.values().all(is_for_all), "a subtask is left out when a state is dealt");
    dealt
}

/// Deals split lists: at equal parallelism each stays, else they are joined and cut into runs of equal length, the
/// first of which are longer by one item where the division leaves a rest. The state that is dealt next begins with
/// the subtask after the last longer run.
fn deal_split<T: Clone>(
    states: &BTreeMap<String, ListState<T>>,
    order: &[&str],
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
    for name in dealing_order(states, order, old_parallelism) {
        let items: Vec<T> = states[name].lists.iter().flatten().flatten().cloned().collect();
        let (lists, next) = deal_runs(items, new_parallelism, start);
        let is_split = states[name].mode == ListMode::Split;
        assert!(is_split, "`{name}` is no split list and was dealt as one");
        dealt.insert(name.to_owned(), lists);
        start = next;
    }
    dealt
}

/// The order in which split states are dealt: that of the map by which Flink groups them, which it fills from the
/// maps of the old subtasks' handles, one after another.
///
/// Names of one bin fall back to the order in which a subtask's handle was filled: that of registration.
fn dealing_order<'s, T>(
    states: &BTreeMap<String, ListState<T>>,
    order: &[&'s str],
    old_parallelism: usize,
) -> Vec<&'s str> {
    let mut grouped = JavaHashMapKeys::default();
    for subtask in 0..old_parallelism {
        let mut handle = JavaHashMapKeys::default();
        let reported = order.iter().filter(|name| states[**name].lists[subtask].is_some());
        reported.for_each(|name| handle.put(name));
        let split = handle.iter().filter(|name| states[*name].mode == ListMode::Split);
        split.for_each(|name| grouped.compute_if_absent(name));
    }
    let order: Vec<&str> = grouped.iter().collect();
    let names: BTreeSet<&str> = order.iter().copied().collect();
    assert_eq!(order.len(), names.len(), "a split list would be dealt twice");
    order
}

/// Cuts items into runs for the subtasks from `start` on, around the end to the first; also says with which subtask
/// the next state begins.
fn deal_runs<T>(items: Vec<T>, new_parallelism: u32, start: usize) -> (Vec<Vec<T>>, usize) {
    let receivers = subtasks(new_parallelism);
    assert!(start < receivers, "there is no subtask {start} of {receivers} to begin with");
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
        assert!(!copies.is_empty(), "subtask {subtask} got no copy of a broadcast state");
        copies.into_iter().flat_map(|copy| lists[copy].iter().flatten().cloned()).collect()
    };
    (0..receivers).map(copies_for).collect()
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
    use proptest::prelude::*;

    fn lists(sizes: &[i32]) -> Vec<Option<Vec<(usize, i32)>>> {
        let list = |(subtask, size): (usize, &i32)| {
            (*size >= 0).then(|| (0..*size).map(|index| (subtask, index)).collect())
        };
        sizes.iter().enumerate().map(list).collect()
    }

    fn deal_split_lists(states: &[(&str, &[i32])], new: u32) -> Dealt<(usize, i32)> {
        let old = u32::try_from(states[0].1.len()).expect("few subtasks");
        let state = |sizes| ListState { mode: ListMode::Split, lists: lists(sizes) };
        let states = states.iter().map(|(name, sizes)| ((*name).to_owned(), state(sizes)));
        redistribute(&states.collect(), old, new)
    }

    fn sizes<T>(dealt: &[Vec<T>]) -> Vec<usize> {
        dealt.iter().map(Vec::len).collect()
    }

    #[test]
    fn seven_items_of_three_subtasks_go_to_two_in_runs_of_four_and_three() {
        let dealt = deal_split_lists(&[("s", &[3, 2, 2])], 2);
        assert_eq!(
            dealt["s"],
            [vec![(0, 0), (0, 1), (0, 2), (1, 0)], vec![(1, 1), (2, 0), (2, 1)]]
        );
    }

    #[test]
    fn a_split_list_stays_where_it_is_at_equal_parallelism() {
        let dealt = deal_split_lists(&[("s", &[5, 0, 1])], 3);
        assert_eq!(sizes(&dealt["s"]), [5, 0, 1]);
    }

    #[test]
    fn the_next_state_begins_after_the_last_longer_run() {
        let dealt = deal_split_lists(&[("x", &[1]), ("y", &[5]), ("z", &[1])], 4);
        assert_eq!(sizes(&dealt["x"]), [1, 0, 0, 0]);
        assert_eq!(sizes(&dealt["y"]), [1, 2, 1, 1]);
        assert_eq!(sizes(&dealt["z"]), [0, 0, 1, 0]);
    }

    #[test]
    fn names_are_dealt_in_the_order_of_a_java_map_and_not_of_the_alphabet() {
        let dealt = deal_split_lists(&[("a", &[1]), ("p", &[1])], 2);
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
        assert_eq!(sizes(&deal_split_lists(&[("s", &[-1, -1])], 3)["s"]), [0, 0, 0]);
    }

    /// States of some old subtasks, all in one mode, none of whose items are equal.
    fn states(mode: ListMode) -> impl Strategy<Value = (u32, BTreeMap<String, ListState<u32>>)> {
        (1..7_usize).prop_flat_map(move |old| {
            let list = prop::option::weighted(0.8, 0..6_usize);
            let sizes = prop::collection::vec(prop::collection::vec(list, old), 1..4);
            sizes.prop_map(move |states| {
                let mut next = 0..;
                let mut items = |size| next.by_ref().take(size).collect::<Vec<u32>>();
                let mut state = |lists: Vec<Option<usize>>| ListState {
                    mode,
                    lists: lists.into_iter().map(|size| size.map(&mut items)).collect(),
                };
                let states = states.into_iter().enumerate();
                let states = states.map(|(name, lists)| (format!("s{name}"), state(lists)));
                (u32::try_from(old).expect("few subtasks"), states.collect())
            })
        })
    }

    fn all<T: Clone>(lists: &[Option<Vec<T>>]) -> Vec<T> {
        lists.iter().flatten().flatten().cloned().collect()
    }

    /// What the subtasks that were dealt something snapshot at once.
    fn taken_again(dealt: Dealt<u32>) -> BTreeMap<String, ListState<u32>> {
        let state = |lists: Vec<Vec<u32>>| ListState {
            mode: ListMode::Split,
            lists: lists.into_iter().map(Some).collect(),
        };
        dealt.into_iter().map(|(name, lists)| (name, state(lists))).collect()
    }

    proptest! {
        #[test]
        fn each_item_of_a_split_list_is_dealt_once_and_evenly(
            (old, states) in states(ListMode::Split),
            new in 1..9_u32,
        ) {
            let dealt = redistribute(&states, old, new);
            prop_assert!(dealt.keys().eq(states.keys()));
            for (name, lists) in &dealt {
                let mut items = lists.concat();
                items.sort_unstable();
                prop_assert_eq!(items, all(&states[name].lists));
                let sizes = lists.iter().map(Vec::len);
                let spread = sizes.clone().max().unwrap_or(0) - sizes.min().unwrap_or(0);
                prop_assert!(spread <= 1 || old == new, "{:?}", lists);
            }
            // One state begins where another left off, so that over all states nobody is dealt two more than another.
            let load = |subtask: usize| dealt.values().map(|lists| lists[subtask].len()).sum();
            let loads: Vec<usize> = (0..subtasks(new)).map(load).collect();
            let spread = loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0);
            prop_assert!(spread <= 1 || old == new, "{:?}", loads);
        }

        #[test]
        fn down_and_up_again_gives_the_same(
            (old, states) in states(ListMode::Split),
            (high, low) in (1..9_u32, 1..9_u32),
        ) {
            prop_assume!(old != high && high != low);
            let (name, only) = states.into_iter().next().expect("there is a state");
            let states = BTreeMap::from([(name, only)]);
            let first = redistribute(&states, old, high);
            let down = redistribute(&taken_again(first.clone()), high, low);
            prop_assert_eq!(redistribute(&taken_again(down), low, high), first);
        }

        #[test]
        fn each_subtask_is_dealt_a_whole_union(
            (old, states) in states(ListMode::Union),
            new in 1..9_u32,
        ) {
            for (name, lists) in redistribute(&states, old, new) {
                prop_assert_eq!(lists, vec![all(&states[&name].lists); subtasks(new)]);
            }
        }

        #[test]
        fn each_subtask_is_dealt_a_whole_copy_of_a_broadcast_state(
            (old, states) in states(ListMode::Broadcast),
            new in 1..9_u32,
        ) {
            for (name, lists) in redistribute(&states, old, new) {
                let copies: Vec<_> = states[&name].lists.iter().flatten().collect();
                for items in lists {
                    let is_whole = copies.iter().any(|copy| items.starts_with(copy) || items.ends_with(copy));
                    prop_assert!(is_whole || copies.is_empty() && items.is_empty(), "{:?}", items);
                }
            }
        }
    }
}
