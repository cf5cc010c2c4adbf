//! Milestones that never came, in words.

use super::subtask;
use crate::scenario::Milestone;

/// That it did not happen: `checkpoint 4 of count never completed`.
pub fn never_in_words(milestone: &Milestone) -> String {
    match milestone {
        Milestone::Triggered { checkpoint, job } => {
            format!("checkpoint {checkpoint} of {job} was never triggered")
        }
        Milestone::Snapshot { checkpoint, by } => {
            format!("{} never drew its snapshot for checkpoint {checkpoint}", subtask(by))
        }
        Milestone::Durable { checkpoint, by } => {
            format!("the snapshot of {} for checkpoint {checkpoint} was never durable", subtask(by))
        }
        Milestone::AckSent { checkpoint, by } => {
            format!("{} never acked checkpoint {checkpoint}", subtask(by))
        }
        Milestone::Acked { checkpoint, by } => {
            format!("the ack of {} for checkpoint {checkpoint} was never handled", subtask(by))
        }
        Milestone::MetadataWritten { checkpoint, job } => {
            format!("the metadata of checkpoint {checkpoint} of {job} was never written")
        }
        Milestone::PointerStored { checkpoint, job } => {
            format!("the pointer to checkpoint {checkpoint} of {job} was never stored")
        }
        Milestone::Completed { checkpoint, job } => {
            format!("checkpoint {checkpoint} of {job} never completed")
        }
        Milestone::Notified { checkpoint, by } => {
            format!("{} was never notified of checkpoint {checkpoint}", subtask(by))
        }
        Milestone::Restored { job } => format!("{job} was never restored"),
        Milestone::DataEnded { by } => format!("the data of {} never ended", subtask(by)),
        Milestone::Savepoint { label } => format!("savepoint `{label}` was never stored"),
        Milestone::Status { job, status } => format!("{job} was never {status}"),
    }
}
