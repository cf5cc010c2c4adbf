//! The jobs of the recording, as text: `src` (2) -> `la` (3) -> keyed `counter` (4) -> `sink` (1), and changes to them.

use std::fmt::Write as _;

/// Times without chance; a source's entry j is there at j milliseconds.
const HEAD: &str = r#"seed = 1
until = "20000s"
cluster = { task-managers = 1, slots = 40 }
[network]
channel-latency = "LATENCY"
message-latency = "50us"
snapshot-sync = "10us"
snapshot-async = "1ms"
metadata-write = "100us"
task-start = "1ms"
channel-capacity = 100000
[input.rows]
generate = { records = 4000, keys = 50 }
partitions = 2
every = "1ms"
"#;

/// What an operator does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Does {
    Source,
    List,
    Map,
    Count,
    Sink,
}

/// One operator, told as the scenario tells it.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) name: &'static str,
    pub(crate) does: Does,
    pub(crate) parallelism: u32,
    pub(crate) uid: Option<String>,
    pub(crate) uid_hash: Option<String>,
    pub(crate) max_parallelism: Option<u32>,
    pub(crate) chain: Option<&'static str>,
    pub(crate) partition: Option<&'static str>,
    /// Of a list: its mode and the type of its items, and how many more items than i subtask i begins with.
    pub(crate) mode: &'static str,
    pub(crate) items: &'static str,
    pub(crate) starts_with: u32,
    pub(crate) lists: &'static str,
    /// Of a count: how its state is registered.
    pub(crate) state: &'static str,
    pub(crate) state_type: &'static str,
    pub(crate) state_kind: &'static str,
    pub(crate) ttl: bool,
}

impl Op {
    pub(crate) fn new(name: &'static str, does: Does, parallelism: u32) -> Self {
        Self {
            name,
            does,
            parallelism,
            uid: Some(name.to_owned()),
            uid_hash: None,
            max_parallelism: None,
            chain: None,
            partition: None,
            mode: "split",
            items: "text",
            starts_with: 1,
            lists: "\"buf\"",
            state: "count",
            state_type: "long",
            state_kind: "value",
            ttl: false,
        }
    }

    fn text(&self) -> String {
        let Self { name, parallelism, .. } = self;
        let what = match self.does {
            Does::Source => "source = \"rows\", then = \"THEN\"".to_owned(),
            Does::Map => "map = \"identity\"".to_owned(),
            Does::Sink => "sink = \"idempotent\"".to_owned(),
            Does::List => format!(
                "state = \"list\", list-state = {{ names = [{}], mode = \"{}\", type = \"{}\", starts-with = {} }}",
                self.lists, self.mode, self.items, self.starts_with
            ),
            Does::Count => format!(
                "aggregate = \"count\", key-by = 0, keyed-state = {{ name = \"{}\", type = \"{}\", kind = \"{}\"{} }}",
                self.state,
                self.state_type,
                self.state_kind,
                if self.ttl { ", ttl = \"1h\"" } else { "" }
            ),
        };
        let mut text = format!("{{ name = \"{name}\", {what}, parallelism = {parallelism}");
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                write!(text, ", {key} = {value}").expect("text");
            }
        };
        let quoted = |value: &str| format!("\"{value}\"");
        put("uid", self.uid.as_deref().map(quoted));
        put("uid-hash", self.uid_hash.as_deref().map(quoted));
        put("max-parallelism", self.max_parallelism.map(|most| most.to_string()));
        put("chain", self.chain.map(quoted));
        put("partition", self.partition.map(quoted));
        text + " }"
    }
}

/// One job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) ops: Vec<Op>,
    pub(crate) max_parallelism: Option<u32>,
    pub(crate) chaining: bool,
    pub(crate) auto_uids: bool,
    pub(crate) backend: &'static str,
    pub(crate) inline_below: Option<u32>,
    /// Checkpoint settings beyond the backend.
    pub(crate) checkpoint: String,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            ops: vec![
                Op::new("src", Does::Source, 2),
                Op::new("la", Does::List, 3),
                Op::new("counter", Does::Count, 4),
                Op::new("sink", Does::Sink, 1),
            ],
            max_parallelism: None,
            chaining: true,
            auto_uids: true,
            backend: "file-system",
            inline_below: None,
            checkpoint: String::new(),
        }
    }
}

impl Job {
    pub(crate) fn op(&mut self, name: &str) -> &mut Op {
        let found = self.ops.iter_mut().find(|op| op.name == name);
        found.unwrap_or_else(|| panic!("the job has no operator {name}"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.ops.iter().any(|op| op.name == name)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.op(name);
        self.ops.retain(|op| op.name != name);
    }

    /// Puts an operator behind another.
    pub(crate) fn insert_behind(&mut self, name: &str, op: Op) {
        let place = self.ops.iter().position(|other| other.name == name).expect("it is there");
        self.ops.insert(place + 1, op);
    }

    pub(crate) fn swap(&mut self, one: &str, other: &str) {
        let place = |name: &str| self.ops.iter().position(|op| op.name == name).expect("is there");
        let (one, other) = (place(one), place(other));
        self.ops.swap(one, other);
    }

    /// With `lb` behind `la`, at the same parallelism; its subtask i begins with one item more.
    pub(crate) fn with_lb(mut self) -> Self {
        let lb = Op { starts_with: 2, ..Op::new("lb", Does::List, self.op("la").parallelism) };
        self.insert_behind("la", lb);
        self
    }

    pub(crate) fn without_uids(mut self) -> Self {
        self.ops.iter_mut().for_each(|op| op.uid = None);
        self
    }

    /// With a map in place of `counter`, at `la`'s parallelism.
    pub(crate) fn without_keys(mut self) -> Self {
        let parallelism = self.op("la").parallelism;
        let counter = self.op("counter");
        *counter = Op { uid: None, ..Op::new("counter", Does::Map, parallelism) };
        self
    }

    /// A scenario of this job alone, with `src` doing this at its end, and these steps.
    pub(crate) fn text(&self, then: &str, latency: &str, steps: &str) -> String {
        let ops: Vec<String> = self.ops.iter().map(Op::text).collect();
        let backend = format!("state-backend = \"{}\"", self.backend);
        let inline = self.inline_below.map_or(String::new(), |n| format!(", inline-below = {n}"));
        let most =
            self.max_parallelism.map_or(String::new(), |n| format!("max-parallelism = {n}\n"));
        let Self { chaining, auto_uids, checkpoint, .. } = self;
        let ops = ops.join(",\n  ");
        let head = HEAD.replace("LATENCY", latency);
        let text = format!(
            "{head}[job.job]\ncheckpoint = {{ {backend}{inline}{checkpoint} }}\nrestart = \"none\"\n\
             chaining = {chaining}\nauto-uids = {auto_uids}\n{most}operators = [\n  {ops},\n]\n{steps}"
        );
        text.replace("THEN", then)
    }
}
