//! Whether what an operator was told fits what it is, and committers fit their writers.

use super::found::Found;
use super::node::Nodes;
use super::operator::OperatorText;
use crate::job::{JobGraph, OperatorIndex, OperatorNode};
use crate::operator::{Entry, Writes};
use crate::scenario::Mistake;
use std::ops::Range;

impl Nodes<'_> {
    /// Refuses what only other operators can be told.
    pub(super) fn check_options(
        &self,
        name: &str,
        kind: &str,
        function: &str,
        entry: &Entry,
        text: &OperatorText,
    ) -> Result<(), Mistake> {
        let error = |at: &Range<usize>, message: String, help: &str| {
            Err(self.source.error_with(at, message, help))
        };
        if let Some(column) = text.column.as_ref().filter(|_| !entry.takes_column) {
            let message =
                format!("operator `{name}` has `column`, but {kind} `{function}` takes none");
            return error(&column.span(), message, "leave it out");
        }
        if let Some(reader) = text.reader.as_ref().filter(|_| !text.is_source()) {
            let message = format!("operator `{name}` has `reader` but is no source");
            return error(&reader.span(), message, "set it where the input is read");
        }
        if let Some(offsets) = text.starting_offsets.as_ref().filter(|_| !text.is_source()) {
            let message = format!("operator `{name}` has `starting-offsets` but is no source");
            return error(&offsets.span(), message, "set it where the input is read");
        }
        self.check_registered(name, kind, function, entry, text)?;
        let Some(second) = &text.second_key_by else { return Ok(()) };
        if text.second_from.is_none() {
            let message = format!("operator `{name}` has `second-key-by` but no second input");
            return error(&second.span(), message, "say `key-by` for an operator of one input");
        }
        if text.key_by.is_none() {
            let message = format!("operator `{name}` has `second-key-by` but no `key-by`");
            return error(&second.span(), message, "say `key-by` for its first input, too");
        }
        Ok(())
    }

    /// Takes down each committer that reads anything but one writer, and each writer that is not read by one committer alone.
    pub(super) fn check_committers(&self, graph: &JobGraph, found: &mut Found<'_>) {
        let is = |writes| move |node: &OperatorNode| self.catalogue.writes(node) == writes;
        for (place, node) in graph.operators.iter().enumerate() {
            let operator = OperatorIndex::new(place);
            let senders = || node.inputs.iter().map(|edge| &graph.operators[edge.from.index()]);
            let name = &node.name;
            let mistake = if self.catalogue.writes(node) == Writes::Committer {
                let reads_side = node.inputs.iter().any(|edge| edge.side);
                let is_right =
                    node.inputs.len() == 1 && !reads_side && senders().all(is(Writes::Writer));
                (!is_right).then(|| format!("committer `{name}` does not read one writer alone"))
            } else if self.catalogue.writes(node) == Writes::Writer {
                let readers = graph.operators.iter();
                let mut readers =
                    readers.filter(|reader| reader.inputs.iter().any(|edge| edge.from == operator));
                let is_right =
                    readers.next().is_some_and(is(Writes::Committer)) && readers.next().is_none();
                (!is_right).then(|| format!("writer `{name}` is not read by one committer alone"))
            } else {
                None
            };
            if let Some(message) = mistake {
                let at = &self.operators[place].0;
                let help = "pair a `writer = \"transactions\"` with a `sink = \"committer\"`";
                found.add(self.source.error_with(at, message, help));
            }
        }
    }
}
