//! How an operator's state is registered, as a scenario spells it: `keyed-state`, `list-state` and `uid-hash`.

use super::layout::{Table, list, quoted, time, word};
use super::node::Nodes;
use super::operator::OperatorText;
use super::word::{Count, Time};
use crate::job::{
    KeyedKind, KeyedOptions, ListMode, ListOptions, OperatorId, OperatorOptions, StateType,
};
use crate::operator::Entry;
use crate::scenario::{ScenarioError, bounds};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// `keyed-state = { name = "count", kind = "value", type = "long", ttl = "1h" }`.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct KeyedStateText {
    name: Option<String>,
    #[serde(default)]
    kind: KeyedKind,
    #[serde(default, rename = "type")]
    values: StateType,
    ttl: Option<Time>,
}

impl KeyedStateText {
    pub(super) fn options(&self) -> Arc<KeyedOptions> {
        Arc::new(KeyedOptions {
            name: self.name.as_deref().map(Arc::from),
            kind: self.kind,
            values: self.values,
            ttl: self.ttl.map(|ttl| ttl.0),
        })
    }
}

/// `list-state = { names = ["buf"], mode = "union", type = "text", starts-with = 2 }`.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ListStateText {
    names: Option<Vec<String>>,
    mode: Option<ModeText>,
    #[serde(rename = "type")]
    items: Option<StateType>,
    starts_with: Option<Count<1000>>,
}

/// A redistribution mode.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(rename_all = "kebab-case")]
enum ModeText {
    Split,
    Union,
    Broadcast,
    Whole,
}

impl ListStateText {
    pub(super) fn options(&self) -> Arc<ListOptions> {
        let usual = ListOptions::default();
        let names = self.names.as_ref();
        let names = names.map(|names| names.iter().map(|name| Arc::from(name.as_str())).collect());
        Arc::new(ListOptions {
            names: names.unwrap_or(usual.names),
            mode: match self.mode {
                None | Some(ModeText::Split) => ListMode::Split,
                Some(ModeText::Union) => ListMode::Union,
                Some(ModeText::Broadcast) => ListMode::Broadcast,
                Some(ModeText::Whole) => ListMode::Whole,
            },
            items: self.items.unwrap_or(usual.items),
            starts_with: self.starts_with.map_or(usual.starts_with, |count| count.0),
        })
    }
}

impl Nodes<'_> {
    /// The id that `uid-hash` spells.
    pub(super) fn uid_hash(
        &self,
        name: &str,
        text: &OperatorText,
    ) -> Result<Option<OperatorId>, ScenarioError> {
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
    ) -> Result<(), ScenarioError> {
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
        let names = &state.get_ref().options().names;
        if bounds::STATES.is_exceeded_by(names.len()) {
            return Err(self.source.beyond(&state.span(), &bounds::STATES));
        }
        let subtasks = u64::from(text.parallelism.map_or(1, |count| count.0));
        let first = u64::from(state.get_ref().options().starts_with);
        let states = u64::try_from(names.len()).unwrap_or(u64::MAX);
        // Subtask i has i more than the first.
        let items = states * (subtasks * first + subtasks * (subtasks - 1) / 2);
        if items > bounds::FIRST_ITEMS.most {
            return Err(self.source.beyond(&state.span(), &bounds::FIRST_ITEMS));
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
    if let Some(state) = &options.keyed_state {
        let mut keyed = Table::default();
        keyed
            .put_some("name", state.name.as_ref().map(quoted))
            .put_if(state.kind != KeyedKind::default(), "kind", word(&state.kind))
            .put_if(state.values != StateType::default(), "type", word(&state.values))
            .put_some("ttl", state.ttl.map(time));
        table.put("keyed-state", keyed.inline());
    }
    if let Some(state) = &options.list_state {
        let mode = match state.mode {
            ListMode::Split => "split",
            ListMode::Union => "union",
            ListMode::Broadcast => "broadcast",
            ListMode::Whole => "whole",
        };
        let mut lists = Table::default();
        lists
            .put("names", list(state.names.iter().map(quoted)))
            .put_if(state.mode != ListMode::Split, "mode", quoted(mode))
            .put_if(state.items != StateType::Text, "type", word(&state.items))
            .put_if(state.starts_with != 1, "starts-with", state.starts_with);
        table.put("list-state", lists.inline());
    }
}
