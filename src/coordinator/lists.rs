//! The list states of an operator, dealt to its new subtasks.

use crate::state::{ListSnapshot, OperatorSnapshot, rescale};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deals the lists of old subtasks, of which some may be gone, to new ones.
pub(super) fn deal_lists(old: &[Option<&OperatorSnapshot>], new: &mut [OperatorSnapshot]) {
    let mut modes = BTreeMap::new();
    for (name, list) in old.iter().flatten().flat_map(|snapshot| &snapshot.lists) {
        let kept = (list.mode, list.items_type, list.ordinal);
        modes.insert(Arc::clone(name), kept);
    }
    let states = modes.iter().map(|(name, (mode, ..))| {
        let items = |old: &Option<&OperatorSnapshot>| {
            old.and_then(|snapshot| snapshot.lists.get(name)).map(|list| list.items.clone())
        };
        let lists = old.iter().map(items).collect();
        (name.to_string(), rescale::ListState { mode: *mode, lists })
    });
    let count = |subtasks: usize| u32::try_from(subtasks).expect("parallelism fits in 32 bits");
    let mut order: Vec<&str> = modes.keys().map(|name| &**name).collect();
    order.sort_by_key(|name| modes[*name].2);
    let states = states.collect();
    let dealt = rescale::redistribute_in(&states, &order, count(old.len()), count(new.len()));
    for (name, lists) in dealt {
        let name: Arc<str> = name.into();
        let (mode, items_type, ordinal) = modes[&name];
        for (subtask, items) in new.iter_mut().zip(lists) {
            subtask
                .lists
                .insert(Arc::clone(&name), ListSnapshot { mode, items, items_type, ordinal });
        }
    }
}
