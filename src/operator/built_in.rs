//! The operators that every catalogue starts with.

use super::aggregate::{self, Distinct, Running, Statistics};
use super::committer::{Committer, Writer};
use super::delay::Delay;
use super::lists::Lists;
use super::sink::{DedupSink, idempotent, plain};
use super::source::LogSource;
use super::split_reader::SplitReader;
use super::stateful::{BroadcastRules, Buffer, UnionCounter};
use super::transform::{self, Stateless};
use super::two_input::{ConnectRules, InnerJoin, Tag};
use super::two_phase::TwoPhaseSink;
use super::window::Window;
use super::{Catalogue, Definition, Emits, Entry, Equality, Fold, Rows, Since, Writes};
use crate::job::WindowTime;
use crate::rules::Rules;
use crate::state::TimerService;

/// Adds operators of one kind: what they have in common, then each by its function, with the sentence for people, how a
/// subtask is made, and what is its own.
macro_rules! add {
    (
        $catalogue:ident, $kind:literal, $common:tt:
        $($function:literal, $about:literal, $make:expr $(, $own:ident: $value:expr)*;)+
    ) => {
        $({
            let usual = add!(usual $common, Entry::new($about, $make));
            $catalogue.add($kind, $function, Entry { $($own: $value,)* ..usual });
        })+
    };
    (usual { $($field:ident: $value:expr),* }, $entry:expr) => {
        Entry { $($field: $value,)* ..$entry }
    };
}

/// What not every release has.
const fn since(what: &'static str, word: &'static str, has: fn(&Rules) -> bool) -> Option<Since> {
    Some(Since { what, word, has })
}

/// Which releases have broadcast state.
const BROADCAST_STATE: Option<Since> =
    since("broadcast state", "rules", |rules| rules.broadcast_state);

impl Catalogue {
    /// The operators of this crate. Add your own with [`Catalogue::add`].
    pub fn built_in() -> Self {
        let mut catalogue = Self::default();
        add_sources_and_sinks(&mut catalogue);
        add_stateless(&mut catalogue);
        add_aggregates(&mut catalogue);
        add_stateful(&mut catalogue);
        catalogue
    }
}

fn add_sources_and_sinks(catalogue: &mut Catalogue) {
    add! { catalogue, "source", { inputs: 0, stateful: true }:
        "log", "reads its share of an input's partitions and remembers how far it got",
            |node| Box::new(LogSource::starting(node.options.starting_offsets));
        "splits", "reads the partitions that its split enumerator gives it, one at a time",
            |_| Box::new(SplitReader::default()),
            since: since("split enumerators", "splits", |rules| rules.split_readers);
    }
    add! { catalogue, "sink", {}:
        "plain", "writes each row at once, so what is replayed is there twice",
            |_| Box::new(Stateless(plain)), writes: Writes::Plain;
        "idempotent", "writes each row under its key: the first column, or the value itself",
            |_| Box::new(Stateless(idempotent)), writes: Writes::Idempotent;
        "dedup", "writes each row with a marker, itself or a column, into a table that ignores markers it has seen",
            |node| Box::new(DedupSink { column: node.options.column }), writes: Writes::Dedup, takes_column: true;
        "two-phase", "writes in transactions that commit when their checkpoint completes",
            |_| Box::new(TwoPhaseSink::default()), writes: Writes::TwoPhase, stateful: true,
            since: since("two-phase sinks", "two-phase", |rules| rules.two_phase_sinks);
        "committer", "commits what writers prepared when its checkpoint completes",
            |_| Box::new(Committer::default()), writes: Writes::Committer, stateful: true,
            since: since("committers", "committer", |rules| rules.committers);
    }
    add! { catalogue, "writer", { emits: Emits::AsItIs, writes: Writes::Writer }:
        "transactions", "writes in transactions of the committer that reads it, and hands them to it at barriers",
            |_| Box::new(Writer::default()),
            since: since("writers with committers", "writer", |rules| rules.committers);
    }
}

fn add_stateless(catalogue: &mut Catalogue) {
    add! { catalogue, "map", { emits: Emits::OneForOne }:
        "identity", "every value as it is", |_| Box::new(Stateless(transform::identity)), emits: Emits::AsItIs,
            definition: Definition::AsItIs;
        "upper", "text in upper case", |_| Box::new(Stateless(transform::upper)), emits: Emits::UnderItsKey,
            definition: Definition::Upper;
        "lower", "text in lower case", |_| Box::new(Stateless(transform::lower)), emits: Emits::UnderItsKey,
            definition: Definition::Lower;
        "increment", "integers plus one, wrapping",
            |_| Box::new(Stateless(transform::increment)), emits: Emits::UnderItsKey,
            definition: Definition::Increment;
        "swap", "rows of two with their columns exchanged", |_| Box::new(Stateless(transform::swap)),
            definition: Definition::Swap;
        "to-pair", "the row (value, 1)", |_| Box::new(Stateless(transform::to_pair)), definition: Definition::Pair;
    }
    add! { catalogue, "filter", { rows: Rows::AsTheyAre }:
        "keep-all", "keeps everything", |_| Box::new(Stateless(transform::identity)), definition: Definition::AsItIs;
        "even", "keeps what has an even integer, or last integer column; side output: the rest",
            |_| Box::new(Stateless(transform::even)), definition: Definition::Even;
        "non-empty", "keeps all but empty text, bytes and rows; side output: the rest",
            |_| Box::new(Stateless(transform::non_empty)), definition: Definition::NonEmpty;
    }
    add! { catalogue, "flat-map", {}:
        "split-words", "runs of ASCII letters, in lower case", |_| Box::new(Stateless(transform::split_words)),
            definition: Definition::Words;
        "repeat", "every value twice", |_| Box::new(Stateless(transform::repeat)), definition: Definition::Twice;
        "halves", "an integer, or the last integer column of a row, as two that add up to it, the smaller first",
            |_| Box::new(Stateless(transform::halves)), definition: Definition::Halves;
        "digits", "the ASCII digits of text, as integers", |_| Box::new(Stateless(transform::digits)),
            definition: Definition::Digits;
    }
    add! { catalogue, "key-by", { keyed: true, emits: Emits::AsItIs }:
        "identity", "deals values by key and leaves them as they are", |_| Box::new(Stateless(transform::identity)),
            definition: Definition::AsItIs;
    }
    add! { catalogue, "connect", { inputs: 2, emits: Emits::OneForOne }:
        "tag", "values of both inputs, each with its input, 0 or 1, as the last column", |_| Box::new(Tag),
            definition: Definition::Tag;
        "rules", "values of input 0, with what the rules of input 1, which must be broadcast, say of their key by then",
            |_| Box::new(ConnectRules::default()),
            equality: Equality::Accounted, stateful: true, since: BROADCAST_STATE, definition: Definition::Rules;
    }
}

fn add_aggregates(catalogue: &mut Catalogue) {
    const ONE: Emits = Emits::OneForOne;
    add! { catalogue, "aggregate", { keyed: true, stateful: true }:
        "count", "(key, how many so far)", |node| Running::of(node, "count", aggregate::count),
            emits: ONE, rows: Rows::Pair, takes_keyed_state: true, definition: Definition::Folds(Fold::Count);
        "statistics", "(key, count, sum, least, greatest) so far",
            |node| Box::new(Statistics::of_column(node.options.column)),
            emits: ONE, equality: Equality::LastPerKey, takes_column: true, definition: Definition::Statistics;
        "distinct", "each key, the first time that it comes", |_| Box::new(Distinct::default()),
            definition: Definition::Distinct;
    }
    add! { catalogue, "reduce", {
        keyed: true, stateful: true, emits: ONE, rows: Rows::Pair, takes_column: true, takes_keyed_state: true, equality: Equality::LastPerKey
    }:
        "sum", "(key, sum of integers or last integer columns so far), wrapping",
            |node| Running::of(node, "sum", aggregate::sum), definition: Definition::Folds(Fold::Sum);
        "max", "(key, largest value or last column so far)", |node| Running::of(node, "max", aggregate::max),
            definition: Definition::Folds(Fold::Max);
        "min", "(key, smallest value or last column so far)", |node| Running::of(node, "min", aggregate::min),
            definition: Definition::Folds(Fold::Min);
        "xor", "(key, exclusive or of integers or last integer columns so far)",
            |node| Running::of(node, "xor", aggregate::xor), definition: Definition::Folds(Fold::Xor);
        "last", "(key, value or last column that came last), which depends on order",
            |node| Running::of(node, "last", aggregate::last), equality: Equality::Accounted,
            definition: Definition::Folds(Fold::Last);
    }
    let sum = catalogue.entry("reduce", "sum").expect("it was added").clone();
    catalogue.add("aggregate", "sum", sum);
}

fn add_stateful(catalogue: &mut Catalogue) {
    add! { catalogue, "state", { stateful: true, emits: Emits::AsItIs }:
        "buffer", "passes values on and keeps the last three of each subtask in list state",
            |_| Box::new(Buffer::default()), definition: Definition::AsItIs;
        "union-counter", "passes values on and counts those of each subtask in union list state",
            |_| Box::new(UnionCounter::default()), definition: Definition::AsItIs;
        "list", "passes values on and keeps list states that begin with items of their own",
            |node| Box::new(Lists::new(node)), takes_list_state: true, definition: Definition::AsItIs;
        "broadcast-rules", "passes input 0 on and remembers input 1, which must be broadcast, in broadcast state",
            |_| Box::new(BroadcastRules::default()), inputs: 2, since: BROADCAST_STATE,
            definition: Definition::FirstInput;
    }
    add! { catalogue, "join", { keyed: true, stateful: true, inputs: 2 }:
        "inner", "the columns of the key, a left and a right value, for every pair of a key",
            |_| Box::new(InnerJoin::default()), definition: Definition::Join;
    }
    add! { catalogue, "window", {
        equality: Equality::Accounted, keyed: true, stateful: true, timers: TimerService::Windows
    }:
        "event", "((key, start), aggregates) of windows of event time; side output: what is too late",
            |node| Box::new(Window::new(node.options.window, WindowTime::Event)),
            definition: Definition::Windows(WindowTime::Event);
        "processing", "((key, start), aggregates) of windows of the time at which values are processed",
            |node| Box::new(Window::new(node.options.window, WindowTime::Processing)),
            definition: Definition::Windows(WindowTime::Processing);
    }
    add! { catalogue, "delay", { keyed: true, stateful: true, rows: Rows::AsTheyAre }:
        "event", "each value, once the watermark is a span past its time",
            |node| Box::new(Delay::new(node.options.delay, WindowTime::Event)),
            definition: Definition::Delay(WindowTime::Event);
        "processing", "each value, a span after it was processed",
            |node| Box::new(Delay::new(node.options.delay, WindowTime::Processing)),
            definition: Definition::Delay(WindowTime::Processing);
    }
}
