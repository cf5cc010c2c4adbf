//! Where a key is at home, run by run, and which rows are under it.

use super::Told;
use super::rows::transaction_of;
use crate::job::{
    KeyType, OperatorNode, RunLayout, Value, java_hash_code, key_group, key_group_range,
    subtask_of_key_group,
};

/// How many rows of a sink are told, the last ones.
const ROWS: usize = 20;

/// The key group of a key at each keyed operator of each run and the subtask that owns it, and the rows under it. `text` spells
/// the key; where its type is not declared, what can be a number is one.
pub fn key(told: &Told<'_>, text: &str) -> String {
    let mut all = String::new();
    for layout in told.trace.layouts.iter() {
        for vertex in &layout.plan.vertices {
            for place in &vertex.operators {
                let node = &layout.plan.graph.operators[place.index()];
                all.push_str(&home(
                    layout,
                    node,
                    (vertex.parallelism, vertex.max_parallelism),
                    text,
                ));
            }
        }
    }
    if all.is_empty() {
        all.push_str("no operator is keyed\n");
    }
    for external in told.externals {
        let rows = (0..).zip(external.committed.iter());
        let under: Vec<_> = rows.filter(|(_, row)| is_under(&row.value, text)).collect();
        let left_out = under.len().saturating_sub(ROWS);
        let name = &external.name;
        all.push_str(&format!("\n{name}: {} rows under it\n", under.len()));
        if left_out > 0 {
            all.push_str(&format!("  … {left_out} before these\n"));
        }
        for (place, row) in under.into_iter().skip(left_out) {
            let by = transaction_of(external, place);
            let by = by.map_or_else(String::new, |id| format!("  {id}"));
            let from = told.names.place(row.origin);
            all.push_str(&format!("{place:>6}  {from}  {}{by}\n", row.value));
        }
    }
    all
}

/// Where a keyed operator of a run has it.
fn home(
    layout: &RunLayout,
    node: &OperatorNode,
    (parallelism, max): (u32, u32),
    text: &str,
) -> String {
    let Some(key_by) = node.key_by else { return String::new() };
    let (run, name) = (&layout.label, &node.name);
    let value = value_of(text, key_by.key_type);
    match java_hash_code(&value, key_by.key_type) {
        Err(error) => format!("{run}  {name}: {error}\n"),
        Ok(hash) => {
            let group = key_group(hash, max);
            let subtask = subtask_of_key_group(group, max, parallelism);
            let range = key_group_range(max, parallelism, subtask);
            format!(
                "{run}  {name}: key group {group} of {max}, at {name}/{subtask}, which owns {} to {}\n",
                range.start(),
                range.end()
            )
        }
    }
}

/// The key that a text spells.
fn value_of(text: &str, key_type: KeyType) -> Value {
    let number = text.parse().map(Value::Int).ok();
    match key_type {
        KeyType::Int | KeyType::Long | KeyType::Short | KeyType::Byte | KeyType::Auto => {
            number.unwrap_or_else(|| Value::text(text))
        }
        KeyType::Bool => text.parse().map(Value::Bool).unwrap_or_else(|_| Value::text(text)),
        KeyType::Char | KeyType::Double | KeyType::Float | KeyType::Text => Value::text(text),
    }
}

/// Whether a row is under a key: it begins with it, or is it.
fn is_under(value: &Value, text: &str) -> bool {
    let first = value.as_row().and_then(|columns| columns.first()).unwrap_or(value);
    first.to_string() == text
}
