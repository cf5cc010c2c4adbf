//! External systems as sinks see them: rows, a table, transactions.

use crate::effect::{ExternalRequest, ExternalSystem, Row};
use crate::job::{CheckpointId, ExternalId, OperatorKind, Origin, Plan, TransactionId, Value};
use crate::kernel::Digest;
use crate::state::FixedMap;
use crate::trace::TransactionEvent;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The external systems of a world, by id.
#[derive(Clone, Debug)]
pub(crate) struct Externals {
    systems: Vec<External>,
    ids: BTreeMap<String, ExternalId>,
    /// Of what they held when the world began.
    pub(crate) past: Digest,
}

impl Externals {
    /// Those that are there when the world begins.
    pub(crate) fn new(systems: Vec<ExternalSystem>) -> Self {
        let past = Digest::new();
        let mut externals = Self { systems: Vec::new(), ids: BTreeMap::new(), past };
        for system in systems {
            system.fold_into(&mut externals.past);
            externals.add(system);
        }
        externals
    }

    fn add(&mut self, system: ExternalSystem) {
        let id = ExternalId::new(self.systems.len());
        let twin = self.ids.insert(system.name.clone(), id);
        assert!(twin.is_none(), "two external systems are named `{}`", system.name);
        self.systems.push(External::of(system));
    }

    /// A sink writes to the external system of its own name, whichever job it is in.
    pub(crate) fn add_sinks(&mut self, plan: &Plan) {
        for node in &plan.graph.operators {
            let is_sink = matches!(node.kind, OperatorKind::Sink { .. });
            if is_sink && !self.ids.contains_key(&node.name) {
                self.add(ExternalSystem { name: node.name.clone(), ..Default::default() });
            }
        }
    }

    pub(crate) fn id_of(&self, name: &str) -> Option<ExternalId> {
        self.ids.get(name).copied()
    }

    #[inline]
    pub(crate) fn system(&mut self, id: ExternalId) -> &mut External {
        &mut self.systems[id.index()]
    }

    /// The transactions whose commit was asked for more than once, and how often.
    pub(crate) fn asked_again(&self) -> impl Iterator<Item = (ExternalId, TransactionId, u32)> {
        let all = self.systems.iter().enumerate().flat_map(|(place, system)| {
            system.asked.iter().map(move |(id, times)| (ExternalId::new(place), *id, *times))
        });
        all.filter(|(.., times)| *times > 1)
    }

    /// How many rows they hold, committed or not.
    pub(crate) fn rows(&self) -> usize {
        self.systems.iter().map(External::rows).sum()
    }

    /// What they hold now, for files and for checks.
    pub(crate) fn contents(&self) -> Vec<ExternalSystem> {
        self.systems.iter().map(External::contents).collect()
    }

    /// Folds what read-committed readers see.
    pub(crate) fn fold_into(&self, digest: &mut Digest) {
        self.systems.iter().for_each(|system| system.fold_into(digest));
    }
}

/// One external system at work.
#[derive(Clone, Debug, Default)]
pub(crate) struct External {
    name: String,
    committed: Arc<Vec<Row>>,
    table: FixedMap<Value, Row>,
    /// Few at a time: one per live sink subtask.
    open: Vec<(TransactionId, Vec<Row>)>,
    prepared: BTreeMap<TransactionId, (CheckpointId, Vec<Row>)>,
    done: BTreeMap<TransactionId, (CheckpointId, u64)>,
    places: BTreeMap<TransactionId, usize>,
    /// How often the commit of a transaction was asked for.
    asked: BTreeMap<TransactionId, u32>,
}

impl External {
    fn of(system: ExternalSystem) -> Self {
        let ExternalSystem { name, committed, table, open, prepared, done, places } = system;
        let (table, open) = (table.into_iter().collect(), open.into_iter().collect());
        Self { name, committed, table, open, prepared, done, places, asked: BTreeMap::new() }
    }

    /// What it holds now, for files and for checks.
    fn contents(&self) -> ExternalSystem {
        ExternalSystem {
            name: self.name.clone(),
            committed: Arc::clone(&self.committed),
            table: self.table.iter().map(|(key, row)| (key.clone(), row.clone())).collect(),
            open: self.open.iter().cloned().collect(),
            prepared: self.prepared.clone(),
            done: self.done.clone(),
            places: self.places.clone(),
        }
    }

    /// Folds what a read-committed reader sees.
    fn fold_into(&self, digest: &mut Digest) {
        for row in &*self.committed {
            digest.fold_value(&row.value);
        }
        let table: BTreeMap<_, _> = self.table.iter().collect();
        for (key, row) in table {
            digest.fold_value(key);
            digest.fold_value(&row.value);
        }
    }

    /// How many rows it holds, committed or not.
    fn rows(&self) -> usize {
        let open = self.open.iter().map(|(_, rows)| rows.len()).sum::<usize>();
        let prepared = self.prepared.values().map(|(_, rows)| rows.len()).sum::<usize>();
        self.committed.len() + self.table.len() + open + prepared
    }

    /// Whether a request is of a transaction that is still open, or of none.
    pub(crate) fn accepts(&self, request: &ExternalRequest) -> bool {
        match request {
            ExternalRequest::Write(id, _) | ExternalRequest::Prepare(id, _) => {
                self.open.iter().any(|(open, _)| open == id)
            }
            ExternalRequest::Append(_)
            | ExternalRequest::Upsert(..)
            | ExternalRequest::InsertOnce(..)
            | ExternalRequest::Begin(_)
            | ExternalRequest::Commit(..)
            | ExternalRequest::Abort(_) => true,
        }
    }

    /// Carries out one request of a sink's task. Asking again for what is done changes nothing.
    pub(crate) fn carry_out(
        &mut self,
        request: ExternalRequest,
        origin: Origin,
        job: u64,
    ) -> Option<(TransactionId, TransactionEvent)> {
        match request {
            ExternalRequest::Append(value) => {
                Arc::make_mut(&mut self.committed).push(Row { value, origin, job });
                None
            }
            ExternalRequest::Upsert(key, value) => {
                self.table.insert(key, Row { value, origin, job });
                None
            }
            ExternalRequest::InsertOnce(marker, value) => {
                self.table.entry(marker).or_insert(Row { value, origin, job });
                None
            }
            ExternalRequest::Begin(id) => {
                let is_known = self.open.iter().any(|(open, _)| *open == id);
                assert!(!is_known, "`{}`: {id:?} is begun twice", self.name);
                self.open.push((id, Vec::new()));
                Some((id, TransactionEvent::Begun))
            }
            ExternalRequest::Write(id, value) => {
                let open = self.open.iter_mut().rev().find(|(open, _)| *open == id);
                let (_, rows) = open.expect("a sink writes to a transaction it has opened");
                rows.push(Row { value, origin, job });
                None
            }
            ExternalRequest::Prepare(id, checkpoint) => self.prepare(id, checkpoint),
            ExternalRequest::Commit(id, checkpoint) => self.commit(id, checkpoint),
            ExternalRequest::Abort(id) => self.abort(id),
        }
    }

    fn prepare(
        &mut self,
        id: TransactionId,
        checkpoint: CheckpointId,
    ) -> Option<(TransactionId, TransactionEvent)> {
        let place = self.open.iter().position(|(open, _)| *open == id);
        let (_, prepared) =
            self.open.swap_remove(place.expect("a sink prepares what it has opened"));
        let rows = count(&prepared);
        let before = self.prepared.insert(id, (checkpoint, prepared));
        assert!(before.is_none(), "`{}`: {id:?} is prepared twice", self.name);
        Some((id, TransactionEvent::Prepared { checkpoint, rows }))
    }

    fn commit(
        &mut self,
        id: TransactionId,
        checkpoint: CheckpointId,
    ) -> Option<(TransactionId, TransactionEvent)> {
        *self.asked.entry(id).or_default() += 1;
        let (_, mut prepared) = self.prepared.remove(&id)?;
        let rows = count(&prepared);
        self.places.insert(id, self.committed.len());
        Arc::make_mut(&mut self.committed).append(&mut prepared);
        let before = self.done.insert(id, (checkpoint, rows));
        assert!(before.is_none(), "`{}`: {id:?} is committed twice", self.name);
        Some((id, TransactionEvent::Committed { checkpoint, rows }))
    }

    fn abort(&mut self, id: TransactionId) -> Option<(TransactionId, TransactionEvent)> {
        let open = self.open.iter().position(|(open, _)| *open == id);
        let was_open = open.map(|place| self.open.swap_remove(place)).is_some();
        let was_prepared = self.prepared.remove(&id).is_some();
        assert!(!(was_open && was_prepared), "`{}`: {id:?} was open and prepared", self.name);
        (was_open || was_prepared).then_some((id, TransactionEvent::Aborted))
    }
}

fn count(rows: &[Row]) -> u64 {
    u64::try_from(rows.len()).expect("usize fits in 64 bits")
}
