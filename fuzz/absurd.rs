//! Scenario files by a grammar over all keys of the language, with values that nobody would write: what must hold of them.
//!
//! Every choice is drawn from the bytes that are given, and behind them from a generator that they seed. So a fuzzer can
//! steer it, and a number is enough for a test.

use sandbar::operator::Catalogue;
use sandbar::scenario::Scenario;
use sandbar::search::{Setup, play};
use sandbar::trace::{CheckName, Sometimes, Word};
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// How many events of a world are played.
pub const EVENTS_MOST: u64 = 20_000;

/// What came of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Came {
    /// It was refused.
    Refused,
    /// It is a scenario that reads files, which are not there.
    Read,
    /// Its world was played to its end and judged.
    Judged,
    /// Its world went on after as many events as are played.
    GoesOn,
}

/// Reads a file, and plays it if it is a scenario: there is an error that says where and what, or a world that can be played.
pub fn check(text: &str) -> Came {
    static CATALOGUE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    let catalogue = CATALOGUE.get_or_init(|| Arc::new(Catalogue::built_in()));
    let scenario = match Scenario::parse(text, "absurd.toml", catalogue) {
        Ok(scenario) => scenario,
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("--> absurd.toml:"), "an error names no place: {said}");
            assert!(said.len() < 10_000, "an error is {} bytes long", said.len());
            return Came::Refused;
        }
    };
    let Some(setup) = Setup::of(Arc::new(scenario), Arc::clone(catalogue)) else {
        return Came::Read;
    };
    let mut events = 0;
    let played = play(setup, |_| {
        events += 1;
        if events > EVENTS_MOST { Err(()) } else { Ok(()) }
    });
    match played {
        Ok(played) => {
            let _whatever_it_is = played.judgement();
            Came::Judged
        }
        Err(()) => Came::GoesOn,
    }
}

/// The file of a number.
pub fn numbered(number: u64) -> String {
    text(&number.to_le_bytes())
}

/// The file that bytes stand for.
pub fn text(bytes: &[u8]) -> String {
    let seed = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The bytes of a number are its seed alone: its first choices would all be the same.
    let bytes = if bytes.len() > 8 { bytes } else { &[] };
    let mut draft = Draft { bytes, state: seed, out: String::new(), one_in: 0, jobs: Vec::new() };
    draft.one_in = draft.pick(&[0, 0, 0, 0, 0, 2_000, 500, 150, 40, 6]);
    draft.file();
    draft.out
}

const WORDS: [&str; 8] = ["a", "b", "first", "counts", "", "🦀", "a/0", "x.side"];
/// From the shortest to the longest.
const TIMES: [&str; 14] = [
    "0s",
    "1ns",
    "1us",
    "1ms",
    "10ms",
    "20ms",
    "100ms",
    "250ms",
    "1s",
    "10s",
    "1h",
    "500000h",
    "9223372036854775807ns",
    "18446744073709551615ns",
];
const CALLS: [&str; 11] = [
    "open",
    "process",
    "snapshot",
    "async-snapshot",
    "prepare-snapshot",
    "notify-complete",
    "notify-aborted",
    "initialize",
    "finish",
    "close",
    "no-such",
];
/// Operators: what they do, and what else they need.
const KINDS: [(&str, &str); 26] = [
    (
        "aggregate = 'sum'",
        "key-by = 0, keyed-state = { name = '', kind = 'map', type = 'int', ttl = '1ns' }",
    ),
    (
        "state = 'list'",
        "list-state = { names = ['a', '', '🦀'], mode = 'union', type = 'long', starts-with = 1000 }",
    ),
    ("map = 'identity'", ""),
    ("map = 'increment'", ""),
    ("map = 'swap'", ""),
    ("map = 'to-pair'", ""),
    ("filter = 'non-empty'", ""),
    ("flat-map = 'repeat'", ""),
    ("flat-map = 'split-words'", ""),
    ("aggregate = 'count'", "key-by = 0"),
    ("aggregate = 'sum'", "key-by = [0, 1]"),
    ("aggregate = 'statistics'", "key-by = 'value'"),
    ("reduce = 'max'", "key-by = 0"),
    ("reduce = 'last'", "key-by = 1"),
    ("state = 'list'", ""),
    ("state = 'buffer'", ""),
    ("state = 'union-counter'", ""),
    ("state = 'broadcast-rules'", "second-from = ['s0'], second-partition = 'broadcast'"),
    ("window = { size = '10ms', aggregate = ['count'] }", "key-by = 0"),
    (
        "window = { size = '1ms', time = 'processing', aggregate = ['count', 'sum 1'] }",
        "key-by = 0",
    ),
    ("", "key-by = 0"),
    ("", "key-by = 'value'"),
    ("join = 'inner'", "key-by = 0, second-from = ['s0']"),
    ("connect = 'tag'", "second-from = ['s0']"),
    ("writer = 'transactions'", ""),
    ("map = 'no-such'", ""),
];

/// A job of the draft.
struct Job {
    name: String,
    operators: Vec<String>,
}

struct Draft<'b> {
    bytes: &'b [u8],
    state: u64,
    out: String,
    /// One in so many values is absurd; none if 0.
    one_in: u32,
    jobs: Vec<Job>,
}

impl Draft<'_> {
    fn draw(&mut self) -> u32 {
        if let Some((first, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            self.state ^= u64::from(*first) << 32;
            return u32::from(*first);
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) >> 32).expect("half of it is left")
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.draw() % bound.max(1)
    }

    fn is_one_in(&mut self, number: u32) -> bool {
        number > 0 && self.below(number) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let most = u32::try_from(from.len()).expect("lists are short");
        let place = usize::try_from(self.below(most)).expect("it fits");
        from[place].clone()
    }

    fn say(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref());
    }

    /// A value of any type, or none at all.
    fn absurd(&mut self) -> String {
        let deep =
            usize::try_from(self.pick(&[3_u32, 20, 100, 127, 128, 129, 300])).expect("it fits");
        let long = usize::try_from(self.pick(&[10_u32, 300, 5_000, 200_000])).expect("it fits");
        match self.below(30) {
            23 => "32769".to_owned(),
            24 => "65536".to_owned(),
            25 => "10000001".to_owned(),
            26 => "1001".to_owned(),
            27 => "'2s..1s'".to_owned(),
            28 => "'1ns'".to_owned(),
            0 => "-1".to_owned(),
            1 => "0".to_owned(),
            2 => "18446744073709551615".to_owned(),
            3 => "9223372036854775808".to_owned(),
            4 => "-9223372036854775808".to_owned(),
            5 => "4294967296".to_owned(),
            6 => "1e309".to_owned(),
            7 => "nan".to_owned(),
            8 => "0.5".to_owned(),
            9 => "1979-05-27T07:32:00Z".to_owned(),
            10 => "true".to_owned(),
            11 => "''".to_owned(),
            12 => "\"\\u0000\"".to_owned(),
            13 => "'🦀 → \u{202e}x'".to_owned(),
            14 => format!("'{}'", "y".repeat(long)),
            15 => "[]".to_owned(),
            16 => "{}".to_owned(),
            17 => format!("{}1{}", "[".repeat(deep), "]".repeat(deep)),
            18 => format!("{}1{}", "{ a = ".repeat(deep), " }".repeat(deep)),
            19 => format!("[{}]", "1, ".repeat(long / 10)),
            20 => "{ a = 1, a = 2 }".to_owned(),
            21 => "99999999999999999999999".to_owned(),
            22 => format!("{}", "9".repeat(long)),
            _ => "'''\n".to_owned(),
        }
    }

    /// The value, unless this is one in so many.
    fn or_absurd(&mut self, value: String) -> String {
        if self.is_one_in(self.one_in) { self.absurd() } else { value }
    }

    fn time(&mut self) -> String {
        let time = self.pick(&TIMES);
        self.or_absurd(format!("'{time}'"))
    }

    fn short_time(&mut self) -> String {
        let time = self.pick(&["10ms", "20ms", "100ms", "1s", "18446744073709551615ns"]);
        self.or_absurd(format!("'{time}'"))
    }

    fn range(&mut self) -> String {
        let times = u32::try_from(TIMES.len()).expect("it is short");
        let (one, other) = (self.below(times), self.below(times));
        let time = |place: u32| TIMES[usize::try_from(place).expect("it fits")];
        let (low, high) = (time(one.min(other)), time(one.max(other)));
        self.or_absurd(format!("'{low}..{high}'"))
    }

    fn number(&mut self, usual: &[u64]) -> String {
        let number = self.pick(usual);
        self.or_absurd(number.to_string())
    }

    fn truth(&mut self) -> String {
        let truth = self.pick(&["true", "false"]);
        self.or_absurd(truth.to_owned())
    }

    fn word(&mut self, words: &[&str]) -> String {
        let word = self.pick(words);
        self.or_absurd(format!("'{word}'"))
    }

    /// A key of a table on one line, now and then; twice or misspelled if it is absurd.
    fn maybe(&mut self, one_in: u32, key: &str, value: impl FnOnce(&mut Self) -> String) -> String {
        if !self.is_one_in(one_in) {
            return String::new();
        }
        let value = value(self);
        if self.is_one_in(self.one_in.saturating_mul(4)) {
            let other = self.pick(&[key, "no-such", "", "a.b", "\"\""]);
            return format!("{key} = {value}, {other} = {value}, ");
        }
        format!("{key} = {value}, ")
    }

    /// The same of a key that only few can have: only where something is absurd anyway.
    fn odd(&mut self, one_in: u32, key: &str, value: impl FnOnce(&mut Self) -> String) -> String {
        if self.one_in == 0 { String::new() } else { self.maybe(one_in, key, value) }
    }

    fn file(&mut self) {
        for (one_in, key) in
            [(2, "seed"), (6, "until"), (3, "flink"), (20, "mutations"), (8, "about")]
        {
            if !self.is_one_in(one_in) {
                continue;
            }
            let value = match key {
                "seed" => self.number(&[0, 1, 7, 9_223_372_036_854_775_807]),
                "until" => self.time(),
                "mutations" => {
                    self.pick(&["['commit-on-snapshot']", "['no-such']", "[]"]).to_owned()
                }
                "flink" => self.word(&[
                    "1.0", "1.1", "1.2", "1.3", "1.4", "1.7", "1.11", "1.13", "1.15", "2.x", "2.x",
                    "2.x", "2.x", "2.x", "2.x",
                ]),
                _ => self.word(&WORDS),
            };
            self.say(format!("{key} = {value}\n"));
        }
        self.cluster();
        self.network();
        let inputs = self.pick(&[1, 1, 1, 2, 3]);
        for input in 0..inputs {
            self.input(input);
        }
        let jobs = self.pick(&[1, 1, 1, 2, 3]);
        for job in 0..jobs {
            self.job(job, inputs);
        }
        for step in 0..self.pick(&[0_u32, 1, 2, 5, 12]) {
            self.step(step);
        }
        if self.is_one_in(3) {
            self.expect();
        }
        if self.is_one_in(self.one_in) {
            let place = self.below(u32::try_from(self.out.len()).unwrap_or(u32::MAX));
            let mut place = usize::try_from(place).expect("it fits");
            while !self.out.is_char_boundary(place) {
                place -= 1;
            }
            let junk = self.absurd();
            self.out.insert_str(place, &junk);
        }
    }

    fn cluster(&mut self) {
        let mut text = String::new();
        text += &self.maybe(2, "task-managers", |d| d.number(&[1, 2, 3, 7, 1_000, 65_535]));
        text += &self.maybe(2, "slots", |d| d.number(&[1, 2, 16, 64, 1_000, 32_768]));
        text += &self.maybe(5, "replaced-after", Self::time);
        text += &self.maybe(4, "high-availability", Self::truth);
        text += &self.odd(9, "takeover-after", Self::time);
        text += &self.maybe(9, "heartbeat-timeout", Self::time);
        text += &self.odd(9, "heartbeat-interval", Self::time);
        text += &self.odd(9, "name", |d| d.word(&WORDS));
        text += &self
            .maybe(9, "savepoint-dir", |d| d.word(&["there", "none", "unwritable", "wrong-key"]));
        text += &self.odd(30, "savepoint-backend", |d| {
            d.word(&["jobmanager", "filesystem", "factory", "unknown"])
        });
        self.say(format!("cluster = {{ {} }}\n", text.trim_end_matches(", ")));
    }

    fn network(&mut self) {
        self.say("[network]\n");
        for key in [
            "channel-latency",
            "message-latency",
            "snapshot-sync",
            "snapshot-async",
            "metadata-write",
            "task-start",
        ] {
            if self.is_one_in(6) {
                let range = if self.is_one_in(2) { self.time() } else { self.range() };
                self.say(format!("{key} = {range}\n"));
            }
        }
        if self.is_one_in(3) {
            let capacity = self.number(&[1, 2, 32, 4_294_967_295]);
            self.say(format!("channel-capacity = {capacity}\n"));
        }
    }

    fn input(&mut self, place: u32) {
        self.say(format!("[input.in{place}]\n"));
        match self.below(40) {
            0 => self.say("text = 'no/such/file'\n"),
            1 => self.say("csv = 'no/such/file'\ncolumns = ['text', 'int', 'time %Y-%m-%d']\n"),
            _ => {
                let records = if self.is_one_in(200) {
                    self.number(&[1_000_000, 10_000_000])
                } else {
                    self.number(&[0, 1, 7, 30, 100, 1_000])
                };
                let keys = self.number(&[1, 2, 8, 4_294_967_295]);
                let step = self.maybe(3, "step", |d| d.word(&["1ms", "10ms", "1h", "0s"]));
                let step = step.trim_end_matches(", ");
                let step = if step.is_empty() { String::new() } else { format!(", {step}") };
                self.say(format!("generate = {{ records = {records}, keys = {keys}{step} }}\n"));
            }
        }
        if self.is_one_in(2) {
            let partitions = self.number(&[1, 2, 3, 7, 1_000, 65_535]);
            self.say(format!("partitions = {partitions}\n"));
        }
        if self.is_one_in(2) {
            let every = self.time();
            self.say(format!("every = {every}\n"));
        }
        if self.is_one_in(12) {
            let column = self.number(&[0, 1]);
            let within = self.word(&["1ms", "20ms", "1h", "500000h"]);
            self.say(format!("shuffle-within = {{ column = {column}, within = {within} }}\n"));
        }
    }

    fn job(&mut self, place: u32, inputs: u32) {
        let name = format!("j{place}");
        if place > 0 && self.is_one_in(2) {
            self.extending(&name);
            return;
        }
        self.say(format!("[job.{name}]\n"));
        self.settings();
        self.say("operators = [\n");
        let mut operators = Vec::new();
        let count = self.pick(&[1, 1, 2, 3, 5, 20]);
        let mut sources = self.pick(&[1, 1, 1, 2]);
        let tells_time = self.is_one_in(2);
        for source in 0..sources {
            let input = self.below(inputs);
            let input =
                self.word(&[&format!("in{input}"), &format!("in{input}"), &format!("in{input}")]);
            let text = format!("name = 's{source}', source = {input}, ")
                + &self.source_options(tells_time);
            self.operator(&text);
            operators.push(format!("s{source}"));
        }
        for operator in 0..count {
            let (kind, needs) = self.kind(tells_time);
            let mut text = format!("name = 'm{operator}', ");
            for part in [kind, needs].into_iter().filter(|part| !part.is_empty()) {
                text += &format!("{part}, ");
            }
            if self.is_one_in(3) || sources > 1 {
                sources = 1;
                text += &format!("from = {}, ", self.names(&operators));
            }
            text += &self.odd(12, "second-from", |d| d.names(&operators));
            text += &self.options();
            self.operator(&text);
            operators.push(format!("m{operator}"));
        }
        let mut sink =
            self.word(&["plain", "idempotent", "dedup", "two-phase", "two-phase", "plain"]);
        if self.is_one_in(8) {
            self.operator("name = 'writes', writer = 'transactions'");
            operators.push("writes".to_owned());
            sink = "'committer'".to_owned();
        }
        let text = format!("name = 'out', sink = {sink}, ") + &self.options();
        self.operator(&text);
        operators.push("out".to_owned());
        self.say("]\n");
        self.jobs.push(Job { name, operators });
    }

    fn names(&mut self, operators: &[String]) -> String {
        let mut names = Vec::new();
        for _ in 0..self.pick(&[1, 1, 2, 3]) {
            let side = self.pick(&["", "", "", "", "", ".side"]);
            names.push(format!("'{}{side}'", self.pick(operators)));
        }
        let names = names.join(", ");
        self.or_absurd(format!("[{names}]"))
    }

    fn operator(&mut self, text: &str) {
        self.say(format!("  {{ {} }},\n", text.trim_end_matches(", ")));
    }

    fn kind(&mut self, tells_time: bool) -> (&'static str, &'static str) {
        loop {
            let (kind, needs) = self.pick(&KINDS);
            let is_odd = kind.contains("no-such") || kind.contains("writer");
            let needs_time = kind.contains("window") && !kind.contains("processing");
            if self.one_in > 0 || !is_odd && (tells_time || !needs_time) {
                return (kind, needs);
            }
        }
    }

    fn source_options(&mut self, tells_time: bool) -> String {
        let mut text = self.options();
        text += &self.maybe(4, "then", |d| d.word(&["idle", "end"]));
        text += &self.maybe(6, "reader", |d| d.word(&["fixed", "splits"]));
        text += &self.maybe(if tells_time { 1 } else { 0 }, "event-time", |d| {
            let mut time = String::new();
            time += &d.maybe(2, "column", |d| d.number(&[0, 1]));
            time += &d.maybe(3, "out-of-orderness", |d| d.word(&["0s", "10ms", "2h", "500000h"]));
            time += &d.maybe(4, "idle-after", Self::time);
            time += &d.maybe(4, "interval", Self::short_time);
            format!("{{ {} }}", time.trim_end_matches(", "))
        });
        text
    }

    fn options(&mut self) -> String {
        let mut text = String::new();
        text += &self.maybe(3, "parallelism", |d| d.number(&[1, 1, 2, 2, 3, 4, 7, 7, 100]));
        text += &self.maybe(10, "max-parallelism", |d| d.number(&[7, 128, 32_768]));
        let uid = self.draw();
        text += &self.maybe(3, "uid", |d| d.or_absurd(format!("'u{uid}'")));
        text += &self.maybe(15, "class", |d| d.word(&WORDS));
        text += &self.odd(15, "partition", |d| {
            d.word(&["forward", "rebalance", "hash", "broadcast", "rescale", "global"])
        });
        text += &self.odd(30, "second-partition", |d| d.word(&["forward", "hash", "broadcast"]));
        text += &self.odd(40, "second-key-by", |d| d.number(&[0, 1, 65_535]));
        text += &self.odd(20, "key-type", |d| {
            d.word(&["auto", "text", "int", "long", "short", "char", "double", "bool"])
        });
        text += &self.maybe(8, "chain", |d| d.word(&["always", "head", "never"]));
        text += &self.maybe(15, "slot-group", |d| d.word(&WORDS));
        text += &self.maybe(6, "takes", Self::time);
        text += &self.odd(25, "column", |d| d.number(&[0, 1, 65_535]));
        text +=
            &self.odd(25, "uid-hash", |d| d.word(&["0123456789abcdef0123456789abcdef", "0", "é"]));
        text += &self.odd(15, "keyed-state", |d| {
            let mut state = String::new();
            state += &d.maybe(2, "name", |d| d.word(&WORDS));
            state += &d
                .maybe(3, "kind", |d| d.word(&["value", "list", "reducing", "aggregating", "map"]));
            state += &d.maybe(3, "type", |d| d.word(&["any", "long", "int", "text"]));
            state += &d.maybe(3, "ttl", Self::time);
            format!("{{ {} }}", state.trim_end_matches(", "))
        });
        text += &self.odd(15, "list-state", |d| {
            let mut state = String::new();
            state += &d.maybe(2, "names", |d| d.or_absurd("['a', 'b', '']".to_owned()));
            state += &d.maybe(3, "mode", |d| d.word(&["split", "union", "broadcast", "whole"]));
            state += &d.maybe(3, "type", |d| d.word(&["any", "long", "int", "text"]));
            state += &d.maybe(3, "starts-with", |d| d.number(&[1, 2, 1_000]));
            format!("{{ {} }}", state.trim_end_matches(", "))
        });
        text
    }

    fn settings(&mut self) {
        if !self.is_one_in(4) {
            let mut text = String::new();
            text += &self.maybe(1, "interval", Self::short_time);
            text += &self.maybe(5, "timeout", Self::short_time);
            text += &self.maybe(6, "min-pause", Self::time);
            text += &self.maybe(6, "max-concurrent", |d| d.number(&[1, 2, 4_294_967_295]));
            text += &self.maybe(6, "retained", |d| d.number(&[1, 2, 4_294_967_295]));
            text += &self.maybe(6, "tolerable-failures", |d| d.number(&[0, 1, 4_294_967_295]));
            text += &self.maybe(6, "retention", |d| {
                d.word(&["none", "delete-on-cancellation", "retain-on-cancellation"])
            });
            text += &self.odd(15, "prefer-checkpoint", Self::truth);
            text += &self.maybe(6, "mode", |d| d.word(&["exactly-once", "at-least-once"]));
            text += &self.maybe(5, "unaligned", Self::truth);
            text += &self.odd(15, "aligned-timeout", Self::time);
            text += &self.odd(15, "alignment-limit", |d| d.number(&[1, 2, 4_294_967_295]));
            text += &self.maybe(15, "custom-handles", Self::truth);
            text += &self.maybe(5, "state-backend", |d| {
                d.word(&["job-manager", "file-system", "incremental", "rocksdb"])
            });
            text += &self.odd(20, "max-state-size", |d| d.number(&[0, 1, 4_294_967_295]));
            text += &self.odd(20, "inline-below", |d| d.number(&[0, 1, 4_294_967_295]));
            self.say(format!("checkpoint = {{ {} }}\n", text.trim_end_matches(", ")));
        }
        match self.below(6) {
            0 => self.say("restart = 'none'\n"),
            1 => {
                let attempts = self.number(&[0, 1, 3, 4_294_967_295]);
                let delay = self.time();
                self.say(format!(
                    "restart = {{ fixed-delay = {{ attempts = {attempts}, delay = {delay} }} }}\n"
                ));
            }
            2 => {
                let (failures, per) = (self.number(&[0, 1, 3, 4_294_967_295]), self.time());
                self.say(format!(
                    "restart = {{ failure-rate = {{ failures = {failures}, per = {per} }} }}\n"
                ));
            }
            3 => {
                let mut text = self.maybe(2, "initial", Self::time);
                text += &self.maybe(2, "multiplier", |d| d.number(&[1, 1_000, 1_000_000]));
                text += &self.maybe(2, "most", Self::time);
                text += &self.maybe(2, "reset-after", Self::time);
                text += &self.maybe(2, "jitter", |d| d.number(&[0, 10, 100]));
                self.say(format!(
                    "restart = {{ exponential-delay = {{ {} }} }}\n",
                    text.trim_end_matches(", ")
                ));
            }
            _ => {}
        }
        if self.is_one_in(6) {
            let failover = self.word(&["full", "region"]);
            self.say(format!("failover = {failover}\n"));
        }
        let keys = if self.one_in > 0 { ["chaining", "auto-uids"] } else { ["chaining"; 2] };
        let keys = if self.is_one_in(5) { &keys[..1] } else { &keys[..0] };
        for key in keys {
            if self.is_one_in(10) {
                let truth = self.truth();
                self.say(format!("{key} = {truth}\n"));
            }
        }
        if self.is_one_in(10) {
            let most = self.number(&[7, 128, 32_768]);
            self.say(format!("max-parallelism = {most}\n"));
        }
    }

    fn extending(&mut self, name: &str) {
        let most = u32::try_from(self.jobs.len()).expect("few");
        let place = usize::try_from(self.below(most)).expect("it fits");
        let base = self.jobs[place].name.clone();
        let mut operators = self.jobs[place].operators.clone();
        let base = self.word(&[&base, &base, &base]);
        self.say(format!("[job.{name}]\nextends = {base}\n"));
        if self.is_one_in(3) {
            self.settings();
        }
        if self.is_one_in(2) {
            let changed = self.pick(&operators);
            let options = self.options();
            self.say(format!("set = {{ {changed} = {{ {} }} }}\n", options.trim_end_matches(", ")));
        }
        if self.is_one_in(4) {
            let removed = self.pick(&operators);
            operators.retain(|other| *other != removed || other == "out");
            self.say(format!("remove = ['{removed}']\n"));
        }
        if self.is_one_in(4) {
            let (kind, needs) = self.kind(false);
            let from = self.names(&operators);
            let mut parts = vec![kind, needs];
            parts.retain(|part| !part.is_empty());
            self.say(format!(
                "add = [{{ name = 'added', {}, from = {from} }}]\n",
                parts.join(", ")
            ));
            operators.push("added".to_owned());
        }
        if self.is_one_in(4) {
            let order = self.pick(&operators);
            self.say(format!("reorder = ['{order}']\n"));
        }
        self.jobs.push(Job { name: name.to_owned(), operators });
    }

    /// The name of a job.
    fn some_job(&mut self) -> String {
        let names: Vec<String> = self.jobs.iter().map(|job| job.name.clone()).collect();
        let name = self.pick(&names);
        self.or_absurd(format!("'{name}'"))
    }

    /// The name of a task.
    fn some_task(&mut self) -> String {
        let tasks: Vec<String> = self
            .jobs
            .iter()
            .flat_map(|job| {
                job.operators.iter().map(move |operator| format!("{}:{operator}", job.name))
            })
            .collect();
        let task = self.pick(&tasks);
        let subtask = if self.one_in > 0 { self.pick(&["0", "0", "1", "4294967295"]) } else { "0" };
        self.or_absurd(format!("'{task}/{subtask}'"))
    }

    fn step(&mut self, number: u32) {
        self.say("[[step]]\n");
        if self.is_one_in(2) {
            let at = self.time();
            self.say(format!("at = {at}\n"));
        } else {
            let milestone = self.milestone();
            self.say(format!("when = {{ {milestone} }}\n"));
            if self.is_one_in(4) {
                let after = self.time();
                self.say(format!("after = {after}\n"));
            }
        }
        let action = self.action(number);
        self.say(format!("do = {{ {action} }}\n"));
        if self.is_one_in(8) {
            let retry = self.time();
            self.say(format!("retry = {retry}\n"));
        } else if self.is_one_in(20) {
            let refused = self.word(&WORDS);
            self.say(format!("refused = {refused}\n"));
        }
    }

    fn milestone(&mut self) -> String {
        let checkpoint = self.number(&[1, 2, 3, 4_294_967_295]);
        match self.below(3) {
            0 => {
                let word =
                    self.pick(&["triggered", "metadata-written", "pointer-stored", "completed"]);
                let job = self.some_job();
                format!("{word} = {{ checkpoint = {checkpoint}, job = {job} }}")
            }
            1 => {
                let word = self.pick(&["snapshot", "durable", "ack-sent", "acked", "notified"]);
                let task = self.some_task();
                format!("{word} = {{ checkpoint = {checkpoint}, by = {task} }}")
            }
            _ => {
                let word = self.pick(&[
                    "restored",
                    "created",
                    "running",
                    "restarting",
                    "canceling",
                    "canceled",
                    "finished",
                    "failed",
                    "lost",
                    "suspended",
                ]);
                let job = self.some_job();
                format!("{word} = {job}")
            }
        }
    }

    fn action(&mut self, number: u32) -> String {
        let (job, task) = (self.some_job(), self.some_task());
        let manager = self.number(&[0]);
        let old = if self.one_in > 0 {
            self.pick(&["j0@newest", "j0@1", "l0", "l1"])
        } else {
            "j0@newest"
        };
        let old = self.or_absurd(format!("'{old}'"));
        let (own, time) = (format!("'l{number}'"), self.time());
        match self.below(25) {
            0..=2 => {
                let from = self.maybe(2, "from", |_| old);
                let claim = self.maybe(3, "claim", |d| d.word(&["claim", "no-claim", "legacy"]));
                let dropped = self.maybe(3, "allow-non-restored-state", Self::truth);
                format!("run = {{ {from}{claim}{dropped}job = {job} }}")
            }
            3..=5 => {
                let format = self.maybe(4, "format", |d| d.word(&["canonical", "native"]));
                format!("savepoint = {{ {format}job = {job}, as = {own} }}")
            }
            6 => format!("cancel = {{ job = {job}, with-savepoint = true, as = {own} }}"),
            7 => format!("cancel = {{ job = {job} }}"),
            8 => {
                let drain = self.maybe(2, "drain", Self::truth);
                format!("stop = {{ {drain}job = {job}, as = {own} }}")
            }
            9 => format!("checkpoint = {{ job = {job}, as = {own} }}"),
            10 => {
                let call = self.word(&CALLS);
                let times = self.maybe(3, "times", |d| d.number(&[1, 70_000, 4_294_967_295]));
                format!("fail = {{ {times}task = {task}, in = {call} }}")
            }
            11 => format!("block = {{ task = {task}, for = {time} }}"),
            12 => format!("unblock = {task}"),
            13 => format!("kill = {task}"),
            14 => format!("kill-task-manager = {manager}"),
            15 => format!("partition = {{ task-manager = {manager}, for = {time} }}"),
            16 => "kill-job-manager = true".to_owned(),
            17 => {
                let fault = self.word(&["refused", "torn", "lost", "reply-lost"]);
                let what = self.pick(&[format!("state = {task}"), format!("metadata = {job}")]);
                format!("storage = {{ {what}, fault = {fault} }}")
            }
            18 => {
                let release = self.word(&["1.4", "1.11", "1.15", "2.x"]);
                format!("upgrade = {release}")
            }
            19 => format!("move = {{ savepoint = {old}, to = 'elsewhere' }}"),
            20 => format!("copy = {{ savepoint = {old}, as = {own}, to = 'copy' }}"),
            21 => format!("delete = {{ savepoint = {old} }}"),
            22 => format!("dispose = {{ savepoint = {old} }}"),
            23 => {
                let aim = self.pick(&[
                    "trigger",
                    "ack",
                    "decline",
                    "notify-complete",
                    "notify-aborted",
                    "split",
                ]);
                format!("lose = {{ {aim} = {task} }}")
            }
            _ => {
                let (word, aim) = (
                    self.pick(&["delay", "repeat"]),
                    self.pick(&["trigger", "ack", "notify-complete"]),
                );
                format!("{word} = {{ {aim} = {task}, by = {time} }}")
            }
        }
    }

    fn expect(&mut self) {
        self.say("[expect]\nmay-refuse = true\n");
        let (job, task) = (self.some_job(), self.some_task());
        let name = job.trim_matches('\'').to_owned();
        for key in [
            "holds",
            "breaks",
            "sometimes",
            "jobs",
            "committed-rows",
            "completed",
            "callbacks",
            "attempts",
        ] {
            if !self.is_one_in(5) {
                continue;
            }
            let value = match key {
                "holds" | "breaks" => format!("['{}']", self.pick(CheckName::ALL)),
                "sometimes" => format!("['{}']", self.pick(Sometimes::ALL)),
                "jobs" => format!("{{ {name} = 'finished' }}"),
                "committed-rows" => {
                    let rows = self.number(&[0, 1, 18_446_744_073_709_551_615]);
                    format!("{{ out = {rows} }}")
                }
                "completed" => format!("{{ {name} = [1, 2, 18446744073709551615] }}"),
                "callbacks" => format!("{{ {task} = ['open'] }}"),
                _ => format!("{{ {task} = 1 }}"),
            };
            let value = self.or_absurd(value);
            writeln!(self.out, "{key} = {value}").expect("a string takes everything");
        }
    }
}
