//! What a job becomes before it starts again from its savepoint: other parallelisms, operators added and removed,
//! another order. State must find its way back, or the story would only show a refusal.

use super::identity::RESCALE_WHOLE;
use super::sketch::{Edge, Node, PARALLELISM, Sketch};
use super::{Draw, is_tied_to_subtasks};
use crate::job::{ListMode, ListOptions, Partitioner};
use crate::operator::{Emits, Writes};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Percent of changed jobs with other parallelisms.
const RESCALE: u64 = 97;
/// The same where state cannot be dealt anew.
const RESCALE_REFUSED: u64 = 12;
/// Percent of operators that get another parallelism when a job is rescaled.
const RESCALE_EACH: u64 = 92;
/// Percent of changed jobs with an operator more.
const ADD: u64 = 35;
/// Percent of changed jobs with an operator less.
const REMOVE: u64 = 30;
/// Percent of changed jobs with their operators in another order of creation.
const REORDER: u64 = 25;

impl Sketch {
    /// The job that follows this one under a name.
    pub(super) fn successor(&self, draw: &Draw<'_>, name: &str) -> Self {
        let mut next = self.clone();
        let rescale = if is_tied_to_subtasks(&draw.rules) { RESCALE_REFUSED } else { RESCALE };
        if draw.chance(format_args!("{name}/rescale"), rescale) {
            next.rescale(draw, name);
        }
        if draw.chance(format_args!("{name}/remove"), REMOVE) {
            next.remove(draw, name);
        }
        if draw.chance(format_args!("{name}/add"), ADD) {
            next.add(draw, name);
        }
        if draw.chance(format_args!("{name}/reorder"), REORDER) {
            let order = draw.stream(format_args!("{name}/order"));
            let mut places: Vec<u64> = (0..).take(next.nodes.len()).collect();
            places.sort_by_key(|place| order.draw(*place));
            let nodes = std::mem::take(&mut next.nodes);
            let mut ranked: Vec<(u64, Node)> = places.into_iter().zip(nodes).collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            next.nodes = ranked.into_iter().map(|(_, node)| node).collect();
        }
        next
    }

    /// The job that follows this one under a name, differing in nothing but parallelisms.
    pub(super) fn rescaled(&self, draw: &Draw<'_>, name: &str) -> Self {
        let mut next = self.clone();
        if draw.chance(format_args!("{name}/rescale"), RESCALE) {
            next.rescale(draw, name);
        }
        next
    }

    /// Names the partitioner of each exchange that deals records in turn only because its ends differ in parallelism: it
    /// stays one when they no longer do.
    pub(super) fn name_partitioners(&mut self) {
        let parallelism: BTreeMap<String, u32> =
            self.nodes.iter().map(|node| (node.name.clone(), node.parallelism)).collect();
        for node in self.nodes.iter_mut().filter(|node| node.key_by.is_none()) {
            for edge in node.inputs.iter_mut().filter(|edge| edge.partitioner.is_none()) {
                if parallelism[&edge.from] != node.parallelism {
                    edge.partitioner = Some(Partitioner::Rebalance);
                }
            }
        }
    }

    /// Whether rows are overwritten by key. Those written between a job's savepoint and its end are overwritten when its
    /// successor reads the same records again, unless it has other keys by then: so it must come to the same keys.
    fn has_idempotent_sink(&self) -> bool {
        self.nodes.iter().any(|node| node.entry.writes == Writes::Idempotent)
    }

    fn rescale(&mut self, draw: &Draw<'_>, name: &str) {
        for node in &mut self.nodes {
            let what = &node.name;
            let is_whole = |state: &Arc<ListOptions>| state.mode == ListMode::Whole;
            let each = match node.options.list_state.as_ref().is_some_and(is_whole) {
                true => RESCALE_WHOLE,
                false => RESCALE_EACH,
            };
            if draw.chance(format_args!("{name}/{what}/rescaled"), each) {
                node.parallelism =
                    draw.count(format_args!("{name}/{what}/parallelism"), PARALLELISM);
            }
        }
    }

    /// Takes a stateless operator away, whose readers read what it read.
    fn remove(&mut self, draw: &Draw<'_>, name: &str) {
        let is_removable = |node: &&Node| {
            let reads_side = |reader: &Node| {
                reader.inputs.iter().any(|edge| edge.side && edge.from == node.name)
            };
            let may_change_keys = node.entry.emits == Emits::OneForOne && node.entry.inputs == 1;
            let is_needed = node.is_stateful() || self.nodes.iter().any(reads_side);
            let changes_keys = may_change_keys && self.has_idempotent_sink();
            node.is_transform() && !is_needed && !changes_keys
        };
        let removable: Vec<&Node> = self.nodes.iter().filter(is_removable).collect();
        if removable.is_empty() {
            return;
        }
        let removed =
            removable[draw.place(format_args!("{name}/removed"), removable.len())].clone();
        self.take_out(&removed);
    }

    /// Takes an operator away, whose readers read what it read.
    pub(super) fn take_out(&mut self, removed: &Node) {
        self.nodes.retain(|node| node.name != removed.name);
        for reader in &mut self.nodes {
            if let Some(place) = reader.inputs.iter().position(|edge| edge.from == removed.name) {
                let replaced = reader.inputs[place].clone();
                let instead = removed.inputs.iter().map(|edge| Edge {
                    from: edge.from.clone(),
                    side: edge.side,
                    ..replaced.clone()
                });
                reader.inputs.splice(place..=place, instead);
            }
        }
    }

    /// Puts a stateless operator between two others. Not behind the aggregate, whose rows must stay in order.
    fn add(&mut self, draw: &Draw<'_>, name: &str) {
        let places = self.places_between();
        if places.is_empty() {
            return;
        }
        let place = places[draw.place(format_args!("{name}/added"), places.len())];
        let even = if self.has_idempotent_sink() { 0 } else { 1 };
        let kind = draw.weighted(
            format_args!("{name}/added/kind"),
            &[(("map", "identity"), 3), (("flat-map", "repeat"), 1), (("filter", "even"), even)],
        );
        let added = format!("{name}-extra");
        let node = Node {
            known_as: format!("{added}-id"),
            name: added,
            parallelism: draw.count(format_args!("{name}/added/parallelism"), PARALLELISM),
            ..Node::transform(draw, kind)
        };
        self.put_between(place, node);
    }
}
