//! Transaction hygiene: every transaction goes its way once, and what a completed checkpoint covers is never aborted (O6).

use super::{Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::history::{History, RunStory};
use crate::job::{CheckpointId, ExternalId, RunId, TransactionId};
use crate::trace::{CheckName, Entry, SnapshotSource, TraceEvent, TransactionEvent};
use std::collections::BTreeMap;

/// How far a transaction has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    Prepared(CheckpointId),
    Committed,
    Aborted,
}

/// Whether a checkpoint covers what was prepared for it: it completed in the run that began the transaction, as far as that
/// is known, and no older one has been restored since, by its own run or by another. Who falls back behind an intermediate savepoint aborts what that covered (FLINK-10354, FLIP-203).
fn is_covered(
    external: ExternalId,
    owner: Option<RunId>,
    checkpoint: CheckpointId,
    history: &History,
) -> bool {
    let writes = |run: &&RunStory| {
        let is_its = owner.is_none_or(|owner| owner == run.layout.run);
        is_its && history.writers.contains(&(external, run.layout.run))
    };
    let is_behind = |start: &Option<SnapshotSource>, parent: &RunStory| match start {
        Some(SnapshotSource::Run(run, from)) => *run == parent.layout.run && *from < checkpoint,
        Some(SnapshotSource::Files(_)) | None => false,
    };
    history.runs.iter().flatten().filter(writes).any(|run| {
        run.completed(checkpoint).is_some_and(|story| !story.is_abandoned)
            && !history.starts.iter().any(|start| is_behind(start, run))
    })
}

/// Every transaction that this world has seen. One that nobody began was prepared by an earlier process.
#[derive(Clone, Debug, Default)]
pub(super) struct TransactionHygiene {
    transactions: BTreeMap<(ExternalId, TransactionId), State>,
    /// Which run begins transactions under which owner. Two runs that start from one snapshot give their checkpoints the
    /// same ids.
    runs: BTreeMap<u64, RunId>,
}

impl Observer for TransactionHygiene {
    const LOOKS_AT: Subjects = Subjects::TRANSACTIONS;

    /// 1. Open, then prepared, then committed; or aborted while it is open. 2. A prepared one is aborted only if the
    ///    checkpoint that it was prepared for has not completed. 3. One that nobody began was prepared by an earlier process.
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let TraceEvent::Transaction { external, transaction, task, event, .. } = &entry.event
        else {
            return;
        };
        let (next, what) = match event {
            TransactionEvent::Begun => {
                self.runs.insert(transaction.job, past.history.run_of(*task));
                (State::Open, "begun twice")
            }
            TransactionEvent::Prepared { checkpoint, .. } => {
                (State::Prepared(*checkpoint), "prepared")
            }
            TransactionEvent::Committed { .. } => (State::Committed, "committed"),
            TransactionEvent::Aborted => (State::Aborted, "aborted"),
        };
        let before = self.transactions.insert((*external, *transaction), next);
        let may = match (before, next) {
            (None, State::Open | State::Committed | State::Aborted)
            | (Some(State::Open), State::Prepared(_) | State::Aborted)
            | (Some(State::Prepared(_)), State::Committed) => true,
            (Some(State::Prepared(checkpoint)), State::Aborted) => {
                let run = self.runs.get(&transaction.job).copied();
                !is_covered(*external, run, checkpoint, past.history)
            }
            (None | Some(State::Prepared(_)), State::Prepared(_))
            | (Some(State::Open), State::Committed)
            | (Some(_), State::Open)
            | (Some(State::Committed | State::Aborted), _) => false,
        };
        if !may {
            let text = format!("a transaction was {what}, which its way did not allow");
            let checkpoint = match before {
                Some(State::Prepared(checkpoint)) => Some(checkpoint),
                Some(State::Open | State::Committed | State::Aborted) | None => None,
            };
            let transaction = Some(*transaction);
            let violation = Violation::at_entry(CheckName::TransactionHygiene, entry, text);
            found.add(violation.about(Evidence { checkpoint, transaction, ..Evidence::default() }));
        }
    }
}
