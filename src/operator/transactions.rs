//! The transactions of one sink subtask: the one that rows are written to, and those that await their checkpoint.

use super::Context;
use crate::effect::ExternalRequest;
use crate::job::{CheckpointId, TransactionId};
use crate::state::CommitPermit;

/// The transaction that rows are written to.
#[derive(Clone, Copy, Default)]
pub(super) struct Current {
    pub(super) id: Option<TransactionId>,
    /// How many transactions this attempt has begun.
    begun: u32,
}

impl Current {
    /// Begins the next one.
    pub(super) fn begin(&mut self, context: &mut dyn Context) -> TransactionId {
        let transaction = TransactionId {
            job: context.job(),
            subtask: context.subtask(),
            attempt: context.attempt(),
            number: self.begun,
        };
        self.begun += 1;
        self.id = Some(transaction);
        context.external(ExternalRequest::Begin(transaction));
        transaction
    }

    /// Throws away what no snapshot and no committable speaks of, as Flink does.
    pub(super) fn abort(&mut self, context: &mut dyn Context) {
        if let Some(current) = self.id.take() {
            context.external(ExternalRequest::Abort(current));
        }
    }
}

/// Transactions that are prepared, each with the checkpoint that covers it.
pub(super) type Pending = Vec<(TransactionId, CheckpointId)>;

/// Commits what the permit covers, oldest first, and forgets it.
pub(super) fn commit(pending: &mut Pending, permit: CommitPermit, context: &mut dyn Context) {
    let checkpoint = permit.checkpoint();
    pending.retain(|(transaction, covered_by)| {
        let is_covered = *covered_by <= checkpoint;
        if is_covered {
            context.external(ExternalRequest::Commit(*transaction, checkpoint));
        }
        !is_covered
    });
}

/// Commits all of it, whichever checkpoint covers it.
pub(super) fn commit_all(pending: &mut Pending, permit: CommitPermit, context: &mut dyn Context) {
    for (transaction, _) in pending.drain(..) {
        context.external(ExternalRequest::Commit(transaction, permit.checkpoint()));
    }
}

/// A checkpoint id, as a sink keeps it in a row.
pub(super) fn number_of(checkpoint: CheckpointId) -> i64 {
    i64::try_from(checkpoint.number()).expect("checkpoint ids are small")
}
