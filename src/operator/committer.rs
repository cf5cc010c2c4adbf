//! A writer and a committer apart from each other (Sink V2): what is committed travels between them as records.
//!
//! 1. The writer writes rows to a transaction of the committer's external system. 2. Before barrier n goes out, it
//!    prepares the transaction and emits a committable for n: a handle, not the rows. 3. The committer keeps committables
//!    until checkpoint n, or a later one, completes, and commits them then. 4. Restored committables are of a completed
//!    checkpoint and are committed at once. 5. At the end of its data a writer emits what is left for the next checkpoint
//!    (FLINK-37605), whose completion the committer awaits before it ends. 6. Where there are no periodic checkpoints, the
//!    committer commits all it has at the end of its input. 7. Where barriers hold nothing back, a committer may have
//!    ended before the checkpoint of a committable that it holds: releases differ in whether it commits that as well.

use super::transactions::{Current, Pending, commit, commit_all, number_of};
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
    current: Current,
    /// The newest barrier it has seen, or the checkpoint it was restored from.
    last: CheckpointId,
}

impl Writer {
    /// Prepares what was written, if anything was, and emits its committable.
    fn flush(&mut self, checkpoint: CheckpointId, is_sent: bool, context: &mut dyn Context) {
        let Some(transaction) = self.current.id.take() else { return };
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
        let transaction = self.current.id.unwrap_or_else(|| self.current.begin(context));
        context.external(ExternalRequest::Write(transaction, value));
    }

    fn prepare_snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        self.last = self.last.max(checkpoint);
        self.flush(checkpoint, true, context);
    }

    fn end_input(&mut self, _input: u8, context: &mut dyn Context) {
        let is_sent = context.final_committables_sent();
        self.flush(self.last.next(), is_sent, context);
    }

    fn close(&mut self, context: &mut dyn Context) {
        self.current.abort(context);
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
    pending: Pending,
    has_ended: bool,
}

impl Committer {
    fn state(&self) -> ListId {
        self.committables.expect("`initialize` declared the committables")
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
        commit(&mut self.pending, permit, context);
    }

    fn process(&mut self, _input: u8, value: Value, _context: &mut dyn Context) {
        let committable = committable_from_row(&value);
        self.pending.push(committable.expect("a committer reads writers, which emit committables"));
    }

    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        match context.commit_when() {
            CommitWhen::Completed => {}
            CommitWhen::Snapshot => {
                commit(&mut self.pending, CommitPermit::forged(checkpoint), context);
            }
        }
        let rows = self.pending.iter().map(|(transaction, covered_by)| {
            Value::row([Value::Int(number_of(*covered_by)), transaction.to_value()])
        });
        *context.list(self.state()) = rows.collect();
    }

    fn checkpoint_complete(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        match self.has_ended && context.ended_committers_commit_all() {
            true => commit_all(&mut self.pending, permit, context),
            false => commit(&mut self.pending, permit, context),
        }
    }

    fn end_input(&mut self, _input: u8, context: &mut dyn Context) {
        self.has_ended = true;
        if let Some(permit) = context.permit_at_end() {
            commit(&mut self.pending, permit, context);
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Back from a record or from list state; `None` if it is no committable.
fn committable_from_row(row: &Value) -> Option<(TransactionId, CheckpointId)> {
    let [checkpoint, transaction] = row.as_row()? else { return None };
    let checkpoint = CheckpointId::new(u64::try_from(checkpoint.as_int()?).ok()?);
    Some((TransactionId::from_value(transaction)?, checkpoint))
}
