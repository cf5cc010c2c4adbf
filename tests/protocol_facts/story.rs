//! What happened in a world, in the words of the recording.

use sandbar::SimTime;
use sandbar::events::{
    At, Call, CheckpointEvent, Entry, JobEvent, JobStatus, Outcome, RunId, TaskEvent, TraceEvent,
    WorldEvent,
};
use sandbar::internals::{Layouts, RunLayout};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// One job of a world that was played.
pub(crate) struct Story {
    pub(crate) layouts: Layouts,
    pub(crate) entries: Vec<Entry>,
    pub(crate) outcome: Outcome,
    pub(crate) run: RunId,
    /// Steps that ask for a checkpoint, a savepoint or a stop.
    pub(crate) requests: Vec<usize>,
    /// The labels of the steps.
    pub(crate) labels: Vec<Option<String>>,
    /// Ids of completed checkpoints and savepoints, in order.
    pub(crate) completed: Vec<u64>,
}

/// One call of an operator: when, of which operator, in words.
struct Called {
    at: SimTime,
    operator: String,
    words: String,
}

impl Story {
    pub(crate) fn refusal(&self, step: usize) -> Option<String> {
        let step = u32::try_from(step).expect("few steps");
        self.outcome.refusal(At::Step(step)).map(str::to_owned)
    }

    pub(crate) fn status(&self) -> String {
        let job = &self.outcome.jobs[self.run.index()];
        job.status.map_or_else(|| "refused".to_owned(), |status| status.to_string())
    }

    fn statuses(&self) -> impl Iterator<Item = JobStatus> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            TraceEvent::Job(run, JobEvent::StatusChanged { status }) if *run == self.run => {
                Some(*status)
            }
            _ => None,
        })
    }

    pub(crate) fn was_canceled_in_the_end(&self) -> bool {
        self.statuses().last() == Some(JobStatus::Canceled)
    }

    pub(crate) fn status_before_cancel(&self) -> String {
        let before = self.statuses().take_while(|status| *status != JobStatus::Canceling);
        before.last().expect("a job has a status").to_string()
    }

    pub(crate) fn restarts(&self) -> u64 {
        u64::try_from(self.statuses().filter(|s| *s == JobStatus::Restarting).count()).expect("few")
    }

    pub(crate) fn retained(&self) -> Vec<u64> {
        self.outcome.jobs[self.run.index()].retained.iter().map(|id| id.number()).collect()
    }

    pub(crate) fn id_of_label(&self, wanted: &str) -> Option<u64> {
        let stored = self.entries.iter().find_map(|entry| match &entry.event {
            TraceEvent::Checkpoint(
                _,
                checkpoint,
                CheckpointEvent::SavepointStored { label, .. },
            ) if **label == *wanted => Some(checkpoint.number()),
            _ => None,
        });
        // Checkpoints that were asked for are completed in the order in which they were asked for.
        stored.or_else(|| {
            let checkpoints: Vec<u64> =
                self.entries.iter().filter_map(completed_checkpoint).collect();
            let is_checkpoint =
                |label: &&Option<String>| label.as_deref().is_some_and(|l| !self.is_stored(l));
            let place = self.labels.iter().filter(is_checkpoint);
            let place = place.into_iter().position(|label| label.as_deref() == Some(wanted))?;
            // The first one is the automatic one.
            checkpoints.get(place + 1).copied()
        })
    }

    fn is_stored(&self, wanted: &str) -> bool {
        self.entries.iter().any(|entry| {
            matches!(&entry.event, TraceEvent::Checkpoint(.., CheckpointEvent::SavepointStored { label, .. }) if **label == *wanted)
        })
    }

    /// When each request was answered, as `1:cp ok`, in order; those until a time apart, too.
    pub(crate) fn order_of_answers(
        &self,
        operations: &[String],
        until: u64,
    ) -> (Vec<String>, Vec<String>) {
        let mut answers = Vec::new();
        for (number, operation) in operations.iter().enumerate() {
            let step = u32::try_from(number + 1).expect("a few steps");
            let label = format!("r{number}");
            let refused = self.entries.iter().find(
                |entry| matches!(&entry.event, TraceEvent::World(WorldEvent::StepRefused { step: s, .. }) if *s == step),
            );
            let (entry, how) = match refused {
                Some(entry) => (Some(entry), "failed"),
                None => (self.done(operation, &label), "ok"),
            };
            let Some(entry) = entry else { continue };
            answers.push((entry.number, entry.at, format!("{}:{operation} {how}", number + 1)));
        }
        answers.sort();
        let until = SimTime::from_millis(until);
        let early = answers.iter().filter(|(_, at, _)| *at < until).map(|(_, _, a)| a.clone());
        let early = early.collect();
        (answers.into_iter().map(|(_, _, answer)| answer).collect(), early)
    }

    /// The entry with which a request was done: a stop, when the job had finished.
    fn done(&self, operation: &str, label: &str) -> Option<&Entry> {
        let id = self.id_of_label(label);
        self.entries.iter().find(|entry| match &entry.event {
            TraceEvent::Job(.., JobEvent::StatusChanged { status: JobStatus::Finished, .. }) => {
                operation == "stop"
            }
            TraceEvent::Checkpoint(_, checkpoint, CheckpointEvent::Completed { .. }) => {
                operation != "stop" && id == Some(checkpoint.number())
            }
            _ => false,
        })
    }

    fn called(&self) -> Vec<Called> {
        let layout = &self.layouts[self.run];
        let called = self.entries.iter().filter_map(|entry| match &entry.event {
            TraceEvent::Task(task, _, TaskEvent::Callback { operator, call, checkpoint })
                if layout.has_task(*task) && is_recorded(layout, *operator, *call) =>
            {
                let place = layout.plan.operator_ids.iter().position(|id| id == operator);
                let node = &layout.plan.graph.operators[place.expect("an operator of the plan")];
                let is_source = node.is_source();
                let words = words(*call, checkpoint.map(|id| id.number()), is_source);
                Some(Called { at: entry.at, operator: node.name.clone(), words })
            }
            _ => None,
        });
        let mut called: Vec<Called> = called.collect();
        // What was thrown is named after the call before it.
        for place in 1..called.len() {
            if called[place].words == "throw" {
                let before = called[..place].iter().rev();
                let mut before = before.filter(|c| c.operator == called[place].operator);
                let call = before.next().map_or(String::new(), |c| c.words.clone());
                let call = call.split(' ').next().unwrap_or_default().to_owned();
                let in_call =
                    ["snapshotState", "notifyCheckpointComplete", "notifyCheckpointAborted"];
                let is_now = in_call.contains(&call.as_str())
                    && called[..place].last().is_some_and(|c| c.operator == called[place].operator)
                    && called[place - 1].at == called[place].at;
                let call = if is_now { call } else { "processElement".to_owned() };
                called[place].words = format!("throw in {call}");
            }
        }
        called
    }

    /// The calls of each operator, in order; each with its place among all.
    pub(crate) fn calls(&self) -> BTreeMap<String, Vec<String>> {
        by_operator(self.called().into_iter(), self)
    }

    /// The calls between two times, and those after the second.
    pub(crate) fn calls_around(
        &self,
        from: u64,
        to: u64,
    ) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, Vec<String>>) {
        let (from, to) = (SimTime::from_millis(from), SimTime::from_millis(to));
        let before = self.called().into_iter().filter(|call| call.at >= from && call.at < to);
        let before = by_operator(before, self);
        (before, by_operator(self.called().into_iter().filter(|call| call.at >= to), self))
    }
}

fn completed_checkpoint(entry: &Entry) -> Option<u64> {
    match &entry.event {
        TraceEvent::Checkpoint(
            _,
            checkpoint,
            CheckpointEvent::Completed {
                kind: sandbar::events::CheckpointKind::Checkpoint, ..
            },
        ) => Some(checkpoint.number()),
        _ => None,
    }
}

/// All calls of a chain stand under the names of its operators joined, each with its operator in front.
fn by_operator(
    called: impl Iterator<Item = Called>,
    story: &Story,
) -> BTreeMap<String, Vec<String>> {
    let plan = &story.layouts[story.run].plan;
    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for vertex in &plan.vertices {
        let names = vertex.operators.iter().map(|o| plan.graph.operators[o.index()].name.clone());
        let names: Vec<String> = names.filter(|name| !name.starts_with("sink")).collect();
        if !names.is_empty() {
            calls.insert(names.join("+"), Vec::new());
        }
    }
    for call in called {
        let of = calls.iter_mut().find(|(chain, _)| chain.split('+').any(|n| n == call.operator));
        if let Some((_, calls)) = of {
            let name = if call.operator == "srcY" { "src" } else { &call.operator };
            calls.push(format!("{name}[0] {}", call.words));
        }
    }
    calls
}

/// Which chains there are, each as the names of its operators.
pub(crate) fn chains(calls: &BTreeMap<String, Vec<String>>) -> Vec<Vec<String>> {
    calls.keys().map(|chain| chain.split('+').map(str::to_owned).collect()).collect()
}

/// The calls of one chain.
pub(crate) fn calls_of_chain(
    calls: &BTreeMap<String, Vec<String>>,
    chain: &[String],
) -> Vec<String> {
    calls.get(&chain.join("+")).cloned().unwrap_or_default()
}

/// The calls of a chain in a recording.
pub(crate) fn calls_of_row(events: &[Json], chain: &[String]) -> Vec<String> {
    let events = events.iter().map(|event| event.as_str().expect("an event is text"));
    let of_chain =
        |event: &&str| chain.iter().any(|name| event.split('[').next() == Some(name.as_str()));
    events.filter(of_chain).map(without_counts).collect()
}

/// Where a source stood and how much state there was is a matter of timing.
fn without_counts(event: &str) -> String {
    let words = event.split(' ').filter(|word| {
        !word.starts_with("list=") && !word.starts_with("n=") && !word.starts_with("n>")
    });
    let words: Vec<&str> = words.filter(|word| *word != "cp=none").collect();
    words.join(" ")
}

/// Sinks told nothing, and sources only the calls of their function.
fn is_recorded(layout: &RunLayout, operator: sandbar::events::OperatorId, call: Call) -> bool {
    let place = layout.plan.operator_ids.iter().position(|id| *id == operator);
    let node = &layout.plan.graph.operators[place.expect("an operator of the plan")];
    let is_of_function = matches!(
        call,
        Call::InitializeState
            | Call::Cancel
            | Call::SnapshotState
            | Call::NotifyCheckpointComplete
            | Call::NotifyCheckpointAborted
            | Call::Close
    );
    !node.is_sink() && (!node.is_source() || is_of_function)
}

fn words(call: Call, checkpoint: Option<u64>, is_source: bool) -> String {
    let about = call.about(checkpoint.map(sandbar::operators::CheckpointId::new));
    if is_source { about.replace("initializeState ", "") } else { about }
}

/// Takes out of both what timing decides.
///
/// 1. Which automatic checkpoint still falls into the recording: calls about ids that only one of them speaks of, and newer
///    than all of the other. 2. Whether a task that is canceled has been told before that its checkpoint is off.
pub(crate) fn settle(recorded: Vec<String>, played: Vec<String>) -> (Vec<String>, Vec<String>) {
    let newest = |calls: &[String]| calls.iter().filter_map(|call| id_of(call)).max().unwrap_or(0);
    let most = newest(&recorded).min(newest(&played));
    let is_common = |call: &String| id_of(call).is_none_or(|id| id <= most);
    let aborts = |calls: &[String]| calls.iter().filter(|call| call.contains("Aborted")).count();
    let may_miss =
        aborts(&recorded) == 0 && recorded.iter().any(|call| call.contains("isRestored=true"));
    let keep = |call: &String| is_common(call) && !(may_miss && call.contains("Aborted"));
    let settled = |calls: Vec<String>| calls.into_iter().filter(keep).collect();
    (settled(recorded), settled(played))
}

/// The checkpoint that a call is about.
fn id_of(call: &str) -> Option<u64> {
    if call.contains("isRestored") { None } else { call.rsplit(' ').next()?.parse().ok() }
}

/// The calls without the ids they are about.
pub(crate) fn without_ids(calls: Vec<String>) -> Vec<String> {
    let without = |call: String| {
        let words = call.split(' ').filter(|w| w.parse::<u64>().is_err() && !w.starts_with("cp="));
        words.collect::<Vec<_>>().join(" ")
    };
    calls.into_iter().map(without).collect()
}

/// Puts savepoints that follow one another in order of their requests.
pub(crate) fn with_savepoints_sorted(answers: Vec<String>) -> Vec<String> {
    let mut sorted = answers;
    let is_savepoint = |answer: &String| answer.contains(":sp ");
    let mut start = 0;
    while start < sorted.len() {
        let length = sorted[start..].iter().take_while(|answer| is_savepoint(answer)).count();
        sorted[start..start + length].sort();
        start += length.max(1);
    }
    sorted
}
