//! What happens to a transaction of an external system.

use crate::job::{CheckpointId, TransactionId};
use serde::ser::{SerializeMap, Serializer};

/// What happened to a transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize)]
#[serde(tag = "event")]
#[expect(missing_docs, reason = "a field says no more than its type and the variant's sentence do")]
pub enum TransactionEvent {
    /// A sink opened it.
    #[serde(rename = "transaction-begun")]
    Begun,
    /// A sink prepared it: from now on it can be committed by whoever knows it.
    #[serde(rename = "transaction-prepared")]
    Prepared { checkpoint: CheckpointId, rows: u64 },
    /// It was committed; `checkpoint` is the one whose completion allowed it.
    #[serde(rename = "transaction-committed")]
    Committed { checkpoint: CheckpointId, rows: u64 },
    /// It was aborted.
    #[serde(rename = "transaction-aborted")]
    Aborted,
}

/// A transaction as a line of a trace spells it: who owns it, and one word for attempt, subtask and number; text where they do
/// not fit into one.
pub(super) fn spell<S: Serializer>(id: &TransactionId, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(None)?;
    fields.serialize_entry("owner", &id.job)?;
    match word_of(*id) {
        Some(word) => fields.serialize_entry("transaction", &word)?,
        None => fields.serialize_entry("transaction", &id.to_string())?,
    }
    fields.end()
}

fn word_of(id: TransactionId) -> Option<u64> {
    let (attempt, subtask) = (u16::try_from(id.attempt).ok()?, u16::try_from(id.subtask).ok()?);
    Some(u64::from(attempt) << 48 | u64::from(subtask) << 32 | u64::from(id.number))
}
