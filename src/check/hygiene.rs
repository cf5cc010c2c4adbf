//! Transaction hygiene: every transaction goes its way once, and what a completed checkpoint covers is never aborted (O6).

use super::Check;
use super::history::{History, RunStory};
use super::violation::Violation;
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

/// An external system, and a transaction there.
type Name = (ExternalId, TransactionId);

/// Every transaction that this world has seen. One that nobody began was prepared by an earlier process.
#[derive(Clone, Debug, Default)]
pub(super) struct HygieneCheck {
    transactions: BTreeMap<Name, State>,
    /// Which run begins transactions under which owner. Two runs that start from one snapshot give their checkpoints the
    /// same ids.
    runs: BTreeMap<u64, RunId>,
}

impl HygieneCheck {
    /// Judges what happened. `history` knows it already.
    ///
    /// 1. Open, then prepared, then committed; or aborted while it is open. 2. A prepared one is aborted only if the
    ///    checkpoint that it was prepared for has not completed. 3. One that nobody began was prepared by an earlier process.
    pub(super) fn observe(&mut self, entry: &Entry, history: &History, found: &mut Check) {
        let TraceEvent::Transaction { external, transaction, task, event, .. } = &entry.event
        else {
            return;
        };
        let name = (*external, *transaction);
        let (is_wrong, what) = match event {
            TransactionEvent::Begun => {
                self.runs.insert(transaction.job, history.run_of(*task));
                (self.step(name, |before| before.is_none(), State::Open), "begun twice")
            }
            TransactionEvent::Prepared { checkpoint, .. } => {
                let is_open = |before| before == Some(State::Open);
                (self.step(name, is_open, State::Prepared(*checkpoint)), "prepared")
            }
            TransactionEvent::Committed { .. } => {
                let may = |before| matches!(before, None | Some(State::Prepared(_)));
                (self.step(name, may, State::Committed), "committed")
            }
            TransactionEvent::Aborted => {
                let run = self.runs.get(&transaction.job).copied();
                let may = |before| match before {
                    None | Some(State::Open) => true,
                    Some(State::Prepared(checkpoint)) => {
                        !is_covered(*external, run, checkpoint, history)
                    }
                    Some(State::Committed | State::Aborted) => false,
                };
                (self.step(name, may, State::Aborted), "aborted")
            }
        };
        if is_wrong {
            let text = format!("a transaction was {what}, which its way did not allow");
            found.add(Violation::at_entry(CheckName::TransactionHygiene, entry, text));
        }
    }

    /// Takes a transaction a step further. Whether it may not go there.
    fn step(&mut self, name: Name, may: impl Fn(Option<State>) -> bool, next: State) -> bool {
        let before = self.transactions.insert(name, next);
        !may(before)
    }
}
