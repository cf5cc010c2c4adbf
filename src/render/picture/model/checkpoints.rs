//! Checkpoints as wholes, and what tasks do for them: barriers, alignment, snapshots, acks.

use super::build::Builder;
use super::cast::COORDINATOR;
use super::{
    Arrow, ArrowKind, Checkpoint, CheckpointEnd, CheckpointOf, Point, PointKind, Span, SpanKind,
};
use crate::job::{Attempt, ChannelId, CheckpointId, CheckpointKind, Origin, RunId, TaskId};
use crate::trace::{AckVerdict, ChannelEnd, CheckpointEvent, Entry, EntryNumber, TaskEvent};
use std::collections::BTreeMap;

/// A moment and the entry that tells of it.
type Moment = (u64, EntryNumber);
/// What one task does for one checkpoint.
type Share = (TaskId, Attempt, CheckpointId);

/// What is remembered of checkpoints on the way.
#[derive(Default)]
pub(super) struct Checkpoints {
    /// The place of each in the picture.
    places: BTreeMap<CheckpointOf, usize>,
    emitted: BTreeMap<(TaskId, CheckpointId), Moment>,
    /// The place among the arrows of the barrier that came last.
    last_barrier: BTreeMap<Share, usize>,
    blocked: BTreeMap<Share, Vec<(ChannelId, Moment)>>,
    taken: BTreeMap<Share, Moment>,
    acked: BTreeMap<Share, Moment>,
    completed: BTreeMap<CheckpointOf, Moment>,
    /// When each lane was last notified.
    notified: BTreeMap<(CheckpointOf, usize), Moment>,
    /// Where records in flight were saved.
    saved: BTreeMap<(RunId, CheckpointId, ChannelId), (usize, Moment)>,
}

impl Builder<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a checkpoint is not drawn")]
    pub(super) fn on_checkpoint(
        &mut self,
        entry: &Entry,
        (run, id): (RunId, CheckpointId),
        event: &CheckpointEvent,
    ) {
        let of = CheckpointOf { run, id };
        let at = entry.at.nanos();
        match event {
            CheckpointEvent::Triggered { kind } => {
                self.checkpoints.places.insert(of, self.picture.checkpoints.len());
                self.picture.checkpoints.push(Checkpoint {
                    of,
                    is_savepoint: *kind == CheckpointKind::Savepoint,
                    from: at,
                    to: at,
                    end: CheckpointEnd::Pending,
                    acks: Vec::new(),
                    metadata: None,
                    cut: Vec::new(),
                    saved: 0,
                    entries: vec![entry.number],
                });
            }
            CheckpointEvent::MetadataWritten => {
                if let Some(checkpoint) = self.checkpoint(of) {
                    checkpoint.metadata = Some((at, entry.number));
                }
            }
            CheckpointEvent::Completed { .. } => {
                self.checkpoints.completed.insert(of, (at, entry.number));
                self.end_checkpoint(entry, of, CheckpointEnd::Completed);
            }
            CheckpointEvent::Aborted { reason, .. } => {
                self.end_checkpoint(entry, of, CheckpointEnd::Aborted(reason.to_string()));
            }
            _ => {}
        }
    }

    fn checkpoint(&mut self, of: CheckpointOf) -> Option<&mut Checkpoint> {
        let place = *self.checkpoints.places.get(&of)?;
        self.picture.checkpoints.get_mut(place)
    }

    fn end_checkpoint(&mut self, entry: &Entry, of: CheckpointOf, end: CheckpointEnd) {
        if let Some(checkpoint) = self.checkpoint(of) {
            checkpoint.to = entry.at.nanos();
            checkpoint.end = end;
            checkpoint.entries.push(entry.number);
        }
    }

    /// The job manager of a run is gone, and nobody tells what becomes of what is pending.
    pub(super) fn forget_pending(&mut self, run: RunId, at: u64) {
        for checkpoint in &mut self.picture.checkpoints {
            let is_open =
                checkpoint.end == CheckpointEnd::Pending && checkpoint.to == checkpoint.from;
            if checkpoint.of.run == run && is_open {
                checkpoint.to = at;
            }
        }
    }

    /// What is pending when the trace ends lasts until then.
    pub(super) fn end_checkpoints(&mut self, last: u64) {
        for checkpoint in &mut self.picture.checkpoints {
            let is_open = checkpoint.to == checkpoint.from;
            if checkpoint.end == CheckpointEnd::Pending && is_open {
                checkpoint.to = last;
            }
        }
        let open = std::mem::take(&mut self.checkpoints.blocked);
        for (share, channels) in open {
            self.release(share, channels, (last, EntryNumber::default()), false);
        }
    }

    /// What a task did for a checkpoint.
    #[expect(clippy::wildcard_enum_match_arm, reason = "others are no part of a checkpoint")]
    pub(super) fn on_share(&mut self, entry: &Entry, share: Share, event: &TaskEvent) {
        let (task, _, id) = share;
        let Some(lane) = self.cast.task(task) else { return };
        let Some(run) = self.names.run_of(task) else { return };
        let of = CheckpointOf { run, id };
        let now = (entry.at.nanos(), entry.number);
        match event {
            TaskEvent::BarrierEmitted { .. } => {
                self.checkpoints.emitted.insert((task, id), now);
            }
            TaskEvent::BarrierArrived { channel, blocked, .. } => {
                self.barrier(share, (of, lane), now, *channel);
                if *blocked {
                    self.checkpoints.blocked.entry(share).or_default().push((*channel, now));
                }
            }
            TaskEvent::AlignmentCompleted { .. }
            | TaskEvent::AlignmentSwitched { .. }
            | TaskEvent::CancellationArrived { .. } => self.end_alignment(share, now),
            TaskEvent::SnapshotTaken { .. } => self.snapshot(share, (of, lane), now),
            TaskEvent::SnapshotDurable { .. } => {
                if let Some(begun) = self.checkpoints.taken.remove(&share) {
                    self.upload(lane, of, begun, now);
                }
            }
            TaskEvent::AckSent { .. } => {
                self.checkpoints.acked.insert(share, now);
            }
            TaskEvent::AckHandled { verdict, .. } => self.ack(share, (of, lane), now, *verdict),
            TaskEvent::NotifyHandled { .. } => self.notified((of, lane), now),
            _ => {}
        }
    }

    fn barrier(
        &mut self,
        share: Share,
        (of, lane): (CheckpointOf, usize),
        now: Moment,
        channel: ChannelId,
    ) {
        let Some(layout) = self.trace.layouts.of_channel(channel) else { return };
        let sender = layout.ends(channel).0;
        let sent = self.checkpoints.emitted.get(&(sender, share.2)).copied();
        let (Some(from), Some(sent)) = (self.cast.task(sender), sent) else { return };
        let text = format!(
            "barrier {} from {} to {}",
            of.id,
            self.names.task(sender),
            self.names.task(share.0)
        );
        if let Some(earlier) =
            self.checkpoints.last_barrier.insert(share, self.picture.arrows.len())
        {
            self.picture.arrows[earlier].kind = ArrowKind::Barrier;
        }
        self.picture.arrows.push(Arrow {
            from: (from, sent.0),
            to: (lane, now.0),
            kind: ArrowKind::LastBarrier,
            checkpoint: Some(of),
            text,
            entries: vec![sent.1, now.1],
        });
    }

    /// A task holds no channel back for this checkpoint any more.
    pub(super) fn end_alignment(&mut self, share: Share, now: Moment) {
        if let Some(channels) = self.checkpoints.blocked.remove(&share) {
            self.release(share, channels, now, true);
        }
    }

    /// An attempt that has ended holds nothing back and writes nothing.
    pub(super) fn end_shares(&mut self, task: TaskId, attempt: Attempt, now: Moment) {
        let range =
            (task, attempt, CheckpointId::new(0))..=(task, attempt, CheckpointId::AFTER_ALL);
        let shares: Vec<Share> =
            self.checkpoints.blocked.range(range.clone()).map(|(share, _)| *share).collect();
        for share in shares {
            self.end_alignment(share, now);
        }
        let cut_off: Vec<(Share, Moment)> =
            self.checkpoints.taken.range(range).map(|(share, begun)| (*share, *begun)).collect();
        for (share, begun) in cut_off {
            self.checkpoints.taken.remove(&share);
            let lane = self.cast.task(task);
            if let (Some(lane), Some(run)) = (lane, self.names.run_of(task)) {
                self.upload(lane, CheckpointOf { run, id: share.2 }, begun, now);
            }
        }
    }

    fn release(
        &mut self,
        (task, _, id): Share,
        channels: Vec<(ChannelId, Moment)>,
        now: Moment,
        is_told: bool,
    ) {
        let (Some(lane), Some(run)) = (self.cast.task(task), self.names.run_of(task)) else {
            return;
        };
        for (channel, begun) in channels {
            let mut entries = vec![begun.1];
            entries.extend(is_told.then_some(now.1));
            self.picture.spans.push(Span {
                lane,
                from: begun.0,
                to: now.0,
                kind: SpanKind::Blocked,
                checkpoint: Some(CheckpointOf { run, id }),
                text: self.names.sender(channel),
                entries,
            });
        }
    }

    fn snapshot(&mut self, share: Share, (of, lane): (CheckpointOf, usize), now: Moment) {
        self.end_alignment(share, now);
        self.checkpoints.taken.insert(share, now);
        let Some(checkpoint) = self.checkpoint(of) else { return };
        checkpoint.cut.push((lane, now.0, now.1));
        let (from, trigger) = (checkpoint.from, checkpoint.entries[0]);
        let who = self.names.task(share.0);
        self.picture.points.push(Point {
            lane,
            at: now.0,
            kind: PointKind::Snapshot,
            checkpoint: Some(of),
            count: 0,
            text: format!("snapshot {} of {who}", of.id),
            entries: vec![now.1],
        });
        if !self.checkpoints.last_barrier.contains_key(&share) {
            self.picture.arrows.push(Arrow {
                from: (COORDINATOR, from),
                to: (lane, now.0),
                kind: ArrowKind::Trigger,
                checkpoint: Some(of),
                text: format!("trigger of {} to {who}", of.id),
                entries: vec![trigger, now.1],
            });
        }
    }

    fn upload(&mut self, lane: usize, of: CheckpointOf, begun: Moment, now: Moment) {
        self.picture.spans.push(Span {
            lane,
            from: begun.0,
            to: now.0,
            kind: SpanKind::Upload,
            checkpoint: Some(of),
            text: format!("snapshot {} is written", of.id),
            entries: vec![begun.1, now.1],
        });
    }

    fn ack(
        &mut self,
        share: Share,
        (of, lane): (CheckpointOf, usize),
        now: Moment,
        verdict: AckVerdict,
    ) {
        let is_counted = verdict == AckVerdict::Accepted;
        if let Some(checkpoint) = self.checkpoint(of).filter(|_| is_counted) {
            checkpoint.acks.push((lane, now.0, now.1));
        }
        // A repeated ack was sent once.
        let Some(sent) = self.checkpoints.acked.get(&share).copied() else { return };
        let verdict = match verdict {
            AckVerdict::Accepted => "",
            AckVerdict::Duplicate => ", counted before",
            AckVerdict::Late => ", too late",
            AckVerdict::Foreign => ", from nobody who was asked",
        };
        self.picture.arrows.push(Arrow {
            from: (lane, sent.0),
            to: (COORDINATOR, now.0),
            kind: if is_counted { ArrowKind::Ack } else { ArrowKind::StrayAck },
            checkpoint: Some(of),
            text: format!("ack of {} for {}{verdict}", self.names.task(share.0), of.id),
            entries: vec![sent.1, now.1],
        });
    }

    fn notified(&mut self, (of, lane): (CheckpointOf, usize), now: Moment) {
        self.checkpoints.notified.insert((of, lane), now);
        self.picture.points.push(Point {
            lane,
            at: now.0,
            kind: PointKind::Notified,
            checkpoint: Some(of),
            count: 0,
            text: format!("notified that {} completed", of.id),
            entries: vec![now.1],
        });
    }

    /// A line from the coordinator to a task that commits, if it was notified.
    pub(super) fn notification_line(&mut self, of: CheckpointOf, lane: usize) {
        let Some(completed) = self.checkpoints.completed.get(&of).copied() else { return };
        // Told once, though it commits several transactions.
        let Some(notified) = self.checkpoints.notified.remove(&(of, lane)) else { return };
        self.picture.arrows.push(Arrow {
            from: (COORDINATOR, completed.0),
            to: (lane, notified.0),
            kind: ArrowKind::Notify,
            checkpoint: Some(of),
            text: format!(
                "{} is notified that {} completed",
                self.picture.lanes[lane].label, of.id
            ),
            entries: vec![completed.1, notified.1],
        });
    }

    /// Records in flight became part of a snapshot.
    pub(super) fn saved(
        &mut self,
        entry: &Entry,
        (task, id): (TaskId, CheckpointId),
        (channel, end): (ChannelId, ChannelEnd),
        origins: &[Origin],
    ) {
        let (Some(lane), Some(run)) = (self.cast.task(task), self.names.run_of(task)) else {
            return;
        };
        let count = u64::try_from(origins.len()).expect("fewer records than a number holds");
        if count == 0 {
            return;
        }
        let of = CheckpointOf { run, id };
        if let Some(checkpoint) = self.checkpoint(of) {
            checkpoint.saved += count;
        }
        let now = (entry.at.nanos(), entry.number);
        self.checkpoints.saved.insert((run, id, channel), (lane, now));
        let from = match end {
            ChannelEnd::Receiver => format!("from {}", self.names.sender(channel)),
            ChannelEnd::Sender => "not sent yet".to_owned(),
        };
        self.picture.points.push(Point {
            lane,
            at: now.0,
            kind: PointKind::Saved,
            checkpoint: Some(of),
            count,
            text: format!("{count} records in flight are saved with {id}, {from}"),
            entries: vec![now.1],
        });
    }

    /// Records in flight were put back.
    pub(super) fn put_back(
        &mut self,
        entry: &Entry,
        (task, id): (TaskId, CheckpointId),
        channel: ChannelId,
        count: u64,
    ) {
        let (Some(lane), Some(run)) = (self.cast.task(task), self.names.run_of(task)) else {
            return;
        };
        if count == 0 {
            return;
        }
        let now = (entry.at.nanos(), entry.number);
        let of = self.origin(run, id);
        self.picture.points.push(Point {
            lane,
            at: now.0,
            kind: PointKind::PutBack,
            checkpoint: Some(of),
            count,
            text: format!("{count} records in flight at {id} are put back"),
            entries: vec![now.1],
        });
        if let Some((from, saved)) = self.checkpoints.saved.get(&(run, id, channel)).copied() {
            self.picture.arrows.push(Arrow {
                from: (from, saved.0),
                to: (lane, now.0),
                kind: ArrowKind::PutBack,
                checkpoint: Some(of),
                text: format!("{count} records, saved and put back"),
                entries: vec![saved.1, now.1],
            });
        }
    }
}
