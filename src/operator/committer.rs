//! A writer and a committer apart from each other (Sink V2): what is committed travels between them as records.
//!
//! 1. The writer writes rows to a transaction of the committer's external system. 2. Before barrier n goes out, it
//!    prepares the transaction and emits a committable for n: a handle, not the rows. 3. The committer keeps committables
//!    until checkpoint n, or a later one, completes, and commits them then. 4. Restored committables are of a completed
//!    checkpoint and are committed at once. 5. At the end of its data a writer emits what is left for the next checkpoint
//!    (FLINK-37605), whose completion the committer awaits before it ends.

use super::{Context, Operator};
use crate::effect::ExternalRequest;
use crate::job::{CheckpointId, TransactionId, Value};
use crate::rules::CommitWhen;
use crate::state::{CommitPermit, ListId, ListMode};

/// Writes rows to transactions and emits a committable `(checkpoint, transaction)` for each (kind `writer`, function
/// `transactions`).
///
/// Remembers nothing: at a barrier, everything it wrote is prepared. What it has written since is never mentioned again
/// after a failure.
#[derive(Clone, Copy, Default)]
pub(super) struct Writer {
    current: Option<TransactionId>,
    /// How many transactions this attempt has begun.
    begun: u32,
    /// The newest barrier it has seen, or the checkpoint it was restored from.
    last: CheckpointId,
}

impl Writer {
    fn begin(&mut self, context: &mut dyn Context) -> TransactionId {
        let transaction = TransactionId {
            job: context.job(),
            subtask: context.subtask(),
            attempt: context.attempt(),
            number: self.begun,
        };
        self.begun += 1;
        self.current = Some(transaction);
        context.external(ExternalRequest::Begin(transaction));
        transaction
    }

    /// Prepares what was written, if anything was, and emits its committable.
    fn flush(&mut self, checkpoint: CheckpointId, is_sent: bool, context: &mut dyn Context) {
        let Some(transaction) = self.current.take() else { return };
        context.external(ExternalRequest::Prepare(transaction, checkpoint));
        if is_sent {
            let checkpoint = Value::Int(number_of(checkpoint));
            context.emit(Value::row([checkpoint, transaction.to_value()]));
        }
    }
}

impl Operator for Writer {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.last = context.restored_from().unwrap_or_default();
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let transaction = self.current.unwrap_or_else(|| self.begin(context));
        context.external(ExternalRequest::Write(transaction, value));
    }

    fn prepare_snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        self.last = self.last.max(checkpoint);
        self.flush(checkpoint, true, context);
    }

    fn finish(&mut self, context: &mut dyn Context) {
        let is_sent = context.final_committables_sent();
        self.flush(self.last.next(), is_sent, context);
    }

    /// Throws away what no committable speaks of.
    fn close(&mut self, context: &mut dyn Context) {
        if let Some(current) = self.current.take() {
            context.external(ExternalRequest::Abort(current));
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(*self)
    }
}

/// Commits what writers prepared when its checkpoint completes (kind `sink`, function `committer`).
///
/// List state `committables` (split): those that await their checkpoint, in order of arrival.
#[derive(Clone, Default)]
pub(super) struct Committer {
    committables: Option<ListId>,
    pending: Vec<(CheckpointId, TransactionId)>,
}

impl Committer {
    fn state(&self) -> ListId {
        self.committables.expect("`initialize` declared the committables")
    }

    /// Commits what the permit covers, in order of arrival, and forgets it.
    fn commit(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        let checkpoint = permit.checkpoint();
        self.pending.retain(|(covered_by, transaction)| {
            let is_covered = *covered_by <= checkpoint;
            if is_covered {
                context.external(ExternalRequest::Commit(*transaction, checkpoint));
            }
            !is_covered
        });
    }
}

impl Operator for Committer {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.committables = Some(context.list_state("committables", ListMode::Split));
    }

    /// Commits the committables that this subtask was dealt, whoever had received them, as far as their checkpoint had
    /// completed. Where barriers hold nothing back, some of a later one may have come already: they wait.
    fn restored(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        let restored = std::mem::take(context.list(self.state()));
        if !context.restored_committables_committed() {
            return;
        }
        self.pending = restored.iter().filter_map(committable_from_row).collect();
        self.commit(permit, context);
    }

    fn process(&mut self, _input: u8, value: Value, _context: &mut dyn Context) {
        let committable = committable_from_row(&value);
        self.pending.push(committable.expect("a committer reads writers, which emit committables"));
    }

    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        match context.commit_when() {
            CommitWhen::Completed => {}
            CommitWhen::Snapshot => self.commit(CommitPermit::forged(checkpoint), context),
        }
        let rows = self.pending.iter().map(|(covered_by, transaction)| {
            Value::row([Value::Int(number_of(*covered_by)), transaction.to_value()])
        });
        *context.list(self.state()) = rows.collect();
    }

    fn checkpoint_complete(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        self.commit(permit, context);
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn number_of(checkpoint: CheckpointId) -> i64 {
    i64::try_from(checkpoint.number()).expect("checkpoint ids are small")
}

/// Back from a record or from list state; `None` if it is no committable.
fn committable_from_row(row: &Value) -> Option<(CheckpointId, TransactionId)> {
    let [checkpoint, transaction] = row.as_row()? else { return None };
    let checkpoint = CheckpointId::new(u64::try_from(checkpoint.as_int()?).ok()?);
    Some((checkpoint, TransactionId::from_value(transaction)?))
}
