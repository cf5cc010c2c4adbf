//! What a transaction of an external system is known by.

use super::Value;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A transaction of an external system. Carries the attempt, so that no restart reuses one that may still be pending.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TransactionId {
    /// The first eight bytes of the job id of the run that opened it.
    pub job: u64,
    /// The sink's subtask.
    pub subtask: u32,
    /// The execution attempt.
    pub attempt: u32,
    /// Counted by the sink, from 0.
    pub number: u32,
}

impl TransactionId {
    /// As a sink keeps it in list state.
    pub fn to_value(self) -> Value {
        let job = i64::from_le_bytes(self.job.to_le_bytes());
        Value::row([
            Value::Int(job),
            Value::Int(self.subtask.into()),
            Value::Int(self.attempt.into()),
            Value::Int(self.number.into()),
        ])
    }

    /// Back from list state; `None` if the value is not a transaction.
    pub fn from_value(value: &Value) -> Option<Self> {
        let [job, subtask, attempt, number] = value.as_row()? else { return None };
        let narrow = |column: &Value| u32::try_from(column.as_int()?).ok();
        Some(Self {
            job: u64::from_le_bytes(job.as_int()?.to_le_bytes()),
            subtask: narrow(subtask)?,
            attempt: narrow(attempt)?,
            number: narrow(number)?,
        })
    }
}

/// `0.2.17`: attempt, subtask and number.
impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.attempt, self.subtask, self.number)
    }
}
