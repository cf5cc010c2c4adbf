//! Jobs by the grammar: their operators and settings, and what they inherit.

use super::{Draft, Job, WORDS};

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

impl Draft<'_> {
    pub(super) fn job(&mut self, place: u32, inputs: u32) {
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
        self.restart();
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

    fn restart(&mut self) {
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
}
