//! Event time in a scenario file: when records happened, how far they are out of order, windows over them.

use super::found::Found;
use super::layout::{Table, list, quoted};
use super::node::Nodes;
use super::operator::OperatorText;
use super::settings::{Named, Setting};
use super::word::Millis;
use crate::job::{
    DelayOptions, JobGraph, OperatorKind, OperatorNode, TumblingWindows, WindowAggregate,
    WindowAggregates, WindowOptions, WindowTime,
};
use crate::kernel::SimTime;
use crate::scenario::language::Source;
use crate::scenario::language::text_table;
use crate::scenario::{Column, Input, InputKind, Mistake, Shuffle};
use serde::Deserialize;
use std::ops::Range;

text_table!("`shuffle-within`":
    /// Entries change places, so that their event time is out of order.
    /// e.g. `{ column = 0, within = "2h" }`
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct ShuffleText {
        /// The column that holds event time.
        /// e.g. `0`
        pub column: u16,
        /// By how much an entry may come later than one that happened after it.
        /// e.g. `"2h"`
        pub within: Millis,
    }
);

text_table!("`window`":
    /// Tumbling windows over the records of a key, and what is told of each.
    /// e.g. `{ size = "1h", aggregate = ["count"] }`
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct WindowText {
        /// How long a window is.
        /// e.g. `"24h"`
        size: Millis,
        /// By how much windows begin later than multiples of their size since 1970.
        /// Usual: `"0s"`
        /// e.g. `"6h"`
        offset: Option<Millis>,
        /// How long after its end a window still takes late records.
        /// Flink: `allowedLateness()`
        /// Usual: `"0s"`
        /// e.g. `"2h"`
        lateness: Option<Millis>,
        /// By which clock.
        /// Usual: `"event"`
        /// e.g. `"processing"`
        time: Option<Named<WindowTime>>,
        /// The columns of a window's row, 1 to 4: `count`, or `sum`, `min`, `max` and the number of a column.
        /// e.g. `["count", "sum 4"]`
        aggregate: Vec<String>,
    }
);

/// What a window operator is told.
pub(super) fn window(
    source: Source<'_>,
    at: &Range<usize>,
    name: &str,
    value: &toml::Value,
) -> Result<WindowOptions, Mistake> {
    let wrong = |what: String, help: &str| {
        Err(source.error_with(at, format!("window `{name}`: {what}"), help))
    };
    let text = match WindowText::deserialize(value.clone()) {
        Ok(text) => text,
        Err(error) => {
            let help = "say for example `window = { size = \"1h\", aggregate = [\"count\"] }`";
            let what = error.message().trim().replace('\n', ", ").replace(" field ", " key ");
            return wrong(what, help);
        }
    };
    let time = text.time.map(|time| time.value()).unwrap_or_default();
    let lateness = text.lateness.unwrap_or_default().0;
    let Some(windows) =
        TumblingWindows::new(text.size.0, text.offset.unwrap_or_default().0, lateness)
    else {
        let help = "give it a `size` of 1ms or more, and an `offset` that is shorter";
        return wrong("there are no such windows".to_owned(), help);
    };
    if time == WindowTime::Processing && text.lateness.is_some() {
        return wrong("nothing is late in processing time".to_owned(), "leave `lateness` out");
    }
    let mut aggregates: Vec<WindowAggregate> = Vec::new();
    for aggregate in &text.aggregate {
        match aggregate.parse() {
            Ok(aggregate) => aggregates.push(aggregate),
            Err(what) => return wrong(what, "name what each column of its rows is"),
        }
    }
    match WindowAggregates::new(&aggregates) {
        Some(aggregates) => Ok(WindowOptions { windows, time, aggregates }),
        None => wrong(
            format!("{} aggregates", aggregates.len()),
            "name 1 to 4 of them, such as `aggregate = [\"count\"]`",
        ),
    }
}

text_table!("`delay`":
    /// How long each record of a key is held back, in state and with a timer.
    /// e.g. `{ by = "30s" }`
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct DelayText {
        /// For how long, from when a record happened or is processed.
        /// e.g. `"30s"`
        by: Millis,
        /// By which clock.
        /// Usual: `"event"`
        /// e.g. `"processing"`
        time: Option<Named<WindowTime>>,
    }
);

/// What an operator is told that holds records back.
pub(super) fn delay(
    source: Source<'_>,
    at: &Range<usize>,
    name: &str,
    value: &toml::Value,
) -> Result<DelayOptions, Mistake> {
    let wrong = |what: &str, help: &str| {
        Err(source.error_with(at, format!("delay `{name}`: {what}"), help))
    };
    match DelayText::deserialize(value.clone()) {
        Ok(text) if text.by.0 == 0 => wrong(
            "it holds records back for no time at all",
            "give `by` a span of 1ms or more, or leave the operator out",
        ),
        Ok(text) => {
            let time = text.time.map(|time| time.value()).unwrap_or_default();
            Ok(DelayOptions { by: text.by.0, time })
        }
        Err(error) => {
            let what = error.message().trim().replace('\n', ", ").replace(" field ", " key ");
            wrong(&what, "say for example `delay = { by = \"30s\" }`")
        }
    }
}

/// The shuffle of an input, if its rows have a time in that column.
pub(super) fn shuffle(
    source: Source<'_>,
    at: &Range<usize>,
    name: &str,
    kind: &InputKind,
    text: ShuffleText,
) -> Result<Shuffle, Mistake> {
    check_column(source, at, &format!("input `{name}`"), kind, text.column)?;
    if text.within.0 == 0 {
        let message = format!("input `{name}` is shuffled within no time at all");
        return Err(source.error_with(
            at,
            message,
            "leave `shuffle-within` out, or give it a span",
        ));
    }
    Ok(Shuffle { column: text.column, within: text.within.0 })
}

/// Refuses a column that holds no integers in the rows of an input.
fn check_column(
    source: Source<'_>,
    at: &Range<usize>,
    who: &str,
    kind: &InputKind,
    column: u16,
) -> Result<(), Mistake> {
    let place = usize::from(column);
    let has_time = match kind {
        InputKind::Text(_) => false,
        InputKind::Csv { columns, .. } => {
            matches!(columns.get(place), Some(Column::Int | Column::Time(_)))
        }
        InputKind::Generate { step, .. } => place < if step.is_some() { 3 } else { 2 },
    };
    if has_time {
        return Ok(());
    }
    let message = format!("{who} takes time from column {column}, which holds none");
    let help = "name a column from 0 that is `int` or `time …`";
    Err(source.error_with(at, message, help))
}

impl Nodes<'_> {
    /// Refuses a source whose time is not in its input.
    pub(super) fn check_time(
        &self,
        at: &Range<usize>,
        name: &str,
        kind: &OperatorKind,
        text: &OperatorText,
    ) -> Result<(), Mistake> {
        let Some(time) = &text.event_time else { return Ok(()) };
        let OperatorKind::Source { input, .. } = kind else {
            let message = format!("operator `{name}` has `event-time` but is no source");
            let help = "set it where the input is read";
            return Err(self.source.error_with(&time.span(), message, help));
        };
        if time.get_ref().interval.is_some_and(|interval| interval.0 == SimTime::ZERO) {
            let message = format!("source `{name}` tells watermarks without pause");
            return Err(self.source.error_with(&time.span(), message, "give `interval` a span"));
        }
        let input = self.inputs.iter().find(|other| other.name == *input);
        match (input, time.get_ref().column.and_then(|column| column.value())) {
            (Some(Input { kind, .. }), Some(column)) => {
                check_column(self.source, at, &format!("source `{name}`"), kind, column)
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// Takes down whatever goes by the event time of records that have none: Flink would fail with the first.
    pub(super) fn check_windows(&self, graph: &JobGraph, found: &mut Found<'_>) {
        let without_time = reached_without_time(graph);
        for (place, node) in graph.operators.iter().enumerate() {
            let Some(kind) = goes_by_event_time(node).filter(|_| without_time[place]) else {
                continue;
            };
            let Some(timeless) = upstream_of(graph, place).find(|node| is_timeless(node)) else {
                continue;
            };
            let (what, help) = if timeless.is_source() {
                (
                    format!("source `{}` tells none", timeless.name),
                    "give the source `event-time = { column = … }`, or `event-time = {}` for ingestion time",
                )
            } else {
                (
                    format!("what delay `{}` sends on by the clock has none", timeless.name),
                    "let both go by `time = \"event\"`, or both by `\"processing\"`",
                )
            };
            let message = format!("{kind} `{}` is of event time, but {what}", node.name);
            found.add(self.source.error_with(&self.operators[place].0, message, help));
        }
    }
}

/// What an operator is called that goes by the event time of its records.
fn goes_by_event_time(node: &OperatorNode) -> Option<&'static str> {
    let is_window = node.options.window.is_some_and(|window| window.time == WindowTime::Event);
    let is_delay = node.options.delay.is_some_and(|delay| delay.time == WindowTime::Event);
    is_window.then_some("window").or(is_delay.then_some("delay"))
}

/// Whether what an operator sends on has no event time: that of a source that tells none, or of a timer of the clock.
fn is_timeless(node: &OperatorNode) -> bool {
    let is_by_clock = |delay: DelayOptions| delay.time == WindowTime::Processing;
    (node.is_source() && node.options.time.is_none()) || node.options.delay.is_some_and(is_by_clock)
}

/// Which operators records without event time reach.
fn reached_without_time(graph: &JobGraph) -> Vec<bool> {
    let mut readers = vec![Vec::new(); graph.operators.len()];
    for (place, node) in graph.operators.iter().enumerate() {
        node.inputs.iter().for_each(|edge| readers[edge.from.index()].push(place));
    }
    let timeless = (0..graph.operators.len()).filter(|place| is_timeless(&graph.operators[*place]));
    let mut next: Vec<usize> = timeless.flat_map(|place| readers[place].clone()).collect();
    let mut reached = vec![false; graph.operators.len()];
    while let Some(place) = next.pop() {
        if !std::mem::replace(&mut reached[place], true) {
            next.extend(&readers[place]);
        }
    }
    reached
}

/// The operators whose records reach another, in a graph that may still go in circles.
fn upstream_of(graph: &JobGraph, place: usize) -> impl Iterator<Item = &OperatorNode> {
    let senders = |place: usize| graph.operators[place].inputs.iter().map(|edge| edge.from.index());
    let mut reached = vec![false; graph.operators.len()];
    let mut next: Vec<usize> = senders(place).collect();
    while let Some(place) = next.pop() {
        if !std::mem::replace(&mut reached[place], true) {
            next.extend(senders(place));
        }
    }
    graph.operators.iter().zip(reached).filter(|(_, reached)| *reached).map(|(node, _)| node)
}

/// What a window operator is told, as a file says it.
pub(super) fn window_text(options: WindowOptions) -> String {
    let WindowOptions { windows, time, aggregates } = options;
    let aggregates = aggregates.as_slice().iter().map(|aggregate| quoted(aggregate.to_string()));
    let mut table = Table::default();
    table
        .put("size", millis(windows.size()))
        .put_if(windows.offset() != 0, "offset", millis(windows.offset()))
        .put_if(windows.lateness() != 0, "lateness", millis(windows.lateness()))
        .put_if(time != WindowTime::default(), "time", quoted(time.word()))
        .put("aggregate", list(aggregates));
    table.inline()
}

/// What an operator is told that holds records back, as a file says it.
pub(super) fn delay_text(options: DelayOptions) -> String {
    let DelayOptions { by, time } = options;
    let mut table = Table::default();
    table.put("by", millis(by)).put_if(time != WindowTime::default(), "time", quoted(time.word()));
    table.inline()
}

/// How an input is shuffled, as a file says it.
pub(super) fn shuffle_text(shuffle: Shuffle) -> String {
    let mut table = Table::default();
    table.put("column", shuffle.column).put("within", millis(shuffle.within));
    table.inline()
}

fn millis(millis: i64) -> String {
    Millis::text(&millis)
}
