//! Columns that operators name, held against the rows that reach them, as far as those are known from the inputs.

use super::node::Nodes;
use crate::job::{JobGraph, KeySelector, OperatorIndex, OperatorKind, OperatorNode};
use crate::operator::{Emits, Rows};
use crate::scenario::{InputKind, Mistake};
use std::ops::Range;

/// What is known of the records of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    /// Nothing.
    Unknown,
    /// Text, which has no columns.
    Text,
    /// Rows of so many columns.
    Row(usize),
}

impl Nodes<'_> {
    /// Refuses a column that the rows do not have which reach an operator.
    pub(super) fn check_columns(&self, graph: &JobGraph) -> Result<(), Mistake> {
        for (place, node) in graph.operators.iter().enumerate() {
            let (at, text) = &self.operators[place];
            let first = self.incoming(graph, place, 0);
            let span = |spanned: Option<Range<usize>>| spanned.unwrap_or_else(|| at.clone());
            if let Some(key_by) = node.key_by {
                let at = span(text.key_by.as_ref().map(toml::Spanned::span));
                self.check(&at, node, "key-by", &selected(key_by.selector), first)?;
                if let Some(second) = key_by.second {
                    let at = span(text.second_key_by.as_ref().map(toml::Spanned::span));
                    let incoming = self.incoming(graph, place, 1);
                    self.check(&at, node, "second-key-by", &selected(second), incoming)?;
                }
            }
            if let Some(column) = node.options.column {
                let at = span(text.column.as_ref().map(toml::Spanned::span));
                self.check(&at, node, "column", &[column], first)?;
            }
            if let Some(window) = node.options.window {
                let aggregates = window.aggregates.as_slice().iter();
                let columns: Vec<u16> = aggregates.filter_map(|one| one.column).collect();
                let kinds = text.kinds.first().map(|(kind, _)| kind.span());
                self.check(&span(kinds), node, "aggregate", &columns, first)?;
            }
        }
        Ok(())
    }

    fn check(
        &self,
        at: &Range<usize>,
        node: &OperatorNode,
        key: &str,
        columns: &[u16],
        shape: Shape,
    ) -> Result<(), Mistake> {
        let Some(most) = columns.iter().max() else { return Ok(()) };
        let (message, help) = match shape {
            Shape::Unknown => return Ok(()),
            Shape::Row(width) if usize::from(*most) < width => return Ok(()),
            Shape::Row(width) => (
                format!(
                    "`{key}` of operator `{}` names column {most}, and its rows have {width}",
                    node.name
                ),
                format!("use one of 0 to {}", width - 1),
            ),
            Shape::Text => (
                format!(
                    "`{key}` of operator `{}` names column {most}, and its records are text",
                    node.name
                ),
                "text has no columns: say `key-by = \"value\"`, or leave `column` out".to_owned(),
            ),
        };
        Err(self.source.error_with(at, message, help))
    }

    /// What reaches an input of an operator.
    fn incoming(&self, graph: &JobGraph, place: usize, input: u8) -> Shape {
        let edges = graph.operators[place].inputs.iter().filter(|edge| edge.input == input);
        let mut shapes = edges.map(|edge| match edge.side {
            true => Shape::Unknown,
            false => self.outgoing(graph, edge.from),
        });
        let Some(first) = shapes.next() else { return Shape::Unknown };
        if shapes.all(|shape| shape == first) { first } else { Shape::Unknown }
    }

    /// What an operator emits: that is asked of the operators before it, as long as rows go through as they are.
    fn outgoing(&self, graph: &JobGraph, from: OperatorIndex) -> Shape {
        let mut from = from;
        // In a circle, nothing is known.
        for _ in 0..graph.operators.len() {
            let node = &graph.operators[from.index()];
            if let OperatorKind::Source { input, .. } = &node.kind {
                let input = self.inputs.iter().find(|other| other.name == *input);
                return input.map_or(Shape::Unknown, |input| shape_of(&input.kind));
            }
            let Some(entry) = self.catalogue.of(node) else { return Shape::Unknown };
            let goes_through = entry.rows == Rows::AsTheyAre || entry.emits == Emits::AsItIs;
            match (entry.rows, node.inputs.as_slice()) {
                (Rows::Pair, _) => return Shape::Row(2),
                (_, [edge]) if goes_through && !edge.side => from = edge.from,
                _ => return Shape::Unknown,
            }
        }
        Shape::Unknown
    }
}

/// What an input holds.
fn shape_of(kind: &InputKind) -> Shape {
    match kind {
        InputKind::Text(_) => Shape::Text,
        InputKind::Csv { columns, .. } => Shape::Row(columns.len()),
        InputKind::Generate { step, .. } => Shape::Row(if step.is_some() { 3 } else { 2 }),
    }
}

/// The columns that a key is made of.
fn selected(selector: KeySelector) -> Vec<u16> {
    match selector {
        KeySelector::Value => Vec::new(),
        KeySelector::Column(column) => vec![column],
        KeySelector::Columns(columns) => columns.as_slice().to_vec(),
    }
}
