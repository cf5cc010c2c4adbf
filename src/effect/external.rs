//! External systems that sinks write to: what a sink may ask of one, and what one holds.

use crate::job::{CheckpointId, Origin, TransactionId, Value};
use crate::kernel::Digest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a sink asks of its external system. Carried out at once and in order.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ExternalRequest {
    /// Add a row that everybody sees at once.
    Append(Value),
    /// Set the row of a key.
    Upsert(Value, Value),
    /// Set the row of a marker, unless it has one already.
    InsertOnce(Value, Value),
    /// Open a transaction.
    Begin(TransactionId),
    /// Add a row to an open transaction.
    Write(TransactionId, Value),
    /// Flush a transaction, so that it can be committed even if the sink dies.
    Prepare(TransactionId, CheckpointId),
    /// Make a prepared transaction visible. Committing it again changes nothing.
    Commit(TransactionId, CheckpointId),
    /// Throw a transaction away. Aborting an unknown one changes nothing.
    Abort(TransactionId),
}

/// One row that an external system holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its content.
    pub value: Value,
    /// The record it stems from.
    pub origin: Origin,
    /// The first eight bytes of the job id of the run that wrote it.
    pub job: u64,
}

/// What one external system holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExternalSystem {
    /// The sink's name.
    pub name: String,
    /// Rows that everybody sees, in order of arrival or commit. Shared by the forks of a world.
    pub committed: Arc<Vec<Row>>,
    /// Rows by key, for upserts.
    pub table: BTreeMap<Value, Row>,
    /// Transactions that are open: their rows so far.
    pub open: BTreeMap<TransactionId, Vec<Row>>,
    /// Transactions that can be committed: for which checkpoint, and their rows.
    pub prepared: BTreeMap<TransactionId, (CheckpointId, Vec<Row>)>,
    /// Transactions that have been committed, with the checkpoint that allowed it and the number of rows.
    pub done: BTreeMap<TransactionId, (CheckpointId, u64)>,
    /// Where in `committed` the rows of those transactions begin that were committed in this world. Files do not tell.
    pub places: BTreeMap<TransactionId, usize>,
}

impl ExternalSystem {
    /// Folds which transactions it knows and how many rows it holds.
    pub fn fold_into(&self, digest: &mut Digest) {
        digest.fold_bytes(self.name.as_bytes());
        digest.fold_value(&(self.committed.len(), self.table.len()));
        for transaction in self.prepared.keys().chain(self.done.keys()) {
            digest.fold_value(transaction);
        }
    }

    /// What a read-committed reader sees of a keyed sink: the last value of each key. A row `(key, value)` is keyed by
    /// its first column; a longer row keeps the rest as its value, any other value is its own key and counts as itself.
    pub fn last_values(&self) -> BTreeMap<Value, Value> {
        let rows = self.committed.iter().chain(self.table.values());
        rows.map(|row| split(&row.value)).collect()
    }
}

fn split(value: &Value) -> (Value, Value) {
    match value.as_row() {
        Some([key, value]) => (key.clone(), value.clone()),
        Some([key, rest @ ..]) => (key.clone(), Value::row_of(rest.iter().cloned())),
        Some([]) | None => (value.clone(), value.clone()),
    }
}
