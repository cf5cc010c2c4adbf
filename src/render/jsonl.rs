//! A trace for other programs: one JSON object an event and line.

use super::names::Names;
use super::words::in_words;
use crate::trace::{Entry, KIND, Trace};
use serde_json::{Map, Value, json};

/// The version of what the lines hold. It counts up when a field changes its name or meaning, not when one is added.
const SCHEMA: u64 = 2;

/// One object a line: `ns`, `number`, `cause`, `event` and the fields of the event, all as in the trace; and `job`, `who`
/// and `text`, in which ids have become names.
pub fn json_lines(trace: &Trace, names: &Names) -> String {
    let mut text = String::new();
    for entry in &trace.entries {
        text.push_str(&Value::Object(object(entry, names)).to_string());
        text.push('\n');
    }
    text
}

/// An entry as an object.
pub(super) fn object(entry: &Entry, names: &Names) -> Map<String, Value> {
    let event = serde_json::to_value(&entry.event).expect("an event is plain data");
    let Value::Object(mut object) = event else { unreachable!("an event has a tag") };
    let said = in_words(&entry.event, names);
    let run = said.run.map(|run| names.run(run));
    let extra = [
        ("ns", json!(entry.at.nanos())),
        ("number", json!(entry.number)),
        ("cause", json!(entry.cause)),
        ("job", json!(run)),
        ("who", json!(said.who)),
        ("text", json!(said.what)),
    ];
    for (name, value) in extra {
        assert!(!object.contains_key(name), "no event has a field `{name}`");
        object.insert(name.to_owned(), value);
    }
    object
}

/// The first line of a trace in a file: the version of the format, what was played (`about`), and the cast: tasks, channels and
/// sinks by the ids that the entries have.
pub fn cast_line(trace: &Trace, names: &Names, about: Map<String, Value>) -> String {
    let mut tasks = Vec::new();
    let mut channels = Vec::new();
    for layout in trace.layouts.iter() {
        for task in layout.tasks() {
            let (vertex, planned) = (layout.vertex(task), layout.plan_task(task));
            let operators = vertex.operators.iter().map(|place| layout.operator_name(*place));
            let ids = vertex.operators.iter().map(|place| layout.plan.operator_ids[place.index()]);
            tasks.push(json!({
                "task": task,
                "run": layout.run,
                "name": layout.task_name(task),
                "operators": operators.collect::<Vec<_>>(),
                "ids": ids.map(|id| id.to_string()).collect::<Vec<_>>(),
                "subtask": planned.subtask,
                "parallelism": vertex.parallelism,
                "max-parallelism": vertex.max_parallelism,
            }));
            for channel in layout.inputs(task) {
                let (from, to) = layout.ends(channel);
                channels.push(json!({ "channel": channel, "from": from, "to": to }));
            }
        }
    }
    let runs = trace.layouts.iter();
    let runs: Vec<Value> =
        runs.map(|layout| json!({ "run": layout.run, "name": layout.label })).collect();
    let mut object = about;
    object.insert(KIND.to_owned(), json!("trace-begins"));
    object.insert("schema".to_owned(), json!(SCHEMA));
    object.insert("runs".to_owned(), json!(runs));
    object.insert("tasks".to_owned(), json!(tasks));
    object.insert("channels".to_owned(), json!(channels));
    object.insert("sinks".to_owned(), json!(names.sinks()));
    object.insert("inputs".to_owned(), json!(names.inputs()));
    format!("{}\n", Value::Object(object))
}

/// The last line of a trace in a file: what came of it.
pub fn end_line(mut end: Map<String, Value>) -> String {
    end.insert(KIND.to_owned(), json!("trace-ends"));
    format!("{}\n", Value::Object(end))
}
