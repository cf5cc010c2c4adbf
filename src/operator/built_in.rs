//! The operators that every catalogue starts with.

use super::aggregate::{self, Running, Statistics};
use super::committer::{Committer, Writer};
use super::lists::Lists;
use super::sink::{DedupSink, IdempotentSink, PlainSink};
use super::source::LogSource;
use super::split_reader::SplitReader;
use super::stateful::{BroadcastRules, Buffer, UnionCounter};
use super::transform::{self, Stateless};
use super::two_input::{ConnectRules, InnerJoin, Tag};
use super::two_phase::TwoPhaseSink;
use super::window::Window;
use super::{Catalogue, Emits, Entry, Equality, Operator};
use crate::job::{OperatorNode, WindowTime};

/// How an entry makes one subtask.
type Make = fn(&OperatorNode) -> Box<dyn Operator>;

/// What the entries of this file have in common with each other, so that each only says what is its own.
const fn entry(about: &'static str, make: Make) -> Entry {
    Entry::new(about, make)
}

impl Catalogue {
    /// The operators of this crate. Add your own with [`Catalogue::add`].
    pub fn built_in() -> Self {
        let mut catalogue = Self::default();
        add_source_and_sinks(&mut catalogue);
        add_maps_and_filters(&mut catalogue);
        add_flat_maps_and_key_by(&mut catalogue);
        add_aggregates(&mut catalogue);
        add_stateful(&mut catalogue);
        add_two_inputs(&mut catalogue);
        add_windows(&mut catalogue);
        catalogue
    }

    fn add_running(
        &mut self,
        kind: &str,
        function: &str,
        about: &'static str,
        equality: Equality,
        make: Make,
    ) {
        let emits = Emits::OneForOne;
        let takes_column = function != "count";
        let running = Entry {
            equality,
            keyed: true,
            stateful: true,
            emits,
            takes_column,
            ..entry(about, make)
        };
        self.add(kind, function, running);
    }

    fn add_passing(&mut self, function: &str, about: &'static str, inputs: u8, make: Make) {
        let passing = Entry { stateful: true, inputs, emits: Emits::AsItIs, ..entry(about, make) };
        self.add("state", function, passing);
    }
}

fn add_source_and_sinks(catalogue: &mut Catalogue) {
    let about = "reads its share of an input's partitions and remembers how far it got";
    let source = entry(about, |_| Box::new(LogSource::default()));
    catalogue.add("source", "log", Entry { inputs: 0, stateful: true, ..source });
    let about = "reads the partitions that its split enumerator gives it, one at a time";
    let reader = entry(about, |_| Box::new(SplitReader::default()));
    catalogue.add("source", "splits", Entry { inputs: 0, stateful: true, ..reader });
    let mut add = |kind: &str, sink| catalogue.add("sink", kind, sink);
    let plain = "writes each row at once, so what is replayed is there twice";
    let plain = entry(plain, |_| Box::new(PlainSink));
    add("plain", Entry { equality: Equality::Accounted, ..plain });
    let idempotent = "writes each row under its key: the first column, or the value itself";
    let idempotent = entry(idempotent, |_| Box::new(IdempotentSink));
    add("idempotent", Entry { equality: Equality::LastPerKey, ..idempotent });
    let dedup = "writes each row with a marker, itself or a column, into a table that ignores markers it has seen";
    let dedup = entry(dedup, |node| Box::new(DedupSink { column: node.options.column }));
    add("dedup", Entry { takes_column: true, ..dedup });
    let two_phase = "writes in transactions that commit when their checkpoint completes";
    let two_phase = entry(two_phase, |_| Box::new(TwoPhaseSink::default()));
    add("two-phase", Entry { stateful: true, ..two_phase });
    let committer = "commits what writers prepared when its checkpoint completes";
    let committer = entry(committer, |_| Box::new(Committer::default()));
    add("committer", Entry { stateful: true, ..committer });
    let writer =
        "writes in transactions of the committer that reads it, and hands them to it at barriers";
    let writer = entry(writer, |_| Box::new(Writer::default()));
    catalogue.add("writer", "transactions", Entry { emits: Emits::AsItIs, ..writer });
}

fn add_maps_and_filters(catalogue: &mut Catalogue) {
    let mut map = |function, emits, about, make| {
        catalogue.add("map", function, Entry { emits, ..entry(about, make) });
    };
    let (as_it_is, other) = (Emits::AsItIs, Emits::OneForOne);
    map("identity", as_it_is, "every value as it is", |_| Box::new(Stateless(transform::identity)));
    map("upper", as_it_is, "text in upper case", |_| Box::new(Stateless(transform::upper)));
    map("lower", as_it_is, "text in lower case", |_| Box::new(Stateless(transform::lower)));
    map("increment", as_it_is, "integers plus one, wrapping", |_| {
        Box::new(Stateless(transform::increment))
    });
    map("swap", other, "rows of two with their columns exchanged", |_| {
        Box::new(Stateless(transform::swap))
    });
    map("to-pair", other, "the row (value, 1)", |_| Box::new(Stateless(transform::to_pair)));

    let mut filter = |function, about, make| catalogue.add("filter", function, entry(about, make));
    filter("keep-all", "keeps everything", |_| Box::new(Stateless(transform::identity)));
    filter(
        "even",
        "keeps what has an even integer, or last integer column; side output: the rest",
        |_| Box::new(Stateless(transform::even)),
    );
    filter("non-empty", "keeps all but empty text, bytes and rows; side output: the rest", |_| {
        Box::new(Stateless(transform::non_empty))
    });
}

fn add_flat_maps_and_key_by(catalogue: &mut Catalogue) {
    let mut flat_map =
        |function, about, make| catalogue.add("flat-map", function, entry(about, make));
    flat_map("split-words", "runs of ASCII letters, in lower case", |_| {
        Box::new(Stateless(transform::split_words))
    });
    flat_map("repeat", "every value twice", |_| Box::new(Stateless(transform::repeat)));
    flat_map("digits", "the ASCII digits of text, as integers", |_| {
        Box::new(Stateless(transform::digits))
    });
    let key_by = entry("deals values by key and leaves them as they are", |_| {
        Box::new(Stateless(transform::identity))
    });
    catalogue.add("key-by", "identity", Entry { keyed: true, emits: Emits::AsItIs, ..key_by });
}

fn add_aggregates(catalogue: &mut Catalogue) {
    let multiset = Equality::Multiset;
    catalogue.add_running("aggregate", "count", "(key, how many so far)", multiset, |node| {
        Box::new(Running::new("count", aggregate::count).told_of_state(node))
    });
    let mut add = |kind, function, about, make| {
        catalogue.add_running(kind, function, about, Equality::LastPerKey, make);
    };
    let sum: Make = |node| Box::new(Running::new("sum", aggregate::sum).told_of_state(node));
    let about = "(key, sum of integers or last integer columns so far), wrapping";
    add("aggregate", "sum", about, sum);
    add("reduce", "sum", about, sum);
    add("aggregate", "statistics", "(key, count, sum, least, greatest) so far", |node| {
        Box::new(Statistics::of_column(node.options.column))
    });
    add("reduce", "max", "(key, largest value or last column so far)", |node| {
        Box::new(Running::new("max", aggregate::max).told_of_state(node))
    });
    add("reduce", "min", "(key, smallest value or last column so far)", |node| {
        Box::new(Running::new("min", aggregate::min).told_of_state(node))
    });
    add(
        "reduce",
        "xor",
        "(key, exclusive or of integers or last integer columns so far)",
        |node| Box::new(Running::new("xor", aggregate::xor).told_of_state(node)),
    );
    let last = "(key, value or last column that came last), which depends on order";
    catalogue.add_running("reduce", "last", last, Equality::Accounted, |node| {
        Box::new(Running::new("last", aggregate::last).told_of_state(node))
    });
}

fn add_stateful(catalogue: &mut Catalogue) {
    let buffer = "passes values on and keeps the last three of each subtask in list state";
    catalogue.add_passing("buffer", buffer, 1, |_| Box::new(Buffer::default()));
    let union_counter = "passes values on and counts those of each subtask in union list state";
    catalogue.add_passing("union-counter", union_counter, 1, |_| Box::new(UnionCounter::default()));
    let lists = "passes values on and keeps list states that begin with items of their own";
    catalogue.add_passing("list", lists, 1, |node| Box::new(Lists::new(node)));
    let rules =
        "passes input 0 on and remembers input 1, which must be broadcast, in broadcast state";
    catalogue.add_passing("broadcast-rules", rules, 2, |_| Box::new(BroadcastRules::default()));
}

fn add_windows(catalogue: &mut Catalogue) {
    let equality = Equality::Accounted;
    let mut add = |time: WindowTime, about, make| {
        let window = Entry { equality, keyed: true, stateful: true, ..entry(about, make) };
        catalogue.add("window", time.word(), window);
    };
    let about =
        "((key, start), aggregates) of windows of event time; side output: what is too late";
    add(WindowTime::Event, about, |node| {
        Box::new(Window::new(node.options.window, WindowTime::Event))
    });
    let about = "((key, start), aggregates) of windows of the time at which values are processed";
    add(WindowTime::Processing, about, |node| {
        Box::new(Window::new(node.options.window, WindowTime::Processing))
    });
}

fn add_two_inputs(catalogue: &mut Catalogue) {
    let join = "the columns of the key, a left and a right value, for every pair of a key";
    let join = entry(join, |_| Box::new(InnerJoin::default()));
    catalogue.add("join", "inner", Entry { keyed: true, stateful: true, inputs: 2, ..join });
    let tag = "values of both inputs, each with its input, 0 or 1, as the last column";
    let tag = entry(tag, |_| Box::new(Tag));
    catalogue.add("connect", "tag", Entry { inputs: 2, emits: Emits::OneForOne, ..tag });
    let rules = "values of input 0, with what the rules of input 1, which must be broadcast, say of their key by then";
    let rules = entry(rules, |_| Box::new(ConnectRules::default()));
    let (equality, emits) = (Equality::Accounted, Emits::OneForOne);
    catalogue.add(
        "connect",
        "rules",
        Entry { equality, stateful: true, inputs: 2, emits, ..rules },
    );
}
