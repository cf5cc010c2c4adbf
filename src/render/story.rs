//! The story of a run: what was done to it and what became of it, in as many lines as a person reads.

use super::columns::padded;
use super::names::Names;
use super::style::Style;
use super::words::in_words;
use crate::job::{CheckpointKind, RunId};
use crate::kernel::SimTime;
use crate::trace::{
    CheckpointEvent, Entry, JobEvent, JobStatus, TaskEvent, Trace, TraceEvent, WorldEvent,
};

/// How many lines a story has at most; of a longer one the middle is left out.
const LINES_MAX: usize = 120;

/// How important a line is, and so how it is marked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tone {
    Deed,
    Good,
    Bad,
    Plain,
}

/// A line of the story.
struct Beat {
    at: SimTime,
    run: Option<RunId>,
    text: String,
    tone: Tone,
    /// For periodic checkpoints in a row: first, last, how many.
    completed: Option<(u64, u64, u64)>,
    /// How often it was told in a row.
    times: u64,
}

/// The story: steps and faults, jobs and their restarts, checkpoints in a row as one line, savepoints.
pub fn story(trace: &Trace, names: &Names, style: Style) -> String {
    let mut beats: Vec<Beat> = Vec::new();
    for entry in &trace.entries {
        if let Some(beat) = beat(entry, trace, names) {
            match beats.last_mut() {
                Some(last) if merges(last, &beat) => merge(last, &beat),
                Some(_) | None => beats.push(beat),
            }
        }
    }
    let width = names.widths().0;
    let lines: Vec<String> = beats.iter().map(|beat| line(beat, names, width, style)).collect();
    if lines.len() <= LINES_MAX {
        return lines.concat();
    }
    let half = LINES_MAX / 2;
    let left_out = lines.len() - 2 * half;
    let gap = style.faint(&format!("  … {left_out} lines left out; --verbose shows every event\n"));
    [lines[..half].concat(), gap, lines[lines.len() - half..].concat()].concat()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other events are no part of the story")]
fn beat(entry: &Entry, trace: &Trace, names: &Names) -> Option<Beat> {
    let mut completed = None;
    let tone = match &entry.event {
        TraceEvent::Job(.., JobEvent::Submitted { .. }) => Tone::Plain,
        TraceEvent::Job(.., JobEvent::Refused { .. })
        | TraceEvent::Task(.., TaskEvent::OperatorFailed { .. })
        | TraceEvent::Checkpoint(.., CheckpointEvent::Aborted { .. }) => Tone::Bad,
        TraceEvent::Job(.., JobEvent::StatusChanged { status, .. }) => match status {
            JobStatus::Created | JobStatus::Canceling => return None,
            JobStatus::Running | JobStatus::Canceled => Tone::Plain,
            JobStatus::Finished => Tone::Good,
            JobStatus::Restarting | JobStatus::Failed | JobStatus::Lost | JobStatus::Suspended => {
                Tone::Bad
            }
        },
        TraceEvent::Checkpoint(.., CheckpointEvent::RestoreMapped { .. })
        | TraceEvent::Job(.., JobEvent::TakenOver { .. })
        | TraceEvent::Job(.., JobEvent::RegionRestarted { .. }) => Tone::Plain,
        TraceEvent::Job(.., JobEvent::AttemptStarted { attempt, restored: None, .. })
            if attempt.number() > 0 =>
        {
            Tone::Plain
        }
        TraceEvent::Checkpoint(
            _,
            checkpoint,
            CheckpointEvent::Completed { kind: CheckpointKind::Checkpoint, .. },
        ) => {
            let id = checkpoint.number();
            completed = Some((id, id, 1));
            Tone::Plain
        }
        TraceEvent::Checkpoint(.., CheckpointEvent::SavepointStored { .. }) => Tone::Good,
        TraceEvent::Job(.., JobEvent::TriggerRefused { .. })
        | TraceEvent::Task(.., TaskEvent::MessageDisturbed { .. })
        | TraceEvent::World(WorldEvent::TaskManagerLost { .. })
        | TraceEvent::World(WorldEvent::JobManagerLost { .. })
        | TraceEvent::Checkpoint(.., CheckpointEvent::WriteDisturbed { .. }) => Tone::Deed,
        TraceEvent::World(WorldEvent::StepTaken { .. }) => Tone::Deed,
        TraceEvent::World(WorldEvent::StepRefused { .. }) => Tone::Bad,
        TraceEvent::World(WorldEvent::FaultInjected { .. }) if !caused_by_step(entry, trace) => {
            Tone::Deed
        }
        _ => return None,
    };
    let said = in_words(&entry.event, names);
    let text = match &entry.event {
        TraceEvent::Task(.., TaskEvent::MessageDisturbed { .. })
        | TraceEvent::Checkpoint(.., CheckpointEvent::WriteDisturbed { .. })
        | TraceEvent::World(WorldEvent::TaskManagerLost { .. })
        | TraceEvent::World(WorldEvent::JobManagerLost { .. })
        | TraceEvent::World(WorldEvent::FaultInjected { .. }) => {
            format!("{} {}", said.who, said.what)
        }
        // Where it lies is told with the savepoints: a data folder may give it another name.
        TraceEvent::Checkpoint(_, checkpoint, CheckpointEvent::SavepointStored { label, .. }) => {
            format!("savepoint {checkpoint} stored as `{label}`")
        }
        _ => said.what,
    };
    Some(Beat { at: entry.at, run: said.run, text, tone, completed, times: 1 })
}

/// A fault that a step did is told already.
fn caused_by_step(entry: &Entry, trace: &Trace) -> bool {
    let cause = entry.cause.and_then(|cause| trace.get(cause)).map(|cause| &cause.event);
    matches!(cause, Some(TraceEvent::World(WorldEvent::StepTaken { .. })))
}

fn merges(last: &Beat, next: &Beat) -> bool {
    let same = last.text == next.text && last.completed.is_none();
    last.run == next.run && (same || (last.completed.is_some() && next.completed.is_some()))
}

fn merge(last: &mut Beat, next: &Beat) {
    match (&mut last.completed, next.completed) {
        (Some((_, newest, count)), Some((_, id, _))) => (*newest, *count) = (id, *count + 1),
        (Some(_) | None, Some(_) | None) => last.times += 1,
    }
}

fn line(beat: &Beat, names: &Names, width: usize, style: Style) -> String {
    let time = style.faint(&format!("{:>12}", beat.at.in_millis()));
    let run = beat.run.map_or_else(String::new, |run| names.run(run));
    let text = match (beat.completed, beat.times) {
        (Some((first, last, 2..)), _) => format!("checkpoints {first} to {last} completed"),
        (Some(_) | None, 2..) => format!("{} ({} times)", beat.text, beat.times),
        (Some(_) | None, _) => beat.text.clone(),
    };
    let text = match beat.tone {
        Tone::Deed => style.notable(&format!("* {text}")),
        Tone::Good => style.good(&text),
        Tone::Bad => style.bad(&text),
        Tone::Plain => text,
    };
    format!("{time}  {}  {text}\n", padded(&run, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Attempt, CheckpointId};
    use crate::trace::EntryNumber;

    const RUN: usize = 0;

    fn completed(id: u64) -> TraceEvent {
        CheckpointEvent::Completed { attempt: Attempt::new(0), kind: CheckpointKind::Checkpoint }
            .of(RunId::new(RUN), CheckpointId::new(id))
    }

    fn refused(why: &str) -> TraceEvent {
        JobEvent::Refused { why: why.into() }.of(RunId::new(RUN))
    }

    fn told(events: Vec<TraceEvent>) -> String {
        let entry = |(number, event): (u64, TraceEvent)| {
            let at = SimTime::from_millis(number * 1_500);
            Entry { at, number: EntryNumber::of(number), cause: None, event }
        };
        let entries = (0..).zip(events).map(entry).collect();
        let mut trace = Trace::default();
        trace.entries = entries;
        story(&trace, &Names::of_nothing(), Style::PLAIN)
    }

    #[test]
    fn checkpoints_in_a_row_are_one_line() {
        let events = vec![completed(1), completed(2), completed(3), refused("no"), completed(4)];
        assert_eq!(
            told(events),
            "     0.000ms  ?  checkpoints 1 to 3 completed\n\
             \u{20} 4500.000ms  ?  refused: no\n\
             \u{20} 6000.000ms  ?  checkpoint 4 completed\n"
        );
    }

    #[test]
    fn what_happens_again_and_again_is_counted() {
        assert_eq!(
            told(vec![refused("no"), refused("no")]),
            "     0.000ms  ?  refused: no (2 times)\n"
        );
    }

    #[test]
    fn of_a_long_story_the_middle_is_left_out() {
        let text = told((0..500).map(|number| refused(&number.to_string())).collect());
        assert_eq!(text.lines().count(), LINES_MAX + 1);
        assert!(text.contains("… 380 lines left out"), "{text}");
        assert!(text.ends_with("refused: 499\n"), "{text}");
    }
}
