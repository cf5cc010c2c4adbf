//! Columns and keys that operators name, held against the rows that reach them, as far as those are known from the inputs.

use super::found::Found;
use super::node::Nodes;
use super::record_shapes::{Shape, Shapes};
use crate::job::{JobGraph, KeySelector, KeyType, OperatorNode};
use crate::operator::{Catalogue, Definition, Fold};
use crate::scenario::Mistake;
use std::ops::Range;

impl Nodes<'_> {
    /// Takes down each column that the rows do not have which reach an operator, and each that does not hold what the operator
    /// works with.
    pub(super) fn check_columns(&self, graph: &JobGraph, found: &mut Found<'_>) {
        let shapes = Shapes::of(self, graph);
        for (place, node) in graph.operators.iter().enumerate() {
            let (at, text) = &self.operators[place];
            let first = shapes.incoming(place, 0);
            let span = |spanned: Option<Range<usize>>| spanned.unwrap_or_else(|| at.clone());
            if let Some(key_by) = node.key_by {
                let at = span(text.key_by.as_ref().map(toml::Spanned::span));
                let key = Named { node, at, key: "key-by" };
                found.keep(self.check_width(&key, &selected(key_by.selector), &first));
                let at = span(text.key_type.as_ref().map(toml::Spanned::span));
                let key = Named { node, at, key: "key-type" };
                found.keep(self.check_key(&key, key_by.key_type, &first.key(key_by.selector)));
                if let Some(second) = key_by.second {
                    let at = span(text.second_key_by.as_ref().map(toml::Spanned::span));
                    let key = Named { node, at, key: "second-key-by" };
                    found.keep(self.check_width(
                        &key,
                        &selected(second),
                        &shapes.incoming(place, 1),
                    ));
                }
            }
            let at = span(text.column.as_ref().map(toml::Spanned::span));
            let column = Named { node, at, key: "column" };
            let columns: Vec<u16> = node.options.column.into_iter().collect();
            if found.keep(self.check_width(&column, &columns, &first)).is_some() {
                found.keep(self.check_measured(&column, &first));
            }
            if let Some(window) = node.options.window {
                let aggregates = window.aggregates.as_slice().iter();
                let columns: Vec<u16> = aggregates.filter_map(|one| one.column).collect();
                let at = span(text.kinds.first().map(|(kind, _)| kind.span()));
                let aggregate = Named { node, at, key: "aggregate" };
                let fits = self.check_width(&aggregate, &columns, &first);
                found.keep(fits.and_then(|()| self.check_numbers(&aggregate, &columns, &first)));
            }
        }
    }

    /// Whether the rows have these columns.
    fn check_width(
        &self,
        named: &Named<'_>,
        columns: &[u16],
        shape: &Shape,
    ) -> Result<(), Mistake> {
        let Some(most) = columns.iter().max() else { return Ok(()) };
        let Named { node, key, .. } = named;
        let names = format!("`{key}` of operator `{}` names column {most}", node.name);
        let bare = |what, verb| {
            let help = "say `key-by = \"value\"`, or leave `column` out";
            let has = format!("{what} {verb} no columns: {help}");
            (format!("{names}, and its records are {what}"), has)
        };
        let (message, help) = match shape {
            Shape::Unknown => return Ok(()),
            Shape::Row(_) | Shape::Wide(_) => {
                let width = shape.width().unwrap_or_default();
                if usize::from(*most) < width {
                    return Ok(());
                }
                (
                    format!("{names}, and its rows have {width}"),
                    format!("use one of 0 to {}", width - 1),
                )
            }
            Shape::Text => bare("text", "has"),
            Shape::Number => bare("integers", "have"),
        };
        Err(self.source.error_with(&named.at, message, help))
    }

    /// Whether there are numbers where an operator adds numbers up: text counts as 0, which nobody means.
    fn check_measured(&self, named: &Named<'_>, incoming: &Shape) -> Result<(), Mistake> {
        let node = named.node;
        let entry = self.catalogue.of(node);
        let adds_up = entry.is_some_and(|entry| {
            matches!(
                entry.definition,
                Definition::Folds(Fold::Sum | Fold::Xor) | Definition::Statistics
            )
        });
        let column = node.options.column;
        let worked_on = incoming.worked_on(column);
        if !adds_up || !worked_on.has_no_number() {
            return Ok(());
        }
        if let Some(column) = column {
            return self.check_numbers(named, &[column], incoming);
        }
        let (kind, function) = Catalogue::name_of(&node.kind, node.options.reader);
        let (name, told) = (&node.name, worked_on.told());
        let message = format!(
            "{kind} `{function}` of operator `{name}` works with integers, and its records are {told}"
        );
        let help = "count them with `aggregate = \"count\"`, or make integers of them before";
        Err(self.source.error_with(&named.at, message, help))
    }

    /// Whether these columns hold integers.
    fn check_numbers(
        &self,
        named: &Named<'_>,
        columns: &[u16],
        incoming: &Shape,
    ) -> Result<(), Mistake> {
        let has_none = |column: &&u16| incoming.column(**column).has_no_number();
        let Some(column) = columns.iter().find(has_none) else { return Ok(()) };
        let Named { node, at, key } = named;
        let told = incoming.column(*column).told();
        let message = format!(
            "`{key}` of operator `{}` works with integers, and column {column} is {told}",
            node.name
        );
        let numbers: Vec<String> = match incoming {
            Shape::Row(row) => {
                let numbered = row.iter().zip(0..);
                let numbers = numbered.filter(|(column, _): &(_, u16)| **column == Shape::Number);
                numbers.map(|(_, place)| place.to_string()).collect()
            }
            Shape::Unknown | Shape::Text | Shape::Number | Shape::Wide(_) => Vec::new(),
        };
        let help = match numbers.as_slice() {
            [] => "none of its columns is known to hold integers".to_owned(),
            [one] => format!("column {one} holds integers"),
            _ => format!("integers are in the columns {}", numbers.join(", ")),
        };
        Err(self.source.error_with(at, message, help))
    }

    /// Whether a key can be written as what it is said to be.
    fn check_key(&self, named: &Named<'_>, key_type: KeyType, key: &Shape) -> Result<(), Mistake> {
        use KeyType::{Auto, Byte, Char, Double, Float, Int, Long, Short, Text};
        let fits = match key {
            Shape::Unknown | Shape::Row(_) | Shape::Wide(_) => true,
            Shape::Text => matches!(key_type, Auto | Text | Char | Double | Float),
            Shape::Number => matches!(key_type, Auto | Int | Long | Short | Byte),
        };
        if fits {
            return Ok(());
        }
        let (message, help) = match *key == Shape::Text {
            true => ("text", "say `text`, `char`, `double` or `float`, or leave it out"),
            false => ("an integer", "say `int`, `long`, `short` or `byte`, or leave it out"),
        };
        let name = &named.node.name;
        let message =
            format!("the key of operator `{name}` is {message}, which {key_type} cannot write");
        Err(self.source.error_with(&named.at, message, help))
    }
}

/// Where an operator names columns.
struct Named<'n> {
    node: &'n OperatorNode,
    at: Range<usize>,
    /// The key that names them.
    key: &'static str,
}

/// The columns that a key is made of.
fn selected(selector: KeySelector) -> Vec<u16> {
    match selector {
        KeySelector::Value => Vec::new(),
        KeySelector::Column(column) => vec![column],
        KeySelector::Columns(columns) => columns.as_slice().to_vec(),
    }
}
