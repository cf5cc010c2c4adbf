//! How what an external system holds is spelled.

use super::super::block::BlockKind;
use super::Payload;
use super::token::{Token, flatten, unflatten};
use crate::effect::{ExternalSystem, Row};
use crate::job::{CheckpointId, Origin, TransactionId, Value};
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

/// Rows under keys: the keys in one column, the rows in the others.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TableWire {
    keys: Vec<Token>,
    rows: RowsWire,
}

impl TableWire {
    pub(super) fn new(table: &BTreeMap<Value, Row>) -> Self {
        Self { keys: flatten(table.keys()), rows: RowsWire::new(table.values()) }
    }

    pub(super) fn into_table(self) -> Result<BTreeMap<Value, Row>, &'static str> {
        let keys = unflatten(self.keys)?;
        let rows = self.rows.into_rows()?;
        if keys.len() != rows.len() {
            return Err("a row of the table lacks its key");
        }
        Ok(keys.into_iter().zip(rows).collect())
    }
}

/// Transactions that can be committed.
pub(super) type Prepared = BTreeMap<TransactionId, (CheckpointId, Vec<Row>)>;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PreparedWire(Vec<(TransactionId, CheckpointId, RowsWire)>);

impl PreparedWire {
    pub(super) fn new(prepared: &Prepared) -> Self {
        let prepared = prepared.iter();
        let spelled = prepared.map(|(id, (at, rows))| (*id, *at, RowsWire::new(rows.iter())));
        Self(spelled.collect())
    }

    pub(super) fn into_prepared(self) -> Result<Prepared, &'static str> {
        let read = |(id, at, rows): (_, _, RowsWire)| Ok((id, (at, rows.into_rows()?)));
        self.0.into_iter().map(read).collect()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct SinkWire {
    name: String,
    committed: RowsWire,
    table: TableWire,
    prepared: PreparedWire,
    done: BTreeMap<TransactionId, (CheckpointId, u64)>,
}

/// Open transactions are not spelled: they end with the process that could have ended them otherwise.
impl Payload for ExternalSystem {
    const KIND: BlockKind = BlockKind::Sink;
    type Wire = SinkWire;

    fn to_wire(&self) -> SinkWire {
        SinkWire {
            name: self.name.clone(),
            committed: RowsWire::new(self.committed.iter()),
            table: TableWire::new(&self.table),
            prepared: PreparedWire::new(&self.prepared),
            done: self.done.clone(),
        }
    }

    fn from_wire(wire: SinkWire) -> Result<Self, &'static str> {
        Ok(Self {
            name: wire.name,
            committed: wire.committed.into_rows()?.into(),
            table: wire.table.into_table()?,
            open: BTreeMap::new(),
            prepared: wire.prepared.into_prepared()?,
            done: wire.done,
            places: BTreeMap::new(),
        })
    }
}
