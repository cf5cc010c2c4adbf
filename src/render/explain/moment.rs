//! What stood where at a moment: every subtask, every channel with what is in it, pending checkpoints, open transactions.

use super::Told;
use crate::job::{ChannelId, CheckpointId, Origin, RunId, TaskId, TransactionId};
use crate::kernel::SimTime;
use crate::trace::{
    AckVerdict, CheckpointEvent, Entry, EntryNumber, JobEvent, JobStatus, TaskEvent, TraceEvent,
    TransactionEvent,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many elements of a channel are told by name.
const SHOWN: usize = 6;

/// A moment of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Once everything of this time has happened.
    Time(SimTime),
    /// Once this entry has.
    Entry(EntryNumber),
}

/// What is in a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Record(Origin),
    Barrier(CheckpointId),
}

/// Where a subtask is in its life.
#[derive(Clone, Default)]
struct Subtask {
    state: &'static str,
    attempt: u32,
    records: u64,
    blocked: BTreeMap<ChannelId, CheckpointId>,
    snapshots: BTreeSet<CheckpointId>,
}

/// What stands where.
#[derive(Default)]
struct World {
    jobs: BTreeMap<RunId, (JobStatus, u32)>,
    tasks: BTreeMap<TaskId, Subtask>,
    channels: BTreeMap<ChannelId, VecDeque<Element>>,
    pending: BTreeMap<(RunId, CheckpointId), BTreeSet<TaskId>>,
    completed: BTreeMap<RunId, CheckpointId>,
    transactions: BTreeMap<(String, TransactionId), &'static str>,
}

/// What stands where at a moment.
pub fn moment(told: &Told<'_>, at: Moment) -> String {
    let is_before = |entry: &&Entry| match at {
        Moment::Time(time) => entry.at <= time,
        Moment::Entry(number) => entry.number <= number,
    };
    let mut world = World::default();
    let mut last = None;
    for entry in told.trace.entries.iter().take_while(is_before) {
        world.on_entry(entry, told);
        last = Some(entry);
    }
    let Some(last) = last else { return "nothing has happened yet\n".to_owned() };
    let mut text = format!("after\n{}\n", told.line(last, ' '));
    text.push_str(&world.in_words(told));
    text
}

impl World {
    fn on_entry(&mut self, entry: &Entry, told: &Told<'_>) {
        match &entry.event {
            TraceEvent::Job(run, event) => self.on_job(*run, event),
            TraceEvent::Checkpoint(run, checkpoint, event) => {
                self.on_checkpoint((*run, *checkpoint), event);
            }
            TraceEvent::Task(task, attempt, event) => {
                self.on_task((*task, attempt.number()), event, told);
            }
            TraceEvent::Transaction { external, transaction, event, .. } => {
                let key = (told.names.sink(*external), *transaction);
                match event {
                    TransactionEvent::Begun => drop(self.transactions.insert(key, "open")),
                    TransactionEvent::Prepared { .. } => {
                        self.transactions.insert(key, "prepared");
                    }
                    TransactionEvent::Committed { .. } | TransactionEvent::Aborted => {
                        self.transactions.remove(&key);
                    }
                }
            }
            TraceEvent::World(_) => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others change no state of a job")]
    fn on_job(&mut self, run: RunId, event: &JobEvent) {
        let (status, attempt) = self.jobs.entry(run).or_insert((JobStatus::Created, 0));
        match event {
            JobEvent::StatusChanged { status: now } => *status = *now,
            JobEvent::AttemptStarted { attempt: now, .. }
            | JobEvent::RegionRestarted { attempt: now, .. } => *attempt = now.number(),
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others leave it pending")]
    fn on_checkpoint(&mut self, of: (RunId, CheckpointId), event: &CheckpointEvent) {
        match event {
            CheckpointEvent::Triggered { .. } => drop(self.pending.insert(of, BTreeSet::new())),
            CheckpointEvent::Completed { .. } => {
                self.pending.remove(&of);
                self.completed.insert(of.0, of.1);
            }
            CheckpointEvent::Aborted { .. } => drop(self.pending.remove(&of)),
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others move nothing")]
    fn on_task(&mut self, (task, attempt): (TaskId, u32), event: &TaskEvent, told: &Told<'_>) {
        let Some(layout) = told.trace.layouts.of_task(task) else { return };
        let known = self.tasks.entry(task).or_default();
        // What an attempt does that is over, beside the one in its place, is not told here.
        if attempt < known.attempt {
            return;
        }
        match event {
            TaskEvent::Deployed { .. } => {
                *known = Subtask { state: "deployed", attempt, ..Subtask::default() };
                layout.inputs(task).for_each(|channel| drop(self.channels.remove(&channel)));
            }
            TaskEvent::Initialized { .. } => known.state = "initialized",
            TaskEvent::Running => known.state = "running",
            TaskEvent::DataEnded => known.state = "at the end of its data",
            TaskEvent::Ended { how } => {
                *known = Subtask { state: "ended", attempt, ..Subtask::default() };
                known.state = match how {
                    crate::trace::EndOfTask::Finished => "finished",
                    crate::trace::EndOfTask::Canceled => "canceled",
                    crate::trace::EndOfTask::Failed => "failed",
                };
            }
            TaskEvent::RecordRead { .. } => known.records += 1,
            TaskEvent::RecordTaken { channel, origin } => {
                known.records += 1;
                take(self.channels.entry(*channel).or_default(), Element::Record(*origin));
            }
            TaskEvent::RecordSent { channel, origin } => {
                self.channels.entry(*channel).or_default().push_back(Element::Record(*origin));
            }
            TaskEvent::InFlightRestored { channel, origins, .. } => {
                let records = origins.iter().copied().map(Element::Record);
                self.channels.entry(*channel).or_default().extend(records);
            }
            TaskEvent::BarrierEmitted { checkpoint } => {
                for channel in layout.outputs(task) {
                    let elements = self.channels.entry(channel).or_default();
                    elements.push_back(Element::Barrier(*checkpoint));
                }
            }
            TaskEvent::BarrierArrived { channel, checkpoint, blocked } => {
                if *blocked {
                    known.blocked.insert(*channel, *checkpoint);
                }
                let elements = self.channels.entry(*channel).or_default();
                elements.retain(|element| *element != Element::Barrier(*checkpoint));
            }
            TaskEvent::SnapshotTaken { checkpoint, .. } => {
                known.blocked.clear();
                known.snapshots.insert(*checkpoint);
            }
            TaskEvent::DeclineSent { .. } => known.blocked.clear(),
            TaskEvent::AckSent { checkpoint } => drop(known.snapshots.remove(checkpoint)),
            TaskEvent::AckHandled { checkpoint, verdict: AckVerdict::Accepted } => {
                if let Some(acked) = self.pending.get_mut(&(layout.run, *checkpoint)) {
                    acked.insert(task);
                }
            }
            _ => {}
        }
    }

    fn in_words(&self, told: &Told<'_>) -> String {
        let mut text = String::from("jobs\n");
        for (run, (status, attempt)) in &self.jobs {
            let newest = self.completed.get(run);
            let newest = newest.map_or_else(
                || "no checkpoint yet".to_owned(),
                |checkpoint| format!("newest checkpoint {checkpoint}"),
            );
            let run = told.names.run(*run);
            text.push_str(&format!("  {run}  {status}, attempt {attempt}, {newest}\n"));
        }
        text.push_str("\nsubtasks\n");
        for (task, known) in &self.tasks {
            text.push_str(&subtask_in_words(*task, known, told));
        }
        let full = self.channels.iter().filter(|(_, elements)| !elements.is_empty());
        let full: Vec<String> = full.map(|of| channel_in_words(of, told)).collect();
        if !full.is_empty() {
            text.push_str(&format!(
                "\nchannels, from the element that is taken next\n{}",
                full.concat()
            ));
        }
        if !self.pending.is_empty() {
            text.push_str("\ncheckpoints on their way\n");
        }
        for ((run, checkpoint), acked) in &self.pending {
            let names: Vec<String> = acked.iter().map(|task| told.names.task(*task)).collect();
            let acked = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
            text.push_str(&format!(
                "  {} of {}: acked by {acked}\n",
                checkpoint,
                told.names.run(*run)
            ));
        }
        if !self.transactions.is_empty() {
            text.push_str("\ntransactions\n");
        }
        for ((sink, id), state) in &self.transactions {
            text.push_str(&format!("  {sink}  {id} {state}\n"));
        }
        text
    }
}

fn subtask_in_words(task: TaskId, known: &Subtask, told: &Told<'_>) -> String {
    let Subtask { state, attempt, records, blocked, snapshots } = known;
    let name = told.names.task(task);
    let mut text = format!("  {name}  {state}, attempt {attempt}, {records} records in");
    for (channel, checkpoint) in blocked {
        text.push_str(&format!("; {} is held back for {checkpoint}", told.names.sender(*channel)));
    }
    for checkpoint in snapshots {
        text.push_str(&format!("; writes snapshot {checkpoint}"));
    }
    text.push('\n');
    text
}

fn channel_in_words(
    (channel, elements): (&ChannelId, &VecDeque<Element>),
    told: &Told<'_>,
) -> String {
    let word = |element: &Element| match element {
        Element::Record(origin) => told.names.place(*origin),
        Element::Barrier(checkpoint) => format!("barrier {checkpoint}"),
    };
    let shown: Vec<String> = elements.iter().take(SHOWN).map(word).collect();
    let more = elements.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", … {more} more") } else { String::new() };
    let (from, to) = (told.names.sender(*channel), told.names.receiver(*channel));
    format!("  {from} to {to}: {}{more}\n", shown.join(", "))
}

/// Takes an element, and what was lost before it.
fn take(elements: &mut VecDeque<Element>, element: Element) {
    if let Some(place) = elements.iter().position(|other| *other == element) {
        elements.remove(place);
    }
}
