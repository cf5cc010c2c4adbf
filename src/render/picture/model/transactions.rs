//! Transactions of external systems: open, prepared, committed or aborted.

use super::build::Builder;
use super::{CheckpointOf, Point, PointKind, Span, SpanKind};
use crate::job::{CheckpointId, ExternalId, TaskId, TransactionId};
use crate::trace::{Entry, EntryNumber, TransactionEvent};
use std::collections::BTreeMap;

/// A moment and the entry that tells of it.
type Moment = (u64, EntryNumber);

/// What is remembered of transactions on the way.
#[derive(Default)]
pub(super) struct Transactions {
    open: BTreeMap<(ExternalId, TransactionId), Held>,
}

/// A transaction that is not over.
#[derive(Clone, Copy)]
struct Held {
    begun: Moment,
    prepared: Option<(Moment, CheckpointOf)>,
}

impl Builder<'_> {
    pub(super) fn on_transaction(
        &mut self,
        entry: &Entry,
        key: (ExternalId, TransactionId),
        task: TaskId,
        event: &TransactionEvent,
    ) {
        let now = (entry.at.nanos(), entry.number);
        let Some(run) = self.names.run_of(task) else { return };
        match event {
            TransactionEvent::Begun => {
                self.transactions.open.insert(key, Held { begun: now, prepared: None });
            }
            TransactionEvent::Prepared { checkpoint, .. } => {
                let held = self.transactions.open.entry(key);
                let held = held.or_insert(Held { begun: now, prepared: None });
                // A task that was restored may prepare what was prepared before it failed.
                let of = CheckpointOf { run, id: *checkpoint };
                held.prepared = held.prepared.or(Some((now, of)));
            }
            TransactionEvent::Committed { checkpoint, rows } => {
                self.committed(entry, key, (CheckpointOf { run, id: *checkpoint }, task), *rows);
            }
            TransactionEvent::Aborted => {
                self.close(key, Some(now), now.0);
                if let Some(lane) = self.cast.external(key.0) {
                    let text = format!("transaction {} aborted", key.1);
                    self.point(entry, lane, PointKind::TransactionAborted, text);
                }
            }
        }
    }

    fn committed(
        &mut self,
        entry: &Entry,
        key: (ExternalId, TransactionId),
        (of, task): (CheckpointOf, TaskId),
        rows: u64,
    ) {
        let now = (entry.at.nanos(), entry.number);
        self.close(key, Some(now), now.0);
        let Some(lane) = self.cast.external(key.0) else { return };
        let is_last = of.id == CheckpointId::AFTER_ALL;
        let plural = if rows == 1 { "" } else { "s" };
        let text = match is_last {
            true => format!("{rows} row{plural} committed at the end of the input"),
            false => format!("{rows} row{plural} committed for {}", of.id),
        };
        self.picture.points.push(Point {
            lane,
            at: now.0,
            kind: PointKind::Committed,
            checkpoint: (!is_last).then_some(of),
            count: rows,
            text,
            entries: vec![now.1],
        });
        if let Some(sink) = self.cast.task(task) {
            self.notification_line(of, sink);
        }
    }

    /// Tells the spans of a transaction that ends; `now` is none where the trace ends before it does.
    fn close(&mut self, key: (ExternalId, TransactionId), now: Option<Moment>, at: u64) {
        let Some(held) = self.transactions.open.remove(&key) else { return };
        let Some(lane) = self.cast.external(key.0) else { return };
        let end = now.map(|(_, entry)| entry);
        let open_until = held.prepared.map_or(at, |((prepared, _), _)| prepared);
        let prepared = held.prepared.map(|((_, entry), _)| entry);
        self.picture.spans.push(Span {
            lane,
            from: held.begun.0,
            to: open_until,
            kind: SpanKind::Open,
            checkpoint: held.prepared.map(|(_, of)| of),
            text: format!("transaction {} is open", key.1),
            entries: std::iter::once(held.begun.1).chain(prepared.or(end)).collect(),
        });
        if let Some(((from, entry), of)) = held.prepared {
            self.picture.spans.push(Span {
                lane,
                from,
                to: at,
                kind: SpanKind::Prepared,
                checkpoint: Some(of),
                text: format!("transaction {} is prepared for {}", key.1, of.id),
                entries: std::iter::once(entry).chain(end).collect(),
            });
        }
    }

    /// What is open when the trace ends is open until then.
    pub(super) fn end_transactions(&mut self, last: u64) {
        let keys: Vec<(ExternalId, TransactionId)> =
            self.transactions.open.keys().copied().collect();
        for key in keys {
            self.close(key, None, last);
        }
    }
}
