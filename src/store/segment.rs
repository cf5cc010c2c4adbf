//! What a run adds to the sinks of a data folder, and what all of them hold: bytes in, bytes out.
//!
//! A run knows what the sinks held when it began, and each time it writes, it writes what is new since, as one segment
//! that nobody changes any more. Whoever reads puts all segments together. So nothing that a process committed depends
//! on what another one knew:
//!
//! - Rows that a run wrote at once are there, for each run.
//! - The rows of a transaction are marked as such and count once: several processes may commit it, as each that started
//!   from a savepoint does with what was prepared there.
//! - A prepared transaction is pending until some segment commits or aborts it.
//! - Of two rows under one key the later segment's stays.
//!
//! A segment names those that were there and that no other had named: a folder in which one of these is missing is
//! noticed. Only the loss of the newest ones, which nobody has named yet, cannot be.

use super::block::{BlockReader, BlockWriter, CodecError};
use super::codec::fingerprint;
use super::wire;
use crate::effect::{ExternalSystem, Row};
use crate::job::{CheckpointId, TransactionId, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// How the names of segments end.
const SUFFIX: &str = ".rows";

/// Which segment. Its number is larger than that of any that its writer knew of, so that causes come before effects; the
/// run is a number that its writer drew, so that no two writers give one name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct SegmentId {
    pub(super) number: u64,
    pub(super) run: u64,
}

impl SegmentId {
    /// The name of its file.
    pub(super) fn file_name(self) -> String {
        format!("{:08}-{:016x}{SUFFIX}", self.number, self.run)
    }

    /// The segment whose file has this name; none if it is no segment's.
    pub(super) fn of_file_name(name: &str) -> Option<Self> {
        let (number, run) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let id = Self { number: number.parse().ok()?, run: u64::from_str_radix(run, 16).ok()? };
        (id.file_name() == name).then_some(id)
    }
}

/// Which segment it is, and which were there before it that no other had named.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct SegmentHead {
    pub(super) id: SegmentId,
    pub(super) parents: BTreeSet<SegmentId>,
}

impl SegmentHead {
    pub(super) fn comes_after_its_parents(&self) -> bool {
        self.parents.iter().all(|parent| parent.number < self.id.number)
    }
}

/// What a run wrote at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Segment {
    pub(super) head: SegmentHead,
    /// At most one for each sink.
    pub(super) changes: Vec<SinkChange>,
}

impl Segment {
    /// What external systems held that no segment of this folder tells of. The same content has the same name, so that
    /// it is there once even if several runs bring it.
    pub(super) fn base(sinks: &[ExternalSystem]) -> Self {
        let nothing = Written::default();
        let changes: Vec<_> = sinks.iter().map(|sink| nothing.change_to(sink)).collect();
        let mut content = BlockWriter::new();
        wire::put_all(&mut content, &changes);
        let print = fingerprint(&content.finish(), 0).to_le_bytes();
        let run = u64::from_le_bytes(print[..8].try_into().expect("eight bytes of sixteen"));
        let id = SegmentId { number: 0, run };
        Self { head: SegmentHead { id, parents: BTreeSet::new() }, changes }
    }

    /// The content of its file.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = BlockWriter::new();
        wire::put(&mut writer, &self.head);
        wire::put_all(&mut writer, &self.changes);
        writer.finish()
    }

    /// Reads the content of its file: any byte that is damaged, missing or extra is an error.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = BlockReader::open(bytes)?;
        let (head, changes) = (wire::take(&mut reader)?, wire::take_all(&mut reader)?);
        reader.finish()?;
        Ok(Self { head, changes })
    }
}

/// What is new in one external system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct SinkChange {
    pub(super) name: String,
    /// Rows that everybody sees now, in order.
    pub(super) rows: Vec<Row>,
    /// Which of them are those of transactions, in order.
    pub(super) commits: Vec<Commit>,
    /// Rows under keys.
    pub(super) table: BTreeMap<Value, Row>,
    /// Transactions that can be committed from now on.
    pub(super) prepared: BTreeMap<TransactionId, (CheckpointId, Vec<Row>)>,
    /// Prepared transactions that were thrown away.
    pub(super) aborted: BTreeSet<TransactionId>,
    /// Transactions that were committed.
    pub(super) done: BTreeMap<TransactionId, (CheckpointId, u64)>,
}

impl SinkChange {
    fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.table.is_empty()
            && self.prepared.is_empty()
            && self.aborted.is_empty()
            && self.done.is_empty()
    }
}

/// The rows of a transaction among others, by their places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Commit {
    pub(super) id: TransactionId,
    pub(super) rows: Range<usize>,
}

/// What a run has written of one external system, or found there. The rows themselves are not kept: they never change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Written {
    rows: usize,
    table: BTreeMap<Value, Row>,
    prepared: BTreeMap<TransactionId, (CheckpointId, Vec<Row>)>,
    done: BTreeMap<TransactionId, (CheckpointId, u64)>,
}

impl Written {
    /// All of it.
    pub(super) fn of(sink: &ExternalSystem) -> Self {
        let (table, prepared, done) =
            (sink.table.clone(), sink.prepared.clone(), sink.done.clone());
        Self { rows: sink.committed.len(), table, prepared, done }
    }

    /// What is new; none if nothing is.
    pub(super) fn news(&self, sink: &ExternalSystem) -> Option<SinkChange> {
        Some(self.change_to(sink)).filter(|change| !change.is_empty())
    }

    /// What is new, if only that there is such a sink.
    pub(super) fn change_to(&self, sink: &ExternalSystem) -> SinkChange {
        let rows = sink.committed.get(self.rows..);
        let rows = rows.expect("a row that is committed stays").to_vec();
        let commits = self.commits(sink);
        let aborted = self
            .prepared
            .keys()
            .filter(|id| !sink.prepared.contains_key(id) && sink.done.get(id) == self.done.get(id));
        let is_with_it = |commit: &Commit| commit.rows.end <= rows.len();
        assert!(commits.iter().all(is_with_it), "a commit is of rows that are not written with it");
        SinkChange {
            name: sink.name.clone(),
            commits,
            table: news(&self.table, &sink.table),
            prepared: news(&self.prepared, &sink.prepared),
            aborted: aborted.copied().collect(),
            done: news(&self.done, &sink.done),
            rows,
        }
    }

    /// Where the rows of each transaction are that was committed since. A commit makes them visible at once, so that they
    /// stand together.
    fn commits(&self, sink: &ExternalSystem) -> Vec<Commit> {
        let new = news(&self.done, &sink.done).into_iter();
        let commit = |(id, (_, count)): (TransactionId, (CheckpointId, u64))| {
            let start = sink.places.get(&id)?.checked_sub(self.rows)?;
            let count = usize::try_from(count).expect("its rows are in memory");
            Some(Commit { id, rows: start..start + count })
        };
        let mut found: Vec<_> = new.filter_map(commit).collect();
        found.retain(|commit| !commit.rows.is_empty());
        found.sort_unstable_by_key(|commit| commit.rows.start);
        let is_apart = |one: &Commit, next: &Commit| one.rows.end <= next.rows.start;
        assert!(found.is_sorted_by(is_apart), "the rows of two transactions are mixed");
        found
    }
}

/// Entries of `now` that are not in `before`, or otherwise.
fn news<K: Ord + Clone, V: PartialEq + Clone>(
    before: &BTreeMap<K, V>,
    now: &BTreeMap<K, V>,
) -> BTreeMap<K, V> {
    let is_new = |(key, value): &(&K, &V)| before.get(key) != Some(value);
    now.iter().filter(is_new).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What all segments together come to.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sinks: BTreeMap<String, ExternalSystem>,
    /// Transactions of which the rows are there: which sink's, and a hash of the rows. Two runs that knew nothing of each other
    /// may have given one id to different rows.
    committed: BTreeSet<(String, TransactionId, u128)>,
}

impl Ledger {
    /// Begins with what some external systems hold.
    pub(super) fn of(sinks: impl IntoIterator<Item = ExternalSystem>) -> Self {
        let sinks = sinks.into_iter().map(|sink| (sink.name.clone(), sink)).collect();
        Self { sinks, ..Self::default() }
    }

    /// Takes one in. They come in order of their ids.
    pub(super) fn add(&mut self, segment: Segment) {
        segment.changes.into_iter().for_each(|change| self.change(change));
    }

    fn change(&mut self, mut change: SinkChange) {
        let sink = self.sinks.entry(change.name.clone()).or_default();
        sink.name.clone_from(&change.name);
        let held = Arc::make_mut(&mut sink.committed);
        // From the last to the first, so that the places of the others stay right.
        for Commit { id, rows } in change.commits.iter().rev() {
            let print = wire::print_of(&change.rows[rows.clone()]);
            if !self.committed.insert((change.name.clone(), *id, print)) {
                change.rows.drain(rows.clone());
            }
        }
        held.append(&mut change.rows);
        for id in change.done.keys().chain(&change.aborted) {
            sink.prepared.remove(id);
        }
        sink.prepared.append(&mut change.prepared);
        sink.table.append(&mut change.table);
        sink.done.append(&mut change.done);
    }

    /// What every external system holds.
    pub(super) fn into_sinks(self) -> impl Iterator<Item = ExternalSystem> {
        self.sinks.into_values()
    }
}

#[cfg(test)]
mod tests;
