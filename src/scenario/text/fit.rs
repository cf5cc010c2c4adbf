//! Whether what an operator was told fits what it is, and committers fit their writers.

use super::node::Nodes;
use super::operator::OperatorText;
use crate::job::{JobGraph, OperatorIndex, OperatorNode};
use crate::operator::Entry;
use crate::scenario::ScenarioError;
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
    ) -> Result<(), ScenarioError> {
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

    /// Refuses a committer that reads anything but one writer, and a writer that is not read by one committer alone.
    pub(super) fn check_committers(&self, graph: &JobGraph) -> Result<(), ScenarioError> {
        for (place, node) in graph.operators.iter().enumerate() {
            let operator = OperatorIndex::new(place);
            let senders = || node.inputs.iter().map(|edge| &graph.operators[edge.from.index()]);
            let is_refused = if node.is_committer() {
                let reads_side = node.inputs.iter().any(|edge| edge.side);
                node.inputs.len() != 1 || reads_side || !senders().all(OperatorNode::is_writer)
            } else if node.is_writer() {
                let readers = graph.operators.iter();
                let mut readers =
                    readers.filter(|reader| reader.inputs.iter().any(|edge| edge.from == operator));
                !readers.next().is_some_and(OperatorNode::is_committer) || readers.next().is_some()
            } else {
                false
            };
            if is_refused {
                let (name, at) = (&node.name, &self.operators[place].0);
                let message = match node.is_writer() {
                    true => format!("writer `{name}` is not read by one committer alone"),
                    false => format!("committer `{name}` does not read one writer alone"),
                };
                let help = "pair a `writer = \"transactions\"` with a `sink = \"committer\"`";
                return Err(self.source.error_with(at, message, help));
            }
        }
        Ok(())
    }
}
