//! How what an external system holds is spelled.

use super::super::block::BlockKind;
use super::Payload;
use super::token::{Token, flatten, unflatten};
use crate::effect::{ExternalSystem, Row};
use crate::job::{CheckpointId, Origin, TransactionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows: where they came from and who wrote them in one column, their values in the other.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RowsWire {
    stems: Vec<(Origin, u64)>,
    values: Vec<Token>,
}

impl RowsWire {
    pub(super) fn new<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Self {
        Self {
            stems: rows.clone().map(|row| (row.origin, row.job)).collect(),
            values: flatten(rows.map(|row| &row.value)),
        }
    }

    pub(super) fn into_rows(self) -> Result<Vec<Row>, &'static str> {
        let values = unflatten(self.values)?;
        if values.len() != self.stems.len() {
            return Err("a row lacks its origin or its value");
        }
        let rows = values.into_iter().zip(self.stems);
        Ok(rows.map(|(value, (origin, job))| Row { value, origin, job }).collect())
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct SinkWire {
    name: String,
    committed: RowsWire,
    keys: Vec<Token>,
    table: RowsWire,
    prepared: Vec<(TransactionId, CheckpointId, RowsWire)>,
    done: BTreeMap<TransactionId, (CheckpointId, u64)>,
}

/// Open transactions are not spelled: they end with the process that could have ended them otherwise.
impl Payload for ExternalSystem {
    const KIND: BlockKind = BlockKind::Sink;
    type Wire = SinkWire;

    fn to_wire(&self) -> SinkWire {
        let prepared = self.prepared.iter();
        SinkWire {
            name: self.name.clone(),
            committed: RowsWire::new(self.committed.iter()),
            keys: flatten(self.table.keys()),
            table: RowsWire::new(self.table.values()),
            prepared: prepared
                .map(|(id, (checkpoint, rows))| (*id, *checkpoint, RowsWire::new(rows.iter())))
                .collect(),
            done: self.done.clone(),
        }
    }

    fn from_wire(wire: SinkWire) -> Result<Self, &'static str> {
        let keys = unflatten(wire.keys)?;
        let rows = wire.table.into_rows()?;
        if keys.len() != rows.len() {
            return Err("a row of the table lacks its key");
        }
        let prepared = wire.prepared.into_iter();
        let prepared =
            prepared.map(|(id, checkpoint, rows)| Ok((id, (checkpoint, rows.into_rows()?))));
        Ok(Self {
            name: wire.name,
            committed: wire.committed.into_rows()?.into(),
            table: keys.into_iter().zip(rows).collect(),
            open: BTreeMap::new(),
            prepared: prepared.collect::<Result<_, &'static str>>()?,
            done: wire.done,
            places: BTreeMap::new(),
        })
    }
}
