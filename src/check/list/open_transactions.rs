//! Transaction hygiene: every transaction goes its way once and to its end, and what a completed checkpoint covers is never
//! aborted (O6).

use super::{End, Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::history::{History, RunStory};
use crate::job::{Attempt, CheckpointId, ExternalId, RunId, TaskId, TransactionId};
use crate::operator::Writes;
use crate::trace::{
    CheckName, EndOfTask, Entry, SnapshotSource, TaskEvent, TraceEvent, TransactionEvent,
};
use std::collections::{BTreeMap, BTreeSet};

/// How far a transaction has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    Prepared(CheckpointId),
    Committed,
    Aborted,
}

/// Who began a transaction, and when it was begun and prepared, by the numbers of the entries that told it.
#[derive(Clone, Copy, Debug)]
struct Way {
    task: TaskId,
    attempt: Attempt,
    begun: u64,
    prepared: Option<u64>,
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
    /// Who began each, the number of the entry that told it, and that of the entry that told that it was prepared.
    ways: BTreeMap<(ExternalId, TransactionId), Way>,
    /// Which run begins transactions under which owner. Two runs that start from one snapshot give their checkpoints the
    /// same ids.
    runs: BTreeMap<u64, RunId>,
    /// By task and checkpoint: which attempt drew its state last, and the number of the entry that told it.
    drawn: BTreeMap<(TaskId, CheckpointId), (Attempt, u64)>,
    /// What later attempts of a task were restored from.
    restored: BTreeSet<(TaskId, CheckpointId)>,
    /// Attempts that closed their operators.
    closed: BTreeSet<(TaskId, Attempt)>,
}

impl Observer for TransactionHygiene {
    const LOOKS_AT: Subjects = Subjects::TRANSACTIONS.and(Subjects::TASKS);

    /// 1. Open, then prepared, then committed; or aborted while it is open. 2. A prepared one is aborted only if the
    ///    checkpoint that it was prepared for has not completed. 3. One that nobody began was prepared by an earlier process.
    ///    4. In the end none is open whose sink was closed, and none is there that was open in a snapshot from which its sink was
    ///    restored.
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        if let TraceEvent::Task(task, attempt, event) = &entry.event {
            return self.on_task(*task, *attempt, event, entry.number.entry);
        }
        let TraceEvent::Transaction { external, transaction, task, attempt, event } = &entry.event
        else {
            return;
        };
        let (next, what) = match event {
            TransactionEvent::Begun => {
                self.runs.insert(transaction.job, past.history.run_of(*task));
                let (task, attempt, begun) = (*task, *attempt, entry.number.entry);
                let way = Way { task, attempt, begun, prepared: None };
                self.ways.insert((*external, *transaction), way);
                (State::Open, "begun twice")
            }
            TransactionEvent::Prepared { checkpoint, .. } => {
                let way = self.ways.get_mut(&(*external, *transaction));
                way.into_iter().for_each(|way| way.prepared = Some(entry.number.entry));
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

    /// Judges what is open in the end. An attempt that was killed leaves what it had begun since its last snapshot, and
    /// nobody knows of that.
    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        self.judge_externals(end, found);
        for (id @ (_, transaction), state) in &self.transactions {
            let Some(Way { task, attempt, begun, prepared }) = self.ways.get(id).copied() else {
                continue;
            };
            let is_open = match state {
                State::Open => true,
                State::Prepared(_) => false,
                State::Committed | State::Aborted => continue,
            };
            if !is_transactional(task, end.past) {
                continue;
            }
            // It was open when the state was drawn from which a later attempt went on.
            let is_known = |(other, checkpoint): &&(TaskId, CheckpointId)| {
                let drawn = self.drawn.get(&(task, *checkpoint));
                let is_within =
                    |at: u64| begun < at && prepared.is_none_or(|prepared| at < prepared);
                *other == task && drawn.is_some_and(|(by, at)| *by == attempt && is_within(*at))
            };
            let what = if is_open && self.closed.contains(&(task, attempt)) {
                "open in the end, although its sink was closed".to_owned()
            } else if let Some((_, checkpoint)) = self.restored.iter().find(is_known) {
                let what = if is_open { "open" } else { "prepared" };
                format!(
                    "{what} in the end, although its sink was restored from checkpoint {checkpoint}, which tells of it as open"
                )
            } else {
                continue;
            };
            let text = format!("a transaction is {what}");
            let transaction = Some(*transaction);
            let violation = end.violation(CheckName::TransactionHygiene, text);
            found.add(violation.about(Evidence { transaction, ..Evidence::default() }));
        }
    }
}

impl TransactionHygiene {
    /// Judges what external systems hold in the end, and how often they were asked to commit it.
    fn judge_externals(&self, end: &End<'_>, found: &mut Findings) {
        // Whoever restores a transaction that is prepared may ask once for its commit.
        let attempts = end.past.history.runs.iter().flatten().map(|run| run.attempt.number() + 1);
        let most: u32 = attempts.sum();
        for (external, system) in end.world.externals.iter().enumerate() {
            let told = |id: &&TransactionId| {
                self.transactions.get(&(ExternalId::new(external), **id)).copied()
            };
            let open = system.open.keys().filter(|id| told(id) != Some(State::Open));
            let is_over = |id: &&TransactionId| {
                matches!(told(id), Some(State::Open | State::Committed | State::Aborted))
            };
            for transaction in open.chain(system.prepared.keys().filter(is_over)) {
                let text = format!("`{}` holds a transaction that is over", system.name);
                let violation = end.violation(CheckName::TransactionHygiene, text);
                let transaction = Some(*transaction);
                found.add(violation.about(Evidence { transaction, ..Evidence::default() }));
            }
            let asked =
                end.world.leftovers.commits.iter().filter(|(id, ..)| id.index() == external);
            for (_, transaction, times) in asked.filter(|(.., times)| *times > most) {
                let text = format!(
                    "`{}` was asked {times} times to commit a transaction, and {most} attempts of sinks may each have asked once",
                    system.name
                );
                let violation = end.violation(CheckName::TransactionHygiene, text);
                let transaction = Some(*transaction);
                found.add(violation.about(Evidence { transaction, ..Evidence::default() }));
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events open and close no sink")]
    fn on_task(&mut self, task: TaskId, attempt: Attempt, event: &TaskEvent, number: u64) {
        match event {
            TaskEvent::SnapshotTaken { checkpoint, .. } => {
                self.drawn.insert((task, *checkpoint), (attempt, number));
            }
            TaskEvent::Initialized { restored: Some(checkpoint), .. } => {
                self.restored.insert((task, *checkpoint));
            }
            TaskEvent::Ended { how: EndOfTask::Finished | EndOfTask::Canceled } => {
                self.closed.insert((task, attempt));
            }
            _ => {}
        }
    }
}

/// Whether the sinks and writers of a task all keep to what is known of transactional ones.
fn is_transactional(task: TaskId, past: Past<'_>) -> bool {
    let Some(story) = past.run(past.history.run_of(task)) else { return false };
    let plan = &story.layout.plan;
    let chain = &plan.vertices[story.layout.plan_task(task).vertex.index()].operators;
    let mut writes = chain.iter().map(|operator| story.writes[operator.index()]);
    writes.any(|writes| writes.is_transactional() || writes == Writes::Writer)
        && !story.left_transactions
}
