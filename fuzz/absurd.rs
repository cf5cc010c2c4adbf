//! Scenario files by a grammar over all keys of the language, with values that nobody would write: what must hold of them.
//!
//! Every choice is drawn from the bytes that are given, and behind them from a generator that they seed. So a fuzzer can
//! steer it, and a number is enough for a test.

use sandbar::internals::play;
use sandbar::story::{InputKind, JobConfig, OperatorKind};
use sandbar::{Catalogue, Scenario, Setup, SimTime};
use std::sync::{Arc, OnceLock};

#[path = "absurd_job.rs"]
mod job;
#[path = "absurd_story.rs"]
mod story;

/// How many events of a world are played: a join of all with all holds the square of them.
pub const EVENTS_MOST: u64 = 3_000;
/// A snapshot holds where each partition stands: with more of them fewer events are played.
const POSITIONS_MOST: u64 = 1_000_000;

/// How many rows the operators of a world may handle when all is read.
const ROWS_MOST: f64 = 1e6;

/// What came of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Came {
    /// It was refused.
    Refused,
    /// It is a scenario that is not played: it reads files, which are not there, or its rows multiply too much for the
    /// reference, which has no budget.
    Read,
    /// Its world was played to its end and judged.
    Judged,
    /// Its world went on after as many events as are played, or at the end of time.
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
    if scenario.jobs.iter().map(|job| rows(&scenario, job)).sum::<f64>() > ROWS_MOST {
        return Came::Read;
    }
    let partitions = scenario.inputs.iter().map(|input| u64::from(input.partitions));
    let events_most = EVENTS_MOST.min(POSITIONS_MOST / partitions.max().unwrap_or(1));
    let Some(setup) = Setup::of(Arc::new(scenario), Arc::clone(catalogue)) else {
        return Came::Read;
    };
    let mut events = 0;
    let played = play(setup, |cluster| {
        events += 1;
        let is_over = events > events_most || cluster.now() == SimTime::MAX;
        if is_over { Err(()) } else { Ok(()) }
    });
    match played {
        Ok(played) => {
            let _whatever_it_is = played.judgement();
            Came::Judged
        }
        Err(()) => Came::GoesOn,
    }
}

/// How many rows the operators of a job handle when all is read: a join pairs each with each.
fn rows(scenario: &Scenario, job: &JobConfig) -> f64 {
    let mut of_operators: Vec<f64> = Vec::new();
    for node in &job.graph.operators {
        let of_input = |input: u8| -> f64 {
            let edges = node.inputs.iter().filter(|edge| edge.input == input);
            // What is read from further down in the file may be any number.
            edges.map(|edge| of_operators.get(edge.from.index()).copied().unwrap_or(f64::MAX)).sum()
        };
        let of_node = match &node.kind {
            OperatorKind::Source { input, .. } => {
                let input = scenario.inputs.iter().find(|other| other.name == *input);
                match input.map(|input| &input.kind) {
                    Some(InputKind::Generate { records, .. }) => f64::from(*records),
                    _ => 0.0,
                }
            }
            OperatorKind::Transform { kind, .. } if kind == "join" => of_input(0) * of_input(1),
            OperatorKind::Transform { kind, .. } if kind == "flat-map" => 2.0 * of_input(0),
            OperatorKind::Transform { .. } | OperatorKind::Sink { .. } => of_input(0) + of_input(1),
        };
        // A broadcast edge makes as many copies as there are subtasks.
        let copies = if node.inputs.is_empty() { 1 } else { node.parallelism };
        of_operators.push(of_node * f64::from(copies.min(10)));
    }
    of_operators.iter().sum()
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
            22 => "9".repeat(long),
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
}
