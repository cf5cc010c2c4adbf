//! How an operator's state is registered, as a scenario spells it: `keyed-state`, `list-state` and `uid-hash`.

use super::layout::Table;
use super::node::Nodes;
use super::operator::OperatorText;
use super::settings::{KeyedStateText, ListStateText};
use crate::job::{KeyedOptions, ListOptions, OperatorId, OperatorOptions};
use crate::operator::Entry;
use crate::scenario::{Mistake, bounds};
use std::collections::BTreeSet;

impl Nodes<'_> {
    /// The id that `uid-hash` spells.
    pub(super) fn uid_hash(
        &self,
        name: &str,
        text: &OperatorText,
    ) -> Result<Option<OperatorId>, Mistake> {
        let Some(hash) = &text.uid_hash else { return Ok(None) };
        match OperatorId::from_hex(hash.get_ref()) {
            Some(id) => Ok(Some(id)),
            None => {
                let found = hash.get_ref();
                let message = format!(
                    "operator `{name}`: node hash must be a 32 character hex string that describes the node; found: `{found}`"
                );
                let help = "give the id that the state is stored under, or a `uid`";
                Err(self.source.error_with(&hash.span(), message, help))
            }
        }
    }

    /// Refuses a registration of state that an operator does not keep, or that names nothing.
    pub(super) fn check_registered(
        &self,
        name: &str,
        kind: &str,
        function: &str,
        entry: &Entry,
        text: &OperatorText,
    ) -> Result<(), Mistake> {
        if let Some(state) = text.keyed_state.as_ref().filter(|_| !entry.takes_keyed_state) {
            let message =
                format!("operator `{name}` has `keyed-state`, but {kind} `{function}` takes none");
            let help = "say it of an `aggregate` or `reduce` that keeps one value per key";
            return Err(self.source.error_with(&state.span(), message, help));
        }
        let Some(state) = &text.list_state else { return Ok(()) };
        if !entry.takes_list_state {
            let message =
                format!("operator `{name}` has `list-state`, but {kind} `{function}` takes none");
            let help = "make it a `state = \"list\"`";
            return Err(self.source.error_with(&state.span(), message, help));
        }
        let state_is = state.get_ref().over(ListOptions::default());
        let names = &state_is.names;
        if bounds::STATES.is_exceeded_by(names.len()) {
            return Err(self.source.beyond(&state.span(), &bounds::STATES));
        }
        let subtasks = u64::from(text.parallelism.map_or(1, |count| count.0));
        let first = u64::from(state_is.starts_with);
        let states = u64::try_from(names.len()).unwrap_or(u64::MAX);
        // Subtask i has i more than the first.
        let items = states * (subtasks * first + subtasks * (subtasks - 1) / 2);
        if items > bounds::FIRST_ITEMS.most {
            return Err(self.source.beyond(&state.span(), &bounds::FIRST_ITEMS));
        }
        let modes = state_is.modes.len();
        if modes > 0 && modes != names.len() {
            let message =
                format!("operator `{name}` has {} list states and {modes} modes", names.len());
            let help = "give each list state its mode, or one `mode` to all";
            return Err(self.source.error_with(&state.span(), message, help));
        }
        let different: BTreeSet<_> = names.iter().collect();
        if names.is_empty() || different.len() < names.len() {
            let message = format!(
                "operator `{name}` has {} list states of {} names",
                names.len(),
                different.len()
            );
            let help = "give each list state a name of its own, and at least one";
            return Err(self.source.error_with(&state.span(), message, help));
        }
        Ok(())
    }
}

/// Writes how the state of an operator is registered.
pub(super) fn put_states(table: &mut Table, options: &OperatorOptions) {
    let keyed = options.keyed_state.as_ref();
    let keyed = keyed.map(|state| KeyedStateText::unusual(state, &KeyedOptions::default()));
    let lists = options.list_state.as_ref();
    let lists = lists.map(|state| ListStateText::unusual(state, &ListOptions::default()));
    table
        .put_some("keyed-state", keyed.map(|table| table.inline()))
        .put_some("list-state", lists.map(|table| table.inline()));
}
