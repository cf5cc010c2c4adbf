//! The operators that every catalogue starts with.

use super::aggregate::{self, Distinct, Running, Statistics};
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
use super::{Catalogue, Emits, Entry, Equality, Operator, Since, Writes};
use crate::job::{OperatorNode, WindowTime};

/// How an entry makes one subtask.
type Make = fn(&OperatorNode) -> Box<dyn Operator>;

/// Which releases have broadcast state.
const BROADCAST_STATE: Option<Since> =
    Some(Since { what: "broadcast state", word: "rules", has: |rules| rules.broadcast_state });

impl Catalogue {
    /// The operators of this crate. Add your own with [`Catalogue::add`].
    pub fn built_in() -> Self {
        let mut catalogue = Self::default();
        add_sources(&mut catalogue);
        add_sinks(&mut catalogue);
        add_maps_and_filters(&mut catalogue);
        add_flat_maps_and_key_by(&mut catalogue);
        add_aggregates(&mut catalogue);
        add_stateful(&mut catalogue);
        add_two_inputs(&mut catalogue);
        add_windows(&mut catalogue);
        catalogue
    }
}

fn add_sources(catalogue: &mut Catalogue) {
    let mut add = |function, about, since, make: Make| {
        let source = Entry { inputs: 0, stateful: true, since, ..Entry::new(about, make) };
        catalogue.add("source", function, source);
    };
    let about = "reads its share of an input's partitions and remembers how far it got";
    add("log", about, None, |_| Box::new(LogSource::default()));
    let about = "reads the partitions that its split enumerator gives it, one at a time";
    let since =
        Since { what: "split enumerators", word: "splits", has: |rules| rules.split_readers };
    add("splits", about, Some(since), |_| Box::new(SplitReader::default()));
}

fn add_sinks(catalogue: &mut Catalogue) {
    let mut add = |function, entry| catalogue.add("sink", function, entry);
    let about = "writes each row at once, so what is replayed is there twice";
    let plain = Entry::new(about, |_| Box::new(PlainSink));
    add("plain", Entry { writes: Writes::Plain, ..plain });
    let about = "writes each row under its key: the first column, or the value itself";
    let idempotent = Entry::new(about, |_| Box::new(IdempotentSink));
    add("idempotent", Entry { writes: Writes::Idempotent, ..idempotent });
    let about = "writes each row with a marker, itself or a column, into a table that ignores markers it has seen";
    let dedup = Entry::new(about, |node| Box::new(DedupSink { column: node.options.column }));
    add("dedup", Entry { writes: Writes::Dedup, takes_column: true, ..dedup });
    let about = "writes in transactions that commit when their checkpoint completes";
    let since =
        Since { what: "two-phase sinks", word: "two-phase", has: |rules| rules.two_phase_sinks };
    let two_phase = Entry::new(about, |_| Box::new(TwoPhaseSink::default()));
    let (writes, since) = (Writes::TwoPhase, Some(since));
    add("two-phase", Entry { stateful: true, writes, since, ..two_phase });
    let about = "commits what writers prepared when its checkpoint completes";
    let since = Since { what: "committers", word: "committer", has: |rules| rules.committers };
    let committer = Entry::new(about, |_| Box::new(Committer::default()));
    let (writes, since) = (Writes::Committer, Some(since));
    add("committer", Entry { stateful: true, writes, since, ..committer });
    let about =
        "writes in transactions of the committer that reads it, and hands them to it at barriers";
    let what = "writers with committers";
    let since = Some(Since { what, word: "writer", has: |rules| rules.committers });
    let (writes, emits) = (Writes::Writer, Emits::AsItIs);
    let writer = Entry::new(about, |_| Box::new(Writer::default()));
    catalogue.add("writer", "transactions", Entry { emits, writes, since, ..writer });
}

fn add_maps_and_filters(catalogue: &mut Catalogue) {
    let mut map = |function, emits, about, make: Make| {
        catalogue.add("map", function, Entry { emits, ..Entry::new(about, make) });
    };
    let (under_its_key, other) = (Emits::UnderItsKey, Emits::OneForOne);
    map("identity", Emits::AsItIs, "every value as it is", |_| {
        Box::new(Stateless(transform::identity))
    });
    map("upper", under_its_key, "text in upper case", |_| Box::new(Stateless(transform::upper)));
    map("lower", under_its_key, "text in lower case", |_| Box::new(Stateless(transform::lower)));
    map("increment", under_its_key, "integers plus one, wrapping", |_| {
        Box::new(Stateless(transform::increment))
    });
    map("swap", other, "rows of two with their columns exchanged", |_| {
        Box::new(Stateless(transform::swap))
    });
    map("to-pair", other, "the row (value, 1)", |_| Box::new(Stateless(transform::to_pair)));

    let mut filter =
        |function, about, make: Make| catalogue.add("filter", function, Entry::new(about, make));
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
        |function, about, make: Make| catalogue.add("flat-map", function, Entry::new(about, make));
    flat_map("split-words", "runs of ASCII letters, in lower case", |_| {
        Box::new(Stateless(transform::split_words))
    });
    flat_map("repeat", "every value twice", |_| Box::new(Stateless(transform::repeat)));
    flat_map("digits", "the ASCII digits of text, as integers", |_| {
        Box::new(Stateless(transform::digits))
    });
    let key_by = Entry::new("deals values by key and leaves them as they are", |_| {
        Box::new(Stateless(transform::identity))
    });
    catalogue.add("key-by", "identity", Entry { keyed: true, emits: Emits::AsItIs, ..key_by });
}

fn add_aggregates(catalogue: &mut Catalogue) {
    let running = |equality, about, make: Make| Entry {
        equality,
        keyed: true,
        stateful: true,
        emits: Emits::OneForOne,
        takes_column: true,
        takes_keyed_state: true,
        ..Entry::new(about, make)
    };
    let count = running(Equality::Multiset, "(key, how many so far)", |node| {
        Box::new(Running::new("count", aggregate::count).told_of_state(node))
    });
    catalogue.add("aggregate", "count", Entry { takes_column: false, ..count });
    let statistics =
        running(Equality::LastPerKey, "(key, count, sum, least, greatest) so far", |node| {
            Box::new(Statistics::of_column(node.options.column))
        });
    catalogue.add("aggregate", "statistics", Entry { takes_keyed_state: false, ..statistics });
    let mut reduce = |function, equality, about, make: Make| {
        catalogue.add("reduce", function, running(equality, about, make));
    };
    let last_per_key = Equality::LastPerKey;
    let sum = "(key, sum of integers or last integer columns so far), wrapping";
    reduce("sum", last_per_key, sum, |node| {
        Box::new(Running::new("sum", aggregate::sum).told_of_state(node))
    });
    reduce("max", last_per_key, "(key, largest value or last column so far)", |node| {
        Box::new(Running::new("max", aggregate::max).told_of_state(node))
    });
    reduce("min", last_per_key, "(key, smallest value or last column so far)", |node| {
        Box::new(Running::new("min", aggregate::min).told_of_state(node))
    });
    let xor = "(key, exclusive or of integers or last integer columns so far)";
    reduce("xor", last_per_key, xor, |node| {
        Box::new(Running::new("xor", aggregate::xor).told_of_state(node))
    });
    let last = "(key, value or last column that came last), which depends on order";
    reduce("last", Equality::Accounted, last, |node| {
        Box::new(Running::new("last", aggregate::last).told_of_state(node))
    });
    let sum = catalogue.entry("reduce", "sum").expect("it was added").clone();
    catalogue.add("aggregate", "sum", sum);
    let about = "each key, the first time that it comes";
    let distinct = Entry::new(about, |_| Box::new(Distinct::default()));
    catalogue.add("aggregate", "distinct", Entry { keyed: true, stateful: true, ..distinct });
}

fn add_stateful(catalogue: &mut Catalogue) {
    let passing = |about, make: Make| Entry {
        stateful: true,
        emits: Emits::AsItIs,
        ..Entry::new(about, make)
    };
    let mut add = |function, entry| catalogue.add("state", function, entry);
    let buffer = "passes values on and keeps the last three of each subtask in list state";
    add("buffer", passing(buffer, |_| Box::new(Buffer::default())));
    let union_counter = "passes values on and counts those of each subtask in union list state";
    add("union-counter", passing(union_counter, |_| Box::new(UnionCounter::default())));
    let lists = "passes values on and keeps list states that begin with items of their own";
    let lists = passing(lists, |node| Box::new(Lists::new(node)));
    add("list", Entry { takes_list_state: true, ..lists });
    let rules =
        "passes input 0 on and remembers input 1, which must be broadcast, in broadcast state";
    let rules = passing(rules, |_| Box::new(BroadcastRules::default()));
    add("broadcast-rules", Entry { inputs: 2, since: BROADCAST_STATE, ..rules });
}

fn add_windows(catalogue: &mut Catalogue) {
    let equality = Equality::Accounted;
    let mut add = |time: WindowTime, about, make: Make| {
        let window = Entry { equality, keyed: true, stateful: true, ..Entry::new(about, make) };
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
    let join = Entry::new(join, |_| Box::new(InnerJoin::default()));
    catalogue.add("join", "inner", Entry { keyed: true, stateful: true, inputs: 2, ..join });
    let tag = "values of both inputs, each with its input, 0 or 1, as the last column";
    let tag = Entry::new(tag, |_| Box::new(Tag));
    catalogue.add("connect", "tag", Entry { inputs: 2, emits: Emits::OneForOne, ..tag });
    let rules = "values of input 0, with what the rules of input 1, which must be broadcast, say of their key by then";
    let rules = Entry::new(rules, |_| Box::new(ConnectRules::default()));
    let (equality, emits) = (Equality::Accounted, Emits::OneForOne);
    let since = BROADCAST_STATE;
    let rules = Entry { equality, stateful: true, inputs: 2, emits, since, ..rules };
    catalogue.add("connect", "rules", rules);
}
