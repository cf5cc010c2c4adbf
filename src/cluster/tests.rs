//! What the tests of the parts share: a job of two tasks with a channel between them.

use crate::job::{PlanRules, RunId, RunLayout};
use crate::operator::Catalogue;
use crate::scenario::Scenario;
use std::sync::Arc;

const TEXT: &str = r#"
network = { channel-capacity = 1 }
cluster = { task-managers = 2, slots = 1 }
[input.rows]
generate = { records = 10, keys = 2 }
[job.copy]
operators = [
  { name = "in", source = "rows", uid = "in" },
  { name = "out", sink = "plain", chain = "never", slot-group = "far", uid = "out" },
]
[[step]]
at = "1s"
do = { kill = "out/0" }
[[step]]
at = "2s"
do = { kill = "out/0" }
"#;

/// The scenario, and how its job is laid out as the first run of a world.
pub(crate) fn copy_job() -> (Arc<Scenario>, Arc<RunLayout>) {
    let scenario = Scenario::parse(TEXT, "copy.toml", &Catalogue::built_in()).expect("it is sound");
    let plan = scenario.jobs[0].plan(PlanRules::from(&scenario.rules())).expect("it can run");
    assert_eq!((plan.tasks.len(), plan.channels.len()), (2, 1), "a source, a sink, a channel");
    let layout = RunLayout::new(RunId::new(0), "copy#0".to_owned(), 0, plan);
    (Arc::new(scenario), Arc::new(layout))
}
