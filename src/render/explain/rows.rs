//! Where the rows of a sink came from.

use super::Told;
use crate::effect::ExternalSystem;
use crate::job::TransactionId;
use crate::trace::{Entry, TraceEvent, TransactionEvent};
use std::collections::BTreeMap;

/// The rows of a sink in the order in which everybody saw them, each with the record it stems from, the transaction that brought
/// it and the entry that committed that.
pub fn rows(told: &Told<'_>, external: &ExternalSystem) -> String {
    let commits = commits(told, external);
    let mut text = String::new();
    for (place, row) in (0..).zip(external.committed.iter()) {
        let by = transaction_of(external, place);
        let by = by.map_or_else(String::new, |id| match commits.get(&id) {
            Some(entry) => format!("  {id}, committed at #{}", entry.number),
            None => format!("  {id}"),
        });
        text.push_str(&format!(
            "{place:>6}  {}  {}{by}\n",
            told.names.place(row.origin),
            row.value
        ));
    }
    for (key, row) in &external.table {
        text.push_str(&format!("  {key}  {}  {}\n", told.names.place(row.origin), row.value));
    }
    for (id, (checkpoint, rows)) in &external.prepared {
        text.push_str(&format!("{id}: {} rows, prepared for {checkpoint}\n", rows.len()));
    }
    for (id, rows) in external.open.iter().filter(|(_, rows)| !rows.is_empty()) {
        text.push_str(&format!("{id}: {} rows, open\n", rows.len()));
    }
    if text.is_empty() { "it holds no rows\n".to_owned() } else { text }
}

/// The transaction that brought the row at this place; none if rows are written without.
pub(super) fn transaction_of(external: &ExternalSystem, place: usize) -> Option<TransactionId> {
    let begun = external.places.iter().filter(|(_, first)| **first <= place);
    let (id, first) = begun.max_by_key(|(_, first)| **first)?;
    let (_, rows) = external.done.get(id)?;
    let rows = usize::try_from(*rows).expect("rows fit in memory");
    (place < first + rows).then_some(*id)
}

/// The entries that committed the transactions of a sink.
fn commits<'t>(told: &Told<'t>, external: &ExternalSystem) -> BTreeMap<TransactionId, &'t Entry> {
    let of = |entry: &'t Entry| {
        let TraceEvent::Transaction { external: sink, transaction, event, .. } = &entry.event
        else {
            return None;
        };
        let is_commit = matches!(event, TransactionEvent::Committed { .. });
        let is_here = is_commit && told.names.sink(*sink) == external.name;
        is_here.then_some((*transaction, entry))
    };
    told.trace.entries.iter().filter_map(of).collect()
}
