//! A program of one's own: the whole `sandbar` command, with a sink that writes in transactions of its own.
//!
//! `cargo run --example own_sink -- run examples/own_sink.toml`

use sandbar::operators::{
    CheckpointId, CommitPermit, ExternalRequest, ListId, ListMode, TransactionId, Value, Writes,
};
use sandbar::{Catalogue, Context, Entry, Operator};
use std::process::ExitCode;

/// Writes what comes between two checkpoints in one transaction, and commits it when the second completes.
#[derive(Clone, Default)]
struct Batches {
    /// A row `(checkpoint, transaction)` for each that awaits its checkpoint.
    waiting: Option<ListId>,
    /// What is written to now.
    open: Option<TransactionId>,
    /// How many transactions this attempt has begun.
    begun: u32,
}

impl Batches {
    fn begin(&mut self, context: &mut dyn Context) -> TransactionId {
        let transaction = TransactionId {
            job: context.job(),
            subtask: context.subtask(),
            attempt: context.attempt(),
            number: self.begun,
        };
        self.begun += 1;
        self.open = Some(transaction);
        context.external(ExternalRequest::Begin(transaction));
        transaction
    }

    /// Commits what the permit covers. To commit again what was committed changes nothing.
    fn commit(&self, permit: CommitPermit, context: &mut dyn Context) {
        let waiting = self.waiting.expect("`initialize` declared it");
        for row in std::mem::take(context.list(waiting)) {
            match batch(&row) {
                Some((covered_by, transaction)) if covered_by <= permit.checkpoint() => {
                    context.external(ExternalRequest::Commit(transaction, permit.checkpoint()));
                }
                _ => context.list(waiting).push(row),
            }
        }
    }
}

impl Operator for Batches {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.waiting = Some(context.list_state("waiting", ListMode::Split));
    }

    /// What the snapshot holds was prepared for a checkpoint that has completed.
    fn restored(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        self.commit(permit, context);
    }

    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let transaction = self.open.unwrap_or_else(|| self.begin(context));
        context.external(ExternalRequest::Write(transaction, value));
    }

    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        let Some(transaction) = self.open.take() else { return };
        context.external(ExternalRequest::Prepare(transaction, checkpoint));
        let number = i64::try_from(checkpoint.number()).expect("checkpoint ids are small");
        let row = Value::row([Value::Int(number), transaction.to_value()]);
        context.list(self.waiting.expect("`initialize` declared it")).push(row);
    }

    fn checkpoint_complete(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        self.commit(permit, context);
    }

    fn close(&mut self, context: &mut dyn Context) {
        if let Some(transaction) = self.open.take() {
            context.external(ExternalRequest::Abort(transaction));
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Back from list state.
fn batch(row: &Value) -> Option<(CheckpointId, TransactionId)> {
    let [checkpoint, transaction] = row.as_row()? else { return None };
    let checkpoint = CheckpointId::new(u64::try_from(checkpoint.as_int()?).ok()?);
    Some((checkpoint, TransactionId::from_value(transaction)?))
}

/// The built-in operators, and the sink.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::built_in();
    let about = "writes what comes between two checkpoints in one transaction";
    let entry = Entry::new(about, |_| Box::new(Batches::default()));
    catalogue.add("sink", "batches", Entry { stateful: true, writes: Writes::TwoPhase, ..entry });
    catalogue
}

fn main() -> ExitCode {
    sandbar::cli::main(catalogue())
}
