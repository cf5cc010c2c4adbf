//! The two-phase sink: rows become visible when the checkpoint that covers them completes (`TwoPhaseCommitSinkFunction`).
//!
//! 1. Rows are written to the current transaction.
//! 2. At barrier n the current one is prepared and becomes pending for n; a new one begins.
//! 3. When checkpoint n completes, all that are pending for n or less are committed.
//! 4. A restore commits what its checkpoint holds as pending, again if need be, and aborts what was current.

use super::transactions::{Current, Pending, commit, number_of};
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
    current: Current,
    pending: Pending,
}

impl TwoPhaseSink {
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
        assert!(self.current.id.is_none(), "a sink is restored before it is opened");
        let restored = std::mem::take(context.list(self.state()));
        for row in restored.iter().filter_map(Value::as_row) {
            let [transaction, covered_by @ ..] = row else { continue };
            let Some(transaction) = TransactionId::from_value(transaction) else { continue };
            let request = match covered_by {
                [covered_by] => {
                    assert!(
                        covered_by.as_int().is_some_and(|id| covers(permit, id)),
                        "checkpoint {} holds a transaction that is pending for {covered_by}",
                        permit.checkpoint()
                    );
                    match context.restored_transactions_committed() {
                        true => ExternalRequest::Commit(transaction, permit.checkpoint()),
                        false => ExternalRequest::Abort(transaction),
                    }
                }
                [] => ExternalRequest::Abort(transaction),
                [..] => continue,
            };
            context.external(request);
        }
    }

    fn open(&mut self, context: &mut dyn Context) {
        self.current.begin(context);
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let current = self.current.id.expect("a sink is opened before it is given rows");
        context.external(ExternalRequest::Write(current, value));
    }

    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        let current = self.current.id.expect("a sink is opened before it is snapshotted");
        assert!(
            self.pending.last().is_none_or(|(_, newest)| *newest < checkpoint),
            "barriers reach a sink in order of their checkpoints"
        );
        context.external(ExternalRequest::Prepare(current, checkpoint));
        self.pending.push((current, checkpoint));
        self.current.begin(context);
        match context.commit_when() {
            CommitWhen::Completed => {}
            CommitWhen::Snapshot => {
                commit(&mut self.pending, CommitPermit::forged(checkpoint), context);
            }
        }
        let rows = self.pending.iter().map(|(transaction, covered_by)| {
            Value::row([transaction.to_value(), Value::Int(number_of(*covered_by))])
        });
        let current = self.current.id.map(|transaction| Value::row([transaction.to_value()]));
        *context.list(self.state()) = rows.chain(current).collect();
    }

    fn checkpoint_complete(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        commit(&mut self.pending, permit, context);
    }

    /// What is pending stays for a restore to commit.
    fn close(&mut self, context: &mut dyn Context) {
        self.current.abort(context);
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

fn covers(permit: CommitPermit, checkpoint: i64) -> bool {
    u64::try_from(checkpoint).is_ok_and(|number| number <= permit.checkpoint().number())
}
