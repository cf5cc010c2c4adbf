//! The two-phase sink: rows become visible when the checkpoint that covers them completes (`TwoPhaseCommitSinkFunction`).
//!
//! 1. Rows are written to the current transaction.
//! 2. At barrier n the current one is prepared and becomes pending for n; a new one begins.
//! 3. When checkpoint n completes, all that are pending for n or less are committed.
//! 4. A restore commits what its checkpoint holds as pending, again if need be, and aborts what was current.

use super::{Context, Operator};
use crate::effect::ExternalRequest;
use crate::job::{CheckpointId, TransactionId, Value};
use crate::rules::CommitWhen;
use crate::state::{CommitPermit, ListId, ListMode};

/// Writes in transactions that commit when a checkpoint completes (kind `two-phase`).
///
/// List state `transactions` (split), as Flink's `TwoPhaseCommitSinkFunction` keeps it: a row `(transaction, checkpoint)`
/// per pending transaction, oldest first, and a row `(transaction)` for the current one.
#[derive(Clone, Default)]
pub(super) struct TwoPhaseSink {
    transactions: Option<ListId>,
    current: Option<TransactionId>,
    pending: Vec<(TransactionId, CheckpointId)>,
    /// How many transactions this attempt has begun.
    begun: u32,
}

impl TwoPhaseSink {
    fn begin(&mut self, context: &mut dyn Context) {
        let transaction = TransactionId {
            job: context.job(),
            subtask: context.subtask(),
            attempt: context.attempt(),
            number: self.begun,
        };
        self.begun += 1;
        self.current = Some(transaction);
        context.external(ExternalRequest::Begin(transaction));
    }

    /// Commits what the permit covers, oldest first, and forgets it.
    fn commit(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        let checkpoint = permit.checkpoint();
        self.pending.retain(|(transaction, covered_by)| {
            let is_covered = *covered_by <= checkpoint;
            if is_covered {
                context.external(ExternalRequest::Commit(*transaction, checkpoint));
            }
            !is_covered
        });
    }

    fn state(&self) -> ListId {
        self.transactions.expect("`initialize` declared the transactions")
    }
}

impl Operator for TwoPhaseSink {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.transactions = Some(context.list_state("transactions", ListMode::Split));
    }

    /// Commits the pending transactions that this subtask was dealt, whoever began them, and aborts the current ones.
    fn restored(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        assert!(self.current.is_none(), "a sink is restored before it is opened");
        let restored = std::mem::take(context.list(self.state()));
        for row in restored.iter().filter_map(Value::as_row) {
            match row {
                [transaction, covered_by] => {
                    let Some(transaction) = TransactionId::from_value(transaction) else {
                        continue;
                    };
                    assert!(
                        covered_by.as_int().is_some_and(|id| covers(permit, id)),
                        "checkpoint {} holds a transaction that is pending for {covered_by}",
                        permit.checkpoint()
                    );
                    let request = if context.restored_transactions_committed() {
                        ExternalRequest::Commit(transaction, permit.checkpoint())
                    } else {
                        ExternalRequest::Abort(transaction)
                    };
                    context.external(request);
                }
                [transaction] => {
                    let Some(transaction) = TransactionId::from_value(transaction) else {
                        continue;
                    };
                    context.external(ExternalRequest::Abort(transaction));
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, context: &mut dyn Context) {
        self.begin(context);
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let current = self.current.expect("a sink is opened before it is given rows");
        context.external(ExternalRequest::Write(current, value));
    }

    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        let current = self.current.expect("a sink is opened before it is snapshotted");
        assert!(
            self.pending.last().is_none_or(|(_, newest)| *newest < checkpoint),
            "barriers reach a sink in order of their checkpoints"
        );
        context.external(ExternalRequest::Prepare(current, checkpoint));
        self.pending.push((current, checkpoint));
        self.begin(context);
        match context.commit_when() {
            CommitWhen::Completed => {}
            CommitWhen::Snapshot => self.commit(CommitPermit::forged(checkpoint), context),
        }
        let rows = self.pending.iter().map(|(transaction, covered_by)| {
            let covered_by = i64::try_from(covered_by.number()).expect("checkpoint ids are small");
            Value::row([transaction.to_value(), Value::Int(covered_by)])
        });
        let current = self.current.map(|transaction| Value::row([transaction.to_value()]));
        *context.list(self.state()) = rows.chain(current).collect();
    }

    fn checkpoint_complete(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        self.commit(permit, context);
    }

    /// Throws away what no snapshot covers, as Flink does; what is pending stays for a restore to commit.
    fn close(&mut self, context: &mut dyn Context) {
        if let Some(current) = self.current.take() {
            context.external(ExternalRequest::Abort(current));
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn covers(permit: CommitPermit, checkpoint: i64) -> bool {
    u64::try_from(checkpoint).is_ok_and(|number| number <= permit.checkpoint().number())
}
