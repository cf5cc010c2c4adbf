//! The operators that every catalogue starts with.

use super::aggregate::{self, Running};
use super::sink::{IdempotentSink, PlainSink};
use super::source::LogSource;
use super::stateful::{BroadcastRules, Buffer, UnionCounter};
use super::transform::{self, Stateless};
use super::two_phase::TwoPhaseSink;
use super::{Catalogue, Entry, Equality, Operator};
use crate::job::OperatorNode;

/// How an entry makes one subtask.
type Make = fn(&OperatorNode) -> Box<dyn Operator>;

impl Catalogue {
    /// The operators of this crate. Add your own with [`Catalogue::add`].
    pub fn built_in() -> Self {
        let mut catalogue = Self::default();
        add_source_and_sinks(&mut catalogue);
        add_maps_and_filters(&mut catalogue);
        add_flat_maps_and_key_by(&mut catalogue);
        add_aggregates(&mut catalogue);
        add_stateful(&mut catalogue);
        catalogue
    }

    fn add_stateless(&mut self, kind: &str, function: &str, about: &'static str, make: Make) {
        let equality = Equality::Multiset;
        let entry = Entry { about, equality, keyed: false, stateful: false, inputs: 1, make };
        self.add(kind, function, entry);
    }

    fn add_running(
        &mut self,
        kind: &str,
        function: &str,
        about: &'static str,
        equality: Equality,
        make: Make,
    ) {
        let entry = Entry { about, equality, keyed: true, stateful: true, inputs: 1, make };
        self.add(kind, function, entry);
    }

    fn add_passing(&mut self, function: &str, about: &'static str, inputs: u8, make: Make) {
        let equality = Equality::Multiset;
        let entry = Entry { about, equality, keyed: false, stateful: true, inputs, make };
        self.add("state", function, entry);
    }
}

fn add_source_and_sinks(catalogue: &mut Catalogue) {
    catalogue.add(
        "source",
        "log",
        Entry {
            about: "reads its share of an input's partitions and remembers how far it got",
            equality: Equality::Multiset,
            keyed: false,
            stateful: true,
            inputs: 0,
            make: |_| Box::new(LogSource::default()),
        },
    );
    let mut add = |kind: &str, about, equality, stateful, make| {
        let entry = Entry { about, equality, keyed: false, stateful, inputs: 1, make };
        catalogue.add("sink", kind, entry);
    };
    let plain = "writes each row at once, so what is replayed is there twice";
    add("plain", plain, Equality::Accounted, false, |_| Box::new(PlainSink));
    let idempotent = "writes each row under its key: the first column, or the value itself";
    add("idempotent", idempotent, Equality::LastPerKey, false, |_| Box::new(IdempotentSink));
    let two_phase = "writes in transactions that commit when their checkpoint completes";
    add("two-phase", two_phase, Equality::Multiset, true, |_| Box::new(TwoPhaseSink::default()));
}

fn add_maps_and_filters(catalogue: &mut Catalogue) {
    let mut map = |function, about, make| catalogue.add_stateless("map", function, about, make);
    map("identity", "every value as it is", |_| Box::new(Stateless(transform::identity)));
    map("upper", "text in upper case", |_| Box::new(Stateless(transform::upper)));
    map("lower", "text in lower case", |_| Box::new(Stateless(transform::lower)));
    map("increment", "integers plus one, wrapping", |_| Box::new(Stateless(transform::increment)));
    map("swap", "rows of two with their columns exchanged", |_| {
        Box::new(Stateless(transform::swap))
    });
    map("to-pair", "the row (value, 1)", |_| Box::new(Stateless(transform::to_pair)));

    let mut filter =
        |function, about, make| catalogue.add_stateless("filter", function, about, make);
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
        |function, about, make| catalogue.add_stateless("flat-map", function, about, make);
    flat_map("split-words", "runs of ASCII letters, in lower case", |_| {
        Box::new(Stateless(transform::split_words))
    });
    flat_map("repeat", "every value twice", |_| Box::new(Stateless(transform::repeat)));
    flat_map("digits", "the ASCII digits of text, as integers", |_| {
        Box::new(Stateless(transform::digits))
    });
    catalogue.add(
        "key-by",
        "identity",
        Entry {
            about: "deals values by key and leaves them as they are",
            equality: Equality::Multiset,
            keyed: true,
            stateful: false,
            inputs: 1,
            make: |_| Box::new(Stateless(transform::identity)),
        },
    );
}

fn add_aggregates(catalogue: &mut Catalogue) {
    let multiset = Equality::Multiset;
    catalogue.add_running("aggregate", "count", "(key, how many so far)", multiset, |_| {
        Box::new(Running::new("count", aggregate::count))
    });
    let mut add = |kind, function, about, make| {
        catalogue.add_running(kind, function, about, Equality::LastPerKey, make);
    };
    add(
        "aggregate",
        "sum",
        "(key, sum of integers or last integer columns so far), wrapping",
        |_| Box::new(Running::new("sum", aggregate::sum)),
    );
    add("reduce", "max", "(key, largest value or last column so far)", |_| {
        Box::new(Running::new("max", aggregate::max))
    });
    add("reduce", "min", "(key, smallest value or last column so far)", |_| {
        Box::new(Running::new("min", aggregate::min))
    });
    add("reduce", "xor", "(key, exclusive or of integers or last integer columns so far)", |_| {
        Box::new(Running::new("xor", aggregate::xor))
    });
    let last = "(key, value or last column that came last), which depends on order";
    catalogue.add_running("reduce", "last", last, Equality::Accounted, |_| {
        Box::new(Running::new("last", aggregate::last))
    });
}

fn add_stateful(catalogue: &mut Catalogue) {
    let buffer = "passes values on and keeps the last three of each subtask in list state";
    catalogue.add_passing("buffer", buffer, 1, |_| Box::new(Buffer::default()));
    let union_counter = "passes values on and counts those of each subtask in union list state";
    catalogue.add_passing("union-counter", union_counter, 1, |_| Box::new(UnionCounter::default()));
    let rules =
        "passes input 0 on and remembers input 1, which must be broadcast, in broadcast state";
    catalogue.add_passing("broadcast-rules", rules, 2, |_| Box::new(BroadcastRules::default()));
}
