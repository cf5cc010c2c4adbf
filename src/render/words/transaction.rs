//! What happens to a transaction, in words.

use super::Line;
use crate::job::{CheckpointId, ExternalId, TaskId, TransactionId};
use crate::render::names::Names;
use crate::trace::TransactionEvent;

pub(super) fn line(
    (external, transaction): (ExternalId, TransactionId),
    task: TaskId,
    event: &TransactionEvent,
    names: &Names,
) -> Line {
    let what = match event {
        TransactionEvent::Begun => "opened".to_owned(),
        TransactionEvent::Prepared { checkpoint, rows } => {
            format!("prepared for {checkpoint}, {rows} rows")
        }
        TransactionEvent::Committed { checkpoint: CheckpointId::AFTER_ALL, rows } => {
            format!("committed at the end of the input, {rows} rows")
        }
        TransactionEvent::Committed { checkpoint, rows } => {
            format!("committed for {checkpoint}, {rows} rows")
        }
        TransactionEvent::Aborted => "aborted".to_owned(),
    };
    // Golden traces name a job with the first entry of a transaction only.
    let run = names.run_of(task).filter(|_| *event == TransactionEvent::Begun);
    let what = format!("transaction {transaction} {what}");
    Line { run, who: names.sink(external), what }
}
