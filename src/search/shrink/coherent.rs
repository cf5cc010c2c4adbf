//! Keeps a story whole from which something was taken: what names a thing that is gone goes, too.

use crate::scenario::{
    Action, DisturbedWrite, Expect, FileAction, Milestone, Scenario, Step, TaskName, Trigger,
};
use std::collections::{BTreeMap, BTreeSet};

/// A name in a step.
pub(super) enum Named<'s> {
    /// A job.
    Job(&'s mut String),
    /// A task.
    Task(&'s mut TaskName),
    /// A snapshot that the step needs: a label, or `JOB@3`.
    Snapshot(&'s mut String),
}

/// Shows each name of a step, less the label that it gives.
pub(super) fn names(step: &mut Step, see: &mut dyn FnMut(Named<'_>)) {
    if let Trigger::When(milestone, _) = &mut step.trigger {
        match milestone {
            Milestone::Triggered { job, .. }
            | Milestone::MetadataWritten { job, .. }
            | Milestone::PointerStored { job, .. }
            | Milestone::Completed { job, .. }
            | Milestone::Restored { job }
            | Milestone::Status { job, .. } => see(Named::Job(job)),
            Milestone::Snapshot { by, .. }
            | Milestone::Durable { by, .. }
            | Milestone::AckSent { by, .. }
            | Milestone::Acked { by, .. }
            | Milestone::Notified { by, .. }
            | Milestone::DataEnded { by } => see(Named::Task(by)),
            Milestone::Savepoint { label } => see(Named::Snapshot(label)),
        }
    }
    match &mut step.action {
        Action::Run(run) => {
            see(Named::Job(&mut run.job));
            run.from.iter_mut().for_each(|from| see(Named::Snapshot(from)));
        }
        Action::Savepoint(of) => see(Named::Job(&mut of.job)),
        Action::Cancel(of) => see(Named::Job(&mut of.job)),
        Action::Stop(of) => see(Named::Job(&mut of.job)),
        Action::Checkpoint(of) => see(Named::Job(&mut of.job)),
        Action::Fail(failing) => see(Named::Task(&mut failing.task)),
        Action::Block(block) => see(Named::Task(&mut block.task)),
        Action::Unblock(task) | Action::Kill(task) => see(Named::Task(task)),
        Action::Lose(aim) | Action::Delay(aim, _) | Action::Repeat(aim, _) => {
            see(Named::Task(&mut aim.task));
        }
        Action::Storage(failing) => match &mut failing.write {
            DisturbedWrite::State(task) => see(Named::Task(task)),
            DisturbedWrite::Metadata(job)
            | DisturbedWrite::Pointer(job)
            | DisturbedWrite::Folder(job) => see(Named::Job(job)),
        },
        Action::Files(action) => match action {
            FileAction::Move(of) => see(Named::Snapshot(&mut of.savepoint)),
            FileAction::Copy(of) => see(Named::Snapshot(&mut of.savepoint)),
            FileAction::Delete(of) => see(Named::Snapshot(&mut of.savepoint)),
            FileAction::Damage(of) => see(Named::Snapshot(&mut of.savepoint)),
            FileAction::Dispose(of) => see(Named::Snapshot(&mut of.savepoint)),
            FileAction::RewritePaths(of) => see(Named::Snapshot(&mut of.savepoint)),
        },
        Action::KillTaskManager(_)
        | Action::Partition(_)
        | Action::KillJobManager
        | Action::List
        | Action::Upgrade(_) => {}
    }
}

/// What there is that a step can name.
struct There {
    /// By job and operator, how many subtasks.
    tasks: BTreeMap<(String, String), u32>,
    jobs: BTreeSet<String>,
    operators: BTreeSet<String>,
    labels: BTreeSet<String>,
}

impl There {
    fn of(scenario: &Scenario) -> Self {
        let mut tasks = BTreeMap::new();
        for job in &scenario.jobs {
            for node in &job.graph.operators {
                tasks.insert((job.graph.name.clone(), node.name.clone()), node.parallelism);
            }
        }
        let labels = scenario.steps.iter().filter_map(|step| step.action.label());
        Self {
            operators: tasks.keys().map(|(_, operator)| operator.clone()).collect(),
            tasks,
            jobs: scenario.jobs.iter().map(|job| job.graph.name.clone()).collect(),
            labels: labels.map(str::to_owned).collect(),
        }
    }

    /// Whether a task is there. One beyond the last subtask becomes the last.
    fn has_task(&self, task: &mut TaskName) -> bool {
        let Some(parallelism) = self.tasks.get(&(task.job.clone(), task.operator.clone())) else {
            return false;
        };
        task.subtask = task.subtask.min(parallelism.saturating_sub(1));
        true
    }

    fn has_snapshot(&self, pointer: &str) -> bool {
        match pointer.split_once('@') {
            Some((job, _)) => self.jobs.contains(job),
            None => self.labels.contains(pointer),
        }
    }
}

/// Takes out all that cannot be without what was taken out before: steps, jobs that nobody runs, inputs that nobody reads, and
/// what is expected of them.
pub(super) fn tidy(scenario: &mut Scenario) {
    loop {
        let there = There::of(scenario);
        let before = (scenario.steps.len(), scenario.jobs.len());
        scenario.steps.retain_mut(|step| {
            let mut is_whole = true;
            names(step, &mut |name| {
                is_whole &= match name {
                    Named::Job(job) => there.jobs.contains(job),
                    Named::Task(task) => there.has_task(task),
                    Named::Snapshot(pointer) => there.has_snapshot(pointer),
                };
            });
            is_whole
        });
        let mut place = 0;
        let steps = &scenario.steps;
        scenario.jobs.retain(|job| {
            place += 1;
            place == 1 || steps.iter().any(|step| step.action.runs(&job.graph.name))
        });
        if before == (scenario.steps.len(), scenario.jobs.len()) {
            break;
        }
    }
    let jobs = &scenario.jobs;
    let is_read = |name: &str| {
        let mut operators = jobs.iter().flat_map(|job| &job.graph.operators);
        operators.any(|node| node.input() == Some(name))
    };
    scenario.inputs.retain(|input| is_read(&input.name));
    let there = There::of(scenario);
    expected(&mut scenario.expect, &there);
    scenario.expect_in.values_mut().for_each(|expect| expected(expect, &there));
}

/// Nothing is expected of what is gone.
fn expected(expect: &mut Expect, there: &There) {
    let has_job = |job: &String| there.jobs.contains(job);
    let has_operator = |operator: &String| there.operators.contains(operator);
    let has_label = |label: &String| there.has_snapshot(label);
    let has_task = |task: &TaskName| there.has_task(&mut task.clone());
    expect.refused.retain(|job, _| has_job(job));
    expect.fails.retain(|job, _| has_job(job));
    expect.ids.retain(|job, _| has_job(job));
    expect.restored.retain(|job, _| has_job(job));
    expect.empty.retain(|job, _| has_job(job));
    expect.dropped.retain(|job, _| has_job(job));
    expect.jobs.retain(|job, _| has_job(job));
    expect.restored_from.retain(|job, _| has_job(job));
    expect.completed.retain(|job, _| has_job(job));
    expect.retained.retain(|job, _| has_job(job));
    expect.protocol.aborted.retain(|job, _| has_job(job));
    expect.protocol.orphaned.retain(|job, _| has_job(job));
    expect.committed_rows.retain(|sink, _| has_operator(sink));
    expect.committed.retain(|sink, _| has_operator(sink));
    expect.protocol.commits.retain(|sink, _| has_operator(sink));
    expect.files.retain(|label, _| has_label(label));
    expect.protocol.unanswered.retain(has_label);
    expect.lists.retain(|task, _| has_task(task));
    expect.callbacks.retain(|task, _| has_task(task));
    expect.attempts.retain(|task, _| has_task(task));
    expect.protocol.acks.retain(|task, _| has_task(task));
}
