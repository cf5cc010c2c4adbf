//! Cut consistency: what a sender put into a channel before a barrier is what the receiver's snapshot holds of it, and what
//! was in flight then comes back in its order. What came to an operator is in its lists, and a source tells of all that it reads.

mod content;
mod partitions;

use super::{Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::history::{CheckpointStory, RunStory};
use crate::job::{
    Attempt, ChannelId, CheckpointId, CheckpointMode, OperatorIndex, Origin, RunId, RunLayout,
    TaskId,
};
use crate::trace::{
    ChannelEnd, ChannelMark, CheckName, CheckpointEvent, Entry, Sometimes, TaskEvent, TraceEvent,
};
use content::Contents;
use partitions::Partitions;
use std::collections::BTreeSet;

/// Compares both ends of every channel whenever a checkpoint completes.
#[derive(Clone, Debug, Default)]
pub(super) struct CutConsistency {
    /// What each sender had put in, by channel of the run at hand.
    sent: Vec<Option<ChannelMark>>,
    contents: Contents,
    partitions: Partitions,
}

impl Observer for CutConsistency {
    const LOOKS_AT: Subjects = Subjects::CHECKPOINTS.and(Subjects::TASKS);

    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        if let TraceEvent::Task(task, attempt, event) = &entry.event {
            let (who, run) = ((*task, *attempt), past.history.run_of(*task));
            let forgotten = self.partitions.observe(who, event, run, past);
            for text in self.contents.observe(who, event, run, past).into_iter().chain(forgotten) {
                let violation = Violation::at_entry(CheckName::CutConsistency, entry, text);
                found.add(violation.about(Evidence { tasks: vec![*task], ..Evidence::default() }));
            }
            if let TaskEvent::InFlightRestored { checkpoint, channel, origins, .. } = event
                && is_reordered(past, (*task, *channel), *checkpoint, origins)
            {
                let text = format!(
                    "the records in flight at checkpoint {checkpoint} came back in another order"
                );
                let violation = Violation::at_entry(CheckName::CutConsistency, entry, text);
                let (checkpoint, channel) = (Some(*checkpoint), Some(*channel));
                found.add(violation.about(Evidence { checkpoint, channel, ..Evidence::default() }));
            }
            return;
        }
        if let TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { .. }) =
            entry.event
        {
            self.on_completed((run, checkpoint), entry, past, found);
        }
    }
}

impl CutConsistency {
    fn on_completed(
        &mut self,
        (run, checkpoint): (RunId, CheckpointId),
        entry: &Entry,
        past: Past<'_>,
        found: &mut Findings,
    ) {
        let mode = past.mode_of(run);
        let Some(run) = past.run(run) else { return };
        let Some(story) = run.story(checkpoint) else {
            let text = format!("checkpoint {checkpoint} completed without having been triggered");
            found.add(Violation::at_entry(CheckName::CutConsistency, entry, text));
            return;
        };
        let layout = &*run.layout;
        self.sent.clear();
        self.sent.resize(layout.plan.channels.len(), None);
        let current =
            || story.marks.iter().filter(|marks| run.is_current(marks.task, marks.attempt));
        for mark in current().flat_map(|marks| &*marks.sent) {
            self.sent[layout.local_channel(mark.channel).index()] = Some(*mark);
        }
        let received =
            current().flat_map(|marks| marks.received.iter().map(|mark| (marks.attempt, mark)));
        for (attempt, received) in received {
            let sent = self.sent[layout.local_channel(received.channel).index()];
            let Some(sent) = sent else { continue };
            let received = with_in_flight(*received, attempt, story);
            if mode == CheckpointMode::AtLeastOnce && sent.records < received.records {
                found.sometimes.insert(Sometimes::RecordsPastTheBarrier);
            } else if sent != received {
                let text = difference(layout, checkpoint, sent, received);
                let violation = Violation::at_entry(CheckName::CutConsistency, entry, text);
                let (from, to) = layout.ends(sent.channel);
                found.add(violation.about(Evidence {
                    checkpoint: Some(checkpoint),
                    channel: Some(sent.channel),
                    tasks: vec![from, to],
                    sent: Some(sent.records),
                    held: Some(received.records),
                    ..Evidence::default()
                }));
            }
        }
    }
}

/// What a snapshot holds of a channel: what its receiver had processed, then what had arrived, then what its sender held
/// back.
fn with_in_flight(received: ChannelMark, attempt: Attempt, story: &CheckpointStory) -> ChannelMark {
    let at = |end: ChannelEnd| {
        let persisted = story.in_flight.iter().filter(move |persisted| {
            (persisted.attempt, persisted.channel, persisted.end)
                == (attempt, received.channel, end)
        });
        persisted.flat_map(|persisted| &*persisted.origins)
    };
    let origins = at(ChannelEnd::Receiver).chain(at(ChannelEnd::Sender));
    origins.fold(received, |mark, origin| mark.after(*origin))
}

/// Whether the records that were on one channel at a checkpoint came back onto one in another order.
fn is_reordered(
    past: Past<'_>,
    (task, channel): (TaskId, ChannelId),
    checkpoint: CheckpointId,
    back: &[Origin],
) -> bool {
    let run = past.history.run_of(task);
    let restored = past.run(run).zip(past.history.restored_story(run, checkpoint));
    let Some((own, (taker, story))) = restored else { return false };
    let mut channels: Vec<_> = story.in_flight.iter().map(|persisted| persisted.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    channels.retain(|old| is_same_exchange((taker, *old), (own, channel)));
    channels.into_iter().any(|channel| {
        let at = |end: ChannelEnd| {
            let persisted = story.in_flight.iter();
            persisted.filter(move |one| (one.channel, one.end) == (channel, end))
        };
        let kept = at(ChannelEnd::Receiver).chain(at(ChannelEnd::Sender));
        let kept: Vec<Origin> = kept.flat_map(|persisted| &*persisted.origins).copied().collect();
        let is_of_it: BTreeSet<Origin> = kept.iter().copied().collect();
        let is_back: BTreeSet<Origin> = back.iter().copied().collect();
        // Of two records of one origin nobody can tell which is which.
        let is_told = is_of_it.len() == kept.len() && is_back.len() == back.len();
        // Where others came onto the channel, or some went elsewhere, records of several old channels may share an origin.
        is_told && is_of_it == is_back && !kept.iter().eq(back)
    })
}

/// Whether a channel of the run that took a snapshot and one of the run that restores it lead from one operator to another, by
/// the same output and input.
fn is_same_exchange(
    (taker, old): (&RunStory, ChannelId),
    (own, new): (&RunStory, ChannelId),
) -> bool {
    let edge = |story: &RunStory, channel| {
        story.layout.plan.edges[story.layout.plan_channel(channel).edge].clone()
    };
    let (old, new) = (edge(taker, old), edge(own, new));
    let now = |operator: OperatorIndex| {
        let id = taker.layout.plan.operator_ids[operator.index()];
        if taker.layout.run == own.layout.run { Some(operator) } else { own.taker_of(id) }
    };
    (now(old.from), now(old.to)) == (Some(new.from), Some(new.to))
        && (old.side, old.input) == (new.side, new.input)
}

fn difference(
    layout: &RunLayout,
    checkpoint: CheckpointId,
    sent: ChannelMark,
    got: ChannelMark,
) -> String {
    let (from, to) = layout.ends(sent.channel);
    let (from, to) = (layout.task_name(from), layout.task_name(to));
    let what = if sent.records == got.records {
        format!("holds {} records, too, but others or in another order", got.records)
    } else {
        format!("holds {} of them", got.records)
    };
    format!(
        "checkpoint {checkpoint}: {from} sent {} records to {to} before its barrier, the snapshot of {to} {what}",
        sent.records
    )
}
