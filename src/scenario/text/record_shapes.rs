//! What is known of the records that operators read and emit, from the inputs on and as far as the catalogue tells.

use super::node::Nodes;
use crate::job::{JobGraph, KeySelector, OperatorKind, OperatorNode};
use crate::operator::{Definition, Emits, Entry, Fold, Rows};
use crate::scenario::{Column, InputKind};
use std::sync::Arc;

/// Of how many columns of a row it is known what they hold. Nobody writes more by hand, and all would be compared again and
/// again.
const WIDTH_MOST: usize = 256;
/// In how many rows a row is known to be; what lies deeper is looked at by nobody.
const DEPTH_MOST: usize = 4;

/// What is known of the records of a stream, or of one column of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Nothing.
    Unknown,
    /// Text, which has no columns.
    Text,
    /// An integer, as times are, too.
    Number,
    /// Rows of these columns.
    Row(Arc<[Self]>),
    /// Rows of so many columns, of which nothing else is known.
    Wide(usize),
}

impl Shape {
    /// What an input holds.
    fn of_input(kind: &InputKind) -> Self {
        let of_column = |column: &Column| match column {
            Column::Text => Self::Text,
            Column::Int | Column::Time(_) => Self::Number,
        };
        match kind {
            InputKind::Text(_) => Self::Text,
            InputKind::Csv { columns, .. } if columns.len() > WIDTH_MOST => {
                Self::Wide(columns.len())
            }
            InputKind::Csv { columns, .. } => Self::Row(columns.iter().map(of_column).collect()),
            InputKind::Generate { step, .. } => {
                let width = if step.is_some() { 3 } else { 2 };
                Self::Row(std::iter::repeat_n(Self::Number, width).collect())
            }
        }
    }

    /// A row that an operator builds.
    fn row(columns: impl IntoIterator<Item = Self>) -> Self {
        let bounded = |column: Self| match column.depth() < DEPTH_MOST {
            true => column,
            false => Self::Unknown,
        };
        Self::Row(columns.into_iter().map(bounded).collect())
    }

    /// How many rows are in one another.
    fn depth(&self) -> usize {
        match self {
            Self::Row(columns) => 1 + columns.iter().map(Self::depth).max().unwrap_or(0),
            Self::Wide(_) => 1,
            Self::Unknown | Self::Text | Self::Number => 0,
        }
    }

    /// How many columns its rows have, if it is known to be rows.
    pub(super) fn width(&self) -> Option<usize> {
        match self {
            Self::Row(columns) => Some(columns.len()),
            Self::Wide(width) => Some(*width),
            Self::Unknown | Self::Text | Self::Number => None,
        }
    }

    /// What is known of both.
    fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one.clone(),
            (Self::Row(one), Self::Row(other)) if one.len() == other.len() => {
                Self::Row(one.iter().zip(other.iter()).map(|(one, other)| one.or(other)).collect())
            }
            _ => Self::Unknown,
        }
    }

    /// A column; nothing is known of one that is not there.
    pub(super) fn column(&self, column: u16) -> Self {
        match self {
            Self::Row(columns) => {
                columns.get(usize::from(column)).cloned().unwrap_or(Self::Unknown)
            }
            Self::Unknown | Self::Text | Self::Number | Self::Wide(_) => Self::Unknown,
        }
    }

    /// The column that an operator works on, where it is told one, else all of it.
    pub(super) fn worked_on(&self, column: Option<u16>) -> Self {
        column.map_or_else(|| self.clone(), |column| self.column(column))
    }

    /// The key.
    pub(super) fn key(&self, selector: KeySelector) -> Self {
        match selector {
            KeySelector::Value => self.clone(),
            KeySelector::Column(column) => self.column(column),
            KeySelector::Columns(columns) => {
                Self::row(columns.as_slice().iter().map(|column| self.column(*column)))
            }
        }
    }

    /// The last column, or a value that has none.
    fn last(&self) -> Self {
        match self {
            Self::Row(columns) => columns.last().cloned().unwrap_or(Self::Unknown),
            Self::Wide(_) => Self::Unknown,
            Self::Unknown | Self::Text | Self::Number => self.clone(),
        }
    }

    /// Whether it is known that no integer is in it that could be added up: neither itself nor a column.
    pub(super) fn has_no_number(&self) -> bool {
        match self {
            Self::Text => true,
            Self::Row(columns) => {
                columns.iter().all(|column| matches!(column, Self::Text | Self::Row(_)))
            }
            Self::Unknown | Self::Number | Self::Wide(_) => false,
        }
    }

    /// In the words of a message.
    pub(super) const fn told(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Text => "text",
            Self::Number => "integers",
            Self::Row(_) | Self::Wide(_) => "rows without integers",
        }
    }
}

/// What every operator of a graph emits. Nothing is known of those in a circle, nor of what is behind them.
pub(super) struct Shapes<'g> {
    graph: &'g JobGraph,
    emitted: Vec<Shape>,
}

impl<'g> Shapes<'g> {
    pub(super) fn of(nodes: &Nodes<'_>, graph: &'g JobGraph) -> Self {
        let count = graph.operators.len();
        let mut shapes = Self { graph, emitted: vec![Shape::Unknown; count] };
        let mut missing: Vec<usize> =
            graph.operators.iter().map(|node| node.inputs.len()).collect();
        let mut readers = vec![Vec::new(); count];
        for (place, node) in graph.operators.iter().enumerate() {
            node.inputs.iter().for_each(|edge| readers[edge.from.index()].push(place));
        }
        let mut next: Vec<usize> = (0..count).filter(|place| missing[*place] == 0).collect();
        while let Some(place) = next.pop() {
            shapes.emitted[place] = shapes.emitted_by(nodes, place);
            for reader in std::mem::take(&mut readers[place]) {
                missing[reader] -= 1;
                if missing[reader] == 0 {
                    next.push(reader);
                }
            }
        }
        shapes
    }

    /// What reaches an input of an operator.
    pub(super) fn incoming(&self, place: usize, input: u8) -> Shape {
        let edges = self.graph.operators[place].inputs.iter().filter(|edge| edge.input == input);
        let shapes = edges.map(|edge| match edge.side {
            true => Shape::Unknown,
            false => self.emitted[edge.from.index()].clone(),
        });
        shapes.reduce(|one, other| one.or(&other)).unwrap_or(Shape::Unknown)
    }

    fn emitted_by(&self, nodes: &Nodes<'_>, place: usize) -> Shape {
        let node = &self.graph.operators[place];
        if let OperatorKind::Source { input, .. } = &node.kind {
            let input = nodes.inputs.iter().find(|other| other.name == *input);
            return input.map_or(Shape::Unknown, |input| Shape::of_input(&input.kind));
        }
        match nodes.catalogue.of(node) {
            Some(entry) if entry.inputs == 1 => transformed(node, entry, self.incoming(place, 0)),
            Some(_) | None => Shape::Unknown,
        }
    }
}

/// What an operator of one input makes of its records.
fn transformed(node: &OperatorNode, entry: &Entry, incoming: Shape) -> Shape {
    let key = || match node.key_by {
        Some(key_by) => incoming.key(key_by.selector),
        None => Shape::Unknown,
    };
    let goes_through = entry.rows == Rows::AsTheyAre || entry.emits == Emits::AsItIs;
    match entry.definition {
        _ if goes_through => incoming,
        // Each changes some values, and none into another kind of value.
        Definition::Upper
        | Definition::Lower
        | Definition::Increment
        | Definition::Twice
        | Definition::Halves => incoming,
        Definition::Words => Shape::Text,
        Definition::Digits => Shape::Number,
        Definition::Pair => Shape::row([incoming, Shape::Number]),
        Definition::Swap if incoming.width() == Some(2) => {
            Shape::row([incoming.column(1), incoming.column(0)])
        }
        Definition::Swap => incoming,
        Definition::Distinct => key(),
        Definition::Folds(fold) => {
            let value = match fold {
                Fold::Count | Fold::Sum | Fold::Xor => Shape::Number,
                Fold::Max | Fold::Min | Fold::Last => {
                    incoming.worked_on(node.options.column).last()
                }
            };
            Shape::row([key(), value])
        }
        Definition::Windows(_) => {
            let options = node.options.window.unwrap_or_default();
            let which = Shape::row([key(), Shape::Number]);
            let aggregates = options.aggregates.as_slice().iter().map(|_| Shape::Number);
            Shape::row(std::iter::once(which).chain(aggregates))
        }
        _ if entry.rows == Rows::Pair => Shape::row([key(), Shape::Unknown]),
        Definition::ItsCode
        | Definition::AsItIs
        | Definition::FirstInput
        | Definition::Delay(_)
        | Definition::Even
        | Definition::NonEmpty
        | Definition::Tag
        | Definition::Rules
        | Definition::Statistics
        | Definition::Join => Shape::Unknown,
    }
}
