//! What happens to a transaction of an external system.

use crate::job::{CheckpointId, TransactionId};
use serde::ser::{SerializeMap, Serializer};

/// What happened to a transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize)]
#[serde(tag = "event")]
#[expect(missing_docs, reason = "a field says no more than its type and the variant's sentence do")]
#[non_exhaustive]
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

impl TransactionEvent {
    /// The checkpoint or savepoint that it was prepared or committed for.
    pub const fn checkpoint(&self) -> Option<CheckpointId> {
        match self {
            Self::Prepared { checkpoint, .. } | Self::Committed { checkpoint, .. } => {
                Some(*checkpoint)
            }
            Self::Begun | Self::Aborted => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use std::collections::BTreeSet;

    #[derive(Serialize)]
    struct Line {
        #[serde(flatten, serialize_with = "spell")]
        transaction: TransactionId,
    }

    fn spelled(attempt: u32, subtask: u32, number: u32) -> String {
        let transaction = TransactionId { job: 7, subtask, attempt, number };
        serde_json::to_value(Line { transaction }).expect("plain data").to_string()
    }

    #[test]
    fn what_one_word_holds_is_told_as_a_number() {
        assert_eq!(spelled(3, 2, 4), r#"{"owner":7,"transaction":844433520066564}"#);
        let most = r#"{"owner":7,"transaction":18446744073709551615}"#;
        assert_eq!(spelled(0xFFFF, 0xFFFF, u32::MAX), most);
    }

    #[test]
    fn no_two_transactions_are_told_alike_however_many_attempts_there_were() {
        let edges = [0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x1_0001, u32::MAX];
        let ids = edges.map(|a| edges.map(|s| edges.map(|n| (a, s, n))));
        let ids: Vec<_> = ids.into_iter().flatten().flatten().collect();
        let told: BTreeSet<String> = ids.iter().map(|&(a, s, n)| spelled(a, s, n)).collect();
        assert_eq!(told.len(), ids.len());
    }

    #[test]
    fn a_transaction_comes_back_from_list_state_as_it_was() {
        for attempt in [0, 0xFFFF, 0x1_0000, u32::MAX] {
            let id = TransactionId { job: u64::MAX, subtask: 0x7FFF, attempt, number: u32::MAX };
            assert_eq!(TransactionId::from_value(&id.to_value()), Some(id));
        }
    }
}
