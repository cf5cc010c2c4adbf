//! A job as the generator thinks of it: operators that name their inputs, so that they can be added, taken away and put
//! in another order.
//!
//! Only such graphs are drawn whose output is the same in every order of records, up to the class that their operators
//! declare: behind a running aggregate whose rows depend on order, rows stay in order of their key to the sink.

use super::{Draw, Scale, is_tied_to_chains, percent};
use crate::job::{
    AtEnd, ChainStrategy, InputEdge, JobGraph, KeyBy, KeyColumns, KeySelector, OperatorIndex,
    OperatorKind, OperatorNode, OperatorOptions, Partitioner, Reader, WindowOptions, WindowTime,
};
use crate::kernel::SimTime;
use crate::operator::{Catalogue, Entry, Equality, Writes};
use std::fmt::Display;

/// Subtasks of an operator: enough for skew between channels, few enough for small worlds.
pub(super) const PARALLELISM: (u64, u64) = (1, 5);
/// Percent of operators as parallel as the one they read, so that chains come up.
const AS_BEFORE: u64 = 45;
/// Percent of jobs with a keyed aggregate.
const AGGREGATE: u64 = 90;
/// Percent of jobs with an operator that keeps list or union state.
const LIST_STATE: u64 = 40;
/// Percent of aggregates that are windows, where records tell time.
const WINDOWS: u64 = 75;
/// Percent of windows whose rows fall into windows again.
const AGAIN: u64 = 20;
/// Percent of jobs with a second sink beside the aggregate.
const TEE: u64 = 25;
/// Percent of filters whose side output goes to a sink.
const SIDE: u64 = 50;
/// Percent of flat-maps whose two rows differ.
const HALVES: u64 = 60;
/// Percent of second inputs that are broadcast as rules and not joined in a union.
const RULES: u64 = 30;
/// Percent of second inputs that never meet the first: a region of their own, or several.
const APART: u64 = 40;
/// Percent of counts by two columns.
const BY_COLUMNS: u64 = 20;
/// Percent of aggregates of a column that they are told.
const OF_COLUMN: u64 = 25;
/// Percent of sinks that are a writer and a committer.
const COMMITTER: u64 = 12;
/// Percent of other sinks that know rows again.
const DEDUP: u64 = 12;
/// How busy readers of splits are, in percent.
const READER_BUSY: u64 = 70;
/// Percent of joins whose right side has its key in another column.
const TURNED: u64 = 40;
/// How many pairs a join by the first column may come to.
const PAIRS_MAX: u64 = 1_200;
/// Percent of jobs with a slow operator, which makes backpressure and long queues.
const SLOW: u64 = 35;
/// How busy the subtasks of a slow operator are, in percent: under a hundred, or it never catches up after a failure.
const BUSY: (u64, u64) = (40, 85);
/// Percent of sources with more subtasks than partitions, some of which end at once.
const SOURCES_TOO_MANY: u64 = 12;
/// Percent of stateless operators without a uid: nothing is lost when their generated ids change.
const NO_UID_STATELESS: u64 = 15;
/// Percent of all operators without a uid, in worlds where generated ids never change.
const NO_UID: u64 = 25;

/// One operator of a sketch.
#[derive(Clone)]
pub(super) struct Node {
    pub name: String,
    /// Its uid, if it has one.
    pub known_as: String,
    pub kind: OperatorKind,
    pub inputs: Vec<Edge>,
    pub parallelism: u32,
    /// How many partitions a source has to read.
    pub partitions: u64,
    pub key_by: Option<KeyBy>,
    pub uid: bool,
    /// What the catalogue says of it.
    pub entry: Entry,
    pub chain: ChainStrategy,
    pub takes: SimTime,
    pub options: OperatorOptions,
}

impl Node {
    /// One of a kind and function that reads nothing yet.
    pub(super) fn transform(draw: &Draw<'_>, (kind, function): (&str, &str)) -> Self {
        let entry = draw.entry(kind, function);
        let (kind, function) = (kind.to_owned(), function.to_owned());
        Self::new(OperatorKind::Transform { kind, function }, entry)
    }

    fn new(kind: OperatorKind, entry: Entry) -> Self {
        Self {
            name: String::new(),
            known_as: String::new(),
            kind,
            inputs: Vec::new(),
            parallelism: 1,
            partitions: 0,
            key_by: None,
            uid: true,
            entry,
            chain: ChainStrategy::Always,
            takes: SimTime::from_micros(1),
            options: OperatorOptions::default(),
        }
    }

    /// Whether it works on records, and neither reads nor writes an external system of its own.
    pub(super) fn is_transform(&self) -> bool {
        matches!(self.kind, OperatorKind::Transform { .. })
    }

    /// Whether anything is lost when its id changes: its state, or a transaction that its committer knows.
    pub(super) fn is_stateful(&self) -> bool {
        self.entry.stateful || self.entry.writes == Writes::Writer
    }
}

/// One edge of a sketch.
#[derive(Clone)]
pub(super) struct Edge {
    pub from: String,
    pub input: u8,
    pub side: bool,
    pub partitioner: Option<Partitioner>,
}

impl Edge {
    /// The main output of an operator, into the first input of another.
    pub(super) fn from(name: &str) -> Self {
        Self { from: name.to_owned(), input: 0, side: false, partitioner: None }
    }
}

/// The operators of a job, in order of creation.
#[derive(Clone)]
pub(super) struct Sketch {
    pub nodes: Vec<Node>,
    pub max_parallelism: Option<u32>,
    pub chaining: bool,
}

/// A key: the first column of a row.
fn first_column() -> KeyBy {
    KeyBy::new(KeySelector::Column(0))
}

/// A key of several columns.
fn columns(columns: &[u16]) -> KeyBy {
    let columns = KeyColumns::new(columns).expect("a key has one to four columns");
    KeyBy::new(KeySelector::Columns(columns))
}

impl Sketch {
    /// The first job of a world. Generated ids must not matter unless `keeps_ids`.
    pub(super) fn draw(draw: &Draw<'_>, scale: &Scale, keeps_ids: bool) -> Self {
        let max_parallelism = draw
            .chance("max-parallelism-set", 35)
            .then(|| draw.count("max-parallelism", (PARALLELISM.1, 130)));
        let chaining = !draw.chance("chaining-off", 15) && !is_tied_to_chains(&draw.rules);
        let mut drawing = Drawing { draw, scale, nodes: Vec::new() };
        drawing.trunk();
        let mut sketch = Self { nodes: drawing.nodes, max_parallelism, chaining };
        for node in &mut sketch.nodes {
            let percent = match (keeps_ids, node.is_stateful()) {
                (true, _) => NO_UID,
                (false, false) => NO_UID_STATELESS,
                (false, true) => 0,
            };
            node.uid = !draw.chance(format_args!("no-uid/{}", node.name), percent);
        }
        sketch
    }

    /// The job graph; `then` for every source.
    pub(super) fn graph(&self, name: &str, then: AtEnd) -> JobGraph {
        JobGraph {
            name: name.to_owned(),
            operators: self.nodes.iter().map(|node| self.operator(node, then)).collect(),
            max_parallelism: self.max_parallelism,
            chaining: self.chaining,
            uids_required: false,
        }
    }

    fn operator(&self, node: &Node, then: AtEnd) -> OperatorNode {
        let edge = |edge: &Edge| InputEdge {
            from: OperatorIndex::new(self.place(&edge.from)),
            input: edge.input,
            side: edge.side,
            partitioner: edge.partitioner,
        };
        let mut kind = node.kind.clone();
        if let OperatorKind::Source { then: at_end, .. } = &mut kind {
            // A subtask without partition, and never idle, would hold event time back as long as it lives.
            let is_never_idle =
                node.options.time.as_ref().is_some_and(|time| time.idle_after.is_none());
            let holds_back = is_never_idle && u64::from(node.parallelism) > node.partitions;
            *at_end = if holds_back { AtEnd::End } else { then };
        }
        OperatorNode {
            name: node.name.clone(),
            uid: node.uid.then(|| node.known_as.clone()),
            parallelism: node.parallelism,
            max_parallelism: None,
            kind,
            inputs: node.inputs.iter().map(edge).collect(),
            chain: node.chain,
            slot_sharing_group: None,
            key_by: node.key_by,
            takes: node.takes,
            options: node.options.clone(),
        }
    }

    /// Where the operator of a name is.
    pub(super) fn place(&self, name: &str) -> usize {
        let found = self.nodes.iter().position(|node| node.name == name);
        found.unwrap_or_else(|| panic!("the sketch lost the operator {name}"))
    }
}

/// A sketch that grows.
struct Drawing<'d> {
    draw: &'d Draw<'d>,
    scale: &'d Scale,
    nodes: Vec<Node>,
}

impl Drawing<'_> {
    /// Sources, what comes before the aggregate, the aggregate, and the sinks.
    fn trunk(&mut self) {
        let (draw, scale) = (self.draw, self.scale);
        let mut heads = self.sources();
        if heads.len() == 2 && draw.chance("apart", APART) {
            self.sink("aside", &heads[1..], Order::Free);
            heads.truncate(1);
        }
        if heads.len() == 2 && draw.rules.broadcast_state && draw.chance("rules", RULES) {
            self.rules(&heads, ("state", "broadcast-rules"));
            heads = vec!["rules".to_owned()];
        }
        if heads.len() == 2 {
            heads = self.meet(heads);
        }
        for stage in 0..draw.within("stages", (0, 2)) {
            heads = vec![self.stateless(stage, &heads)];
        }
        if draw.chance("list-state", LIST_STATE) {
            let function = draw.weighted("list-state-kind", &[("buffer", 2), ("union-counter", 1)]);
            self.transform(function, ("state", function), &heads);
            heads = vec![function.to_owned()];
        }
        if draw.chance("aggregate", AGGREGATE) {
            if draw.chance("tee", TEE) {
                self.sink("copies", &heads, Order::Free);
            }
            let is_window = scale.time.is_some() && draw.chance("windows", WINDOWS);
            if is_window {
                self.windows(&heads);
            } else {
                let order = self.aggregate(&heads);
                self.sink("out", &["totals".to_owned()], order);
            }
        } else {
            self.sink("out", &heads, Order::Free);
        }
        self.slow_down();
    }

    fn sources(&mut self) -> Vec<String> {
        let (draw, scale) = (self.draw, self.scale);
        for place in 0..self.scale.records.len() {
            let name = ["rows-source", "more-source"][place];
            let partitions = u64::from(self.scale.partitions(draw, place));
            let reads_splits = self.scale.reads_splits(draw, place);
            let may_end = draw.rules.checkpoints_after_tasks_finish;
            let most = if may_end && draw.chance(format_args!("{name}/too-many"), SOURCES_TOO_MANY)
            {
                PARALLELISM.1
            } else {
                partitions
            };
            let input = ["rows", "more"][place].to_owned();
            let kind = OperatorKind::Source { input, then: AtEnd::End };
            let reader = if reads_splits { Reader::Splits } else { Reader::Fixed };
            let (of_source, function) = Catalogue::name_of(&kind, reader);
            let entry = draw.entry(of_source, function);
            let node = self.push(name, &[], Node::new(kind, entry));
            node.parallelism =
                draw.count(format_args!("{name}/parallelism"), (1, most.min(PARALLELISM.1)));
            node.options.time = scale.time.map(|time| time.of_source(draw, name));
            node.options.reader = reader;
            node.partitions = partitions;
            if reads_splits {
                // Busy most of the time, so that splits are given out all the time.
                node.takes = percent(scale.gap, READER_BUSY * u64::from(node.parallelism));
            }
        }
        self.nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// The second input as rules that every subtask hears.
    fn rules(&mut self, heads: &[String], kind: (&str, &str)) {
        self.transform("rules", kind, &heads[..1]);
        self.second_input(&heads[1], Some(Partitioner::Broadcast));
    }

    /// How two streams that are not dealt as rules meet: joined by key, connected, or in a union.
    fn meet(&mut self, mut heads: Vec<String>) -> Vec<String> {
        let rules = if self.draw.rules.broadcast_state { 2 } else { 0 };
        let kind = self.draw.weighted(
            "meeting",
            &[(Some("join"), 3), (Some("tag"), 2), (Some("rules"), rules), (None, 3)],
        );
        match kind {
            Some("join") => self.join(&mut heads),
            Some("tag") => {
                self.transform("tagged", ("connect", "tag"), &heads[..1]);
                self.second_input(&heads[1], None);
            }
            Some("rules") => self.rules(&heads, ("connect", "rules")),
            Some(_) | None => return heads,
        }
        vec![self.last().name.clone()]
    }

    /// A join by the first column, or by both where there would be too many pairs; perhaps of rows that have them in
    /// another place on the right.
    fn join(&mut self, heads: &mut [String]) {
        let draw = self.draw;
        let pairs: u64 = self.scale.records.iter().map(|records| u64::from(*records)).product();
        let keys = |place: usize| draw.within(format_args!("keys-{place}"), super::KEYS);
        let by_both = pairs / keys(0).max(keys(1)) > PAIRS_MAX;
        let is_turned = draw.chance("join/turned", TURNED);
        if is_turned {
            self.transform("turned", ("map", "swap"), &heads[1..]);
            "turned".clone_into(&mut heads[1]);
        }
        self.transform("joined", ("join", "inner"), &heads[..1]);
        self.second_input(&heads[1], None);
        let (key_by, second) = match by_both {
            true => (columns(&[0, 1]), columns(&[1, 0])),
            false => (first_column(), KeyBy::new(KeySelector::Column(1))),
        };
        let node = self.last();
        node.key_by = Some(KeyBy { second: is_turned.then_some(second.selector), ..key_by });
        node.inputs.iter_mut().for_each(|edge| edge.partitioner = None);
    }

    /// Another operator into the second input of the last one.
    fn second_input(&mut self, from: &str, partitioner: Option<Partitioner>) {
        let second = Edge { input: 1, partitioner, ..Edge::from(from) };
        self.last().inputs.push(second);
    }

    /// A stateless operator, with a sink for its side output if it has one.
    fn stateless(&mut self, stage: u64, heads: &[String]) -> String {
        let what = format!("stage-{stage}");
        let (kind, has_side) = self.draw.weighted(
            format_args!("{what}/kind"),
            &[
                ((("map", "identity"), false), 2),
                ((("map", "swap"), false), 1),
                ((("filter", "even"), true), 2),
                ((("filter", "keep-all"), false), 1),
                ((("flat-map", "repeat"), false), 2),
            ],
        );
        let is_cut = kind == ("flat-map", "repeat");
        let is_cut = is_cut && self.draw.chance(format_args!("{what}/halves"), HALVES);
        self.transform(&what, if is_cut { ("flat-map", "halves") } else { kind }, heads);
        if has_side
            && self.draw.rules.side_outputs
            && self.draw.chance(format_args!("{what}/side"), SIDE)
        {
            self.sink(&format!("odd-{stage}"), std::slice::from_ref(&what), Order::Free);
            let readers = self.nodes.iter_mut().flat_map(|node| &mut node.inputs);
            readers.filter(|edge| edge.from == what).for_each(|edge| edge.side = true);
        }
        what
    }

    /// The keyed aggregate, and whether the order of its rows matters from now on.
    fn aggregate(&mut self, heads: &[String]) -> Order {
        let kind = self.draw.weighted(
            "aggregate-kind",
            &[
                (("aggregate", "count"), 4),
                (("aggregate", "sum"), 3),
                (("reduce", "max"), 1),
                (("reduce", "xor"), 1),
                (("aggregate", "statistics"), 2),
            ],
        );
        self.transform("totals", kind, heads);
        let parallelism = self.draw.count("totals/own-parallelism", PARALLELISM);
        let by_columns = self.draw.chance("totals/by-columns", BY_COLUMNS);
        let of_column = self.draw.chance("totals/of-column", OF_COLUMN);
        let node = self.last();
        let takes_column = node.entry.takes_column;
        node.key_by =
            Some(if by_columns && !takes_column { columns(&[0, 1]) } else { first_column() });
        node.options.column = (of_column && takes_column).then_some(1);
        node.parallelism = parallelism;
        for edge in &mut node.inputs {
            edge.partitioner = None;
        }
        if node.entry.equality == Equality::Multiset { Order::Free } else { Order::ByKey }
    }

    /// Windows in place of a running aggregate, perhaps windows of their rows, and a sink.
    fn windows(&mut self, heads: &[String]) {
        let (draw, scale) = (self.draw, self.scale);
        let time = scale.time.expect("windows are drawn where records tell time");
        let first = time.window(draw, "totals");
        self.window("totals", heads, first);
        let mut last = "totals";
        if first.time == WindowTime::Event && draw.chance("windows/again", AGAIN) {
            last = "again";
            let again = WindowOptions { time: first.time, ..time.window(draw, last) };
            self.window(last, &["totals".to_owned()], again);
        }
        self.sink("out", &[last.to_owned()], Order::Free);
    }

    fn window(&mut self, name: &str, heads: &[String], options: WindowOptions) {
        self.transform(name, ("window", options.time.word()), heads);
        let parallelism = self.draw.count(format_args!("{name}/own-parallelism"), PARALLELISM);
        let node = self.last();
        node.key_by = Some(first_column());
        node.options.window = Some(options);
        node.parallelism = parallelism;
        for edge in &mut node.inputs {
            edge.partitioner = None;
        }
    }

    fn sink(&mut self, name: &str, heads: &[String], order: Order) {
        let draw = self.draw;
        // Only rows of a running aggregate have a last value of each key.
        let idempotent = if heads == ["totals"] { 30 } else { 0 };
        // Where there are no transactions, tables that know rows again take their place.
        let (two_phase, dedup) = if draw.rules.two_phase_sinks { (60, DEDUP) } else { (0, 75) };
        let writes = draw.weighted(
            format_args!("{name}/kind"),
            &[(Writes::TwoPhase, two_phase), (Writes::Idempotent, idempotent), (Writes::Plain, 10)],
        );
        let has_committer = draw.rules.committers;
        let writes = if has_committer && draw.chance(format_args!("{name}/committer"), COMMITTER) {
            Writes::Committer
        } else if order == Order::Free && draw.chance(format_args!("{name}/dedup"), dedup) {
            Writes::Dedup
        } else {
            writes
        };
        let key_by = (writes == Writes::Idempotent || order == Order::ByKey).then(first_column);
        if writes == Writes::Committer {
            let writer = format!("{name}-writer");
            self.transform(&writer, draw.that_writes(Writes::Writer), heads);
            let node = self.last();
            node.key_by = key_by;
            node.inputs.iter_mut().for_each(|edge| edge.partitioner = None);
            self.last_sink(name, writes, &[writer]);
            return;
        }
        self.last_sink(name, writes, heads);
        self.last().key_by = key_by;
    }

    fn last_sink(&mut self, name: &str, writes: Writes, heads: &[String]) {
        let (sink, function) = self.draw.that_writes(writes);
        let kind = OperatorKind::Sink { kind: function.to_owned() };
        self.push(name, heads, Node::new(kind, self.draw.entry(sink, function)));
        self.last().parallelism = self.parallelism(name, &heads[0]);
    }

    fn transform(&mut self, name: &str, kind: (&str, &str), heads: &[String]) {
        self.push(name, heads, Node::transform(self.draw, kind));
        let parallelism = self.parallelism(name, &heads[0]);
        let partitioner = self.draw.weighted(
            format_args!("{name}/partition"),
            &[(None, 7), (Some(Partitioner::Rebalance), 2), (Some(Partitioner::Rescale), 1)],
        );
        let node = self.last();
        node.parallelism = parallelism;
        for edge in &mut node.inputs {
            edge.partitioner = partitioner;
        }
    }

    /// The parallelism of an operator: often that of the one it reads.
    fn parallelism(&self, name: &str, before: &str) -> u32 {
        let before = self.nodes.iter().find(|node| node.name == before);
        match before {
            Some(node) if self.draw.chance(format_args!("{name}/as-before"), AS_BEFORE) => {
                node.parallelism
            }
            Some(_) | None => self.draw.count(format_args!("{name}/parallelism"), PARALLELISM),
        }
    }

    /// Perhaps makes one operator slow: its subtasks are busy most of the time.
    fn slow_down(&mut self) {
        if !self.draw.chance("slow", SLOW) {
            return;
        }
        let place = self.draw.place("slow-place", self.nodes.len());
        let busy = self.draw.within("slow-busy", BUSY);
        let node = &mut self.nodes[place];
        // Keys fall unevenly and a flat-map doubles records: take two subtasks for two thirds of one.
        let share = busy * (u64::from(node.parallelism) + 1) / 3;
        node.takes = percent(self.scale.gap, share);
    }

    fn push(&mut self, name: &str, heads: &[String], node: Node) -> &mut Node {
        let chain = self.draw.weighted(
            format_args!("{name}/chain"),
            &[(ChainStrategy::Always, 8), (ChainStrategy::Head, 1), (ChainStrategy::Never, 1)],
        );
        self.nodes.push(Node {
            name: name.to_owned(),
            known_as: format!("{name}-id"),
            inputs: edges(heads),
            chain,
            ..node
        });
        self.last()
    }

    fn last(&mut self) -> &mut Node {
        self.nodes.last_mut().expect("a node was pushed")
    }
}

/// Whether rows may be put in another order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// In any.
    Free,
    /// Rows of one key must stay in order.
    ByKey,
}

/// Main edges from all of these.
fn edges(heads: &[impl Display]) -> Vec<Edge> {
    heads.iter().map(|head| Edge::from(&head.to_string())).collect()
}
