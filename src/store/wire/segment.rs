//! How a segment of a data folder's sinks is spelled.

use super::super::block::BlockKind;
use super::super::segment::{Commit, SegmentHead, SinkChange};
use super::Payload;
use super::sink::{PreparedWire, RowsWire, TableWire};
use crate::job::{CheckpointId, TransactionId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

impl Payload for SegmentHead {
    const KIND: BlockKind = BlockKind::Segment;
    type Wire = Self;

    fn to_wire(&self) -> Self {
        assert!(self.comes_after_its_parents(), "a segment comes before one that it names");
        self.clone()
    }

    fn from_wire(wire: Self) -> Result<Self, &'static str> {
        match wire.comes_after_its_parents() {
            true => Ok(wire),
            false => Err("a segment comes after one that is not before it"),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct ChangeWire {
    name: String,
    rows: RowsWire,
    commits: Vec<(TransactionId, u64, u64)>,
    table: TableWire,
    prepared: PreparedWire,
    aborted: BTreeSet<TransactionId>,
    done: BTreeMap<TransactionId, (CheckpointId, u64)>,
}

impl Payload for SinkChange {
    const KIND: BlockKind = BlockKind::SinkChange;
    type Wire = ChangeWire;

    fn to_wire(&self) -> ChangeWire {
        let is_apart = |one: &Commit, next: &Commit| one.rows.end <= next.rows.start;
        assert!(self.commits.is_sorted_by(is_apart), "a row was committed by two transactions");
        let number = |place: usize| u64::try_from(place).expect("usize fits in 64 bits");
        let commits = self.commits.iter();
        ChangeWire {
            name: self.name.clone(),
            rows: RowsWire::new(self.rows.iter()),
            commits: commits
                .map(|one| (one.id, number(one.rows.start), number(one.rows.len())))
                .collect(),
            table: TableWire::new(&self.table),
            prepared: PreparedWire::new(&self.prepared),
            aborted: self.aborted.clone(),
            done: self.done.clone(),
        }
    }

    fn from_wire(wire: ChangeWire) -> Result<Self, &'static str> {
        let rows = wire.rows.into_rows()?;
        let mut commits = Vec::new();
        let mut free = 0;
        for (id, start, length) in wire.commits {
            let end = start.checked_add(length).and_then(|end| usize::try_from(end).ok());
            let start = usize::try_from(start).ok();
            let range = start.zip(end).filter(|(start, end)| free <= *start && *end <= rows.len());
            let (start, end) = range.ok_or("a transaction has rows that are not there")?;
            commits.push(Commit { id, rows: start..end });
            free = end;
        }
        Ok(Self {
            name: wire.name,
            rows,
            commits,
            table: wire.table.into_table()?,
            prepared: wire.prepared.into_prepared()?,
            aborted: wire.aborted,
            done: wire.done,
        })
    }
}

/// A hash of rows that tells them from others.
pub(in crate::store) fn print_of(rows: &[crate::effect::Row]) -> u128 {
    super::super::codec::fingerprint(&super::spell(&RowsWire::new(rows.iter())), 0)
}
