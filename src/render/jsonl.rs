//! A trace for other programs: one JSON object an event and line.

use super::names::Names;
use super::words::in_words;
use crate::trace::Trace;
use serde_json::{Value, json};

/// The version of what the lines hold. It counts up when a field changes its name or meaning, not when one is added.
const SCHEMA: u64 = 1;

/// One object a line: `ns`, `number`, `cause`, `event` and the fields of the event, all as in the trace; and `job`, `who`
/// and `text`, in which ids have become names. The first has `schema`, the version of the format, as well: a line of its own
/// would be no event, and readers count lines.
pub fn json_lines(trace: &Trace, names: &Names) -> String {
    let mut text = String::new();
    for entry in &trace.entries {
        let event = serde_json::to_value(&entry.event).expect("an event is plain data");
        let Value::Object(mut object) = event else { unreachable!("an event has a tag") };
        let said = in_words(&entry.event, names);
        let run = said.run.map(|run| names.run(run));
        let extra = [
            ("ns", json!(entry.at.nanos())),
            ("number", json!(entry.number)),
            ("cause", entry.cause.map_or_else(|| json!(entry.number), |cause| json!(cause))),
            ("job", json!(run)),
            ("who", json!(said.who)),
            ("text", json!(said.what)),
        ];
        for (name, value) in extra {
            assert!(!object.contains_key(name), "no event has a field `{name}`");
            object.insert(name.to_owned(), value);
        }
        if text.is_empty() {
            object.insert("schema".to_owned(), json!(SCHEMA));
        }
        text.push_str(&Value::Object(object).to_string());
        text.push('\n');
    }
    text
}
