//! The jobs of the recording, in the scenario language: `src` (2) -> `la` (3) -> keyed `counter` (4) -> `sink` (1), and changes
//! to them.

use crate::tables::{merge, table};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Times without chance; a source's entry j is there at j milliseconds.
const WORLD: &str = r#"
seed = 1
until = "20000s"
cluster = { task-managers = 1, slots = 1000 }
[network]
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
[job.job]
restart = "none"
"#;

/// All operators that a job may have; `unkeyed` stands in the place of `counter`.
const OPERATORS: &str = r#"
src = { source = "rows", parallelism = 2, uid = "src" }
la = { state = "list", list-state = { names = ["buf"] }, parallelism = 3, uid = "la" }
lb = { state = "list", list-state = { names = ["buf"], starts-with = 2 }, parallelism = 3, uid = "lb" }
new = { state = "list", list-state = { names = ["buf"] }, parallelism = 3, uid = "new" }
map = { map = "identity", parallelism = 2 }
counter = { aggregate = "count", key-by = 0, keyed-state = { name = "count", type = "long" }, parallelism = 4, uid = "counter" }
unkeyed = { name = "counter", map = "identity", parallelism = 3 }
sink = { sink = "idempotent", parallelism = 1, uid = "sink" }
"#;

/// One job: what is otherwise in it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Job {
    /// Which operators it has, in their order, if not the four.
    operators: Option<Vec<String>>,
    without_uids: bool,
    /// Keys of an operator.
    set: BTreeMap<String, Table>,
    /// Keys of the job.
    job: Table,
}

impl Job {
    /// Changes keys of the job.
    pub(crate) fn change(&mut self, text: &str) {
        merge(&mut self.job, &table(text));
    }

    /// Its operators, in their order.
    pub(crate) fn operators(&self) -> Vec<Table> {
        let known = table(OPERATORS);
        let names: Vec<&str> = match &self.operators {
            None => vec!["src", "la", "counter", "sink"],
            Some(names) => names.iter().map(String::as_str).collect(),
        };
        let operator = |name: &str| {
            let mut operator = Table::from_iter([("name".to_owned(), Value::from(name))]);
            merge(&mut operator, known[name].as_table().expect("an operator is a table"));
            if let Some(changes) = self.set.get(name) {
                merge(&mut operator, changes);
            }
            if self.without_uids {
                operator.remove("uid");
            }
            operator
        };
        names.into_iter().map(operator).collect()
    }

    /// A scenario of this job alone, with `src` doing this at its end.
    pub(crate) fn world(&self, then: &str, latency: &str) -> Table {
        let mut world = table(WORLD);
        merge(&mut world, &table(&format!("network.channel-latency = \"{latency}\"")));
        let mut operators = self.operators();
        operators[0].insert("then".to_owned(), then.into());
        let job = world["job"]["job"].as_table_mut().expect("the job is a table");
        job.insert("operators".to_owned(), operators.into());
        merge(job, &self.job);
        world
    }

    /// The same as text, with these steps.
    pub(crate) fn text(&self, then: &str, latency: &str, steps: &str) -> String {
        format!("{}\n{steps}", self.world(then, latency))
    }
}
