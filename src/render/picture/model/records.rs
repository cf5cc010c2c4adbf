//! Records on their way, where the trace tells them, and which of them cross a cut.
//!
//! Whether a record crosses is decided by the counts that the snapshots at both ends of its channel tell, never by where
//! lines meet on paper.

use super::build::Builder;
use super::{Arrow, ArrowKind, CheckpointOf, PointKind};
use crate::job::{Attempt, ChannelId, CheckpointId, TaskId};
use crate::trace::{ChannelMark, Entry, TaskEvent, TraceEvent};
use std::collections::BTreeMap;

/// What is remembered of records on the way.
#[derive(Default)]
pub(super) struct Records {
    /// How many records an attempt took from a channel.
    taken: BTreeMap<(ChannelId, Attempt), u64>,
    /// The records that are drawn as arrows.
    told: Vec<Told>,
    /// How many records had been sent into a channel at a checkpoint.
    sent: BTreeMap<(ChannelId, CheckpointId), u64>,
    received: BTreeMap<(ChannelId, CheckpointId), Received>,
}

/// A record that is drawn as an arrow.
struct Told {
    /// The arrow's place in the picture.
    arrow: usize,
    channel: ChannelId,
    /// The attempt of the receiver.
    attempt: Attempt,
    /// The how many-th of the channel it is in this attempt.
    count: u64,
}

/// What had come through a channel when its receiver drew its state.
#[derive(Clone, Copy)]
struct Received {
    attempt: Attempt,
    /// As the snapshot tells.
    marked: u64,
    /// As the trace tells.
    taken: u64,
}

impl Builder<'_> {
    pub(super) fn marks(
        &mut self,
        attempt: Attempt,
        id: CheckpointId,
        received: &[ChannelMark],
        sent: &[ChannelMark],
    ) {
        if !self.picture.has_records {
            return;
        }
        for mark in received {
            let taken = self.records.taken.get(&(mark.channel, attempt)).copied().unwrap_or(0);
            let received = Received { attempt, marked: mark.records, taken };
            self.records.received.insert((mark.channel, id), received);
        }
        for mark in sent {
            self.records.sent.insert((mark.channel, id), mark.records);
        }
    }

    pub(super) fn record_read(&mut self, entry: &Entry, task: TaskId) {
        if let Some(lane) = self.cast.task(task) {
            self.point(entry, lane, PointKind::Record, "record read".to_owned());
        }
    }

    pub(super) fn record_taken(
        &mut self,
        entry: &Entry,
        (task, attempt): (TaskId, Attempt),
        channel: ChannelId,
    ) {
        let now = (entry.at.nanos(), entry.number);
        let count = self.records.taken.entry((channel, attempt)).or_default();
        *count += 1;
        let count = *count;
        let sender = self.trace.layouts.of_channel(channel).map(|layout| layout.ends(channel).0);
        // What was put back after a restore was not sent in this attempt.
        let sent = entry.cause.and_then(|cause| self.trace.get(cause));
        let sent = sent.filter(|sent| {
            matches!(sent.event, TraceEvent::Task(.., TaskEvent::RecordSent { .. }))
        });
        let sent = sent.map(|sent| (sent.at.nanos(), sent.number));
        let Some(lane) = self.cast.task(task) else { return };
        let from = sender.and_then(|sender| self.cast.task(sender));
        let (Some(from), Some(sent)) = (from, sent) else {
            self.point(entry, lane, PointKind::Record, "record taken".to_owned());
            return;
        };
        let arrow = self.picture.arrows.len();
        self.records.told.push(Told { arrow, channel, attempt, count });
        self.picture.arrows.push(Arrow {
            from: (from, sent.0),
            to: (lane, now.0),
            kind: ArrowKind::Record,
            checkpoint: None,
            text: format!("record {count} of the channel from {}", self.names.sender(channel)),
            entries: vec![sent.1, now.1],
        });
    }

    /// Tells of each record whether it crosses a cut, or was counted on the wrong side of one.
    pub(super) fn tell_crossings(&mut self) {
        for told in std::mem::take(&mut self.records.told) {
            let Some((id, kind)) = self.crossing(&told) else { continue };
            let run = self.trace.layouts.of_channel(told.channel).map(|layout| layout.run);
            let arrow = &mut self.picture.arrows[told.arrow];
            arrow.kind = kind;
            arrow.checkpoint = run.map(|run| CheckpointOf { run, id });
            let is_crossing = kind == ArrowKind::Crossing;
            arrow.text.push_str(if is_crossing {
                ", which crosses the cut"
            } else {
                ", received before the cut and sent behind it"
            });
        }
    }

    fn crossing(&self, told: &Told) -> Option<(CheckpointId, ArrowKind)> {
        let channel = told.channel;
        let ids = (channel, CheckpointId::new(0))..=(channel, CheckpointId::AFTER_ALL);
        let cuts = self.records.received.range(ids);
        let crossed = cuts.filter(|(_, received)| received.attempt == told.attempt);
        let mut crossed = crossed.filter_map(|((_, id), received)| {
            let sent = *self.records.sent.get(&(channel, *id))?;
            let under_way = sent.saturating_sub(received.marked);
            let too_early = received.marked.saturating_sub(sent);
            let behind = told.count.saturating_sub(received.taken);
            if behind > 0 && behind <= under_way {
                return Some((*id, ArrowKind::Crossing));
            }
            let is_early = behind == 0 && told.count + too_early > received.taken;
            is_early.then_some((*id, ArrowKind::WrongSide))
        });
        crossed.next_back()
    }
}
