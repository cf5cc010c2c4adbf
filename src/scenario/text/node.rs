//! Operators: what they do, by the catalogue, and what they read.

use super::found::Found;
use super::operator::{FromText, OperatorText};
use super::settings::{Named, Setting};
use crate::job::{
    DelayOptions, GraphError, InputEdge, JobGraph, KeyBy, KeyedOptions, ListOptions, OperatorIndex,
    OperatorKind, OperatorNode, OperatorOptions, Partitioner, Plan, SourceTime, WindowOptions,
};
use crate::operator::Catalogue;
use crate::scenario::language::Source;
use crate::scenario::{Input, Mistake, bounds};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

/// The operators of one job, in the words of the file.
pub(super) struct Nodes<'t> {
    pub source: Source<'t>,
    pub catalogue: &'t Catalogue,
    pub inputs: &'t [Input],
    pub job: &'t Spanned<String>,
    pub operators: &'t [(Range<usize>, Box<OperatorText>)],
    /// Where each operator is, by name.
    places: BTreeMap<&'t str, usize>,
}

/// A word that is said, or the usual one.
fn word<T: Serialize + DeserializeOwned + Copy + Default>(said: &Option<Spanned<Named<T>>>) -> T {
    said.as_ref().map(Setting::value).unwrap_or_default()
}

impl<'t> Nodes<'t> {
    /// The operators of a job, of which no two have the same name.
    pub(super) fn new(
        source: Source<'t>,
        catalogue: &'t Catalogue,
        inputs: &'t [Input],
        job: &'t Spanned<String>,
        operators: &'t [(Range<usize>, Box<OperatorText>)],
    ) -> Self {
        let named = |(place, (_, text)): (usize, &'t (Range<usize>, Box<OperatorText>))| {
            Some((text.name()?, place))
        };
        let places = operators.iter().enumerate().filter_map(named).collect();
        Self { source, catalogue, inputs, job, operators, places }
    }

    /// The operators, resolved, and which could not be. Such a one stands for itself by its name and parallelism. No list of
    /// those if there are too many edges to look at.
    pub(super) fn nodes(&self, found: &mut Found<'_>) -> (Vec<OperatorNode>, Option<Vec<bool>>) {
        let (mut nodes, mut edges, mut unread) = (Vec::new(), 0, Vec::new());
        for (at, text) in self.operators {
            let node = self.node(at, text, found);
            unread.push(node.is_none());
            let node = node.unwrap_or_else(|| OperatorNode {
                parallelism: text.parallelism.map_or(1, |count| count.0),
                ..OperatorNode::new(
                    text.name().unwrap_or_default(),
                    OperatorKind::Transform {
                        kind: "map".to_owned(),
                        function: "identity".to_owned(),
                    },
                )
            });
            edges += node.inputs.len();
            if bounds::EDGES.is_exceeded_by(edges) {
                found.add(self.source.beyond(at, &bounds::EDGES));
                return (nodes, None);
            }
            nodes.push(node);
        }
        (nodes, Some(unread))
    }

    fn node(
        &self,
        at: &Range<usize>,
        text: &OperatorText,
        found: &mut Found<'_>,
    ) -> Option<OperatorNode> {
        let name = text.name().expect("a draft holds operators with names only");
        let partition = |named: &Option<Named<Partitioner>>| named.as_ref().map(Setting::value);
        let first = self.edges(text.from.as_deref(), 0, partition(&text.partitioner), found);
        let second = partition(&text.second_partitioner);
        let second = self.edges(text.second_from.as_deref(), 1, second, found);
        let kind = found.keep(self.kind(at, name, text))?;
        let fits = found.keep(self.check_fit(at, name, &kind, text));
        let (window, uid_hash) = (self.window(name, text), self.uid_hash(name, text));
        let (window, uid_hash) = (found.keep(window), found.keep(uid_hash));
        let delay = found.keep(self.delay(name, text));
        fits?;
        let (mut inputs, second) = (first?, second?);
        inputs.extend(second);
        Some(OperatorNode {
            name: name.to_owned(),
            uid: text.uid.clone(),
            parallelism: text.parallelism.map_or(1, |count| count.0),
            max_parallelism: text.max_parallelism.map(|count| count.0),
            kind,
            inputs,
            chain: text.chain.map(|chain| chain.value()).unwrap_or_default(),
            slot_sharing_group: text.slot_group.clone(),
            key_by: text.key_by.as_ref().map(|key_by| KeyBy {
                selector: key_by.get_ref().0,
                second: text.second_key_by.as_ref().map(|second| second.get_ref().0),
                key_type: word(&text.key_type),
            }),
            takes: text.takes.map_or(OperatorNode::TAKES, |takes| takes.0),
            options: OperatorOptions {
                class: text.class.as_ref().map(|class| class.get_ref().as_str().into()),
                column: text.column.as_ref().map(|column| *column.get_ref()),
                reader: word(&text.reader),
                starting_offsets: text
                    .starting_offsets
                    .as_ref()
                    .map(|offsets| offsets.get_ref().0)
                    .unwrap_or_default(),
                time: text
                    .event_time
                    .as_ref()
                    .map(|time| time.get_ref().over(SourceTime::default())),
                window: window?,
                delay: delay?,
                uid_hash: uid_hash?,
                keyed_state: text
                    .keyed_state
                    .as_ref()
                    .map(|state| Arc::new(state.get_ref().over(KeyedOptions::default()))),
                list_state: text
                    .list_state
                    .as_ref()
                    .map(|state| Arc::new(state.get_ref().over(ListOptions::default()))),
            },
        })
    }

    /// What an operator does: exactly one key says it. One that only says `key-by` deals its input by key.
    fn kind(
        &self,
        at: &Range<usize>,
        name: &str,
        text: &OperatorText,
    ) -> Result<OperatorKind, Mistake> {
        match text.kinds.as_slice() {
            [(kind, function)] => self.one_kind(name, kind, function, text),
            [] if text.key_by.is_some() && self.catalogue.entry("key-by", "identity").is_some() => {
                let (kind, function) = ("key-by".to_owned(), "identity".to_owned());
                Ok(OperatorKind::Transform { kind, function })
            }
            [] => {
                let message = format!("operator `{name}` does nothing");
                let help = "say what it is, for example `source = INPUT` or `map = FUNCTION`";
                Err(self.source.error_with(at, message, help))
            }
            [(first, _), (second, _), ..] => {
                let (first, at) = (first.get_ref(), second.span());
                let second = second.get_ref();
                let message = format!("operator `{name}` is both `{first}` and `{second}`");
                Err(self.source.error_with(&at, message, "make two operators of it"))
            }
        }
    }

    /// What an operator with this one key does.
    fn one_kind(
        &self,
        name: &str,
        kind: &Spanned<String>,
        function: &toml::Value,
        text: &OperatorText,
    ) -> Result<OperatorKind, Mistake> {
        if kind.get_ref() == "window" {
            let window = super::time::window(self.source, &kind.span(), name, function)?;
            let (kind, function) = ("window".to_owned(), window.time.word().to_owned());
            return Ok(OperatorKind::Transform { kind, function });
        }
        if kind.get_ref() == "delay" {
            let delay = super::time::delay(self.source, &kind.span(), name, function)?;
            let (kind, function) = ("delay".to_owned(), delay.time.word().to_owned());
            return Ok(OperatorKind::Transform { kind, function });
        }
        let function = function.as_str().unwrap_or_default().to_owned();
        match kind.get_ref().as_str() {
            "source" => {
                if !self.inputs.iter().any(|input| input.name == function) {
                    let message = format!("source `{name}` reads `{function}`, which is no input");
                    let known = self.inputs.iter().map(|input| input.name.as_str());
                    return Err(self.source.unknown(&kind.span(), message, &function, known));
                }
                Ok(OperatorKind::Source { input: function, then: word(&text.then) })
            }
            "sink" => Ok(OperatorKind::Sink { kind: function }),
            kind => Ok(OperatorKind::Transform { kind: kind.to_owned(), function }),
        }
    }

    /// What a window operator is told.
    fn window(&self, name: &str, text: &OperatorText) -> Result<Option<WindowOptions>, Mistake> {
        let window = text.kinds.iter().find(|(kind, _)| kind.get_ref() == "window");
        let options =
            window.map(|(kind, value)| super::time::window(self.source, &kind.span(), name, value));
        options.transpose()
    }

    /// What an operator is told that holds records back.
    fn delay(&self, name: &str, text: &OperatorText) -> Result<Option<DelayOptions>, Mistake> {
        let delay = text.kinds.iter().find(|(kind, _)| kind.get_ref() == "delay");
        let options =
            delay.map(|(kind, value)| super::time::delay(self.source, &kind.span(), name, value));
        options.transpose()
    }

    /// Whether an operator has the keys that its kind needs, and no others.
    fn check_fit(
        &self,
        at: &Range<usize>,
        name: &str,
        kind: &OperatorKind,
        text: &OperatorText,
    ) -> Result<(), Mistake> {
        let error = |at: &Range<usize>, message: String, help: &str| {
            Err(self.source.error_with(at, message, help))
        };
        if let Some(then) = text.then.as_ref().filter(|_| !text.is_source()) {
            let message = format!("operator `{name}` has `then` but is no source");
            return error(&then.span(), message, "set it where the input is read");
        }
        if let Some(key_type) = text.key_type.as_ref().filter(|_| text.key_by.is_none()) {
            let message = format!("operator `{name}` has `key-type` but no `key-by`");
            return error(&key_type.span(), message, "say `key-by = \"value\"` or a column");
        }
        self.check_time(at, name, kind, text)?;
        let reader = word(&text.reader);
        let (kind, function) = Catalogue::name_of(kind, reader);
        let Some(entry) = self.catalogue.entry(kind, function) else { return Ok(()) };
        if entry.keyed && text.key_by.is_none() {
            let message = format!("operator `{name}` needs a key: {kind} `{function}` is keyed");
            return error(at, message, "say `key-by = \"value\"` or `key-by = COLUMN`");
        }
        self.check_options(name, kind, function, entry, text)?;
        match &text.second_from {
            None if entry.inputs == 2 => {
                let message =
                    format!("operator `{name}` has one input; {kind} `{function}` takes two");
                error(at, message, "name the second one: `second-from = [NAME]`")
            }
            Some(_) if entry.inputs < 2 => {
                let message =
                    format!("operator `{name}` has a second input; {kind} `{function}` takes one");
                error(at, message, "union the streams: `from = [NAME, NAME]`")
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The edges of one input.
    fn edges(
        &self,
        from: Option<&[Spanned<FromText>]>,
        input: u8,
        partition: Option<Partitioner>,
        found: &mut Found<'_>,
    ) -> Option<Vec<InputEdge>> {
        let from = from.unwrap_or_default();
        let edges = from.iter().map(|edge| found.keep(self.edge(edge, input, partition)));
        let edges: Vec<Option<InputEdge>> = edges.collect();
        edges.into_iter().collect()
    }

    fn edge(
        &self,
        edge: &Spanned<FromText>,
        input: u8,
        partition: Option<Partitioner>,
    ) -> Result<InputEdge, Mistake> {
        let FromText { operator, side, partitioner: own } = edge.get_ref();
        let Some(&place) = self.places.get(operator.as_str()) else {
            let message = format!("job `{}` has no operator `{operator}`", self.job.get_ref());
            let known = self.operators.iter().filter_map(|(_, other)| other.name());
            return Err(self.source.unknown(&edge.span(), message, operator, known));
        };
        let from = OperatorIndex::new(place);
        Ok(InputEdge { from, input, side: *side, partitioner: own.or(partition) })
    }

    /// Takes down all that keeps a graph from being built: a uid that two have, a cycle, a parallelism above its maximum.
    /// Nothing is said of an operator that could not be read, nor of what only its being there would tell.
    pub(super) fn check_graph(&self, graph: &JobGraph, unread: &[bool], found: &mut Found<'_>) {
        self.check_columns(graph, found);
        self.check_windows(graph, found);
        if unread.contains(&true) {
            for error in graph.mistakes() {
                let place = blamed(&error).and_then(|name| self.places.get(name));
                if place.is_some_and(|place| !unread[*place]) {
                    found.add(self.refused_graph(graph, &error));
                }
            }
            return;
        }
        self.check_committers(graph, found);
        let errors = graph.mistakes();
        errors.iter().for_each(|error| found.add(self.refused_graph(graph, error)));
        // Ids and sizes are asked for only of graphs that are whole.
        if errors.is_empty()
            && let Err(error) = Plan::build(Arc::new(graph.clone()))
        {
            found.add(self.refused_graph(graph, &error));
        }
    }

    fn refused_graph(&self, graph: &JobGraph, error: &GraphError) -> Mistake {
        let blamed = blamed(error).and_then(|name| Some(&self.operators[*self.places.get(name)?]));
        let at = blamed.map_or_else(|| self.job.span(), |(at, _)| at.clone());
        let message = format!("job `{}`: {error}", graph.name);
        self.source.error_with(&at, message, error.help())
    }
}

/// The operator that a mistake in a graph is best seen at; none if it is the job's.
fn blamed(error: &GraphError) -> Option<&str> {
    match error {
        GraphError::NoOperators | GraphError::TooLarge { .. } => None,
        GraphError::DuplicateName { name } => Some(name),
        GraphError::DuplicateUid { second, .. } => Some(second),
        GraphError::Cycle { operators } => operators.first().map(String::as_str),
        GraphError::ForwardChangesParallelism { to, .. } => Some(to),
        GraphError::MaxParallelismOutOfRange { operator, .. } => operator.as_deref(),
        GraphError::UidMissing { operator }
        | GraphError::UidCollision { operator, .. }
        | GraphError::UidInChain { operator, .. }
        | GraphError::UnknownInput { operator, .. }
        | GraphError::SourceWithInputs { operator }
        | GraphError::NoInputs { operator }
        | GraphError::SinkAsInput { operator, .. }
        | GraphError::NoFirstInput { operator }
        | GraphError::TooManyInputs { operator, .. }
        | GraphError::NoSubtasks { operator }
        | GraphError::ParallelismAboveMax { operator, .. }
        | GraphError::HashWithoutKey { operator } => Some(operator),
    }
}
