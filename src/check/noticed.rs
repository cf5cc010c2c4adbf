//! What Flink breaks by design, or a user by what they asked for: no check is broken by it, and nobody should have to find it
//! out alone.

use super::graph::upstream;
use super::history::{CheckpointStory, Next, Progress, RunStory, sources_of};
use super::observer::End;
use super::past::Past;
use crate::job::{EventTime, InputId, LocalTaskId, OperatorIndex, Origin, RunId, TaskId};
use crate::operator::{InputLog, Position};
use crate::trace::{
    CheckpointEvent, Entry, JobEvent, JobStatus, SnapshotSource, StateKind, StateUnit, TaskEvent,
    TraceEvent,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many names a line tells before it only counts them.
const NAMED_MAX: usize = 3;

/// What was noticed so far in a world.
#[derive(Clone, Debug, Default)]
pub(super) struct Noticed {
    /// By run, the records that came too late.
    late: BTreeMap<RunId, BTreeSet<Origin>>,
    /// By run, those of them that were read again and did not come too late again.
    taken_in: BTreeMap<RunId, BTreeSet<Origin>>,
    /// By union state: how many items the first restore found, and the last.
    unions: BTreeMap<StateUnit, (u64, u64)>,
    /// Of which subtasks event time came to its end before their input did.
    ended_early: BTreeSet<TaskId>,
    lines: BTreeSet<String>,
}

impl Noticed {
    /// Takes in what happened. The history knows it already.
    #[expect(clippy::wildcard_enum_match_arm, reason = "little of what happens is worth a word")]
    pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>) {
        match &entry.event {
            TraceEvent::Task(task, _, TaskEvent::LateDropped { origin, .. }) => {
                let run = past.history.run_of(*task);
                self.late.entry(run).or_default().insert(*origin);
                self.taken_in.entry(run).or_default().remove(origin);
            }
            TraceEvent::Job(run, JobEvent::AttemptStarted { .. })
            | TraceEvent::Job(run, JobEvent::RegionRestarted { .. })
                if !self.late.is_empty() =>
            {
                self.go_back(*run, past);
            }
            TraceEvent::Checkpoint(_, _, CheckpointEvent::RestoreMapped { report, .. }) => {
                for sum in report.snapshot.iter().filter(|sum| sum.unit.kind == StateKind::Union) {
                    let first = (sum.entries, sum.entries);
                    self.unions.entry(sum.unit.clone()).or_insert(first).1 = sum.entries;
                }
            }
            TraceEvent::Job(run, JobEvent::Submitted { from: Some(SnapshotSource::Files(_)) }) => {
                self.look_for_inputs_gone(*run, past);
            }
            TraceEvent::Task(_, _, TaskEvent::Initialized { restored: Some(_), .. }) => {
                self.look_for_the_empty_handed(entry, past);
            }
            TraceEvent::Task(task, _, TaskEvent::WatermarkEmitted { watermark })
                if *watermark == EventTime::MAX =>
            {
                self.look_for_an_end_of_time(*task, past);
            }
            _ => {}
        }
    }

    /// A run goes back to a cut: records behind it that were late will be read again.
    fn go_back(&mut self, run: RunId, past: Past<'_>) {
        let Some(story) = past.run(run) else { return };
        let parent = past.parent_of(story).map(|(parent, _)| parent.layout.run);
        let late = [Some(run), parent].into_iter().flatten().filter_map(|run| self.late.get(&run));
        let late: Vec<Origin> = late.flatten().copied().collect();
        if late.is_empty() {
            return;
        }
        let restored = story.restored.and_then(|id| past.history.restored_story(run, id));
        let again = late.into_iter().filter(|origin| {
            restored.is_none_or(|(taker, cut)| !is_before(*origin, taker, cut, past))
        });
        let again: Vec<Origin> = again.collect();
        self.taken_in.entry(run).or_default().extend(again);
    }

    /// A run goes on from another process: of which inputs there are positions that it cannot read, as it has no such inputs.
    fn look_for_inputs_gone(&mut self, run: RunId, past: Past<'_>) {
        let stored = past.setup.file.iter().flat_map(|file| file.state.operators());
        for state in stored {
            let mut gone: BTreeSet<Arc<str>> = BTreeSet::new();
            for list in state.snapshots().flat_map(|snapshot| snapshot.lists.values()) {
                let logs = list.items.iter().filter_map(Position::of_row).map(|at| at.log);
                gone.extend(logs.filter(|log| {
                    !past.setup.scenario.inputs.iter().any(|input| *input.name == **log)
                }));
            }
            for log in gone {
                self.lines.insert(format!(
                    "run {} goes on from positions of `{}` in `{log}`, which is no input any more",
                    run.index(),
                    state.name
                ));
            }
        }
    }

    /// A restore is complete: who of an operator with items to be dealt out was given none.
    fn look_for_the_empty_handed(&mut self, entry: &Entry, past: Past<'_>) {
        let Some((run, restore)) = past.history.arrived_at(entry) else { return };
        let plan = &run.layout.plan;
        for unit in restore.report.mapped.iter().filter(|unit| unit.kind == StateKind::Split) {
            let Some(at) = plan.operator_with_id(unit.operator) else { continue };
            let node = &plan.graph.operators[at.index()];
            let stored = restore.report.snapshot.iter().find(|sum| sum.unit == *unit);
            if node.is_source() || node.is_sink() || stored.is_none_or(|sum| sum.entries == 0) {
                continue;
            }
            let has_none = |task: &LocalTaskId| {
                let arrived = restore.arrived[task.index()].as_ref();
                arrived.is_some_and(|held| {
                    !held.iter().any(|sum| sum.unit == *unit && sum.entries > 0)
                })
            };
            let tasks = plan.tasks_of(plan.vertex_of(at)).filter(has_none);
            let names = tasks.map(|task| run.layout.task_name(run.layout.task(task)));
            let names: Vec<String> = names.map(|name| name.to_string()).collect();
            if !names.is_empty() {
                self.lines.insert(format!(
                    "{} was restored, and of its state `{}` nothing was given to {}",
                    run.layout.label,
                    unit.name,
                    named(&names)
                ));
            }
        }
    }

    /// Event time came to its end at a task: whether something that it reads goes on.
    fn look_for_an_end_of_time(&mut self, task: TaskId, past: Past<'_>) {
        let Some(run) = past.run(past.history.run_of(task)) else { return };
        let plan = &run.layout.plan;
        let vertex = &plan.vertices[run.layout.plan_task(task).vertex.index()];
        let Some(head) = vertex.operators.first() else { return };
        let goes_on = upstream(&plan.graph, head.index()).into_iter().find(|place| {
            let is_source = plan.graph.operators[*place].is_source() && *place != head.index();
            let vertex = plan.vertex_of(OperatorIndex::new(*place));
            is_source
                && plan.tasks_of(vertex).any(|task| run.progress[task.index()] == Progress::Live)
        });
        if let Some(source) = goes_on
            && self.ended_early.insert(task)
        {
            let (task, source) = (run.layout.task_name(task), &plan.graph.operators[source].name);
            self.lines.insert(format!(
                "event time came to its end at {task} of {} while `{source}` goes on: whatever it reads from now on is late",
                run.layout.label
            ));
        }
    }

    /// All that was noticed, a line each.
    pub(super) fn finish(mut self, end: &End<'_>) -> Vec<String> {
        for (run, origins) in &self.taken_in {
            let Some(story) = end.past.run(*run) else { continue };
            let was_read = |origin: &&Origin| {
                story.status == JobStatus::Finished
                    || story
                        .last_completed()
                        .is_some_and(|cut| is_before(**origin, story, cut, end.past))
            };
            let names: Vec<String> = origins
                .iter()
                .filter(was_read)
                .map(|origin| end.past.setup.origin_name(*origin))
                .collect();
            if !names.is_empty() {
                self.lines.insert(format!(
                    "{}: {} came too late before a restore and was taken in after it: no watermark is in a snapshot",
                    story.layout.label,
                    named(&names)
                ));
            }
        }
        let grown = self.unions.iter().filter(|(_, (first, last))| *first > 0 && last / first > 1);
        for (unit, (first, last)) in grown {
            let runs = end.past.history.runs.iter().flatten();
            let name = runs.filter_map(|run| run.layout.plan.node_with_id(unit.operator)).next();
            let name = name.map_or("?", |node| node.name.as_str());
            self.lines.insert(format!(
                "union state `{name}.{}` is {} times what it was at its first restore, {last} items: each subtask keeps what all had",
                unit.name,
                last / first
            ));
        }
        for run in end.past.history.runs.iter().flatten() {
            self.lines.extend(rewound(end, run));
        }
        self.lines.into_iter().collect()
    }
}

/// What a user went back behind by starting a run where they did.
fn rewound(end: &End<'_>, run: &RunStory) -> Vec<String> {
    let Some((parent, start)) = end.past.parent_of(run) else { return Vec::new() };
    let newer = parent.last_completed().filter(|newest| newest.checkpoint > start);
    let Some(newer) = newer else { return Vec::new() };
    let (label, from) = (&run.layout.label, &parent.layout.label);
    let mut lines = vec![format!(
        "{label} was started from snapshot {start} of {from}, which had completed {} by the end",
        newer.checkpoint
    )];
    let sinks = run.layout.plan.graph.operators.iter().enumerate();
    for (sink, node) in sinks.filter(|(_, node)| node.is_sink()) {
        let keys = end.outputs.job_key(run).zip(end.outputs.job_key(parent));
        let Some(((own, theirs), external)) = keys.zip(end.outputs.external(run, sink)) else {
            continue;
        };
        let of = |key: u64| external.committed.iter().filter(move |row| row.job == key);
        let before: BTreeSet<Origin> = of(theirs).map(|row| row.origin).collect();
        let twice = of(own).filter(|row| before.contains(&row.origin)).count();
        if twice > 0 {
            lines.push(format!(
                "{twice} rows of `{}` are there twice: {label} began before the end of {from}",
                node.name
            ));
        }
    }
    lines
}

/// Whether a record had been read at a cut.
fn is_before(origin: Origin, taker: &RunStory, cut: &CheckpointStory, past: Past<'_>) -> bool {
    let plan = &taker.layout.plan;
    let cut = taker.cut(cut);
    let input = InputId::new(origin.input.into());
    sources_of(plan).any(|source| {
        past.setup.log(plan, source).id() == input
            && cut.of_source(plan.operator_ids[source.index()]).is_some_and(|stand| {
                stand.of((input, origin.partition)) > Next::Entry(origin.offset)
            })
    })
}

/// The first few names, and how many more there are.
fn named(names: &[String]) -> String {
    let shown = names.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
