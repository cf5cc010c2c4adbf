//! Time fidelity, as it is told: no watermark runs ahead of the slowest input, none leaves before what it made due, and no
//! record is given up that cannot be late.
//!
//! What windows wrote in the end is judged in `windows`.

use super::Check;
use super::history::{History, Progress};
use super::violation::Violation;
use super::windows::can_be_late;
use crate::job::{Attempt, EventTime, OperatorId, RunId, TaskId, WatermarkStatus};
use crate::scenario::Scenario;
use crate::trace::{CheckName, Entry, TaskEvent, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};

/// What an attempt of a task has told of time.
#[derive(Clone, Copy, Debug)]
struct Told {
    watermark: EventTime,
    /// From then on nobody waits for it until it has caught up, of which no event tells.
    was_idle: bool,
}

impl Told {
    const NOTHING: Self = Self { watermark: EventTime::MIN, was_idle: false };
}

/// Follows the watermarks of all tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct TimeCheck {
    told: BTreeMap<(TaskId, Attempt), Told>,
    /// Operators that gave up records.
    pub(super) late: BTreeSet<(RunId, OperatorId)>,
    /// Whether any timer of virtual time has fired.
    pub(super) has_ticked: bool,
}

impl TimeCheck {
    /// Whether any watermark was told.
    pub(super) fn has_time(&self) -> bool {
        !self.told.is_empty()
    }

    /// Takes in what happened. `history` knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not of time")]
    pub(super) fn observe(
        &mut self,
        entry: &Entry,
        history: &History,
        scenario: &Scenario,
        found: &mut Check,
    ) {
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
            TraceEvent::Task(task, attempt, TaskEvent::TimersFired { watermark, timers, .. }) => {
                self.has_ticked |= watermark.is_none();
                let told = self.told_by(*task, *attempt).watermark;
                if let Some(watermark) = watermark.filter(|watermark| told >= *watermark) {
                    add(format!("watermark {watermark} was sent on before {timers} timers fired"));
                }
            }
            TraceEvent::Task(
                task,
                _,
                TaskEvent::LateDropped { operator, timestamp, watermark, .. },
            ) => {
                let run = history.run_of(*task);
                self.late.insert((run, *operator));
                let Some(story) = history.run(run) else { return };
                let graph = &story.layout.plan.graph;
                let place = story.layout.plan.operator_with_id(*operator);
                if let Some(place) = place.filter(|at| !can_be_late(scenario, graph, at.index())) {
                    let name = &graph.operators[place.index()].name;
                    add(format!(
                        "{name} gave up a record of {timestamp} at watermark {watermark}, though none can be late"
                    ));
                }
            }
            _ => {}
        }
    }

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
