//! Time fidelity: no watermark runs ahead of the slowest input, none leaves before what it made due, nothing fires before it
//! is due, no record is given up that cannot be late, and windows hold their records until they are over and no longer.

use super::{End, Findings, Observer, Past, Subjects, Violation};
use crate::check::history::{History, Progress};
use crate::check::lateness::can_be_late;
use crate::check::output::{RunOutput, handover, windows};
use crate::job::{
    Attempt, CheckpointId, EventTime, InputId, OperatorId, Reader, RunId, TaskId, WatermarkStatus,
    WindowTime,
};
use crate::kernel::SimTime;
use crate::operator::InputLog;
use crate::trace::{CheckName, Entry, SourcePosition, TaskEvent, TraceEvent, WindowsHeld};
use std::collections::{BTreeMap, BTreeSet};

/// What an attempt of a task has told of time.
#[derive(Clone, Copy, Debug)]
struct Told {
    watermark: EventTime,
    /// From then on nobody waits for it until it has caught up, of which no event tells.
    was_idle: bool,
    /// No more data comes, and event time is over.
    has_ended: bool,
}

impl Told {
    const NOTHING: Self = Self { watermark: EventTime::MIN, was_idle: false, has_ended: false };
}

/// Follows the watermarks of all tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct TimeFidelity {
    told: BTreeMap<(TaskId, Attempt), Told>,
    /// Runs that gave up records.
    late: BTreeSet<RunId>,
}

impl Observer for TimeFidelity {
    const LOOKS_AT: Subjects = Subjects::TASKS;

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of time")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let history = past.history;
        let mut add = |text| found.add(Violation::at_entry(CheckName::TimeFidelity, entry, text));
        match &entry.event {
            TraceEvent::Task(task, attempt, TaskEvent::WatermarkEmitted { watermark }) => {
                if let Some(text) = self.ahead(*task, *attempt, *watermark, history) {
                    add(text);
                }
                let told = self.told_by(*task, *attempt);
                if *watermark <= told.watermark {
                    add(format!("watermark {watermark} follows {}", told.watermark));
                }
                told.watermark = *watermark;
            }
            TraceEvent::Task(task, attempt, TaskEvent::WatermarkStatusChanged { status }) => {
                self.told_by(*task, *attempt).was_idle |= *status == WatermarkStatus::Idle;
            }
            TraceEvent::Task(
                task,
                attempt,
                TaskEvent::TimersFired { operator, watermark, timers, last },
            ) => {
                if let Some(due) = too_early(*watermark, *last, entry.at) {
                    let name = name_of(*task, *operator, history);
                    add(format!("a timer of {name} for {last} fired at {due}"));
                }
                let told = self.told_by(*task, *attempt).watermark;
                if let Some(watermark) = watermark.filter(|watermark| told >= *watermark) {
                    add(format!("watermark {watermark} was sent on before {timers} timers fired"));
                }
            }
            TraceEvent::Task(task, attempt, TaskEvent::DataEnded) => {
                self.told_by(*task, *attempt).has_ended = true;
            }
            TraceEvent::Task(
                task,
                attempt,
                TaskEvent::SnapshotTaken { windows, checkpoint, .. },
            ) => {
                let told = self.told.get(&(*task, *attempt)).copied().unwrap_or(Told::NOTHING);
                ahead_of_partition((*task, *attempt), *checkpoint, told, past)
                    .into_iter()
                    .for_each(&mut add);
                let held =
                    windows.iter().filter_map(|held| wrongly_held(held, told, *task, history));
                held.for_each(|text| {
                    add(format!("{text} in the snapshot of checkpoint {checkpoint}"))
                });
            }
            TraceEvent::Task(
                task,
                _,
                TaskEvent::LateDropped { operator, timestamp, watermark, .. },
            ) => {
                self.late.insert(history.run_of(*task));
                given_up_in_error((*task, *operator), (*timestamp, *watermark), past)
                    .into_iter()
                    .for_each(&mut add);
            }
            _ => {}
        }
    }

    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        if !end.past.setup.with_output || !end.past.history.has_windows() {
            return;
        }
        for RunOutput { run, demands, .. } in &end.outputs.expected().runs {
            if end.outputs.reference(run).is_none() || !handover::is_comparable(end.past, run) {
                continue;
            }
            for demand in demands {
                let gave_up = |run| self.late.contains(&run);
                let compared = windows::compare(&end.outputs, run, demand, gave_up);
                let Some((how, compared)) = compared else { continue };
                found.coverage.windows_compared = 1;
                // What was compared window by window needs no other way.
                let sink = run.layout.plan.graph.operators[demand.sink].name.clone();
                let known = found.sinks.entry(sink).or_insert(how.clone());
                *known = how.max(known.clone());
                if let Err(text) = compared {
                    let name = &run.layout.plan.graph.operators[demand.sink].name;
                    let text = format!("{name} of {}: {text}", run.layout.label);
                    found.add(end.violation(CheckName::TimeFidelity, text));
                }
            }
        }
    }
}

impl TimeFidelity {
    fn told_by(&mut self, task: TaskId, attempt: Attempt) -> &mut Told {
        self.told.entry((task, attempt)).or_insert(Told::NOTHING)
    }

    /// Whether a watermark is ahead of a sender that the task has to wait for; in words. How far the senders of an attempt
    /// that is over have come is not known.
    fn ahead(
        &self,
        task: TaskId,
        attempt: Attempt,
        watermark: EventTime,
        history: &History,
    ) -> Option<String> {
        let story = history.run(history.run_of(task))?;
        if !story.is_current(task, attempt) {
            return None;
        }
        let plan = &story.layout.plan;
        let inputs = &story.layout.plan_task(task).inputs;
        inputs.iter().find_map(|channel| {
            let sender = plan.channel(*channel).from;
            let has_ended = story.progress[sender.index()] != Progress::Live;
            let sender = story.layout.task(sender);
            let told = self.told.get(&(sender, attempt)).copied().unwrap_or(Told::NOTHING);
            let is_waited_for = !told.was_idle && !has_ended;
            (is_waited_for && told.watermark < watermark).then(|| {
                let (task, sender) = (story.layout.task_name(task), story.layout.task_name(sender));
                format!(
                    "{task} tells watermark {watermark}, but {sender} has come to {} only",
                    told.watermark
                )
            })
        })
    }
}

/// Whether a source has told more than the slowest of its partitions allows, at a barrier, in words. Who is given splits may
/// be given an older one later, who falls idle is not waited for, and a drain ends event time before the data.
fn ahead_of_partition(
    (task, attempt): (TaskId, Attempt),
    checkpoint: CheckpointId,
    told: Told,
    past: Past<'_>,
) -> Option<String> {
    let story = past.run(past.history.run_of(task)).filter(|_| told.watermark > EventTime::MIN)?;
    let plan = &story.layout.plan;
    let source = *plan.vertices[story.layout.plan_task(task).vertex.index()].operators.first()?;
    let node = &plan.graph.operators[source.index()];
    let time = node.options.time.filter(|time| time.idle_after.is_none())?;
    let column = usize::from(time.column?);
    let is_fixed = node.is_source() && node.options.reader == Reader::Fixed;
    let taken = story.story(checkpoint).filter(|_| is_fixed && story.is_current(task, attempt))?;
    if taken.ends_time || story.has_ended_time {
        return None;
    }
    let (_, positions) = taken.positions.iter().find(|(other, _)| *other == task)?;
    let log = |input: InputId| &past.setup.inputs[input.index()];
    let latest = |at: &SourcePosition| {
        let entries = (0..at.next).filter_map(|offset| log(at.input).entry(at.partition, offset));
        let times = entries.filter_map(|entry| entry.as_row()?.get(column)?.as_int());
        times.max().map_or(EventTime::MIN, EventTime::from_millis)
    };
    let open = positions.iter().filter(|at| at.next < log(at.input).length(at.partition));
    let slowest = open.map(|at| (time.watermark(latest(at)), at.partition)).min()?;
    let (most, partition) = slowest;
    (told.watermark > most).then(|| {
        format!(
            "{} tells watermark {}, and its partition {partition} has come to {most} only",
            story.layout.task_name(task),
            told.watermark
        )
    })
}

/// What time it was, in words, if a timer fired before its own. Timers of event time are in milliseconds, those of virtual time
/// in nanoseconds.
fn too_early(watermark: Option<EventTime>, last: i64, now: SimTime) -> Option<String> {
    match watermark {
        Some(watermark) => (last > watermark.millis()).then(|| format!("watermark {watermark}")),
        None => {
            let is_early = u64::try_from(last).is_ok_and(|last| last > now.nanos());
            is_early.then(|| now.to_string())
        }
    }
}

/// What is wrong with it that an operator gave a record up: none can be late there, or its window took it in.
fn given_up_in_error(
    (task, operator): (TaskId, OperatorId),
    (timestamp, watermark): (EventTime, EventTime),
    past: Past<'_>,
) -> Option<String> {
    let story = past.history.run(past.history.run_of(task))?;
    let graph = &story.layout.plan.graph;
    let place = story.layout.plan.operator_with_id(operator)?;
    let node = &graph.operators[place.index()];
    if !story.has_ended_time && !can_be_late(&past.setup.scenario, graph, place.index()) {
        let name = &node.name;
        return Some(format!(
            "{name} gave up a record of {timestamp} at watermark {watermark}, though none can be late"
        ));
    }
    let options = node.options.window.filter(|options| options.time == WindowTime::Event)?;
    let is_late = options.windows.is_late(options.windows.start_of(timestamp), watermark);
    (!is_late).then(|| {
        format!(
            "a record of {timestamp} was given up at watermark {watermark}, and its window takes it in"
        )
    })
}

/// What is wrong with the windows that an operator holds: one for which it waits no more, or one that is over.
fn wrongly_held(held: &WindowsHeld, told: Told, task: TaskId, history: &History) -> Option<String> {
    let WindowsHeld { operator, windows, awaited, first } = *held;
    let story = history.run(history.run_of(task))?;
    let options = story.layout.plan.node_with_id(operator)?.options.window?;
    let name = name_of(task, operator, history);
    if windows != awaited {
        return Some(format!("{name} holds {windows} windows and has timers for {awaited}"));
    }
    let over = first.plus_millis(options.windows.lateness());
    let is_over = told.has_ended || over <= told.watermark;
    (options.time == WindowTime::Event && is_over).then(|| {
        let now = if told.has_ended { EventTime::MAX } else { told.watermark };
        format!(
            "{name} holds the window up to {first}, which is over at {over}, at watermark {now}"
        )
    })
}

/// What an operator of a task is called.
fn name_of(task: TaskId, operator: OperatorId, history: &History) -> String {
    let story = history.run(history.run_of(task));
    let node = story.and_then(|story| story.layout.plan.node_with_id(operator));
    node.map_or_else(|| operator.to_string(), |node| node.name.clone())
}
