//! Cut consistency: what a sender put into a channel before a barrier is what the receiver's snapshot holds of it.

use super::{Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::history::CheckpointStory;
use crate::job::{Attempt, CheckpointId, CheckpointMode, RunId, RunLayout};
use crate::trace::{
    ChannelEnd, ChannelMark, CheckName, CheckpointEvent, Entry, Sometimes, TraceEvent,
};

/// Compares both ends of every channel whenever a checkpoint completes. Keeps only scratch space.
#[derive(Clone, Debug, Default)]
pub(super) struct CutConsistency {
    /// What each sender had put in, by channel of the run at hand.
    sent: Vec<Option<ChannelMark>>,
}

impl Observer for CutConsistency {
    const LOOKS_AT: Subjects = Subjects::CHECKPOINTS;

    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
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
